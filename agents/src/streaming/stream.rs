//! One stream's environment beside its learner: what the agent of one stream and those side by side share.

use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Facts, Snapshot};

use super::algorithm::Algorithm;
use super::core::{Core, Sums};
use super::interface::Interface;
use super::options::Options;
use super::policy::{Inputs, StreamNetwork};
use crate::agent::{Episode, Log, Setup};
use crate::common::collector::{as_actions, environment_seed};
use crate::common::head::Head;
use crate::common::restarts::{Restarts, autoreset, last_observation};
use crate::error::Result;
use crate::network::Rows;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::Tasks;

/// The environment of a stream, one instance.
pub struct Stream {
    pub facts: Arc<Facts>,
    options: Options,
    env: Batch,
    restarts: Restarts,
    /// Which network the policy is, and how it acts.
    acting: (usize, Head),
    executed: Vec<u32>,
    /// Legal actions in the state that the newest transition ended in, where the environment says.
    pub masks: Option<Vec<u32>>,
    /// Whether the first episode has begun, and whether the next one has, which is not looked at yet.
    begun: bool,
    starts: bool,
}

impl Stream {
    /// Starts the environment.
    ///
    /// # Errors
    /// Those of the environment.
    pub fn new(options: &Options, setup: &Setup, acting: (usize, Head)) -> Result<Self> {
        let facts = setup.facts.clone();
        let limit = options.limit(&Interface::from(&*facts));
        let limited = Facts { max_episode_steps: limit, ..(*facts).clone() };
        let mode = autoreset(&limited, setup.tasks.is_some());
        let batch = BatchOptions::new(1).autoreset_mode(mode).num_threads(1).max_episode_steps(limit);
        let mut env = setup.make(batch)?;
        env.reset(environment_seed(setup.seed))?;
        Ok(Self {
            executed: vec![0; facts.action.words()],
            restarts: Restarts::new(setup, 0),
            facts,
            options: options.clone(),
            env,
            acting,
            masks: None,
            begun: false,
            starts: false,
        })
    }

    /// Unpacks what the environment shows.
    fn observe<A: Algorithm>(&mut self, core: &mut Core<A>, member: usize) {
        unpack(&self.facts, &self.env.observations().flattened(), core.observation(member));
    }

    /// Begins the first episode, if that has not been done; [`Core::ready`] follows if it was.
    ///
    /// # Errors
    /// Those of the environment, [`crate::Error::Diverged`].
    pub fn begin<A: Algorithm>(&mut self, core: &mut Core<A>, member: usize, tasks: Option<&Tasks>) -> Result<bool> {
        if self.begun {
            return Ok(false);
        }
        self.restarts.begin(&mut self.env, tasks)?;
        self.observe(core, member);
        core.start(member)?;
        self.begun = true;
        Ok(true)
    }

    /// Makes a transition.
    ///
    /// # Errors
    /// Those of the environment, [`crate::Error::Diverged`].
    pub fn collect<A: Algorithm>(
        &mut self,
        core: &mut Core<A>,
        member: usize,
        tasks: Option<&Tasks>,
        log: &mut Log,
    ) -> Result<()> {
        core.act(member, self.env.view().action_masks(), &mut self.executed);
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
            unpack(&self.facts, &last_observation(&self.env, 0), core.observation(member));
        } else {
            self.observe(core, member);
        }
        core.see(member, reward, terminated, truncated)?;
        if self.starts {
            self.restarts.restart(&mut self.env, tasks)?;
        }
        Ok(())
    }

    /// Looks at the first observation of the next episode, if one has begun: between [`Core::judge`] and [`Core::learn`].
    ///
    /// # Errors
    /// [`crate::Error::Diverged`].
    pub fn look<A: Algorithm>(&mut self, core: &mut Core<A>, member: usize) -> Result<()> {
        if self.starts {
            self.observe(core, member);
            core.start(member)?;
        }
        Ok(())
    }

    /// Figures since the last report.
    pub fn report<A: Algorithm>(&self, core: &mut Core<A>, member: usize, log: &mut Log) {
        let Sums { transitions, errors, values, squares, overshoots } = core.take_sums(member);
        if transitions > 0.0 {
            log.scalars.insert("loss/td_error", errors / transitions);
            log.scalars.insert("value/mean", values / transitions);
            log.scalars.insert("loss/value", 0.5 * squares / transitions);
            if self.options.overshoot {
                log.scalars.insert("optimizer/overshoot", overshoots / transitions);
            }
        }
        let mut figure = |name, value| _ = log.scalars.insert(name, value);
        core.algorithm(member).report(&mut figure);
    }

    /// The policy as it is now.
    pub fn policy<A: Algorithm>(&self, core: &Core<A>, member: usize) -> Policy {
        let (network, head) = &self.acting;
        let trained = StreamNetwork::new(core.plan(*network).clone(), &core.parameters(member, *network));
        let limit = self.options.limit(&Interface::from(&*self.facts));
        let inputs = Inputs::new(&self.options, limit, core.scaler(member).cloned());
        Policy::of_stream(self.facts.clone(), Box::new(trained), head.clone(), inputs)
    }

    /// Everything that is needed to go on.
    ///
    /// # Errors
    /// Those of the environment.
    pub fn save<A: Algorithm>(&mut self, core: &Core<A>, member: usize, state: &mut State) -> Result<()> {
        core.save(member, state);
        state.put_u64("stream/begun", &[u64::from(self.begun)]);
        state.put_bytes("stream/environment", &self.env.snapshot()?.to_bytes());
        self.restarts.save(state, "stream/tasks");
        Ok(())
    }

    /// Goes on from there; [`Core::ready`] follows.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load<A: Algorithm>(&mut self, core: &mut Core<A>, member: usize, state: &State) -> Result<()> {
        core.load(member, state)?;
        self.begun = state.counter("stream/begun")? != 0;
        self.env.restore(&Snapshot::from_bytes(state.bytes("stream/environment")?)?)?;
        self.restarts.load(state, "stream/tasks")
    }
}

fn unpack(facts: &Facts, words: &[u32], to: &mut [f32]) {
    let space = &facts.observation;
    Rows::packed(words, space.flat_encoding(), space.flat_elements()).unpack(0, to);
}
