//! bsuite/UmbrellaLength-v0: take the umbrella or leave it with the first action, and be told at the very end.
//!
//! # Source
//! Osband et al. 2020, "Behaviour Suite for Reinforcement Learning"; rules as in bsuite 0.3.6, environments/umbrella_chain
//! and experiments/umbrella_length and umbrella_distract. Observations are of the shape [3 + distractors], without the leading 1.
//! # Reward
//! With the last action 1 if the agent has an umbrella just where it needs one, else -1. All other actions pay reward_noise
//! or -reward_noise, each with the same probability. The best play is worth 1.
//! # Start
//! Whether an umbrella is needed, whether there is one already (the first action decides it anew) and the distractors: fair bits.
//! # End
//! After chain_length actions. The distractors are drawn anew with every observation.
//! # Version
//! v0: bsuite 0.3.6, where reward_noise is 1. The settings of bsuite are the parameter chain_length in 1 to 10, 12, 14, 17, 20, 25,
//! 30, 40, ..., 100.
//! # Variants
//! - bsuite/UmbrellaDistract-v0: BITS = 100u, DEFAULT_PARAMS.distractors = 100u, PARAMS_HIGH.distractors = 100u; up to 100
//!   distractors, to which the settings of bsuite give the numbers of the chain's lengths.
import package::shared::rng::{Rng, rng_next};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_PAPER, DRAW_RED, DRAW_SKY};
import package::shared::draw::{DRAW_YELLOW, draw_box, draw_capsule, draw_circle, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 0.9;
const PIXEL_ASPECT: f32 = 2.0;
/// Distractors that an observation has room for.
const BITS: u32 = 20u;
const WORDS: u32 = (BITS + 31u) / 32u;

struct Params {
    /// steps; actions until the end
    chain_length: u32,
    /// 1; random bits in an observation, elements beyond are 0
    distractors: u32,
    /// 1; size of the random rewards before the end
    reward_noise: f32,
}
const DEFAULT_PARAMS: Params = Params(20u, 20u, 1.0);
const PARAMS_LOW: Params = Params(1u, 0u, 0.0);
const PARAMS_HIGH: Params = Params(100u, 20u, 1.0);

struct State {
    /// bool; it will rain
    need: u32,
    /// bool; the agent has an umbrella
    has: u32,
    /// steps; actions so far
    time: u32,
    /// 1; the distractors, the first in the lowest bit of word 0
    noise: array<u32, WORDS>,
}

alias Action = u32;
/// 0 leave the umbrella, 1 take it; only the first action counts
const ACTION_COUNT: u32 = 2u;

alias Observation = array<f32, 3u + BITS>;
/// Whether an umbrella is needed; whether there is one; 1 at the start, falling to 0 at the end; distractors
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(3u + BITS);
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 1.0;

fn drawn_noise(params: Params, rng: ptr<function, Rng>) -> array<u32, WORDS> {
    var noise: array<u32, WORDS>;
    for (var w = 0u; w < WORDS; w++) {
        let left = max(params.distractors, 32u * w) - 32u * w;
        noise[w] = rng_next(rng) & select((1u << (left & 31u)) - 1u, 0xffffffffu, left >= 32u);
    }
    return noise;
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let bits = rng_next(rng);
    return State(bits >> 31u, (bits >> 30u) & 1u, 0u, drawn_noise(params, rng));
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).has = select((*state).has, action, (*state).time == 0u);
    (*state).time += 1u;
    let ends = (*state).time >= params.chain_length;
    let random = select(-params.reward_noise, params.reward_noise, rng_next(rng) >> 31u == 1u);
    (*state).noise = drawn_noise(params, rng);
    return Outcome(select(random, select(-1.0, 1.0, (*state).has == (*state).need), ends), ends);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    var seen: Observation;
    seen[0] = f32((*state).need);
    seen[1] = f32((*state).has);
    seen[2] = f32(params.chain_length - min((*state).time, params.chain_length)) / f32(params.chain_length);
    for (var i = 0u; i < BITS; i++) {
        seen[3u + i] = f32(((*state).noise[i / 32u] >> (i % 32u)) & 1u);
    }
    return seen;
}

/// A person on the way from the left to the right, with an umbrella or without, under rain or sun; below the distractors.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let p = vec2<f32>(uv.x * 2.0, uv.y);
    let share = f32(min((*state).time, params.chain_length)) / f32(params.chain_length);
    let wet = (*state).need == 1u;
    let over = (*state).time >= params.chain_length;
    let clouds = min(draw_circle(p, vec2<f32>(1.66, 0.16), 0.09), draw_box(p, vec2<f32>(1.76, 0.19), vec2<f32>(0.12, 0.06)));
    let sun = draw_circle(p, vec2<f32>(1.72, 0.17), 0.09);
    let sky = draw_cover(select(sun, clouds, wet), 0.01);
    var colour = draw_over(DRAW_PAPER, select(DRAW_YELLOW, DRAW_GREY, wet), sky);
    let drops = fract(vec2<f32>((p.x + 0.3 * p.y) * 14.0, p.y * 7.0));
    let drop = draw_capsule(drops, vec2<f32>(0.55, 0.3), vec2<f32>(0.45, 0.7), 0.06);
    let raining = wet && p.x > 1.5 && p.y > 0.27 && p.y < 0.62;
    colour = draw_over(colour, DRAW_BLUE, select(0.0, 0.8 * draw_cover(drop, 0.08), raining));
    colour = draw_over(colour, DRAW_MIST, draw_cover(0.7 - p.y, 0.01));

    let feet = vec2<f32>(0.2 + 1.5 * share, 0.7);
    let head = draw_circle(p, feet - vec2<f32>(0.0, 0.27), 0.05);
    let body = draw_capsule(p, feet - vec2<f32>(0.0, 0.04), feet - vec2<f32>(0.0, 0.19), 0.035);
    let mood = select(DRAW_INK, select(DRAW_RED, DRAW_GREEN, (*state).has == (*state).need), over);
    colour = draw_over(colour, mood, draw_cover(min(head, body), 0.01));
    let top = feet + vec2<f32>(0.07, -0.34);
    let canopy = max(draw_circle(p, top, 0.16), p.y - top.y);
    let stick = draw_capsule(p, top, top + vec2<f32>(0.0, 0.22), 0.012);
    colour = draw_over(colour, DRAW_SKY, select(0.0, draw_cover(min(canopy, stick), 0.01), (*state).has == 1u));

    let i = min(u32(clamp((uv.x - 0.05) / 0.9, 0.0, 0.999) * f32(BITS)), BITS - 1u);
    let bit = (((*state).noise[i / 32u] >> (i % 32u)) & 1u) == 1u;
    let strip = draw_cover(draw_box(uv, vec2<f32>(0.5, 0.87), vec2<f32>(0.45, 0.06)), 0.005);
    let grey = select(DRAW_PAPER, DRAW_GREY, bit && i < params.distractors);
    return draw_over(colour, grey, strip);
}
