//! A tile forward.

use fearless_simd::Simd;

use super::workspace::{Loaded, Workspace};
use super::{FeedForward, Layer, Plan, Slot, row_stride};
use crate::network::Lines;
use crate::network::bits::{SetBits, matmul_bits};
use crate::network::convolve::convolve;
use crate::network::elementwise::{Affine, activate, normalise};
use crate::network::kernels::{Tile, Weights, matmul, padded};

/// Rows with the stride of their width.
pub(super) fn tile(values: &[f32], width: usize) -> Tile<'_> {
    Tile { values, stride: row_stride(width), width }
}

impl FeedForward {
    /// From the loaded rows to `workspace.outputs`.
    pub(super) fn forward<S: Simd>(&self, simd: S, workspace: &mut Workspace, rows: usize) {
        let plan = &self.plan;
        for layer in &plan.layers[..plan.trunk] {
            self.layer_forward(simd, workspace, layer, rows);
        }
        for tower in &plan.towers {
            for layer in &plan.layers[tower.layers.clone()] {
                self.layer_forward(simd, workspace, layer, rows);
            }
            let Workspace { output, outputs, .. } = workspace;
            for (row, y) in output.chunks_exact(row_stride(tower.outputs)).take(rows).enumerate() {
                let out = &mut outputs[row * plan.outputs + tower.first..][..tower.outputs];
                out.iter_mut().zip(y).for_each(|(out, y)| *out = *y);
            }
        }
        if let Some(free) = &plan.free {
            for out in workspace.outputs[..rows * plan.outputs].chunks_exact_mut(plan.outputs) {
                out[plan.outputs - free.len()..].copy_from_slice(&self.parameters[free.clone()]);
            }
        }
    }

    fn layer_forward<S: Simd>(&self, simd: S, workspace: &mut Workspace, layer: &Layer, rows: usize) {
        let plan = &self.plan;
        let Workspace { input, loaded, starts, indices, hidden, flat, normal, inverse, output, .. } = workspace;
        let bits = SetBits { starts, indices };
        let slot = layer.slot.map(|slot| (slot, plan.slots[slot]));
        // Layers come in the order of their slots.
        let (before, after) = hidden.split_at_mut(layer.slot.or(layer.source.map(|s| s + 1)).unwrap_or(0));
        let y = if slot.is_some() { &mut after[0][..] } else { &mut output[..] };
        let w = self.weights(layer);
        match (&layer.patches, layer.source, *loaded) {
            (None, None, Loaded::Bits) => matmul_bits(simd, rows, bits, w, y, row_stride(layer.outputs)),
            (None, None, _) => matmul(simd, rows, tile(input, layer.inputs), w, y, row_stride(layer.outputs)),
            (None, Some(source), _) => {
                let x = if plan.slots[source].gaps() { &flat[source] } else { &before[source] };
                matmul(simd, rows, tile(x, layer.inputs), w, y, row_stride(layer.outputs));
            }
            (Some(kernel), source, _) => {
                let size = Slot { places: kernel.places(), width: layer.outputs };
                for (row, y) in y.chunks_exact_mut(size.row()).take(rows).enumerate() {
                    let picture = plan.picture(source, input, before, row);
                    convolve(simd, kernel.windows(), picture, w, y, padded(layer.outputs));
                }
            }
        }
        let Some((slot, size)) = slot else { return };
        if let Some(norm) = plan.layer_norm {
            let affine = layer
                .affine
                .map(|(scale, offset)| Affine { scale: &self.parameters[scale..], offset: &self.parameters[offset..] });
            let (spans, step, cells, stride) = size.spans(rows);
            for span in 0..spans {
                let at = span * step..span * step + cells * stride;
                let inverse = &mut inverse[slot][span * cells..][..cells];
                let (y, normal) = (&mut y[at.clone()], &mut normal[slot][at]);
                normalise(simd, affine, norm.epsilon, size.width, stride, y, normal, inverse);
            }
        }
        activate(simd, plan.activation, &mut y[..rows * size.row()]);
        if size.gaps() {
            let width = size.places * size.width;
            let rows = flat[slot].chunks_exact_mut(row_stride(width)).zip(y.chunks_exact(size.row())).take(rows);
            for (flat, y) in rows {
                copy_cells(&mut flat[..width], size.width, y, padded(size.width), size.width);
            }
        }
    }

    pub(super) fn weights(&self, layer: &Layer) -> Weights<'_> {
        let values = &self.parameters[layer.weight..];
        let bias = Some(&self.parameters[layer.bias..]);
        Weights { values, stride: layer.outputs, columns: layer.outputs, bias }
    }
}

impl Plan {
    /// The picture of a row that a convolution reads.
    pub(super) fn picture<'a>(
        &self,
        source: Option<usize>,
        input: &'a [f32],
        hidden: &'a [Lines],
        row: usize,
    ) -> &'a [f32] {
        match source {
            None => &input[row * row_stride(self.inputs.elements())..],
            Some(slot) => &hidden[slot][row * self.slots[slot].row()..],
        }
    }
}

/// Copies cells of so many values between places that lie apart differently.
pub(super) fn copy_cells(to: &mut [f32], to_stride: usize, from: &[f32], from_stride: usize, values: usize) {
    for (to, from) in to.chunks_mut(to_stride).zip(from.chunks(from_stride)) {
        to[..values].copy_from_slice(&from[..values]);
    }
}
