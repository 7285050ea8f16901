//! POPGym/VelocityOnlyCartPoleEasy-v0: balance a pole on a cart, told only how fast they move and not where they are.
//!
//! # Source
//! Morad et al. 2023, "POPGym: Benchmarking Partially Observable Reinforcement Learning"; rules and rewards as in popgym
//! 1.0.7, envs/velocity_only_cartpole (there VelocityOnlyCartpole), on CartPole as in Gymnasium 1.4.
//! # Reward
//! 1 / time_limit for every step, the one that ends the episode included. popgym means -1 for that one, but asks for it by
//! a reward of 0, which CartPole gives only behind the end.
//! # Start
//! Position, velocity, angle and angular velocity each uniform in [-start_spread, start_spread]. The first observation of an
//! episode is position and angle, as popgym's is.
//! # End
//! Terminated when the cart leaves +-x_threshold or the pole leaves +-theta_threshold; truncated by the rules after
//! `time_limit` steps, and then both may be set.
//! # Version
//! v0: easy, 200 steps.
//! # Variants
//! - POPGym/VelocityOnlyCartPoleMedium-v0: DEFAULT_PARAMS.time_limit = 400u; 400 steps
//! - POPGym/VelocityOnlyCartPoleHard-v0: DEFAULT_PARAMS.time_limit = 600u; 600 steps
import package::shared::rng::{Rng};
import package::shared::math::{math_sincos};
import package::shared::cart_pole::{cart_pole_picture, cart_pole_point, cart_pole_start, cart_pole_step, cart_pole_unit};
import package::shared::draw::{DRAW_GREEN, draw_arrow, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
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
    /// steps; after that many the episode is truncated
    time_limit: u32,
}

const DEFAULT_PARAMS: Params = Params(9.8, 1.0, 0.1, 0.5, 10.0, 0.02, 2.4, 0.20943951, 0.05, 200u);
const PARAMS_LOW: Params = Params(5.0, 0.5, 0.05, 0.3, 5.0, 0.01, 1.2, 0.1, 0.0, 10u);
const PARAMS_HIGH: Params = Params(15.0, 2.0, 0.2, 1.0, 15.0, 0.025, 2.4, 0.20943951, 0.1, 1000u);

struct State {
    /// m; position of the cart from the centre, right is positive
    x: f32,
    /// m/s; velocity of the cart
    x_dot: f32,
    /// rad; angle of the pole from upright, clockwise is positive
    theta: f32,
    /// rad/s; angular velocity of the pole
    theta_dot: f32,
    /// bool; whether a step was made, before which the observation is another one
    moved: u32,
}

alias Action = u32;
/// 0 push left, 1 push right
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// m/s; velocity of the cart; its position (m) before the first step
    x_dot: f32,
    /// rad/s; angular velocity of the pole; its angle (rad) before the first step
    theta_dot: f32,
}

const OBSERVATION_LOW: Observation = Observation(-3.4028234e38, -3.4028234e38);
const OBSERVATION_HIGH: Observation = Observation(3.4028234e38, 3.4028234e38);

struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the cart has left its track or the pole has fallen
    terminated: bool,
    /// bool; the time is up
    truncated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    cart_pole_start(params, &state, rng);
    return state;
}

fn step(
    params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>, elapsed: u32,
) -> Outcome {
    let fallen = cart_pole_step(params, state, action == 1u);
    (*state).moved = 1u;
    return Outcome(1.0 / f32(i32(params.time_limit)), fallen, elapsed + 1u >= params.time_limit);
}

fn observe(params: Params, state: State) -> Observation {
    let first = state.moved == 0u;
    return Observation(select(state.x_dot, state.x, first), select(state.theta_dot, state.theta, first));
}

/// The track, and as arrows what the agent is told: how the cart and the tip of the pole move.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let unit = cart_pole_unit(params);
    let p = cart_pole_point(params, uv);
    let colour = cart_pole_picture(params, state, uv);
    let axle = vec2<f32>(state.x, 0.0);
    let sc = math_sincos(state.theta);
    let tip = axle + vec2<f32>(sc.x, sc.y) * (2.0 * params.half_length);
    // Half a second of motion.
    let turn = params.half_length * state.theta_dot * vec2<f32>(sc.y, -sc.x);
    let spin = draw_arrow(p, tip, tip + turn, 0.03 * unit);
    let below = axle - vec2<f32>(0.0, 0.55 * unit);
    let drive = draw_arrow(p, below, below + vec2<f32>(0.5 * state.x_dot, 0.0), 0.03 * unit);
    return draw_over(colour, DRAW_GREEN, draw_cover(min(spin, drive), 0.016 * unit));
}
