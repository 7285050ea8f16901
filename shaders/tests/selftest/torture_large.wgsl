//! TestLarge-v0: a state that stays in memory: nested structs, dynamic indices, pointers to elements, tables, long loops.
//!
//! # Source
//! Own test program: thousands of words change in every step, and a hash of what was read goes into the first one.
//! # Reward
//! The lowest bit of the hash.
//! # Start
//! Random cells, units in a row.
//! # End
//! Terminated with probability 1/64 in every step.
//! # Version
//! v0: changes freely.
import package::shared::rng::{Rng, rng_next};
import package::shared::outcome::{Outcome};

const MAX_EPISODE_STEPS: u32 = 100u;
const CELLS: u32 = 1600u;
const UNITS: u32 = 10u;

struct Params {
    /// 1; added to every input
    salt: u32,
}
const DEFAULT_PARAMS: Params = Params(7u);
const PARAMS_LOW: Params = Params(0u);
const PARAMS_HIGH: Params = Params(1000u);

struct Part {
    /// m; where it is
    at: vec3<f32>,
    /// 1; what it counts
    counts: array<i32, 4>,
}

struct Unit {
    /// m; where it is
    at: vec2<f32>,
    /// 1; points of health
    health: i32,
    /// 1; what it is made of
    parts: array<Part, 3>,
    /// 1; turning of the unit
    frame: mat2x2<f32>,
}

struct State {
    /// 1; hashed results
    hash: u32,
    /// 1; cells of a ring
    cells: array<u32, CELLS>,
    /// 1; the units
    units: array<Unit, UNITS>,
    /// 1; cells again, in rows
    rows: array<array<i32, 9>, 5>,
}

const TABLE: array<u32, 64> = array<u32, 64>(
    3u, 1u, 4u, 1u, 5u, 9u, 2u, 6u, 5u, 3u, 5u, 8u, 9u, 7u, 9u, 3u, 2u, 3u, 8u, 4u, 6u, 2u, 6u, 4u, 3u, 3u, 8u, 3u, 2u, 7u, 9u, 5u,
    0u, 2u, 8u, 8u, 4u, 1u, 9u, 7u, 1u, 6u, 9u, 3u, 9u, 9u, 3u, 7u, 5u, 1u, 0u, 5u, 8u, 2u, 0u, 9u, 7u, 4u, 9u, 4u, 4u, 5u, 9u, 2u,
);
struct Kind {
    reach: f32,
    cost: vec2<i32>,
}
const KINDS: array<Kind, 12> = array<Kind, 12>(
    Kind(1.0, vec2<i32>(1, 2)), Kind(2.0, vec2<i32>(3, 4)), Kind(3.0, vec2<i32>(5, 6)), Kind(4.0, vec2<i32>(7, 8)),
    Kind(5.0, vec2<i32>(-1, 2)), Kind(6.0, vec2<i32>(-3, 4)), Kind(7.0, vec2<i32>(-5, 6)), Kind(8.0, vec2<i32>(-7, 8)),
    Kind(9.0, vec2<i32>(1, -2)), Kind(0.5, vec2<i32>(3, -4)), Kind(1.5, vec2<i32>(5, -6)), Kind(2.5, vec2<i32>(7, -8)),
);

alias Action = u32;
/// added to the inputs
const ACTION_COUNT: u32 = 4u;

struct Observation {
    /// 1; low bits of the hash
    low: f32,
    /// 1; health of a unit
    health: f32,
}
const OBSERVATION_LOW: f32 = -3.0e9;
const OBSERVATION_HIGH: f32 = 3.0e9;

fn initial(params: Params, state: ptr<function, State>, rng: ptr<function, Rng>) {
    (*state).hash = params.salt;
    for (var i = 0u; i < CELLS; i++) {
        (*state).cells[i] = rng_next(rng) >> 20u;
    }
    for (var i = 0u; i < UNITS; i++) {
        let unit = &(*state).units[i];
        (*unit).at = vec2<f32>(f32(i), 0.5);
        (*unit).health = 100 + i32(i);
        (*unit).frame = mat2x2<f32>(1.0, 0.5, -0.5, 1.0);
    }
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let r = rng_next(rng) + params.salt + action;
    probe_all(state, r);
    // Once more under a mask.
    if ((r & 256u) != 0u) {
        probe_all(state, r * 0x2545f491u);
    }
    return Outcome(f32((*state).hash & 1u), (rng_next(rng) & 63u) == 0u);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    return Observation(f32((*state).hash & 0xffffu), f32((*state).units[(*state).hash % 13u].health));
}

fn mix(h: u32, v: u32) -> u32 {
    let x = (h ^ v) * 0x9e3779b1u;
    return x ^ (x >> 15u);
}

fn probe_all(state: ptr<function, State>, r: u32) {
    (*state).hash = mix((*state).hash, probe_cells(state, r * 3u));
    (*state).hash = mix((*state).hash, probe_units(state, r * 5u + 1u));
    (*state).hash = mix((*state).hash, probe_tables(r * 7u + 2u));
    (*state).hash = mix((*state).hash, probe_rows(state, r * 9u + 3u));
    (*state).hash = mix((*state).hash, probe_flood(state, r * 11u + 4u));
}

