//! The network and its parameters.

use std::ops::Range;

use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::Layout;
use crate::state::{State, Values};

/// What a network is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Units, all connected to all others and none to itself.
    pub units: usize,
    /// Two-class readouts.
    pub heads: usize,
    /// Time constants are 1 and stay there.
    pub fixed_tau: bool,
}

/// A recurrent network of leaky rectified units that forget at a rate of their own:
/// `h <- phi((1 - 1/tau) h + (W h + w x + b) / tau)`, with `phi` a leaky ReLU of slope 0.01 and `tau` of at least 1.
///
/// Parameters lie in one flat array: `tau [units]`, `recurrent.weight [from, to]`, `input.weight [1, to]`, `bias [to]`,
/// `heads.weight [heads, 2, units]`, `heads.bias [heads, 2]`. A time constant that training takes below 1 counts as 1 and has
/// no gradient, as in the source: it stays there.
#[derive(Debug, Clone, PartialEq)]
pub struct Rnn {
    shape: Shape,
    layout: Layout,
    pub(super) parameters: Vec<f32>,
}

/// Draws of these purposes.
const PURPOSE: &str = "timescales";

impl Rnn {
    /// Drawn from a seed: time constants uniform from 1 to 2, weights and biases uniform up to one over the root of the values
    /// that come in (PyTorch's start); the bias is the sum of one for the input and one for the units. A head does not
    /// depend on how many there are.
    pub fn new(shape: Shape, seed: u64) -> Self {
        let Shape { units: n, heads, fixed_tau } = shape;
        let mut layout = Layout::default();
        let tau = layout.push("tau", &[n]);
        let recurrent = layout.push("recurrent.weight", &[n, n]);
        let input = layout.push("input.weight", &[1, n]);
        let bias = layout.push("bias", &[n]);
        let head_weights = layout.push("heads.weight", &[heads, 2, n]);
        let head_biases = layout.push("heads.bias", &[heads, 2]);
        let mut parameters = vec![0.0; layout.len()];
        let noise = Noise::new(seed, PURPOSE);
        let bound = 1.0 / (n as f32).sqrt();
        let mut fill = |range: Range<usize>, (part, index): (u64, u64), bound: f32| {
            let mut noise = noise.at(part, index);
            parameters[range].iter_mut().for_each(|w| *w += (2.0 * noise.uniform() - 1.0) * bound);
        };
        fill(tau.clone(), (0, 0), 0.5);
        fill(recurrent.clone(), (1, 0), bound);
        fill(input, (2, 0), 1.0);
        fill(bias.clone(), (3, 0), 1.0);
        fill(bias, (4, 0), bound);
        for head in 0..heads {
            fill(head_weights.start + head * 2 * n..head_weights.start + (head + 1) * 2 * n, (5, head as u64), bound);
            fill(head_biases.start + 2 * head..head_biases.start + 2 * (head + 1), (6, head as u64), bound);
        }
        parameters[tau].iter_mut().for_each(|tau| *tau = if fixed_tau { 1.0 } else { *tau + 1.5 });
        (0..n).for_each(|i| parameters[recurrent.start + i * n + i] = 0.0);
        Self { shape, layout, parameters }
    }

    /// What it is like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What lies where in the parameters.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All parameters.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// All parameters, to change them; what connects a unit to itself has to stay 0.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// Time constants in force, at least 1, in steps.
    pub fn time_constants(&self) -> impl Iterator<Item = f32> {
        self.parameters[self.tau()].iter().map(|tau| tau.max(1.0))
    }

    pub(super) fn tau(&self) -> Range<usize> {
        0..self.shape.units
    }

    /// Recurrent weights, those of the input and biases: one matrix `[units + 2, units]`.
    pub(super) fn weights(&self) -> Range<usize> {
        let n = self.shape.units;
        n..n + (n + 2) * n
    }

    /// Weights of some heads, `[heads, 2, units]`.
    pub(super) fn head_weights(&self, heads: Range<usize>) -> Range<usize> {
        let (first, n) = (self.weights().end, self.shape.units);
        first + heads.start * 2 * n..first + heads.end * 2 * n
    }

    /// Biases of some heads, `[heads, 2]`.
    pub(super) fn head_biases(&self, heads: Range<usize>) -> Range<usize> {
        let first = self.head_weights(0..self.shape.heads).end;
        first + 2 * heads.start..first + 2 * heads.end
    }

    /// Keeps an array as long as the parameters, part by part, under `prefix`.
    pub(super) fn save(&self, values: &[f32], prefix: &str, state: &mut State) {
        for part in self.layout.parts() {
            let values = Values::F32(values[part.range()].to_vec());
            state.put(format!("{prefix}{}", part.name), &part.shape, values);
        }
    }

    /// Takes back what [`Self::save`] kept; heads that were not there then are as they are in `values`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or does not fit.
    pub(super) fn load(&self, values: &mut [f32], prefix: &str, state: &State) -> Result<()> {
        for part in self.layout.parts() {
            let name = format!("{prefix}{}", part.name);
            let kept = state.f32(&name)?;
            let to = &mut values[part.range()];
            let fewer = part.name.starts_with("heads.") && kept.len() < to.len();
            if kept.len() != to.len() && !fewer {
                let reason = format!("`{name}` has {} elements, expected {}", kept.len(), to.len());
                return Err(Error::Checkpoint { path: "the state".to_owned(), reason });
            }
            to[..kept.len()].copy_from_slice(kept);
        }
        Ok(())
    }
}
