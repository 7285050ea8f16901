//! Pendulum-v1: swing a rod up and hold it upright with a torque that is too weak to lift it in one go.
//!
//! # Source
//! Gymnasium 1.4 classic_control/pendulum, constants and order of the updates; gravity is 10 there, not 9.8.
//! # Reward
//! -(theta^2 + speed_cost * omega^2 + torque_cost * torque^2) of the state before the step, with theta in
//! [-pi, pi) and the clipped torque.
//! # Start
//! Angle uniform in [-start_angle, start_angle], angular velocity uniform in [-start_speed, start_speed].
//! # End
//! Never terminated; truncated after 200 steps.
//! # Version
//! v1: as in the reference, but the angle is brought back to [-pi, pi) before each step, so that single precision
//! does not wear off with the turns; reward and observation are the same.

import package::shared::rng::{Rng};
import package::shared::math::{math_sincos};
import package::shared::outcome::{Outcome};
import package::shared::pendulum::{pendulum_picture, pendulum_start, pendulum_step};

const MAX_EPISODE_STEPS: u32 = 200u;

struct Params {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// kg; mass of the rod
    mass: f32,
    /// m; length of the rod
    length: f32,
    /// s; time between two states
    dt: f32,
    /// N m; the torque is clipped to this
    max_torque: f32,
    /// rad/s; the angular velocity is clipped to this
    max_speed: f32,
    /// 1; price of a squared rad/s
    speed_cost: f32,
    /// 1; price of a squared N m
    torque_cost: f32,
    /// rad; half the width of the start distribution of the angle
    start_angle: f32,
    /// rad/s; half the width of the start distribution of the angular velocity
    start_speed: f32,
}

const DEFAULT_PARAMS: Params = Params(10.0, 1.0, 1.0, 0.05, 2.0, 8.0, 0.1, 0.001, 3.1415927, 1.0);
// Speed limits stay inside the observation bounds.
const PARAMS_LOW: Params = Params(5.0, 0.5, 0.5, 0.01, 1.0, 4.0, 0.0, 0.0, 0.0, 0.0);
const PARAMS_HIGH: Params = Params(15.0, 2.0, 1.5, 0.1, 2.0, 8.0, 1.0, 0.1, 3.1415927, 4.0);

struct State {
    /// rad; angle from upright, counter-clockwise is positive
    theta: f32,
    /// rad/s; angular velocity
    omega: f32,
    /// N m; clipped torque of the last step, 0 at the start; only the picture needs it
    torque: f32,
}

alias Action = array<f32, 1>;
/// N m; torque at the joint, counter-clockwise is positive
const ACTION_LOW: array<f32, 1> = array<f32, 1>(-2.0);
const ACTION_HIGH: array<f32, 1> = array<f32, 1>(2.0);

struct Observation {
    /// 1; cosine of the angle, height of the tip
    cos: f32,
    /// 1; sine of the angle
    sin: f32,
    /// rad/s; angular velocity
    omega: f32,
}

const OBSERVATION_LOW: Observation = Observation(-1.0, -1.0, -8.0);
const OBSERVATION_HIGH: Observation = Observation(1.0, 1.0, 8.0);

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    pendulum_start(params, &state, rng);
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    return Outcome(-pendulum_step(params, state, action[0]), false);
}

fn observe(params: Params, state: State) -> Observation {
    let sc = math_sincos(state.theta);
    return Observation(sc.y, sc.x, state.omega);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return pendulum_picture(params, state, uv);
}
