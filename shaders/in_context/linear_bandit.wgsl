//! in_context/LinearBandit-v0: find the best of ten arms whose means are linear in an unknown vector.
//!
//! # Source
//! Lee et al. 2023, "Supervised Pretraining Can Learn In-Context Reinforcement Learning" (DPT): its linear bandits of ten arms
//! with two features and a horizon of 200. Features are the same in all tasks and not seen, as there.
//! # Reward
//! The product of the task's vector and the arm's features, plus sigma times a normal number. The Info regret, summed over an
//! episode, is the cumulative regret.
//! # Start
//! A vector of two normal numbers over the root of 2. The features of an arm are two such numbers, which follow from
//! feature_seed. Nothing is pulled yet.
//! # End
//! After horizon steps, as termination: the vector lives as long as the episode.
//! # Version
//! v0: an observation is the last reward and which arm paid it, so an agent needs memory and nothing else.
import package::shared::rng::{Rng, rng_normal, rng_seed};
import package::shared::arms::{Arms, ArmsObservation, arms_best, arms_mean, arms_observe, arms_pixel};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 1.5;
const SCENE_ARMS: u32 = 10u;
/// 1 / sqrt(2), the scale of vectors of two numbers
const SCALE: f32 = 0.70710678;

struct Params {
    /// steps; length of an episode
    horizon: u32,
    /// 1; standard deviation of a reward
    sigma: f32,
    /// 1; features of the arms
    feature_seed: u32,
}
const DEFAULT_PARAMS: Params = Params(200u, 0.3, 1u);
const PARAMS_LOW: Params = Params(1u, 0.0, 0u);
const PARAMS_HIGH: Params = Params(1000u, 1.0, 65535u);

struct State {
    /// 1; the means of this task and what was pulled last
    arms: Arms,
}

alias Action = u32;
/// the arm to pull
const ACTION_COUNT: u32 = SCENE_ARMS;

alias Observation = ArmsObservation;
/// The last reward, 0 at the start; 1 at the place of the arm that paid it, else 0
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(1u + SCENE_ARMS);
const OBSERVATION_LOW: f32 = -40.0;
const OBSERVATION_HIGH: f32 = 40.0;

struct Info {
    /// 1; what the best arm pays more on average than the one that was pulled
    regret: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the horizon is reached
    terminated: bool,
    info: Info,
}

fn drawn_vector(rng: ptr<function, Rng>) -> vec2<f32> {
    let x = rng_normal(rng);
    return SCALE * vec2<f32>(x, rng_normal(rng));
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let vector = drawn_vector(rng);
    var means: array<f32, SCENE_ARMS>;
    for (var k = 0u; k < SCENE_ARMS; k++) {
        var own = rng_seed(params.feature_seed, k);
        means[k] = dot(vector, drawn_vector(&own));
    }
    return State(Arms(means, SCENE_ARMS, 0.0, 0u));
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let mean = arms_mean((*state).arms, action);
    let reward = mean + params.sigma * rng_normal(rng);
    (*state).arms.pulled = action;
    (*state).arms.reward = reward;
    (*state).arms.time += 1u;
    return Outcome(reward, (*state).arms.time >= params.horizon, Info(arms_best((*state).arms) - mean));
}

fn observe(params: Params, state: State) -> Observation {
    return arms_observe(state.arms);
}

/// The arms as bars from -2 to 2 as high as their means, which the agent does not see, and what the last pull paid.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return arms_pixel(state.arms, -2.0, 2.0, params.horizon, uv);
}
