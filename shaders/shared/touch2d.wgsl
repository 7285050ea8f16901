//! Contacts of a body while they are looked for, in the order in which Box2D's solver visits them, and which feet stand.
//!
//! That order is not known in full: Box2D's is that in which enlarged boxes about shapes began to overlap, here it is that in
//! which shapes began to touch, and from right to left where several did in one step. On stump tracks 1.3 % of the steps differ
//! for that by more than 0.005 m/s or rad/s, with the same contacts.
//!
//! Where the ground lies is the business of `ground2d` (heights at equal distances) and `obstacles2d` (edges and polygons where
//! the scene says). The importing file declares what `physics2d` and `collide2d` ask for, and a `State` with `bodies` and
//! `touches`, and the function `scene_contacts`.

import package::shared::physics2d::{Physics2dManifold, Physics2dManifolds, physics2d_turned};
import package::shared::collide2d::{collide2d_recall};

/// The box about a body's shape: left, lower, right, upper, m.
fn touch2d_bounds(shape: u32, center: vec2<f32>, turn: vec2<f32>) -> vec4<f32> {
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
struct Touch2dFound {
    /// 1; how many there are
    count: u32,
    /// m; the contacts
    manifolds: array<Physics2dManifold, SCENE_SLOTS>,
    /// 1; their order: new ones as they were found, then those of the step before in their order
    ranks: array<u32, SCENE_SLOTS>,
}

/// Adds a contact if there is one and a place for it; it recalls its impulses from the places from `slot` on.
fn touch2d_add(state: ptr<function, State>, found: ptr<function, Touch2dFound>, contact: Physics2dManifold, slot: u32) {
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
fn touch2d_place(manifolds: ptr<function, Physics2dManifolds>, found: ptr<function, Touch2dFound>, slot: u32) {
    for (var i = 0u; i < (*found).count; i += 1u) {
        var before = 0u;
        for (var j = 0u; j < (*found).count; j += 1u) {
            before += select(0u, 1u, (*found).ranks[j] < (*found).ranks[i]);
        }
        (*manifolds)[slot + before] = (*found).manifolds[i];
    }
}

/// All contacts of the bodies that push.
fn touch2d_gather(state: ptr<function, State>, manifolds: ptr<function, Physics2dManifolds>) {
    for (var i = 0u; i < SCENE_CONTACTS; i += 1u) {
        (*manifolds)[i].count = 0u;
    }
    for (var i = 0u; i < SCENE_CONTACTS; i += SCENE_SLOTS) {
        scene_contacts(state, manifolds, SCENE_CONTACT_BODY[i], i, true);
    }
}

/// Whether a foot is reported to stand: begun and ended contacts set and clear one flag, the leftmost at last.
fn touch2d_standing(state: ptr<function, State>, manifolds: ptr<function, Physics2dManifolds>, slot: u32, before: bool) -> bool {
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
