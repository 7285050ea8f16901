//! POPGym/PositionOnlyCartPoleEasy-v0: balance a pole on a cart without seeing how fast they move, maybe through noise.
//!
//! # Source
//! Morad et al. 2023, "POPGym: Benchmarking Partially Observable Reinforcement Learning"; rules and rewards as in popgym
//! 1.0.7, envs/position_only_cartpole and noisy_position_only_cartpole, on CartPole as in Gymnasium 1.4. The noisy one is
//! the same with a standard deviation above 0, and is a variant here.
//! # Reward
//! 1 / time_limit for every step, the one that ends the episode included. popgym means -1 for that one, but asks for it by
//! a reward of 0, which CartPole gives only behind the end.
//! # Start
//! Position, velocity, angle and angular velocity each uniform in [-start_spread, start_spread].
//! # End
//! Terminated when the cart leaves +-x_threshold or the pole leaves +-theta_threshold; truncated by the rules after
//! `time_limit` steps, and then both may be set.
//! # Version
//! v0: easy, 200 steps. With noise, normal and new for every observation, observations are clipped to their bounds.
//! # Variants
//! - POPGym/PositionOnlyCartPoleMedium-v0: DEFAULT_PARAMS.time_limit = 400u; 400 steps
//! - POPGym/PositionOnlyCartPoleHard-v0: DEFAULT_PARAMS.time_limit = 600u; 600 steps
//! - POPGym/NoisyPositionOnlyCartPoleEasy-v0: DEFAULT_PARAMS.noise = 0.1; 200 steps with noise of 0.1 m and 0.1 rad
//! - POPGym/NoisyPositionOnlyCartPoleMedium-v0: DEFAULT_PARAMS.noise = 0.2; 200 steps with noise of 0.2 m and 0.2 rad
//! - POPGym/NoisyPositionOnlyCartPoleHard-v0: DEFAULT_PARAMS.noise = 0.3; 200 steps with noise of 0.3 m and 0.3 rad
import package::shared::rng::{Rng};
import package::shared::noise::{noise_renew};
import package::shared::cart_pole::{
    cart_pole_picture, cart_pole_point, cart_pole_rod, cart_pole_start, cart_pole_step, cart_pole_unit,
};
import package::shared::draw::{DRAW_RED, draw_cover, draw_outline, draw_over};

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
    /// m, rad; standard deviation of the noise on both observed numbers
    noise: f32,
}

const DEFAULT_PARAMS: Params = Params(9.8, 1.0, 0.1, 0.5, 10.0, 0.02, 2.4, 0.20943951, 0.05, 200u, 0.0);
// Every mixture of this box keeps the last state of an episode within the observation bounds.
const PARAMS_LOW: Params = Params(5.0, 0.5, 0.05, 0.3, 5.0, 0.01, 1.2, 0.1, 0.0, 10u, 0.0);
const PARAMS_HIGH: Params = Params(15.0, 2.0, 0.2, 1.0, 15.0, 0.025, 2.4, 0.20943951, 0.1, 1000u, 0.5);

struct State {
    /// m; position of the cart from the centre, right is positive
    x: f32,
    /// m/s; velocity of the cart
    x_dot: f32,
    /// rad; angle of the pole from upright, clockwise is positive
    theta: f32,
    /// rad/s; angular velocity of the pole
    theta_dot: f32,
    /// m, rad; noise on the observation of this state
    noise: vec2<f32>,
}

alias Action = u32;
/// 0 push left, 1 push right
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// m; position of the cart from the centre
    x: f32,
    /// rad; angle of the pole from upright
    theta: f32,
}

const OBSERVATION_LOW: Observation = Observation(-4.8, -0.41887903);
const OBSERVATION_HIGH: Observation = Observation(4.8, 0.41887903);

struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the cart has left its track or the pole has fallen
    terminated: bool,
    /// bool; the time is up
    truncated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    cart_pole_start(params, &state, rng);
    noise_renew(params, &state, rng);
    return state;
}

fn step(
    params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>, elapsed: u32,
) -> Outcome {
    let fallen = cart_pole_step(params, state, action == 1u);
    noise_renew(params, state, rng);
    return Outcome(1.0 / f32(i32(params.time_limit)), fallen, elapsed + 1u >= params.time_limit);
}

fn observe(params: Params, state: State) -> Observation {
    let x = clamp(state.x + state.noise.x, OBSERVATION_LOW.x, OBSERVATION_HIGH.x);
    let theta = clamp(state.theta + state.noise.y, OBSERVATION_LOW.theta, OBSERVATION_HIGH.theta);
    return Observation(x, theta);
}

/// The track, and in red the outline of the pole as the noise shows it.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let colour = cart_pole_picture(params, state, uv);
    let unit = cart_pole_unit(params);
    let seen = observe(params, state);
    let ghost = draw_outline(cart_pole_rod(params, cart_pole_point(params, uv), seen.x, seen.theta), 0.02 * unit);
    return draw_over(colour, DRAW_RED, select(0.0, draw_cover(ghost, 0.016 * unit), params.noise > 0.0));
}
