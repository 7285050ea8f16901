//! Environments of an off-policy agent: one step of all instances at a time, into the replay.

use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Facts, Snapshot};

use crate::agent::{Episode, Log, Setup};
use crate::common::collector::{as_actions, environment_seed, mask_words};
use crate::common::replay::{Replay, Transition};
use crate::common::restarts::{autoreset, last_observation, restart};
use crate::error::Result;
use crate::state::State;

/// n instances, started.
pub struct Stepper {
    facts: Arc<Facts>,
    env: Batch,
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
        let options = BatchOptions::new(num_envs).autoreset_mode(autoreset(&setup.facts));
        let mut env = setup.make(if setup.num_threads == 1 { options.num_threads(1) } else { options })?;
        let observations = env.reset(environment_seed(setup.seed))?.flattened().into_owned();
        Ok(Self { facts: setup.facts.clone(), env, steps: 0, next: observations.clone(), observations })
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
    pub fn step(&mut self, executed: &[u32], kept: &[u32], replay: &mut Replay, log: &mut Log) -> Result<()> {
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
            log.push(Episode { episode_return, length, instance: i as u32, ..Episode::default() }, infos);
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
        restart(&mut self.env)?;
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
        Ok(())
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`], and those of the environments.
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.steps = state.counter("stepper/steps")?;
        self.env.restore(&Snapshot::from_bytes(state.bytes("stepper/environments")?)?)?;
        self.observations.copy_from_slice(&self.env.observations().flattened());
        Ok(())
    }
}
