//! POPGym/HigherLowerEasy-v0: guess whether the next card is higher or lower than the one in sight.
//!
//! # Source
//! Morad, Kortvelesy, Bettini, Liwicki, Prorok 2023, "POPGym"; rules as in popgym 1.0.7, envs/higher_lower, registered by it
//! as popgym-HigherLowerEasy-v0. Transitions are equal bit for bit. No deck is stored: each card is drawn from the counts
//! of what is left, which is the distribution of a shuffled deck.
//! # Reward
//! 1 / (52 * decks) where the guess is right, minus that where it is wrong, 0 where the next card has the same rank. Who
//! guesses by the card in sight alone gets 0.497 on average, who counts cards gets more.
//! # Start
//! A full deck, whose first card is dealt.
//! # End
//! All cards are dealt, after 52 * decks - 1 steps, as termination. No time limit.
//! # Version
//! v0: as in the reference. The ace is the lowest card.
//! # Variants
//! - POPGym/HigherLowerMedium-v0: DEFAULT_PARAMS.decks = 2u; 103 steps.
//! - POPGym/HigherLowerHard-v0: DEFAULT_PARAMS.decks = 3u; 155 steps.
import package::shared::rng::{Rng};
import package::shared::outcome::{Outcome};
import package::shared::draw::{DRAW_GREEN, DRAW_GREY, DRAW_INK, DRAW_MIST, DRAW_PAPER, DRAW_RED};
import package::shared::draw::{draw_box, draw_cover, draw_over, draw_triangle};
import package::shared::cards::{cards_bar, cards_count_of, cards_deal_of, cards_face_of, cards_full, cards_left_of};
import package::shared::cards::{cards_rank, cards_share, cards_without_of};

const MAX_EPISODE_STEPS: u32 = 0u;
const PIXEL_ASPECT: f32 = 1.5;

const RANKS: u32 = 13u;
const HIGHER: u32 = 0u;

struct Params {
    /// 1; decks of 52 cards that are dealt from, shuffled together
    decks: u32,
}
const DEFAULT_PARAMS: Params = Params(1u);
const PARAMS_LOW: Params = Params(1u);
// All cards together are fewer than 256.
const PARAMS_HIGH: Params = Params(4u);

struct State {
    /// 1; cards left of each rank, byte `rank` of the four words
    left: vec4<u32>,
    /// 1; rank of the card in sight
    card: u32,
    /// 1; newest guess for the picture: bit `action`, bit 4 right, bit 5 wrong; 0 before the first
    answer: u32,
}

alias Action = u32;
/// 0 the next card is higher, 1 it is lower
const ACTION_COUNT: u32 = 2u;

alias Observation = u32;
/// rank of the card in sight: 0 ace, 1 two, ... 9 ten, 10 jack, 11 queen, 12 king
const OBSERVATION_COUNT: u32 = RANKS;

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    let full = cards_full(RANKS, 4u * params.decks);
    let card = cards_deal_of(full, rng);
    return State(cards_without_of(full, card), card, 0u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    let share = cards_share(52u * params.decks);
    let card = cards_deal_of((*state).left, rng);
    let left = cards_without_of((*state).left, card);
    let tie = card == (*state).card;
    let right = (card > (*state).card) == (action == HIGHER);
    (*state).left = left;
    (*state).card = card;
    (*state).answer = (1u << (action & 1u)) | select(select(32u, 16u, right), 0u, tie);
    return Outcome(select(select(-share, share, right), 0.0, tie), all(left == vec4<u32>(0u)));
}

fn observe(params: Params, state: State) -> Observation {
    return state.card;
}

/// The card in sight beside the newest guess, and below them how many cards of each rank are left.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    let p = uv * vec2<f32>(6.0, 4.0);
    var colour = cards_face_of(DRAW_PAPER, (p - vec2<f32>(2.2, 1.3)) / 2.3, state.card, RANKS);
    let verdict = select(select(DRAW_INK, DRAW_RED, (state.answer & 32u) != 0u), DRAW_GREEN, (state.answer & 16u) != 0u);
    let up = draw_triangle(p, vec2<f32>(4.2, 0.3), vec2<f32>(4.8, 1.1), vec2<f32>(3.6, 1.1));
    let down = draw_triangle(p, vec2<f32>(4.2, 2.3), vec2<f32>(4.8, 1.5), vec2<f32>(3.6, 1.5));
    colour = draw_over(colour, select(DRAW_MIST, verdict, (state.answer & 1u) != 0u), draw_cover(up, 0.03));
    colour = draw_over(colour, select(DRAW_MIST, verdict, (state.answer & 2u) != 0u), draw_cover(down, 0.03));

    // Columns of ranks.
    let rank = u32(clamp(floor((p.x - 0.4) / 0.4), 0.0, 12.0));
    let q = vec2<f32>(p.x - 0.6 - 0.4 * f32(rank), p.y);
    let share = f32(cards_count_of(state.left, rank)) / f32(4u * params.decks);
    let column = draw_box(q, vec2<f32>(0.0, 3.4 - 0.35 * share), vec2<f32>(0.14, 0.35 * share));
    let paint = select(DRAW_GREY, DRAW_INK, rank == state.card);
    colour = draw_over(colour, paint, select(0.0, draw_cover(column, 0.02), share > 0.0));
    colour = draw_over(colour, paint, draw_cover(0.2 * cards_rank((q - vec2<f32>(0.0, 3.58)) / 0.2, rank), 0.02));
    let rest = f32(cards_left_of(state.left)) / f32(52u * params.decks);
    return cards_bar(colour, p - vec2<f32>(3.0, 3.88), vec2<f32>(6.0, 0.12), rest);
}
