//! Passes through the network, each for two things at once: forward for the states on both sides of a transition, which read
//! the weights once, and backward for two gradients, while each weight, its trace and its square are stepped in the same
//! visit. So a transition costs two passes over the parameters, and the gradients of dense layers, products of two vectors,
//! are never written out. The kernels of streams come to one sum per weight and step it in the next forward pass.

// Indices into several small arrays at once are what the compiler unrolls into registers.
#![allow(clippy::needless_range_loop)]

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::activations::{Silu, SiluCurvature, SiluSlope};
use crate::network::Lines;
use crate::network::vector_math::apply;
use crate::streaming::{Layer, Plan};

/// Columns of a block; rows of everything that is stored are whole blocks, as [`Plan`] lays them out.
const COLUMNS: usize = 16;

/// A number of columns rounded up to whole blocks.
pub fn padded(columns: usize) -> usize {
    columns.next_multiple_of(COLUMNS)
}

/// Forward passes of some samples: in each array layer by layer, and for a layer sample by sample.
#[derive(Debug, Clone)]
pub struct Passes {
    samples: usize,
    /// What goes in, `[samples, inputs]` in whole blocks.
    pub input: Lines,
    /// Hidden values before their activation, and behind it.
    sums: Lines,
    values: Lines,
    /// What comes out, `[samples, outputs]` in whole blocks.
    pub outputs: Lines,
}

impl Passes {
    /// For so many samples; the input is to be written.
    pub fn new(plan: &Plan, samples: usize) -> Self {
        let zeros = |len: usize| Lines::zeros(samples * len);
        let (inputs, outputs) = (padded(plan.shape.inputs), padded(plan.shape.outputs));
        Self {
            samples,
            input: zeros(inputs),
            sums: zeros(plan.hidden),
            values: zeros(plan.hidden),
            outputs: zeros(outputs),
        }
    }

    /// What the layer behind these reads, all samples, and from one sample to the next.
    fn source(&self, plan: &Plan, layers: usize) -> (&[f32], usize) {
        match layers.checked_sub(1) {
            None => (&self.input[..], padded(plan.shape.inputs)),
            Some(below) => (&self.values[self.range(&plan.layers[below])], plan.layers[below].len),
        }
    }

    /// Where a layer's values are.
    fn range(&self, layer: &Layer) -> std::ops::Range<usize> {
        layer.first * self.samples..(layer.first + layer.len) * self.samples
    }
}

/// The block from a place on.
#[inline(always)]
fn at<S: Simd>(simd: S, values: &[f32], place: usize) -> f32x16<S> {
    f32x16::from_slice(simd, &values[place..place + COLUMNS])
}

/// Outputs of N samples.
#[inline(always)]
pub fn forward<S: Simd, const N: usize>(simd: S, plan: &Plan, weights: &[f32], passes: &mut Passes) {
    for (index, layer) in plan.layers.iter().enumerate() {
        let here = passes.range(layer);
        let mut sums = std::mem::take(&mut passes.sums);
        let (x, stride) = passes.source(plan, index);
        product::<S, N>(simd, layer, weights, (x, stride), &mut sums[here.clone()]);
        let values = &mut passes.values[here.clone()];
        values.copy_from_slice(&sums[here]);
        match layer.windows {
            Some(_) => apply::<S, Silu>(simd, values),
            None => apply::<S, SiluSlope>(simd, values),
        }
        // What fills blocks has to stay 0, of which this activation makes a half.
        for row in values.chunks_exact_mut(layer.stride) {
            row[layer.units..].fill(0.0);
        }
        passes.sums = sums;
    }
    let mut outputs = std::mem::take(&mut passes.outputs);
    let (x, stride) = passes.source(plan, plan.layers.len());
    for o in 0..plan.shape.outputs {
        let row = plan.head + o * plan.head_stride;
        let mut sums = [f32x16::splat(simd, 0.0); N];
        for b in (0..plan.head_stride).step_by(COLUMNS) {
            let w = at(simd, weights, row + b);
            for n in 0..N {
                sums[n] = w.mul_add(at(simd, x, n * stride + b), sums[n]);
            }
        }
        for n in 0..N {
            outputs[n * padded(plan.shape.outputs) + o] = sums[n].reduce_sum() + weights[plan.head_bias + o];
        }
    }
    passes.outputs = outputs;
}

/// Places of a kernel whose sums stay in registers together.
const PLACES: usize = 8;

