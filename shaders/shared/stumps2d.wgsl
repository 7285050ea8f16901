//! Stump tracks of teachDeepRL: where stumps stand follows from the spacing, only their heights are kept.
//!
//! The importing scene declares a `State` with `spacing` (m; between two stumps) and `stumps` (m; their heights, `SCENE_OBSTACLES`
//! of them).

import package::shared::rng::{Rng, rng_normal};
import package::shared::collide2d::{Collide2dShape};
import package::shared::obstacles2d::{obstacles2d_box};
import package::shared::row2d::{ROW2D_END, row2d_before, row2d_left};
import package::shared::walk2d::{WALK2D_GROUND, WALK2D_STEP};

const SCENE_ROW_WIDTH: f32 = WALK2D_STEP;
const SCENE_ROW_REACH: vec2<f32> = vec2<f32>(0.0, SCENE_ROW_WIDTH);
/// m; smallest spacing
const STUMPS2D_LEAST: f32 = 0.01;
/// 1; stumps at the smallest spacing
const SCENE_OBSTACLES: u32 = 177u;

/// Draws a track: `height` is the stumps' mean height in steps of 14 / 30 m, `spacing` the distance between two of them, m.
fn stumps2d_grow(state: ptr<function, State>, rng: ptr<function, Rng>, height: f32, spacing: f32) {
    (*state).spacing = max(STUMPS2D_LEAST, spacing);
    let count = row2d_before(state, ROW2D_END);
    for (var i = 0u; i < SCENE_OBSTACLES; i += 1u) {
        (*state).stumps[i] = 0.0;
        if i < count {
            (*state).stumps[i] = WALK2D_STEP * max(0.05, height + 0.1 * rng_normal(rng));
        }
    }
}

fn scene_spacing(state: ptr<function, State>) -> f32 {
    return (*state).spacing;
}

fn scene_obstacle(state: ptr<function, State>, i: u32) -> Collide2dShape {
    let left = row2d_left(state, i);
    let high = vec2<f32>(left + SCENE_ROW_WIDTH, WALK2D_GROUND + (*state).stumps[i]);
    return obstacles2d_box(vec2<f32>(left, WALK2D_GROUND), high);
}
