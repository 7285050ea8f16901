//! Revolute joints with motors and limits, for `physics2d`, as in Box2D 2.3: a joint is one block of two equations, of
//! three where a limit is reached.

import package::shared::math::{math_sincos};
import package::shared::physics2d::{
    PHYSICS2D_SLOP, Physics2dBodies, Physics2dJoint, Physics2dJointImpulse, Physics2dJoints, physics2d_around,
    physics2d_cross, physics2d_inverse, physics2d_times, physics2d_turned,
};

/// rad; how far a joint may turn beyond its limit
const JOINT2D_SLOP: f32 = 0.034906585;
/// rad; most that a round of position correction turns
const JOINT2D_CORRECTION: f32 = 0.13962634;

/// A joint as the rounds of a step need it.
struct Joint2dRow {
    /// m; from the first body's centre to the joint
    arm_a: vec2<f32>,
    /// m; from the second body's centre to the joint
    arm_b: vec2<f32>,
    /// kg; inverse of the response of the anchors: xx, xy, yy
    point: vec3<f32>,
    /// 1/m; how much of the anchors' impulse an impulse of the limit makes unnecessary
    share: vec2<f32>,
    /// kg m^2; of the angle while the anchors hold
    held: f32,
    /// kg m^2; of the angle alone
    axial: f32,
    /// 1; -1 at the lower limit, 1 at the upper one, else 0
    side: f32,
}

alias Joint2dRows = array<Joint2dRow, SCENE_JOINTS>;

/// The angle of a joint, rad.
fn joint2d_angle(bodies: ptr<function, Physics2dBodies>, joint: u32) -> f32 {
    let j = SCENE_JOINT[joint];
    return (*bodies)[j.b].angle - (*bodies)[j.a].angle - j.reference;
}

/// How fast the angle of a joint grows, rad/s.
fn joint2d_speed(bodies: ptr<function, Physics2dBodies>, joint: u32) -> f32 {
    let j = SCENE_JOINT[joint];
    return (*bodies)[j.b].spin - (*bodies)[j.a].spin;
}

/// Response of a joint's anchors to an impulse between them: xx, xy, yy.
fn joint2d_response(j: Physics2dJoint, arm_a: vec2<f32>, arm_b: vec2<f32>) -> vec3<f32> {
    let a = SCENE_INVERSE[j.a];
    let b = SCENE_INVERSE[j.b];
    return vec3<f32>(
        a.x + b.x + a.y * arm_a.y * arm_a.y + b.y * arm_b.y * arm_b.y,
        -a.y * arm_a.x * arm_a.y - b.y * arm_b.x * arm_b.y,
        a.x + b.x + a.y * arm_a.x * arm_a.x + b.y * arm_b.x * arm_b.x,
    );
}

/// Makes a joint ready for the rounds and applies what it did in the step before.
fn joint2d_begin(
    bodies: ptr<function, Physics2dBodies>,
    joints: ptr<function, Physics2dJoints>,
    joint: u32,
) -> Joint2dRow {
    let j = SCENE_JOINT[joint];
    let a = SCENE_INVERSE[j.a];
    let b = SCENE_INVERSE[j.b];
    var row = Joint2dRow();
    row.arm_a = physics2d_turned(math_sincos((*bodies)[j.a].angle), j.anchor_a);
    row.arm_b = physics2d_turned(math_sincos((*bodies)[j.b].angle), j.anchor_b);
    let k = joint2d_response(j, row.arm_a, row.arm_b);
    row.point = physics2d_inverse(k);
    row.axial = 1.0 / (a.y + b.y);
    // The block of three, by its Schur complement at the angle.
    let coupling = vec2<f32>(-a.y * row.arm_a.y - b.y * row.arm_b.y, a.y * row.arm_a.x + b.y * row.arm_b.x);
    row.share = physics2d_times(row.point, coupling);
    row.held = 1.0 / (a.y + b.y - dot(coupling, row.share));
    let angle = joint2d_angle(bodies, joint);
    row.side = select(select(0.0, 1.0, angle >= j.upper), -1.0, angle <= j.lower);

    var old = (*joints)[joint];
    // An impulse of the other limit, or of one that is left, is forgotten.
    old.limit = select(0.0, old.limit, old.limit * row.side < 0.0);
    (*joints)[joint] = old;
    let turning = old.motor + old.limit;
    (*bodies)[j.a].velocity -= a.x * old.point;
    (*bodies)[j.a].spin -= a.y * (physics2d_cross(row.arm_a, old.point) + turning);
    (*bodies)[j.b].velocity += b.x * old.point;
    (*bodies)[j.b].spin += b.y * (physics2d_cross(row.arm_b, old.point) + turning);
    return row;
}

