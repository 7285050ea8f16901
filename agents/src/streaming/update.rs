//! What the two passes of an update do to each parameter: decay traces and add gradients; step weights and read them.

use fearless_simd::{Simd, SimdBase, SimdFloat, f32x16};

use super::kernels::{Traces, Weights};
use super::lanes::Lanes;

/// Weights as they are.
pub struct Kept<'a>(pub &'a [f32]);

impl<S: Simd, L: Lanes<S>> Weights<S, L> for Kept<'_> {
    #[inline(always)]
    fn block(&mut self, simd: S, at: usize) -> L::Block {
        L::block(simd, self.0, at)
    }

    #[inline(always)]
    fn all(&self) -> &[f32] {
        self.0
    }
}

/// Steps the weights that are asked for.
pub struct Stepped<'a, B> {
    pub weights: &'a mut [f32],
    pub traces: &'a [f32],
    /// Minus the change.
    pub change: B,
}

impl<S: Simd, L: Lanes<S>> Weights<S, L> for Stepped<'_, L::Block> {
    #[inline(always)]
    fn block(&mut self, simd: S, at: usize) -> L::Block {
        let weights = L::mul_add(self.change, L::block(simd, self.traces, at), L::block(simd, self.weights, at));
        L::put_block(weights, self.weights, at);
        weights
    }

    #[inline(always)]
    fn all(&self) -> &[f32] {
        self.weights
    }
}

/// The same for adaptive steps.
pub struct Adapted<'a, B> {
    pub stepped: Stepped<'a, B>,
    pub squares: &'a [f32],
    pub root: Root,
}

/// `1 / sqrt(v correction + epsilon)`.
#[derive(Clone, Copy)]
pub struct Root {
    pub correction: f32,
    pub epsilon: f32,
}

impl Root {
    #[inline(always)]
    fn of<S: Simd, L: Lanes<S>>(self, simd: S, squares: L::Block) -> L::Block {
        L::map(
            squares,
            #[inline(always)]
            |v| f32x16::splat(simd, 1.0) / SimdFloat::sqrt(v * self.correction + self.epsilon),
        )
    }
}

impl<S: Simd, L: Lanes<S>> Weights<S, L> for Adapted<'_, L::Block> {
    #[inline(always)]
    fn block(&mut self, simd: S, at: usize) -> L::Block {
        let Stepped { weights, traces, change } = &mut self.stepped;
        let root = self.root.of::<S, L>(simd, L::block(simd, self.squares, at));
        let step = L::mul(L::block(simd, traces, at), root);
        let stepped = L::mul_add(*change, step, L::block(simd, weights, at));
        L::put_block(stepped, weights, at);
        stepped
    }

    #[inline(always)]
    fn all(&self) -> &[f32] {
        self.stepped.weights
    }
}

/// Decays traces, adds gradients and sums magnitudes.
pub struct Decayed<'a, B> {
    pub traces: &'a mut [f32],
    pub decay: B,
    pub sums: [B; 4],
}

impl<S: Simd, L: Lanes<S>> Traces<S, L> for Decayed<'_, L::Block> {
    #[inline(always)]
    fn add(&mut self, simd: S, at: usize, gradient: L::Block, chain: usize) {
        let trace = L::mul_add(self.decay, L::block(simd, self.traces, at), gradient);
        L::put_block(trace, self.traces, at);
        self.sums[chain] = L::add(self.sums[chain], L::abs(trace));
    }
}

/// The same with running squares of the steps, by whose roots magnitudes are divided.
pub struct DecayedSquares<'a, B> {
    pub traces: Decayed<'a, B>,
    pub squares: &'a mut [f32],
    pub beta2: B,
    /// Root of 1 - beta2, times δ.
    pub delta: B,
    pub root: Root,
}

impl<S: Simd, L: Lanes<S>> Traces<S, L> for DecayedSquares<'_, L::Block> {
    #[inline(always)]
    fn add(&mut self, simd: S, at: usize, gradient: L::Block, chain: usize) {
        let Decayed { traces, decay, sums } = &mut self.traces;
        let trace = L::mul_add(*decay, L::block(simd, traces, at), gradient);
        L::put_block(trace, traces, at);
        let step = L::mul(self.delta, trace);
        let squares = L::mul_add(self.beta2, L::block(simd, self.squares, at), L::mul(step, step));
        L::put_block(squares, self.squares, at);
        sums[chain] = L::add(sums[chain], L::mul(L::abs(trace), self.root.of::<S, L>(simd, squares)));
    }
}

/// Adds gradients to those of other samples.
pub struct Summed<'a>(pub &'a mut [f32]);

impl<S: Simd, L: Lanes<S>> Traces<S, L> for Summed<'_> {
    #[inline(always)]
    fn add(&mut self, simd: S, at: usize, gradient: L::Block, _: usize) {
        L::put_block(L::add(L::block(simd, self.0, at), gradient), self.0, at);
    }
}
