//! bsuite/MemoryLength-v0: remember a bit from the first observation until the last action.
//!
//! # Source
//! Osband et al. 2020, "Behaviour Suite for Reinforcement Learning"; rules as in bsuite 0.3.6, environments/memory_chain
//! and experiments/memory_len and memory_size. Observations are of the shape [2 + bits] instead of [1, 2 + bits].
//! # Reward
//! 1 if the last action is the bit that was asked for, -1 if it is the other one; 0 for all actions before.
//! # Start
//! num_bits fair bits, and which of them will be asked for, uniform.
//! # End
//! With action number memory_length + 1. As in the reference an observation shows the time before the action that led to
//! it, so the first one comes twice.
//! # Version
//! v0: bsuite 0.3.6. Its settings are the parameter memory_length in 1 to 10, 12, 14, 17, 20, 25, 30, 40, ..., 100.
//! # Variants
//! - bsuite/MemorySize-v0: BITS = 40u, DEFAULT_PARAMS.memory_length = 2u, DEFAULT_PARAMS.num_bits = 10u,
//!   PARAMS_HIGH.num_bits = 40u; up to 40 bits, one of which is asked for. The settings of bsuite are the parameter
//!   num_bits in 1 to 10, 12, 14, 17, 20, 25, 30, 40.
import package::shared::rng::{Rng, rng_next, rng_range};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, DRAW_RED};
import package::shared::draw::{DRAW_YELLOW, draw_box, draw_circle, draw_cover, draw_over, draw_ring, draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 0.9;
const PIXEL_ASPECT: f32 = 2.0;
/// Bits that an observation has room for.
const BITS: u32 = 1u;

struct Params {
    /// steps; from the bits to the question
    memory_length: u32,
    /// 1; bits to remember; elements of the observation beyond are 0
    num_bits: u32,
}
const DEFAULT_PARAMS: Params = Params(10u, 1u);
const PARAMS_LOW: Params = Params(1u, 1u);
const PARAMS_HIGH: Params = Params(100u, 1u);

struct State {
    /// 1; the bits to remember, the first in the lowest bit of word 0
    context: array<u32, 2>,
    /// 1; which bit is asked for
    query: u32,
    /// steps; actions so far
    time: u32,
    /// 1; the newest action, for the picture
    answer: u32,
}

alias Action = u32;
/// 0 the bit was 0, 1 the bit was 1; only the last action counts
const ACTION_COUNT: u32 = 2u;

alias Observation = array<f32, 2u + BITS>;
/// 1 at the start, falling to 0 at the last action; number of the bit that is asked for, where it is asked, else 0; the bits as
/// -1 and 1, at the start only
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(2u + BITS);
const OBSERVATION_LOW: f32 = -1.0;
const OBSERVATION_HIGH: f32 = max(1.0, f32(BITS) - 1.0);

struct Info {
    /// bool; the answer was right
    correct: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the answer was given
    terminated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let low = rng_next(rng);
    let high = select(0u, rng_next(rng), BITS > 32u);
    return State(array<u32, 2>(low, high), rng_range(rng, params.num_bits), 0u, 0u);
}

fn bit_of(state: ptr<function, State>, i: u32) -> u32 {
    return (select((*state).context[0], (*state).context[1], i >= 32u) >> (i & 31u)) & 1u;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let asked = (*state).time >= params.memory_length;
    let right = action == bit_of(state, (*state).query);
    (*state).time += 1u;
    (*state).answer = action;
    let reward = select(0.0, select(-1.0, 1.0, right), asked);
    return Outcome(reward, asked, Info(f32(asked && right)));
}

/// The time that an observation shows.
fn shown_time(state: ptr<function, State>) -> u32 {
    return max((*state).time, 1u) - 1u;
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let time = shown_time(state);
    var seen: Observation;
    // Within 1 for all times that come up: the last observation shows memory_length.
    seen[0] = f32(params.memory_length - min(time, params.memory_length)) / f32(params.memory_length);
    seen[1] = select(0.0, f32((*state).query), time + 1u == params.memory_length);
    for (var i = 0u; i < BITS; i++) {
        let bit = select(-1.0, 1.0, bit_of(state, i) == 1u);
        seen[2u + i] = select(0.0, bit, time == 0u && i < params.num_bits);
    }
    return seen;
}

/// The bits in rows of ten, bright while they are seen, the one that is asked for ringed; below how much time has passed, and
/// at the end the answer, green or red.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let columns = min(params.num_bits, 10u);
    let rows = (params.num_bits + 9u) / 10u;
    let size = min(0.6 / f32(rows), 1.8 / f32(columns));
    let p = vec2<f32>(uv.x * 2.0, uv.y);
    let grid = (p - vec2<f32>(1.0 - 0.5 * size * f32(columns), 0.4 - 0.5 * size * f32(rows))) / size;
    let cell = vec2<u32>(max(floor(grid), vec2<f32>(0.0)));
    let i = cell.y * 10u + cell.x;
    let inside = all(grid >= vec2<f32>(0.0)) && cell.x < columns && i < params.num_bits;
    let seen = shown_time(state) == 0u;
    let asked = shown_time(state) + 1u >= params.memory_length && i == (*state).query;
    let edge = 0.01 / size;
    let at = fract(grid);
    let bright = select(0.25, 1.0, seen);
    let disc = draw_cover(draw_circle(at, vec2<f32>(0.5), 0.3), edge);
    let tone = select(DRAW_ORANGE, DRAW_BLUE, bit_of(state, min(i, 63u)) == 1u);
    var tile = draw_over(DRAW_PAPER, draw_over(DRAW_MIST, tone, bright), disc);
    let mark = draw_cover(draw_ring(at, vec2<f32>(0.5), 0.4, 0.08), edge);
    tile = draw_over(tile, DRAW_INK, select(0.0, mark, asked));
    var colour = draw_over(DRAW_MIST, tile, select(0.0, draw_tile(at, 0.03), inside));

    let share = f32(min((*state).time, params.memory_length)) / f32(params.memory_length);
    let track = draw_cover(draw_box(p, vec2<f32>(1.0, 0.85), vec2<f32>(0.8, 0.03)), 0.01);
    let passed = draw_cover(draw_box(p, vec2<f32>(0.2 + 0.8 * share, 0.85), vec2<f32>(0.8 * share, 0.03)), 0.01);
    colour = draw_over(draw_over(colour, DRAW_PAPER, track), DRAW_GREY, passed);
    let over = (*state).time > params.memory_length;
    let right = (*state).answer == bit_of(state, (*state).query);
    let verdict = select(DRAW_YELLOW, select(DRAW_RED, DRAW_GREEN, right), over);
    return draw_over(colour, verdict, draw_cover(draw_circle(p, vec2<f32>(0.2 + 1.6 * share, 0.85), 0.06), 0.01));
}
