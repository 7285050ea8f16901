//! The products of rows of bits: a few dozen of hundreds are set, so the set ones are listed and only their rows of the
//! weights are touched.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x8};

use super::kernels::{Tile, Weights, add_lanes, load, panels, start, store};

/// The set bits of rows: those of row `r` are `indices[starts[r]..starts[r + 1]]`.
#[derive(Clone, Copy)]
pub(crate) struct SetBits<'a> {
    pub starts: &'a [u32],
    pub indices: &'a [u32],
}

impl SetBits<'_> {
    #[inline(always)]
    fn row(&self, row: usize) -> &[u32] {
        &self.indices[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

/// `y = x w + bias` for rows of bits: the sum of the rows of `w` whose bit is set.
pub(crate) fn matmul_bits<S: Simd>(simd: S, rows: usize, x: SetBits<'_>, w: Weights<'_>, y: &mut [f32], stride: usize) {
    simd.vectorize(
        #[inline(always)]
        || {
            panels!(
                w.columns,
                column,
                bits_panel::<S, S::f32s, 4>(simd, rows, x, w, y, stride, column),
                bits_panel::<S, S::f32s, 2>(simd, rows, x, w, y, stride, column),
                bits_panel::<S, S::f32s, 1>(simd, rows, x, w, y, stride, column),
                bits_panel::<S, f32x8<S>, 1>(simd, rows, x, w, y, stride, column)
            );
        },
    );
}

#[inline(always)]
fn bits_panel<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(
    simd: S,
    rows: usize,
    x: SetBits<'_>,
    w: Weights<'_>,
    y: &mut [f32],
    stride: usize,
    column: usize,
) {
    let first = start::<S, F, V>(simd, w, column);
    for row in 0..rows {
        let mut sums = first;
        for k in x.row(row) {
            let weights = &w.values[*k as usize * w.stride + column..][..V * F::LEN];
            for v in 0..V {
                sums[v] += F::from_slice(simd, &weights[v * F::LEN..(v + 1) * F::LEN]);
            }
        }
        store(sums, &mut y[row * stride + column..]);
    }
}

/// [`outer`] with rows of bits on the left: adds the row on the right to the rows of `out` whose bit is set.
pub(crate) fn outer_bits<S: Simd>(simd: S, rows: usize, a: SetBits<'_>, b: Tile<'_>, out: &mut [f32], stride: usize) {
    simd.vectorize(
        #[inline(always)]
        || {
            panels!(
                b.width,
                column,
                outer_bits_panel::<S, S::f32s, 4>(simd, rows, a, b, out, stride, column),
                outer_bits_panel::<S, S::f32s, 2>(simd, rows, a, b, out, stride, column),
                outer_bits_panel::<S, S::f32s, 1>(simd, rows, a, b, out, stride, column),
                outer_bits_panel::<S, f32x8<S>, 1>(simd, rows, a, b, out, stride, column)
            );
        },
    );
}

#[inline(always)]
fn outer_bits_panel<S: Simd, F: SimdFloat<S, Element = f32>, const V: usize>(
    simd: S,
    rows: usize,
    a: SetBits<'_>,
    b: Tile<'_>,
    out: &mut [f32],
    stride: usize,
    column: usize,
) {
    let width = (b.width - column).min(V * F::LEN);
    for row in 0..rows {
        let vectors: [F; V] = load(simd, &b.values[row * b.stride + column..]);
        for i in a.row(row) {
            let out = &mut out[*i as usize * stride + column..][..width];
            if width == V * F::LEN {
                for v in 0..V {
                    let to = &mut out[v * F::LEN..(v + 1) * F::LEN];
                    (F::from_slice(simd, to) + vectors[v]).store_slice(to);
                }
            } else {
                for v in 0..V {
                    add_lanes(simd, &mut out[v * F::LEN..], vectors[v], width - v * F::LEN);
                }
            }
        }
    }
}
