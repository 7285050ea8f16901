//! Calls of step: transitions, and the starts that belong to them.

use core::num::Wrapping as W;
use core::ops::Range;

use super::super::memory::{MAX_WIDTH, words};
use super::super::rows::{read_rows, write_flags, write_rows};
use super::super::{Int, Job, Lanes, Mask, Program, blend, splat};
use super::block::{block, used};
use super::outputs::{seen_words, write_masks, write_observations, write_told, write_totals};

/// Words of a state from which it is not copied for the loop over transitions; the compiler's `Layout::LARGE_WORDS`.
const LARGE_WORDS: usize = shadergym_compiler::Layout::LARGE_WORDS;

/// Advances blocks; to be inlined into a function with the target features of `S`.
///
/// # Safety
/// As for `Kernel::advance`.
#[inline(always)]
pub unsafe fn advance<S: Lanes, P: Program>(s: S, job: &Job, blocks: Range<usize>) {
    let (control, constants) = (P::control(&job.control), P::constants(job.control.constants));
    for index in blocks {
        // SAFETY: the caller's promise for these blocks.
        unsafe { advance_block::<S, P>(s, control, &constants, job, index) };
    }
}

#[inline(always)]
unsafe fn advance_block<S: Lanes, P: Program>(
    s: S,
    control: P::Control,
    constants: &P::Constants,
    job: &Job,
    index: usize,
) {
    let lanes = used::<S>(job, index);
    let (n, first) = (job.instances, index * S::WIDTH);
    let action_words = words::<S, P::Actions<S>>();
    let (observation_words, global_words) = seen_words::<S, P>();
    let mask_words = P::AGENTS * words::<S, P::Mask<S>>();
    let valid = u64::MAX >> (64 - lanes);
    // SAFETY: the caller's promise; all rows below belong to instances of this block.
    unsafe {
        let mut b = block::<S, P>(job, index);
        // Copies, so that they live in registers or on the stack: blends into memory would become masked stores,
        // which cost tens of cycles each on AVX2 (230 against 350 M CartPole steps/s on a Zen 4 that was busy with other
        // work: take the ratio as rough).
        // Where all instances share their parameters, one block of them stands for all and stays in the cache. The address
        // is chosen, not the value: choosing between two copies cost 7 % of CartPole's fused rollouts.
        let shared = job.pending_stride == 0;
        let source = if shared { job.pending.cast() } else { &raw const *b.params };
        let (mut episode, mut params) = (*b.episode, *source);
        // A large state stays where it is.
        let large = words::<S, P::State<S>>() > LARGE_WORDS;
        let home = &raw mut *b.state;
        let mut copy = if large { None } else { Some(*b.state) };
        let state = copy.as_mut().unwrap_or(b.state);
        // Only a start changes the parameters; a single step seldom has one, and then need not write them.
        let mut started = false;
        let mut totals = P::totals(s);
        for t in 0..job.steps {
            let row = t * n + first;
            let actions = P::random_actions_or_given(s, constants, &mut params, state, &mut episode, job, row, lanes);
            let keep = job.record || t + 1 == job.steps;
            let instead = P::starts_instead(s, control, P::ended(&episode));
            let rewards = P::advance(s, constants, control, &mut params, state, &mut episode, &mut totals, actions);
            let ended = P::ended(&episode);
            let behind = P::starts_behind(s, control, ended);
            let row = if job.record { t * n } else { 0 } + first;
            let mut flags = [0; MAX_WIDTH];
            let mut last = 0;
            if keep {
                let reported = blend(s, instead, splat(s, W(0)), ended);
                s.store(reported, &mut flags[..S::WIDTH]);
                write_flags::<S>(&flags, 1, job.terminated.add(row), lanes);
                write_flags::<S>(&flags, 2, job.truncated.add(row), lanes);
                write_rows::<S, _>(&rewards, job.rewards.add(row * P::AGENTS).cast(), P::AGENTS, lanes);
                if !job.actions_out.is_null() {
                    write_rows::<S, _>(&actions, job.actions_out.add(row * action_words), action_words, lanes);
                }
                write_told::<S, P>(job, &totals, row, lanes);
                last = Mask::to_bits(Int::differs(reported, splat(s, W(0)))) & valid;
            }
            let starts = instead | behind;
            if starts.any() {
                let apart = Mask::to_bits(behind) & valid;
                if keep && apart != 0 {
                    let rows = job.finally_seen(row, observation_words, global_words);
                    write_observations::<S, P>(s, constants, &params, state, P::elapsed(&episode), rows, lanes, apart);
                    last &= !apart;
                }
                P::start(s, constants, starts, &mut b.pending, &mut params, state, &mut episode);
                started = true;
            }
            if keep {
                let elapsed = P::elapsed(&episode);
                let rows = job.seen(row, observation_words, global_words);
                write_observations::<S, P>(s, constants, &params, state, elapsed, rows, lanes, valid);
                write_masks::<S, P>(
                    s,
                    constants,
                    &params,
                    state,
                    elapsed,
                    job.masks.add(row * mask_words),
                    lanes,
                    valid,
                );
                // Where no start covers it, the observation of the call is the last one of the episode.
                while last != 0 {
                    let at = row + last.trailing_zeros() as usize;
                    last &= last - 1;
                    let from = job.seen(at, observation_words, global_words);
                    let to = job.finally_seen(at, observation_words, global_words);
                    to.copy_from(from, observation_words, global_words);
                }
                s.store(elapsed, &mut flags[..S::WIDTH]);
                for elapsed in &mut flags {
                    *elapsed = u32::from(*elapsed == 0);
                }
                write_flags::<S>(&flags, 1, job.starts.add(row), lanes);
            }
        }
        *b.episode = episode;
        if let Some(state) = copy {
            *home = state;
        }
        if started && !shared {
            *b.params = params;
        }
        write_totals::<S, P>(s, job, &totals, first, lanes);
    }
}

/// Where the actions of a transition come from.
trait ActionSource: Program {
    /// # Safety
    /// `job.actions`, if not null, must be valid for rows `row..row + lanes`.
    #[inline(always)]
    unsafe fn random_actions_or_given<S: Lanes>(
        s: S,
        constants: &Self::Constants,
        params: &mut Self::Params<S>,
        state: &mut Self::State<S>,
        episode: &mut Self::Episode<S>,
        job: &Job,
        row: usize,
        lanes: usize,
    ) -> Self::Actions<S> {
        if job.actions.is_null() {
            return Self::random_actions(s, constants, params, state, episode);
        }
        let words = words::<S, Self::Actions<S>>();
        // SAFETY: the caller's promise. All-zero bits are a valid value of vectors of words.
        unsafe {
            let zero = core::mem::zeroed::<Self::Actions<S>>();
            let rows = job.actions.add(row * words);
            if lanes == S::WIDTH {
                read_rows::<S, _>(zero, rows, words, S::WIDTH)
            } else {
                read_rows::<S, _>(zero, rows, words, lanes)
            }
        }
    }
}
impl<P: Program> ActionSource for P {}
