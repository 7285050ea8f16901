//! Rollouts: policy and environment together, T steps of n instances without a barrier between threads.
//!
//! Instances are split into shards, a number that depends on n only. A shard runs its T steps on one thread: its
//! observations go through the network and its actions into the environment while they are in the cache. Random numbers
//! belong to (step, row), so neither threads nor shards change what is drawn.

mod recording;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
pub use recording::Rollout;
use recording::{Part, split, take};
use shadergym_envs::{Actions, Batch, BatchOptions, Device, Facts, Snapshot};

use crate::agent::{Episode, Log, Setup};
use crate::common::moments::ObservationMoments;
use crate::common::noise::Noise;
use crate::common::restarts::{Restarts, autoreset, last_observation};
use crate::error::{Error, Result};
use crate::network::{Network, Rows};
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

struct Shard {
    env: Batch,
    /// Its rows of one step, counted over all shards.
    rows: Range<usize>,
    outputs: Vec<f32>,
    executed: Vec<u32>,
    /// Observations at the end of truncated episodes and the row of the shard's recording that they belong to.
    finals: Vec<u32>,
    final_masks: Vec<u32>,
    final_rows: Vec<usize>,
    /// Observations `[T, rows, elements]` as they were before normalisation; empty without.
    raw: Vec<f32>,
    /// Each with its step of the rollout.
    episodes: Vec<(usize, Episode)>,
    /// Sums of their infos, one after the other, and their tasks.
    infos: Vec<f32>,
    tasks: Vec<f64>,
    restarts: Restarts,
}

/// The environments of an on-policy agent.
pub struct Collector {
    facts: Arc<Facts>,
    shards: Vec<Shard>,
    steps: usize,
    threads: usize,
    step: u64,
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
        Ok(Self { facts, shards, steps, threads: setup.num_threads, step: 0, rollout })
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
        let Self { facts, shards, steps, rollout, step, threads } = self;
        let mut rest = split(rollout);
        let mut work = Vec::with_capacity(shards.len());
        for shard in shards.iter_mut() {
            let rows = shard.rows.len() * *steps;
            work.push((take(&mut rest, rows, shard.rows.len(), facts), shard));
        }
        let run = |(mut part, shard): (Part<'_>, &mut Shard)| {
            collect_shard(shard, &mut part, facts, *steps, *step, network, act, moments, tasks)
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

#[allow(clippy::too_many_arguments, reason = "one call, from one place")]
fn collect_shard(
    shard: &mut Shard,
    part: &mut Part<'_>,
    facts: &Facts,
    steps: usize,
    step: u64,
    network: &dyn Network,
    act: &dyn Act,
    moments: Option<&ObservationMoments>,
    tasks: Option<&Tasks>,
) -> Result<()> {
    let Shard { env, rows, outputs, executed, finals, final_masks, final_rows, raw, episodes, infos, .. } = shard;
    let (n, agents, width) = (rows.len(), facts.agents, network.outputs());
    let (words, action_words, mask_words) = (facts.observation.flat_words(), facts.action.words(), mask_words(facts));
    let (elements, encoding) = (facts.observation.flat_elements(), facts.observation.flat_encoding());
    outputs.resize(n * width, 0.0);
    finals.clear();
    final_masks.clear();
    final_rows.clear();
    raw.clear();
    episodes.clear();
    infos.clear();
    shard.tasks.clear();
    shard.restarts.begin(env, tasks)?;
    part.final_values.fill(0.0);
    for t in 0..steps {
        let at = t * n..(t + 1) * n;
        let observations = &mut part.observations[t * n * words..(t + 1) * n * words];
        observations.copy_from_slice(&env.observations().flattened());
        if let Some(moments) = moments {
            raw.extend_from_slice(bytemuck::cast_slice(observations));
            moments.normalize(bytemuck::cast_slice_mut(observations));
        }
        let masks = env.view().action_masks().map(|masks| {
            let kept = &mut part.masks[t * n * mask_words..(t + 1) * n * mask_words];
            kept.copy_from_slice(masks);
            &*kept
        });
        network.predict(Rows::packed(observations, encoding, elements), outputs);
        let chosen = Chosen {
            actions: &mut part.actions[t * n * action_words..(t + 1) * n * action_words],
            executed,
            log_probs: &mut part.log_probs[at.clone()],
            values: &mut part.values[at.clone()],
        };
        act.act(step + t as u64, rows.start, outputs, masks, chosen);
        env.step(as_actions(facts, executed))?;
        let view = env.view();
        part.rewards[at.clone()].copy_from_slice(view.rewards());
        if agents == 1 {
            part.terminated[at.clone()].copy_from_slice(view.terminated());
            part.truncated[at.clone()].copy_from_slice(view.truncated());
        } else {
            for (r, row) in at.clone().enumerate() {
                part.terminated[row] = view.terminated()[r / agents];
                part.truncated[row] = view.truncated()[r / agents];
            }
        }
        for i in view.ended_instances() {
            let returns = &view.episode_returns()[i * agents..(i + 1) * agents];
            let episode_return = returns.iter().sum::<f32>() / agents as f32;
            let instance = (rows.start / agents + i) as u32;
            let length = view.episode_lengths()[i];
            let (task, numbers) = shard.restarts.task(i);
            shard.tasks.extend_from_slice(numbers);
            episodes.push((t, Episode { episode_return, length, instance, member: 0, task }));
            if let Some(sums) = view.episode_infos() {
                let width = facts.info_words();
                infos.extend_from_slice(&sums[i * width..(i + 1) * width]);
            }
            if view.truncated()[i] && !view.terminated()[i] {
                let rows = i * agents..(i + 1) * agents;
                rows.clone().for_each(|row| finals.extend_from_slice(&last_observation(env, row)));
                if let Some(masks) = view.action_masks() {
                    final_masks.extend_from_slice(&masks[rows.start * mask_words..rows.end * mask_words]);
                }
                final_rows.extend(rows.map(|r| at.start + r));
            }
        }
        shard.restarts.restart(env, tasks)?;
    }
    // Values beyond the recording: of the last observations of truncated episodes, and after the last step.
    let mut values = |observations: &mut [u32], masks: Option<&[u32]>, put: &mut dyn FnMut(usize, f32)| {
        if let Some(moments) = moments {
            moments.normalize(bytemuck::cast_slice_mut(observations));
        }
        if !observations.is_empty() {
            outputs.resize(observations.len() / words * width, 0.0);
            network.predict(Rows::packed(observations, encoding, elements), outputs);
            for (r, row) in outputs.chunks_exact(width).enumerate() {
                put(r, act.value(row, masks.map(|m| &m[r * mask_words..(r + 1) * mask_words])));
            }
        }
    };
    let masks = (mask_words > 0).then_some(&final_masks[..]);
    values(finals, masks, &mut |r, value| part.final_values[final_rows[r]] = value);
    let mut last = env.observations().flattened().into_owned();
    values(&mut last, env.view().action_masks(), &mut |r, value| part.last_values[r] = value);
    Ok(())
}
