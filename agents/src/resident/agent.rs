//! What PPO and PQN on the device have in common as agents; they differ in their options and in what they report.

use super::plan::Learning;
use super::{Learned, Resident};
use crate::agent::{Agent, Log, Setup};
use crate::error::Result;
use crate::network::Network;
use crate::optim::Kind as OptimizerKind;
use crate::options::NetworkKind;
use crate::policy::Policy;
use crate::state::State;

/// The options of an agent that can learn on the device.
pub(crate) trait Options: Clone + Send + 'static {
    /// Name of the agent.
    const NAME: &'static str;

    /// What the kernels are made for; None if these options have to learn on the CPU.
    fn learning(&self) -> Option<Learning>;

    /// Learning rate and epsilon of an iteration that begins at `step` of `total`.
    fn rates(&self, step: u64, total: u64) -> (f32, f32);

    /// Adds what was learned to the log.
    fn report(&self, learned: &Learned, epsilon: f32, log: &mut Log);

    /// The untrained policy.
    fn policy(&self, setup: &Setup) -> Result<Policy>;
}

/// Whether the kernels know the network and the optimiser.
pub(super) fn known(network: NetworkKind, optimizer: OptimizerKind) -> bool {
    network == NetworkKind::Mlp && matches!(optimizer, OptimizerKind::Adam | OptimizerKind::RAdam)
}

struct ResidentAgent<C> {
    config: C,
    setup: Setup,
    steps: u64,
    resident: Resident,
}

/// The resident agent of these options; None if it has to learn on the CPU.
///
/// # Errors
/// [`crate::Error::TooLarge`] if it does not fit the device, and those of the environments.
pub(crate) fn make<C: Options>(
    config: &C,
    setup: &Setup,
    network: impl FnOnce() -> Result<Box<dyn Network>>,
) -> Result<Option<Box<dyn Agent>>> {
    let Some(learning) = config.learning() else { return Ok(None) };
    let Some(resident) = Resident::new(learning, network, setup)? else { return Ok(None) };
    Ok(Some(Box::new(ResidentAgent { config: config.clone(), setup: setup.clone(), steps: 0, resident })))
}

impl<C: Options> Agent for ResidentAgent<C> {
    fn iterate(&mut self, log: &mut Log) -> Result<()> {
        let (learning_rate, epsilon) = self.config.rates(self.steps, self.setup.steps);
        let after = self.steps + self.resident.transitions() as u64;
        let learned = self.resident.iterate(C::NAME, after, learning_rate, epsilon, log)?;
        self.steps = after;
        self.config.report(&learned, epsilon, log);
        log.scalars.insert("optimizer/learning_rate", f64::from(learning_rate));
        log.scalars.insert("optimizer/grad_norm", f64::from(learned.grad_norm));
        Ok(())
    }

    fn env_steps(&self) -> u64 {
        self.steps
    }

    fn learns_on_device(&self) -> bool {
        true
    }

    fn policy(&self) -> Result<Policy> {
        let mut state = State::default();
        state.put_f32("policy/parameters", &self.resident.parameters()?);
        let mut policy = self.config.policy(&self.setup)?;
        policy.load(&state)?;
        Ok(policy)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64(format!("{}/counters", C::NAME), &[self.steps]);
        self.resident.save(state, C::NAME)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps] = state.counters(&format!("{}/counters", C::NAME))?;
        self.resident.load(state, C::NAME)?;
        self.steps = steps;
        Ok(())
    }
}
