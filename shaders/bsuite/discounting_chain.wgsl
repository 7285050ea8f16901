//! bsuite/DiscountingChain-v0: choose one of five chains, whose rewards come after 1, 3, 10, 30 and 100 steps.
//!
//! # Source
//! Osband et al. 2020, "Behaviour Suite for Reinforcement Learning"; rules as in bsuite 0.3.6, environments/discounting_chain.
//! Observations are of the shape [2] instead of [1, 2]. The chain with the bonus is a parameter, in the reference mapping_seed
//! modulo 5.
//! # Reward
//! 1 when the chain of the first action pays, 1 + bonus from the chain bonus_chain; else 0. Best play is worth 1 + bonus.
//! # Start
//! No chain chosen. Nothing is random.
//! # End
//! After 100 steps.
//! # Version
//! v0: bsuite 0.3.6, whose settings are bonus_chain 0 to 4 with a bonus of 0.1.
import package::shared::rng::{Rng};
import package::shared::math::{math_sqrt};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_GREY, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, DRAW_YELLOW};
import package::shared::draw::{draw_box, draw_circle, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 1.09;
const PIXEL_ASPECT: f32 = 2.0;
const LENGTH: u32 = 100u;
/// Context of an episode in which nothing is chosen yet.
const OPEN: u32 = 5u;

struct Params {
    /// 1; the chain that pays more
    bonus_chain: u32,
    /// 1; what it pays more
    bonus: f32,
}
const DEFAULT_PARAMS: Params = Params(0u, 0.1);
const PARAMS_LOW: Params = Params(0u, 0.0);
const PARAMS_HIGH: Params = Params(4u, 1.0);

struct State {
    /// 1; the chain that was chosen, 5 before the first action
    chain: u32,
    /// steps; since the start
    time: u32,
}

alias Action = u32;
/// the chain; only the first action counts
const ACTION_COUNT: u32 = 5u;

struct Observation {
    /// 1; the chain that was chosen, -1 before the first action
    chain: f32,
    /// 1; share of the episode that is over
    time: f32,
}
const OBSERVATION_LOW: Observation = Observation(-1.0, 0.0);
const OBSERVATION_HIGH: Observation = Observation(4.0, 1.0);

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(OPEN, 0u);
}

/// The step with which a chain pays: 1, 3, 10, 30, 100.
fn pay_time(chain: u32) -> u32 {
    let early = select(select(10u, 3u, chain == 1u), 1u, chain == 0u);
    return select(select(LENGTH, 30u, chain == 3u), early, chain < 3u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let chain = select((*state).chain, action, (*state).time == 0u);
    let time = (*state).time + 1u;
    *state = State(chain, time);
    let paid = 1.0 + select(0.0, params.bonus, chain == params.bonus_chain);
    return Outcome(select(0.0, paid, time == pay_time(chain)), time >= LENGTH);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(select(f32(state.chain), -1.0, state.chain == OPEN), f32(min(state.time, LENGTH)) / f32(LENGTH));
}

/// Five chains with a coin where each pays, along a scale on which early times have more room; the one with the bonus has a
/// larger coin. The chosen chain is filled as far as time has come.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let p = vec2<f32>(uv.x * 2.0, uv.y);
    let chain = min(u32(p.y * 5.0), 4u);
    let y = 0.1 + 0.2 * f32(chain);
    let chosen = chain == state.chain;
    // Root of the share of the time.
    let end = 0.1 + 1.75 * math_sqrt(f32(pay_time(chain)) / f32(LENGTH));
    let now = 0.1 + 1.75 * math_sqrt(f32(min(state.time, LENGTH)) / f32(LENGTH));
    let track = draw_box(p, vec2<f32>(0.5 * (end + 0.1), y), vec2<f32>(0.5 * (end - 0.1), 0.02));
    var colour = draw_over(DRAW_PAPER, draw_over(DRAW_GREY, DRAW_MIST, select(0.5, 0.0, chosen)), draw_cover(track, 0.01));
    let covered = min(now, end);
    let gone = draw_box(p, vec2<f32>(0.5 * (covered + 0.1), y), vec2<f32>(0.5 * (covered - 0.1), 0.02));
    colour = draw_over(colour, DRAW_BLUE, select(0.0, draw_cover(gone, 0.01), chosen && state.time > 0u));
    let coin = draw_circle(p, vec2<f32>(end, y), select(0.045, 0.075, chain == params.bonus_chain));
    let paid = chosen && state.time >= pay_time(chain);
    colour = draw_over(colour, select(DRAW_YELLOW, DRAW_GREEN, paid), draw_cover(coin, 0.01));
    let runner = draw_circle(p, vec2<f32>(now, y), 0.04);
    return draw_over(colour, DRAW_ORANGE, select(0.0, draw_cover(runner, 0.01), chosen));
}
