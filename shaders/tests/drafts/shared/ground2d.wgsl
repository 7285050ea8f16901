//! Ground that is a line of points at equal distances: what touches it, which feet stand on it, where rays meet it.
//!
//! The importing file declares, besides what `physics2d` and `collide2d` ask for, `SCENE_GROUND_STEP` (m) and
//! `SCENE_GROUND_POINTS`, and a `State` with the points' `heights` (m), `bodies` and `touches`.

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

/// Whether a body touches the ground; where it `pushes`, its contacts go to its places from `slot` on, in Box2D's order:
/// new ones from right to left, then those that were there before, in their order.
fn ground2d_contacts(
    state: ptr<function, State>,
    manifolds: ptr<function, Physics2dManifolds>,
    body: u32,
    slot: u32,
    pushes: bool,
) -> bool {
    let b = (*state).bodies[body];
    let turn = math_sincos(b.angle);
    var low = vec2<f32>(1e9);
    var high = vec2<f32>(-1e9);
    for (var i = 0u; i < SCENE_SHAPE[body].count; i += 1u) {
        let vertex = b.center + physics2d_turned(turn, SCENE_SHAPE[body].vertices[i]);
        low = min(low, vertex);
        high = max(high, vertex);
    }
    let last = ground2d_edge(high.x + PHYSICS2D_SKIN);
    let first = ground2d_edge(low.x - PHYSICS2D_SKIN);
    var found: array<Physics2dManifold, SCENE_SLOTS>;
    var rank: array<u32, SCENE_SLOTS>;
    var used = 0u;
    for (var i = 0u; i < 6u && first + i <= last; i += 1u) {
        let k = last - i;
        let v1 = ground2d_point(state, k);
        let v2 = ground2d_point(state, k + 1u);
        if max(v1.y, v2.y) + PHYSICS2D_SKIN >= low.y && used < SCENE_SLOTS {
            var m = collide2d_edge(body, b.center, turn, v1, v2, k);
            if m.count > 0u {
                var age = used;
                if pushes {
                    for (var j = 0u; j < SCENE_SLOTS; j += 1u) {
                        let touch = (*state).touches[slot + j];
                        age = select(age, SCENE_SLOTS + j, (touch.key >> 16u) == k + 1u);
                        m = collide2d_recall(m, touch);
                    }
                }
                found[used] = m;
                rank[used] = age;
                used += 1u;
            }
        }
    }
    if pushes {
        for (var i = 0u; i < used; i += 1u) {
            var before = 0u;
            for (var j = 0u; j < used; j += 1u) {
                before += select(0u, 1u, rank[j] < rank[i]);
            }
            (*manifolds)[slot + before] = found[i];
        }
    }
    return used > 0u;
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
