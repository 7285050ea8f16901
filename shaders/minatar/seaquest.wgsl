//! MinAtar/Seaquest-v1: shoot fish and submarines, pick up divers and bring them to the surface before the air is gone.
//!
//! # Source
//! Young, Tian 2019, "MinAtar"; rules and their order as in minatar 1.0.15, environments/seaquest,
//! registered by it as MinAtar/Seaquest-v1. Transitions without a spawn are equal bit for bit; spawns are
//! equal in distribution. So are its oddities: bringing up six divers leaves -1 aboard, and while the
//! number is negative surfacing lowers it and ends nothing; a submarine shot in the step it fires still fires.
//! # Reward
//! +1 for each enemy shot. Surfacing with six divers: oxygen / 20, rounded down.
//! # Start
//! Submarine in column 5 of row 0, facing left, 200 steps of oxygen, nobody aboard and nothing else around.
//! # End
//! An enemy or its bullet is in the front cell of the submarine, before or after its move; a step begins
//! without oxygen; the submarine surfaces with 0 divers. No time limit.
//! # Version
//! v1: actions none, left, up, right, down, fire (all have an effect). With `ramping`, each surfacing makes enemies
//! come one step sooner, down to one a step, and every second one makes them move one step sooner.
//! # Variants
//! - MinAtar/Seaquest-v0: ACTION_COUNT = 6u; the same actions, as v1 is the minimal set and needs all six.
import package::shared::rng::{Rng, rng_range};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_PINK, DRAW_RED, DRAW_SKY};
import package::shared::draw::{DRAW_YELLOW, draw_box, draw_capsule, draw_cell, draw_circle, draw_cover, draw_over};
import package::shared::draw::{draw_triangle};

const MAX_EPISODE_STEPS: u32 = 0u;
const STICKY_ACTION_PROBABILITY: f32 = 0.1;

const OXYGEN: i32 = 200;
const SPAWN_INTERVAL: u32 = 20u;
const DIVER_INTERVAL: u32 = 30u;
const MOVE_INTERVAL: u32 = 5u;
const SHORTEST_MOVE_INTERVAL: u32 = 2u;
const COOL_DOWN: u32 = 5u;
const ENEMY_SHOT_INTERVAL: u32 = 10u;
/// The least interval of spawns, 1, and of moves, 3 steps a cell, make 30 enemies at most.
const ENEMIES: u32 = 32u;

// A thing in the water is a word: column, row (four bits each), heading, kind, steps until it moves, until it shoots.
// 0 is nothing.
const CELL: u32 = 0xffu;
const RIGHT: u32 = 0x100u;
const SUB: u32 = 0x200u;
const BULLET: u32 = 0x400u;
const MOVE_TIMER: u32 = 11u;
const SHOT_TIMER: u32 = 15u;

// Enemy bullets are bits, three rows of ten columns to a component: two in one cell with one heading never part.
alias Board = vec3<u32>;
const FIRST_COLUMN: u32 = 0x00100401u;

struct Params {
    /// bool; each surfacing makes the game harder
    ramping: u32,
}
const DEFAULT_PARAMS: Params = Params(1u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1u);

struct State {
    /// cell; column of the submarine's front
    x: u32,
    /// cell; row of the submarine, 0 to 8
    y: u32,
    /// bool; it faces right, not left
    rightward: u32,
    /// steps; oxygen left
    oxygen: i32,
    /// divers; aboard
    aboard: i32,
    /// bool; it has not dived since it surfaced
    surfaced: u32,
    /// steps; until it can shoot
    shot_timer: u32,
    /// steps; between spawns of enemies
    spawn_interval: u32,
    /// steps; until the next enemy
    spawn_timer: u32,
    /// steps; until the next diver
    diver_timer: u32,
    /// steps; enemies wait so long between moves
    move_interval: u32,
    /// 1; how often the game has become harder
    ramp_index: u32,
    /// 1; its bullets, the older first: column + 16 row + 0x100 if it goes right + 0x400; 0 is none
    bullets: array<u32, 2>,
    /// 1; divers, the older first: column + 16 row + 0x100 if it goes right + 0x800 steps until it moves; 0 is none
    divers: array<u32, 2>,
    /// 1; bullets going left, bit 10 ((row - 1) % 3) + column of word (row - 1) / 3
    bullets_left: Board,
    /// 1; bullets going right, as `bullets_left`
    bullets_right: Board,
    /// 1; enemies in `enemies`
    count: u32,
    /// 1; the oldest first: as divers, + 0x200 for a submarine, + 0x8000 steps until it shoots; 0 behind the last one
    enemies: array<u32, ENEMIES>,
}

