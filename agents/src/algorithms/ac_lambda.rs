//! AC(λ): the actor-critic with eligibility traces that learns from each transition as it is made, without replay, with one
//! network for both and RMSProp: a baseline that bounds its steps in no way, beside the streaming agents that do.
//!
//! Source: Young and Tian 2019, "MinAtar: An Atari-Inspired Testbed" (arXiv 1903.03176), whose published curves are of 5 million
//! frames on the v0 ids. The order of the steps of an update is that of their program (`ac_lambda/learner.rs`).
//!
//! Deviations: RMSProp's start is corrected by the number of updates, theirs by one more; where a time limit cuts an episode
//! off, of which MinAtar has none, the value of its last observation counts (`truncation = "terminal"` is the other way); masks
//! of legal actions are respected.

#[path = "ac_lambda/activations.rs"]
mod activations;
#[path = "ac_lambda/kernels.rs"]
mod kernels;
#[path = "ac_lambda/learner.rs"]
mod learner;
#[path = "ac_lambda/network.rs"]
mod network;
#[cfg(test)]
#[path = "ac_lambda/tests.rs"]
mod tests;

use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Facts, Snapshot};
use toml::Table;

use super::Entry;
use crate::agent::{Agent, Clocks, Episode, Log, Next, Setup};
use crate::common::build::check_common;
use crate::common::collector::environment_seed;
use crate::common::distribution::Distribution;
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::common::restarts::{Restarts, autoreset, last_observation};
use crate::error::{Error, Result};
use crate::network::Rows;
use crate::options::{NetworkKind, Truncation, check, options};
use crate::policy::Policy;
use crate::state::State;
use crate::streaming::{self, Plan};
use crate::tasks::Tasks;
use learner::{Learner, Outcome, Rule, Told};

const NAME: &str = "ac_lambda";

/// What the rest of the crate knows of it.
pub const AGENT: Entry = Entry {
    name: NAME,
    about: "actor-critic(lambda) of MinAtar's authors: from one transition at a time, RMSProp, discrete actions",
    options: Config::options,
    acts_in: streaming::discrete,
    resolve: |table, _| Ok(Config::checked(table)?.to_table()),
    make: |table, setup| Ok(Box::new(AcLambda::new(&Config::checked(table)?, setup)?)),
    policy: |table, setup| {
        let learner = Config::checked(table)?.learner(setup)?;
        Ok(policy(&setup.facts, &learner))
    },
    // The next action is chosen before the step, so it would learn of its own actions only, as SARSA; nobody asked for it yet.
    online: None,
};

options! {
    /// Options of AC(λ).
    pub struct Config {
        /// Learning rate.
        learning_rate: f32 = 4.882_812_5e-4,
        /// Discount factor.
        gamma: f32 = 0.99,
        /// Decay of the eligibility traces.
        lambda: f32 = 0.8,
        /// Weight of the entropy, which is not traced.
        entropy_coef: f32 = 0.01,
        /// Decay of RMSProp's running squares.
        beta2: f32 = 0.999,
        /// Added to the running squares under the root.
        epsilon: f32 = 1e-4,
        /// What a time limit means to the value of a state: bootstrap or terminal.
        truncation: Truncation = Truncation::Bootstrap,
        /// Network: mlp or conv.
        network: NetworkKind = NetworkKind::Mlp,
        /// Widths of the hidden layers that actor and critic share.
        hidden: Vec<usize> = vec![128],
    }
}

impl Config {
    fn checked(table: &Table) -> Result<Self> {
        let c = Self::from_table(NAME, table)?;
        check_common(c.learning_rate, c.gamma, &c.hidden)?;
        check("lambda", c.lambda, "0 to 1", (0.0..=1.0).contains(&c.lambda))?;
        check("entropy_coef", c.entropy_coef, "0 or more", c.entropy_coef >= 0.0)?;
        check("beta2", c.beta2, "0 or more, below 1", (0.0..1.0).contains(&c.beta2))?;
        check("epsilon", c.epsilon, "above 0", c.epsilon > 0.0)?;
        Ok(c)
    }

    fn plan(&self, facts: &Facts) -> Result<Arc<Plan>> {
        let outputs = Distribution::of(&facts.action).outputs() + 1;
        network::plan(self.network, &self.hidden, outputs, &facts.into())
    }

    fn learner(&self, setup: &Setup) -> Result<Learner> {
        let Self { learning_rate, gamma, lambda, entropy_coef, beta2, epsilon, .. } = *self;
        let rule = Rule { learning_rate, gamma, lambda, entropy_coef, beta2, epsilon };
        Ok(Learner::new(self.plan(&setup.facts)?, rule, Noise::new(setup.seed, "networks").bits()))
    }
}

/// What acts as a learner does.
fn policy(facts: &Arc<Facts>, learner: &Learner) -> Policy {
    let head = Head::Policy(Distribution::of(&facts.action));
    Policy::new(facts.clone(), Box::new(learner.network()), head, None)
}

/// Transitions between reports.
const ITERATION: u64 = 1000;

/// Sums since the last report.
#[derive(Debug, Default)]
struct Sums {
    transitions: f64,
    errors: f64,
    squares: f64,
    values: f64,
    entropies: f64,
}

/// The learner with its environment.
struct AcLambda {
    facts: Arc<Facts>,
    truncation: Truncation,
    /// Steps of the whole run, and so far.
    total: u64,
    steps: u64,
    env: Batch,
    restarts: Restarts,
    learner: Learner,
    distribution: Distribution,
    noise: Noise,
    /// What was chosen for the state that the environment is in.
    action: u32,
    begun: bool,
    /// What came of it.
    outcome: Outcome,
    sums: Sums,
}

