//! BipedalWalkerHardcore-v3: walk on two legs over uneven ground with stumps, stairs and pits.
//!
//! # Source
//! Gymnasium 1.4 box2d/bipedal_walker with Box2D 2.3 below it, continuous collision included. The hull's contact
//! ends the episode and does not push, so only the last observation of a fall can differ.
//! # Reward
//! 130 / 30 for each metre forward, -5 for each rad that the hull leans further, -torque_cost for each N m of the motors;
//! -100 instead where the hull touches the ground or leaves the track at the left, and where numbers get out of hand.
//! # Start
//! Grass for 5 to 9 points of the ground and an obstacle take turns: a stump, one or two steps wide and high, three or four
//! stairs up or down, or a pit, three or four steps wide and four deep. Standing on the flat pad with a random push to the
//! left or right, after one step without motors.
//! # End
//! The hull touches the ground, x < 0, the end of the track (x > 190 * 14 / 30 m), or a place or speed is not below
//! 10,000 m, m/s, rad or rad/s (`info.blown_up`); truncated after 2000 steps.
//! # Version
//! v3: as in the reference; the walker itself is that of BipedalWalker-v3. With a sixth of
//! the rounds half of all steps are off by 0.029 m/s or rad/s, one of a hundred by 2.2, and random play falls in 76 % instead
//! of 67 % of its episodes.
//! # Variants
//! - BipedalWalkerHardcoreFast-v0: SCENE_VELOCITY_ROUNDS = 30u, SCENE_POSITION_ROUNDS = 10u; a sixth of the rounds of the solver
import package::shared::rng::{Rng, rng_bernoulli, rng_between, rng_range};
import package::shared::physics2d::{Physics2dBodies, Physics2dJoints, Physics2dTouch};
import package::shared::ground2d::{ground2d_edge, ground2d_point};
import package::shared::columns2d::{COLUMNS2D_WORDS, columns2d_add, columns2d_clear};
import package::shared::biped2d::{BIPED2D_HIGH, BIPED2D_LOW};
import package::shared::walker2d::{Walker2dSetup};
import package::shared::walk2d::{
    WALK2D_GROUND, WALK2D_STEP, Walk2dObservation, walk2d_begin, walk2d_observe, walk2d_pixel, walk2d_step,
};

const MAX_EPISODE_STEPS: u32 = 2000u;
const REWARD_THRESHOLD: f32 = 300.0;
const PIXEL_ASPECT: f32 = 1.5;
/// Rounds of the solver in a step, as in the reference.
const SCENE_VELOCITY_ROUNDS: u32 = 180u;
const SCENE_POSITION_ROUNDS: u32 = 60u;
/// m; distance of two points of the ground
const SCENE_GROUND_STEP: f32 = 0.46666667;
const SCENE_GROUND_POINTS: u32 = 200u;
/// The lidar tells the first of what a ray meets.
const SCENE_RAYS_PASS: bool = false;
/// 1; most polygons that a track can have
const SCENE_OBSTACLES: u32 = 40u;
/// points; flat ground at the start
const PAD: u32 = 20u;
/// m; half the length of a part of a leg
const SCENE_LEG: f32 = 0.56666666;

const GRASS: u32 = 0u;
const STUMP: u32 = 1u;
const STAIRS: u32 = 2u;
const PIT: u32 = 3u;
/// steps; width of a stair
const TREAD: u32 = 4u;

struct Params {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// N m; largest torque of a motor
    motor_torque: f32,
    /// rad/s; speed of the hips' motors
    hip_speed: f32,
    /// rad/s; speed of the knees' motors
    knee_speed: f32,
    /// 1; friction between legs and ground, the root of 0.2 * 2.5 in the reference
    friction: f32,
    /// m; largest change of the ground's slope from one point to the next
    roughness: f32,
    /// N; largest push at the start
    start_force: f32,
    /// 1/(N m); price of a motor's torque
    torque_cost: f32,
}

