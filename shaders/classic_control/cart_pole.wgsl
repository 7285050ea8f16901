//! CartPole-v1: balance a pole hinged on a cart by pushing the cart left or right.
//!
//! # Source
//! Barto, Sutton and Anderson 1983; constants, integrator and order of the updates as in
//! Gymnasium 1.4 classic_control/cartpole.
//! # Reward
//! 1 for every step, the one that ends the episode included.
//! # Start
//! Position, velocity, angle and angular velocity each uniform in [-start_spread, start_spread].
//! # End
//! Terminated when the cart leaves +-x_threshold or the pole leaves +-theta_threshold; truncated after 500 steps.
//! # Version
//! v1: 500 steps.
//! # Variants
//! - CartPole-v0: MAX_EPISODE_STEPS = 200u, REWARD_THRESHOLD = 195.0; the same with a limit of 200 steps.

import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};
import package::shared::cart_pole::{cart_pole_picture, cart_pole_start, cart_pole_step};

const MAX_EPISODE_STEPS: u32 = 500u;
const REWARD_THRESHOLD: f32 = 475.0;
const PIXEL_ASPECT: f32 = 1.5;

struct Params {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// kg; mass of the cart
    mass_cart: f32,
    /// kg; mass of the pole
    mass_pole: f32,
    /// m; half the length of the pole
    half_length: f32,
    /// N; size of the push
    force: f32,
    /// s; time between two states
    tau: f32,
    /// m; the cart may go this far from the centre
    x_threshold: f32,
    /// rad; the pole may lean this far
    theta_threshold: f32,
    /// m, m/s, rad, rad/s; half the width of the start distribution of every field
    start_spread: f32,
}

const DEFAULT_PARAMS: Params = Params(9.8, 1.0, 0.1, 0.5, 10.0, 0.02, 2.4, 0.20943951, 0.05);
// Every mixture of this box keeps the last state of an episode within the observation bounds.
const PARAMS_LOW: Params = Params(5.0, 0.5, 0.05, 0.3, 5.0, 0.01, 1.2, 0.1, 0.0);
const PARAMS_HIGH: Params = Params(15.0, 2.0, 0.2, 1.0, 15.0, 0.025, 2.4, 0.20943951, 0.1);

struct State {
    /// m; position of the cart from the centre, right is positive
    x: f32,
    /// m/s; velocity of the cart
    x_dot: f32,
    /// rad; angle of the pole from upright, clockwise is positive
    theta: f32,
    /// rad/s; angular velocity of the pole
    theta_dot: f32,
}

alias Action = u32;
/// 0 push left, 1 push right
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// m; position of the cart from the centre
    x: f32,
    /// m/s; velocity of the cart
    x_dot: f32,
    /// rad; angle of the pole from upright
    theta: f32,
    /// rad/s; angular velocity of the pole
    theta_dot: f32,
}

const OBSERVATION_LOW: Observation = Observation(-4.8, -3.4028234e38, -0.41887903, -3.4028234e38);
const OBSERVATION_HIGH: Observation = Observation(4.8, 3.4028234e38, 0.41887903, 3.4028234e38);

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    cart_pole_start(params, &state, rng);
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    return Outcome(1.0, cart_pole_step(params, state, action == 1u));
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x, state.x_dot, state.theta, state.theta_dot);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return cart_pole_picture(params, state, uv);
}
