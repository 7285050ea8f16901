//! TestFloats-v0: float operators and built-ins where IEEE arithmetic leaves no choice.
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
    words: array<u32, 6>,
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
    for (var i = 0u; i < 6u; i++) {
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
    (*state).words[1] = mix((*state).words[1], probe_comparisons(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_rounding(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_conversions(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_bits(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_sum(r * 13u + 5u));
}

/// Small multiples of a quarter, and now and then something large. No switch: SwiftShader compiles path by path.
fn number(r: u32) -> f32 {
    let kind = (r >> 8u) & 15u;
    let x = f32(i32(r & 255u) - 128) * 0.25;
    var y = select(x, 0.0, kind == 0u);
    y = select(y, x * 67108864.0, kind == 1u);
    y = select(y, x * 1073741824.0, kind == 2u);
    y = select(y, x * 0.0009765625, kind == 3u);
    // 24 bits: WGSL leaves open how others are rounded.
    return select(y, f32((r | 256u) & 0xffffff00u), kind == 4u);
}

/// The bits, without the sign of zero.
fn word(x: f32) -> u32 {
    return bitcast<u32>(select(x, 0.0, x == 0.0));
}

fn bits(a: bool, b: bool, c: bool, d: bool) -> u32 {
    return select(0u, 1u, a) + select(0u, 2u, b) + select(0u, 4u, c) + select(0u, 8u, d);
}

fn probe_arithmetic(r: u32) -> u32 {
    let a = f32(i32(r & 1023u) - 512);
    let b = f32(i32((r >> 10u) & 1023u) - 512) * 0.5;
    var h = mix(word(a + b), word(a - b));
    h = mix(h, word(a * b));
    h = mix(h, word(a * b + a - 3.0 * b));
    h = mix(h, word(-a) + word(a * 0.25) + word(1024.0 - a * 2.0));
    return h;
}

fn probe_comparisons(r: u32) -> u32 {
    let a = number(r);
    let b = select(number(r >> 12u), a, (r & 0x80000000u) != 0u);
    var h = bits((a < b), a <= b, (a > b), a >= b) + 16u * bits(a == b, a != b, (a < 0.5), (-3.0 >= b));
    h = mix(h, word(min(a, b)) ^ word(max(a, b) + 0.0));
    h = mix(h, word(clamp(a, -4.5, 7.25)) + word(clamp(b, min(a, 0.0), max(a, 0.0))) + word(saturate(a)));
    return mix(h, word(abs(a)) + word(sign(b)) + word(select(a, b, a < -b)));
}

fn probe_rounding(r: u32) -> u32 {
    let a = number(r);
    var h = mix(word(floor(a)), word(ceil(a)));
    h = mix(h, word(trunc(a)));
    h = mix(h, word(round(a)));
    h = mix(h, word(round(f32(i32(r & 63u) - 32) * 0.5)));
    let small = f32(i32(r & 255u) - 128) * 0.125;
    return mix(h, word(fract(small)) + word(fract(7.75)));
}

/// Conversions inside and outside the range of the integers; those of constants are made by the compiler's front end and
/// must give what the machine gives. NaN is left to TestEdges.
fn probe_conversions(r: u32) -> u32 {
    let a = number(r);
    let b = number(r >> 8u) * 65536.0;
    var h = mix(u32(a), bitcast<u32>(i32(a)));
    h = mix(h, u32(b) + 3u * bitcast<u32>(i32(b)));
    let far = vec2<f32>(b * 1e30f, a * a * 1e20f);
    let reals = vec2<i32>(far);
    let naturals = vec2<u32>(far);
    h = mix(h, bitcast<u32>(reals.x + 5 * reals.y) + naturals.x + 7u * naturals.y);
    let big = f32(r & 0u) + 3.0e9f;
    h = mix(h, bitcast<u32>(i32(big) - i32(3.0e9f)) + bitcast<u32>(i32(-big) - i32(-3.0e9f)));
    h = mix(h, (u32(big + 2.0e9f) - u32(5.0e9f)) + (u32(-big) - u32(-3.0e9f)) + u32(5.0e9f));
    h = mix(h, u32(abs(a * 0.001)) ^ bitcast<u32>(i32(a * 0.015625)));
    h = mix(h, bitcast<u32>(i32(-7.75)) + u32(3.99) + u32(bool(a)));
    return mix(h, bits(bool(b), !bool(a), bool(f32(r & 1u)), a > 0.0));
}

fn probe_bits(r: u32) -> u32 {
    let x = bitcast<f32>((r & 0x807fffffu) | (((r >> 23u) % 100u + 80u) << 23u));
    let y = bitcast<f32>(bitcast<i32>(x) + 12345);
    return mix(bitcast<u32>(x), bitcast<u32>(y) + bitcast<u32>(x * 2.0)) + bits((x < y), x == y, (y > 1.0), (x < 0.0));
}

/// A sum in a loop that lanes leave at their own time.
fn probe_sum(r: u32) -> u32 {
    var total = 0.0;
    var step = 1.0;
    for (var i = 0u; i < 12u; i++) {
        total += step;
        if (total > f32(r & 63u)) { break; }
        step = select(step + 1.0, step * 2.0, ((r >> i) & 1u) != 0u);
        if (step > 9.0) { step = 1.5; continue; }
        total -= 0.5;
    }
    return mix(word(total), word(step));
}
