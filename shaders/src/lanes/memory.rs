//! Array elements at an index that differs from lane to lane.

use core::num::Wrapping as W;

use super::{Int, Lanes, Value, blend, splat};

/// Up to this length a chain of selects beats going through memory lane by lane.
const CHAIN: usize = 8;

/// Per lane `array[min(index, N - 1)]`.
#[inline(always)]
pub fn gather<S: Lanes, T: Value<S>, const N: usize>(s: S, array: &[T; N], index: S::U) -> T {
    if N <= CHAIN {
        return gather_chain(s, array, index);
    }
    let words = words::<S, T>();
    let size: S::U = splat(s, W((words * S::WIDTH) as u32));
    let first = size * index.lower_of(last::<S, N>(s)) + numbers(s);
    let from = array.as_ptr().cast::<u32>();
    let mut out = array[0];
    let to = (&raw mut out).cast::<S::U>();
    for word in 0..words {
        // SAFETY: T is `words` vectors of WIDTH 32-bit lanes without padding (see `words`), the element is below N,
        // and `out` is a T of its own.
        unsafe { *to.add(word) = s.gather_words(from.add(word * S::WIDTH), first) };
    }
    out
}

/// The last index of an array.
#[inline(always)]
fn last<S: Lanes, const N: usize>(s: S) -> S::U {
    splat(s, W((N - 1) as u32))
}

/// The number of each lane.
#[inline(always)]
fn numbers<S: Lanes>(s: S) -> S::U {
    const NUMBERS: [u32; MAX_WIDTH] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    s.load(&NUMBERS[..S::WIDTH])
}

/// As [`gather`], from an array that all lanes share.
#[inline(always)]
pub fn gather_uniform<S: Lanes, T: Value<S>, const N: usize>(s: S, array: &[T::Uniform; N], index: S::U) -> T {
    if N <= CHAIN {
        return gather_uniform_chain(s, array, index);
    }
    let words = words::<S, T>();
    assert!(size_of::<T::Uniform>() == words * 4);
    let size: S::U = splat(s, W(words as u32));
    let first = size * index.lower_of(last::<S, N>(s));
    let from = array.as_ptr().cast::<u32>();
    let mut out: T = splat(s, array[0]);
    let to = (&raw mut out).cast::<S::U>();
    for word in 0..words {
        // SAFETY: as in `gather`; the uniform type has the same words, one lane each.
        unsafe { *to.add(word) = s.gather_words(from.add(word), first) };
    }
    out
}

/// Per lane where the mask is set `array[min(index, N - 1)] = value`.
#[inline(always)]
pub fn scatter<S: Lanes, T: Value<S>, const N: usize>(s: S, mask: S::M, array: &mut [T; N], index: S::U, value: T) {
    if N <= CHAIN {
        return scatter_chain(s, mask, array, index, value);
    }
    let words = words::<S, T>();
    let size: S::U = splat(s, W((words * S::WIDTH) as u32));
    let first = size * index.lower_of(last::<S, N>(s)) + numbers(s);
    let from = (&raw const value).cast::<S::U>();
    let to = array.as_mut_ptr().cast::<u32>();
    for word in 0..words {
        // SAFETY: as in `gather`; every lane has words of its own.
        unsafe { s.scatter_words(mask, to.add(word * S::WIDTH), first, *from.add(word)) };
    }
}

/// [`gather`] by selects, for any length and for types with booleans.
#[inline(always)]
pub fn gather_chain<S: Lanes, T: Value<S>, const N: usize>(s: S, array: &[T; N], index: S::U) -> T {
    let mut out = array[N - 1];
    for i in (0..N - 1).rev() {
        out = blend(s, index.same(splat(s, W(i as u32))), array[i], out);
    }
    out
}

/// [`gather_uniform`] by selects, for any length and for types with booleans.
#[inline(always)]
pub fn gather_uniform_chain<S: Lanes, T: Value<S>, const N: usize>(s: S, array: &[T::Uniform; N], index: S::U) -> T {
    let mut out = splat(s, array[N - 1]);
    for i in (0..N - 1).rev() {
        out = blend(s, index.same(splat(s, W(i as u32))), splat(s, array[i]), out);
    }
    out
}

/// [`scatter`] by selects, for any length and for types with booleans.
#[inline(always)]
pub fn scatter_chain<S: Lanes, T: Value<S>, const N: usize>(
    s: S,
    mask: S::M,
    array: &mut [T; N],
    index: S::U,
    value: T,
) {
    let index = index.lower_of(last::<S, N>(s));
    for (i, element) in array.iter_mut().enumerate() {
        *element = blend(s, mask & index.same(splat(s, W(i as u32))), value, *element);
    }
}

/// Zeros in the lanes of the mask, in place: a large value would not fit the stack of a thread.
#[inline(always)]
pub fn clear<S: Lanes, T: Value<S>>(s: S, mask: S::M, place: &mut T) {
    let zero: S::U = splat(s, W(0));
    let first = core::ptr::from_mut(place).cast::<S::U>();
    for word in 0..words::<S, T>() {
        // SAFETY: T is `words` vectors without padding (see `words`), all of them valid for any bits; the generator
        // leaves types with booleans out.
        unsafe { *first.add(word) = blend(s, mask, zero, *first.add(word)) };
    }
}

/// The widest level.
pub(super) const MAX_WIDTH: usize = 16;

/// Vectors in a T. Masks have no such layout: the generator uses the `_chain` functions for types with booleans.
#[inline(always)]
pub(super) fn words<S: Lanes, T>() -> usize {
    const { assert!(size_of::<S::U>() == S::WIDTH * 4 && size_of::<T>().is_multiple_of(size_of::<S::U>())) };
    size_of::<T>() / size_of::<S::U>()
}
