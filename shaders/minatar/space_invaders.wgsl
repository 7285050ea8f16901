//! MinAtar/SpaceInvaders-v1: shoot wave after wave of aliens that come down and shoot back.
//!
//! # Source
//! Young, Tian 2019, "MinAtar"; rules and their order as in minatar 1.0.15, environments/space_invaders,
//! registered by it as MinAtar/SpaceInvaders-v1 (minimal action set). Nothing is random but sticky actions:
//! transitions are equal bit for bit.
//! # Reward
//! +1 for each alien that is in one cell with a bullet of the cannon after all moves of a step, else 0.
//! # Start
//! Cannon in column 5 of row 9; 24 aliens in rows 0 to 3, columns 2 to 7, heading left; no bullets.
//! # End
//! An alien's bullet or an alien is in the cannon's cell, or the aliens turn at a wall while one of them is in
//! row 9 (it comes back in row 0 and may still be shot in that step). No time limit: after a cleared wave
//! comes a new one.
//! # Version
//! v1: actions none, left, right, fire. Aliens move every min(aliens left, interval) steps; with `ramping`
//! the interval is one less after each wave, down to 6. Heading and timers outlast a wave.
//! # Variants
//! - MinAtar/SpaceInvaders-v0: ACTION_COUNT = 6u, RIGHT = 3u, FIRE = 5u; all six actions of MinAtar (none, left, up,
//!   right, down, fire), of which up and down do nothing in this game.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_GREEN, DRAW_INK, DRAW_ORANGE, DRAW_PAPER, DRAW_PINK, DRAW_SKY, DRAW_YELLOW};
import package::shared::draw::{draw_box, draw_capsule, draw_cell, draw_cover, draw_over};

const MAX_EPISODE_STEPS: u32 = 0u;
const STICKY_ACTION_PROBABILITY: f32 = 0.1;

const COOL_DOWN: u32 = 5u;
const ALIEN_SHOT_INTERVAL: u32 = 10u;
/// Moves come no sooner by ramping.
const SHORTEST_INTERVAL: u32 = 6u;

// A board has a bit per cell, three rows of ten to a component: row r, column c is bit 10 (r % 3) + c of component
// r / 3. Rows and columns move by shifts, and six half rows of a component become thirty bits each of the observation.
alias Board = vec4<u32>;
const CELLS: Board = Board(0x3fffffffu, 0x3fffffffu, 0x3fffffffu, 0x3ffu);
const FIRST_COLUMN: u32 = 0x00100401u;
/// Rows 0 to 3, columns 2 to 7.
const WAVE: Board = Board(0xfcu * FIRST_COLUMN, 0xfcu, 0u, 0u);

struct Params {
    /// bool; each wave is faster than the last
    ramping: u32,
    /// steps; from one move of a full wave to the next, at the start
    move_interval: u32,
}
const DEFAULT_PARAMS: Params = Params(1u, 12u);
const PARAMS_LOW: Params = Params(0u, 1u);
const PARAMS_HIGH: Params = Params(1u, 24u);

struct State {
    /// cell; column of the cannon in row 9
    cannon: u32,
    /// 1; aliens, bit 10 (row % 3) + column of word row / 3
    aliens: Board,
    /// 1; bullets of the cannon, as `aliens`
    bullets: Board,
    /// 1; bullets of the aliens, as `aliens`
    alien_bullets: Board,
    /// bool; the aliens go right, not left
    rightward: u32,
    /// steps; longest time between moves of the aliens
    move_interval: u32,
    /// steps; until the aliens move
    move_timer: u32,
    /// steps; until an alien shoots
    alien_shot_timer: u32,
    /// steps; until the cannon can shoot
    shot_timer: u32,
    /// 1; how often the aliens have become faster
    ramp_index: u32,
}

alias Action = u32;
/// 0 stay, 1 left, 2 right, 3 fire
const ACTION_COUNT: u32 = 4u;
const RIGHT: u32 = 2u;
const FIRE: u32 = 3u;