/// Stores and loads at indices per lane, one of them past the end.
fn probe_cells(state: ptr<function, State>, r: u32) -> u32 {
    let at = r % CELLS;
    (*state).cells[at] += (*state).cells[(at + 1u) % CELLS] ^ (r >> 8u);
    (*state).cells[r % (CELLS + 50u)] ^= 5u;
    var sum = 0u;
    for (var i = 0u; i < (r & 31u); i++) {
        sum = mix(sum, (*state).cells[(at + i * i) % CELLS]);
        if ((sum & 7u) == 0u) { continue; }
        if ((sum & 63u) == 9u) { break; }
        (*state).cells[i] = sum;
    }
    return sum;
}

/// Pointers to elements at indices per lane and at the same index in all lanes; whole structs; a matrix.
fn probe_units(state: ptr<function, State>, r: u32) -> u32 {
    hurt(&(*state).units[r % UNITS], i32(r >> 28u));
    hurt(&(*state).units[3], 2);
    for (var i = 0u; i < UNITS; i++) {
        turn(&(*state).units[i].frame, i);
        count(&(*state).units[i].parts[(r >> 3u) % 3u], r);
    }
    var unit = (*state).units[(r >> 5u) % UNITS];
    unit.health += 1;
    if ((r & 3u) == 0u) {
        (*state).units[(r >> 7u) % UNITS] = unit;
    }
    let part = (*state).units[(r >> 9u) % UNITS].parts[r & 1u];
    let counts = part.counts;
    return u32(counts[r & 3u] + unit.health + i32((unit.frame * vec2<f32>(1.0, 2.0)).y)) ^ u32(part.at.z);
}

fn hurt(unit: ptr<function, Unit>, by: i32) {
    (*unit).health -= by;
    if ((*unit).health < 0) {
        (*unit).health = 50;
        (*unit).at.x += 1.0;
    }
}

fn turn(frame: ptr<function, mat2x2<f32>>, by: u32) {
    // No zeros: WGSL leaves open which sign the sum of two has.
    let quarter = mat2x2<f32>(0.6, 0.8, -0.8, 0.6);
    if ((by & 1u) == 1u) {
        *frame = quarter * *frame;
    } else {
        *frame = transpose(*frame);
    }
    (*frame)[1] = (*frame)[1] * determinant(quarter);
}

fn count(part: ptr<function, Part>, r: u32) {
    (*part).counts[r & 3u]++;
    (*part).at = cross(vec3<f32>(1.0, 2.0, f32(r & 1u) + 0.5), vec3<f32>(3.0, 1.0, (*part).at.x * 0.125));
}

fn probe_tables(r: u32) -> u32 {
    let kind = KINDS[r % 14u];
    let corners = array<vec2<u32>, 3>(vec2<u32>(1u, 2u), vec2<u32>(3u, 4u), vec2<u32>(5u, 6u));
    var seen: array<bool, 6>;
    var at = vec3<u32>(1u, 2u, r);
    seen[r % 6u] = true;
    at.zx = vec2<u32>(r >> 4u, 3u);
    at.xy += vec2<u32>(select(0u, 7u, seen[(r >> 2u) % 6u]));
    var sum = at.x * at.z + TABLE[r % 70u] + TABLE[5];
    for (var i = 0u; i < 4u; i++) {
        sum = sum * 31u + TABLE[(r >> i) & 63u] + u32(KINDS[i * 3u].cost.y) + u32(KINDS[(r >> i) % 12u].cost[i & 1u]);
    }
    return sum + corners[1].y + corners[r & 1u].x + u32(kind.reach * 2.0) + u32(kind.cost.x);
}

fn probe_rows(state: ptr<function, State>, r: u32) -> u32 {
    let row = i32(r % 7u) - 1;
    (*state).rows[row][r % 9u] += i32(r & 15u);
    let whole = (*state).rows[(r >> 4u) % 5u];
    (*state).rows[(r >> 6u) % 5u] = whole;
    if ((r & 15u) == 3u) {
        (*state).rows = array<array<i32, 9>, 5>();
    }
    return u32(whole[(r >> 2u) % 9u] - whole[8]);
}

/// A large local variable: a flood over 128 cells with a queue.
fn probe_flood(state: ptr<function, State>, r: u32) -> u32 {
    var seen: array<u32, 128>;
    var queue: array<u32, 130>;
    var head = 0u;
    var tail = 1u;
    queue[0] = r & 127u;
    seen[r & 127u] = 1u;
    while (head < tail) {
        let at = queue[head];
        head++;
        for (var side = 0u; side < 2u; side++) {
            let next = (at + 1u + side * 126u) & 127u;
            if (seen[next] == 0u && ((*state).cells[next] & 1u) == 0u) {
                seen[next] = seen[at] + 1u;
                queue[tail] = next;
                tail++;
            }
        }
    }
    return tail * 1000u + seen[(r + 5u) & 127u] + last(&seen);
}

fn last(seen: ptr<function, array<u32, 128>>) -> u32 {
    return (*seen)[127];
}
