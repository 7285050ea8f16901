//! Step by step, with the keys and values of all tokens so far at hand: a step costs as much as there were, not its square.

use fearless_simd::dispatch;
use rayon::prelude::*;

use super::dense::stride;
use super::elementwise::{add, exponentials, gelu, scale};
use super::{Shape, Transformer};
use crate::network::Lines;
use crate::network::kernels::{LINE, Tile, Weights, matmul, padded};

/// Keys and values of some sequences that go on together, and the network's weights as they were.
#[derive(Debug)]
pub struct Cache {
    shape: Shape,
    weights: super::Weights,
    rows: usize,
    tokens: usize,
    /// Of each row, for each block: keys `[width, length]`, then values `[length, width]`.
    kept: Vec<Lines>,
    x: Lines,
    image: Lines,
    normal: Lines,
    inverse: Lines,
    qkv: Lines,
    mixed: Lines,
    sums: Lines,
    active: Lines,
    out: Lines,
}

impl Transformer {
    /// A cache for so many sequences that nothing of is known yet.
    pub fn cache(&self, rows: usize) -> Cache {
        let Shape { width, layers, length, outputs, .. } = self.shape;
        let each = width * padded(length) + length * width + LINE;
        let lines = |values: usize| Lines::zeros(rows * values + LINE);
        Cache {
            shape: self.shape,
            weights: self.weights(false),
            rows,
            tokens: 0,
            kept: (0..rows).map(|_| Lines::zeros(layers * each)).collect(),
            x: lines(width),
            image: lines(width),
            normal: lines(width),
            inverse: lines(1),
            qkv: lines(3 * width),
            mixed: lines(width),
            sums: lines(4 * width),
            active: lines(4 * width),
            out: lines(stride(outputs)),
        }
    }

    /// Appends a token to each sequence, `[rows, inputs]`, and returns what comes out there, `[rows, outputs]`.
    ///
    /// # Panics
    /// If the cache is of another shape, full, or `tokens` has another length.
    pub fn advance(&self, cache: &mut Cache, tokens: &[f32]) -> Vec<f32> {
        let Shape { inputs, outputs, width, length, .. } = self.shape;
        assert!(cache.shape == self.shape && cache.tokens < length, "room for one more token");
        let Cache {
            rows,
            weights: w,
            tokens: before,
            kept,
            x,
            image,
            normal,
            inverse,
            qkv,
            mixed,
            sums,
            active,
            out,
            ..
        } = cache;
        let rows = *rows;
        assert_eq!(tokens.len(), rows * inputs, "a token for each sequence");
        let mut padded_inputs = Lines::zeros(rows * stride(inputs) + LINE);
        for (row, token) in padded_inputs.chunks_exact_mut(stride(inputs)).zip(tokens.chunks_exact(inputs)) {
            row[..inputs].copy_from_slice(token);
        }
        w.product(rows, &padded_inputs, self.embed, x);
        let position = &w.values[self.positions + *before * width..][..width];
        for row in x[..rows * width].chunks_exact_mut(width) {
            row.iter_mut().zip(position).for_each(|(x, p)| *x += p);
        }
        let (all, wide, seen) = (rows * width, rows * 4 * width, *before + 1);
        let (column, each) = (padded(length), width * padded(length) + length * width + LINE);
        for (layer, block) in self.blocks.iter().enumerate() {
            let [first, second] = block.norms();
            first.forward(w, rows, x, image, normal, inverse);
            w.product(rows, image, block.attend, qkv);
            let of = kept.par_iter_mut().zip(qkv.par_chunks_exact(3 * width)).zip(mixed.par_chunks_exact_mut(width));
            let level = w.level;
            of.for_each(|((kept, qkv), mixed)| {
                let kept = &mut kept[layer * each..(layer + 1) * each];
                let (keys, values) = kept.split_at_mut(width * column);
                for k in 0..width {
                    keys[k * column + seen - 1] = qkv[width + k];
                }
                values[(seen - 1) * width..seen * width].copy_from_slice(&qkv[2 * width..3 * width]);
                let size = block.heads.size();
                let mut scores = Lines::zeros(column + LINE);
                let mut result = Lines::zeros(padded(size));
                for own in (0..width).step_by(size) {
                    dispatch!(level, simd => {
                        let query = Tile { values: &qkv[own..], stride: size, width: size };
                        let by = Weights { values: &keys[own * column..], stride: column, columns: seen, bias: None };
                        matmul(simd, 1, query, by, &mut scores, column);
                        let shared = (size as f32).powf(-0.5);
                        let (_, sum) = exponentials(simd, shared, seen, &mut scores[..padded(seen)]);
                        scale(simd, 1.0 / sum, &mut scores[..padded(seen)]);
                        let weights = Tile { values: &scores, stride: column, width: seen };
                        let by = Weights { values: &values[own..], stride: width, columns: size, bias: None };
                        matmul(simd, 1, weights, by, &mut result, padded(size));
                    });
                    mixed[own..own + size].copy_from_slice(&result[..size]);
                }
            });
            w.product(rows, mixed, block.mix, image);
            dispatch!(w.level, simd => add(simd, &image[..all], &mut x[..all]));
            second.forward(w, rows, x, image, normal, inverse);
            w.product(rows, image, block.up, sums);
            dispatch!(w.level, simd => gelu(simd, &sums[..wide], &mut active[..wide]));
            w.product(rows, active, block.down, image);
            dispatch!(w.level, simd => add(simd, &image[..all], &mut x[..all]));
        }
        self.norm.forward(w, rows, x, image, normal, inverse);
        w.product(rows, image, self.head, out);
        *before += 1;
        out.chunks_exact(stride(outputs)).take(rows).flat_map(|row| row[..outputs].to_vec()).collect()
    }
}

impl Cache {
    /// Tokens of each sequence so far.
    pub fn len(&self) -> usize {
        self.tokens
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens == 0
    }
}
