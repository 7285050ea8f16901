//! The products of matrices behind the networks, on vectors of whatever width the processor has.
//!
//! Rows lie with a stride of whole cache lines; the columns between their width and the next multiple of [`LINE`] hold
//! anything and are written over freely. Weights are read where they lie, without a padded copy: the last vector of a
//! row of weights runs over into what follows it, which only reaches those padding columns. Gradients are written to
//! the exact columns.

// Indices into several small arrays at once are what the compiler unrolls into registers.
#![allow(clippy::needless_range_loop)]

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x8};

/// Floats in a cache line, and in the widest vector.
pub(crate) const LINE: usize = 16;

/// A number of columns rounded up to whole lines.
pub(crate) fn padded(columns: usize) -> usize {
    columns.next_multiple_of(LINE)
}

/// Rows of `width` values every `stride`.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a> {
    pub values: &'a [f32],
    pub stride: usize,
    pub width: usize,
}

/// A matrix with rows of `columns` values every `stride`, readable [`LINE`] values beyond its end, and what is added to
/// its products.
#[derive(Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub values: &'a [f32],
    pub stride: usize,
    pub columns: usize,
    pub bias: Option<&'a [f32]>,
}

/// Covers the columns with panels of four, two and one vectors, `$column` being each panel's first. Four vectors at a
/// time need the 32 registers that AVX-512 and ARM have; a few columns would leave most of a wide vector empty.
macro_rules! panels {
    ($columns:expr, $column:ident, $wide:expr, $double:expr, $single:expr, $narrow:expr) => {{
        let len = S::f32s::LEN;
        let $column = 0;
        if $columns <= 8 && len == 16 {
            $narrow
        } else {
            let mut next = 0;
            while next < $columns {
                let $column = next;
                let left = ($columns - next).div_ceil(len);
                next += len
                    * if left >= 4 && (len == 16 || cfg!(target_arch = "aarch64")) {
                        $wide;
                        4
                    } else if left >= 2 {
                        $double;
                        2
                    } else {
                        $single;
                        1
                    };
            }
        }
    }};
}

pub(super) use panels;

/// `y = x w + bias` for the first `rows` rows; `x.width` is the number of rows of `w`.
pub(crate) fn matmul<S: Simd>(simd: S, rows: usize, x: Tile<'_>, w: Weights<'_>, y: &mut [f32], stride: usize) {
    simd.vectorize(
        #[inline(always)]
        || {
            panels!(
                w.columns,
                column,
                product_panel::<S, S::f32s, 4, 4>(simd, rows, x, w, y, stride, column),
                product_panel::<S, S::f32s, 2, 4>(simd, rows, x, w, y, stride, column),
                product_panel::<S, S::f32s, 1, 8>(simd, rows, x, w, y, stride, column),
                product_panel::<S, f32x8<S>, 1, 8>(simd, rows, x, w, y, stride, column)
            );
        },
    );
}

/// Rows of the weights that are used for all rows of a tile before the next: with four vectors of 16 floats each, 32 KiB,
/// which the first cache holds. A sum that is put down and taken up again has the same bits.
const BLOCK: usize = 128;

/// `V` vectors of columns of the product: blocks of `R` rows, then single rows with their terms in `CHAINS` sums, as
/// one sum would wait for each addition.
#[inline(always)]
fn product_panel<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize, const R: usize>(
    simd: S,
    rows: usize,
    x: Tile<'_>,
    w: Weights<'_>,
    y: &mut [f32],
    stride: usize,
    column: usize,
) {
    let mut row = rows / R * R;
    let mut from = 0;
    while row > 0 && (from == 0 || from < x.width) {
        let terms = from..x.width.min(from + BLOCK);
        for first in (0..row).step_by(R) {
            product_block::<S, F, V, R>(simd, first, terms.clone(), x, w, y, stride, column);
        }
        from += BLOCK;
    }
    while row < rows {
        match V {
            4 => product_block::<S, F, V, 1>(simd, row, 0..x.width, x, w, y, stride, column),
            _ => product_row::<S, F, V>(simd, row, x, w, y, stride, column),
        }
        row += 1;
    }
}

