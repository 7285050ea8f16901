//! PPO: proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347) with the details of CleanRL's
//! implementation, for discrete, multi-discrete, masked and continuous actions; agents of one environment share a policy.
//!
//! Deviations: running moments of observations and rewards change between rollouts, not within them; a truncated episode
//! bootstraps from the value of its last observation (`truncation = "terminal"` is what CleanRL does).

#[path = "ppo/config.rs"]
mod config;

use std::sync::Arc;

pub use config::Config;
use shadergym_envs::Facts;

use super::Entry;
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::common::actor_critic::ActorCritic;
use crate::common::build;
use crate::common::collector::Collector;
use crate::common::head::Head;
use crate::common::learner::Learner;
use crate::common::minibatches::Minibatches;
use crate::common::moments::Normalizers;
use crate::common::noise::Noise;
use crate::common::ppo::{self, Terms, gae};
use crate::error::Result;
use crate::network::{LossSums, Rows};
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

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
    online: None,
};

struct Ppo {
    config: Config,
    facts: Arc<Facts>,
    steps: u64,
    total: u64,
    collector: Collector,
    learner: Learner,
    head: ActorCritic,
    normalizers: Normalizers,
    minibatches: Minibatches,
    advantages: Vec<f32>,
    /// Of the newest updates: learning rate, and the means of the sums of the loss; None if nothing was learned.
    learning_rate: f32,
    means: Option<LossSums>,
}

impl Ppo {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let (network, head) = config.networks(setup)?;
        let optimizer = build::optimizer(config.optimizer, config.adam_epsilon, config.weight_decay, network.layout());
        Ok(Self {
            facts: setup.facts.clone(),
            steps: 0,
            total: setup.steps,
            collector: Collector::new(setup, config.num_envs, config.num_steps)?,
            learner: Learner::new(network, optimizer, config.max_grad_norm),
            head: head.with_noise(Noise::new(setup.seed, "actions")),
            normalizers: config.normalizers(setup),
            minibatches: Minibatches::new(setup.seed),
            advantages: Vec::new(),
            learning_rate: 0.0,
            means: None,
            config,
        })
    }
}

impl Agent for Ppo {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        let c = &self.config;
        if self.steps == 0 {
            // One rollout of random play, at most, so that the first policy sees normalised observations.
            self.steps = self.normalizers.warm_up(&mut self.collector, c.num_steps.min(128), tasks)?;
        }
        // The rate of this rollout is that of its first step, as in CleanRL.
        self.learning_rate = c.learning_rate * c.schedule.at(self.steps, self.total);
        let observations = self.normalizers.observations.as_ref();
        self.collector.collect(&*self.learner.network, &self.head, observations, tasks, log)?;
        self.steps += self.collector.transitions() as u64;
        Ok(tasks.map_or(Next::Learn, Tasks::next))
    }

    fn process(&mut self) {
        let c = &self.config;
        self.normalizers.scale_rewards(&mut self.collector);
        gae(&self.collector, c.gamma, c.gae_lambda, c.truncation, &mut self.advantages);
        self.normalizers.observe(&self.collector);
    }

    fn learn(&mut self) -> Result<()> {
        let (c, learning_rate) = (&self.config, self.learning_rate);
        let (rollout, space, learner) = (&self.collector.rollout, &self.facts.observation, &mut self.learner);
        let rows = Rows::packed(&rollout.observations, space.flat_encoding(), space.flat_elements());
        let terms = Terms { loss: c.loss(), head: &self.head, rollout, advantages: &self.advantages };
        let update = |chosen: &[u32]| {
            learner.update(("ppo", self.steps), rows.select(chosen), &terms.of(chosen), learning_rate)
        };
        let go_on = |last: &LossSums| c.target_kl == 0.0 || last[3] <= f64::from(c.target_kl);
        self.means = Some(self.minibatches.passes(c.update_epochs, rows.len(), c.num_minibatches, update, go_on)?);
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        ppo::report(self.means.take(), &self.collector.rollout.values, &self.advantages, log);
        log.scalars.insert("optimizer/learning_rate", f64::from(self.learning_rate));
        log.scalars.insert("optimizer/grad_norm", f64::from(self.learner.grad_norm()));
    }

    fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.steps, collections: self.collector.rollouts(), updates: self.learner.updates() }
    }

    fn policy(&self, _: usize) -> Policy {
        let network = self.learner.network.boxed_clone();
        let head = Head::Policy(self.head.distribution.clone());
        Policy::new(self.facts.clone(), network, head, self.normalizers.observations.clone())
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("ppo/counters", &[self.steps]);
        self.minibatches.save(state);
        self.learner.save(state, "ppo");
        self.normalizers.save(state, "ppo");
        self.collector.save(state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps] = state.counters("ppo/counters")?;
        self.steps = steps;
        self.minibatches.load(state)?;
        self.learner.load(state, "ppo")?;
        self.normalizers.load(state, "ppo")?;
        self.collector.load(state)
    }
}
