//! MountainCarContinuous-v0: rock a weak car out of a valley up to the flag with a continuous throttle.
//!
//! # Source
//! Moore 1990; constants and order of the updates as in Gymnasium 1.4 classic_control/continuous_mountain_car.
//! # Reward
//! -action_cost * action^2 for every step, with the action as given, not as clipped; goal_reward more on arriving.
//! # Start
//! Position uniform in [start_low, start_high], velocity 0.
//! # End
//! Terminated at or beyond goal_position with at least goal_velocity; truncated after 999 steps.
//! # Version
//! v0: as in the reference, but an action beyond 1e15 either way is priced as 1e15, so that rewards stay finite.

import package::shared::rng::{Rng, rng_between};
import package::shared::math::{math_cos, math_length, math_sincos};
import package::shared::outcome::{Outcome};
import package::shared::draw::{
    DRAW_GREEN, DRAW_GREY, DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_RED, DRAW_SKY, draw_below, draw_box, draw_capsule,
    draw_circle, draw_cover, draw_outline, draw_over, draw_triangle, draw_world,
};

const MAX_EPISODE_STEPS: u32 = 999u;
const REWARD_THRESHOLD: f32 = 90.0;
const PIXEL_ASPECT: f32 = 1.5;
/// 1; largest throttle that has a price of its own
const MAX_PRICED: f32 = 1e15;

struct Params {
    /// m/step^2; acceleration of full throttle
    power: f32,
    /// m/step^2; acceleration along the steepest slope
    gravity: f32,
    /// rad/m; the height of the hill goes with sin(hill_frequency * position)
    hill_frequency: f32,
    /// m; inelastic wall on the left
    min_position: f32,
    /// m; end of the road on the right
    max_position: f32,
    /// m/step; the speed is clipped to this
    max_speed: f32,
    /// m; position of the flag
    goal_position: f32,
    /// m/step; least velocity that counts as arriving
    goal_velocity: f32,
    /// m; left end of the start distribution
    start_low: f32,
    /// m; right end of the start distribution
    start_high: f32,
    /// 1; the throttle is clipped to plus and minus this
    max_throttle: f32,
    /// 1; reward of arriving
    goal_reward: f32,
    /// 1; price of a squared unit of throttle
    action_cost: f32,
}

const DEFAULT_PARAMS: Params =
    Params(0.0015, 0.0025, 3.0, -1.2, 0.6, 0.07, 0.45, 0.0, -0.6, -0.4, 1.0, 100.0, 0.1);
// Walls and speed limit stay inside the observation bounds.
const PARAMS_LOW: Params =
    Params(0.0005, 0.001, 2.5, -1.2, 0.5, 0.04, 0.2, 0.0, -0.9, -0.5, 0.5, 0.0, 0.0);
const PARAMS_HIGH: Params =
    Params(0.003, 0.004, 3.5, -1.0, 0.6, 0.07, 0.5, 0.03, -0.5, -0.2, 1.0, 1000.0, 1.0);

struct State {
    /// m; position of the car along the road
    position: f32,
    /// m/step; velocity of the car, right is positive
    velocity: f32,
}

alias Action = array<f32, 1>;
/// 1; throttle, right is positive
const ACTION_LOW: array<f32, 1> = array<f32, 1>(-1.0);
const ACTION_HIGH: array<f32, 1> = array<f32, 1>(1.0);

struct Observation {
    /// m; position of the car along the road
    position: f32,
    /// m/step; velocity of the car
    velocity: f32,
}

const OBSERVATION_LOW: Observation = Observation(-1.2, -0.07);
const OBSERVATION_HIGH: Observation = Observation(0.6, 0.07);

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_between(rng, params.start_low, params.start_high), 0.0);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let now = *state;
    let throttle = clamp(action[0], -params.max_throttle, params.max_throttle);
    let pull = throttle * params.power - math_cos(params.hill_frequency * now.position) * params.gravity;
    let speed = clamp(now.velocity + pull, -params.max_speed, params.max_speed);
    let position = clamp(now.position + speed, params.min_position, params.max_position);
    // Only the left wall stops the car; at the right end it keeps its velocity.
    let velocity = select(speed, max(speed, 0.0), position == params.min_position);
    *state = State(position, velocity);
    let arrived = (position >= params.goal_position) & (velocity >= params.goal_velocity);
    let price = clamp(action[0], -MAX_PRICED, MAX_PRICED);
    let reward = select(0.0, params.goal_reward, arrived) - price * price * params.action_cost;
    return Outcome(reward, arrived);
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.position, state.velocity);
}

/// Height and slope of the road.
fn road(params: Params, position: f32) -> vec2<f32> {
    let sc = math_sincos(params.hill_frequency * position);
    return vec2<f32>(0.45 * sc.x + 0.55, 0.45 * params.hill_frequency * sc.y);
}

fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    // Metres, from -1.2 to 0.6 with the bottom of the picture at height 0.
    let p = draw_world(uv, vec2<f32>(-0.3, 0.6), vec2<f32>(1.8, 1.2));
    let edge = 0.006;
    let here = road(params, p.x);
    let ground = draw_below(p, here.x, here.y);

    let foot = vec2<f32>(params.goal_position, road(params, params.goal_position).x);
    let top = foot + vec2<f32>(0.0, 0.16);
    let pole = draw_capsule(p, foot, top, 0.006);
    let cloth = draw_triangle(p, top, top - vec2<f32>(0.0, 0.06), top + vec2<f32>(0.09, -0.03));

    // The pixel in the frame of the car: x along the slope, y away from the ground.
    let under = road(params, state.position);
    let along = vec2<f32>(1.0, under.y) / math_length(vec2<f32>(1.0, under.y));
    let offset = p - vec2<f32>(state.position, under.x);
    let q = vec2<f32>(dot(offset, along), dot(offset, vec2<f32>(-along.y, along.x)));
    let hull = draw_box(q, vec2<f32>(0.0, 0.053), vec2<f32>(0.06, 0.015));
    let cabin = draw_box(q, vec2<f32>(-0.008, 0.077), vec2<f32>(0.03, 0.017));
    let wheels = draw_circle(vec2<f32>(abs(q.x), q.y), vec2<f32>(0.037, 0.026), 0.021);

    var color = draw_over(DRAW_PAPER, DRAW_SKY, 0.35 - 0.35 * uv.y);
    color = draw_over(color, DRAW_INK, draw_cover(pole, edge));
    color = draw_over(color, DRAW_ORANGE, draw_cover(cloth, edge));
    color = draw_over(color, draw_over(DRAW_GREEN, DRAW_PAPER, 0.45), draw_cover(ground, edge));
    color = draw_over(color, DRAW_INK, draw_cover(draw_outline(ground, 0.012), edge));
    color = draw_over(color, DRAW_GREY, draw_cover(p.x - params.min_position, edge));
    color = draw_over(color, DRAW_RED, draw_cover(min(hull, cabin) - 0.005, edge));
    return draw_over(color, DRAW_INK, draw_cover(wheels, edge));
}
