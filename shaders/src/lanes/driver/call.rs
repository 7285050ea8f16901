//! One call of step of a block, but for the starts in it: what comes before them, and what comes behind.

use core::num::Wrapping as W;

use super::super::memory::{MAX_WIDTH, words};
use super::super::rows::{read_rows, write_flags, write_rows};
use super::super::{Int, Job, Lanes, Mask, Program, blend, splat};
use super::outputs::{seen_words, write_masks, write_observations, write_told};

/// Where a block's inputs and outputs of a call are.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Row of the inputs.
    input: usize,
    /// Row of the outputs.
    output: usize,
    /// Lanes that hold an instance, the first ones; and as bits.
    lanes: usize,
    valid: u64,
    /// Whether anybody wants the outputs.
    pub keep: bool,
}

impl Row {
    /// Of call t and of the block whose first instance is `first`.
    #[inline(always)]
    pub fn of(job: &Job, t: usize, first: usize, lanes: usize) -> Self {
        let row = t * job.instances;
        Self {
            input: row + first,
            output: if job.record { row } else { 0 } + first,
            lanes,
            valid: u64::MAX >> (64 - lanes),
            keep: job.record || t + 1 == job.steps,
        }
    }
}

/// The transitions and what they give. Returns the lanes that start, and the bits of those whose observation behind the
/// call is the last one of its episode.
///
/// # Safety
/// `job` must be valid for the row.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the parts of a block, which live in registers")]
pub(super) unsafe fn transition<S: Lanes, P: Program>(
    s: S,
    control: P::Control,
    constants: &P::Constants,
    job: &Job,
    row: Row,
    params: &mut P::Params<S>,
    state: &mut P::State<S>,
    episode: &mut P::Episode<S>,
    totals: &mut P::Totals<S>,
) -> (S::M, u64) {
    let Row { input, output, lanes, valid, keep } = row;
    // SAFETY: the caller's promise.
    let actions = unsafe { random_actions_or_given::<S, P>(s, constants, params, state, episode, job, input, lanes) };
    let instead = P::starts_instead(s, control, P::ended(episode));
    let rewards = P::advance(s, constants, control, params, state, episode, totals, actions);
    let ended = P::ended(episode);
    let behind = P::starts_behind(s, control, ended);
    let starts = instead | behind;
    if !keep {
        return (starts, 0);
    }
    let mut flags = [0; MAX_WIDTH];
    let reported = blend(s, instead, splat(s, W(0)), ended);
    s.store(reported, &mut flags[..S::WIDTH]);
    let mut last = Mask::to_bits(Int::differs(reported, splat(s, W(0)))) & valid;
    // SAFETY: the caller's promise.
    unsafe {
        write_flags::<S>(&flags, 1, job.terminated.add(output), lanes);
        write_flags::<S>(&flags, 2, job.truncated.add(output), lanes);
        write_rows::<S, _>(&rewards, job.rewards.add(output * P::AGENTS).cast(), P::AGENTS, lanes);
        if !job.actions_out.is_null() {
            let action_words = words::<S, P::Actions<S>>();
            write_rows::<S, _>(&actions, job.actions_out.add(output * action_words), action_words, lanes);
        }
        write_told::<S, P>(job, totals, output, lanes);
        let apart = Mask::to_bits(behind) & valid;
        if apart != 0 {
            let (observation_words, global_words) = seen_words::<S, P>();
            let rows = job.finally_seen(output, observation_words, global_words);
            write_observations::<S, P>(s, constants, params, state, P::elapsed(episode), rows, lanes, apart);
            last &= !apart;
        }
    }
    (starts, last)
}

/// What is seen behind the call and its starts.
///
/// # Safety
/// `job` must be valid for the row.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the parts of a block, which live in registers")]
pub(super) unsafe fn see<S: Lanes, P: Program>(
    s: S,
    constants: &P::Constants,
    job: &Job,
    row: Row,
    params: &P::Params<S>,
    state: &mut P::State<S>,
    elapsed: S::U,
    mut last: u64,
) {
    let Row { output, lanes, valid, keep, .. } = row;
    if !keep {
        return;
    }
    let (observation_words, global_words) = seen_words::<S, P>();
    let mask_words = P::AGENTS * words::<S, P::Mask<S>>();
    // SAFETY: the caller's promise.
    unsafe {
        let rows = job.seen(output, observation_words, global_words);
        write_observations::<S, P>(s, constants, params, state, elapsed, rows, lanes, valid);
        write_masks::<S, P>(s, constants, params, state, elapsed, job.masks.add(output * mask_words), lanes, valid);
        // Where no start covers it, the observation of the call is the last one of the episode.
        while last != 0 {
            let at = output + last.trailing_zeros() as usize;
            last &= last - 1;
            let from = job.seen(at, observation_words, global_words);
            let to = job.finally_seen(at, observation_words, global_words);
            to.copy_from(from, observation_words, global_words);
        }
        let mut flags = [0; MAX_WIDTH];
        s.store(elapsed, &mut flags[..S::WIDTH]);
        for elapsed in &mut flags {
            *elapsed = u32::from(*elapsed == 0);
        }
        write_flags::<S>(&flags, 1, job.starts.add(output), lanes);
    }
}

/// Where the actions of a transition come from.
///
/// # Safety
/// `job.actions`, if not null, must be valid for rows `row..row + lanes`.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "as for `transition`")]
unsafe fn random_actions_or_given<S: Lanes, P: Program>(
    s: S,
    constants: &P::Constants,
    params: &mut P::Params<S>,
    state: &mut P::State<S>,
    episode: &mut P::Episode<S>,
    job: &Job,
    row: usize,
    lanes: usize,
) -> P::Actions<S> {
    if job.actions.is_null() {
        return P::random_actions(s, constants, params, state, episode);
    }
    let words = words::<S, P::Actions<S>>();
    // SAFETY: the caller's promise. All-zero bits are a valid value of vectors of words.
    unsafe {
        let zero = core::mem::zeroed::<P::Actions<S>>();
        let rows = job.actions.add(row * words);
        if lanes == S::WIDTH {
            read_rows::<S, _>(zero, rows, words, S::WIDTH)
        } else {
            read_rows::<S, _>(zero, rows, words, lanes)
        }
    }
}
