//! SIMD runtime of the CPU kernels: what generated code is written against, and the loops that drive it.
//!
//! Generated code is generic over [`Lanes`]: one lane per environment instance. A value that is the same in all
//! lanes is of the types of [`Plain`] (width 1), so uniform and varying code use the same operators and methods.

#[doc(hidden)]
pub mod driver;
mod job;
mod level;
mod memory;
mod plain;
mod program;
mod rows;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod simd;

use core::mem::MaybeUninit;
use core::num::Wrapping as W;
use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

#[doc(hidden)]
pub use fearless_simd;
pub use job::{Job, Kernel, Seen};
pub use level::Level;
pub use memory::{clear, gather, gather_chain, gather_uniform, gather_uniform_chain, scatter, scatter_chain};
pub use plain::Plain;
pub use program::{Control, Program, TotalsAt};
pub use shadergym_compiler::{LARGEST_I32, LARGEST_U32};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub use simd::*;

/// What generated modules import.
pub mod prelude {
    pub use super::{
        Control, Float, Int, Lanes, Mask, Plain, Program, Signed, TotalsAt, Uint, Value, apart, blend, clear, gather,
        gather_chain, gather_uniform, gather_uniform_chain, scatter, scatter_chain, splat,
    };
    pub use core::num::Wrapping as W;
}

/// A SIMD level: its vector types, all of [`Lanes::WIDTH`] 32-bit lanes.
pub trait Lanes: Copy + Send + Sync + 'static {
    /// Instances per vector.
    const WIDTH: usize;
    /// The level that this is.
    const LEVEL: Level;
    /// Floats.
    type F: Value<Self, Uniform = f32> + Float<M = Self::M, U = Self::U, I = Self::I>;
    /// Unsigned integers; arithmetic wraps.
    type U: Value<Self, Uniform = W<u32>> + Int<M = Self::M, U = Self::U> + Uint<F = Self::F, I = Self::I>;
    /// Signed integers; arithmetic wraps.
    type I: Value<Self, Uniform = W<i32>> + Int<M = Self::M, U = Self::U> + Signed<F = Self::F, U = Self::U>;
    /// Booleans.
    type M: Value<Self, Uniform = bool> + Mask<F = Self::F, U = Self::U, I = Self::I>;
    /// The token of this level, if this machine has it.
    fn new() -> Option<Self>;
    /// Runs `f` with the level's target features; everything inlined into it uses them.
    fn run<R>(self, f: impl FnOnce() -> R) -> R;
    /// A vector of one word per lane.
    fn load(self, words: &[u32]) -> Self::U;
    /// Writes one word per lane.
    fn store(self, value: Self::U, words: &mut [u32]);
    /// A mask from its low bits, lane 0 first.
    fn mask_from_bits(self, bits: u64) -> Self::M;

    /// Per lane the word `from[at]`.
    ///
    /// # Safety
    /// `from` must be valid for these words, each below 2^31.
    #[inline(always)]
    unsafe fn gather_words(self, from: *const u32, at: Self::U) -> Self::U {
        let mut words = [0; memory::MAX_WIDTH];
        self.store(at, &mut words[..Self::WIDTH]);
        for word in &mut words[..Self::WIDTH] {
            // SAFETY: the caller's promise.
            *word = unsafe { *from.add(*word as usize) };
        }
        self.load(&words[..Self::WIDTH])
    }

    /// Per lane of the mask `to[at] = value`; no two of them name the same word.
    ///
    /// # Safety
    /// As for `gather_words`, for the lanes of the mask.
    #[inline(always)]
    unsafe fn scatter_words(self, mask: Self::M, to: *mut u32, at: Self::U, value: Self::U) {
        let (mut words, mut values) = ([0; memory::MAX_WIDTH], [0; memory::MAX_WIDTH]);
        self.store(at, &mut words[..Self::WIDTH]);
        self.store(value, &mut values[..Self::WIDTH]);
        let mut lanes = Mask::to_bits(mask);
        while lanes != 0 {
            let lane = lanes.trailing_zeros() as usize;
            lanes &= lanes - 1;
            // SAFETY: the caller's promise.
            unsafe { *to.add(words[lane] as usize) = values[lane] };
        }
    }
}

/// A type with one value per lane that can be blended and splatted.
pub trait Value<S: Lanes>: Copy {
    /// The same type for a value equal in all lanes.
    type Uniform: Copy;
    /// Per lane `on` where the mask is set, else `off`.
    fn blend(s: S, mask: S::M, on: Self, off: Self) -> Self;
    /// The same value in all lanes.
    fn spread(s: S, value: Self::Uniform) -> Self;
}

/// Per lane `on` where the mask is set, else `off`.
#[inline(always)]
pub fn blend<S: Lanes, T: Value<S>>(s: S, mask: S::M, on: T, off: T) -> T {
    T::blend(s, mask, on, off)
}

/// Calls `f`, which is to be marked `#[inline(always)]`, as a function of its own that has the level's target features: for
/// large functions with several callers, which would each contain it otherwise.
#[inline(never)]
pub fn apart<S: Lanes, R>(s: S, f: impl FnOnce() -> R) -> R {
    s.run(f)
}

/// The same value in all lanes.
#[inline(always)]
pub fn splat<S: Lanes, T: Value<S>>(s: S, value: T::Uniform) -> T {
    T::spread(s, value)
}

