//! Causal attention over the newest steps of an episode: a block of a pre-norm transformer (Vaswani et al. 2017; the order of
//! Xiong et al. 2020), with a learned bias for each distance in time and head in place of positions (Raffel et al. 2020, there in
//! buckets), so that nothing depends on how long ago an episode began.
//!
//! `h = x + O attention(norm(x))`, `y = h + V gelu(U norm(h))`. A step sees itself and up to `context - 1` steps before it.

use fearless_simd::dispatch;

use super::gates::{add, gelu, gelu_back};
use super::layer::{Layer, Matrix, Norm, Parameters, Parts, Way, stride};
use super::span::{Carries, Span, Tape};
use crate::network::Lines;
use crate::network::init::{Random, truncated_normal};

/// What a block of attention is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionShape {
    /// Heads, a divisor of the width.
    pub heads: usize,
    /// Steps that a step sees, itself among them.
    pub context: usize,
}

/// A block. Parts: `attend.*` (query, key and value side by side), `bias` `[heads, context]`, `mix.*`, `up.*`, `down.*`, and
/// `.norm.scale`, `.norm.offset` of `attend` and `up`. A sequence carries keys and values of its newest steps in a ring, and how
/// many there were.
#[derive(Debug, Clone)]
pub(super) struct Attention {
    width: usize,
    shape: AttentionShape,
    norms: [Norm; 2],
    attend: (Matrix, usize),
    bias: usize,
    mix: (Matrix, usize),
    up: (Matrix, usize),
    down: (Matrix, usize),
}

/// Widening of the hidden layer.
const WIDER: usize = 4;

