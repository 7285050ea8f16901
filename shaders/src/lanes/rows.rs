//! Vectors to rows of words and back.

use super::memory::{MAX_WIDTH, words};
use super::{Lanes, Uint};

/// Writes a value of T as rows: `rows[lane * stride + word]` for the lanes of `lanes`.
///
/// # Safety
/// `rows` must be valid for those rows.
#[inline(always)]
pub(super) unsafe fn write_rows<S: Lanes, T>(value: &T, rows: *mut u32, stride: usize, lanes: usize) {
    // SAFETY: the value has words x WIDTH words; the caller vouches for the rows.
    unsafe {
        let from = (&raw const *value).cast::<u32>();
        if words::<S, T>() == 1 && stride == 1 && lanes == S::WIDTH {
            rows.copy_from_nonoverlapping(from, S::WIDTH);
            return;
        }
        if lanes == S::WIDTH {
            write_full::<S>(from.cast(), words::<S, T>(), rows, stride);
        } else {
            transpose(from, words::<S, T>(), S::WIDTH, rows, stride, lanes);
        }
    }
}

/// Rows of all lanes: `count` vectors become `WIDTH` rows. `count` is a constant once this is inlined.
///
/// In registers: stores of single words, which LLVM makes scatters of, took a third of a step of Maze-v0.
///
/// # Safety
/// `from` must be valid for `count` vectors, `rows` for rows of `count` words every `stride` words.
#[inline(always)]
unsafe fn write_full<S: Lanes>(from: *const S::U, count: usize, rows: *mut u32, stride: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if S::WIDTH == 1 {
            rows.copy_from_nonoverlapping(from.cast(), count);
            return;
        }
        let full = count / S::WIDTH * S::WIDTH;
        for first in (0..full).step_by(S::WIDTH) {
            write_chunk::<S>(from.add(first), S::WIDTH, rows.add(first), stride);
        }
        if count > full {
            write_chunk::<S>(from.add(full), count - full, rows.add(full), stride);
        }
    }
}

/// The same for at most as many vectors as a vector has lanes.
///
/// # Safety
/// As for `write_full`.
#[inline(always)]
unsafe fn write_chunk<S: Lanes>(from: *const S::U, count: usize, rows: *mut u32, stride: usize) {
    let padded = count.next_power_of_two();
    // SAFETY: the caller's promise; `padded` is at most WIDTH, a power of two.
    unsafe {
        let mut vectors = [*from; MAX_WIDTH];
        for (i, vector) in vectors.iter_mut().enumerate().take(count) {
            *vector = *from.add(i);
        }
        // Each shuffle moves the highest bit of a word's place, the number of its vector, behind the lowest one: once all of
        // them are there the words lie lane by lane.
        let mut stages = padded;
        while stages > 1 {
            let before = vectors;
            for i in 0..padded / 2 {
                (vectors[2 * i], vectors[2 * i + 1]) = before[i].zip(before[i + padded / 2]);
            }
            stages /= 2;
        }
        let words = vectors.as_ptr().cast::<u32>();
        if count == padded && stride == count {
            rows.copy_from_nonoverlapping(words, count * S::WIDTH);
            return;
        }
        for lane in 0..S::WIDTH {
            rows.add(lane * stride).copy_from_nonoverlapping(words.add(lane * padded), count);
        }
    }
}

/// # Safety
/// `from` must be valid for words x width words, `rows` for `lanes` rows of `words` words every `stride` words.
#[inline(always)]
pub(super) unsafe fn transpose(
    from: *const u32,
    words: usize,
    width: usize,
    rows: *mut u32,
    stride: usize,
    lanes: usize,
) {
    for lane in 0..lanes {
        for word in 0..words {
            // SAFETY: the caller's promise.
            unsafe { *rows.add(lane * stride + word) = *from.add(word * width + lane) };
        }
    }
}

/// Writes bit `bit` of each lane's word as a flag.
///
/// # Safety
/// `to` must be valid for `lanes` flags.
#[inline(always)]
pub(super) unsafe fn write_flags<S: Lanes>(words: &[u32; MAX_WIDTH], bit: u32, to: *mut bool, lanes: usize) {
    let mut flags = [false; MAX_WIDTH];
    for lane in 0..S::WIDTH {
        flags[lane] = words[lane] & bit != 0;
    }
    // SAFETY: the caller's promise.
    unsafe {
        if lanes == S::WIDTH {
            to.copy_from_nonoverlapping(flags.as_ptr(), S::WIDTH);
        } else {
            to.copy_from_nonoverlapping(flags.as_ptr(), lanes);
        }
    }
}

/// Reads rows into a value of T; lanes past `lanes` repeat the last one.
///
/// # Safety
/// `rows` must be valid for those rows.
#[inline(always)]
pub(super) unsafe fn read_rows<S: Lanes, T: Copy>(like: T, rows: *const u32, stride: usize, lanes: usize) -> T {
    let words = words::<S, T>();
    if words == 1 && stride == 1 && lanes == S::WIDTH {
        // One vector load: gathering words on the stack first would stall the load that follows.
        // SAFETY: T is one vector, and as many words are there.
        return unsafe { rows.cast::<T>().read_unaligned() };
    }
    let mut value = like;
    let to = (&raw mut value).cast::<u32>();
    for lane in 0..S::WIDTH {
        for word in 0..words {
            // SAFETY: as in `write_rows`.
            unsafe { *to.add(word * S::WIDTH + lane) = *rows.add(lane.min(lanes - 1) * stride + word) };
        }
    }
    value
}
