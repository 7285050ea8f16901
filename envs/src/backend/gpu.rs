//! GPU back end: wgpu.
