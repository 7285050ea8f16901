//! A stream with its environment: the agent that the trainer runs.

use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Facts, Snapshot};

use super::algorithm::{Algorithm, Parts};
use super::core::{Core, Sums};
use super::interface::Interface;
use super::options::Options;
use super::policy::{Inputs, StreamNetwork};
use crate::agent::{Agent, Clocks, Episode, Log, Next, Setup};
use crate::common::collector::{as_actions, environment_seed};
use crate::common::head::Head;
use crate::common::restarts::{Restarts, autoreset, last_observation};
use crate::error::Result;
use crate::network::Rows;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

/// Transitions between reports.
const ITERATION: u64 = 1000;

/// One stream.
pub struct StreamAgent<A> {
    facts: Arc<Facts>,
    options: Options,
    /// Steps of the whole run.
    total: u64,
    env: Batch,
    restarts: Restarts,
    core: Core<A>,
    /// Which network the policy is, and how it acts.
    acting: (usize, Head),
    executed: Vec<u32>,
    /// Legal actions in the state that the newest transition ended in, where the environment says.
    masks: Option<Vec<u32>>,
    /// Whether the first episode has begun, and whether the next one has, which is not looked at yet.
    begun: bool,
    starts: bool,
}

impl<A: Algorithm> StreamAgent<A> {
    /// Starts its environment.
    ///
    /// # Errors
    /// Those of the environment.
    pub fn new(name: &'static str, options: &Options, setup: &Setup, parts: Parts<A>) -> Result<Self> {
        let facts = setup.facts.clone();
        let limit = options.limit(&Interface::from(&*facts));
        let limited = Facts { max_episode_steps: limit, ..(*facts).clone() };
        let mode = autoreset(&limited, setup.tasks.is_some());
        let batch = BatchOptions::new(1).autoreset_mode(mode).num_threads(1).max_episode_steps(limit);
        let mut env = setup.make(batch)?;
        env.reset(environment_seed(setup.seed))?;
        let sizes = (facts.observation.flat_elements(), limit);
        let members = vec![(parts.algorithm, setup.seed)];
        let core = Core::new(name, options, sizes, parts.networks, members, facts.action.words());
        Ok(Self {
            executed: vec![0; facts.action.words()],
            restarts: Restarts::new(setup, 0),
            facts,
            options: options.clone(),
            total: setup.steps,
            env,
            core,
            acting: parts.acting,
            masks: None,
            begun: false,
            starts: false,
        })
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
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next> {
        if !self.begun {
            self.restarts.begin(&mut self.env, tasks)?;
            self.observe();
            self.core.start(0)?;
            self.core.ready();
            self.begun = true;
        }
        self.core.act(0, self.env.view().action_masks(), &mut self.executed);
        self.env.step(as_actions(&self.facts, &self.executed))?;
        let view = self.env.view();
        let (reward, terminated, truncated) = (view.rewards()[0], view.terminated()[0], view.truncated()[0]);
        if let Some(masks) = view.action_masks() {
            let kept = self.masks.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(masks);
        }
        self.starts = terminated || truncated;
        if self.starts {
            let (episode_return, length) = (view.episode_returns()[0], view.episode_lengths()[0]);
            let (task, numbers) = self.restarts.task(0);
            let episode = Episode { episode_return, length, task, ..Episode::default() };
            log.push(episode, view.episode_infos().unwrap_or_default(), numbers);
            unpack(&self.facts, &last_observation(&self.env, 0), self.core.observation(0));
        } else {
            self.observe();
        }
        self.core.see(0, reward, terminated, truncated)?;
        if self.starts {
            self.restarts.restart(&mut self.env, tasks)?;
        }
        Ok(Next::Learn)
    }

    fn process(&mut self) {
        self.core.judge(self.masks.as_deref());
    }

    fn learn(&mut self) -> Result<()> {
        if self.starts {
            self.observe();
            self.core.start(0)?;
        }
        self.core.learn(self.masks.as_deref())
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
        let steps = self.core.steps();
        steps - since.env_steps >= ITERATION || steps >= self.total
    }

    fn clocks(&self) -> Clocks {
        let steps = self.core.steps();
        Clocks { env_steps: steps, collections: steps, updates: steps }
    }

    fn policy(&self, member: usize) -> Policy {
        let (network, head) = &self.acting;
        let trained = StreamNetwork::new(self.core.plan(*network).clone(), &self.core.parameters(member, *network));
        let inputs = Inputs::new(
            &self.options,
            self.options.limit(&Interface::from(&*self.facts)),
            self.core.scaler(member).cloned(),
        );
        Policy::of_stream(self.facts.clone(), Box::new(trained), head.clone(), inputs)
    }

    fn save(&mut self, state: &mut State) -> Result<()> {
        self.core.save(0, state);
        state.put_u64("stream/begun", &[u64::from(self.begun)]);
        state.put_bytes("stream/environment", &self.env.snapshot()?.to_bytes());
        self.restarts.save(state, "stream/tasks");
        Ok(())
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.core.load(0, state)?;
        self.core.ready();
        self.begun = state.counter("stream/begun")? != 0;
        self.env.restore(&Snapshot::from_bytes(state.bytes("stream/environment")?)?)?;
        self.restarts.load(state, "stream/tasks")
    }
}
