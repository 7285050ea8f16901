//! Blocks that step together, so that the starts of several of them share vectors.
//!
//! A start of one lane costs as much as one of all lanes, and a level generator costs as much as hundreds of transitions.
//! So the lanes of a tile that start in a call are moved side by side into a block of their own, start there, and go home.

use core::ops::Range;

use super::super::memory::{MAX_WIDTH, words};
use super::super::{Job, Lanes, Mask, Program};
use super::block::{block, is_large, used};
use super::call::{Row, see, transition};
use super::outputs::write_totals;
use crate::aligned::AlignedWords;

/// Blocks of a tile: 256 instances of the widest level, about as many as start together in one vector of it where an
/// episode takes 16 steps.
const BLOCKS: usize = 16;

/// Moving a word of a lane out and back, in operations on a vector as [`Program::START_COST`] counts them.
const WORD_COST: usize = 2;

/// Cost of a start for each word of an instance from which it pays to step blocks together; below, the state is better
/// kept in registers from call to call. Measured on a busy Xeon: a cave generator of 2.7 M operations (3,100 words) gains a
/// quarter, Maze-v0 (22,800 and 63) a fifth in single steps and nothing in rollouts, TicTacToe-v0 (1,100 and 24) lost a third.
const COST_PER_WORD: usize = 200;

/// Words of an instance that a start reads or writes.
#[inline(always)]
const fn moved_words<S: Lanes, P: Program>() -> usize {
    (size_of::<P::Episode<S>>() + size_of::<P::State<S>>() + 2 * size_of::<P::Params<S>>()) / size_of::<S::U>()
}

/// Whether starts of this program are worth it.
pub(super) const fn pays<S: Lanes, P: Program>() -> bool {
    S::WIDTH > 1 && P::START_COST >= COST_PER_WORD * moved_words::<S, P>()
}

/// Advances blocks, some of them together; to be inlined as `advance` is.
///
/// # Safety
/// As for `Kernel::advance`.
#[inline(always)]
pub(super) unsafe fn advance_tiles<S: Lanes, P: Program>(
    s: S,
    control: P::Control,
    constants: &P::Constants,
    job: &Job,
    blocks: Range<usize>,
) {
    let mut scratch = None;
    let mut first = blocks.start;
    while first < blocks.end {
        let tile = first..blocks.end.min(first + BLOCKS);
        first = tile.end;
        // SAFETY: the caller's promise for these blocks.
        unsafe { advance_tile::<S, P>(s, control, constants, job, tile, &mut scratch) };
    }
}

#[inline(always)]
unsafe fn advance_tile<S: Lanes, P: Program>(
    s: S,
    control: P::Control,
    constants: &P::Constants,
    job: &Job,
    tile: Range<usize>,
    scratch: &mut Option<AlignedWords>,
) {
    let row = |t: usize, index: usize| Row::of(job, t, index * S::WIDTH, used::<S>(job, index));
    let mut totals = [P::totals(s); BLOCKS];
    let (mut starts, mut last) = ([0; BLOCKS], [0; BLOCKS]);
    for t in 0..job.steps {
        for (k, index) in tile.clone().enumerate() {
            // SAFETY: the caller's promise; rows of this block only.
            unsafe {
                let b = block::<S, P>(job, index);
                // Copies, for the reasons that the calls of a single block have.
                let (mut episode, mut params) = (*b.episode, *b.in_force(job));
                let mut copy = if is_large::<S, P>() { None } else { Some(*b.state) };
                let state = copy.as_mut().unwrap_or(&mut *b.state);
                let (starting, ends) = transition::<S, P>(
                    s,
                    control,
                    constants,
                    job,
                    row(t, index),
                    &mut params,
                    state,
                    &mut episode,
                    &mut totals[k],
                );
                (starts[k], last[k]) = (starting.to_bits(), ends);
                *b.episode = episode;
                if let Some(state) = copy {
                    *b.state = state;
                }
            }
        }
        // SAFETY: the caller's promise.
        unsafe { start_lanes::<S, P>(s, constants, job, &tile, &mut starts, scratch) };
        if !row(t, tile.start).keep {
            continue;
        }
        for (k, index) in tile.clone().enumerate() {
            // SAFETY: the caller's promise; rows of this block only.
            unsafe {
                let b = block::<S, P>(job, index);
                let params = *b.in_force(job);
                let mut copy = if is_large::<S, P>() { None } else { Some(*b.state) };
                let state = copy.as_mut().unwrap_or(&mut *b.state);
                see::<S, P>(s, constants, job, row(t, index), &params, state, P::elapsed(b.episode), last[k]);
            }
        }
    }
    for (k, index) in tile.enumerate() {
        // SAFETY: the caller's promise; rows of this block only.
        unsafe { write_totals::<S, P>(s, job, &totals[k], index * S::WIDTH, used::<S>(job, index)) };
    }
}

