//! A stream with its environment: the agent that the trainer runs.

use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Facts, Snapshot};

use super::core::{Algorithm, Core, NetworkSpec, Sums};
use super::options::Options;
use super::policy::StreamNetwork;
use crate::agent::{Agent, Clocks, Episode, Log, Next, Setup};
use crate::common::collector::{as_actions, environment_seed};
use crate::common::head::Head;
use crate::common::restarts::{autoreset, last_observation, restart};
use crate::error::Result;
use crate::network::Rows;
use crate::policy::Policy;
use crate::state::State;

/// Transitions between reports.
const ITERATION: u64 = 1000;

/// One stream.
pub struct StreamAgent<A> {
    facts: Arc<Facts>,
    options: Options,
    limit: u32,
    env: Batch,
    core: Core<A>,
    /// Which network the policy is, and how it acts.
    acting: (usize, Head),
    executed: Vec<u32>,
}

/// Episodes of training end after so many steps.
fn limit(options: &Options, facts: &Facts) -> u32 {
    options.limit(facts)
}

impl<A: Algorithm> StreamAgent<A> {
    /// Starts its environment. `acting` says which network acts, and how.
    ///
    /// # Errors
    /// Those of the environment, and [`crate::Error::Diverged`] if its first observation is no number.
    pub fn new(
        name: &'static str,
        options: &Options,
        setup: &Setup,
        specs: Vec<NetworkSpec>,
        algorithm: A,
        acting: (usize, Head),
    ) -> Result<Self> {
        let facts = setup.facts.clone();
        let limit = limit(options, &facts);
        let batch = BatchOptions::new(1).autoreset_mode(autoreset(&facts)).num_threads(1).max_episode_steps(limit);
        let mut env = setup.make(batch)?;
        env.reset(environment_seed(setup.seed))?;
        let sizes = (facts.observation.flat_elements(), limit);
        let members = vec![(algorithm, setup.seed)];
        let core = Core::new(name, options, sizes, specs, members, facts.action.words());
        let executed = vec![0; facts.action.words()];
        let mut agent = Self { facts, options: options.clone(), limit, env, core, acting, executed };
        agent.observe();
        agent.core.start(0)?;
        agent.core.ready();
        Ok(agent)
    }

    /// Unpacks what the environment shows.
    fn observe(&mut self) {
        unpack(&self.facts, &self.env.observations().flattened(), self.core.observation(0));
    }
}

fn unpack(facts: &Facts, words: &[u32], to: &mut [f32]) {
    let space = &facts.observation;
    Rows::packed(words, space.flat_encoding(), space.flat_elements()).unpack(0, to);
}

impl<A: Algorithm> Agent for StreamAgent<A> {
    fn collect(&mut self, log: &mut Log) -> Result<Next> {
        self.core.act(0, self.env.view().action_masks(), &mut self.executed);
        self.env.step(as_actions(&self.facts, &self.executed))?;
        let view = self.env.view();
        let (terminated, truncated) = (view.terminated()[0], view.truncated()[0]);
        let reward = view.rewards()[0];
        if terminated || truncated {
            let (episode_return, length) = (view.episode_returns()[0], view.episode_lengths()[0]);
            let episode = Episode { episode_return, length, ..Episode::default() };
            log.push(episode, view.episode_infos().unwrap_or_default());
            unpack(&self.facts, &last_observation(&self.env, 0), self.core.observation(0));
        } else {
            self.observe();
        }
        self.core.see(0, reward, terminated, truncated)?;
        Ok(Next::Learn)
    }

    fn process(&mut self) -> Result<()> {
        self.core.judge(self.env.view().action_masks());
        let view = self.env.view();
        if view.terminated()[0] || view.truncated()[0] {
            restart(&mut self.env)?;
            self.observe();
            self.core.start(0)?;
        }
        Ok(())
    }

    fn learn(&mut self) -> Result<()> {
        self.core.learn(self.env.view().action_masks())
    }

    fn report(&mut self, log: &mut Log) {
        let Sums { transitions, errors, values, squares, overshoots } = std::mem::take(&mut self.core.sums);
        if transitions > 0.0 {
            log.scalars.insert("loss/td_error", errors / transitions);
            log.scalars.insert("value/mean", values / transitions);
            log.scalars.insert("loss/value", 0.5 * squares / transitions);
            if self.options.overshoot {
                log.scalars.insert("optimizer/overshoot", overshoots / transitions);
            }
        }
        let mut figure = |name, value| _ = log.scalars.insert(name, value);
        self.core.algorithm(0).report(&mut figure);
    }

    fn is_iteration_over(&self, since: Clocks) -> bool {
        self.core.steps() - since.env_steps >= ITERATION
    }

    fn clocks(&self) -> Clocks {
        let steps = self.core.steps();
        Clocks { env_steps: steps, collections: steps, updates: steps }
    }

    fn policy(&self) -> Policy {
        let (network, head) = &self.acting;
        let plan = self.core.plan(*network);
        let predictor = StreamNetwork::new(plan.clone(), self.core.parameters(0, *network));
        let inputs = super::policy::Inputs::new(&self.options, self.limit, self.core.scaler(0).cloned());
        Policy::of_stream(self.facts.clone(), predictor, head.clone(), inputs)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        self.core.save(0, state);
        state.put_bytes("stream/environment", &self.env.snapshot()?.to_bytes());
        Ok(())
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.core.load(0, state)?;
        self.core.ready();
        self.env.restore(&Snapshot::from_bytes(state.bytes("stream/environment")?)?)?;
        Ok(())
    }
}
