//! Overflows-v0: the fifth step of some episodes overflows.
//!
//! # Source
//! Written for this project.
//! # Reward
//! 1; of some kinds 0, and then beyond the largest number.
//! # Start
//! One of four kinds, drawn.
//! # End
//! After 20 steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_range};

const MAX_EPISODE_STEPS: u32 = 20u;

struct Params {
    /// 1; how large
    growth: f32,
}
const DEFAULT_PARAMS: Params = Params(1e10);
const PARAMS_LOW: Params = Params(1.0);
const PARAMS_HIGH: Params = Params(1e20);

struct State {
    /// enum; what overflows: 0 the reward, 1 the observation, else nothing
    kind: u32,
    /// 1; steps so far
    steps: u32,
    /// 1; a large number in the fifth step
    size: f32,
}

alias Action = u32;
/// 0 and 1 do the same
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// 1; the steps
    steps: f32,
    /// 1; what overflows
    size: f32,
}
const OBSERVATION_LOW: Observation = Observation(0.0, -3.4028234e38);
const OBSERVATION_HIGH: Observation = Observation(20.0, 3.4028234e38);

struct Outcome {
    reward: f32,
    terminated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_range(rng, 8u), 0u, 0.0);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).steps += 1u;
    (*state).size = select(0.0, params.growth * 1e28, (*state).steps == 5u);
    return Outcome(select(1.0, (*state).size * 1e10, (*state).kind == 0u), false);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.steps), select(0.0, state.size * 1e10, state.kind == 1u));
}
