//! WindyReach-v0: steer a boat across a river to the far quay while a gusty wind pushes it sideways.
//!
//! # Source
//! An example of a user's own environment; load it with `make_from_file`, no rebuild needed.
//! # Reward
//! Every step: minus the distance to the quay and minus a tenth of the squared thrust; 10 more on arrival.
//! # Start
//! On the near bank, x uniform in [-start_spread, start_spread], at rest.
//! # End
//! Terminated within 0.1 m of the quay or outside the river; truncated after 200 steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_between, rng_normal};
import package::shared::math::{math_length};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 200u;

struct Params {
    /// m/s^2; standard deviation of the wind's push across the river
    wind: f32,
    /// 1/s; friction of the water
    drag: f32,
    /// m; half the width of the start distribution
    start_spread: f32,
}
const DEFAULT_PARAMS: Params = Params(0.5, 0.5, 0.8);
const PARAMS_LOW: Params = Params(0.0, 0.1, 0.0);
const PARAMS_HIGH: Params = Params(3.0, 2.0, 1.0);

struct State {
    /// m; position across (x) and along the way (y), the quay is at (0, 1)
    position: vec2<f32>,
    /// m/s; velocity
    velocity: vec2<f32>,
}

alias Action = array<f32, 2>;
/// m/s^2; thrust in x and y
const ACTION_LOW: array<f32, 2> = array<f32, 2>(-1.0, -1.0);
const ACTION_HIGH: array<f32, 2> = array<f32, 2>(1.0, 1.0);

struct Observation {
    /// m; from the boat to the quay
    offset: vec2<f32>,
    /// m/s; velocity
    velocity: vec2<f32>,
}
const OBSERVATION_LOW: f32 = -3.4028234e38;
const OBSERVATION_HIGH: f32 = 3.4028234e38;

const QUAY: vec2<f32> = vec2<f32>(0.0, 1.0);
/// s; time between two states
const TAU: f32 = 0.05;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let x = rng_between(rng, -params.start_spread, params.start_spread);
    return State(vec2<f32>(x, -1.0), vec2<f32>(0.0));
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let thrust = clamp(vec2<f32>(action[0], action[1]), vec2<f32>(-1.0), vec2<f32>(1.0));
    let gust = vec2<f32>(params.wind * rng_normal(rng), 0.0);
    let velocity = (*state).velocity + TAU * (thrust + gust - params.drag * (*state).velocity);
    let position = (*state).position + TAU * velocity;
    *state = State(position, velocity);
    let distance = math_length(QUAY - position);
    let arrived = distance < 0.1;
    let lost = abs(position.x) > 1.5 || abs(position.y) > 1.5;
    let reward = select(0.0, 10.0, arrived) - distance - 0.1 * dot(thrust, thrust);
    return Outcome(reward, arrived || lost);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(QUAY - state.position, state.velocity);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let at = vec2<f32>(uv.x - 0.5, 0.5 - uv.y) * 3.0;
    let quay = math_length(at - QUAY) < 0.1;
    let boat = math_length(at - state.position) < 0.06;
    let river = vec3<f32>(0.35, 0.55, 0.8);
    return select(select(river, vec3<f32>(0.3, 0.7, 0.3), quay), vec3<f32>(0.9, 0.9, 0.85), boat);
}
