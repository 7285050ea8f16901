//! Chain-v0: swing the free end of a hanging chain up to a target, by a motor at its first joint.
//!
//! An example of rigid bodies: sixteen rods and their joints, solved by sixty rounds of sequential impulses per step.
//!
//! # Source
//! Written for this project; the solver is that of Catto 2005, "Iterative dynamics with temporal coherence", for point
//! joints with warm starting.
//! # Reward
//! Minus the distance of the free end to the target, in lengths of the chain, and minus 0.001 times the squared torque.
//! # Start
//! Hanging at rest, each rod turned by up to 0.1 rad; the target anywhere on the circle of the chain's length.
//! # End
//! Never terminated; truncated after 400 steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_between};
import package::shared::outcome::{Outcome};
import package::shared::math::{math_cos, math_sin, math_sqrt};

const MAX_EPISODE_STEPS: u32 = 400u;
const RODS: u32 = 16u;
const ITERATIONS: u32 = 60u;
/// s; twice as long a step, or torques of 1 N m, tear the joints apart, here they part by 1 cm at most
const TIME_STEP: f32 = 0.01;
/// m; half the length of a rod
const HALF: f32 = 0.05;
/// kg
const MASS: f32 = 0.1;
/// 1/(kg m^2); of a thin rod: 12 / (m (2 HALF)^2)
const INVERSE_INERTIA: f32 = 12.0 / (MASS * 4.0 * HALF * HALF);
/// 1; part of the joints' errors that a step corrects
const CORRECTION: f32 = 0.2;

struct Params {
    /// m/s^2; downwards
    gravity: f32,
    /// N m; largest torque of the motor
    torque: f32,
    /// 1/s; how fast turning dies away
    damping: f32,
}
const DEFAULT_PARAMS: Params = Params(9.8, 0.1, 0.5);
const PARAMS_LOW: Params = Params(0.0, 0.02, 0.1);
const PARAMS_HIGH: Params = Params(15.0, 0.3, 2.0);

struct Body {
    /// m; centre, y upwards
    at: vec2<f32>,
    /// m/s; velocity
    velocity: vec2<f32>,
    /// rad; 0 hanging straight down
    angle: f32,
    /// rad/s; turning
    spin: f32,
    /// N s; impulse that the upper joint gave in the last step
    impulse: vec2<f32>,
}

struct State {
    /// 1; from the fixed point on
    rods: array<Body, RODS>,
    /// m; where the free end should be
    goal: vec2<f32>,
}

alias Action = array<f32, 1>;
/// part of the largest torque; values outside are cut
const ACTION_LOW: Action = Action(-1.0);
const ACTION_HIGH: Action = Action(1.0);

struct Observation {
    /// rad; of each rod
    angles: array<f32, RODS>,
    /// rad/s; of each rod
    spins: array<f32, RODS>,
    /// m; from the free end to the target
    goal: vec2<f32>,
}
const OBSERVATION_LOW: f32 = -3.4028234e38;
const OBSERVATION_HIGH: f32 = 3.4028234e38;

/// From a rod's centre to its lower end (`side` 1) or its upper one (-1).
fn arm(angle: f32, side: f32) -> vec2<f32> {
    return vec2<f32>(math_sin(angle), -math_cos(angle)) * (HALF * side);
}

fn turned(spin: f32, arm: vec2<f32>) -> vec2<f32> {
    return vec2<f32>(-spin * arm.y, spin * arm.x);
}

fn free_end(state: ptr<function, State>) -> vec2<f32> {
    let angle = (*state).rods[RODS - 1u].angle;
    return (*state).rods[RODS - 1u].at + arm(angle, 1.0);
}

fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    var joint = vec2<f32>(0.0);
    for (var i = 0u; i < RODS; i++) {
        let angle = rng_between(rng, -0.1, 0.1);
        (*state).rods[i].angle = angle;
        (*state).rods[i].at = joint + arm(angle, 1.0);
        joint += arm(angle, 1.0) * 2.0;
    }
    (*state).goal = arm(rng_between(rng, -3.14, 3.14), f32(2u * RODS));
}

/// Changes a body's velocities by an impulse at an arm.
fn push(body: ptr<function, Body>, impulse: vec2<f32>, at: vec2<f32>) {
    (*body).velocity += impulse / MASS;
    (*body).spin += INVERSE_INERTIA * (at.x * impulse.y - at.y * impulse.x);
}

