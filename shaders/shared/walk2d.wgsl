//! The task of the walkers: observation, reward, end and picture, as in Gymnasium's BipedalWalker.
//!
//! The importing file takes a body (`biped2d`, `quadruped2d`) and ground, declares what `walker2d` asks for, and a `State` with
//! `lidar` besides. Of the ground it asks `scene_contacts` (contacts of a body), `scene_ray` (where a ray meets it) and
//! `scene_over` (its picture), which are those of `obstacles2d` or made of `ground2d`.

import package::shared::math::{math_sincos};
import package::shared::draw::{DRAW_PAPER, DRAW_RED, draw_capsule, draw_cover, draw_over, draw_world};
import package::shared::walker2d::{
    WALKER2D_BLOWN_UP, WALKER2D_UP, Walker2dSetup, walker2d_advance, walker2d_hull, walker2d_legs, walker2d_over, walker2d_stand,
};

/// m; a step of the ground in Gymnasium's tracks, the unit of the sizes of obstacles
const WALK2D_STEP: f32 = 0.46666667;
/// m; height of the ground at the start
const WALK2D_GROUND: f32 = 3.3333333;
/// m; the walker begins in the middle of 20 flat steps
const WALK2D_START: f32 = 0.5 * WALK2D_STEP * 20.0;
/// m; the end of the track
const WALK2D_GOAL: f32 = 88.666664;
/// m; how far the lidar sees
const WALK2D_RANGE: f32 = 5.3333335;
const WALK2D_RAYS: u32 = 10u;

struct Walk2dObservation {
    /// rad; the hull's angle
    angle: f32,
    /// 25 rad/s; the hull's angular velocity
    spin: f32,
    /// 8.3 m/s and 12.5 m/s; the hull's velocity
    velocity: vec2<f32>,
    /// 1; for each leg: hip angle (rad), hip speed (1/4 rad/s), knee angle + 1 (rad), knee speed (1/6 rad/s), 1 where it stands
    legs: array<f32, SCENE_FELT>,
    /// 1; shares of 5.33 m that ten rays go before they meet the ground, from straight down to 77 degrees forward
    lidar: array<f32, 10>,
}

/// What a transition comes to.
struct Walk2dEnd {
    /// 1; of this step
    reward: f32,
    /// bool; whether the episode is over
    terminated: bool,
    /// bool; whether that is because the physics has lost hold of the bodies
    blown_up: u32,
}

/// Puts the walker on the pad with a push (N); the reference makes a step without motors before the first observation.
fn walk2d_begin(state: ptr<function, State>, setup: Walker2dSetup, push: f32) {
    walker2d_stand(state, vec2<f32>(WALK2D_START, WALK2D_GROUND), push);
    walker2d_advance(state, setup, array<f32, SCENE_JOINTS>());
    walk2d_look(state);
}

/// A transition; `torque_cost` is the price of each N m of the motors.
fn walk2d_step(
    state: ptr<function, State>,
    setup: Walker2dSetup,
    torque_cost: f32,
    action: array<f32, SCENE_JOINTS>,
) -> Walk2dEnd {
    let before = walker2d_hull(state).x;
    let leaned = abs((*state).bodies[SCENE_HULL].angle);
    let end = walker2d_advance(state, setup, action);
    walk2d_look(state);
    let x = walker2d_hull(state).x;
    var effort = 0.0;
    for (var i = 0u; i < SCENE_JOINTS; i += 1u) {
        effort += min(abs(action[i]), 1.0);
    }
    let forward = 4.3333335 * (x - before) - 5.0 * (abs((*state).bodies[SCENE_HULL].angle) - leaned);
    let lost = end != WALKER2D_UP || x < 0.0;
    let reward = select(forward - torque_cost * setup.motor_torque * effort, -100.0, lost);
    return Walk2dEnd(reward, lost || x > WALK2D_GOAL, select(0u, 1u, end == WALKER2D_BLOWN_UP));
}

/// The path of a ray of the lidar.
fn walk2d_path(ray: u32) -> vec2<f32> {
    let sc = math_sincos(0.15 * f32(ray));
    return WALK2D_RANGE * vec2<f32>(sc.x, -sc.y);
}

/// Measures the lidar's shares anew.
fn walk2d_look(state: ptr<function, State>) {
    let origin = walker2d_hull(state);
    for (var i = 0u; i < WALK2D_RAYS; i += 1u) {
        (*state).lidar[i] = scene_ray(state, origin, walk2d_path(i));
    }
}

fn walk2d_observe(state: ptr<function, State>) -> Walk2dObservation {
    let hull = (*state).bodies[SCENE_HULL];
    var out = Walk2dObservation();
    out.angle = hull.angle;
    out.spin = 0.04 * hull.spin;
    out.velocity = vec2<f32>(0.12, 0.08) * hull.velocity;
    out.legs = walker2d_legs(state);
    out.lidar = (*state).lidar;
    return out;
}

/// 20 m of the track, the hull at a fifth; higher and lower parts of the track where the hull is there.
fn walk2d_pixel(state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let hull = walker2d_hull(state);
    let rise = hull.y - clamp(hull.y, 3.0, 10.0);
    let p = draw_world(uv, vec2<f32>(hull.x + 6.0, 6.6666665 + rise), vec2<f32>(20.0, 13.333333));
    let edge = 0.06;
    var color = scene_over(state, p, DRAW_PAPER, edge);
    for (var i = 0u; i < WALK2D_RAYS; i += 1u) {
        let beam = draw_capsule(p, hull, hull + walk2d_path(i) * (*state).lidar[i], 0.02);
        color = draw_over(color, DRAW_RED, 0.35 * draw_cover(beam, edge));
    }
    return walker2d_over(state, p, color, edge);
}
