//! MinAtar/Breakout-v1: bounce a ball off a paddle to clear three rows of bricks.
//!
//! # Source
//! Young, Tian 2019, "MinAtar"; rules and their order as in minatar 1.0.15, environments/breakout,
//! registered by it as MinAtar/Breakout-v1 (minimal action set). Transitions are equal bit for bit.
//! The reference takes a difficulty-ramping option for every game, but breakout does not ramp: its
//! difficulty_ramp() is None, and neither speed nor layout ever changes. There is no ramp here either.
//! # Reward
//! +1 for each brick removed, else 0. A ball that is already striking (it hit a brick in the last
//! step and its new cell holds a brick again) passes through that brick without reward.
//! # Start
//! All 30 bricks of rows 1 to 3, paddle in column 4, ball in row 3: with equal chance in column 0
//! heading down right or in column 9 heading down left. The trail starts under the ball.
//! # End
//! The ball reaches row 9 and the paddle is neither under the cell it came from nor under the one
//! it enters. No time limit: cleared bricks come back when the ball next reaches row 9.
//! # Version
//! v1: actions none, left, right.
//! # Variants
//! - MinAtar/Breakout-v0: ACTION_COUNT = 6u, RIGHT = 3u; all six actions of MinAtar (none, left, up, right, down, fire),
//!   of which up, down and fire do nothing in this game.
import package::shared::rng::{Rng, rng_next};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_RED, DRAW_SKY, DRAW_YELLOW};
import package::shared::draw::{draw_cell, draw_cell_uv, draw_circle, draw_cover, draw_over, draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
const STICKY_ACTION_PROBABILITY: f32 = 0.1;

/// Bit b of `State::bricks` is the cell row * 10 + column = b + 8: rows 1 to 3 are the bits 2 to 31, and
/// each byte of the word becomes one word of the observation.
const BRICK_OFFSET: u32 = 8u;
/// The same bits counted from row 1, column 0, as in `Params::bricks`.
const BRICK_SHIFT: u32 = 2u;

// Directions of the ball are 0 up left, 1 up right, 2 down right, 3 down left; a mirror is an
// exclusive or.
const FLIP_X: u32 = 1u;
const FLIP_Y: u32 = 3u;
const FLIP_BOTH: u32 = 2u;

struct Params {
    /// 1; bricks at the start and after a refill, bit (row - 1) * 10 + column
    bricks: u32,
}
const DEFAULT_PARAMS: Params = Params(0x3fffffffu);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(0x3fffffffu);

struct State {
    /// cell; column of the ball, 0 at the left
    ball_x: u32,
    /// cell; row of the ball, 0 at the top
    ball_y: u32,
    /// 1; heading of the ball: 0 up left, 1 up right, 2 down right, 3 down left
    ball_direction: u32,
    /// cell; row * 10 + column of the ball one step ago
    trail: u32,
    /// cell; column of the paddle in row 9
    paddle: u32,
    /// 1; bit b is set while the brick in cell row * 10 + column = b + 8 stands
    bricks: u32,
    /// bool; the last step hit a brick, the next brick is passed through
    strike: u32,
}

alias Action = u32;
/// 0 stay, 1 paddle left, 2 paddle right
const ACTION_COUNT: u32 = 3u;
const RIGHT: u32 = 2u;

alias Observation = array<u32, 13>;
/// Row, column, channel; channels: 0 paddle, 1 ball, 2 trail, 3 brick. A cell is four bits, a word
/// eight cells.
const OBSERVATION_SHAPE: array<u32, 3> = array<u32, 3>(10u, 10u, 4u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;
const PADDLE: u32 = 1u;
const BALL: u32 = 2u;
const TRAIL: u32 = 4u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let from_right = rng_next(rng) >> 31u;
    let ball_x = from_right * 9u;
    return State(ball_x, 3u, 2u + from_right, 30u + ball_x, 4u, params.bricks << BRICK_SHIFT, 0u);
}

/// Without branches: coordinates are unsigned, so a step off the left or the top wraps to a large
/// number, and staying at the wall is staying at the old coordinate.
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let old_x = (*state).ball_x;
    let old_y = (*state).ball_y;
    let old_bricks = (*state).bricks;
    let direction = (*state).ball_direction;

    var paddle = (*state).paddle;
    paddle -= select(0u, 1u, action == 1u && paddle > 0u);
    paddle += select(0u, 1u, action == RIGHT && paddle < 9u);

    let moved_x = old_x + select(0xffffffffu, 1u, direction == 1u || direction == 2u);
    let moved_y = old_y + select(0xffffffffu, 1u, direction >= 2u);
    let at_side = moved_x > 9u;
    let at_top = moved_y > 9u;
    let new_x = select(moved_x, old_x, at_side);
    let new_y = select(moved_y, old_y, at_top);

    // The side wall comes first: a brick is looked up in the mirrored column.
    let bit = new_y * 10u + new_x - BRICK_OFFSET;
    let on_brick = !at_top && bit < 32u && ((old_bricks >> (bit & 31u)) & 1u) == 1u;
    let hit = on_brick && (*state).strike == 0u;
    let at_bottom = new_y == 9u;
    let under_old = at_bottom && old_x == paddle;
    let under_new = at_bottom && !under_old && new_x == paddle;
    let lost = at_bottom && !under_old && !under_new;

    let refilled = select(old_bricks, params.bricks << BRICK_SHIFT, at_bottom && old_bricks == 0u);
    (*state).bricks = refilled & ~select(0u, 1u << (bit & 31u), hit);
    (*state).ball_direction = direction
        ^ select(0u, FLIP_X, at_side)
        ^ select(0u, FLIP_Y, at_top || hit || under_old)
        ^ select(0u, FLIP_BOTH, under_new);
    (*state).ball_x = new_x;
    (*state).ball_y = select(new_y, old_y, hit || under_old || under_new);
    (*state).trail = old_y * 10u + old_x;
    (*state).paddle = paddle;
    (*state).strike = select(0u, 1u, on_brick);
    return Outcome(select(0.0, 1.0, hit), lost);
}

