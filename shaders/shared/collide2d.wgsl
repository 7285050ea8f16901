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

/// How a contact is made: a reference face, and a segment of the other shape that is clipped to it; in the body's frame.
struct Collide2dPlan {
    /// 1; whether the reference face belongs to the body
    on_body: bool,
    /// m; first end of the reference face
    start: vec2<f32>,
    /// m; second end
    end: vec2<f32>,
    /// 1; its outward normal
    normal: vec2<f32>,
    /// 1; feature of the first end
    start_id: u32,
    /// 1; feature of the second end
    end_id: u32,
    /// m; how far beyond its ends points count
    slack: f32,
    /// m; the other shape's segment
    other: Collide2dSegment,
}

/// What names a point of contact: two features, and which of both is a face. Below 256, never 255.
fn collide2d_id(first: u32, second: u32, face_first: bool) -> u32 {
    return first | (second << 3u) | select(0u, 64u, face_first);
}

/// The name of a point seen from the other shape.
fn collide2d_swapped(id: u32) -> u32 {
    return collide2d_id((id >> 3u) & 7u, id & 7u, (id & 64u) == 0u);
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

    var plan = Collide2dPlan();
    plan.on_body = on_body;
    plan.start = select(select(b, a, front), vertex, on_body);
    plan.end = select(select(a, b, front), next_vertex, on_body);
    plan.normal = select(normal, SCENE_SHAPE[shape].normals[own], on_body);
    plan.start_id = select(select(1u, 0u, front), own, on_body);
    plan.end_id = select(select(0u, 1u, front), next, on_body);
    plan.other.a = select(vertex, a, on_body);
    plan.other.b = select(next_vertex, b, on_body);
    plan.other.a_id = select(collide2d_id(0u, own, true), collide2d_id(0u, own, false), on_body);
    plan.other.b_id = select(collide2d_id(0u, next, true), collide2d_id(0u, own, false), on_body);
    return collide2d_clipped(plan, center, turn, piece);
}

/// Contact of a body with a convex polygon of the ground, in the world. As `collide2d_edge`, but both may hold the
/// reference face by the same rules, and sides are widened by the skin.
fn collide2d_polygon(
    shape: u32,
    center: vec2<f32>,
    turn: vec2<f32>,
    ground: Collide2dShape,
    piece: u32,
) -> Physics2dManifold {
    // In the frame of the body.
    var corners: array<vec2<f32>, SCENE_VERTICES>;
    for (var i = 0u; i < ground.count; i += 1u) {
        corners[i] = physics2d_turned_back(turn, ground.vertices[i] - center);
    }
    var ground_gap = -MATH_LARGEST;
    var ground_face = 0u;
    for (var i = 0u; i < ground.count; i += 1u) {
        let outward = physics2d_turned_back(turn, ground.normals[i]);
        var gap = MATH_LARGEST;
        for (var j = 0u; j < SCENE_SHAPE[shape].count; j += 1u) {
            gap = min(gap, dot(outward, SCENE_SHAPE[shape].vertices[j] - corners[i]));
        }
        ground_face = select(ground_face, i, gap > ground_gap);
        ground_gap = max(ground_gap, gap);
    }
    var body_gap = -MATH_LARGEST;
    var body_face = 0u;
    for (var i = 0u; i < SCENE_SHAPE[shape].count; i += 1u) {
        var gap = MATH_LARGEST;
        for (var j = 0u; j < ground.count; j += 1u) {
            gap = min(gap, dot(SCENE_SHAPE[shape].normals[i], corners[j] - SCENE_SHAPE[shape].vertices[i]));
        }
        body_face = select(body_face, i, gap > body_gap);
        body_gap = max(body_gap, gap);
    }
    if ground_gap > PHYSICS2D_SKIN || body_gap > PHYSICS2D_SKIN {
        return Physics2dManifold();
    }
    var plan = Collide2dPlan();
    plan.on_body = body_gap > 0.98 * ground_gap + 0.001;
    let ground_next = select(ground_face + 1u, 0u, ground_face + 1u == ground.count);
    let body_next = select(body_face + 1u, 0u, body_face + 1u == SCENE_SHAPE[shape].count);
    if plan.on_body {
        plan.start = SCENE_SHAPE[shape].vertices[body_face];
        plan.end = SCENE_SHAPE[shape].vertices[body_next];
        plan.normal = SCENE_SHAPE[shape].normals[body_face];
        plan.start_id = body_face;
        plan.end_id = body_next;
    } else {
        plan.start = corners[ground_face];
        plan.end = corners[ground_next];
        plan.normal = physics2d_turned_back(turn, ground.normals[ground_face]);
        plan.start_id = ground_face;
        plan.end_id = ground_next;
    }
    plan.slack = PHYSICS2D_SKIN;
    // The face of the other that looks most against it.
    var opposed = MATH_LARGEST;
    var incident = 0u;
    let count = select(SCENE_SHAPE[shape].count, ground.count, plan.on_body);
    for (var i = 0u; i < count; i += 1u) {
        let outward = select(SCENE_SHAPE[shape].normals[i], physics2d_turned_back(turn, ground.normals[i]), plan.on_body);
        let facing = dot(plan.normal, outward);
        incident = select(incident, i, facing < opposed);
        opposed = min(opposed, facing);
    }
    let next = select(incident + 1u, 0u, incident + 1u == count);
    plan.other.a = select(SCENE_SHAPE[shape].vertices[incident], corners[incident], plan.on_body);
    plan.other.b = select(SCENE_SHAPE[shape].vertices[next], corners[next], plan.on_body);
    plan.other.a_id = collide2d_id(plan.start_id, incident, true);
    plan.other.b_id = collide2d_id(plan.start_id, next, true);
    return collide2d_clipped(plan, center, turn, piece);
}

