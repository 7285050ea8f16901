//! bsuite/Bandit-v0: pull one of eleven arms, which pay 0, 0.1, ..., 1 in an unknown order.
//!
//! # Source
//! Osband et al. 2020, "Behaviour Suite for Reinforcement Learning"; rules as in bsuite 0.3.6, environments/bandit,
//! experiments/bandit, bandit_noise and bandit_scale, and utils/wrappers. Observations are of the shape [1] instead of [1, 1].
//! The order of the arms follows from mapping_seed by a hash of ours instead of NumPy's generator, so the same seed
//! stands for another order than in the reference.
//! # Reward
//! A tenth of the arm's rank times reward_scale, and a normal number with the standard deviation noise_scale on top. Best
//! play is worth reward_scale, random play half of it.
//! # Start
//! Nothing is random.
//! # End
//! With the first action. The order stays, so what an episode tells is of use in the next one.
//! # Version
//! v0: bsuite 0.3.6, whose settings are mapping_seed 0 to 19.
//! # Variants
//! - bsuite/BanditNoise-v0: DEFAULT_PARAMS.noise_scale = 1.0; noisy rewards, in bsuite with noise_scale 0.1, 0.3, 1, 3, 10.
//! - bsuite/BanditScale-v0: DEFAULT_PARAMS.reward_scale = 30.0, REWARD_THRESHOLD = 27.0; scaled rewards, in bsuite with
//!   reward_scale 0.001, 0.03, 1, 30, 1000.
import package::shared::rng::{Rng};
import package::shared::hash::{hash_of};
import package::shared::feedback::{feedback_disturbed};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER};
import package::shared::draw::{draw_box, draw_circle, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 0.9;
const PIXEL_ASPECT: f32 = 1.5;
const ARMS: u32 = 11u;

struct Params {
    /// 1; order of the arms; 0: each pays more than the one before
    mapping_seed: u32,
    /// 1; factor of the reward
    reward_scale: f32,
    /// 1; standard deviation of the noise on the reward
    noise_scale: f32,
}
const DEFAULT_PARAMS: Params = Params(1u, 1.0, 0.0);
const PARAMS_LOW: Params = Params(0u, 0.001, 0.0);
const PARAMS_HIGH: Params = Params(65535u, 1000.0, 10.0);

struct State {
    /// 1; the arm that was pulled, 11 before
    pulled: u32,
}

alias Action = u32;
/// the arm to pull
const ACTION_COUNT: u32 = ARMS;

alias Observation = array<f32, 1>;
/// always 1
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(1u);
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 1.0;

struct Info {
    /// 1; what the best arm pays more on average, before scaling
    regret: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; always
    terminated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(ARMS);
}

/// An arm's place in the order. Words of a hash, no two alike, are as good as a shuffle, and nothing is stored.
fn rank(seed: u32, arm: u32) -> u32 {
    let own = (hash_of(seed, arm) & ~15u) | arm;
    var below = 0u;
    for (var i = 0u; i < ARMS; i++) {
        below += select(0u, 1u, ((hash_of(seed, i) & ~15u) | i) < own);
    }
    return select(below, arm, seed == 0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    (*state).pulled = action;
    let worth = f32(rank(params.mapping_seed, action)) / f32(ARMS - 1u);
    let told = feedback_disturbed(rng, worth, params.reward_scale, params.noise_scale);
    return Outcome(told, true, Info(1.0 - worth));
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(1.0);
}

/// The arms as bars as high as they pay, the one that was pulled orange, the best one green; the agent sees none of it.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let p = vec2<f32>(uv.x * f32(ARMS), uv.y);
    let arm = min(u32(p.x), ARMS - 1u);
    let worth = f32(rank(params.mapping_seed, arm)) / f32(ARMS - 1u);
    let middle = f32(arm) + 0.5;
    let height = 0.02 + 0.37 * worth;
    let bar = draw_box(p, vec2<f32>(middle, 0.85 - height), vec2<f32>(0.3, height));
    let pulled = state.pulled == arm;
    let own = select(DRAW_BLUE, DRAW_GREEN, worth == 1.0);
    var colour = draw_over(DRAW_PAPER, DRAW_MIST, draw_cover(0.86 - p.y, 0.01));
    colour = draw_over(colour, draw_over(own, DRAW_ORANGE, f32(pulled)), draw_cover(bar, 0.01));
    let ball = draw_circle(vec2<f32>((p.x - middle) / f32(ARMS) * 1.5, p.y), vec2<f32>(0.0, 0.93), 0.03);
    return draw_over(colour, DRAW_ORANGE, select(0.0, draw_cover(ball, 0.01), pulled));
}
