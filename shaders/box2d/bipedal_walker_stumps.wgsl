//! BipedalWalkerStumps-v0: walk on two legs over stumps at equal distances, as teachers set them.
//!
//! # Source
//! Portelas et al. 2019, teachDeepRL (the parameterised BipedalWalker, stump tracks), with Box2D 2.3 below it, continuous
//! collision included. The hull's contact ends the episode and does not push. Left out is an edge without
//! length at the end of the pad. The reference's lidar tells whichever fixture Box2D's tree reports first, mostly
//! the last one on the ray: of rays that cross several, in 72 % (spacing 0.01) to 90 % (spacing 3). Here it always is, so
//! the lidar looks through stumps at the ground behind them.
//! # Reward
//! 130 / 30 for each metre forward, -5 for each rad that the hull leans further, -0.00035 for each N m of the motors;
//! -100 instead where the hull touches the ground or leaves the track at the left, and where numbers get out of hand.
//! # Start
//! Standing on the flat pad of 9.3 m with a random push of up to 5 N to the left or right, after one step without motors. The
//! first stump stands at the end of the pad, all are 14 / 30 m wide, each height is drawn anew.
//! # End
//! The hull touches the ground, x < 0, the end of the track (x > 190 * 14 / 30 m), or a place or speed is not below
//! 10,000 m, m/s, rad or rad/s (`info.blown_up`); truncated after 2000 steps.
//! # Version
//! v0: bipedal-walker-continuous-v0 with parameters stump_height and obstacle_spacing.
//! # Variants
//! - BipedalWalkerStumpsShort-v0: SCENE_LEG = 0.28333333; legs half as long
import package::shared::rng::{Rng, rng_between};
import package::shared::physics2d::{Physics2dBodies, Physics2dJoints, Physics2dTouch};
import package::shared::stumps2d::{stumps2d_grow};
import package::shared::biped2d::{BIPED2D_HIGH, BIPED2D_LOW};
import package::shared::walker2d::{WALKER2D_REFERENCE};
import package::shared::walk2d::{Walk2dObservation, walk2d_begin, walk2d_observe, walk2d_pixel, walk2d_step};

const MAX_EPISODE_STEPS: u32 = 2000u;
const REWARD_THRESHOLD: f32 = 230.0;
const PIXEL_ASPECT: f32 = 1.5;
/// Rounds of the solver in a step, as in the reference.
const SCENE_VELOCITY_ROUNDS: u32 = 180u;
const SCENE_POSITION_ROUNDS: u32 = 60u;
/// m; half the length of a part of a leg
const SCENE_LEG: f32 = 0.56666666;
/// The lidar tells the last of what a ray meets.
const SCENE_RAYS_PASS: bool = true;
const TORQUE_COST: f32 = 0.00035;
/// N; largest push at the start
const START_FORCE: f32 = 5.0;

struct Params {
    /// 14/30 m; mean height of the stumps, each is drawn with a standard deviation of 0.1 and is at least 0.05 high
    stump_height: f32,
    /// m; from the end of a stump to the beginning of the next, at least 0.01
    obstacle_spacing: f32,
}

const DEFAULT_PARAMS: Params = Params(1.0, 3.0);
const PARAMS_LOW: Params = Params(0.0, 0.0);
const PARAMS_HIGH: Params = Params(3.0, 6.0);

struct State {
    /// m; from the end of a stump to the beginning of the next
    spacing: f32,
    /// m; heights of the stumps, 0 for those that are not there
    stumps: array<f32, SCENE_OBSTACLES>,
    /// m, rad, m/s, rad/s; bodies from right foot to left foot
    bodies: Physics2dBodies,
    /// N s, N m s; joints from right knee to left knee
    joints: Physics2dJoints,
    /// N s; contacts of the legs
    touches: array<Physics2dTouch, SCENE_CONTACTS>,
    /// 1; bit 0 is set where the left foot is reported to stand, bit 1 for the right foot
    feet: u32,
    /// 1; shares of 5.33 m that ten rays from the hull go before they meet the ground, 0.15 rad apart, the first downwards
    lidar: array<f32, 10>,
}

alias Action = array<f32, 4>;
/// 1; left hip, left knee, right hip, right knee: sign is the direction, size the share of the largest torque
const ACTION_LOW: array<f32, 4> = array<f32, 4>(-1.0, -1.0, -1.0, -1.0);
const ACTION_HIGH: array<f32, 4> = array<f32, 4>(1.0, 1.0, 1.0, 1.0);

alias Observation = Walk2dObservation;
const OBSERVATION_LOW: Observation = BIPED2D_LOW;
const OBSERVATION_HIGH: Observation = BIPED2D_HIGH;

struct Info {
    /// bool; whether the episode ended because the physics had lost hold of its numbers
    blown_up: u32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; see above
    terminated: bool,
    info: Info,
}

fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    let push = rng_between(rng, -START_FORCE, START_FORCE);
    stumps2d_grow(state, rng, params.stump_height, params.obstacle_spacing);
    walk2d_begin(state, WALKER2D_REFERENCE, push);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let end = walk2d_step(state, WALKER2D_REFERENCE, TORQUE_COST, action);
    return Outcome(end.reward, end.terminated, Info(end.blown_up));
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return walk2d_observe(state);
}

fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    return walk2d_pixel(state, uv);
}
