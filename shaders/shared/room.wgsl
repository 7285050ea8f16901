//! Dark rooms of side x side cells: how an agent walks in them, how places are drawn, what they look like.
import package::shared::rng::{Rng, rng_range};
import package::shared::draw::{DRAW_BLUE, DRAW_GREY, DRAW_INK, DRAW_PAPER, DRAW_SKY};
import package::shared::draw::{draw_circle, draw_cover, draw_over, draw_tile};

/// The next cell: 0 x + 1, 1 x - 1, 2 y + 1, 3 y - 1, anything else stays; walls stop.
fn room_walk(place: vec2<u32>, direction: u32, side: u32) -> vec2<u32> {
    let step = vec2<u32>(
        1u + select(0u, 1u, direction == 0u) - select(0u, 1u, direction == 1u),
        1u + select(0u, 1u, direction == 2u) - select(0u, 1u, direction == 3u),
    );
    return clamp(place + step, vec2<u32>(1u), vec2<u32>(side)) - 1u;
}

/// A cell; coordinates that are not below `side` are drawn. One draw.
fn room_place(x: u32, y: u32, side: u32, rng: ptr<function, Rng>) -> vec2<u32> {
    let cell = rng_range(rng, side * side);
    return vec2<u32>(select(x, cell % side, x >= side), select(y, cell / side, y >= side));
}

/// Cell of the room under uv; the lowest part of the picture belongs to `room_clock`.
fn room_point(uv: vec2<f32>, side: u32) -> vec2<f32> {
    return clamp(vec2<f32>(uv.x, uv.y / 0.94), vec2<f32>(0.0), vec2<f32>(0.9999)) * f32(side);
}

/// The floor with the agent on it, a disc that is lit where the last action was paid.
fn room_agent(floor: vec3<f32>, q: vec2<f32>, place: vec2<u32>, paid: bool) -> vec3<f32> {
    let here = vec2<u32>(q);
    let disc = draw_cover(draw_circle(fract(q), vec2<f32>(0.5), 0.3), 0.06);
    let tone = select(DRAW_SKY, DRAW_PAPER, paid);
    return draw_over(floor, tone, select(0.0, disc, all(here == place)));
}

/// A tile in `tone`, dark where `marked` is false.
fn room_floor(q: vec2<f32>, tone: vec3<f32>, marked: bool) -> vec3<f32> {
    let tile = draw_tile(fract(q), 0.04);
    return draw_over(DRAW_INK, select(DRAW_GREY, tone, marked), select(0.22, 0.9, marked) * tile);
}

/// The room, and below it how much of an attempt, light, and of the whole episode, blue, is over.
fn room_clock(room: vec3<f32>, attempt: f32, episode: f32, uv: vec2<f32>) -> vec3<f32> {
    let upper = uv.y < 0.97;
    let light = select(select(0.0, 1.0, uv.x < episode), select(0.0, 1.0, uv.x < attempt), upper);
    let bar = draw_over(DRAW_INK, select(DRAW_BLUE, DRAW_GREY, upper), light);
    return select(room, bar, uv.y > 0.94);
}
