//! A walker: a hull, pairs of legs of two parts each, a motor in each joint.
//!
//! As in Gymnasium's BipedalWalker. What it is made of is told by `biped2d` or `quadruped2d`: what `physics2d` and `collide2d`
//! ask for, `SCENE_HULL` (the hull's number among the bodies; no place for a contact is its own), `SCENE_HULL_CENTER` (m; its
//! centre of mass, from where its position is counted), `SCENE_LEGS`, `SCENE_LEG_PARTS` (for each leg its upper body, lower body,
//! hip and knee, numbered as Box2D solves them), `SCENE_LEG_STARTS` (m; where each leg begins, to the right of the hull),
//! `SCENE_TINTS` (accents of the bodies), `SCENE_FELT` (words that all legs feel) and `SCENE_FEET` (how many feet are reported to
//! stand). The importing file declares `SCENE_LEG` (m; half the length of a part of a leg), a `State` with `bodies`, `joints`,
//! `touches` and `feet`, and the functions `scene_contacts` and `scene_impact`, which are those of
//! `obstacles2d` or made of `ground2d`.

import package::shared::math::{math_sincos};
import package::shared::draw::{DRAW_BLUE, DRAW_INK, draw_accent, draw_cover, draw_edge, draw_over};
import package::shared::physics2d::{
    Physics2dBody, Physics2dJointImpulse, Physics2dManifolds, Physics2dTouch, physics2d_clear, physics2d_note, physics2d_step,
    physics2d_turned,
};
import package::shared::joint2d::{joint2d_angle, joint2d_speed};
import package::shared::touch2d::{touch2d_gather, touch2d_standing};
import package::shared::toi2d::{toi2d_began, toi2d_step};

/// s; length of a step
const WALKER2D_DT: f32 = 0.02;
// What a step comes to.
const WALKER2D_UP: u32 = 0u;
const WALKER2D_DOWN: u32 = 1u;
const WALKER2D_BLOWN_UP: u32 = 2u;
/// 1; words that a leg feels
const WALKER2D_LEG_WORDS: u32 = 5u;

/// Forces and motors.
struct Walker2dSetup {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// N m; largest torque of a motor
    motor_torque: f32,
    /// rad/s; speed of the hips' motors
    hip_speed: f32,
    /// rad/s; speed of the knees' motors
    knee_speed: f32,
    /// 1; friction between legs and ground
    friction: f32,
}

/// Those of the reference with two legs; friction is the root of 0.2 * 2.5.
const WALKER2D_REFERENCE: Walker2dSetup = Walker2dSetup(10.0, 80.0, 4.0, 6.0, 0.70710677);

/// Puts the walker on the ground at `place`, the hull pushed by `force` (N) to the right during the first step.
fn walker2d_stand(state: ptr<function, State>, place: vec2<f32>, force: f32) {
    let hull = place + vec2<f32>(0.0, 4.0 * SCENE_LEG);
    let hip = hull.y + 0.26666668;
    let push = vec2<f32>(force * WALKER2D_DT * SCENE_INVERSE[SCENE_HULL].x, 0.0);
    let still = vec2<f32>(0.0);
    (*state).bodies[SCENE_HULL] = Physics2dBody(hull + SCENE_HULL_CENTER, 0.0, push, 0.0);
    for (var i = 0u; i < SCENE_LEGS; i += 1u) {
        let parts = SCENE_LEG_PARTS[i];
        let x = place.x + SCENE_LEG_STARTS[i];
        let angle = SCENE_JOINT[parts.z].reference;
        (*state).bodies[parts.x] = Physics2dBody(vec2<f32>(x, hip - SCENE_LEG), angle, still, 0.0);
        (*state).bodies[parts.y] = Physics2dBody(vec2<f32>(x, hip - 3.0 * SCENE_LEG), angle, still, 0.0);
    }
    for (var i = 0u; i < SCENE_JOINTS; i += 1u) {
        (*state).joints[i] = Physics2dJointImpulse();
    }
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        (*state).touches[i] = Physics2dTouch();
    }
    (*state).feet = 0u;
}

/// Position of the hull, m; not its centre of mass.
fn walker2d_hull(state: ptr<function, State>) -> vec2<f32> {
    let hull = (*state).bodies[SCENE_HULL];
    return hull.center - physics2d_turned(math_sincos(hull.angle), SCENE_HULL_CENTER);
}

