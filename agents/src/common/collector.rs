//! Rollouts: policy and environment together, T steps of n instances without a barrier between threads.
//!
//! Instances are split into shards, a number that depends on n only. A shard runs its T steps on one thread: its
//! observations go through the network and its actions into the environment while they are in the cache. Random numbers
//! belong to (step, row), so neither threads nor shards change what is drawn.

mod memory;
mod recording;
mod shard;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use memory::Memory;
use rayon::prelude::*;
pub use recording::Rollout;
use recording::{Part, split, take};
use shadergym_envs::{Actions, BatchOptions, Device, Facts, Snapshot};
use shard::{Shard, collect_shard};

use crate::agent::{Episode, Log, Setup};
use crate::common::moments::ObservationMoments;
use crate::common::noise::Noise;
use crate::common::restarts::{Restarts, autoreset};
use crate::error::{Error, Result};
use crate::network::Network;
use crate::state::State;
use crate::tasks::Tasks;

/// Instances per shard at least: a tile of the network.
const SHARD: usize = 64;
/// Shards at most.
const MAX_SHARDS: usize = 16;

/// How an algorithm chooses actions. Rows are agents of instances; all arrays have one row each.
pub trait Act: Sync {
    /// From outputs `[rows, width]`: the action to learn from, the action to execute, its log-probability and the value
    /// of the state. Row r draws from `noise.at(step, first + r)`.
    fn act(&self, step: u64, first: usize, outputs: &[f32], masks: Option<&[u32]>, chosen: Chosen<'_>);

    /// The value of a state from its outputs, over the legal actions where the environment says which.
    fn value(&self, outputs: &[f32], mask: Option<&[u32]>) -> f32;
}

/// Where [`Act::act`] writes.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// `[rows, action words]`: what is learned from, floats by their bits.
    pub actions: &'a mut [u32],
    /// `[rows, action words]`: what the environment gets.
    pub executed: &'a mut [u32],
    /// `[rows]`.
    pub log_probs: &'a mut [f32],
    /// `[rows]`.
    pub values: &'a mut [f32],
}

/// The environments of an on-policy agent.
pub struct Collector {
    facts: Arc<Facts>,
    shards: Vec<Shard>,
    steps: usize,
    threads: usize,
    step: u64,
    /// Steps of a sequence that a recurrent network learns from.
    sequence: usize,
    /// The newest recording.
    pub rollout: Rollout,
}

/// The seed of instance 0 of a run: runs with neighbouring seeds share no instance.
pub fn environment_seed(seed: u64) -> u64 {
    Noise::new(seed, "environments").bits()
}

impl Collector {
    /// n instances, started; rollouts of `steps` steps.
    ///
    /// # Errors
    /// Those of the environments; [`Error::TooLarge`] if a rollout does not fit the memory.
    pub fn new(setup: &Setup, num_envs: usize, steps: usize) -> Result<Self> {
        // A GPU wants one big batch.
        let device = shadergym_envs::choose_device(&setup.device, num_envs).device;
        let count = if device == Device::Cpu { (num_envs / SHARD).clamp(1, MAX_SHARDS) } else { 1 };
        Self::with_shards(&Setup { device, ..setup.clone() }, num_envs, steps, count)
    }

    fn with_shards(setup: &Setup, num_envs: usize, steps: usize, count: usize) -> Result<Self> {
        let facts = setup.facts.clone();
        let agents = facts.agents;
        let seed = environment_seed(setup.seed);
        let mut shards = Vec::with_capacity(count);
        let mut first = 0;
        for k in 0..count {
            let n = num_envs / count + usize::from(k < num_envs % count);
            let mut options = BatchOptions::new(n).autoreset_mode(autoreset(&facts, setup.tasks.is_some()));
            if count > 1 || setup.num_threads == 1 {
                options = options.num_threads(1);
            }
            let mut env = setup.make(options)?;
            env.reset(seed.wrapping_add(first as u64))?;
            shards.push(Shard {
                env,
                rows: first * agents..(first + n) * agents,
                outputs: Vec::new(),
                executed: vec![0; n * facts.action_words()],
                finals: Vec::new(),
                final_masks: Vec::new(),
                final_rows: Vec::new(),
                raw: Vec::new(),
                episodes: Vec::new(),
                infos: Vec::new(),
                tasks: Vec::new(),
                restarts: Restarts::new(setup, first),
                memory: Memory::default(),
            });
            first += n;
        }
        let rows = num_envs * agents * steps;
        let words = facts.observation.flat_words() + facts.action.words() + 8;
        let mut rollout = Rollout::default();
        let room = rollout.observations.try_reserve_exact(rows * facts.observation.flat_words()).is_ok();
        if !room || rows > u32::MAX as usize {
            return Err(Error::TooLarge {
                what: format!("a rollout of {num_envs} environments x {steps} steps"),
                needed: 4 * (rows as u64) * words as u64,
                available: 4 * u64::from(u32::MAX),
                advice: "use fewer num_envs or num_steps".to_owned(),
            });
        }
        rollout.observations.resize(rows * facts.observation.flat_words(), 0);
        rollout.masks.resize(rows * mask_words(&facts), 0);
        rollout.actions.resize(rows * facts.action.words(), 0);
        for values in [&mut rollout.log_probs, &mut rollout.values, &mut rollout.rewards, &mut rollout.final_values] {
            values.resize(rows, 0.0);
        }
        rollout.terminated.resize(rows, false);
        rollout.truncated.resize(rows, false);
        rollout.last_values.resize(num_envs * agents, 0.0);
        Ok(Self { facts, shards, steps, threads: setup.num_threads, step: 0, sequence: steps, rollout })
    }

