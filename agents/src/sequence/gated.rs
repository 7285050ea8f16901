//! What follows the states of a layer: its input through D, GELU, a gate of two dense layers, and the input added.

use fearless_simd::dispatch;

use super::gates::{add, add_scaled, gated, gated_back, gelu, gelu_back};
use super::layer::{Matrix, Parameters, Parts, stride};
use crate::network::init::{Random, truncated_normal};
use crate::network::kernels::{Tile, column_products};

/// Parts: `D` `[width]`, `value.*` and `gate.*`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gated {
    width: usize,
    d: usize,
    value: (Matrix, usize),
    gate: (Matrix, usize),
}

/// Arrays of a way forward, rows as everywhere: what was read of the states and D's part, its GELU, value and gate.
pub(super) type Kept<'a> = [&'a mut [f32]; 4];

impl Gated {
    pub fn new(parts: &mut Parts, name: &str, width: usize) -> Self {
        let d = parts.vector(format!("{name}.D"), width);
        let value = parts.dense(&format!("{name}.value"), width, width);
        Self { width, d, value, gate: parts.dense(&format!("{name}.gate"), width, width) }
    }

    pub fn matrices(&self) -> Vec<Matrix> {
        vec![self.value.0, self.gate.0]
    }

    /// D normal, dense layers LeCun's normal.
    pub fn start(&self, random: &mut Random, parameters: &mut [f32]) {
        for x in &mut parameters[self.d..self.d + self.width] {
            *x = random.normal() as f32;
        }
        for dense in [self.value, self.gate] {
            truncated_normal(random, &mut parameters[dense.0.range()], (self.width as f64).powf(-0.5));
        }
    }

    /// From what was read of the states, in the first array, to `y`.
    pub fn forward(&self, w: Parameters<'_>, rows: usize, x: &[f32], kept: Kept<'_>, y: &mut [f32]) {
        let [sums, active, value, gate] = kept;
        let (d, width, all) = (&w.values[self.d..], self.width, rows * stride(self.width));
        dispatch!(w.level, simd => {
            add_scaled(simd, &x[..all], d, stride(width), width, &mut sums[..all]);
            gelu(simd, sums, active);
        });
        w.product(rows, active, self.value.0, Some(self.value.1), value);
        w.product(rows, active, self.gate.0, Some(self.gate.1), gate);
        dispatch!(w.level, simd => gated(simd, value, gate, &x[..all], &mut y[..all]));
    }

    /// From `d` to the gradient with respect to what was read, in the second array.
    pub fn backward(
        &self,
        w: Parameters<'_>,
        rows: usize,
        (x, d): (&[f32], &[f32]),
        kept: &mut Kept<'_>,
        gradient: &mut [f32],
    ) {
        let [sums, active, value, gate] = kept;
        let (width, all) = (self.width, rows * stride(self.width));
        dispatch!(w.level, simd => gated_back(simd, &d[..all], value, gate));
        w.gradients(rows, active, value, self.value.0, Some(self.value.1), gradient);
        w.gradients(rows, active, gate, self.gate.0, Some(self.gate.1), gradient);
        // What value and gate want of the GELU, then of the sums.
        w.back(rows, value, self.value.0, active);
        w.back(rows, gate, self.gate.0, value);
        dispatch!(w.level, simd => {
            add(simd, value, active);
            gelu_back(simd, sums, active);
            let by_sums = Tile { values: active, stride: stride(width), width };
            column_products(simd, rows, by_sums, x, &mut gradient[self.d..]);
        });
    }

    /// Adds what reaches the input past the states.
    pub fn past(&self, w: Parameters<'_>, rows: usize, (d, by_sums): (&[f32], &[f32]), dx: &mut [f32]) {
        let (width, all) = (self.width, rows * stride(self.width));
        dispatch!(w.level, simd => {
            add(simd, &d[..all], &mut dx[..all]);
            add_scaled(simd, &by_sums[..all], &w.values[self.d..], stride(width), width, &mut dx[..all]);
        });
    }
}
