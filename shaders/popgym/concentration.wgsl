//! POPGym/ConcentrationEasy-v0: turn cards over, two at a time, and find pairs of one colour.
//!
//! # Source
//! Morad, Kortvelesy, Bettini, Liwicki, Prorok 2023, "POPGym"; rules as in popgym 1.0.7, envs/concentration, registered by
//! it as popgym-ConcentrationEasy-v0. Transitions are equal bit for bit. No deck is laid out at the start: a card is drawn
//! from the counts of those never seen when it is first turned, which is the distribution of a shuffled deck.
//! # Reward
//! 2 / CARDS for a pair; minus `failure` for each card in play where the turn fails: the two cards differ, are one and the
//! same, or one of them lies open already; else 0.
//! # Start
//! All cards face down.
//! # End
//! All cards lie open, as termination. Truncated after 2 * CARDS steps: CARDS is 52, 104 in the medium size.
//! # Version
//! v0: as in the reference. Two cards that were turned are seen once and turned back in the next step; a turn ends at once
//! where its first card lies open already. The observation is the reference's MultiDiscrete in zeros and ones.
//! # Variants
//! - POPGym/ConcentrationMedium-v0: CARDS = 104u; two decks, colours.
//! - POPGym/ConcentrationHard-v0: KINDS = 13u; one deck, ranks.
import package::shared::rng::{Rng};
import package::shared::draw::{DRAW_GREEN, DRAW_PAPER, DRAW_RED, DRAW_YELLOW, draw_box, draw_cover, draw_over};
import package::shared::cards::{CARDS_WIDTH, cards_back, cards_deal_of, cards_face_of, cards_full, cards_without_of};

/// Cards on the table.
const CARDS: u32 = 52u;
/// What makes a pair: 2 colours or 13 ranks.
const KINDS: u32 = 2u;
const MAX_EPISODE_STEPS: u32 = 2u * CARDS;
const PIXEL_ASPECT: f32 = 1.5;
const REWARD: f32 = 2.0 / f32(CARDS);
/// Stands for no card.
const NONE: u32 = CARDS;
/// Words of eight kinds, words of 32 bits.
const KIND_WORDS: u32 = (CARDS + 7u) / 8u;
const OPEN_WORDS: u32 = (CARDS + 31u) / 32u;

struct Params {
    /// 1; price of each card in play where a turn fails
    failure: f32,
}
const DEFAULT_PARAMS: Params = Params(1.0 / f32(MAX_EPISODE_STEPS));
const PARAMS_LOW: Params = Params(0.0);
const PARAMS_HIGH: Params = Params(0.1);

struct State {
    /// 1; kind of each card plus 1, 0 where it was never turned, nibble by nibble
    kinds: array<u32, KIND_WORDS>,
    /// bool; cards that lie open because they are paired, bit by bit
    open: array<u32, OPEN_WORDS>,
    /// 1; cards never turned of each kind, byte `kind` of the four words
    unseen: vec4<u32>,
    /// 1; cards of the newest turn, CARDS where none is; the second is missing while the turn goes on, both before the
    /// first turn and where the first card lay open
    turned: vec2<u32>,
}

alias Action = u32;
/// card to turn
const ACTION_COUNT: u32 = CARDS;

alias Observation = array<u32, (CARDS * (KINDS + 1u) + 31u) / 32u>;
/// card; what it shows: one bit for 0 black, 1 red, 2 face down; or 0 ace, 1 two, ... 12 king, 13 face down
const OBSERVATION_SHAPE: array<u32, 2> = array<u32, 2>(CARDS, KINDS + 1u);
const OBSERVATION_BITS: u32 = 1u;
const OBSERVATION_LOW: u32 = 0u;
const OBSERVATION_HIGH: u32 = 1u;

struct Info {
    /// 1; pairs found
    pairs: u32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; all cards lie open
    terminated: bool,
    info: Info,
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    var state: State;
    state.unseen = cards_full(KINDS, CARDS / KINDS);
    state.turned = vec2<u32>(NONE);
    return state;
}

/// Kind plus 1 of a card, 0 where it was never turned.
fn kind_of(state: ptr<function, State>, card: u32) -> u32 {
    return ((*state).kinds[card >> 3u] >> (4u * (card & 7u))) & 15u;
}

