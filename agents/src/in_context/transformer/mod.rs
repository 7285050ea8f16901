//! A causal transformer as GPT-2 has it (Radford et al. 2019): a dense layer from tokens of numbers, learned positions, blocks of
//! `x += mix(attention(norm(x)))`, `x += down(gelu(up(norm(x))))`, a last norm and a dense layer to the outputs.
//!
//! Forward and backward are closed forms on SIMD lanes, a sequence at a time: of 500 tokens of width 32 all that a block keeps
//! is a megabyte, which the second cache holds. Weights of attention are not kept but made again on the way back. Groups of
//! sequences run in parallel and are added in order, so results do not depend on threads.

mod attention;
mod block;
mod cache;
mod dense;
mod elementwise;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, PoisonError};

use fearless_simd::{Level, dispatch};
use rayon::prelude::*;

use self::attention::Heads;
use self::block::{Block, Kept};
use self::dense::{Matrix, Norm, Parts, Weights, stride};
use self::elementwise::{add, cross_entropy};
use crate::error::Result;
use crate::network::init::{Random, truncated_normal};
use crate::network::kernels::LINE;
use crate::network::{Layout, Lines};
use crate::options::check;

pub use cache::Cache;

/// A label that is no action: the position is not learned from.
pub const UNLABELLED: u8 = 255;

/// Gradients of so many groups of sequences are made side by side and added in order.
const GROUPS: usize = 8;

/// Shape of a [`Transformer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Numbers of a token.
    pub inputs: usize,
    /// Values that come out of each, at most 64.
    pub outputs: usize,
    /// Width of the residual stream, a multiple of 16.
    pub width: usize,
    /// Blocks.
    pub layers: usize,
    /// Heads, whose width is 8 or a multiple of 16.
    pub heads: usize,
    /// Longest sequence, tokens.
    pub length: usize,
}

/// What a loss adds up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Cross-entropy, nats.
    pub loss: f64,
    /// Positions whose likeliest action is the label.
    pub right: f64,
    /// Positions with a label.
    pub labelled: f64,
}

/// A sequence to be written: token after token.
#[derive(Debug)]
pub struct Sequence<'a> {
    /// Rows of the inputs, [`Self::stride`] apart; zeros.
    pub inputs: &'a mut [f32],
    /// Numbers from a token to the next.
    pub stride: usize,
    /// What is to come out at each token, [`UNLABELLED`] at first.
    pub labels: &'a mut [u8],
    /// How many tokens there are; the most at first.
    pub tokens: usize,
}

impl Sequence<'_> {
    /// The numbers of a token.
    pub fn token(&mut self, position: usize) -> &mut [f32] {
        &mut self.inputs[position * self.stride..(position + 1) * self.stride]
    }
}

/// What writes a sequence, given its number.
pub type Write<'a> = dyn Fn(usize, &mut Sequence<'_>) + Sync + 'a;

/// The network with its parameters.
#[derive(Debug)]
pub struct Transformer {
    shape: Shape,
    parts: Parts,
    embed: Matrix,
    positions: usize,
    blocks: Vec<Block>,
    norm: Norm,
    head: Matrix,
    parameters: Vec<f32>,
    spare: Mutex<Vec<Tape>>,
}

/// What a sequence leaves on its way forward, and room for the way back.
#[derive(Debug, Default)]
struct Tape {
    inputs: Lines,
    labels: Vec<u8>,
    x: Lines,
    kept: Vec<Kept>,
    normal: Lines,
    inverse: Lines,
    image: Lines,
    outputs: Lines,
    d: Lines,
    room: block::Room,
    gradient: Vec<f32>,
}

impl Shape {
    /// Refuses what no network can be made with.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption).
    pub fn check(&self) -> Result<()> {
        let Self { outputs, width, layers, heads, length, .. } = *self;
        check(
            "width",
            width,
            "a multiple of 16, 16 to 1024",
            width.is_multiple_of(16) && (16..=1024).contains(&width),
        )?;
        check("layers", layers, "1 to 64", (1..=64).contains(&layers))?;
        let size = if heads > 0 && width.is_multiple_of(heads) { width / heads } else { 0 };
        let fits = size == 8 || (size > 0 && size.is_multiple_of(16));
        check("heads", heads, "a divisor of the width that leaves heads of 8 or a multiple of 16", fits)?;
        check("length", length, "1 to 65536 tokens", (1..=65536).contains(&length))?;
        check("actions", outputs, "2 to 64 for a transformer", (2..=64).contains(&outputs))
    }
}