/// A contact from its reference face and the other shape's segment.
fn collide2d_clipped(plan: Collide2dPlan, center: vec2<f32>, turn: vec2<f32>, piece: u32) -> Physics2dManifold {
    var out = Physics2dManifold();
    let side = vec2<f32>(plan.normal.y, -plan.normal.x);
    var s = plan.other;
    s.left = true;
    s = collide2d_clip(s, side, dot(side, plan.start) + plan.slack, plan.start_id);
    s = collide2d_clip(s, -side, plan.slack - dot(side, plan.end), plan.end_id);
    let a_gap = dot(plan.normal, s.a - plan.start);
    let b_gap = dot(plan.normal, s.b - plan.start);
    let a_in = s.left && a_gap <= PHYSICS2D_SKIN;
    let b_in = s.left && b_gap <= PHYSICS2D_SKIN;
    if !(a_in || b_in) {
        return out;
    }
    // Of points on the body's face the features change sides.
    let swapped_a = collide2d_swapped(s.a_id);
    let swapped_b = collide2d_swapped(s.b_id);
    let a_id = select(s.a_id, swapped_a, plan.on_body);
    let b_id = select(s.b_id, swapped_b, plan.on_body);

    out.count = select(1u, 2u, a_in && b_in);
    let one = select(s.b, s.a, a_in);
    out.key = ((piece + 1u) << 16u) | (select(b_id, a_id, a_in) << 8u) | select(255u, b_id, a_in && b_in);
    out.on_body = plan.on_body;
    let facing = physics2d_turned(turn, plan.normal);
    out.face_normal = select(facing, plan.normal, plan.on_body);
    out.face_point = select(center + physics2d_turned(turn, plan.start), plan.start, plan.on_body);
    out.first = select(one, center + physics2d_turned(turn, one), plan.on_body);
    out.second = select(s.b, center + physics2d_turned(turn, s.b), plan.on_body);
    out.normal = select(facing, -facing, plan.on_body);
    // Half way between both rounded surfaces.
    out.arm = physics2d_turned(turn, one - 0.5 * select(b_gap, a_gap, a_in) * plan.normal);
    out.other_arm = physics2d_turned(turn, s.b - 0.5 * b_gap * plan.normal);
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
