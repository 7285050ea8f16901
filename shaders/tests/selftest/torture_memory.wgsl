//! TestMemory-v0: short and long arrays of words, vectors and structs at uniform and per-lane indices.
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
    (*state).words[0] = mix((*state).words[0], probe_tables(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_short(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_long(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_cells(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_grid(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_bools(r * 13u + 5u));
    (*state).words[6] = mix((*state).words[6], probe_sieve(r * 15u + 6u));
}

struct Cell {
    kind: u32,
    at: vec2<f32>,
    tag: array<i32, 2>,
}

const SHORT: array<u32, 5> = array<u32, 5>(3u, 1u, 4u, 1u, 5u);
const LONG: array<i32, 20> = array<i32, 20>(7, -1, 8, -2, 8, 1, 8, 2, 8, 4, -5, 9, 0, 4, 5, 2, 3, 5, 3, 2147483647);
const PAIRS: array<vec2<i32>, 9> = array<vec2<i32>, 9>(vec2<i32>(1, 0), vec2<i32>(0, 1), vec2<i32>(-1, 0), vec2<i32>(0, -1),
    vec2<i32>(2, 2), vec2<i32>(3, -3), vec2<i32>(-4, 4), vec2<i32>(5, 6), vec2<i32>(-7, -8));
const CELLS: array<Cell, 2> = array<Cell, 2>(Cell(1u, vec2<f32>(2.0, 3.0), array<i32, 2>(4, 5)), Cell(6u, vec2<f32>(7.0, -8.0), array<i32, 2>(-9, 10)));
const ROWS: array<array<u32, 3>, 3> = array<array<u32, 3>, 3>(array<u32, 3>(1u, 2u, 3u), array<u32, 3>(4u, 5u, 6u), array<u32, 3>(7u, 8u, 9u));

/// Constant tables; indices up to and past the end, and below zero.
fn probe_tables(r: u32) -> u32 {
    let i = i32(r & 63u) - 20;
    var h = mix(SHORT[r % 5u], SHORT[r & 15u]);
    h = mix(h, u32(LONG[(r >> 4u) % 20u] + 5) + u32(LONG[i]));
    let p = PAIRS[(r >> 8u) & 15u];
    h = mix(h, u32(p.x * 3 + p.y) + CELLS[(r >> 12u) & 1u].kind + ROWS[r % 3u][1]);
    let c = CELLS[(r >> 13u) & 3u];
    h = mix(h, u32(i32(c.at.y) + c.tag[1] + 40));
    for (var k = 0u; k < 7u; k++) { h = mix(h, SHORT[k] + u32(PAIRS[k].x + 9) + ROWS[2][k]); }
    return h;
}

/// A short array of words.
fn probe_short(r: u32) -> u32 {
    var a = array<u32, 7>(1u, 2u, 3u, 4u, 5u, 6u, 7u);
    a[r % 7u] += 10u;
    a[(r >> 3u) & 7u] = r;
    if ((r & 64u) != 0u) { a[(r >> 7u) & 15u] ^= 0xffu; }
    for (var i = 0u; i < 9u; i++) { a[i] = mix(a[i], i); if (a[i] % 5u == 0u) { break; } }
    a[i32((r >> 11u) & 7u) - 4] -= 1u;
    return a[0] ^ mix(a[(r >> 14u) % 7u], a[6]) ^ (a[3] + a[r]);
}

/// A long array of vectors.
fn probe_long(r: u32) -> u32 {
    var a: array<vec3<i32>, 11>;
    for (var i = 0; i < 11; i++) { a[i] = vec3<i32>(i, i * i, -i); }
    a[r % 11u] = vec3<i32>(9, 8, 7);
    a[(r >> 4u) & 15u].y += 100;
    if ((r & 1u) != 0u) { a[(r >> 8u) % 11u] = a[(r >> 12u) % 11u].zxy; }
    a[i32((r >> 3u) & 31u) - 16].z = 5;
    a[3][(r >> 5u) % 3u] += 1000;
    var h = 0u;
    for (var i = 0u; i < 11u; i++) { h = mix(h, bitcast<u32>(a[i].x + 3 * a[i].y - a[i].z)); }
    return h + bitcast<u32>(a[r].x) + bitcast<u32>(a[2][(r >> 9u) & 3u]);
}

/// Structs with vectors and arrays inside.
fn probe_cells(r: u32) -> u32 {
    var a: array<Cell, 9>;
    var b = CELLS;
    for (var i = 0u; i < 9u; i++) { a[i].kind = i; a[i].tag[i & 1u] = i32(i); }
    let k = (r >> 2u) % 9u;
    a[k] = Cell(77u, vec2<f32>(f32(r & 31u), 2.0), array<i32, 2>(3, -4));
    a[(r >> 6u) & 15u].at.x += 1.0;
    a[(r >> 9u) % 9u].tag[1] -= 6;
    b[r & 1u].kind += 5u;
    b[(r >> 1u) & 1u].at = vec2<f32>(4.0, 4.5);
    if ((r & 4u) != 0u) { b[1] = a[k]; a[8] = b[(r >> 3u) & 1u]; }
    var h = 0u;
    for (var i = 0u; i < 9u; i++) {
        let c = a[i];
        h = mix(h, c.kind + u32(c.at.x * 4.0 + c.at.y) + bitcast<u32>(c.tag[0] * 3 + c.tag[1]));
    }
    let c = b[(r >> 5u) & 1u];
    return mix(h, c.kind + u32(c.at.x + 20.0) + bitcast<u32>(c.tag[1])) + a[k].kind;
}

/// Two per-lane indices in one place.
fn probe_grid(r: u32) -> u32 {
    var g: array<array<u32, 5>, 12>;
    for (var i = 0u; i < 12u; i++) { for (var j = 0u; j < 5u; j++) { g[i][j] = i * 5u + j; } }
    g[r % 12u][(r >> 4u) % 5u] = 999u;
    if ((r & 2u) != 0u) { g[(r >> 8u) & 15u][(r >> 12u) & 7u] += 7u; }
    g[(r >> 3u) % 12u][2] *= 3u;
    g[4][(r >> 6u) % 5u] ^= 21u;
    var h = g[(r >> 16u) % 12u][(r >> 20u) % 5u];
    for (var i = 0u; i < 12u; i++) { h = mix(h, g[i][(r + i) % 5u]); }
    return h + ROWS[(r >> 1u) % 3u][(r >> 5u) % 3u];
}

/// Booleans in vectors.
fn probe_bools(r: u32) -> u32 {
    var v = vec3<bool>(true, false, (r & 1u) != 0u);
    var w = vec4<bool>(v.z, v.xy, true);
    for (var i = 0u; i < 4u; i++) { w[i] = ((r >> i) & 5u) == 4u; }
    w[(r >> 3u) & 3u] = true;
    if ((r & 2u) != 0u) { w[(r >> 7u) & 7u] = v[(r >> 2u) % 3u]; v.y = w[r & 3u]; }
    var h = select(0u, 1u, w[(r >> 5u) & 3u]) + select(0u, 2u, all(v)) + select(0u, 4u, any(v.xy));
    for (var i = 0u; i < 4u; i++) { h = h * 2u + u32(w[i]); }
    return h;
}

/// A sieve with indices that depend on the lane.
fn probe_sieve(r: u32) -> u32 {
    var composite: array<u32, 40>;
    let limit = 20u + (r & 15u);
    for (var i = 2u; i < limit; i++) {
        if (composite[i] != 0u) { continue; }
        for (var j = i * i; j < limit; j += i) { composite[j] += 1u; }
    }
    var h = 0u;
    for (var i = 0u; i < 40u; i++) { h = mix(h, composite[i]); }
    return h + composite[(r >> 4u) & 31u];
}
