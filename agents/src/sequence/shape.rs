//! What a network over sequences is made of.

use std::f64::consts::SQRT_2;
use std::sync::Arc;

use shadergym_envs::Encoding;

use super::attention::{Attention, AttentionShape};
use super::dense::Dense;
use super::diagonal::{Diagonal, StateSpace};
use super::gru::Gru;
use super::hints::Hints;
use super::layer::{Layer, Parts};
use super::lssl::Lssl;
use crate::network::init::Random;
use crate::network::{Activation, Tower};

/// What remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// Diagonal states: S5 or S4D.
    Diagonal(StateSpace),
    /// The linear state-space layer.
    Lssl {
        /// Numbers in the state of a channel.
        size: usize,
        /// Range of initial steps, log-uniform.
        steps: (f32, f32),
    },
    /// A gated recurrent unit.
    Gru,
    /// Attention over the newest steps.
    Attention(AttentionShape),
}

/// Shape of a [`SequenceNetwork`](super::SequenceNetwork).
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceShape {
    /// Values of an observation, and how rows of them lie in memory.
    pub observation: (usize, Encoding),
    /// What is beside it.
    pub hints: Hints,
    /// Widths of the dense layers in front of one of [`Self::width`] that feeds the cells.
    pub encoder: Vec<usize>,
    /// Width of the cells, a multiple of 16.
    pub width: usize,
    /// What remembers, and how many of it one behind the other.
    pub cell: Cell,
    /// See [`Self::cell`].
    pub layers: usize,
    /// Outputs, each behind hidden layers of its own.
    pub towers: Vec<Tower>,
    /// Activation of dense layers.
    pub activation: Activation,
    /// Parameters that come out for every row.
    pub free: Option<(&'static str, Vec<f32>)>,
}

/// A layer, and which value it reads: 0 the input, k the result of layer k - 1.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub layer: Arc<dyn Layer>,
    pub source: usize,
    /// First of its values in what a row carries.
    pub carry: usize,
}

/// A tower's outputs: of which layer, their first, their number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outputs {
    pub value: usize,
    pub first: usize,
    pub count: usize,
}

/// Layers in order, their parameters and where outputs come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Stack {
    pub steps: Vec<Step>,
    pub outputs: Vec<Outputs>,
    pub parts: Parts,
    pub carry: usize,
}

impl Stack {
    fn push(&mut self, layer: impl Layer + 'static, source: usize) -> usize {
        let carry = self.carry;
        self.carry += layer.carry();
        self.steps.push(Step { layer: Arc::new(layer), source, carry });
        self.steps.len()
    }
}

impl SequenceShape {
    /// Values of a row of input.
    pub(super) fn inputs(&self) -> usize {
        self.observation.0 + self.hints.count()
    }

    pub(super) fn stack(&self) -> Stack {
        let mut stack = Stack::default();
        let (mut source, mut width) = (0, self.inputs());
        for (i, &next) in self.encoder.iter().chain([&self.width]).enumerate() {
            let name = format!("encoder.{i}");
            let dense = Dense::new(&mut stack.parts, &name, (width, next), Some(self.activation), SQRT_2);
            (source, width) = (stack.push(dense, source), next);
        }
        for i in 0..self.layers {
            let name = format!("cell.{i}");
            source = match self.cell {
                Cell::Diagonal(options) => {
                    let diagonal = Diagonal::new(&mut stack.parts, &name, width, options);
                    stack.push(diagonal, source)
                }
                Cell::Lssl { size, steps } => {
                    let lssl = Lssl::new(&mut stack.parts, &name, width, size, steps);
                    stack.push(lssl, source)
                }
                Cell::Gru => {
                    let gru = Gru::new(&mut stack.parts, &name, width, self.width);
                    stack.push(gru, source)
                }
                Cell::Attention(shape) => {
                    let attention = Attention::new(&mut stack.parts, &name, width, shape);
                    stack.push(attention, source)
                }
            };
        }
        let mut first = 0;
        for tower in &self.towers {
            let (mut source, mut width) = (source, width);
            for (i, &next) in tower.hidden.iter().chain([&tower.outputs]).enumerate() {
                let last = i == tower.hidden.len();
                let gain = if last { f64::from(tower.output_gain) } else { SQRT_2 };
                let activation = (!last).then_some(self.activation);
                let dense =
                    Dense::new(&mut stack.parts, &format!("{}.{i}", tower.name), (width, next), activation, gain);
                (source, width) = (stack.push(dense, source), next);
            }
            stack.outputs.push(Outputs { value: source, first, count: tower.outputs });
            first += tower.outputs;
        }
        stack
    }

    /// Draws all parameters of the layers.
    pub(super) fn start(stack: &Stack, seed: u64, parameters: &mut [f32]) {
        let mut random = Random::new(seed);
        stack.steps.iter().for_each(|step| step.layer.start(&mut random, parameters));
    }
}