impl Transformer {
    /// A network with parameters drawn from a seed: weights normal with the inverse root of their inputs, those that end a branch
    /// divided by the root of how many there are, positions small.
    ///
    /// # Errors
    /// Those of [`Shape::check`].
    pub fn new(shape: Shape, seed: u64) -> Result<Self> {
        shape.check()?;
        let mut parts = Parts::default();
        let embed = parts.dense("embed", shape.inputs, shape.width);
        let positions = parts.layout.push("positions", &[shape.length, shape.width]).start;
        let heads = Heads { width: shape.width, heads: shape.heads };
        let blocks: Vec<Block> =
            (0..shape.layers).map(|i| Block::new(&mut parts, &format!("block.{i}"), heads)).collect();
        let norm = Norm::new(&mut parts, "last", shape.width);
        let head = parts.dense("head", shape.width, shape.outputs);
        let mut parameters = vec![0.0; parts.layout.len()];
        let mut random = Random::new(seed);
        let ends = ((2 * shape.layers) as f64).sqrt();
        let mut draw = |weight: Matrix, over: f64| {
            truncated_normal(&mut random, &mut parameters[weight.range()], (weight.inputs as f64).powf(-0.5) / over);
        };
        draw(embed, 1.0);
        draw(head, 4.0);
        for block in &blocks {
            let [attend, mix, up, down] = block.matrices();
            draw(attend, 1.0);
            draw(mix, ends);
            draw(up, 1.0);
            draw(down, ends);
        }
        truncated_normal(&mut random, &mut parameters[positions..positions + shape.length * shape.width], 0.02);
        blocks.iter().flat_map(Block::norms).chain([norm]).for_each(|norm| norm.start(&mut parameters));
        Ok(Self { shape, parts, embed, positions, blocks, norm, head, parameters, spare: Mutex::default() })
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What lies where in the parameters.
    pub fn layout(&self) -> &Layout {
        &self.parts.layout
    }

    /// All parameters, flat.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters, to change them.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// Parameters as the kernels want them.
    fn weights(&self, back: bool) -> Weights {
        let mut values = Lines::zeros(self.parameters.len() + LINE);
        values[..self.parameters.len()].copy_from_slice(&self.parameters);
        let mut weights = Weights { level: Level::new(), values, transposed: Lines::default() };
        if back {
            let matrices = self.blocks.iter().flat_map(Block::matrices).chain([self.head]);
            weights.transpose(self.parts.transposed, matrices);
        }
        weights
    }

    fn tape(&self) -> Tape {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| {
            let Shape { inputs, outputs, width, length, .. } = self.shape;
            Tape {
                inputs: Lines::zeros(length * stride(inputs)),
                labels: vec![UNLABELLED; length],
                x: Lines::zeros(length * width),
                kept: self.blocks.iter().map(|_| Kept::new(length, width, self.shape.heads)).collect(),
                normal: Lines::zeros(length * width),
                inverse: Lines::zeros(length),
                image: Lines::zeros(length * width),
                outputs: Lines::zeros(length * stride(outputs)),
                d: Lines::zeros(length * width),
                room: block::Room::new(length, width),
                gradient: vec![0.0; self.parameters.len()],
            }
        })
    }

