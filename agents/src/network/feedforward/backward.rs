//! A tile forward, through the loss, and backward.

use std::ops::Range;

use fearless_simd::Simd;

use super::forward::{copy_cells, tile};
use super::patches::Patches;
use super::workspace::{Loaded, Workspace};
use super::{FeedForward, Layer, Slot, row_stride};
use crate::network::Lines;
use crate::network::bits::{SetBits, outer_bits};
use crate::network::convolve::convolve_outer;
use crate::network::elementwise::{deactivate, denormalise};
use crate::network::kernels::{Tile, Weights, column_products, column_sums, matmul, outer, padded};
use crate::network::{Loss, LossSums, Rows};

/// A layer with at most so many outputs has its weight gradient summed transposed: its few outputs would leave most of
/// a vector empty.
pub(crate) const NARROW: usize = 8;

/// What the backward pass is for; each is added to.
pub(super) enum Wanted<'a> {
    /// Gradient of the parameters, flat.
    Parameters(&'a mut [f32]),
    /// Gradient with respect to the rows, `[tile, inputs]`.
    Inputs(&'a mut [f32]),
}

impl FeedForward {
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
        let (count, outputs) = (range.len(), self.plan.outputs);
        workspace.load(&self.plan, rows, range.clone());
        self.forward(simd, workspace, count);
        let gradient = &mut workspace.gradient[..count * outputs];
        gradient.fill(0.0);
        let sums = loss(range, &workspace.outputs[..count * outputs], gradient);
        self.backward(simd, workspace, transposed, count, wanted);
        sums
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
        let plan = &self.plan;
        for (index, tower) in plan.towers.iter().enumerate() {
            let Workspace { gradient, delta, .. } = workspace;
            for (row, delta) in delta[0].chunks_exact_mut(row_stride(tower.outputs)).take(rows).enumerate() {
                let from = &gradient[row * plan.outputs + tower.first..][..tower.outputs];
                delta.iter_mut().zip(from).for_each(|(delta, from)| *delta = *from);
            }
            for layer in plan.layers[tower.layers.clone()].iter().rev() {
                self.layer_backward(simd, workspace, transposed, layer, rows, &mut wanted);
            }
            if plan.trunk > 0 {
                let Workspace { joint, delta, .. } = workspace;
                let len = rows * row_stride(plan.width(plan.layers[tower.layers.start].source));
                let from = &delta[0][..len];
                match index {
                    0 => joint[..len].copy_from_slice(from),
                    _ => joint[..len].iter_mut().zip(from).for_each(|(sum, more)| *sum += more),
                }
            }
        }
        if plan.trunk > 0 {
            std::mem::swap(&mut workspace.joint, &mut workspace.delta[0]);
            for layer in plan.layers[..plan.trunk].iter().rev() {
                self.layer_backward(simd, workspace, transposed, layer, rows, &mut wanted);
            }
        }
        if let (Some(free), Wanted::Parameters(out)) = (&plan.free, wanted) {
            for row in workspace.gradient[..rows * plan.outputs].chunks_exact(plan.outputs) {
                let from = &row[plan.outputs - free.len()..];
                out[free.clone()].iter_mut().zip(from).for_each(|(out, from)| *out += from);
            }
        }
    }

    /// From the gradient with respect to a layer's result in `delta[0]`, rows lying as a dense layer has them, to that with
    /// respect to what it read, in its place.
    fn layer_backward<S: Simd>(
        &self,
        simd: S,
        workspace: &mut Workspace,
        transposed: &Lines,
        layer: &Layer,
        rows: usize,
        wanted: &mut Wanted<'_>,
    ) {
        let plan = &self.plan;
        let Workspace { input, loaded, starts, indices, hidden, flat, normal, inverse, delta, narrow, patches, .. } =
            workspace;
        let size = Slot { places: layer.patches.as_ref().map_or(1, Patches::places), width: layer.outputs };
        let cell = padded(size.width);
        let [delta, next] = delta;
        if size.gaps() {
            let width = size.places * size.width;
            let rows = next.chunks_exact_mut(size.row()).zip(delta.chunks_exact(row_stride(width))).take(rows);
            for (next, delta) in rows {
                copy_cells(&mut next[..size.cells()], cell, &delta[..width], size.width, size.width);
            }
            std::mem::swap(delta, next);
        }
        if let Some(slot) = layer.slot {
            let all = rows * size.row();
            deactivate(simd, plan.activation, &hidden[slot][..all], &mut delta[..all]);
            if plan.layer_norm.is_some() {
                let (spans, step, cells, stride) = size.spans(rows);
                for span in 0..spans {
                    let at = span * step..span * step + cells * stride;
                    let normal = Tile { values: &normal[slot][at.clone()], stride, width: size.width };
                    let (delta, inverse) = (&mut delta[at], &inverse[slot][span * cells..][..cells]);
                    if let (Wanted::Parameters(out), Some((scale, offset))) = (&mut *wanted, layer.affine) {
                        column_products(simd, cells, normal, delta, &mut out[scale..]);
                        column_sums(simd, cells, Tile { values: delta, ..normal }, &mut out[offset..]);
                    }
                    let scale = layer.affine.map(|(scale, _)| &self.parameters[scale..]);
                    denormalise(simd, scale, normal, inverse, delta);
                }
            }
        }
        let stride = padded(layer.inputs);
        let back = Weights { values: &transposed[layer.transposed..], stride, columns: layer.inputs, bias: None };
        let bits = layer.source.is_none() && *loaded == Loaded::Bits;
        let below = layer.source.is_some() || matches!(wanted, Wanted::Inputs(_));
        if let Some(kernel) = &layer.patches {
            let into = Slot { places: kernel.cells, width: kernel.channels };
            let into_row = match layer.source {
                Some(_) => into.row(),
                None => row_stride(plan.inputs.elements()),
            };
            if below {
                next[..rows * into_row].fill(0.0);
            }
            for row in 0..rows {
                let d = Tile { values: &delta[row * size.row()..][..size.cells()], stride: cell, width: size.width };
                if let Wanted::Parameters(out) = wanted {
                    column_sums(simd, size.places, d, &mut out[layer.bias..]);
                    let picture = plan.picture(layer.source, input, hidden, row);
                    convolve_outer(simd, kernel.windows(), picture, d, &mut out[layer.weight..], layer.outputs);
                }
                if below {
                    matmul(simd, size.places, d, back, patches, stride);
                    kernel.scatter(patches, stride, &mut next[row * into_row..][..into_row]);
                }
            }
            // What is below a convolution is one more, whose result lies in cells: rows without gaps are what it expects.
            if below && layer.source.is_some() && into.gaps() {
                let width = into.places * into.width;
                for row in 0..rows {
                    let from = &next[row * into_row..][..into.cells()];
                    let to = &mut delta[row * row_stride(width)..][..width];
                    copy_cells(to, into.width, from, kernel.cell, into.width);
                }
            } else if below {
                std::mem::swap(delta, next);
            }
        } else {
            let d = tile(delta, layer.outputs);
            if let Wanted::Parameters(out) = wanted {
                column_sums(simd, rows, d, &mut out[layer.bias..]);
                let out = &mut out[layer.weight..];
                match layer.source {
                    None if bits => outer_bits(simd, rows, SetBits { starts, indices }, d, out, layer.outputs),
                    None => weight_gradient(simd, rows, tile(input, layer.inputs), d, narrow, out),
                    Some(source) => {
                        let x = if plan.slots[source].gaps() { &flat[source] } else { &hidden[source] };
                        weight_gradient(simd, rows, tile(x, layer.inputs), d, narrow, out);
                    }
                }
            }
            if below {
                matmul(simd, rows, d, back, next, row_stride(layer.inputs));
                std::mem::swap(delta, next);
            }
        }
        if let (None, Wanted::Inputs(out)) = (layer.source, wanted) {
            let width = plan.inputs.elements();
            let from = delta.chunks_exact(row_stride(width));
            for (out, from) in out.chunks_exact_mut(width).zip(from).take(rows) {
                out.iter_mut().zip(from).for_each(|(out, from)| *out += from);
            }
        }
    }
}

/// `out[i][j] += sum over rows of x[row][i] d[row][j]`, the rows of `out` without gaps.
pub(crate) fn weight_gradient<S: Simd>(
    simd: S,
    rows: usize,
    x: Tile<'_>,
    d: Tile<'_>,
    narrow: &mut [f32],
    out: &mut [f32],
) {
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
