//! in_context/KeyToDoor-v0: find a key in a dark room, and then a door, neither of which can be seen.
//!
//! # Source
//! Laskin et al. 2022, "In-context Reinforcement Learning with Algorithm Distillation" (AD), dark key-to-door: room of 9 x 9
//! cells, 81 x 81 tasks, a start that is drawn for each attempt, 50 steps.
//! # Reward
//! 1 for the first step in an attempt that ends on the key, and 1 for the first that ends on the door with the key, both
//! together where they lie on one cell. Else 0.
//! # Start
//! Key and door uniform and kept for the episode. Coordinates of the parameters below the side are taken as they are; the side
//! stands for drawn ones.
//! # End
//! After `attempts` attempts, as termination. An attempt is over after horizon steps, or with opens_end once the door is
//! open: nothing is left to gain then. Each attempt begins without the key.
//! # Version
//! v0: an observation also holds the last reward and whether an attempt begins, so an agent needs memory and nothing else.
//! # Variants
//! - in_context/KeyToDoorAttempts-v0: DEFAULT_PARAMS.attempts = 10u; ten attempts with one key and door.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_ORANGE, DRAW_YELLOW, draw_circle, draw_cover, draw_over};
import package::shared::room::{room_agent, room_clock, room_floor, room_place, room_point, room_walk};

const MAX_EPISODE_STEPS: u32 = 0u;
const SIDE: u32 = 9u;

struct Params {
    /// steps; longest attempt
    horizon: u32,
    /// 1; attempts at one task
    attempts: u32,
    /// cell; column of the key, SIDE: drawn
    key_x: u32,
    /// cell; row of the key, SIDE: drawn
    key_y: u32,
    /// cell; column of the door, SIDE: drawn
    door_x: u32,
    /// cell; row of the door, SIDE: drawn
    door_y: u32,
    /// cell; column of the start, SIDE: drawn in each attempt
    start_x: u32,
    /// cell; row of the start, SIDE: drawn in each attempt
    start_y: u32,
    /// bool; an attempt is over once the door is open
    opens_end: u32,
}
const DEFAULT_PARAMS: Params = Params(50u, 1u, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, 1u);
const PARAMS_LOW: Params = Params(1u, 1u, 0u, 0u, 0u, 0u, 0u, 0u, 0u);
const PARAMS_HIGH: Params = Params(200u, 100u, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, 1u);

struct State {
    /// cell; column and row of the agent
    place: vec2<u32>,
    /// cell; column and row of the key
    key: vec2<u32>,
    /// cell; column and row of the door
    door: vec2<u32>,
    /// steps; since the attempt began
    time: u32,
    /// 1; attempts that are over
    attempt: u32,
    /// 1; what the last action was paid: 0, 1 or 2
    paid: u32,
    /// bool; the agent has the key
    has: u32,
    /// bool; the door is open
    open: u32,
}

alias Action = u32;
/// 0 x + 1, 1 x - 1, 2 y + 1, 3 y - 1, 4 stay
const ACTION_COUNT: u32 = 5u;

alias Observation = array<u32, 4>;
/// Column, row; what the last action was paid; whether an attempt begins
const OBSERVATION_COUNT: Observation = Observation(SIDE, SIDE, 3u, 2u);

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let key = room_place(params.key_x, params.key_y, SIDE, rng);
    let door = room_place(params.door_x, params.door_y, SIDE, rng);
    return State(room_place(params.start_x, params.start_y, SIDE, rng), key, door, 0u, 0u, 0u, 0u, 0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let place = room_walk((*state).place, action, SIDE);
    let found = all(place == (*state).key) && (*state).has == 0u;
    let has = (*state).has | u32(found);
    let opened = all(place == (*state).door) && has != 0u && (*state).open == 0u;
    let paid = u32(found) + u32(opened);
    let over = (*state).time + 1u >= params.horizon || (opened && params.opens_end != 0u);
    let last = over && (*state).attempt + 1u >= params.attempts;
    (*state).place = place;
    (*state).time += 1u;
    (*state).paid = paid;
    (*state).has = has;
    (*state).open |= u32(opened);
    if over && !last {
        (*state).place = room_place(params.start_x, params.start_y, SIDE, rng);
        (*state).time = 0u;
        (*state).attempt += 1u;
        (*state).has = 0u;
        (*state).open = 0u;
    }
    return Outcome(f32(paid), last);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.place.x, state.place.y, state.paid, u32(state.time == 0u));
}

/// The room with door (orange) and key (yellow), which the agent does not see, and the agent, lit where it is paid, with
/// the key once it has it.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let q = room_point(uv, SIDE);
    let here = vec2<u32>(q);
    var room = room_floor(q, DRAW_ORANGE, all(here == state.door));
    let key = select(state.key, state.place, state.has != 0u);
    room = room_agent(room, q, state.place, state.paid != 0u);
    let mark = draw_cover(draw_circle(fract(q), vec2<f32>(0.5), 0.16), 0.06);
    room = draw_over(room, DRAW_YELLOW, select(0.0, mark, all(here == key)));
    let attempt = f32(state.time) / f32(params.horizon);
    return room_clock(room, attempt, (f32(state.attempt) + min(attempt, 1.0)) / f32(params.attempts), uv);
}
