//! Which kernels take tens of seconds for each pipeline on a software GPU, so that less is asked of them there.

#![allow(dead_code, reason = "each test that shares this file asks for a part of it")]

use shadergym_shaders::Environment;

/// Characters of a kernel from which on it is large: those of games have at most 80,000, those with rigid bodies 180,000 and
/// more, and llvmpipe takes 10 to 45 s for a pipeline of these.
const LARGE_KERNEL: usize = 120_000;

/// Characters from which on they take minutes: LunarLander's has 184,000, walkers' 215,000 and more, and two to three minutes.
const HUGE_KERNEL: usize = 200_000;

pub fn is_large(environment: &Environment) -> bool {
    environment.compiled().kernel_source.len() > LARGE_KERNEL
}

/// Whether it is left to those who ask for it, with `cargo test -- --include-ignored`, on a software GPU.
pub fn is_huge(environment: &Environment) -> bool {
    environment.compiled().kernel_source.len() > HUGE_KERNEL
}

/// Whether the GPU that tests run on is a program.
#[cfg(feature = "gpu")]
pub fn gpu_is_software() -> bool {
    shadergym_envs::gpu::select_adapter(None).is_ok_and(|adapter| adapter.is_software())
}

#[cfg(not(feature = "gpu"))]
pub fn gpu_is_software() -> bool {
    false
}