alias Observation = array<u32, 19>;
/// Row, column, channel; channels: 0 cannon, 1 alien, 2 alien going left, 3 alien going right, 4 bullet of the cannon,
/// 5 bullet of an alien. A cell is six bits.
const OBSERVATION_SHAPE: array<u32, 3> = array<u32, 3>(10u, 10u, 6u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let interval = params.move_interval;
    return State(5u, WAVE, Board(), Board(), 0u, interval, interval, ALIEN_SHOT_INTERVAL, 0u, 0u);
}

fn row_down(board: Board) -> Board {
    return ((board << Board(10u)) | Board(0u, board.xyz >> vec3<u32>(20u))) & CELLS;
}

fn row_up(board: Board) -> Board {
    return (board >> Board(10u)) | Board((board.yzw & vec3<u32>(0x3ffu)) << vec3<u32>(20u), 0u);
}

fn any_of(board: Board) -> u32 {
    return board.x | board.y | board.z | board.w;
}

/// The lowest alien of the column nearest to the cannon, of two as near the left one.
fn shooter(aliens: Board, cannon: u32) -> Board {
    let all = any_of(aliens);
    let columns = (all | (all >> 10u) | (all >> 20u)) & 0x3ffu;
    // 32 cells off, where there is none on that side.
    let left = columns << (31u - cannon);
    let right = columns >> cannon;
    let to_left = countLeadingZeros(left);
    let to_right = countTrailingZeros(right);
    let column = select(cannon + to_right, cannon - to_left, to_left <= to_right) & 15u;
    let here = aliens & Board(FIRST_COLUMN << column);
    // In a component the lowest row is the highest bit: nothing below it may be set, in it or in later components.
    let later = Board(here.y | here.z | here.w, here.z | here.w, here.w, 0u);
    return select(here & ~((here >> Board(10u)) | (here >> Board(20u))), Board(), later != Board());
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let fires = action == FIRE && (*state).shot_timer == 0u;
    var cannon = (*state).cannon;
    // A new bullet goes from row 9 to row 8 at once, the cannon stays where it is.
    let shot = Board(0u, 0u, select(0u, 1u << (20u + cannon), fires), 0u);
    var bullets = row_up((*state).bullets) | shot;
    cannon -= select(0u, 1u, action == 1u && cannon > 0u);
    cannon += select(0u, 1u, action == RIGHT && cannon < 9u);
    (*state).cannon = cannon;
    let shot_timer = select((*state).shot_timer, COOL_DOWN, fires);
    (*state).shot_timer = shot_timer - select(0u, 1u, shot_timer > 0u);

    var alien_bullets = row_down((*state).alien_bullets);
    var aliens = (*state).aliens;
    let threats = alien_bullets.w | aliens.w;

    let moves = (*state).move_timer == 0u;
    let counts = countOneBits(aliens);
    let interval = min(counts.x + counts.y + counts.z + counts.w, (*state).move_interval);
    (*state).move_timer = select((*state).move_timer, interval, moves) - 1u;
    let rightward = (*state).rightward != 0u;
    let wall = FIRST_COLUMN << select(0u, 9u, rightward);
    let turns = moves && (any_of(aliens) & wall) != 0u;
    let landed = turns && aliens.w != 0u;
    let aside = select(aliens >> Board(1u), aliens << Board(1u), rightward);
    let lower = row_down(aliens) | Board(aliens.w, 0u, 0u, 0u);
    aliens = select(select(aliens, aside, moves), lower, turns);
    (*state).rightward ^= select(0u, 1u, turns);
    let hit = (((threats | aliens.w) >> cannon) & 1u) == 1u;

    let shoots = (*state).alien_shot_timer == 0u;
    (*state).alien_shot_timer = select((*state).alien_shot_timer, ALIEN_SHOT_INTERVAL, shoots) - 1u;
    (*state).alien_bullets = alien_bullets | select(Board(), shooter(aliens, cannon), shoots);

    let killed = aliens & bullets;
    let kills = countOneBits(killed);
    aliens ^= killed;
    (*state).bullets = bullets ^ killed;
    let cleared = any_of(aliens) == 0u;
    (*state).aliens = select(aliens, WAVE, cleared);
    let faster = select(0u, 1u, cleared && params.ramping != 0u && (*state).move_interval > SHORTEST_INTERVAL);
    (*state).move_interval -= faster;
    (*state).ramp_index += faster;
    return Outcome(f32(kills.x + kills.y + kills.z + kills.w), hit || landed);
}

