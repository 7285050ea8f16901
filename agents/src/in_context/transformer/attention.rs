//! Causal attention of all tokens of a sequence to those before: products of matrices over tiles of queries.

use fearless_simd::{Simd, SimdBase};

use super::elementwise::{exponentials, scale, score_gradients, weights_again};
use crate::network::Lines;
use crate::network::feedforward::row_stride;
use crate::network::kernels::{LINE, Tile, Weights, matmul, outer, padded};
use crate::network::transpose::transpose;

/// Queries that go together: a tile's scores of 500 keys are 64 KiB.
const TILE: usize = 32;

/// How the residual stream is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heads {
    pub width: usize,
    pub heads: usize,
}

/// Room for the work.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    keys: Lines,
    values: Lines,
    scores: Lines,
    by_weights: Lines,
    by_query: Lines,
    stride: usize,
}

impl Scratch {
    pub fn new(length: usize, width: usize) -> Self {
        let stride = row_stride(length);
        Self {
            keys: Lines::zeros(width * stride + LINE),
            values: Lines::zeros(width * stride + LINE),
            scores: Lines::zeros(TILE * stride + LINE),
            by_weights: Lines::zeros(TILE * stride + LINE),
            by_query: Lines::zeros(TILE * padded(width)),
            stride,
        }
    }
}

impl Heads {
    pub fn size(self) -> usize {
        self.width / self.heads
    }

    fn scale(self) -> f32 {
        (self.size() as f32).powf(-0.5)
    }

    /// From queries, keys and values `[tokens, 3 width]` to what attention mixes `[tokens, width]`, keeping the logarithms of the
    /// sums of weights `[heads, tokens]`.
    pub fn forward<S: Simd>(
        self,
        simd: S,
        tokens: usize,
        qkv: &[f32],
        mixed: &mut [f32],
        log_sums: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (width, size, row) = (self.width, self.size(), 3 * self.width);
        let Scratch { keys, scores, stride, .. } = scratch;
        let stride = *stride;
        for head in 0..self.heads {
            let own = head * size;
            transpose(simd, &qkv[..tokens * row], row, width + own..width + own + size, keys, stride);
            for first in (0..tokens).step_by(TILE) {
                let end = tokens.min(first + TILE);
                let queries = Tile { values: &qkv[first * row + own..], stride: row, width: size };
                let by = Weights { values: keys, stride, columns: end, bias: None };
                matmul(simd, end - first, queries, by, scores, stride);
                for (r, scores) in scores.chunks_exact_mut(stride).take(end - first).enumerate() {
                    let (most, sum) = exponentials(simd, self.scale(), first + r + 1, &mut scores[..padded(end)]);
                    log_sums[head * tokens + first + r] = most + sum.ln();
                    scale(simd, 1.0 / sum, &mut scores[..padded(end)]);
                }
                let weights = Tile { values: scores, stride, width: end };
                let values = Weights { values: &qkv[2 * width + own..], stride: row, columns: size, bias: None };
                matmul(simd, end - first, weights, values, &mut mixed[first * width + own..], width);
            }
        }
    }

    /// From the gradient with respect to what attention mixed, `d`, to that with respect to queries, keys and values, `by`.
    #[allow(clippy::too_many_arguments)]
    pub fn backward<S: Simd>(
        self,
        simd: S,
        tokens: usize,
        qkv: &[f32],
        mixed: &[f32],
        log_sums: &[f32],
        d: &[f32],
        by: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let (width, size, row) = (self.width, self.size(), 3 * self.width);
        let Scratch { keys, values, scores, by_weights, by_query, stride } = scratch;
        let (stride, query_stride) = (*stride, padded(size));
        by[..tokens * row].fill(0.0);
        for head in 0..self.heads {
            let own = head * size;
            transpose(simd, &qkv[..tokens * row], row, width + own..width + own + size, keys, stride);
            transpose(simd, &qkv[..tokens * row], row, 2 * width + own..2 * width + own + size, values, stride);
            for first in (0..tokens).step_by(TILE) {
                let end = tokens.min(first + TILE);
                let count = end - first;
                let queries = Tile { values: &qkv[first * row + own..], stride: row, width: size };
                let d_tile = Tile { values: &d[first * width + own..], stride: width, width: size };
                matmul(
                    simd,
                    count,
                    queries,
                    Weights { values: keys, stride, columns: end, bias: None },
                    scores,
                    stride,
                );
                let of_values = Weights { values, stride, columns: end, bias: None };
                matmul(simd, count, d_tile, of_values, by_weights, stride);
                let rows = scores.chunks_exact_mut(stride).zip(by_weights.chunks_exact_mut(stride)).take(count);
                for (r, (weights, by_weights)) in rows.enumerate() {
                    let at = (first + r) * width + own;
                    let along = dot(simd, &d[at..at + size], &mixed[at..at + size]);
                    let (weights, by_weights) = (&mut weights[..padded(end)], &mut by_weights[..padded(end)]);
                    weights_again(simd, self.scale(), log_sums[head * tokens + first + r], first + r + 1, weights);
                    score_gradients(simd, self.scale(), along, weights, by_weights);
                }
                let weights = Tile { values: scores, stride, width: end };
                outer(simd, count, weights, d_tile, &mut by[2 * width + own..], row);
                let by_scores = Tile { values: by_weights, stride, width: end };
                outer(simd, count, by_scores, queries, &mut by[width + own..], row);
                let of_keys = Weights { values: &qkv[width + own..], stride: row, columns: size, bias: None };
                matmul(simd, count, by_scores, of_keys, by_query, query_stride);
                for r in 0..count {
                    by[(first + r) * row + own..][..size].copy_from_slice(&by_query[r * query_stride..][..size]);
                }
            }
        }
    }
}

/// `a b` of 8 values or whole lines.
fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let len = S::f32s::LEN;
    if a.len() < len {
        return a.iter().zip(b).map(|(a, b)| a * b).sum();
    }
    simd.vectorize(
        #[inline(always)]
        || {
            let mut sum = S::f32s::splat(simd, 0.0);
            for (a, b) in a.chunks_exact(len).zip(b.chunks_exact(len)) {
                sum += S::f32s::from_slice(simd, a) * S::f32s::from_slice(simd, b);
            }
            sum.reduce_sum()
        },
    )
}
