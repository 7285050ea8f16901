//! TestLoops-v0: loops that lanes leave one by one, and what is read after them.
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
    /// 1; low bits of the first word and of a copy's
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
    // A copy that a loop changes, too long to be written out: the state itself stays.
    var copy = state.words;
    for (var round = 0u; round < 40u; round++) {
        for (var i = 0u; i < 7u; i++) {
            copy[i] = mix(copy[i], copy[i + 1u]);
        }
    }
    return Observation(f32((state.words[0] ^ copy[0]) & 0xffffu));
}

fn mix(h: u32, v: u32) -> u32 {
    let x = (h ^ v) * 0x9e3779b1u;
    return x ^ (x >> 15u);
}

fn probe_all(state: ptr<function, State>, r: u32) {
    (*state).words[0] = mix((*state).words[0], probe_last(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_counter(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_nested(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_continue_break(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_parts(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_fresh(r * 13u + 5u));
    (*state).words[6] = mix((*state).words[6], probe_carried(r * 15u + 6u));
    (*state).words[7] = mix((*state).words[7], probe_inner_only(r * 17u + 7u));
}

/// Last value stored by each lane before it left.
fn probe_last(r: u32) -> u32 {
    let n = r & 15u;
    var last = 99u;
    for (var i = 0u; i < 10u; i++) {
        if (i >= n) { break; }
        last = i;
    }
    return last;
}

/// Counter read after the loop, and one that is not.
fn probe_counter(r: u32) -> u32 {
    var i = 0u;
    var h = 0u;
    loop { if (i >= (r & 7u)) { break; } i++; }
    for (var j = 0u; j < (r >> 4u) % 6u; j++) { h = mix(h, j); }
    return mix(h, i);
}

/// Nested loops; `x` lives outside both but is used inside the inner one only, `y` in the outer one only.
fn probe_nested(r: u32) -> u32 {
    var x = 0u;
    var y = 5u;
    var h = r;
    for (var i = 0u; i < 1u + (r & 3u); i++) {
        for (var j = 0u; j < 1u + ((r >> 2u) + i) % 4u; j++) {
            x = x + 1u;
            h = mix(h, x);
            if ((h & 7u) == 0u) { break; }
            if ((h & 3u) == 0u) { continue; }
            h += 1u;
        }
        if ((h & 31u) == 5u) { y += 7u; continue; }
        y = y * 3u;
        h = mix(h, y);
    }
    return h;
}

/// A continue of some lanes before a break of all.
fn probe_continue_break(r: u32) -> u32 {
    var h = 0u;
    var rounds = r & 3u;
    for (var i = 0u; i < 8u; i++) {
        h += 1u;
        if (rounds > 0u) { rounds--; continue; }
        h += 100u;
        break;
    }
    return h;
}

/// Partial stores are carried from one iteration to the next, also by lanes that skip some.
fn probe_parts(r: u32) -> u32 {
    var a: array<u32, 4>;
    var v: vec2<u32>;
    var h = 0u;
    for (var i = 0u; i < 6u; i++) {
        a[0] = i;
        v.x = i;
        if ((r & (1u << i)) != 0u) { continue; }
        a[1] = a[1] + 1u;
        v.y = v.y + a[1];
        h = mix(h, a[0] + 10u * a[1] + v.x + 100u * v.y);
    }
    return h;
}

/// Every iteration starts with zero.
fn probe_fresh(r: u32) -> u32 {
    var h = 0u;
    for (var i = 0u; i < 5u; i++) {
        var x: u32;
        var y = 2u;
        var p: array<u32, 3>;
        if ((r & (1u << i)) != 0u) { x = 5u; y += i; p[i % 3u] = 1u; }
        h = mix(h, x + 10u * y + 100u * p[0] + 200u * p[1]);
    }
    return h;
}

/// Stores that only some iterations make, read in the same loop before and after.
fn probe_carried(r: u32) -> u32 {
    var previous = 7u;
    var flag = false;
    var h = 0u;
    for (var i = 0u; i < 6u; i++) {
        h = mix(h, previous + select(0u, 9u, flag));
        if ((r & (1u << i)) != 0u) { previous = i; flag = !flag; continue; }
        flag = i > 2u;
        if (i == 4u) { previous = 40u; }
        if (((h >> i) & 3u) == 3u) { break; }
    }
    return mix(h, previous);
}

/// Variables that live outside two loops and are only used in the inner one, which lanes leave at their own time.
fn probe_inner_only(r: u32) -> u32 {
    var x = 0u;
    var u = 50u;
    var h = r;
    for (var i = 0u; i < 4u; i++) {
        for (var j = 0u; j < 5u; j++) {
            x = x + j + 1u;
            h = mix(h, x + 100u * u);
            if ((h & 3u) == 0u) { break; }
            u = i + j;
        }
        h += i;
    }
    return h;
}
