//! Ground that is a line of points at equal distances: what touches it, which feet stand on it, where rays meet it.
//!
//! The importing file declares, besides what `physics2d` and `collide2d` ask for, `SCENE_GROUND_STEP` (m) and
//! `SCENE_GROUND_POINTS`, and a `State` with the points' `heights` (m), `bodies` and `touches`. `obstacles2d` is for edges at
//! other distances and for polygons.

import package::shared::math::{math_sincos};
import package::shared::physics2d::{PHYSICS2D_SKIN, Physics2dBody, Physics2dManifolds};
import package::shared::collide2d::{Collide2dShape, collide2d_edge, collide2d_ray};
import package::shared::touch2d::{Touch2dFound, touch2d_add, touch2d_bounds, touch2d_place, touch2d_standing};
import package::shared::toi2d::{toi2d_bounds, toi2d_share};

/// The number of the edge below `x`; of the nearest one beyond the ends.
fn ground2d_edge(x: f32) -> u32 {
    return u32(clamp(x / SCENE_GROUND_STEP, 0.0, f32(SCENE_GROUND_POINTS - 2u)));
}

/// A point of the ground.
fn ground2d_point(state: ptr<function, State>, i: u32) -> vec2<f32> {
    return vec2<f32>(f32(i) * SCENE_GROUND_STEP, (*state).heights[i]);
}

/// Finds a body's contacts with the line, from right to left.
fn ground2d_line(state: ptr<function, State>, found: ptr<function, Touch2dFound>, body: u32, slot: u32) {
    let b = (*state).bodies[body];
    let turn = math_sincos(b.angle);
    let bounds = touch2d_bounds(body, b.center, turn);
    let last = ground2d_edge(bounds.z + PHYSICS2D_SKIN);
    let first = ground2d_edge(bounds.x - PHYSICS2D_SKIN);
    for (var i = 0u; i < 8u && first + i <= last; i += 1u) {
        let k = last - i;
        let v1 = ground2d_point(state, k);
        let v2 = ground2d_point(state, k + 1u);
        if max(v1.y, v2.y) + PHYSICS2D_SKIN >= bounds.y && min(v1.y, v2.y) - PHYSICS2D_SKIN <= bounds.w {
            touch2d_add(state, found, collide2d_edge(body, b.center, turn, v1, v2, k), slot);
        }
    }
}

/// Whether a body touches the line; where it `pushes`, its contacts go to its places from `slot` on.
fn ground2d_contacts(
    state: ptr<function, State>,
    manifolds: ptr<function, Physics2dManifolds>,
    body: u32,
    slot: u32,
    pushes: bool,
) -> bool {
    var found = Touch2dFound();
    ground2d_line(state, &found, body, slot);
    if pushes {
        touch2d_place(manifolds, &found, slot);
    }
    return found.count > 0u;
}

/// The share of the way of a body, from `origin` to where the state has it, at which it comes too close to the line; else 1.
fn ground2d_impact(state: ptr<function, State>, origin: Physics2dBody, body: u32) -> f32 {
    let to = (*state).bodies[body];
    let bounds = toi2d_bounds(origin, to, body);
    let first = ground2d_edge(bounds.x);
    let last = ground2d_edge(bounds.z);
    var share = 1.0;
    for (var i = 0u; i < 8u && first + i <= last; i += 1u) {
        var edge = Collide2dShape();
        edge.count = 2u;
        edge.vertices[0] = ground2d_point(state, last - i);
        edge.vertices[1] = ground2d_point(state, last - i + 1u);
        let heights = vec2<f32>(edge.vertices[0].y, edge.vertices[1].y);
        if max(heights.x, heights.y) >= bounds.y && min(heights.x, heights.y) <= bounds.w {
            share = min(share, toi2d_share(origin, to, body, edge));
        }
    }
    return share;
}

/// As `touch2d_standing`.
fn ground2d_standing(state: ptr<function, State>, manifolds: ptr<function, Physics2dManifolds>, slot: u32, before: bool) -> bool {
    return touch2d_standing(state, manifolds, slot, before);
}

/// Share of `path` at which a ray to the right meets the ground, 1 where it does not.
fn ground2d_ray(state: ptr<function, State>, origin: vec2<f32>, path: vec2<f32>) -> f32 {
    // A little more on both sides: rounded, a ray straight down may miss the end of the edge that `x` is over.
    let first = ground2d_edge(origin.x - PHYSICS2D_SKIN);
    let last = ground2d_edge(origin.x + path.x + PHYSICS2D_SKIN);
    var share = 2.0;
    for (var k = first; k <= last && share > 1.0; k += 1u) {
        let v1 = ground2d_point(state, k);
        let v2 = ground2d_point(state, k + 1u);
        share = collide2d_ray(origin, path, v1, v2);
    }
    return min(share, 1.0);
}
