//! The task of the lunar lander: what it starts from, sees and is paid for, when it is over, and how it looks.
//!
//! As in Gymnasium's LunarLander. The importing file declares `Params` and `State` as LunarLander-v3 does.

import package::shared::rng::{Rng, rng_between};
import package::shared::math::{MATH_LARGEST, math_length, math_sincos};
import package::shared::draw::{
    DRAW_BLUE, DRAW_GREY, DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_RED, draw_below, draw_capsule, draw_cover,
    draw_edge, draw_over, draw_triangle, draw_turned_box, draw_world,
};
import package::shared::physics2d::{physics2d_turned};
import package::shared::ground2d::{ground2d_edge, ground2d_point};
import package::shared::lander2d::{
    LANDER2D_DT, LANDER2D_HALF, LANDER2D_HULL, LANDER2D_HULL_SHAPE, LANDER2D_LEG, LANDER2D_PAD, lander2d_advance,
    lander2d_hull, lander2d_start,
};

struct Landing2dObservation {
    /// 10 m and 6.67 m; position from the pad
    position: vec2<f32>,
    /// 5 m/s and 7.5 m/s; velocity
    velocity: vec2<f32>,
    /// rad; angle, counter-clockwise is positive
    angle: f32,
    /// 2.5 rad/s; angular velocity
    spin: f32,
    /// bool; whether the legs stand
    legs: vec2<f32>,
}

// The reference says 2.5 for places, 10 for speeds and two turns for the angle, and can exceed them.
const LANDING2D_HIGH: Landing2dObservation = Landing2dObservation(
    vec2<f32>(MATH_LARGEST),
    vec2<f32>(MATH_LARGEST),
    MATH_LARGEST,
    MATH_LARGEST,
    vec2<f32>(1.0),
);
const LANDING2D_LOW: Landing2dObservation = Landing2dObservation(
    vec2<f32>(-MATH_LARGEST),
    vec2<f32>(-MATH_LARGEST),
    -MATH_LARGEST,
    -MATH_LARGEST,
    vec2<f32>(0.0),
);

/// What a step came to.
struct Landing2dEnd {
    /// 1; of this step
    reward: f32,
    /// bool; whether the episode is over
    terminated: bool,
    /// bool; whether that is because the physics has lost hold of the bodies
    blown_up: u32,
}

fn landing2d_start(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    lander2d_start(params, state, rng);
    // The reference makes a step without engines before the first observation.
    lander2d_advance(params, state, 0.0, 0.0);
    landing2d_scatter(state, rng);
}

/// Draws how the next step's engines scatter.
fn landing2d_scatter(state: ptr<function, State>, rng: ptr<function, Rng>) {
    let x = rng_between(rng, -1.0, 1.0);
    (*state).scatter = vec2<f32>(x, rng_between(rng, -1.0, 1.0));
}

/// A step with both engines, as `lander2d_fire` has them.
fn landing2d_step(params: Params, state: ptr<function, State>, main: f32, side: f32, rng: ptr<function, Rng>) -> Landing2dEnd {
    let before = landing2d_potential(state);
    let end = lander2d_advance(params, state, main, side);
    landing2d_scatter(state, rng);
    let change = landing2d_potential(state) - before - 0.3 * main - 0.03 * abs(side);
    let lost = end.crashed || end.blown_up || abs(landing2d_view(state)[0]) >= 1.0;
    let asleep = (*state).asleep != 0u;
    let reward = select(select(change, -100.0, lost), 100.0, asleep);
    return Landing2dEnd(reward, lost || asleep, select(0u, 1u, end.blown_up));
}

/// What an observation tells of the hull: position, velocity, angle, angular velocity, scaled.
fn landing2d_view(state: ptr<function, State>) -> array<f32, 6> {
    let hull = (*state).bodies[LANDER2D_HULL];
    let place = (lander2d_hull(state) - vec2<f32>(LANDER2D_HALF.x, LANDER2D_PAD + 0.6)) / LANDER2D_HALF;
    let velocity = LANDER2D_DT * LANDER2D_HALF * hull.velocity;
    return array<f32, 6>(place.x, place.y, velocity.x, velocity.y, hull.angle, 0.4 * hull.spin);
}

/// What the reward is the change of.
fn landing2d_potential(state: ptr<function, State>) -> f32 {
    let view = landing2d_view(state);
    let apart = math_length(vec2<f32>(view[0], view[1])) + math_length(vec2<f32>(view[2], view[3])) + abs(view[4]);
    return 10.0 * f32(countOneBits((*state).legs)) - 100.0 * apart;
}

fn landing2d_observe(state: ptr<function, State>) -> Landing2dObservation {
    let view = landing2d_view(state);
    let legs = vec2<f32>(f32((*state).legs & 1u), f32((*state).legs >> 1u));
    return Landing2dObservation(vec2<f32>(view[0], view[1]), vec2<f32>(view[2], view[3]), view[4], view[5], legs);
}

/// The picture: the whole world.
fn landing2d_picture(state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let p = draw_world(uv, LANDER2D_HALF, 2.0 * LANDER2D_HALF);
    let edge = 0.06;
    let k = ground2d_edge(p.x);
    let v1 = ground2d_point(state, k);
    let v2 = ground2d_point(state, k + 1u);
    let slope = (v2.y - v1.y) / SCENE_GROUND_STEP;
    let ground = draw_below(p, v1.y + slope * (p.x - v1.x), slope);
    var color = draw_over(DRAW_PAPER, DRAW_GREY, draw_cover(ground, edge));
    for (var i = 0u; i < 2u; i += 1u) {
        let pole = vec2<f32>(8.0 + 4.0 * f32(i), LANDER2D_PAD);
        let top = pole + vec2<f32>(0.0, 1.6);
        color = draw_over(color, DRAW_INK, draw_cover(draw_capsule(p, pole, top, 0.03), edge));
        let flag = draw_triangle(p, top, top - vec2<f32>(0.0, 0.4), top + vec2<f32>(0.8, -0.2));
        color = draw_over(color, DRAW_RED, draw_cover(flag, edge));
    }
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        let body = (*state).bodies[i];
        let sc = math_sincos(body.angle);
        var shape = draw_turned_box(p, body.center, LANDER2D_LEG, sc.yx);
        if i == LANDER2D_HULL {
            shape = -1e9;
            for (var j = 0u; j < SCENE_VERTICES; j += 1u) {
                let a = body.center + physics2d_turned(sc, LANDER2D_HULL_SHAPE.vertices[j]);
                let b = body.center + physics2d_turned(sc, LANDER2D_HULL_SHAPE.vertices[(j + 1u) % SCENE_VERTICES]);
                shape = max(shape, draw_edge(p, b, a));
            }
        }
        let standing = ((*state).legs & select(2u, 1u, i == 2u)) != 0u && i != LANDER2D_HULL;
        color = draw_over(color, select(DRAW_BLUE, DRAW_ORANGE, standing), draw_cover(shape, edge));
    }
    return color;
}
