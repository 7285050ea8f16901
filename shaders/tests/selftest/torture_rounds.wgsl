//! TestRounds-v0: loops of many rounds everywhere, for drivers that let an invocation make only so many.
//!
//! # Source
//! Own test program: hashes, round after round; how many rounds a lane makes depends on its state.
//! # Reward
//! The lowest bit of the first word.
//! # Start
//! Hashed random words.
//! # End
//! Terminated with probability 1/64 in every step.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 100u;

struct Params {
    /// 1; rounds of each of the eight parts of a step, at least
    step_rounds: u32,
    /// 1; rounds of a start
    start_rounds: u32,
    /// 1; rounds of a pixel
    pixel_rounds: u32,
}
const DEFAULT_PARAMS: Params = Params(30u, 700u, 5u);
const PARAMS_LOW: Params = Params(0u, 0u, 0u);
const PARAMS_HIGH: Params = Params(100000u, 100000u, 100000u);

struct State {
    /// 1; hashes
    words: array<u32, 4>,
}

alias Action = u32;
/// what is hashed in
const ACTION_COUNT: u32 = 5u;

struct Observation {
    /// 1; low bits of a hash of all words
    low: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 65535.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    for (var i = 0u; i < 4u; i++) {
        state.words[i] = hashed(rng_next(rng), params.start_rounds / 4u);
    }
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let r = rng_next(rng) ^ action;
    for (var part = 0u; part < 8u; part++) {
        let word = (*state).words[part & 3u];
        (*state).words[(part + 1u) & 3u] = hashed(word ^ r, params.step_rounds + (word & 15u));
    }
    return Outcome(f32((*state).words[0] & 1u), (rng_next(rng) & 63u) == 0u);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(hashed(state.words[0] ^ state.words[3], 9u) & 0xffffu));
}

fn action_mask(params: Params, state: State) -> u32 {
    return (hashed(state.words[1], 7u) & 31u) | 1u;
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let h = hashed(state.words[2] ^ u32(uv.x * 8.0), params.pixel_rounds);
    return vec3<f32>(f32(h & 255u) / 255.0, uv);
}

fn hashed(seed: u32, rounds: u32) -> u32 {
    var h = seed;
    for (var i = 0u; i < rounds; i++) {
        h = (h ^ i) * 0x9e3779b1u;
        h = h ^ (h >> 15u);
    }
    return h;
}
