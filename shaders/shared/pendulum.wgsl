//! A rod on a joint, swung up by a torque that is too weak to lift it in one go: start, step and picture.
//!
//! As in Gymnasium's Pendulum. The importing file declares `Params` and `State` as Pendulum-v1 does, maybe with more members.

import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_length, math_sin, math_sincos, math_wrap_angle};
import package::shared::draw::{
    DRAW_BLUE, DRAW_INK, DRAW_MIST, DRAW_PAPER, DRAW_RED, draw_capsule, draw_circle, draw_cover, draw_over,
    draw_ring, draw_triangle, draw_world,
};

/// Angle uniform in [-start_angle, start_angle], angular velocity in [-start_speed, start_speed]. Two draws.
fn pendulum_start(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    (*state).theta = rng_between(rng, -params.start_angle, params.start_angle);
    (*state).omega = rng_between(rng, -params.start_speed, params.start_speed);
    (*state).torque = 0.0;
}

/// A torque, clipped, for one step; the cost of the state before it. The angle is brought back to [-pi, pi) first, so
/// that single precision does not wear off with the turns.
fn pendulum_step(params: Params, state: ptr<function, State>, wanted: f32) -> f32 {
    let theta = math_wrap_angle((*state).theta);
    let omega = (*state).omega;
    let torque = clamp(wanted, -params.max_torque, params.max_torque);
    let cost = theta * theta + params.speed_cost * (omega * omega) + params.torque_cost * (torque * torque);

    // 3 g / (2 l) sin(theta) + 3 / (m l^2) torque over one denominator: one division.
    let lever = params.mass * params.length;
    let acceleration = (1.5 * params.gravity * lever * math_sin(theta) + 3.0 * torque) / (lever * params.length);
    let new_omega = clamp(omega + acceleration * params.dt, -params.max_speed, params.max_speed);
    // The angle moves with the new velocity.
    (*state).theta = theta + new_omega * params.dt;
    (*state).omega = new_omega;
    (*state).torque = torque;
    return cost;
}

/// Point of the picture in lengths of the rod, the joint at the origin.
fn pendulum_point(uv: vec2<f32>) -> vec2<f32> {
    return draw_world(uv, vec2<f32>(0.0), vec2<f32>(2.8));
}

/// The rod on the circle of its tip, and an arrow for the torque.
fn pendulum_picture(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let p = pendulum_point(uv);
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