/// `V` vectors from the beginning of a row.
#[inline(always)]
pub(super) fn load<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(simd: S, row: &[f32]) -> [F; V] {
    let row = &row[..V * F::LEN];
    let mut vectors = [F::splat(simd, 0.0); V];
    for v in 0..V {
        vectors[v] = F::from_slice(simd, &row[v * F::LEN..(v + 1) * F::LEN]);
    }
    vectors
}

/// `V` vectors to the beginning of a row.
#[inline(always)]
pub(super) fn store<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(vectors: [F; V], row: &mut [f32]) {
    let row = &mut row[..V * F::LEN];
    for v in 0..V {
        vectors[v].store_slice(&mut row[v * F::LEN..(v + 1) * F::LEN]);
    }
}

/// The sums' first term.
#[inline(always)]
pub(super) fn start<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(
    simd: S,
    w: Weights<'_>,
    column: usize,
) -> [F; V] {
    w.bias.map_or([F::splat(simd, 0.0); V], |bias| load(simd, &bias[column..]))
}

/// Some of the terms of the sums of `R` rows: those from the first on start, others go on.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn product_block<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize, const R: usize>(
    simd: S,
    row: usize,
    terms: std::ops::Range<usize>,
    x: Tile<'_>,
    w: Weights<'_>,
    y: &mut [f32],
    stride: usize,
    column: usize,
) {
    let mut inputs: [&[f32]; R] = [&[]; R];
    for r in 0..R {
        inputs[r] = &x.values[(row + r) * x.stride..][..x.width];
    }
    let mut sums = [[F::splat(simd, 0.0); V]; R];
    if terms.start == 0 {
        sums = [start::<S, F, V>(simd, w, column); R];
    } else {
        for r in 0..R {
            sums[r] = load(simd, &y[(row + r) * stride + column..]);
        }
    }
    for k in terms {
        let vectors: [F; V] = load(simd, &w.values[k * w.stride + column..]);
        for r in 0..R {
            let input = F::splat(simd, inputs[r][k]);
            for v in 0..V {
                sums[r][v] = input.mul_add(vectors[v], sums[r][v]);
            }
        }
    }
    for r in 0..R {
        store(sums[r], &mut y[(row + r) * stride + column..]);
    }
}

/// One row, every fourth term in the same sum.
#[inline(always)]
fn product_row<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(
    simd: S,
    row: usize,
    x: Tile<'_>,
    w: Weights<'_>,
    y: &mut [f32],
    stride: usize,
    column: usize,
) {
    const CHAINS: usize = 4;
    let inputs = &x.values[row * x.stride..][..x.width];
    let mut sums = [[F::splat(simd, 0.0); V]; CHAINS];
    sums[0] = start::<S, F, V>(simd, w, column);
    let whole = x.width / CHAINS * CHAINS;
    for k in (0..whole).step_by(CHAINS) {
        for chain in 0..CHAINS {
            sums[chain] = add_row(simd, inputs[k + chain], w, k + chain, column, sums[chain]);
        }
    }
    for k in whole..x.width {
        sums[0] = add_row(simd, inputs[k], w, k, column, sums[0]);
    }
    let y = &mut y[row * stride + column..][..V * F::LEN];
    for v in 0..V {
        let sum = (sums[0][v] + sums[1][v]) + (sums[2][v] + sums[3][v]);
        sum.store_slice(&mut y[v * F::LEN..(v + 1) * F::LEN]);
    }
}

/// Adds `input` times row `k` of the weights.
#[inline(always)]
fn add_row<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(
    simd: S,
    input: f32,
    w: Weights<'_>,
    k: usize,
    column: usize,
    mut sums: [F; V],
) -> [F; V] {
    let weights = &w.values[k * w.stride + column..][..V * F::LEN];
    let input = F::splat(simd, input);
    for v in 0..V {
        sums[v] = input.mul_add(F::from_slice(simd, &weights[v * F::LEN..(v + 1) * F::LEN]), sums[v]);
    }
    sums
}

