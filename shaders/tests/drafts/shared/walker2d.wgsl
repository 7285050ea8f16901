//! The two-legged walker: a hull, two legs of two parts, four motors.
//!
//! As in Gymnasium's BipedalWalker. The importing file declares `SCENE_LEG` (m; half the length of a part of a leg),
//! `Params` with `gravity`, `friction`, `motor_torque`, `hip_speed`, `knee_speed`, and a `State` with `heights`, `bodies`,
//! `joints`, `touches` and `feet`, and the function `scene_contacts`, which is `ground2d_contacts` or its like. Left is the leg of
//! the first two actions.

import package::shared::math::{math_sincos};
import package::shared::draw::{DRAW_BLUE, DRAW_INK, draw_accent, draw_cover, draw_edge, draw_over, draw_turned_box};
import package::shared::physics2d::{
    Physics2dBody, Physics2dJoint, Physics2dJointImpulse, Physics2dManifolds, Physics2dTouch, physics2d_step,
    physics2d_turned,
};
import package::shared::joint2d::{joint2d_angle, joint2d_speed};
import package::shared::collide2d::{Collide2dShape};
import package::shared::ground2d::{ground2d_standing};

/// s; length of a step
const WALKER2D_DT: f32 = 0.02;
/// m; half the widths of the upper and of the lower part of a leg
const WALKER2D_UPPER_WIDTH: f32 = 0.13333334;
const WALKER2D_LOWER_WIDTH: f32 = 0.10666667;
/// m; the hull's centre of mass, from where its position is counted
const WALKER2D_CENTER: vec2<f32> = vec2<f32>(-0.02003643, -0.00564663);
const WALKER2D_HIP: vec2<f32> = vec2<f32>(0.02003643, -0.26102004);
const WALKER2D_KNEE: vec2<f32> = vec2<f32>(0.0, -SCENE_LEG);
const WALKER2D_TOP: vec2<f32> = vec2<f32>(0.0, SCENE_LEG);
/// 1/kg and 1/(kg m^2); boxes of 1 kg/m^2
const WALKER2D_UPPER_MASS: f32 = 4.0 * WALKER2D_UPPER_WIDTH * SCENE_LEG;
const WALKER2D_LOWER_MASS: f32 = 4.0 * WALKER2D_LOWER_WIDTH * SCENE_LEG;
const WALKER2D_UPPER: vec2<f32> = vec2<f32>(
    1.0 / WALKER2D_UPPER_MASS,
    3.0 / (WALKER2D_UPPER_MASS * (WALKER2D_UPPER_WIDTH * WALKER2D_UPPER_WIDTH + SCENE_LEG * SCENE_LEG)),
);
const WALKER2D_LOWER: vec2<f32> = vec2<f32>(
    1.0 / WALKER2D_LOWER_MASS,
    3.0 / (WALKER2D_LOWER_MASS * (WALKER2D_LOWER_WIDTH * WALKER2D_LOWER_WIDTH + SCENE_LEG * SCENE_LEG)),
);

// In the order in which Box2D solves them. Bodies: right lower leg, right upper leg, hull, left upper leg, left lower
// leg. Joints: right knee, right hip, left hip, left knee.
const WALKER2D_HULL: u32 = 2u;
const SCENE_BODIES: u32 = 5u;
const SCENE_JOINTS: u32 = 4u;
const SCENE_VERTICES: u32 = 5u;
const SCENE_SLOTS: u32 = 4u;
const SCENE_CONTACTS: u32 = 16u;
const SCENE_CONTACT_BODY: array<u32, SCENE_CONTACTS> =
    array<u32, SCENE_CONTACTS>(0u, 0u, 0u, 0u, 1u, 1u, 1u, 1u, 3u, 3u, 3u, 3u, 4u, 4u, 4u, 4u);
