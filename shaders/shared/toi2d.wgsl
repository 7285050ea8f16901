//! Continuous collision: a body that would come too close to the ground during a step is stopped where it does.
//!
//! As in Box2D 2.3 (Catto 2013, "Continuous collision"): times of impact by conservative advancement along separating axes;
//! at the first one the body is put where it was then, its contacts alone are solved, without joints, and it moves on for the
//! rest of the step. Robots touch nothing but ground that never moves, so each body is on its own.
//!
//! The importing file declares what `touch2d` asks for, and the functions `scene_contacts` (contacts of a body) and
//! `scene_impact` (the share of a body's way at which it comes too close to the ground), which are those of `obstacles2d` or made
//! of `ground2d`.

import package::shared::math::{MATH_LARGEST, math_length, math_sincos};
import package::shared::physics2d::{
    PHYSICS2D_SKIN, PHYSICS2D_SLOP, Physics2dBodies, Physics2dBody, Physics2dManifolds, physics2d_move, physics2d_turned,
};
import package::shared::contact2d::{
    CONTACT2D_IMPACT, Contact2dRows, contact2d_again, contact2d_begin, contact2d_correct, contact2d_round,
};
import package::shared::collide2d::{Collide2dShape};
import package::shared::touch2d::{touch2d_bounds};

/// m; an impact is where cores are so close, give or take the tolerance
const TOI2D_TARGET: f32 = 0.005;
const TOI2D_TOLERANCE: f32 = 0.00125;
/// 1; most impacts of a body in a step, tries for another axis, for a deeper point and for a root, as in Box2D
const TOI2D_IMPACTS: u32 = 8u;
const TOI2D_AXES: u32 = 20u;
const TOI2D_POINTS: u32 = 16u;
const TOI2D_ROOTS: u32 = 50u;
/// 1; most rounds of position correction at an impact
const TOI2D_CORRECTIONS: u32 = 20u;

/// What is closest of two shapes: two points, a face of the ground and a point, or a face of the body and a point.
struct Toi2dAxis {
    /// m; 0 or less where they overlap
    apart: f32,
    /// 1; whether the axis is the normal of a face of the body
    on_body: bool,
    /// 1; whether it is the normal of a face of the ground
    on_ground: bool,
    /// 1; towards the body, in the world; towards the ground, in the body's frame, where the face is the body's
    normal: vec2<f32>,
    /// m; a point of the face, in the frame of its owner
    face: vec2<f32>,
}

/// A point of each shape, of which one is a face's where there is one.
struct Toi2dWitness {
    /// m; in the body's frame
    own: vec2<f32>,
    /// m; in the world
    ground: vec2<f32>,
}

/// Where a body is on its way, at a share of it.
fn toi2d_at(origin: Physics2dBody, to: Physics2dBody, share: f32) -> Physics2dBody {
    var out = to;
    out.center = origin.center + share * (to.center - origin.center);
    out.angle = origin.angle + share * (to.angle - origin.angle);
    return out;
}

/// The normal of a face, to the right of the way from `a` to `b`.
fn toi2d_normal(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
    let along = (b - a) / math_length(b - a);
    return vec2<f32>(along.y, -along.x);
}

/// What is closest of a body and a piece of ground. An edge is a polygon of two vertices.
fn toi2d_axis(b: Physics2dBody, shape: u32, ground: Collide2dShape) -> Toi2dAxis {
    let turn = math_sincos(b.angle);
    var out = Toi2dAxis();
    var least = MATH_LARGEST;
    var gap = -MATH_LARGEST;
    var own_gaps: array<f32, SCENE_VERTICES>;
    for (var i = 0u; i < SCENE_VERTICES; i += 1u) {
        own_gaps[i] = MATH_LARGEST;
    }
    for (var j = 0u; j < ground.count; j += 1u) {
        let a = ground.vertices[j];
        let path = ground.vertices[select(j + 1u, 0u, j + 1u == ground.count)] - a;
        let outward = toi2d_normal(a, a + path);
        var ground_gap = MATH_LARGEST;
        for (var i = 0u; i < SCENE_SHAPE[shape].count; i += 1u) {
            let own = SCENE_SHAPE[shape].vertices[i];
            let own_path = SCENE_SHAPE[shape].vertices[select(i + 1u, 0u, i + 1u == SCENE_SHAPE[shape].count)] - own;
            let p = b.center + physics2d_turned(turn, own);
            ground_gap = min(ground_gap, dot(outward, p - a));
            // The body's vertex and the ground's face.
            let share = clamp(dot(p - a, path) / dot(path, path), 0.0, 1.0);
            let away = p - a - share * path;
            let apart = math_length(away);
            if apart < least {
                let inner = share > 0.0 && share < 1.0;
                least = apart;
                out.on_body = false;
                out.on_ground = inner;
                out.normal = select(away / max(apart, 1e-9), select(-outward, outward, dot(outward, away) >= 0.0), inner);
                out.face = a + 0.5 * path;
            }
            // The ground's vertex and the body's face.
            let side = physics2d_turned(turn, own_path);
            let outer = vec2<f32>(side.y, -side.x) / math_length(side);
            own_gaps[i] = min(own_gaps[i], dot(outer, a - p));
            let own_share = clamp(dot(a - p, side) / dot(side, side), 0.0, 1.0);
            let own_away = a - p - own_share * side;
            let own_apart = math_length(own_away);
            if own_apart < least && own_share > 0.0 && own_share < 1.0 {
                least = own_apart;
                out.on_body = true;
                out.on_ground = false;
                let normal = SCENE_SHAPE[shape].normals[i];
                out.normal = select(-normal, normal, dot(outer, own_away) >= 0.0);
                out.face = own + 0.5 * own_path;
            }
        }
        gap = max(gap, ground_gap);
    }
    for (var i = 0u; i < SCENE_SHAPE[shape].count; i += 1u) {
        gap = max(gap, own_gaps[i]);
    }
    out.apart = select(least, 0.0, gap <= 0.0);
    return out;
}

