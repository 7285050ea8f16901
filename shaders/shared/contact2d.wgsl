//! Contacts with friction, for `physics2d`, as in Box2D 2.3: both points of a contact are solved together, the ground
//! never moves, nothing bounces.

import package::shared::math::{math_sincos};
import package::shared::physics2d::{
    PHYSICS2D_SKIN, PHYSICS2D_SLOP, Physics2dBodies, Physics2dBody, Physics2dManifold, physics2d_cross,
    physics2d_times, physics2d_turned,
};

/// 1; share of an overlap that a round of position correction takes away: in a step, and at an impact
const CONTACT2D_BAUMGARTE: f32 = 0.2;
const CONTACT2D_IMPACT: f32 = 0.75;
/// m; most that a round of position correction moves
const CONTACT2D_CORRECTION: f32 = 0.2;
/// 1; two points of a contact are solved together if the square of the first's response is below this many determinants
const CONTACT2D_CONDITION: f32 = 1000.0;

/// A contact as the rounds of a step need it.
struct Contact2dRow {
    /// 1; from the ground to the body
    normal: vec2<f32>,
    /// m; levers of both points' normal impulses about the body's centre
    lever: vec2<f32>,
    /// m; levers of both points' friction
    side: vec2<f32>,
    /// kg; for each point's velocity along the normal, 0 for a point that is not there
    normal_mass: vec2<f32>,
    /// kg; for each point's velocity along the ground
    tangent_mass: vec2<f32>,
    /// 1/kg; how the points' normal velocities answer to their impulses: first, both, second
    response: vec3<f32>,
    /// kg; its inverse
    inverse: vec3<f32>,
    /// N s; along the normal
    pressed: vec2<f32>,
    /// N s; along the ground
    rubbed: vec2<f32>,
}

alias Contact2dRows = array<Contact2dRow, SCENE_CONTACTS>;

/// Makes a contact ready for the rounds and applies what it did in the step before.
fn contact2d_begin(bodies: ptr<function, Physics2dBodies>, m: Physics2dManifold, body: u32) -> Contact2dRow {
    let inverse = SCENE_INVERSE[body];
    let tangent = vec2<f32>(m.normal.y, -m.normal.x);
    var row = Contact2dRow();
    row.normal = m.normal;
    row.lever = vec2<f32>(physics2d_cross(m.arm, m.normal), physics2d_cross(m.other_arm, m.normal));
    row.side = vec2<f32>(physics2d_cross(m.arm, tangent), physics2d_cross(m.other_arm, tangent));
    let own = inverse.x + inverse.y * row.lever * row.lever;
    let both = inverse.x + inverse.y * row.lever.x * row.lever.y;
    let determinant = own.x * own.y - both * both;
    // Points that cannot be told apart count as one, and one point is a pair whose second answers to nothing.
    let paired = m.count == 2u && own.x * own.x < CONTACT2D_CONDITION * determinant;
    let second = select(0.0, 1.0, paired);
    let present = vec2<f32>(1.0, second);
    row.normal_mass = present / own;
    row.tangent_mass = present / (inverse.x + inverse.y * row.side * row.side);
    row.response = vec3<f32>(own.x, second * both, own.y);
    let pair = vec3<f32>(own.y, -both, own.x) / select(1.0, determinant, paired);
    row.inverse = select(vec3<f32>(row.normal_mass.x, 0.0, 0.0), pair, paired);
    row.pressed = present * m.normal_impulse;
    row.rubbed = present * m.tangent_impulse;
    let press = row.pressed.x + row.pressed.y;
    let rub = row.rubbed.x + row.rubbed.y;
    (*bodies)[body].velocity += inverse.x * (press * m.normal + rub * tangent);
    (*bodies)[body].spin += inverse.y * (dot(row.lever, row.pressed) + dot(row.side, row.rubbed));
    return row;
}

