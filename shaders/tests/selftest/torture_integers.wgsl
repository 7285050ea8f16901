//! TestIntegers-v0: every operator and built-in on u32 and i32, with the awkward operands.
//!
//! # Source
//! Own test program: every word of the state collects the hashed results of one function below.
//! # Reward
//! The lowest bit of the first word.
//! # Start
//! Random words.
//! # End
//! Terminated with probability 1/64 in every step.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 100u;

struct Params {
    /// 1; added to every input
    salt: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1000000u);

struct State {
    /// 1; hashed results, one word per function
    words: array<u32, 8>,
}

alias Action = u32;
/// added to the inputs
const ACTION_COUNT: u32 = 4u;

struct Observation {
    /// 1; low bits of the first word
    low: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 65535.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    for (var i = 0u; i < 8u; i++) {
        state.words[i] = rng_next(rng) + params.salt;
    }
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let r = rng_next(rng) + params.salt + action;
    probe_all(state, r);
    // Once more under a mask.
    if ((r & 256u) != 0u) {
        probe_all(state, r * 0x2545f491u);
    }
    return Outcome(f32((*state).words[0] & 1u), (rng_next(rng) & 63u) == 0u);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.words[0] & 0xffffu));
}

fn mix(h: u32, v: u32) -> u32 {
    let x = (h ^ v) * 0x9e3779b1u;
    return x ^ (x >> 15u);
}

