//! What happens to each value between two products of matrices. Rows lie every `stride` floats.

use fearless_simd::{Select, Simd, SimdBase, SimdFloat};

/// What a unit lets through of negative values.
const LEAK: f32 = 0.01;
/// One over it.
const INVERSE: f32 = 100.0;

/// Shares of the units, a line beyond their end readable: 1 / tau, and 1 - 1 / tau.
#[derive(Clone, Copy)]
pub(super) struct Rates<'a> {
    pub taken: &'a [f32],
    pub kept: &'a [f32],
}

/// From the states `before` and the products in `after` to the states there, for whole rows.
pub(super) fn forget<S: Simd>(
    simd: S,
    rates: Rates<'_>,
    (stride, columns): (usize, usize),
    before: &[f32],
    after: &mut [f32],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let len = S::f32s::LEN;
            for (h, z) in before.chunks_exact(stride).zip(after.chunks_exact_mut(stride)) {
                let mut at = 0;
                while at < columns {
                    let range = at..at + len;
                    let z = &mut z[range.clone()];
                    let taken = S::f32s::from_slice(simd, &rates.taken[range.clone()]) * S::f32s::from_slice(simd, z);
                    let kept = S::f32s::from_slice(simd, &rates.kept[range.clone()]);
                    let y = S::f32s::from_slice(simd, &h[range]).mul_add(kept, taken);
                    y.max(y * LEAK).store_slice(z);
                    at += len;
                }
            }
        },
    );
}

/// What [`back`] reads and writes.
pub(super) struct Back<'a> {
    /// States in front of the step.
    pub before: &'a [f32],
    /// States behind it.
    pub after: &'a [f32],
    /// Gradient with respect to the latter, on the way that units keep their state; goes out as that of the former.
    pub direct: &'a mut [f32],
    /// The rest of it, through the weights.
    pub product: &'a [f32],
    /// Gradient with respect to the products of the step.
    pub errors: &'a mut [f32],
    /// Sums of the gradients with respect to `-tau`, times tau.
    pub tau: &'a mut [f32],
}

/// One step back, for whole rows.
pub(super) fn back<S: Simd>(simd: S, rates: Rates<'_>, (stride, columns): (usize, usize), way: Back<'_>) {
    simd.vectorize(
        #[inline(always)]
        || {
            let (len, zero) = (S::f32s::LEN, S::f32s::splat(simd, 0.0));
            let of = way.before.chunks_exact(stride).zip(way.after.chunks_exact(stride));
            let to = way.direct.chunks_exact_mut(stride).zip(way.errors.chunks_exact_mut(stride));
            for (((h, next), (direct, errors)), product) in of.zip(to).zip(way.product.chunks_exact(stride)) {
                let mut at = 0;
                while at < columns {
                    let range = at..at + len;
                    let h = S::f32s::from_slice(simd, &h[range.clone()]);
                    let next = S::f32s::from_slice(simd, &next[range.clone()]);
                    let d = S::f32s::from_slice(simd, &direct[range.clone()])
                        + S::f32s::from_slice(simd, &product[range.clone()]);
                    let positive = next.simd_gt(zero);
                    let d = positive.select(d, d * LEAK);
                    let y = positive.select(next, next * INVERSE);
                    let tau = &mut way.tau[range.clone()];
                    d.mul_add(y - h, S::f32s::from_slice(simd, tau)).store_slice(tau);
                    (d * S::f32s::from_slice(simd, &rates.taken[range.clone()]))
                        .store_slice(&mut errors[range.clone()]);
                    (d * S::f32s::from_slice(simd, &rates.kept[range.clone()])).store_slice(&mut direct[range]);
                    at += len;
                }
            }
        },
    );
}
