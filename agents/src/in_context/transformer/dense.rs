//! Dense layers and layer normalisation over rows of tokens.

use fearless_simd::{Level, dispatch};

use crate::network::elementwise::{Affine, denormalise, normalise};
use crate::network::kernels::{self, Tile, column_products, column_sums, matmul, outer, padded};
use crate::network::transpose::transpose;
use crate::network::{Layout, Lines};

/// Added to variances, as in GPT-2.
const EPSILON: f32 = 1e-5;

/// Floats from one row of so many values to the next.
pub(super) fn stride(width: usize) -> usize {
    padded(width)
}

/// A weight matrix `[inputs, outputs]` with its bias, and where its transposed copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matrix {
    pub at: usize,
    pub bias: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub transposed: usize,
}

impl Matrix {
    /// Its place in the flat array.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.inputs * self.outputs
    }
}

/// What lies where.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub layout: Layout,
    pub transposed: usize,
}

impl Parts {
    pub fn dense(&mut self, name: &str, inputs: usize, outputs: usize) -> Matrix {
        let at = self.layout.push(format!("{name}.weight"), &[inputs, outputs]).start;
        let bias = self.layout.push(format!("{name}.bias"), &[outputs]).start;
        let transposed = self.transposed;
        self.transposed += outputs * padded(inputs);
        Matrix { at, bias, inputs, outputs, transposed }
    }
}

/// All parameters, readable a line beyond their end, and transposed matrices.
#[derive(Debug)]
pub(super) struct Weights {
    pub level: Level,
    pub values: Lines,
    pub transposed: Lines,
}

impl Weights {
    /// Makes the transposed copies.
    pub fn transpose(&mut self, len: usize, matrices: impl Iterator<Item = Matrix>) {
        self.transposed.grow(len + kernels::LINE);
        for w in matrices {
            let (from, to) = (&self.values[w.range()], &mut self.transposed[w.transposed..]);
            dispatch!(self.level, simd => transpose(simd, from, w.outputs, 0..w.outputs, to, padded(w.inputs)));
        }
    }

    /// `y = x w + bias` for so many rows.
    pub fn product(&self, rows: usize, x: &[f32], w: Matrix, y: &mut [f32]) {
        let x = Tile { values: x, stride: stride(w.inputs), width: w.inputs };
        let bias = Some(&self.values[w.bias..]);
        let weights = kernels::Weights { values: &self.values[w.at..], stride: w.outputs, columns: w.outputs, bias };
        dispatch!(self.level, simd => matmul(simd, rows, x, weights, y, stride(w.outputs)));
    }

    /// `dx = d wᵀ`.
    pub fn back(&self, rows: usize, d: &[f32], w: Matrix, dx: &mut [f32]) {
        let d = Tile { values: d, stride: stride(w.outputs), width: w.outputs };
        let values = &self.transposed[w.transposed..];
        let weights = kernels::Weights { values, stride: padded(w.inputs), columns: w.inputs, bias: None };
        dispatch!(self.level, simd => matmul(simd, rows, d, weights, dx, stride(w.inputs)));
    }

    /// Adds `xᵀ d` to the gradient of a matrix, and the sums of `d` to that of its bias.
    pub fn gradients(&self, rows: usize, x: &[f32], d: &[f32], w: Matrix, gradient: &mut [f32]) {
        let x = Tile { values: x, stride: stride(w.inputs), width: w.inputs };
        let d = Tile { values: d, stride: stride(w.outputs), width: w.outputs };
        dispatch!(self.level, simd => {
            column_sums(simd, rows, d, &mut gradient[w.bias..]);
            outer(simd, rows, x, d, &mut gradient[w.range()], w.outputs);
        });
    }
}

/// Layer normalisation with scale and offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Norm {
    scale: usize,
    offset: usize,
    width: usize,
}

impl Norm {
    pub fn new(parts: &mut Parts, name: &str, width: usize) -> Self {
        let scale = parts.layout.push(format!("{name}.norm.scale"), &[width]).start;
        Self { scale, offset: parts.layout.push(format!("{name}.norm.offset"), &[width]).start, width }
    }

    pub fn start(&self, parameters: &mut [f32]) {
        parameters[self.scale..self.scale + self.width].fill(1.0);
    }

    /// From `x` to `image`; keeps the normalised rows and one over their deviations.
    pub fn forward(
        &self,
        w: &Weights,
        rows: usize,
        x: &[f32],
        image: &mut [f32],
        normal: &mut [f32],
        inverse: &mut [f32],
    ) {
        let affine = Affine { scale: &w.values[self.scale..], offset: &w.values[self.offset..] };
        let all = rows * self.width;
        image[..all].copy_from_slice(&x[..all]);
        let (image, normal, inverse) = (&mut image[..all], &mut normal[..all], &mut inverse[..rows]);
        dispatch!(w.level, simd => {
            normalise(simd, Some(affine), EPSILON, self.width, self.width, image, normal, inverse);
        });
    }

    /// From the gradient with respect to the image to that with respect to what was normalised, in its place.
    pub fn backward(
        &self,
        w: &Weights,
        rows: usize,
        d: &mut [f32],
        normal: &[f32],
        inverse: &[f32],
        gradient: &mut [f32],
    ) {
        let all = rows * self.width;
        let (d, inverse) = (&mut d[..all], &inverse[..rows]);
        let normal = Tile { values: &normal[..all], stride: self.width, width: self.width };
        dispatch!(w.level, simd => {
            column_products(simd, rows, normal, d, &mut gradient[self.scale..]);
            column_sums(simd, rows, Tile { values: d, ..normal }, &mut gradient[self.offset..]);
            denormalise(simd, Some(&w.values[self.scale..]), normal, inverse, d);
        });
    }
}
