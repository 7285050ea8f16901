//! POPGym/CountRecallEasy-v0: see cards one by one and tell how many of a kind came so far.
//!
//! # Source
//! Morad, Kortvelesy, Bettini, Liwicki, Prorok 2023, "POPGym"; rules as in popgym 1.0.7, envs/count_recall, registered by it
//! as popgym-CountRecallEasy-v0. Transitions are equal bit for bit. No deck is stored: each card is drawn from the counts
//! of what is left, which is the distribution of a shuffled deck.
//! # Reward
//! 1 / (52 * decks - 1) for the number of cards of the kind that is asked for, among all dealt so far, the one in sight
//! included; minus that for any other number. So returns lie in [-1, 1].
//! # Start
//! Two full decks, one of cards and one of questions, from each of which the first card is dealt.
//! # End
//! All cards are dealt, after 52 * decks - 1 steps, as termination. No time limit.
//! # Version
//! v0: as in the reference, which asks for colours, suits or ranks in its three sizes. With fewer decks than the id has,
//! the largest numbers are never right.
//! # Variants
//! - POPGym/CountRecallMedium-v0: KINDS = 4u, DECKS = 2u; suits, 103 steps.
//! - POPGym/CountRecallHard-v0: KINDS = 13u, DECKS = 4u; ranks, 207 steps.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_GREEN, DRAW_INK, DRAW_PAPER, DRAW_RED, DRAW_YELLOW, draw_box, draw_cover, draw_over};
import package::shared::cards::{CARDS_WIDTH, cards_bar, cards_count_of, cards_deal_of, cards_face_of, cards_full};
import package::shared::cards::{cards_left_of, cards_number, cards_share, cards_without_of};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 1.5;

/// What is counted: 2 colours, 4 suits or 13 ranks.
const KINDS: u32 = 2u;
/// Decks at most.
const DECKS: u32 = 1u;

struct Params {
    /// 1; decks of 52 cards that are dealt from, shuffled together
    decks: u32,
}
const DEFAULT_PARAMS: Params = Params(DECKS);
const PARAMS_LOW: Params = Params(1u);
const PARAMS_HIGH: Params = Params(DECKS);

struct State {
    /// 1; cards left of each kind, byte `kind` of the four words
    left: vec4<u32>,
    /// 1; questions left about each kind, likewise
    questions: vec4<u32>,
    /// 1; kind of the newest card
    card: u32,
    /// 1; kind that is asked for
    query: u32,
    /// 1; newest answer for the picture, its number in bits 0 to 7, bit 8 right, bit 9 wrong; 0 before the first
    answer: u32,
}

alias Action = u32;
/// number of cards of the kind that is asked for
const ACTION_COUNT: u32 = 52u * DECKS / KINDS + 1u;

alias Observation = array<u32, 2>;
/// kind of the newest card, kind that is asked for: 0 black, 1 red; or 0 spades, 1 diamonds, 2 clubs, 3 hearts; or 0 ace,
/// 1 two, ... 12 king
const OBSERVATION_COUNT: array<u32, 2> = array<u32, 2>(KINDS, KINDS);

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let full = cards_full(KINDS, 52u * params.decks / KINDS);
    let card = cards_deal_of(full, rng);
    let query = cards_deal_of(full, rng);
    return State(cards_without_of(full, card), cards_without_of(full, query), card, query, 0u);
}

/// How many cards of a kind were dealt.
fn dealt(params: Params, state: State, kind: u32) -> u32 {
    return 52u * params.decks / KINDS - cards_count_of(state.left, kind);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let share = cards_share(52u * params.decks - 1u);
    let right = action == dealt(params, *state, (*state).query);
    let card = cards_deal_of((*state).left, rng);
    let query = cards_deal_of((*state).questions, rng);
    let left = cards_without_of((*state).left, card);
    let questions = cards_without_of((*state).questions, query);
    *state = State(left, questions, card, query, action | select(512u, 256u, right));
    return Outcome(select(-share, share, right), all(left == vec4<u32>(0u)));
}

fn observe(params: Params, state: State) -> Observation {
    return Observation(state.card, state.query);
}

/// The newest card; in a yellow frame the kind that is asked for, below it how many of it came; at the right the newest
/// answer, green where it was right and red where it was wrong.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let p = uv * vec2<f32>(6.0, 4.0);
    let asked = (p - vec2<f32>(3.4, 1.3)) / 1.7;
    let frame = draw_box(asked, vec2<f32>(0.0), vec2<f32>(0.5 * CARDS_WIDTH, 0.5)) - 0.06;
    var colour = draw_over(DRAW_PAPER, DRAW_YELLOW, draw_cover(frame, 0.02));
    colour = cards_face_of(colour, asked, state.query, KINDS);
    colour = cards_face_of(colour, (p - vec2<f32>(1.35, 1.55)) / 2.5, state.card, KINDS);
    let count = cards_number((p - vec2<f32>(3.4, 2.75)) / 0.5, dealt(params, state, state.query));
    colour = draw_over(colour, DRAW_INK, draw_cover(count, 0.02));
    let number = cards_number((p - vec2<f32>(5.1, 1.3)) / 0.8, state.answer & 255u);
    let verdict = select(DRAW_RED, DRAW_GREEN, (state.answer & 256u) != 0u);
    colour = draw_over(colour, verdict, select(0.0, draw_cover(number, 0.02), state.answer != 0u));
    let rest = f32(cards_left_of(state.left)) / f32(52u * params.decks);
    return cards_bar(colour, p - vec2<f32>(3.0, 3.88), vec2<f32>(6.0, 0.12), rest);
}
