//! POPGym/PositionOnlyPendulumEasy-v0: swing a rod up and hold it without seeing how fast it turns, maybe through noise.
//!
//! # Source
//! Morad et al. 2023, "POPGym: Benchmarking Partially Observable Reinforcement Learning"; rules and rewards as in popgym
//! 1.0.7, envs/position_only_pendulum and noisy_position_only_pendulum, on Pendulum as in Gymnasium 1.4. The noisy one is
//! the same with a standard deviation above 0, and is a variant here.
//! # Reward
//! (1 - cost / 8.1368022) / time_limit with the cost of Pendulum-v1, theta^2 + speed_cost * omega^2 + torque_cost * torque^2
//! of the state before the step. With the default costs it is between -1 and 1, each divided by time_limit.
//! # Start
//! Angle uniform in [-start_angle, start_angle], angular velocity uniform in [-start_speed, start_speed].
//! # End
//! Never terminated; truncated by the rules after `time_limit` steps.
//! # Version
//! v0: easy, 200 steps. With noise, normal and new for every observation, observations are clipped to [-1, 1]. The angle
//! is brought back to [-pi, pi) before each step, as in Pendulum-v1 here.
//! # Variants
//! - POPGym/PositionOnlyPendulumMedium-v0: DEFAULT_PARAMS.time_limit = 150u; 150 steps
//! - POPGym/PositionOnlyPendulumHard-v0: DEFAULT_PARAMS.time_limit = 100u; 100 steps
//! - POPGym/NoisyPositionOnlyPendulumEasy-v0: DEFAULT_PARAMS.noise = 0.1; 200 steps with noise of 0.1
//! - POPGym/NoisyPositionOnlyPendulumMedium-v0: DEFAULT_PARAMS.noise = 0.2; 200 steps with noise of 0.2
//! - POPGym/NoisyPositionOnlyPendulumHard-v0: DEFAULT_PARAMS.noise = 0.3; 200 steps with noise of 0.3
import package::shared::rng::{Rng};
import package::shared::math::{math_sincos};
import package::shared::noise::{noise_renew};
import package::shared::pendulum::{pendulum_picture, pendulum_point, pendulum_start, pendulum_step};
import package::shared::draw::{DRAW_ORANGE, draw_cover, draw_over, draw_ring};

const MAX_EPISODE_STEPS: u32 = 0u;
/// 1; half the largest cost with the default costs, by which rewards are scaled, as in the reference
const HALF_COST: f32 = 8.1368022;

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
    /// steps; after that many the episode is truncated
    time_limit: u32,
    /// 1; standard deviation of the noise on both observed numbers
    noise: f32,
}

const DEFAULT_PARAMS: Params = Params(10.0, 1.0, 1.0, 0.05, 2.0, 8.0, 0.1, 0.001, 3.1415927, 1.0, 200u, 0.0);
const PARAMS_LOW: Params = Params(5.0, 0.5, 0.5, 0.01, 1.0, 4.0, 0.0, 0.0, 0.0, 0.0, 10u, 0.0);
const PARAMS_HIGH: Params = Params(15.0, 2.0, 1.5, 0.1, 2.0, 8.0, 1.0, 0.1, 3.1415927, 4.0, 1000u, 0.5);

struct State {
    /// rad; angle from upright, counter-clockwise is positive
    theta: f32,
    /// rad/s; angular velocity
    omega: f32,
    /// N m; clipped torque of the last step, 0 at the start; only the picture needs it
    torque: f32,
    /// 1; noise on the observation of this state
    noise: vec2<f32>,
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
}

const OBSERVATION_LOW: Observation = Observation(-1.0, -1.0);
const OBSERVATION_HIGH: Observation = Observation(1.0, 1.0);

struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; never
    terminated: bool,
    /// bool; the time is up
    truncated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    pendulum_start(params, &state, rng);
    noise_renew(params, &state, rng);
    return state;
}

fn step(
    params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>, elapsed: u32,
) -> Outcome {
    let cost = pendulum_step(params, state, action[0]);
    noise_renew(params, state, rng);
    let reward = (1.0 - cost / HALF_COST) / f32(i32(params.time_limit));
    return Outcome(reward, false, elapsed + 1u >= params.time_limit);
}

fn observe(params: Params, state: State) -> Observation {
    let sc = math_sincos(state.theta);
    let seen = clamp(sc.yx + state.noise, vec2<f32>(-1.0), vec2<f32>(1.0));
    return Observation(seen.x, seen.y);
}

/// The rod, and an orange ring where the noise shows its tip.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let seen = observe(params, state);
    let ring = draw_ring(pendulum_point(uv), vec2<f32>(-seen.sin, seen.cos), 0.12, 0.03);
    let colour = pendulum_picture(params, state, uv);
    return draw_over(colour, DRAW_ORANGE, select(0.0, draw_cover(ring, 0.014), params.noise > 0.0));
}
