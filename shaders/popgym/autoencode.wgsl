//! POPGym/AutoencodeEasy-v0: watch a deck of cards being dealt, then name all suits again, the last card first.
//!
//! # Source
//! Morad, Kortvelesy, Bettini, Liwicki, Prorok 2023, "POPGym"; rules as in popgym 1.0.7, envs/autoencode, registered by it
//! as popgym-AutoencodeEasy-v0. Transitions are equal bit for bit. The deck is not shuffled at the start: each card is
//! drawn from the counts of what is left when it is dealt, which is the distribution of a shuffled deck.
//! # Reward
//! 0 while cards are dealt. Then 1 / (52 * decks) for the suit of the last card that is not named yet, else minus that; so
//! returns lie in [-1, 1], and a guess is worth -0.5.
//! # Start
//! A full deck, whose first card is dealt.
//! # End
//! All cards are named, after 104 * decks - 1 steps, as termination. No time limit.
//! # Version
//! v0: as in the reference. Cards come back last first, as its code has it; the mode changes with the last card that is
//! dealt, and while cards are named the suit is 0.
//! # Variants
//! - POPGym/AutoencodeMedium-v0: DEFAULT_PARAMS.decks = 2u; 207 steps.
//! - POPGym/AutoencodeHard-v0: DEFAULT_PARAMS.decks = 3u; 311 steps.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_PAPER, DRAW_YELLOW, draw_box, draw_cover, draw_over};
import package::shared::cards::{CARDS_SUITS, CARDS_WIDTH, cards_answer, cards_bar, cards_choice, cards_deal};
import package::shared::cards::{cards_face, cards_left, cards_share, cards_without};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 1.5;

const PLAY: u32 = 0u;
const WATCH: u32 = 1u;
/// Words of 16 suits, enough for the cards of three decks.
const WORDS: u32 = 10u;

struct Params {
    /// 1; decks of 52 cards that are dealt, shuffled together
    decks: u32,
}
const DEFAULT_PARAMS: Params = Params(1u);
const PARAMS_LOW: Params = Params(1u);
// All cards are stored.
const PARAMS_HIGH: Params = Params(3u);

struct State {
    /// 1; cards left of each suit, byte `suit`
    left: u32,
    /// 1; cards that are dealt and not named yet
    count: u32,
    /// 1; their suits in the order of dealing, two bits each; 0 behind them
    cards: array<u32, WORDS>,
    /// 1; newest answer for the picture: bit `suit`, bit 4 right, bit 5 wrong; 0 before the first that counts
    answer: u32,
}

alias Action = u32;
/// suit of the last card that is not named yet, of no effect while watching: 0 spades, 1 diamonds, 2 clubs, 3 hearts
const ACTION_COUNT: u32 = 4u;

struct Observation {
    /// 1; 0 play, 1 watch
    mode: u32,
    /// 1; suit of the newest card: 0 spades, 1 diamonds, 2 clubs, 3 hearts; 0 once one is named
    suit: u32,
}
const OBSERVATION_MODE_COUNT: u32 = 2u;
const OBSERVATION_SUIT_COUNT: u32 = 4u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let full = params.decks * CARDS_SUITS;
    let card = cards_deal(full, rng);
    var state: State;
    state.left = cards_without(full, card);
    state.count = 1u;
    state.cards[0] = card;
    return state;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let watches = (*state).left != 0u;
    let share = cards_share(52u * params.decks);
    // The place of the card that is dealt, or of the one that is named.
    let place = (*state).count - select(1u, 0u, watches);
    let shift = 2u * (place & 15u);
    let card = cards_deal((*state).left, rng);
    // A place is compared with every word, not used as an index.
    let dealt = select(0u, card << shift, watches);
    let named = select(3u << shift, 0u, watches);
    var last = 0u;
    for (var w = 0u; w < WORDS; w++) {
        let here = w == place / 16u;
        let word = (*state).cards[w];
        last |= select(0u, (word >> shift) & 3u, here);
        (*state).cards[w] = select(word, (word | dealt) & ~named, here);
    }
    (*state).left = select((*state).left, cards_without((*state).left, card), watches);
    (*state).count = select(place, place + 1u, watches);
    let right = action == last;
    (*state).answer = select(cards_answer(action, right, true), 0u, watches);
    return Outcome(select(select(-share, share, right), 0.0, watches), !watches && place == 0u);
}

fn suit_of(state: ptr<function, State>, place: u32) -> u32 {
    return ((*state).cards[min(place / 16u, WORDS - 1u)] >> (2u * (place & 15u))) & 3u;
}

fn observe(params: Params, state: ptr<function, State>) -> Observation {
    let mode = select(PLAY, WATCH, (*state).left != 0u);
    let all = (*state).count == 52u * params.decks;
    // The mode is that of the next step, so the last card is seen in that of playing.
    let seen = mode == WATCH || all;
    return Observation(mode, select(0u, suit_of(state, (*state).count - 1u), seen));
}

/// The cards in rows in the order of dealing, those still to be named when all are dealt, with the one asked for in a yellow
/// frame; the card in sight, which is the last of all, is not faded. Below them the answers and what is left to be done.
fn pixel(params: Params, state: ptr<function, State>, uv: vec2<f32>) -> vec3<f32> {
    let p = uv * vec2<f32>(6.0, 4.0);
    let total = 52u * params.decks;
    let columns = select(26u, 13u, params.decks == 1u);
    let grid = vec2<f32>(f32(columns), f32(total / columns));
    let width = min(5.8 / grid.x, 2.2 / grid.y);
    let size = vec2<f32>(width, 1.25 * width);
    let q = (p - vec2<f32>(3.0, 1.4)) / size + 0.5 * grid;
    let inside = all(q >= vec2<f32>(0.0)) && all(q < grid);
    let cell = clamp(floor(q), vec2<f32>(0.0), grid - 1.0);
    let place = u32(cell.y) * columns + u32(cell.x);
    let count = (*state).count;
    let watches = (*state).left != 0u;
    let at = (q - cell - 0.5) * vec2<f32>(0.8, 1.0) * 1.12;
    let frame = draw_box(at, vec2<f32>(0.0), vec2<f32>(0.5 * CARDS_WIDTH, 0.5)) - 0.06;
    let newest = inside && place + 1u == count;
    var colour = draw_over(DRAW_PAPER, DRAW_YELLOW, select(0.0, draw_cover(frame, 0.02), newest && !watches));
    let card = cards_face(colour, at, suit_of(state, place));
    let seen = newest && (watches || count == total);
    colour = draw_over(colour, card, select(0.0, select(0.5, 1.0, seen), inside && place < count));
    colour = cards_choice(colour, (p - vec2<f32>(3.0, 3.25)) / 0.85, (*state).answer);
    let rest = select(count, cards_left((*state).left), watches);
    return cards_bar(colour, p - vec2<f32>(3.0, 3.88), vec2<f32>(6.0, 0.12), f32(rest) / f32(total));
}
