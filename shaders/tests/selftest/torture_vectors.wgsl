//! TestVectors-v0: operators and built-ins on vectors, swizzles, composition, selection.
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
    (*state).words[0] = mix((*state).words[0], probe_integers(r * 3u + 0u));
    (*state).words[1] = mix((*state).words[1], probe_unsigned(r * 5u + 1u));
    (*state).words[2] = mix((*state).words[2], probe_floats(r * 7u + 2u));
    (*state).words[3] = mix((*state).words[3], probe_swizzles(r * 9u + 3u));
    (*state).words[4] = mix((*state).words[4], probe_selection(r * 11u + 4u));
    (*state).words[5] = mix((*state).words[5], probe_walk(r * 13u + 5u));
}

fn word(v: vec3<i32>) -> u32 {
    return bitcast<u32>(v.x * 31 + v.y * 17 + v.z);
}

fn flags(v: vec4<bool>) -> u32 {
    return dot(select(vec4<u32>(0u), vec4<u32>(1u, 2u, 4u, 8u), v), vec4<u32>(1u));
}

fn numbers(r: u32) -> vec3<i32> {
    return vec3<i32>(i32(r & 31u) - 16, i32((r >> 5u) & 31u) - 16, bitcast<i32>(r) >> 20u);
}

fn probe_integers(r: u32) -> u32 {
    let a = numbers(r);
    let b = numbers(r >> 7u);
    var h = mix(word(a + b), word(a - b * 3));
    h = mix(h, word(a * b));
    h = mix(h, word(a / b) + word(a % b));
    h = mix(h, word(2 * a) + word(a / 3) + word(100 - b) + word(-a));
    h = mix(h, word((a & b) | (a ^ vec3<i32>(5))) + word(~b));
    h = mix(h, word(a << vec3<u32>(1u, 2u, r & 7u)) + word(a >> vec3<u32>(3u)));
    return mix(h, word(min(a, b)) + word(max(a, b)) + word(clamp(a, vec3<i32>(-3), b + 40)) + word(abs(b)) + word(sign(a)));
}

fn probe_unsigned(r: u32) -> u32 {
    let a = vec4<u32>(r, r >> 8u, r * 3u, ~r);
    let b = a.wzyx >> vec4<u32>(16u);
    var h = dot(a, b) + dot(a.xy, vec2<u32>(3u, 5u));
    h = mix(h, dot(countOneBits(a) + reverseBits(b), vec4<u32>(1u, 3u, 5u, 7u)));
    h = mix(h, dot(extractBits(a, 3u, 9u) + insertBits(a, b, r & 15u, 6u), vec4<u32>(9u, 1u, 2u, 6u)));
    h = mix(h, dot(firstLeadingBit(a) + firstTrailingBit(b) + countLeadingZeros(b), vec4<u32>(1u, 3u, 5u, 7u)));
    return mix(h, flags(a < b) + 16u * flags(a == a.xxzz) + 256u * flags(a >= b.yyyy));
}

fn probe_floats(r: u32) -> u32 {
    let a = vec2<f32>(numbers(r).xy);
    let b = vec2<f32>(f32(r & 7u), 2.0) * 0.5;
    let c = a * 2.0 + b - 1.0;
    let d = select(c, -c, a < b) + floor(c * 0.25) + fract(b) + round(c * 0.5) + trunc(b);
    let e = vec3<f32>(d, dot(a, b));
    let f = min(e, e.zxy) + max(e, vec3<f32>(1.0)) * abs(e.yxz) + sign(e) + clamp(e, vec3<f32>(-2.0), vec3<f32>(2.0));
    let g = vec3<i32>(f) + vec3<i32>(vec3<u32>(abs(e)));
    return mix(word(g), flags(vec4<bool>(a <= b, all(e > f), any(e.xy == f.xy))));
}

/// Composition from vectors, every kind of swizzle, stores to components.
fn probe_swizzles(r: u32) -> u32 {
    let a = numbers(r);
    var v = vec4<i32>(a.zx, 7, a.y);
    v = vec4<i32>(v.wzy, v.x).bgra;
    v.y = v.x + v.w;
    v.z += a.y;
    v[r & 3u] = 55;
    if ((r & 4u) != 0u) { v.x = v.y; v[1] -= 3; v = v.yyxx; }
    for (var i = 0u; i < 4u; i++) { v[i] += v[(i + 1u) & 3u]; if (v[i] > 60) { continue; } v[3u - i] ^= 9; }
    let w = vec3<i32>(v.xy, v[(r >> 2u) & 3u]);
    return word(w) + word(v.wyz) + word(vec3<i32>(1)) + word(vec3<i32>());
}

fn probe_selection(r: u32) -> u32 {
    let a = numbers(r);
    let b = numbers(r >> 9u);
    let m = a < b;
    let s = select(a, b, m) + select(a, b, (r & 1u) != 0u) + select(vec3<i32>(1), vec3<i32>(2), vec3<bool>(true, m.x, false));
    let n = vec4<bool>(!m, m.y || m.z) & vec4<bool>(true, m.xxy);
    let o = (m.xy == vec2<bool>(true, false)) | (m.yz != m.xy);
    var h = word(s) + flags(n) + 16u * flags(vec4<bool>(o, any(m), all(m)));
    h = mix(h, bitcast<u32>(select(3, 4, all(a == b))) + u32(any(a.xy < vec2<i32>(0))));
    let u = select(vec3<f32>(1.0, 2.0, 3.0), vec3<f32>(-1.0), m) * vec3<f32>(s);
    return mix(h, word(vec3<i32>(u)) + word(bitcast<vec3<i32>>(vec3<f32>(a))) + word(vec3<i32>(m)));
}

/// Vectors changed by some lanes in a loop.
fn probe_walk(r: u32) -> u32 {
    var at = vec2<i32>(4, 4);
    var seen = vec2<u32>(0u);
    for (var i = 0u; i < 10u; i++) {
        let way = (r >> (2u * i)) & 3u;
        let step = vec2<i32>(select(0, 1 - i32(way & 2u), (way & 1u) == 0u), select(0, 1 - i32(way & 2u), (way & 1u) != 0u));
        let next = at + step;
        if (any(next < vec2<i32>(2)) || any(next > vec2<i32>(6))) { continue; }
        at = next;
        seen[i & 1u] += u32(at.x * 8 + at.y);
        if (all(at == vec2<i32>(5, 3))) { break; }
    }
    return mix(seen.x, seen.y + u32(at.x + 16 * at.y));
}
