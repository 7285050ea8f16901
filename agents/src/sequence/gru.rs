//! The gated recurrent unit (Cho et al. 2014), as PyTorch and Flax have it.
//!
//! `r, z = sigmoid(W x + U h + b)`, `n = tanh(W x + b + r (U h + c))`, `h = (1 - z) n + z h`.

use fearless_simd::{Simd, SimdBase, SimdFloat, dispatch};

use super::gates::{at, put, sigmoid};
use super::layer::{Layer, Matrix, Parameters, Parts, Way, stride};
use super::span::{Carries, Span, Tape};
use crate::network::Lines;
use crate::network::init::{Random, orthogonal, truncated_normal};
use crate::network::vector_math::{Function, Tanh};

/// A cell of `width` values, a multiple of 16. Parts: `input.weight` `[inputs, 3 width]`, `input.bias`, `hidden.weight` `[width, 3 width]`,
/// `hidden.bias`; gates in the order reset, update, new.
#[derive(Debug, Clone)]
pub(super) struct Gru {
    width: usize,
    input: (Matrix, usize),
    hidden: (Matrix, usize),
}

impl Gru {
    pub fn new(parts: &mut Parts, name: &str, inputs: usize, width: usize) -> Self {
        let input = parts.dense(&format!("{name}.input"), inputs, 3 * width);
        Self { width, input, hidden: parts.dense(&format!("{name}.hidden"), width, 3 * width) }
    }

    /// Gates after their functions; what the hidden state gives to them; the hidden states in front of each row.
    fn tape<'a>(&self, span: Span<'_>, tape: &'a mut Tape) -> [&'a mut [f32]; 3] {
        let gates = span.len() * stride(3 * self.width);
        tape.arrays([gates, gates, span.len() * stride(self.width)])
    }
}

/// From sums to gates and the hidden states of some rows.
#[inline(always)]
fn cell<S: Simd>(simd: S, rows: usize, width: usize, from: [&[f32]; 2], gates: &mut [f32], y: &mut [f32]) {
    let [hidden, before] = from;
    let (wide, narrow) = (stride(3 * width), stride(width));
    simd.vectorize(
        #[inline(always)]
        || {
            for row in 0..rows {
                let (g, u) = (&mut gates[row * wide..], &hidden[row * wide..]);
                let (h, y) = (&before[row * narrow..], &mut y[row * narrow..]);
                let mut k = 0;
                while k < width {
                    let reset = sigmoid(simd, at::<S>(simd, g, k) + at::<S>(simd, u, k));
                    let update = sigmoid(simd, at::<S>(simd, g, width + k) + at::<S>(simd, u, width + k));
                    let new = reset.mul_add(at::<S>(simd, u, 2 * width + k), at::<S>(simd, g, 2 * width + k));
                    let new = Tanh::of(simd, new);
                    put::<S>(g, k, reset);
                    put::<S>(g, width + k, update);
                    put::<S>(g, 2 * width + k, new);
                    put::<S>(y, k, update.mul_add(at::<S>(simd, h, k) - new, new));
                    k += S::f32s::LEN;
                }
            }
        },
    );
}

/// From `wanted`, the gradient with respect to the hidden states of some rows, to those with respect to both sums of the gates (`gates`
/// and `hidden` in the place of their values), and to what reaches the states before directly, in its place.
#[inline(always)]
fn cell_back<S: Simd>(
    simd: S,
    rows: usize,
    width: usize,
    before: &[f32],
    wanted: &mut [f32],
    gates: &mut [f32],
    hidden: &mut [f32],
) {
    let (wide, narrow) = (stride(3 * width), stride(width));
    simd.vectorize(
        #[inline(always)]
        || {
            let one = S::f32s::splat(simd, 1.0);
            for row in 0..rows {
                let (g, u) = (&mut gates[row * wide..], &mut hidden[row * wide..]);
                let (h, wanted) = (&before[row * narrow..], &mut wanted[row * narrow..]);
                let mut k = 0;
                while k < width {
                    let (reset, update) = (at::<S>(simd, g, k), at::<S>(simd, g, width + k));
                    let (new, d) = (at::<S>(simd, g, 2 * width + k), at::<S>(simd, wanted, k));
                    let by_new = d * (one - update) * (one - new * new);
                    let by_update = d * (at::<S>(simd, h, k) - new) * update * (one - update);
                    let by_reset = by_new * at::<S>(simd, u, 2 * width + k) * reset * (one - reset);
                    put::<S>(g, k, by_reset);
                    put::<S>(g, width + k, by_update);
                    put::<S>(g, 2 * width + k, by_new);
                    put::<S>(u, k, by_reset);
                    put::<S>(u, width + k, by_update);
                    put::<S>(u, 2 * width + k, by_new * reset);
                    put::<S>(wanted, k, d * update);
                    k += S::f32s::LEN;
                }
            }
        },
    );
}

