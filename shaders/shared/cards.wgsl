//! Playing cards of games of memory: the next card from counts of what is left, shares of a reward, pictures.
//!
//! No deck is stored. What is left of each kind is a byte, four to a word, and the next card is drawn from these counts:
//! cards so dealt have exactly the distribution of a shuffled deck, and a start costs one draw. Suits are 0 spades,
//! 1 diamonds, 2 clubs, 3 hearts, of which the odd ones are red; ranks are 0 ace, 1 two, ... 12 king.
//! Points of pictures have y downwards, as cells have.
//!
//! # Source
//! popgym 1.0.7, core/deck: order of suits, ranks and colours.
import package::shared::rng::{Rng, rng_range};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_INK, DRAW_MIST, DRAW_RED};
import package::shared::draw::{draw_box, draw_circle, draw_cover, draw_outline, draw_over, draw_triangle, draw_turned_box};

/// 13 cards of each suit in every deck: a byte for each suit.
const CARDS_SUITS: u32 = 0x0d0d0d0du;
/// Width of a card of height 1.
const CARDS_WIDTH: f32 = 0.72;
/// Number of the picture of rank 0 among CARDS_GLYPHS; that of rank 10 follows it.
const CARDS_ACE: u32 = 10u;
/// Pictures of 0 to 9, A, J, Q, K: three columns and five rows of points, bit row * 3 + column.
const CARDS_GLYPHS: array<u32, 14> = array<u32, 14>(
    0x7b6fu, 0x749au, 0x73e7u, 0x79a7u, 0x49edu, 0x79cfu, 0x7bcfu, 0x24a7u, 0x7befu, 0x79efu,
    0x5befu, 0x7b24u, 0x6f6fu, 0x5aedu,
);

/// 1 / n, rounded to nearest on all devices, for n from 1 to 2^12. GPUs divide up to 2.5 ulp off; the products below are
/// exact, so what is missing to 1 is known exactly, and one correction is enough. A division and 8 operations.
fn cards_share(n: u32) -> f32 {
    let whole = f32(n);
    let about = 1.0 / whole;
    let high = bitcast<f32>(bitcast<u32>(about) & 0xfffff000u);
    let missing = (1.0 - high * whole) - (about - high) * whole;
    return about + missing * about;
}

/// How many cards are left of four kinds. Exact; 7 operations.
fn cards_left(left: u32) -> u32 {
    let pairs = (left & 0x00ff00ffu) + ((left >> 8u) & 0x00ff00ffu);
    return (pairs & 0xffffu) + (pairs >> 16u);
}

/// One of the cards left of four kinds, each with the same probability; 3 where none is left. Exact; rng_range and
/// 15 operations.
fn cards_deal(left: u32, rng: ptr<function, Rng>) -> u32 {
    let pairs = (left & 0x00ff00ffu) + ((left >> 8u) & 0x00ff00ffu);
    let low = (left & 255u) + ((left >> 8u) & 255u);
    let card = rng_range(rng, cards_left(left));
    return select(0u, 1u, card >= (left & 255u)) + select(0u, 1u, card >= low)
        + select(0u, 1u, card >= low + ((left >> 16u) & 255u));
}

/// The counts without one card of a kind from 0 to 3. 3 operations.
fn cards_without(left: u32, kind: u32) -> u32 {
    return left - (1u << (8u * (kind & 3u)));
}

/// A deck of up to 16 kinds with `each` cards of each, byte `kind` of the four words; all of them together below 256 cards.
/// 10 operations.
fn cards_full(kinds: u32, each: u32) -> vec4<u32> {
    let before = vec4<u32>(0u, 4u, 8u, 12u);
    let here = min(max(vec4<u32>(kinds), before) - before, vec4<u32>(4u));
    // All bytes are alike, so those on top serve as the lowest. Nothing is shifted by 32, which would be by 0.
    let some = max(here, vec4<u32>(1u));
    let counts = vec4<u32>(0x01010101u * each) >> (vec4<u32>(32u) - 8u * some);
    return counts * min(here, vec4<u32>(1u));
}

/// How many cards are left of up to 16 kinds, below 256. Exact; 11 operations.
fn cards_left_of(left: vec4<u32>) -> u32 {
    let words = (left * 0x01010101u) >> vec4<u32>(24u);
    return words.x + words.y + words.z + words.w;
}

/// How many cards are left of one of 16 kinds. 10 operations.
fn cards_count_of(left: vec4<u32>, kind: u32) -> u32 {
    let words = select(left.xz, left.yw, (kind & 4u) != 0u);
    return (select(words.x, words.y, kind >= 8u) >> (8u * (kind & 3u))) & 255u;
}

