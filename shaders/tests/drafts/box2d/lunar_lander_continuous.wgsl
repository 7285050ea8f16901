//! LunarLanderContinuous-v3: LunarLander with engines that are throttled.
//!
//! # Source
//! Gymnasium 1.4 box2d/lunar_lander with Box2D 2.3 below it, its continuous collision detection off. The hull's contact
//! ends the episode and does not push, so only the last observation of a crash can differ; the floor below the ground is
//! left out.
//! # Reward
//! Change of 10 for each leg that stands - 100 * (distance from the pad + speed + |angle|), in units of the observation;
//! -0.3 for the main engine at full power, -0.03 for a side engine. Instead -100 for a crash or for leaving the world sideways, 100 for
//! standing still.
//! # Start
//! In the middle of the upper edge over random ground, with a random push, after one step without engines.
//! # End
//! The hull touches the ground, |x| >= 1, or nothing has moved for 0.5 s; truncated after 1000 steps.
//! # Version
//! v3: as in the reference, rules of LunarLander-v3. Wind blows where its power is above 0.
//! # Variants
//! - LunarLanderContinuousFast-v0: SCENE_VELOCITY_ROUNDS = 30u, SCENE_POSITION_ROUNDS = 10u; a sixth of the rounds of the solver
import package::shared::rng::{Rng, rng_between};
import package::shared::draw::{draw_world};
import package::shared::physics2d::{Physics2dBodies, Physics2dJoints, Physics2dTouch};
import package::shared::lander2d::{
    LANDER2D_HALF, lander2d_advance, lander2d_picture, lander2d_potential, lander2d_start, lander2d_view,
};
import package::shared::outcome::{Outcome};

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

struct Observation {
    /// 10 m and 6.67 m; position from the pad
    position: vec2<f32>,
    /// 5 m/s and 7.5 m/s; velocity
    velocity: vec2<f32>,
    /// rad; angle, counter-clockwise is positive
    angle: f32,
    /// 2.5 rad/s; angular velocity
    spin: f32,
    /// bool; whether the legs stand
    legs: vec2<f32>,
}

const ANY: f32 = 3.4028235e38;
// The reference says 2.5 for places, 10 for speeds and two turns for the angle, and can exceed them.
const OBSERVATION_LOW: Observation = Observation(vec2<f32>(-ANY), vec2<f32>(-ANY), -ANY, -ANY, vec2<f32>(0.0));
const OBSERVATION_HIGH: Observation = Observation(vec2<f32>(ANY), vec2<f32>(ANY), ANY, ANY, vec2<f32>(1.0));

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    lander2d_start(params, &state, rng);
    // The reference makes a step without engines before the first observation.
    lander2d_advance(params, &state, 0.0, 0.0);
    state.scatter = vec2<f32>(rng_between(rng, -1.0, 1.0), rng_between(rng, -1.0, 1.0));
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let main = select(0.0, 0.5 + 0.5 * min(action[0], 1.0), action[0] > 0.0);
    let side = select(0.0, clamp(action[1], -1.0, 1.0), abs(action[1]) > 0.5);
    let before = lander2d_potential(state);
    let crashed = lander2d_advance(params, state, main, side);
    (*state).scatter = vec2<f32>(rng_between(rng, -1.0, 1.0), rng_between(rng, -1.0, 1.0));
    let change = lander2d_potential(state) - before - 0.3 * main - 0.03 * abs(side);
    let lost = crashed || abs(lander2d_view(state)[0]) >= 1.0;
    let asleep = (*state).asleep != 0u;
    return Outcome(select(select(change, -100.0, lost), 100.0, asleep), lost || asleep);
}

fn observe(params: Params, state: State) -> Observation {
    var seen = state;
    let view = lander2d_view(&seen);
    let legs = vec2<f32>(f32(state.legs & 1u), f32(state.legs >> 1u));
    return Observation(vec2<f32>(view[0], view[1]), vec2<f32>(view[2], view[3]), view[4], view[5], legs);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    var seen = state;
    return lander2d_picture(&seen, draw_world(uv, LANDER2D_HALF, 2.0 * LANDER2D_HALF));
}
