//! Drawing for `pixel` functions: signed distances to shapes, soft edges, colours.
//!
//! A shape is a function from a point to its signed distance: negative inside, zero on the edge, positive outside, in the
//! units of the point. A picture is a background with shapes laid over it, the last one on top:
//!
//! ```wgsl
//! let p = draw_world(uv, vec2<f32>(0.0, 0.5), vec2<f32>(4.8, 3.2));    // x to the right, y upwards, metres
//! var colour = DRAW_PAPER;
//! colour = draw_over(colour, DRAW_INK, draw_cover(draw_box(p, vec2<f32>(x, 0.0), vec2<f32>(0.25, 0.15)), 0.02));
//! ```
//! Unions are min, intersections max, of distances; negation is the complement. Distances are exact to a few ulp of the
//! coordinates unless a function says "at most" (then the true distance is no smaller, edges are still right). Nothing here
//! feeds back into an environment's state; costs, in vector operations, matter only for pixel observations.
//!
//! # Source
//! Elementary plane geometry. Palette: M. Okabe, K. Ito 2008, "Color Universal Design", chosen to stay distinct for
//! colour-blind readers.
import package::shared::math::{math_length, math_sqrt};

/// Off-white background.
const DRAW_PAPER: vec3<f32> = vec3<f32>(0.969, 0.961, 0.937);
/// Near-black for outlines, text-like detail and bodies.
const DRAW_INK: vec3<f32> = vec3<f32>(0.133, 0.153, 0.188);
/// Mid grey for tracks, axles and things that do not act.
const DRAW_GREY: vec3<f32> = vec3<f32>(0.545, 0.557, 0.573);
/// Light grey for grid lines and empty cells.
const DRAW_MIST: vec3<f32> = vec3<f32>(0.867, 0.859, 0.835);
const DRAW_ORANGE: vec3<f32> = vec3<f32>(0.902, 0.624, 0.0);
const DRAW_SKY: vec3<f32> = vec3<f32>(0.337, 0.706, 0.914);
const DRAW_GREEN: vec3<f32> = vec3<f32>(0.0, 0.620, 0.451);
const DRAW_YELLOW: vec3<f32> = vec3<f32>(0.941, 0.894, 0.259);
const DRAW_BLUE: vec3<f32> = vec3<f32>(0.0, 0.447, 0.698);
const DRAW_RED: vec3<f32> = vec3<f32>(0.835, 0.369, 0.0);
const DRAW_PINK: vec3<f32> = vec3<f32>(0.800, 0.475, 0.655);

/// Accent colour number i modulo 7: blue, orange, green, red, sky, pink, yellow. For channels, agents and the like.
fn draw_accent(i: u32) -> vec3<f32> {
    switch i % 7u {
        case 0u: { return DRAW_BLUE; }
        case 1u: { return DRAW_ORANGE; }
        case 2u: { return DRAW_GREEN; }
        case 3u: { return DRAW_RED; }
        case 4u: { return DRAW_SKY; }
        case 5u: { return DRAW_PINK; }
        default: { return DRAW_YELLOW; }
    }
}

/// `colour` moved towards white (amount in (0, 1]) or black (amount in [-1, 0)). 8 operations.
fn draw_tint(colour: vec3<f32>, amount: f32) -> vec3<f32> {
    return draw_over(colour, vec3<f32>(select(0.0, 1.0, amount > 0.0)), abs(amount));
}

/// Point of the world under `uv`: `centre` in the middle of the picture, `size` = width and height shown, y upwards.
/// Give `size` the picture's aspect ratio, or circles become ellipses. 6 operations.
fn draw_world(uv: vec2<f32>, centre: vec2<f32>, size: vec2<f32>) -> vec2<f32> {
    return centre + (uv - 0.5) * vec2<f32>(size.x, -size.y);
}

/// Share of a point that a shape covers, in [0, 1]: 1 inside, 0 outside, a ramp of `width` across the edge. A width of
/// about one pixel (world height shown / 200) gives smooth edges, a larger one a glow. width > 0. 4 operations.
fn draw_cover(distance: f32, width: f32) -> f32 {
    return saturate(0.5 - distance / width);
}

/// `colour` laid over `background`, opaque where cover = 1. 9 operations.
fn draw_over(background: vec3<f32>, colour: vec3<f32>, cover: f32) -> vec3<f32> {
    return background + (colour - background) * cover;
}

/// Distance to the outline of a shape, drawn as a band of `width`, centred on the edge. 3 operations.
fn draw_outline(distance: f32, width: f32) -> f32 {
    return abs(distance) - 0.5 * width;
}