impl AcLambda {
    fn new(config: &Config, setup: &Setup) -> Result<Self> {
        let facts = setup.facts.clone();
        let mode = autoreset(&facts, setup.tasks.is_some());
        let mut env = setup.make(BatchOptions::new(1).autoreset_mode(mode).num_threads(1))?;
        env.reset(environment_seed(setup.seed))?;
        Ok(Self {
            truncation: config.truncation,
            total: setup.steps,
            steps: 0,
            env,
            restarts: Restarts::new(setup, 0),
            learner: config.learner(setup)?,
            distribution: Distribution::of(&facts.action),
            noise: Noise::new(setup.seed, "actions"),
            action: 0,
            begun: false,
            outcome: Outcome { reward: 0.0, bootstraps: false, done: false },
            sums: Sums::default(),
            facts,
        })
    }

    fn bad(&self, what: &str, value: f32) -> Error {
        Error::Diverged { agent: NAME.to_owned(), step: self.steps, what: what.to_owned(), value: f64::from(value) }
    }

    /// Unpacks an observation for the learner.
    fn observe(&mut self, words: Option<&[u32]>) -> Result<()> {
        let space = &self.facts.observation;
        let seen = self.env.observations().flattened();
        let rows = Rows::packed(words.unwrap_or(&seen), space.flat_encoding(), space.flat_elements());
        let input = self.learner.input();
        rows.unpack(0, input);
        let bad = input.iter().copied().find(|x| !x.is_finite());
        bad.map_or(Ok(()), |bad| Err(self.bad("an observation", bad)))
    }

    /// Begins an episode where the environment does.
    fn start(&mut self) -> Result<()> {
        self.observe(None)?;
        let Self { env, learner, distribution, noise, action, steps, .. } = self;
        let view = env.view();
        let mask = view.action_masks();
        learner.start(mask, &mut |logits| chosen(distribution, noise, *steps, logits, mask, action));
        Ok(())
    }
}

/// Draws the action of a step of the run.
fn chosen(
    distribution: &Distribution,
    noise: &Noise,
    step: u64,
    logits: &[f32],
    mask: Option<&[u32]>,
    action: &mut u32,
) -> usize {
    distribution.sample(logits, mask, &mut noise.at(step, 0), std::slice::from_mut(action));
    *action as usize
}

impl Agent for AcLambda {
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        if !self.begun {
            self.restarts.begin(&mut self.env, tasks)?;
            self.start()?;
            self.begun = true;
        }
        self.env.step(&[self.action][..])?;
        let view = self.env.view();
        let (reward, terminated, truncated) = (view.rewards()[0], view.terminated()[0], view.truncated()[0]);
        if !reward.is_finite() {
            return Err(self.bad("the reward", reward));
        }
        let done = terminated || truncated;
        let bootstraps = !terminated && (!truncated || self.truncation == Truncation::Bootstrap);
        self.outcome = Outcome { reward, bootstraps, done };
        if done {
            let (episode_return, length) = (view.episode_returns()[0], view.episode_lengths()[0]);
            let (task, numbers) = self.restarts.task(0);
            let episode = Episode { episode_return, length, task, ..Episode::default() };
            log.push(episode, view.episode_infos().unwrap_or_default(), numbers);
            let last = last_observation(&self.env, 0).into_owned();
            self.observe(Some(&last))?;
            self.restarts.restart(&mut self.env, tasks)?;
        } else {
            self.observe(None)?;
        }
        Ok(Next::Learn)
    }

    fn learn(&mut self) -> Result<()> {
        self.steps += 1;
        let Self { env, learner, distribution, noise, action, steps, outcome, .. } = self;
        let view = env.view();
        let mask = view.action_masks();
        let mut choose = |logits: &[f32]| chosen(distribution, noise, *steps, logits, mask, action);
        let told = learner.step(*outcome, mask, &mut choose);
        let Told { delta, value, entropy } = told.map_err(|delta| self.bad("the TD error", delta))?;
        let sums = &mut self.sums;
        sums.transitions += 1.0;
        sums.errors += f64::from(delta.abs());
        sums.squares += f64::from(delta) * f64::from(delta);
        sums.values += f64::from(value);
        sums.entropies += f64::from(entropy);
        if self.outcome.done {
            self.start()?;
        }
        Ok(())
    }

    fn report(&mut self, log: &mut Log) {
        let Sums { transitions, errors, squares, values, entropies } = std::mem::take(&mut self.sums);
        if transitions > 0.0 {
            log.scalars.insert("loss/td_error", errors / transitions);
            log.scalars.insert("loss/value", 0.5 * squares / transitions);
            log.scalars.insert("value/mean", values / transitions);
            log.scalars.insert("policy/entropy", entropies / transitions);
        }
    }

    fn is_iteration_over(&self, since: Clocks) -> bool {
        self.steps - since.env_steps >= ITERATION || self.steps >= self.total
    }

    fn clocks(&self) -> Clocks {
        Clocks { env_steps: self.steps, collections: self.steps, updates: self.steps }
    }

    fn policy(&self, _: usize) -> Policy {
        policy(&self.facts, &self.learner)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        self.learner.save(state, NAME);
        state.put_u64("ac_lambda/counters", &[self.steps, u64::from(self.action), u64::from(self.begun)]);
        state.put_bytes("ac_lambda/environment", &self.env.snapshot()?.to_bytes());
        self.restarts.save(state, "ac_lambda/tasks");
        Ok(())
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.learner.load(state, NAME)?;
        let [steps, action, begun] = state.counters("ac_lambda/counters")?;
        (self.steps, self.action, self.begun) = (steps, action as u32, begun != 0);
        self.env.restore(&Snapshot::from_bytes(state.bytes("ac_lambda/environment")?)?)?;
        self.restarts.load(state, "ac_lambda/tasks")
    }
}
