//! TestInfo-v0: everything an outcome can tell, and functions that know how far the episode is.
//!
//! # Source
//! Own test program. Agents drop out one after the other, the environment cuts the episode at times, and the infos are
//! such that their sums over an episode are known from the state.
//! # Reward
//! 1 for every agent in the game that plays 1.
//! # Start
//! All agents in the game, a random word.
//! # End
//! Terminated when no agent is left; truncated by the environment with probability 1/16 in every step, both may come at once.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};

const MAX_EPISODE_STEPS: u32 = 23u;
const AGENTS: u32 = 5u;

struct Params {
    /// 1; an agent that plays 1 drops out where this and the random word have no bit in common
    hold: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1023u);

struct State {
    /// 1; random word of the newest step
    word: u32,
    /// bool; who is out of the game
    out: array<u32, AGENTS>,
    /// 1; hash of everything that was seen
    seen: u32,
    /// 1; sum of `Info.signed` over the episode
    signed: i32,
    /// 1; sum over the episode of the steps before each step
    clock: u32,
}

alias Action = u32;
/// 0 wait, 1 play
const ACTION_COUNT: u32 = 2u;

struct Observation {
    /// 1; whether this agent is out of the game
    out: f32,
    /// steps; since the start
    elapsed: f32,
}
/// Every other agent does not know how far the episode is.
const AGENT_OBSERVATION_SIZES: array<u32, AGENTS> = array<u32, AGENTS>(2u, 1u, 2u, 1u, 2u);
const OBSERVATION_LOW: Observation = Observation(0.0, 0.0);
const OBSERVATION_HIGH: Observation = Observation(1.0, 23.0);

struct Info {
    /// 1; whether all agents are out of the game
    success: f32,
    /// 1; a number of both signs
    signed: i32,
    /// 1; steps before this one, and 1
    clock: vec2<u32>,
    /// 1; whether the agent dropped out in this step
    dropped: array<u32, AGENTS>,
}

struct Outcome {
    info: Info,
    done: array<bool, AGENTS>,
    truncated: bool,
    reward: array<f32, AGENTS>,
    terminated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    state.word = rng_next(rng);
    return state;
}

fn step(
    params: Params,
    state: ptr<function, State>,
    action: array<Action, AGENTS>,
    rng: ptr<function, Rng>,
    elapsed: u32,
) -> Outcome {
    var outcome: Outcome;
    var left = 0u;
    for (var agent = 0u; agent < AGENTS; agent++) {
        let word = rng_next(rng);
        (*state).word = word;
        let plays = action[agent] == 1u && (*state).out[agent] == 0u;
        let drops = plays && ((word >> 20u) & params.hold) == 0u;
        outcome.reward[agent] = select(0.0, 1.0, plays);
        outcome.info.dropped[agent] = select(0u, 1u, drops);
        (*state).out[agent] |= select(0u, 1u, drops);
        outcome.done[agent] = (*state).out[agent] == 1u;
        left += 1u - (*state).out[agent];
        (*state).seen = ((*state).seen ^ word) * 0x2c1b3c6du + elapsed;
    }
    let signed = i32((*state).word >> 28u) - 8;
    (*state).signed += signed;
    (*state).clock += elapsed;
    outcome.info.signed = signed;
    outcome.info.clock = vec2<u32>(elapsed, 1u);
    outcome.info.success = select(0.0, 1.0, left == 0u);
    outcome.terminated = left == 0u;
    outcome.truncated = ((*state).word & 15u) == 0u;
    return outcome;
}

fn observe(params: Params, state: ptr<function, State>, agent: u32, elapsed: u32) -> Observation {
    return Observation(f32((*state).out[agent]), select(0.0, f32(elapsed), agent % 2u == 0u));
}

/// Agents that are out of the game have to wait, and nobody plays in the first step.
fn action_mask(params: Params, state: ptr<function, State>, agent: u32, elapsed: u32) -> u32 {
    return select(3u, 1u, elapsed == 0u || (*state).out[agent] == 1u);
}

fn pixel(params: Params, state: State, uv: vec2<f32>, elapsed: u32) -> vec3<f32> {
    return vec3<f32>(uv, f32(elapsed & 1u));
}
