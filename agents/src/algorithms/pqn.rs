//! PQN: parallelised Q-network (Gallici et al. 2024, arXiv 2407.04811): Q(λ) over rollouts of many environments, without
//! replay and target network, stabilised by LayerNorm. The λ-returns use the best action values of the pass that acted.

use std::sync::Arc;

use shadergym_envs::Facts;
use toml::Table;

use super::Entry;
use crate::agent::{Agent, Clocks, Log, Next, Setup};
use crate::common::action_values::{ActionValues, check_exploration, discrete, epsilon_at};
use crate::common::build::{self, Networks};
use crate::common::collector::Collector;
use crate::common::learner::Learner;
use crate::common::minibatches::Minibatches;
use crate::common::noise::Noise;
use crate::common::returns::backward;
use crate::error::Result;
use crate::network::{Activation, Init, LossSums, Network, Rows};
use crate::optim::Kind as OptimizerKind;
use crate::options::{NetworkKind, Truncation, check, options};
use crate::policy::Policy;
use crate::schedule::Schedule;
use crate::state::State;
use crate::tasks::Tasks;

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: "pqn",
    about: "parallelised Q-network, on-policy Q(lambda) without replay, discrete actions",
    options: Config::options,
    acts_in: discrete,
    resolve: |table, facts| Ok(Config::checked(table, facts)?.to_table()),
    make: |table, setup| {
        let config = Config::checked(table, &setup.facts)?;
        #[cfg(feature = "gpu")]
        if let Some(agent) = crate::resident::pqn(&config, setup, || config.network(setup, &values_of(setup)))? {
            return Ok(agent);
        }
        Ok(Box::new(Pqn::new(config, setup)?))
    },
    policy: |table, setup| Config::checked(table, &setup.facts)?.policy(setup),
    online: None,
};

options! {
    /// Options of PQN.
    pub struct Config {
        /// Parallel environments.
        num_envs: usize = 32,
        /// Steps of each environment per rollout.
        num_steps: usize = 64,
        /// Passes over each rollout.
        update_epochs: usize = 4,
        /// Minibatches per pass.
        num_minibatches: usize = 16,
        /// Peak learning rate.
        learning_rate: f32 = 1e-4,
        /// Learning rate over the run.
        schedule: Schedule = Schedule::Linear,
        /// Discount factor.
        gamma: f32 = 0.99,
        /// Lambda of the returns.
        lambda: f32 = 0.95,
        /// Share of the run over which epsilon falls from 1.
        exploration_fraction: f32 = 0.2,
        /// Probability of a random action after that.
        final_epsilon: f32 = 0.05,
        /// What rewards are multiplied by.
        reward_scale: f32 = 1.0,
        /// Global norm to which gradients are clipped, 0 = not at all.
        max_grad_norm: f32 = 10.0,
        /// What a time limit means to the value of a state: bootstrap or terminal.
        truncation: Truncation = Truncation::Bootstrap,
        /// Network: mlp or conv.
        network: NetworkKind = NetworkKind::Mlp,
        /// Widths of the hidden layers.
        hidden: Vec<usize> = vec![128, 128],
        /// Activation of the hidden layers.
        activation: Activation = Activation::Relu,
        /// Whether hidden layers are normalised, which is what replaces the target network.
        layer_norm: bool = true,
        /// Optimiser.
        optimizer: OptimizerKind = OptimizerKind::RAdam,
    }
}

impl Config {
    fn checked(table: &Table, facts: &Facts) -> Result<Self> {
        let c = Self::from_table("pqn", table)?;
        check("num_envs", c.num_envs, "1 or more", c.num_envs > 0)?;
        check("num_steps", c.num_steps, "1 or more", c.num_steps > 0)?;
        check("update_epochs", c.update_epochs, "1 or more", c.update_epochs > 0)?;
        let rows = c.num_envs.saturating_mul(c.num_steps).saturating_mul(facts.agents);
        let range = format!("1 to num_envs x num_steps x agents = {rows}");
        check("num_minibatches", c.num_minibatches, &range, (1..=rows).contains(&c.num_minibatches))?;
        build::check_common(c.learning_rate, c.gamma, &c.hidden)?;
        check("lambda", c.lambda, "0 to 1", (0.0..=1.0).contains(&c.lambda))?;
        check("reward_scale", c.reward_scale, "above 0", c.reward_scale > 0.0)?;
        check("max_grad_norm", c.max_grad_norm, "0 (off) or more", c.max_grad_norm >= 0.0)?;
        check_exploration(c.exploration_fraction, c.final_epsilon)?;
        Ok(c)
    }

    fn network(&self, setup: &Setup, values: &ActionValues) -> Result<Box<dyn Network>> {
        let (kind, hidden, layer_norm) = (self.network, &self.hidden, self.layer_norm);
        let networks = Networks { kind, hidden, activation: self.activation, layer_norm, init: Init::LecunNormal };
        networks.build(setup, &values.heads(), None)
    }

    pub(crate) fn policy(&self, setup: &Setup) -> Result<Policy> {
        let values = values_of(setup);
        let network = self.network(setup, &values)?;
        Ok(Policy::new(setup.facts.clone(), network, values.head(self.final_epsilon), None))
    }
}

