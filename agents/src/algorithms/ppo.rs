//! PPO: proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) with the details of CleanRL's
//! implementation, for discrete, multi-discrete, masked and continuous actions; agents of one environment share a policy.
//!
//! Deviations: running moments of observations and rewards change between rollouts, not within them; a truncated episode
//! bootstraps from the value of its last observation (`truncation = "terminal"` is what CleanRL does).

use std::sync::Arc;

use shadergym_envs::{ActionSpace, Encoding, Facts};
use toml::Table;

use super::Entry;
use crate::agent::{Agent, Log, Setup};
use crate::common::actor_critic::{ActorCritic, Objective, Terms};
use crate::common::build::{self, Networks};
use crate::common::collector::Collector;
use crate::common::learner::Learner;
use crate::common::moments::{ObservationMoments, RewardMoments};
use crate::common::noise::Noise;
use crate::common::returns::gae;
use crate::error::Result;
use crate::network::{Activation, LossSums, Rows};
use crate::optim::Kind as OptimizerKind;
use crate::options::{NetworkKind, Truncation, check, options};
use crate::policy::Policy;
use crate::schedule::Schedule;
use crate::state::State;

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "ppo",
    about: "proximal policy optimisation, on-policy, any action space",
    options: Config::options,
    acts_in: |_| true,
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| {
        let config = Config::checked(table, &setup.facts)?;
        #[cfg(feature = "gpu")]
        if let Some(agent) = crate::resident::ppo(&config, setup, || Ok(config.networks(setup)?.0))? {
            return Ok(agent);
        }
        Ok(Box::new(Ppo::new(config, setup)?))
    },
    policy: |table, setup| Config::checked(table, &setup.facts)?.policy(setup),
};

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
        /// Network: mlp (policy and value apart) or conv (one trunk, by burn).
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
    fn checked(table: &Table, facts: &Facts) -> Result<Self> {
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

    fn networks(&self, setup: &Setup) -> Result<(Box<dyn crate::network::Network>, ActorCritic)> {
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
            init: crate::network::Init::Orthogonal,
        };
        let heads = [("policy", head.policy_outputs(), 0.01), ("value", 1, 1.0)];
        Ok((networks.build(setup, &heads, free)?, head))
    }

    pub(crate) fn policy(&self, setup: &Setup) -> Result<Policy> {
        let (network, head) = self.networks(setup)?;
        Ok(Policy::new(setup.facts.clone(), network, head.head(), self.moments(setup)))
    }

    fn moments(&self, setup: &Setup) -> Option<ObservationMoments> {
        self.normalize_observation.then(|| ObservationMoments::new(setup.facts.observation.flat_elements()))
    }
}

struct Ppo {
    config: Config,
    facts: Arc<Facts>,
    steps: u64,
    total: u64,
    collector: Collector,
    learner: Learner,
    head: ActorCritic,
    observation_moments: Option<ObservationMoments>,
    reward_moments: Option<RewardMoments>,
    shuffles: Noise,
    advantages: Vec<f32>,
    order: Vec<u32>,
}

impl Ppo {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let (network, head) = config.networks(setup)?;
        let head = head.with_noise(Noise::new(setup.seed, "actions"));
        let optimizer = build::optimizer(config.optimizer, config.adam_epsilon, config.weight_decay, network.layout());
        let rows = config.num_envs * setup.facts.agents;
        Ok(Self {
            facts: setup.facts.clone(),
            steps: 0,
            total: setup.steps,
            collector: Collector::new(setup, config.num_envs, config.num_steps)?,
            learner: Learner::new(network, optimizer, config.max_grad_norm),
            head,
            observation_moments: config.moments(setup),
            reward_moments: config.normalize_reward.then(|| RewardMoments::new(rows, config.gamma)),
            shuffles: Noise::new(setup.seed, "minibatches"),
            advantages: Vec::new(),
            order: Vec::new(),
            config,
        })
    }

    /// Normalises the rewards of the newest rollout in place.
    fn scale_rewards(&mut self) {
        let Some(moments) = &mut self.reward_moments else { return };
        let shards: Vec<_> = self.collector.shards().collect();
        let rollout = &mut self.collector.rollout;
        let mut first = 0;
        for (rows, n) in shards {
            let (terminated, truncated) = (&rollout.terminated[rows.clone()], &rollout.truncated[rows.clone()]);
            moments.push(first, n, &rollout.rewards[rows], |i| terminated[i] || truncated[i]);
            first += n;
        }
        moments.normalize(&mut rollout.rewards);
    }
}

