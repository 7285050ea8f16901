//! TestBranches-v0: branches, early returns and lazy logic under divergence.
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
    words: array<u32, 9>,
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
    for (var i = 0u; i < 9u; i++) {
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
    (*state).words[0] = mix((*state).words[0], probe_chain(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_returns(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_shadow(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_uniform_store(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_uniform_branch(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_lazy(r * 13u + 5u));
    (*state).words[6] = mix((*state).words[6], probe_logic(r * 15u + 6u));
    (*state).words[7] = mix((*state).words[7], probe_guarded(r * 17u + 7u));
    (*state).words[8] = mix((*state).words[8], probe_negative(r * 19u + 8u));
}

/// Chain of else-ifs with a return in the middle.
fn probe_chain(r: u32) -> u32 {
    var h = 1u;
    let k = r % 5u;
    if (k == 0u) {
        h = 2u;
        if ((r & 32u) != 0u) { h = mix(h, r); } else { h += 3u; }
    } else if (k == 1u) {
        h = mix(h, 7u);
    } else if (k == 2u) {
        if ((r & 64u) != 0u) { return 99u; }
        h *= 5u;
    } else {
        h = r;
    }
    return mix(h, r);
}

/// Returns from nested branches, some of them for all lanes that are left.
fn probe_returns(r: u32) -> u32 {
    if ((r & 1u) != 0u) {
        if ((r & 2u) != 0u) { return 1u; }
        if ((r & 4u) != 0u) { return r; } else { return r + 1u; }
    }
    var h = r >> 3u;
    if ((r & 8u) != 0u) {
        h ^= 0xabcdu;
        if ((r & 16u) != 0u) { return h; }
        h += 5u;
    }
    h = mix(h, 3u);
    { if ((r & 32u) != 0u) { return h * 2u; } h -= 1u; }
    return h;
}

/// Variables declared outside and inside branches, shadowing, zero initialisation.
fn probe_shadow(r: u32) -> u32 {
    let x = r & 15u;
    var y = x;
    if (x > 7u) {
        let x = y * 3u;
        var y = 1u;
        if (x > 30u) { var y: u32; y += x; return y; }
        y += x;
        return mix(y, x);
    }
    {
        var x = y + 2u;
        x += y;
        y = x;
    }
    var z: u32;
    if (y > 9u) { z = y; }
    return mix(z, y + x);
}

/// A uniform value stored by a part of the lanes.
fn probe_uniform_store(r: u32) -> u32 {
    var u = 3u;
    var w = 1u;
    if ((r & 1u) == 0u) { u = 4u; w = u; if ((r & 2u) == 0u) { u = 5u; } }
    var v = 0u;
    for (var i = 0u; i < 6u; i++) {
        if ((r & (4u << i)) != 0u) { v = i; }
    }
    return u + 10u * v + 100u * w;
}

/// Uniform conditions around divergent ones and the other way round.
fn probe_uniform_branch(r: u32) -> u32 {
    var h = r;
    for (var i = 0u; i < 5u; i++) {
        if (i == 2u) {
            if ((h & 1u) != 0u) { h = mix(h, i); } else { h >>= 1u; }
        } else if (i == 3u && (h & 2u) != 0u) {
            h += 11u;
            if (i * 2u == 6u) { h = mix(h, 8u); }
        } else {
            h ^= i << 4u;
        }
    }
    return h;
}

/// Counts its calls; loops, so that a lane which should not call it could show.
fn bump(count: ptr<function, u32>, r: u32) -> bool {
    var n = r & 3u;
    while (n > 0u) { *count += 3u; n--; }
    *count += 1u;
    return (r & 8u) == 0u;
}

/// Right sides of && and || with side effects.
fn probe_lazy(r: u32) -> u32 {
    var n = 0u;
    var h = 0u;
    if ((r & 16u) != 0u && bump(&n, r)) { h += 1u; }
    if ((r & 32u) != 0u || bump(&n, r >> 4u)) { h += 2u; }
    let a = (r & 64u) != 0u && (bump(&n, r >> 8u) || bump(&n, r >> 12u));
    let b = (bump(&n, r >> 16u) && bump(&n, r >> 20u)) || ((r & 128u) != 0u && bump(&n, r >> 24u));
    if (a != b) { h += 4u; }
    return mix(h, n);
}

/// Right sides without effects, nested, which the compiler may compute for all lanes.
fn probe_logic(r: u32) -> u32 {
    let a = (r & 1u) != 0u;
    let b = (r & 2u) != 0u;
    let c = (r & 12u) == 4u;
    let d = a && (b || (c && (r >> 4u) % 3u == 1u));
    let e = (a || b) && !(c || d);
    var f = false;
    if (a) { f = c || (d && e); } else { f = !b; }
    var g: bool;
    if (b) { g = r > 77u; } else { g = false; }
    let bits = select(0u, 1u, d) | select(0u, 2u, e) | select(0u, 4u, f) | select(0u, 8u, g);
    return bits | (u32(a == b) << 4u) | (u32(c != d) << 5u) | (u32(a & c) << 6u) | (u32(b | e) << 7u);
}

/// An inactive lane would divide by zero or run for ages.
fn probe_guarded(r: u32) -> u32 {
    let n = r % 7u;
    if (n != 0u && halvings(n) > 1u) { return halvings(n * 4u) + 50u / n; }
    return n;
}

/// Needs n != 0.
fn halvings(n: u32) -> u32 {
    var k = n;
    var steps = 0u;
    loop {
        if ((k & 1u) == 1u) { break; }
        k = k / 2u;
        steps++;
    }
    return steps + 1u;
}

/// Literals below zero as receivers of methods in the generated code.
fn probe_negative(r: u32) -> u32 {
    var h = 0u;
    for (var i = 0u; i < 4u; i++) {
        let x = f32(i) - 2.0;
        h = mix(h, u32(max(-1.0, x) + 3.0) + u32(i32(min(-1.5, x) * 2.0) + 20));
        h = mix(h, select(0u, 1u, -1.0 < x) + select(0u, 2u, -1.0 == x) + u32(max(-1, i32(i) - 3) + 5));
    }
    return mix(h, r);
}
