//! TestSwitches-v0: switches on shared and on own selectors, with breaks, continues and returns.
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
    words: array<u32, 10>,
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
    for (var i = 0u; i < 10u; i++) {
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
    (*state).words[0] = mix((*state).words[0], probe_selectors(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_signed(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_in_loop(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_uniform(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_uniform_top(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_uniform_exits(r * 13u + 5u));
    (*state).words[6] = mix((*state).words[6], probe_nested(r * 15u + 6u));
    (*state).words[7] = mix((*state).words[7], probe_default(r * 17u + 7u));
    (*state).words[8] = mix((*state).words[8], probe_uniform_store(r * 19u + 8u));
    (*state).words[9] = mix((*state).words[9], probe_layers(r * 21u + 9u));
}

/// Several selectors for a case, some together with the default.
fn probe_selectors(r: u32) -> u32 {
    var h = r;
    switch (r % 11u) {
        case 0u, 3u: { h = mix(h, 1u); }
        case 1u, default: { h += 1u; if ((r & 64u) != 0u) { break; } h = mix(h, 2u); }
        case 2u, 9u, 10u: { return h >> 1u; }
        case 4u: { for (var i = 0u; i < 3u; i++) { h = mix(h, i); if ((h & 7u) == 1u) { break; } } h += 2u; }
        case 5u: {}
        case 6u: { if ((r & 128u) != 0u) { h = 6u; } else { break; } h = mix(h, 6u); }
    }
    return mix(h, 5u);
}

/// Negative selectors, the default first.
fn probe_signed(r: u32) -> u32 {
    let k = i32(r % 9u) - 4;
    switch (k) {
        default: { return 1u; }
        case -1: { return 2u; }
        case -4, 2: { if ((r & 32u) != 0u) { return 3u; } }
        case 0: { break; }
    }
    return u32(k + 9);
}

/// In a loop: break leaves the switch, continue the iteration, return the function.
fn probe_in_loop(r: u32) -> u32 {
    var h = r;
    var kept = 0u;
    for (var i = 0u; i < 7u; i++) {
        switch ((h >> 3u) & 7u) {
            case 0u: { h = mix(h, i); continue; }
            case 1u, 2u: { if ((h & 1u) != 0u) { break; } h += 77u; kept = i; }
            case 3u: { h = mix(h, 9u); if ((h & 3u) == 0u) { continue; } h += 1u; }
            case 4u: { if ((h & 15u) == 5u) { return h; } h = mix(h, kept); }
            default: { h = (h >> 1u) + 12345u; }
        }
        h += kept;
        if ((h & 63u) == 9u) { break; }
        kept += 1u;
    }
    return h;
}

/// The same selector in all lanes, breaks of some.
fn probe_uniform(r: u32) -> u32 {
    var h = r;
    for (var i = 0u; i < 5u; i++) {
        switch (i) {
            case 0u: { if ((h & 1u) != 0u) { break; } h += 1000u; }
            case 1u: { h = mix(h, 1u); if ((h & 2u) != 0u) { h += 2u; break; } h = mix(h, 3u); }
            case 2u, 4u: { h ^= 0xf0u; }
            default: { h = mix(h, i); }
        }
        h += 1u;
    }
    return h;
}

/// As above at the top of a function, twice, with returns behind the break.
fn probe_uniform_top(r: u32) -> u32 {
    let three = first(3u);
    var h = r & 0xffu;
    switch (three) {
        case 3u: { if ((r & 256u) != 0u) { break; } h += 500u; }
        default: { h = 1u; }
    }
    switch (three + 1u) {
        case 4u: { if ((r & 512u) != 0u) { break; } return h; }
        default: { h = 2u; }
    }
    return h + 10000u;
}

fn first(a: u32) -> u32 {
    return a;
}

/// A uniform switch where some lanes break and the rest continue, break the loop or return.
fn probe_uniform_exits(r: u32) -> u32 {
    var h = r;
    var u = 1u;
    for (var i = 0u; i < 6u; i++) {
        switch (i & 3u) {
            case 0u: { if ((h & 1u) != 0u) { break; } h = mix(h, 5u); continue; }
            case 1u: { u = i; if ((h & 6u) == 0u) { break; } u = 7u; }
            case 2u: { if ((h & 24u) == 0u) { h += 1u; break; } if ((h & 7u) == 1u) { return h; } h += 3u; }
            default: { h = mix(h, u); }
        }
        h += i * 16u + u;
    }
    return h;
}

/// Switches in switches, loops between.
fn probe_nested(r: u32) -> u32 {
    var h = r >> 4u;
    switch (r & 3u) {
        case 0u: {
            switch ((r >> 2u) & 3u) {
                case 1u: { h = mix(h, 1u); break; }
                case 2u: { return 17u; }
                default: { h += 2u; }
            }
            if ((h & 1u) != 0u) { break; }
            h = mix(h, 4u);
        }
        case 1u: {
            var i = 0u;
            loop {
                switch ((h + i) & 3u) {
                    case 0u: { h = mix(h, i); break; }
                    case 3u: { i += 2u; continue; }
                    default: { h += 5u; }
                }
                if ((h & 8u) != 0u) { break; }
                continuing { i++; break if i > 5u; }
            }
            h = mix(h, i);
        }
        default: { switch (h & 1u) { case 1u: { h = 1u; } default: {} } }
    }
    return h;
}

/// Only a default.
fn probe_default(r: u32) -> u32 {
    var h = r;
    switch (r) { default: { if ((r & 1u) != 0u) { break; } h = mix(h, 1u); } }
    switch (1i) { default: { h += 1u; } }
    return h;
}

/// Uniform stores behind a break of some lanes.
fn probe_uniform_store(r: u32) -> u32 {
    var u = 1u;
    var h = 0u;
    for (var i = 0u; i < 4u; i++) {
        switch (i) {
            case 1u: { if ((r & 1u) != 0u) { break; } u = 2u; }
            case 2u: { u += 3u; if ((r & 2u) != 0u) { break; } u = u * 5u; }
            default: {}
        }
        h = mix(h, u);
    }
    return h;
}

/// Breaks and continues of a loop inside a case of a switch inside a loop.
fn probe_layers(r: u32) -> u32 {
    var h = r;
    for (var i = 0u; i < 3u; i++) {
        switch ((h >> 5u) & 1u) {
            case 0u: {
                for (var j = 0u; j < 4u; j++) {
                    if ((h & 3u) == 1u) { h = mix(h, j); continue; }
                    if ((h & 3u) == 2u) { break; }
                    h = mix(h, 9u);
                }
                if ((h & 3u) == 0u) { continue; }
            }
            default: { while ((h & 3u) != 3u) { h = mix(h, i); if ((h & 31u) == 1u) { return h; } } }
        }
        h += 13u;
    }
    return h;
}
