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
//! An enemy or a torpedo is in the front cell of the submarine, before or after its move; a step begins
//! without oxygen; the submarine surfaces with 0 divers. No time limit.
//! # Version
//! v1: actions none, left, up, right, down, fire (all have an effect). With `ramping`, each surfacing makes enemies
//! come one step sooner, down to one a step, and every second one makes them move one step sooner.
//! # Variants
//! - MinAtar/Seaquest-v0: ACTION_COUNT = 6u; the same actions, as v1 is the minimal set and needs all six.
import package::shared::rng::{Rng, rng_range};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_GREEN, DRAW_INK, DRAW_SKY, draw_accent, draw_box, draw_capsule, draw_circle};
import package::shared::draw::{draw_cover, draw_over, draw_triangle};

const MAX_EPISODE_STEPS: u32 = 0u;
const STICKY_ACTION_PROBABILITY: f32 = 0.1;

const OXYGEN: i32 = 200;
const SPAWN_INTERVAL: u32 = 20u;
const DIVER_INTERVAL: u32 = 30u;
const MOVE_INTERVAL: u32 = 5u;
const COOL_DOWN: u32 = 5u;
const TORPEDO_INTERVAL: u32 = 10u;

// The parts of a word of `State::things`. A kind has the number of its channel.
const ROW: u32 = 0xf0u;
const RIGHT: u32 = 0x100u;
const THERE: u32 = 0x200u;
const CELL: u32 = 0x2ffu;
const ENEMY: u32 = 0x400u;
const KIND: u32 = 0x7c00u;
const CHANNEL_SHIFT: u32 = 11u;
const BULLET: u32 = 0x1000u;
const TORPEDO: u32 = 0x2000u;
const FISH: u32 = 0x2c00u;
const SUB: u32 = 0x3400u;
const DIVER: u32 = 0x4800u;
const MOVE_TICK: u32 = 0x8000u;
const MOVE_TIMER: u32 = 0x78000u;
const FIRE_TICK: u32 = 0x80000u;

/// Place 0 is the submarine's, 1 and 2 are its bullets', the older first.
const OTHERS: u32 = 3u;
/// One enemy a step, 30 steps to cross, in 8 of which a submarine has a torpedo, and two divers: 40 others at most.
const THINGS: u32 = 44u;
const NOWHERE: u32 = 63u;

struct Params {
    /// bool; each surfacing makes the game harder
    ramping: u32,
}
const DEFAULT_PARAMS: Params = Params(1u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1u);

struct State {
    /// steps; oxygen left
    oxygen: i32,
    /// divers; aboard
    aboard: i32,
    /// steps; until the submarine can shoot
    shot_timer: u32,
    /// steps; until the next enemy
    spawn_timer: u32,
    /// steps; until the next diver
    diver_timer: u32,
    /// 1; how often the game has become harder
    ramp_index: u32,
    /// 1; places in use of `things`
    count: u32,
    /// 1; submarine, two bullets, enemies and divers from the newest on, torpedoes; 0 for none, else column + 16 row
    /// + 0x100 if it goes right + 0x200 + 0x400 for an enemy + 0x800 channel + 0x8000 steps until it moves + 0x80000
    /// steps until it fires
    things: array<u32, THINGS>,
}

alias Action = u32;
/// 0 stay, 1 left, 2 up, 3 right, 4 down, 5 fire
const ACTION_COUNT: u32 = 6u;

alias Observation = array<u32, 32>;
/// Row, column, channel; channels: 0 front, 1 back, 2 bullet, 3 the cell behind an enemy or diver, 4 torpedo,
/// 5 fish, 6 enemy submarine, 7 oxygen and 8 divers aboard (bars in row 9), 9 diver. A cell is ten bits.
const OBSERVATION_SHAPE: array<u32, 3> = array<u32, 3>(10u, 10u, 10u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var things: array<u32, THINGS>;
    things[0] = THERE | 5u;
    return State(OXYGEN, 0i, 0u, SPAWN_INTERVAL, DIVER_INTERVAL, 0u, OTHERS, things);
}

fn together(a: u32, b: u32) -> bool {
    return ((a ^ b) & CELL) == 0u;
}

/// One cell ahead, to wait there for so many steps; nothing beyond the edge.
fn moved(thing: u32, wait: u32) -> u32 {
    let column = (thing & 15u) + select(0xffffffffu, 1u, (thing & RIGHT) != 0u);
    return select(0u, (thing & ~15u) + column + wait * MOVE_TICK, column < 10u);
}

/// A thing that comes from one of the sides of rows 1 to 8.
fn arrival(drawn: u32, kind: u32, wait: u32) -> u32 {
    let side = select(9u, RIGHT, (drawn & 1u) == 1u);
    return (((drawn << 3u) & 0x70u) + 0x10u) | side | THERE | kind | (wait * MOVE_TICK);
}