/// The brick bits of eight cells, one to the top bit of each nibble.
fn brick_word(bricks: u32) -> u32 {
    let by_four = (bricks | (bricks << 12u)) & 0x000f000fu;
    let by_two = (by_four | (by_four << 6u)) & 0x03030303u;
    return ((by_two | (by_two << 3u)) & 0x11111111u) << 3u;
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let ball_cell = (*state).ball_y * 10u + (*state).ball_x;
    let trail_cell = (*state).trail;
    let paddle_cell = 90u + (*state).paddle;
    let bricks = (*state).bricks;
    let ball_word = ball_cell >> 3u;
    let trail_word = trail_cell >> 3u;
    let ball_bit = BALL << ((ball_cell & 7u) * 4u);
    let trail_bit = TRAIL << ((trail_cell & 7u) * 4u);
    let paddle_bit = PADDLE << ((paddle_cell & 7u) * 4u);

    var words: Observation;
    for (var w = 0u; w < 13u; w++) {
        words[w] = select(0u, ball_bit, ball_word == w) | select(0u, trail_bit, trail_word == w);
    }
    words[1] |= brick_word(bricks & 0xffu);
    words[2] |= brick_word((bricks >> 8u) & 0xffu);
    words[3] |= brick_word((bricks >> 16u) & 0xffu);
    words[4] |= brick_word(bricks >> 24u);
    words[11] |= select(0u, paddle_bit, paddle_cell < 96u);
    words[12] |= select(0u, paddle_bit, paddle_cell >= 96u);
    return words;
}

/// One colour per channel, the bricks shaded by row; ball and trail are discs.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = draw_cell(uv, 10u, 10u);
    let inside = draw_cell_uv(uv, 10u, 10u);
    let cell = at.y * 10u + at.x;
    let bit = cell - BRICK_OFFSET;
    let brick = bit < 32u && (((*state).bricks >> (bit & 31u)) & 1u) == 1u;
    let brick_colour = select(select(DRAW_YELLOW, DRAW_ORANGE, at.y == 2u), DRAW_RED, at.y == 1u);
    let tile = draw_tile(inside, 0.05);
    let disc = draw_circle(inside, vec2<f32>(0.5), 0.32);

    var colour = draw_over(DRAW_INK, DRAW_PAPER, 0.06 * tile);
    colour = draw_over(colour, brick_colour, select(0.0, tile, brick));
    colour = draw_over(colour, DRAW_SKY, select(0.0, tile, cell == 90u + (*state).paddle));
    colour = draw_over(colour, DRAW_PAPER, select(0.0, 0.4 * draw_cover(disc + 0.12, 0.06), cell == (*state).trail));
    let ball_cell = (*state).ball_y * 10u + (*state).ball_x;
    return draw_over(colour, DRAW_PAPER, select(0.0, draw_cover(disc, 0.06), cell == ball_cell));
}
