//! Random numbers: PCG XSH-RR 64/32 in 32-bit words, and the distributions drawn from it.
//!
//! The generator is bit-identical to `rand_pcg::Pcg32` (`Lcg64Xsh32`) on its default stream 0xa02bdbf7bb3c0a7.
//! Every function is exact integer arithmetic or exactly rounded, so all back ends agree bitwise, except
//! `rng_between` (one multiply-add that a GPU may fuse) and `rng_normal` (built on math_log, math_sqrt, math_cos).
//! Costs count vector operations; `mulhi` is one call of `math_mul_high`. The streams are pinned by the vectors in
//! `tests/prelude`: changing what a function returns, or how many draws it takes, is a change of every environment.
//!
//! # Source
//! M. O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
//! Generation" (generator); Steele, Lea, Flood 2014 (SplitMix64); D. Lemire 2019, "Fast Random Integer Generation in
//! an Interval" (`rng_range`); Box, Muller 1958 (`rng_normal`); Fisher, Yates 1938 (`rng_shuffle_index`).
import package::shared::math::{MATH_TAU, math_cos, math_log, math_mul_high, math_sqrt};

/// Multiplier of the congruential step, 0x5851f42d4c957f2d.
const RNG_MULTIPLIER_LOW: u32 = 0x4c957f2du;
const RNG_MULTIPLIER_HIGH: u32 = 0x5851f42du;
/// Increment of the default stream, 0xa02bdbf7bb3c0a7 * 2 + 1 = 0x14057b7ef767814f.
const RNG_INCREMENT_LOW: u32 = 0xf767814fu;
const RNG_INCREMENT_HIGH: u32 = 0x14057b7eu;

/// State of one generator.
struct Rng {
    /// 1; low 32 bits of the 64-bit state
    low: u32,
    /// 1; high 32 bits of the 64-bit state
    high: u32,
}

/// Generator for a 64-bit seed: `rng_new` of the first output of SplitMix64 started at the seed, so that
/// neighbouring seeds give unrelated streams. Exact. Only used at start, so not tuned: about 60 operations, 10 mulhi.
fn rng_seed(seed_low: u32, seed_high: u32) -> Rng {
    var z = rng_sum(Rng(seed_low, seed_high), Rng(0x7f4a7c15u, 0x9e3779b9u));
    z = Rng(z.low ^ ((z.low >> 30u) | (z.high << 2u)), z.high ^ (z.high >> 30u));
    z = rng_product(z, Rng(0x1ce4e5b9u, 0xbf58476du));
    z = Rng(z.low ^ ((z.low >> 27u) | (z.high << 5u)), z.high ^ (z.high >> 27u));
    z = rng_product(z, Rng(0x133111ebu, 0x94d049bbu));
    z = Rng(z.low ^ ((z.low >> 31u) | (z.high << 1u)), z.high ^ (z.high >> 31u));
    return rng_new(z.low, z.high);
}

/// Generator equal to `Pcg32::new(high << 32 | low, 0xa02bdbf7bb3c0a7)`. Exact; about 20 operations.
fn rng_new(low: u32, high: u32) -> Rng {
    let increment = Rng(RNG_INCREMENT_LOW, RNG_INCREMENT_HIGH);
    let moved = rng_sum(Rng(low, high), increment);
    return rng_sum(rng_product(moved, Rng(RNG_MULTIPLIER_LOW, RNG_MULTIPLIER_HIGH)), increment);
}

/// a + b modulo 2^64. Exact; 5 operations.
fn rng_sum(a: Rng, b: Rng) -> Rng {
    let low = a.low + b.low;
    return Rng(low, a.high + b.high + select(0u, 1u, low < b.low));
}

/// a * b modulo 2^64. Exact; 5 operations and a mulhi.
fn rng_product(a: Rng, b: Rng) -> Rng {
    return Rng(a.low * b.low, math_mul_high(a.low, b.low) + a.low * b.high + a.high * b.low);
}

/// Next 32 random bits; advances the state. Exact; 20 operations (3 of them multiplications) and a mulhi.
fn rng_next(rng: ptr<function, Rng>) -> u32 {
    let low = (*rng).low;
    let high = (*rng).high;
    // Congruential step, written out instead of rng_product + rng_sum: the carry chooses between two constants.
    let next_low = low * RNG_MULTIPLIER_LOW + RNG_INCREMENT_LOW;
    let increment_high = select(RNG_INCREMENT_HIGH, RNG_INCREMENT_HIGH + 1u, next_low < RNG_INCREMENT_LOW);
    let cross = low * RNG_MULTIPLIER_HIGH + high * RNG_MULTIPLIER_LOW;
    (*rng).high = math_mul_high(low, RNG_MULTIPLIER_LOW) + cross + increment_high;
    (*rng).low = next_low;
    // Output of the old state s: bits 27..58 of s ^ (s >> 18), rotated right by the top five bits.
    let mixed = (high >> 13u) ^ ((high << 5u) | (low >> 27u));
    let turn = high >> 27u;
    return (mixed >> turn) | (mixed << ((32u - turn) & 31u));
}