alias Action = u32;
/// 0 stay, 1 left, 2 up, 3 right, 4 down, 5 fire
const ACTION_COUNT: u32 = 6u;

alias Observation = array<u32, 32>;
/// Row, column, channel; channels: 0 front, 1 back, 2 bullet, 3 the cell behind an enemy or diver, 4 enemy bullet,
/// 5 fish, 6 enemy submarine, 7 oxygen and 8 divers aboard (bars in row 9), 9 diver. A cell is ten bits.
const OBSERVATION_SHAPE: array<u32, 3> = array<u32, 3>(10u, 10u, 10u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(5u, 0u, 0u, OXYGEN, 0i, 1u, 0u, SPAWN_INTERVAL, SPAWN_INTERVAL, DIVER_INTERVAL, MOVE_INTERVAL, 0u,
        array<u32, 2>(), array<u32, 2>(), Board(), Board(), 0u, array<u32, ENEMIES>());
}

/// One cell ahead; 0 beyond the edge.
fn moved(thing: u32) -> u32 {
    let column = (thing & 15u) + select(0xffffffffu, 1u, (thing & RIGHT) != 0u);
    return select(0u, (thing & ~15u) | column, column < 10u);
}

/// The bit of a cell of rows 1 to 8; none for row 15.
fn cell_bit(cell: u32) -> Board {
    let row = (cell >> 4u) - 1u;
    return select(Board(), Board(1u << (10u * (row % 3u) + (cell & 15u))), Board(0u, 1u, 2u) == Board(row / 3u));
}

/// Side, row and kind (1 of 3 a submarine) are one draw. No enemy comes where one of its row goes the other way.
fn spawn_enemy(state: ptr<function, State>, rng: ptr<function, Rng>) {
    let drawn = rng_range(rng, 48u);
    let enemy = (((drawn >> 1u) & 7u) + 1u) * 16u + select(9u, RIGHT, (drawn & 1u) == 1u);
    var free = (*state).count < ENEMIES;
    for (var i = 0u; i < (*state).count; i++) {
        free = free && ((enemy ^ (*state).enemies[i]) & (RIGHT | 0xf0u)) != RIGHT;
    }
    if (free) {
        let armed = select(0u, SUB | (ENEMY_SHOT_INTERVAL << SHOT_TIMER), drawn >= 32u);
        (*state).enemies[(*state).count] = enemy | armed | ((*state).move_interval << MOVE_TIMER);
        (*state).count += 1u;
    }
}

/// Moves a bullet. It hits one enemy of its new cell: a fish before a submarine, the oldest. Returns the reward.
fn move_bullet(state: ptr<function, State>, slot: u32) -> u32 {
    let bullet = moved((*state).bullets[slot]);
    var target_key = 0xffffu;
    if (bullet != 0u) {
        for (var i = 0u; i < (*state).count; i++) {
            let enemy = (*state).enemies[i];
            let here = enemy != 0u && ((enemy ^ bullet) & CELL) == 0u;
            target_key = select(target_key, min(target_key, (enemy & SUB) | i), here);
        }
    }
    let hit = target_key != 0xffffu;
    if (hit) {
        // The pass over the enemies closes the gap.
        (*state).enemies[target_key & (ENEMIES - 1u)] = 0u;
    }
    (*state).bullets[slot] = select(bullet, 0u, hit);
    return select(0u, 1u, hit);
}

/// A diver waits and moves, and comes aboard where the submarine is, before or after that.
fn move_diver(state: ptr<function, State>, slot: u32, cell: u32) {
    let diver = (*state).divers[slot];
    let room = diver != 0u && (*state).aboard < 6i;
    let moves = (diver >> MOVE_TIMER) == 0u;
    let waited = select(diver - (1u << MOVE_TIMER), moved(diver) | (MOVE_INTERVAL << MOVE_TIMER), moves);
    let left = select(waited, 0u, diver == 0u || (waited & CELL) == 0u);
    let taken = room && ((diver & CELL) == cell || (left & CELL) == cell);
    (*state).divers[slot] = select(left, 0u, taken);
    (*state).aboard += select(0i, 1i, taken);
}