/// One of the cards left of up to 16 kinds, below 256 in all, each with the same probability; 15 where none is left. Exact;
/// rng_range and 40 operations: a product has the sums of the bytes up to each byte of a word.
fn cards_deal_of(left: vec4<u32>, rng: ptr<function, Rng>) -> u32 {
    let below = left * 0x01010101u;
    let words = below >> vec4<u32>(24u);
    let ends = vec3<u32>(words.x, words.x + words.y, words.x + words.y + words.z);
    let card = rng_range(rng, ends.z + words.w);
    let past = card >= ends.x;
    let past2 = card >= ends.y;
    let past3 = card >= ends.z;
    let sums = select(select(below.x, below.y, past), select(below.z, below.w, past3), past2);
    let rest = card - select(select(0u, ends.x, past), select(ends.y, ends.z, past3), past2);
    let word = select(0u, 4u, past) + select(0u, 4u, past2) + select(0u, 4u, past3);
    return word + select(0u, 1u, rest >= (sums & 255u)) + select(0u, 1u, rest >= ((sums >> 8u) & 255u))
        + select(0u, 1u, rest >= ((sums >> 16u) & 255u));
}

/// The counts of up to 16 kinds without one card of a kind. 7 operations.
fn cards_without_of(left: vec4<u32>, kind: u32) -> vec4<u32> {
    let here = vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(kind >> 2u);
    return left - select(vec4<u32>(0u), vec4<u32>(1u << (8u * (kind & 3u))), here);
}

/// A word that tells what the newest answer was, for pictures: bit `suit`, bit 4 where it was right, bit 5 where wrong. 0
/// means that there was none yet. 5 operations.
fn cards_answer(suit: u32, right: bool, judged: bool) -> u32 {
    return (1u << (suit & 3u)) | select(0u, select(32u, 16u, right), judged);
}

/// Distance to the symbol of a suit, about 1 high and wide around the origin; at most the true distance. 200 operations,
/// selected among, as drivers that follow every path through a switch take long where several symbols are drawn.
fn cards_symbol(p: vec2<f32>, suit: u32) -> f32 {
    let black = (suit & 1u) == 0u;
    // A spade is a heart on its head, with a foot.
    let q = vec2<f32>(abs(p.x), select(p.y, -0.09 - p.y, black));
    let lobe = draw_circle(q, vec2<f32>(0.198, -0.168), 0.28);
    let heart = min(lobe, draw_turned_box(q, vec2<f32>(0.0, 0.03), vec2<f32>(0.28), vec2<f32>(0.70710678)));
    let diamond = (abs(p.x) / 0.36 + abs(p.y) / 0.48 - 1.0) * 0.288;
    let top = min(draw_circle(p, vec2<f32>(0.0, -0.23), 0.22), draw_circle(p, vec2<f32>(0.0, 0.0), 0.12));
    let leaves = min(top, draw_circle(q, vec2<f32>(0.24, -0.16), 0.22));
    let foot = draw_triangle(p, vec2<f32>(0.0, -0.1), vec2<f32>(0.17, 0.47), vec2<f32>(-0.17, 0.47));
    let dark = min(select(leaves, heart, suit == 0u), foot);
    return select(select(diamond, heart, suit == 3u), dark, black);
}

/// Ink for black suits, red for the others.
fn cards_colour(suit: u32) -> vec3<f32> {
    return select(DRAW_RED, DRAW_INK, (suit & 1u) == 0u);
}

/// A card of height 1 around the origin: white with an outline, nothing on it yet.
fn cards_blank(colour: vec3<f32>, p: vec2<f32>) -> vec3<f32> {
    let body = draw_box(p, vec2<f32>(0.0), vec2<f32>(0.5 * CARDS_WIDTH - 0.1, 0.38)) - 0.08;
    let paper = draw_over(colour, vec3<f32>(1.0), draw_cover(body, 0.02));
    return draw_over(paper, DRAW_INK, draw_cover(draw_outline(body, 0.02), 0.02));
}

/// A card of height 1 around the origin that shows a suit.
fn cards_face(colour: vec3<f32>, p: vec2<f32>, suit: u32) -> vec3<f32> {
    let symbol = 0.5 * cards_symbol(p / 0.5, suit);
    return draw_over(cards_blank(colour, p), cards_colour(suit), draw_cover(symbol, 0.02));
}