impl Layer for Gru {
    fn outputs(&self) -> usize {
        self.width
    }

    fn carry(&self) -> usize {
        self.width
    }

    fn matrices(&self) -> Vec<Matrix> {
        vec![self.input.0, self.hidden.0]
    }

    /// LeCun's normal for the input, orthogonal for each gate of the hidden state.
    fn start(&self, random: &mut Random, parameters: &mut [f32]) {
        let (input, width) = (self.input.0, self.width);
        truncated_normal(random, &mut parameters[input.range()], (input.inputs as f64).powf(-0.5));
        let mut gate = vec![0.0; width * width];
        for k in 0..3 {
            orthogonal(random, &mut gate, width, width, 1.0);
            for (row, gate) in gate.chunks_exact(width).enumerate() {
                parameters[self.hidden.0.at + row * 3 * width + k * width..][..width].copy_from_slice(gate);
            }
        }
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
        let (width, rows) = (self.width, span.rows);
        let (wide, narrow) = (rows * stride(3 * width), rows * stride(width));
        let [gates, hidden, before] = self.tape(span, tape);
        w.product(span.len(), x, self.input.0, Some(self.input.1), gates);
        for t in 0..span.steps {
            let (done, y) = y.split_at_mut(t * narrow);
            let before = &mut before[t * narrow..(t + 1) * narrow];
            for (r, before) in before.chunks_exact_mut(stride(width)).enumerate() {
                let row = t * rows + r;
                match t {
                    _ if span.starts(row) => before.fill(0.0),
                    0 => before[..width].copy_from_slice(carry.row(r)),
                    _ => before[..width].copy_from_slice(&done[(row - rows) * stride(width)..][..width]),
                }
            }
            let (gates, hidden) = (&mut gates[t * wide..(t + 1) * wide], &mut hidden[t * wide..(t + 1) * wide]);
            w.product(rows, before, self.hidden.0, Some(self.hidden.1), hidden);
            dispatch!(w.level, simd => cell(simd, rows, width, [hidden, before], gates, y));
        }
        for r in 0..rows {
            carry.row(r).copy_from_slice(&y[(span.len() - rows + r) * stride(width)..][..width]);
        }
    }

    fn backward(&self, w: Parameters<'_>, span: Span<'_>, way: Way<'_>, tape: &mut Tape, gradient: &mut [f32]) {
        let Way { x, d, dx, .. } = way;
        let (width, rows) = (self.width, span.rows);
        let (wide, narrow) = (rows * stride(3 * width), rows * stride(width));
        let [gates, hidden, before] = self.tape(span, tape);
        let mut earlier = Lines::zeros(narrow);
        for t in (0..span.steps).rev() {
            let wanted = &mut d[t * narrow..(t + 1) * narrow];
            let before = &before[t * narrow..(t + 1) * narrow];
            let (gates, hidden) = (&mut gates[t * wide..(t + 1) * wide], &mut hidden[t * wide..(t + 1) * wide]);
            dispatch!(w.level, simd => cell_back(simd, rows, width, before, wanted, gates, hidden));
            if t > 0 {
                w.back(rows, hidden, self.hidden.0, &mut earlier);
                let (sooner, wanted) = d.split_at_mut(t * narrow);
                let sooner = &mut sooner[(t - 1) * narrow..];
                for r in (0..rows).filter(|r| !span.starts(t * rows + r)) {
                    let row = r * stride(width)..r * stride(width) + width;
                    let direct = wanted[row.clone()].iter().zip(&earlier[row.clone()]);
                    sooner[row].iter_mut().zip(direct).for_each(|(sum, (a, b))| *sum += a + b);
                }
            }
        }
        w.gradients(span.len(), before, hidden, self.hidden.0, Some(self.hidden.1), gradient);
        w.gradients(span.len(), x, gates, self.input.0, Some(self.input.1), gradient);
        if let Some(dx) = dx {
            w.back(span.len(), gates, self.input.0, dx);
        }
    }
}
