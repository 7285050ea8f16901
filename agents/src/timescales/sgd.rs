//! Stochastic gradient descent with Nesterov's momentum, as PyTorch has it.

use crate::error::{Error, Result};

/// `v <- momentum v + g; w <- w - rate (g + momentum v)`, and its memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd {
    rate: f32,
    momentum: f32,
    pub(super) velocity: Vec<f32>,
}

impl Sgd {
    /// For so many parameters; momentum is the share that the velocity keeps at every step.
    pub fn new(parameters: usize, rate: f32, momentum: f32) -> Self {
        Self { rate, momentum, velocity: vec![0.0; parameters] }
    }

    /// One step against the gradient.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if parameters or gradient have another length than the memory.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32]) -> Result<()> {
        let expected = self.velocity.len();
        if (parameters.len(), gradient.len()) != (expected, expected) {
            let found = format!("{} parameters and {} slopes", parameters.len(), gradient.len());
            return Err(Error::Unsupported(format!("{found}, expected {expected} of each")));
        }
        for ((w, v), g) in parameters.iter_mut().zip(&mut self.velocity).zip(gradient) {
            *v = self.momentum * *v + g;
            *w -= self.rate * (g + self.momentum * *v);
        }
        Ok(())
    }
}
