//! {id}: drive a point along a line onto a target and stay there.
//!
//! This file is a whole environment, and a template: change it from top to bottom, keep the order. The first doc
//! line is the id and one sentence; the five headings below are required.
//!
//! # Source
//! Written for this project.
//! # Reward
//! Minus the distance to the target after the step, and 10 for arriving.
//! # Start
//! The point anywhere on the track and at rest, the target anywhere.
//! # End
//! The point is within `radius` of the target and slower than `radius` per step; truncated after 100 steps.
//! # Version
//! v0: first version.
//! # Variants
//! - {name}Slippery-v0: DEFAULT_PARAMS.friction = 0.01, MAX_EPISODE_STEPS = 200u; the same with hardly any friction.
import package::shared::rng::{Rng, rng_between};

// Limits. The kernel counts the steps; 0u would mean no limit.
const MAX_EPISODE_STEPS: u32 = 100u;
const PIXEL_ASPECT: f32 = 4.0;

// Parameters: the task. Every instance has its own. Each member's comment is `unit; meaning`, 1 for a pure number.
struct Params {
    /// m/step^2; how much one action changes the speed
    push: f32,
    /// 1; part of the speed that is lost in each step
    friction: f32,
    /// m; how near counts as arrived
    radius: f32,
}
const DEFAULT_PARAMS: Params = Params(0.02, 0.1, 0.05);
const PARAMS_LOW: Params = Params(0.005, 0.0, 0.02);
const PARAMS_HIGH: Params = Params(0.05, 0.5, 0.2);

// State: everything that lasts from step to step. No bool here: use u32.
struct State {
    /// m; position of the point, the track is [-1, 1]
    x: f32,
    /// m/step; speed of the point
    speed: f32,
    /// m; position of the target
    goal: f32,
}

alias Action = u32; // if some are illegal at times: `fn action_mask(params: Params, state: State) -> u32`, a bit each
/// 0 push left, 1 do nothing, 2 push right
const ACTION_COUNT: u32 = 3u;

struct Observation {
    /// m; from the point to the target
    offset: f32,
    /// m/step; speed of the point
    speed: f32,
}
const OBSERVATION_LOW: Observation = Observation(-2.0, -3.4028234e38);
const OBSERVATION_HIGH: Observation = Observation(2.0, 3.4028234e38); // the largest f32 = unbounded
// Packed numbers: `alias Observation = array<u32, 19>`, OBSERVATION_SHAPE, OBSERVATION_BITS (8 or 1). A whole number: `alias
// Observation = u32`, OBSERVATION_COUNT. Several parts, a dictionary for hosts: constants for each member, OBSERVATION_IMAGE_SHAPE
// for `image`. For central critics: `fn global_state(params: Params, state: State) -> GlobalState`, GLOBAL_STATE_LOW and so on.
// Several agents: `const AGENTS: u32`, actions and rewards as arrays, `agent: u32` as one more argument of `observe`.

// What a step brings. `truncated: bool` may say that the environment itself cuts the episode.
struct Outcome {
    reward: f32,
    terminated: bool,
    info: Info,
}
// Optional: figures beside the reward. Hosts get them by name, rollouts and training their sums over episodes.
struct Info {
    /// bool; arrived
    success: f32,
    /// m; way of the point
    way: f32,
}

// Start. Random numbers come from `rng` alone. A state of more than 64 words is started in place:
// `fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>)` finds it filled with zeros.
fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let x = rng_between(rng, -1.0, 1.0);
    return State(x, 0.0, rng_between(rng, -1.0, 1.0));
}

// One step: change the state, say what it brought. `elapsed: u32` as one more argument is the steps so far. Choose by `select` rather than by `if` where both sides are cheap.
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let push = params.push * (f32(action) - 1.0);
    let speed = (*state).speed * (1.0 - params.friction) + push;
    let before = (*state).x;
    let moved = before + speed;
    let x = clamp(moved, -1.0, 1.0);
    (*state).x = x;
    (*state).speed = select(0.0, speed, x == moved); // the walls stop the point
    let distance = abs((*state).goal - x);
    let arrived = distance < params.radius && abs(speed) < params.radius;
    return Outcome(select(0.0, 10.0, arrived) - distance, arrived, Info(select(0.0, 1.0, arrived), abs(x - before)));
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.goal - state.x, state.speed);
}

// The picture: the colour at uv, (0, 0) is the upper left corner and (1, 1) the lower right one. Optional.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let x = (uv.x * 2.0 - 1.0) * 1.1;
    let near_goal = abs(x - state.goal) < params.radius;
    let near_point = abs(x - state.x) < 0.03 && abs(uv.y - 0.5) < 0.12;
    let ground = select(vec3<f32>(0.95, 0.95, 0.92), vec3<f32>(0.6, 0.85, 0.6), near_goal);
    return select(ground, vec3<f32>(0.15, 0.3, 0.7), near_point);
}
