//! The linear state-space layer (Gu et al. 2021, arXiv 2110.13985) with the HiPPO-LegS matrix fixed (its "LSSL-f"): each channel has
//! a state of its own, moved by a dense matrix that the bilinear rule makes from the channel's step.
//!
//! `x[t] = Ā x[t-1] + B̄ u[t]`, `y = C x + D u`, `Ā = (1 - Δ A / 2)⁻¹ (1 + Δ A / 2)`, `B̄ = (1 - Δ A / 2)⁻¹ Δ B`; what follows is as in
//! the other layers. A is lower triangular, and so is all that is made of it.

use fearless_simd::{Simd, SimdBase, SimdFloat, dispatch};

use super::gated::Gated;
use super::gates::{at, put};
use super::layer::{Layer, Matrix, Parameters, Parts, Way, stride};
use super::span::{Carries, Span, Tape};
use crate::network::Lines;
use crate::network::init::{Random, uniform};

/// Parts: `log_step` `[width]`, `C` `[size, width]` and those of [`Gated`]. Number i of the state of channel h lies at `i width + h`.
#[derive(Debug, Clone)]
pub(super) struct Lssl {
    width: usize,
    size: usize,
    steps: (f32, f32),
    log_step: usize,
    c: usize,
    gated: Gated,
}

/// The place of element `(i, j)`, `j <= i`, in a triangle.
fn triangle(i: usize, j: usize) -> usize {
    i * (i + 1) / 2 + j
}

/// Discrete matrices of all channels, element by element `[elements, width]`, and their derivatives by the step.
struct Discrete {
    a: Lines,
    b: Lines,
    a_by_step: Lines,
    b_by_step: Lines,
}

impl Lssl {
    pub fn new(parts: &mut Parts, name: &str, width: usize, size: usize, steps: (f32, f32)) -> Self {
        let log_step = parts.vector(format!("{name}.log_step"), width);
        let c = parts.layout.push(format!("{name}.C"), &[size, width]).start;
        Self { width, size, steps, log_step, c, gated: Gated::new(parts, name, width) }
    }

    /// In f64: forward substitution loses what f32 has.
    fn discrete(&self, parameters: &[f32]) -> Discrete {
        let (n, width) = (self.size, self.width);
        let elements = triangle(n, 0);
        let mut found = Discrete {
            a: Lines::zeros(elements * width),
            b: Lines::zeros(n * width),
            a_by_step: Lines::zeros(elements * width),
            b_by_step: Lines::zeros(n * width),
        };
        let odd = |i: usize| (2 * i + 1) as f64;
        let legs = |i: usize, j: usize| if i == j { -(i as f64 + 1.0) } else { -(odd(i) * odd(j)).sqrt() };
        // Solves (1 - Δ A / 2) x = y from row `from` on, in place.
        let solve = |step: f64, from: usize, y: &mut [f64]| {
            for i in from..n {
                let sum: f64 = (from..i).map(|j| legs(i, j) * y[j]).sum();
                y[i] = (y[i] + step / 2.0 * sum) / (1.0 - step / 2.0 * legs(i, i));
            }
        };
        let times = |from: usize, x: &[f64], i: usize| (from..=i).map(|j| legs(i, j) * x[j]).sum::<f64>();
        for h in 0..width {
            let step = f64::from(parameters[self.log_step + h]).exp();
            let mut column = vec![0.0; n];
            let mut by_step = vec![0.0; n];
            for j in 0..n {
                column.fill(0.0);
                (j..n).for_each(|i| column[i] = f64::from(u8::from(i == j)) + step / 2.0 * legs(i, j));
                solve(step, j, &mut column);
                // (1 - Δ A / 2)⁻¹ A / 2 (1 + Ā).
                by_step.fill(0.0);
                let mut more = column.clone();
                more[j] += 1.0;
                (j..n).for_each(|i| by_step[i] = times(j, &more, i) / 2.0);
                solve(step, j, &mut by_step);
                for i in j..n {
                    found.a[triangle(i, j) * width + h] = column[i] as f32;
                    found.a_by_step[triangle(i, j) * width + h] = by_step[i] as f32;
                }
            }
            (0..n).for_each(|i| column[i] = step * odd(i).sqrt());
            solve(step, 0, &mut column);
            (0..n).for_each(|i| by_step[i] = odd(i).sqrt() + times(0, &column, i) / 2.0);
            solve(step, 0, &mut by_step);
            for i in 0..n {
                found.b[i * width + h] = column[i] as f32;
                found.b_by_step[i * width + h] = by_step[i] as f32;
            }
        }
        found
    }