/// The reference goes through submarines and then fish, from the newest on. Here the order is that of age, with the
/// same result: enemies of one row go one way and come at different times, so no two enter a cell in the same step.
/// Neither does removing while iterating skip any: it goes backwards. Returns (reward, 1 for a collision).
fn move_enemies(state: ptr<function, State>, cell: u32) -> vec2<u32> {
    var first = (*state).bullets[0];
    var second = (*state).bullets[1];
    var kept = 0u;
    var shot = 0u;
    var hit = false;
    for (var i = 0u; i < (*state).count; i++) {
        let enemy = (*state).enemies[i];
        let present = enemy != 0u;
        let moves = present && ((enemy >> MOVE_TIMER) & 15u) == 0u;
        let next = select(enemy, moved(enemy), moves);
        let at = next & CELL;
        hit = hit || (present && ((enemy & CELL) == cell || at == cell));
        let open = moves && next != 0u && at != cell;
        let by_first = open && first != 0u && (first & CELL) == at;
        let by_second = open && !by_first && second != 0u && (second & CELL) == at;
        first = select(first, 0u, by_first);
        second = select(second, 0u, by_second);
        shot += select(0u, 1u, by_first || by_second);
        let armed = (enemy & SUB) != 0u;
        let fires = armed && (enemy >> SHOT_TIMER) == 0u;
        if (fires && next != 0u) {
            let bit = cell_bit(at);
            let right = (enemy & RIGHT) != 0u;
            (*state).bullets_right |= select(Board(), bit, right);
            (*state).bullets_left |= select(bit, Board(), right);
        }
        let waited = select(0u - (1u << MOVE_TIMER), (*state).move_interval << MOVE_TIMER, moves)
            + select(0u, select(0u - (1u << SHOT_TIMER), ENEMY_SHOT_INTERVAL << SHOT_TIMER, fires), armed);
        (*state).enemies[i] = 0u;
        if (next != 0u && !by_first && !by_second) {
            (*state).enemies[kept] = next + waited;
            kept += 1u;
        }
    }
    (*state).count = kept;
    (*state).bullets = array<u32, 2>(select(first, second, first == 0u), select(second, 0u, first == 0u));
    return vec2<u32>(shot, select(0u, 1u, hit));
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    if ((*state).spawn_timer == 0u) {
        spawn_enemy(state, rng);
        (*state).spawn_timer = (*state).spawn_interval;
    }
    if ((*state).diver_timer == 0u) {
        let drawn = rng_range(rng, 16u);
        let diver = ((drawn >> 1u) + 1u) * 16u + select(9u, RIGHT, (drawn & 1u) == 1u);
        // The first of two has left, or been picked up, when a third one comes.
        (*state).divers[select(0u, 1u, (*state).divers[0] != 0u)] = diver | (MOVE_INTERVAL << MOVE_TIMER);
        (*state).diver_timer = DIVER_INTERVAL;
    }
    var x = (*state).x;
    var y = (*state).y;
    if (action == 5u && (*state).shot_timer == 0u) {
        let heading = select(0u, RIGHT, (*state).rightward != 0u);
        (*state).bullets[select(0u, 1u, (*state).bullets[0] != 0u)] = x | (y << 4u) | heading | BULLET;
        (*state).shot_timer = COOL_DOWN;
    }
    x += select(0u, 1u, action == 3u && x < 9u) - select(0u, 1u, action == 1u && x > 0u);
    y += select(0u, 1u, action == 4u && y < 8u) - select(0u, 1u, action == 2u && y > 0u);
    (*state).x = x;
    (*state).y = y;
    (*state).rightward = select(select((*state).rightward, 0u, action == 1u), 1u, action == 3u);

    // Nothing is ever in row 0, so there the submarine counts as being nowhere.
    let cell = select(x | (y << 4u), CELL, y == 0u);
    let by_second = move_bullet(state, 1u);
    let by_first = move_bullet(state, 0u);
    move_diver(state, 1u, cell);
    move_diver(state, 0u, cell);
    let gap = (*state).divers[0] == 0u;
    (*state).divers[0] = select((*state).divers[0], (*state).divers[1], gap);
    (*state).divers[1] = select((*state).divers[1], 0u, gap);
    let met = move_enemies(state, cell);
    let here = cell_bit(cell);
    let before = (*state).bullets_left | (*state).bullets_right;
    (*state).bullets_left = ((*state).bullets_left & Board(~FIRST_COLUMN)) >> Board(1u);
    (*state).bullets_right = ((*state).bullets_right & ~Board(FIRST_COLUMN << 9u)) << Board(1u);
    let struck = ((before | (*state).bullets_left | (*state).bullets_right) & here) != Board();

    (*state).spawn_timer -= select(0u, 1u, (*state).spawn_timer > 0u);
    (*state).diver_timer -= select(0u, 1u, (*state).diver_timer > 0u);
    (*state).shot_timer -= select(0u, 1u, (*state).shot_timer > 0u);
    let oxygen = (*state).oxygen;
    let aboard = (*state).aboard;
    let arrives = y == 0u && (*state).surfaced == 0u;
    let surfaces = arrives && aboard != 0i;
    let full = surfaces && aboard == 6i;
    (*state).surfaced = select((*state).surfaced & select(1u, 0u, y > 0u), 1u, surfaces);
    (*state).oxygen = select(oxygen - select(0i, 1i, y > 0u), OXYGEN, surfaces);
    (*state).aboard = select(aboard, 0i, full) - select(0i, 1i, surfaces);
    let slow = (*state).move_interval > SHORTEST_MOVE_INTERVAL;
    let rare = (*state).spawn_interval > 1u;
    let harder = select(0u, 1u, surfaces && params.ramping != 0u && (slow || rare));
    (*state).move_interval -= select(0u, harder & (*state).ramp_index, slow);
    (*state).spawn_interval -= select(0u, harder, rare);
    (*state).ramp_index += harder;

    let reward = by_first + by_second + met.x + select(0u, u32(oxygen) / 20u, full);
    return Outcome(f32(reward), met.y == 1u || any(struck) || oxygen <= 0i || (arrives && aboard == 0i));
}

