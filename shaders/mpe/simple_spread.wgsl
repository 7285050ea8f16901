//! MPE/SimpleSpread-v3: three agents cover three landmarks without bumping into each other.
//!
//! # Source
//! Lowe et al. 2017, multi-agent particle environments; constants and order of operations as in
//! mpe2 1.1.1, simple_spread_v3. JaxMARL 0.2.0 has the same equations, observation and reward, but
//! ends after 26 transitions where this one and mpe2 end after 25.
//! # Reward
//! Per agent: local_ratio * local + (1 - local_ratio) * shared, after the move. Shared: minus the sum
//! over landmarks of the distance to the nearest agent. Local: minus collision_penalty for each other
//! agent that is overlapped.
//! # Start
//! Agents and landmarks uniform in [-1, 1] x [-1, 1], agents at rest.
//! # End
//! 25 steps (time limit). With capture_radius above 0 also when every landmark has an agent closer
//! than it; 0.1 is mpe2's terminate_on_success, which mpe2 does not check in the last step.
//! # Version
//! v3: as mpe2's simple_spread_v3 with three agents and discrete actions.
import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_length, math_log1p_exp};
import package::shared::draw::{DRAW_INK, DRAW_MIST, DRAW_PAPER, draw_accent, draw_box, draw_circle};
import package::shared::draw::{draw_cover, draw_outline, draw_over, draw_ring, draw_world};

const MAX_EPISODE_STEPS: u32 = 25u;
const AGENTS: u32 = 3u;
const LANDMARKS: u32 = 3u;

struct Params {
    /// 1; weight of an agent's own reward against the shared one
    local_ratio: f32,
    /// 1; reward lost per overlapped agent, 0 is the first stage of mpe2's curriculum
    collision_penalty: f32,
    /// m; radius within which a landmark counts as covered for the end, 0 = never ends early
    capture_radius: f32,
    /// m; radius of an agent
    agent_radius: f32,
    /// m/s^2; acceleration of a move action
    acceleration: f32,
    /// 1; fraction of the velocity lost per step
    damping: f32,
    /// N/m; stiffness of a contact
    contact_force: f32,
    /// m; softness of a contact
    contact_margin: f32,
}
const DEFAULT_PARAMS: Params = Params(0.5, 1.0, 0.0, 0.15, 5.0, 0.25, 100.0, 0.001);
const PARAMS_LOW: Params = Params(0.0, 0.0, 0.0, 0.01, 0.5, 0.0, 0.0, 0.0001);
const PARAMS_HIGH: Params = Params(1.0, 10.0, 1.0, 0.5, 20.0, 1.0, 500.0, 0.1);

/// s; one step
const TIME_STEP: f32 = 0.1;
/// m; radius of a landmark, in the picture only
const LANDMARK_RADIUS: f32 = 0.05;

struct State {
    /// m; positions of the agents, x to the right, y up
    position: array<vec2<f32>, 3>,
    /// m/s; velocities of the agents
    velocity: array<vec2<f32>, 3>,
    /// m; positions of the landmarks
    landmark: array<vec2<f32>, 3>,
}

alias Action = u32;
/// 0 none, 1 left, 2 right, 3 down, 4 up
const ACTION_COUNT: u32 = 5u;

struct Observation {
    /// m/s; own velocity
    velocity: vec2<f32>,
    /// m; own position
    position: vec2<f32>,
    /// m; landmarks relative to the agent
    landmark: array<vec2<f32>, 3>,
    /// m; the other agents, lower index first, relative to the agent
    other: array<vec2<f32>, 2>,
    /// 1; what the other agents say: always 0, in this task agents are silent
    communication: array<vec2<f32>, 2>,
}
const OBSERVATION_LOW: f32 = -3.4028234e38;
const OBSERVATION_HIGH: f32 = 3.4028234e38;

struct Outcome {
    /// 1; one per agent
    reward: array<f32, 3>,
    /// bool; all landmarks are covered, with capture_radius above 0
    terminated: bool,
    info: Info,
}
/// The reference's benchmark data.
struct Info {
    /// agents; that each agent overlaps
    collisions: array<f32, 3>,
    /// landmarks; with an agent closer than 0.1 m
    occupied_landmarks: f32,
}

fn random_position(rng: ptr<function, Rng>) -> vec2<f32> {
    let x = rng_between(rng, -1.0, 1.0);
    return vec2<f32>(x, rng_between(rng, -1.0, 1.0));
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    for (var i = 0u; i < AGENTS; i++) {
        state.position[i] = random_position(rng);
    }
    for (var i = 0u; i < LANDMARKS; i++) {
        state.landmark[i] = random_position(rng);
    }
    return state;
}