/// How far two points are apart along an axis.
fn toi2d_separation(axis: Toi2dAxis, w: Toi2dWitness, b: Physics2dBody) -> f32 {
    let turn = math_sincos(b.angle);
    let normal = select(axis.normal, -physics2d_turned(turn, axis.normal), axis.on_body);
    return dot(b.center + physics2d_turned(turn, w.own) - w.ground, normal);
}

/// The points that are closest along an axis.
fn toi2d_witness(axis: Toi2dAxis, b: Physics2dBody, shape: u32, ground: Collide2dShape) -> Toi2dWitness {
    let turn = math_sincos(b.angle);
    let normal = select(axis.normal, -physics2d_turned(turn, axis.normal), axis.on_body);
    var out = Toi2dWitness(axis.face, axis.face);
    if !axis.on_body {
        var least = MATH_LARGEST;
        for (var i = 0u; i < SCENE_SHAPE[shape].count; i += 1u) {
            let along = dot(physics2d_turned(turn, SCENE_SHAPE[shape].vertices[i]), normal);
            if along < least {
                least = along;
                out.own = SCENE_SHAPE[shape].vertices[i];
            }
        }
    }
    if !axis.on_ground {
        var most = -MATH_LARGEST;
        for (var j = 0u; j < ground.count; j += 1u) {
            let along = dot(ground.vertices[j], normal);
            if along > most {
                most = along;
                out.ground = ground.vertices[j];
            }
        }
    }
    return out;
}

/// The share of a body's way at which it comes too close to a piece of ground; 1 where it does not, or overlaps already.
fn toi2d_share(origin: Physics2dBody, to: Physics2dBody, shape: u32, ground: Collide2dShape) -> f32 {
    var low = 0.0;
    for (var i = 0u; i < TOI2D_AXES; i += 1u) {
        let axis = toi2d_axis(toi2d_at(origin, to, low), shape, ground);
        if axis.apart <= 0.0 {
            return 1.0;
        }
        if axis.apart < TOI2D_TARGET + TOI2D_TOLERANCE {
            return low;
        }
        var high = 1.0;
        for (var j = 0u; j < TOI2D_POINTS; j += 1u) {
            let there = toi2d_at(origin, to, high);
            let w = toi2d_witness(axis, there, shape, ground);
            var high_gap = toi2d_separation(axis, w, there);
            if high_gap > TOI2D_TARGET + TOI2D_TOLERANCE {
                return 1.0;
            }
            if high_gap > TOI2D_TARGET - TOI2D_TOLERANCE {
                low = high;
                break;
            }
            var low_gap = toi2d_separation(axis, w, toi2d_at(origin, to, low));
            if low_gap < TOI2D_TARGET - TOI2D_TOLERANCE {
                return 1.0;
            }
            if low_gap <= TOI2D_TARGET + TOI2D_TOLERANCE {
                return low;
            }
            // Halves and secants by turns.
            var a = low;
            var b = high;
            for (var k = 0u; k < TOI2D_ROOTS; k += 1u) {
                let secant = a + (TOI2D_TARGET - low_gap) * (b - a) / (high_gap - low_gap);
                let t = select(0.5 * (a + b), secant, (k & 1u) == 1u);
                let gap = toi2d_separation(axis, w, toi2d_at(origin, to, t));
                if abs(gap - TOI2D_TARGET) < TOI2D_TOLERANCE {
                    high = t;
                    break;
                }
                if gap > TOI2D_TARGET {
                    a = t;
                    low_gap = gap;
                } else {
                    b = t;
                    high_gap = gap;
                }
            }
        }
    }
    return 1.0;
}

