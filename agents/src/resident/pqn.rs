//! PQN on the device: options in, `Resident` does the work.

use super::{Learning, Resident};
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::algorithms::pqn::Config;
use crate::common::action_values::epsilon_at;
use crate::common::ppo::Objective;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::optim::Kind as OptimizerKind;
use crate::options::NetworkKind;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

struct ResidentPqn {
    config: Config,
    setup: Setup,
    steps: u64,
    learning_rate: f32,
    epsilon: f32,
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
    if c.network != NetworkKind::Mlp || !matches!(c.optimizer, OptimizerKind::Adam | OptimizerKind::RAdam) {
        return Ok(None);
    }
    let learning = Learning {
        action_values: true,
        num_envs: c.num_envs,
        steps: c.num_steps,
        epochs: c.update_epochs,
        minibatches: c.num_minibatches,
        objective: Objective::Clip,
        clip_coef: 0.0,
        clip_value: false,
        normalize: false,
        entropy_coef: 0.0,
        value_coef: 1.0,
        gamma: c.gamma,
        lambda: c.lambda,
        reward_scale: c.reward_scale,
        truncation: c.truncation,
        max_grad_norm: c.max_grad_norm,
        adam_epsilon: 1e-8,
        rectified: c.optimizer == OptimizerKind::RAdam,
        target_kl: 0.0,
        activation: c.activation,
        layer_norm: c.layer_norm,
    };
    let Some(resident) = Resident::new(learning, network, setup)? else { return Ok(None) };
    Ok(Some(Box::new(ResidentPqn {
        config: c.clone(),
        setup: setup.clone(),
        steps: 0,
        learning_rate: 0.0,
        epsilon: 0.0,
        resident,
    })))
}

impl Agent for ResidentPqn {
    fn collect(&mut self, _: Option<&Tasks>, _: &mut Log) -> Result<Next> {
        let (c, total) = (&self.config, self.setup.steps);
        self.epsilon = epsilon_at(self.steps, total, c.final_epsilon, c.exploration_fraction);
        self.learning_rate = c.learning_rate * c.schedule.at(self.steps, total);
        self.resident.collect(self.learning_rate, self.epsilon)?;
        self.steps += self.resident.transitions() as u64;
        Ok(Next::Learn)
    }

    fn learn(&mut self) -> Result<()> {
        self.resident.learn("pqn", self.steps)
    }

    fn report(&mut self, log: &mut Log) {
        let learned = self.resident.report(log);
        log.scalars.insert("loss/value", learned.means[0]);
        log.scalars.insert("value/mean", learned.means[1]);
        log.scalars.insert("policy/epsilon", f64::from(self.epsilon));
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
        state.put_u64("pqn/counters", &[self.steps]);
        self.resident.save(state, "pqn")
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps] = state.counters("pqn/counters")?;
        self.resident.load(state, "pqn")?;
        self.steps = steps;
        Ok(())
    }
}
