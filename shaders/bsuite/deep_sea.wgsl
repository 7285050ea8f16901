//! bsuite/DeepSea-v0: dive to the lower right corner of a grid, which takes the right action in every row.
//!
//! # Source
//! Osband et al. 2020, "Behaviour Suite for Reinforcement Learning"; rules as in bsuite 0.3.6, environments/deep_sea and
//! experiments/deep_sea and deep_sea_stochastic. Which action goes right in a cell follows from mapping_seed by a
//! hash of ours instead of NumPy's generator, so the same seed stands for another mapping than in the reference.
//! # Reward
//! 1 for going right in the last column, which is reached in the last row only; -move_cost / size for each way to the
//! right, failed ones included; with noise also a normal number in the two corners of the last row. Best play is worth
//! 1 - move_cost, random play finds the treasure in one of 2^size episodes.
//! # Start
//! The upper left cell.
//! # End
//! After size actions, one for each row; the last observation is empty.
//! # Version
//! v0: bsuite 0.3.6, whose settings are the sizes 10, 12, ..., 50 with mapping_seed 42.
//! # Variants
//! - bsuite/DeepSea20-v0: SIDE = 20u, DEFAULT_PARAMS.size = 20u, PARAMS_HIGH.size = 20u; 20 rows.
//! - bsuite/DeepSea30-v0: SIDE = 30u, DEFAULT_PARAMS.size = 30u, PARAMS_HIGH.size = 30u; 30 rows.
//! - bsuite/DeepSea50-v0: SIDE = 50u, DEFAULT_PARAMS.size = 50u, PARAMS_HIGH.size = 50u; 50 rows.
//! - bsuite/DeepSeaStochastic-v0: DEFAULT_PARAMS.slip = 1.0, DEFAULT_PARAMS.noise = 1.0, REWARD_THRESHOLD = 0.3; going right
//!   fails once in size times, and the lower corners pay random rewards. Best play is worth (1 - 1 / size)^(size - 1) - 0.01.
//! - bsuite/DeepSeaStochastic20-v0: SIDE = 20u, DEFAULT_PARAMS.size = 20u, PARAMS_HIGH.size = 20u, DEFAULT_PARAMS.slip = 1.0,
//!   DEFAULT_PARAMS.noise = 1.0, REWARD_THRESHOLD = 0.3; the same with 20 rows.
import package::shared::rng::{Rng, rng_bernoulli};
import package::shared::hash::{hash_of};
import package::shared::feedback::{feedback_bar, feedback_disturbed};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_SKY, DRAW_YELLOW};
import package::shared::draw::{draw_cell, draw_cell_uv, draw_circle, draw_cover, draw_over, draw_tile, draw_triangle};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 0.9;
/// Rows and columns that an observation has room for.
const SIDE: u32 = 10u;
const WORDS: u32 = (SIDE * SIDE + 31u) / 32u;

struct Params {
    /// cells; rows and columns of the grid, at the upper left of what is observed
    size: u32,
    /// 1; which action goes right in which cell; 0: action 1 in all of them
    mapping_seed: u32,
    /// 1; reward lost by going right in every row
    move_cost: f32,
    /// 1; chance that going right fails, times the size
    slip: f32,
    /// 1; standard deviation of what the two lower corners pay at random
    noise: f32,
}
const DEFAULT_PARAMS: Params = Params(10u, 42u, 0.01, 0.0, 0.0);
const PARAMS_LOW: Params = Params(2u, 0u, 0.0, 0.0, 0.0);
const PARAMS_HIGH: Params = Params(10u, 65535u, 1.0, 1.0, 1.0);

struct State {
    /// cell; row of the diver, 0 at the top, size behind the end
    row: u32,
    /// cell; column of the diver, 0 at the left
    column: u32,
    /// 1; the newest reward
    reward: f32,
}

alias Action = u32;
/// left or right, which is which depends on the cell
const ACTION_COUNT: u32 = 2u;

alias Observation = array<u32, WORDS>;
/// row, column of the cell that the diver is in; one bit each
const OBSERVATION_SHAPE: array<u32, 2> = array<u32, 2>(SIDE, SIDE);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

struct Info {
    /// bool; the treasure was found, whatever else was paid
    found: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the bottom is reached
    terminated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(0u, 0u, 0.0);
}

/// The action that goes right.
fn rightward(params: Params, row: u32, column: u32) -> u32 {
    return select(hash_of(params.mapping_seed, row * 64u + column) >> 31u, 1u, params.mapping_seed == 0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let row = (*state).row;
    let column = (*state).column;
    let last = params.size - 1u;
    let right = action == rightward(params, row, column);
    let found = right && column == last;
    let cost = select(0.0, params.move_cost / f32(params.size), right);
    let corner = row == last && (column == 0u || column == last);
    let noise = select(0.0, params.noise, corner);
    let slips = params.slip > 0.0 && rng_bernoulli(rng, params.slip / f32(params.size));

    let moved = min(column + 1u, last);
    (*state).column = select(max(column, 1u) - 1u, select(moved, column, slips), right);
    (*state).row = row + 1u;
    (*state).reward = feedback_disturbed(rng, f32(found) - cost, 1.0, noise);
    return Outcome((*state).reward, row >= last, Info(f32(found)));
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let cell = (*state).row * SIDE + (*state).column;
    var words: Observation;
    for (var w = 0u; w < WORDS; w++) {
        words[w] = select(0u, 1u << (cell & 31u), cell >> 5u == w && (*state).row < params.size);
    }
    return words;
}

/// The water, darker further down, with an arrow in the cells ahead that shows where action 1 goes; the diver and
/// the treasure; along the lower edge the newest reward.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let cell = draw_cell(uv, params.size, params.size);
    let at = draw_cell_uv(uv, params.size, params.size);
    let depth = f32(cell.y) / f32(params.size);
    let tile = draw_tile(at, 0.04);
    let water = draw_over(DRAW_SKY, draw_over(DRAW_BLUE, DRAW_INK, 0.6 * depth), 0.3 + 0.7 * depth);
    // Cells right of the diagonal cannot be reached.
    var colour = draw_over(DRAW_MIST, water, select(0.15, 1.0, cell.x <= cell.y) * tile);
    let here = cell.y == (*state).row && cell.x == (*state).column;
    let turn = select(-0.22, 0.22, rightward(params, cell.y, cell.x) == 1u);
    let tip = vec2<f32>(0.5 + turn, 0.5);
    let back = 0.5 - 0.6 * turn;
    let arrow = draw_triangle(at, tip, vec2<f32>(back, 0.3), vec2<f32>(back, 0.7));
    let shown = cell.x <= cell.y && cell.y >= (*state).row && !here;
    colour = draw_over(colour, DRAW_MIST, select(0.0, 0.35 * draw_cover(arrow, 0.05), shown));
    let treasure = cell.x + 1u == params.size && cell.y + 1u == params.size;
    let gold = draw_cover(draw_circle(at, vec2<f32>(0.5), 0.42), 0.04);
    colour = draw_over(colour, DRAW_YELLOW, select(0.0, gold, treasure));
    // Behind the end the diver lies in the last row.
    let lies = (*state).row >= params.size && cell.y + 1u == params.size && cell.x == (*state).column;
    let diver = draw_cover(draw_circle(at, vec2<f32>(0.5), 0.3), 0.04);
    colour = draw_over(colour, select(DRAW_ORANGE, DRAW_GREEN, treasure), select(0.0, diver, here || lies));
    return feedback_bar(colour, (*state).reward, 1.0, uv);
}