impl Agent for Ppo {
    fn iterate(&mut self, log: &mut Log) -> Result<()> {
        if let (0, Some(moments)) = (self.steps, &mut self.observation_moments) {
            // One rollout of random play, at most, so that the first policy sees normalised observations.
            self.steps = self.collector.warm_up(self.config.num_steps.min(128), moments)?;
        }
        self.collector.collect(&*self.learner.network, &self.head, self.observation_moments.as_ref(), log)?;
        self.steps += self.collector.transitions() as u64;
        self.scale_rewards();
        let c = &self.config;
        gae(&self.collector, c.gamma, c.gae_lambda, c.truncation, &mut self.advantages);

        let rollout = &self.collector.rollout;
        let space = &self.facts.observation;
        let rows = Rows::packed(&rollout.observations, space.flat_encoding(), space.flat_elements());
        // The rate of this rollout is that of its first step, as in CleanRL.
        let begun = self.steps - self.collector.transitions() as u64;
        let learning_rate = c.learning_rate * c.schedule.at(begun, self.total);
        let minibatch = rows.len() / c.num_minibatches;
        self.order.clear();
        self.order.extend(0..rows.len() as u32);
        let mut sums = LossSums::default();
        let mut seen = 0.0;
        'passes: for _ in 0..c.update_epochs {
            self.shuffles.shuffle(&mut self.order);
            let mut kl = 0.0;
            // What is left over after equal minibatches waits for the next pass.
            for chosen in self.order.chunks_exact(minibatch).take(c.num_minibatches) {
                let terms = Terms {
                    rollout,
                    advantages: &self.advantages,
                    chosen,
                    objective: c.objective,
                    clip_coef: c.clip_coef,
                    clip_value: c.clip_value,
                    entropy_coef: c.entropy_coef,
                    value_coef: c.value_coef,
                    normalize: c.normalize_advantage,
                };
                let loss = self.head.loss(&terms);
                let of_minibatch =
                    self.learner.update(("ppo", self.steps), rows.select(chosen), &loss, learning_rate)?;
                sums.iter_mut().zip(of_minibatch).for_each(|(sum, x)| *sum += x);
                seen += chosen.len() as f64;
                kl = of_minibatch[3] / chosen.len() as f64;
            }
            if c.target_kl > 0.0 && kl > f64::from(c.target_kl) {
                break 'passes;
            }
        }
        if let Some(moments) = &mut self.observation_moments {
            self.collector.observe(moments);
        }
        let names = ["loss/policy", "loss/value", "policy/entropy", "policy/approx_kl", "policy/clip_fraction"];
        log.scalars.extend(names.into_iter().zip(sums.map(|sum| sum / seen)));
        let values = &self.collector.rollout.values;
        log.scalars.insert("value/mean", values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64);
        log.scalars.insert("value/explained_variance", self.head.explained_variance(&self.collector.rollout, &self.advantages));
        log.scalars.insert("optimizer/learning_rate", f64::from(learning_rate));
        log.scalars.insert("optimizer/grad_norm", f64::from(self.learner.grad_norm()));
        Ok(())
    }

    fn env_steps(&self) -> u64 {
        self.steps
    }

    fn policy(&self) -> Policy {
        let network = self.learner.network.boxed_clone();
        Policy::new(self.facts.clone(), network, self.head.head(), self.observation_moments.clone())
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("ppo/counters", &[self.steps, self.shuffles.counter()]);
        self.learner.save(state, "ppo");
        self.collector.save(state)?;
        if let Some(moments) = &self.observation_moments {
            moments.save(state, "ppo/observations");
        }
        if let Some(moments) = &self.reward_moments {
            moments.save(state, "ppo/rewards");
        }
        Ok(())
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps, shuffles] = state.counters("ppo/counters")?;
        self.steps = steps;
        self.shuffles.set_counter(shuffles);
        self.learner.load(state, "ppo")?;
        self.collector.load(state)?;
        if let Some(moments) = &mut self.observation_moments {
            moments.load(state, "ppo/observations")?;
        }
        if let Some(moments) = &mut self.reward_moments {
            moments.load(state, "ppo/rewards")?;
        }
        Ok(())
    }
}
