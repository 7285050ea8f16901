//! The trained network of a stream, and what observations go through before it.

use std::ops::Range;
use std::sync::Arc;

use fearless_simd::Level;

use super::kernels::Pass;
use super::lanes::padded;
use super::learner::{accumulate, predict_with};
use super::options::Options;
use super::plan::Plan;
use super::scaling::{ObservationScaler, time_feature};
use crate::error::Result;
use crate::network::{Layout, Lines, Loss, LossSums, Network, Rows};
use crate::state::State;

/// Takes the gradient with respect to the inputs of a row.
type OfInputs<'a> = &'a mut dyn FnMut(usize, &[f32]);

/// The network of a stream as any other, a row at a time.
#[derive(Debug, Clone)]
pub struct StreamNetwork {
    plan: Arc<Plan>,
    weights: Lines,
}

impl StreamNetwork {
    /// With parameters as the plan's layout has them.
    pub fn new(plan: Arc<Plan>, parameters: &[f32]) -> Self {
        let mut weights = Lines::zeros(plan.layout.len());
        weights[..parameters.len()].copy_from_slice(parameters);
        Self { plan, weights }
    }

    /// Forward and backward of each row: gradients of the parameters are added to `sum`, those of the inputs given to `inputs`.
    fn differentiate(
        &self,
        rows: Rows<'_>,
        loss: &Loss<'_>,
        sum: &mut [f32],
        mut inputs: Option<OfInputs<'_>>,
    ) -> LossSums {
        let (width, elements) = (self.outputs(), rows.elements());
        let (mut pass, mut sums) = (Pass::new(&self.plan, 1), LossSums::default());
        let mut scratch = [Lines::zeros(self.plan.widest), Lines::zeros(self.plan.widest)];
        let mut gradient = vec![0.0; padded(width)];
        for row in 0..rows.len() {
            rows.unpack(row, &mut pass.input[..elements]);
            predict_with(&self.plan, &self.weights, 1, Level::new(), &mut pass);
            gradient.fill(0.0);
            let one: Range<usize> = row..row + 1;
            let of_row = loss(one, &pass.outputs[..width], &mut gradient[..width]);
            sums.iter_mut().zip(of_row).for_each(|(sum, value)| *sum += value);
            let network = (&*self.plan, &self.weights[..]);
            let at = accumulate(network, &pass, &gradient, sum, &mut scratch, inputs.is_some());
            if let Some(inputs) = &mut inputs {
                inputs(row, &scratch[at][..elements]);
            }
        }
        sums
    }
}

impl Network for StreamNetwork {
    fn layout(&self) -> &Layout {
        &self.plan.layout
    }

    fn outputs(&self) -> usize {
        self.plan.shape.outputs
    }

    fn parameters(&self) -> &[f32] {
        &self.weights[..self.plan.layout.len()]
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.weights[..self.plan.layout.len()]
    }

    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]) {
        let (width, mut pass) = (self.outputs(), Pass::new(&self.plan, 1));
        for (row, outputs) in outputs.chunks_exact_mut(width).enumerate() {
            rows.unpack(row, &mut pass.input[..rows.elements()]);
            predict_with(&self.plan, &self.weights, 1, Level::new(), &mut pass);
            outputs.copy_from_slice(&pass.outputs[..width]);
        }
    }

    fn gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        self.differentiate(rows, loss, gradient, None)
    }

    fn input_gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, input_gradient: &mut [f32]) -> LossSums {
        let elements = rows.elements();
        let mut put = |row: usize, of_row: &[f32]| {
            input_gradient[row * elements..(row + 1) * elements].copy_from_slice(of_row);
        };
        self.differentiate(rows, loss, &mut vec![0.0; self.plan.layout.len()], Some(&mut put))
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
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
