//! bsuite/Catch-v0: move a paddle to where a ball comes down.
//!
//! # Source
//! Osband et al. 2020, "Behaviour Suite for Reinforcement Learning"; rules as in bsuite 0.3.6, environments/catch,
//! experiments/catch, catch_noise and catch_scale, and utils/wrappers. Transitions without noise are equal bit for bit.
//! # Reward
//! When the ball reaches the paddle's row reward_scale if it is caught, else -reward_scale; 0 before. On top of each reward
//! a normal number with the standard deviation noise_scale. Best play is worth reward_scale.
//! # Start
//! The ball in the top row in a uniform column, the paddle in the middle of the bottom row.
//! # End
//! The ball reaches the paddle's row, after nine actions.
//! # Version
//! v0: bsuite 0.3.6, board of 10 x 5 cells.
//! # Variants
//! - bsuite/CatchNoise-v0: DEFAULT_PARAMS.noise_scale = 1.0; noisy rewards, in bsuite with noise_scale 0.1, 0.3, 1, 3, 10.
//! - bsuite/CatchScale-v0: DEFAULT_PARAMS.reward_scale = 30.0, REWARD_THRESHOLD = 27.0; scaled rewards, in bsuite with
//!   reward_scale 0.001, 0.03, 1, 30, 1000.
import package::shared::rng::{Rng, rng_range};
import package::shared::feedback::{feedback_bar, feedback_disturbed};
import package::shared::draw::{DRAW_GREEN, DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_RED, DRAW_SKY};
import package::shared::draw::{draw_cell, draw_cell_uv, draw_circle, draw_cover, draw_over, draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 0.9;
const PIXEL_ASPECT: f32 = 0.5;
const ROWS: u32 = 10u;
const COLUMNS: u32 = 5u;

struct Params {
    /// 1; factor of the reward
    reward_scale: f32,
    /// 1; standard deviation of the noise on the reward
    noise_scale: f32,
}
const DEFAULT_PARAMS: Params = Params(1.0, 0.0);
const PARAMS_LOW: Params = Params(0.001, 0.0);
const PARAMS_HIGH: Params = Params(1000.0, 10.0);

struct State {
    /// cell; column of the ball, 0 at the left
    ball_x: u32,
    /// cell; row of the ball, 0 at the top
    ball_y: u32,
    /// cell; column of the paddle in the bottom row
    paddle: u32,
    /// 1; the newest reward
    reward: f32,
}

alias Action = u32;
/// 0 paddle left, 1 stay, 2 paddle right
const ACTION_COUNT: u32 = 3u;

alias Observation = array<u32, 2>;
/// row, column: ball and paddle; one bit each
const OBSERVATION_SHAPE: array<u32, 2> = array<u32, 2>(ROWS, COLUMNS);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

struct Info {
    /// bool; the ball was caught
    caught: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the ball has come down
    terminated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(rng_range(rng, COLUMNS), 0u, COLUMNS / 2u, 0.0);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let paddle = clamp((*state).paddle + action, 1u, COLUMNS) - 1u;
    let ball_y = (*state).ball_y + 1u;
    (*state).paddle = paddle;
    (*state).ball_y = ball_y;
    let down = ball_y >= ROWS - 1u;
    let caught = paddle == (*state).ball_x;
    let reward = select(0.0, select(-1.0, 1.0, caught), down);
    let told = feedback_disturbed(rng, reward, params.reward_scale, params.noise_scale);
    (*state).reward = told;
    return Outcome(told, down, Info(f32(down && caught)));
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let ball = (*state).ball_y * COLUMNS + (*state).ball_x;
    let paddle = (ROWS - 1u) * COLUMNS + (*state).paddle;
    let bit = 1u << (ball & 31u);
    return Observation(select(0u, bit, ball < 32u), select(bit, 0u, ball < 32u) | (1u << (paddle & 31u)));
}

/// The board with ball and paddle, at the end green or red; below it the newest reward, noise included.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let cell = draw_cell(uv, COLUMNS, ROWS);
    let at = draw_cell_uv(uv, COLUMNS, ROWS);
    let tile = draw_tile(at, 0.04);
    var colour = draw_over(DRAW_INK, DRAW_PAPER, 0.07 * tile);
    let down = (*state).ball_y >= ROWS - 1u;
    let verdict = select(DRAW_RED, DRAW_GREEN, (*state).paddle == (*state).ball_x);
    let paddle = cell.y == ROWS - 1u && cell.x == (*state).paddle;
    colour = draw_over(colour, select(DRAW_SKY, verdict, down), select(0.0, tile, paddle));
    let ball = cell.y == (*state).ball_y && cell.x == (*state).ball_x;
    let disc = draw_cover(draw_circle(at, vec2<f32>(0.5), 0.32), 0.06);
    colour = draw_over(colour, DRAW_ORANGE, select(0.0, disc, ball));
    return feedback_bar(colour, (*state).reward, params.reward_scale + 2.0 * params.noise_scale, uv);
}