    /// Cuts rollouts into sequences of so many steps for a recurrent network.
    ///
    /// # Panics
    /// If they do not divide a rollout.
    pub fn in_sequences(self, steps: usize) -> Self {
        assert!(steps > 0 && self.steps.is_multiple_of(steps), "{} steps in sequences of {steps}", self.steps);
        Self { sequence: steps, ..self }
    }

    /// The sequences of a rollout in the order of [`Rollout::carries`]: the first row of each and the distance from one of its
    /// rows to the next.
    pub fn sequences(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let cuts = self.steps / self.sequence;
        self.shards()
            .flat_map(move |(rows, n)| (0..cuts * n).map(move |k| (rows.start + k / n * self.sequence * n + k % n, n)))
    }

    /// Steps of a sequence.
    pub fn sequence_steps(&self) -> usize {
        self.sequence
    }

    /// Environment transitions of one rollout.
    pub fn transitions(&self) -> usize {
        self.rollout.rewards.len() / self.facts.agents
    }

    /// Rollouts so far.
    pub fn rollouts(&self) -> u64 {
        self.step / self.steps as u64
    }

    /// Per shard: its rows in the recording, and how many of them one step has.
    pub fn shards(&self) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
        self.shards.iter().map(|s| (s.rows.start * self.steps..s.rows.end * self.steps, s.rows.len()))
    }

    /// Random play of so many steps, whose observations begin running moments; the instances are then where they were.
    /// Returns the transitions made.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn warm_up(&mut self, steps: usize, tasks: Option<&Tasks>, moments: &mut ObservationMoments) -> Result<u64> {
        for shard in &mut self.shards {
            shard.restarts.begin(&mut shard.env, tasks)?;
            let (before, mut restarts) = (shard.env.snapshot()?, shard.restarts.clone());
            for _ in 0..steps {
                shard.env.rollout(1)?;
                restarts.restart(&mut shard.env, tasks)?;
                let rows = shard.env.observations();
                moments.push(rows.as_f32().expect("only float observations are normalised"));
            }
            shard.env.restore(&before)?;
        }
        Ok((steps * self.shards.iter().map(|shard| shard.env.num_envs()).sum::<usize>()) as u64)
    }

    /// T steps of every instance with this network, and with the tasks of the run if it has a source of them; the
    /// recording is in [`Self::rollout`], episodes that ended in the log.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn collect(
        &mut self,
        network: &dyn Network,
        act: &dyn Act,
        moments: Option<&ObservationMoments>,
        tasks: Option<&Tasks>,
        log: &mut Log,
    ) -> Result<()> {
        let Self { facts, shards, steps, rollout, step, threads, sequence } = self;
        let cuts = *steps / *sequence;
        rollout.remember(network, cuts);
        let mut rest = split(rollout);
        let mut work = Vec::with_capacity(shards.len());
        for shard in shards.iter_mut() {
            let rows = shard.rows.len() * *steps;
            work.push((take(&mut rest, (rows, shard.rows.len()), facts, (network, cuts)), shard));
        }
        let run = |(mut part, shard): (Part<'_>, &mut Shard)| {
            collect_shard(shard, &mut part, facts, (*steps, *sequence), *step, network, act, moments, tasks)
        };
        if *threads > 1 && work.len() > 1 {
            work.into_par_iter().map(run).collect::<Result<Vec<()>>>()?;
        } else {
            work.into_iter().try_for_each(run)?;
        }
        *step += *steps as u64;
        // In the order of steps and instances, whatever the shards.
        let width = facts.info_words();
        let mut ended: Vec<(usize, Episode, &[f32], &[f64])> = Vec::new();
        for shard in shards.iter() {
            let infos = |k: usize| shard.infos.get(k * width..(k + 1) * width).unwrap_or_default();
            let d = shard.tasks.len() / shard.episodes.len().max(1);
            let of = |(k, &(t, episode))| (t, episode, infos(k), &shard.tasks[k * d..(k + 1) * d]);
            ended.extend(shard.episodes.iter().enumerate().map(of));
        }
        ended.sort_by_key(|(t, ..)| *t);
        ended.into_iter().for_each(|(_, episode, infos, task)| log.push(episode, infos, task));
        Ok(())
    }

    /// Takes the observations of the newest rollout into the moments that normalise the next one.
    pub fn observe(&self, moments: &mut ObservationMoments) {
        self.shards.iter().for_each(|shard| moments.push(&shard.raw));
    }

    /// Environments and counters.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn save(&mut self, state: &mut State) -> Result<()> {
        state.put_u64("collector/step", &[self.step]);
        for (k, shard) in self.shards.iter_mut().enumerate() {
            state.put_bytes(format!("collector/environments.{k}"), &shard.env.snapshot()?.to_bytes());
            shard.restarts.save(state, &format!("collector/tasks.{k}"));
            shard.memory.save(state, &format!("collector/memory.{k}"));
        }
        Ok(())
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`], and those of the environments.
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.step = state.counter("collector/step")?;
        for (k, shard) in self.shards.iter_mut().enumerate() {
            shard.env.restore(&Snapshot::from_bytes(state.bytes(&format!("collector/environments.{k}"))?)?)?;
            shard.restarts.load(state, &format!("collector/tasks.{k}"))?;
            shard.memory.load(state, &format!("collector/memory.{k}"))?;
        }
        Ok(())
    }
}

/// Words of one row of action masks, 0 where the environment has none.
pub fn mask_words(facts: &Facts) -> usize {
    if facts.action_mask { facts.action.mask_words() } else { 0 }
}

/// Actions of a batch from raw words.
pub fn as_actions<'a>(facts: &Facts, words: &'a [u32]) -> Actions<'a> {
    match facts.action {
        shadergym_envs::ActionSpace::Box { .. } => Actions::Continuous(bytemuck::cast_slice(words)),
        _ => Actions::Discrete(words),
    }
}
