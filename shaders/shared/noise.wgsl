//! Noise on what is observed.
//!
//! The importing file declares `Params` with `noise: f32`, its standard deviation, and `State` with `noise: vec2<f32>`.
//!
//! # Source
//! Box, Muller 1958.
import package::shared::rng::{Rng, rng_uniform};
import package::shared::math::{MATH_TAU, math_log, math_sincos, math_sqrt};

/// Two independent standard normals, each as `rng_normal`: of the same two draws, the cosine and the sine. About 120
/// operations.
fn noise_pair(rng: ptr<function, Rng>) -> vec2<f32> {
    let radius = math_sqrt(-2.0 * math_log(1.0 - rng_uniform(rng)));
    return radius * math_sincos(MATH_TAU * (rng_uniform(rng) - 0.5)).yx;
}

/// Draws the noise of the next observation; nothing where its standard deviation is 0.
fn noise_renew(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    if params.noise > 0.0 {
        (*state).noise = params.noise * noise_pair(rng);
    }
}