/// Action values of the environment, whose noise chooses actions.
fn values_of(setup: &Setup) -> ActionValues {
    ActionValues::new(&setup.facts, false, Noise::new(setup.seed, "actions"))
}

struct Pqn {
    config: Config,
    facts: Arc<Facts>,
    steps: u64,
    total: u64,
    collector: Collector,
    learner: Learner,
    values: ActionValues,
    minibatches: Minibatches,
    returns: Vec<f32>,
    /// Of the newest updates: learning rate, and the means of the sums of the loss; None if nothing was learned.
    learning_rate: f32,
    means: Option<LossSums>,
}

impl Pqn {
    fn new(config: Config, setup: &Setup) -> Result<Self> {
        let values = values_of(setup);
        let network = config.network(setup, &values)?;
        let optimizer = build::optimizer(config.optimizer, 1e-8, 0.0, network.layout());
        Ok(Self {
            facts: setup.facts.clone(),
            steps: 0,
            total: setup.steps,
            collector: Collector::new(setup, config.num_envs, config.num_steps)?,
            learner: Learner::new(network, optimizer, config.max_grad_norm),
            values,
            minibatches: Minibatches::new(setup.seed),
            returns: Vec::new(),
            learning_rate: 0.0,
            means: None,
            config,
        })
    }
}

impl Agent for Pqn {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        let c = &self.config;
        self.values.epsilon = epsilon_at(self.steps, self.total, c.final_epsilon, c.exploration_fraction);
        self.learning_rate = c.learning_rate * c.schedule.at(self.steps, self.total);
        self.collector.collect(&*self.learner.network, &self.values, None, tasks, log)?;
        self.steps += self.collector.transitions() as u64;
        Ok(tasks.map_or(Next::Learn, Tasks::next))
    }

    fn process(&mut self) {
        let c = &self.config;
        self.collector.rollout.rewards.iter_mut().for_each(|r| *r *= c.reward_scale);
        lambda_returns(&self.collector, c.gamma, c.lambda, c.truncation, &mut self.returns);
    }

    fn learn(&mut self) -> Result<()> {
        let (c, learning_rate) = (&self.config, self.learning_rate);
        let (rollout, space, learner) = (&self.collector.rollout, &self.facts.observation, &mut self.learner);
        let (values, returns) = (&self.values, &self.returns);
        let rows = Rows::packed(&rollout.observations, space.flat_encoding(), space.flat_elements());
        let update = |chosen: &[u32]| {
            let n = chosen.len() as f32;
            let loss = |range: std::ops::Range<usize>, outputs: &[f32], gradient: &mut [f32]| {
                let width = outputs.len() / range.len();
                let mut sums = LossSums::default();
                let rows_of = outputs.chunks_exact(width).zip(gradient.chunks_exact_mut(width));
                for (&row, (outputs, gradient)) in chosen[range].iter().zip(rows_of) {
                    let action = rollout.actions[row as usize] as usize;
                    let value = values.value_of(outputs, action);
                    let error = value - returns[row as usize];
                    values.backward(action, error * (1.0 / n), gradient);
                    sums[0] += f64::from(0.5 * error * error);
                    sums[1] += f64::from(value);
                }
                sums
            };
            learner.update(("pqn", self.steps), rows.select(chosen), &loss, learning_rate)
        };
        self.means = Some(self.minibatches.passes(c.update_epochs, rows.len(), c.num_minibatches, update, |_| true)?);
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        if let Some(means) = self.means.take() {
            log.scalars.insert("loss/value", means[0]);
            log.scalars.insert("value/mean", means[1]);
        }
        log.scalars.insert("policy/epsilon", f64::from(self.values.epsilon));
        log.scalars.insert("optimizer/learning_rate", f64::from(self.learning_rate));
        log.scalars.insert("optimizer/grad_norm", f64::from(self.learner.grad_norm()));
    }

    fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.steps, collections: self.collector.rollouts(), updates: self.learner.updates() }
    }

    fn policy(&self, _: usize) -> Policy {
        let network = self.learner.network.boxed_clone();
        Policy::new(self.facts.clone(), network, self.values.head(self.config.final_epsilon), None)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("pqn/counters", &[self.steps]);
        self.minibatches.save(state);
        self.learner.save(state, "pqn");
        self.collector.save(state)
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let [steps] = state.counters("pqn/counters")?;
        self.steps = steps;
        self.minibatches.load(state)?;
        self.learner.load(state, "pqn")?;
        self.collector.load(state)
    }
}

/// λ-returns over the newest rollout, where the value of a state is its best action value in the pass that acted:
/// G = r + γ (λ G' + (1 - λ) max Q'), fills `returns` `[rows]`.
fn lambda_returns(collector: &Collector, gamma: f32, lambda: f32, truncation: Truncation, returns: &mut Vec<f32>) {
    let rollout = &collector.rollout;
    returns.resize(rollout.rewards.len(), 0.0);
    backward(collector, truncation, |row, next| {
        let ahead = match next.row {
            Some(later) => lambda * returns[later] + (1.0 - lambda) * next.value,
            None => next.value,
        };
        returns[row] = rollout.rewards[row] + gamma * ahead;
    });
}