/// Half row h of a board, its bits six apart.
fn spread(board: Board, h: u32) -> u32 {
    // Five copies, five bits apart, of which each gives one bit.
    return (((board[h / 6u] >> (5u * (h % 6u))) & 31u) * 0x00108421u) & 0x01041041u;
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let alien = select(6u, 10u, (*state).rightward != 0u);
    let cannon = (*state).cannon;
    var words: Observation;
    for (var h = 0u; h < 20u; h++) {
        let here = h >= 18u && (cannon >= 5u) == (h == 19u);
        let half_row = (spread((*state).aliens, h) * alien) | (spread((*state).bullets, h) << 4u)
            | (spread((*state).alien_bullets, h) << 5u) | select(0u, 1u << (6u * (cannon % 5u)), here);
        let at = h * 30u / 32u;
        let offset = h * 30u % 32u;
        words[at] |= half_row << offset;
        if (offset > 2u) {
            words[at + 1u] = half_row >> (32u - offset);
        }
    }
    return words;
}

fn has(board: Board, at: vec2<u32>) -> bool {
    return ((board[at.y / 3u] >> (10u * (at.y % 3u) + at.x)) & 1u) == 1u;
}

/// Green aliens that look where they go above a blue cannon; its bullets are yellow, theirs pink.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let at = draw_cell(uv, 10u, 10u);
    let q = uv * 10.0 - vec2<f32>(at) - 0.5;
    let ahead = select(-1.0, 1.0, (*state).rightward != 0u);
    let folded = vec2<f32>(abs(q.x), q.y);
    var colour = draw_over(DRAW_INK, DRAW_PAPER, 0.05 * uv.y);
    let ground = draw_box(uv * 10.0, vec2<f32>(5.0, 10.0), vec2<f32>(5.0, 0.05));
    colour = draw_over(colour, DRAW_PAPER, 0.4 * draw_cover(ground, 0.04));

    let head = draw_box(folded, vec2<f32>(0.0, -0.04), vec2<f32>(0.2, 0.12)) - 0.1;
    let leg = draw_capsule(folded, vec2<f32>(0.2, 0.1), vec2<f32>(0.3, 0.32), 0.06);
    let horn = draw_capsule(folded, vec2<f32>(0.12, -0.2), vec2<f32>(0.22, -0.36), 0.04);
    let eye = draw_box(abs(q - vec2<f32>(0.06 * ahead, -0.06)), vec2<f32>(0.11, 0.0), vec2<f32>(0.04, 0.06));
    let alien = has((*state).aliens, at);
    colour = draw_over(colour, DRAW_GREEN, select(0.0, draw_cover(min(head, min(leg, horn)), 0.05), alien));
    colour = draw_over(colour, DRAW_INK, select(0.0, draw_cover(eye, 0.05), alien));

    let base = draw_box(q, vec2<f32>(0.0, 0.2), vec2<f32>(0.34, 0.14)) - 0.06;
    let barrel = draw_box(q, vec2<f32>(0.0, -0.12), vec2<f32>(0.05, 0.2)) - 0.04;
    let cannon = at.y == 9u && at.x == (*state).cannon;
    colour = draw_over(colour, DRAW_SKY, select(0.0, draw_cover(min(base, barrel), 0.05), cannon));
    let bolt = draw_box(q, vec2<f32>(0.0), vec2<f32>(0.04, 0.24)) - 0.04;
    let drop = min(draw_capsule(q, vec2<f32>(0.0, -0.3), vec2<f32>(0.0, 0.1), 0.04),
        draw_capsule(q, vec2<f32>(0.0, 0.1), vec2<f32>(0.0, 0.16), 0.13));
    let theirs = select(0.0, draw_cover(drop, 0.05), has((*state).alien_bullets, at));
    colour = draw_over(draw_over(colour, DRAW_PINK, theirs), DRAW_ORANGE, 0.3 * theirs);
    return draw_over(colour, DRAW_YELLOW, select(0.0, draw_cover(bolt, 0.05), has((*state).bullets, at)));
}
