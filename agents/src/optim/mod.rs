//! Optimisers over flat parameters.

mod step;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::network::Layout;
use crate::state::State;

/// Which rule turns gradients into steps. `g` is the gradient, `w` the parameters, `m` and `v` the running averages of
/// `g` and its square, `t` the number of steps so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `w -= lr g`.
    Sgd,
    /// Averages corrected for their start at zero: `w -= lr m' / (sqrt(v') + epsilon)`.
    Adam,
    /// Adam whose weight decay shrinks the weights beside the step: `w -= lr weight_decay w`.
    AdamW,
    /// Adam that steps by `m'` alone while `v` rests on too few gradients, and is rectified afterwards.
    RAdam,
    /// Adam's direction without the corrections, its length relative to that of each weight array (at most 10); the
    /// whole gradient is first cut to length 1.
    Lamb,
    /// `w -= lr g / (sqrt(v) + epsilon)`, PyTorch's.
    RmsProp,
    /// The same with `sqrt(v - m²)`, both averages with `beta2`: as DQN was published.
    CenteredRmsProp,
}

/// What shapes the steps besides the learning rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Share that the average of gradients keeps at every step.
    pub beta1: f32,
    /// Share that the average of squares keeps.
    pub beta2: f32,
    /// Added to the root of the average of squares.
    pub epsilon: f32,
    /// AdamW: share of the weights that a step at learning rate 1 takes off. LAMB: weights are added to the direction
    /// with this factor. Otherwise: the same to the gradient.
    pub weight_decay: f32,
}

impl Default for Options {
    /// PyTorch's of Adam: 0.9, 0.999, 1e-8, no decay.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// An optimiser and its memory.
#[derive(Debug, Clone)]
pub struct Optimizer {
    kind: Kind,
    options: Options,
    layout: Layout,
    steps: u64,
    /// Averages of gradients and of their squares; empty for [`Kind::Sgd`].
    first: Vec<f32>,
    second: Vec<f32>,
    /// The direction of LAMB before its length is known.
    direction: Vec<f32>,
    threads: usize,
}

impl Optimizer {
    /// An optimiser of parameters that lie like this.
    pub fn new(kind: Kind, options: Options, layout: &Layout) -> Self {
        let averages = if kind == Kind::Sgd { 0 } else { layout.len() };
        let direction = if kind == Kind::Lamb { layout.len() } else { 0 };
        Self {
            kind,
            options,
            layout: layout.clone(),
            steps: 0,
            first: vec![0.0; averages],
            second: vec![0.0; averages],
            direction: vec![0.0; direction],
            threads: 1,
        }
    }

    /// On so many threads of rayon's pool, where there are parameters enough. Steps do not depend on it.
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One step against the gradient.
    ///
    /// # Panics
    /// If parameters or gradient have another length than the layout.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], learning_rate: f32) {
        assert_eq!((parameters.len(), gradient.len()), (self.layout.len(), self.layout.len()), "length of the layout");
        self.steps += 1;
        step::step(self, parameters, gradient, learning_rate);
    }

    /// Keeps the memory under `prefix`.
    pub fn save(&self, state: &mut State, prefix: &str) {
        state.put_u64(format!("{prefix}.steps"), &[self.steps]);
        state.put_f32(format!("{prefix}.first"), &self.first);
        state.put_f32(format!("{prefix}.second"), &self.second);
    }

    /// Takes back what [`Self::save`] kept.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or of another length; the optimiser is then as it was.
    pub fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        let steps = state.counter(&format!("{prefix}.steps"))?;
        let read = |name: &str, len: usize| {
            let name = format!("{prefix}.{name}");
            let values = state.f32(&name)?;
            if values.len() == len {
                return Ok(values);
            }
            let reason = format!("`{name}` has {} elements, expected {len}", values.len());
            Err(Error::Checkpoint { path: "the state".to_owned(), reason })
        };
        let (first, second) = (read("first", self.first.len())?, read("second", self.second.len())?);
        self.steps = steps;
        self.first.copy_from_slice(first);
        self.second.copy_from_slice(second);
        Ok(())
    }
}

/// Scales the gradient so that its Euclidean norm is at most `max`, as PyTorch's `clip_grad_norm_` does, and returns
/// the norm before. The same on every machine: squares are summed in a fixed order in `f64`.
pub fn clip_global_norm(gradient: &mut [f32], max: f32) -> f32 {
    let norm = step::norm(gradient);
    // Some more than the norm, as in PyTorch, so that the result is not longer than allowed by rounding.
    let factor = (f64::from(max) / (norm + 1e-6)) as f32;
    if factor < 1.0 {
        step::scale(gradient, factor);
    }
    norm as f32
}
