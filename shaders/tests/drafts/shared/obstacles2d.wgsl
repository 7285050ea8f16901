//! Ground as in `ground2d`, with convex polygons on it and in it.
//!
//! The importing file declares what `ground2d` asks for, `SCENE_OBSTACLES` (how many polygons there may be), a `State` with
//! `columns` (for each edge of the line the number of the polygon over it, counted from 1, 0 for none; four to a word), and
//! the function `scene_obstacle`, which returns a polygon of the state.

import package::shared::math::{math_sincos};
import package::shared::physics2d::{PHYSICS2D_SKIN, Physics2dManifolds};
import package::shared::collide2d::{Collide2dShape, collide2d_polygon, collide2d_ray};
import package::shared::ground2d::{
    Ground2dFound, ground2d_add, ground2d_bounds, ground2d_edge, ground2d_line, ground2d_place, ground2d_point,
};

/// Number of the polygon over an edge, counted from 1; 0 for none.
fn obstacles2d_over(state: ptr<function, State>, edge: u32) -> u32 {
    return ((*state).columns[edge >> 2u] >> (8u * (edge & 3u))) & 255u;
}

/// Notes that a polygon (counted from 1) lies over an edge of the line; beyond its end nothing is noted.
fn obstacles2d_cover(state: ptr<function, State>, edge: u32, polygon: u32) {
    if edge < SCENE_GROUND_POINTS {
        (*state).columns[edge >> 2u] |= polygon << (8u * (edge & 3u));
    }
}

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

/// As `ground2d_contacts`, with the polygons behind the line.
fn obstacles2d_contacts(
    state: ptr<function, State>,
    manifolds: ptr<function, Physics2dManifolds>,
    body: u32,
    slot: u32,
    pushes: bool,
) -> bool {
    var found = Ground2dFound();
    ground2d_line(state, &found, body, slot);
    let b = (*state).bodies[body];
    let turn = math_sincos(b.angle);
    let bounds = ground2d_bounds(body, b.center, turn);
    let first = ground2d_edge(bounds.x - PHYSICS2D_SKIN);
    let last = ground2d_edge(bounds.z + PHYSICS2D_SKIN);
    var seen = 0u;
    for (var i = 0u; i < 8u && first + i <= last; i += 1u) {
        let polygon = obstacles2d_over(state, last - i);
        if polygon != 0u && polygon != seen {
            seen = polygon;
            let shape = scene_obstacle(state, polygon - 1u);
            ground2d_add(state, &found, collide2d_polygon(body, b.center, turn, shape, SCENE_GROUND_POINTS + polygon), slot);
        }
    }
    if pushes {
        ground2d_place(manifolds, &found, slot);
    }
    return found.count > 0u;
}

/// As `ground2d_ray`, with the polygons.
fn obstacles2d_ray(state: ptr<function, State>, origin: vec2<f32>, path: vec2<f32>) -> f32 {
    let first = ground2d_edge(origin.x);
    let last = ground2d_edge(origin.x + path.x);
    var share = 2.0;
    var seen = 0u;
    for (var k = first; k <= last && share > 1.0; k += 1u) {
        share = collide2d_ray(origin, path, ground2d_point(state, k), ground2d_point(state, k + 1u));
        let polygon = obstacles2d_over(state, k);
        if polygon != 0u {
            let shape = scene_obstacle(state, polygon - 1u);
            for (var i = 0u; i < shape.count; i += 1u) {
                // From outside only, as Box2D has it for polygons.
                let facing = dot(shape.normals[i], path) < 0.0;
                let met = collide2d_ray(origin, path, shape.vertices[i], shape.vertices[(i + 1u) % shape.count]);
                share = select(share, min(share, met), facing);
            }
        }
    }
    return min(share, 1.0);
}
