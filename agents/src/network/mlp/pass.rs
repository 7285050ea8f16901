//! A tile forward and backward.

use std::ops::Range;

use fearless_simd::Simd;
use shadergym_envs::Encoding;

use super::workspace::{Lines, Workspace};
use super::{Layer, Mlp};
use crate::network::bits::{SetBits, matmul_bits, outer_bits};
use crate::network::elementwise::{Affine, activate, deactivate, denormalise, normalise};
use crate::network::kernels::{Tile, Weights, column_products, column_sums, matmul, outer, padded};
use crate::network::{Loss, LossSums, Rows};

/// A layer with at most so many outputs has its weight gradient summed transposed: its few outputs would leave most of
/// a vector empty.
pub(super) const NARROW: usize = 8;

/// What the backward pass is for; each is added to.
pub(super) enum Wanted<'a> {
    /// Gradient of the parameters, flat.
    Parameters(&'a mut [f32]),
    /// Gradient with respect to the rows, `[tile, inputs]`.
    Inputs(&'a mut [f32]),
}

impl Mlp {
    /// Forward, loss and backward for one tile.
    pub(super) fn learn<S: Simd>(
        &self,
        simd: S,
        workspace: &mut Workspace,
        transposed: &Lines,
        (rows, range): (Rows<'_>, Range<usize>),
        loss: &Loss<'_>,
        wanted: Wanted<'_>,
    ) -> LossSums {
        let count = range.len();
        workspace.load(rows, range.clone());
        self.forward(simd, workspace, count);
        let gradient = &mut workspace.gradient[..count * self.outputs];
        gradient.fill(0.0);
        let sums = loss(range, &workspace.outputs[..count * self.outputs], gradient);
        self.backward(simd, workspace, transposed, count, wanted);
        sums
    }

    /// From the loaded rows to `workspace.outputs`.
    pub(super) fn forward<S: Simd>(&self, simd: S, workspace: &mut Workspace, rows: usize) {
        let Workspace { input, starts, indices, hidden, normal, inverse, output, outputs, .. } = workspace;
        let bits = SetBits { starts, indices };
        for tower in &self.towers {
            for (l, layer) in tower.layers.iter().enumerate() {
                let slot = tower.slot + l;
                let (before, after) = hidden.split_at_mut(slot);
                let last = l + 1 == tower.layers.len();
                let y = if last { &mut *output } else { &mut after[0] };
                let stride = padded(layer.outputs);
                let w = self.weights(layer);
                match l {
                    0 if self.encoding == Encoding::Bit => matmul_bits(simd, rows, bits, w, y, stride),
                    0 => matmul(simd, rows, tile(input, layer.inputs), w, y, stride),
                    _ => matmul(simd, rows, tile(&before[slot - 1], layer.inputs), w, y, stride),
                }
                if last {
                    for (row, y) in y.chunks_exact(stride).take(rows).enumerate() {
                        let out = &mut outputs[row * self.outputs + tower.first..][..layer.outputs];
                        out.iter_mut().zip(y).for_each(|(out, y)| *out = *y);
                    }
                } else {
                    let y = &mut y[..rows * stride];
                    if let Some((scale, offset)) = layer.norm {
                        let affine = Affine { scale: &self.parameters[scale..], offset: &self.parameters[offset..] };
                        let inverse = &mut inverse[slot][..rows];
                        normalise(simd, affine, layer.outputs, stride, y, &mut normal[slot], inverse);
                    }
                    activate(simd, self.activation, y);
                }
            }
        }
        if let Some(free) = &self.free {
            for out in outputs[..rows * self.outputs].chunks_exact_mut(self.outputs) {
                out[self.outputs - free.len()..].copy_from_slice(&self.parameters[free.clone()]);
            }
        }
    }

    /// From `workspace.gradient` to what is wanted.
    fn backward<S: Simd>(
        &self,
        simd: S,
        workspace: &mut Workspace,
        transposed: &Lines,
        rows: usize,
        mut wanted: Wanted<'_>,
    ) {
        let Workspace { input, starts, indices, hidden, normal, inverse, gradient, delta, narrow, .. } = workspace;
        let bits = SetBits { starts, indices };
        let [mut delta, mut next] = delta.each_mut();
        for tower in &self.towers {
            let width = tower.layers.last().map_or(0, |layer| layer.outputs);
            for (row, delta) in delta.chunks_exact_mut(padded(width)).take(rows).enumerate() {
                let from = &gradient[row * self.outputs + tower.first..][..width];
                delta.iter_mut().zip(from).for_each(|(delta, from)| *delta = *from);
            }
            for (l, layer) in tower.layers.iter().enumerate().rev() {
                let slot = tower.slot + l;
                let stride = padded(layer.outputs);
                if l + 1 < tower.layers.len() {
                    deactivate(simd, self.activation, &hidden[slot][..rows * stride], &mut delta[..rows * stride]);
                    if let Some((scale, offset)) = layer.norm {
                        let normal = tile(&normal[slot], layer.outputs);
                        if let Wanted::Parameters(out) = &mut wanted {
                            column_products(simd, rows, normal, delta, &mut out[scale..]);
                            column_sums(simd, rows, tile(delta, layer.outputs), &mut out[offset..]);
                        }
                        let scale = &self.parameters[scale..];
                        denormalise(simd, scale, normal, &inverse[slot][..rows], &mut delta[..rows * stride]);
                    }
                }
                let d = tile(delta, layer.outputs);
                if let Wanted::Parameters(out) = &mut wanted {
                    column_sums(simd, rows, d, &mut out[layer.bias..]);
                    let out = &mut out[layer.weight..];
                    match l {
                        0 if self.encoding == Encoding::Bit => outer_bits(simd, rows, bits, d, out, layer.outputs),
                        0 => weight_gradient(simd, rows, tile(input, layer.inputs), d, narrow, out),
                        _ => weight_gradient(simd, rows, tile(&hidden[slot - 1], layer.inputs), d, narrow, out),
                    }
                }
                let stride = padded(layer.inputs);
                let w = Weights { values: &transposed[layer.transposed..], stride, columns: layer.inputs, bias: None };
                if l > 0 {
                    matmul(simd, rows, d, w, next, stride);
                    std::mem::swap(&mut delta, &mut next);
                } else if let Wanted::Inputs(out) = &mut wanted {
                    matmul(simd, rows, d, w, next, stride);
                    for (out, from) in out.chunks_exact_mut(layer.inputs).zip(next.chunks_exact(stride)).take(rows) {
                        out.iter_mut().zip(from).for_each(|(out, from)| *out += from);
                    }
                }
            }
        }
        if let (Some(free), Wanted::Parameters(out)) = (&self.free, wanted) {
            for row in gradient[..rows * self.outputs].chunks_exact(self.outputs) {
                let from = &row[self.outputs - free.len()..];
                out[free.clone()].iter_mut().zip(from).for_each(|(out, from)| *out += from);
            }
        }
    }

    fn weights(&self, layer: &Layer) -> Weights<'_> {
        let values = &self.parameters[layer.weight..];
        let bias = Some(&self.parameters[layer.bias..]);
        Weights { values, stride: layer.outputs, columns: layer.outputs, bias }
    }
}

/// `out[i][j] += sum over rows of x[row][i] d[row][j]`, the rows of `out` without gaps.
fn weight_gradient<S: Simd>(simd: S, rows: usize, x: Tile<'_>, d: Tile<'_>, narrow: &mut [f32], out: &mut [f32]) {
    if d.width > NARROW {
        return outer(simd, rows, x, d, out, d.width);
    }
    let narrow = &mut narrow[..d.width * x.stride];
    narrow.fill(0.0);
    outer(simd, rows, d, x, narrow, x.stride);
    for (i, out) in out[..x.width * d.width].chunks_exact_mut(d.width).enumerate() {
        for (j, out) in out.iter_mut().enumerate() {
            *out += narrow[j * x.stride + i];
        }
    }
}

/// Rows with the stride of their width.
fn tile(values: &[f32], width: usize) -> Tile<'_> {
    Tile { values, stride: padded(width), width }
}