/// A step of the physics; `action` is a share of the largest torque for hip and knee of each leg.
/// Whether the hull touched the ground, or the physics has lost hold of the bodies, which then are at rest at the origin.
fn walker2d_advance(state: ptr<function, State>, setup: Walker2dSetup, action: array<f32, SCENE_JOINTS>) -> u32 {
    var manifolds: Physics2dManifolds;
    touch2d_gather(state, &manifolds);
    let fallen = scene_contacts(state, &manifolds, SCENE_HULL, 0u, false);
    walker2d_report(state, &manifolds, false);

    let before = (*state).bodies;
    var bodies = (*state).bodies;
    var joints = (*state).joints;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        bodies[i].velocity.y -= WALKER2D_DT * setup.gravity;
    }
    var drives = array<vec2<f32>, SCENE_JOINTS>();
    for (var i = 0u; i < SCENE_LEGS; i += 1u) {
        let parts = SCENE_LEG_PARTS[i];
        let hip = action[2u * i];
        let knee = action[2u * i + 1u];
        drives[parts.z] = vec2<f32>(setup.hip_speed * sign(hip), setup.motor_torque * min(abs(hip), 1.0));
        drives[parts.w] = vec2<f32>(setup.knee_speed * sign(knee), setup.motor_torque * min(abs(knee), 1.0));
    }
    let end = physics2d_step(&bodies, &joints, &manifolds, drives, setup.friction, WALKER2D_DT);
    if !end.sound {
        physics2d_clear(state);
        (*state).feet = 0u;
        return WALKER2D_BLOWN_UP;
    }
    (*state).bodies = bodies;
    (*state).joints = joints;
    physics2d_note(state, &manifolds);
    if toi2d_step(state, &manifolds, before, setup.friction, WALKER2D_DT) {
        walker2d_report(state, &manifolds, true);
        physics2d_note(state, &manifolds);
    }
    let down = fallen || scene_impact(state, before[SCENE_HULL], SCENE_HULL) < 1.0;
    return select(WALKER2D_UP, WALKER2D_DOWN, down);
}

/// Notes which feet are reported to stand: in a step, or at its impacts.
fn walker2d_report(state: ptr<function, State>, manifolds: ptr<function, Physics2dManifolds>, impact: bool) {
    var feet = 0u;
    for (var i = 0u; i < SCENE_FEET; i += 1u) {
        // The places of the hull, which has none, are left out.
        let foot = SCENE_LEG_PARTS[i].y;
        let slot = SCENE_SLOTS * (foot - select(0u, 1u, foot > SCENE_HULL));
        let stands = touch2d_standing(state, manifolds, slot, (((*state).feet >> i) & 1u) != 0u);
        feet |= select(0u, 1u << i, stands || (impact && toi2d_began(state, manifolds, slot)));
    }
    (*state).feet = feet;
}

/// What the walker feels of each leg: hip angle (rad), hip speed (4 rad/s), knee angle + 1 (rad), knee speed (6 rad/s), 1 where
/// the foot is reported to stand.
fn walker2d_legs(state: ptr<function, State>) -> array<f32, SCENE_FELT> {
    var bodies = (*state).bodies;
    var out = array<f32, SCENE_FELT>();
    for (var i = 0u; i < SCENE_LEGS; i += 1u) {
        let parts = SCENE_LEG_PARTS[i];
        let first = WALKER2D_LEG_WORDS * i;
        out[first] = joint2d_angle(&bodies, parts.z);
        out[first + 1u] = 0.25 * joint2d_speed(&bodies, parts.z);
        out[first + 2u] = joint2d_angle(&bodies, parts.w) + 1.0;
        out[first + 3u] = 0.16666667 * joint2d_speed(&bodies, parts.w);
        out[first + 4u] = f32(((*state).feet >> i) & 1u);
    }
    return out;
}

/// `color` with the walker over it at the point `p`, m; edges as soft as `edge`, m.
fn walker2d_over(state: ptr<function, State>, p: vec2<f32>, color: vec3<f32>, edge: f32) -> vec3<f32> {
    var out = color;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        let body = (*state).bodies[i];
        let sc = math_sincos(body.angle);
        var shape = -1e9;
        for (var j = 0u; j < SCENE_SHAPE[i].count; j += 1u) {
            let next = select(j + 1u, 0u, j + 1u == SCENE_SHAPE[i].count);
            let a = body.center + physics2d_turned(sc, SCENE_SHAPE[i].vertices[j]);
            let b = body.center + physics2d_turned(sc, SCENE_SHAPE[i].vertices[next]);
            shape = max(shape, draw_edge(p, b, a));
        }
        let tint = select(draw_accent(SCENE_TINTS[i]), DRAW_BLUE, i == SCENE_HULL);
        out = draw_over(out, DRAW_INK, draw_cover(shape, edge));
        out = draw_over(out, tint, draw_cover(shape + 0.05, edge));
    }
    return out;
}
