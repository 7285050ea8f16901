//! in_context/MetaCartPole-v0: balance a pole again and again, seen through a projection that is new in each episode.
//!
//! # Source
//! Lu et al. 2023, "Structured State Space Models for In-Context Reinforcement Learning", NoisyStatelessMetaCartPole of its
//! code (popjaxrl); constants and integrator as in Gymnasium 1.4 classic_control/cartpole. Mixing with a fixed projection and
//! swapped actions are additions, without effect at their defaults.
//! # Reward
//! 1 / trial_steps for every step, the one that ends a trial included; best play is worth `trials`.
//! # Start
//! Position, velocity, angle and angular velocity uniform in [-start_spread, start_spread], the same for all trials of the
//! episode. Two orthonormal directions of four dimensions, uniform, and with swapped = 1 which action pushes right.
//! # End
//! After `trials` trials, as termination. A trial is over when the cart leaves +-x_threshold or the pole leaves
//! +-theta_threshold, or after trial_steps steps; the observation is then that of the start already.
//! # Version
//! v0: no noise, as registered there.
//! # Variants
//! - in_context/MetaCartPoleNoisy-v0: DEFAULT_PARAMS.noise = 0.1; noise on position and angle before they are projected.
import package::shared::rng::{Rng, rng_bernoulli, rng_normal};
import package::shared::math::{math_sqrt};
import package::shared::cart_pole::{cart_pole_picture, cart_pole_start, cart_pole_step};
import package::shared::draw::{DRAW_GREY, DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_SKY, draw_box, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 1.5;
/// Length of a direction.
const GAIN: f32 = 1.41421356;

struct Params {
    /// m/s^2; gravity, downwards
    gravity: f32,
    /// kg; mass of the cart
    mass_cart: f32,
    /// kg; mass of the pole
    mass_pole: f32,
    /// m; half the length of the pole
    half_length: f32,
    /// N; size of the push
    force: f32,
    /// s; time between two states
    tau: f32,
    /// m; the cart may go this far from the centre
    x_threshold: f32,
    /// rad; the pole may lean this far
    theta_threshold: f32,
    /// m, m/s, rad, rad/s; half the width of the start distribution of every field
    start_spread: f32,
    /// 1; trials of an episode
    trials: u32,
    /// steps; longest trial
    trial_steps: u32,
    /// 1; share of the drawn projection, the rest is one that shows position and angle as they are, times the root of 2
    mix: f32,
    /// m, rad; standard deviation of the noise on position and angle
    noise: f32,
    /// bool; which action pushes right is drawn
    swapped: u32,
}
const DEFAULT_PARAMS: Params =
    Params(9.8, 1.0, 0.1, 0.5, 10.0, 0.02, 2.4, 0.20943951, 0.05, 16u, 200u, 1.0, 0.0, 0u);
const PARAMS_LOW: Params = Params(5.0, 0.5, 0.05, 0.3, 5.0, 0.01, 1.2, 0.1, 0.0, 1u, 1u, 0.0, 0.0, 0u);
const PARAMS_HIGH: Params =
    Params(15.0, 2.0, 0.2, 1.0, 15.0, 0.025, 2.4, 0.20943951, 0.1, 32u, 600u, 1.0, 0.3, 1u);

struct State {
    /// m; position of the cart from the centre, right is positive
    x: f32,
    /// m/s; velocity of the cart
    x_dot: f32,
    /// rad; angle of the pole from upright, clockwise is positive
    theta: f32,
    /// rad/s; angular velocity of the pole
    theta_dot: f32,
    /// m, m/s, rad, rad/s; where each trial starts
    start: vec4<f32>,
    /// 1; what a metre of position shows as
    of_x: vec4<f32>,
    /// 1; what a rad of angle shows as
    of_theta: vec4<f32>,
    /// m, rad; noise on what is seen of position and angle
    blur: vec2<f32>,
    /// steps; since the trial began
    time: u32,
    /// 1; trials that are over
    trial: u32,
    /// 1; the last action, 0 at the start
    action: u32,
    /// bool; action 0 pushes right
    turned: u32,
}

alias Action = u32;
/// 0 push left, 1 push right, unless they are swapped
const ACTION_COUNT: u32 = 2u;

alias Observation = array<f32, 7>;
/// Four numbers that position and angle are projected to; the last action; 1 where a trial has just ended; 1 at the start
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(7u);
const OBSERVATION_LOW: f32 = -8.0;
const OBSERVATION_HIGH: f32 = 8.0;

struct Info {
    /// 1; return of the trial that ended, else 0
    trial_return: f32,
    /// 1; 1 where a trial ended
    trials: u32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; all trials are over
    terminated: bool,
    info: Info,
}

/// A vector of length 1 along v.
fn unit(v: vec4<f32>) -> vec4<f32> {
    return v / max(math_sqrt(dot(v, v)), 1e-6);
}

fn drawn_normals(rng: ptr<function, Rng>) -> vec4<f32> {
    var v = vec4<f32>(0.0);
    for (var i = 0u; i < 4u; i++) {
        v[i] = rng_normal(rng);
    }
    return v;
}

fn drawn_blur(params: Params, rng: ptr<function, Rng>) -> vec2<f32> {
    var blur = vec2<f32>(0.0);
    if params.noise > 0.0 {
        let x = rng_normal(rng);
        blur = params.noise * vec2<f32>(x, rng_normal(rng));
    }
    return blur;
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    cart_pole_start(params, &state, rng);
    state.start = vec4<f32>(state.x, state.x_dot, state.theta, state.theta_dot);
    // Normal numbers have no direction that they prefer.
    let first = unit(drawn_normals(rng));
    let other = drawn_normals(rng);
    let second = unit(other - first * dot(first, other));
    let plain = 1.0 - params.mix;
    state.of_x = GAIN * (params.mix * first + vec4<f32>(plain, 0.0, 0.0, 0.0));
    state.of_theta = GAIN * (params.mix * second + vec4<f32>(0.0, plain, 0.0, 0.0));
    state.turned = u32(params.swapped != 0u && rng_bernoulli(rng, 0.5));
    state.blur = drawn_blur(params, rng);
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let fell = cart_pole_step(params, state, (action ^ (*state).turned) == 1u);
    let steps = (*state).time + 1u;
    let over = fell || steps >= params.trial_steps;
    let info = Info(select(0.0, f32(steps) / f32(params.trial_steps), over), u32(over));
    if over {
        (*state).x = (*state).start.x;
        (*state).x_dot = (*state).start.y;
        (*state).theta = (*state).start.z;
        (*state).theta_dot = (*state).start.w;
    }
    (*state).time = select(steps, 0u, over);
    (*state).trial += u32(over);
    (*state).action = action;
    (*state).blur = drawn_blur(params, rng);
    return Outcome(1.0 / f32(params.trial_steps), (*state).trial >= params.trials, info);
}

fn observe(params: Params, state: State) -> Observation {
    let x = clamp(state.x + state.blur.x, -2.0 * params.x_threshold, 2.0 * params.x_threshold);
    let theta = clamp(state.theta + state.blur.y, -2.0 * params.theta_threshold, 2.0 * params.theta_threshold);
    let seen = x * state.of_x + theta * state.of_theta;
    let begins = state.time == 0u;
    return Observation(
        seen.x, seen.y, seen.z, seen.w, f32(state.action), f32(begins && state.trial > 0u), f32(begins && state.trial == 0u));
}

/// The cart, above it what the agent sees of it, four bars to the right or left of a line, and below how many trials are over.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    var colour = cart_pole_picture(params, state, uv);
    let seen = observe(params, state);
    let row = min(u32(max(uv.y - 0.04, 0.0) / 0.05), 3u);
    let value = clamp(seen[row] / 2.0, -0.45, 0.45);
    let q = vec2<f32>(uv.x, uv.y - 0.065 - 0.05 * f32(row));
    let bar = draw_box(q, vec2<f32>(0.5 + 0.5 * value, 0.0), vec2<f32>(0.5 * abs(value) + 0.002, 0.018));
    let line = draw_box(uv, vec2<f32>(0.5, 0.14), vec2<f32>(0.001, 0.11));
    colour = draw_over(colour, DRAW_GREY, draw_cover(line, 0.003));
    colour = draw_over(colour, select(DRAW_ORANGE, DRAW_SKY, value > 0.0), draw_cover(bar, 0.004));
    let trial = min(u32(uv.x * f32(params.trials)), params.trials - 1u);
    let inside = fract(uv.x * f32(params.trials));
    let share = select(f32(trial < state.trial), f32(state.time) / f32(params.trial_steps), trial == state.trial);
    let tone = select(DRAW_PAPER, DRAW_INK, inside < share);
    let tile = uv.y > 0.95 && inside > 0.04 && inside < 0.96;
    return select(colour, tone, tile);
}
