//! The lunar lander: a hull with two sprung legs, a main engine and two side engines over rough ground.
//!
//! As in Gymnasium's LunarLander. The importing file declares `Params` and `State` as LunarLander-v3 does. What is seen and
//! rewarded is `landing2d`.

import package::shared::rng::{Rng, rng_between, rng_range};
import package::shared::math::{math_sin, math_sincos, math_tanh};
import package::shared::physics2d::{
    Physics2dBody, Physics2dJoint, Physics2dManifolds, physics2d_clear, physics2d_cross, physics2d_note, physics2d_step,
    physics2d_turned,
};
import package::shared::collide2d::{Collide2dShape};
import package::shared::ground2d::{ground2d_contacts, ground2d_impact};
import package::shared::touch2d::{touch2d_gather, touch2d_standing};
import package::shared::toi2d::{toi2d_began, toi2d_step};

/// s; length of a step
const LANDER2D_DT: f32 = 0.02;
/// m; half the size of the world, whose middle is the pad
const LANDER2D_HALF: vec2<f32> = vec2<f32>(10.0, 6.6666665);
/// m; height of the pad
const LANDER2D_PAD: f32 = 3.3333333;
/// m; the hull's centre of mass, from where its position is counted
const LANDER2D_CENTER: vec2<f32> = vec2<f32>(0.0, 0.10130719);
/// m; half the size of a leg
const LANDER2D_LEG: vec2<f32> = vec2<f32>(0.06666667, 0.26666668);
/// s; standing still for so long ends an episode, slower than so many m/s and rad/s
const LANDER2D_REST: f32 = 0.5;
const LANDER2D_STILL: f32 = 0.01;
const LANDER2D_STEADY: f32 = 0.034906585;
/// 1; the root of 0.2 * 0.1, of legs and ground
const LANDER2D_FRICTION: f32 = 0.14142136;

// In the order in which Box2D solves them. Bodies: second leg, hull, first leg. Joints: second leg, first leg.
const LANDER2D_HULL: u32 = 1u;
const SCENE_BODIES: u32 = 3u;
const SCENE_JOINTS: u32 = 2u;
const SCENE_VERTICES: u32 = 6u;
const SCENE_SLOTS: u32 = 2u;
const SCENE_CONTACTS: u32 = 4u;
const SCENE_CONTACT_BODY: array<u32, SCENE_CONTACTS> = array<u32, SCENE_CONTACTS>(0u, 0u, 2u, 2u);
const SCENE_CONTACTS_FREE: array<u32, SCENE_JOINTS> = array<u32, SCENE_JOINTS>(2u, 4u);
const SCENE_INVERSE: array<vec2<f32>, SCENE_BODIES> = array<vec2<f32>, SCENE_BODIES>(
    vec2<f32>(14.0625, 558.36395),
    vec2<f32>(0.20761246, 1.2757044),
    vec2<f32>(14.0625, 558.36395),
);
const SCENE_JOINT: array<Physics2dJoint, SCENE_JOINTS> = array<Physics2dJoint, SCENE_JOINTS>(
    Physics2dJoint(1u, 0u, -LANDER2D_CENTER, vec2<f32>(0.6666667, 0.6), 0.05, -0.9, -0.4),
    Physics2dJoint(1u, 2u, -LANDER2D_CENTER, vec2<f32>(-0.6666667, 0.6), -0.05, 0.4, 0.9),
);
/// rad/s, N m; springs of the legs
const LANDER2D_DRIVES: array<vec2<f32>, SCENE_JOINTS> =
    array<vec2<f32>, SCENE_JOINTS>(vec2<f32>(0.3, 40.0), vec2<f32>(-0.3, 40.0));