    /// Floats of a row of states.
    fn row(&self) -> usize {
        stride(self.size * self.width)
    }

    /// States and those in front of the span; then the arrays of [`Gated`].
    fn tape<'a>(&self, span: Span<'_>, tape: &'a mut Tape) -> ([&'a mut [f32]; 2], super::gated::Kept<'a>) {
        let values = span.len() * stride(self.width);
        let before = span.rows * self.size * self.width;
        let [states, before, sums, active, value, gate] =
            tape.arrays([span.len() * self.row(), before, values, values, values, values]);
        ([states, before], [sums, active, value, gate])
    }

    /// The states in front of a row; None where an episode begins.
    fn before<'a>(&self, span: Span<'_>, row: usize, before: &'a [f32], states: &'a [f32]) -> Option<&'a [f32]> {
        let len = self.size * self.width;
        match row.checked_sub(span.rows) {
            _ if span.starts(row) => None,
            None => Some(&before[row * len..][..len]),
            Some(row) => Some(&states[row * self.row()..][..len]),
        }
    }

    fn scan<S: Simd>(
        &self,
        simd: S,
        span: Span<'_>,
        discrete: &Discrete,
        x: &[f32],
        before: &[f32],
        states: &mut [f32],
    ) {
        let (n, width) = (self.size, self.width);
        simd.vectorize(
            #[inline(always)]
            || {
                for row in 0..span.len() {
                    let (done, to) = states.split_at_mut(row * self.row());
                    let earlier = self.before(span, row, before, done);
                    let u = &x[row * stride(width)..];
                    for h in (0..width).step_by(S::f32s::LEN) {
                        let u = at::<S>(simd, u, h);
                        for i in 0..n {
                            let mut sum = at::<S>(simd, &discrete.b, i * width + h) * u;
                            if let Some(earlier) = earlier {
                                for j in 0..=i {
                                    let a = at::<S>(simd, &discrete.a, triangle(i, j) * width + h);
                                    sum = a.mul_add(at::<S>(simd, earlier, j * width + h), sum);
                                }
                            }
                            put::<S>(to, i * width + h, sum);
                        }
                    }
                }
            },
        );
    }

    /// `sums = C x`.
    fn read<S: Simd>(&self, simd: S, rows: usize, c: &[f32], states: &[f32], sums: &mut [f32]) {
        let width = self.width;
        simd.vectorize(
            #[inline(always)]
            || {
                for row in 0..rows {
                    let (states, sums) = (&states[row * self.row()..], &mut sums[row * stride(width)..]);
                    for h in (0..width).step_by(S::f32s::LEN) {
                        let mut sum = S::f32s::splat(simd, 0.0);
                        for i in 0..self.size {
                            let place = i * width + h;
                            sum = at::<S>(simd, c, place).mul_add(at::<S>(simd, states, place), sum);
                        }
                        put::<S>(sums, h, sum);
                    }
                }
            },
        );
    }

    /// The way back of states and reading: from the gradient `by` with respect to what was read to that with respect to `x`, adding
    /// those with respect to C and to the matrices (`by_a`, `by_b`, laid out as they are).
    #[allow(clippy::too_many_arguments)]
    fn reverse<S: Simd>(
        &self,
        simd: S,
        span: Span<'_>,
        discrete: &Discrete,
        c: &[f32],
        (x, before, states, by): (&[f32], &[f32], &[f32], &[f32]),
        (by_a, by_b, by_c): (&mut [f32], &mut [f32], &mut [f32]),
        dx: &mut [f32],
    ) {
        let (n, width, len) = (self.size, self.width, self.size * self.width);
        let mut wanted = Lines::zeros(span.rows * len);
        let mut d = Lines::zeros(len);
        simd.vectorize(
            #[inline(always)]
            || {
                for row in (0..span.len()).rev() {
                    let earlier = self.before(span, row, before, states);
                    let (own, u) = (&states[row * self.row()..], &x[row * stride(width)..]);
                    let (by, dx) = (&by[row * stride(width)..], &mut dx[row * stride(width)..]);
                    let wanted = &mut wanted[row % span.rows * len..][..len];
                    for h in (0..width).step_by(S::f32s::LEN) {
                        let (y, u) = (at::<S>(simd, by, h), at::<S>(simd, u, h));
                        let mut to_x = S::f32s::splat(simd, 0.0);
                        for i in 0..n {
                            let place = i * width + h;
                            let state = at::<S>(simd, c, place).mul_add(y, at::<S>(simd, wanted, place));
                            put::<S>(&mut d, place, state);
                            put::<S>(by_c, place, at::<S>(simd, own, place).mul_add(y, at::<S>(simd, by_c, place)));
                            put::<S>(by_b, place, state.mul_add(u, at::<S>(simd, by_b, place)));
                            to_x = at::<S>(simd, &discrete.b, place).mul_add(state, to_x);
                        }
                        put::<S>(dx, h, to_x);
                        for j in 0..n {
                            let mut sum = S::f32s::splat(simd, 0.0);
                            if let Some(earlier) = earlier {
                                let old = at::<S>(simd, earlier, j * width + h);
                                for i in j..n {
                                    let place = triangle(i, j) * width + h;
                                    let state = at::<S>(simd, &d, i * width + h);
                                    sum = at::<S>(simd, &discrete.a, place).mul_add(state, sum);
                                    put::<S>(by_a, place, state.mul_add(old, at::<S>(simd, by_a, place)));
                                }
                            }
                            put::<S>(wanted, j * width + h, sum);
                        }
                    }
                }
            },
        );
    }
}

