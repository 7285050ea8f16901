//! Options of PPO, and its network.

use shadergym_envs::{ActionSpace, Encoding, Facts};
use toml::Table;

use crate::agent::Setup;
use crate::common::actor_critic::ActorCritic;
use crate::common::build::{self, Networks};
use crate::common::head::Head;
use crate::common::moments::Normalizers;
use crate::common::ppo::{Loss, Objective};
use crate::error::Result;
use crate::network::{Activation, Init, Network};
use crate::optim::Kind as OptimizerKind;
use crate::options::{NetworkKind, Truncation, check, options};
use crate::policy::Policy;
use crate::schedule::Schedule;

options! {
    /// Options of PPO.
    pub struct Config {
        /// Parallel environments.
        num_envs: usize = 8,
        /// Steps of each environment per rollout.
        num_steps: usize = 128,
        /// Passes over each rollout.
        update_epochs: usize = 4,
        /// Minibatches per pass.
        num_minibatches: usize = 4,
        /// Peak learning rate.
        learning_rate: f32 = 2.5e-4,
        /// Learning rate over the run.
        schedule: Schedule = Schedule::Linear,
        /// Discount factor.
        gamma: f32 = 0.99,
        /// Lambda of the generalised advantage estimation.
        gae_lambda: f32 = 0.95,
        /// What is maximised: clip (PPO) or dpo (the drift that was discovered for DPO, Lu et al. 2022).
        objective: Objective = Objective::Clip,
        /// Clipping range of the probability ratio.
        clip_coef: f32 = 0.2,
        /// Whether the value loss is clipped by the same range.
        clip_value: bool = true,
        /// Weight of the entropy bonus.
        entropy_coef: f32 = 0.01,
        /// Weight of the value loss.
        value_coef: f32 = 0.5,
        /// Global norm to which gradients are clipped, 0 = not at all.
        max_grad_norm: f32 = 0.5,
        /// Approximate KL divergence at which the passes over a rollout end early, 0 = never.
        target_kl: f32 = 0.0,
        /// Whether advantages have mean 0 and variance 1 in each minibatch.
        normalize_advantage: bool = true,
        /// Whether observations are normalised by running moments and clipped to ±10 (float observations only).
        normalize_observation: bool = false,
        /// Whether rewards are scaled by the running deviation of the discounted return and clipped to ±10.
        normalize_reward: bool = false,
        /// What a time limit means to the value of a state: bootstrap or terminal.
        truncation: Truncation = Truncation::Bootstrap,
        /// Network: mlp (policy and value apart) or conv (one trunk).
        network: NetworkKind = NetworkKind::Mlp,
        /// Widths of the hidden layers.
        hidden: Vec<usize> = vec![64, 64],
        /// Activation of the hidden layers.
        activation: Activation = Activation::Tanh,
        /// Initial log standard deviation of continuous actions, in units of half the action range.
        log_std: f32 = 0.0,
        /// Optimiser.
        optimizer: OptimizerKind = OptimizerKind::Adam,
        /// Epsilon of the optimiser.
        adam_epsilon: f32 = 1e-5,
        /// Decoupled weight decay (adamw, lamb).
        weight_decay: f32 = 0.0,
    }
}

impl Config {
    pub(super) fn checked(table: &Table, facts: &Facts) -> Result<Self> {
        let c = Self::from_table("ppo", table)?;
        check("num_envs", c.num_envs, "1 or more", c.num_envs > 0)?;
        check("num_steps", c.num_steps, "1 or more", c.num_steps > 0)?;
        check("update_epochs", c.update_epochs, "1 or more", c.update_epochs > 0)?;
        let rows = c.num_envs.saturating_mul(c.num_steps).saturating_mul(facts.agents);
        let range = format!("1 to num_envs x num_steps x agents = {rows}");
        check("num_minibatches", c.num_minibatches, &range, (1..=rows).contains(&c.num_minibatches))?;
        build::check_common(c.learning_rate, c.gamma, &c.hidden)?;
        check("gae_lambda", c.gae_lambda, "0 to 1", (0.0..=1.0).contains(&c.gae_lambda))?;
        check("clip_coef", c.clip_coef, "above 0", c.clip_coef > 0.0)?;
        for (name, value) in [("entropy_coef", c.entropy_coef), ("value_coef", c.value_coef)] {
            check(name, value, "0 or more", value >= 0.0)?;
        }
        for (name, value) in [("max_grad_norm", c.max_grad_norm), ("target_kl", c.target_kl)] {
            check(name, value, "0 (off) or more", value >= 0.0)?;
        }
        check("adam_epsilon", c.adam_epsilon, "above 0, at most 1", c.adam_epsilon > 0.0 && c.adam_epsilon <= 1.0)?;
        check("weight_decay", c.weight_decay, "0 to 1", (0.0..=1.0).contains(&c.weight_decay))?;
        check("log_std", c.log_std, "-10 to 2", (-10.0..=2.0).contains(&c.log_std))?;
        let packed = facts.observation.flat_encoding() != Encoding::F32;
        check("normalize_observation", true, "false: observations are packed", !(c.normalize_observation && packed))?;
        Ok(c)
    }

    pub(super) fn networks(&self, setup: &Setup) -> Result<(Box<dyn Network>, ActorCritic)> {
        let free = match &setup.facts.action {
            ActionSpace::Box { low, .. } => Some(("log_std", vec![self.log_std; low.len()])),
            _ => None,
        };
        let head = ActorCritic::new(&setup.facts);
        let networks = Networks {
            kind: self.network,
            hidden: &self.hidden,
            activation: self.activation,
            layer_norm: false,
            init: Init::Orthogonal,
        };
        let heads = [("policy", head.policy_outputs(), 0.01), ("value", 1, 1.0)];
        Ok((networks.build(setup, &heads, free)?, head))
    }

    pub(crate) fn policy(&self, setup: &Setup) -> Result<Policy> {
        let (network, head) = self.networks(setup)?;
        Ok(Policy::new(
            setup.facts.clone(),
            network,
            Head::Policy(head.distribution),
            self.normalizers(setup).observations,
        ))
    }

    pub(super) fn loss(&self) -> Loss {
        Loss {
            objective: self.objective,
            clip_coef: self.clip_coef,
            clip_value: self.clip_value,
            entropy_coef: self.entropy_coef,
            value_coef: self.value_coef,
            normalize_advantage: self.normalize_advantage,
        }
    }

    pub(super) fn normalizers(&self, setup: &Setup) -> Normalizers {
        let observations = self.normalize_observation.then(|| setup.facts.observation.flat_elements());
        let rewards = self.normalize_reward.then(|| (self.num_envs * setup.facts.agents, self.gamma));
        Normalizers::new(observations, rewards)
    }
}