const LANDER2D_LEG_SHAPE: Collide2dShape = Collide2dShape(4u, array<vec2<f32>, SCENE_VERTICES>(
    -LANDER2D_LEG,
    vec2<f32>(LANDER2D_LEG.x, -LANDER2D_LEG.y),
    LANDER2D_LEG,
    vec2<f32>(-LANDER2D_LEG.x, LANDER2D_LEG.y),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
), array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(0.0, -1.0),
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0),
    vec2<f32>(0.0),
));
const LANDER2D_HULL_SHAPE: Collide2dShape = Collide2dShape(6u, array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(0.56666666, -0.43464053),
    vec2<f32>(0.56666666, -0.10130719),
    vec2<f32>(0.46666667, 0.46535948),
    vec2<f32>(-0.46666667, 0.46535948),
    vec2<f32>(-0.56666666, -0.10130719),
    vec2<f32>(-0.56666666, -0.43464053),
), array<vec2<f32>, SCENE_VERTICES>(
    vec2<f32>(1.0, 0.0),
    vec2<f32>(0.9847835, 0.1737853),
    vec2<f32>(0.0, 1.0),
    vec2<f32>(-0.9847835, 0.1737853),
    vec2<f32>(-1.0, 0.0),
    vec2<f32>(0.0, -1.0),
));
const SCENE_SHAPE: array<Collide2dShape, SCENE_BODIES> =
    array<Collide2dShape, SCENE_BODIES>(LANDER2D_LEG_SHAPE, LANDER2D_HULL_SHAPE, LANDER2D_LEG_SHAPE);

/// New ground, and the lander over its middle with a random push.
fn lander2d_start(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    var rough: array<f32, 12>;
    for (var i = 0u; i < 12u; i += 1u) {
        rough[i] = select(rng_between(rng, 0.0, LANDER2D_HALF.y), LANDER2D_PAD, i >= 3u && i <= 7u);
    }
    for (var i = 0u; i < SCENE_GROUND_POINTS; i += 1u) {
        (*state).heights[i] = 0.33 * (rough[select(i - 1u, 11u, i == 0u)] + rough[i] + rough[i + 1u]);
    }
    let place = vec2<f32>(LANDER2D_HALF.x, 2.0 * LANDER2D_HALF.y);
    let force = vec2<f32>(
        rng_between(rng, -params.start_force, params.start_force),
        rng_between(rng, -params.start_force, params.start_force),
    );
    let push = force * LANDER2D_DT * SCENE_INVERSE[LANDER2D_HULL].x;
    (*state).bodies[0] = Physics2dBody(place - vec2<f32>(0.6666667, 0.0), 0.05, vec2<f32>(0.0), 0.0);
    (*state).bodies[1] = Physics2dBody(place + LANDER2D_CENTER, 0.0, push, 0.0);
    (*state).bodies[2] = Physics2dBody(place + vec2<f32>(0.6666667, 0.0), -0.05, vec2<f32>(0.0), 0.0);
    (*state).wind = i32(rng_range(rng, 19998u)) - 9999;
    (*state).turbulence = i32(rng_range(rng, 19998u)) - 9999;
}

/// Position of the hull, m; not its centre of mass.
fn lander2d_hull(state: ptr<function, State>) -> vec2<f32> {
    let hull = (*state).bodies[LANDER2D_HULL];
    return hull.center - physics2d_turned(math_sincos(hull.angle), LANDER2D_CENTER);
}

/// An impulse on the hull at a point, m from its position.
fn lander2d_push(state: ptr<function, State>, at: vec2<f32>, impulse: vec2<f32>) {
    let hull = (*state).bodies[LANDER2D_HULL];
    let arm = lander2d_hull(state) + at - hull.center;
    (*state).bodies[LANDER2D_HULL].velocity += SCENE_INVERSE[LANDER2D_HULL].x * impulse;
    (*state).bodies[LANDER2D_HULL].spin += SCENE_INVERSE[LANDER2D_HULL].y * physics2d_cross(arm, impulse);
}

