//! A block of the transformer.

use fearless_simd::dispatch;

use super::attention::{Heads, Scratch};
use super::dense::{Matrix, Norm, Parts, Weights};
use super::elementwise::{add, gelu, gelu_back};
use crate::network::Lines;
use crate::network::kernels::LINE;

/// Widening of the hidden layer.
const WIDER: usize = 4;

/// Where a block's parameters are.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub heads: Heads,
    pub norms: [Norm; 2],
    pub attend: Matrix,
    pub mix: Matrix,
    pub up: Matrix,
    pub down: Matrix,
}

/// What a sequence leaves in a block on its way forward.
#[derive(Debug, Default)]
pub(super) struct Kept {
    normal: [Lines; 2],
    inverse: [Lines; 2],
    image: [Lines; 2],
    qkv: Lines,
    mixed: Lines,
    log_sums: Lines,
    sums: Lines,
    active: Lines,
}

/// Room that blocks share.
#[derive(Debug, Default)]
pub(super) struct Room {
    scratch: Scratch,
    narrow: Lines,
    wide: Lines,
    by_qkv: Lines,
}

impl Kept {
    pub fn new(length: usize, width: usize, heads: usize) -> Self {
        let narrow = || Lines::zeros(length * width + LINE);
        let wide = || Lines::zeros(length * WIDER * width + LINE);
        Self {
            normal: [narrow(), narrow()],
            inverse: [Lines::zeros(length), Lines::zeros(length)],
            image: [narrow(), narrow()],
            qkv: Lines::zeros(length * 3 * width + LINE),
            mixed: narrow(),
            log_sums: Lines::zeros(length * heads),
            sums: wide(),
            active: wide(),
        }
    }
}

impl Room {
    pub fn new(length: usize, width: usize) -> Self {
        Self {
            scratch: Scratch::new(length, width),
            narrow: Lines::zeros(length * width + LINE),
            wide: Lines::zeros(length * WIDER * width + LINE),
            by_qkv: Lines::zeros(length * 3 * width + LINE),
        }
    }
}

impl Block {
    pub fn new(parts: &mut Parts, name: &str, heads: Heads) -> Self {
        let width = heads.width;
        let (first, attend) = (
            Norm::new(parts, &format!("{name}.attend"), width),
            parts.dense(&format!("{name}.attend"), width, 3 * width),
        );
        let mix = parts.dense(&format!("{name}.mix"), width, width);
        let second = Norm::new(parts, &format!("{name}.up"), width);
        let up = parts.dense(&format!("{name}.up"), width, WIDER * width);
        let down = parts.dense(&format!("{name}.down"), WIDER * width, width);
        Self { heads, norms: [first, second], attend, mix, up, down }
    }

    pub fn matrices(&self) -> [Matrix; 4] {
        [self.attend, self.mix, self.up, self.down]
    }

    pub fn norms(&self) -> [Norm; 2] {
        self.norms
    }

    /// `x` to the block's result, in its place.
    pub fn forward(&self, w: &Weights, tokens: usize, x: &mut [f32], kept: &mut Kept, room: &mut Room) {
        let width = self.heads.width;
        let (all, wide) = (tokens * width, tokens * WIDER * width);
        let Kept { normal: [n0, n1], inverse: [i0, i1], image: [first, second], qkv, mixed, log_sums, sums, active } =
            kept;
        self.norms[0].forward(w, tokens, x, first, n0, i0);
        w.product(tokens, first, self.attend, qkv);
        dispatch!(w.level, simd => self.heads.forward(simd, tokens, qkv, mixed, log_sums, &mut room.scratch));
        w.product(tokens, mixed, self.mix, &mut room.narrow);
        dispatch!(w.level, simd => add(simd, &room.narrow[..all], &mut x[..all]));
        self.norms[1].forward(w, tokens, x, second, n1, i1);
        w.product(tokens, second, self.up, sums);
        dispatch!(w.level, simd => gelu(simd, &sums[..wide], &mut active[..wide]));
        w.product(tokens, active, self.down, &mut room.narrow);
        dispatch!(w.level, simd => add(simd, &room.narrow[..all], &mut x[..all]));
    }

    /// `d`, the gradient with respect to the block's result, to that with respect to what went in, in its place.
    pub fn backward(
        &self,
        w: &Weights,
        tokens: usize,
        d: &mut [f32],
        kept: &mut Kept,
        room: &mut Room,
        gradient: &mut [f32],
    ) {
        let width = self.heads.width;
        let (all, wide) = (tokens * width, tokens * WIDER * width);
        let Kept { normal: [n0, n1], inverse: [i0, i1], image: [first, second], qkv, mixed, log_sums, sums, active } =
            kept;
        let Room { scratch, narrow, wide: by_active, by_qkv } = room;
        w.gradients(tokens, active, d, self.down, gradient);
        w.back(tokens, d, self.down, by_active);
        dispatch!(w.level, simd => gelu_back(simd, &sums[..wide], &mut by_active[..wide]));
        w.gradients(tokens, second, by_active, self.up, gradient);
        w.back(tokens, by_active, self.up, narrow);
        self.norms[1].backward(w, tokens, narrow, n1, i1, gradient);
        dispatch!(w.level, simd => add(simd, &narrow[..all], &mut d[..all]));
        w.gradients(tokens, mixed, d, self.mix, gradient);
        w.back(tokens, d, self.mix, narrow);
        dispatch!(w.level, simd => {
            self.heads.backward(simd, tokens, qkv, mixed, log_sums, narrow, by_qkv, scratch);
        });
        w.gradients(tokens, first, by_qkv, self.attend, gradient);
        w.back(tokens, by_qkv, self.attend, narrow);
        self.norms[0].backward(w, tokens, narrow, n0, i0, gradient);
        dispatch!(w.level, simd => add(simd, &narrow[..all], &mut d[..all]));
    }
}