/// Puts an enemy or a diver before the others: the reference goes through them from the newest on.
fn insert(state: ptr<function, State>, thing: u32) {
    var carried = thing;
    for (var i = OTHERS; i <= (*state).count; i++) {
        let next = (*state).things[i];
        (*state).things[i] = carried;
        carried = next;
    }
    (*state).count += 1u;
}

/// Place of an enemy that has the bits of `pattern` where `mask` has ones: a fish before a submarine, the oldest.
fn find_enemy(state: ptr<function, State>, pattern: u32, mask: u32) -> u32 {
    // The least of kind minus place: kinds are multiples of 64, and the oldest has the highest place.
    var best = ~(NOWHERE - 1u);
    for (var i = OTHERS; i < (*state).count; i++) {
        let thing = (*state).things[i];
        let found = ((thing ^ (pattern | ENEMY)) & (mask | ENEMY)) == 0u;
        best = select(best, min(best, (thing & KIND) - i), found);
    }
    return (0u - best) & NOWHERE;
}

/// Moves the bullets, each of which hits one enemy of its new cell: that is 0 from now on.
fn move_bullets(state: ptr<function, State>) {
    for (var place = 1u; place < OTHERS; place++) {
        (*state).things[place] = moved((*state).things[place], 0u);
        if ((*state).things[place] != 0u) {
            let enemy_place = find_enemy(state, (*state).things[place], CELL);
            if (enemy_place != NOWHERE) {
                (*state).things[place] = 0u;
                (*state).things[enemy_place] = 0u;
            }
        }
    }
}

/// Moves the others, torpedoes last: those fired now move too. Returns the reward and the end that come of it.
fn move_others(state: ptr<function, State>, enemy_wait: u32) -> Outcome {
    let submarine = (*state).things[0];
    var bullets = vec2<u32>((*state).things[1], (*state).things[2]);
    var kept = OTHERS;
    var outcome = Outcome(0.0, false);
    for (var i = OTHERS; i < (*state).count; i++) {
        let old = (*state).things[i];
        let kind = old & KIND;
        let wait = select(select(enemy_wait, MOVE_INTERVAL, kind == DIVER), 0u, kind == TORPEDO);
        let next = select(old - MOVE_TICK, moved(old, wait), (old & MOVE_TIMER) == 0u);
        let meets = together(old, submarine) || together(next, submarine);
        let boards = meets && kind == DIVER && (*state).aboard < 6i;
        (*state).aboard += select(0i, 1i, boards);
        outcome.terminated = outcome.terminated || (meets && kind != DIVER);
        // No enemy was where a bullet is left, so one that is there has moved.
        let hits = vec2<bool>((next & ENEMY) != 0u) & vec2<bool>(together(next, bullets.x), together(next, bullets.y));
        bullets = select(bullets, vec2<u32>(), hits);
        let shot = old == 0u || any(hits);
        outcome.reward += select(0.0, 1.0, shot);
        let fires = kind == SUB && old < FIRE_TICK;
        if (fires && next != 0u) {
            (*state).things[(*state).count] = (next & (CELL | RIGHT)) | TORPEDO;
            (*state).count += 1u;
        }
        (*state).things[i] = 0u;
        if (next != 0u && !boards && !shot) {
            let timed = select(next - FIRE_TICK, next + TORPEDO_INTERVAL * FIRE_TICK, fires);
            (*state).things[kept] = select(next, timed, kind == SUB);
            kept += 1u;
        }
    }
    (*state).count = kept;
    (*state).things[1] = select(bullets.x, bullets.y, bullets.x == 0u);
    (*state).things[2] = select(bullets.y, 0u, bullets.x == 0u);
    return outcome;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let ramp_index = (*state).ramp_index;
    let wait = MOVE_INTERVAL - min(ramp_index / 2u, 3u);
    if ((*state).spawn_timer == 0u) {
        (*state).spawn_timer = SPAWN_INTERVAL - ramp_index;
        // Side, row and kind (1 of 3 a submarine). None comes where one of its row goes the other way.
        let drawn = rng_range(rng, 48u);
        let enemy = arrival(drawn, select(FISH, SUB + TORPEDO_INTERVAL * FIRE_TICK, drawn >= 32u), wait);
        if (find_enemy(state, enemy ^ RIGHT, ROW | RIGHT) == NOWHERE) {
            insert(state, enemy);
        }
    }
    if ((*state).diver_timer == 0u) {
        (*state).diver_timer = DIVER_INTERVAL;
        insert(state, arrival(rng_range(rng, 16u), DIVER, MOVE_INTERVAL));
    }
    let old = (*state).things[0];
    if (action == 5u && (*state).shot_timer == 0u) {
        (*state).shot_timer = COOL_DOWN;
        (*state).things[select(1u, 2u, (*state).things[1] != 0u)] = old | BULLET;
    }
    (*state).spawn_timer -= 1u;
    (*state).diver_timer -= 1u;
    (*state).shot_timer -= select(0u, 1u, (*state).shot_timer > 0u);

    let turned = select(old & ~RIGHT, old | RIGHT, action == 3u);
    let ahead = moved(turned, 0u);
    var submarine = select(old, select(ahead, turned, ahead == 0u), action == 1u || action == 3u);
    submarine -= select(0u, 0x10u, action == 2u && (old & ROW) > 0u);
    submarine += select(0u, 0x10u, action == 4u && (old & ROW) < 0x80u);
    (*state).things[0] = submarine;
    move_bullets(state);
    let met = move_others(state, wait);

    let oxygen = (*state).oxygen;
    let aboard = (*state).aboard;
    let dives = (submarine & ROW) > 0u;
    let arrives = !dives && (old & ROW) > 0u;
    let surfaces = arrives && aboard != 0i;
    let full = surfaces && aboard == 6i;
    (*state).oxygen = select(oxygen - select(0i, 1i, dives), OXYGEN, surfaces);
    (*state).aboard = select(aboard, 0i, full) - select(0i, 1i, surfaces);
    (*state).ramp_index += select(0u, 1u, surfaces && params.ramping != 0u && ramp_index + 1u < SPAWN_INTERVAL);
    let reward = met.reward + f32(select(0i, oxygen / 20i, full));
    return Outcome(reward, met.terminated || oxygen <= 0i || (arrives && aboard == 0i));
}

