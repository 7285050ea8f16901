//! Sample-v0: a point on a line.
//!
//! # Source
//! Own.
//! # Reward
//! 1.
//! # Start
//! At 0.
//! # End
//! Never.
//! # Version
//! v0.
//! # Variants
//! - Long-v0 MAX_EPISODE_STEPS = 20u
//! - Good-v0: MAX_EPISODE_STEPS = 20u; fine,
//!   over two lines
//! - Good-v0: MAX_EPISODE_STEPS = 30u
// code: variant
// expect: line 14
// expect: line 17
// says: not a variant
// says: the variant Good-v0 is listed twice