/// Adds the first lanes of a vector to as many values.
#[inline(always)]
pub(super) fn add_lanes<S: Simd, F: SimdFloat<S, Element = f32>>(simd: S, to: &mut [f32], sum: F, lanes: usize) {
    if lanes >= F::LEN {
        let to = &mut to[..F::LEN];
        (F::from_slice(simd, to) + sum).store_slice(to);
    } else {
        for (to, sum) in to[..lanes].iter_mut().zip(sum.as_slice()) {
            *to += sum;
        }
    }
}

/// `out[i][j] += sum over rows of a[row][i] b[row][j]`, rows of `out` lying every `stride`.
pub(crate) fn outer<S: Simd>(simd: S, rows: usize, a: Tile<'_>, b: Tile<'_>, out: &mut [f32], stride: usize) {
    simd.vectorize(
        #[inline(always)]
        || {
            panels!(
                b.width,
                column,
                outer_panel::<S, S::f32s, 4, 4>(simd, rows, a, b, out, stride, column),
                outer_panel::<S, S::f32s, 2, 4>(simd, rows, a, b, out, stride, column),
                outer_panel::<S, S::f32s, 1, 8>(simd, rows, a, b, out, stride, column),
                outer_panel::<S, f32x8<S>, 1, 8>(simd, rows, a, b, out, stride, column)
            );
        },
    );
}

#[inline(always)]
fn outer_panel<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize, const R: usize>(
    simd: S,
    rows: usize,
    a: Tile<'_>,
    b: Tile<'_>,
    out: &mut [f32],
    stride: usize,
    column: usize,
) {
    let mut i = 0;
    while i + R <= a.width {
        outer_block::<S, F, V, R>(simd, rows, i, a, b, out, stride, column);
        i += R;
    }
    while i < a.width {
        outer_block::<S, F, V, 1>(simd, rows, i, a, b, out, stride, column);
        i += 1;
    }
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn outer_block<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize, const R: usize>(
    simd: S,
    rows: usize,
    i: usize,
    a: Tile<'_>,
    b: Tile<'_>,
    out: &mut [f32],
    stride: usize,
    column: usize,
) {
    let mut sums = [[F::splat(simd, 0.0); V]; R];
    for row in 0..rows {
        let left = &a.values[row * a.stride + i..][..R];
        let vectors: [F; V] = load(simd, &b.values[row * b.stride + column..]);
        for r in 0..R {
            let factor = F::splat(simd, left[r]);
            for v in 0..V {
                sums[r][v] = factor.mul_add(vectors[v], sums[r][v]);
            }
        }
    }
    for r in 0..R {
        for v in 0..V {
            let first = column + v * F::LEN;
            add_lanes(simd, &mut out[(i + r) * stride + first..], sums[r][v], b.width - first.min(b.width));
        }
    }
}

/// `out[j] += sum over rows of b[row][j]`.
pub(crate) fn column_sums<S: Simd>(simd: S, rows: usize, b: Tile<'_>, out: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for column in (0..b.width).step_by(S::f32s::LEN) {
                let mut sum = S::f32s::splat(simd, 0.0);
                for row in 0..rows {
                    sum += S::f32s::from_slice(simd, &b.values[row * b.stride + column..][..S::f32s::LEN]);
                }
                add_lanes(simd, &mut out[column..], sum, b.width - column);
            }
        },
    );
}

/// `out[j] += sum over rows of a[row][j] b[row][j]`, rows of `b` lying as those of `a`.
pub(crate) fn column_products<S: Simd>(simd: S, rows: usize, a: Tile<'_>, b: &[f32], out: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for column in (0..a.width).step_by(S::f32s::LEN) {
                let mut sum = S::f32s::splat(simd, 0.0);
                for row in 0..rows {
                    let range = row * a.stride + column..row * a.stride + column + S::f32s::LEN;
                    let left = S::f32s::from_slice(simd, &a.values[range.clone()]);
                    sum = left.mul_add(S::f32s::from_slice(simd, &b[range]), sum);
                }
                add_lanes(simd, &mut out[column..], sum, a.width - column);
            }
        },
    );
}
