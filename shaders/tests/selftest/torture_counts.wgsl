//! TestCounts-v0: an observation that is one whole number, a global state that is packed.
//!
//! # Source
//! Own test program: a walk on a line whose ends are ends.
//! # Reward
//! 1 at the right end.
//! # Start
//! In the middle.
//! # End
//! At either end.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 50u;
const LENGTH: u32 = 9u;

struct Params {
    /// 1; cell of the start
    start: u32,
}
const DEFAULT_PARAMS: Params = Params(4u);
const PARAMS_LOW: Params = Params(1u);
const PARAMS_HIGH: Params = Params(7u);

struct State {
    /// cell; place on the line
    place: u32,
}

alias Action = u32;
/// 0 left, 1 right
const ACTION_COUNT: u32 = 2u;

alias Observation = u32;
/// cell; place on the line
const OBSERVATION_COUNT: u32 = LENGTH;

alias GlobalState = array<u32, 1>;
/// bool; the line, a bit at the place
const GLOBAL_STATE_SHAPE: array<u32, 1> = array<u32, 1>(9u);
const GLOBAL_STATE_BITS: u32 = 1u;
const GLOBAL_STATE_LOW: u32 = 0u;
const GLOBAL_STATE_HIGH: u32 = 1u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(params.start);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let place = (*state).place + 2u * action - 1u;
    (*state).place = place;
    return Outcome(select(0.0, 1.0, place == LENGTH - 1u), place == 0u || place == LENGTH - 1u);
}

fn observe(params: Params, state: State) -> Observation {
    return state.place;
}

fn global_state(params: Params, state: State) -> GlobalState {
    return GlobalState(1u << state.place);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return vec3<f32>(uv, f32(state.place) / 64.0);
}