/// A card of height 1 around the origin that shows what tells one of 2, 4 or 13 kinds: a disc in the colour, the suit, the
/// rank.
fn cards_face_of(colour: vec3<f32>, p: vec2<f32>, kind: u32, kinds: u32) -> vec3<f32> {
    let suit = cards_face(colour, p, kind & 3u);
    let disc = draw_cover(draw_circle(p, vec2<f32>(0.0), 0.2), 0.02);
    let rank = draw_cover(0.36 * cards_rank(p / 0.36, kind), 0.02);
    let shown = select(rank, disc, kinds == 2u);
    let paint = select(DRAW_INK, cards_colour(kind), kinds == 2u);
    return select(draw_over(cards_blank(colour, p), paint, shown), suit, kinds == 4u);
}

/// The back of a card of height 1 around the origin.
fn cards_back(colour: vec3<f32>, p: vec2<f32>) -> vec3<f32> {
    let inner = draw_box(p, vec2<f32>(0.0), vec2<f32>(0.5 * CARDS_WIDTH - 0.14, 0.36));
    return draw_over(cards_blank(colour, p), DRAW_BLUE, draw_cover(inner, 0.02));
}

/// Four suits to choose from, in cells of side 1 around the origin; a ring around the newest answer (`cards_answer`) is
/// green where it was right, red where it was wrong and dark where it did not count.
fn cards_choice(colour: vec3<f32>, p: vec2<f32>, answer: u32) -> vec3<f32> {
    let suit = u32(clamp(floor(p.x + 2.0), 0.0, 3.0));
    let q = vec2<f32>(p.x - f32(suit) + 1.5, p.y);
    let disc = draw_circle(q, vec2<f32>(0.0), 0.42);
    let chosen = ((answer >> suit) & 1u) == 1u;
    let verdict = select(select(DRAW_INK, DRAW_RED, (answer & 32u) != 0u), DRAW_GREEN, (answer & 16u) != 0u);
    var shown = draw_over(colour, DRAW_MIST, draw_cover(disc, 0.03));
    shown = draw_over(shown, verdict, select(0.0, draw_cover(draw_outline(disc, 0.09), 0.03), chosen));
    return draw_over(shown, cards_colour(suit), draw_cover(0.48 * cards_symbol(q / 0.48, suit), 0.03));
}

/// A bar from the left edge of `size`, centred on the origin, of which a share is filled: what is left of a deck.
fn cards_bar(colour: vec3<f32>, p: vec2<f32>, size: vec2<f32>, share: f32) -> vec3<f32> {
    let whole = draw_box(p, vec2<f32>(0.0), 0.5 * size);
    let bar = draw_over(colour, DRAW_MIST, draw_cover(whole, 0.02));
    let filled = p.x < (share - 0.5) * size.x;
    return draw_over(bar, DRAW_INK, select(0.0, 0.6 * draw_cover(whole, 0.02), filled));
}

/// Distance to a digit or letter of CARDS_GLYPHS, 1 high and 0.6 wide around the origin, made of squares: 0 or less inside.
fn cards_glyph(p: vec2<f32>, glyph: u32) -> f32 {
    let cell = vec2<f32>(floor(p.x * 5.0 + 1.5), floor(p.y * 5.0 + 2.5));
    let inside = abs(p.x) < 0.3 && abs(p.y) < 0.5;
    let at = u32(clamp(cell.y, 0.0, 4.0)) * 3u + u32(clamp(cell.x, 0.0, 2.0));
    return select(1.0, -1.0, inside && ((CARDS_GLYPHS[glyph] >> at) & 1u) == 1u);
}

/// A number below 1000 as `cards_glyph` draws it, 1 high, around the origin.
fn cards_number(p: vec2<f32>, number: u32) -> f32 {
    let digits = select(select(1u, 2u, number >= 10u), 3u, number >= 100u);
    let x = p.x + 0.4 * f32(digits);
    let place = u32(clamp(floor(x / 0.8), 0.0, f32(digits - 1u)));
    let behind = digits - 1u - place;
    let rest = select(select(number / 100u, number / 10u, behind == 1u), number, behind == 0u);
    return cards_glyph(vec2<f32>(x - 0.8 * f32(place) - 0.4, p.y), rest % 10u);
}

/// A rank as `cards_glyph` draws it: A, 2 to 10, J, Q, K.
fn cards_rank(p: vec2<f32>, rank: u32) -> f32 {
    let court = rank == 0u || rank >= 10u;
    let letter = cards_glyph(p, CARDS_ACE + select(rank - 9u, 0u, rank == 0u));
    return select(cards_number(p, rank + 1u), letter, court);
}
