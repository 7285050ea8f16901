//! What streams have come to.

use std::sync::Arc;

use super::{Algorithm, Core};
use crate::agent::Clocks;
use crate::streaming::plan::Plan;
use crate::streaming::scaling::{ObservationScaler, RewardScaler, time_feature};

impl<A: Algorithm> Core<A> {
    /// What a network looks like.
    pub fn plan(&self, network: usize) -> &Arc<Plan> {
        &self.nets[network].spec.plan
    }

    /// How much each stream has done so far.
    pub fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.steps, collections: self.steps, updates: self.steps }
    }

    /// Parameters of all networks of a member, with the columns that fill blocks.
    pub fn parameter_count(&self) -> usize {
        self.nets.iter().map(|net| net.spec.plan.layout.len()).sum()
    }

    /// Parameters of a network of a member.
    pub fn parameters(&self, member: usize, network: usize) -> Vec<f32> {
        self.nets[network].learner.parameters(member)
    }

    /// Puts parameters of the only member in place.
    pub fn set_parameters(&mut self, network: usize, parameters: &[f32]) {
        self.nets[network].learner.set_parameters(parameters);
    }

    /// Outputs of each network where a member is.
    pub fn outputs(&self, member: usize) -> &[Vec<f32>] {
        &self.members[member].outputs[0]
    }

    /// Outputs of a network of the only member for an observation of any episode, so many steps after its start.
    pub fn outputs_for(&self, network: usize, observation: &[f32], elapsed: u32) -> Vec<f32> {
        let (m, net) = (&self.members[0], &self.nets[network]);
        let mut pass = net.learner.pass();
        let input = &mut pass.input[..m.input.len()];
        input[..observation.len()].copy_from_slice(observation);
        if let Some(scaler) = &m.observations {
            scaler.normalize(&mut input[..observation.len()]);
        }
        if m.options.timed() {
            input[observation.len()] = time_feature(elapsed, m.limit);
        }
        net.learner.predict(&mut pass);
        pass.outputs[..net.spec.plan.shape.outputs].to_vec()
    }

    /// Names of the networks.
    pub fn networks(&self) -> Vec<&'static str> {
        self.nets.iter().map(|net| net.spec.name).collect()
    }

    /// What the rewards of a member are divided by, 1 if they are not.
    pub fn reward_scale(&self, member: usize) -> f64 {
        self.members[member].rewards.as_ref().map_or(1.0, RewardScaler::spread)
    }

    /// TD error of the newest transition of a member.
    pub fn delta(&self, member: usize) -> f32 {
        self.lessons[member].delta
    }

    /// What normalises observations of a member.
    pub fn scaler(&self, member: usize) -> Option<&ObservationScaler> {
        self.members[member].observations.as_ref()
    }

    /// The algorithm of a member.
    pub fn algorithm(&self, member: usize) -> &A {
        &self.members[member].algorithm
    }

    /// The same, to change it.
    pub fn algorithm_mut(&mut self, member: usize) -> &mut A {
        &mut self.members[member].algorithm
    }
}
