//! Elementary functions as polynomials, so that they are as exact on every back end as the bounds below, and become
//! vector code on the CPU without a vector math library. Branch-free.
//!
//! Bounds are largest errors against f64 for finite arguments inside the stated range; they hold for unfused
//! arithmetic, for multiply-adds fused at will, and for divisions of 2.5 ulp and square roots of 4.5 ulp, as WGSL allows.
//! `ulp` is the spacing of f32 at the exact result. NaN and infinite arguments give unspecified values. Costs count
//! vector operations. No accuracy hangs on `(x + c1) + c2` staying unjoined: GPU compilers do join such constants.
//! `tests/prelude/math_bounds.json` holds the same bounds for the tests.
//!
//! # Source
//! Method: Cody and Waite 1980 (reduction by constants split in two parts). Every polynomial is a minimax fit made
//! for this file (Lawson iteration in f64, coefficients rounded one by one with the rest fitted again); the fit's own
//! error stands beside it. No function uses tables.

const MATH_PI: f32 = 3.14159265f;
const MATH_TAU: f32 = 6.28318531f;
const MATH_HALF_PI: f32 = 1.57079633f;
/// Largest finite f32; stands for infinity, which WGSL cannot write.
const MATH_LARGEST: f32 = 3.4028234e38f;
/// Smallest normal f32, 2^-126. Back ends may flush smaller values to zero.
const MATH_SMALLEST: f32 = 0x1p-126f;
/// 1.5 * 2^23: the low bits of k + MATH_SHIFTER are the integer k, for |k| <= 2^22. Cheaper than a saturating cast.
const MATH_SHIFTER: f32 = 12582912.0f;

/// High 32 bits of the 64-bit product. Exact. 16 operations; CPU back ends put one widening multiplication here.
fn math_mul_high(a: u32, b: u32) -> u32 {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let middle = a_high * b_low + ((a_low * b_low) >> 16u);
    return a_high * b_high + (middle >> 16u) + ((a_low * b_high + (middle & 0xffffu)) >> 16u);
}

/// Square root; 0 for x <= 0. Range [2^-126, largest]; 5 ulp (0.5 on the CPU). 2 operations.
fn math_sqrt(x: f32) -> f32 {
    return sqrt(max(x, 0.0));
}

/// Length of a vector. Range: 1e-18 <= length <= 1e19, or 0; 6 ulp (1.5 on the CPU). 5 operations.
fn math_length(v: vec2<f32>) -> f32 {
    return math_sqrt(v.x * v.x + v.y * v.y);
}

/// Nearest integer to x / pi, as a float. 2 operations.
fn math_half_turns(x: f32) -> f32 {
    return round(x * 0.318309886f);
}

/// x - k pi for k = math_half_turns(x). pi is 3217/1024, whose multiples are exact up to |k| = 4096, plus a rest.
/// In that range the clamp never acts; it keeps the results of larger arguments bounded. 6 operations.
fn math_reduced(x: f32, k: f32) -> f32 {
    return clamp((x - k * 3.1416015625f) - k * -8.9089102e-6f, -1.5725f, 1.5725f);
}

/// `value` with its sign changed for odd k. 3 operations.
fn math_alternate(value: f32, k: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(value) ^ (bitcast<u32>(k + MATH_SHIFTER) << 31u));
}

/// Sine on [-1.5725, 1.5725]; fit 7e-9. 10 operations.
fn math_sin_core(r: f32) -> f32 {
    let z = r * r;
    return r + r * (z * (((2.6060468e-6f * z - 1.9809767e-4f) * z + 8.333069e-3f) * z - 0.1666666f));
}

/// Cosine on [-1.5725, 1.5725]; fit 5e-10. 11 operations.
fn math_cos_core(r: f32) -> f32 {
    let z = r * r;
    return ((((-2.620893e-7f * z + 2.4770177e-5f) * z - 1.3888585e-3f) * z + 4.1666657e-2f) * z - 0.5) * z + 1.0;
}

