//! Maze-v0: find the goal in a maze of 13 x 13 cells from a partial view; the layout is the task.
//!
//! # Source
//! The navigation task of unsupervised environment design: Dennis et al. 2020 (PAIRED), Jiang et al.
//! 2023 (minimax), Coward et al. 2024 (JaxUED), on the encoding of MiniGrid. Transitions, rewards and
//! views as in jaxued 0.0.1, environments/maze; views also as in minigrid 3.2.0 with see-through walls.
//! # Reward
//! 1 - 0.9 * (t + 1) / time_horizon for the step into the goal, t counted from 0, never below 0.1; else 0.
//! Rounded to 2^-20. As in minimax and JaxUED the agent stays in front of the goal; MiniGrid moves it there.
//! # Start
//! wall_budget = 0: the layout of the parameters. Walls under start and goal are removed, so every
//! layout is a level; a start equal to the goal stands for a start drawn from the free cells.
//! wall_budget = n: domain randomisation. n distinct walls, then start and goal on distinct free cells,
//! then the heading, all uniform; mazes without a way to the goal occur, as in the references.
//! # End
//! The goal is entered, or 250 steps have passed (time limit).
//! # Version
//! v0: seven actions as in minimax, JaxUED and MiniGrid, of which four do nothing here.
import package::shared::rng::{Rng, rng_range};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_GREEN, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_PAPER, DRAW_RED, DRAW_YELLOW};
import package::shared::draw::{draw_cell, draw_cell_uv, draw_cover, draw_over, draw_tile, draw_triangle};

const MAX_EPISODE_STEPS: u32 = 250u;
/// Cells per side inside the border. Positions count the border: 1 to 13 are inside.
const SIDE: u32 = 13u;
const FULL_ROW: u32 = 0x1fffu;
const FULL_ROWS: array<u32, 13> = array<u32, 13>(FULL_ROW, FULL_ROW, FULL_ROW, FULL_ROW, FULL_ROW,
    FULL_ROW, FULL_ROW, FULL_ROW, FULL_ROW, FULL_ROW, FULL_ROW, FULL_ROW, FULL_ROW);

struct Params {
    /// 1; row y - 1 of the layout, bit x - 1 is set where a wall stands
    walls: array<u32, 13>,
    /// cell; column of the start, border counted
    start_x: u32,
    /// cell; row of the start
    start_y: u32,
    /// 1; heading at the start: 0 right, 1 down, 2 left, 3 up, 4 drawn at random
    start_direction: u32,
    /// cell; column of the goal
    goal_x: u32,
    /// cell; row of the goal
    goal_y: u32,
    /// walls; 0 takes the layout as it is, n draws a maze with n walls at each start
    wall_budget: u32,
    /// steps; time scale of the reward, not a limit
    time_horizon: u32,
}
const DEFAULT_PARAMS: Params = Params(array<u32, 13>(), 1u, 1u, 4u, 13u, 13u, 25u, 250u);
const PARAMS_LOW: Params = Params(array<u32, 13>(), 1u, 1u, 0u, 1u, 1u, 0u, 1u);
const PARAMS_HIGH: Params = Params(FULL_ROWS, 13u, 13u, 4u, 13u, 13u, 60u, 450u);

alias Walls = array<u32, 8>;
struct State {
    /// 1; bit y * 16 + x of the 256 is set where a wall stands, border and bits outside the map included
    walls: Walls,
    /// cell; column of the agent, border counted
    x: u32,
    /// cell; row of the agent, 1 at the top
    y: u32,
    /// 1; heading: 0 right, 1 down, 2 left, 3 up
    direction: u32,
    /// cell; column of the goal
    goal_x: u32,
    /// cell; row of the goal
    goal_y: u32,
    /// steps; since the start
    time: u32,
}

alias Action = u32;
/// 0 turn left, 1 turn right, 2 forward; 3 to 6 (MiniGrid's pick up, drop, toggle, done) do nothing
const ACTION_COUNT: u32 = 7u;

struct Observation {
    /// 1; the 5 x 5 cells ahead, [column, row, k]; column 0 is at the agent's left, row 0 four cells ahead, the agent at column 2, row 4. k = 0 object (1 empty, 2 wall, 8 goal), 1 colour (0 none, 1 green goal, 5 grey wall), 2 state (0). Cells outside are walls.
    image: array<u32, 19>,
    /// 1; heading: 0 right, 1 down, 2 left, 3 up
    direction: u32,
}
const OBSERVATION_IMAGE_SHAPE: array<u32, 3> = array<u32, 3>(5u, 5u, 3u);
const OBSERVATION_IMAGE_BITS: u32 = 8u;
const OBSERVATION_IMAGE_LOW: u32 = 0u;
const OBSERVATION_IMAGE_HIGH: u32 = 8u;
const OBSERVATION_DIRECTION_COUNT: u32 = 4u;
// Object in the low byte, colour in the next.
const EMPTY: u32 = 0x0001u;
const WALL: u32 = 0x0502u;
const GOAL: u32 = 0x0108u;