impl Layer for Lssl {
    fn outputs(&self) -> usize {
        self.width
    }

    fn carry(&self) -> usize {
        self.size * self.width
    }

    fn matrices(&self) -> Vec<Matrix> {
        self.gated.matrices()
    }

    /// Steps log-uniform, C normal of variance one over the size.
    fn start(&self, random: &mut Random, parameters: &mut [f32]) {
        let (low, high) = (self.steps.0.ln(), self.steps.1.ln());
        let steps = &mut parameters[self.log_step..self.log_step + self.width];
        uniform(random, steps, f64::from(high - low) / 2.0);
        steps.iter_mut().for_each(|x| *x += (low + high) / 2.0);
        for x in &mut parameters[self.c..self.c + self.size * self.width] {
            *x = (random.normal() / (self.size as f64).sqrt()) as f32;
        }
        self.gated.start(random, parameters);
    }

    fn forward(
        &self,
        w: Parameters<'_>,
        span: Span<'_>,
        x: &[f32],
        y: &mut [f32],
        carry: &mut Carries<'_>,
        tape: &mut Tape,
    ) {
        let len = self.size * self.width;
        let ([states, before], kept) = self.tape(span, tape);
        before.chunks_exact_mut(len).enumerate().for_each(|(r, before)| before.copy_from_slice(carry.row(r)));
        let discrete = self.discrete(w.values);
        dispatch!(w.level, simd => {
            self.scan(simd, span, &discrete, x, before, states);
            self.read(simd, span.len(), &w.values[self.c..], states, kept[0]);
        });
        for r in 0..span.rows {
            carry.row(r).copy_from_slice(&states[(span.len() - span.rows + r) * self.row()..][..len]);
        }
        self.gated.forward(w, span.len(), x, kept, y);
    }

    fn backward(&self, w: Parameters<'_>, span: Span<'_>, way: Way<'_>, tape: &mut Tape, gradient: &mut [f32]) {
        let Way { x, d, dx, .. } = way;
        let (rows, len, width) = (span.len(), self.size * self.width, self.width);
        let ([states, before], mut kept) = self.tape(span, tape);
        self.gated.backward(w, rows, (x, d), &mut kept, gradient);
        let discrete = self.discrete(w.values);
        let (mut by_a, mut by_b) = (Lines::zeros(discrete.a.len()), Lines::zeros(len));
        // The value is not needed any more: the gradient with respect to `x` goes there.
        let [_, active, value, _] = kept;
        let by_c = &mut gradient[self.c..self.c + len];
        let from = (x, &*before, &*states, &*active);
        dispatch!(w.level, simd => {
            self.reverse(simd, span, &discrete, &w.values[self.c..], from, (&mut by_a, &mut by_b, by_c), value)
        });
        for h in 0..width {
            let along = |by: &[f32], of: &[f32]| -> f32 {
                by[h..].iter().step_by(width).zip(of[h..].iter().step_by(width)).map(|(by, of)| by * of).sum()
            };
            let by_step = along(&by_a, &discrete.a_by_step) + along(&by_b, &discrete.b_by_step);
            gradient[self.log_step + h] += by_step * w.values[self.log_step + h].exp();
        }
        if let Some(dx) = dx {
            let all = rows * stride(width);
            dx[..all].copy_from_slice(&value[..all]);
            self.gated.past(w, rows, (d, active), dx);
        }
    }
}
