//! Roguelike-v0: find the stairs of a cave full of mobs, seeing only what a torch lights.
//! An example of a large state: 1,024 cells and 24 mobs stay in the memory of the instance, as does the map it grows from.
//!
//! # Source
//! Written for this project.
//! # Reward
//! +10 on the stairs, +1 for each mob killed, +0.01 for each cell seen first, -5 on death.
//! # Start
//! A cave grown by a cellular automaton from noise, hero, mobs and stairs on free cells, the stairs far from the hero.
//! # End
//! The hero stands on the stairs or has no health left; truncated after 500 steps.
//! # Version
//! v0: first version.
import package::shared::rng::{Rng, rng_next, rng_range, rng_uniform};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 500u;
const SIZE: i32 = 32;
const CELLS: u32 = 1024u;
const MOBS: u32 = 24u;
/// Cells to each side of the hero that the view shows.
const REACH: i32 = 4;

const WALL: u32 = 0u;
const FLOOR: u32 = 1u;
const STAIRS: u32 = 2u;
/// Bit of a cell that the hero has seen.
const SEEN: u32 = 16u;

struct Params {
    /// probability; of noise to be a wall before the cave is grown
    density: f32,
    /// 1; rounds of the automaton
    rounds: u32,
    /// 1; health that a mob starts with
    mob_health: i32,
    /// probability; of a mob to move towards the hero rather than anywhere
    hunt: f32,
}
const DEFAULT_PARAMS: Params = Params(0.44, 4u, 3, 0.7);
const PARAMS_LOW: Params = Params(0.3, 1u, 1, 0.0);
const PARAMS_HIGH: Params = Params(0.5, 6u, 9, 1.0);

struct Mob {
    /// cell; column and row
    at: vec2<i32>,
    /// 1; health, dead at 0
    health: i32,
}

struct State {
    /// 1; WALL, FLOOR or STAIRS, with SEEN, row by row
    cells: array<u32, CELLS>,
    /// 1; mobs, dead ones included
    mobs: array<Mob, MOBS>,
    /// cell; column and row of the hero
    hero: vec2<i32>,
    /// 1; health of the hero, at most 20
    health: i32,
    /// 1; mobs killed so far
    kills: u32,
}

alias Action = u32;
/// 0 right, 1 down, 2 left, 3 up (into a mob: strike it), 4 rest
const ACTION_COUNT: u32 = 5u;

alias Observation = array<u32, 21>;
/// Row, column around the hero; 0 dark, 1 wall, 2 floor, 3 stairs, 4 and more: a mob with 1 and more health; the three
/// bytes behind the view: health, mobs killed, 0.
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(84u);
const OBSERVATION_BITS: u32 = 8u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 255u;

const SIDES: array<vec2<i32>, 4> =
    array<vec2<i32>, 4>(vec2<i32>(1, 0), vec2<i32>(0, 1), vec2<i32>(-1, 0), vec2<i32>(0, -1));

fn index(at: vec2<i32>) -> u32 {
    return u32(at.y * SIZE + at.x);
}

fn cell(i: u32) -> vec2<i32> {
    return vec2<i32>(i32(i) % SIZE, i32(i) / SIZE);
}

fn inside(at: vec2<i32>) -> bool {
    return all(at >= vec2<i32>(0)) && all(at < vec2<i32>(SIZE));
}

fn is_free(state: ptr<function, State>, at: vec2<i32>) -> bool {
    return inside(at) && ((*state).cells[index(at)] & 15u) != WALL;
}

/// The living mob on a cell, MOBS if there is none.
fn mob_at(state: ptr<function, State>, at: vec2<i32>) -> u32 {
    for (var i = 0u; i < MOBS; i++) {
        if ((*state).mobs[i].health > 0 && all((*state).mobs[i].at == at)) {
            return i;
        }
    }
    return MOBS;
}

fn grow(state: ptr<function, State>) {
    var before = (*state).cells;
    for (var i = 0u; i < CELLS; i++) {
        let at = cell(i);
        var walls = 0u;
        for (var k = 0; k < 9; k++) {
            let other = at + vec2<i32>(k % 3 - 1, k / 3 - 1);
            if (!inside(other) || before[index(other)] == WALL) {
                walls++;
            }
        }
        (*state).cells[i] = select(FLOOR, WALL, walls >= 5u);
    }
}

/// A free cell, by the first one behind a random place; the middle is made free if there is none.
fn free_cell(state: ptr<function, State>, rng: ptr<function, Rng>) -> vec2<i32> {
    let first = rng_range(rng, CELLS);
    for (var k = 0u; k < CELLS; k++) {
        let i = (first + k) % CELLS;
        if ((*state).cells[i] == FLOOR) {
            return cell(i);
        }
    }
    let middle = vec2<i32>(SIZE / 2);
    (*state).cells[index(middle)] = FLOOR;
    return middle;
}

fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    for (var i = 0u; i < CELLS; i++) {
        (*state).cells[i] = select(FLOOR, WALL, rng_uniform(rng) < params.density);
    }
    for (var round = 0u; round < params.rounds; round++) {
        grow(state);
    }
    (*state).hero = free_cell(state, rng);
    (*state).health = 20;
    var stairs = free_cell(state, rng);
    for (var k = 0u; k < 20u; k++) {
        let other = free_cell(state, rng);
        let near = abs(stairs - (*state).hero);
        let far = abs(other - (*state).hero);
        stairs = select(stairs, other, far.x + far.y > near.x + near.y);
    }
    (*state).cells[index(stairs)] = STAIRS;
    for (var i = 0u; i < MOBS; i++) {
        let at = free_cell(state, rng);
        (*state).mobs[i].at = at;
        (*state).mobs[i].health = select(params.mob_health, 0, all(at == (*state).hero));
    }
    _ = light(state);
}

/// Marks the cells of the view as seen; gives how many are new.
fn light(state: ptr<function, State>) -> u32 {
    var found = 0u;
    for (var k = 0; k < 81; k++) {
        let at = (*state).hero + vec2<i32>(k % 9 - REACH, k / 9 - REACH);
        if (inside(at) && is_lit(state, at)) {
            let i = index(at);
            found += select(1u, 0u, ((*state).cells[i] & SEEN) != 0u);
            (*state).cells[i] |= SEEN;
        }
    }
    return found;
}

/// Whether no wall stands between the hero and a cell.
fn is_lit(state: ptr<function, State>, at: vec2<i32>) -> bool {
    let way = at - (*state).hero;
    let steps = max(abs(way.x), abs(way.y));
    for (var k = 1; k < steps; k++) {
        // Rounded to the nearest cell, in integers.
        let doubled = way * (2 * k) + vec2<i32>(steps) * sign(way);
        if (!is_free(state, (*state).hero + doubled / (2 * steps))) {
            return false;
        }
    }
    return true;
}

fn move_mob(params: Params, state: ptr<function, State>, mob: u32, rng: ptr<function, Rng>) {
    let way = (*state).hero - (*state).mobs[mob].at;
    let wander = SIDES[rng_next(rng) >> 30u];
    let hunted = select(vec2<i32>(0, sign(way.y)), vec2<i32>(sign(way.x), 0), abs(way.x) > abs(way.y));
    let hunts = rng_uniform(rng) < params.hunt && abs(way.x) + abs(way.y) <= 8;
    let next = (*state).mobs[mob].at + select(wander, hunted, hunts);
    if (all(next == (*state).hero)) {
        (*state).health -= 1;
    } else if (is_free(state, next) && mob_at(state, next) == MOBS) {
        (*state).mobs[mob].at = next;
    }
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var reward = 0.0;
    if (action < 4u) {
        let next = (*state).hero + SIDES[action];
        let struck = mob_at(state, next);
        if (struck < MOBS) {
            (*state).mobs[struck].health -= 1;
            let killed = (*state).mobs[struck].health == 0;
            (*state).kills += select(0u, 1u, killed);
            reward += select(0.0, 1.0, killed);
        } else if (is_free(state, next)) {
            (*state).hero = next;
        }
    }
    (*state).health = min((*state).health + select(0, 1, action == 4u), 20);
    for (var i = 0u; i < MOBS; i++) {
        if ((*state).mobs[i].health > 0) {
            move_mob(params, state, i, rng);
        }
    }
    reward += 0.01 * f32(light(state));
    let arrived = (*state).cells[index((*state).hero)] == (STAIRS | SEEN);
    let dead = (*state).health <= 0;
    reward += select(0.0, 10.0, arrived) - select(0.0, 5.0, dead);
    return Outcome(reward, arrived || dead);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    var view = Observation();
    for (var k = 0; k < 81; k++) {
        let at = (*state).hero + vec2<i32>(k % 9 - REACH, k / 9 - REACH);
        if (inside(at) && is_lit(state, at)) {
            let mob = mob_at(state, at);
            let seen = ((*state).cells[index(at)] & 15u) + 1u;
            let shown = select(seen, 3u + u32((*state).mobs[mob].health), mob < MOBS);
            view[k / 4] |= shown << (8u * (u32(k) & 3u));
        }
    }
    view[20] |= (u32(max((*state).health, 0)) << 8u) | (min((*state).kills, 255u) << 16u);
    return view;
}

fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = vec2<i32>(uv * f32(SIZE));
    let cell = (*state).cells[index(clamp(at, vec2<i32>(0), vec2<i32>(SIZE - 1)))];
    var colour = select(vec3<f32>(0.25, 0.22, 0.2), vec3<f32>(0.75, 0.7, 0.62), (cell & 15u) != WALL);
    colour = select(colour, vec3<f32>(0.9, 0.8, 0.1), (cell & 15u) == STAIRS);
    colour = select(colour * 0.5, colour, (cell & SEEN) != 0u);
    colour = select(colour, vec3<f32>(0.8, 0.15, 0.1), mob_at(state, at) < MOBS);
    return select(colour, vec3<f32>(0.1, 0.35, 0.9), all(at == (*state).hero));
}
