//! Rigid bodies in the plane: joints with motors and limits, contacts with what does not move, solved one after the other.
//!
//! The algorithm is that of Box2D 2.3 (Catto 2005): impulses of the step before are applied again, velocities are solved
//! constraint by constraint, positions are moved along, and what still overlaps or gapes is corrected. Bodies and joints
//! are numbered in the order in which Box2D visits them, because rounds end before everything has settled.
//!
//! What a scene is made of is told by the importing file, in constants, so that all loops have fixed bounds:
//! `SCENE_BODIES`, `SCENE_JOINTS`, `SCENE_SLOTS` (contacts of a body with different pieces of ground),
//! `SCENE_CONTACTS_FREE` (how many contacts belong to bodies that no joint behind this one holds, for each joint),
//! `SCENE_INVERSE` (1/kg and 1/(kg m^2) of each body), `SCENE_JOINT` (a `Physics2dJoint` each),
//! `SCENE_VELOCITY_ROUNDS` and `SCENE_POSITION_ROUNDS`; and a `State` with `bodies`, `joints` and `touches`.

import package::shared::math::{math_length};
import package::shared::joint2d::{Joint2dRows, joint2d_begin, joint2d_correct, joint2d_round};
import package::shared::contact2d::{
    CONTACT2D_BAUMGARTE, Contact2dRows, contact2d_begin, contact2d_correct, contact2d_round,
};

/// m; overlap that is left alone
const PHYSICS2D_SLOP: f32 = 0.005;
/// m; all polygons and edges are rounded by half of this, so touching starts here
const PHYSICS2D_SKIN: f32 = 0.02;
/// m; most that a body moves in a step
const PHYSICS2D_TRANSLATION: f32 = 2.0;
/// rad; most that a body turns in a step
const PHYSICS2D_ROTATION: f32 = 1.5707964;
/// 1; the word of 10,000, a hundred times the largest speed that Box2D moves bodies at. Places beyond it (m) are told to 1 mm
/// at best, which is a fifth of the slop.
const PHYSICS2D_BOUND: u32 = 0x461c4000u;

/// Where a body is and how it moves.
struct Physics2dBody {
    /// m; centre of mass
    center: vec2<f32>,
    /// rad; counter-clockwise
    angle: f32,
    /// m/s; of the centre of mass
    velocity: vec2<f32>,
    /// rad/s; angular velocity
    spin: f32,
}

/// A revolute joint, with a motor and limits.
struct Physics2dJoint {
    /// 1; number of the first body
    a: u32,
    /// 1; number of the second body
    b: u32,
    /// m; where the joint sits in the first body, from its centre of mass
    anchor_a: vec2<f32>,
    /// m; where the joint sits in the second body, from its centre of mass
    anchor_b: vec2<f32>,
    /// rad; what the second body is turned against the first at a joint angle of 0
    reference: f32,
    /// rad; smallest angle of the joint
    lower: f32,
    /// rad; largest angle of the joint
    upper: f32,
}

/// What a joint did in a step; the next one begins with it.
struct Physics2dJointImpulse {
    /// N s; keeps the anchors together, on the second body
    point: vec2<f32>,
    /// N m s; keeps the angle within its limits
    limit: f32,
    /// N m s; of the motor
    motor: f32,
}

/// What a contact did in a step; the next one begins with it, if its points are still the same.
struct Physics2dTouch {
    /// 1; piece of ground and features of both points, 0 where nothing touches
    key: u32,
    /// N s; along the normal, of both points
    normal: vec2<f32>,
    /// N s; along the ground, of both points
    tangent: vec2<f32>,
}

