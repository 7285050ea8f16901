//! What happens to each value between two products of matrices.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use super::{Sums, UNLABELLED};
use crate::network::vector_math::{Exp, Function as _, Tanh};

/// `sqrt(2 / pi)` and the cubic term of GPT-2's approximation of the Gaussian error linear unit.
const GELU: (f32, f32) = (0.797_884_6, 0.044_715);

/// Runs `$body` for each vector's first index below `$len`, in a function with the processor's vector instructions.
macro_rules! each {
    ($simd:ident, $len:expr, $i:ident => $body:expr) => {
        $simd.vectorize(
            #[inline(always)]
            || {
                let mut $i = 0;
                while $i < $len {
                    $body;
                    $i += S::f32s::LEN;
                }
            },
        )
    };
}

#[inline(always)]
fn at<S: Simd>(simd: S, values: &[f32], i: usize) -> S::f32s {
    S::f32s::from_slice(simd, &values[i..i + S::f32s::LEN])
}

#[inline(always)]
fn put<S: Simd>(values: &mut [f32], i: usize, vector: S::f32s) {
    vector.store_slice(&mut values[i..i + S::f32s::LEN]);
}

/// `to += from`; whole lines.
pub(super) fn add<S: Simd>(simd: S, from: &[f32], to: &mut [f32]) {
    let len = to.len();
    each!(simd, len, i => put::<S>(to, i, at::<S>(simd, to, i) + at::<S>(simd, from, i)));
}

/// `y = gelu(x)`; whole lines.
pub(super) fn gelu<S: Simd>(simd: S, x: &[f32], y: &mut [f32]) {
    let (len, one) = (y.len(), S::f32s::splat(simd, 1.0));
    each!(simd, len, i => {
        let v = at::<S>(simd, x, i);
        let inner = (v * v * v).mul_add(S::f32s::splat(simd, GELU.1), v) * GELU.0;
        put::<S>(y, i, v * (one + Tanh::of(simd, inner)) * 0.5);
    });
}

/// `d *= gelu'(x)`; whole lines.
pub(super) fn gelu_back<S: Simd>(simd: S, x: &[f32], d: &mut [f32]) {
    let (len, one) = (d.len(), S::f32s::splat(simd, 1.0));
    each!(simd, len, i => {
        let v = at::<S>(simd, x, i);
        let square = v * v;
        let tanh = Tanh::of(simd, (square * v).mul_add(S::f32s::splat(simd, GELU.1), v) * GELU.0);
        let slope = (square * (3.0 * GELU.1) + one) * GELU.0;
        put::<S>(d, i, at::<S>(simd, d, i) * (one + tanh + v * (one - tanh * tanh) * slope) * 0.5);
    });
}

/// Turns the first `seen` scores of a row of whole lines into `exp(scale score - largest)`, the others into zeros; returns the
/// largest times the scale, and the sum.
pub(super) fn exponentials<S: Simd>(simd: S, scale: f32, seen: usize, row: &mut [f32]) -> (f32, f32) {
    row[seen..].fill(f32::MIN);
    simd.vectorize(
        #[inline(always)]
        || {
            let len = S::f32s::LEN;
            let mut most = S::f32s::splat(simd, f32::MIN);
            let mut i = 0;
            while i < seen {
                most = most.max(at::<S>(simd, row, i));
                i += len;
            }
            let most = most.as_slice().iter().copied().fold(f32::MIN, f32::max) * scale;
            let shift = S::f32s::splat(simd, -most);
            let mut sum = S::f32s::splat(simd, 0.0);
            let mut i = 0;
            while i < seen {
                let value = Exp::of(simd, at::<S>(simd, row, i).mul_add(S::f32s::splat(simd, scale), shift));
                put::<S>(row, i, value);
                i += len;
                if i <= seen {
                    sum += value;
                }
            }
            let whole = seen / len * len;
            let rest: f32 = row[whole..seen].iter().sum();
            row[seen..].fill(0.0);
            (most, sum.reduce_sum() + rest)
        },
    )
}

/// The weights again on the way back: `exp(scale score - log_sum)` of the first `seen`, zeros behind.
pub(super) fn weights_again<S: Simd>(simd: S, scale: f32, log_sum: f32, seen: usize, row: &mut [f32]) {
    let shift = S::f32s::splat(simd, -log_sum);
    each!(simd, seen, i => {
        put::<S>(row, i, Exp::of(simd, at::<S>(simd, row, i).mul_add(S::f32s::splat(simd, scale), shift)));
    });
    row[seen..].fill(0.0);
}

/// `d = weight (d - along) scale`; whole lines.
pub(super) fn score_gradients<S: Simd>(simd: S, scale: f32, along: f32, weights: &[f32], d: &mut [f32]) {
    let (len, along) = (d.len(), S::f32s::splat(simd, along));
    each!(simd, len, i => {
        put::<S>(d, i, at::<S>(simd, weights, i) * (at::<S>(simd, d, i) - along) * scale);
    });
}

/// `row *= factor`; whole lines.
pub(super) fn scale<S: Simd>(simd: S, factor: f32, row: &mut [f32]) {
    let len = row.len();
    each!(simd, len, i => put::<S>(row, i, at::<S>(simd, row, i) * factor));
}

/// Cross-entropy of labels, in place of whose outputs comes its gradient times `weight`; zeros where there is no label.
pub(super) fn cross_entropy(
    outputs: &mut [f32],
    stride: usize,
    count: usize,
    labels: &[u8],
    weight: f32,
    sums: &mut Sums,
) {
    for (row, &label) in outputs.chunks_exact_mut(stride).zip(labels) {
        if label == UNLABELLED {
            row.fill(0.0);
            continue;
        }
        let row = &mut row[..count];
        let right = usize::from(label).min(count - 1);
        let most = row.iter().copied().fold(f32::MIN, f32::max);
        let own = row[right] - most;
        sums.right += f64::from(u8::from(own >= 0.0));
        let mut sum = 0.0;
        for value in row.iter_mut() {
            *value = (*value - most).exp();
            sum += *value;
        }
        sums.loss += f64::from(sum.ln() - own);
        sums.labelled += 1.0;
        row.iter_mut().for_each(|value| *value *= weight / sum);
        row[right] -= weight;
    }
}
