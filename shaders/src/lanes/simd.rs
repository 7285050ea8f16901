//! The SIMD levels, on `fearless_simd`'s tokens. Every method is inlined into a function that has the target
//! features of its level ([`Lanes::run`]); without that, intrinsics would become calls.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;
use core::num::Wrapping as W;

#[cfg(target_arch = "aarch64")]
pub use fearless_simd::Neon;
#[cfg(target_arch = "x86_64")]
pub use fearless_simd::{Avx2, Avx512, Sse4_2};
use fearless_simd::{
    ExtractToken, Select, SimdBase, SimdCvtFloat, SimdCvtTruncate, SimdFloat, SimdInt, SimdInto, SimdMask,
};

use super::{Float, Int, LARGEST_I32, LARGEST_U32, Lanes, Level, Mask, Signed, Uint, Value};

macro_rules! level {
    ($token:ident, $level:ident, $width:literal, $as:ident, $f:ident, $u:ident, $i:ident, $m:ident) => {
        impl Lanes for $token {
            const WIDTH: usize = $width;
            const LEVEL: Level = Level::$level;
            type F = fearless_simd::$f<$token>;
            type U = fearless_simd::$u<$token>;
            type I = fearless_simd::$i<$token>;
            type M = fearless_simd::$m<$token>;
            fn new() -> Option<Self> {
                fearless_simd::Level::new().$as()
            }
            #[inline(always)]
            fn run<R>(self, f: impl FnOnce() -> R) -> R {
                fearless_simd::Simd::vectorize(self, f)
            }
            #[inline(always)]
            fn load(self, words: &[u32]) -> Self::U {
                Self::U::from_slice(self, words)
            }
            #[inline(always)]
            fn store(self, value: Self::U, words: &mut [u32]) {
                value.store_slice(words)
            }
            #[inline(always)]
            fn mask_from_bits(self, bits: u64) -> Self::M {
                Self::M::from_bitmask(self, bits)
            }
            level!(@gather $level);
        }

        level!(@value $token, $f, f32, |v: f32| v);
        level!(@value $token, $u, W<u32>, |v: W<u32>| v.0);
        level!(@value $token, $i, W<i32>, |v: W<i32>| v.0);
        impl Value<$token> for fearless_simd::$m<$token> {
            type Uniform = bool;
            #[inline(always)]
            fn blend(_: $token, mask: Self, on: Self, off: Self) -> Self {
                (mask & on) | (!mask & off)
            }
            #[inline(always)]
            fn spread(s: $token, value: bool) -> Self {
                SimdMask::splat(s, value)
            }
        }

        impl Float for fearless_simd::$f<$token> {
            type M = fearless_simd::$m<$token>;
            type U = fearless_simd::$u<$token>;
            type I = fearless_simd::$i<$token>;
            #[inline(always)]
            fn less(self, other: Self) -> Self::M {
                self.simd_lt(other)
            }
            #[inline(always)]
            fn less_equal(self, other: Self) -> Self::M {
                self.simd_le(other)
            }
            #[inline(always)]
            fn same(self, other: Self) -> Self::M {
                self.simd_eq(other)
            }
            #[inline(always)]
            fn differs(self, other: Self) -> Self::M {
                !self.simd_eq(other)
            }
            #[inline(always)]
            fn lower_of(self, other: Self) -> Self {
                other.simd_lt(self).select(other, self)
            }
            #[inline(always)]
            fn higher_of(self, other: Self) -> Self {
                self.simd_lt(other).select(other, self)
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                SimdBase::abs(self)
            }
            #[inline(always)]
            fn round_down(self) -> Self {
                SimdFloat::floor(self)
            }
            #[inline(always)]
            fn round_up(self) -> Self {
                SimdFloat::ceil(self)
            }
            #[inline(always)]
            fn round_to_zero(self) -> Self {
                SimdFloat::trunc(self)
            }
            #[inline(always)]
            fn round_nearest(self) -> Self {
                SimdFloat::round_ties_even(self)
            }
            #[inline(always)]
            fn root(self) -> Self {
                SimdFloat::sqrt(self)
            }
            #[inline(always)]
            fn sign_of(self) -> Self {
                let (zero, one) = (Self::splat(self.simd, 0.0), Self::splat(self.simd, 1.0));
                zero.simd_lt(self).select(one, self.simd_lt(zero).select(-one, zero))
            }
            #[inline(always)]
            fn to_u(self) -> Self::U {
                Self::U::truncate_from_precise(self.lower_of(Self::splat(self.simd, LARGEST_U32)))
            }
            #[inline(always)]
            fn to_i(self) -> Self::I {
                Self::I::truncate_from_precise(self.lower_of(Self::splat(self.simd, LARGEST_I32)))
            }
            #[inline(always)]
            fn bits_u(self) -> Self::U {
                fearless_simd::Bytes::bitcast(self)
            }
            #[inline(always)]
            fn bits_i(self) -> Self::I {
                fearless_simd::Bytes::bitcast(self)
            }
        }

        level!(@int $token, $u, $m, $u, u32);
        level!(@int $token, $i, $m, $u, i32);

        impl Uint for fearless_simd::$u<$token> {
            type F = fearless_simd::$f<$token>;
            type I = fearless_simd::$i<$token>;
            #[inline(always)]
            fn to_f(self) -> Self::F {
                Self::F::float_from(self)
            }
            #[inline(always)]
            fn to_i(self) -> Self::I {
                fearless_simd::Bytes::bitcast(self)
            }
            #[inline(always)]
            fn bits_f(self) -> Self::F {
                fearless_simd::Bytes::bitcast(self)
            }
            #[inline(always)]
            fn mul_high(self, other: Self) -> Self {
                // LLVM turns this loop into widening multiplies of the even and odd lanes.
                let (a, b) = (*self, *other);
                Self::from_fn(self.simd, #[inline(always)] |i| ((u64::from(a[i]) * u64::from(b[i])) >> 32) as u32)
            }
            #[inline(always)]
            fn zip(self, other: Self) -> (Self, Self) {
                self.interleave(other)
            }
        }

        impl Signed for fearless_simd::$i<$token> {
            type F = fearless_simd::$f<$token>;
            #[inline(always)]
            fn to_f(self) -> Self::F {
                Self::F::float_from(self)
            }
            #[inline(always)]
            fn to_u(self) -> Self::U {
                fearless_simd::Bytes::bitcast(self)
            }
            #[inline(always)]
            fn bits_f(self) -> Self::F {
                fearless_simd::Bytes::bitcast(self)
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                let zero = Self::splat(self.simd, 0);
                self.simd_lt(zero).select(zero - self, self)
            }
            #[inline(always)]
            fn sign_of(self) -> Self {
                let (zero, one) = (Self::splat(self.simd, 0), Self::splat(self.simd, 1));
                zero.simd_lt(self).select(one, self.simd_lt(zero).select(zero - one, zero))
            }
            #[inline(always)]
            fn negated(self) -> Self {
                Self::splat(self.simd, 0) - self
            }
        }

        impl Mask for fearless_simd::$m<$token> {
            type F = fearless_simd::$f<$token>;
            type U = fearless_simd::$u<$token>;
            type I = fearless_simd::$i<$token>;
            #[inline(always)]
            fn any(self) -> bool {
                self.any_true()
            }
            #[inline(always)]
            fn to_f(self) -> Self::F {
                self.select(Self::F::splat(self.token(), 1.0), Self::F::splat(self.token(), 0.0))
            }
            #[inline(always)]
            fn to_u(self) -> Self::U {
                self.select(Self::U::splat(self.token(), 1), Self::U::splat(self.token(), 0))
            }
            #[inline(always)]
            fn to_i(self) -> Self::I {
                self.select(Self::I::splat(self.token(), 1), Self::I::splat(self.token(), 0))
            }
            #[inline(always)]
            fn to_bits(self) -> u64 {
                self.to_bitmask()
            }
        }
    };
    // Levels with instructions for memory at an index per lane: faster than lane by lane, where a vector that was stored word
    // by word is loaded, which waits for all of the stores.
    (@gather Avx2) => {
        #[inline(always)]
        unsafe fn gather_words(self, from: *const u32, at: Self::U) -> Self::U {
            fearless_simd::kernel!(
                #[inline(always)]
                fn gather(s: Avx2, from: *const u32, at: fearless_simd::u32x8<Avx2>) -> fearless_simd::u32x8<Avx2> {
                    // SAFETY: the promise of the caller of `gather_words`.
                    unsafe { arch::_mm256_i32gather_epi32::<4>(from.cast(), at.into()) }.simd_into(s)
                }
            );
            gather(self, from, at)
        }
    };
    (@gather Avx512) => {
        #[inline(always)]
        unsafe fn gather_words(self, from: *const u32, at: Self::U) -> Self::U {
            fearless_simd::kernel!(
                #[inline(always)]
                fn gather(s: Avx512, from: *const u32, at: fearless_simd::u32x16<Avx512>) -> fearless_simd::u32x16<Avx512> {
                    // SAFETY: the promise of the caller of `gather_words`.
                    unsafe { arch::_mm512_i32gather_epi32::<4>(at.into(), from.cast()) }.simd_into(s)
                }
            );
            gather(self, from, at)
        }
        #[inline(always)]
        unsafe fn scatter_words(self, mask: Self::M, to: *mut u32, at: Self::U, value: Self::U) {
            fearless_simd::kernel!(
                #[inline(always)]
                fn scatter(
                    s: Avx512,
                    mask: u16,
                    to: *mut u32,
                    at: fearless_simd::u32x16<Avx512>,
                    value: fearless_simd::u32x16<Avx512>,
                ) {
                    let _ = s;
                    // SAFETY: the promise of the caller of `scatter_words`.
                    unsafe { arch::_mm512_mask_i32scatter_epi32::<4>(to.cast(), mask, at.into(), value.into()) }
                }
            );
            scatter(self, mask.to_bitmask() as u16, to, at, value)
        }
    };
    (@gather $level:ident) => {};
    (@value $token:ident, $vector:ident, $scalar:ty, $unwrap:expr) => {
        impl Value<$token> for fearless_simd::$vector<$token> {
            type Uniform = $scalar;
            #[inline(always)]
            fn blend(_: $token, mask: <$token as Lanes>::M, on: Self, off: Self) -> Self {
                mask.select(on, off)
            }
            #[inline(always)]
            fn spread(s: $token, value: $scalar) -> Self {
                SimdBase::splat(s, ($unwrap)(value))
            }
        }
    };
    (@int $token:ident, $vector:ident, $m:ident, $u:ident, $scalar:ty) => {
        impl Int for fearless_simd::$vector<$token> {
            type M = fearless_simd::$m<$token>;
            type U = fearless_simd::$u<$token>;
            #[inline(always)]
            fn less(self, other: Self) -> Self::M {
                self.simd_lt(other)
            }
            #[inline(always)]
            fn less_equal(self, other: Self) -> Self::M {
                self.simd_le(other)
            }
            #[inline(always)]
            fn same(self, other: Self) -> Self::M {
                self.simd_eq(other)
            }
            #[inline(always)]
            fn differs(self, other: Self) -> Self::M {
                !self.simd_eq(other)
            }
            #[inline(always)]
            fn lower_of(self, other: Self) -> Self {
                SimdBase::min(self, other)
            }
            #[inline(always)]
            fn higher_of(self, other: Self) -> Self {
                SimdBase::max(self, other)
            }
            #[inline(always)]
            fn quotient(self, other: Self) -> Self {
                // No vector instruction divides integers; with a constant divisor LLVM vectorises the loop.
                let (a, b) = (*self, *other);
                Self::from_fn(self.simd, #[inline(always)] |i| W(a[i]).quotient(W(b[i])).0)
            }
            #[inline(always)]
            fn remainder(self, other: Self) -> Self {
                let (a, b) = (*self, *other);
                Self::from_fn(self.simd, #[inline(always)] |i| W(a[i]).remainder(W(b[i])).0)
            }
            #[inline(always)]
            fn shift_left(self, amount: Self::U) -> Self {
                self << fearless_simd::Bytes::bitcast::<Self>(amount & 31)
            }
            #[inline(always)]
            fn shift_right(self, amount: Self::U) -> Self {
                self >> fearless_simd::Bytes::bitcast::<Self>(amount & 31)
            }
            #[inline(always)]
            fn shift_left_by(self, amount: W<u32>) -> Self {
                self << (amount.0 & 31)
            }
            #[inline(always)]
            fn shift_right_by(self, amount: W<u32>) -> Self {
                self >> (amount.0 & 31)
            }
            #[inline(always)]
            fn bit_count(self) -> Self {
                SimdInt::count_ones(self)
            }
            #[inline(always)]
            fn zeros_above(self) -> Self {
                let a = *self;
                Self::from_fn(self.simd, #[inline(always)] |i| a[i].leading_zeros() as $scalar)
            }
            #[inline(always)]
            fn zeros_below(self) -> Self {
                let a = *self;
                Self::from_fn(self.simd, #[inline(always)] |i| a[i].trailing_zeros() as $scalar)
            }
            #[inline(always)]
            fn bits_reversed(self) -> Self {
                let a = *self;
                Self::from_fn(self.simd, #[inline(always)] |i| a[i].reverse_bits())
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
level!(Sse4_2, Sse42, 4, as_sse4_2, f32x4, u32x4, i32x4, mask32x4);
#[cfg(target_arch = "x86_64")]
level!(Avx2, Avx2, 8, as_avx2, f32x8, u32x8, i32x8, mask32x8);
#[cfg(target_arch = "x86_64")]
level!(Avx512, Avx512, 16, as_avx512, f32x16, u32x16, i32x16, mask32x16);
#[cfg(target_arch = "aarch64")]
level!(Neon, Neon, 4, as_neon, f32x4, u32x4, i32x4, mask32x4);
