//! TestNames-v0: names that the generated code uses too.
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
    words: array<u32, 3>,
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
    for (var i = 0u; i < 3u; i++) {
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
    (*state).words[0] = mix((*state).words[0], probe_variants(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_constants(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_arguments(r * 7u + 2u));
}

const e1: u32 = 3u;
const m0: u32 = 5u;
const s: u32 = 7u;
const l: u32 = 11u;
const done: u32 = 13u;
const result: u32 = 17u;
const a0_r: u32 = 19u;
const live1: u32 = 23u;
const part: u32 = 29u;

struct W {
    x: u32,
    match_: u32,
}

struct Simd {
    w: W,
    self_: u32,
}

struct Environment {
    option: u32,
}

struct Option {
    some: u32,
}

/// Its variant for a uniform argument must not be taken for the next function.
fn f(r: u32) -> u32 {
    var h = r;
    for (var i = 0u; i < r; i++) { h = mix(h, i); if (h < 99u) { break; } }
    return h + e1;
}

fn f_u(r: u32) -> u32 {
    var h = r + 1u;
    for (var i = 0u; i < (r & 3u); i++) { h = mix(h, i); if (h < 99u) { return m0; } }
    return h + m0;
}

fn f_masked(r: u32) -> u32 {
    return f_u(r) + f(r & 7u) + s;
}

fn f_u_masked(r: u32) -> u32 {
    return f(4u) + f_u(2u) + f_u(r) + l;
}

fn Some(r: u32) -> W {
    return W(r, result);
}

fn None(o: Option) -> Environment {
    return Environment(o.some + done);
}

fn probe_variants(r: u32) -> u32 {
    var h = f(r & 3u) + f(3u) + f_u(r) + f_u(3u);
    if ((r & 4u) != 0u) { h = mix(h, f(r & 7u) + f(2u) + f_u(r) + f_u(1u) + f_masked(r) + f_u_masked(r)); }
    return h + f_masked(2u) + f_u_masked(r);
}

fn probe_constants(r: u32) -> u32 {
    let w = Some(r & a0_r);
    var h = Simd(w, part).self_ * live1 + w.match_;
    for (var i = 0u; i < 5u; i++) { if (((r >> i) & 1u) == 1u) { h = mix(h, None(Option(i)).option); if (h < 7u) { return s; } } }
    return h + e1 * l;
}

fn probe_arguments(r: u32) -> u32 {
    return arguments(r, 1u, 2u, r) + arguments(2u, r & 3u, 1u, 3u);
}

fn arguments(e1_: u32, live: u32, on: u32, off: u32) -> u32 {
    var e3 = e1_;
    var skip2 = live + on;
    let result1 = e3 + off;
    while (skip2 > 1u) { skip2--; e3 = mix(e3, skip2 + result1); let e4 = e3 & 7u; if (e4 == 0u) { continue; } e3 += e4; }
    return e3;
}
