//! A network with its optimiser: from a minibatch and a loss to changed parameters.

use crate::error::{Error, Result};
use crate::network::{Loss, LossSums, Network, Rows, Sequences};
use crate::optim::{Optimizer, clip_global_norm};
use crate::state::State;

/// What learns.
pub struct Learner {
    /// The network.
    pub network: Box<dyn Network>,
    optimizer: Optimizer,
    gradient: Vec<f32>,
    max_grad_norm: f32,
    norm: f32,
}

impl Learner {
    /// `max_grad_norm` 0 = no clipping.
    pub fn new(network: Box<dyn Network>, optimizer: Optimizer, max_grad_norm: f32) -> Self {
        let gradient = vec![0.0; network.parameters().len()];
        let optimizer = optimizer.with_threads(network.threads());
        Self { network, optimizer, gradient, max_grad_norm, norm: 0.0 }
    }

    /// One update. The sums of the loss are checked, so that nothing learns from what is no number.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss or the gradient is not finite; the parameters are then as before.
    pub fn update(
        &mut self,
        (agent, step): (&str, u64),
        rows: Rows<'_>,
        loss: &Loss<'_>,
        learning_rate: f32,
    ) -> Result<LossSums> {
        self.gradient.fill(0.0);
        let sums = self.network.gradient(rows, loss, &mut self.gradient);
        self.step((agent, step), sums, learning_rate)
    }

    /// The same for a recurrent network.
    ///
    /// # Errors
    /// As [`Self::update`].
    ///
    /// # Panics
    /// If the network remembers nothing.
    pub fn update_over(
        &mut self,
        agent_and_step: (&str, u64),
        sequences: Sequences<'_>,
        loss: &Loss<'_>,
        learning_rate: f32,
    ) -> Result<LossSums> {
        self.gradient.fill(0.0);
        let recurrent = self.network.recurrent().expect("a network that remembers");
        let sums = recurrent.gradient_over(sequences, loss, &mut self.gradient);
        self.step(agent_and_step, sums, learning_rate)
    }

    /// From the gradient to changed parameters.
    fn step(&mut self, (agent, step): (&str, u64), sums: LossSums, learning_rate: f32) -> Result<LossSums> {
        let norm =
            clip_global_norm(&mut self.gradient, if self.max_grad_norm > 0.0 { self.max_grad_norm } else { f32::MAX });
        let bad = sums.iter().find(|v| !v.is_finite()).map(|v| ("the loss", *v));
        if let Some((what, value)) = bad.or((!norm.is_finite()).then_some(("the gradient's norm", f64::from(norm)))) {
            return Err(Error::Diverged { agent: agent.to_owned(), step, what: what.to_owned(), value });
        }
        self.norm = norm;
        self.optimizer.step(self.network.parameters_mut(), &self.gradient, learning_rate);
        Ok(sums)
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.optimizer.steps()
    }

    /// Norm of the newest gradient before clipping.
    pub fn grad_norm(&self) -> f32 {
        self.norm
    }

    /// Parameters and optimiser.
    pub fn save(&self, state: &mut State, prefix: &str) {
        state.put_f32(format!("{prefix}/parameters"), self.network.parameters());
        self.optimizer.save(state, &format!("{prefix}/optimizer"));
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        state.read_f32(&format!("{prefix}/parameters"), self.network.parameters_mut())?;
        self.optimizer.load(state, &format!("{prefix}/optimizer"))
    }
}
