//! Bandits: arms of a task that is drawn anew for each episode, one of which is pulled in each step.
//!
//! The importing file declares `const SCENE_ARMS: u32`, the number of arms.
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER};
import package::shared::draw::{draw_box, draw_circle, draw_cover, draw_over};

struct Arms {
    /// 1; what each arm pays on average
    means: array<f32, SCENE_ARMS>,
    /// 1; the arm that was pulled last, SCENE_ARMS before the first
    pulled: u32,
    /// 1; what it paid
    reward: f32,
    /// steps; arms pulled so far
    time: u32,
}

/// What the agent sees: the last reward, and 1 at the place of the arm that was pulled.
alias ArmsObservation = array<f32, 1u + SCENE_ARMS>;

/// The mean of the best arm.
fn arms_best(arms: Arms) -> f32 {
    var best = arms.means[0];
    for (var k = 1u; k < SCENE_ARMS; k++) {
        best = max(best, arms.means[k]);
    }
    return best;
}

fn arms_mean(arms: Arms, arm: u32) -> f32 {
    var mean = 0.0;
    for (var k = 0u; k < SCENE_ARMS; k++) {
        mean = select(mean, arms.means[k], k == arm);
    }
    return mean;
}

fn arms_observe(arms: Arms) -> ArmsObservation {
    var seen: ArmsObservation;
    seen[0] = arms.reward;
    for (var k = 0u; k < SCENE_ARMS; k++) {
        seen[1u + k] = select(0.0, 1.0, arms.pulled == k);
    }
    return seen;
}

/// Arms as bars from `low` to `high` on the left scale, the best one green, the one that was pulled with a disc below and a mark at
/// what it paid; at the bottom the share of the horizon that is over.
fn arms_pixel(arms: Arms, low: f32, high: f32, horizon: u32, uv: vec2<f32>) -> vec3<f32> {
    let p = vec2<f32>(uv.x * f32(SCENE_ARMS), uv.y);
    let arm = min(u32(p.x), SCENE_ARMS - 1u);
    let middle = f32(arm) + 0.5;
    let mean = arms_mean(arms, arm);
    let zero = 0.85 - 0.8 * saturate((0.0 - low) / (high - low));
    let top = 0.85 - 0.8 * saturate((mean - low) / (high - low));
    let bar = draw_box(p, vec2<f32>(middle, 0.5 * (zero + top)), vec2<f32>(0.3, 0.5 * abs(zero - top) + 0.005));
    let tone = select(DRAW_BLUE, DRAW_GREEN, mean >= arms_best(arms));
    var colour = draw_over(DRAW_PAPER, DRAW_MIST, draw_cover(0.87 - p.y, 0.005));
    colour = draw_over(colour, DRAW_GREY, draw_cover(abs(p.y - zero) - 0.002, 0.004));
    colour = draw_over(colour, tone, draw_cover(bar, 0.005));
    let pulled = arms.pulled == arm;
    let paid = 0.85 - 0.8 * saturate((arms.reward - low) / (high - low));
    let mark = draw_box(p, vec2<f32>(middle, paid), vec2<f32>(0.4, 0.008));
    colour = draw_over(colour, DRAW_ORANGE, select(0.0, draw_cover(mark, 0.005), pulled));
    let disc = draw_circle(vec2<f32>((p.x - middle) * 1.5 / f32(SCENE_ARMS), p.y), vec2<f32>(0.0, 0.91), 0.025);
    colour = draw_over(colour, DRAW_ORANGE, select(0.0, draw_cover(disc, 0.008), pulled));
    let share = f32(min(arms.time, horizon)) / f32(horizon);
    return draw_over(colour, DRAW_INK, select(0.0, draw_cover(0.97 - uv.y, 0.005), uv.x < share));
}
