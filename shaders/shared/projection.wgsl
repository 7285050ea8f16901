//! Tasks made of one environment: what is seen turned in space, what is done put in another order, by the number of a task.
//!
//! Nothing is stored: a task's turns and orders are words of the sequence of its seed. What shares these words also shares
//! the task, so a task is the same for all instances, back ends and machines.
//!
//! # Source
//! Lu et al. 2023, "Structured State Space Models for In-Context Reinforcement Learning": random linear projections of
//! observations and actions. Here they are orthogonal, so nothing is lost, and products of plane rotations: those of angles
//! scaled by `mix` are orthogonal too, and lead from the identity to the task.

import package::shared::math::{MATH_PI, math_mul_high, math_sincos};
import package::shared::hash::{hash_of};
import package::shared::rng::{Rng};

/// Passes over all strides of a rotation. Of 20,000 tasks, with 2 to 17 dimensions, the mean squares of all elements of the
/// matrices were within 4 % and their mean fourth powers within 10 % of those of uniformly distributed rotations; of three
/// passes within 10 % and 50 %.
const PROJECTION_ROUNDS: u32 = 4u;

/// Number of the task of an episode that begins, uniform on first .. first + count - 1. It follows from the generator without a
/// draw, so episodes are otherwise those that the environment would have without tasks. Exact.
fn projection_task(rng: ptr<function, Rng>, first: u32, count: u32) -> u32 {
    return first + math_mul_high(hash_of((*rng).low, (*rng).high), count);
}

/// Sine and cosine of rotation number `index` of a seed: its angle is mix times a uniform one of [-pi, pi). (0, 1) for mix = 0.
fn projection_turn(seed: u32, index: u32, mix: f32) -> vec2<f32> {
    let angle = f32(i32(hash_of(seed, index)) >> 8u) * (MATH_PI / 8388608.0);
    return math_sincos(mix * angle);
}

/// Which of n things choice k stands for: a permutation, uniform for mix = 1, the identity for mix = 0. Each swap of a shuffle
/// is made with the chance `mix`. n rounds of 2 hashes; k where n is 0 or 1.
fn projection_choice(seed: u32, n: u32, mix: f32, k: u32) -> u32 {
    var at = k;
    for (var left = n; left > 1u; left--) {
        let last = left - 1u;
        let other = math_mul_high(hash_of(seed, 2u * left), left);
        let made = f32(i32(hash_of(seed, 2u * left + 1u) >> 8u)) < mix * 16777216.0;
        let moved = select(select(at, last, at == other), other, at == last);
        at = select(at, moved, made);
    }
    return at;
}
