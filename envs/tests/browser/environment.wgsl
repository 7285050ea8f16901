//! Probe-v0: an environment that calls the probe appended to it.
//! # Source
//! none
//! # Reward
//! 1 per step.
//! # Start
//! Anywhere.
//! # End
//! Never.
//! # Version
//! v0: first version.

import package::shared::rng::{Rng, rng_uniform};

import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 10u;

struct Params {
    /// m; scale of everything
    size: f32,
}

const DEFAULT_PARAMS: Params = Params(1.0);
const PARAMS_LOW: Params = Params(0.5);
const PARAMS_HIGH: Params = Params(2.0);

struct State {
    /// m; position
    x: f32,
}

alias Action = u32;

/// 0 stay, 1 go
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// m; position
    x: f32,
}

const OBSERVATION_LOW: f32 = 0.0;

const OBSERVATION_HIGH: f32 = 3.4028234e38;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_uniform(rng) * params.size);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var word = action;
    let probed = probe(action, i32(action), (*state).x, action > 3u, vec3<f32>(params.size), &word);
    (*state).x += f32(probed + word) * params.size;
    return Outcome(1.0, false);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x);
}
