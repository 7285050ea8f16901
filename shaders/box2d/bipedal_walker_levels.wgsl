//! BipedalWalkerLevels-v0: walk on two legs over stumps, stairs and pits of eight parameters, as in POET and ACCEL.
//!
//! # Source
//! Parker-Holder et al. 2022, "Evolving Curricula with Regret-Based Environment Design" (ACCEL); Wang et al. 2019 (POET) with
//! the first five parameters. Its program dcd keeps a seed with the parameters of a level; here every episode draws anew.
//! Box2D 2.3 below it, continuous collision included. The hull's contact ends the episode and does not push.
//! # Reward
//! 130 / 30 for each metre forward, -5 for each rad that the hull leans further, -0.00035 for each N m of the motors;
//! -100 instead where the hull touches the ground or leaves the track at the left, and where numbers get out of hand.
//! # Start
//! Grass for 5 to 9 points of the ground and an obstacle take turns, of the kinds whose upper bound is large enough: stumps and
//! stairs from 0.2 on, pits from 0.8 on. A stump is one step wide and stands on 5 to 9 points of flat ground, stairs are four
//! steps wide and go up or down, up to one less than `stair_steps` of them, a pit is four steps deep and one step wider than
//! its gap. Standing on the flat pad with a random push of up to 5 N to the left or right, after one step without motors.
//! # End
//! The hull touches the ground, x < 0, the end of the track (x > 190 * 14 / 30 m), or a place or speed is not below
//! 10,000 m, m/s, rad or rad/s (`info.blown_up`); truncated after 2000 steps.
//! # Version
//! v0: as in dcd; the walker itself is that of BipedalWalker-v3.
import package::shared::rng::{Rng, rng_bernoulli, rng_between, rng_range};
import package::shared::physics2d::{Physics2dBodies, Physics2dJoints, Physics2dTouch};
import package::shared::ground2d::{ground2d_edge, ground2d_point};
import package::shared::columns2d::{COLUMNS2D_WORDS, columns2d_add, columns2d_clear, columns2d_over};
import package::shared::biped2d::{BIPED2D_HIGH, BIPED2D_LOW};
import package::shared::walker2d::{WALKER2D_REFERENCE};
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
/// 1; most polygons that a track can have: two of each pit, whose period is nine points
const SCENE_OBSTACLES: u32 = 48u;
/// points; flat ground at the start
const PAD: u32 = 20u;
/// m; half the length of a part of a leg
const SCENE_LEG: f32 = 0.56666666;
const TORQUE_COST: f32 = 0.00035;
/// N; largest push at the start
const START_FORCE: f32 = 5.0;

const GRASS: u32 = 0u;
const STUMP: u32 = 1u;
const STAIRS: u32 = 2u;
const PIT: u32 = 3u;
/// steps; width of a stair
const TREAD: u32 = 4u;
/// steps; stairs up to this height have no polygons
const FLAT_STAIRS: f32 = 0.01;

struct Params {
    /// 1; how rough grass is, 1 in BipedalWalker-v3
    roughness: f32,
    /// 14/30 m; one bound of the width of pits, less one step
    pit_gap_low: f32,
    /// 14/30 m; the other bound
    pit_gap_high: f32,
    /// 14/30 m; one bound of the height of stumps
    stump_height_low: f32,
    /// 14/30 m; the other bound
    stump_height_high: f32,
    /// 14/30 m; one bound of the height of a stair
    stair_height_low: f32,
    /// 14/30 m; the other bound
    stair_height_high: f32,
    /// 1; stairs of a flight are fewer than this, rounded
    stair_steps: f32,
}