fn has_bit(word: u32, bit: u32) -> bool {
    return ((word >> (bit & 31u)) & 1u) == 1u;
}

fn set_wall(walls: ptr<function, Walls>, cell: u32, wall: bool) {
    let word = (*walls)[cell >> 5u];
    (*walls)[cell >> 5u] = insertBits(word, u32(wall), cell & 31u, 1u);
}

/// The bit of a cell counted from 0 to 168 inside the border.
fn inner_cell(index: u32) -> u32 {
    return (index / SIDE + 1u) * 16u + index % SIDE + 1u;
}

/// A uniform cell without a wall; the upper left one if there is none.
fn free_cell(walls: ptr<function, Walls>, rng: ptr<function, Rng>) -> u32 {
    var free = 0u;
    for (var w = 0u; w < 8u; w++) {
        free += countOneBits(~(*walls)[w]);
    }
    var rank = rng_range(rng, free);
    var cells = 0u;
    var at = 0u;
    for (var w = 0u; w < 8u; w++) {
        let word = ~(*walls)[w];
        let count = countOneBits(word);
        let here = cells == 0u && rank < count;
        rank -= select(0u, count, cells == 0u && !here);
        cells = select(cells, word, here);
        at = select(at, w * 32u, here);
    }
    for (var k = 0u; k < 2u * SIDE; k++) {
        cells = select(cells, cells & (cells - 1u), k < rank);
    }
    return select(at + firstTrailingBit(cells), 17u, cells == 0u);
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let drawn = params.wall_budget > 0u;
    var walls = Walls(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u);
    for (var r = 0u; r < SIDE; r++) {
        let free = select(~params.walls[r], ~0u, drawn) & FULL_ROW;
        walls[(r + 1u) / 2u] ^= free << (16u * ((r + 1u) % 2u) + 1u);
    }
    var start = params.start_y * 16u + params.start_x;
    var goal = params.goal_y * 16u + params.goal_x;
    var direction = params.start_direction;
    if (drawn) {
        // Floyd's sampling of distinct cells: a draw that is taken falls back on the newest cell, which is not.
        for (var newest = 169u - min(params.wall_budget, 167u); newest < 169u; newest++) {
            let cell = inner_cell(rng_range(rng, newest + 1u));
            set_wall(&walls, select(cell, inner_cell(newest), has_bit(walls[cell >> 5u], cell)), true);
        }
        start = free_cell(&walls, rng);
        set_wall(&walls, start, true);
        goal = free_cell(&walls, rng);
    } else if (start == goal) {
        set_wall(&walls, goal, true);
        start = free_cell(&walls, rng);
    }
    set_wall(&walls, start, false);
    set_wall(&walls, goal, false);
    if (drawn || direction > 3u) {
        direction = rng_range(rng, 4u);
    }
    return State(walls, start & 15u, start >> 4u, direction, goal & 15u, goal >> 4u, 0u);
}

/// Steps along x and y of a heading, -1 being the largest u32.
fn heading(direction: u32) -> vec2<u32> {
    let sign = select(1u, 0xffffffffu, direction >= 2u);
    return select(vec2<u32>(sign, 0u), vec2<u32>(0u, sign), (direction & 1u) == 1u);
}

/// Upper left corner on the map of the 5 x 5 cells in view; their middle is two cells ahead of the agent.
fn view_corner(x: u32, y: u32, direction: u32) -> vec2<u32> {
    return vec2<u32>(x, y) + 2u * heading(direction) - 2u;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let direction = (*state).direction;
    let forward = action == 2u;
    let ahead = vec2<u32>((*state).x, (*state).y) + heading(direction);
    let at_goal = forward && ahead.x == (*state).goal_x && ahead.y == (*state).goal_y;
    let cell = ahead.y * 16u + ahead.x;
    let moves = forward && !at_goal && !has_bit((*state).walls[cell >> 5u], cell);
    (*state).x = select((*state).x, ahead.x, moves);
    (*state).y = select((*state).y, ahead.y, moves);
    (*state).direction = (direction + select(0u, 3u, action == 0u) + select(0u, 1u, action == 1u)) & 3u;
    (*state).time += 1u;
    var reward = 0.0;
    if (at_goal) {
        // 0.9 * time / time_horizon in 2^-20, an integer: float division is not exact on every back end.
        let horizon = params.time_horizon;
        let loss = (((9u * min((*state).time, horizon)) << 20u) + 5u * horizon) / (10u * horizon);
        reward = 1.0 - f32(loss) * 0x1p-20;
    }
    return Outcome(reward, at_goal);
}

