//! PPO over sequences (Schulman et al. 2017, arXiv 1707.06347) with a network that remembers: a structured state-space model as in
//! Lu et al. 2023 (arXiv 2303.03982), a gated recurrent unit or attention. The loss is that of `ppo`.
//!
//! Minibatches are whole sequences: rollouts of instances, or pieces of them of `sequence_length` steps, each with what it carried
//! into its first step when it was recorded, so episodes begin exactly where they did. A truncated episode bootstraps from the
//! value of its last observation, taken while what it remembered is there.

#[path = "recurrent_ppo/config.rs"]
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
use crate::network::{LossSums, Rows, Sequences};
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "recurrent_ppo",
    about: "PPO with a memory: S5, S4D, LSSL, a gated recurrent unit or attention; any action space",
    options: Config::options,
    acts_in: |_| true,
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| {
        let config = Config::checked(table, &setup.facts)?;
        Ok(Box::new(RecurrentPpo::new(config, setup)?))
    },
    policy: |table, setup| Ok(Config::checked(table, &setup.facts)?.policy(setup)),
    online: None,
};

struct RecurrentPpo {
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
    /// Of the newest updates, as in `ppo`.
    learning_rate: f32,
    means: Option<LossSums>,
}

impl RecurrentPpo {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let (network, head) = config.network(setup);
        let optimizer = build::optimizer(config.optimizer, config.adam_epsilon, config.weight_decay, network.layout());
        Ok(Self {
            facts: setup.facts.clone(),
            steps: 0,
            total: setup.steps,
            collector: Collector::new(setup, config.num_envs, config.num_steps)?.in_sequences(config.sequence_steps()),
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

impl Agent for RecurrentPpo {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        let c = &self.config;
        if self.steps == 0 {
            // As `ppo` does it.
            self.steps = self.normalizers.warm_up(&mut self.collector, c.num_steps.min(128), tasks)?;
        }
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
        let (steps, sequences): (usize, Vec<_>) = (self.collector.sequence_steps(), self.collector.sequences().collect());
        let width = rollout.carries.len() / sequences.len();
        let (mut chosen, mut carries) = (Vec::new(), Vec::new());
        let update = |of: &[u32]| {
            chosen.clear();
            carries.clear();
            for &sequence in of {
                let (first, distance) = sequences[sequence as usize];
                chosen.extend((0..steps).map(|t| (first + t * distance) as u32));
                carries.extend_from_slice(&rollout.carries[sequence as usize * width..][..width]);
            }
            let (hints, starts) = (&rollout.hints[..], &rollout.starts[..]);
            let batch = Sequences { rows, hints, starts, chosen: &chosen, steps, carries: &carries };
            let sums = learner.update_over((AGENT.name, self.steps), batch, &terms.of(&chosen), learning_rate)?;
            // Minibatches count sequences.
            Ok(sums.map(|sum| sum / steps as f64))
        };
        let go_on = |last: &LossSums| c.target_kl == 0.0 || last[3] <= f64::from(c.target_kl);
        let passes = self.minibatches.passes(c.update_epochs, sequences.len(), c.num_minibatches, update, go_on)?;
        self.means = Some(passes);
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        ppo::report(self.means.take(), &self.collector.rollout.values, &self.advantages, log);
        log.scalars.insert("optimizer/learning_rate", f64::from(self.learning_rate));
        log.scalars.insert("optimizer/grad_norm", f64::from(self.learner.grad_norm()));
        if let Some(largest) = self.learner.network.largest_eigenvalue() {
            // States of eigenvalues above 0 grow without bound; `clip_eigenvalues` keeps them below.
            log.scalars.insert("states/largest_eigenvalue", f64::from(largest));
        }
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
        state.put_u64("recurrent_ppo/counters", &[self.steps]);
        self.minibatches.save(state);
        self.learner.save(state, "recurrent_ppo");
        self.normalizers.save(state, "recurrent_ppo");
        self.collector.save(state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps] = state.counters("recurrent_ppo/counters")?;
        self.steps = steps;
        self.minibatches.load(state)?;
        self.learner.load(state, "recurrent_ppo")?;
        self.normalizers.load(state, "recurrent_ppo")?;
        self.collector.load(state)
    }
}
