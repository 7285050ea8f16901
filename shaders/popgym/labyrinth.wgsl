//! POPGym/LabyrinthExploreEasy-v0: walk through all of a labyrinth of which only the neighbouring cells are seen.
//!
//! # Source
//! Morad et al. 2023, "POPGym: Benchmarking Partially Observable Reinforcement Learning"; rules and rewards as in popgym
//! 1.0.7, envs/labyrinth_explore, envs/labyrinth_escape and core/maze, labyrinths as mazelib 0.9.16 makes them for it (hunt
//! and kill; a cell in which no hunt began and that no walk met stays a wall). popgym itself warns that these can be solved
//! without memory.
//! # Reward
//! Explore: 1 / n for a cell seen for the first time, n being the free cells but the entrance; else -1 / time_limit.
//! Escape: -1 / time_limit, and 1 besides for the step onto the exit.
//! # Start
//! On the entrance, which is drawn from one side of a new labyrinth; the exit is drawn from the other side.
//! # End
//! Explore: terminated when all free cells were visited. Escape: terminated on the exit, which Explore does not have.
//! Both: truncated by the rules after time_limit - 1 steps.
//! # Version
//! v0: easy, 11 x 11 cells, walls included. At the left and upper edge the view begins at the edge instead of one cell
//! before it, and what lies behind the agent's neighbours is shown as walls, as in the reference.
//! # Variants
//! - POPGym/LabyrinthExploreMedium-v0: DEFAULT_PARAMS.side = 7u; 15 x 15 cells
//! - POPGym/LabyrinthExploreHard-v0: DEFAULT_PARAMS.side = 9u; 19 x 19 cells
//! - POPGym/LabyrinthEscapeEasy-v0: ESCAPE = true; find the exit of 11 x 11 cells
//! - POPGym/LabyrinthEscapeMedium-v0: ESCAPE = true, DEFAULT_PARAMS.side = 7u; find the exit of 15 x 15 cells
//! - POPGym/LabyrinthEscapeHard-v0: ESCAPE = true, DEFAULT_PARAMS.side = 9u; find the exit of 19 x 19 cells
import package::shared::rng::{Rng, rng_choice_bit, rng_range};
import package::shared::exact::{exact_inverse};
import package::shared::draw::{DRAW_GREEN, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, DRAW_RED, DRAW_SKY};
import package::shared::draw::{draw_cell, draw_cell_uv, draw_circle, draw_cover, draw_over, draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
/// Whether there is an exit to find; else all cells are to be visited.
const ESCAPE: bool = false;
/// Rows of the largest labyrinth.
const ROWS: u32 = 19u;
/// `State::goal` where there is none.
const NOWHERE: u32 = 1023u;
/// Nothing has been done yet.
const NO_ACTION: u32 = 4u;

struct Params {
    /// cells; side of the labyrinth without its walls; with them it is 2 side + 1
    side: u32,
    /// steps; one more than an episode has at most, and the scale of the penalty
    time_limit: u32,
}
const DEFAULT_PARAMS: Params = Params(5u, 1024u);
const PARAMS_LOW: Params = Params(3u, 16u);
const PARAMS_HIGH: Params = Params(9u, 4096u);

alias Rows = array<u32, ROWS>;
// A cell is row * 32 + column, walls counted.
struct State {
    /// 1; row y of the labyrinth, bit x is set where a wall stands, and outside of it
    walls: Rows,
    /// 1; row y, bit x is set where the agent has been
    seen: Rows,
    /// cell; column of the agent
    x: u32,
    /// cell; row of the agent
    y: u32,
    /// cell; entrance, row * 32 + column
    entrance: u32,
    /// cell; exit, row * 32 + column; 1023 where there is none
    goal: u32,
    /// cells; free ones but the entrance
    free: u32,
    /// cells; free ones that were not visited yet
    left: u32,
    /// 1; newest action, 4 before the first
    action: u32,
}

alias Action = u32;
/// 0 left, 1 right, 2 up, 3 down
const ACTION_COUNT: u32 = 4u;

alias Observation = array<u32, 10>;
/// nine cells around the agent, row by row: 0 free, 1 wall, 2 entrance, 3 exit, 4 never; then the newest action, 4 at first
const OBSERVATION_COUNT: array<u32, 10> = array<u32, 10>(5u, 5u, 5u, 5u, 5u, 5u, 5u, 5u, 5u, 5u);

struct Info {
    /// bool; all cells visited or the exit found
    won: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; all cells visited or the exit found
    terminated: bool,
    /// bool; the time is up
    truncated: bool,
    info: Info,
}

/// Steps along x and y of an action, -1 being the largest u32.
fn heading(action: u32) -> vec2<u32> {
    let sign = select(1u, 0xffffffffu, (action & 1u) == 0u);
    return select(vec2<u32>(sign, 0u), vec2<u32>(0u, sign), action >= 2u);
}

fn has_bit(word: u32, bit: u32) -> bool {
    return ((word >> (bit & 31u)) & 1u) == 1u;
}

/// Hunt and kill: walks from visited cells to unvisited neighbours until there are none, then from another cell; as many
/// cells are tried as the labyrinth has with its walls. Gives the number of cells that were not visited.
fn carve(walls: ptr<function, Rows>, side: u32, rng: ptr<function, Rng>) -> u32 {
    var at = 2u * vec2<u32>(rng_range(rng, side), rng_range(rng, side)) + 1u;
    (*walls)[at.y] &= ~(1u << at.x);
    var missing = side * side - 1u;
    var hunts = (2u * side + 1u) * (2u * side + 1u);
    // A round is a step of a walk or a hunt.
    for (var i = 0u; i < 512u; i++) {
        let visited = !has_bit((*walls)[at.y], at.x);
        var ways = 0u;
        for (var way = 0u; way < 4u; way++) {
            // Beyond the edge a coordinate is at least 2 side + 1, or wraps around to more.
            let to = at + 2u * heading(way);
            let inside = max(to.x, to.y) < 2u * side;
            let closed = has_bit((*walls)[min(to.y, ROWS - 1u)], to.x);
            ways |= select(0u, 1u << way, visited && inside && closed);
        }
        if ways != 0u {
            let way = heading(rng_choice_bit(rng, ways));
            let door = at + way;
            (*walls)[door.y] &= ~(1u << door.x);
            at = door + way;
            (*walls)[at.y] &= ~(1u << at.x);
            missing -= 1u;
        } else {
            if missing == 0u || hunts == 0u {
                break;
            }
            at = 2u * vec2<u32>(rng_range(rng, side), rng_range(rng, side)) + 1u;
            hunts -= 1u;
        }
    }
    return missing;
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var walls: Rows;
    for (var row = 0u; row < ROWS; row++) {
        walls[row] = 0xffffffffu;
    }
    let visited = params.side * params.side - carve(&walls, params.side, rng);
    let wall = rng_range(rng, 4u);
    let from_place = 2u * rng_range(rng, params.side) + 1u;
    let to_place = 2u * rng_range(rng, params.side) + 1u;
    // Upper, lower, left, right edge.
    let far = 2u * params.side;
    let from_edge = select(0u, far, (wall & 1u) == 1u);
    let from_cell = select(vec2<u32>(from_place, from_edge), vec2<u32>(from_edge, from_place), wall >= 2u);
    let to_cell = select(vec2<u32>(to_place, far - from_edge), vec2<u32>(far - from_edge, to_place), wall >= 2u);
    var state = State();
    walls[from_cell.y] &= ~(1u << from_cell.x);
    state.seen[from_cell.y] = 1u << from_cell.x;
    state.x = from_cell.x;
    state.y = from_cell.y;
    state.entrance = from_cell.y * 32u + from_cell.x;
    state.goal = NOWHERE;
    if ESCAPE {
        walls[to_cell.y] &= ~(1u << to_cell.x);
        state.goal = to_cell.y * 32u + to_cell.x;
    }
    state.walls = walls;
    // A walk opens a door for every cell but the first.
    state.free = 2u * visited - 1u;
    state.left = state.free;
    state.action = NO_ACTION;
    return state;
}

fn step(
    params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>, elapsed: u32,
) -> Outcome {
    let to = vec2<u32>((*state).x, (*state).y) + heading(action);
    let inside = max(to.x, to.y) <= 2u * params.side;
    let moves = inside && !has_bit((*state).walls[min(to.y, ROWS - 1u)], to.x);
    let x = select((*state).x, to.x, moves);
    let y = select((*state).y, to.y, moves);
    let seen = (*state).seen[y];
    let is_new = !has_bit(seen, x);
    (*state).seen[y] = seen | (1u << x);
    (*state).x = x;
    (*state).y = y;
    (*state).action = action;
    let found = y * 32u + x == (*state).goal;
    let left = (*state).left - select(0u, 1u, is_new && !found);
    (*state).left = left;

    let gains = is_new && !ESCAPE;
    let share = exact_inverse(select(params.time_limit, (*state).free, gains));
    let reward = select(select(0.0, 1.0, found) - share, share, gains);
    let won = select(left == 0u, found, ESCAPE);
    return Outcome(reward, won, elapsed + 2u == params.time_limit, Info(f32(won)));
}

/// Row and column at which the view begins.
fn corner(at: u32) -> u32 {
    return select(at - 1u, 0u, at == 0u);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let x = (*state).x;
    let y = (*state).y;
    let edge = 2u * params.side;
    let first = vec2<u32>(corner(x), corner(y));
    let hidden = select(0u, 4u, x == 0u);
    var codes: Observation;
    for (var i = 0u; i < 3u; i++) {
        let row = first.y + i;
        let behind = i == 2u && (y == 0u || y == edge);
        let walls = select(((*state).walls[min(row, ROWS - 1u)] >> first.x) | hidden, 7u, behind);
        for (var j = 0u; j < 3u; j++) {
            let cell = row * 32u + first.x + j;
            let wall = has_bit(walls, j);
            let thing = select(select(0u, 2u, cell == (*state).entrance), 3u, cell == (*state).goal);
            codes[3u * i + j] = select(thing, 1u, wall);
        }
    }
    codes[9] = (*state).action;
    return codes;
}

/// Walls are dark, visited cells blue, the entrance is green, the exit orange, the agent red. What it does not see is pale.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let side = 2u * params.side + 1u;
    let at = draw_cell(uv, side, side);
    let cell = at.y * 32u + at.x;
    let seen = has_bit((*state).seen[at.y], at.x);
    var tile = select(DRAW_PAPER, draw_over(DRAW_PAPER, DRAW_SKY, 0.5), seen);
    tile = select(tile, DRAW_GREEN, cell == (*state).entrance);
    tile = select(tile, DRAW_ORANGE, cell == (*state).goal);
    let open = draw_over(DRAW_MIST, tile, draw_tile(draw_cell_uv(uv, side, side), 0.04));
    let wall = has_bit((*state).walls[at.y], at.x);
    let agent = vec2<u32>((*state).x, (*state).y);
    let near = all(max(at, agent) - min(at, agent) <= vec2<u32>(1u));
    var colour = select(open, DRAW_INK, wall);
    colour = draw_over(colour, DRAW_MIST, select(0.35, 0.0, near));
    let p = uv * f32(side) - vec2<f32>(agent) - 0.5;
    return draw_over(colour, DRAW_RED, draw_cover(draw_circle(p, vec2<f32>(0.0), 0.32), 0.08));
}
