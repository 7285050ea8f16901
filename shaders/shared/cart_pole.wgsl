//! A pole hinged on a cart that is pushed left or right: start, step and picture.
//!
//! As in Gymnasium's CartPole. The importing file declares `Params` and `State` as CartPole-v1 does, maybe with more members.

import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_sincos};
import package::shared::draw::{
    DRAW_BLUE, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, draw_box, draw_capsule, draw_circle,
    draw_cover, draw_over, draw_world,
};

/// Every field uniform in [-start_spread, start_spread]. Four draws.
fn cart_pole_start(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    let spread = params.start_spread;
    (*state).x = rng_between(rng, -spread, spread);
    (*state).x_dot = rng_between(rng, -spread, spread);
    (*state).theta = rng_between(rng, -spread, spread);
    (*state).theta_dot = rng_between(rng, -spread, spread);
}

/// A push to the right or to the left for one step; whether the cart has left its track or the pole has fallen.
fn cart_pole_step(params: Params, state: ptr<function, State>, right: bool) -> bool {
    let x_dot = (*state).x_dot;
    let theta_dot = (*state).theta_dot;
    let sc = math_sincos((*state).theta);
    let mass = params.mass_cart + params.mass_pole;
    let moment = params.mass_pole * params.half_length;
    let push = select(-params.force, params.force, right) + moment * (theta_dot * theta_dot) * sc.x;

    // The reference divides by the mass twice and by the pole's effective inertia once. Both
    // fractions expanded by the mass leave one division, 1 / (mass * inertia), in single precision
    // still within a few units in the last place.
    let inertia = params.half_length * (mass * (4.0 / 3.0) - params.mass_pole * (sc.y * sc.y));
    let inverse = 1.0 / (mass * inertia);
    let theta_acc = (mass * params.gravity * sc.x - sc.y * push) * (mass * inverse);
    let x_acc = (push - moment * sc.y * theta_acc) * (inertia * inverse);

    // Explicit Euler: positions move with the old velocities.
    let x = (*state).x + params.tau * x_dot;
    let theta = (*state).theta + params.tau * theta_dot;
    (*state).x = x;
    (*state).x_dot = x_dot + params.tau * x_acc;
    (*state).theta = theta;
    (*state).theta_dot = theta_dot + params.tau * theta_acc;
    return (abs(x) > params.x_threshold) | (abs(theta) > params.theta_threshold);
}

/// Decoration and soft edges scale with the width of the track.
fn cart_pole_unit(params: Params) -> f32 {
    return params.x_threshold / 2.4;
}

/// Point of the picture in metres, the axle at height 0.
fn cart_pole_point(params: Params, uv: vec2<f32>) -> vec2<f32> {
    let unit = cart_pole_unit(params);
    return draw_world(uv, vec2<f32>(0.0, 0.75 * unit), vec2<f32>(4.8, 3.2) * unit);
}

/// Distance to a pole that leans by `theta` on a cart at `x`.
fn cart_pole_rod(params: Params, p: vec2<f32>, x: f32, theta: f32) -> f32 {
    let axle = vec2<f32>(x, 0.0);
    let sc = math_sincos(theta);
    let tip = axle + vec2<f32>(sc.x, sc.y) * (2.0 * params.half_length);
    return draw_capsule(p, axle, tip, 0.04 * cart_pole_unit(params));
}

/// The whole track with the cart and the pole; 3 : 2.
fn cart_pole_picture(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let unit = cart_pole_unit(params);
    let p = cart_pole_point(params, uv);
    let edge = 0.016 * unit;
    let axle = vec2<f32>(state.x, 0.0);
    let wheel = vec2<f32>(abs(p.x - state.x), p.y);
    let rail = vec2<f32>(0.0, -0.32 * unit);

    var color = draw_over(DRAW_PAPER, DRAW_MIST, draw_cover(p.y - rail.y, edge));
    color = draw_over(color, DRAW_GREY, draw_cover(draw_box(p, rail, vec2<f32>(3.0, 0.015) * unit), edge));
    color = draw_over(color, DRAW_GREY, draw_cover(draw_box(p, rail, vec2<f32>(0.01, 0.07) * unit), edge));
    let body = draw_box(p, axle - vec2<f32>(0.0, 0.09 * unit), vec2<f32>(0.26, 0.13) * unit);
    color = draw_over(color, DRAW_INK, draw_cover(body - 0.02 * unit, edge));
    let tyre = draw_circle(wheel, vec2<f32>(0.15, -0.24) * unit, 0.065 * unit);
    color = draw_over(color, DRAW_GREY, draw_cover(tyre, edge));
    color = draw_over(color, DRAW_ORANGE, draw_cover(cart_pole_rod(params, p, state.x, state.theta), edge));
    return draw_over(color, DRAW_BLUE, draw_cover(draw_circle(p, axle, 0.045 * unit), edge));
}
