//! Thermostat-v0: keep a draughty room at 20 degrees with a heater that is on or off.
//!
//! # Source
//! An example of a user's own environment.
//! # Reward
//! Every step: 1 minus the distance from 20 degrees, at least 0; a tenth less while the heater runs.
//! # Start
//! The room uniform in [10, 25] degrees, outside uniform in [-10, 10] degrees.
//! # End
//! Never terminated; truncated after 100 steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_between};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 100u;

struct Params {
    /// K; warming per step by the heater
    heater: f32,
    /// 1; share of the difference to the outside that is lost in a step
    leak: f32,
}
const DEFAULT_PARAMS: Params = Params(1.5, 0.05);
const PARAMS_LOW: Params = Params(0.5, 0.0);
const PARAMS_HIGH: Params = Params(3.0, 0.2);

struct State {
    /// degrees; temperature of the room
    room: f32,
    /// degrees; temperature outside
    outside: f32,
}

alias Action = u32;
/// 0 heater off, 1 heater on
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// degrees; temperature of the room
    room: f32,
    /// degrees; temperature outside
    outside: f32,
}
const OBSERVATION_LOW: f32 = -100.0;
const OBSERVATION_HIGH: f32 = 100.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let room = rng_between(rng, 10.0, 25.0);
    return State(room, rng_between(rng, -10.0, 10.0));
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let heat = select(0.0, params.heater, action == 1u);
    let room = (*state).room + heat - params.leak * ((*state).room - (*state).outside);
    *state = State(clamp(room, -100.0, 100.0), (*state).outside);
    let comfort = max(0.0, 1.0 - abs(room - 20.0));
    return Outcome(comfort - select(0.0, 0.1, action == 1u), false);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.room, state.outside);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let level = clamp((state.room + 10.0) / 40.0, 0.0, 1.0);
    let cold = vec3<f32>(0.2, 0.4, 0.9);
    let warm = vec3<f32>(0.9, 0.3, 0.2);
    return select(vec3<f32>(0.95), cold + (warm - cold) * level, 1.0 - uv.y < level);
}
