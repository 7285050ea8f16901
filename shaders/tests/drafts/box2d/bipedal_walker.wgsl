//! BipedalWalker-v3: walk over uneven ground on two legs with four motors.
//!
//! # Source
//! Gymnasium 1.4 box2d/bipedal_walker with Box2D 2.3 below it, its continuous collision detection off. The hull's contact
//! ends the episode and does not push, so only the last observation of a fall can differ.
//! # Reward
//! 130 / 30 for each metre forward, -5 for each rad that the hull leans further, -torque_cost for each N m of the motors;
//! -100 instead where the hull touches the ground or leaves the track at the left.
//! # Start
//! Standing on the flat pad with a random push to the left or right, after one step without motors.
//! # End
//! The hull touches the ground, x < 0, or the end of the track (x > 190 * 14 / 30 m); truncated after 1600 steps.
//! # Version
//! v3: as in the reference.
//! # Variants
//! - BipedalWalkerFast-v0: SCENE_VELOCITY_ROUNDS = 30u, SCENE_POSITION_ROUNDS = 10u; a sixth of the rounds of the solver
import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_sincos};
import package::shared::physics2d::{Physics2dBodies, Physics2dJoints, Physics2dManifolds, Physics2dTouch};
import package::shared::ground2d::{ground2d_contacts, ground2d_edge, ground2d_point, ground2d_ray};
import package::shared::walker2d::{
    WALKER2D_HULL, walker2d_advance, walker2d_hull, walker2d_legs, walker2d_over, walker2d_stand,
};
import package::shared::draw::{DRAW_GREEN, DRAW_PAPER, DRAW_RED, draw_below, draw_capsule, draw_cover, draw_over, draw_world};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 1600u;
const REWARD_THRESHOLD: f32 = 300.0;
const PIXEL_ASPECT: f32 = 1.5;
/// Rounds of the solver in a step, as in the reference.
const SCENE_VELOCITY_ROUNDS: u32 = 180u;
const SCENE_POSITION_ROUNDS: u32 = 60u;
/// m; distance of two points of the ground
const SCENE_GROUND_STEP: f32 = 0.46666667;
const SCENE_GROUND_POINTS: u32 = 200u;
const GROUND_HEIGHT: f32 = 3.3333333;
/// points; flat ground at the start
const PAD: u32 = 20u;
const GOAL_X: f32 = 88.666664;
/// m; half the length of a part of a leg
const SCENE_LEG: f32 = 0.56666666;
const LIDAR_RANGE: f32 = 5.3333335;

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

struct Observation {
    /// rad; the hull's angle
    angle: f32,
    /// 25 rad/s; the hull's angular velocity
    spin: f32,
    /// 8.3 m/s and 12.5 m/s; the hull's velocity
    velocity: vec2<f32>,
    /// 1; for each leg: hip angle (rad), hip speed (1/4 rad/s), knee angle + 1 (rad), knee speed (1/6 rad/s), 1 where it stands
    legs: array<f32, 10>,
    /// 1; shares of 5.33 m that ten rays go before they meet the ground, from straight down to 77 degrees forward
    lidar: array<f32, 10>,
}

const ANY: f32 = 3.4028235e38;
// The reference says pi and 5 for angles and speeds, and exceeds them.
const OBSERVATION_LOW: Observation = Observation(
    -ANY,
    -ANY,
    vec2<f32>(-ANY),
    array<f32, 10>(-ANY, -ANY, -ANY, -ANY, 0.0, -ANY, -ANY, -ANY, -ANY, 0.0),
    array<f32, 10>(),
);
const OBSERVATION_HIGH: Observation = Observation(
    ANY,
    ANY,
    vec2<f32>(ANY),
    array<f32, 10>(ANY, ANY, ANY, ANY, 1.0, ANY, ANY, ANY, ANY, 1.0),
    array<f32, 10>(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
);

fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    var slope = 0.0;
    var height = GROUND_HEIGHT;
    for (var i = 0u; i < SCENE_GROUND_POINTS; i += 1u) {
        slope = 0.8 * slope + 0.01 * sign(GROUND_HEIGHT - height);
        if i > PAD {
            slope += rng_between(rng, -params.roughness, params.roughness);
        }
        height += slope;
        (*state).heights[i] = height;
    }
    let push = rng_between(rng, -params.start_force, params.start_force);
    walker2d_stand(state, vec2<f32>(0.5 * SCENE_GROUND_STEP * f32(PAD), GROUND_HEIGHT), push);
    // The reference makes a step without motors before the first observation.
    walker2d_advance(params, state, array<f32, 4>());
    look(state);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let before = walker2d_hull(state).x;
    let leaned = abs((*state).bodies[WALKER2D_HULL].angle);
    let fallen = walker2d_advance(params, state, action);
    look(state);
    let x = walker2d_hull(state).x;
    var effort = 0.0;
    for (var i = 0u; i < 4u; i += 1u) {
        effort += min(abs(action[i]), 1.0);
    }
    let forward = 4.3333335 * (x - before) - 5.0 * (abs((*state).bodies[WALKER2D_HULL].angle) - leaned);
    let lost = fallen || x < 0.0;
    let reward = select(forward - params.torque_cost * params.motor_torque * effort, -100.0, lost);
    return Outcome(reward, lost || x > GOAL_X);
}

fn scene_contacts(
    state: ptr<function, State>,
    manifolds: ptr<function, Physics2dManifolds>,
    body: u32,
    slot: u32,
    pushes: bool,
) -> bool {
    return ground2d_contacts(state, manifolds, body, slot, pushes);
}

/// Measures the lidar's shares anew.
fn look(state: ptr<function, State>) {
    let origin = walker2d_hull(state);
    for (var i = 0u; i < 10u; i += 1u) {
        let sc = math_sincos(0.15 * f32(i));
        (*state).lidar[i] = ground2d_ray(state, origin, LIDAR_RANGE * vec2<f32>(sc.x, -sc.y));
    }
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let hull = (*state).bodies[WALKER2D_HULL];
    var out = Observation();
    out.angle = hull.angle;
    out.spin = 0.04 * hull.spin;
    out.velocity = vec2<f32>(0.12, 0.08) * hull.velocity;
    out.legs = walker2d_legs(state);
    out.lidar = (*state).lidar;
    return out;
}

fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    // 20 m of the track, the hull at a fifth.
    let hull = walker2d_hull(state);
    let p = draw_world(uv, vec2<f32>(hull.x + 6.0, 6.6666665), vec2<f32>(20.0, 13.333333));
    let edge = 0.06;
    let k = ground2d_edge(p.x);
    let v1 = ground2d_point(state, k);
    let v2 = ground2d_point(state, k + 1u);
    let slope = (v2.y - v1.y) / SCENE_GROUND_STEP;
    let ground = draw_below(p, v1.y + slope * (p.x - v1.x), slope);
    var color = draw_over(DRAW_PAPER, DRAW_GREEN, draw_cover(ground, edge));
    for (var i = 0u; i < 10u; i += 1u) {
        let sc = math_sincos(0.15 * f32(i));
        let path = LIDAR_RANGE * vec2<f32>(sc.x, -sc.y);
        let beam = draw_capsule(p, hull, hull + path * (*state).lidar[i], 0.02);
        color = draw_over(color, DRAW_RED, 0.35 * draw_cover(beam, edge));
    }
    return walker2d_over(state, p, color, edge);
}
