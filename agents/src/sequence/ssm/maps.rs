//! How inputs feed diagonal states and how outputs read them.

use fearless_simd::{Simd, SimdBase, SimdFloat, dispatch};

use super::super::gates::{at, put};
use super::super::layer::{Matrix, Parameters, Parts, stride};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Maps {
    /// All channels feed and read all states, as in S5: matrices B `[width, 2 states]` and C `[2 states, width]`.
    Dense { b: Matrix, c: Matrix },
    /// A channel feeds and reads states of its own, as in S4D: state k of channel h is number `k width + h`, B is 1 and C
    /// `[2 states]`.
    Channels { c: usize, width: usize, each: usize },
}

impl Maps {
    pub fn dense(parts: &mut Parts, name: &str, width: usize, states: usize) -> Self {
        let b = parts.matrix(format!("{name}.B"), width, 2 * states);
        Self::Dense { b, c: parts.matrix(format!("{name}.C"), 2 * states, width) }
    }

    pub fn channels(parts: &mut Parts, name: &str, width: usize, each: usize) -> Self {
        Self::Channels { c: parts.vector(format!("{name}.C"), 2 * width * each), width, each }
    }

    pub fn matrices(&self) -> Vec<Matrix> {
        match *self {
            Self::Dense { b, c } => vec![b, c],
            Self::Channels { .. } => Vec::new(),
        }
    }

    /// What each state is fed, from `x`.
    pub fn feed(&self, w: Parameters<'_>, rows: usize, x: &[f32], inputs: &mut [f32]) {
        match *self {
            Self::Dense { b, .. } => w.product(rows, x, b, None, inputs),
            Self::Channels { width, each, .. } => {
                let wide = stride(2 * width * each);
                for (x, to) in x.chunks_exact(stride(width)).zip(inputs.chunks_exact_mut(wide)).take(rows) {
                    to[..width * each].chunks_exact_mut(width).for_each(|to| to.copy_from_slice(&x[..width]));
                    to[width * each..2 * width * each].fill(0.0);
                }
            }
        }
    }

    /// What outputs read of the states.
    pub fn read(&self, w: Parameters<'_>, rows: usize, states: &[f32], sums: &mut [f32]) {
        match *self {
            Self::Dense { c, .. } => w.product(rows, states, c, None, sums),
            Self::Channels { c, width, each } => {
                let c = &w.values[c..];
                dispatch!(w.level, simd => channels(simd, rows, width, each, c, states, sums));
            }
        }
    }

    /// From the gradient with respect to what is read to that with respect to the states.
    pub fn read_back(
        &self,
        w: Parameters<'_>,
        rows: usize,
        states: &[f32],
        by_sums: &[f32],
        by_states: &mut [f32],
        gradient: &mut [f32],
    ) {
        match *self {
            Self::Dense { c, .. } => {
                w.gradients(rows, states, by_sums, c, None, gradient);
                w.back(rows, by_sums, c, by_states);
            }
            Self::Channels { c, width, each } => {
                let (values, gradient) = (&w.values[c..], &mut gradient[c..][..2 * width * each]);
                dispatch!(w.level, simd => {
                    channels_back(simd, rows, width, each, values, states, by_sums, by_states, gradient)
                });
            }
        }
    }

    /// From the gradient with respect to what states are fed to that with respect to `x`, if that is wanted.
    pub fn feed_back(
        &self,
        w: Parameters<'_>,
        rows: usize,
        x: &[f32],
        by_inputs: &[f32],
        dx: Option<&mut [f32]>,
        gradient: &mut [f32],
    ) {
        match *self {
            Self::Dense { b, .. } => {
                w.gradients(rows, x, by_inputs, b, None, gradient);
                if let Some(dx) = dx {
                    w.back(rows, by_inputs, b, dx);
                }
            }
            Self::Channels { width, each, .. } => {
                let Some(dx) = dx else { return };
                let wide = stride(2 * width * each);
                for (by, dx) in by_inputs.chunks_exact(wide).zip(dx.chunks_exact_mut(stride(width))).take(rows) {
                    dx[..width].fill(0.0);
                    for by in by[..width * each].chunks_exact(width) {
                        dx[..width].iter_mut().zip(by).for_each(|(dx, by)| *dx += by);
                    }
                }
            }
        }
    }
}

/// `sums[h] = sum over k and parts of c states`.
fn channels<S: Simd>(simd: S, rows: usize, width: usize, each: usize, c: &[f32], states: &[f32], sums: &mut [f32]) {
    let wide = stride(2 * width * each);
    simd.vectorize(
        #[inline(always)]
        || {
            for row in 0..rows {
                let (states, sums) = (&states[row * wide..][..2 * width * each], &mut sums[row * stride(width)..]);
                for h in (0..width).step_by(S::f32s::LEN) {
                    let mut sum = S::f32s::splat(simd, 0.0);
                    for k in 0..2 * each {
                        sum = at::<S>(simd, c, k * width + h).mul_add(at::<S>(simd, states, k * width + h), sum);
                    }
                    put::<S>(sums, h, sum);
                }
            }
        },
    );
}

#[allow(clippy::too_many_arguments)]
fn channels_back<S: Simd>(
    simd: S,
    rows: usize,
    width: usize,
    each: usize,
    c: &[f32],
    states: &[f32],
    by_sums: &[f32],
    by_states: &mut [f32],
    gradient: &mut [f32],
) {
    let wide = stride(2 * width * each);
    simd.vectorize(
        #[inline(always)]
        || {
            for row in 0..rows {
                let (states, by_sums) = (&states[row * wide..][..2 * width * each], &by_sums[row * stride(width)..]);
                let by_states = &mut by_states[row * wide..][..2 * width * each];
                for k in 0..2 * each {
                    for h in (0..width).step_by(S::f32s::LEN) {
                        let (place, d) = (k * width + h, at::<S>(simd, by_sums, h));
                        put::<S>(by_states, place, at::<S>(simd, c, place) * d);
                        let sum = at::<S>(simd, states, place).mul_add(d, at::<S>(simd, gradient, place));
                        put::<S>(gradient, place, sum);
                    }
                }
            }
        },
    );
}