impl<S: Lanes, T: Value<S>, const N: usize> Value<S> for [T; N] {
    type Uniform = [T::Uniform; N];
    #[inline(always)]
    fn blend(s: S, mask: S::M, on: Self, off: Self) -> Self {
        let mut out = off;
        for i in 0..N {
            out[i] = T::blend(s, mask, on[i], off[i]);
        }
        out
    }
    #[inline(always)]
    fn spread(s: S, value: Self::Uniform) -> Self {
        // Not `map`: in some binaries it is not inlined, and then neither are the instructions of the level in it.
        let mut out = [const { MaybeUninit::uninit() }; N];
        for i in 0..N {
            out[i] = MaybeUninit::new(T::spread(s, value[i]));
        }
        // SAFETY: all elements were written, and the two types have one layout.
        unsafe { out.as_ptr().cast::<Self>().read() }
    }
}

/// Floats, in lanes or plain. Names differ from `f32`'s own methods where the meaning does.
pub trait Float:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// Mask of comparisons.
    type M;
    /// Unsigned integers of the same width.
    type U;
    /// Signed integers of the same width.
    type I;
    /// `<`
    fn less(self, other: Self) -> Self::M;
    /// `<=`
    fn less_equal(self, other: Self) -> Self::M;
    /// `==`
    fn same(self, other: Self) -> Self::M;
    /// `!=`
    fn differs(self, other: Self) -> Self::M;
    /// WGSL min: `other` where `other < self`, else `self`.
    fn lower_of(self, other: Self) -> Self;
    /// WGSL max: `other` where `self < other`, else `self`.
    fn higher_of(self, other: Self) -> Self;
    /// Absolute value.
    fn magnitude(self) -> Self;
    /// Largest integer not above.
    fn round_down(self) -> Self;
    /// Smallest integer not below.
    fn round_up(self) -> Self;
    /// Integer part.
    fn round_to_zero(self) -> Self;
    /// Nearest integer, ties to even.
    fn round_nearest(self) -> Self;
    /// IEEE square root.
    fn root(self) -> Self;
    /// -1, 0 or 1.
    fn sign_of(self) -> Self;
    /// Integer part, 0 to [`LARGEST_U32`]; NaN gives 0.
    fn to_u(self) -> Self::U;
    /// Integer part, -2^31 to [`LARGEST_I32`]; NaN gives 0.
    fn to_i(self) -> Self::I;
    /// The bits.
    fn bits_u(self) -> Self::U;
    /// The bits.
    fn bits_i(self) -> Self::I;
}

/// Integers, in lanes or plain; arithmetic wraps.
pub trait Int:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
{
    /// Mask of comparisons.
    type M;
    /// Unsigned integers of the same width.
    type U;
    /// `<`
    fn less(self, other: Self) -> Self::M;
    /// `<=`
    fn less_equal(self, other: Self) -> Self::M;
    /// `==`
    fn same(self, other: Self) -> Self::M;
    /// `!=`
    fn differs(self, other: Self) -> Self::M;
    /// The smaller one.
    fn lower_of(self, other: Self) -> Self;
    /// The larger one.
    fn higher_of(self, other: Self) -> Self;
    /// Quotient rounded to zero; x / 0 = x.
    fn quotient(self, other: Self) -> Self;
    /// Remainder with the sign of `self`; x % 0 = 0.
    fn remainder(self, other: Self) -> Self;
    /// `<<`, amount modulo 32.
    fn shift_left(self, amount: Self::U) -> Self;
    /// `>>` (arithmetic for signed), amount modulo 32.
    fn shift_right(self, amount: Self::U) -> Self;
    /// `<<` by one amount for all lanes, modulo 32.
    fn shift_left_by(self, amount: W<u32>) -> Self;
    /// `>>` by one amount for all lanes, modulo 32.
    fn shift_right_by(self, amount: W<u32>) -> Self;
    /// Set bits.
    fn bit_count(self) -> Self;
    /// Zeros above the highest set bit, 32 for 0.
    fn zeros_above(self) -> Self;
    /// Zeros below the lowest set bit, 32 for 0.
    fn zeros_below(self) -> Self;
    /// Bits in the opposite order.
    fn bits_reversed(self) -> Self;
}

/// Unsigned integers.
pub trait Uint: Int {
    /// Floats of the same width.
    type F;
    /// Signed integers of the same width.
    type I;
    /// Nearest float.
    fn to_f(self) -> Self::F;
    /// The same bits.
    fn to_i(self) -> Self::I;
    /// The same bits.
    fn bits_f(self) -> Self::F;
    /// The high word of the 64-bit product.
    fn mul_high(self, other: Self) -> Self;
    /// The lanes of both in turn: those of the lower halves, those of the upper halves.
    fn zip(self, other: Self) -> (Self, Self);
}

/// Signed integers.
pub trait Signed: Int {
    /// Floats of the same width.
    type F;
    /// Nearest float.
    fn to_f(self) -> Self::F;
    /// The same bits.
    fn to_u(self) -> Self::U;
    /// The same bits.
    fn bits_f(self) -> Self::F;
    /// Absolute value, wrapping.
    fn magnitude(self) -> Self;
    /// -1, 0 or 1.
    fn sign_of(self) -> Self;
    /// Two's complement.
    fn negated(self) -> Self;
}

/// Booleans, in lanes or plain.
pub trait Mask:
    Copy + BitAnd<Output = Self> + BitOr<Output = Self> + BitXor<Output = Self> + Not<Output = Self>
{
    /// Floats of the same width.
    type F;
    /// Unsigned integers of the same width.
    type U;
    /// Signed integers of the same width.
    type I;
    /// True if any lane is set.
    fn any(self) -> bool;
    /// 1.0 or 0.0.
    fn to_f(self) -> Self::F;
    /// 1 or 0.
    fn to_u(self) -> Self::U;
    /// 1 or 0.
    fn to_i(self) -> Self::I;
    /// One bit per lane, lane 0 lowest.
    fn to_bits(self) -> u64;
}
