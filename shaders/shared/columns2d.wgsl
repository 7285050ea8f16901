//! Rectangles over a line of points at equal distances, at most one over each of its edges.
//!
//! The importing scene takes `obstacles2d` and `ground2d` and declares `SCENE_OBSTACLES` (how many rectangles there may be) and a
//! `State` with `boxes` (m; left, lower, right, upper side), `box_count` and `columns` (for each edge of the line the number of
//! the rectangle over it, counted from 1, 0 for none; four to a word, `COLUMNS2D_WORDS`).

import package::shared::collide2d::{Collide2dShape};
import package::shared::ground2d::{ground2d_edge};
import package::shared::obstacles2d::{obstacles2d_box};

const COLUMNS2D_WORDS: u32 = 50u;

/// Begins without rectangles.
fn columns2d_clear(state: ptr<function, State>) {
    (*state).box_count = 0u;
    for (var i = 0u; i < COLUMNS2D_WORDS; i += 1u) {
        (*state).columns[i] = 0u;
    }
}

/// Adds a rectangle over the edges from `edge` on, `width` of them, if there is a place for it; what lies beyond the end of
/// the line is not noted. They come from left to right.
fn columns2d_add(state: ptr<function, State>, edge: u32, width: u32, sides: vec4<f32>) {
    let i = (*state).box_count;
    if i < SCENE_OBSTACLES {
        (*state).boxes[i] = sides;
        (*state).box_count = i + 1u;
        for (var k = edge; k < min(edge + width, SCENE_GROUND_POINTS); k += 1u) {
            (*state).columns[k >> 2u] |= (i + 1u) << (8u * (k & 3u));
        }
    }
}

/// Number of the rectangle over an edge, counted from 1; 0 for none.
fn columns2d_over(state: ptr<function, State>, edge: u32) -> u32 {
    return ((*state).columns[edge >> 2u] >> (8u * (edge & 3u))) & 255u;
}

fn scene_polygons(state: ptr<function, State>, left: f32, right: f32) -> vec2<u32> {
    var first = SCENE_OBSTACLES;
    var end = 0u;
    let last = ground2d_edge(right);
    for (var k = ground2d_edge(left); k <= last; k += 1u) {
        let polygon = columns2d_over(state, k);
        if polygon != 0u {
            first = min(first, polygon - 1u);
            end = polygon;
        }
    }
    return vec2<u32>(min(first, end), end);
}

fn scene_obstacle(state: ptr<function, State>, i: u32) -> Collide2dShape {
    let b = (*state).boxes[i];
    return obstacles2d_box(b.xy, b.zw);
}