/// Five cells of a map row from column x on, as bits: walls outside the map.
fn strip(row: u32, x: u32) -> u32 {
    return (((row << 4u) | 0xfff0000fu) >> (x + 4u)) & 31u;
}

/// Object and colour of the cell at a bit of the view.
fn cell_code(seen: u32, bit: u32, goal_bit: u32) -> u32 {
    return select(select(EMPTY, WALL, has_bit(seen, bit)), GOAL, bit == goal_bit);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let direction = (*state).direction;
    let ahead = heading(direction);
    let right = heading((direction + 1u) & 3u);
    let corner = view_corner((*state).x, (*state).y, direction);
    // A word holds two rows. Rows above or below the map are read as the last word, which is all walls.
    let top = u32(i32(corner.y) >> 1u);
    let words_seen = vec3<u32>(
        (*state).walls[min(top, 7u)], (*state).walls[min(top + 1u, 7u)], (*state).walls[min(top + 2u, 7u)]);
    let shifted = (words_seen >> vec3<u32>(16u)) | (vec3<u32>(words_seen.yz, 0u) << vec3<u32>(16u));
    let rows = select(words_seen, shifted, (corner.y & 1u) == 1u);
    let seen = strip(rows.x, corner.x) | (strip(rows.x >> 16u, corner.x) << 5u) | (strip(rows.y, corner.x) << 10u)
        | (strip(rows.y >> 16u, corner.x) << 15u) | (strip(rows.z, corner.x) << 20u);
    // Map cell (x, y) from the corner is bit 5 y + x: one cell to the right or back in the view is a stride.
    let to_right = right.y * 5u + right.x;
    let back = 0u - (ahead.y * 5u + ahead.x);
    let first = 12u - 2u * to_right - 2u * back;
    let goal = vec2<u32>((*state).goal_x, (*state).goal_y) - corner;
    let goal_bit = select(25u, goal.y * 5u + goal.x, goal.x < 5u && goal.y < 5u);

    // Four cells of three bytes, the third being 0, fill three words; cell 24 has the last for itself.
    var words: array<u32, 19>;
    for (var group = 0u; group < 6u; group++) {
        var code: array<u32, 4>;
        for (var k = 0u; k < 4u; k++) {
            let cell = group * 4u + k;
            code[k] = cell_code(seen, first + (cell / 5u) * to_right + (cell % 5u) * back, goal_bit);
        }
        words[group * 3u] = code[0] | (code[1] << 24u);
        words[group * 3u + 1u] = (code[1] >> 8u) | (code[2] << 16u);
        words[group * 3u + 2u] = code[3] << 8u;
    }
    words[18] = cell_code(seen, first + 4u * to_right + 4u * back, goal_bit);
    return Observation(words, direction);
}

/// The map with walls dark, the goal green, the cells in view yellowish and the agent a triangle.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = draw_cell(uv, 15u, 15u);
    let corner = view_corner((*state).x, (*state).y, (*state).direction);
    let light = select(0.0, 0.3, all(at - corner < vec2<u32>(5u)));
    let goal = all(at == vec2<u32>((*state).goal_x, (*state).goal_y));
    let tile = select(draw_over(DRAW_PAPER, DRAW_YELLOW, light), DRAW_GREEN, goal);
    let open = draw_over(DRAW_MIST, tile, draw_tile(draw_cell_uv(uv, 15u, 15u), 0.04));
    let wall = has_bit((*state).walls[at.y >> 1u], at.y * 16u + at.x);
    let colour = select(open, draw_over(DRAW_INK, DRAW_GREY, light), wall);
    let forward = vec2<f32>(vec2<i32>(heading((*state).direction))) * 0.4;
    let side = vec2<f32>(forward.y, forward.x) * 0.8;
    let p = uv * 15.0 - vec2<f32>(f32((*state).x), f32((*state).y)) - 0.5;
    let agent = draw_triangle(p, forward, side - 0.8 * forward, -side - 0.8 * forward);
    return draw_over(colour, DRAW_RED, draw_cover(agent, 0.06));
}
