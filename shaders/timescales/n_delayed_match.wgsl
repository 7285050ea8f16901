//! timescales/NDelayedMatch-v0: say in each step whether the newest bit of a stream is the one n - 1 steps before it.
//!
//! # Source
//! Khajehabdollahi et al. 2023, "Emergent mechanisms for long timescales depend on training curriculum and affect performance
//! in memory tasks" (arXiv 2309.12927), there as supervised tasks: a question at the end of each stream, whose bits are
//! balanced. What is a label there is an answer here that is paid for.
//! # Reward
//! An answer that counts brings a share of 1 if it is right and takes as much if it is wrong. All answers from bit number n
//! on count alike (dense), or only the last one. Perfect memory is worth 1, guessing 0.
//! # Start
//! A stream of n + extra to multiple * n + 1 bits, uniform; its bits are 1 with a chance that is
//! drawn from p_low to p_high, by default 1/2. The first bit is seen.
//! # End
//! With the answer to the last bit. The observation behind it shows no bit.
//! # Version
//! v0: the task of a curriculum over n is the parameter n. It is mastered where the accuracy, info.correct, is above 0.98, a
//! mean return of 0.96.
//! # Variants
//! - timescales/NDelayedMatchFinal-v0: DEFAULT_PARAMS.dense = 0u; only the last answer counts, as in the source.
//! - timescales/NDelayedMatchHeads-v0: HEADS = 31u, DEFAULT_PARAMS.n = 8u, DEFAULT_PARAMS.heads = 1u, PARAMS_HIGH.n = 32u,
//!   PARAMS_HIGH.heads = 1u; the curriculum with many heads of the source: windows of 2 to n bits are asked for, one in each step,
//!   drawn anew and shown as 31 zeros and ones, so an agent has to be able to answer all of them at any time. One choice with
//!   the window shown stands for one head for each window, whose mean it has as expectation.
import package::shared::rng::{Rng};
import package::shared::bitstream::{
    Bitstream, BitstreamRules, bitstream_answer, bitstream_begin, bitstream_bit, bitstream_counts, bitstream_pixel,
};

const MAX_EPISODE_STEPS: u32 = 0u;
const REWARD_THRESHOLD: f32 = 0.96;
const PIXEL_ASPECT: f32 = 2.0;
/// Windows that an observation can ask for, from 2 bits on; 0 where only n bits are asked for.
const HEADS: u32 = 0u;

struct Params {
    /// bits; length of the longest window that is asked for
    n: u32,
    /// bool; windows of 2 to n bits are asked for instead of n bits always
    heads: u32,
    /// bool; every answer counts once n bits are there, instead of the last one only
    dense: u32,
    /// 1; lower bound of the chance of a 1, which is drawn for each stream
    p_low: f32,
    /// 1; upper bound of the chance of a 1
    p_high: f32,
    /// bits; that the shortest stream has more than n
    extra: u32,
    /// 1; the longest stream has this many times n bits and one more
    multiple: u32,
}
const DEFAULT_PARAMS: Params = Params(2u, 0u, 1u, 0.5, 0.5, 2u, 4u);
const PARAMS_LOW: Params = Params(2u, 0u, 0u, 0.0, 0.0, 0u, 1u);
const PARAMS_HIGH: Params = Params(63u, 0u, 1u, 1.0, 1.0, 16u, 8u);

struct State {
    /// 1; the bits so far and what is asked
    stream: Bitstream,
}

alias Action = u32;
/// 0 the bits differ, 1 they are the same
const ACTION_COUNT: u32 = 2u;

alias Observation = array<f32, 4u + HEADS>;
/// The newest bit, 0 behind the end; 1 while there is a bit; 1 where the answer counts; share of the stream that was seen; behind
/// them, where several windows are asked for, 1 at the place of the length less 2 of the one that is
const OBSERVATION_SHAPE: array<u32, 1> = array<u32, 1>(4u + HEADS);
const OBSERVATION_LOW: f32 = 0.0;
const OBSERVATION_HIGH: f32 = 1.0;

struct Info {
    /// 1; share of the answers that count, where this one is right: over an episode the accuracy
    correct: f32,
}
struct Outcome {
    /// 1; see above
    reward: f32,
    /// bool; the last answer was given
    terminated: bool,
    info: Info,
}

fn rules_of(params: Params) -> BitstreamRules {
    return BitstreamRules(
        params.n, params.heads, params.dense, params.p_low, params.p_high, params.extra, params.multiple);
}

fn initial(params: Params, rng: ptr<function, Rng>) -> State {
    return State(bitstream_begin(rules_of(params), rng));
}

/// The right answer to the newest observation: whether first and last bit of the window are the same.
fn label(stream: Bitstream) -> u32 {
    return 1u ^ bitstream_bit(stream, 0u) ^ bitstream_bit(stream, stream.window - 1u);
}

fn step(params: Params, state: ptr<function, State>, action: Action, rng: ptr<function, Rng>) -> Outcome {
    var stream = (*state).stream;
    let told = bitstream_answer(rules_of(params), &stream, action == label(stream), rng);
    (*state).stream = stream;
    return Outcome(told.reward, told.terminated, Info(told.correct));
}

fn observe(params: Params, state: State) -> Observation {
    let stream = state.stream;
    let there = stream.seen <= stream.length;
    var seen: Observation;
    seen[0] = select(0.0, f32(bitstream_bit(stream, 0u)), there);
    seen[1] = f32(there);
    seen[2] = f32(bitstream_counts(rules_of(params), stream));
    seen[3] = f32(min(stream.seen, stream.length)) / f32(stream.length);
    for (var i = 0u; i < HEADS; i++) {
        seen[4u + i] = f32(there && stream.window == i + 2u);
    }
    return seen;
}

/// The newest bits with the two that are to be compared, and how far the stream is.
fn pixel(params: Params, state: State, uv: vec2<f32>) -> vec3<f32> {
    return bitstream_pixel(rules_of(params), state.stream, true, uv);
}