/// A contact of a body with a piece of ground, at one or two points.
struct Physics2dManifold {
    /// 1; points, 0 where nothing touches
    count: u32,
    /// 1; piece of ground and features of both points
    key: u32,
    /// 1; whether the reference face belongs to the body
    on_body: bool,
    /// 1; outward normal of the reference face, in the frame of its owner
    face_normal: vec2<f32>,
    /// m; a point of the reference face, in the frame of its owner
    face_point: vec2<f32>,
    /// m; first point, in the frame of the other
    first: vec2<f32>,
    /// m; second point, in the frame of the other
    second: vec2<f32>,
    /// 1; from the ground to the body, in the world
    normal: vec2<f32>,
    /// m; from the body's centre to the first point
    arm: vec2<f32>,
    /// m; from the body's centre to the second point
    other_arm: vec2<f32>,
    /// N s; along the normal
    normal_impulse: vec2<f32>,
    /// N s; along the ground, which is the normal turned clockwise
    tangent_impulse: vec2<f32>,
}

alias Physics2dBodies = array<Physics2dBody, SCENE_BODIES>;
alias Physics2dJoints = array<Physics2dJointImpulse, SCENE_JOINTS>;
alias Physics2dManifolds = array<Physics2dManifold, SCENE_CONTACTS>;

/// `v` turned by the angle whose (sine, cosine) is `turn`. 6 operations.
fn physics2d_turned(turn: vec2<f32>, v: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(turn.y * v.x - turn.x * v.y, turn.x * v.x + turn.y * v.y);
}

/// `v` turned back by the angle whose (sine, cosine) is `turn`. 6 operations.
fn physics2d_turned_back(turn: vec2<f32>, v: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(turn.y * v.x + turn.x * v.y, turn.y * v.y - turn.x * v.x);
}

/// Cross product. 3 operations.
fn physics2d_cross(a: vec2<f32>, b: vec2<f32>) -> f32 {
    return a.x * b.y - a.y * b.x;
}

/// Velocity of a point at `arm` of a body that turns with `spin`. 2 operations.
fn physics2d_around(spin: f32, arm: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(-spin * arm.y, spin * arm.x);
}

/// Inverse of a symmetric 2 x 2 matrix (xx, xy, yy).
fn physics2d_inverse(k: vec3<f32>) -> vec3<f32> {
    let scale = 1.0 / (k.x * k.z - k.y * k.y);
    return vec3<f32>(k.z, -k.y, k.x) * scale;
}

/// The symmetric 2 x 2 matrix (xx, xy, yy) times a vector.
fn physics2d_times(k: vec3<f32>, v: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(k.x * v.x + k.y * v.y, k.y * v.x + k.z * v.y);
}

/// A body moved on for `dt` seconds, not faster than Box2D lets it.
fn physics2d_move(body: Physics2dBody, dt: f32) -> Physics2dBody {
    var out = body;
    let path = dt * math_length(body.velocity);
    let turn = dt * abs(body.spin);
    out.velocity *= min(1.0, PHYSICS2D_TRANSLATION / max(path, 1e-6));
    out.spin *= min(1.0, PHYSICS2D_ROTATION / max(turn, 1e-6));
    out.center += dt * out.velocity;
    out.angle += dt * out.spin;
    return out;
}

/// What a step came to.
struct Physics2dEnd {
    /// bool; whether nothing overlaps or gapes by more than the tolerances
    settled: bool,
    /// bool; whether all bodies still have places and speeds that numbers tell; else the episode has to end
    sound: bool,
}

/// The word of a number's size: in the order of sizes, infinities above all of them and what is no number above these.
/// Comparisons of floats would not do: compilers for GPUs may take for granted that all of them are numbers.
fn physics2d_size(x: f32) -> u32 {
    return bitcast<u32>(x) & 0x7fffffffu;
}

/// Whether a body's numbers are all within the bound.
fn physics2d_sound(b: Physics2dBody) -> bool {
    let place = max(physics2d_size(b.center.x), physics2d_size(b.center.y));
    let speed = max(physics2d_size(b.velocity.x), physics2d_size(b.velocity.y));
    return max(max(place, speed), max(physics2d_size(b.angle), physics2d_size(b.spin))) <= PHYSICS2D_BOUND;
}

/// Puts all bodies to rest at the origin, where physics has lost hold of them, so that nothing is told but numbers.
fn physics2d_clear(state: ptr<function, State>) {
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        (*state).bodies[i] = Physics2dBody();
    }
    for (var i = 0u; i < SCENE_JOINTS; i += 1u) {
        (*state).joints[i] = Physics2dJointImpulse();
    }
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        (*state).touches[i] = Physics2dTouch();
    }
}

