//! Box2DScenes-v0: a box on a flat edge, a chain of three links and a single body in free flight, for `check_box2d_scenes.py`.
//!
//! # Source
//! Scenes of the check's own, which it builds in Box2D as well.
//! # Reward
//! None.
//! # Start
//! At rest at the origin; the check puts states in.
//! # End
//! Never.
//! # Version
//! v0.
import package::shared::rng::{Rng};
import package::shared::physics2d::{
    Physics2dBodies, Physics2dBody, Physics2dJoint, Physics2dJoints, Physics2dManifolds, Physics2dTouch, physics2d_note,
    physics2d_step,
};
import package::shared::collide2d::{Collide2dShape};
import package::shared::ground2d::{ground2d_contacts, ground2d_impact};
import package::shared::toi2d::{toi2d_body};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 1000u;
const SCENE_VELOCITY_ROUNDS: u32 = 180u;
const SCENE_POSITION_ROUNDS: u32 = 60u;
const SCENE_GROUND_STEP: f32 = 40.0;
const SCENE_GROUND_POINTS: u32 = 2u;
// Bodies: the box, the chain's third, second and first link, the single body. Joints: of third and second link, of second
// and first.
const SCENE_BODIES: u32 = 5u;
const SCENE_JOINTS: u32 = 2u;
const SCENE_VERTICES: u32 = 4u;
const SCENE_SLOTS: u32 = 1u;
const SCENE_CONTACTS: u32 = 1u;
const SCENE_CONTACT_BODY: array<u32, SCENE_CONTACTS> = array<u32, SCENE_CONTACTS>(0u);
const SCENE_CONTACTS_FREE: array<u32, SCENE_JOINTS> = array<u32, SCENE_JOINTS>(1u, 1u);
const SCENE_INVERSE: array<vec2<f32>, SCENE_BODIES> = array<vec2<f32>, SCENE_BODIES>(
    vec2<f32>(1.25, 16.853933),
    vec2<f32>(8.333333, 250.0),
    vec2<f32>(8.333333, 250.0),
    vec2<f32>(8.333333, 250.0),
    vec2<f32>(8.333333, 250.0),
);
const SCENE_JOINT: array<Physics2dJoint, SCENE_JOINTS> = array<Physics2dJoint, SCENE_JOINTS>(
    Physics2dJoint(2u, 1u, vec2<f32>(0.3, 0.0), vec2<f32>(-0.3, 0.0), 0.0, -1.0, 0.2),
    Physics2dJoint(3u, 2u, vec2<f32>(0.3, 0.0), vec2<f32>(-0.3, 0.0), 0.0, -0.5, 0.8),
);
const DRIVES: array<vec2<f32>, SCENE_JOINTS> = array<vec2<f32>, SCENE_JOINTS>(vec2<f32>(-3.0, 0.05), vec2<f32>(2.0, 0.05));
const DT: f32 = 0.02;
const SIDES: array<vec2<f32>, SCENE_VERTICES> = array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(0.0, -1.0),
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
);
const BOX: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(-0.4, -0.25),
    vec2<f32>(0.4, -0.25),
    vec2<f32>(0.4, 0.25),
    vec2<f32>(-0.4, 0.25),
), SIDES);
const SCENE_SHAPE: array<Collide2dShape, SCENE_BODIES> = array<Collide2dShape, SCENE_BODIES>(BOX, BOX, BOX, BOX, BOX);

struct Params {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// 1; friction of box and edge
    friction: f32,
}
const DEFAULT_PARAMS: Params = Params(10.0, 0.3);
const PARAMS_LOW: Params = Params(0.0, 0.0);
const PARAMS_HIGH: Params = Params(20.0, 1.0);

struct State {
    /// m; both ends of the edge
    heights: array<f32, SCENE_GROUND_POINTS>,
    /// m, rad, m/s, rad/s; see above
    bodies: Physics2dBodies,
    /// N s, N m s; see above
    joints: Physics2dJoints,
    /// N s; the box's contact
    touches: array<Physics2dTouch, SCENE_CONTACTS>,
}

alias Action = u32;
/// 0 nothing
const ACTION_COUNT: u32 = 1u;
struct Observation {
    /// m; height of the box
    height: f32,
}
const OBSERVATION_LOW: f32 = -3.4028234e38;
const OBSERVATION_HIGH: f32 = 3.4028234e38;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State();
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

fn scene_impact(state: ptr<function, State>, origin: Physics2dBody, body: u32) -> f32 {
    return ground2d_impact(state, origin, body);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var manifolds: Physics2dManifolds;
    manifolds[0].count = 0u;
    scene_contacts(state, &manifolds, 0u, 0u, true);
    let before = (*state).bodies;
    var bodies = (*state).bodies;
    var joints = (*state).joints;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        bodies[i].velocity.y -= DT * params.gravity;
    }
    physics2d_step(&bodies, &joints, &manifolds, DRIVES, params.friction, DT);
    (*state).bodies = bodies;
    (*state).joints = joints;
    physics2d_note(state, &manifolds);
    if toi2d_body(state, &manifolds, before[0], 0u, 0u, params.friction, DT) {
        physics2d_note(state, &manifolds);
    }
    return Outcome(0.0, false);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.bodies[0].center.y);
}
