//! Rewards that are scaled and disturbed before the agent is told.
import package::shared::rng::{Rng, rng_normal};
import package::shared::draw::{DRAW_GREEN, DRAW_INK, DRAW_PAPER, DRAW_RED, draw_box, draw_cover, draw_over};

/// scale * reward, with normal noise of the given standard deviation on top. One draw of rng_normal where there is noise.
fn feedback_disturbed(rng: ptr<function, Rng>, reward: f32, scale: f32, noise: f32) -> f32 {
    var told = reward * scale;
    if noise > 0.0 {
        told += noise * rng_normal(rng);
    }
    return told;
}

/// What was paid, as a bar along the lower edge of a picture: to the right of the middle and green above 0, to the left and red
/// below; half the width stands for `full`.
fn feedback_bar(picture: vec3<f32>, reward: f32, full: f32, uv: vec2<f32>) -> vec3<f32> {
    let share = 0.5 * clamp(reward / full, -1.0, 1.0);
    let track = draw_cover(draw_box(uv, vec2<f32>(0.5, 0.99), vec2<f32>(0.5, 0.01)), 0.005);
    let bar = draw_cover(draw_box(uv, vec2<f32>(0.5 + 0.5 * share, 0.99), vec2<f32>(0.5 * abs(share), 0.008)), 0.003);
    let middle = draw_cover(draw_box(uv, vec2<f32>(0.5, 0.99), vec2<f32>(0.002, 0.01)), 0.003);
    let told = draw_over(draw_over(picture, DRAW_INK, track), select(DRAW_RED, DRAW_GREEN, reward > 0.0), bar);
    return draw_over(told, DRAW_PAPER, middle);
}