const SCENE_CONTACTS_FREE: array<u32, SCENE_JOINTS> = array<u32, SCENE_JOINTS>(4u, 8u, 8u, 16u);
const SCENE_INVERSE: array<vec2<f32>, SCENE_BODIES> = array<vec2<f32>, SCENE_BODIES>(
    WALKER2D_LOWER,
    WALKER2D_UPPER,
    vec2<f32>(0.18442623, 0.50015125),
    WALKER2D_UPPER,
    WALKER2D_LOWER,
);
const SCENE_JOINT: array<Physics2dJoint, SCENE_JOINTS> = array<Physics2dJoint, SCENE_JOINTS>(
    Physics2dJoint(1u, 0u, WALKER2D_KNEE, WALKER2D_TOP, 0.0, -1.6, -0.1),
    Physics2dJoint(2u, 1u, WALKER2D_HIP, WALKER2D_TOP, 0.05, -0.8, 1.1),
    Physics2dJoint(2u, 3u, WALKER2D_HIP, WALKER2D_TOP, -0.05, -0.8, 1.1),
    Physics2dJoint(3u, 4u, WALKER2D_KNEE, WALKER2D_TOP, 0.0, -1.6, -0.1),
);
const WALKER2D_SIDES: array<vec2<f32>, SCENE_VERTICES> = array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(0.0, -1.0),
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0),
);
const WALKER2D_LOWER_SHAPE: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(-WALKER2D_LOWER_WIDTH, -SCENE_LEG),
    vec2<f32>(WALKER2D_LOWER_WIDTH, -SCENE_LEG),
    vec2<f32>(WALKER2D_LOWER_WIDTH, SCENE_LEG),
    vec2<f32>(-WALKER2D_LOWER_WIDTH, SCENE_LEG),
    vec2<f32>(0.0),
), WALKER2D_SIDES);
const WALKER2D_UPPER_SHAPE: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(-WALKER2D_UPPER_WIDTH, -SCENE_LEG),
    vec2<f32>(WALKER2D_UPPER_WIDTH, -SCENE_LEG),
    vec2<f32>(WALKER2D_UPPER_WIDTH, SCENE_LEG),
    vec2<f32>(-WALKER2D_UPPER_WIDTH, SCENE_LEG),
    vec2<f32>(0.0),
), WALKER2D_SIDES);
const WALKER2D_HULL_SHAPE: Collide2dShape = Collide2dShape(5u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(1.1533698, -0.26102004),
    vec2<f32>(1.1533698, 0.03897996),
    vec2<f32>(0.22003643, 0.30564663),
    vec2<f32>(-0.97996357, 0.30564663),
    vec2<f32>(-0.97996357, -0.26102004),
), array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.27472113, 0.96152395),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0, -1.0),
));
const SCENE_SHAPE: array<Collide2dShape, SCENE_BODIES> = array<Collide2dShape, SCENE_BODIES>(
    WALKER2D_LOWER_SHAPE,
    WALKER2D_UPPER_SHAPE,
    WALKER2D_HULL_SHAPE,
    WALKER2D_UPPER_SHAPE,
    WALKER2D_LOWER_SHAPE,
);

/// Puts the walker on the ground at `place`, the hull pushed by `force` (N) to the right during the first step.
fn walker2d_stand(state: ptr<function, State>, place: vec2<f32>, force: f32) {
    let hull = place + vec2<f32>(0.0, 4.0 * SCENE_LEG);
    let hip = hull.y + 0.26666668;
    let knee = vec2<f32>(place.x, hip - SCENE_LEG);
    let foot = vec2<f32>(place.x, hip - 3.0 * SCENE_LEG);
    let push = vec2<f32>(force * WALKER2D_DT * SCENE_INVERSE[WALKER2D_HULL].x, 0.0);
    let still = vec2<f32>(0.0);
    (*state).bodies[0] = Physics2dBody(foot, 0.05, still, 0.0);
    (*state).bodies[1] = Physics2dBody(knee, 0.05, still, 0.0);
    (*state).bodies[2] = Physics2dBody(hull + WALKER2D_CENTER, 0.0, push, 0.0);
    (*state).bodies[3] = Physics2dBody(knee, -0.05, still, 0.0);
    (*state).bodies[4] = Physics2dBody(foot, -0.05, still, 0.0);
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
    let hull = (*state).bodies[WALKER2D_HULL];
    return hull.center - physics2d_turned(math_sincos(hull.angle), WALKER2D_CENTER);
}

