//! MinAtar/Asterix-v1: collect gold that crosses the screen and keep away from the enemies that look alike.
//!
//! # Source
//! Young, Tian 2019, "MinAtar"; rules and their order as in minatar 1.0.15, environments/asterix,
//! registered by it as MinAtar/Asterix-v1 (minimal action set). Transitions without a spawn are equal
//! bit for bit; spawns are equal in distribution. The reference's shot timer is never used and left out.
//! # Reward
//! +1 for each gold that the player runs into or that runs into the player, else 0.
//! # Start
//! Player in column 5, row 5; no entities; the first one comes in the step after 10 steps.
//! # End
//! Player and enemy are in the same cell, after the player's move or after the enemies'. No time limit.
//! # Version
//! v1: actions none, left, up, right, down. Rows 1 to 8 hold one entity each, enemy or gold (1 of 3), and the player
//! stays in these rows. With `ramping`, every 102 steps entities come one step sooner, down to one a step, and
//! every second time they also move one step sooner.
//! # Variants
//! - MinAtar/Asterix-v0: ACTION_COUNT = 6u; all six actions of MinAtar (none, left, up, right, down, fire), of which
//!   fire does nothing in this game.
import package::shared::rng::{Rng, rng_range};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_RED, DRAW_SKY, DRAW_YELLOW};
import package::shared::draw::{draw_box, draw_cell, draw_cell_uv, draw_circle, draw_cover, draw_over, draw_tile};

const MAX_EPISODE_STEPS: u32 = 0u;
const STICKY_ACTION_PROBABILITY: f32 = 0.1;

/// Steps that the ramp timer counts down; the step that finds 0 raises the difficulty.
const RAMP_INTERVAL: u32 = 101u;

// Eight entities are eight nibbles of a word, row y at bits 4 (y - 1), so all of them move in a few operations.
const ONES: u32 = 0x11111111u;
const PRESENT: u32 = 1u;
const RIGHT: u32 = 2u;
const GOLD: u32 = 4u;

struct Params {
    /// bool; entities come and move sooner as time goes by
    ramping: u32,
    /// steps; from one spawn to the next, at the start
    spawn_interval: u32,
    /// steps; from one move of the entities to the next, at the start
    move_interval: u32,
}
const DEFAULT_PARAMS: Params = Params(1u, 10u, 5u);
const PARAMS_LOW: Params = Params(0u, 1u, 1u);
const PARAMS_HIGH: Params = Params(1u, 50u, 50u);

struct State {
    /// cell; column of the player
    player_x: u32,
    /// cell; row of the player, 1 to 8
    player_y: u32,
    /// cell; column of the entity in row y, nibble y - 1; 0 where there is none
    columns: u32,
    /// 1; 0 for no entity in row y, else 1, plus 2 if it goes right, plus 4 if it is gold; nibble y - 1
    kinds: u32,
    /// steps; between spawns
    spawn_interval: u32,
    /// steps; until the next spawn
    spawn_timer: u32,
    /// steps; between moves of the entities
    move_interval: u32,
    /// steps; until the next move of the entities
    move_timer: u32,
    /// steps; until the difficulty rises, the reference's counter plus 1
    ramp_timer: u32,
    /// 1; how often the difficulty has risen
    ramp_index: u32,
}

alias Action = u32;
/// 0 stay, 1 left, 2 up, 3 right, 4 down
const ACTION_COUNT: u32 = 5u;

alias Observation = array<u32, 13>;
/// Row, column, channel; channels: 0 player, 1 enemy, 2 the cell behind an entity, 3 gold. A cell is four bits, a word
/// eight cells.
const OBSERVATION_SHAPE: array<u32, 3> = array<u32, 3>(10u, 10u, 4u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(5u, 5u, 0u, 0u, params.spawn_interval, params.spawn_interval,
        params.move_interval, params.move_interval, RAMP_INTERVAL, 0u);
}

