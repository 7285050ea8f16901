//! in_context/DarkRoom-v0: find a goal that cannot be seen in a dark room, and stay there.
//!
//! # Source
//! Lee et al. 2023, "Supervised Pretraining Can Learn In-Context Reinforcement Learning" (DPT): room of 10 x 10 cells, horizon
//! 100, rules of its envs/darkroom_env; variants of it and of Laskin et al. 2022, "In-context Reinforcement Learning with
//! Algorithm Distillation" (AD).
//! # Reward
//! 1 for each step that ends on the goal; with once 1 the first time in an attempt only. At a distance D >= 1 between start
//! and goal the best play of an attempt is worth horizon - D + 1, where the goal is known.
//! # Start
//! A goal and, with permuted, an order of the actions, both uniform and kept for the episode. Coordinates of the parameters
//! below the side are taken as they are; the side stands for drawn ones.
//! # End
//! After `attempts` attempts of horizon steps each, as termination. Each attempt begins at the start, goal and order stay.
//! # Version
//! v0: an observation also holds the last reward and whether an attempt begins, so an agent needs memory and nothing else.
//! # Variants
//! - in_context/DarkRoomPermuted-v0: DEFAULT_PARAMS.permuted = 1u, DEFAULT_PARAMS.goal_x = 9u, DEFAULT_PARAMS.goal_y = 9u; the goal
//!   lies in the last corner, what the five actions do is one of 120 orders (DPT).
//! - in_context/DarkRoomAttempts-v0: DEFAULT_PARAMS.attempts = 10u; ten attempts at one goal.
//! - in_context/DarkRoom9-v0: SIDE = 9u, DEFAULT_PARAMS.horizon = 20u, DEFAULT_PARAMS.start_x = 4u, DEFAULT_PARAMS.start_y = 4u;
//!   9 x 9 cells, from the middle, 20 steps (AD).
//! - in_context/DarkRoomHard-v0: SIDE = 17u, DEFAULT_PARAMS.horizon = 20u, DEFAULT_PARAMS.start_x = 8u, DEFAULT_PARAMS.start_y = 8u,
//!   DEFAULT_PARAMS.once = 1u; 17 x 17 cells, paid once (AD).
import package::shared::rng::{Rng, rng_shuffle_index};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_GREEN};
import package::shared::room::{room_agent, room_clock, room_floor, room_place, room_point, room_walk};

const MAX_EPISODE_STEPS: u32 = 0u;
const SIDE: u32 = 10u;
/// Nibble i is what action i does: 0 x + 1, 1 x - 1, 2 y + 1, 3 y - 1, 4 stay.
const IN_ORDER: u32 = 0x43210u;

struct Params {
    /// steps; length of an attempt
    horizon: u32,
    /// 1; attempts at one goal
    attempts: u32,
    /// cell; column of the goal, SIDE: drawn
    goal_x: u32,
    /// cell; row of the goal, SIDE: drawn
    goal_y: u32,
    /// cell; column of the start, SIDE: drawn in each attempt
    start_x: u32,
    /// cell; row of the start, SIDE: drawn in each attempt
    start_y: u32,
    /// bool; the actions are in an order that is drawn
    permuted: u32,
    /// bool; the goal pays once in an attempt
    once: u32,
}
const DEFAULT_PARAMS: Params = Params(100u, 1u, SIDE, SIDE, 0u, 0u, 0u, 0u);
const PARAMS_LOW: Params = Params(1u, 1u, 0u, 0u, 0u, 0u, 0u, 0u);
const PARAMS_HIGH: Params = Params(200u, 100u, SIDE, SIDE, SIDE, SIDE, 1u, 1u);

struct State {
    /// cell; column and row of the agent
    place: vec2<u32>,
    /// cell; column and row of the goal
    goal: vec2<u32>,
    /// 1; nibble i is what action i does: 0 x + 1, 1 x - 1, 2 y + 1, 3 y - 1, 4 stay
    order: u32,
    /// steps; since the attempt began
    time: u32,
    /// 1; attempts that are over
    attempt: u32,
    /// bool; the last action was paid
    paid: u32,
    /// bool; the goal was reached in this attempt
    reached: u32,
}

alias Action = u32;
/// 0 x + 1, 1 x - 1, 2 y + 1, 3 y - 1, 4 stay, unless they are permuted
const ACTION_COUNT: u32 = 5u;

alias Observation = array<u32, 4>;
/// Column, row; whether the last action was paid; whether an attempt begins
const OBSERVATION_COUNT: Observation = Observation(SIDE, SIDE, 2u, 2u);

/// An order of the five actions, each as likely.
fn drawn_order(rng: ptr<function, Rng>) -> u32 {
    var order = IN_ORDER;
    for (var i = 4u; i > 0u; i--) {
        let j = rng_shuffle_index(rng, i);
        let both = ((order >> (4u * i)) ^ (order >> (4u * j))) & 15u;
        order ^= (both << (4u * i)) ^ (both << (4u * j));
    }
    return order;
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let goal = room_place(params.goal_x, params.goal_y, SIDE, rng);
    let place = room_place(params.start_x, params.start_y, SIDE, rng);
    var order = IN_ORDER;
    if params.permuted != 0u {
        order = drawn_order(rng);
    }
    return State(place, goal, order, 0u, 0u, 0u, 0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let direction = ((*state).order >> (4u * min(action, 4u))) & 15u;
    let place = room_walk((*state).place, direction, SIDE);
    let there = all(place == (*state).goal);
    let paid = there && ((*state).reached == 0u || params.once == 0u);
    let over = (*state).time + 1u >= params.horizon;
    let last = over && (*state).attempt + 1u >= params.attempts;
    (*state).place = place;
    (*state).time += 1u;
    (*state).paid = u32(paid);
    (*state).reached |= u32(there);
    if over && !last {
        (*state).place = room_place(params.start_x, params.start_y, SIDE, rng);
        (*state).time = 0u;
        (*state).attempt += 1u;
        (*state).reached = 0u;
    }
    return Outcome(f32(paid), last);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.place.x, state.place.y, state.paid, u32(state.time == 0u));
}

/// The room with the goal, which the agent does not see, and the agent, lit where it is paid.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let q = room_point(uv, SIDE);
    let room = room_agent(room_floor(q, DRAW_GREEN, all(vec2<u32>(q) == state.goal)), q, state.place, state.paid != 0u);
    let attempt = f32(state.time) / f32(params.horizon);
    return room_clock(room, attempt, (f32(state.attempt) + min(attempt, 1.0)) / f32(params.attempts), uv);
}
