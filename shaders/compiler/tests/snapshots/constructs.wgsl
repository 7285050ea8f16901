//! TestConstructs-v0: every construct of WGSL, briefly, to read what the lane generator makes of it.
//!
//! # Source
//! Own sample.
//! # Reward
//! A number.
//! # Start
//! Random words.
//! # End
//! With the third word.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 100u;
const PRIMES: array<u32, 4> = array<u32, 4>(2u, 3u, 5u, 7u);

struct Params {
    /// 1; rounds of the loops
    rounds: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(20u);

struct Body {
    /// m; place
    place: vec2<f32>,
    /// 1; kind
    kind: i32,
}

struct State {
    /// 1; random words
    words: array<u32, 4>,
    /// 1; bodies
    bodies: array<Body, 3>,
}

alias Action = u32;
/// anything
const ACTION_COUNT: u32 = 4u;

struct Observation {
    /// 1; low bits of the first word
    low: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 255.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    for (var i = 0u; i < 4u; i++) {
        state.words[i] = rng_next(rng);
    }
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let word = (*state).words[action];
    (*state).words[0] = branches(word, action) + loops(word, params.rounds) + early(word) + switches(word, action);
    (*state).words[word & 3u] ^= memory(&(*state).bodies[word % 3u], word);
    let reward = vectors(word) + f32(uniform_loop() + uniform_switch(2));
    return Outcome(reward, (*state).words[2] == 0u);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.words[0] & 0xffu));
}

fn branches(a: u32, b: u32) -> u32 {
    var x = a;
    if (a < b) {
        x += 1u;
    } else {
        x = loops(x, b);
    }
    if (a > 5u && b != 3u) {
        x = select(x, b, a == 7u);
    }
    return x;
}

/// Lanes leave the loop one by one, by `break`, `continue` and its condition.
fn loops(a: u32, rounds: u32) -> u32 {
    var sum = 0u;
    for (var i = 0u; i < rounds; i++) {
        if ((a >> i) & 1u) == 0u {
            continue;
        }
        if sum > 10u {
            break;
        }
        sum += i * a;
    }
    return sum;
}

fn early(a: u32) -> u32 {
    if a == 0u {
        return 1u;
    }
    var x = a;
    loop {
        x = x * 3u + 1u;
        if x % 7u == 0u {
            return x;
        }
        continuing {
            x += 2u;
            break if x > 1000u;
        }
    }
    return 2u;
}

fn switches(a: u32, b: u32) -> u32 {
    var x = 0u;
    switch a & 7u {
        case 0u, 1u: {
            x = b;
        }
        case 2u: {
            if b == 1u {
                break;
            }
            x = 5u;
        }
        default: {
            x = PRIMES[b & 3u];
        }
    }
    return x;
}

/// All lanes do the same: no masks.
fn uniform_loop() -> u32 {
    var sum = 0u;
    for (var i = 0u; i < 10u; i++) {
        if i == 3u {
            continue;
        }
        if sum > 20u {
            break;
        }
        sum += i;
    }
    return sum;
}

fn uniform_switch(a: i32) -> u32 {
    switch a {
        case -1: {
            return 1u;
        }
        case 2: {
            return PRIMES[a];
        }
        default: {
            return 0u;
        }
    }
}

fn memory(body: ptr<function, Body>, index: u32) -> u32 {
    var local = array<Body, 2>(*body, Body(vec2<f32>(1.0, -2.0), -3));
    local[index & 1u].kind += 4;
    local[0].place.y = f32(index);
    local[1].place[index & 1u] = -1.5;
    (*body).kind = local[index].kind;
    *body = local[1];
    return u32(local[0].kind);
}

fn vectors(a: u32) -> f32 {
    let v = vec3<f32>(f32(a), 2.0, bitcast<f32>(a & 0x3fffffffu));
    let m = mat2x2<f32>(v.xy, v.zx);
    let w = m * v.yz - transpose(m) * vec2<f32>(0.5);
    let whole = floor(w) + fract(w.yx) * clamp(w, vec2<f32>(-1.0), vec2<f32>(1.0));
    let bits = extractBits(a, 3u, 5u) + u32(firstLeadingBit(i32(a)));
    return dot(whole, w) + determinant(m) + cross(v, v.zyx).x + f32(bits) + select(0.0, 1.0, all(w > whole));
}