/// A step of the physics; `action` is a share of the largest torque for left hip, left knee, right hip, right knee.
/// Whether the hull touched the ground at its beginning, which is when contacts are looked for.
fn walker2d_advance(params: Params, state: ptr<function, State>, action: array<f32, 4>) -> bool {
    var manifolds: Physics2dManifolds;
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        manifolds[i].count = 0u;
    }
    for (var i = 0u; i < SCENE_CONTACTS; i += SCENE_SLOTS) {
        scene_contacts(state, &manifolds, SCENE_CONTACT_BODY[i], i, true);
    }
    let fallen = scene_contacts(state, &manifolds, WALKER2D_HULL, 0u, false);
    let left = ground2d_standing(state, &manifolds, 12u, ((*state).feet & 1u) != 0u);
    let right = ground2d_standing(state, &manifolds, 0u, ((*state).feet & 2u) != 0u);
    (*state).feet = select(0u, 1u, left) | select(0u, 2u, right);

    var bodies = (*state).bodies;
    var joints = (*state).joints;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        bodies[i].velocity.y -= WALKER2D_DT * params.gravity;
    }
    let torque = params.motor_torque;
    let drives = array<vec2<f32>, SCENE_JOINTS>(
        vec2<f32>(params.knee_speed * sign(action[3]), torque * min(abs(action[3]), 1.0)),
        vec2<f32>(params.hip_speed * sign(action[2]), torque * min(abs(action[2]), 1.0)),
        vec2<f32>(params.hip_speed * sign(action[0]), torque * min(abs(action[0]), 1.0)),
        vec2<f32>(params.knee_speed * sign(action[1]), torque * min(abs(action[1]), 1.0)),
    );
    physics2d_step(&bodies, &joints, &manifolds, drives, params.friction, WALKER2D_DT);
    (*state).bodies = bodies;
    (*state).joints = joints;
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        var touch = Physics2dTouch();
        if manifolds[i].count > 0u {
            touch = Physics2dTouch(manifolds[i].key, manifolds[i].normal_impulse, manifolds[i].tangent_impulse);
        }
        (*state).touches[i] = touch;
    }
    return fallen;
}

/// What the walker feels of its left and right leg: hip angle (rad), hip speed (4 rad/s), knee angle + 1 (rad), knee speed
/// (6 rad/s), 1 where the foot stands.
fn walker2d_legs(state: ptr<function, State>) -> array<f32, 10> {
    var bodies = (*state).bodies;
    return array<f32, 10>(
        joint2d_angle(&bodies, 2u),
        0.25 * joint2d_speed(&bodies, 2u),
        joint2d_angle(&bodies, 3u) + 1.0,
        0.16666667 * joint2d_speed(&bodies, 3u),
        f32((*state).feet & 1u),
        joint2d_angle(&bodies, 1u),
        0.25 * joint2d_speed(&bodies, 1u),
        joint2d_angle(&bodies, 0u) + 1.0,
        0.16666667 * joint2d_speed(&bodies, 0u),
        f32((*state).feet >> 1u),
    );
}

/// `color` with the walker over it at the point `p`, m; edges as soft as `edge`, m.
fn walker2d_over(state: ptr<function, State>, p: vec2<f32>, color: vec3<f32>, edge: f32) -> vec3<f32> {
    var out = color;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        let body = (*state).bodies[i];
        let sc = math_sincos(body.angle);
        var shape = 0.0;
        if i == WALKER2D_HULL {
            shape = -1e9;
            for (var j = 0u; j < SCENE_VERTICES; j += 1u) {
                let a = body.center + physics2d_turned(sc, WALKER2D_HULL_SHAPE.vertices[j]);
                let b = body.center + physics2d_turned(sc, WALKER2D_HULL_SHAPE.vertices[(j + 1u) % SCENE_VERTICES]);
                shape = max(shape, draw_edge(p, b, a));
            }
        } else {
            let upper = i == 1u || i == 3u;
            let half_size = vec2<f32>(select(WALKER2D_LOWER_WIDTH, WALKER2D_UPPER_WIDTH, upper), SCENE_LEG);
            shape = draw_turned_box(p, body.center, half_size, sc.yx);
        }
        let tint = select(select(draw_accent(1u), draw_accent(2u), i < 2u), DRAW_BLUE, i == WALKER2D_HULL);
        out = draw_over(out, DRAW_INK, draw_cover(shape, edge));
        out = draw_over(out, tint, draw_cover(shape + 0.05, edge));
    }
    return out;
}
