//! POPGym/MineSweeperEasy-v0: open all cells without a mine, told only how many mines the last one has around it.
//!
//! # Source
//! Morad et al. 2023, "POPGym: Benchmarking Partially Observable Reinforcement Learning"; rules and rewards as in popgym
//! 1.0.7, envs/minesweeper. There an action outside the board is an error; here it is that of an open cell.
//! # Reward
//! With T cells without a mine: 1 / T for opening one, -0.5 / (T - 2) for an open one, -0.5 - 1 / T for a mine.
//! # Start
//! Mines on distinct cells, all sets equally likely; all cells are closed. The first observation is 0.
//! # End
//! Terminated by a mine, or when all cells without one are open; else truncated by the rules after T steps.
//! # Version
//! v0: easy, a board of 4 x 4 cells with 2 mines. A mine counts itself. Opening a cell opens no neighbours. The action is
//! no part of the observation: who does not remember it has to add it.
//! # Variants
//! - POPGym/MineSweeperMedium-v0: SIDE = 6u, MINES = 6u; a board of 6 x 6 cells with 6 mines
//! - POPGym/MineSweeperHard-v0: SIDE = 8u, MINES = 10u, PARAMS_LOW.side = 4u; a board of 8 x 8 cells with 10 mines
import package::shared::rng::{Rng, rng_range};
import package::shared::exact::{exact_inverse};
import package::shared::draw::{DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_PAPER, DRAW_RED, DRAW_YELLOW};
import package::shared::draw::{draw_box, draw_capsule, draw_cell, draw_cell_uv, draw_circle, draw_cover, draw_over};
import package::shared::draw::{draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
/// Largest board of this id, and what actions count.
const SIDE: u32 = 4u;
/// Most mines of this id, on which the observation's range depends.
const MINES: u32 = 2u;
/// `State::last` before the first step.
const NOWHERE: u32 = 255u;

struct Params {
    /// cells; side of the board
    side: u32,
    /// 1; mines on it
    mines: u32,
}
const DEFAULT_PARAMS: Params = Params(SIDE, MINES);
// At least three cells are without a mine.
const PARAMS_LOW: Params = Params(3u, 1u);
const PARAMS_HIGH: Params = Params(SIDE, MINES);

// A cell is row * 8 + column, whatever the side.
struct State {
    /// 1; bit row * 8 + column is set where a mine lies
    mines: array<u32, 2>,
    /// 1; bit row * 8 + column is set where a cell is open
    opened: array<u32, 2>,
    /// cell; newest action row * 8 + column, 255 before the first and where it was outside the board
    last: u32,
}

alias Action = array<u32, 2>;
/// row and column of the cell to open
const ACTION_COUNT: Action = Action(SIDE, SIDE);

alias Observation = u32;
/// mines on the newest cell and its eight neighbours; 0 at the start and for an action outside the board
const OBSERVATION_COUNT: u32 = min(MINES + 1u, 10u);

struct Info {
    /// bool; all cells without a mine are open
    won: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; see above
    terminated: bool,
    /// bool; as many steps as cells without a mine, and not all of them open
    truncated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state = State();
    let cells = params.side * params.side;
    // t / side = t * turn / 512 for the t and sides that there are.
    let turn = 512u / params.side + 1u;
    // Floyd's sampling of distinct cells: a draw that is taken falls back on the newest cell, which is not.
    for (var newest = cells - params.mines; newest < cells; newest++) {
        var cell = 0u;
        for (var i = 0u; i < 2u; i++) {
            let t = select(newest, rng_range(rng, newest + 1u), i == 0u);
            let row = (t * turn) >> 9u;
            cell = (row << 3u) + t - row * params.side;
            if ((state.mines[cell >> 5u] >> (cell & 31u)) & 1u) == 0u {
                break;
            }
        }
        state.mines[cell >> 5u] |= 1u << (cell & 31u);
    }
    state.last = NOWHERE;
    return state;
}

fn step(
    params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>, elapsed: u32,
) -> Outcome {
    let outside = action[0] >= params.side || action[1] >= params.side;
    let cell = (action[0] << 3u) | action[1];
    let word = (cell >> 5u) & 1u;
    let bit = select(1u << (cell & 31u), 0u, outside);
    let is_mine = ((*state).mines[word] & bit) != 0u;
    let is_new = bit != 0u && !is_mine && ((*state).opened[word] & bit) == 0u;
    (*state).opened[word] |= select(0u, bit, is_new);
    (*state).last = select(cell, NOWHERE, outside);

    let safe = params.side * params.side - params.mines;
    let won = countOneBits((*state).opened[0]) + countOneBits((*state).opened[1]) == safe;
    let share = exact_inverse(select(safe - 2u, safe, is_mine || is_new));
    let reward = select(select(-0.5 * share, share, is_new), -0.5 - share, is_mine);
    let over = is_mine || won;
    return Outcome(reward, over, elapsed + 1u == safe && !over, Info(f32(won)));
}

/// The cells of a row, as bits; none outside the board.
fn row_bits(cells: ptr<function, array<u32, 2>>, row: u32) -> u32 {
    let word = select((*cells)[0], (*cells)[1], row >= 4u);
    return select(0u, (word >> ((row & 3u) * 8u)) & 255u, row < 8u);
}

/// Mines in the 3 x 3 cells around a cell.
fn mines_around(mines: ptr<function, array<u32, 2>>, cell: u32) -> u32 {
    let row = cell >> 3u;
    let columns = (7u << (cell & 7u)) >> 1u;
    let above = row_bits(mines, row - 1u) & columns;
    let beside = row_bits(mines, row) & columns;
    let below = row_bits(mines, row + 1u) & columns;
    return countOneBits(above | (beside << 8u) | (below << 16u));
}

fn observe(params: Params, state: State) -> Observation {
    var mines = state.mines;
    return select(mines_around(&mines, state.last & 63u), 0u, state.last == NOWHERE);
}

/// Closed cells grey, the mines that nobody sees faint on them; open cells with as many dots as the agent was told. The
/// newest cell has a yellow frame, a mine that was met is black on red.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    var mines = state.mines;
    let at = draw_cell(uv, params.side, params.side);
    let q = draw_cell_uv(uv, params.side, params.side);
    let cell = (at.y << 3u) | at.x;
    let mine = ((mines[cell >> 5u] >> (cell & 31u)) & 1u) == 1u;
    let opened = ((state.opened[cell >> 5u] >> (cell & 31u)) & 1u) == 1u;
    let newest = cell == state.last;

    let ground = select(draw_over(DRAW_GREY, DRAW_MIST, 0.4), DRAW_PAPER, opened);
    let tile = draw_over(DRAW_MIST, select(ground, DRAW_RED, mine && newest), draw_tile(q, 0.03));
    let spike = abs(q - 0.5);
    let aslant = draw_capsule(spike, vec2<f32>(0.0), vec2<f32>(0.2), 0.03);
    let upright = min(
        draw_capsule(spike, vec2<f32>(0.0), vec2<f32>(0.27, 0.0), 0.03),
        draw_capsule(spike, vec2<f32>(0.0), vec2<f32>(0.0, 0.27), 0.03),
    );
    let bomb = min(draw_circle(q, vec2<f32>(0.5), 0.2), min(aslant, upright));
    let strength = select(0.3, 1.0, newest);
    var colour = draw_over(tile, DRAW_INK, select(0.0, strength * draw_cover(bomb, 0.04), mine));
    // Dots of the count, in rows of three.
    let dot = draw_cell(q * 1.5 - 0.25, 3u, 3u);
    let centre = (vec2<f32>(dot) + 0.5) / 4.5 + vec2<f32>(0.16667);
    let counted = dot.y * 3u + dot.x < mines_around(&mines, cell);
    colour = draw_over(colour, DRAW_INK, select(0.0, draw_cover(draw_circle(q, centre, 0.07), 0.03), opened && counted));
    let frame = draw_cover(abs(draw_box(q, vec2<f32>(0.5), vec2<f32>(0.42))) - 0.04, 0.03);
    let told = select(DRAW_YELLOW, DRAW_INK, mine);
    return draw_over(colour, told, select(0.0, frame, newest));
}
