//! PPO on the device: which options can learn there, and what they report.

use super::Learned;
use super::agent::{Options, known};
use super::plan::Learning;
use crate::agent::{Log, Setup};
use crate::algorithms::ppo::Config;
use crate::error::Result;
use crate::optim::Kind as OptimizerKind;
use crate::policy::Policy;

impl Options for Config {
    const NAME: &'static str = "ppo";

    fn learning(&self) -> Option<Learning> {
        let other = self.normalize_observation || self.normalize_reward || self.weight_decay != 0.0;
        (!other && known(self.network, self.optimizer)).then(|| Learning {
            action_values: false,
            num_envs: self.num_envs,
            steps: self.num_steps,
            epochs: self.update_epochs,
            minibatches: self.num_minibatches,
            objective: self.objective,
            clip_coef: self.clip_coef,
            clip_value: self.clip_value,
            normalize: self.normalize_advantage,
            entropy_coef: self.entropy_coef,
            value_coef: self.value_coef,
            gamma: self.gamma,
            lambda: self.gae_lambda,
            reward_scale: 1.0,
            truncation: self.truncation,
            max_grad_norm: self.max_grad_norm,
            adam_epsilon: self.adam_epsilon,
            rectified: self.optimizer == OptimizerKind::RAdam,
            target_kl: self.target_kl,
            activation: self.activation,
            layer_norm: false,
        })
    }

    fn rates(&self, step: u64, total: u64) -> (f32, f32) {
        (self.learning_rate * self.schedule.at(step, total), 0.0)
    }

    fn report(&self, learned: &Learned, _: f32, log: &mut Log) {
        let names = ["loss/policy", "loss/value", "policy/entropy", "policy/approx_kl", "policy/clip_fraction"];
        log.scalars.extend(names.into_iter().zip(learned.means));
        log.scalars.insert("value/mean", learned.value);
        log.scalars.insert("value/explained_variance", learned.explained_variance);
    }

    fn policy(&self, setup: &Setup) -> Result<Policy> {
        Config::policy(self, setup)
    }
}
