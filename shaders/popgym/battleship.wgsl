//! POPGym/BattleshipEasy-v0: sink hidden ships, told no more than whether the last shot was a hit.
//!
//! # Source
//! Morad et al. 2023, "POPGym: Benchmarking Partially Observable Reinforcement Learning"; rules and rewards as in popgym
//! 1.0.7, envs/battleship. There a shot outside the board is an error; here it misses.
//! # Reward
//! 1 / n for a hit, n being the cells of all ships (12), and -1 / (side^2 - n) for a miss: 1 in all for an episode of hits,
//! 0 for one that shoots at every cell once. A cell that was shot at before is a miss. Rounded once.
//! # Start
//! The ships one after the other, each to the right or downwards, with equal chance at every place of the board where it
//! fits without overlap. The first observation is that of a miss.
//! # End
//! Terminated when all cells of all ships are hit; truncated by the rules after side^2 shots.
//! # Version
//! v0: easy, a board of 8 x 8 cells. The shot is no part of the observation: who does not remember it has to add it.
//! # Variants
//! - POPGym/BattleshipMedium-v0: SIDE = 10u; a board of 10 x 10 cells
//! - POPGym/BattleshipHard-v0: SIDE = 12u; a board of 12 x 12 cells
import package::shared::rng::{Rng, rng_range};
import package::shared::exact::{exact_inverse};
import package::shared::draw::{DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_PAPER, DRAW_RED, DRAW_SKY, DRAW_YELLOW};
import package::shared::draw::{draw_box, draw_capsule, draw_cell, draw_cell_uv, draw_circle, draw_cover, draw_over, draw_ring};
import package::shared::draw::{draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
/// Largest board of this id, and what actions count.
const SIDE: u32 = 8u;
const SHIPS: u32 = 4u;
/// `State::last` before the first shot.
const NOWHERE: u32 = 255u;
/// Placements tried for a ship. On the smallest board one fits with a chance above 1/10 whatever lies there, so that none
/// does is a matter of 2^-77; the ship then lies where the newest try was.
const TRIES: u32 = 512u;

struct Params {
    /// cells; side of the board
    side: u32,
    /// cells; length of each ship
    lengths: array<u32, SHIPS>,
}
const DEFAULT_PARAMS: Params = Params(SIDE, array<u32, SHIPS>(2u, 3u, 3u, 4u));
const PARAMS_LOW: Params = Params(6u, array<u32, SHIPS>(1u, 1u, 1u, 1u));
const PARAMS_HIGH: Params = Params(SIDE, array<u32, SHIPS>(4u, 4u, 4u, 4u));

// A cell is row * 16 + column.
struct State {
    /// cell; upper left cell row * 16 + column of ship i, byte i
    places: u32,
    /// 1; bit i is set where ship i points downwards, else it points to the right
    down: u32,
    /// 1; bit row * 16 + column is set where a shot went
    shots: array<u32, 6>,
    /// 1; cells of ships that are hit
    hits: u32,
    /// cell; newest shot row * 16 + column, 255 before the first
    last: u32,
    /// bool; the newest shot was a hit
    hit: u32,
}

alias Action = array<u32, 2>;
/// row and column of the shot
const ACTION_COUNT: Action = Action(SIDE, SIDE);

alias Observation = u32;
/// 0 the newest shot missed, or there is none yet; 1 it was a hit
const OBSERVATION_COUNT: u32 = 2u;

struct Info {
    /// bool; all ships are sunk
    won: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; all ships are sunk
    terminated: bool,
    /// bool; as many shots as the board has cells
    truncated: bool,
    info: Info,
}

/// The cell at which a ship begins.
fn place(places: u32, ship: u32) -> u32 {
    return (places >> (8u * ship)) & 255u;
}

/// Whether a cell is one of a ship: its distance from the first one, along the ship, is below the length. What lies before
/// or beside the ship becomes a large number.
fn covers(first: u32, down: bool, length: u32, cell: u32) -> bool {
    let ahead = cell - first;
    return select(ahead, (ahead >> 4u) | (ahead << 28u), down) < length;
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var first: array<vec2<u32>, SHIPS>;
    var last: array<vec2<u32>, SHIPS>;
    var state = State();
    for (var ship = 0u; ship < SHIPS; ship++) {
        let reach = params.lengths[ship] - 1u;
        var from_cell: vec2<u32>;
        var to_cell: vec2<u32>;
        var down = false;
        // Both ways a row or column holds as many placements, so all of them are equally likely.
        for (var i = 0u; i < TRIES; i++) {
            let line = rng_range(rng, 2u * params.side);
            let along = rng_range(rng, params.side - reach);
            down = line >= params.side;
            from_cell = select(vec2<u32>(along, line), vec2<u32>(line - params.side, along), down);
            to_cell = from_cell + select(vec2<u32>(reach, 0u), vec2<u32>(0u, reach), down);
            var free = true;
            for (var other = 0u; other < ship; other++) {
                free &= any(from_cell > last[other]) || any(to_cell < first[other]);
            }
            if free {
                break;
            }
        }
        first[ship] = from_cell;
        last[ship] = to_cell;
        state.places |= ((from_cell.y << 4u) | from_cell.x) << (8u * ship);
        state.down |= select(0u, 1u << ship, down);
    }
    state.last = NOWHERE;
    return state;
}

fn step(
    params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>, elapsed: u32,
) -> Outcome {
    let cell = (action[0] << 4u) | action[1];
    var is_ship = false;
    var needed = 0u;
    for (var ship = 0u; ship < SHIPS; ship++) {
        let down = (((*state).down >> ship) & 1u) == 1u;
        is_ship |= covers(place((*state).places, ship), down, params.lengths[ship], cell);
        needed += params.lengths[ship];
    }
    let word = (cell >> 5u) % 6u;
    let bit = 1u << (cell & 31u);
    let shots = (*state).shots[word];
    let hit = is_ship && (shots & bit) == 0u;
    (*state).shots[word] = shots | bit;
    let hits = (*state).hits + select(0u, 1u, hit);
    (*state).hits = hits;
    (*state).last = cell;
    (*state).hit = select(0u, 1u, hit);

    let cells = params.side * params.side;
    let share = exact_inverse(select(cells - needed, needed, hit));
    let won = hits == needed;
    return Outcome(select(-share, share, hit), won, elapsed + 1u >= cells, Info(f32(won)));
}

fn observe(params: Params, state: State) -> Observation {
    return state.hit;
}

/// The sea with the ships that nobody sees, faint; red where they are hit, a ring where a shot missed. The newest shot is
/// framed, in yellow where it was a hit.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = draw_cell(uv, params.side, params.side);
    let q = draw_cell_uv(uv, params.side, params.side);
    let cell = (at.y << 4u) | at.x;
    let shot = (((*state).shots[cell >> 5u] >> (cell & 31u)) & 1u) == 1u;

    var hull = 1.0e3;
    let p = uv * f32(params.side) - 0.5;
    for (var ship = 0u; ship < SHIPS; ship++) {
        let first = place((*state).places, ship);
        let bow = vec2<f32>(vec2<u32>(first & 15u, first >> 4u));
        let reach = f32(params.lengths[ship] - 1u);
        let down = (((*state).down >> ship) & 1u) == 1u;
        let stern = bow + select(vec2<f32>(reach, 0.0), vec2<f32>(0.0, reach), down);
        hull = min(hull, draw_capsule(p, bow, stern, 0.36));
    }
    var colour = draw_over(DRAW_PAPER, draw_over(DRAW_SKY, DRAW_MIST, 0.55), draw_tile(q, 0.03));
    colour = draw_over(colour, draw_over(DRAW_SKY, DRAW_GREY, 0.75), draw_cover(hull, 0.06));
    let is_hit = shot && hull < 0.2;
    let cross = draw_capsule(abs(q - 0.5), vec2<f32>(0.0), vec2<f32>(0.17), 0.06);
    let miss = draw_ring(q, vec2<f32>(0.5), 0.16, 0.07);
    colour = draw_over(colour, DRAW_RED, select(0.0, draw_cover(draw_circle(q, vec2<f32>(0.5), 0.3), 0.06), is_hit));
    colour = draw_over(colour, DRAW_PAPER, select(0.0, draw_cover(cross, 0.05), is_hit));
    colour = draw_over(colour, DRAW_INK, select(0.0, 0.7 * draw_cover(miss, 0.05), shot && !is_hit));
    let frame = abs(draw_box(q, vec2<f32>(0.5), vec2<f32>(0.42))) - 0.04;
    let newest = select(0.0, draw_cover(frame, 0.04), cell == (*state).last);
    return draw_over(colour, select(DRAW_INK, DRAW_YELLOW, (*state).hit == 1u), newest);
}