// The level that ACCEL's easy range ends with.
const DEFAULT_PARAMS: Params = Params(0.6, 0.0, 0.8, 0.0, 0.4, 0.0, 0.4, 1.0);
const PARAMS_LOW: Params = Params(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0);
const PARAMS_HIGH: Params = Params(10.0, 10.0, 10.0, 5.0, 5.0, 5.0, 5.0, 9.0);

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
    let stumps = max(params.stump_height_low, params.stump_height_high) >= 0.2;
    let flights = max(params.stair_height_low, params.stair_height_high) >= 0.2;
    let pits = max(params.pit_gap_low, params.pit_gap_high) >= 0.8;
    let kinds = select(0u, 1u, stumps) + select(0u, 1u, flights) + select(0u, 1u, pits);
    var kind = GRASS;
    var begins = false;
    var left = PAD;
    var slope = 0.0;
    var height = WALK2D_GROUND;
    var level = 0.0;
    var stairs = 0u;
    var rise = 0.0;
    for (var i = 0u; i < SCENE_GROUND_POINTS; i += 1u) {
        if kind == GRASS && !begins {
            slope = 0.8 * slope + 0.01 * sign(WALK2D_GROUND - height);
            if i > PAD {
                slope += rng_between(rng, -1.0, 1.0) / 30.0;
            }
            height += params.roughness * slope;
        } else if kind == PIT && begins {
            let gap = 1.0 + rng_between(rng, params.pit_gap_low, params.pit_gap_high);
            let whole = u32(gap);
            let beyond = gap > f32(whole);
            let low = height - 4.0 * WALK2D_STEP;
            add_box(state, i, 1u, 0.0, 1.0, vec2<f32>(low, height));
            add_box(state, i + whole, select(1u, 2u, beyond), gap - f32(whole), 1.0, vec2<f32>(low, height));
            left = whole + select(2u, 3u, beyond);
            level = height;
        } else if kind == PIT {
            height = select(level, level - 4.0 * WALK2D_STEP, left > 1u);
        } else if kind == STUMP && begins {
            let top = height + rng_between(rng, params.stump_height_low, params.stump_height_high) * WALK2D_STEP;
            add_box(state, i, 1u, 0.0, 1.0, vec2<f32>(height, top));
        } else if kind == STAIRS && begins {
            rise = rng_between(rng, params.stair_height_low, params.stair_height_high);
            let steep = rise > FLAT_STAIRS;
            rise = select(-rise, rise, rng_bernoulli(rng, 0.5));
            stairs = rng_range(rng, u32(round(params.stair_steps)));
            level = height;
            for (var s = 0u; steep && s < stairs; s += 1u) {
                let top = height + f32(s) * rise * WALK2D_STEP;
                add_box(state, i + s * TREAD, TREAD, 0.0, f32(TREAD), vec2<f32>(top - abs(rise) * WALK2D_STEP, top));
            }
            left = select(left, stairs * TREAD + 1u, steep);
        } else if kind == STAIRS {
            let stair = floor((f32(stairs * TREAD) - f32(left)) / f32(TREAD));
            height = level + (stair * rise + min(rise, 0.0)) * WALK2D_STEP;
        }
        begins = false;
        (*state).heights[i] = height;
        left -= 1u;
        if left == 0u {
            left = 5u + rng_range(rng, 5u);
            begins = true;
            var next = GRASS;
            if kind == GRASS && kinds > 0u {
                // Stumps, stairs, pits, without those that are too small.
                let k = rng_range(rng, kinds);
                let third = select(PIT, STAIRS, flights && k == select(0u, 1u, stumps));
                next = select(third, STUMP, stumps && k == 0u);
            }
            kind = next;
        }
    }
    let push = rng_between(rng, -START_FORCE, START_FORCE);
    walk2d_begin(state, WALKER2D_REFERENCE, push);
}

/// Puts a box over some edges of the ground; it begins `shift` steps behind the first of them. `low_high` are its heights.
fn add_box(state: ptr<function, State>, edge: u32, edges: u32, shift: f32, width: f32, low_high: vec2<f32>) {
    let x = WALK2D_STEP * (f32(edge) + shift);
    if edge < SCENE_GROUND_POINTS {
        columns2d_add(state, edge, edges, vec4<f32>(x, low_high.x, x + WALK2D_STEP * width, low_high.y));
    }
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let end = walk2d_step(state, WALKER2D_REFERENCE, TORQUE_COST, action);
    return Outcome(end.reward, end.terminated, Info(end.blown_up));
}

/// The point behind a pit stands where the pit's right wall ends, which is short of its place.
fn scene_point(state: ptr<function, State>, i: u32) -> vec2<f32> {
    let point = ground2d_point(state, i);
    let polygon = columns2d_over(state, max(i, 1u) - 1u);
    let right = (*state).boxes[max(polygon, 1u) - 1u].z;
    return vec2<f32>(select(point.x, right, polygon > 0u && right < point.x - 1e-4), point.y);
}

fn scene_edge(state: ptr<function, State>, x: f32) -> u32 {
    let edge = ground2d_edge(x);
    return min(select(edge, edge + 1u, scene_point(state, edge + 1u).x < x), SCENE_GROUND_POINTS - 2u);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return walk2d_observe(state);
}

fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    return walk2d_pixel(state, uv);
}