    fn put_back(&self, tape: Tape) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(tape);
    }

    /// Has a sequence written into the tape; returns its tokens.
    fn written(&self, sequence: usize, write: &Write<'_>, tape: &mut Tape) -> usize {
        tape.inputs.fill(0.0);
        tape.labels.fill(UNLABELLED);
        let stride = stride(self.shape.inputs);
        let (inputs, labels) = (&mut *tape.inputs, &mut tape.labels[..]);
        let mut written = Sequence { inputs, stride, labels, tokens: self.shape.length };
        write(sequence, &mut written);
        written.tokens.clamp(1, self.shape.length)
    }

    /// From inputs to outputs.
    fn forward(&self, w: &Weights, tokens: usize, tape: &mut Tape) {
        let width = self.shape.width;
        let all = tokens * width;
        w.product(tokens, &tape.inputs, self.embed, &mut tape.x);
        dispatch!(w.level, simd => add(simd, &w.values[self.positions..self.positions + all], &mut tape.x[..all]));
        for (block, kept) in self.blocks.iter().zip(&mut tape.kept) {
            block.forward(w, tokens, &mut tape.x, kept, &mut tape.room);
        }
        self.norm.forward(w, tokens, &tape.x, &mut tape.image, &mut tape.normal, &mut tape.inverse);
        w.product(tokens, &tape.image, self.head, &mut tape.outputs);
    }

    /// From gradients in the place of the outputs to those of the parameters, added to `gradient`.
    fn backward(&self, w: &Weights, tokens: usize, tape: &mut Tape, gradient: &mut [f32]) {
        let all = tokens * self.shape.width;
        w.gradients(tokens, &tape.image, &tape.outputs, self.head, gradient);
        w.back(tokens, &tape.outputs, self.head, &mut tape.d);
        self.norm.backward(w, tokens, &mut tape.d, &tape.normal, &tape.inverse, gradient);
        for (block, kept) in self.blocks.iter().zip(&mut tape.kept).rev() {
            block.backward(w, tokens, &mut tape.d, kept, &mut tape.room, gradient);
        }
        dispatch!(w.level, simd => {
            add(simd, &tape.d[..all], &mut gradient[self.positions..self.positions + all]);
        });
        w.gradients(tokens, &tape.inputs, &tape.d, self.embed, gradient);
    }

    /// Cross-entropy of the labels of so many sequences and, where asked for, its gradient times `weight`, added to `gradient`.
    ///
    /// # Panics
    /// If `gradient` has another length than the parameters.
    pub fn learn(&self, sequences: usize, write: &Write<'_>, weight: f32, gradient: Option<&mut [f32]>) -> Sums {
        let w = self.weights(gradient.is_some());
        let groups = GROUPS.min(sequences.max(1));
        let of = |group: usize| {
            let mut tape = self.tape();
            let mut own = std::mem::take(&mut tape.gradient);
            own.fill(0.0);
            let mut sums = Sums::default();
            for sequence in group * sequences / groups..(group + 1) * sequences / groups {
                let tokens = self.written(sequence, write, &mut tape);
                self.forward(&w, tokens, &mut tape);
                let Tape { outputs, labels, .. } = &mut tape;
                cross_entropy(
                    outputs,
                    stride(self.shape.outputs),
                    self.shape.outputs,
                    &labels[..tokens],
                    weight,
                    &mut sums,
                );
                if gradient.is_some() {
                    self.backward(&w, tokens, &mut tape, &mut own);
                }
            }
            tape.gradient = own;
            (sums, tape)
        };
        let made: Vec<(Sums, Tape)> = (0..groups).into_par_iter().map(of).collect();
        let mut sums = Sums::default();
        let mut gradient = gradient;
        for (own, tape) in made {
            sums.loss += own.loss;
            sums.right += own.right;
            sums.labelled += own.labelled;
            if let Some(gradient) = &mut gradient {
                assert_eq!(gradient.len(), tape.gradient.len(), "as long as the parameters");
                gradient.iter_mut().zip(&tape.gradient).for_each(|(sum, own)| *sum += own);
            }
            self.put_back(tape);
        }
        sums
    }

    /// Outputs at the last token of each of so many sequences, `[sequences, outputs]`.
    pub fn last(&self, sequences: usize, write: &Write<'_>) -> Vec<f32> {
        let w = self.weights(false);
        let (outputs, stride) = (self.shape.outputs, stride(self.shape.outputs));
        let of = |sequence: usize| {
            let mut tape = self.tape();
            let tokens = self.written(sequence, write, &mut tape);
            self.forward(&w, tokens, &mut tape);
            let last = tape.outputs[(tokens - 1) * stride..][..outputs].to_vec();
            self.put_back(tape);
            last
        };
        (0..sequences).into_par_iter().map(of).collect::<Vec<_>>().concat()
    }

    /// Outputs at all tokens of a sequence, `[tokens, outputs]`.
    pub fn all(&self, write: &Write<'_>) -> Vec<f32> {
        let w = self.weights(false);
        let mut tape = self.tape();
        let tokens = self.written(0, write, &mut tape);
        self.forward(&w, tokens, &mut tape);
        let rows = tape.outputs.chunks_exact(stride(self.shape.outputs)).take(tokens);
        let outputs = rows.flat_map(|row| row[..self.shape.outputs].to_vec()).collect();
        self.put_back(tape);
        outputs
    }
}

impl Clone for Transformer {
    fn clone(&self) -> Self {
        Self {
            shape: self.shape,
            parts: self.parts.clone(),
            embed: self.embed,
            positions: self.positions,
            blocks: self.blocks.clone(),
            norm: self.norm,
            head: self.head,
            parameters: self.parameters.clone(),
            spare: Mutex::default(),
        }
    }
}
