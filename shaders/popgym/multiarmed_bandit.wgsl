//! POPGym/MultiarmedBanditEasy-v0: pull the arms of a row of slot machines, each of which pays with a chance of its own.
//!
//! # Source
//! Morad et al. 2023, "POPGym: Benchmarking Partially Observable Reinforcement Learning"; rules and rewards as in popgym
//! 1.0.7, envs/multiarmed_bandit.
//! # Reward
//! 1 / time_limit where the arm pays, else -1 / time_limit.
//! # Start
//! The chance of each arm is uniform in [payout_low, payout_high), which is [0, 1). The first observation is that of no pay.
//! # End
//! Never terminated; truncated by the rules after `time_limit` pulls.
//! # Version
//! v0: easy, 10 arms and 200 pulls. The arm is no part of the observation: who does not remember it has to add it. Of the
//! parameters, `arms` below the number of actions leaves the last ones without pay.
//! # Variants
//! - POPGym/MultiarmedBanditMedium-v0: ARMS = 20u, DEFAULT_PARAMS.time_limit = 400u; 20 arms and 400 pulls
//! - POPGym/MultiarmedBanditHard-v0: ARMS = 30u, DEFAULT_PARAMS.time_limit = 600u; 30 arms and 600 pulls
import package::shared::rng::{Rng, rng_bernoulli, rng_between};
import package::shared::draw::{DRAW_GREEN, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, DRAW_RED};
import package::shared::draw::{draw_box, draw_circle, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 2.0;
const ARMS: u32 = 10u;

struct Params {
    /// 1; arms that pay
    arms: u32,
    /// steps; pulls of an episode
    time_limit: u32,
    /// 1; least chance of an arm
    payout_low: f32,
    /// 1; largest chance of an arm
    payout_high: f32,
}
const DEFAULT_PARAMS: Params = Params(ARMS, 200u, 0.0, 1.0);
const PARAMS_LOW: Params = Params(1u, 10u, 0.0, 0.5);
const PARAMS_HIGH: Params = Params(ARMS, 1000u, 0.5, 1.0);

struct State {
    /// 1; chance of each arm, 0 for those beyond `arms`
    payouts: array<f32, ARMS>,
    /// 1; largest of them
    best: f32,
    /// 1; newest arm, ARMS before the first pull
    arm: u32,
    /// bool; it paid
    paid: u32,
}

alias Action = u32;
/// arm to pull
const ACTION_COUNT: u32 = ARMS;

alias Observation = u32;
/// 0 the newest arm did not pay, or there is none yet; 1 it paid
const OBSERVATION_COUNT: u32 = 2u;

struct Info {
    /// 1; by how much the chance of the arm was below that of the best
    regret: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; never
    terminated: bool,
    /// bool; the last pull of the episode
    truncated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    for (var arm = 0u; arm < ARMS; arm++) {
        let drawn = rng_between(rng, params.payout_low, params.payout_high);
        let payout = select(0.0, drawn, arm < params.arms);
        state.payouts[arm] = payout;
        state.best = max(state.best, payout);
    }
    state.arm = ARMS;
    return state;
}

fn step(
    params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>, elapsed: u32,
) -> Outcome {
    let payout = (*state).payouts[action];
    let paid = rng_bernoulli(rng, payout);
    (*state).arm = action;
    (*state).paid = select(0u, 1u, paid);
    let reward = select(-1.0, 1.0, paid) / f32(i32(params.time_limit));
    return Outcome(reward, false, elapsed + 1u >= params.time_limit, Info((*state).best - payout));
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return (*state).paid;
}

/// A column for each arm, as high as its chance, which nobody sees; the best has an orange lid. The newest arm is red, or
/// green where it paid, and a coin lies above it then.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let across = uv.x * f32(ARMS);
    let arm = min(u32(across), ARMS - 1u);
    let payout = (*state).payouts[arm];
    // One arm is as wide as 1; heights are such that lengths are alike on both axes.
    let tall = 0.5 * f32(ARMS);
    let p = vec2<f32>(fract(across), (1.0 - uv.y) * tall);
    let edge = 0.01 * f32(ARMS);
    let floor_at = 0.08 * tall;
    let high = 0.72 * tall;
    let top = floor_at + payout * high;
    let newest = arm == (*state).arm;
    let paid = newest && (*state).paid == 1u;

    let slot = draw_box(p, vec2<f32>(0.5, floor_at + 0.5 * high), vec2<f32>(0.36, 0.5 * high));
    var colour = draw_over(DRAW_PAPER, DRAW_MIST, select(0.0, draw_cover(slot, edge), arm < params.arms));
    let bar = draw_box(p, vec2<f32>(0.5, 0.5 * (floor_at + top)), vec2<f32>(0.36, 0.5 * (top - floor_at)));
    let paint = select(DRAW_GREY, select(DRAW_RED, DRAW_GREEN, paid), newest);
    colour = draw_over(colour, paint, draw_cover(bar, edge));
    let lid = draw_box(p, vec2<f32>(0.5, top), vec2<f32>(0.36, 0.02 * tall));
    colour = draw_over(colour, DRAW_ORANGE, select(0.0, draw_cover(lid, edge), payout == (*state).best));
    let ground = draw_cover(p.y - floor_at, edge);
    colour = draw_over(colour, DRAW_INK, ground);
    let coin = draw_circle(p, vec2<f32>(0.5, 0.9 * tall), 0.36);
    return draw_over(colour, select(DRAW_MIST, DRAW_ORANGE, paid), select(0.0, draw_cover(coin, edge), newest));
}
