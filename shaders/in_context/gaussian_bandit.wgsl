//! in_context/GaussianBandit-v0: find the best of five arms within an episode, by pulling them.
//!
//! # Source
//! Lee et al. 2023, "Supervised Pretraining Can Learn In-Context Reinforcement Learning" (DPT): its bandits of five arms with
//! means uniform in [0, 1] and a horizon of 500. Their noise is called a variance of 0.3 and drawn with the standard
//! deviation 0.3, which is meant here.
//! # Reward
//! The mean of the arm plus sigma times a normal number; with bernoulli 1 with the mean as chance, else 0. The Info
//! regret, summed over an episode, is the cumulative regret. Uniform play has a regret of horizon / 3 on average.
//! # Start
//! With gap = 0 means uniform in [mean_low, mean_high]; else one arm, any of them, has the mean 0.5 + gap / 2 and all others
//! 0.5 - gap / 2. Nothing is pulled yet.
//! # End
//! After horizon steps, as termination: the means live as long as the episode.
//! # Version
//! v0: an observation is the last reward and which arm paid it, so an agent needs memory and nothing else.
//! # Variants
//! - in_context/GaussianBandit20-v0: SCENE_ARMS = 20u; 20 arms.
//! - in_context/BernoulliBandit-v0: DEFAULT_PARAMS.bernoulli = 1u; rewards of 0 and 1.
//! - in_context/BernoulliBandit2-v0: SCENE_ARMS = 2u, DEFAULT_PARAMS.bernoulli = 1u, DEFAULT_PARAMS.horizon = 100u; two arms,
//!   rewards of 0 and 1: small enough for the best play to be computed.
import package::shared::rng::{Rng, rng_between, rng_normal, rng_range, rng_uniform};
import package::shared::arms::{Arms, ArmsObservation, arms_best, arms_mean, arms_observe, arms_pixel};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 1.5;
const SCENE_ARMS: u32 = 5u;

struct Params {
    /// steps; length of an episode
    horizon: u32,
    /// 1; standard deviation of a reward
    sigma: f32,
    /// bool; rewards are 0 and 1 instead
    bernoulli: u32,
    /// 1; lower bound of the means
    mean_low: f32,
    /// 1; upper bound of the means
    mean_high: f32,
    /// 1; what the best arm pays more than each other; 0: means are drawn
    gap: f32,
}
const DEFAULT_PARAMS: Params = Params(500u, 0.3, 0u, 0.0, 1.0, 0.0);
const PARAMS_LOW: Params = Params(1u, 0.0, 0u, 0.0, 0.0, 0.0);
const PARAMS_HIGH: Params = Params(1000u, 1.0, 1u, 1.0, 1.0, 1.0);

struct State {
    /// 1; the task and what was pulled last
    arms: Arms,
}

alias Action = u32;
/// the arm to pull
const ACTION_COUNT: u32 = SCENE_ARMS;

alias Observation = ArmsObservation;
/// The last reward, 0 at the start; 1 at the place of the arm that paid it, else 0
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(1u + SCENE_ARMS);
const OBSERVATION_LOW: f32 = -7.0;
const OBSERVATION_HIGH: f32 = 7.0;

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

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let best = rng_range(rng, SCENE_ARMS);
    var means: array<f32, SCENE_ARMS>;
    for (var k = 0u; k < SCENE_ARMS; k++) {
        let drawn = rng_between(rng, params.mean_low, params.mean_high);
        let given = 0.5 + select(-0.5, 0.5, k == best) * params.gap;
        means[k] = select(given, drawn, params.gap == 0.0);
    }
    return State(Arms(means, SCENE_ARMS, 0.0, 0u));
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let mean = arms_mean((*state).arms, action);
    var reward = 0.0;
    if params.bernoulli != 0u {
        reward = select(0.0, 1.0, rng_uniform(rng) < mean);
    } else {
        reward = mean + params.sigma * rng_normal(rng);
    }
    (*state).arms.pulled = action;
    (*state).arms.reward = reward;
    (*state).arms.time += 1u;
    return Outcome(reward, (*state).arms.time >= params.horizon, Info(arms_best((*state).arms) - mean));
}

fn observe(params: Params, state: State) -> Observation {
    return arms_observe(state.arms);
}

/// The arms as bars as high as their means, which the agent does not see, and what the last pull paid.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return arms_pixel(state.arms, 0.0, 1.2, params.horizon, uv);
}
