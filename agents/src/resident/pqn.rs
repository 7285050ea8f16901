//! PQN on the device: which options can learn there, and what they report.

use super::Learned;
use super::agent::{Options, known};
use super::plan::Learning;
use crate::agent::{Log, Setup};
use crate::algorithms::pqn::Config;
use crate::common::action_values::epsilon_at;
use crate::common::actor_critic::Objective;
use crate::error::Result;
use crate::optim::Kind as OptimizerKind;
use crate::policy::Policy;

impl Options for Config {
    const NAME: &'static str = "pqn";

    fn learning(&self) -> Option<Learning> {
        known(self.network, self.optimizer).then(|| Learning {
            action_values: true,
            num_envs: self.num_envs,
            steps: self.num_steps,
            epochs: self.update_epochs,
            minibatches: self.num_minibatches,
            objective: Objective::Clip,
            clip_coef: 0.0,
            clip_value: false,
            normalize: false,
            entropy_coef: 0.0,
            value_coef: 1.0,
            gamma: self.gamma,
            lambda: self.lambda,
            reward_scale: self.reward_scale,
            truncation: self.truncation,
            max_grad_norm: self.max_grad_norm,
            adam_epsilon: 1e-8,
            rectified: self.optimizer == OptimizerKind::RAdam,
            target_kl: 0.0,
            activation: self.activation,
            layer_norm: self.layer_norm,
        })
    }

    fn rates(&self, step: u64, total: u64) -> (f32, f32) {
        let epsilon = epsilon_at(step, total, self.final_epsilon, self.exploration_fraction);
        (self.learning_rate * self.schedule.at(step, total), epsilon)
    }

    fn report(&self, learned: &Learned, epsilon: f32, log: &mut Log) {
        log.scalars.insert("loss/value", learned.means[0]);
        log.scalars.insert("value/mean", learned.means[1]);
        log.scalars.insert("policy/epsilon", f64::from(epsilon));
    }

    fn policy(&self, setup: &Setup) -> Result<Policy> {
        Config::policy(self, setup)
    }
}