/// Sine. Range |x| <= 12800: 2e-7; 2.5 ulp for |x| <= 1.57. Beyond, the error grows to that of rounding x, and above 1e5
/// the value is arbitrary but bounded: |sine| <= 1 + 2^-23 for every finite x. 21 operations.
fn math_sin(x: f32) -> f32 {
    let k = math_half_turns(x);
    return math_alternate(math_sin_core(math_reduced(x, k)), k);
}

/// Cosine. Range |x| <= 12800: 2.5e-7; beyond, as math_sin. 22 operations.
fn math_cos(x: f32) -> f32 {
    let k = math_half_turns(x);
    return math_alternate(math_cos_core(math_reduced(x, k)), k);
}

/// (sine, cosine), bitwise those of math_sin and math_cos. 32 operations.
fn math_sincos(x: f32) -> vec2<f32> {
    let k = math_half_turns(x);
    let r = math_reduced(x, k);
    return vec2<f32>(math_alternate(math_sin_core(r), k), math_alternate(math_cos_core(r), k));
}

/// Tangent. Range |x| <= 6400, |tan x| <= 100: 8e-7 * max(1, |tan x|); 6 ulp for |x| <= 1.5. Beyond, arbitrary but finite.
/// 37 operations and a division.
fn math_tan(x: f32) -> f32 {
    // Reduced by pi/2 = 3217/2048 + rest, so that both the zeros and the poles lie at r = 0.
    let k = round(x * 0.636619772f);
    let r = clamp((x - k * 1.57080078125f) - k * -4.4544551e-6f, -0.8f, 0.8f);
    let odd = (bitcast<u32>(k + MATH_SHIFTER) & 1u) == 1u;
    let s = math_sin_core(r);
    let c = math_cos_core(r);
    let under = select(c, -s, odd);
    return select(s, c, odd) / select(under, MATH_SMALLEST, under == 0.0);
}

/// The angle in [-MATH_PI, MATH_PI) that differs from x by whole turns; x itself, unrounded, where it already lies there.
/// Range |x| <= 12800: 4e-7; beyond, arbitrary but inside the interval. 14 operations.
fn math_wrap_angle(x: f32) -> f32 {
    let k = round(x * 0.159154943f);
    var r = (x - k * 6.283203125f) - k * -1.781782e-5f;
    r = select(r, r - MATH_TAU, r >= MATH_PI);
    r = select(r, r + MATH_TAU, r < -MATH_PI);
    return clamp(r, -MATH_PI, 3.1415925f);
}

/// e^x. Range [-87.33, 88.7228]: 2 ulp. Below: 0; above: MATH_LARGEST. 25 operations; fit 4e-9.
fn math_exp(x: f32) -> f32 {
    let k = round(x * 1.44269504f);
    let r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
    let q = (((1.3821055e-3f * r + 8.368675e-3f) * r + 4.1668262e-2f) * r + 0.16666521f) * r + 0.49999994f;
    let p = q * (r * r) + r + 1.0;
    // 2^k: added to the exponent's bits. p < 1 where k = 128, so the sum stays finite.
    let scaled = bitcast<f32>(bitcast<u32>(p) + (bitcast<u32>(k + MATH_SHIFTER) << 23u));
    return select(select(scaled, MATH_LARGEST, x > 88.72283f), 0.0, x < -87.33f);
}

