//! Ground of edges, with convex polygons on it and in it: what touches it, where rays meet it, what it looks like.
//!
//! Where they lie is told by the importing scene, besides what `physics2d` and `collide2d` ask for: `SCENE_GROUND_POINTS`
//! (most points of the line), `SCENE_RAYS_PASS` (whether a ray tells the last of what it meets, not the first), and the
//! functions `scene_edge` (number of the edge below an x, of the nearest one beyond the ends), `scene_point` (a point of the
//! line; edge i goes from point i to i + 1, to the right), `scene_polygons` (the first polygon between two x and the one behind
//! the last; they are numbered from left to right) and `scene_obstacle` (a polygon).

import package::shared::math::{MATH_LARGEST, math_length, math_sincos};
import package::shared::draw::{DRAW_GREEN, DRAW_GREY, draw_below, draw_cover, draw_over};
import package::shared::physics2d::{PHYSICS2D_SKIN, Physics2dBody, Physics2dManifolds};
import package::shared::collide2d::{Collide2dShape, collide2d_edge, collide2d_polygon, collide2d_ray};
import package::shared::touch2d::{Touch2dFound, touch2d_add, touch2d_bounds, touch2d_place};
import package::shared::toi2d::{toi2d_bounds, toi2d_share};

/// A rectangle as a polygon of the ground, from its lower left and upper right corner.
fn obstacles2d_box(low: vec2<f32>, high: vec2<f32>) -> Collide2dShape {
    var out = Collide2dShape();
    out.count = 4u;
    out.vertices[0] = vec2<f32>(high.x, low.y);
    out.vertices[1] = high;
    out.vertices[2] = vec2<f32>(low.x, high.y);
    out.vertices[3] = low;
    out.normals[0] = vec2<f32>(1.0, 0.0);
    out.normals[1] = vec2<f32>(0.0, 1.0);
    out.normals[2] = vec2<f32>(-1.0, 0.0);
    out.normals[3] = vec2<f32>(0.0, -1.0);
    return out;
}

/// A convex polygon of the ground, from its vertices, counter-clockwise.
fn obstacles2d_convex(count: u32, vertices: array<vec2<f32>, SCENE_VERTICES>) -> Collide2dShape {
    var out = Collide2dShape();
    out.count = count;
    out.vertices = vertices;
    for (var i = 0u; i < count; i += 1u) {
        let side = out.vertices[select(i + 1u, 0u, i + 1u == count)] - out.vertices[i];
        out.normals[i] = vec2<f32>(side.y, -side.x) / math_length(side);
    }
    return out;
}

/// Whether a body touches the ground; where it `pushes`, its contacts go to its places from `slot` on. They are found from
/// right to left, the polygons behind the line: those that Box2D made last come first.
fn scene_contacts(
    state: ptr<function, State>,
    manifolds: ptr<function, Physics2dManifolds>,
    body: u32,
    slot: u32,
    pushes: bool,
) -> bool {
    let b = (*state).bodies[body];
    let turn = math_sincos(b.angle);
    let bounds = touch2d_bounds(body, b.center, turn);
    let left = bounds.x - PHYSICS2D_SKIN;
    let right = bounds.z + PHYSICS2D_SKIN;
    var found = Touch2dFound();
    let first = scene_edge(state, left);
    for (var k = scene_edge(state, right) + 1u; k > first; k -= 1u) {
        let v1 = scene_point(state, k - 1u);
        let v2 = scene_point(state, k);
        let beside = max(v1.y, v2.y) + PHYSICS2D_SKIN >= bounds.y && min(v1.y, v2.y) - PHYSICS2D_SKIN <= bounds.w;
        if beside && v1.x <= right && v2.x >= left {
            touch2d_add(state, &found, collide2d_edge(body, b.center, turn, v1, v2, k - 1u), slot);
        }
    }
    let polygons = scene_polygons(state, left, right);
    for (var i = polygons.y; i > polygons.x; i -= 1u) {
        let contact = collide2d_polygon(body, b.center, turn, scene_obstacle(state, i - 1u), SCENE_GROUND_POINTS + i);
        touch2d_add(state, &found, contact, slot);
    }
    if pushes {
        touch2d_place(manifolds, &found, slot);
    }
    return found.count > 0u;
}

