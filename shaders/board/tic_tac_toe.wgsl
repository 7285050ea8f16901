//! TicTacToe-v0: get three in a row on a board of 3 x 3 cells, against an opponent who plays at random.
//!
//! # Source
//! The well-known game. Three in a row wins; a move onto a taken cell loses, as in pgx and PettingZoo (tictactoe_v3),
//! whose two players are here the agent and an opponent who is part of the environment.
//! # Reward
//! 1 for winning, -1 for losing or for an illegal move, 0 for a draw and for every other step. The best play is worth
//! 0.995 where the agent moves first and 0.925 where the opponent does.
//! # Start
//! An empty board, or with probability `opponent_first` one with the opponent's first mark. The agent is to move.
//! # End
//! Three in a row, a full board, or an illegal move. In one step the agent marks a cell and the opponent answers with
//! any free cell, each with the same probability. No game takes more than five steps, so there is no time limit.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_bernoulli, rng_choice_bit};
import package::shared::draw::{DRAW_BLUE, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, DRAW_YELLOW};
import package::shared::draw::{draw_capsule, draw_cell, draw_cell_uv, draw_cover, draw_over, draw_ring, draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 0.95;

// Bit row * 3 + column stands for a cell, in all words below.
const FULL: u32 = 0x1ffu;
const FIRST_OF_ROWS: u32 = 0x49u;
const FIRST_OF_COLUMNS: u32 = 0x7u;
const DIAGONAL: u32 = 0x111u;
const ANTIDIAGONAL: u32 = 0x54u;

struct Params {
    /// 1; probability that the opponent moves first
    opponent_first: f32,
}
const DEFAULT_PARAMS: Params = Params(0.5);
const PARAMS_LOW: Params = Params(0.0);
const PARAMS_HIGH: Params = Params(1.0);

struct State {
    /// 1; cells with the agent's mark, bit row * 3 + column
    own: u32,
    /// 1; cells with the opponent's mark, bit row * 3 + column
    other: u32,
}

alias Action = u32;
/// cell to mark, row * 3 + column; legal are the free ones
const ACTION_COUNT: u32 = 9u;

alias Observation = array<u32, 1>;
/// row, column, 0 own mark or 1 the opponent's
const OBSERVATION_SHAPE: array<u32, 3> = array<u32, 3>(3u, 3u, 2u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

struct Info {
    /// bool; three in a row for the agent
    won: f32,
    /// bool; three in a row for the opponent
    lost: f32,
    /// bool; a full board without either
    drawn: f32,
    /// bool; the agent moved onto a taken cell
    illegal: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the game is over
    terminated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let first = rng_bernoulli(rng, params.opponent_first);
    let mark = 1u << (rng_choice_bit(rng, FULL) & 31u);
    return State(0u, select(0u, mark, first));
}

/// The cells of all rows, columns and diagonals that are full.
fn lines(marks: u32) -> u32 {
    let rows = marks & (marks >> 1u) & (marks >> 2u) & FIRST_OF_ROWS;
    let columns = marks & (marks >> 3u) & (marks >> 6u) & FIRST_OF_COLUMNS;
    let down = select(0u, DIAGONAL, (marks & DIAGONAL) == DIAGONAL);
    let up = select(0u, ANTIDIAGONAL, (marks & ANTIDIAGONAL) == ANTIDIAGONAL);
    return (rows * 7u) | (columns * FIRST_OF_ROWS) | down | up;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let mark = 1u << (action & 31u);
    let legal = (((*state).own | (*state).other) & mark) == 0u;
    let own = (*state).own | select(0u, mark, legal);
    let won = legal && lines(own) != 0u;
    // The answer is drawn in any case and counts where the game goes on.
    let free = FULL & ~(own | (*state).other);
    let answer = 1u << (rng_choice_bit(rng, free) & 31u);
    let other = (*state).other | select(0u, answer, legal && !won && free != 0u);
    let beaten = lines(other) != 0u;
    let lost = !legal || beaten;
    let full = (own | other) == FULL;
    (*state).own = own;
    (*state).other = other;
    // A difference: compilers of GPU drivers make a negated 0 of select(0.0, -1.0, lost).
    let reward = select(0.0, 1.0, won) - select(0.0, 1.0, lost);
    let info = Info(f32(won), f32(beaten), f32(full && !won && !lost), f32(!legal));
    return Outcome(reward, won || lost || full, info);
}

/// The bits of a 9-bit word, moved apart: bit i to bit 2 i.
fn spread(word: u32) -> u32 {
    var bits = (word | (word << 8u)) & 0x00ff00ffu;
    bits = (bits | (bits << 4u)) & 0x0f0f0f0fu;
    bits = (bits | (bits << 2u)) & 0x33333333u;
    return (bits | (bits << 1u)) & 0x55555555u;
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(spread(state.own) | (spread(state.other) << 1u));
}

/// The free cells; all of them once the game is over.
fn action_mask(params: Params, state: State) -> u32 {
    let free = FULL & ~(state.own | state.other);
    return select(free, FULL, (lines(state.own) | lines(state.other)) != 0u || free == 0u);
}

/// The board with the agent's crosses and the opponent's rings; three in a row are highlighted.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let cell = draw_cell(uv, 3u, 3u);
    let bit = 1u << (cell.y * 3u + cell.x);
    let p = draw_cell_uv(uv, 3u, 3u);
    let q = abs(p - 0.5);
    let cross = draw_cover(draw_capsule(q, vec2<f32>(0.0), vec2<f32>(0.25), 0.06), 0.02);
    let ring = draw_cover(draw_ring(p, vec2<f32>(0.5), 0.25, 0.12), 0.02);
    let full = ((lines(state.own) | lines(state.other)) & bit) != 0u;
    let tile = draw_over(DRAW_PAPER, DRAW_YELLOW, select(0.0, 0.6, full));
    let ground = draw_over(DRAW_MIST * 0.8, tile, draw_tile(p, 0.015));
    let crossed = draw_over(ground, DRAW_BLUE, select(0.0, cross, (state.own & bit) != 0u));
    return draw_over(crossed, DRAW_ORANGE, select(0.0, ring, (state.other & bit) != 0u));
}
