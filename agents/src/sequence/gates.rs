//! What happens to each value within a cell: GELU, gates and their derivatives. Whole rows, padding included.

use fearless_simd::{Simd, SimdBase, SimdFloat};

use crate::network::vector_math::{Function, Tanh};

/// GELU by the hyperbolic tangent, as JAX computes it unless told otherwise.
const GELU: (f32, f32) = (0.797_884_6, 0.044_715);

/// The logistic function.
#[inline(always)]
pub(super) fn sigmoid<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let half = S::f32s::splat(simd, 0.5);
    Tanh::of(simd, x * half).mul_add(half, half)
}

/// The vector at a place.
#[inline(always)]
pub(super) fn at<S: Simd>(simd: S, values: &[f32], place: usize) -> S::f32s {
    S::f32s::from_slice(simd, &values[place..place + S::f32s::LEN])
}

/// Writes the vector at a place.
#[inline(always)]
pub(super) fn put<S: Simd>(values: &mut [f32], place: usize, vector: S::f32s) {
    vector.store_slice(&mut values[place..place + S::f32s::LEN]);
}

/// Goes over arrays of the same length, a vector at a time.
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

/// `y = gelu(x)`.
pub(super) fn gelu<S: Simd>(simd: S, x: &[f32], y: &mut [f32]) {
    let len = y.len();
    each!(simd, len, i => {
        let v = at::<S>(simd, x, i);
        let inner = (v * v * v).mul_add(S::f32s::splat(simd, GELU.1), v) * GELU.0;
        let half = v * 0.5;
        put::<S>(y, i, half.mul_add(Tanh::of(simd, inner), half));
    });
}

/// `d *= gelu'(x)`.
pub(super) fn gelu_back<S: Simd>(simd: S, x: &[f32], d: &mut [f32]) {
    let (len, one) = (d.len(), S::f32s::splat(simd, 1.0));
    each!(simd, len, i => {
        let v = at::<S>(simd, x, i);
        let square = v * v;
        let inner = (square * v).mul_add(S::f32s::splat(simd, GELU.1), v) * GELU.0;
        let tanh = Tanh::of(simd, inner);
        let slope = (square * (3.0 * GELU.1) + one) * GELU.0;
        let value = (one + tanh + v * (one - tanh * tanh) * slope) * 0.5;
        put::<S>(d, i, at::<S>(simd, d, i) * value);
    });
}

/// `gate = sigmoid(gate)`, `y = a gate + skip`.
pub(super) fn gated<S: Simd>(simd: S, a: &[f32], gate: &mut [f32], skip: &[f32], y: &mut [f32]) {
    let len = y.len();
    each!(simd, len, i => {
        let g = sigmoid(simd, at::<S>(simd, gate, i));
        put::<S>(gate, i, g);
        put::<S>(y, i, at::<S>(simd, a, i).mul_add(g, at::<S>(simd, skip, i)));
    });
}

/// From `d`, the gradient with respect to `a gate`, to those with respect to `a` and to what the gate is the sigmoid of, each in
/// the place of the value.
pub(super) fn gated_back<S: Simd>(simd: S, d: &[f32], a: &mut [f32], gate: &mut [f32]) {
    let (len, one) = (d.len(), S::f32s::splat(simd, 1.0));
    each!(simd, len, i => {
        let (g, value, d) = (at::<S>(simd, gate, i), at::<S>(simd, a, i), at::<S>(simd, d, i));
        put::<S>(a, i, d * g);
        put::<S>(gate, i, d * value * g * (one - g));
    });
}

/// `to += from`.
pub(super) fn add<S: Simd>(simd: S, from: &[f32], to: &mut [f32]) {
    let len = to.len();
    each!(simd, len, i => put::<S>(to, i, at::<S>(simd, to, i) + at::<S>(simd, from, i)));
}

/// `y += x factor` for rows of `stride` values, `factor` being one row, readable a line beyond its end.
pub(super) fn add_scaled<S: Simd>(simd: S, x: &[f32], factor: &[f32], stride: usize, width: usize, y: &mut [f32]) {
    simd.vectorize(
        #[inline(always)]
        || {
            for (x, y) in x.chunks_exact(stride).zip(y.chunks_exact_mut(stride)) {
                let mut i = 0;
                while i < width {
                    let sum = at::<S>(simd, x, i).mul_add(at::<S>(simd, factor, i), at::<S>(simd, y, i));
                    put::<S>(y, i, sum);
                    i += S::f32s::LEN;
                }
            }
        },
    );
}
