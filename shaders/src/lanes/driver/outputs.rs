//! What instances tell, from vectors to rows of the caller's arrays.

use core::num::Wrapping as W;

use super::super::memory::words;
use super::super::rows::write_rows;
use super::super::{Int, Job, Lanes, Mask, Program, Seen, splat};

/// Writes observations and global state of the lanes in `bits` to their rows.
///
/// # Safety
/// `rows` must be valid for the rows of the block.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the parts of a block, which live in registers")]
pub(super) unsafe fn write_observations<S: Lanes, P: Program>(
    s: S,
    constants: &P::Constants,
    params: &P::Params<S>,
    state: &mut P::State<S>,
    elapsed: S::U,
    rows: Seen,
    lanes: usize,
    bits: u64,
) {
    for agent in 0..P::AGENTS {
        let observation = P::observe(s, constants, params, state, elapsed, W(agent as u32));
        // SAFETY: the caller's promise.
        unsafe { write_chosen::<S, _>(&observation, rows.observations, agent, P::AGENTS, lanes, bits) };
    }
    if words::<S, P::GlobalState<S>>() > 0 {
        let global = P::global_state(s, constants, params, state, elapsed);
        // SAFETY: the caller's promise.
        unsafe { write_chosen::<S, _>(&global, rows.global_states, 0, 1, lanes, bits) };
    }
}

/// Words of all agents' observations of an instance, and of its global state.
#[inline(always)]
pub(super) fn seen_words<S: Lanes, P: Program>() -> (usize, usize) {
    (P::AGENTS * words::<S, P::Observation<S>>(), words::<S, P::GlobalState<S>>())
}

/// Writes the masks of legal actions of the lanes in `bits` to their rows; nothing where the environment has none.
///
/// # Safety
/// `rows` must be valid for the rows of the block.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the parts of a block, which live in registers")]
pub(super) unsafe fn write_masks<S: Lanes, P: Program>(
    s: S,
    constants: &P::Constants,
    params: &P::Params<S>,
    state: &mut P::State<S>,
    elapsed: S::U,
    rows: *mut u32,
    lanes: usize,
    bits: u64,
) {
    if words::<S, P::Mask<S>>() == 0 {
        return;
    }
    for agent in 0..P::AGENTS {
        let mask = P::action_mask(s, constants, params, state, elapsed, W(agent as u32));
        // SAFETY: the caller's promise.
        unsafe { write_chosen::<S, _>(&mask, rows, agent, P::AGENTS, lanes, bits) };
    }
}

/// Writes one of several values of the lanes in `bits` to their rows, which hold all of them.
///
/// # Safety
/// `rows` must be valid for the rows of the block.
#[inline(always)]
unsafe fn write_chosen<S: Lanes, T>(value: &T, rows: *mut u32, index: usize, values: usize, lanes: usize, bits: u64) {
    let width = words::<S, T>();
    let stride = values * width;
    // SAFETY: the caller's promise.
    unsafe {
        let rows = rows.add(index * width);
        if lanes == S::WIDTH && bits == u64::MAX >> (64 - lanes) {
            write_rows::<S, _>(value, rows, stride, S::WIDTH);
        } else {
            let from = (&raw const *value).cast::<u32>();
            let mut bits = bits;
            while bits != 0 {
                let lane = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                for word in 0..width {
                    *rows.add(lane * stride + word) = *from.add(word * S::WIDTH + lane);
                }
            }
        }
    }
}

/// Writes infos and done agents of the newest transition, where the environment has them.
///
/// # Safety
/// `job` must be valid for these rows.
#[inline(always)]
pub(super) unsafe fn write_told<S: Lanes, P: Program>(job: &Job, totals: &P::Totals<S>, row: usize, lanes: usize) {
    let (info_words, done_words) = (words::<S, P::Info<S>>(), words::<S, P::Done<S>>());
    // SAFETY: the caller's promise; both types are vectors of words.
    unsafe {
        if info_words > 0 {
            write_rows::<S, _>(&P::info(totals), job.infos.add(row * info_words), info_words, lanes);
        }
        if done_words > 0 {
            let done = P::done(totals);
            let from = (&raw const done).cast::<u32>();
            let to = job.agent_done.add(row * P::AGENTS);
            for lane in 0..lanes {
                for agent in 0..P::AGENTS {
                    let word = *from.add(agent / 32 * S::WIDTH + lane);
                    *to.add(lane * P::AGENTS + agent) = word >> (agent % 32) & 1 != 0;
                }
            }
        }
    }
}

/// Writes the sums over a call, where they are wanted, and what the newest finished episodes ended with.
///
/// # Safety
/// `job` must be valid for these rows.
#[inline(always)]
pub(super) unsafe fn write_totals<S: Lanes, P: Program>(
    s: S,
    job: &Job,
    totals: &P::Totals<S>,
    first: usize,
    lanes: usize,
) {
    let from = (&raw const *totals).cast::<u32>();
    let (agents, info_words) = (P::AGENTS, words::<S, P::Info<S>>());
    let at = P::TOTALS;
    // SAFETY: the members lie within totals, which are vectors of words; the rows are those of instances of this block.
    unsafe {
        let vector = |word: usize| &*from.add(word * S::WIDTH).cast::<S::U>();
        if !job.transitions.is_null() {
            write_rows::<S, _>(vector(at.transitions), job.transitions.add(first), 1, lanes);
            write_rows::<S, _>(vector(at.episodes), job.episodes.add(first), 1, lanes);
            write_rows::<S, _>(vector(at.length_sum), job.length_sum.add(first), 1, lanes);
            let float = |word: usize, lane: usize| f64::from(f32::from_bits(*from.add(word * S::WIDTH + lane)));
            for (sums, width, from) in
                [(job.return_sum, agents, at.return_sum), (job.info_sum, info_words, at.info_sum)]
            {
                for k in 0..width {
                    let rows = sums.add(first * width + k);
                    for lane in 0..lanes {
                        *rows.add(lane * width) = float(from + 2 * k, lane) + float(from + 2 * k + 1, lane);
                    }
                }
            }
        }
        let finished = Int::differs(*vector(at.episodes), splat(s, W(0)));
        let mut bits = Mask::to_bits(finished) & (u64::MAX >> (64 - lanes));
        while bits != 0 {
            let lane = bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let (i, word) = (first + lane, |w: usize| *from.add(w * S::WIDTH + lane));
            *job.finished_length.add(i) = word(at.finished_length);
            for agent in 0..agents {
                *job.finished_return.add(i * agents + agent) = f32::from_bits(word(at.finished_return + agent));
            }
            for w in 0..info_words {
                *job.finished_info.add(i * info_words + w) = f32::from_bits(word(at.finished_info + w));
            }
        }
    }
}