/// The box that a body goes through on its way: left, lower, right, upper, m.
fn toi2d_bounds(origin: Physics2dBody, to: Physics2dBody, shape: u32) -> vec4<f32> {
    let here = touch2d_bounds(shape, origin.center, math_sincos(origin.angle));
    let there = touch2d_bounds(shape, to.center, math_sincos(to.angle));
    return vec4<f32>(min(here.xy, there.xy) - PHYSICS2D_SKIN, max(here.zw, there.zw) + PHYSICS2D_SKIN);
}

/// Whether a contact began between what the state keeps and what there is from the place `slot` on. At an impact that is
/// what a foot reports in the end: the contact that made it is looked at first, and old ones seldom end there.
fn toi2d_began(state: ptr<function, State>, manifolds: ptr<function, Physics2dManifolds>, slot: u32) -> bool {
    var began = false;
    for (var i = slot; i < slot + SCENE_SLOTS; i += 1u) {
        var known = (*manifolds)[i].count == 0u;
        for (var j = slot; j < slot + SCENE_SLOTS; j += 1u) {
            known = known || (*state).touches[j].key >> 16u == (*manifolds)[i].key >> 16u;
        }
        began = began || !known;
    }
    return began;
}

/// The impacts of a body in a step of `dt` seconds that began at `start` and led to where the state has it, with contacts
/// from the place `slot` on. Whether there were any; the state's body and the contacts then are what they came to.
fn toi2d_body(
    state: ptr<function, State>,
    manifolds: ptr<function, Physics2dManifolds>,
    start: Physics2dBody,
    body: u32,
    slot: u32,
    friction: f32,
    dt: f32,
) -> bool {
    var origin = start;
    var time = 0.0;
    var hit = false;
    for (var event = 0u; event < TOI2D_IMPACTS; event += 1u) {
        let share = scene_impact(state, origin, body);
        let next = time + (1.0 - time) * share;
        if next > 0.9999988 {
            break;
        }
        hit = true;
        time = next;
        (*state).bodies[body] = toi2d_at(origin, (*state).bodies[body], share);
        for (var i = slot; i < slot + SCENE_SLOTS; i += 1u) {
            (*manifolds)[i].count = 0u;
        }
        scene_contacts(state, manifolds, body, slot, true);

        var bodies = (*state).bodies;
        for (var round = 0u; round < TOI2D_CORRECTIONS; round += 1u) {
            var least = 0.0;
            for (var i = slot; i < slot + SCENE_SLOTS; i += 1u) {
                let m = (*manifolds)[i];
                if m.count > 0u {
                    least = min(least, contact2d_correct(&bodies, m, m.first, body, CONTACT2D_IMPACT));
                    if m.count == 2u {
                        least = min(least, contact2d_correct(&bodies, m, m.second, body, CONTACT2D_IMPACT));
                    }
                }
            }
            if least >= -1.5 * PHYSICS2D_SLOP {
                break;
            }
        }
        origin = bodies[body];
        // What the contacts did in the step has been applied, and what they do here is not kept.
        var rows: Contact2dRows;
        for (var i = slot; i < slot + SCENE_SLOTS; i += 1u) {
            if (*manifolds)[i].count > 0u {
                var m = contact2d_again((*manifolds)[i], origin);
                m.normal_impulse = vec2<f32>(0.0);
                m.tangent_impulse = vec2<f32>(0.0);
                rows[i] = contact2d_begin(&bodies, m, body);
            }
        }
        for (var round = 0u; round < SCENE_VELOCITY_ROUNDS; round += 1u) {
            let velocity = bodies[body].velocity;
            let spin = bodies[body].spin;
            for (var i = slot; i < slot + SCENE_SLOTS; i += 1u) {
                if (*manifolds)[i].count > 0u {
                    contact2d_round(&bodies, &rows, i, body, friction);
                }
            }
            // A round that changes nothing is the last one that could.
            if all(bodies[body].velocity == velocity) && bodies[body].spin == spin {
                break;
            }
        }
        (*state).bodies[body] = physics2d_move(bodies[body], (1.0 - time) * dt);
    }
    return hit;
}

/// The impacts of all bodies that push in a step that began at `before`, see `toi2d_body`; whether there were any.
fn toi2d_step(
    state: ptr<function, State>,
    manifolds: ptr<function, Physics2dManifolds>,
    before: Physics2dBodies,
    friction: f32,
    dt: f32,
) -> bool {
    var hit = false;
    for (var i = 0u; i < SCENE_CONTACTS; i += SCENE_SLOTS) {
        let body = SCENE_CONTACT_BODY[i];
        hit = toi2d_body(state, manifolds, before[body], body, i, friction, dt) || hit;
    }
    return hit;
}
