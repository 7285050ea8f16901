//! What every layer over sequences is, and the products that they share.

use std::fmt::Debug;

use fearless_simd::{Level, dispatch};

use super::span::{Carries, Span, Tape};
use super::ssm::States;
use crate::network::Layout;
use crate::network::elementwise::{Affine, denormalise, normalise};
use crate::network::feedforward::{NARROW, row_stride, weight_gradient};
use crate::network::init::Random;
use crate::network::kernels::{Tile, Weights, column_products, column_sums, matmul, padded};

/// One layer: rows of `inputs` values in, rows of `outputs` out, which may depend on earlier rows of the same sequence. Rows
/// lie with the stride of [`stride`].
pub(super) trait Layer: Debug + Send + Sync {
    /// Values per row that come out.
    fn outputs(&self) -> usize;

    /// Values that a sequence carries from a span to the next.
    fn carry(&self) -> usize {
        0
    }

    /// Its states, if they are diagonal ones.
    fn states(&self) -> Option<&States> {
        None
    }

    /// The matrices that the way back needs transposed.
    fn matrices(&self) -> Vec<Matrix>;

    /// Puts initial parameters in place.
    fn start(&self, random: &mut Random, parameters: &mut [f32]);

    /// From `x` to `y`; `carry` goes in and out.
    fn forward(
        &self,
        w: Parameters<'_>,
        span: Span<'_>,
        x: &[f32],
        y: &mut [f32],
        carry: &mut Carries<'_>,
        tape: &mut Tape,
    );

    /// Adds to `gradient` what follows from `d`, the gradient with respect to `y`, which it may overwrite, and writes that with
    /// respect to `x` to `dx` if it is wanted. Comes behind [`Self::forward`] with the same tape.
    fn backward(&self, w: Parameters<'_>, span: Span<'_>, way: Way<'_>, tape: &mut Tape, gradient: &mut [f32]);
}

/// What a layer's way back starts from.
pub(super) struct Way<'a> {
    pub x: &'a [f32],
    pub y: &'a [f32],
    /// Gradient with respect to `y`.
    pub d: &'a mut [f32],
    /// Where that with respect to `x` goes.
    pub dx: Option<&'a mut [f32]>,
}

/// A weight matrix `[inputs, outputs]` in the flat array and in the copy of transposed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matrix {
    pub at: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub transposed: usize,
}

/// What lies where, of parameters and of their transposed matrices.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub layout: Layout,
    pub transposed: usize,
}

impl Parts {
    /// A matrix and its transposed copy.
    pub fn matrix(&mut self, name: String, inputs: usize, outputs: usize) -> Matrix {
        let matrix = Matrix {
            at: self.layout.push(name, &[inputs, outputs]).start,
            inputs,
            outputs,
            transposed: self.transposed,
        };
        self.transposed += matrix.transposed_len();
        matrix
    }

    /// Numbers in a row.
    pub fn vector(&mut self, name: String, len: usize) -> usize {
        self.layout.push(name, &[len]).start
    }

    /// Weight and bias of a dense layer.
    pub fn dense(&mut self, name: &str, inputs: usize, outputs: usize) -> (Matrix, usize) {
        let weight = self.matrix(format!("{name}.weight"), inputs, outputs);
        (weight, self.vector(format!("{name}.bias"), outputs))
    }
}

impl Matrix {
    /// Its place in the flat array.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.inputs * self.outputs
    }

    /// Floats of the transposed copy.
    pub fn transposed_len(&self) -> usize {
        self.outputs * padded(self.inputs)
    }
}

/// Floats from one row of so many values to the next.
pub(super) fn stride(width: usize) -> usize {
    row_stride(width)
}

/// All parameters, readable a line beyond their end, and the transposed matrices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameters<'a> {
    pub level: Level,
    pub values: &'a [f32],
    pub transposed: &'a [f32],
}

