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

import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_length, math_sin, math_sincos, math_wrap_angle};
import package::shared::outcome::{Outcome};
import package::shared::draw::{
    DRAW_BLUE, DRAW_INK, DRAW_MIST, DRAW_PAPER, DRAW_RED, draw_capsule, draw_circle, draw_cover, draw_over,
    draw_ring, draw_triangle, draw_world,
};

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
    let theta = rng_between(rng, -params.start_angle, params.start_angle);
    let omega = rng_between(rng, -params.start_speed, params.start_speed);
    return State(theta, omega, 0.0);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let theta = math_wrap_angle((*state).theta);
    let omega = (*state).omega;
    let torque = clamp(action[0], -params.max_torque, params.max_torque);
    let cost = theta * theta + params.speed_cost * (omega * omega) + params.torque_cost * (torque * torque);

    // 3 g / (2 l) sin(theta) + 3 / (m l^2) torque over one denominator: one division.
    let lever = params.mass * params.length;
    let acceleration = (1.5 * params.gravity * lever * math_sin(theta) + 3.0 * torque) / (lever * params.length);
    let new_omega = clamp(omega + acceleration * params.dt, -params.max_speed, params.max_speed);
    // The angle moves with the new velocity.
    *state = State(theta + new_omega * params.dt, new_omega, torque);
    return Outcome(-cost, false);
}

fn observe(params: Params, state: State) -> Observation {
    let sc = math_sincos(state.theta);
    return Observation(sc.y, sc.x, state.omega);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    // Lengths of the rod, the joint at the origin.
    let p = draw_world(uv, vec2<f32>(0.0), vec2<f32>(2.8));
    let edge = 0.014;
    let joint = vec2<f32>(0.0);
    let sc = math_sincos(state.theta);
    let rod = draw_capsule(p, joint, vec2<f32>(-sc.x, sc.y), 0.09);

    // The torque: an arc over the joint, half as wide as `span`, its head on the side it turns to.
    // q is p mirrored so that the head is on the right; (span.x, span.y) points to the arc's end.
    let strength = state.torque / params.max_torque;
    let span = math_sincos(2.2 * abs(strength));
    let q = vec2<f32>(select(p.x, -p.x, strength > 0.0), p.y);
    let folded = vec2<f32>(abs(q.x), q.y);
    let within = folded.x * span.y < folded.y * span.x;
    let arc = select(math_length(folded - 0.45 * span), abs(math_length(q) - 0.45), within);
    let ahead = vec2<f32>(span.y, -span.x);
    let head = draw_triangle(q, 0.36 * span, 0.54 * span, 0.45 * span + 0.15 * ahead);
    let shown = select(0.0, 1.0, abs(strength) > 0.01);

    var color = draw_over(DRAW_PAPER, DRAW_MIST, draw_cover(draw_ring(p, joint, 1.0, 0.012), edge));
    color = draw_over(color, DRAW_RED, draw_cover(rod, edge));
    color = draw_over(color, DRAW_BLUE, shown * draw_cover(min(arc - 0.025, head), edge));
    return draw_over(color, DRAW_INK, draw_cover(draw_circle(p, joint, 0.045), edge));
}