/// A layer's sums for N samples that lie every `stride`.
#[inline(always)]
fn product<S: Simd, const N: usize>(
    simd: S,
    layer: &Layer,
    weights: &[f32],
    (x, stride): (&[f32], usize),
    out: &mut [f32],
) {
    let mut rows = [0; N];
    for n in 0..N {
        rows[n] = n * stride;
    }
    let Some(windows) = &layer.windows else {
        let mut column = 0;
        while column < layer.stride {
            column += match layer.stride - column {
                64.. => dense_panel::<S, N, 4>(simd, layer, weights, column, x, rows, out),
                _ => dense_panel::<S, N, 1>(simd, layer, weights, column, x, rows, out),
            };
        }
        return;
    };
    for n in 0..N {
        for column in (0..layer.stride).step_by(COLUMNS) {
            for (group, firsts) in windows.firsts.chunks(PLACES).enumerate() {
                let mut places = [rows[n]; PLACES];
                for (place, first) in places.iter_mut().zip(firsts) {
                    *place += *first as usize;
                }
                let sums = panel::<S, PLACES, 1>(
                    simd,
                    layer,
                    weights,
                    column,
                    x,
                    places,
                    #[inline(always)]
                    |k| windows.offsets[k] as usize,
                );
                for p in 0..firsts.len() {
                    let place = n * layer.len + (group * PLACES + p) * layer.stride + column;
                    sums[p][0].store_slice(&mut out[place..place + COLUMNS]);
                }
            }
        }
    }
}

/// `P` blocks of a dense layer's sums; the columns that they are.
#[inline(always)]
fn dense_panel<S: Simd, const N: usize, const P: usize>(
    simd: S,
    layer: &Layer,
    weights: &[f32],
    column: usize,
    x: &[f32],
    rows: [usize; N],
    out: &mut [f32],
) -> usize {
    let sums = panel::<S, N, P>(
        simd,
        layer,
        weights,
        column,
        x,
        rows,
        #[inline(always)]
        |k| k,
    );
    for n in 0..N {
        for p in 0..P {
            let place = n * layer.len + column + p * COLUMNS;
            sums[n][p].store_slice(&mut out[place..place + COLUMNS]);
        }
    }
    P * COLUMNS
}

/// `P` blocks of the sums of `R` rows of inputs, each from a place of `x` on, whose k-th is so far behind it.
#[inline(always)]
fn panel<S: Simd, const R: usize, const P: usize>(
    simd: S,
    layer: &Layer,
    weights: &[f32],
    column: usize,
    x: &[f32],
    rows: [usize; R],
    offset: impl Fn(usize) -> usize,
) -> [[f32x16<S>; P]; R] {
    let mut sums = [[f32x16::splat(simd, 0.0); P]; R];
    for k in 0..layer.inputs {
        let from = layer.weight + k * layer.stride + column;
        let behind = offset(k);
        let mut w = [sums[0][0]; P];
        for p in 0..P {
            w[p] = at(simd, weights, from + p * COLUMNS);
        }
        for r in 0..R {
            let input = f32x16::splat(simd, x[rows[r] + behind]);
            for p in 0..P {
                sums[r][p] = input.mul_add(w[p], sums[r][p]);
            }
        }
    }
    let bias = layer.weight + layer.inputs * layer.stride + column;
    for p in 0..P {
        let bias = at(simd, weights, bias + p * COLUMNS);
        for r in 0..R {
            sums[r][p] += bias;
        }
    }
    sums
}

/// What is done with the two gradients of each parameter.
pub trait Visit<S: Simd> {
    /// Takes those of the block from element `at` on, and gives the weights as they were before. Each comes once in a pass.
    fn visit(&mut self, simd: S, at: usize, gradients: [f32x16<S>; 2]) -> f32x16<S>;
}

/// Room for a backward pass.
#[derive(Debug, Clone)]
pub struct Scratch {
    /// Two gradients with respect to a layer's values, and to those below.
    now: [Lines; 2],
    below: [Lines; 2],
    slopes: Lines,
}

impl Scratch {
    /// For networks of a plan.
    pub fn new(plan: &Plan) -> Self {
        let lines = || Lines::zeros(plan.widest.max(padded(plan.shape.inputs)));
        Self { now: [lines(), lines()], below: [lines(), lines()], slopes: lines() }
    }

    /// The first gradient with respect to the inputs, after a pass that wanted it.
    pub fn of_inputs(&self) -> &[f32] {
        &self.now[0]
    }
}

