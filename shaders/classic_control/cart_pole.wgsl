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

import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_sincos};
import package::shared::outcome::{Outcome};
import package::shared::draw::{
    DRAW_BLUE, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, draw_box, draw_capsule, draw_circle,
    draw_cover, draw_over, draw_world,
};

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
    let spread = params.start_spread;
    let x = rng_between(rng, -spread, spread);
    let x_dot = rng_between(rng, -spread, spread);
    let theta = rng_between(rng, -spread, spread);
    let theta_dot = rng_between(rng, -spread, spread);
    return State(x, x_dot, theta, theta_dot);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let now = *state;
    let sc = math_sincos(now.theta);
    let mass = params.mass_cart + params.mass_pole;
    let moment = params.mass_pole * params.half_length;
    let push = select(-params.force, params.force, action == 1u) + moment * (now.theta_dot * now.theta_dot) * sc.x;

    // The reference divides by the mass twice and by the pole's effective inertia once. Both
    // fractions expanded by the mass leave one division, 1 / (mass * inertia), in single precision
    // still within a few units in the last place.
    let inertia = params.half_length * (mass * (4.0 / 3.0) - params.mass_pole * (sc.y * sc.y));
    let inverse = 1.0 / (mass * inertia);
    let theta_acc = (mass * params.gravity * sc.x - sc.y * push) * (mass * inverse);
    let x_acc = (push - moment * sc.y * theta_acc) * (inertia * inverse);

    // Explicit Euler: positions move with the old velocities.
    let x = now.x + params.tau * now.x_dot;
    let theta = now.theta + params.tau * now.theta_dot;
    *state = State(x, now.x_dot + params.tau * x_acc, theta, now.theta_dot + params.tau * theta_acc);
    return Outcome(1.0, (abs(x) > params.x_threshold) | (abs(theta) > params.theta_threshold));
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.x, state.x_dot, state.theta, state.theta_dot);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    // Metres, the axle at height 0; decoration and soft edges scale with the width of the track.
    let unit = params.x_threshold / 2.4;
    let p = draw_world(uv, vec2<f32>(0.0, 0.75 * unit), vec2<f32>(4.8, 3.2) * unit);
    let edge = 0.016 * unit;
    let axle = vec2<f32>(state.x, 0.0);
    let sc = math_sincos(state.theta);
    let tip = axle + vec2<f32>(sc.x, sc.y) * (2.0 * params.half_length);
    let wheel = vec2<f32>(abs(p.x - state.x), p.y);
    let rail = vec2<f32>(0.0, -0.32 * unit);

    var color = draw_over(DRAW_PAPER, DRAW_MIST, draw_cover(p.y - rail.y, edge));
    color = draw_over(color, DRAW_GREY, draw_cover(draw_box(p, rail, vec2<f32>(3.0, 0.015) * unit), edge));
    color = draw_over(color, DRAW_GREY, draw_cover(draw_box(p, rail, vec2<f32>(0.01, 0.07) * unit), edge));
    let body = draw_box(p, axle - vec2<f32>(0.0, 0.09 * unit), vec2<f32>(0.26, 0.13) * unit);
    color = draw_over(color, DRAW_INK, draw_cover(body - 0.02 * unit, edge));
    let tyre = draw_circle(wheel, vec2<f32>(0.15, -0.24) * unit, 0.065 * unit);
    color = draw_over(color, DRAW_GREY, draw_cover(tyre, edge));
    color = draw_over(color, DRAW_ORANGE, draw_cover(draw_capsule(p, axle, tip, 0.04 * unit), edge));
    return draw_over(color, DRAW_BLUE, draw_cover(draw_circle(p, axle, 0.045 * unit), edge));
}