/// Uniform on [0, 1): multiples of 2^-24, each equally likely. Exact; rng_next and 3 operations.
fn rng_uniform(rng: ptr<function, Rng>) -> f32 {
    // 24 bits fit a signed integer, whose conversion is one instruction on every CPU; the unsigned one is not.
    return f32(i32(rng_next(rng) >> 8u)) * 0x1p-24f;
}

/// Uniform on [low, high]: low + (high - low) * rng_uniform. At most 2 ulp of max(|low|, |high|) from the exact
/// value; `high` itself can only come out by rounding. Needs a finite high - low. rng_uniform and 3 operations
/// (2 where the bounds are constants).
fn rng_between(rng: ptr<function, Rng>, low: f32, high: f32) -> f32 {
    return low + (high - low) * rng_uniform(rng);
}

/// Uniform integer on [0, n), without modulo bias; 0 for n = 0 and n = 1 (one draw is taken all the same).
/// rng_next, 2 operations and a mulhi; with probability below n / 2^32 the exact rejection test is made too.
fn rng_range(rng: ptr<function, Rng>, n: u32) -> u32 {
    var bits = rng_next(rng);
    var low = bits * n;
    if low < n {
        // 2^32 mod n of the 2^32 draws are too many; 0 for powers of two, which therefore never reject.
        let threshold = (0u - n) % n;
        while low < threshold {
            bits = rng_next(rng);
            low = bits * n;
        }
    }
    return math_mul_high(bits, n);
}

/// True with probability p, rounded up to a multiple of 2^-24; never for p <= 0, always for p > 1 - 2^-24.
/// rng_uniform and 1 operation.
fn rng_bernoulli(rng: ptr<function, Rng>, p: f32) -> bool {
    return rng_uniform(rng) < p;
}

/// Standard normal, |value| <= 5.77 (24-bit radius draw: the true tail beyond has probability 8e-9). Box-Muller, the
/// second value is dropped so that the state stays 64 bits. Two draws; at most 2e-6 from the exact transform of the
/// two draws. About 110 operations.
fn rng_normal(rng: ptr<function, Rng>) -> f32 {
    let radius = math_sqrt(-2.0 * math_log(1.0 - rng_uniform(rng)));
    return radius * math_cos(MATH_TAU * (rng_uniform(rng) - 0.5));
}

/// Index of a uniformly chosen set bit of `mask`; 32 for mask = 0. One rng_range of the number of set bits.
/// Exact; rng_range and about 40 operations, whatever the mask: a descent through the tree of bit counts.
fn rng_choice_bit(rng: ptr<function, Rng>, mask: u32) -> u32 {
    let pairs = mask - ((mask >> 1u) & 0x55555555u);
    let fours = (pairs & 0x33333333u) + ((pairs >> 2u) & 0x33333333u);
    let bytes = (fours + (fours >> 4u)) & 0x0f0f0f0fu;
    let halves = bytes + (bytes >> 8u);
    var rank = rng_range(rng, (halves + (halves >> 16u)) & 63u);
    // In each step: are there at most `rank` set bits in the lower half of what is left? Then go to the upper half.
    var below = halves & 31u;
    var index = select(0u, 16u, rank >= below);
    rank -= select(0u, below, rank >= below);
    below = (bytes >> index) & 15u;
    index += select(0u, 8u, rank >= below);
    rank -= select(0u, below, rank >= below);
    below = (fours >> index) & 7u;
    index += select(0u, 4u, rank >= below);
    rank -= select(0u, below, rank >= below);
    below = (pairs >> index) & 3u;
    index += select(0u, 2u, rank >= below);
    rank -= select(0u, below, rank >= below);
    index += select(0u, 1u, rank >= ((mask >> index) & 1u));
    return select(index, 32u, mask == 0u);
}

/// Partner of index i in a Fisher-Yates shuffle, uniform on [0, i]:
/// for i from n - 1 down to 1, swap a[i] with a[rng_shuffle_index(rng, i)]. Exact; the cost of rng_range.
fn rng_shuffle_index(rng: ptr<function, Rng>, i: u32) -> u32 {
    return rng_range(rng, i + 1u);
}
