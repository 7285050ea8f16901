//! The loops around a generated program: blocks of instances, transitions, outputs.
//!
//! They decide nothing: the kernel says which instances make a transition, start or have ended.

mod advance;
mod block;
mod call;
mod outputs;
mod picture;
mod reset;
mod tile;

use core::ops::Range;

use super::job::Render;
use super::{Job, Kernel, Lanes, Program};
pub use advance::advance;
pub use picture::render;
pub use reset::reset;

/// The kernels of a program, one per SIMD level of this build, the plain reference first.
///
/// A macro, because what it declares must not be generic: rustc puts instances of generic functions into the codegen
/// unit of the module that defines them, here this one, and LLVM would compile all environments on one thread. So each
/// environment's machine code is in the unit of its own module.
#[macro_export]
macro_rules! kernels {
    ($program:ty) => {
        pub(crate) static KERNELS: &[$crate::lanes::Kernel] = &[
            {
                use $crate::lanes::{Job, Plain, driver};
                unsafe fn reset(job: &Job, blocks: ::core::ops::Range<usize>) {
                    // SAFETY: the caller's promise.
                    unsafe { driver::reset::<Plain, $program>(Plain, job, blocks) }
                }
                unsafe fn advance(job: &Job, blocks: ::core::ops::Range<usize>) {
                    // SAFETY: the caller's promise.
                    unsafe { driver::advance::<Plain, $program>(Plain, job, blocks) }
                }
                driver::kernel::<Plain, $program>(reset, advance, render)
            },
            #[cfg(all(target_arch = "x86_64", feature = "sse4_2"))]
    $crate::kernels!(@level $program, Sse4_2),
            #[cfg(target_arch = "x86_64")]
    $crate::kernels!(@level $program, Avx2),
            #[cfg(target_arch = "x86_64")]
    $crate::kernels!(@level $program, Avx512),
            #[cfg(target_arch = "aarch64")]
    $crate::kernels!(@level $program, Neon),
        ];

        /// Pictures are drawn for one instance at a time: one version serves all levels.
        fn render(
            control: &$crate::lanes::Control,
            params: &[u32],
            state: &[u32],
            elapsed: u32,
            width: usize,
            height: usize,
            rgb: &mut [u8],
        ) {
            $crate::lanes::driver::render::<$program>(control, params, state, elapsed, width, height, rgb)
        }
    };
    (@level $program:ty, $token:ident) => {{
        use $crate::lanes::{Job, Lanes as _, driver, fearless_simd};
        // Functions with the level's target features that are not generic either.
        fearless_simd::kernel!(
            #[inline(always)]
            fn reset_all(s: $token, job: &Job, blocks: ::core::ops::Range<usize>) {
                // SAFETY: the promise of the caller of `reset`.
                unsafe { driver::reset::<fearless_simd::$token, $program>(s, job, blocks) }
            }
        );
        fearless_simd::kernel!(
            #[inline(always)]
            fn advance_all(s: $token, job: &Job, blocks: ::core::ops::Range<usize>) {
                // SAFETY: the promise of the caller of `advance`.
                unsafe { driver::advance::<fearless_simd::$token, $program>(s, job, blocks) }
            }
        );
        unsafe fn reset(job: &Job, blocks: ::core::ops::Range<usize>) {
            reset_all(fearless_simd::$token::new().expect(driver::NO_LEVEL), job, blocks)
        }
        unsafe fn advance(job: &Job, blocks: ::core::ops::Range<usize>) {
            advance_all(fearless_simd::$token::new().expect(driver::NO_LEVEL), job, blocks)
        }
        driver::kernel::<fearless_simd::$token, $program>(reset, advance, render)
    }};
}

/// A kernel of program `P` at level `S` with these functions.
pub const fn kernel<S: Lanes, P: Program>(
    reset: unsafe fn(&Job, Range<usize>),
    advance: unsafe fn(&Job, Range<usize>),
    render: Render,
) -> Kernel {
    let vector = size_of::<S::U>();
    Kernel {
        level: S::LEVEL,
        width: S::WIDTH,
        words: [
            size_of::<P::Episode<S>>() / vector,
            size_of::<P::State<S>>() / vector,
            size_of::<P::Params<S>>() / vector,
        ],
        reset,
        advance,
        render,
    }
}

/// A broken promise of the caller of a kernel.
pub const NO_LEVEL: &str = "the caller checked that the machine has this level";