/// A lane of a block.
#[derive(Clone, Copy, Default)]
struct Place {
    block: usize,
    lane: usize,
}

/// Starts the lanes of `starts`, the bits of each block of the tile, side by side where that is less work; clears them.
///
/// # Safety
/// `job` must be valid for the tile.
#[inline(always)]
unsafe fn start_lanes<S: Lanes, P: Program>(
    s: S,
    constants: &P::Constants,
    job: &Job,
    tile: &Range<usize>,
    starts: &mut [u64; BLOCKS],
    scratch: &mut Option<AlignedWords>,
) {
    let vectors = starts.iter().filter(|bits| **bits != 0).count();
    let mut left: usize = starts.iter().map(|bits| bits.count_ones() as usize).sum();
    if left == 0 {
        return;
    }
    let saved = (vectors - left.div_ceil(S::WIDTH)) * P::START_COST;
    let packed = saved > left * WORD_COST * moved_words::<S, P>();
    let shared = job.pending_stride == 0;
    let mut k = 0;
    // One place that starts lanes, because a level generator is much code.
    while left > 0 {
        let mut places = [Place::default(); MAX_WIDTH];
        let mut count = 0;
        while count < S::WIDTH && count < left {
            if starts[k] == 0 {
                k += 1;
                if !packed && count > 0 {
                    break;
                }
                continue;
            }
            places[count] = Place { block: tile.start + k, lane: starts[k].trailing_zeros() as usize };
            starts[k] &= starts[k] - 1;
            count += 1;
        }
        left -= count;
        let places = &places[..count];
        // SAFETY: the caller's promise; no two places are the same.
        unsafe {
            let home = block::<S, P>(job, places[0].block);
            let own = |place: Place| block::<S, P>(job, place.block);
            let mut memory = |words: usize| scratch.get_or_insert_with(|| AlignedWords::new(words)).as_mut_ptr();
            let (mut episode, mut pending, mut params) = (*home.episode, home.pending, *home.in_force(job));
            let mut mask = 0;
            for (lane, place) in places.iter().enumerate() {
                mask |= 1 << if packed { lane } else { place.lane };
            }
            if packed {
                for (lane, place) in places.iter().enumerate() {
                    let from = own(*place);
                    move_lane::<S, _>(from.episode, place.lane, &mut episode, lane);
                    if !shared {
                        move_lane::<S, _>(&from.pending, place.lane, &mut pending, lane);
                    }
                }
            }
            let mut copy = if is_large::<S, P>() { None } else { Some(*home.state) };
            let state = match &mut copy {
                Some(copy) => copy,
                None if packed => &mut *memory(words::<S, P::State<S>>() * S::WIDTH).cast(),
                None => &mut *home.state,
            };
            P::start(s, constants, s.mask_from_bits(mask), &mut pending, &mut params, state, &mut episode);
            if packed {
                for (lane, place) in places.iter().enumerate() {
                    let to = own(*place);
                    move_lane::<S, _>(&episode, lane, to.episode, place.lane);
                    move_lane::<S, _>(&*state, lane, to.state, place.lane);
                    if !shared {
                        move_lane::<S, _>(&params, lane, to.params, place.lane);
                    }
                }
                continue;
            }
            *home.episode = episode;
            if let Some(state) = copy {
                *home.state = state;
            }
            if !shared {
                *home.params = params;
            }
        }
    }
}

/// Copies what one lane holds to a lane of another value.
///
/// # Safety
/// T is vectors of words, and both lanes are below the width.
#[inline(always)]
unsafe fn move_lane<S: Lanes, T>(from: *const T, from_lane: usize, to: *mut T, to_lane: usize) {
    for word in 0..words::<S, T>() {
        // SAFETY: the caller's promise.
        unsafe {
            *to.cast::<u32>().add(word * S::WIDTH + to_lane) = *from.cast::<u32>().add(word * S::WIDTH + from_lane)
        };
    }
}
