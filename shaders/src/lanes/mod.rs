//! SIMD runtime of the CPU kernels.

/// One CPU kernel.
#[derive(Debug)]
pub struct Kernel {
    /// Instances per SIMD vector.
    pub width: usize,
}