fn mark(words: ptr<function, Observation>, thing: u32, channel: u32, wanted: bool) {
    let bit = ((thing & ROW) >> 4u) * 100u + (thing & 15u) * 10u + channel;
    (*words)[bit >> 5u] |= select(0u, 1u << (bit & 31u), wanted);
}

/// Few things are about, so each is put in its place: that costs less than ten boards of bits spread over a thousand.
fn observe(params: Params, state: ptr<function, State>) -> Observation {
    var words: Observation;
    for (var k = 0u; k < (*state).count; k++) {
        let thing = (*state).things[k];
        let behind = moved(thing ^ RIGHT, 0u);
        mark(&words, thing, (thing & KIND) >> CHANNEL_SHIFT, thing != 0u);
        mark(&words, behind, 3u, behind != 0u && (thing & KIND) >= FISH);
    }
    // As in the reference, what is left of column 0 is column 9.
    let back = moved((*state).things[0] ^ RIGHT, 0u);
    mark(&words, select(back, (*state).things[0] | 9u, back == 0u), 1u, true);
    for (var c = 0i; c < 10i; c++) {
        mark(&words, 0x90u + u32(c), 7u, c < (*state).oxygen / 20i);
        mark(&words, 0x98u - u32(c), 8u, c < (*state).aboard);
    }
    return words;
}

/// A submarine of two cells and its bullets; fish, submarines and torpedoes; divers. Below, air and divers aboard.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let p = uv * 10.0;
    var colour = draw_over(DRAW_INK, DRAW_SKY, saturate(0.3 - 0.03 * p.y));
    for (var k = 0u; k < (*state).count; k++) {
        let thing = (*state).things[k];
        let kind = thing & KIND;
        // Seen with its front to the right; the middle of the submarine is half a cell behind.
        let at = p - vec2<f32>(f32(thing & 15u), f32((thing & ROW) >> 4u)) - 0.5;
        let q = vec2<f32>(select(-at.x, at.x, (thing & RIGHT) != 0u) + select(0.0, 0.45, k == 0u), at.y);
        let length = select(0.15, 0.5, k == 0u);
        let radius = select(select(0.06, 0.17, (kind & ENEMY) != 0u), 0.22, k == 0u);
        let hull = draw_capsule(q, vec2<f32>(-length, 0.06), vec2<f32>(length, 0.06), radius);
        let tower = draw_box(q, vec2<f32>(0.0, -0.2), vec2<f32>(0.1, 0.14));
        let tail = draw_triangle(q, vec2<f32>(-0.1, 0.06), vec2<f32>(-0.42, -0.14), vec2<f32>(-0.42, 0.26));
        let head = draw_circle(q, vec2<f32>(0.2, -0.08), 0.12);
        let eye = draw_circle(q, vec2<f32>(length, 0.04), 0.06);
        let whole = max(min(hull, select(select(tower, tail, kind == FISH), head, kind == DIVER)), -eye);
        let shape = select(whole, hull, kind == BULLET || kind == TORPEDO);
        let cover = select(0.0, draw_cover(shape, 0.05), thing != 0u);
        colour = draw_over(colour, draw_accent((kind >> CHANNEL_SHIFT) + 6u), cover);
    }
    let air = draw_box(p, vec2<f32>(0.0, 9.5), vec2<f32>(0.05 * f32(max((*state).oxygen, 0i)), 0.2));
    colour = draw_over(colour, DRAW_SKY, draw_cover(air, 0.05));
    let badge = draw_circle(p, vec2<f32>(floor(p.x) + 0.5, 9.5), 0.2);
    let counted = p.x < 9.0 && p.x >= 9.0 - f32((*state).aboard);
    return draw_over(colour, DRAW_GREEN, select(0.0, draw_cover(badge, 0.05), counted));
}
