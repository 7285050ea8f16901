//! Width 1: the plain reference, and the types of values that are equal in all lanes.

use core::num::Wrapping as W;

use super::{Float, Int, LARGEST_I32, LARGEST_U32, Lanes, Level, Mask, Signed, Uint, Value};

/// One instance at a time, with the target's baseline instructions.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Lanes for Plain {
    const WIDTH: usize = 1;
    const LEVEL: Level = Level::Scalar;
    type F = f32;
    type U = W<u32>;
    type I = W<i32>;
    type M = bool;
    fn new() -> Option<Self> {
        Some(Self)
    }
    #[inline(always)]
    fn run<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }
    #[inline(always)]
    fn load(self, words: &[u32]) -> W<u32> {
        W(words[0])
    }
    #[inline(always)]
    fn store(self, value: W<u32>, words: &mut [u32]) {
        words[0] = value.0;
    }
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> bool {
        bits & 1 != 0
    }
}

macro_rules! plain_value {
    ($($t:ty),*) => {$(
        impl Value<Plain> for $t {
            type Uniform = Self;
            #[inline(always)]
            fn blend(_: Plain, mask: bool, on: Self, off: Self) -> Self {
                if mask { on } else { off }
            }
            #[inline(always)]
            fn spread(_: Plain, value: Self) -> Self {
                value
            }
        }
    )*};
}
plain_value!(f32, W<u32>, W<i32>, bool);

impl Float for f32 {
    type M = bool;
    type U = W<u32>;
    type I = W<i32>;
    #[inline(always)]
    fn less(self, other: Self) -> bool {
        self < other
    }
    #[inline(always)]
    fn less_equal(self, other: Self) -> bool {
        self <= other
    }
    #[inline(always)]
    fn same(self, other: Self) -> bool {
        self == other
    }
    #[inline(always)]
    fn differs(self, other: Self) -> bool {
        self != other
    }
    #[inline(always)]
    fn lower_of(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
    #[inline(always)]
    fn higher_of(self, other: Self) -> Self {
        if self < other { other } else { self }
    }
    #[inline(always)]
    fn magnitude(self) -> Self {
        self.abs()
    }
    #[inline(always)]
    fn round_down(self) -> Self {
        self.floor()
    }
    #[inline(always)]
    fn round_up(self) -> Self {
        self.ceil()
    }
    #[inline(always)]
    fn round_to_zero(self) -> Self {
        self.trunc()
    }
    #[inline(always)]
    fn round_nearest(self) -> Self {
        self.round_ties_even()
    }
    #[inline(always)]
    fn root(self) -> Self {
        self.sqrt()
    }
    #[inline(always)]
    fn sign_of(self) -> Self {
        if 0.0 < self {
            1.0
        } else if self < 0.0 {
            -1.0
        } else {
            0.0
        }
    }
    #[inline(always)]
    fn to_u(self) -> W<u32> {
        W(self.lower_of(LARGEST_U32) as u32)
    }
    #[inline(always)]
    fn to_i(self) -> W<i32> {
        W(self.lower_of(LARGEST_I32) as i32)
    }
    #[inline(always)]
    fn bits_u(self) -> W<u32> {
        W(self.to_bits())
    }
    #[inline(always)]
    fn bits_i(self) -> W<i32> {
        W(self.to_bits() as i32)
    }
}

macro_rules! plain_int {
    ($t:ty) => {
        impl Int for W<$t> {
            type M = bool;
            type U = W<u32>;
            #[inline(always)]
            fn less(self, other: Self) -> bool {
                self.0 < other.0
            }
            #[inline(always)]
            fn less_equal(self, other: Self) -> bool {
                self.0 <= other.0
            }
            #[inline(always)]
            fn same(self, other: Self) -> bool {
                self.0 == other.0
            }
            #[inline(always)]
            fn differs(self, other: Self) -> bool {
                self.0 != other.0
            }
            #[inline(always)]
            fn lower_of(self, other: Self) -> Self {
                if other.0 < self.0 { other } else { self }
            }
            #[inline(always)]
            fn higher_of(self, other: Self) -> Self {
                if self.0 < other.0 { other } else { self }
            }
            #[inline(always)]
            fn quotient(self, other: Self) -> Self {
                if other.0 == 0 { self } else { W(self.0.wrapping_div(other.0)) }
            }
            #[inline(always)]
            fn remainder(self, other: Self) -> Self {
                if other.0 == 0 { W(0) } else { W(self.0.wrapping_rem(other.0)) }
            }
            #[inline(always)]
            fn shift_left(self, amount: W<u32>) -> Self {
                W(self.0.wrapping_shl(amount.0))
            }
            #[inline(always)]
            fn shift_right(self, amount: W<u32>) -> Self {
                W(self.0.wrapping_shr(amount.0))
            }
            #[inline(always)]
            fn shift_left_by(self, amount: W<u32>) -> Self {
                self.shift_left(amount)
            }
            #[inline(always)]
            fn shift_right_by(self, amount: W<u32>) -> Self {
                self.shift_right(amount)
            }
            #[inline(always)]
            fn bit_count(self) -> Self {
                W(self.0.count_ones() as $t)
            }
            #[inline(always)]
            fn zeros_above(self) -> Self {
                W(self.0.leading_zeros() as $t)
            }
            #[inline(always)]
            fn zeros_below(self) -> Self {
                W(self.0.trailing_zeros() as $t)
            }
            #[inline(always)]
            fn bits_reversed(self) -> Self {
                W(self.0.reverse_bits())
            }
        }
    };
}
plain_int!(u32);
plain_int!(i32);

impl Uint for W<u32> {
    type F = f32;
    type I = W<i32>;
    #[inline(always)]
    fn to_f(self) -> f32 {
        self.0 as f32
    }
    #[inline(always)]
    fn to_i(self) -> W<i32> {
        W(self.0 as i32)
    }
    #[inline(always)]
    fn bits_f(self) -> f32 {
        f32::from_bits(self.0)
    }
    #[inline(always)]
    fn mul_high(self, other: Self) -> Self {
        W(((u64::from(self.0) * u64::from(other.0)) >> 32) as u32)
    }
    #[inline(always)]
    fn zip(self, other: Self) -> (Self, Self) {
        (self, other)
    }
}

impl Signed for W<i32> {
    type F = f32;
    #[inline(always)]
    fn to_f(self) -> f32 {
        self.0 as f32
    }
    #[inline(always)]
    fn to_u(self) -> W<u32> {
        W(self.0 as u32)
    }
    #[inline(always)]
    fn bits_f(self) -> f32 {
        f32::from_bits(self.0 as u32)
    }
    #[inline(always)]
    fn magnitude(self) -> Self {
        W(self.0.wrapping_abs())
    }
    #[inline(always)]
    fn sign_of(self) -> Self {
        W(self.0.signum())
    }
    #[inline(always)]
    fn negated(self) -> Self {
        W(self.0.wrapping_neg())
    }
}

impl Mask for bool {
    type F = f32;
    type U = W<u32>;
    type I = W<i32>;
    #[inline(always)]
    fn any(self) -> bool {
        self
    }
    #[inline(always)]
    fn to_f(self) -> f32 {
        f32::from(u8::from(self))
    }
    #[inline(always)]
    fn to_u(self) -> W<u32> {
        W(u32::from(self))
    }
    #[inline(always)]
    fn to_i(self) -> W<i32> {
        W(i32::from(self))
    }
    #[inline(always)]
    fn to_bits(self) -> u64 {
        u64::from(self)
    }
}