/// From two gradients with respect to the outputs of a sample (whole blocks) to those of all parameters, and with `want` to that
/// of the inputs, unless a convolution reads them.
#[inline(always)]
pub fn backward<S: Simd>(
    simd: S,
    plan: &Plan,
    (passes, sample): (&Passes, usize),
    outputs: [&[f32]; 2],
    scratch: &mut Scratch,
    visit: &mut impl Visit<S>,
    want: bool,
) {
    let Scratch { now, below, slopes } = scratch;
    let input_of = |layers: usize| {
        let (x, stride) = passes.source(plan, layers);
        &x[sample * stride..(sample + 1) * stride]
    };
    let x = input_of(plan.layers.len());
    now.iter_mut().for_each(|now| now[..plan.head_stride].fill(0.0));
    for o in 0..plan.shape.outputs {
        let slope = [f32x16::splat(simd, outputs[0][o]), f32x16::splat(simd, outputs[1][o])];
        for b in (0..plan.head_stride).step_by(COLUMNS) {
            let x = at(simd, x, b);
            let w = visit.visit(simd, plan.head + o * plan.head_stride + b, [slope[0] * x, slope[1] * x]);
            for g in 0..2 {
                slope[g].mul_add(w, at(simd, &now[g], b)).store_slice(&mut now[g][b..b + COLUMNS]);
            }
        }
    }
    for b in (0..padded(plan.shape.outputs)).step_by(COLUMNS) {
        visit.visit(simd, plan.head_bias + b, [at(simd, outputs[0], b), at(simd, outputs[1], b)]);
    }
    for (index, layer) in plan.layers.iter().enumerate().rev() {
        let first = layer.first * passes.samples + sample * layer.len;
        let slopes = &mut slopes[..layer.len];
        slopes.copy_from_slice(&passes.sums[first..first + layer.len]);
        match layer.windows {
            Some(_) => apply::<S, SiluSlope>(simd, slopes),
            None => apply::<S, SiluCurvature>(simd, slopes),
        }
        for b in (0..layer.len).step_by(COLUMNS) {
            for g in 0..2 {
                (at(simd, &now[g], b) * at(simd, slopes, b)).store_slice(&mut now[g][b..b + COLUMNS]);
            }
        }
        let x = input_of(index);
        match (&layer.windows, index > 0 || want) {
            (Some(_), _) => of_kernel(simd, layer, x, now, visit),
            (None, true) => of_dense::<S, true>(simd, layer, x, now, below, visit),
            (None, false) => of_dense::<S, false>(simd, layer, x, now, below, visit),
        }
        std::mem::swap(now, below);
    }
}

#[inline(always)]
fn of_dense<S: Simd, const WANT: bool>(
    simd: S,
    layer: &Layer,
    x: &[f32],
    slopes: &[Lines; 2],
    below: &mut [Lines; 2],
    visit: &mut impl Visit<S>,
) {
    let [first, second] = slopes;
    for i in 0..layer.inputs {
        let input = f32x16::splat(simd, x[i]);
        let mut sums = [f32x16::splat(simd, 0.0); 2];
        for b in (0..layer.stride).step_by(COLUMNS) {
            let slope = [at(simd, first, b), at(simd, second, b)];
            let from = layer.weight + i * layer.stride + b;
            let w = visit.visit(simd, from, [input * slope[0], input * slope[1]]);
            if WANT {
                sums[0] = w.mul_add(slope[0], sums[0]);
                sums[1] = w.mul_add(slope[1], sums[1]);
            }
        }
        if WANT {
            below[0][i] = sums[0].reduce_sum();
            below[1][i] = sums[1].reduce_sum();
        }
    }
    for b in (0..layer.stride).step_by(COLUMNS) {
        let from = layer.weight + layer.inputs * layer.stride + b;
        visit.visit(simd, from, [at(simd, first, b), at(simd, second, b)]);
    }
    if WANT {
        below.iter_mut().for_each(|below| below[layer.inputs..padded(layer.inputs)].fill(0.0));
    }
}

#[inline(always)]
fn of_kernel<S: Simd>(simd: S, layer: &Layer, x: &[f32], slopes: &[Lines; 2], visit: &mut impl Visit<S>) {
    let windows = layer.windows.as_ref().expect("a convolution");
    for column in (0..layer.stride).step_by(COLUMNS) {
        // The last row are the biases, whose input is 1.
        for k in 0..=layer.inputs {
            let offset = windows.offsets.get(k);
            // Two sums of each, so that additions need not wait for each other.
            let mut sums = [[f32x16::splat(simd, 0.0); 2]; 2];
            for (place, first) in windows.firsts.iter().enumerate() {
                let input = f32x16::splat(simd, offset.map_or(1.0, |offset| x[(first + offset) as usize]));
                for g in 0..2 {
                    let slope = at(simd, &slopes[g], place * layer.stride + column);
                    sums[g][place % 2] = input.mul_add(slope, sums[g][place % 2]);
                }
            }
            let from = layer.weight + k * layer.stride + column;
            visit.visit(simd, from, [sums[0][0] + sums[0][1], sums[1][0] + sums[1][1]]);
        }
    }
}
