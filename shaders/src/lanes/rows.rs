//! Vectors to rows of words and back.

use super::Lanes;
use super::memory::{MAX_WIDTH, words};

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
        // A constant count lets LLVM use whole vectors and shuffles instead of a loop; most blocks are full.
        if lanes == S::WIDTH {
            transpose(from, words::<S, T>(), S::WIDTH, rows, stride, S::WIDTH);
        } else {
            transpose(from, words::<S, T>(), S::WIDTH, rows, stride, lanes);
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
