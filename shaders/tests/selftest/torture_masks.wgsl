//! TestMasks-v0: masks of legal actions over several words, choices and agents; random play must keep to them.
//!
//! # Source
//! Own test program: the masks are hashes of the state, and the state counts the illegal actions that it is given.
//! # Reward
//! -1 for an illegal action of the agent.
//! # Start
//! Random words.
//! # End
//! Terminated with probability 1/16 in every step; the masks go on changing.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};

const MAX_EPISODE_STEPS: u32 = 20u;
const AGENTS: u32 = 2u;

struct Params {
    /// 1; added to every input
    salt: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1000000u);

struct State {
    /// 1; what the masks are made of
    seed: u32,
    /// 1; illegal actions so far
    illegal: u32,
    /// 1; hash of all actions so far
    played: u32,
}

// The bits of the choices are 0, 1 to 40, 41 to 43 and 44 to 107: one choice has a single action, one lies in two words
// and one in three.
alias Action = array<u32, 4>;
/// four choices
const ACTION_COUNT: Action = Action(1u, 40u, 3u, 64u);

struct Observation {
    /// 1; low bits of the seed
    low: f32,
}
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 65535.0;

struct Outcome {
    reward: array<f32, 2>,
    terminated: bool,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_next(rng) + params.salt, 0u, 0u);
}

fn hash(x: u32) -> u32 {
    let y = (x ^ (x >> 16u)) * 0x7feb352du;
    return (y ^ (y >> 15u)) * 0x846ca68bu;
}

/// Whether an action of a choice is legal: about one in 32, and always the one that the hash names.
fn is_legal(params: Params, state: State, agent: u32, choice: u32, action: u32) -> bool {
    var counts = ACTION_COUNT;
    let named = hash(state.seed + params.salt * 3u + agent * 77u + choice * 1001u);
    return action == named % counts[choice] || (hash(named + action) >> 27u) == 0u;
}

fn step(params: Params, state: ptr<function, State>, action: array<Action, 2>, rng: ptr<function, Rng>) -> Outcome {
    var outcome: Outcome;
    for (var agent = 0u; agent < AGENTS; agent++) {
        for (var choice = 0u; choice < 4u; choice++) {
            let played = action[agent][choice];
            let illegal = !is_legal(params, *state, agent, choice, played);
            (*state).illegal += select(0u, 1u, illegal);
            (*state).played = hash((*state).played + played);
            outcome.reward[agent] -= select(0.0, 1.0, illegal);
        }
    }
    (*state).seed = rng_next(rng);
    outcome.terminated = (rng_next(rng) & 15u) == 0u;
    return outcome;
}

fn observe(params: Params, state: State, agent: u32) -> Observation {
    return Observation(f32((state.seed + agent) & 0xffffu));
}

fn action_mask(params: Params, state: ptr<function, State>, agent: u32) -> array<u32, 4> {
    var mask: array<u32, 4>;
    var first = 0u;
    var counts = ACTION_COUNT;
    for (var choice = 0u; choice < 4u; choice++) {
        for (var action = 0u; action < counts[choice]; action++) {
            let bit = first + action;
            let legal = is_legal(params, *state, agent, choice, action);
            mask[bit / 32u] |= select(0u, 1u << (bit & 31u), legal);
        }
        first += counts[choice];
    }
    return mask;
}
