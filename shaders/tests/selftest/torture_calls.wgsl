//! TestCalls-v0: pointers, structs and arrays by value, and functions called in several ways.
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
    (*state).words[0] = mix((*state).words[0], probe_structs(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_pointers(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_variants(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_uniform_result(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_array_values(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_swap(r * 13u + 5u));
}

struct Inner {
    a: u32,
    v: vec2<i32>,
}

struct Outer {
    inner: Inner,
    list: array<Inner, 3>,
    flag: bool,
    x: f32,
}

fn outer(r: u32) -> Outer {
    let i = Inner(r & 7u, vec2<i32>(i32(r >> 8u) & 15, -3));
    return Outer(i, array<Inner, 3>(i, Inner(5u, vec2<i32>(1, 2)), Inner(r >> 20u, i.v.yx)), (r & 16u) != 0u, f32(r & 255u));
}

fn digest(o: Outer) -> u32 {
    var h = mix(o.inner.a, select(3u, 4u, o.flag));
    for (var i = 0u; i < 3u; i++) {
        h = mix(h, o.list[i].a + u32(o.list[i].v.x * 5 + o.list[i].v.y));
    }
    return mix(h, u32(o.inner.v.x + o.inner.v.y + 100) + u32(o.x));
}

/// Changes its own copy.
fn copied(o: Outer, k: u32) -> Outer {
    var mine = o;
    mine.inner.a += k;
    if (k > 3u) { mine.flag = !mine.flag; return mine; }
    mine.list[k & 1u].v.y -= 7;
    mine.list[2].v = mine.list[k].v + mine.inner.v;
    return mine;
}

fn probe_structs(r: u32) -> u32 {
    let o = outer(r);
    let p = copied(o, (r >> 4u) & 7u);
    var q = copied(p, 2u);
    if ((r & 2u) != 0u) { q = copied(q, r & 3u); q.list[1] = q.inner; }
    return digest(o) ^ mix(digest(p), digest(q));
}

/// Early returns under a mask, with stores before and after.
fn edit(o: ptr<function, Outer>, k: u32) -> bool {
    (*o).inner.a += 1u;
    if (k == 0u) { return false; }
    (*o).x += 2.0;
    for (var i = 0u; i < k; i++) {
        (*o).list[i % 3u].a += i;
        (*o).list[(i + k) % 3u].v = (*o).inner.v;
        if ((*o).list[i % 3u].a > 20u) { (*o).flag = !(*o).flag; return i > 1u; }
    }
    (*o).inner.v.x -= 1;
    return true;
}

/// Passes the pointer on.
fn relay(o: ptr<function, Outer>, n: ptr<function, u32>, k: u32) {
    if (edit(o, k)) { *n += 1u; } else { *n += 10u; return; }
    if (k > 2u) { *o = copied(*o, k - 3u); *n ^= 0x80u; }
    *n = *n * 3u;
}

fn probe_pointers(r: u32) -> u32 {
    var o = outer(r >> 3u);
    var n = 0u;
    if ((r & 1u) != 0u) { relay(&o, &n, (r >> 4u) & 7u); }
    for (var i = 0u; i < 4u; i++) {
        if (((r >> i) & 3u) == 2u) { continue; }
        relay(&o, &n, i);
        if (n > 2000u) { break; }
    }
    let done = edit(&o, 1u + (r & 1u));
    return mix(digest(o), n + select(0u, 1u, done));
}

/// Uniform in all arguments, in some, in none.
fn blended(a: u32, b: u32, c: f32) -> u32 {
    var h = a * 3u;
    if (b > 2u) { h += b; if (a > b) { return h; } } else { h -= 1u; }
    var last = 0u;
    for (var i = 0u; i < b; i++) { h = mix(h, i); last = i; if (h < 10u) { break; } }
    return h + u32(c) + last;
}

fn probe_variants(r: u32) -> u32 {
    var h = blended(4u, 3u, 1.0) + blended(r & 7u, 3u, 2.5) + blended(5u, r & 3u, 3.0) + blended(r & 3u, 2u, f32(r & 7u));
    for (var i = 0u; i < 3u; i++) {
        h = mix(h, blended(i, 5u - i, 0.5));
        if ((h & 1u) != 0u) { h = mix(h, blended(i + 2u, i, 1.5) + blended(h & 7u, i, f32(i))); }
    }
    return h;
}

/// The result is uniform though the function is called for some lanes only.
fn square(a: u32) -> u32 {
    if (a > 3u) { return 3u; }
    return a * a;
}

fn probe_uniform_result(r: u32) -> u32 {
    var u = 1u;
    var h = 0u;
    if ((r & 1u) != 0u) { u = square(2u); h = square(u) + square(7u); }
    for (var i = 0u; i < square(2u); i++) { h = mix(h, square(i) + u); }
    return h;
}

fn sum(list: array<u32, 12>, start: u32, count: u32) -> u32 {
    var total = 0u;
    for (var i = 0u; i < count; i++) { total += list[start + i] * (i + 1u); }
    return total;
}

fn rotated(list: array<u32, 12>, by: u32) -> array<u32, 12> {
    var out: array<u32, 12>;
    for (var i = 0u; i < 12u; i++) { out[i] = list[(i + by) % 12u]; }
    return out;
}

fn probe_array_values(r: u32) -> u32 {
    var list: array<u32, 12>;
    for (var i = 0u; i < 12u; i++) { list[i] = mix(r, i) & 0xffu; }
    let a = rotated(list, 5u);
    let b = rotated(a, r & 15u);
    return sum(a, r & 7u, 4u) + 3u * sum(b, 2u, r % 9u) + sum(list, 0u, 12u);
}

fn swap(a: ptr<function, u32>, b: ptr<function, u32>) {
    let t = *a;
    *a = *b;
    if (t > 7u) { return; }
    *b = t;
}

fn probe_swap(r: u32) -> u32 {
    var x = r & 15u;
    var y = 4u;
    var z = 9u;
    swap(&x, &y);
    if ((r & 32u) != 0u) { swap(&y, &z); }
    loop { swap(&z, &x); z += 1u; if (z + x > 12u) { break; } swap(&x, &y); x += 2u; }
    return x + 16u * y + 256u * z;
}
