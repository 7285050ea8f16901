//! Elementary functions over slices, a vector at a time: libm's take 15 to 20 ns a value, these below one.
//!
//! Each is a polynomial or a ratio of two after the usual range reduction, accurate to a few units in the last place
//! (the tests state the bounds). A NaN stays one.

use fearless_simd::{Bytes, Level, Select, Simd, SimdBase, SimdFloat, SimdInt, dispatch};

/// Replaces every value by its hyperbolic tangent; absolute error at most 4e-7.
pub fn tanh(values: &mut [f32]) {
    dispatch!(Level::new(), simd => map::<_, Tanh>(simd, values));
}

/// Replaces every value by its exponential; relative error at most 2e-7. Below -87.3 the result is about 1e-38 and
/// never 0, above 88.3 it is about 2e38 and never infinite: a ratio of probabilities stays a number.
pub fn exp(values: &mut [f32]) {
    dispatch!(Level::new(), simd => map::<_, Exp>(simd, values));
}

/// Replaces every value by its natural logarithm; error at most 2e-7 of the larger of the result and 1. Values below
/// the smallest normal number (1.2e-38), zero and negative ones among them, count as that number.
pub fn ln(values: &mut [f32]) {
    dispatch!(Level::new(), simd => map::<_, Ln>(simd, values));
}

/// A function of one vector.
pub(crate) trait Function {
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s;
}

/// The function over whole vectors, then over the rest filled up with ones.
#[inline(always)]
pub(crate) fn apply<S: Simd, F: Function>(simd: S, values: &mut [f32]) {
    let mut chunks = values.chunks_exact_mut(S::f32s::LEN);
    for chunk in &mut chunks {
        F::of(simd, S::f32s::from_slice(simd, chunk)).store_slice(chunk);
    }
    let rest = chunks.into_remainder();
    if !rest.is_empty() {
        let mut vector = S::f32s::splat(simd, 1.0);
        vector.as_mut_slice()[..rest.len()].copy_from_slice(rest);
        rest.copy_from_slice(&F::of(simd, vector).as_slice()[..rest.len()]);
    }
}

fn map<S: Simd, F: Function>(simd: S, values: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || apply::<S, F>(simd, values),
    );
}

/// `c[0] + x (c[1] + x (...))`.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: S::f32s, c: [f32; N]) -> S::f32s {
    let mut sum = S::f32s::splat(simd, c[N - 1]);
    for i in (0..N - 1).rev() {
        sum = sum.mul_add(x, S::f32s::splat(simd, c[i]));
    }
    sum
}

/// `x` between two numbers. The constant stands first: the minimum and maximum of x86 are the second operand if one of
/// them is NaN, and those of ARM and WebAssembly are NaN.
#[inline(always)]
fn within<S: Simd>(simd: S, x: S::f32s, low: f32, high: f32) -> S::f32s {
    S::f32s::splat(simd, low).max(S::f32s::splat(simd, high).min(x))
}

/// Hyperbolic tangent.
pub(crate) struct Tanh;

impl Function for Tanh {
    /// A ratio of odd and even polynomial in the clamped argument, where the tangent is 1 to the last bit.
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        const ODD: [f32; 7] = [
            4.893_524_6e-3,
            6.372_619e-4,
            1.485_722_4e-5,
            5.122_297e-8,
            -8.604_672e-11,
            2.000_187_9e-13,
            -2.760_768_4e-16,
        ];
        const EVEN: [f32; 4] = [4.893_525e-3, 2.268_434_6e-3, 1.185_347_1e-4, 1.198_258_4e-6];
        let x = within(simd, x, -7.905_311, 7.905_311);
        let square = x * x;
        x * polynomial(simd, square, ODD) / polynomial(simd, square, EVEN)
    }
}

/// Exponential.
pub(crate) struct Exp;

impl Function for Exp {
    /// `2^n e^r` with `|r| <= ln 2 / 2`; `n ln 2` is subtracted in two parts so that `r` keeps its bits.
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        const HIGH: f32 = 0.693_359_4;
        const LOW: f32 = -2.121_944_4e-4;
        const C: [f32; 6] = [0.5, 0.166_666_65, 4.166_579_6e-2, 8.333_452e-3, 1.398_2e-3, 1.987_569_2e-4];
        let x = within(simd, x, -87.3, 88.3);
        let n = (x * S::f32s::splat(simd, std::f32::consts::LOG2_E)).round_ties_even();
        let r = n.mul_add(S::f32s::splat(simd, -LOW), n.mul_add(S::f32s::splat(simd, -HIGH), x));
        let series = polynomial(simd, r, C).mul_add(r * r, r) + S::f32s::splat(simd, 1.0);
        let exponent: S::i32s = n.to_int();
        let power: S::f32s = ((exponent + S::i32s::splat(simd, 127)) << 23).bitcast();
        series * power
    }
}

