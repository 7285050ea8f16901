//! The recurrence of diagonal states over a span, forward and backward, and the same by chunks of time.
//!
//! All arrays of states have rows of `2 n` values every `stride`, real parts first.

use fearless_simd::{Level, Simd, SimdBase, SimdFloat, dispatch};
use rayon::prelude::*;

use super::super::gates::{at, put};
use super::super::span::Span;
use super::Coefficients;
use crate::network::Lines;

/// What a scan goes over.
#[derive(Clone, Copy)]
pub(in super::super) struct Scan<'a> {
    pub level: Level,
    pub span: Span<'a>,
    /// States, a multiple of a line.
    pub n: usize,
    /// Floats from one row to the next.
    pub stride: usize,
    pub coefficients: &'a Coefficients,
}

/// Steps of a chunk that one thread takes.
const CHUNK: usize = 64;

impl Scan<'_> {
    /// `states[t] = conj(a) states[t-1] + 2 conj(b w[t])`, 0 in place of the first where an episode begins; `before` is the row in
    /// front of the first step, `[rows, 2 n]`.
    pub fn recurrence(&self, w: &[f32], before: &[f32], states: &mut [f32]) {
        dispatch!(self.level, simd => self.forward(simd, (0, self.span.steps), w, before, states));
    }

    /// Steps `first..last`, whose rows `w` and `states` hold from their beginning.
    fn forward<S: Simd>(self, simd: S, (first, last): (usize, usize), w: &[f32], before: &[f32], states: &mut [f32]) {
        let Self { span, n, stride, coefficients: Coefficients { a, b }, .. } = self;
        simd.vectorize(
            #[inline(always)]
            || {
                for t in 0..last - first {
                    for r in 0..span.rows {
                        let row = t * span.rows + r;
                        let (done, rest) = states.split_at_mut(row * stride);
                        let previous = match t {
                            0 => &before[r * 2 * n..][..2 * n],
                            _ => &done[(row - span.rows) * stride..][..2 * n],
                        };
                        let kept = !span.starts(first * span.rows + row);
                        let (v, to) = (&w[row * stride..][..2 * n], &mut rest[..2 * n]);
                        for k in (0..n).step_by(S::f32s::LEN) {
                            let (wr, wi) = (at::<S>(simd, v, k), at::<S>(simd, v, n + k));
                            let (br, bi) = (at::<S>(simd, b, k), at::<S>(simd, b, n + k));
                            let mut re = (br * wr - bi * wi) * 2.0;
                            let mut im = (br * wi + bi * wr) * -2.0;
                            if kept {
                                let (ar, ai) = (at::<S>(simd, a, k), at::<S>(simd, a, n + k));
                                let (pr, pi) = (at::<S>(simd, previous, k), at::<S>(simd, previous, n + k));
                                re = ar.mul_add(pr, ai.mul_add(pi, re));
                                im = ar.mul_add(pi, im - ai * pr);
                            }
                            put::<S>(to, k, re);
                            put::<S>(to, n + k, im);
                        }
                    }
                }
            },
        );
    }

    /// As [`Self::recurrence`], by chunks of time side by side. A chunk is scanned from 0; what stands in front of it reaches step
    /// t of it times the product of `conj(a)` so far, which is 0 behind the beginning of an episode: the operator
    /// `(A, x) (A', x') = (A' A, A' x + x')`, or the right one alone where an episode begins.
    pub fn chunks(&self, w: &[f32], before: &[f32], states: &mut [f32]) {
        let Self { span, n, stride, .. } = *self;
        let rows = CHUNK * span.rows;
        let zeros = vec![0.0; before.len()];
        let all = span.len() * stride;
        states[..all].par_chunks_mut(rows * stride).zip(w[..all].par_chunks(rows * stride)).enumerate().for_each(
            |(chunk, (states, w))| {
                let (first, last) = (chunk * CHUNK, span.steps.min((chunk + 1) * CHUNK));
                dispatch!(self.level, simd => self.forward(simd, (first, last), w, &zeros, states));
            },
        );
        // The last rows of all chunks, one after the other: what each chunk begins with.
        let chunks = span.steps.div_ceil(CHUNK);
        let mut fronts = vec![before.to_vec()];
        for chunk in 0..chunks - 1 {
            let (first, last) = (chunk * CHUNK, (chunk + 1) * CHUNK);
            let mut front = vec![0.0; before.len()];
            for r in 0..span.rows {
                let end = &states[((last - 1) * span.rows + r) * stride..][..2 * n];
                front[r * 2 * n..][..2 * n].copy_from_slice(end);
            }
            self.carried(first, &fronts[chunk], |t, r, carried| {
                if t + 1 == last {
                    front[r * 2 * n..][..2 * n].iter_mut().zip(carried).for_each(|(x, more)| *x += more);
                }
            });
            fronts.push(front);
        }
        states[..all].par_chunks_mut(rows * stride).zip(&fronts).enumerate().for_each(|(chunk, (states, front))| {
            let first = chunk * CHUNK;
            self.carried(first, front, |t, r, carried| {
                let row = &mut states[((t - first) * span.rows + r) * stride..][..2 * n];
                row.iter_mut().zip(carried).for_each(|(x, more)| *x += more);
            });
        });
    }

    /// What a front in front of step `first` adds to each row of its chunk, up to the beginning of an episode.
    fn carried(&self, first: usize, front: &[f32], mut visit: impl FnMut(usize, usize, &[f32])) {
        let Self { span, n, coefficients: Coefficients { a, .. }, .. } = *self;
        for r in 0..span.rows {
            let mut x = front[r * 2 * n..][..2 * n].to_vec();
            for t in first..span.steps.min(first + CHUNK) {
                if span.starts(t * span.rows + r) {
                    break;
                }
                for k in 0..n {
                    let (re, im) = (x[k], x[n + k]);
                    (x[k], x[n + k]) = (a[k] * re + a[n + k] * im, a[k] * im - a[n + k] * re);
                }
                visit(t, r, &x);
            }
        }
    }

    /// The way back: from `d`, the gradient with respect to states by their rows alone, to that with respect to `w` in its place, and
    /// adds those with respect to `a` and `b` (`[2, n]`).
    pub fn backward(&self, w: &[f32], before: &[f32], states: &[f32], d: &mut [f32], by: &mut Coefficients) {
        dispatch!(self.level, simd => self.reverse(simd, w, before, states, d, by));
    }

    fn reverse<S: Simd>(
        self,
        simd: S,
        w: &[f32],
        before: &[f32],
        states: &[f32],
        d: &mut [f32],
        by: &mut Coefficients,
    ) {
        let Self { span, n, stride, coefficients: Coefficients { a, b }, .. } = self;
        // What later steps want of the states, per sequence.
        let mut wanted = Lines::zeros(span.rows * 2 * n);
        simd.vectorize(
            #[inline(always)]
            || {
                for t in (0..span.steps).rev() {
                    for r in 0..span.rows {
                        let row = t * span.rows + r;
                        let previous = match t {
                            0 => &before[r * 2 * n..][..2 * n],
                            _ => &states[(row - span.rows) * stride..][..2 * n],
                        };
                        let kept = !span.starts(row);
                        let (v, d) = (&w[row * stride..][..2 * n], &mut d[row * stride..][..2 * n]);
                        let wanted = &mut wanted[r * 2 * n..][..2 * n];
                        for k in (0..n).step_by(S::f32s::LEN) {
                            let (ar, ai) = (at::<S>(simd, a, k), at::<S>(simd, a, n + k));
                            let (br, bi) = (at::<S>(simd, b, k), at::<S>(simd, b, n + k));
                            let re = at::<S>(simd, d, k) + at::<S>(simd, wanted, k);
                            let im = at::<S>(simd, d, n + k) + at::<S>(simd, wanted, n + k);
                            if kept {
                                let (pr, pi) = (at::<S>(simd, previous, k), at::<S>(simd, previous, n + k));
                                // With respect to conj(a), hence the sign of the imaginary part.
                                let sum = at::<S>(simd, &by.a, k) + (re * pr + im * pi);
                                put::<S>(&mut by.a, k, sum);
                                let sum = at::<S>(simd, &by.a, n + k) - (im * pr - re * pi);
                                put::<S>(&mut by.a, n + k, sum);
                                put::<S>(wanted, k, ar * re - ai * im);
                                put::<S>(wanted, n + k, ar * im + ai * re);
                            } else {
                                put::<S>(wanted, k, S::f32s::splat(simd, 0.0));
                                put::<S>(wanted, n + k, S::f32s::splat(simd, 0.0));
                            }
                            let (wr, wi) = (at::<S>(simd, v, k), at::<S>(simd, v, n + k));
                            let (zr, zi) = (re * 2.0, im * -2.0);
                            let sum = at::<S>(simd, &by.b, k) + (zr * wr + zi * wi);
                            put::<S>(&mut by.b, k, sum);
                            let sum = at::<S>(simd, &by.b, n + k) + (zi * wr - zr * wi);
                            put::<S>(&mut by.b, n + k, sum);
                            put::<S>(d, k, br * zr + bi * zi);
                            put::<S>(d, n + k, br * zi - bi * zr);
                        }
                    }
                }
            },
        );
    }
}
