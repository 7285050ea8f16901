//! Convex hulls of a few points, as Box2D 2.3 makes polygons of them.

import package::shared::physics2d::{physics2d_cross};

/// Points, as many as a polygon may have vertices.
struct Hull2dPoints {
    /// 1; how many there are
    count: u32,
    /// m; corners
    points: array<vec2<f32>, SCENE_VERTICES>,
}

/// The convex hull, counter-clockwise, from the rightmost point on (the lowest of them). What lies on a side between two
/// corners is left out. At least three points that do not lie on a line.
fn hull2d_of(p: Hull2dPoints) -> Hull2dPoints {
    var first = 0u;
    for (var i = 1u; i < p.count; i += 1u) {
        let lower = p.points[i].x == p.points[first].x && p.points[i].y < p.points[first].y;
        first = select(first, i, p.points[i].x > p.points[first].x || lower);
    }
    var out = Hull2dPoints();
    var corner = first;
    for (var m = 0u; m < p.count && (m == 0u || corner != first); m += 1u) {
        out.points[m] = p.points[corner];
        out.count = m + 1u;
        // The next corner has all other points to its left, seen from this one; of several on a line it is the farthest.
        var next = select(0u, 1u, corner == 0u);
        for (var j = 0u; j < p.count; j += 1u) {
            let r = p.points[next] - p.points[corner];
            let v = p.points[j] - p.points[corner];
            let turn = physics2d_cross(r, v);
            let farther = turn == 0.0 && dot(v, v) > dot(r, r);
            next = select(next, j, j != corner && (turn < 0.0 || farther));
        }
        corner = next;
    }
    return out;
}
