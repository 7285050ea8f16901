//! POPGym/RepeatPreviousEasy-v0: see cards one by one and name the suit of the one seen some steps ago.
//!
//! # Source
//! Morad, Kortvelesy, Bettini, Liwicki, Prorok 2023, "POPGym"; rules as in popgym 1.0.7, envs/repeat_previous, registered
//! by it as popgym-RepeatPreviousEasy-v0. Transitions are equal bit for bit. No deck is stored: each card is drawn from
//! the counts of what is left, which is the distribution of a shuffled deck.
//! # Reward
//! 1 / (52 * decks - k) for the suit of the k-th newest card (the one in sight is the first), else minus that; 0 as long as
//! fewer than k cards are dealt. So returns lie in [-1, 1], and a guess is worth -0.5.
//! # Start
//! A full deck, whose first card is dealt.
//! # End
//! All cards are dealt, after 52 * decks - 1 steps, as termination. No time limit.
//! # Version
//! v0: as in the reference, which refuses a k that is not below the number of cards; here the largest below it counts.
//! # Variants
//! - POPGym/RepeatPreviousMedium-v0: DEFAULT_PARAMS.decks = 2u, DEFAULT_PARAMS.k = 32u; 103 steps.
//! - POPGym/RepeatPreviousHard-v0: DEFAULT_PARAMS.decks = 3u, DEFAULT_PARAMS.k = 64u; 155 steps.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_PAPER, DRAW_YELLOW, draw_box, draw_cover, draw_over};
import package::shared::cards::{CARDS_SUITS, CARDS_WIDTH, cards_answer, cards_bar, cards_choice, cards_deal};
import package::shared::cards::{cards_face, cards_left, cards_share, cards_without};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 1.5;

struct Params {
    /// 1; decks of 52 cards that are dealt from, shuffled together
    decks: u32,
    /// 1; which card is asked for, counted from the newest, which is 1
    k: u32,
}
const DEFAULT_PARAMS: Params = Params(1u, 4u);
const PARAMS_LOW: Params = Params(1u, 1u);
// What is left of a suit is a byte, and 64 suits are the four words of `State::cards`.
const PARAMS_HIGH: Params = Params(16u, 64u);

struct State {
    /// 1; cards left of each suit, byte `suit`
    left: u32,
    /// 1; suits of the newest 64 cards, two bits each, the newest lowest
    cards: vec4<u32>,
    /// 1; newest answer for the picture: bit `suit`, bit 4 right, bit 5 wrong, neither where it did not count; 0 before
    /// the first
    answer: u32,
}

alias Action = u32;
/// suit of the k-th newest card: 0 spades, 1 diamonds, 2 clubs, 3 hearts
const ACTION_COUNT: u32 = 4u;

alias Observation = u32;
/// suit of the newest card: 0 spades, 1 diamonds, 2 clubs, 3 hearts
const OBSERVATION_COUNT: u32 = 4u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let full = params.decks * CARDS_SUITS;
    let card = cards_deal(full, rng);
    return State(cards_without(full, card), vec4<u32>(card, 0u, 0u, 0u), 0u);
}

/// Which card is asked for.
fn asked(params: Params) -> u32 {
    return min(params.k, 52u * params.decks - 1u);
}

/// Suit of the card that was dealt `age` cards before the newest.
fn suit_of(cards: vec4<u32>, age: u32) -> u32 {
    let words = select(cards.xy, cards.zw, age >= 32u);
    let word = select(words.x, words.y, (age & 16u) != 0u);
    return (word >> (2u * (age & 15u))) & 3u;
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let k = asked(params);
    let count = 52u * params.decks;
    let cards = (*state).cards;
    let judged = count - cards_left((*state).left) >= k;
    let right = action == suit_of(cards, k - 1u);
    let share = cards_share(count - k);
    let card = cards_deal((*state).left, rng);
    let left = cards_without((*state).left, card);
    (*state).left = left;
    (*state).cards = (cards << vec4<u32>(2u)) | vec4<u32>(card, cards.xyz >> vec3<u32>(30u));
    (*state).answer = cards_answer(action, right, judged);
    return Outcome(select(0.0, select(-share, share, right), judged), left == 0u);
}

fn observe(params: Params, state: State) -> Observation {
    return state.cards.x & 3u;
}

/// The newest k cards, of which the last is in sight and the first, in a yellow frame, asked for; below them the answers and
/// what is left.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let p = uv * vec2<f32>(6.0, 4.0);
    let k = asked(params);
    let columns = min(k, 16u);
    let rows = (k + 15u) / 16u;
    // Cells as large as fit, with as many cards as are asked back, the newest in the last.
    let width = min(5.7 / f32(columns), 2.1 / f32(rows));
    let size = vec2<f32>(width, 1.25 * width);
    let grid = vec2<f32>(f32(columns), f32(rows));
    let q = (p - vec2<f32>(3.0, 1.4)) / size + 0.5 * grid;
    let inside = all(q >= vec2<f32>(0.0)) && all(q < grid);
    let cell = clamp(floor(q), vec2<f32>(0.0), grid - 1.0);
    let age = (columns * rows - 1u) - (u32(cell.y) * columns + u32(cell.x));
    let there = inside && age < k && age < 52u * params.decks - cards_left(state.left);
    let at = (q - cell - 0.5) * vec2<f32>(0.8, 1.0) * 1.12;
    let frame = draw_box(at, vec2<f32>(0.0), vec2<f32>(0.5 * CARDS_WIDTH, 0.5)) - 0.06;
    let marked = inside && age == k - 1u;
    var colour = draw_over(DRAW_PAPER, DRAW_YELLOW, select(0.0, draw_cover(frame, 0.02), marked));
    let card = cards_face(colour, at, suit_of(state.cards, age));
    // Only the newest card is in sight.
    colour = draw_over(colour, card, select(0.0, select(0.5, 1.0, age == 0u), there));
    colour = cards_choice(colour, (p - vec2<f32>(3.0, 3.25)) / 0.85, state.answer);
    let share = f32(cards_left(state.left)) / f32(52u * params.decks);
    return cards_bar(colour, p - vec2<f32>(3.0, 3.88), vec2<f32>(6.0, 0.12), share);
}
