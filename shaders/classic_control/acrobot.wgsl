//! Acrobot-v1: swing the tip of a two-link pendulum above a line with a motor at the middle joint only.
//!
//! # Source
//! Sutton 1996, with the equations of the book by Sutton and Barto, not of the paper; constants as in
//! Gymnasium 1.4 classic_control/acrobot.
//! # Reward
//! -1 for every step, 0 for the one that reaches the line.
//! # Start
//! Both angles and both angular velocities uniform in [-start_spread, start_spread].
//! # End
//! Terminated when -cos(theta_1) - cos(theta_1 + theta_2) > goal_height; truncated after 500 steps.
//! # Version
//! v1: 500 steps, angles observed as cosine and sine. The optional torque noise of the reference, off by
//! default, is left out.

import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_cos, math_sincos, math_wrap_angle};
import package::shared::outcome::{Outcome};
import package::shared::draw::{
    DRAW_BLUE, DRAW_GREEN, DRAW_INK, DRAW_PAPER, DRAW_RED, DRAW_SKY, DRAW_YELLOW, draw_capsule, draw_circle,
    draw_cover, draw_outline, draw_over, draw_world,
};

const MAX_EPISODE_STEPS: u32 = 500u;
const REWARD_THRESHOLD: f32 = -100.0;

struct Params {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// N m; torque of the motor
    torque: f32,
    /// kg; mass of the upper link
    mass_1: f32,
    /// kg; mass of the lower link
    mass_2: f32,
    /// m; length of the upper link
    length_1: f32,
    /// m; length of the lower link, seen only in the picture
    length_2: f32,
    /// m; centre of mass of the upper link from its joint
    centre_1: f32,
    /// m; centre of mass of the lower link from its joint
    centre_2: f32,
    /// kg m^2; moment of inertia of either link
    inertia: f32,
    /// s; time between two states, one Runge-Kutta step
    dt: f32,
    /// rad/s; the angular velocity of the upper link is clipped to this
    max_speed_1: f32,
    /// rad/s; the angular velocity of the lower link is clipped to this
    max_speed_2: f32,
    /// 1; height of the goal above the upper joint, for links of length 1
    goal_height: f32,
    /// rad, rad/s; half the width of the start distribution of every field
    start_spread: f32,
}

const DEFAULT_PARAMS: Params =
    Params(9.8, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 1.0, 0.2, 12.566371, 28.274334, 1.0, 0.1);
// Speed limits stay inside the observation bounds.
const PARAMS_LOW: Params =
    Params(5.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.5, 0.05, 6.0, 12.0, 0.5, 0.0);
const PARAMS_HIGH: Params =
    Params(15.0, 2.0, 2.0, 2.0, 1.5, 1.5, 0.75, 0.75, 2.0, 0.2, 12.566371, 28.274334, 1.5, 0.5);

struct State {
    /// rad; angle of the upper link, 0 hanging down, counter-clockwise is positive
    theta_1: f32,
    /// rad; angle of the lower link relative to the upper
    theta_2: f32,
    /// rad/s; angular velocity of the upper link
    omega_1: f32,
    /// rad/s; angular velocity of the lower link relative to the upper
    omega_2: f32,
}

alias Action = u32;
/// 0 torque -1, 1 no torque, 2 torque +1 on the lower link, in units of `torque`
const ACTION_COUNT: u32 = 3u;

struct Observation {
    /// 1; cosine of theta_1
    cos_1: f32,
    /// 1; sine of theta_1
    sin_1: f32,
    /// 1; cosine of theta_2
    cos_2: f32,
    /// 1; sine of theta_2
    sin_2: f32,
    /// rad/s; angular velocity of the upper link
    omega_1: f32,
    /// rad/s; angular velocity of the lower link
    omega_2: f32,
}

const OBSERVATION_LOW: Observation = Observation(-1.0, -1.0, -1.0, -1.0, -12.566371, -28.274334);
const OBSERVATION_HIGH: Observation = Observation(1.0, 1.0, 1.0, 1.0, 12.566371, 28.274334);

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let spread = params.start_spread;
    let theta_1 = rng_between(rng, -spread, spread);
    let theta_2 = rng_between(rng, -spread, spread);
    let omega_1 = rng_between(rng, -spread, spread);
    let omega_2 = rng_between(rng, -spread, spread);
    return State(theta_1, theta_2, omega_1, omega_2);
}

/// What the four evaluations of a step share. With c = cos(theta_2) the mass matrix is
/// ((upper + lower + 2 coupling c, lower + coupling c), (lower + coupling c, lower)),
/// and its determinant shrinks to upper * lower - (coupling c)^2.
struct Links {
    lower: f32,
    upper: f32,
    coupling: f32,
    determinant: f32,
    weight_1: f32,
    weight_2: f32,
    torque: f32,
}

