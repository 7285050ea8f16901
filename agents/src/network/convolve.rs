//! Convolutions as products of matrices whose left side is never written out: the rows under a kernel are read where they lie
//! in the picture.
//!
//! Pictures of bits are unpacked to floats first. Listing the bits that are set under the kernel, as [`super::bits`] does for
//! dense layers, took two to three times as long: a few of 36 are set, and every list ends with a branch that no processor
//! foresees.

// Indices into several small arrays at once are what the compiler unrolls into registers.
#![allow(clippy::needless_range_loop)]

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x8};

use super::kernels::{Tile, Weights, add_lanes, load, panels, start, store};

/// Where a kernel lies on a picture, in floats.
#[derive(Clone, Copy)]
pub(crate) struct Windows<'a> {
    /// Places from top to bottom and from left to right.
    pub rows: usize,
    pub columns: usize,
    /// From one place to the next, from one row of places to the next.
    pub step: usize,
    pub row_step: usize,
    /// From the first value under the kernel to each of them.
    pub offsets: &'a [u32],
}

/// `y = x w + bias` at every place, its rows lying every `stride`.
pub(crate) fn convolve<S: Simd>(simd: S, at: Windows<'_>, x: &[f32], w: Weights<'_>, y: &mut [f32], stride: usize) {
    simd.vectorize(
        #[inline(always)]
        || {
            panels!(
                w.columns,
                column,
                product_panel::<S, S::f32s, 4, 4>(simd, at, x, w, y, stride, column),
                product_panel::<S, S::f32s, 2, 4>(simd, at, x, w, y, stride, column),
                product_panel::<S, S::f32s, 1, 8>(simd, at, x, w, y, stride, column),
                product_panel::<S, f32x8<S>, 1, 8>(simd, at, x, w, y, stride, column)
            );
        },
    );
}

#[inline(always)]
fn product_panel<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize, const R: usize>(
    simd: S,
    at: Windows<'_>,
    x: &[f32],
    w: Weights<'_>,
    y: &mut [f32],
    stride: usize,
    column: usize,
) {
    for row in 0..at.rows {
        let (x, y) = (&x[row * at.row_step..], &mut y[row * at.columns * stride..]);
        let whole = at.columns / R * R;
        for place in (0..whole).step_by(R) {
            product_block::<S, F, V, R>(simd, at, place, x, w, y, stride, column);
        }
        for place in whole..at.columns {
            product_block::<S, F, V, 1>(simd, at, place, x, w, y, stride, column);
        }
    }
}

/// `R` places in a row, the first of them `place`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn product_block<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize, const R: usize>(
    simd: S,
    at: Windows<'_>,
    place: usize,
    x: &[f32],
    w: Weights<'_>,
    y: &mut [f32],
    stride: usize,
    column: usize,
) {
    let mut inputs: [&[f32]; R] = [&[]; R];
    for r in 0..R {
        inputs[r] = &x[(place + r) * at.step..];
    }
    let mut sums = [start::<S, F, V>(simd, w, column); R];
    for (k, &offset) in at.offsets.iter().enumerate() {
        let vectors: [F; V] = load(simd, &w.values[k * w.stride + column..]);
        for r in 0..R {
            let input = F::splat(simd, inputs[r][offset as usize]);
            for v in 0..V {
                sums[r][v] = input.mul_add(vectors[v], sums[r][v]);
            }
        }
    }
    for r in 0..R {
        store(sums[r], &mut y[(place + r) * stride + column..]);
    }
}

/// `out[k][j] += sum over places of x[place][k] d[place][j]`, rows of `out` lying every `stride`: the gradient of the weights.
pub(crate) fn convolve_outer<S: Simd>(
    simd: S,
    at: Windows<'_>,
    x: &[f32],
    d: Tile<'_>,
    out: &mut [f32],
    stride: usize,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            panels!(
                d.width,
                column,
                outer_panel::<S, S::f32s, 4>(simd, at, x, d, out, stride, column),
                outer_panel::<S, S::f32s, 2>(simd, at, x, d, out, stride, column),
                outer_panel::<S, S::f32s, 1>(simd, at, x, d, out, stride, column),
                outer_panel::<S, f32x8<S>, 1>(simd, at, x, d, out, stride, column)
            );
        },
    );
}

#[inline(always)]
fn outer_panel<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(
    simd: S,
    at: Windows<'_>,
    x: &[f32],
    d: Tile<'_>,
    out: &mut [f32],
    stride: usize,
    column: usize,
) {
    let (mut first, count) = (0, at.offsets.len());
    // One sum at a time would wait for each addition: eight, or four where a place has more vectors, keep both units busy.
    while V == 1 && first + 8 <= count {
        outer_block::<S, F, V, 8>(simd, at, first, x, d, out, stride, column);
        first += 8;
    }
    while first + 4 <= count {
        outer_block::<S, F, V, 4>(simd, at, first, x, d, out, stride, column);
        first += 4;
    }
    while first < count {
        outer_block::<S, F, V, 1>(simd, at, first, x, d, out, stride, column);
        first += 1;
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn outer_block<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize, const R: usize>(
    simd: S,
    at: Windows<'_>,
    first: usize,
    x: &[f32],
    d: Tile<'_>,
    out: &mut [f32],
    stride: usize,
    column: usize,
) {
    let mut offsets = [0; R];
    for r in 0..R {
        offsets[r] = at.offsets[first + r] as usize;
    }
    let mut sums = [[F::splat(simd, 0.0); V]; R];
    for row in 0..at.rows {
        for place in 0..at.columns {
            let left = &x[row * at.row_step + place * at.step..];
            let vectors: [F; V] = load(simd, &d.values[(row * at.columns + place) * d.stride + column..]);
            for r in 0..R {
                let factor = F::splat(simd, left[offsets[r]]);
                for v in 0..V {
                    sums[r][v] = factor.mul_add(vectors[v], sums[r][v]);
                }
            }
        }
    }
    for r in 0..R {
        for v in 0..V {
            let next = column + v * F::LEN;
            add_lanes(simd, &mut out[(first + r) * stride + next..], sums[r][v], d.width - next.min(d.width));
        }
    }
}
