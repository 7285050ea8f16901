//! TestEdges-v0: what the lanes define and GPUs leave open: NaN, infinity, overflow, signed zeros, roundings, long shifts.
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
    words: array<u32, 7>,
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
    for (var i = 0u; i < 7u; i++) {
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
    (*state).words[0] = mix((*state).words[0], probe_conversions(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_comparisons(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_minimum(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_rounding(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_arithmetic(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_shifts(r * 13u + 5u));
    (*state).words[6] = mix((*state).words[6], probe_fields(r * 15u + 6u));
}

/// Any float, NaN and infinity included.
fn any_float(r: u32) -> f32 {
    let zero = f32(r & 0u);
    switch ((r >> 8u) & 15u) {
        case 0u: { return zero; }
        case 1u: { return -zero; }
        case 2u: { return 1.0 / zero; }
        case 3u: { return -1.0 / zero; }
        case 4u, 5u: { return zero / zero; }
        case 6u: { return f32(r) * 3.0; }
        case 7u: { return f32(i32(r)) * 1.5; }
        case 8u: { return bitcast<f32>(r & 0x807fffffu); }
        case 9u, 10u: { return f32(i32(r & 255u) - 128) * 0.5; }
        case 11u: { return 2147483520.0 + f32(r & 1u) * 128.0; }
        case 12u: { return -2147483648.0 - f32(r & 1u) * 256.0; }
        case 13u: { return 4294967040.0 + f32(r & 1u) * 256.0; }
        default: { return bitcast<f32>(r) * 1.0; }
    }
}

/// The bits; all NaNs count as one.
fn word(x: f32) -> u32 {
    return select(bitcast<u32>(x), 0x7fc00000u, x != x);
}

fn bits(a: bool, b: bool, c: bool, d: bool) -> u32 {
    return select(0u, 1u, a) + select(0u, 2u, b) + select(0u, 4u, c) + select(0u, 8u, d);
}

fn probe_conversions(r: u32) -> u32 {
    let a = any_float(r);
    let h = mix(mix(u32(a), bitcast<u32>(i32(a))), select(0u, 1u, bool(a)));
    return mix(h, bitcast<u32>(f32(r)) + 3u * bitcast<u32>(f32(i32(r))));
}

fn probe_comparisons(r: u32) -> u32 {
    let a = any_float(r);
    let b = select(any_float(r >> 11u), a, (r & 0x40000000u) != 0u);
    return bits((a < b), a <= b, (a > b), a >= b) + 16u * bits(a == b, a != b, !(a < b), !(a >= b));
}

fn probe_minimum(r: u32) -> u32 {
    let a = any_float(r);
    let b = any_float(r * 0x9e3779b1u);
    var h = mix(word(min(a, b)), word(max(a, b)));
    h = mix(h, word(clamp(a, -1.0, 1.0)) + word(clamp(1.5, a, b)));
    return mix(h, word(abs(a)) + word(sign(a)) + word(saturate(b)) + word(-a));
}

fn probe_rounding(r: u32) -> u32 {
    let a = any_float(r);
    var h = mix(word(floor(a)), word(ceil(a)));
    h = mix(h, word(trunc(a)));
    return mix(mix(h, word(round(a))), word(fract(a)));
}

fn probe_arithmetic(r: u32) -> u32 {
    let a = any_float(r);
    let b = any_float(r * 0x85ebca6bu);
    var h = mix(word(a + b), word(a - b));
    h = mix(h, word(a * b));
    h = mix(h, word(a / b));
    h = mix(h, word(a * b + a));
    return mix(h, word(a % 3.5) + word(a % b));
}

fn probe_shifts(r: u32) -> u32 {
    let a = r * 0xc2b2ae35u;
    let s = (r >> 3u) & 127u;
    let x = bitcast<i32>(a);
    var h = mix(a << s, a >> s);
    h = mix(h, bitcast<u32>(x << s));
    h = mix(h, bitcast<u32>(x >> s));
    for (var i = 24u; i < 80u; i += 11u) { h = mix(h, (a << i) + (a >> i) + bitcast<u32>(x >> i) + (5u << s)); }
    return h;
}

fn probe_fields(r: u32) -> u32 {
    let a = r * 0xc2b2ae35u;
    let x = bitcast<i32>(a);
    let offset = select(r & 63u, a, (r & 0x10000000u) != 0u);
    let count = select((r >> 6u) & 63u, ~a, (r & 0x20000000u) != 0u);
    var h = mix(extractBits(a, offset, count), insertBits(a, r, offset, count));
    h = mix(h, bitcast<u32>(extractBits(x, offset, count)));
    h = mix(h, bitcast<u32>(insertBits(x, i32(r), offset, count)));
    for (var i = 0u; i < 70u; i += 23u) {
        h = mix(h, extractBits(a, i, 40u) + insertBits(a, 7u, 3u, i) + bitcast<u32>(extractBits(-i32(i), i, count)));
    }
    return h;
}
