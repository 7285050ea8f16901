//! TestSums-v0: rewards whose sums no single float holds: ones, and now and then 2^22.
//!
//! # Source
//! Own test program.
//! # Reward
//! 1, or 2^22 with probability 1/4; the second agent's is -3 times as much.
//! # Start
//! A random length of the episode.
//! # End
//! Terminated after 1 to 200 steps.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};

const AGENTS: u32 = 2u;
const MAX_EPISODE_STEPS: u32 = 0u;

struct Params {
    /// 1; the large reward
    large: f32,
}
const DEFAULT_PARAMS: Params = Params(4194304.0);
const PARAMS_LOW: Params = Params(0.0);
const PARAMS_HIGH: Params = Params(4194304.0);

struct State {
    /// steps; until the end
    left: u32,
    /// 1; the newest reward
    reward: f32,
}

alias Action = u32;
/// nothing comes of them
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// steps; until the end
    left: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 200.0;

struct Outcome {
    reward: array<f32, 2>,
    terminated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(1u + rng_next(rng) % 200u, 0.0);
}

fn step(params: Params, state: ptr<function, State>, action: array<Action, 2>, rng: ptr<function, Rng>) -> Outcome {
    let reward = select(1.0, params.large, (rng_next(rng) & 3u) == 0u);
    let left = (*state).left - 1u;
    *state = State(left, reward);
    return Outcome(array<f32, 2>(reward, -3.0 * reward), left == 0u);
}

fn observe(params: Params, state: State, agent: u32) -> Observation {
    return Observation(f32(state.left));
}