impl Parameters<'_> {
    /// `y = x w + bias` for so many rows.
    pub fn product(&self, rows: usize, x: &[f32], w: Matrix, bias: Option<usize>, y: &mut [f32]) {
        let x = Tile { values: x, stride: stride(w.inputs), width: w.inputs };
        let bias = bias.map(|at| &self.values[at..]);
        let weights = Weights { values: &self.values[w.at..], stride: w.outputs, columns: w.outputs, bias };
        dispatch!(self.level, simd => matmul(simd, rows, x, weights, y, stride(w.outputs)));
    }

    /// `dx = d wᵀ`.
    pub fn back(&self, rows: usize, d: &[f32], w: Matrix, dx: &mut [f32]) {
        let d = Tile { values: d, stride: stride(w.outputs), width: w.outputs };
        let values = &self.transposed[w.transposed..];
        let weights = Weights { values, stride: padded(w.inputs), columns: w.inputs, bias: None };
        dispatch!(self.level, simd => matmul(simd, rows, d, weights, dx, stride(w.inputs)));
    }

    /// Adds `xᵀ d` to the gradient of a matrix, and the sums of `d` to that of its bias.
    pub fn gradients(&self, rows: usize, x: &[f32], d: &[f32], w: Matrix, bias: Option<usize>, gradient: &mut [f32]) {
        let x = Tile { values: x, stride: stride(w.inputs), width: w.inputs };
        let d = Tile { values: d, stride: stride(w.outputs), width: w.outputs };
        let mut narrow = vec![0.0; if w.outputs <= NARROW { w.outputs * x.stride } else { 0 }];
        dispatch!(self.level, simd => {
            if let Some(bias) = bias {
                column_sums(simd, rows, d, &mut gradient[bias..]);
            }
            weight_gradient(simd, rows, x, d, &mut narrow, &mut gradient[w.range()]);
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

/// Added to variances, as in Flax.
const EPSILON: f32 = 1e-6;

impl Norm {
    pub fn new(parts: &mut Parts, name: &str, width: usize) -> Self {
        let scale = parts.vector(format!("{name}.norm.scale"), width);
        Self { scale, offset: parts.vector(format!("{name}.norm.offset"), width), width }
    }

    pub fn start(&self, parameters: &mut [f32]) {
        parameters[self.scale..self.scale + self.width].fill(1.0);
    }

    /// In place; keeps the normalised rows and one over their deviations.
    pub fn forward(&self, w: Parameters<'_>, rows: usize, x: &mut [f32], normal: &mut [f32], inverse: &mut [f32]) {
        let affine = Affine { scale: &w.values[self.scale..], offset: &w.values[self.offset..] };
        let (all, inverse) = (rows * stride(self.width), &mut inverse[..rows]);
        let (x, normal) = (&mut x[..all], &mut normal[..all]);
        dispatch!(w.level, simd => {
            normalise(simd, Some(affine), EPSILON, self.width, stride(self.width), x, normal, inverse)
        });
    }

    /// What [`Self::forward`] came to.
    pub fn image(&self, w: Parameters<'_>, rows: usize, normal: &[f32], image: &mut [f32]) {
        let (scale, offset) = (&w.values[self.scale..], &w.values[self.offset..]);
        let of = normal.chunks_exact(stride(self.width)).zip(image.chunks_exact_mut(stride(self.width))).take(rows);
        for (normal, image) in of {
            for k in 0..self.width {
                image[k] = normal[k].mul_add(scale[k], offset[k]);
            }
        }
    }

    /// From the gradient with respect to the image to that with respect to what was normalised, in its place.
    pub fn backward(
        &self,
        w: Parameters<'_>,
        rows: usize,
        d: &mut [f32],
        normal: &[f32],
        inverse: &[f32],
        gradient: &mut [f32],
    ) {
        let all = rows * stride(self.width);
        let (d, inverse) = (&mut d[..all], &inverse[..rows]);
        let normal = Tile { values: &normal[..all], stride: stride(self.width), width: self.width };
        dispatch!(w.level, simd => {
            column_products(simd, rows, normal, d, &mut gradient[self.scale..]);
            column_sums(simd, rows, Tile { values: d, ..normal }, &mut gradient[self.offset..]);
            denormalise(simd, Some(&w.values[self.scale..]), normal, inverse, d);
        });
    }
}
