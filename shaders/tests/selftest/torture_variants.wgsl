//! TestVariants-v0: constants of every kind that variants give other values, in every function that an environment can have.
//!
//! # Source
//! Own test program: hashes of the state in which each of the constants decides something.
//! # Reward
//! The largest number of a table, one step ahead.
//! # Start
//! Random words.
//! # End
//! Terminated with probability 1/16 in every step, or after the time limit.
//! # Version
//! v0: changes freely.
//! # Variants
//! - TestVariantsScalars-v0: SCALE = -0.3, TURNS = 5u, SHIFT = -7, WRAPS = false; scalars of all types.
//! - TestVariantsDerived-v0: SCALE = 1.0 / 3.0; one constant, from which others are computed.
//! - TestVariantsTables-v0: DIRECTION = vec2<f32>(-2.0, 1.5), TABLE = array<i32, 4>(9, -8, 7, -6), LINK = Link(3u, true),
//!   SLOT = 2u; a vector, a table, a struct and an index.
//! - TestVariantsActions-v0: ACTION_COUNT = 5u, LOUD = true, DEFAULT_PARAMS.salt = 9u; what is drawn and what is told.
//! - TestVariantsLabel-v0: LABEL = 3u; labels of cases.
//! - TestVariantsLimit-v0: MAX_EPISODE_STEPS = 11u; nothing that code uses.
//! - TestVariantsSized-v0: CELLS = 4u, TURNS = 4u; another state, which has code of its own.
import package::shared::rng::{Rng, rng_next, rng_range};

const MAX_EPISODE_STEPS: u32 = 20u;
const PIXEL_ASPECT: f32 = 1.0;

/// Exact in no binary fraction, and so are those computed from it.
const SCALE: f32 = 0.1;
const SCALE_SQUARED: f32 = SCALE * SCALE;
const NEARLY: f32 = SCALE_SQUARED / 7.0 - SCALE;
const TURNS: u32 = 3u;
const SHIFT: i32 = 4;
const WRAPS: bool = true;
const WRAPS_TWICE: bool = WRAPS && TURNS > 4u;
const LOUD: bool = false;
const DIRECTION: vec2<f32> = vec2<f32>(1.0);
const TABLE: array<i32, 4> = array<i32, 4>(1, 2, 3, 4);
const LINK: Link = Link(1u, false);
const SLOT: u32 = 0u;
const LABEL: u32 = 2u;
const PLACE: i32 = i32(LABEL) - 3;
const CELLS: u32 = 3u;

struct Link {
    target_slot: u32,
    is_open: bool,
}

struct Params {
    /// 1; added to every input
    salt: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1000000u);

struct State {
    /// 1; hash of everything so far
    seed: u32,
    /// 1; what the constants make of it
    cells: array<u32, CELLS>,
    /// 1; products of single factors, which all back ends round alike
    scaled: vec2<f32>,
    /// 1; elements of the table
    sum: i32,
}

alias Action = u32;
/// which part of the hash is kept
const ACTION_COUNT: u32 = 3u;

struct Observation {
    /// 1; low bits of the seed, scaled
    low: f32,
    /// 1; an element of the table
    element: f32,
}
const OBSERVATION_LOW: Observation = Observation(-abs(SCALE) * 65536.0, -10.0);
const OBSERVATION_HIGH: Observation = Observation(abs(SCALE) * 65536.0, 10.0);

struct GlobalState {
    /// 1; the sum, scaled
    sum: f32,
}
const GLOBAL_STATE_LOW: f32 = -1.0e9;
const GLOBAL_STATE_HIGH: f32 = 1.0e9;

struct Info {
    /// 1; rounds of the loop
    rounds: u32,
}

struct Outcome {
    reward: f32,
    terminated: bool,
    info: Info,
}

fn hash(x: u32) -> u32 {
    let y = (x ^ (x >> 16u)) * 0x7feb352du;
    return (y ^ (y >> 15u)) * 0x846ca68bu;
}

/// Reads nothing itself, only what it calls does.
fn moved(value: i32, by: i32) -> i32 {
    return shifted(value) - by;
}

fn shifted(value: i32) -> i32 {
    return select(value + SHIFT, value - SHIFT, WRAPS);
}

/// With a loop whose end differs, left early by some of the lanes; the rounds that they made.
fn turned(state: ptr<function, State>) -> u32 {
    var rounds = 0u;
    for (var i = 0u; i < TURNS * 2u; i++) {
        (*state).seed = hash((*state).seed + i * TURNS);
        if WRAPS && ((*state).seed & 7u) == 0u {
            return rounds;
        }
        if ((*state).seed & 15u) < TURNS || WRAPS_TWICE {
            continue;
        }
        rounds++;
    }
    return rounds;
}

fn labelled(value: u32) -> u32 {
    switch value & 3u {
        case LABEL: { return 11u; }
        case LABEL - 1u, LABEL - 2u: { return 13u; }
        default: { return 17u; }
    }
}

/// With a switch that all lanes take together.
fn counted(seed: u32) -> u32 {
    var all = seed;
    for (var i = -2; i < 3; i++) {
        switch i {
            case PLACE: { all = hash(all); }
            case 2, PLACE - 1: { all += 5u; }
            default: { all ^= 3u; }
        }
    }
    return all;
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    // A variable that begins as a constant.
    var turns = TURNS;
    state.seed = counted(rng_next(rng) + params.salt * turns);
    state.scaled = vec2<f32>(f32(rng_range(rng, TURNS + 1u)), 1.0) * DIRECTION;
    state.sum = TABLE[SLOT];
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var bounds = vec2<u32>(TURNS, CELLS);
    var open = LINK.is_open;
    let rounds = turned(state);
    let drawn = rng_next(rng);
    var table = TABLE;
    for (var cell = 0u; cell < CELLS; cell++) {
        if open || cell != LINK.target_slot {
            (*state).cells[cell] ^= hash((*state).seed + cell * bounds.x + action);
            open = !open && LOUD;
        }
    }
    table[SLOT] += moved(i32(drawn >> 28u), TABLE[drawn & 3u]);
    (*state).cells[SLOT] += labelled(drawn) << TURNS;
    (*state).sum = shifted(table[drawn & 3u] * SHIFT) ^ TABLE[action & 3u];
    // Lanes part at a uniform and a varying condition.
    if LOUD || (drawn & 1u) == 0u {
        (*state).scaled[SLOT >> 1u] = f32(drawn & 0xffffu) * NEARLY;
    } else {
        (*state).scaled.y = f32(drawn >> 16u) * SCALE_SQUARED;
    }
    return Outcome(f32(max(TABLE[0], TABLE[(drawn + 1u) & 3u])), (drawn & 15u) == 0u, Info(rounds));
}

fn action_mask(params: Params, state: State) -> u32 {
    return select(3u, (1u << ACTION_COUNT) - 2u, (state.seed & 1u) == 0u || LOUD);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(f32(state.seed & 0xffffu) * SCALE, f32(TABLE[state.seed & 3u]));
}

fn global_state(params: Params, state: State) -> GlobalState {
    return GlobalState(f32(state.sum & 0xffff) * SCALE);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return vec3<f32>(uv * DIRECTION, f32(TURNS) * 0.125);
}