fn mark(words: ptr<function, Observation>, cell: u32, channel: u32) {
    let bit = (cell >> 4u) * 100u + (cell & 15u) * 10u + channel;
    (*words)[bit >> 5u] |= 1u << (bit & 31u);
}

/// Bullets, divers and enemies: the (count + 4) things in the water, 0 where there is none.
fn thing_at(state: ptr<function, State>, k: u32) -> u32 {
    if (k >= 4u) {
        return (*state).enemies[k - 4u];
    }
    return select((*state).divers[k & 1u], (*state).bullets[k & 1u], k < 2u);
}

/// Few things are about, so each is put in its place: that costs less than ten boards of bits spread over a thousand.
fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let x = (*state).x;
    let row = (*state).y << 4u;
    var words: Observation;
    mark(&words, row | x, 0u);
    // As in the reference, what is left of column 0 is column 9.
    mark(&words, row | select(min(x + 1u, 9u), select(x - 1u, 9u, x == 0u), (*state).rightward != 0u), 1u);
    for (var k = 0u; k < (*state).count + 4u; k++) {
        let thing = thing_at(state, k);
        if (thing != 0u) {
            mark(&words, thing & CELL, select(select(5u, 6u, (thing & SUB) != 0u), select(9u, 2u, k < 2u), k < 4u));
            let behind = moved(thing ^ RIGHT);
            if (behind != 0u && k >= 2u) {
                mark(&words, behind & CELL, 3u);
            }
        }
    }
    for (var k = 0u; k < 3u; k++) {
        for (var bits = (*state).bullets_left[k] | (*state).bullets_right[k]; bits != 0u; bits &= bits - 1u) {
            let at = countTrailingZeros(bits);
            mark(&words, ((k * 3u + at / 10u + 1u) << 4u) | (at % 10u), 4u);
        }
    }
    let air = max((*state).oxygen, 0i) / 20i;
    for (var c = 0i; c < 10i; c++) {
        if (c < air) {
            mark(&words, 0x90u | u32(c), 7u);
        }
        if (c < 9i && c >= 9i - (*state).aboard) {
            mark(&words, 0x90u | u32(c), 8u);
        }
    }
    return words;
}