/// Force on the first of two agents: stiffness times a soft maximum of 0 and the overlap.
fn contact(params: Params, delta: vec2<f32>) -> vec2<f32> {
    let distance = math_length(delta);
    let overlap = (2.0 * params.agent_radius - distance) / params.contact_margin;
    let soft = math_log1p_exp(overlap);
    // Two agents on the very same point, where the reference divides by 0, do not push each other.
    let direction = delta / max(distance, 1e-20);
    return params.contact_force * direction * (soft * params.contact_margin);
}

fn step(params: Params, state: ptr<function, State>, action: array<Action, 3>, rng: ptr<function, Rng>) -> Outcome {
    var force: array<vec2<f32>, 3>;
    for (var i = 0u; i < AGENTS; i++) {
        let a = action[i];
        let right = select(0.0, 1.0, a == 2u) - select(0.0, 1.0, a == 1u);
        let up = select(0.0, 1.0, a == 4u) - select(0.0, 1.0, a == 3u);
        force[i] = vec2<f32>(right, up) * params.acceleration;
    }
    // The three pairs of three agents are those of neighbours in a ring; one loop with a constant bound lets compilers
    // unroll it, which an inner loop from i + 1 does not.
    for (var i = 0u; i < AGENTS; i++) {
        let j = select(i + 1u, 0u, i == AGENTS - 1u);
        let push = contact(params, (*state).position[i] - (*state).position[j]);
        force[i] += push;
        force[j] -= push;
    }
    // Positions move with the old velocities; mass is 1.
    for (var i = 0u; i < AGENTS; i++) {
        (*state).position[i] += (*state).velocity[i] * TIME_STEP;
        (*state).velocity[i] = (*state).velocity[i] * (1.0 - params.damping) + force[i] * TIME_STEP;
    }

    var shared_reward = 0.0;
    var covered = true;
    var outcome = Outcome();
    for (var k = 0u; k < LANDMARKS; k++) {
        var nearest = 3.4028234e38;
        for (var i = 0u; i < AGENTS; i++) {
            nearest = min(nearest, math_length((*state).position[i] - (*state).landmark[k]));
        }
        shared_reward -= nearest;
        covered = covered && nearest < params.capture_radius;
        outcome.info.occupied_landmarks += select(0.0, 1.0, nearest < 0.1);
    }
    var bumps: array<f32, 3>;
    for (var i = 0u; i < AGENTS; i++) {
        let j = select(i + 1u, 0u, i == AGENTS - 1u);
        let distance = math_length((*state).position[i] - (*state).position[j]);
        let bump = select(0.0, 1.0, distance < 2.0 * params.agent_radius);
        bumps[i] += bump;
        bumps[j] += bump;
    }
    for (var i = 0u; i < AGENTS; i++) {
        let local_reward = -params.collision_penalty * bumps[i];
        outcome.reward[i] = shared_reward * (1.0 - params.local_ratio) + local_reward * params.local_ratio;
    }
    outcome.terminated = covered;
    outcome.info.collisions = bumps;
    return outcome;
}

fn observe(params: Params, state: ptr<function, State>, agent: u32) -> Observation {
    let own = (*state).position[agent];
    var observation = Observation();
    observation.velocity = (*state).velocity[agent];
    observation.position = own;
    for (var k = 0u; k < LANDMARKS; k++) {
        observation.landmark[k] = (*state).landmark[k] - own;
    }
    observation.other[0] = (*state).position[select(0u, 1u, agent == 0u)] - own;
    observation.other[1] = (*state).position[select(2u, 1u, agent == 2u)] - own;
    return observation;
}

/// Agents as discs, landmarks as rings with a dot, the square of the start as a frame; zooms out to keep all in view.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    var reach = 1.0;
    for (var i = 0u; i < AGENTS; i++) {
        let far = abs((*state).position[i]);
        reach = max(reach, max(far.x, far.y));
    }
    let size = 2.0 * (reach + 1.5 * params.agent_radius);
    let p = draw_world(uv, vec2<f32>(0.0), vec2<f32>(size));
    let soft = size / 200.0;
    let frame = draw_outline(draw_box(p, vec2<f32>(0.0), vec2<f32>(1.0)), 2.0 * soft);
    var colour = draw_over(DRAW_PAPER, DRAW_MIST, draw_cover(frame, soft));
    for (var i = 0u; i < AGENTS; i++) {
        let disc = draw_circle(p, (*state).position[i], params.agent_radius);
        colour = draw_over(colour, draw_accent(i), 0.8 * draw_cover(disc, soft));
    }
    for (var k = 0u; k < LANDMARKS; k++) {
        let ring = draw_ring(p, (*state).landmark[k], LANDMARK_RADIUS, 2.0 * soft);
        let dot = draw_circle(p, (*state).landmark[k], 0.3 * LANDMARK_RADIUS);
        colour = draw_over(colour, DRAW_INK, draw_cover(min(ring, dot), soft));
    }
    return colour;
}
