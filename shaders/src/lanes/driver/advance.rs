//! Calls of step: transitions, and the starts that belong to them.

use core::ops::Range;

use super::super::{Job, Lanes, Mask, Program};
use super::block::{block, is_large, used};
use super::call::{Row, see, transition};
use super::outputs::write_totals;
use super::tile::{self, advance_tiles};

/// Advances blocks; to be inlined into a function with the target features of `S`.
///
/// # Safety
/// As for `Kernel::advance`.
#[inline(always)]
pub unsafe fn advance<S: Lanes, P: Program>(s: S, job: &Job, blocks: Range<usize>) {
    let (control, constants) = (P::control(&job.control), P::constants(job.control.constants));
    if tile::pays::<S, P>() {
        // SAFETY: the caller's promise for these blocks.
        unsafe { advance_tiles::<S, P>(s, control, &constants, job, blocks) };
        return;
    }
    for index in blocks {
        // SAFETY: the caller's promise for these blocks.
        unsafe { advance_block::<S, P>(s, control, &constants, job, index) };
    }
}

/// All calls of one block, in registers.
#[inline(always)]
unsafe fn advance_block<S: Lanes, P: Program>(
    s: S,
    control: P::Control,
    constants: &P::Constants,
    job: &Job,
    index: usize,
) {
    let lanes = used::<S>(job, index);
    let first = index * S::WIDTH;
    // SAFETY: the caller's promise; all rows below belong to instances of this block.
    unsafe {
        let mut b = block::<S, P>(job, index);
        // Copies, so that they live in registers or on the stack: blends into memory would become masked stores,
        // which cost tens of cycles each on AVX2 (230 against 350 M CartPole steps/s on a Zen 4 that was busy with other
        // work: take the ratio as rough).
        let (mut episode, mut params) = (*b.episode, *b.in_force(job));
        // A large state stays where it is.
        let home = &raw mut *b.state;
        let mut copy = if is_large::<S, P>() { None } else { Some(*b.state) };
        let state = copy.as_mut().unwrap_or(b.state);
        // Only a start changes the parameters; a single step seldom has one, and then need not write them.
        let mut started = false;
        let mut totals = P::totals(s);
        for t in 0..job.steps {
            let row = Row::of(job, t, first, lanes);
            let (starts, last) =
                transition::<S, P>(s, control, constants, job, row, &mut params, state, &mut episode, &mut totals);
            if starts.any() {
                P::start(s, constants, starts, &mut b.pending, &mut params, state, &mut episode);
                started = true;
            }
            see::<S, P>(s, constants, job, row, &params, state, P::elapsed(&episode), last);
        }
        *b.episode = episode;
        if let Some(state) = copy {
            *home = state;
        }
        if started && job.pending_stride != 0 {
            *b.params = params;
        }
        write_totals::<S, P>(s, job, &totals, first, lanes);
    }
}