fn probe_all(state: ptr<function, State>, r: u32) {
    (*state).words[0] = mix((*state).words[0], probe_arithmetic(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_signed(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_shifts(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_comparisons(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_counts(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_fields(r * 13u + 5u));
    (*state).words[6] = mix((*state).words[6], probe_conversions(r * 15u + 6u));
    (*state).words[7] = mix((*state).words[7], probe_compound(r * 17u + 7u));
}

/// Operands at the edges, or random. No switch: SwiftShader compiles path by path.
fn edge(r: u32) -> u32 {
    let kind = r & 15u;
    var x = select(r * 0x85ebca6bu, r >> 24u, (kind == 7u) | (kind == 8u));
    x = select(x, kind, kind < 2u);
    x = select(x, 0xffffffffu, kind == 2u);
    x = select(x, 0x80000000u, kind == 3u);
    x = select(x, 0x7fffffffu, kind == 4u);
    return select(x, kind + 26u, (kind == 5u) | (kind == 6u));
}

fn word(x: i32) -> u32 {
    return bitcast<u32>(x);
}

fn bits(a: bool, b: bool, c: bool, d: bool) -> u32 {
    return select(0u, 1u, a) + select(0u, 2u, b) + select(0u, 4u, c) + select(0u, 8u, d);
}

fn probe_arithmetic(r: u32) -> u32 {
    let a = edge(r);
    let b = edge(r >> 4u);
    var h = mix(a + b, a - b);
    h = mix(h, a * b);
    h = mix(h, a / b);
    h = mix(h, a % b);
    h = mix(h, a / 7u + a % 10u + b / 0x80000001u);
    return mix(mix(h, (a & b) + 3u * (a | b)), (a ^ b) + ~a);
}

fn probe_signed(r: u32) -> u32 {
    let a = bitcast<i32>(edge(r));
    let b = bitcast<i32>(edge(r >> 4u));
    var h = mix(word(a + b), word(a - b));
    h = mix(h, word(a * b));
    h = mix(h, word(a / b));
    h = mix(h, word(a % b));
    h = mix(h, word(a / -7 + a % 10 - b % -16));
    h = mix(h, word((a & b) + 3 * (a | b)));
    return mix(mix(h, word((a ^ b) + ~a)), word(-a - abs(b) + sign(a)));
}

fn probe_shifts(r: u32) -> u32 {
    let a = edge(r);
    let s = (r >> 4u) & 31u;
    let x = bitcast<i32>(a);
    var h = mix(a << s, a >> s);
    h = mix(h, word(x << s));
    h = mix(h, word(x >> s));
    h = mix(h, (a << 5u) + (a >> 31u) + word(x >> 7u) + word(x << 31u));
    for (var i = 0u; i < 32u; i += 5u) { h = mix(h, (a << i) + (1u << s) + word(-5 >> i) + word(x >> i)); }
    return h;
}

fn probe_comparisons(r: u32) -> u32 {
    let a = edge(r);
    let b = select(edge(r >> 4u), a, (r & 256u) != 0u);
    let x = bitcast<i32>(a);
    let y = bitcast<i32>(b);
    var h = bits((a < b), a <= b, (a > b), a >= b) + 16u * bits((x < y), x <= y, (x > y), x >= y);
    h = mix(h, bits(a == b, x != y, (a < 5u), x >= -1));
    h = mix(h, min(a, b) ^ (max(a, 77u) + clamp(a, 5u, 1000u) + clamp(b, min(a, 9u), 9u)));
    return mix(h, word(min(x, y) ^ (max(x, -5) + clamp(x, -9, 1000))));
}

fn probe_counts(r: u32) -> u32 {
    let a = edge(r);
    let x = bitcast<i32>(a);
    var h = countOneBits(a) + 64u * countLeadingZeros(a) + 4096u * countTrailingZeros(a);
    h = mix(h, firstLeadingBit(a) ^ (firstTrailingBit(a) << 8u));
    h = mix(h, reverseBits(a));
    h = mix(h, word(countOneBits(x) + 64 * countLeadingZeros(x) + 4096 * countTrailingZeros(x)));
    h = mix(h, word(firstLeadingBit(x) ^ (firstTrailingBit(x) << 8u)));
    return mix(h, word(reverseBits(x)));
}

/// Offsets and counts up to and past the width.
fn probe_fields(r: u32) -> u32 {
    let a = edge(r);
    let b = r * 0xc2b2ae35u;
    let x = bitcast<i32>(a);
    let offset = (r >> 4u) % 33u;
    let count = (r >> 10u) % (33u - offset);
    var h = mix(extractBits(a, offset, count), insertBits(a, b, offset, count));
    h = mix(h, word(extractBits(x, offset, count)));
    h = mix(h, word(insertBits(x, bitcast<i32>(b), offset, count)));
    h = mix(h, extractBits(a, 3u, 7u) + insertBits(a, b, 30u, 2u) + word(extractBits(x, 31u, 1u)));
    for (var i = 0u; i <= 32u; i += 8u) {
        h = mix(h, extractBits(a, i, 32u - i) + word(extractBits(x, 0u, i)) + insertBits(5u, a, 0u, i));
        h = mix(h, word(insertBits(-6, x, i, 32u - i)) + insertBits(a, i, i, 0u) + word(extractBits(-100 - i32(i), 2u, 5u)));
    }
    return h;
}

/// Of whole numbers to floats where a float equals them: WGSL leaves open how others are rounded (TestEdges).
fn probe_conversions(r: u32) -> u32 {
    let a = edge(r);
    let x = i32(a);
    var h = mix(u32(x), u32(-x));
    h = mix(h, bitcast<u32>(f32(a & 0xffffff00u)) ^ (bitcast<u32>(f32(x & -256)) >> 1u));
    h = mix(h, u32(bool(a)) + i32ToWord(i32(bool(x))) + bitcast<u32>(f32(a > 9u)));
    return mix(h, bits(bool(a), !bool(x), bool(r & 1u), bool(f32(x))));
}

fn i32ToWord(x: i32) -> u32 {
    return u32(x);
}

/// Large constants, compound assignment, increments, operators in one expression.
fn probe_compound(r: u32) -> u32 {
    var a = r;
    a += 4294967295u; a -= 0x80000000u; a *= 3266489917u; a ^= 0xdeadbeefu; a |= 1u; a &= 0xfffffff7u;
    a <<= 3u; a >>= 1u; a /= 3u; a %= 1000003u;
    var x = i32(r);
    x -= -2147483647; x *= -3; x /= 5; x %= 70001; x <<= 2u; x >>= 1u; x++; x--; a++;
    const K = 40 + 2;
    const U: u32 = K * 3u;
    return a + U * word(x) - (r & 3u) * 5u % 7u + (r >> 3u) / 9u * 2u;
}