/// The share of the way of a body, from `origin` to where the state has it, at which it comes too close to the ground; else 1.
fn scene_impact(state: ptr<function, State>, origin: Physics2dBody, body: u32) -> f32 {
    let to = (*state).bodies[body];
    let bounds = toi2d_bounds(origin, to, body);
    let last = scene_edge(state, bounds.z);
    var share = 1.0;
    for (var k = scene_edge(state, bounds.x); k <= last; k += 1u) {
        var edge = Collide2dShape();
        edge.count = 2u;
        edge.vertices[0] = scene_point(state, k);
        edge.vertices[1] = scene_point(state, k + 1u);
        let heights = vec2<f32>(edge.vertices[0].y, edge.vertices[1].y);
        if max(heights.x, heights.y) >= bounds.y && min(heights.x, heights.y) <= bounds.w {
            share = min(share, toi2d_share(origin, to, body, edge));
        }
    }
    let polygons = scene_polygons(state, bounds.x, bounds.z);
    for (var i = polygons.x; i < polygons.y; i += 1u) {
        share = min(share, toi2d_share(origin, to, body, scene_obstacle(state, i)));
    }
    return share;
}

/// Of two shares of a ray, 2 for what it does not meet, the one that it tells.
fn obstacles2d_told(a: f32, b: f32) -> f32 {
    return select(min(a, b), max(a, b), SCENE_RAYS_PASS && max(a, b) <= 1.0);
}

/// Share of `path` at which a ray to the right meets the ground, 1 where it does not.
fn scene_ray(state: ptr<function, State>, origin: vec2<f32>, path: vec2<f32>) -> f32 {
    let end = origin.x + path.x;
    // A little more on both sides, as in `ground2d_ray`.
    let last = scene_edge(state, end + PHYSICS2D_SKIN);
    var share = 2.0;
    for (var k = scene_edge(state, origin.x - PHYSICS2D_SKIN); k <= last && share > 1.0; k += 1u) {
        share = collide2d_ray(origin, path, scene_point(state, k), scene_point(state, k + 1u));
    }
    let polygons = scene_polygons(state, origin.x, end);
    for (var i = polygons.x; i < polygons.y; i += 1u) {
        let shape = scene_obstacle(state, i);
        for (var j = 0u; j < shape.count; j += 1u) {
            // From outside only, as Box2D has it for polygons.
            let facing = dot(shape.normals[j], path) < 0.0;
            let met = collide2d_ray(origin, path, shape.vertices[j], shape.vertices[(j + 1u) % shape.count]);
            share = select(share, obstacles2d_told(share, met), facing);
        }
    }
    return min(share, 1.0);
}

/// `color` with the ground over it at the point `p`, m; edges as soft as `edge`, m.
fn scene_over(state: ptr<function, State>, p: vec2<f32>, color: vec3<f32>, edge: f32) -> vec3<f32> {
    let k = scene_edge(state, p.x);
    let v1 = scene_point(state, k);
    let v2 = scene_point(state, k + 1u);
    let slope = (v2.y - v1.y) / (v2.x - v1.x);
    var out = draw_over(color, DRAW_GREEN, draw_cover(draw_below(p, v1.y + slope * (p.x - v1.x), slope), edge));
    let polygons = scene_polygons(state, p.x - edge, p.x + edge);
    for (var i = polygons.x; i < polygons.y; i += 1u) {
        let shape = scene_obstacle(state, i);
        var distance = -MATH_LARGEST;
        for (var j = 0u; j < shape.count; j += 1u) {
            distance = max(distance, dot(shape.normals[j], p - shape.vertices[j]));
        }
        out = draw_over(out, DRAW_GREY, draw_cover(distance, edge));
    }
    return out;
}
