//! What happens to each value between two products of matrices: activations and layer normalisation, and their
//! derivatives. Rows lie as in [`super::kernels`].

use fearless_simd::{Select, Simd, SimdBase, SimdFloat};

use super::feedforward::Activation;
use super::kernels::Tile;
use super::vector_math::{Tanh, apply};

/// What [`Activation::LeakyRelu`] leaves of negative values.
const LEAK: f32 = 0.01;

/// Applies the activation to whole rows, padding included.
pub(crate) fn activate<S: Simd>(simd: S, activation: Activation, values: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || match activation {
            Activation::Tanh => apply::<S, Tanh>(simd, values),
            Activation::Relu => {
                let zero = S::f32s::splat(simd, 0.0);
                for chunk in values.chunks_exact_mut(S::f32s::LEN) {
                    zero.max(S::f32s::from_slice(simd, chunk)).store_slice(chunk);
                }
            }
            Activation::LeakyRelu => {
                for chunk in values.chunks_exact_mut(S::f32s::LEN) {
                    let x = S::f32s::from_slice(simd, chunk);
                    x.max(x * LEAK).store_slice(chunk);
                }
            }
        },
    );
}

/// Multiplies gradients with respect to activated values by the derivative of the activation, which for all follows
/// from its result.
pub(crate) fn deactivate<S: Simd>(simd: S, activation: Activation, activated: &[f32], gradient: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (zero, one) = (S::f32s::splat(simd, 0.0), S::f32s::splat(simd, 1.0));
            // A loop, no closure for the iterator: that would be compiled without the vector instructions.
            for (h, d) in activated.chunks_exact(S::f32s::LEN).zip(gradient.chunks_exact_mut(S::f32s::LEN)) {
                let (h, g) = (S::f32s::from_slice(simd, h), S::f32s::from_slice(simd, d));
                let product = match activation {
                    Activation::Tanh => g * (one - h * h),
                    Activation::Relu => h.simd_gt(zero).select(g, zero),
                    Activation::LeakyRelu => h.simd_gt(zero).select(g, g * LEAK),
                };
                product.store_slice(d);
            }
        },
    );
}

/// Scale and offset of a layer normalisation, readable a line beyond their ends.
#[derive(Clone, Copy)]
pub(crate) struct Affine<'a> {
    pub scale: &'a [f32],
    pub offset: &'a [f32],
}

/// The vector from a column on.
#[inline(always)]
fn at<S: Simd>(simd: S, row: &[f32], column: usize) -> S::f32s {
    S::f32s::from_slice(simd, &row[column..column + S::f32s::LEN])
}

/// Sum over the first `width` columns, `$vector` being the vector from `$column` on.
macro_rules! row_sum {
    ($simd:ident, $width:expr, $column:ident => $vector:expr) => {{
        let len = S::f32s::LEN;
        let mut sum = S::f32s::splat($simd, 0.0);
        let mut $column = 0;
        while $column + len <= $width {
            sum += $vector;
            $column += len;
        }
        let mut total = sum.reduce_sum();
        if $column < $width {
            let rest: S::f32s = $vector;
            for value in &rest.as_slice()[..$width - $column] {
                total += value;
            }
        }
        total
    }};
}

/// Normalises rows: leaves the normalised values in `normal`, one over the standard deviation in `inverse`, and their
/// affine image in `values`.
#[allow(clippy::too_many_arguments)]
pub(crate) fn normalise<S: Simd>(
    simd: S,
    affine: Option<Affine<'_>>,
    epsilon: f32,
    width: usize,
    stride: usize,
    values: &mut [f32],
    normal: &mut [f32],
    inverse: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let len = S::f32s::LEN;
            let rows = values.chunks_exact_mut(stride).zip(normal.chunks_exact_mut(stride)).zip(inverse);
            for ((row, normal), inverse) in rows {
                let mean = row_sum!(simd, width, column => at::<S>(simd, row, column)) / width as f32;
                let mean = S::f32s::splat(simd, mean);
                let squares = row_sum!(simd, width, column => {
                    let centred = at::<S>(simd, row, column) - mean;
                    centred * centred
                });
                *inverse = 1.0 / (squares / width as f32 + epsilon).sqrt();
                let factor = S::f32s::splat(simd, *inverse);
                let mut column = 0;
                while column < width {
                    let range = column..column + len;
                    let x = (at::<S>(simd, row, column) - mean) * factor;
                    x.store_slice(&mut normal[range.clone()]);
                    let image = match affine {
                        Some(affine) => {
                            let offset = at::<S>(simd, affine.offset, column);
                            x.mul_add(at::<S>(simd, affine.scale, column), offset)
                        }
                        None => x,
                    };
                    image.store_slice(&mut row[range]);
                    column += len;
                }
            }
        },
    );
}

/// Turns gradients with respect to the affine image into those with respect to what was normalised.
pub(crate) fn denormalise<S: Simd>(
    simd: S,
    scale: Option<&[f32]>,
    normal: Tile<'_>,
    inverse: &[f32],
    gradient: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (len, width) = (S::f32s::LEN, normal.width);
            // A match for each vector: without scale nothing is multiplied.
            macro_rules! scaled {
                ($row:ident, $column:ident) => {
                    match scale {
                        Some(scale) => at::<S>(simd, $row, $column) * at::<S>(simd, scale, $column),
                        None => at::<S>(simd, $row, $column),
                    }
                };
            }
            let rows = gradient.chunks_exact_mut(normal.stride).zip(normal.values.chunks_exact(normal.stride));
            for ((row, normal), inverse) in rows.zip(inverse) {
                let mean = row_sum!(simd, width, column => scaled!(row, column)) / width as f32;
                let along = row_sum!(simd, width, column => {
                    scaled!(row, column) * at::<S>(simd, normal, column)
                }) / width as f32;
                let (mean, along) = (S::f32s::splat(simd, mean), S::f32s::splat(simd, along));
                let factor = S::f32s::splat(simd, *inverse);
                let mut column = 0;
                while column < width {
                    let range = column..column + len;
                    let x = at::<S>(simd, normal, column);
                    let g = scaled!(row, column) - mean - x * along;
                    (g * factor).store_slice(&mut row[range]);
                    column += len;
                }
            }
        },
    );
}