/// Natural logarithm.
pub(crate) struct Ln;

impl Function for Ln {
    /// `e ln 2 + ln m` with `m` in `[sqrt(1/2), sqrt(2))`.
    #[inline(always)]
    fn of<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
        const HIGH: f32 = 0.693_359_4;
        const LOW: f32 = -2.121_944_4e-4;
        const C: [f32; 9] = [
            0.333_333_3,
            -0.249_999_94,
            0.200_007_14,
            -0.166_680_58,
            0.142_493_23,
            -0.124_201_41,
            0.116_769_98,
            -0.115_146_1,
            7.037_683_6e-2,
        ];
        let one = S::f32s::splat(simd, 1.0);
        let nan = !x.simd_eq(x);
        let positive = S::f32s::splat(simd, f32::MIN_POSITIVE).max(x);
        // Bits of sqrt(1/2): the difference's exponent is that of the number with the mantissa in the range above.
        let half = S::i32s::splat(simd, 0x3f35_04f3);
        let bits: S::i32s = positive.bitcast();
        let exponent = (bits - half) >> 23;
        let mantissa: S::f32s = (bits - (exponent << 23)).bitcast();
        let e: S::f32s = exponent.to_float();
        let m = mantissa - one;
        let square = m * m;
        let tail = polynomial(simd, m, C) * m * square;
        let tail = e.mul_add(S::f32s::splat(simd, LOW), tail);
        let tail = square.mul_add(S::f32s::splat(simd, -0.5), tail);
        nan.select(x, e.mul_add(S::f32s::splat(simd, HIGH), m + tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TANH_ERROR: f64 = 4e-7;
    const EXP_ERROR: f64 = 2e-7;
    const LN_ERROR: f64 = 2e-7;

    /// Evenly spaced arguments, an odd number of them so that the rest of the last vector is used.
    fn between(low: f64, high: f64) -> Vec<f32> {
        (0..200_003).map(|i| (low + (high - low) * f64::from(i) / 200_002.0) as f32).collect()
    }

    fn worst(x: &[f32], of: fn(&mut [f32]), exact: fn(f64) -> f64, scale: fn(f64) -> f64) -> f64 {
        let mut y = x.to_vec();
        of(&mut y);
        let error = |(x, y): (&f32, &f32)| {
            let exact = exact(f64::from(*x));
            (f64::from(*y) - exact).abs() / scale(exact)
        };
        x.iter().zip(&y).map(error).fold(0.0, f64::max)
    }

    #[test]
    fn errors_stay_within_their_bounds() {
        for (low, high) in [(-20.0, 20.0), (-1.0, 1.0), (-1e-3, 1e-3)] {
            let error = worst(&between(low, high), tanh, f64::tanh, |_| 1.0);
            assert!(error <= TANH_ERROR, "tanh in {low}..{high}: {error:e}");
        }
        for (low, high) in [(-87.0, 88.0), (-1.0, 1.0)] {
            let error = worst(&between(low, high), exp, f64::exp, |y| y);
            assert!(error <= EXP_ERROR, "exp in {low}..{high}: {error:e}");
        }
        for (low, high) in [(1e-30, 1e-20), (1e-6, 4.0), (0.9, 1.1), (1.0, 1e30)] {
            let error = worst(&between(low, high), ln, f64::ln, |y| y.abs().max(1.0));
            assert!(error <= LN_ERROR, "ln in {low}..{high}: {error:e}");
        }
    }

    #[test]
    fn ends_and_nan() {
        let mut x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        tanh(&mut x);
        assert!(x[0].is_nan() && (x[1] - 1.0).abs() < 1e-6 && (x[2] + 1.0).abs() < 1e-6, "{x:?}");
        let mut x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        exp(&mut x);
        assert!(x[0].is_nan() && x[1].is_finite() && x[1] > 1e38 && x[2] > 0.0 && x[2] < 1e-37, "{x:?}");
        let mut x = [f32::NAN, 0.0, -1.0, 1.0];
        ln(&mut x);
        assert!(x[0].is_nan() && (x[1] + 87.336_54).abs() < 1e-4 && x[1] == x[2] && x[3] == 0.0, "{x:?}");
    }
}