/// Arrays of a way forward.
struct Kept<'a> {
    normal: [&'a mut [f32]; 2],
    inverse: [&'a mut [f32]; 2],
    /// Queries, keys and values of all rows.
    qkv: &'a mut [f32],
    /// Keys and values in front of the span, `[sequences, context - 1, 2 width]`, the newest last.
    past: &'a mut [f32],
    /// Weights of attention, `[rows, heads, context]` by distance.
    weights: &'a mut [f32],
    mixed: &'a mut [f32],
    middle: &'a mut [f32],
    sums: &'a mut [f32],
    active: &'a mut [f32],
    /// How many steps each row sees.
    sees: &'a mut [f32],
}

impl Attention {
    pub fn new(parts: &mut Parts, name: &str, width: usize, shape: AttentionShape) -> Self {
        Self {
            width,
            shape,
            norms: [Norm::new(parts, &format!("{name}.attend"), width), Norm::new(parts, &format!("{name}.up"), width)],
            attend: parts.dense(&format!("{name}.attend"), width, 3 * width),
            bias: parts.layout.push(format!("{name}.bias"), &[shape.heads, shape.context]).start,
            mix: parts.dense(&format!("{name}.mix"), width, width),
            up: parts.dense(&format!("{name}.up"), width, WIDER * width),
            down: parts.dense(&format!("{name}.down"), WIDER * width, width),
        }
    }

    fn kept<'a>(&self, span: Span<'_>, tape: &'a mut Tape) -> Kept<'a> {
        let (rows, width, past) = (span.len(), self.width, span.rows * (self.shape.context - 1) * 2 * self.width);
        let (narrow, wide) = (rows * stride(width), rows * stride(WIDER * width));
        let weights = rows * self.shape.heads * self.shape.context;
        let lengths =
            [narrow, narrow, rows, rows, rows * stride(3 * width), past, weights, narrow, narrow, wide, wide, rows];
        let [n0, n1, i0, i1, qkv, past, weights, mixed, middle, sums, active, sees] = tape.arrays(lengths);
        Kept { normal: [n0, n1], inverse: [i0, i1], qkv, past, weights, mixed, middle, sums, active, sees }
    }

    /// The key and value at a distance in front of row `(t, r)`: where in `qkv`, or else where in `past`.
    fn place(&self, span: Span<'_>, (t, r): (usize, usize), distance: usize) -> Result<usize, usize> {
        let (width, before) = (self.width, self.shape.context - 1);
        match t.checked_sub(distance) {
            Some(t) => Ok((t * span.rows + r) * stride(3 * width) + width),
            None => Err((r * before + before - (distance - t)) * 2 * width),
        }
    }

    /// Keys and values from the ring to `past`, the newest last; returns how many there are of each sequence.
    fn unroll(&self, carry: &mut Carries<'_>, sequences: usize, past: &mut [f32]) -> Vec<usize> {
        let (before, row) = (self.shape.context - 1, 2 * self.width);
        let mut counts = Vec::with_capacity(sequences);
        for r in 0..sequences {
            let ring = carry.row(r);
            let count = ring[before * row] as usize;
            for distance in 1..=count.min(before) {
                let from = &ring[(count - distance) % before * row..][..row];
                past[(r * before + before - distance) * row..][..row].copy_from_slice(from);
            }
            counts.push(count);
        }
        counts
    }

    /// The newest keys and values to the ring.
    fn roll(&self, span: Span<'_>, kept: &Kept<'_>, counts: &[usize], carry: &mut Carries<'_>) {
        let (before, width) = (self.shape.context - 1, self.width);
        for (r, &count) in counts.iter().enumerate() {
            let ring = carry.row(r);
            let begun = (0..span.steps).rev().find(|t| span.starts(t * span.rows + r));
            let (mut count, first) = (if begun.is_some() { 0 } else { count }, begun.unwrap_or(0));
            for t in first..span.steps {
                if before > 0 {
                    let from = (t * span.rows + r) * stride(3 * width) + width;
                    ring[count % before * 2 * width..][..2 * width].copy_from_slice(&kept.qkv[from..from + 2 * width]);
                }
                count += 1;
            }
            // Only the rest by the ring's length and whether it is full count: kept small, so that a float holds it.
            if before > 0 && count >= 2 * before {
                count = before + count % before;
            }
            ring[before * 2 * width] = count as f32;
        }
    }

    fn attend(&self, w: Parameters<'_>, span: Span<'_>, kept: &mut Kept<'_>, counts: &[usize]) {
        let AttentionShape { heads, context } = self.shape;
        let (width, size) = (self.width, self.width / heads);
        let scale = (size as f32).powf(-0.5);
        for (r, count) in counts.iter().enumerate() {
            let mut seen = (*count).min(context - 1);
            for t in 0..span.steps {
                let row = t * span.rows + r;
                seen = if span.starts(row) { 1 } else { (seen + 1).min(context) };
                kept.sees[row] = seen as f32;
                for head in 0..heads {
                    let query = &kept.qkv[row * stride(3 * width) + head * size..][..size];
                    let weights = &mut kept.weights[(row * heads + head) * context..][..seen];
                    let bias = &w.values[self.bias + head * context..][..seen];
                    let mut largest = f32::NEG_INFINITY;
                    for (distance, (weight, bias)) in weights.iter_mut().zip(bias).enumerate() {
                        let key = match self.place(span, (t, r), distance) {
                            Ok(at) => &kept.qkv[at + head * size..][..size],
                            Err(at) => &kept.past[at + head * size..][..size],
                        };
                        *weight = dot(query, key) * scale + bias;
                        largest = largest.max(*weight);
                    }
                    let mut sum = 0.0;
                    for weight in &mut *weights {
                        *weight = (*weight - largest).exp();
                        sum += *weight;
                    }
                    let out = &mut kept.mixed[row * stride(width) + head * size..][..size];
                    out.fill(0.0);
                    for (distance, weight) in weights.iter_mut().enumerate() {
                        *weight /= sum;
                        let value = match self.place(span, (t, r), distance) {
                            Ok(at) => &kept.qkv[at + width + head * size..][..size],
                            Err(at) => &kept.past[at + width + head * size..][..size],
                        };
                        out.iter_mut().zip(value).for_each(|(out, v)| *out += *weight * v);
                    }
                }
            }
        }
    }

    /// From the gradient with respect to what attention mixed to that with respect to queries, keys and values. What stands in
    /// front of the span gets none.
    fn attend_back(&self, span: Span<'_>, kept: &Kept<'_>, d: &[f32], by_qkv: &mut [f32], gradient: &mut [f32]) {
        let AttentionShape { heads, context } = self.shape;
        let (width, size) = (self.width, self.width / heads);
        let scale = (size as f32).powf(-0.5);
        let mut by_weights = vec![0.0; context];
        let mut by_query = vec![0.0; size];
        for r in 0..span.rows {
            for t in 0..span.steps {
                let row = t * span.rows + r;
                let seen = kept.sees[row] as usize;
                for head in 0..heads {
                    let d = &d[row * stride(width) + head * size..][..size];
                    let weights = &kept.weights[(row * heads + head) * context..][..seen];
                    let mut along = 0.0;
                    for (distance, weight) in weights.iter().enumerate() {
                        let place = self.place(span, (t, r), distance);
                        let value = match place {
                            Ok(at) => &kept.qkv[at + width + head * size..][..size],
                            Err(at) => &kept.past[at + width + head * size..][..size],
                        };
                        by_weights[distance] = dot(d, value);
                        along += weight * by_weights[distance];
                        if let Ok(at) = place {
                            let by = &mut by_qkv[at + width + head * size..][..size];
                            by.iter_mut().zip(d).for_each(|(by, d)| *by += weight * d);
                        }
                    }
                    let query = row * stride(3 * width) + head * size;
                    by_query.fill(0.0);
                    for (distance, weight) in weights.iter().enumerate() {
                        let by_score = weight * (by_weights[distance] - along);
                        gradient[self.bias + head * context + distance] += by_score;
                        let place = self.place(span, (t, r), distance);
                        let key = match place {
                            Ok(at) => &kept.qkv[at + head * size..][..size],
                            Err(at) => &kept.past[at + head * size..][..size],
                        };
                        by_query.iter_mut().zip(key).for_each(|(by, key)| *by += by_score * scale * key);
                        if let Ok(at) = place {
                            let by = &mut by_qkv[at + head * size..][..size];
                            let query = &kept.qkv[query..query + size];
                            by.iter_mut().zip(query).for_each(|(by, query)| *by += by_score * scale * query);
                        }
                    }
                    by_qkv[query..query + size].iter_mut().zip(&by_query).for_each(|(by, more)| *by += more);
                }
            }
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums, which the compiler keeps in a vector.
    let mut sums = [0.0f32; 8];
    let (a, rest_a) = a.as_chunks::<8>();
    let (b, rest_b) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        (0..8).for_each(|k| sums[k] += a[k] * b[k]);
    }
    sums.iter().sum::<f32>() + rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum::<f32>()
}

impl Layer for Attention {
    fn outputs(&self) -> usize {
        self.width
    }

    fn carry(&self) -> usize {
        (self.shape.context - 1) * 2 * self.width + 1
    }

    fn matrices(&self) -> Vec<Matrix> {
        vec![self.attend.0, self.mix.0, self.up.0, self.down.0]
    }

    /// LeCun's normal weights, biases 0, scales 1.
    fn start(&self, random: &mut Random, parameters: &mut [f32]) {
        for (weight, _) in [self.attend, self.mix, self.up, self.down] {
            truncated_normal(random, &mut parameters[weight.range()], (weight.inputs as f64).powf(-0.5));
        }
        self.norms.iter().for_each(|norm| norm.start(parameters));
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
        let (rows, all) = (span.len(), span.len() * stride(self.width));
        let mut kept = self.kept(span, tape);
        let counts = self.unroll(carry, span.rows, kept.past);
        y[..all].copy_from_slice(&x[..all]);
        self.norms[0].forward(w, rows, y, kept.normal[0], kept.inverse[0]);
        w.product(rows, y, self.attend.0, Some(self.attend.1), kept.qkv);
        self.attend(w, span, &mut kept, &counts);
        self.roll(span, &kept, &counts, carry);
        w.product(rows, kept.mixed, self.mix.0, Some(self.mix.1), kept.middle);
        dispatch!(w.level, simd => add(simd, &x[..all], &mut kept.middle[..all]));
        y[..all].copy_from_slice(&kept.middle[..all]);
        self.norms[1].forward(w, rows, y, kept.normal[1], kept.inverse[1]);
        w.product(rows, y, self.up.0, Some(self.up.1), kept.sums);
        dispatch!(w.level, simd => gelu(simd, kept.sums, kept.active));
        w.product(rows, kept.active, self.down.0, Some(self.down.1), y);
        dispatch!(w.level, simd => add(simd, &kept.middle[..all], &mut y[..all]));
    }

    fn backward(&self, w: Parameters<'_>, span: Span<'_>, way: Way<'_>, tape: &mut Tape, gradient: &mut [f32]) {
        let Way { d, dx, .. } = way;
        let (rows, all) = (span.len(), span.len() * stride(self.width));
        let mut kept = self.kept(span, tape);
        let mut image = Lines::zeros(all);
        // The hidden layer.
        w.gradients(rows, kept.active, d, self.down.0, Some(self.down.1), gradient);
        w.back(rows, d, self.down.0, kept.active);
        dispatch!(w.level, simd => gelu_back(simd, kept.sums, kept.active));
        self.norms[1].image(w, rows, kept.normal[1], &mut image);
        w.gradients(rows, &image, kept.active, self.up.0, Some(self.up.1), gradient);
        w.back(rows, kept.active, self.up.0, kept.middle);
        self.norms[1].backward(w, rows, kept.middle, kept.normal[1], kept.inverse[1], gradient);
        dispatch!(w.level, simd => add(simd, &kept.middle[..all], &mut d[..all]));
        // Attention.
        w.gradients(rows, kept.mixed, d, self.mix.0, Some(self.mix.1), gradient);
        w.back(rows, d, self.mix.0, kept.mixed);
        let mut by_qkv = Lines::zeros(rows * stride(3 * self.width));
        let by_mixed = std::mem::take(&mut kept.mixed);
        self.attend_back(span, &kept, by_mixed, &mut by_qkv, gradient);
        self.norms[0].image(w, rows, kept.normal[0], &mut image);
        w.gradients(rows, &image, &by_qkv, self.attend.0, Some(self.attend.1), gradient);
        w.back(rows, &by_qkv, self.attend.0, kept.middle);
        self.norms[0].backward(w, rows, kept.middle, kept.normal[0], kept.inverse[0], gradient);
        if let Some(dx) = dx {
            dx[..all].copy_from_slice(&d[..all]);
            dispatch!(w.level, simd => add(simd, &kept.middle[..all], &mut dx[..all]));
        }
    }
}
