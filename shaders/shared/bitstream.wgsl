//! Tasks on a stream of random bits: one bit is seen in each step, and a question about the newest ones is to be answered.
//!
//! The history is 64 bits in two words, the newest in the lowest bit of word 0.
import package::shared::rng::{Rng, rng_bernoulli, rng_between, rng_range};
import package::shared::draw::{DRAW_BLUE, DRAW_GREEN, DRAW_INK, DRAW_MIST, DRAW_ORANGE, DRAW_PAPER, DRAW_RED, DRAW_YELLOW};
import package::shared::draw::{draw_box, draw_circle, draw_cover, draw_over};

/// What an episode is like; the parameters of these tasks.
struct BitstreamRules {
    /// bits; length of the longest window that is asked for
    n: u32,
    /// bool; windows of 2 to n bits are asked for, drawn anew in each step, instead of n bits always
    heads: u32,
    /// bool; every answer counts once n bits are there, instead of the last one only
    dense: u32,
    /// 1; lower bound of the chance of a 1
    p_low: f32,
    /// 1; upper bound of the chance of a 1
    p_high: f32,
    /// bits; that the shortest stream has more than n
    extra: u32,
    /// 1; the longest stream has this many times n bits and one more
    multiple: u32,
}

struct Bitstream {
    /// 1; the bits so far, the newest in the lowest bit of word 0
    history: vec2<u32>,
    /// bits; of the whole stream
    length: u32,
    /// bits; seen so far, length + 1 behind the last answer
    seen: u32,
    /// bits; the window that is asked for
    window: u32,
    /// 1; chance of a 1 in this stream
    chance: f32,
    /// 1; the last answer: 0 none that counted, 1 wrong, 2 right
    verdict: u32,
}

/// What an answer brings.
struct BitstreamOutcome {
    reward: f32,
    terminated: bool,
    /// share of the answers that count, where this one is right
    correct: f32,
}

/// The window of the next question; a draw where there are many heads.
fn bitstream_window(rules: BitstreamRules, rng: ptr<function, Rng>) -> u32 {
    var window = rules.n;
    if rules.heads != 0u {
        window = 2u + rng_range(rng, rules.n - 1u);
    }
    return window;
}

/// A stream with its first bit seen.
fn bitstream_begin(rules: BitstreamRules, rng: ptr<function, Rng>) -> Bitstream {
    let shortest = rules.n + rules.extra;
    let longest = max(shortest, rules.multiple * rules.n + 1u);
    let length = shortest + rng_range(rng, longest - shortest + 1u);
    let chance = rng_between(rng, rules.p_low, rules.p_high);
    let first = select(0u, 1u, rng_bernoulli(rng, chance));
    return Bitstream(vec2<u32>(first, 0u), length, 1u, bitstream_window(rules, rng), chance, 0u);
}

/// Whether the answer to the newest observation counts.
fn bitstream_counts(rules: BitstreamRules, stream: Bitstream) -> bool {
    return stream.seen <= stream.length
        && select(stream.seen == stream.length, stream.seen >= rules.n, rules.dense != 0u);
}

/// Takes an answer, says what it brings, given that it is right or not, and goes on to the next bit.
fn bitstream_answer(
    rules: BitstreamRules,
    stream: ptr<function, Bitstream>,
    right: bool,
    rng: ptr<function, Rng>,
) -> BitstreamOutcome {
    let counts = bitstream_counts(rules, *stream);
    let answers = select(1u, (*stream).length - min(rules.n, (*stream).length) + 1u, rules.dense != 0u);
    let share = select(0.0, 1.0 / f32(answers), counts);
    let ends = (*stream).seen >= (*stream).length;
    let bit = select(0u, 1u, rng_bernoulli(rng, (*stream).chance));
    let moved = vec2<u32>(((*stream).history.x << 1u) | bit, ((*stream).history.y << 1u) | ((*stream).history.x >> 31u));
    (*stream).history = select(moved, (*stream).history, ends);
    (*stream).window = bitstream_window(rules, rng);
    (*stream).seen += 1u;
    (*stream).verdict = select(0u, select(1u, 2u, right), counts);
    return BitstreamOutcome(select(-share, share, right), ends, select(0.0, share, right));
}

/// The bit that was seen `ago` steps before the newest one, below 64.
fn bitstream_bit(stream: Bitstream, ago: u32) -> u32 {
    return (select(stream.history.x, stream.history.y, ago >= 32u) >> (ago & 31u)) & 1u;
}

/// The newest bits, the newest at the right, from left to right as many as the longest window has and a few more. Bits are
/// orange (0) and blue (1), those of the window on bright ground, the ends of the window alone where `ends`; the lamp below says
/// that an answer counts, and then whether the last one was right.
fn bitstream_pixel(rules: BitstreamRules, stream: Bitstream, ends: bool, uv: vec2<f32>) -> vec3<f32> {
    let columns = min(rules.n + 2u, 64u);
    let size = 2.0 / f32(columns);
    let p = vec2<f32>(uv.x * 2.0, uv.y);
    let column = min(u32(p.x / size), columns - 1u);
    let at = vec2<f32>(fract(p.x / size), (p.y - 0.4) / size + 0.5);
    let ago = columns - 1u - column;
    let known = ago < min(stream.seen, stream.length);
    let asked = select(ago < stream.window, ago == 0u || ago + 1u == stream.window, ends) && known;
    let edge = 0.01 / size;
    let strip = draw_cover(draw_box(at, vec2<f32>(0.5), vec2<f32>(0.5, 0.62)), edge);
    let tone = select(DRAW_ORANGE, DRAW_BLUE, bitstream_bit(stream, ago) == 1u);
    let disc = draw_cover(draw_circle(at, vec2<f32>(0.5), 0.34), edge);
    var colour = draw_over(DRAW_MIST, DRAW_PAPER, select(0.25, 1.0, asked) * strip);
    colour = draw_over(colour, tone, select(0.0, select(0.35, 1.0, asked) * disc, known));

    let share = f32(min(stream.seen, stream.length)) / f32(stream.length);
    let track = draw_cover(draw_box(p, vec2<f32>(1.0, 0.95), vec2<f32>(0.9, 0.015)), 0.01);
    let passed = draw_cover(draw_box(p, vec2<f32>(0.1 + 0.9 * share, 0.95), vec2<f32>(0.9 * share, 0.015)), 0.01);
    colour = draw_over(draw_over(colour, DRAW_PAPER, track), DRAW_INK, passed);
    let query = bitstream_counts(rules, stream);
    let lamp = draw_cover(draw_circle(p, vec2<f32>(1.0, 0.82), 0.06), 0.01);
    colour = draw_over(colour, select(DRAW_PAPER, DRAW_YELLOW, query), lamp);
    let told = draw_cover(draw_circle(p, vec2<f32>(1.2, 0.82), 0.045), 0.01);
    return draw_over(colour, select(DRAW_RED, DRAW_GREEN, stream.verdict == 2u), select(0.0, told, stream.verdict != 0u));
}
