//! Transposed copies of weights.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, f32x4};

/// Writes some columns of rows of `columns` values as rows, which lie every `stride`: in squares of four by four, as an
/// element at a time would cost more than a whole update of a single row.
pub(crate) fn transpose<S: Simd>(
    simd: S,
    from: &[f32],
    columns: usize,
    some: Range<usize>,
    to: &mut [f32],
    stride: usize,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let rows = from.len() / columns;
            let (from, count) = (&from[some.start..], some.len());
            let (whole_rows, whole_columns) = (rows / 4 * 4, count / 4 * 4);
            for row in (0..whole_rows).step_by(4) {
                for column in (0..whole_columns).step_by(4) {
                    square(simd, &from[row * columns + column..], columns, &mut to[column * stride + row..], stride);
                }
            }
            for row in 0..rows {
                let first = if row < whole_rows { whole_columns } else { 0 };
                for column in first..count {
                    to[column * stride + row] = from[row * columns + column];
                }
            }
        },
    );
}

#[inline(always)]
fn square<S: Simd>(simd: S, from: &[f32], columns: usize, to: &mut [f32], stride: usize) {
    let mut rows = [f32x4::splat(simd, 0.0); 4];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = f32x4::from_slice(simd, &from[i * columns..][..4]);
    }
    let (even, odd) = (rows[0].interleave(rows[2]), rows[1].interleave(rows[3]));
    let (low, high) = (even.0.interleave(odd.0), even.1.interleave(odd.1));
    for (i, column) in [low.0, low.1, high.0, high.1].iter().enumerate() {
        column.store_slice(&mut to[i * stride..][..4]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposes_of_every_shape() {
        for (rows, columns, stride) in [(1, 1, 1), (4, 4, 4), (5, 3, 16), (3, 9, 3), (64, 64, 64), (17, 6, 32)] {
            let from: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            let mut to = vec![-1.0; columns * stride];
            let level = fearless_simd::Level::new();
            // In two parts, which lie beside each other.
            let middle = columns / 2;
            let (left, right) = to.split_at_mut(middle * stride);
            fearless_simd::dispatch!(level, simd => transpose(simd, &from, columns, 0..middle, left, stride));
            fearless_simd::dispatch!(level, simd => transpose(simd, &from, columns, middle..columns, right, stride));
            for (i, to) in to.iter().enumerate() {
                let (column, row) = (i / stride, i % stride);
                let expected = if row < rows { from[row * columns + column] } else { -1.0 };
                assert_eq!(*to, expected, "{rows}x{columns}: {column} {row}");
            }
        }
    }
}
