//! Environments of an off-policy agent: one step of all instances at a time, into the replay.

use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Facts, Snapshot};

use crate::agent::{Episode, Log, Setup};
use crate::common::collector::{as_actions, environment_seed, mask_words};
use crate::common::replay::{Replay, Transition};
use crate::common::restarts::{Restarts, autoreset, last_observation};
use crate::error::Result;
use crate::state::State;
use crate::tasks::Tasks;

/// n instances, started.
pub struct Stepper {
    facts: Arc<Facts>,
    env: Batch,
    restarts: Restarts,
    steps: u64,
    observations: Vec<u32>,
    next: Vec<u32>,
}

impl Stepper {
    /// Starts them.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn new(setup: &Setup, num_envs: usize) -> Result<Self> {
        let options = BatchOptions::new(num_envs).autoreset_mode(autoreset(&setup.facts, setup.tasks.is_some()));
        let mut env = setup.make(if setup.num_threads == 1 { options.num_threads(1) } else { options })?;
        let observations = env.reset(environment_seed(setup.seed))?.flattened().into_owned();
        let restarts = Restarts::new(setup, 0);
        Ok(Self { facts: setup.facts.clone(), env, restarts, steps: 0, next: observations.clone(), observations })
    }

    /// Starts the instances with their first tasks, before the first step is looked at; later nothing.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn begin(&mut self, tasks: Option<&Tasks>) -> Result<()> {
        if tasks.is_some() && self.steps == 0 {
            self.restarts.begin(&mut self.env, tasks)?;
            self.observations.copy_from_slice(&self.env.observations().flattened());
        }
        Ok(())
    }

    /// Steps of every instance so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What the instances see now, `[n, observation words]`.
    pub fn observations(&self) -> &[u32] {
        &self.observations
    }

    /// Legal actions of an instance `[mask words]`, if the environment says.
    pub fn mask(&self, instance: usize) -> Option<&[u32]> {
        let words = mask_words(&self.facts);
        self.env.view().action_masks().map(|masks| &masks[instance * words..(instance + 1) * words])
    }

    /// One step of every instance with these executed actions; what the replay keeps as action may differ in unit.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn step(
        &mut self,
        executed: &[u32],
        kept: &[u32],
        replay: &mut Replay,
        tasks: Option<&Tasks>,
        log: &mut Log,
    ) -> Result<()> {
        let words = self.facts.observation.flat_words();
        self.env.step(as_actions(&self.facts, executed))?;
        let view = self.env.view();
        self.next.copy_from_slice(&view.observations().flattened());
        for i in view.ended_instances() {
            let row = i * words..(i + 1) * words;
            self.next[row].copy_from_slice(&last_observation(&self.env, i));
            let (episode_return, length) = (view.episode_returns()[i], view.episode_lengths()[i]);
            let width = self.facts.info_words();
            let infos = view.episode_infos().map_or(&[][..], |sums| &sums[i * width..(i + 1) * width]);
            let (task, numbers) = self.restarts.task(i);
            log.push(Episode { episode_return, length, instance: i as u32, member: 0, task }, infos, numbers);
        }
        replay.push(&Transition {
            observations: &self.observations,
            next_observations: &self.next,
            next_masks: view.action_masks(),
            actions: kept,
            rewards: view.rewards(),
            terminated: view.terminated(),
            truncated: view.truncated(),
        });
        self.restarts.restart(&mut self.env, tasks)?;
        self.observations.copy_from_slice(&self.env.observations().flattened());
        self.steps += 1;
        Ok(())
    }

    /// Environments and counter.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("stepper/steps", &[self.steps]);
        state.put_bytes("stepper/environments", &self.env.snapshot()?.to_bytes());
        self.restarts.save(state, "stepper/tasks");
        Ok(())
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`], and those of the environments.
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.steps = state.counter("stepper/steps")?;
        self.env.restore(&Snapshot::from_bytes(state.bytes("stepper/environments")?)?)?;
        self.restarts.load(state, "stepper/tasks")?;
        self.observations.copy_from_slice(&self.env.observations().flattened());
        Ok(())
    }
}