/// One round over a contact: friction at each point, then the normal impulses of both together.
fn contact2d_round(
    bodies: ptr<function, Physics2dBodies>,
    rows: ptr<function, Contact2dRows>,
    contact: u32,
    body: u32,
    friction: f32,
) {
    let row = (*rows)[contact];
    let inverse = SCENE_INVERSE[body];
    let velocity = (*bodies)[body].velocity;
    var spin = (*bodies)[body].spin;
    let tangent = vec2<f32>(row.normal.y, -row.normal.x);
    var along = dot(velocity, tangent);
    let most = friction * row.pressed;

    let slip = row.rubbed.x - row.tangent_mass.x * (along + spin * row.side.x);
    let rub = clamp(slip, -most.x, most.x);
    along += inverse.x * (rub - row.rubbed.x);
    spin += inverse.y * (row.side.x * (rub - row.rubbed.x));
    let other_slip = row.rubbed.y - row.tangent_mass.y * (along + spin * row.side.y);
    let other_rub = clamp(other_slip, -most.y, most.y);
    spin += inverse.y * (row.side.y * (other_rub - row.rubbed.y));
    let rubbed = vec2<f32>(rub, other_rub);
    let rub_change = (rub - row.rubbed.x) + (other_rub - row.rubbed.y);

    // Speeds at impulses of zero. The first that holds: both press, the first, the second, none.
    let speed = dot(velocity, row.normal) + spin * row.lever;
    let base = speed - physics2d_times(row.response, row.pressed);
    let both = -physics2d_times(row.inverse, base);
    let one = -row.normal_mass * base;
    let none_holds = base.x >= 0.0 && base.y >= 0.0;
    let second_holds = one.y >= 0.0 && row.response.y * one.y + base.x >= 0.0;
    let first_holds = one.x >= 0.0 && row.response.y * one.x + base.y >= 0.0;
    let both_hold = both.x >= 0.0 && both.y >= 0.0;
    var pressed = select(row.pressed, vec2<f32>(0.0), none_holds);
    pressed = select(pressed, vec2<f32>(0.0, one.y), second_holds);
    pressed = select(pressed, vec2<f32>(one.x, 0.0), first_holds);
    pressed = select(pressed, both, both_hold);
    let change = pressed - row.pressed;
    (*bodies)[body].velocity = velocity + inverse.x * (rub_change * tangent + (change.x + change.y) * row.normal);
    (*bodies)[body].spin = spin + inverse.y * dot(row.lever, change);
    (*rows)[contact].pressed = pressed;
    (*rows)[contact].rubbed = rubbed;
}

/// One round of position correction of a point of a contact, which takes away a `share` of the overlap; how far apart the
/// surfaces are, m.
fn contact2d_correct(
    bodies: ptr<function, Physics2dBodies>,
    m: Physics2dManifold,
    local: vec2<f32>,
    body: u32,
    share: f32,
) -> f32 {
    let inverse = SCENE_INVERSE[body];
    let center = (*bodies)[body].center;
    let turn = math_sincos((*bodies)[body].angle);
    let face = physics2d_turned(turn, select(vec2<f32>(0.0), m.face_normal, m.on_body));
    let normal = select(m.face_normal, -face, m.on_body);
    // The face of the body and the point of the ground, or the other way round.
    let own = center + physics2d_turned(turn, select(local, m.face_point, m.on_body));
    let ground = select(m.face_point, local, m.on_body);
    let separation = dot(own - ground, normal) - PHYSICS2D_SKIN;
    let point = select(own, ground, m.on_body);
    let error = clamp(share * (separation + PHYSICS2D_SLOP), -CONTACT2D_CORRECTION, 0.0);
    let lever = physics2d_cross(point - center, normal);
    let push = -error / (inverse.x + inverse.y * lever * lever);
    (*bodies)[body].center = center + inverse.x * push * normal;
    (*bodies)[body].angle += inverse.y * push * lever;
    return separation;
}

/// A point of a contact half way between both rounded surfaces, m from the body's centre.
fn contact2d_arm(m: Physics2dManifold, b: Physics2dBody, local: vec2<f32>) -> vec2<f32> {
    let turn = math_sincos(b.angle);
    let face = physics2d_turned(turn, select(vec2<f32>(0.0), m.face_normal, m.on_body));
    let facing = select(m.face_normal, face, m.on_body);
    let start = select(m.face_point, b.center + physics2d_turned(turn, m.face_point), m.on_body);
    let point = select(b.center + physics2d_turned(turn, local), local, m.on_body);
    return point - 0.5 * dot(facing, point - start) * facing - b.center;
}

/// A contact whose body has moved since it was found.
fn contact2d_again(m: Physics2dManifold, b: Physics2dBody) -> Physics2dManifold {
    var out = m;
    out.normal = select(m.face_normal, -physics2d_turned(math_sincos(b.angle), m.face_normal), m.on_body);
    out.arm = contact2d_arm(m, b, m.first);
    out.other_arm = contact2d_arm(m, b, m.second);
    return out;
}