fn prepare(params: Params, action: Action) -> Links {
    let lower = params.mass_2 * (params.centre_2 * params.centre_2) + params.inertia;
    let upper = params.mass_1 * (params.centre_1 * params.centre_1)
        + params.mass_2 * (params.length_1 * params.length_1) + params.inertia;
    let weight_1 = (params.mass_1 * params.centre_1 + params.mass_2 * params.length_1) * params.gravity;
    let weight_2 = params.mass_2 * params.centre_2 * params.gravity;
    let coupling = params.mass_2 * params.length_1 * params.centre_2;
    return Links(lower, upper, coupling, upper * lower, weight_1, weight_2, (f32(action) - 1.0) * params.torque);
}

/// Angular accelerations: the 2x2 system of the book solved by Cramer's rule, one division.
/// sin(theta_1 + theta_2) comes from the sines and cosines at hand; cos(x - pi/2) is sin(x).
fn acceleration(links: Links, angles: vec2<f32>, omegas: vec2<f32>) -> vec2<f32> {
    let sc1 = math_sincos(angles.x);
    let sc2 = math_sincos(angles.y);
    let coupling_sin = links.coupling * sc2.x;
    let coupling_cos = links.coupling * sc2.y;
    let fall_2 = links.weight_2 * (sc1.x * sc2.y + sc1.y * sc2.x);
    let drive_1 = coupling_sin * (omegas.y * (omegas.y + 2.0 * omegas.x)) - links.weight_1 * sc1.x - fall_2;
    let drive_2 = links.torque - coupling_sin * (omegas.x * omegas.x) - fall_2;
    let mixed = links.lower + coupling_cos;
    let inverse = 1.0 / (links.determinant - coupling_cos * coupling_cos);
    let first = links.lower * drive_1 - mixed * drive_2;
    let second = (links.upper + coupling_cos + mixed) * drive_2 - mixed * drive_1;
    return vec2<f32>(first, second) * inverse;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let links = prepare(params, action);
    let angles = vec2<f32>((*state).theta_1, (*state).theta_2);
    let omegas = vec2<f32>((*state).omega_1, (*state).omega_2);

    // Runge-Kutta of order four; the rate of the angles in stage k is the velocity of stage k.
    let half = 0.5 * params.dt;
    let a1 = acceleration(links, angles, omegas);
    let w2 = omegas + half * a1;
    let a2 = acceleration(links, angles + half * omegas, w2);
    let w3 = omegas + half * a2;
    let a3 = acceleration(links, angles + half * w2, w3);
    let w4 = omegas + params.dt * a3;
    let a4 = acceleration(links, angles + params.dt * w3, w4);
    let sixth = params.dt * (1.0 / 6.0);
    let new_angles = angles + sixth * (omegas + 2.0 * (w2 + w3) + w4);
    let new_omegas = omegas + sixth * (a1 + 2.0 * (a2 + a3) + a4);

    let theta_1 = math_wrap_angle(new_angles.x);
    let theta_2 = math_wrap_angle(new_angles.y);
    *state = State(
        theta_1,
        theta_2,
        clamp(new_omegas.x, -params.max_speed_1, params.max_speed_1),
        clamp(new_omegas.y, -params.max_speed_2, params.max_speed_2),
    );
    let reached = -math_cos(theta_1) - math_cos(theta_1 + theta_2) > params.goal_height;
    return Outcome(select(-1.0, 0.0, reached), reached);
}

fn observe(params: Params, state: State) -> Observation {
    let sc1 = math_sincos(state.theta_1);
    let sc2 = math_sincos(state.theta_2);
    return Observation(sc1.y, sc1.x, sc2.y, sc2.x, state.omega_1, state.omega_2);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    // Metres, the upper joint at the origin, room for the stretched links on every side.
    let reach = params.length_1 + params.length_2;
    let p = draw_world(uv, vec2<f32>(0.0), vec2<f32>(2.2 * reach));
    let edge = 0.01 * reach;
    let sc1 = math_sincos(state.theta_1);
    let sc12 = math_sincos(state.theta_1 + state.theta_2);
    let elbow = vec2<f32>(sc1.x, -sc1.y) * params.length_1;
    let tip = elbow + vec2<f32>(sc12.x, -sc12.y) * params.length_2;
    // The goal counts heights in links of length 1.
    let above = params.goal_height * (0.5 * reach) - p.y;

    var color = draw_over(DRAW_PAPER, DRAW_GREEN, 0.12 * draw_cover(above, edge));
    color = draw_over(color, DRAW_GREEN, draw_cover(draw_outline(above, 0.012 * reach), edge));
    color = draw_over(color, DRAW_BLUE, draw_cover(draw_capsule(p, vec2<f32>(0.0), elbow, 0.045 * reach), edge));
    color = draw_over(color, DRAW_SKY, draw_cover(draw_capsule(p, elbow, tip, 0.038 * reach), edge));
    color = draw_over(color, DRAW_INK, draw_cover(draw_circle(p, vec2<f32>(0.0), 0.03 * reach), edge));
    color = draw_over(color, DRAW_YELLOW, draw_cover(draw_circle(p, elbow, 0.03 * reach), edge));
    return draw_over(color, DRAW_RED, draw_cover(draw_circle(p, tip, 0.024 * reach), edge));
}