/// Both engines. `main` is the main one's power in [0, 1], `side` that of the side ones in [-1, 1], negative for the left
/// one.
fn lander2d_fire(params: Params, state: ptr<function, State>, main: f32, side: f32) {
    let turn = math_sincos((*state).bodies[LANDER2D_HULL].angle);
    let dispersion = (*state).scatter / 30.0;
    // The reference's axes: its x counts to the right, its y downwards.
    let across = vec2<f32>(-turn.y, turn.x);
    let down = 0.13333334 + 2.0 * dispersion.x;
    let at = vec2<f32>(turn.x * down + across.x * dispersion.y, -turn.y * down - across.y * dispersion.y);
    lander2d_push(state, at, -params.main_power * main * at);
    let out = 3.0 * dispersion.y + sign(side) * 0.4;
    let jet = vec2<f32>(turn.x * dispersion.x + across.x * out, -turn.y * dispersion.x - across.y * out);
    // 17 / 30 across, 14 / 30 along: not the same in the reference either.
    let place = jet + vec2<f32>(-turn.x * 0.56666666, turn.y * 0.46666667);
    lander2d_push(state, place, -params.side_power * abs(side) * jet);
}

/// The wind's share of its power at a moment.
fn lander2d_gust(moment: i32) -> f32 {
    let t = f32(moment);
    return math_tanh(math_sin(0.02 * t) + math_sin(0.031415927 * t));
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

/// What a step came to.
struct Lander2dEnd {
    /// bool; whether the hull touched the ground
    crashed: bool,
    /// bool; whether the physics has lost hold of the bodies, which then are at rest at the origin
    blown_up: bool,
}

/// Engines and a step of the physics.
fn lander2d_advance(params: Params, state: ptr<function, State>, main: f32, side: f32) -> Lander2dEnd {
    let hull = SCENE_INVERSE[LANDER2D_HULL];
    if (*state).legs == 0u && (params.wind_power > 0.0 || params.turbulence_power > 0.0) {
        (*state).bodies[LANDER2D_HULL].velocity.x += LANDER2D_DT * hull.x * params.wind_power * lander2d_gust((*state).wind);
        (*state).bodies[LANDER2D_HULL].spin +=
            LANDER2D_DT * hull.y * params.turbulence_power * lander2d_gust((*state).turbulence);
        (*state).wind += 1;
        (*state).turbulence += 1;
    }
    lander2d_fire(params, state, main, side);

    var manifolds: Physics2dManifolds;
    touch2d_gather(state, &manifolds);
    let crashed = ground2d_contacts(state, &manifolds, LANDER2D_HULL, 0u, false);
    let first = touch2d_standing(state, &manifolds, 2u, ((*state).legs & 1u) != 0u);
    let second = touch2d_standing(state, &manifolds, 0u, ((*state).legs & 2u) != 0u);
    (*state).legs = select(0u, 1u, first) | select(0u, 2u, second);

    let before = (*state).bodies;
    var bodies = (*state).bodies;
    var joints = (*state).joints;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        bodies[i].velocity.y -= LANDER2D_DT * params.gravity;
    }
    let end = physics2d_step(&bodies, &joints, &manifolds, LANDER2D_DRIVES, LANDER2D_FRICTION, LANDER2D_DT);
    if !end.sound {
        physics2d_clear(state);
        (*state).legs = 0u;
        (*state).asleep = 0u;
        return Lander2dEnd(false, true);
    }
    var still = true;
    for (var i = 0u; i < SCENE_BODIES; i += 1u) {
        let slow = dot(bodies[i].velocity, bodies[i].velocity) <= LANDER2D_STILL * LANDER2D_STILL;
        still = still && slow && abs(bodies[i].spin) <= LANDER2D_STEADY;
    }
    (*state).rest = select(0.0, (*state).rest + LANDER2D_DT, still);
    (*state).asleep = select(0u, 1u, end.settled && (*state).rest >= LANDER2D_REST);
    (*state).bodies = bodies;
    (*state).joints = joints;
    physics2d_note(state, &manifolds);
    if toi2d_step(state, &manifolds, before, LANDER2D_FRICTION, LANDER2D_DT) {
        let now_first = toi2d_began(state, &manifolds, 2u) || touch2d_standing(state, &manifolds, 2u, first);
        let now_second = toi2d_began(state, &manifolds, 0u) || touch2d_standing(state, &manifolds, 0u, second);
        (*state).legs = select(0u, 1u, now_first) | select(0u, 2u, now_second);
        physics2d_note(state, &manifolds);
    }
    return Lander2dEnd(crashed || ground2d_impact(state, before[LANDER2D_HULL], LANDER2D_HULL) < 1.0, false);
}