/// Bit 0 of each nibble that is 0.
fn zero_nibbles(word: u32) -> u32 {
    let halves = word | (word >> 1u);
    return ~(halves | (halves >> 2u)) & ONES;
}

/// Puts an entity into a random free row, if there is one. The draws of the reference (side, gold, row) are one draw
/// of their combinations.
fn spawn(state: ptr<function, State>, rng: ptr<function, Rng>) {
    let free = ~(*state).kinds & ONES;
    // Nibble i of the product counts the free rows up to row i + 1; the top one counts all.
    let counts = free * ONES;
    let drawn = rng_range(rng, 6u * (counts >> 28u));
    let rank = drawn / 6u;
    let kind = drawn - rank * 6u;
    let row = zero_nibbles(counts ^ ((rank + 1u) * ONES)) & free;
    let rightward = (kind & 1u) == 1u;
    (*state).columns |= row * select(9u, 0u, rightward);
    (*state).kinds |= row * (PRESENT + select(0u, RIGHT, rightward) + select(0u, GOLD, kind < 2u));
}

/// What is in the player's cell: 0, or a nibble of `kinds`. Takes it away where it is gold.
fn meet(state: ptr<function, State>) -> u32 {
    let shift = ((*state).player_y - 1u) * 4u;
    let here = (((*state).columns >> shift) & 15u) == (*state).player_x;
    let kind = select(0u, ((*state).kinds >> shift) & 15u, here);
    let taken = select(0u, 15u, (kind & GOLD) != 0u) << shift;
    (*state).columns &= ~taken;
    (*state).kinds &= ~taken;
    return kind;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    if ((*state).spawn_timer == 0u) {
        spawn(state, rng);
        (*state).spawn_timer = (*state).spawn_interval;
    }
    let x = (*state).player_x;
    let y = (*state).player_y;
    (*state).player_x = x + select(0u, 1u, action == 3u && x < 9u) - select(0u, 1u, action == 1u && x > 0u);
    (*state).player_y = y + select(0u, 1u, action == 4u && y < 8u) - select(0u, 1u, action == 2u && y > 1u);

    let met = meet(state);
    let moving = (*state).move_timer == 0u;
    (*state).move_timer = select((*state).move_timer, (*state).move_interval, moving) - 1u;
    let kinds = (*state).kinds;
    let rightward = select(0u, (kinds >> 1u) & ONES, moving);
    let leftward = select(0u, kinds & ~(kinds >> 1u) & ONES, moving);
    // At the edges nothing is carried into the next row: what leaves is left out of the sum.
    let at_right = rightward & zero_nibbles((*state).columns ^ (9u * ONES));
    let at_left = leftward & zero_nibbles((*state).columns);
    let stays = ~((at_right | at_left) * 15u);
    (*state).columns = ((*state).columns & stays) + (rightward ^ at_right) - (leftward ^ at_left);
    (*state).kinds = kinds & stays;
    // Without a move there is nothing new to meet: gold is gone already, an enemy has ended the game.
    let met_then = meet(state);

    (*state).spawn_timer -= 1u;
    let ramps = params.ramping != 0u && max((*state).spawn_interval, (*state).move_interval) > 1u;
    let harder = ramps && (*state).ramp_timer == 0u;
    let odd = (*state).ramp_index & 1u;
    (*state).move_interval -= select(0u, odd, harder && (*state).move_interval > 1u);
    (*state).spawn_interval -= select(0u, 1u, harder && (*state).spawn_interval > 1u);
    (*state).ramp_index += select(0u, 1u, harder);
    (*state).ramp_timer = select((*state).ramp_timer - select(0u, 1u, ramps), RAMP_INTERVAL, harder);

    let gold = ((met | met_then) & GOLD) != 0u;
    let caught = (met & (PRESENT | GOLD)) == PRESENT || (met_then & (PRESENT | GOLD)) == PRESENT;
    return Outcome(select(0.0, 1.0, gold), caught);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    var words: Observation;
    for (var row = 0u; row < 10u; row++) {
        let shift = ((row - 1u) & 7u) * 4u;
        let column = ((*state).columns >> shift) & 15u;
        let kind = select(0u, ((*state).kinds >> shift) & 15u, row >= 1u && row <= 8u);
        let behind = select(column + 1u, column - 1u, (kind & RIGHT) != 0u);
        let player = select(0u, 1u, row == (*state).player_y) << (4u * ((*state).player_x & 7u));
        let body = select(0u, select(2u, 8u, (kind & GOLD) != 0u), kind != 0u) << (4u * (column & 7u));
        let trail = select(0u, 4u, kind != 0u && behind < 10u) << (4u * (behind & 7u));
        // A row is forty bits: eight cells, and two more.
        let first = select(player, 0u, (*state).player_x >= 8u) | select(body, 0u, column >= 8u)
            | select(trail, 0u, behind >= 8u);
        let last = (player | body | trail) ^ first;
        let at = row * 40u / 32u;
        let offset = row * 40u % 32u;
        words[at] |= first << offset;
        words[at + 1u] |= select(0u, first >> ((32u - offset) & 31u), offset > 0u) | (last << offset);
    }
    return words;
}

