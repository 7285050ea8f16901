//! BipedalWalkerHexagons-v0: walk on two legs over ten hexagons of one shape, which teachers set.
//!
//! # Source
//! Portelas et al. 2019, teachDeepRL (the parameterised BipedalWalker, hexagon tracks), with Box2D 2.3 below it, continuous
//! collision included. The hull's contact ends the episode and does not push. Left out is an edge without
//! length at the end of the pad. The reference's lidar tells whichever fixture Box2D's tree reports first, mostly the last
//! one on the ray: of rays that cross several, in 79 %. Here it always is, so the lidar looks through hexagons at the ground
//! behind them.
//! # Reward
//! 130 / 30 for each metre forward, -5 for each rad that the hull leans further, -0.00035 for each N m of the motors;
//! -100 instead where the hull touches the ground or leaves the track at the left, and where numbers get out of hand.
//! # Start
//! Standing on the flat pad of 9.3 m with a random push of up to 5 N to the left or right, after one step without motors.
//! A hexagon begins every 9 m from the end of the pad on. Its corners are those of a flat one, (-0.5, 0), (-0.5, 0.25),
//! (-0.25, 0.5), (0.25, 0.5), (0.5, 0.25), (0.5, 0), each moved by its offset, which is drawn anew with a standard deviation
//! of 0.1; the first and the last stay on the ground. The polygon is their convex hull.
//! # End
//! The hull touches the ground, x < 0, the end of the track (x > 190 * 14 / 30 m), or a place or speed is not below
//! 10,000 m, m/s, rad or rad/s (`info.blown_up`); truncated after 2000 steps.
//! # Version
//! v0: bipedal-walker-continuous-v0 with parameter poly_shape.
import package::shared::rng::{Rng, rng_between, rng_normal};
import package::shared::physics2d::{Physics2dBodies, Physics2dJoints, Physics2dTouch};
import package::shared::collide2d::{Collide2dShape};
import package::shared::hull2d::{Hull2dPoints, hull2d_of};
import package::shared::obstacles2d::{obstacles2d_convex};
import package::shared::row2d::{row2d_left};
import package::shared::biped2d::{BIPED2D_HIGH, BIPED2D_LOW};
import package::shared::walker2d::{WALKER2D_REFERENCE};
import package::shared::walk2d::{
    WALK2D_GROUND, WALK2D_STEP, Walk2dObservation, walk2d_begin, walk2d_observe, walk2d_pixel, walk2d_step,
};

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
/// m; from where a hexagon begins to where the ground goes on, though it reaches further
const SCENE_ROW_WIDTH: f32 = 1.0;
/// m; with offsets of 0 to 4 and the largest deviation that is drawn
const SCENE_ROW_REACH: vec2<f32> = vec2<f32>(-0.51, 2.38);
const SCENE_OBSTACLES: u32 = 10u;
const TORQUE_COST: f32 = 0.00035;
/// N; largest push at the start
const START_FORCE: f32 = 5.0;
const CORNERS: array<vec2<f32>, 6> = array<vec2<f32>, 6>(
    vec2<f32>(-0.5, 0.0),
    vec2<f32>(-0.5, 0.25),
    vec2<f32>(-0.25, 0.5),
    vec2<f32>(0.25, 0.5),
    vec2<f32>(0.5, 0.25),
    vec2<f32>(0.5, 0.0),
);

struct Params {
    /// 14/30 m; mean offsets of the corners, clockwise from the left one on the ground: to the right and upwards for each; those
    /// upwards of the first and the last have no effect
    offsets: array<f32, 12>,
}

const DEFAULT_PARAMS: Params = Params(array<f32, 12>());
const PARAMS_LOW: Params = Params(array<f32, 12>());
const PARAMS_HIGH: Params = Params(array<f32, 12>(4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0));

struct State {
    /// m; hexagons
    hexagons: array<Hull2dPoints, SCENE_OBSTACLES>,
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
    for (var i = 0u; i < SCENE_OBSTACLES; i += 1u) {
        let corner = vec2<f32>(row2d_left(state, i), WALK2D_GROUND);
        var points = Hull2dPoints();
        points.count = 6u;
        for (var j = 0u; j < 6u; j += 1u) {
            let right = params.offsets[2u * j] + 0.1 * rng_normal(rng);
            let up = params.offsets[2u * j + 1u] + 0.1 * rng_normal(rng);
            let offset = vec2<f32>(right, select(up, 0.0, j == 0u || j == 5u));
            points.points[j] = corner + WALK2D_STEP * (CORNERS[j] + offset);
        }
        (*state).hexagons[i] = hull2d_of(points);
    }
    walk2d_begin(state, WALKER2D_REFERENCE, push);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let end = walk2d_step(state, WALKER2D_REFERENCE, TORQUE_COST, action);
    return Outcome(end.reward, end.terminated, Info(end.blown_up));
}

fn scene_spacing(state: ptr<function, State>) -> f32 {
    return 8.0;
}

fn scene_obstacle(state: ptr<function, State>, i: u32) -> Collide2dShape {
    let hexagon = (*state).hexagons[i];
    return obstacles2d_convex(hexagon.count, hexagon.points);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return walk2d_observe(state);
}

fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    return walk2d_pixel(state, uv);
}
