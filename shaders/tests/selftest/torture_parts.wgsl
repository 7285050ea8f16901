//! TestParts-v0: observations of several parts, a global state of several parts, agents with different spaces.
//!
//! # Source
//! Own test program. Three agents walk on a ring; what they see repeats the state in every encoding there is.
//! # Reward
//! The size of the move.
//! # Start
//! Everybody anywhere.
//! # End
//! Two agents meet, or 19 steps have passed.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_range};

const MAX_EPISODE_STEPS: u32 = 19u;
const AGENTS: u32 = 3u;
const PLACES: u32 = 40u;

struct Params {
    /// 1; places of one step
    stride: u32,
}
const DEFAULT_PARAMS: Params = Params(1u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(3u);

struct State {
    /// 1; place of each agent, 0 to PLACES - 1
    place: array<u32, AGENTS>,
    /// 1; the newest action of each
    played: array<u32, AGENTS>,
}

alias Action = u32;
/// 0 wait, 1 forward, 2 back, 3 far forward
const ACTION_COUNT: u32 = 4u;
/// The last agent can only wait or go forward.
const AGENT_ACTION_COUNTS: array<u32, AGENTS> = array<u32, AGENTS>(4u, 3u, 2u);

struct Observation {
    /// 1; who is where: a byte for each of five agents, of whom two are not there
    bytes: array<u32, 2>,
    /// bool; the ring, a bit where somebody stands
    ring: array<u32, 2>,
    /// 1; own place
    place: u32,
    /// 1; own place and the one behind it in parts of 64, twice
    fraction: array<vec2<f32>, 2>,
    /// 1; newest actions of all
    played: array<u32, AGENTS>,
    /// 1; the rest as a struct of its own
    rest: Rest,
}
struct Rest {
    /// steps; since the start
    elapsed: f32,
    /// 1; unbounded number
    noise: vec3<f32>,
}
const OBSERVATION_BYTES_SHAPE: array<u32, 1> = array<u32, 1>(5u);
const OBSERVATION_BYTES_BITS: u32 = 8u;
const OBSERVATION_BYTES_LOW: u32 = 0u;
const OBSERVATION_BYTES_HIGH: u32 = 39u;
const OBSERVATION_RING_SHAPE: array<u32, 2> = array<u32, 2>(4u, 10u);
const OBSERVATION_RING_BITS: u32 = 1u;
const OBSERVATION_RING_LOW: u32 = 0u;
const OBSERVATION_RING_HIGH: u32 = 1u;
const OBSERVATION_PLACE_COUNT: u32 = PLACES;
const OBSERVATION_FRACTION_SHAPE: array<u32, 2> = array<u32, 2>(2u, 2u);
const OBSERVATION_FRACTION_LOW: f32 = 0.0;
const OBSERVATION_FRACTION_HIGH: f32 = 1.0;
const OBSERVATION_PLAYED_COUNT: array<u32, AGENTS> = array<u32, AGENTS>(4u, 4u, 4u);
const OBSERVATION_REST_LOW: Rest = Rest(0.0, vec3<f32>(-3.4028234e38));
const OBSERVATION_REST_HIGH: Rest = Rest(19.0, vec3<f32>(3.4028234e38));

struct GlobalState {
    /// 1; places of all
    places: array<u32, AGENTS>,
    /// steps; since the start
    elapsed: f32,
}
const GLOBAL_STATE_PLACES_COUNT: array<u32, AGENTS> = array<u32, AGENTS>(PLACES, PLACES, PLACES);
const GLOBAL_STATE_ELAPSED_LOW: f32 = 0.0;
const GLOBAL_STATE_ELAPSED_HIGH: f32 = 19.0;

struct Outcome {
    reward: array<f32, AGENTS>,
    terminated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    for (var agent = 0u; agent < AGENTS; agent++) {
        state.place[agent] = rng_range(rng, PLACES);
    }
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: array<Action, AGENTS>, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    for (var agent = 0u; agent < AGENTS; agent++) {
        let played = action[agent];
        var shift = 0u;
        switch played {
            case 1u: { shift = params.stride; }
            case 2u: { shift = PLACES - params.stride; }
            case 3u: { shift = 7u * params.stride; }
            default: {}
        }
        (*state).place[agent] = ((*state).place[agent] + shift) % PLACES;
        (*state).played[agent] = played;
        outcome.reward[agent] = f32(shift);
    }
    let place = (*state).place;
    outcome.terminated = place[0] == place[1] || place[1] == place[2];
    return outcome;
}

fn observe(params: Params, state: ptr<function, State>, agent: u32, elapsed: u32) -> Observation {
    var seen: Observation;
    for (var other = 0u; other < AGENTS; other++) {
        let place = (*state).place[other];
        seen.bytes[other / 4u] |= place << (8u * (other % 4u));
        seen.ring[place / 32u] |= 1u << (place % 32u);
        seen.played[other] = (*state).played[other];
    }
    let place = (*state).place[agent];
    seen.place = place;
    let pair = vec2<f32>(f32(place), f32((place + 1u) % PLACES)) / 64.0;
    seen.fraction[0] = pair;
    seen.fraction[1] = pair.yx;
    seen.rest = Rest(f32(elapsed), vec3<f32>(f32(agent) - 1.0, 1.0e6 * f32(place), -0.5));
    return seen;
}

fn global_state(params: Params, state: State, elapsed: u32) -> GlobalState {
    return GlobalState(state.place, f32(elapsed));
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return vec3<f32>(uv, f32(state.place[0]) / 64.0);
}
