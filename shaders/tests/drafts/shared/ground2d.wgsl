//! Ground that is a line of points at equal distances: what touches it, which feet stand on it, where rays meet it.
//!
//! The importing file declares, besides what `physics2d` and `collide2d` ask for, `SCENE_GROUND_STEP` (m) and
//! `SCENE_GROUND_POINTS`, and a `State` with the points' `heights` (m), `bodies` and `touches`. `obstacles2d` is the same with
//! polygons on the ground.

import package::shared::math::{math_sincos};
import package::shared::physics2d::{
    PHYSICS2D_SKIN, Physics2dManifold, Physics2dManifolds, physics2d_turned,
};
import package::shared::collide2d::{collide2d_edge, collide2d_ray, collide2d_recall};

/// The number of the edge below `x`; of the nearest one beyond the ends.
fn ground2d_edge(x: f32) -> u32 {
    return u32(clamp(x / SCENE_GROUND_STEP, 0.0, f32(SCENE_GROUND_POINTS - 2u)));
}

/// A point of the ground.
fn ground2d_point(state: ptr<function, State>, i: u32) -> vec2<f32> {
    return vec2<f32>(f32(i) * SCENE_GROUND_STEP, (*state).heights[i]);
}

/// The box about a body's shape: left, lower, right, upper, m.
fn ground2d_bounds(shape: u32, center: vec2<f32>, turn: vec2<f32>) -> vec4<f32> {
    var low = vec2<f32>(1e9);
    var high = vec2<f32>(-1e9);
    for (var i = 0u; i < SCENE_SHAPE[shape].count; i += 1u) {
        let vertex = center + physics2d_turned(turn, SCENE_SHAPE[shape].vertices[i]);
        low = min(low, vertex);
        high = max(high, vertex);
    }
    return vec4<f32>(low, high);
}

/// Contacts of one body while they are looked for.
struct Ground2dFound {
    /// 1; how many there are
    count: u32,
    /// m; the contacts
    manifolds: array<Physics2dManifold, SCENE_SLOTS>,
    /// 1; their order: new ones as they were found, then those of the step before in their order
    ranks: array<u32, SCENE_SLOTS>,
}

/// Adds a contact if there is one and a place for it; it recalls its impulses from the places from `slot` on.
fn ground2d_add(state: ptr<function, State>, found: ptr<function, Ground2dFound>, contact: Physics2dManifold, slot: u32) {
    let count = (*found).count;
    if contact.count > 0u && count < SCENE_SLOTS {
        var m = contact;
        var rank = count;
        for (var j = 0u; j < SCENE_SLOTS; j += 1u) {
            let touch = (*state).touches[slot + j];
            rank = select(rank, SCENE_SLOTS + j, (touch.key >> 16u) == (m.key >> 16u));
            m = collide2d_recall(m, touch);
        }
        (*found).manifolds[count] = m;
        (*found).ranks[count] = rank;
        (*found).count = count + 1u;
    }
}

/// Puts the contacts that were found to their places from `slot` on, in Box2D's order: new ones first.
fn ground2d_place(manifolds: ptr<function, Physics2dManifolds>, found: ptr<function, Ground2dFound>, slot: u32) {
    for (var i = 0u; i < (*found).count; i += 1u) {
        var before = 0u;
        for (var j = 0u; j < (*found).count; j += 1u) {
            before += select(0u, 1u, (*found).ranks[j] < (*found).ranks[i]);
        }
        (*manifolds)[slot + before] = (*found).manifolds[i];
    }
}

/// Finds a body's contacts with the line, from right to left.
fn ground2d_line(state: ptr<function, State>, found: ptr<function, Ground2dFound>, body: u32, slot: u32) {
    let b = (*state).bodies[body];
    let turn = math_sincos(b.angle);
    let bounds = ground2d_bounds(body, b.center, turn);
    let last = ground2d_edge(bounds.z + PHYSICS2D_SKIN);
    let first = ground2d_edge(bounds.x - PHYSICS2D_SKIN);
    for (var i = 0u; i < 8u && first + i <= last; i += 1u) {
        let k = last - i;
        let v1 = ground2d_point(state, k);
        let v2 = ground2d_point(state, k + 1u);
        if max(v1.y, v2.y) + PHYSICS2D_SKIN >= bounds.y && min(v1.y, v2.y) - PHYSICS2D_SKIN <= bounds.w {
            ground2d_add(state, found, collide2d_edge(body, b.center, turn, v1, v2, k), slot);
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
    var found = Ground2dFound();
    ground2d_line(state, &found, body, slot);
    if pushes {
        ground2d_place(manifolds, &found, slot);
    }
    return found.count > 0u;
}

/// Whether a foot is reported to stand: begun and ended contacts set and clear one flag, the leftmost at last.
fn ground2d_standing(state: ptr<function, State>, manifolds: ptr<function, Physics2dManifolds>, slot: u32, before: bool) -> bool {
    var flag = before;
    var leftmost = 0xffffu;
    for (var i = slot; i < slot + SCENE_SLOTS; i += 1u) {
        let now = select(0u, (*manifolds)[i].key >> 16u, (*manifolds)[i].count > 0u);
        let old = (*state).touches[i].key >> 16u;
        var began = now != 0u && now < leftmost;
        var ended = old != 0u && old < leftmost;
        for (var j = slot; j < slot + SCENE_SLOTS; j += 1u) {
            began = began && (*state).touches[j].key >> 16u != now;
            ended = ended && ((*manifolds)[j].count == 0u || (*manifolds)[j].key >> 16u != old);
        }
        if began {
            leftmost = now;
            flag = true;
        }
        if ended && old < leftmost {
            leftmost = old;
            flag = false;
        }
    }
    return flag;
}

/// Share of `path` at which a ray to the right meets the ground, 1 where it does not.
fn ground2d_ray(state: ptr<function, State>, origin: vec2<f32>, path: vec2<f32>) -> f32 {
    let first = ground2d_edge(origin.x);
    let last = ground2d_edge(origin.x + path.x);
    var share = 2.0;
    for (var k = first; k <= last && share > 1.0; k += 1u) {
        let v1 = ground2d_point(state, k);
        let v2 = ground2d_point(state, k + 1u);
        share = collide2d_ray(origin, path, v1, v2);
    }
    return min(share, 1.0);
}