/// From a thing in the water to `p`, seen with its front to the right.
fn beside(p: vec2<f32>, thing: u32) -> vec2<f32> {
    let q = p - vec2<f32>(f32(thing & 15u), f32((thing >> 4u) & 15u)) - 0.5;
    return vec2<f32>(select(-q.x, q.x, (thing & RIGHT) != 0u), q.y);
}

/// A yellow submarine of two cells, orange fish, red submarines, green divers; below, air and divers aboard.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let p = uv * 10.0;
    var colour = draw_over(draw_over(DRAW_SKY, DRAW_BLUE, saturate(0.25 * p.y)), DRAW_INK, saturate(0.07 * p.y));
    colour = draw_over(colour, DRAW_PAPER, 0.8 * saturate(1.0 - 8.0 * (p.y - 0.6)));
    for (var k = 0u; k < (*state).count + 4u; k++) {
        let thing = thing_at(state, k);
        let q = beside(p, thing);
        let body = draw_capsule(q, vec2<f32>(-0.1, 0.06), vec2<f32>(0.16, 0.06), 0.18);
        let tail = draw_triangle(q, vec2<f32>(-0.1, 0.06), vec2<f32>(-0.42, -0.14), vec2<f32>(-0.42, 0.26));
        let tower = draw_box(q, vec2<f32>(0.0, -0.2), vec2<f32>(0.1, 0.14));
        let swimmer = min(draw_circle(q, vec2<f32>(0.2, -0.08), 0.12),
            draw_capsule(q, vec2<f32>(0.06, 0.0), vec2<f32>(-0.32, 0.08), 0.08));
        let bolt = draw_box(q, vec2<f32>(0.0), vec2<f32>(0.2, 0.04));
        let armed = (thing & SUB) != 0u;
        let enemy = max(min(body, select(tail, tower, armed)), -draw_circle(q, vec2<f32>(0.2, 0.02), 0.05));
        let shape = select(enemy, select(swimmer, bolt, k < 2u), k < 4u);
        let paint = select(select(DRAW_ORANGE, DRAW_RED, armed), select(DRAW_GREEN, DRAW_YELLOW, k < 2u), k < 4u);
        colour = draw_over(colour, paint, select(0.0, draw_cover(shape, 0.05), thing != 0u));
    }
    let at = draw_cell(uv, 10u, 10u);
    let theirs = any((((*state).bullets_left | (*state).bullets_right) & cell_bit(at.x | (at.y << 4u))) != Board());
    let spike = draw_box(p, vec2<f32>(at) + 0.5, vec2<f32>(0.16, 0.05));
    colour = draw_over(colour, DRAW_PINK, select(0.0, draw_cover(spike, 0.05), theirs && at.y > 0u));

    let mine = beside(p, (*state).x | ((*state).y << 4u) | ((*state).rightward << 8u)) + vec2<f32>(0.45, 0.0);
    let hull = min(draw_capsule(mine, vec2<f32>(-0.55, 0.08), vec2<f32>(0.6, 0.08), 0.24),
        draw_box(mine, vec2<f32>(0.1, -0.22), vec2<f32>(0.16, 0.16)));
    let window = draw_circle(mine, vec2<f32>(0.5, 0.06), 0.1);
    colour = draw_over(draw_over(colour, DRAW_YELLOW, draw_cover(hull, 0.05)), DRAW_INK, draw_cover(window, 0.05));
    let air = draw_box(p, vec2<f32>(0.0, 9.5), vec2<f32>(0.05 * f32(max((*state).oxygen, 0i)), 0.2));
    colour = draw_over(draw_over(colour, DRAW_INK, select(0.0, 0.8, p.y > 9.0)), DRAW_SKY, draw_cover(air, 0.05));
    let badge = draw_circle(p, vec2<f32>(floor(p.x) + 0.5, 9.5), 0.2);
    let counted = at.x < 9u && i32(at.x) >= 9i - (*state).aboard;
    return draw_over(colour, DRAW_GREEN, select(0.0, draw_cover(badge, 0.05), counted));
}