/// One round over a joint: motor, then limit and anchors together. `drive` is the motor's speed (rad/s) and the most
/// that its impulse comes to (N m s).
fn joint2d_round(
    bodies: ptr<function, Physics2dBodies>,
    joints: ptr<function, Physics2dJoints>,
    rows: ptr<function, Joint2dRows>,
    joint: u32,
    drive: vec2<f32>,
) {
    let row = (*rows)[joint];
    let j = SCENE_JOINT[joint];
    let a = SCENE_INVERSE[j.a];
    let b = SCENE_INVERSE[j.b];
    let old = (*joints)[joint];
    var spin_a = (*bodies)[j.a].spin;
    var spin_b = (*bodies)[j.b].spin;

    let motor = clamp(old.motor - row.axial * (spin_b - spin_a - drive.x), -drive.y, drive.y);
    spin_a -= a.y * (motor - old.motor);
    spin_b += b.y * (motor - old.motor);

    let velocity_a = (*bodies)[j.a].velocity;
    let velocity_b = (*bodies)[j.b].velocity;
    let gap = velocity_a + physics2d_around(spin_a, row.arm_a) - velocity_b - physics2d_around(spin_b, row.arm_b);
    let turn = spin_a - spin_b;
    // The limit only pushes away; where it would pull, it lets go.
    let change = row.held * (spin_a - spin_b - dot(row.share, gap));
    let turning = select(-old.limit, change, (old.limit + change) * row.side < 0.0);
    let push = physics2d_times(row.point, gap) - turning * row.share;
    (*bodies)[j.a].velocity = velocity_a - a.x * push;
    (*bodies)[j.a].spin = spin_a - a.y * (physics2d_cross(row.arm_a, push) + turning);
    (*bodies)[j.b].velocity = velocity_b + b.x * push;
    (*bodies)[j.b].spin = spin_b + b.y * (physics2d_cross(row.arm_b, push) + turning);
    (*joints)[joint] = Physics2dJointImpulse(old.point + push, old.limit + turning, motor);
}

/// One round of position correction of a joint; whether it is within its tolerances.
fn joint2d_correct(bodies: ptr<function, Physics2dBodies>, joint: u32, side: f32) -> bool {
    let j = SCENE_JOINT[joint];
    let a = SCENE_INVERSE[j.a];
    let b = SCENE_INVERSE[j.b];
    var angle_a = (*bodies)[j.a].angle;
    var angle_b = (*bodies)[j.b].angle;
    let angle = angle_b - angle_a - j.reference;
    // How far beyond the limit, counted outwards.
    let beyond = select(angle - j.upper, j.lower - angle, side < 0.0);
    let excess = select(0.0, clamp(beyond - JOINT2D_SLOP, 0.0, JOINT2D_CORRECTION), side != 0.0);
    let turn = -side * excess / (a.y + b.y);
    angle_a -= a.y * turn;
    angle_b += b.y * turn;
    let turned = side == 0.0 || beyond <= JOINT2D_SLOP;

    let arm_a = physics2d_turned(math_sincos(angle_a), j.anchor_a);
    let arm_b = physics2d_turned(math_sincos(angle_b), j.anchor_b);
    let gap = (*bodies)[j.b].center + arm_b - (*bodies)[j.a].center - arm_a;
    let push = -physics2d_times(physics2d_inverse(joint2d_response(j, arm_a, arm_b)), gap);
    (*bodies)[j.a].center -= a.x * push;
    (*bodies)[j.a].angle = angle_a - a.y * physics2d_cross(arm_a, push);
    (*bodies)[j.b].center += b.x * push;
    (*bodies)[j.b].angle = angle_b + b.y * physics2d_cross(arm_b, push);
    return turned && dot(gap, gap) <= PHYSICS2D_SLOP * PHYSICS2D_SLOP;
}