fn is_open(state: ptr<function, State>, card: u32) -> bool {
    return (((*state).open[card >> 5u] >> (card & 31u)) & 1u) == 1u;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    // The card is drawn in any case and counts where it is new.
    let drawn = cards_deal_of((*state).unseen, rng);
    let known = kind_of(state, action);
    let fresh = known == 0u;
    let kind = select(known, drawn + 1u, fresh);
    (*state).kinds[action >> 3u] |= select(0u, kind << (4u * (action & 7u)), fresh);
    (*state).unseen = select((*state).unseen, cards_without_of((*state).unseen, drawn), fresh);

    let waits = (*state).turned.y == NONE && (*state).turned.x != NONE;
    let first = select(0u, (*state).turned.x, waits);
    let lay_open = is_open(state, action);
    let pair = waits && !lay_open && first != action && kind_of(state, first) == kind;
    let fails = lay_open || (waits && !pair);
    let in_play = select(1.0, 2.0, waits);
    var count = 0u;
    for (var w = 0u; w < OPEN_WORDS; w++) {
        let here = select(0u, 1u << (action & 31u), action >> 5u == w);
        let there = select(0u, 1u << (first & 31u), first >> 5u == w);
        (*state).open[w] |= select(0u, here | there, pair);
        count += countOneBits((*state).open[w]);
    }
    let begun = vec2<u32>(select(action, NONE, lay_open), NONE);
    (*state).turned = select(begun, vec2<u32>(first, action), waits);
    let reward = select(0.0, REWARD, pair) - select(0.0, in_play * params.failure, fails);
    return Outcome(reward, pair && count == CARDS, Info(select(0u, 1u, pair)));
}

/// What a card shows, KINDS where it lies face down.
fn shown(state: ptr<function, State>, card: u32) -> u32 {
    let seen = is_open(state, card) || any((*state).turned == vec2<u32>(card));
    return select(KINDS, kind_of(state, card) - 1u, seen);
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    var words: Observation;
    for (var card = 0u; card < CARDS; card++) {
        let base = card * (KINDS + 1u);
        let bit = base + shown(state, card);
        // A card's bits lie in one word or two.
        for (var w = base / 32u; w <= (base + KINDS) / 32u; w++) {
            words[w] |= select(0u, 1u << (bit & 31u), bit / 32u == w);
        }
    }
    return words;
}

/// The table, as the agent sees it; in yellow the cards of a turn that goes on, in green a pair just found, in red a turn
/// that failed. Cards that were seen and lie face down again show faintly what is to be remembered.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let grid = vec2<f32>(13.0, f32(CARDS / 13u));
    let height = min(3.9 / grid.y, 5.9 / (0.8 * grid.x));
    let size = vec2<f32>(0.8 * height, height);
    let q = (uv * vec2<f32>(6.0, 4.0) - vec2<f32>(3.0, 2.0)) / size + 0.5 * grid;
    let inside = all(q >= vec2<f32>(0.0)) && all(q < grid);
    let cell = clamp(floor(q), vec2<f32>(0.0), grid - 1.0);
    let card = u32(cell.y) * 13u + u32(cell.x);
    let at = (q - cell - 0.5) * vec2<f32>(0.8, 1.0) * 1.15;

    let turned = (*state).turned;
    let open = is_open(state, card);
    let goes_on = turned.y == NONE;
    let marked = inside && any(turned == vec2<u32>(card));
    let frame = draw_box(at, vec2<f32>(0.0), vec2<f32>(0.5 * CARDS_WIDTH, 0.5)) - 0.06;
    let paint = select(select(DRAW_RED, DRAW_GREEN, open), DRAW_YELLOW, goes_on);
    let ground = draw_over(DRAW_PAPER, paint, select(0.0, draw_cover(frame, 0.02), marked));
    let known = kind_of(state, card);
    let face = cards_face_of(ground, at, max(known, 1u) - 1u, KINDS);
    let back = cards_back(ground, at);
    let hidden = draw_over(back, face, select(0.0, 0.25, known != 0u));
    return select(ground, select(hidden, face, open || marked), inside);
}
