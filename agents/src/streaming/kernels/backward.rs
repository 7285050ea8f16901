//! From the gradient with respect to the outputs to traces.

use fearless_simd::{Select, Simd, SimdBase, f32x16};

use super::super::lanes::{COLUMNS, Lanes, Number, padded};
use super::super::plan::{Layer, Plan, Windows};
use super::{Pass, Traces, joined, tail};

#[allow(clippy::too_many_arguments, reason = "those of one pass")]
/// From the gradient with respect to the outputs (whole blocks) to that of all parameters, and with `WANT` to that of the
/// inputs, which is then in `delta[0]`.
#[inline(always)]
pub fn backward<S: Simd, L: Lanes<S>, M>(
    simd: S,
    plan: &Plan,
    weights: &[f32],
    pass: &Pass<M>,
    gradient: &[f32],
    traces: &mut impl Traces<S, L>,
    delta: &mut [M; 2],
    want: bool,
) where
    M: std::ops::DerefMut<Target = [f32]>,
{
    let Pass { input, values, normal, inverse, .. } = pass;
    let source = |layer: &Layer| layer.first * L::MEMBERS..(layer.first + layer.len) * L::MEMBERS;
    let x: &[f32] = plan.last().map_or(input, |layer| &values[source(layer)]);
    let [now, next] = delta;
    let mut now: &mut [f32] = now;
    let mut next: &mut [f32] = next;
    now[..plan.head_stride * L::MEMBERS].fill(0.0);
    for o in 0..plan.shape.outputs {
        let slope = L::splat(simd, L::number(simd, gradient, o));
        chains!(plan.head_stride / COLUMNS, b, chain => {
            let at = plan.head + o * plan.head_stride + b * COLUMNS;
            let sum = L::mul_add(slope, L::block(simd, weights, at), L::block(simd, now, b * COLUMNS));
            L::put_block(sum, now, b * COLUMNS);
            traces.add(simd, at, L::mul(slope, L::block(simd, x, b * COLUMNS)), chain);
        });
    }
    let mut at = 0;
    while at < plan.shape.outputs {
        traces.add(simd, plan.head_bias + at, L::block(simd, gradient, at), 0);
        at += COLUMNS;
    }
    for (index, layer) in plan.layers.iter().enumerate().rev() {
        let here = source(layer);
        let inverse = L::each(&inverse[index * L::MEMBERS..]);
        deactivate::<S, L>(simd, plan, layer, &values[here.clone()], &normal[here], inverse, now);
        let x: &[f32] = if index == 0 { input } else { &values[source(&plan.layers[index - 1])] };
        match (&layer.windows, index > 0 || want) {
            (Some(windows), _) => kernel_traces::<S, L>(simd, layer, windows, x, now, traces),
            (None, true) => dense_traces::<S, L, true>(simd, layer, weights, x, now, traces, next),
            (None, false) => dense_traces::<S, L, false>(simd, layer, weights, x, now, traces, next),
        }
        std::mem::swap(&mut now, &mut next);
    }
}

#[inline(always)]
fn dense_traces<S: Simd, L: Lanes<S>, const WANT: bool>(
    simd: S,
    layer: &Layer,
    weights: &[f32],
    x: &[f32],
    delta: &[f32],
    traces: &mut impl Traces<S, L>,
    below: &mut [f32],
) {
    let blocks = layer.stride / COLUMNS;
    for i in 0..layer.inputs {
        let input = L::splat(simd, L::number(simd, x, i));
        let mut sums = [L::zero(simd); 4];
        chains!(blocks, b, chain => {
            let at = layer.weight + i * layer.stride + b * COLUMNS;
            let slope = L::block(simd, delta, b * COLUMNS);
            if WANT {
                sums[chain] = L::mul_add(L::block(simd, weights, at), slope, sums[chain]);
            }
            traces.add(simd, at, L::mul(input, slope), chain);
        });
        if WANT {
            L::put_number(joined::<S, L>(sums), below, i);
        }
    }
    chains!(blocks, b, chain => {
        let at = layer.weight + layer.inputs * layer.stride + b * COLUMNS;
        traces.add(simd, at, L::block(simd, delta, b * COLUMNS), chain);
    });
    if WANT {
        // Up to whole blocks.
        for i in layer.inputs..padded(layer.inputs) {
            L::put_number(L::Number::of(simd, 0.0), below, i);
        }
    }
}

#[inline(always)]
fn kernel_traces<S: Simd, L: Lanes<S>>(
    simd: S,
    layer: &Layer,
    windows: &Windows,
    x: &[f32],
    delta: &[f32],
    traces: &mut impl Traces<S, L>,
) {
    for column in (0..layer.stride).step_by(COLUMNS) {
        for k in 0..=layer.inputs {
            let offset = windows.offsets.get(k);
            let mut sums = [L::zero(simd); 4];
            chains!(windows.firsts.len(), place, chain => {
                let slope = L::block(simd, delta, place * layer.stride + column);
                sums[chain] = match offset {
                    Some(offset) => {
                        let input = L::number(simd, x, (windows.firsts[place] + offset) as usize);
                        L::mul_add(L::splat(simd, input), slope, sums[chain])
                    }
                    // Biases.
                    None => L::add(sums[chain], slope),
                };
            });
            let gradient = L::add(L::add(sums[0], sums[1]), L::add(sums[2], sums[3]));
            traces.add(simd, layer.weight + k * layer.stride + column, gradient, 0);
        }
    }
}

/// Turns the gradient with respect to a layer's values into that with respect to its sums.
#[inline(always)]
fn deactivate<S: Simd, L: Lanes<S>>(
    simd: S,
    plan: &Plan,
    layer: &Layer,
    values: &[f32],
    normal: &[f32],
    inverse: L::Number,
    delta: &mut [f32],
) {
    let (blocks, tail) = (layer.len / COLUMNS, tail(layer));
    let slope = plan.shape.slope;
    let (mut sums, mut along) = ([L::zero(simd); 4], [L::zero(simd); 4]);
    chains!(blocks, b, chain => {
        let at = b * COLUMNS;
        let slope = L::zip(
            L::block(simd, values, at),
            L::block(simd, delta, at),
            // 0 counts as below 0, as PyTorch has it.
            #[inline(always)]
            |value, delta| value.simd_gt(f32x16::splat(simd, 0.0)).select(delta, delta * slope),
        );
        L::put_block(slope, delta, at);
        sums[chain] = L::add(sums[chain], slope);
        along[chain] = L::mul_add(slope, L::block(simd, normal, at), along[chain]);
    });
    if !plan.shape.layer_norm {
        return;
    }
    let width = L::Number::of(simd, layer.width as f32);
    let mean = L::splat(simd, joined::<S, L>(sums) / width);
    let along = L::splat(simd, joined::<S, L>(along) / width);
    let inverse = L::splat(simd, inverse);
    for b in 0..blocks {
        let at = b * COLUMNS;
        let centred = L::sub(L::block(simd, delta, at), mean);
        let mut slope = L::mul(L::sub(centred, L::mul(L::block(simd, normal, at), along)), inverse);
        if tail > 0 && b + 1 == blocks {
            slope = L::keep(simd, slope, tail);
        }
        L::put_block(slope, delta, at);
    }
}