/// Keeps what the contacts did for the next step.
fn physics2d_note(state: ptr<function, State>, manifolds: ptr<function, Physics2dManifolds>) {
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        let m = (*manifolds)[i];
        var touch = Physics2dTouch();
        if m.count > 0u {
            touch = Physics2dTouch(m.key, m.normal_impulse, m.tangent_impulse);
        }
        (*state).touches[i] = touch;
    }
}

/// A step of `dt` seconds: from velocities with all forces in them to new velocities and positions. `drives` are the
/// motors' speeds (rad/s) and largest torques (N m).
fn physics2d_step(
    bodies: ptr<function, Physics2dBodies>,
    joints: ptr<function, Physics2dJoints>,
    manifolds: ptr<function, Physics2dManifolds>,
    drives: array<vec2<f32>, SCENE_JOINTS>,
    friction: f32,
    dt: f32,
) -> Physics2dEnd {
    var contact_rows: Contact2dRows;
    var joint_rows: Joint2dRows;
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        if (*manifolds)[i].count > 0u {
            contact_rows[i] = contact2d_begin(bodies, (*manifolds)[i], SCENE_CONTACT_BODY[i]);
        }
    }
    for (var i = 0u; i < SCENE_JOINTS; i += 1u) {
        joint_rows[i] = joint2d_begin(bodies, joints, i);
    }
    for (var round = 0u; round < SCENE_VELOCITY_ROUNDS; round += 1u) {
        // Joints before contacts, as Box2D has it: a contact comes as soon as no later joint holds its body, which is the
        // same to the bit, and gives processors work that does not wait for the joint before.
        var done = 0u;
        for (var i = 0u; i < SCENE_JOINTS; i += 1u) {
            joint2d_round(bodies, joints, &joint_rows, i, vec2<f32>(drives[i].x, dt * drives[i].y));
            for (; done < SCENE_CONTACTS_FREE[i]; done += 1u) {
                if (*manifolds)[done].count > 0u {
                    contact2d_round(bodies, &contact_rows, done, SCENE_CONTACT_BODY[done], friction);
                }
            }
        }
    }
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        let m = (*manifolds)[i];
        if m.count > 0u {
            // The second impulse of points that counted as one stays what it was.
            let second = contact_rows[i].normal_mass.y > 0.0;
            let pressed = contact_rows[i].pressed;
            let rubbed = contact_rows[i].rubbed;
            (*manifolds)[i].normal_impulse = vec2<f32>(pressed.x, select(m.normal_impulse.y, pressed.y, second));
            (*manifolds)[i].tangent_impulse = vec2<f32>(rubbed.x, select(m.tangent_impulse.y, rubbed.y, second));
        }
    }
    // Before bodies are moved, as what is too fast is slowed down there.
    var sound = true;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        sound = sound && physics2d_sound((*bodies)[i]);
        (*bodies)[i] = physics2d_move((*bodies)[i], dt);
    }
    var settled = false;
    for (var round = 0u; round < SCENE_POSITION_ROUNDS && !settled; round += 1u) {
        settled = true;
        for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
            let m = (*manifolds)[i];
            if m.count > 0u {
                var least = contact2d_correct(bodies, m, m.first, SCENE_CONTACT_BODY[i], CONTACT2D_BAUMGARTE);
                if m.count == 2u {
                    let other = contact2d_correct(bodies, m, m.second, SCENE_CONTACT_BODY[i], CONTACT2D_BAUMGARTE);
                    least = min(least, other);
                }
                settled = settled && least >= -3.0 * PHYSICS2D_SLOP;
            }
        }
        for (var i = 0u; i < SCENE_JOINTS; i += 1u) {
            let tight = joint2d_correct(bodies, i, joint_rows[i].side);
            settled = settled && tight;
        }
    }
    return Physics2dEnd(settled, sound);
}
