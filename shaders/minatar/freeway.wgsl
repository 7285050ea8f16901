//! MinAtar/Freeway-v1: get a chicken across eight lanes of traffic, again and again.
//!
//! # Source
//! Young, Tian 2019, "MinAtar"; rules and their order as in minatar 1.0.15, environments/freeway,
//! registered by it as MinAtar/Freeway-v1 (minimal action set). Transitions without a crossing are equal
//! bit for bit; speeds drawn by a crossing are equal in distribution. The reference takes a
//! difficulty-ramping option for every game, but freeway does not ramp, so there is no ramp here either.
//! A speed of the reference is 0 with probability 2^-53 (the sign of 0); here never.
//! # Reward
//! +1 for each time the chicken reaches row 0, else 0. It is put back to row 9 in the same step.
//! # Start
//! Chicken in row 9, column 4, unable to move for 3 steps. One car in column 0 of each of the rows 1 to 8,
//! with a speed from 1 to 5 and a heading to the right or left, all equally likely.
//! # End
//! After 2501 steps (the reference's counter of 2500 has to fall below 0), as termination: the reference
//! calls it terminal. Being hit is no end: it puts the chicken back to row 9.
//! # Version
//! v1: actions none, up, down. A car of speed s moves every s + 1 steps, the chicken at most every third;
//! after a crossing speeds and headings are drawn anew and the cars stay where they are.
//! # Variants
//! - MinAtar/Freeway-v0: ACTION_COUNT = 6u, UP = 2u, DOWN = 4u; all six actions of MinAtar (none, left, up, right,
//!   down, fire), of which left, right and fire do nothing in this game.
import package::shared::rng::{Rng, rng_range};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, DRAW_YELLOW};
import package::shared::draw::{draw_accent, draw_box, draw_capsule, draw_cell, draw_circle, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
const STICKY_ACTION_PROBABILITY: f32 = 0.1;

/// Steps from a move of the chicken to the next one.
const MOVE_INTERVAL: u32 = 3u;
/// Column of the chicken.
const COLUMN: u32 = 4u;

// Eight cars are eight nibbles of a word, row y at bits 4 (y - 1), so all of them move in a few operations.
const ONES: u32 = 0x11111111u;
const LOW_BITS: u32 = 0x77777777u;

struct Params {
    /// steps; the episode ends with the step after that many
    time_limit: u32,
    /// 1; largest speed number a car can have; speed s moves every s + 1 steps
    slowest: u32,
}
const DEFAULT_PARAMS: Params = Params(2500u, 5u);
const PARAMS_LOW: Params = Params(0u, 1u);
const PARAMS_HIGH: Params = Params(1000000u, 5u);

struct State {
    /// cell; row of the chicken, 9 at the start
    chicken: u32,
    /// steps; until the chicken can move
    move_timer: u32,
    /// steps; until the end, which comes when it falls below 0
    time_left: i32,
    /// cell; column of the car in row y, nibble y - 1
    columns: u32,
    /// steps; until the car in row y moves, nibble y - 1
    timers: u32,
    /// 1; speed 1 to 5 of the car in row y, plus 8 if it heads right, nibble y - 1
    speeds: u32,
}

alias Action = u32;
/// 0 stay, 1 up, 2 down
const ACTION_COUNT: u32 = 3u;
const UP: u32 = 1u;
const DOWN: u32 = 2u;

alias Observation = array<u32, 22>;
/// Row, column, channel; channels: 0 chicken, 1 car, 2 to 6 the cell behind a car of speed 1 to 5 (across the
/// edge for a car that has just come from there). A cell is seven bits.
const OBSERVATION_SHAPE: array<u32, 3> = array<u32, 3>(10u, 10u, 7u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

/// New speeds and headings of all cars. A loop of draws: it runs in the few steps that cross the road.
fn drawn_speeds(slowest: u32, rng: ptr<function, Rng>) -> u32 {
    var speeds = 0u;
    for (var i = 0u; i < 8u; i++) {
        let drawn = rng_range(rng, 2u * slowest);
        let speed = select(drawn + 1u, drawn + 9u - slowest, drawn >= slowest);
        speeds |= speed << (4u * i);
    }
    return speeds;
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let speeds = drawn_speeds(params.slowest, rng);
    return State(9u, MOVE_INTERVAL, i32(params.time_limit), 0u, speeds & LOW_BITS, speeds);
}

/// Bit 0 of each nibble that is 0.
fn zero_nibbles(word: u32) -> u32 {
    let halves = word | (word >> 1u);
    return ~(halves | (halves >> 2u)) & ONES;
}

/// The reference moves car after car and looks for the chicken before and after each: only the car in the
/// chicken's row can hit it, and then the chicken is in row 9, which has none. So one test after all moves is equal.
fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let ready = (*state).move_timer == 0u;
    let up = ready && action == UP;
    let down = ready && action == DOWN;
    var chicken = (*state).chicken;
    chicken -= select(0u, 1u, up && chicken > 0u);
    chicken += select(0u, 1u, down && chicken < 9u);
    let move_timer = select((*state).move_timer, MOVE_INTERVAL, up || down);
    (*state).move_timer = move_timer - select(0u, 1u, move_timer > 0u);

    let crossed = chicken == 0u;
    if (crossed) {
        let speeds = drawn_speeds(params.slowest, rng);
        (*state).speeds = speeds;
        (*state).timers = speeds & LOW_BITS;
        chicken = 9u;
    }

    let speeds = (*state).speeds;
    let moves = zero_nibbles((*state).timers);
    (*state).timers = (*state).timers - (ONES ^ moves) + (speeds & LOW_BITS & (moves * 15u));
    let old_columns = (*state).columns;
    let rightward = moves & (speeds >> 3u);
    let leftward = moves ^ rightward;
    // 10 is the only sum with bits 1 and 3; a car at 0 that heads left goes to 9 = 0 + 10 - 1.
    let moved = old_columns + rightward;
    let beyond = (moved >> 3u) & (moved >> 1u) & rightward;
    let columns = moved - beyond * 10u + (zero_nibbles(old_columns) & leftward) * 10u - leftward;
    (*state).columns = columns;

    // Row 9 reads the nibble of row 1 and ignores it.
    let shift = ((chicken - 1u) & 7u) * 4u;
    let hit = ((old_columns >> shift) & 15u) == COLUMN || ((columns >> shift) & 15u) == COLUMN;
    (*state).chicken = select(chicken, 9u, hit);
    (*state).time_left -= 1i;
    return Outcome(select(0.0, 1.0, crossed), (*state).time_left < 0i);
}

/// The column behind a car.
fn behind(column: u32, rightward: bool) -> u32 {
    return select(select(column + 1u, 0u, column == 9u), select(column - 1u, 9u, column == 0u), rightward);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    var words: Observation;
    for (var row = 1u; row < 9u; row++) {
        let column = ((*state).columns >> (4u * (row - 1u))) & 15u;
        let speed = ((*state).speeds >> (4u * (row - 1u))) & 15u;
        let car = row * 70u + column * 7u + 1u;
        let trail = row * 70u + behind(column, speed >= 8u) * 7u + 1u + (speed & 7u);
        let chicken = select(0u, 1u, row == (*state).chicken);
        // A row is seventy bits; where a bit goes is compared with every word of the row, not used as an index.
        for (var w = row * 70u / 32u; w <= (row * 70u + 69u) / 32u; w++) {
            words[w] |= select(0u, 1u << (car & 31u), car / 32u == w)
                | select(0u, 1u << (trail & 31u), trail / 32u == w)
                | select(0u, chicken << ((row * 70u + 28u) & 31u), (row * 70u + 28u) / 32u == w);
        }
    }
    words[0] |= select(0u, 1u << 28u, (*state).chicken == 0u);
    words[20] |= select(0u, 1u << 18u, (*state).chicken == 9u);
    return words;
}

/// A road with dashed lines between two pavements; cars in the colour of their speed, with a fading trail.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = draw_cell(uv, 10u, 10u);
    let p = uv * 10.0;
    let road = draw_box(p, vec2<f32>(5.0), vec2<f32>(6.0, 4.0));
    let dash = draw_box(vec2<f32>(fract(p.x), p.y - round(p.y)), vec2<f32>(0.5, 0.0), vec2<f32>(0.22, 0.025));
    let between = round(p.y) > 1.5 && round(p.y) < 8.5;
    var colour = draw_over(DRAW_MIST, DRAW_INK, draw_cover(road, 0.04));
    colour = draw_over(colour, DRAW_PAPER, select(0.0, 0.45 * draw_cover(dash, 0.04), between));

    let shift = ((at.y - 1u) & 7u) * 4u;
    let column = ((*state).columns >> shift) & 15u;
    let speed = ((*state).speeds >> shift) & 15u;
    let lane = at.y >= 1u && at.y <= 8u;
    let ahead = select(-1.0, 1.0, speed >= 8u);
    let paint = draw_accent((speed & 7u) + 1u);
    // Seen from the car, to its front; a trail behind the edge is at the other side.
    var q = vec2<f32>((p.x - f32(column) - 0.5) * ahead, p.y - f32(at.y) - 0.5);
    q.x -= select(0.0, 10.0, q.x > 8.5);
    let streak = draw_box(q, vec2<f32>(-0.95, 0.0), vec2<f32>(0.5, 0.16));
    colour = draw_over(colour, paint, select(0.0, 0.55 * saturate(q.x + 1.5) * draw_cover(streak, 0.06), lane));
    let body = draw_box(q, vec2<f32>(0.0), vec2<f32>(0.32, 0.18)) - 0.1;
    let window = draw_box(q, vec2<f32>(0.1, 0.0), vec2<f32>(0.08, 0.18)) - 0.02;
    colour = draw_over(colour, paint, select(0.0, draw_cover(body, 0.05), lane));
    colour = draw_over(colour, DRAW_INK, select(0.0, 0.8 * draw_cover(window, 0.04), lane));

    let bird = p - vec2<f32>(f32(COLUMN), f32((*state).chicken)) - 0.5;
    let feathers = min(draw_circle(bird, vec2<f32>(0.0, 0.1), 0.27), draw_circle(bird, vec2<f32>(0.0, -0.2), 0.17));
    let beak = draw_capsule(bird, vec2<f32>(0.0, -0.38), vec2<f32>(0.0, -0.42), 0.05);
    colour = draw_over(colour, DRAW_INK, 0.6 * draw_cover(min(feathers, beak) - 0.05, 0.05));
    colour = draw_over(colour, DRAW_ORANGE, draw_cover(beak, 0.05));
    return draw_over(colour, DRAW_YELLOW, draw_cover(feathers, 0.05));
}
