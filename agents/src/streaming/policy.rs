//! The trained network of a stream, and what observations go through before it.

use std::sync::Arc;

use super::learner::{Learner, StepRule};
use super::options::Options;
use super::plan::Plan;
use super::scaling::{ObservationScaler, time_feature};
use crate::error::Result;
use crate::network::{Predictor, Rows};
use crate::state::State;

/// A network that only acts.
#[derive(Debug, Clone)]
pub struct StreamNetwork {
    learner: Learner,
    parameters: Vec<f32>,
}

impl StreamNetwork {
    /// With parameters as the plan's layout has them.
    pub fn new(plan: Arc<Plan>, parameters: Vec<f32>) -> Self {
        let rule = StepRule { learning_rate: 0.0, kappa: 0.0, adaptive: None };
        let mut learner = Learner::new(plan, &[rule], &[0]);
        learner.set_parameters(&parameters);
        Self { learner, parameters }
    }
}

impl Predictor for StreamNetwork {
    fn outputs(&self) -> usize {
        self.learner.plan.shape.outputs
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    fn set_parameters(&mut self, parameters: &[f32]) {
        self.parameters.copy_from_slice(parameters);
        self.learner.set_parameters(parameters);
    }

    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]) {
        let (width, mut pass) = (self.outputs(), self.learner.pass());
        for (row, outputs) in outputs.chunks_exact_mut(width).enumerate() {
            rows.unpack(row, &mut pass.input[..rows.elements()]);
            self.learner.predict(&mut pass);
            outputs.copy_from_slice(&pass.outputs[..width]);
        }
    }
}

/// What observations go through.
#[derive(Debug, Clone)]
pub struct Inputs {
    scaler: Option<ObservationScaler>,
    /// The limit that the time in an episode is measured by.
    limit: Option<u32>,
}

impl Inputs {
    /// With the statistics that the stream has come to; episodes of training had so many steps at most.
    pub fn new(options: &Options, limit: u32, scaler: Option<ObservationScaler>) -> Self {
        Self { scaler, limit: options.timed().then_some(limit) }
    }

    /// Whether the time is wanted.
    pub fn timed(&self) -> bool {
        self.limit.is_some()
    }

    /// Rows as the network reads them, from rows of so many elements; `elapsed` has the steps that each episode lasts, if the
    /// time is wanted.
    pub fn rows(&self, rows: Rows<'_>, elapsed: &[u32]) -> Vec<f32> {
        let (elements, width) = (rows.elements(), rows.elements() + usize::from(self.timed()));
        let mut values = vec![0.0; rows.len() * width];
        for (row, to) in values.chunks_exact_mut(width).enumerate() {
            rows.unpack(row, &mut to[..elements]);
            if let Some(scaler) = &self.scaler {
                scaler.normalize(&mut to[..elements]);
            }
            if let Some(limit) = self.limit {
                to[elements] = time_feature(elapsed[row], limit);
            }
        }
        values
    }

    /// Into a file.
    pub fn save(&self, state: &mut State, name: &str) {
        if let Some(scaler) = &self.scaler {
            scaler.save(state, name);
        }
    }

    /// From a file.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, name: &str) -> Result<()> {
        self.scaler.as_mut().map_or(Ok(()), |scaler| scaler.load(state, name))
    }
}
