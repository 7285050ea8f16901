//! Forward and backward through the layers for one sample of each member. What is done to a weight on the way is up to
//! [`Weights`] (step, then read) and [`Traces`] (decay, add the gradient, sum magnitudes), so an update costs two passes
//! over the parameters: one backward, and one with the next forward.

// Indices into several small arrays at once are what the compiler unrolls into registers.
#![allow(clippy::needless_range_loop)]

use fearless_simd::{Simd, SimdBase};

use super::lanes::{COLUMNS, Lanes, Number, padded};
use super::plan::{Layer, NORM_EPSILON, Plan, Windows};
use crate::network::Lines;

/// Blocks of a row, four at a time, as every sum over blocks has four chains.
macro_rules! chains {
    ($blocks:expr, $block:ident, $chain:ident => $body:expr) => {{
        let blocks = $blocks;
        let whole = blocks / 4 * 4;
        let mut next = 0;
        while next < whole {
            for $chain in 0..4 {
                let $block = next + $chain;
                $body
            }
            next += 4;
        }
        for $chain in 0..blocks - whole {
            let $block = whole + $chain;
            $body
        }
    }};
}

mod backward;

pub use backward::backward;

/// Where weights come from.
pub trait Weights<S: Simd, L: Lanes<S>> {
    /// The block from element `at` on. Each is asked for once in a pass.
    fn block(&mut self, simd: S, at: usize) -> L::Block;
    /// All of them, those that were asked for as they now are.
    fn all(&self) -> &[f32];
}

/// Where gradients go.
pub trait Traces<S: Simd, L: Lanes<S>> {
    /// Takes the gradient of the block from element `at` on; `chain` below 4 names one of several sums of magnitudes, so
    /// that their additions need not wait for each other.
    fn add(&mut self, simd: S, at: usize, gradient: L::Block, chain: usize);
}

/// A forward pass of one sample: what backward needs.
#[derive(Debug, Clone, Default)]
pub struct Pass<M> {
    /// What went in.
    pub input: M,
    /// Hidden values.
    pub values: M,
    /// The same before their activation.
    pub normal: M,
    /// One over the standard deviation of each hidden layer, `[layers, members]`.
    pub inverse: M,
    /// What came out, in whole blocks.
    pub outputs: M,
}

impl Pass<Lines> {
    /// For so many members; the input is to be written.
    pub fn new(plan: &Plan, members: usize) -> Self {
        let zeros = |len: usize| Lines::zeros(len * members);
        Self {
            input: zeros(padded(plan.shape.inputs)),
            values: zeros(plan.hidden),
            normal: zeros(plan.hidden),
            inverse: zeros(plan.layers.len()),
            outputs: zeros(padded(plan.shape.outputs)),
        }
    }
}

#[inline(always)]
fn joined<S: Simd, L: Lanes<S>>(sums: [L::Block; 4]) -> L::Number {
    L::sum(L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3])))
}

/// All layers; `pass.input` is there.
#[inline(always)]
pub fn forward<S: Simd, L: Lanes<S>, M>(simd: S, plan: &Plan, weights: &mut impl Weights<S, L>, pass: &mut Pass<M>)
where
    M: std::ops::DerefMut<Target = [f32]>,
{
    let Pass { input, values, normal, inverse, outputs } = pass;
    let mut source = 0..0;
    for (index, layer) in plan.layers.iter().enumerate() {
        let at = layer.first * L::MEMBERS;
        let (before, rest) = values.split_at_mut(at);
        let x: &[f32] = if index == 0 { input } else { &before[source] };
        let out = &mut rest[..layer.len * L::MEMBERS];
        match &layer.windows {
            Some(windows) => convolve::<S, L>(simd, layer, windows, weights, x, out),
            None => dense::<S, L>(simd, layer, weights, x, out),
        }
        let normal = &mut normal[at..at + layer.len * L::MEMBERS];
        activate::<S, L>(simd, plan, layer, out, normal, &mut inverse[index * L::MEMBERS..][..L::MEMBERS]);
        source = at..at + layer.len * L::MEMBERS;
    }
    let x: &[f32] = if plan.layers.is_empty() { input } else { &values[source] };
    for o in 0..plan.shape.outputs {
        let mut sums = [L::zero(simd); 4];
        chains!(plan.head_stride / COLUMNS, b, chain => {
            let w = weights.block(simd, plan.head + o * plan.head_stride + b * COLUMNS);
            sums[chain] = L::mul_add(w, L::block(simd, x, b * COLUMNS), sums[chain]);
        });
        L::put_number(joined::<S, L>(sums), outputs, o);
    }
    let mut at = 0;
    while at < plan.shape.outputs {
        let sum = L::add(L::block(simd, outputs, at), weights.block(simd, plan.head_bias + at));
        L::put_block(sum, outputs, at);
        at += COLUMNS;
    }
}