/// Natural logarithm. Range [2^-126, largest]: 1.5 ulp, relative exactness kept next to 1.
/// -MATH_LARGEST for anything smaller: zero, negative and subnormal numbers. 30 operations; fit 4e-8.
fn math_log(x: f32) -> f32 {
    // x = 2^e * (1 + f), 1 + f between sqrt(1/2) and sqrt(2).
    let e_bits = (bitcast<i32>(x) - 0x3f3504f3i) >> 23u;
    let f = bitcast<f32>(bitcast<i32>(x) - (e_bits << 23u)) - 1.0;
    let e = f32(e_bits);
    let q = ((8.6998925e-2f * f - 0.14268629f) * f + 0.14915486f) * f - 0.16577493f;
    let p = ((q * f + 0.1996299f) * f - 0.25001338f) * f + 0.33333912f;
    let z = f * f;
    let y = (f * z * p + e * -2.12194440e-4f) - 0.5 * z + f + e * 0.693359375f;
    return select(y, -MATH_LARGEST, x < MATH_SMALLEST);
}

/// log(1 + e^x), the smooth max(x, 0), without overflow. Range x >= -87.3: 3.5 ulp, 5e-7 for x <= 16. 0 below the range.
/// Softened contact force at penetration depth -z: log(1 + e^-z) = math_log1p_exp(-z). 44 operations; fit 4e-8.
fn math_log1p_exp(x: f32) -> f32 {
    let t = math_exp(-abs(x));
    let q = ((5.3654225e-3f * t - 3.00683e-2f) * t + 7.920883e-2f) * t - 0.13754188f;
    let p = (((q * t + 0.19153848f) * t - 0.24857217f) * t + 0.3332133f) * t - 0.49999648f;
    return max(x, 0.0) + (t + t * t * p);
}

/// base^exponent for base > 0, as e^(exponent * log(base)). Relative error 2.5e-7 * (1 + |exponent * log(base)|) where
/// the result is normal; saturates like math_exp. A base <= 0 counts as 0. 56 operations.
fn math_pow(base: f32, exponent: f32) -> f32 {
    return math_exp(exponent * math_log(base));
}

/// Hyperbolic tangent. Every finite x: 6e-7, 8 ulp; within [-1, 1], and 1 or -1 from |x| = 9.1 on up to 1 ulp.
/// Rational fit 6e-8. 23 operations, one of them a division.
fn math_tanh(x: f32) -> f32 {
    let y = clamp(x, -9.1f, 9.1f);
    let z = y * y;
    let p = (((1.3177421e-8f * z + 2.048111e-5f) * z + 3.4878063e-3f) * z + 0.13374472f) * z + 1.0;
    let q = (((7.7040033e-7f * z + 3.2729126e-4f) * z + 2.584737e-2f) * z + 0.46707785f) * z + 1.0;
    return clamp(y * p / q, -1.0, 1.0);
}

/// Angle of the point (x, y) in [-pi, pi]; 0 for (0, 0), pi for y = 0 > x whatever the sign of that zero.
/// Range: the larger of |x|, |y| in [2^-100, 2^125]; 5e-7, 5 ulp. 37 operations, one of them a division; fit 2e-8.
fn math_atan2(y: f32, x: f32) -> f32 {
    let a = min(abs(x), abs(y)) / max(max(abs(x), abs(y)), MATH_SMALLEST);
    let z = a * a;
    let q = ((2.9197563e-3f * z - 1.6364237e-2f) * z + 4.3205973e-2f) * z - 7.551729e-2f;
    let p = (((q * z + 0.10665786f) * z - 0.14211003f) * z + 0.19993767f) * z - 0.33333153f;
    var r = a + a * (z * p);
    r = select(r, MATH_HALF_PI - r, abs(y) > abs(x));
    r = select(r, MATH_PI - r, x < 0.0);
    return select(r, -r, y < 0.0);
}

/// Arc sine; arguments outside [-1, 1] count as -1 or 1. 6e-7, 8 ulp. 42 operations.
fn math_asin(x: f32) -> f32 {
    return math_atan2(x, math_sqrt((1.0 - x) * (1.0 + x)));
}

/// Arc cosine; arguments outside [-1, 1] count as -1 or 1. 7e-7. 42 operations.
fn math_acos(x: f32) -> f32 {
    return math_atan2(math_sqrt((1.0 - x) * (1.0 + x)), x);
}
