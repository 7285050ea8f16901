//! CPU back end: SIMD lanes.
