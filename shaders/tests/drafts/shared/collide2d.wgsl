//! Where a convex polygon touches the ground, and how far a ray goes until it meets it.
//!
//! As Box2D 2.3 has it (Catto 2007, its colliders of edges and polygons): separating axes, one reference face, the other
//! shape's segment clipped to it. The importing file declares what `physics2d` asks for, and `SCENE_SHAPE` (a
//! `Collide2dShape` for each body), `SCENE_VERTICES` (their largest number), `SCENE_CONTACT_BODY` (the body of each place
//! for a contact; those of a body lie side by side, `SCENE_SLOTS` of them).

import package::shared::math::{MATH_LARGEST, math_length};
import package::shared::physics2d::{
    PHYSICS2D_SKIN, Physics2dManifold, Physics2dTouch, physics2d_turned, physics2d_turned_back,
};

/// A convex polygon about its centre of mass.
struct Collide2dShape {
    /// 1; vertices in use
    count: u32,
    /// m; counter-clockwise
    vertices: array<vec2<f32>, SCENE_VERTICES>,
    /// 1; outward normal of the face behind each vertex
    normals: array<vec2<f32>, SCENE_VERTICES>,
}

/// A segment while it is clipped: its ends and what they came from.
struct Collide2dSegment {
    /// m
    a: vec2<f32>,
    /// m
    b: vec2<f32>,
    /// 1; features of `a`
    a_id: u32,
    /// 1; features of `b`
    b_id: u32,
    /// 1; whether anything is left
    left: bool,
}

/// What names a point of contact: two features, and which of both is a face. Below 256, never 255.
fn collide2d_id(first: u32, second: u32, face_first: bool) -> u32 {
    return first | (second << 3u) | select(0u, 64u, face_first);
}

/// The part of a segment that lies behind a line; its ends in Box2D's order.
fn collide2d_clip(s: Collide2dSegment, normal: vec2<f32>, offset: f32, feature: u32) -> Collide2dSegment {
    let a = dot(normal, s.a) - offset;
    let b = dot(normal, s.b) - offset;
    let cut = s.a + (a / select(1.0, a - b, a != b)) * (s.b - s.a);
    let cut_id = collide2d_id(feature, (s.a_id >> 3u) & 7u, false);
    var out = s;
    out.left = s.left && (a <= 0.0 || b <= 0.0) && (a * b < 0.0 || (a <= 0.0 && b <= 0.0));
    if a > 0.0 {
        out.a = s.b;
        out.a_id = s.b_id;
    }
    if a > 0.0 || b > 0.0 {
        out.b = cut;
        out.b_id = cut_id;
    }
    return out;
}

