//! POPGym/RepeatFirstEasy-v0: see cards one by one and name the suit of the very first in every step.
//!
//! # Source
//! Morad, Kortvelesy, Bettini, Liwicki, Prorok 2023, "POPGym"; rules as in popgym 1.0.7, envs/repeat_first, registered by
//! it as popgym-RepeatFirstEasy-v0. Transitions are equal bit for bit. No deck is stored: each card is drawn from the
//! counts of what is left, which is the distribution of a shuffled deck.
//! # Reward
//! 1 / (52 * decks - 1) for the suit of the first card, else minus that, so returns lie in [-1, 1]. A guess is worth -0.5.
//! # Start
//! A full deck, whose first card is dealt.
//! # End
//! All cards are dealt, after 52 * decks - 1 steps, as termination. No time limit.
//! # Version
//! v0: as in the reference. It says nothing of which card is the first but that an episode begins with it.
//! # Variants
//! - POPGym/RepeatFirstMedium-v0: DEFAULT_PARAMS.decks = 8u; 415 steps.
//! - POPGym/RepeatFirstHard-v0: DEFAULT_PARAMS.decks = 16u; 831 steps.
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
}
const DEFAULT_PARAMS: Params = Params(1u);
const PARAMS_LOW: Params = Params(1u);
// What is left of a suit is a byte.
const PARAMS_HIGH: Params = Params(16u);

struct State {
    /// 1; cards left of each suit, byte `suit`
    left: u32,
    /// 1; suit of the first card
    first: u32,
    /// 1; suit of the newest card
    card: u32,
    /// 1; newest answer for the picture: bit `suit`, bit 4 right, bit 5 wrong; 0 before the first
    answer: u32,
}

alias Action = u32;
/// suit of the first card: 0 spades, 1 diamonds, 2 clubs, 3 hearts
const ACTION_COUNT: u32 = 4u;

alias Observation = u32;
/// suit of the newest card: 0 spades, 1 diamonds, 2 clubs, 3 hearts
const OBSERVATION_COUNT: u32 = 4u;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let full = params.decks * CARDS_SUITS;
    let card = cards_deal(full, rng);
    return State(cards_without(full, card), card, card, 0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let right = action == (*state).first;
    let share = cards_share(52u * params.decks - 1u);
    let card = cards_deal((*state).left, rng);
    let left = cards_without((*state).left, card);
    (*state).left = left;
    (*state).card = card;
    (*state).answer = cards_answer(action, right, true);
    return Outcome(select(-share, share, right), left == 0u);
}

fn observe(params: Params, state: State) -> Observation {
    return state.card;
}

/// The first card in a yellow frame, to be remembered, beside the newest one; below them the answers and what is left.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let p = uv * vec2<f32>(6.0, 4.0);
    let past = (p - vec2<f32>(1.6, 1.55)) / 1.8;
    let now = (p - vec2<f32>(4.1, 1.55)) / 2.5;
    let frame = draw_box(past, vec2<f32>(0.0), vec2<f32>(0.5 * CARDS_WIDTH, 0.5)) - 0.06;
    var colour = draw_over(DRAW_PAPER, DRAW_YELLOW, draw_cover(frame, 0.02));
    colour = cards_face(colour, past, state.first);
    colour = cards_face(colour, now, state.card);
    colour = cards_choice(colour, (p - vec2<f32>(3.0, 3.25)) / 0.85, state.answer);
    let share = f32(cards_left(state.left)) / f32(52u * params.decks);
    return cards_bar(colour, p - vec2<f32>(3.0, 3.88), vec2<f32>(6.0, 0.12), share);
}
