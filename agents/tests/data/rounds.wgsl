//! Rounds-v0: the tenth step of an episode takes 100,000 rounds of a loop.
//!
//! # Source
//! Written for this project.
//! # Reward
//! 0.
//! # Start
//! A number is drawn.
//! # End
//! After 20 steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_next};

const MAX_EPISODE_STEPS: u32 = 20u;

struct Params {
    /// 1; rounds of the tenth step
    rounds: f32,
}
const DEFAULT_PARAMS: Params = Params(100000.0);
const PARAMS_LOW: Params = Params(0.0);
const PARAMS_HIGH: Params = Params(1000000.0);

struct State {
    /// 1; steps so far
    steps: u32,
    /// 1; a number that nobody foresees
    number: u32,
}

alias Action = u32;
/// 0 and 1 do the same
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// 1; whether the number is odd
    odd: f32,
}
const OBSERVATION_LOW: Observation = Observation(0.0);
const OBSERVATION_HIGH: Observation = Observation(1.0);

struct Outcome {
    reward: f32,
    terminated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u, rng_next(rng));
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).steps += 1u;
    let rounds = select(1u, u32(params.rounds), (*state).steps == 10u);
    for (var k = 0u; k < rounds; k++) {
        (*state).number = (*state).number * 1664525u + 1013904223u;
    }
    return Outcome(0.0, false);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.number & 1u));
}
