//! Tracks of teachDeepRL: flat ground with equally wide obstacles at equal distances, the first at the end of the pad.
//!
//! The line has a point at both ends of each obstacle, so it ends with the last of them before 93.3 m. The importing scene takes
//! `obstacles2d` and declares `SCENE_ROW_WIDTH` (m; of an obstacle), `SCENE_ROW_REACH` (m; from where an obstacle begins, how
//! far to the left and to the right its polygon may reach), `SCENE_OBSTACLES` (most obstacles) and the function `scene_spacing`
//! (m; from the end of an obstacle to the beginning of the next).

import package::shared::walk2d::{WALK2D_GROUND};

/// m; from here on obstacles begin
const ROW2D_START: f32 = 9.3333333;
/// m; before here obstacles begin
const ROW2D_END: f32 = 93.333333;
const SCENE_GROUND_POINTS: u32 = 2u * SCENE_OBSTACLES + 1u;

/// How many obstacles begin before `x`; all of them where it lies beyond the end.
fn row2d_before(state: ptr<function, State>, x: f32) -> u32 {
    let count = ceil((min(x, ROW2D_END) - ROW2D_START) / (SCENE_ROW_WIDTH + scene_spacing(state)));
    return u32(clamp(count, 0.0, f32(SCENE_OBSTACLES)));
}

/// Where an obstacle begins, m.
fn row2d_left(state: ptr<function, State>, i: u32) -> f32 {
    return ROW2D_START + f32(i) * (SCENE_ROW_WIDTH + scene_spacing(state));
}

fn scene_edge(state: ptr<function, State>, x: f32) -> u32 {
    let at = min(x, ROW2D_END);
    let points = row2d_before(state, ROW2D_END) + row2d_before(state, ROW2D_END - SCENE_ROW_WIDTH);
    return min(row2d_before(state, at) + row2d_before(state, at - SCENE_ROW_WIDTH), points - 1u);
}

fn scene_point(state: ptr<function, State>, i: u32) -> vec2<f32> {
    // Behind the first point both ends of the first obstacle, of the second, and so on.
    let end = i - min(i, 1u);
    let x = row2d_left(state, end / 2u) + select(0.0, SCENE_ROW_WIDTH, end % 2u == 1u);
    return vec2<f32>(select(x, 0.0, i == 0u), WALK2D_GROUND);
}

fn scene_polygons(state: ptr<function, State>, left: f32, right: f32) -> vec2<u32> {
    return vec2<u32>(row2d_before(state, left - SCENE_ROW_REACH.y), row2d_before(state, right - SCENE_ROW_REACH.x));
}