#[inline(always)]
fn dense<S: Simd, L: Lanes<S>>(simd: S, layer: &Layer, weights: &mut impl Weights<S, L>, x: &[f32], out: &mut [f32]) {
    let blocks = layer.stride / COLUMNS;
    let mut block = 0;
    while block < blocks {
        let column = block * COLUMNS;
        // Members side by side fill the registers with two blocks.
        block += match blocks - block {
            8.. if L::MEMBERS == 1 => {
                panel::<S, L, 8>(simd, layer, weights, x, out, column);
                8
            }
            4.. if L::MEMBERS == 1 => {
                panel::<S, L, 4>(simd, layer, weights, x, out, column);
                4
            }
            2.. => {
                panel::<S, L, 2>(simd, layer, weights, x, out, column);
                2
            }
            _ => {
                panel::<S, L, 1>(simd, layer, weights, x, out, column);
                1
            }
        };
    }
}

/// P blocks of a layer's sums, which stay in registers.
#[inline(always)]
fn panel<S: Simd, L: Lanes<S>, const P: usize>(
    simd: S,
    layer: &Layer,
    weights: &mut impl Weights<S, L>,
    x: &[f32],
    out: &mut [f32],
    column: usize,
) {
    let mut sums = [L::zero(simd); P];
    for i in 0..layer.inputs {
        let input = L::splat(simd, L::number(simd, x, i));
        let at = layer.weight + i * layer.stride + column;
        for p in 0..P {
            sums[p] = L::mul_add(input, weights.block(simd, at + p * COLUMNS), sums[p]);
        }
    }
    let bias = layer.weight + layer.inputs * layer.stride + column;
    for p in 0..P {
        let sum = L::add(sums[p], weights.block(simd, bias + p * COLUMNS));
        L::put_block(sum, out, column + p * COLUMNS);
    }
}

/// Places of a kernel whose sums stay in registers together.
const PLACES: usize = 8;

#[inline(always)]
fn convolve<S: Simd, L: Lanes<S>>(
    simd: S,
    layer: &Layer,
    windows: &Windows,
    weights: &mut impl Weights<S, L>,
    x: &[f32],
    out: &mut [f32],
) {
    // Few weights, which all places read.
    for at in (0..(layer.inputs + 1) * layer.stride).step_by(COLUMNS) {
        weights.block(simd, layer.weight + at);
    }
    let weights = weights.all();
    for column in (0..layer.stride).step_by(COLUMNS) {
        for (group, firsts) in windows.firsts.chunks(PLACES).enumerate() {
            let mut sums = [L::zero(simd); PLACES];
            let mut put = [0; PLACES];
            put[..firsts.len()].copy_from_slice(firsts);
            for (k, &offset) in windows.offsets.iter().enumerate() {
                let w = L::block(simd, weights, layer.weight + k * layer.stride + column);
                for p in 0..PLACES {
                    let input = L::splat(simd, L::number(simd, x, (put[p] + offset) as usize));
                    sums[p] = L::mul_add(input, w, sums[p]);
                }
            }
            let bias = L::block(simd, weights, layer.weight + layer.inputs * layer.stride + column);
            for p in 0..firsts.len() {
                L::put_block(L::add(sums[p], bias), out, (group * PLACES + p) * layer.stride + column);
            }
        }
    }
}

#[inline(always)]
fn leaky<S: Simd, L: Lanes<S>>(x: L::Block, slope: f32) -> L::Block {
    L::map(
        x,
        #[inline(always)]
        |x| x.max(x * slope),
    )
}

/// Columns of a layer's last block; 0 if it is whole.
#[inline(always)]
fn tail(layer: &Layer) -> usize {
    if layer.len == layer.width { 0 } else { layer.units % COLUMNS }
}

/// Normalises a layer's values and applies the activation.
#[inline(always)]
fn activate<S: Simd, L: Lanes<S>>(
    simd: S,
    plan: &Plan,
    layer: &Layer,
    values: &mut [f32],
    normal: &mut [f32],
    inverse: &mut [f32],
) {
    let (blocks, tail) = (layer.len / COLUMNS, tail(layer));
    let slope = plan.shape.slope;
    if !plan.shape.layer_norm {
        for b in 0..blocks {
            let x = L::block(simd, values, b * COLUMNS);
            L::put_block(leaky::<S, L>(x, slope), values, b * COLUMNS);
        }
        return;
    }
    let mut sums = [L::zero(simd); 4];
    chains!(blocks, b, chain => sums[chain] = L::add(sums[chain], L::block(simd, values, b * COLUMNS)));
    let width = L::Number::of(simd, layer.width as f32);
    let mean = L::splat(simd, joined::<S, L>(sums) / width);
    let mut sums = [L::zero(simd); 4];
    chains!(blocks, b, chain => {
        let mut centred = L::sub(L::block(simd, values, b * COLUMNS), mean);
        if tail > 0 && b + 1 == blocks {
            centred = L::keep(simd, centred, tail);
        }
        L::put_block(centred, normal, b * COLUMNS);
        sums[chain] = L::mul_add(centred, centred, sums[chain]);
    });
    let one = L::Number::of(simd, 1.0);
    let scale = one / (joined::<S, L>(sums) / width + L::Number::of(simd, NORM_EPSILON)).sqrt();
    L::put_each(scale, inverse);
    let scale = L::splat(simd, scale);
    for b in 0..blocks {
        let x = L::mul(L::block(simd, normal, b * COLUMNS), scale);
        L::put_block(x, normal, b * COLUMNS);
        L::put_block(leaky::<S, L>(x, slope), values, b * COLUMNS);
    }
}