/// One round over the joints, from the fixed point on.
fn solve(state: ptr<function, State>) {
    for (var i = 0u; i < RODS; i++) {
        let below = arm((*state).rods[i].angle, -1.0);
        var above = vec2<f32>(0.0);
        var end = vec2<f32>(0.0);
        var speed = vec2<f32>(0.0);
        var mobility = vec3<f32>(1.0, 0.0, 1.0) / MASS;
        mobility += INVERSE_INERTIA * vec3<f32>(below.y * below.y, -below.x * below.y, below.x * below.x);
        if (i > 0u) {
            above = arm((*state).rods[i - 1u].angle, 1.0);
            end = (*state).rods[i - 1u].at + above;
            speed = (*state).rods[i - 1u].velocity + turned((*state).rods[i - 1u].spin, above);
            mobility += vec3<f32>(1.0, 0.0, 1.0) / MASS;
            mobility += INVERSE_INERTIA * vec3<f32>(above.y * above.y, -above.x * above.y, above.x * above.x);
        }
        let error = (*state).rods[i].at + below - end;
        let moving = (*state).rods[i].velocity + turned((*state).rods[i].spin, below) - speed;
        let wanted = -moving - error * (CORRECTION / TIME_STEP);
        let determinant = mobility.x * mobility.z - mobility.y * mobility.y;
        let impulse = vec2<f32>(
            mobility.z * wanted.x - mobility.y * wanted.y,
            mobility.x * wanted.y - mobility.y * wanted.x,
        ) / determinant;
        (*state).rods[i].impulse += impulse;
        push(&(*state).rods[i], impulse, below);
        if (i > 0u) {
            push(&(*state).rods[i - 1u], -impulse, above);
        }
    }
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let torque = clamp(action[0], -1.0, 1.0) * params.torque;
    for (var i = 0u; i < RODS; i++) {
        let body = &(*state).rods[i];
        (*body).velocity.y -= params.gravity * TIME_STEP;
        (*body).spin += select(0.0, torque * INVERSE_INERTIA * TIME_STEP, i == 0u);
        (*body).spin /= 1.0 + params.damping * TIME_STEP;
    }
    // Warm start: the joints need nearly the impulses of the last step.
    for (var i = 0u; i < RODS; i++) {
        let impulse = (*state).rods[i].impulse;
        push(&(*state).rods[i], impulse, arm((*state).rods[i].angle, -1.0));
        if (i > 0u) {
            push(&(*state).rods[i - 1u], -impulse, arm((*state).rods[i - 1u].angle, 1.0));
        }
    }
    for (var round = 0u; round < ITERATIONS; round++) {
        solve(state);
    }
    for (var i = 0u; i < RODS; i++) {
        let body = &(*state).rods[i];
        // Beyond these speeds a step would turn a rod more than half round; a torque never gets there.
        (*body).spin = clamp((*body).spin, -150.0, 150.0);
        (*body).velocity = clamp((*body).velocity, vec2<f32>(-50.0), vec2<f32>(50.0));
        (*body).at += (*body).velocity * TIME_STEP;
        (*body).angle += (*body).spin * TIME_STEP;
    }
    let miss = free_end(state) - (*state).goal;
    return Outcome(-math_sqrt(dot(miss, miss)) / (2.0 * HALF * f32(RODS)) - 0.001 * torque * torque, false);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    var view: Observation;
    for (var i = 0u; i < RODS; i++) {
        view.angles[i] = (*state).rods[i].angle;
        view.spins[i] = (*state).rods[i].spin;
    }
    view.goal = (*state).goal - free_end(state);
    return view;
}

fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = (uv - 0.5) * vec2<f32>(3.6, -3.6);
    var colour = vec3<f32>(0.95, 0.95, 0.92);
    for (var i = 0u; i < RODS; i++) {
        let axis = arm((*state).rods[i].angle, 1.0);
        let offset = at - (*state).rods[i].at;
        let along = clamp(dot(offset, axis) / (HALF * HALF), -1.0, 1.0);
        let off = offset - axis * along;
        colour = select(colour, vec3<f32>(0.2, 0.3, 0.6), dot(off, off) < 0.0006);
    }
    let miss = at - (*state).goal;
    return select(colour, vec3<f32>(0.85, 0.25, 0.15), dot(miss, miss) < 0.003);
}