const DEFAULT_PARAMS: Params = Params(10.0, 80.0, 4.0, 6.0, 0.70710677, 0.033333335, 5.0, 0.00035);
const PARAMS_LOW: Params = Params(5.0, 40.0, 2.0, 3.0, 0.1, 0.0, 0.0, 0.0);
const PARAMS_HIGH: Params = Params(15.0, 120.0, 6.0, 9.0, 1.5, 0.1, 50.0, 0.01);

struct State {
    /// m; height of the ground at its points
    heights: array<f32, SCENE_GROUND_POINTS>,
    /// m; polygons on and in the ground: left, lower, right, upper side
    boxes: array<vec4<f32>, SCENE_OBSTACLES>,
    /// 1; polygons so far
    box_count: u32,
    /// 1; for each edge of the ground the polygon over it, counted from 1, four to a word
    columns: array<u32, COLUMNS2D_WORDS>,
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
    columns2d_clear(state);
    var kind = GRASS;
    var begins = false;
    var left = PAD;
    var slope = 0.0;
    var height = WALK2D_GROUND;
    var level = 0.0;
    var stairs = 0u;
    var up = 1.0;
    for (var i = 0u; i < SCENE_GROUND_POINTS; i += 1u) {
        if kind == GRASS && !begins {
            slope = 0.8 * slope + 0.01 * sign(WALK2D_GROUND - height);
            if i > PAD {
                slope += rng_between(rng, -params.roughness, params.roughness);
            }
            height += slope;
        } else if kind == PIT && begins {
            left = 3u + rng_range(rng, 2u);
            add_box(state, i, 1u, height - 4.0 * WALK2D_STEP, height);
            add_box(state, i + left, 1u, height - 4.0 * WALK2D_STEP, height);
            left += 2u;
            level = height;
        } else if kind == PIT {
            height = select(level, level - 4.0 * WALK2D_STEP, left > 1u);
        } else if kind == STUMP && begins {
            left = 1u + rng_range(rng, 2u);
            add_box(state, i, left, height, height + f32(left) * WALK2D_STEP);
        } else if kind == STAIRS && begins {
            up = select(-1.0, 1.0, rng_bernoulli(rng, 0.5));
            stairs = 3u + rng_range(rng, 2u);
            level = height;
            for (var s = 0u; s < stairs; s += 1u) {
                let top = height + f32(s) * up * WALK2D_STEP;
                add_box(state, i + s * TREAD, TREAD, top - WALK2D_STEP, top);
            }
            left = stairs * TREAD;
        } else if kind == STAIRS {
            height = level + (f32(stairs * TREAD) - f32(left) - up) / f32(TREAD) * up * WALK2D_STEP;
        }
        begins = false;
        (*state).heights[i] = height;
        left -= 1u;
        if left == 0u {
            left = 5u + rng_range(rng, 5u);
            kind = select(GRASS, 1u + rng_range(rng, 3u), kind == GRASS);
            begins = true;
        }
    }
    let push = rng_between(rng, -params.start_force, params.start_force);
    walk2d_begin(state, setup_of(params), push);
}

fn setup_of(params: Params) -> Walker2dSetup {
    return Walker2dSetup(params.gravity, params.motor_torque, params.hip_speed, params.knee_speed, params.friction);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let end = walk2d_step(state, setup_of(params), params.torque_cost, action);
    return Outcome(end.reward, end.terminated, Info(end.blown_up));
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return walk2d_observe(state);
}

fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    return walk2d_pixel(state, uv);
}

/// Puts a box over some edges of the ground.
fn add_box(state: ptr<function, State>, edge: u32, width: u32, low: f32, high: f32) {
    let x = WALK2D_STEP * f32(edge);
    columns2d_add(state, edge, width, vec4<f32>(x, low, x + WALK2D_STEP * f32(width), high));
}

fn scene_edge(state: ptr<function, State>, x: f32) -> u32 {
    return ground2d_edge(x);
}

fn scene_point(state: ptr<function, State>, i: u32) -> vec2<f32> {
    return ground2d_point(state, i);
}
