//! TestExits-v0: `continuing` blocks, returns from loops, and loops that must not run in inactive lanes.
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
    words: array<u32, 5>,
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
    for (var i = 0u; i < 5u; i++) {
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
    (*state).words[0] = mix((*state).words[0], probe_continuing(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_continuing_uniform(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_return(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_forever(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_garbage_bound(r * 11u + 4u));
}

/// Values of the body in `continuing` and `break if`.
fn probe_continuing(r: u32) -> u32 {
    var k = r & 63u;
    var h = 0u;
    loop {
        let y = mix(k, 3u);
        if ((y & 7u) == 1u) { break; }
        let z = y >> 28u;
        h = mix(h, z);
        continuing {
            k = k + 1u + (z & 1u);
            let done = z == 9u;
            break if done || k > 70u;
        }
    }
    return mix(h, k);
}

/// The same with a continue, and where all lanes go on together.
fn probe_continuing_uniform(r: u32) -> u32 {
    var h = r;
    var i = 0u;
    loop {
        let y = i * 3u;
        var step = 1u;
        if (y == 6u) { continue; }
        h = mix(h, y);
        step = 2u;
        continuing { i += step + (y & 1u); break if i > 9u; }
    }
    var j = 0u;
    loop {
        let y = j + (h & 1u);
        if ((h & 6u) == 2u) { h += 4u; continue; }
        h = mix(h, y);
        continuing { j += 1u + (y & 1u); break if j > 5u; }
    }
    return mix(h, i + 16u * j);
}

/// Returns of some lanes inside nested loops; the uniform counter goes on for the others.
fn probe_return(r: u32) -> u32 {
    var h = r;
    for (var i = 0u; i < 4u; i++) {
        for (var j = 0u; j < 3u; j++) {
            h = mix(h, i * 3u + j);
            if ((h & 15u) == 0u) { return h; }
            if ((h & 15u) == 1u) { break; }
        }
        if (i == 2u && (h & 3u) == 0u) { return i; }
        h += i;
    }
    return h ^ 0x55555555u;
}

/// A loop that only returns can end.
fn probe_forever(r: u32) -> u32 {
    var h = r;
    loop {
        h = mix(h, 1u);
        if ((h & 7u) == 3u) { return h; }
        while ((h & 3u) != 0u) {
            h = mix(h, 2u);
            if ((h & 31u) == 7u) { return h + 1u; }
        }
    }
    return 0u;
}

/// Long in lanes that do not call it.
fn countdown(n: u32) -> u32 {
    var k = n;
    var h = 0u;
    while (k > 0u) { k -= 1u; h = mix(h, k); }
    return h;
}

fn probe_garbage_bound(r: u32) -> u32 {
    let n = (r & 3u) - 1u;
    var h = 0u;
    if (n < 8u) {
        h = countdown(n);
        for (var i = 0u; i < n; i++) { h = mix(h, countdown(i)); }
    }
    return h + countdown(select(n, 2u, n > 8u));
}
