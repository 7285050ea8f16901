//! PPO on the device: options in, `Resident` does the work.

use super::{Learning, Resident};
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::algorithms::ppo::Config;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::optim::Kind as OptimizerKind;
use crate::options::NetworkKind;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

struct ResidentPpo {
    config: Config,
    setup: Setup,
    steps: u64,
    learning_rate: f32,
    resident: Resident,
}

/// The resident agent of these options; None if it has to learn on the CPU.
///
/// # Errors
/// [`Error::TooLarge`] if it does not fit the device, and those of the environments.
pub(crate) fn make(
    c: &Config,
    setup: &Setup,
    network: impl FnOnce() -> Result<Box<dyn Network>>,
) -> Result<Option<Box<dyn Agent>>> {
    let other = c.normalize_observation || c.normalize_reward || c.weight_decay != 0.0;
    if other || c.network != NetworkKind::Mlp || !matches!(c.optimizer, OptimizerKind::Adam | OptimizerKind::RAdam) {
        return Ok(None);
    }
    let learning = Learning {
        action_values: false,
        num_envs: c.num_envs,
        steps: c.num_steps,
        epochs: c.update_epochs,
        minibatches: c.num_minibatches,
        objective: c.objective,
        clip_coef: c.clip_coef,
        clip_value: c.clip_value,
        normalize: c.normalize_advantage,
        entropy_coef: c.entropy_coef,
        value_coef: c.value_coef,
        gamma: c.gamma,
        lambda: c.gae_lambda,
        reward_scale: 1.0,
        truncation: c.truncation,
        max_grad_norm: c.max_grad_norm,
        adam_epsilon: c.adam_epsilon,
        rectified: c.optimizer == OptimizerKind::RAdam,
        target_kl: c.target_kl,
        activation: c.activation,
        layer_norm: false,
    };
    let Some(resident) = Resident::new(learning, network, setup)? else { return Ok(None) };
    Ok(Some(Box::new(ResidentPpo { config: c.clone(), setup: setup.clone(), steps: 0, learning_rate: 0.0, resident })))
}

impl Agent for ResidentPpo {
    fn collect(&mut self, _: Option<&Tasks>, _: &mut Log) -> Result<Next> {
        let c = &self.config;
        self.learning_rate = c.learning_rate * c.schedule.at(self.steps, self.setup.steps);
        self.resident.collect(self.learning_rate, 0.0)?;
        self.steps += self.resident.transitions() as u64;
        Ok(Next::Learn)
    }

    fn learn(&mut self) -> Result<()> {
        self.resident.learn("ppo", self.steps)
    }

    fn report(&mut self, log: &mut Log) {
        let learned = self.resident.report(log);
        let names = ["loss/policy", "loss/value", "policy/entropy", "policy/approx_kl", "policy/clip_fraction"];
        log.scalars.extend(names.into_iter().zip(learned.means));
        log.scalars.insert("value/mean", learned.value);
        log.scalars.insert("value/explained_variance", learned.explained_variance);
        log.scalars.insert("optimizer/learning_rate", f64::from(self.learning_rate));
        log.scalars.insert("optimizer/grad_norm", f64::from(learned.grad_norm));
    }

    fn learns_on_gpu(&self) -> bool {
        true
    }

    fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.steps, ..self.resident.clocks() }
    }

    fn policy(&self, _: usize) -> Policy {
        super::copied(&self.resident, |parameters| {
            let mut policy = self.config.policy(&self.setup)?;
            policy.load(parameters)?;
            Ok::<_, Error>(policy)
        })
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("ppo/counters", &[self.steps]);
        self.resident.save(state, "ppo")
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps] = state.counters("ppo/counters")?;
        self.resident.load(state, "ppo")?;
        self.steps = steps;
        Ok(())
    }
}
