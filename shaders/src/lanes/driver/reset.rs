//! Seeds and starts, where the caller asks for them.

use core::ops::Range;

use super::super::memory::{MAX_WIDTH, words};
use super::super::{Job, Lanes, Program};
use super::block::{block, used};
use super::outputs::{seen_words, write_masks, write_observations};

/// Resets blocks; to be inlined into a function with the target features of `S`.
///
/// # Safety
/// As for `Kernel::reset`.
#[inline(always)]
pub unsafe fn reset<S: Lanes, P: Program>(s: S, job: &Job, blocks: Range<usize>) {
    let constants = P::constants(job.control.constants);
    for index in blocks {
        // SAFETY: the caller's promise for these blocks.
        unsafe { reset_block::<S, P>(s, &constants, job, index) };
    }
}

#[inline(always)]
unsafe fn reset_block<S: Lanes, P: Program>(s: S, constants: &P::Constants, job: &Job, index: usize) {
    let lanes = used::<S>(job, index);
    let first = index * S::WIDTH;
    let (mut low, mut high) = ([0; MAX_WIDTH], [0; MAX_WIDTH]);
    let (mut start, mut seed, mut observe) = (0u64, 0u64, 0u64);
    for lane in 0..S::WIDTH {
        // Lanes past the last instance copy its command, so that they hold a valid state.
        let instance = first + lane.min(lanes - 1);
        // SAFETY: instance < n.
        let (command, value) = unsafe { (*job.commands.add(instance), *job.seeds.add(instance)) };
        start |= u64::from(command & 1 != 0) << lane;
        seed |= u64::from(command & 2 != 0) << lane;
        observe |= u64::from(command != 0 && lane < lanes) << lane;
        (low[lane], high[lane]) = (value as u32, (value >> 32) as u32);
    }
    if observe == 0 {
        return;
    }
    // SAFETY: the caller's promise; rows of this block only.
    unsafe {
        let mut b = block::<S, P>(job, index);
        let shared = job.pending_stride == 0;
        let mut params = if shared { b.pending } else { *b.params };
        if seed != 0 {
            let mask = s.mask_from_bits(seed);
            P::seed(s, mask, b.episode, s.load(&low[..S::WIDTH]), s.load(&high[..S::WIDTH]));
        }
        if start != 0 {
            P::start(s, constants, s.mask_from_bits(start), &mut b.pending, &mut params, b.state, b.episode);
            if !shared {
                *b.params = params;
            }
        }
        let elapsed = P::elapsed(b.episode);
        let (observation_words, global_words) = seen_words::<S, P>();
        let rows = job.seen(first, observation_words, global_words);
        write_observations::<S, P>(s, constants, &params, b.state, elapsed, rows, lanes, observe);
        let row = first * P::AGENTS * words::<S, P::Mask<S>>();
        write_masks::<S, P>(s, constants, &params, b.state, elapsed, job.masks.add(row), lanes, observe);
    }
}
