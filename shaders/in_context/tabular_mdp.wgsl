//! in_context/TabularMdp-v0: learn a random Markov decision process of ten states within ten short attempts.
//!
//! # Source
//! Duan et al. 2016, "RL2: Fast Reinforcement Learning via Slow Reinforcement Learning": ten states, five actions, transitions
//! from a flat Dirichlet distribution, normal rewards of unit variance whose means are normal around 1, attempts of ten
//! steps. Lin et al. 2023, "Transformers as Decision Makers", have the same kind of task.
//! # Reward
//! The mean of the state and the action, plus sigma times a normal number.
//! # Start
//! State 0. The task is drawn, or the one that the parameter `task` names.
//! # End
//! After `attempts` attempts of horizon steps each, as termination. Each attempt begins in state 0, the task stays.
//! # Version
//! v0: an observation also holds the last action and reward and whether an attempt begins, so an agent needs memory and
//! nothing else.
//! # Variants
//! - in_context/TabularMdp16-v0: STATES = 16u, ACTION_COUNT = 4u; 16 states, four actions.
import package::shared::rng::{Rng, rng_next, rng_normal};
import package::shared::hash::{hash_of, hash_word};
import package::shared::outcome::{Outcome};
import package::shared::math::{MATH_TAU, math_sincos};
import package::shared::draw::{DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, draw_accent, draw_capsule};
import package::shared::draw::{draw_circle, draw_cover, draw_over, draw_ring};

const MAX_EPISODE_STEPS: u32 = 0u;
const STATES: u32 = 10u;

struct Params {
    /// steps; length of an attempt
    horizon: u32,
    /// 1; attempts at one task
    attempts: u32,
    /// 1; the task; 0: drawn for each episode
    task: u32,
    /// 1; standard deviation of a reward
    sigma: f32,
    /// 1; mean of the rewards of a task
    mean: f32,
    /// 1; standard deviation of the means of a task
    spread: f32,
}
const DEFAULT_PARAMS: Params = Params(10u, 10u, 0u, 1.0, 1.0, 1.0);
const PARAMS_LOW: Params = Params(1u, 1u, 0u, 0.0, -1.0, 0.0);
const PARAMS_HIGH: Params = Params(100u, 100u, 65535u, 2.0, 1.0, 2.0);

struct State {
    /// 1; the task: all transitions and means follow from it
    task: u32,
    /// 1; the state of the process
    place: u32,
    /// 1; the one before, for the picture
    before: u32,
    /// 1; the last action, ACTION_COUNT at the start
    action: u32,
    /// 1; what it paid
    reward: f32,
    /// steps; since the attempt began
    time: u32,
    /// 1; attempts that are over
    attempt: u32,
}

alias Action = u32;
/// an action of the process
const ACTION_COUNT: u32 = 5u;

alias Observation = array<f32, 2u + STATES + ACTION_COUNT>;
/// 1 at the place of the state; 1 at the place of the last action, none at the start; the last reward; 1 where an attempt begins
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(2u + STATES + ACTION_COUNT);
const OBSERVATION_LOW: f32 = -25.0;
const OBSERVATION_HIGH: f32 = 25.0;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let drawn = rng_next(rng);
    return State(select(params.task, drawn, params.task == 0u), 0u, 0u, ACTION_COUNT, 0.0, 0u, 0u);
}

/// What all numbers of a state and an action follow from.
fn key_of(task: u32, place: u32, action: u32) -> u32 {
    return hash_of(task, place * ACTION_COUNT + action);
}

/// A flat Dirichlet distribution is the gaps between uniform numbers in their order. So a draw from it is how many of them lie
/// below one more uniform number: nothing is sorted, nothing stored.
fn successor(key: u32, draw: u32) -> u32 {
    var next = 0u;
    for (var i = 1u; i < STATES; i++) {
        next += select(0u, 1u, hash_word(key + i) < draw);
    }
    return next;
}

fn mean_of(params: Params, key: u32) -> f32 {
    var own = Rng(key, hash_word(key));
    return params.mean + params.spread * rng_normal(&own);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let key = key_of((*state).task, (*state).place, action);
    let next = successor(key, rng_next(rng));
    var reward = mean_of(params, key);
    if params.sigma > 0.0 {
        reward += params.sigma * rng_normal(rng);
    }
    let over = (*state).time + 1u >= params.horizon;
    let last = over && (*state).attempt + 1u >= params.attempts;
    let anew = over && !last;
    (*state).before = (*state).place;
    (*state).place = select(next, 0u, anew);
    (*state).action = action;
    (*state).reward = reward;
    (*state).time = select((*state).time + 1u, 0u, anew);
    (*state).attempt += u32(anew);
    return Outcome(reward, last);
}

fn observe(params: Params, state: State) -> Observation {
    var seen: Observation;
    for (var i = 0u; i < STATES; i++) {
        seen[i] = select(0.0, 1.0, state.place == i);
    }
    for (var i = 0u; i < ACTION_COUNT; i++) {
        seen[STATES + i] = select(0.0, 1.0, state.action == i);
    }
    seen[STATES + ACTION_COUNT] = state.reward;
    seen[STATES + ACTION_COUNT + 1u] = select(0.0, 1.0, state.time == 0u);
    return seen;
}

fn node(i: u32) -> vec2<f32> {
    let sc = math_sincos(MATH_TAU * f32(i) / f32(STATES));
    return vec2<f32>(0.5 + 0.38 * sc.x, 0.48 - 0.38 * sc.y);
}

/// The states in a circle, as large as their best mean reward, with the last move in the colour of its action and the newest
/// state ringed; in the middle the last reward, orange above 0 and dark below; at the bottom how much is over.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    var colour = DRAW_PAPER;
    let tone = draw_accent(state.action);
    let moved = state.time > 0u && state.action < ACTION_COUNT;
    let path = draw_capsule(uv, node(state.before), node(state.place), 0.008);
    colour = draw_over(colour, tone, select(0.0, draw_cover(path, 0.004), moved));
    for (var i = 0u; i < STATES; i++) {
        var best = mean_of(params, key_of(state.task, i, 0u));
        for (var a = 1u; a < ACTION_COUNT; a++) {
            best = max(best, mean_of(params, key_of(state.task, i, a)));
        }
        let size = clamp(0.03 + 0.012 * best, 0.02, 0.09);
        let here = i == state.place;
        let disc = draw_cover(draw_circle(uv, node(i), size), 0.004);
        colour = draw_over(colour, select(DRAW_GREY, DRAW_ORANGE, here), disc);
        let ring = draw_cover(draw_ring(uv, node(i), size + 0.015, 0.008), 0.004);
        colour = draw_over(colour, DRAW_INK, select(0.0, ring, here));
    }
    let told = draw_cover(draw_circle(uv, vec2<f32>(0.5, 0.48), 0.02 + 0.02 * min(abs(state.reward), 5.0)), 0.004);
    colour = draw_over(colour, select(DRAW_INK, DRAW_ORANGE, state.reward > 0.0), select(0.0, told, state.action < ACTION_COUNT));
    let attempt = f32(state.time) / f32(params.horizon);
    let episode = (f32(state.attempt) + min(attempt, 1.0)) / f32(params.attempts);
    let lit = select(uv.x < episode, uv.x < attempt, uv.y < 0.97);
    return select(colour, select(DRAW_MIST, select(DRAW_INK, DRAW_GREY, uv.y < 0.97), lit), uv.y > 0.94);
}