/// Coins and shields on a dark ground, each with a fading trail; the player is a blue disc with a winged helmet.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = draw_cell(uv, 10u, 10u);
    let p = uv * 10.0;
    let shift = ((at.y - 1u) & 7u) * 4u;
    let lane = at.y >= 1u && at.y <= 8u;
    let kind = select(0u, ((*state).kinds >> shift) & 15u, lane);
    let gold = (kind & GOLD) != 0u;
    let paint = select(DRAW_RED, DRAW_YELLOW, gold);
    let ahead = select(-1.0, 1.0, (kind & RIGHT) != 0u);
    let tile = draw_tile(draw_cell_uv(uv, 10u, 10u), 0.05);
    var colour = draw_over(DRAW_INK, DRAW_PAPER, select(0.02, 0.07, lane) * tile);

    // Seen from the entity, to its front.
    let column = f32(((*state).columns >> shift) & 15u);
    let q = vec2<f32>((p.x - column - 0.5) * ahead, p.y - f32(at.y) - 0.5);
    let streak = draw_box(q, vec2<f32>(-0.75, 0.0), vec2<f32>(0.7, 0.18));
    let fading = 0.6 * saturate(0.7 * q.x + 1.0) * draw_cover(streak, 0.06);
    colour = draw_over(colour, paint, select(0.0, fading, kind != 0u));
    let coin = draw_circle(q, vec2<f32>(0.0), 0.34);
    let shield = draw_box(q, vec2<f32>(0.0), vec2<f32>(0.26)) - 0.08;
    let body = select(shield, coin, gold);
    let visor = draw_box(q, vec2<f32>(0.1, 0.0), vec2<f32>(0.06, 0.16));
    let mark = select(visor, draw_circle(q, vec2<f32>(0.0), 0.2), gold);
    colour = draw_over(colour, paint, select(0.0, draw_cover(body, 0.06), kind != 0u));
    colour = draw_over(colour, select(DRAW_INK, DRAW_ORANGE, gold), select(0.0, draw_cover(mark, 0.06), kind != 0u));

    let r = p - vec2<f32>(f32((*state).player_x), f32((*state).player_y)) - 0.5;
    let face = draw_circle(r, vec2<f32>(0.0, 0.04), 0.36);
    let helmet = max(face, r.y + 0.06);
    let wings = draw_box(vec2<f32>(abs(r.x), r.y), vec2<f32>(0.36, -0.24), vec2<f32>(0.03, 0.14)) - 0.04;
    colour = draw_over(colour, DRAW_SKY, draw_cover(face, 0.06));
    colour = draw_over(colour, DRAW_PAPER, draw_cover(wings, 0.06));
    return draw_over(colour, DRAW_PAPER, draw_cover(helmet, 0.06));
}