/// Contact of a body with the edge from `v1` to `v2`, which is solid on both sides.
/// `turn` is the (sine, cosine) of the body's angle, `piece` a number of the edge below 65,535 for the key.
fn collide2d_edge(
    shape: u32,
    center: vec2<f32>,
    turn: vec2<f32>,
    v1: vec2<f32>,
    v2: vec2<f32>,
    piece: u32,
) -> Physics2dManifold {
    // In the frame of the body, where the polygon is constant.
    let a = physics2d_turned_back(turn, v1 - center);
    let b = physics2d_turned_back(turn, v2 - center);
    let along = (b - a) / math_length(b - a);
    let right = vec2<f32>(along.y, -along.x);
    let front = dot(right, a) <= 0.0;
    let normal = select(-right, right, front);

    var out = Physics2dManifold();
    var edge_gap = MATH_LARGEST;
    var face_gap = -MATH_LARGEST;
    var face = 0u;
    var opposed = MATH_LARGEST;
    var incident = 0u;
    for (var i = 0u; i < SCENE_SHAPE[shape].count; i += 1u) {
        let vertex = SCENE_SHAPE[shape].vertices[i];
        let outward = SCENE_SHAPE[shape].normals[i];
        edge_gap = min(edge_gap, dot(normal, vertex - a));
        let gap = min(dot(outward, a - vertex), dot(outward, b - vertex));
        face = select(face, i, gap > face_gap);
        face_gap = max(face_gap, gap);
        let facing = dot(normal, outward);
        incident = select(incident, i, facing < opposed);
        opposed = min(opposed, facing);
    }
    if edge_gap > PHYSICS2D_SKIN || face_gap > PHYSICS2D_SKIN {
        return out;
    }
    let on_body = face_gap > 0.98 * edge_gap + 0.001;
    let own = select(incident, face, on_body);
    let next = select(own + 1u, 0u, own + 1u == SCENE_SHAPE[shape].count);
    let vertex = SCENE_SHAPE[shape].vertices[own];
    let next_vertex = SCENE_SHAPE[shape].vertices[next];

    // The reference face from `start` to `end`, and the segment of the other shape.
    let start = select(select(b, a, front), vertex, on_body);
    let end = select(select(a, b, front), next_vertex, on_body);
    let reference = select(normal, SCENE_SHAPE[shape].normals[own], on_body);
    let start_id = select(select(1u, 0u, front), own, on_body);
    let end_id = select(select(0u, 1u, front), next, on_body);
    var s = Collide2dSegment();
    s.a = select(vertex, a, on_body);
    s.b = select(next_vertex, b, on_body);
    s.a_id = select(collide2d_id(0u, own, true), collide2d_id(0u, own, false), on_body);
    s.b_id = select(collide2d_id(0u, next, true), collide2d_id(0u, own, false), on_body);
    s.left = true;
    let side = vec2<f32>(reference.y, -reference.x);
    s = collide2d_clip(s, side, dot(side, start), start_id);
    s = collide2d_clip(s, -side, -dot(side, end), end_id);
    let a_gap = dot(reference, s.a - start);
    let b_gap = dot(reference, s.b - start);
    let a_in = s.left && a_gap <= PHYSICS2D_SKIN;
    let b_in = s.left && b_gap <= PHYSICS2D_SKIN;
    if !(a_in || b_in) {
        return out;
    }
    // Of points on the body's face the features change sides.
    let swap_a = collide2d_id((s.a_id >> 3u) & 7u, s.a_id & 7u, true);
    let swap_b = collide2d_id((s.b_id >> 3u) & 7u, s.b_id & 7u, true);
    let a_id = select(s.a_id, swap_a, on_body);
    let b_id = select(s.b_id, swap_b, on_body);

    out.count = select(1u, 2u, a_in && b_in);
    let one = select(s.b, s.a, a_in);
    out.key = ((piece + 1u) << 16u) | (select(b_id, a_id, a_in) << 8u) | select(255u, b_id, a_in && b_in);
    out.on_body = on_body;
    let facing = physics2d_turned(turn, reference);
    out.face_normal = select(facing, reference, on_body);
    out.face_point = select(select(v2, v1, front), start, on_body);
    out.first = select(one, center + physics2d_turned(turn, one), on_body);
    out.second = select(s.b, center + physics2d_turned(turn, s.b), on_body);
    out.normal = select(facing, -facing, on_body);
    // Half way between both rounded surfaces.
    out.arm = physics2d_turned(turn, one - 0.5 * select(b_gap, a_gap, a_in) * reference);
    out.other_arm = physics2d_turned(turn, s.b - 0.5 * b_gap * reference);
    return out;
}

/// The impulses of the step before, for the points that are the same.
fn collide2d_recall(m: Physics2dManifold, touch: Physics2dTouch) -> Physics2dManifold {
    var out = m;
    if (m.key >> 16u) == (touch.key >> 16u) {
        let first = (touch.key >> 8u) & 255u;
        let second = touch.key & 255u;
        let a = (m.key >> 8u) & 255u;
        let b = m.key & 255u;
        let same_b = b != 255u && (b == first || b == second);
        out.normal_impulse = vec2<f32>(
            select(select(0.0, touch.normal.y, a == second), touch.normal.x, a == first),
            select(0.0, select(touch.normal.y, touch.normal.x, b == first), same_b),
        );
        out.tangent_impulse = vec2<f32>(
            select(select(0.0, touch.tangent.y, a == second), touch.tangent.x, a == first),
            select(0.0, select(touch.tangent.y, touch.tangent.x, b == first), same_b),
        );
    }
    return out;
}

/// Share of the way from `from` along `path` at which the edge from `v1` to `v2` is met; 2 where it is not.
fn collide2d_ray(origin: vec2<f32>, path: vec2<f32>, v1: vec2<f32>, v2: vec2<f32>) -> f32 {
    let edge = v2 - v1;
    let to = v1 - origin;
    let across = path.x * edge.y - path.y * edge.x;
    let share = (to.x * edge.y - to.y * edge.x) / select(across, 1.0, across == 0.0);
    let at = (to.x * path.y - to.y * path.x) / select(across, 1.0, across == 0.0);
    let met = across != 0.0 && share >= 0.0 && share <= 1.0 && at >= 0.0 && at <= 1.0;
    return select(2.0, share, met);
}