/// Disc. 8 operations.
fn draw_circle(p: vec2<f32>, centre: vec2<f32>, radius: f32) -> f32 {
    return math_length(p - centre) - radius;
}

/// Ring of `width`, centred on the circle of `radius`. 11 operations.
fn draw_ring(p: vec2<f32>, centre: vec2<f32>, radius: f32, width: f32) -> f32 {
    return draw_outline(draw_circle(p, centre, radius), width);
}

/// Rectangle with sides along the axes; `half_size` = half width, half height. 15 operations.
fn draw_box(p: vec2<f32>, centre: vec2<f32>, half_size: vec2<f32>) -> f32 {
    let beyond = abs(p - centre) - half_size;
    return math_length(max(beyond, vec2<f32>(0.0))) + min(max(beyond.x, beyond.y), 0.0);
}

/// Rectangle turned about its centre; `direction` = unit vector along its half width, e.g. (cos, sin) of the angle.
/// 22 operations.
fn draw_turned_box(p: vec2<f32>, centre: vec2<f32>, half_size: vec2<f32>, direction: vec2<f32>) -> f32 {
    let q = p - centre;
    return draw_box(vec2<f32>(dot(q, direction), q.y * direction.x - q.x * direction.y), vec2<f32>(0.0), half_size);
}

/// Thick segment from a to b with round ends (poles, links, limbs); a disc where a = b. 22 operations.
fn draw_capsule(p: vec2<f32>, a: vec2<f32>, b: vec2<f32>, radius: f32) -> f32 {
    let q = p - a;
    let along = b - a;
    let share = saturate(dot(q, along) / max(dot(along, along), 1e-12));
    return math_length(q - along * share) - radius;
}

/// Half plane to the right of the line from a to b (seen with y upwards). The max of the edges of a convex polygon, taken
/// clockwise, is the polygon: at most the true distance. a != b. 13 operations.
fn draw_edge(p: vec2<f32>, a: vec2<f32>, b: vec2<f32>) -> f32 {
    let along = b - a;
    let q = p - a;
    return (along.x * q.y - along.y * q.x) / max(math_length(along), 1e-6);
}

/// Triangle, corners in either order; at most the true distance. 55 operations.
fn draw_triangle(p: vec2<f32>, a: vec2<f32>, b: vec2<f32>, c: vec2<f32>) -> f32 {
    let turn = select(-1.0, 1.0, (b.x - a.x) * (c.y - a.y) < (b.y - a.y) * (c.x - a.x));
    return max(turn * draw_edge(p, a, b), max(turn * draw_edge(p, b, c), turn * draw_edge(p, c, a)));
}

/// Arrow from a to b: a shaft of `width` and a head three times as wide (forces, headings). 90 operations.
fn draw_arrow(p: vec2<f32>, a: vec2<f32>, b: vec2<f32>, width: f32) -> f32 {
    let along = b - a;
    let unit = along / max(math_length(along), 1e-6);
    let side = vec2<f32>(-unit.y, unit.x) * (1.5 * width);
    let neck = b - unit * (2.5 * width);
    return min(draw_capsule(p, a, neck, 0.5 * width), draw_triangle(p, neck + side, b, neck - side));
}

/// Ground below a curve: `height` and `slope` of the curve at p.x. First-order distance: right at the edge. 6 operations.
fn draw_below(p: vec2<f32>, height: f32, slope: f32) -> f32 {
    return (p.y - height) / math_sqrt(1.0 + slope * slope);
}

/// (column, row) of the cell of a columns x rows grid under `uv`; (0, 0) = top left. Always inside the grid. 10 operations.
fn draw_cell(uv: vec2<f32>, columns: u32, rows: u32) -> vec2<u32> {
    let cells = vec2<f32>(f32(columns), f32(rows));
    return vec2<u32>(clamp(floor(uv * cells), vec2<f32>(0.0), cells - 1.0));
}

/// Place inside that cell, from (0, 0) = its top left to (1, 1) = its bottom right. 6 operations.
fn draw_cell_uv(uv: vec2<f32>, columns: u32, rows: u32) -> vec2<f32> {
    return fract(uv * vec2<f32>(f32(columns), f32(rows)));
}

/// Cover of a square tile that leaves a gap of share `gap` of the cell at each side (0.04 gives thin grid lines), with a
/// soft edge of the same width. `cell_uv` from draw_cell_uv, gap > 0. 19 operations.
fn draw_tile(cell_uv: vec2<f32>, gap: f32) -> f32 {
    return draw_cover(draw_box(cell_uv, vec2<f32>(0.5), vec2<f32>(0.5 - gap)), gap);
}
