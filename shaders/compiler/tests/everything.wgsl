//! Test/Everything-v3: every shape of the contract that the small files do not have.
//! The sentence goes on here.
//!
//! # Source
//! Made up.
//! # Reward
//! None.
//! # Start
//! Zero.
//! # End
//! Never.
//!
//! Not even then.
//! # Version
//! v3: third.
import package::shared::rng::{Rng, rng_range};

const MAX_EPISODE_STEPS: u32 = 77u;
const REWARD_THRESHOLD: f32 = -1.5;
const STICKY_ACTION_PROBABILITY: f32 = 0.25;
const PIXEL_ASPECT: f32 = 2.0;
const AGENTS: u32 = 2u;

struct Wheel {
    /// rad; angle
    angle: f32,
    /// 1; turns of
    /// both kinds
    turns: array<i32, 2>,
}

struct Params {
    /// m; upper corner
    corner: vec3<f32>,
    /// 1; number of things
    count: u32,
    /// 1; offsets
    offset: vec2<i32>,
}
const CORNER: vec3<f32> = vec3<f32>(1.0, 2.0, 3.0);
const DEFAULT_PARAMS: Params = Params(CORNER, 4u, vec2<i32>(-5, 6));
const PARAMS_LOW: Params = Params(vec3<f32>(), 0u, vec2<i32>(-9));
const PARAMS_HIGH: Params = Params(vec3<f32>(9.0), 1u << 3u, vec2<i32>(9));

struct State {
    /// m; positions
    position: array<vec2<f32>, 3>,
    /// 1; the wheels
    wheels: array<Wheel, 2>,
    /// 1; the spare one
    spare: Wheel,
    /// bool; grid of cells
    grid: array<array<u32, 2>, 3>,
    /// 1; level
    level: i32,
}

alias Action = array<u32, 2>;
/// first: 0 stay, 1 go; second: 0 to 2 gears
const ACTION_COUNT: Action = Action(2u, 3u);

alias Observation = array<u32, 2>;
// A comment between the docs and nothing else.
/// row, column; value of the cell
const OBSERVATION_SHAPE: array<u32, 2> = array<u32, 2>(2u, 3u);
const OBSERVATION_BITS: u32 = 8u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 200u;

struct Info {
    /// m; way of each agent
    way: array<f32, AGENTS>,
    /// 1; cells filled
    filled: u32,
    /// m/s; speed
    speed: vec2<i32>,
}
struct Outcome {
    reward: array<f32, 2>,
    terminated: bool,
    truncated: bool,
    done: array<bool, AGENTS>,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    state.level = i32(rng_range(rng, params.count));
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: array<Action, 2>, rng: ptr<function, Rng>) -> Outcome {
    (*state).grid[action[0][1]][0] = action[1][0];
    return Outcome(array<f32, 2>(1.0, -1.0), false, true, array(true, false), Info(array(0.0, 1.0), 1u, vec2<i32>()));
}

fn observe(params: Params, state: ptr<function, State>, agent: u32, elapsed: u32) -> Observation {
    return Observation((*state).grid[agent][0], (*state).grid[agent][1]);
}

fn action_mask(params: Params, state: ptr<function, State>, agent: u32) -> u32 {
    // Both of the first choice, the gears up to that of the level.
    return 3u | (((2u << (u32((*state).level) & 1u)) - 1u) << (2u + (agent & 1u)));
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return vec3<f32>(uv, state.wheels[0].angle);
}
