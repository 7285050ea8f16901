//! LunarLanderContinuous-v3: LunarLander with engines that are throttled.
//!
//! # Source
//! Gymnasium 1.4 box2d/lunar_lander with Box2D 2.3 below it, continuous collision included. The hull's contact
//! ends the episode and does not push, so only the last observation of a crash can differ; the floor below the ground is
//! left out.
//! # Reward
//! Change of 10 for each leg that stands - 100 * (distance from the pad + speed + |angle|), in units of the observation;
//! -0.3 for the main engine at full power, -0.03 for a side engine. Instead -100 for a crash, for leaving the world sideways
//! and for numbers out of hand, 100 for standing still.
//! # Start
//! In the middle of the upper edge over random ground, with a random push, after one step without engines.
//! # End
//! The hull touches the ground, |x| >= 1, nothing has moved for 0.5 s, or a place or speed is not below 10,000 m, m/s, rad or
//! rad/s (`info.blown_up`); truncated after 1000 steps.
//! # Version
//! v3: as in the reference, rules of LunarLander-v3. Wind blows where its power is above 0. With a
//! sixth of the rounds one of a hundred steps is off by 1.4 m/s or rad/s, and a simple heuristic with engines throttled at random
//! crashes in 85 % instead of 77 % of its episodes.
//! # Variants
//! - LunarLanderContinuousFast-v0: SCENE_VELOCITY_ROUNDS = 30u, SCENE_POSITION_ROUNDS = 10u; a sixth of the rounds of the solver
import package::shared::rng::{Rng};
import package::shared::physics2d::{Physics2dBodies, Physics2dJoints, Physics2dTouch};
import package::shared::landing2d::{
    LANDING2D_HIGH, LANDING2D_LOW, Landing2dObservation, landing2d_observe, landing2d_picture, landing2d_start, landing2d_step,
};

const MAX_EPISODE_STEPS: u32 = 1000u;
const REWARD_THRESHOLD: f32 = 200.0;
const PIXEL_ASPECT: f32 = 1.5;
/// Rounds of the solver in a step, as in the reference.
const SCENE_VELOCITY_ROUNDS: u32 = 180u;
const SCENE_POSITION_ROUNDS: u32 = 60u;
/// m; distance of two points of the ground
const SCENE_GROUND_STEP: f32 = 2.0;
const SCENE_GROUND_POINTS: u32 = 11u;

struct Params {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// N s/m; impulse of the main engine for each m between its nozzle and the hull's position
    main_power: f32,
    /// N s/m; impulse of a side engine for each m between its nozzle and the hull's position
    side_power: f32,
    /// N; largest push at the start, in both directions
    start_force: f32,
    /// N; largest force of the wind, 15 where the reference has its wind switched on
    wind_power: f32,
    /// N m; largest torque of the wind, 1.5 where the reference has its wind switched on
    turbulence_power: f32,
}

const DEFAULT_PARAMS: Params = Params(10.0, 13.0, 0.6, 1000.0, 0.0, 0.0);
const PARAMS_LOW: Params = Params(0.0, 8.0, 0.3, 0.0, 0.0, 0.0);
const PARAMS_HIGH: Params = Params(12.0, 20.0, 1.2, 2000.0, 20.0, 2.0);

struct State {
    /// m; height of the ground at its points
    heights: array<f32, SCENE_GROUND_POINTS>,
    /// m, rad, m/s, rad/s; second leg, hull, first leg
    bodies: Physics2dBodies,
    /// N s, N m s; joints of the second and the first leg
    joints: Physics2dJoints,
    /// N s; contacts of the second and the first leg
    touches: array<Physics2dTouch, 4>,
    /// 1; bit 0 is set where the first leg is reported to stand, bit 1 for the second
    legs: u32,
    /// s; since anything moved
    rest: f32,
    /// bool; nothing has moved for long enough
    asleep: u32,
    /// steps; moment of the wind's pattern
    wind: i32,
    /// steps; moment of the turbulence's pattern
    turbulence: i32,
    /// 1; how the next step's engines scatter, both in [-1, 1]
    scatter: vec2<f32>,
}

alias Action = array<f32, 2>;
/// 1; main engine: off up to 0, from half to full power above; side engines: left below -0.5, right above 0.5
const ACTION_LOW: array<f32, 2> = array<f32, 2>(-1.0, -1.0);
const ACTION_HIGH: array<f32, 2> = array<f32, 2>(1.0, 1.0);

alias Observation = Landing2dObservation;
const OBSERVATION_LOW: Observation = LANDING2D_LOW;
const OBSERVATION_HIGH: Observation = LANDING2D_HIGH;

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

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    landing2d_start(params, &state, rng);
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let main = select(0.0, 0.5 + 0.5 * min(action[0], 1.0), action[0] > 0.0);
    let side = select(0.0, clamp(action[1], -1.0, 1.0), abs(action[1]) > 0.5);
    let end = landing2d_step(params, state, main, side, rng);
    return Outcome(end.reward, end.terminated, Info(end.blown_up));
}

fn observe(params: Params, state: State) -> Observation {
    var seen = state;
    return landing2d_observe(&seen);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    var seen = state;
    return landing2d_picture(&seen, uv);
}
