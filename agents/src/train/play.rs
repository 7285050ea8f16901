//! A policy at play: evaluation, and what animations are made of.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use shadergym_envs::{Actions, Batch, BatchOptions};

use super::tally::Spread;
use crate::agent::{Episode, Setup};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::policy::{Memory, Policy};
use crate::tasks::TaskSet;

/// Instances that play side by side in an evaluation.
const SIDE_BY_SIDE: usize = 256;

/// Time limit in steps where the environment has none: a good policy might never end.
pub const EPISODE_LIMIT: u32 = 10_000;

/// Name of what [`Evaluation::mastered`] says, in `metrics.csv`.
pub(crate) const MASTERED: &str = "eval/mastered";

/// Instances of an environment in which a policy acts; all agents of an instance act by the same policy.
#[derive(Debug)]
pub struct Player {
    batch: Batch,
    noise: Noise,
    deterministic: bool,
    memory: Memory,
    actions: Vec<u32>,
}

impl Player {
    /// `num_envs` instances at their start. Their seeds are hashes of `seed` and `purpose`, so they are not those of
    /// training or of another purpose.
    ///
    /// # Errors
    /// Those of [`shadergym_envs::make_with`].
    pub fn new(setup: &Setup, num_envs: usize, seed: u64, purpose: &str, deterministic: bool) -> Result<Self> {
        Self::with_tasks(setup, num_envs, None, seed, purpose, deterministic)
    }

    /// As [`Self::new`], with tasks `[num_envs, dimensions]` that the instances play from first to last.
    pub(super) fn with_tasks(
        setup: &Setup,
        num_envs: usize,
        tasks: Option<&TaskSet>,
        seed: u64,
        purpose: &str,
        deterministic: bool,
    ) -> Result<Self> {
        // More threads than cores do not play faster.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options = BatchOptions::new(num_envs).num_threads(setup.num_threads.min(cores));
        if setup.facts.max_episode_steps == 0 {
            options = options.max_episode_steps(EPISODE_LIMIT);
        }
        let mut batch = setup.make(options)?;
        if let Some(TaskSet { space, evaluated }) = tasks {
            let (words, width) = (setup.facts.params.words, space.dimensions().len());
            let mut params = vec![0; num_envs * words];
            for (params, task) in params.chunks_exact_mut(words).zip(evaluated.chunks_exact(width)) {
                space.params(task, params);
            }
            batch.set_params_words(.., &params)?;
        }
        let noise = Noise::new(seed, purpose);
        let seeds: Vec<u64> = (0..num_envs as u64).map(|i| noise.at(0, i).bits()).collect();
        batch.reset_with(&seeds)?;
        Ok(Self { batch, noise, deterministic, memory: Memory::default(), actions: Vec::new() })
    }

    /// The instances.
    pub fn batch(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// One step of all instances.
    ///
    /// # Errors
    /// Those of [`Policy::act`] and of [`Batch::step`].
    pub fn step(&mut self, policy: &Policy) -> Result<()> {
        let view = self.batch.view();
        let (observations, masks) = (view.observations().words(), view.action_masks());
        let agents = self.batch.agents();
        let starts = |row: usize| view.started(row / agents);
        self.memory.hear(view.rewards());
        policy.act_on(
            observations,
            masks,
            (&mut self.memory, &starts),
            self.deterministic,
            &mut self.noise,
            &mut self.actions,
        )?;
        if policy.is_continuous() {
            self.batch.step(Actions::Continuous(bytemuck::cast_slice(&self.actions)))?;
        } else {
            self.batch.step(Actions::Discrete(&self.actions))?;
        }
        Ok(())
    }

    /// Episodes that ended in the newest step, by instance: return (mean over agents) and length.
    pub fn ended(&self) -> Vec<(usize, Episode)> {
        let (view, agents) = (self.batch.view(), self.batch.agents());
        let episode = |i: usize| {
            let returns = view.episode_returns()[i * agents..(i + 1) * agents].iter().map(|&r| f64::from(r));
            let episode_return = (returns.sum::<f64>() / agents as f64) as f32;
            let length = view.episode_lengths()[i];
            (i, Episode { episode_return, length, instance: i as u32, ..Episode::default() })
        };
        view.ended_instances().map(episode).collect()
    }
}

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The episodes, those of an instance one after the other; `task` is the number of a task of the fixed set.
    pub episodes: Vec<Episode>,
    /// How many of them a time limit ended.
    pub truncated: usize,
    /// How many of these the environment would have let go on: [`EPISODE_LIMIT`] is the evaluation's alone.
    pub cut_off: usize,
}

impl Evaluation {
    /// In figures; None without episodes.
    pub fn spread(&self) -> Option<Spread> {
        Spread::of(self.episodes.iter().copied())
    }

    /// Return and length in figures of each task of the fixed set, in its order; empty without a source of tasks.
    pub fn by_task(&self) -> Vec<Spread> {
        let mut tasks: BTreeMap<u64, Vec<Episode>> = BTreeMap::new();
        for (task, episode) in self.episodes.iter().filter_map(|episode| Some((episode.task?, *episode))) {
            tasks.entry(task).or_default().push(episode);
        }
        tasks.into_values().filter_map(Spread::of).collect()
    }

    /// Percent of the fixed set's tasks whose mean return is above a threshold (Portelas et al. 2019 call them mastered above
    /// 230); None without a source of tasks.
    pub fn mastered(&self, threshold: f32) -> Option<f64> {
        let tasks = self.by_task();
        let above = tasks.iter().filter(|spread| spread.mean > f64::from(threshold)).count();
        (!tasks.is_empty()).then(|| 100.0 * above as f64 / tasks.len() as f64)
    }
}

/// Exactly `episodes` episodes; where the setup has tasks, those of their fixed set, each as often, so as many more as this
/// takes. How many episodes an instance contributes is settled beforehand, so short episodes count
/// no more than long ones. None if `go_on` breaks, which is asked before every step.
///
/// # Errors
/// Those of [`Player`].
pub fn evaluate(
    policy: &Policy,
    setup: &Setup,
    episodes: usize,
    seed: u64,
    deterministic: bool,
    go_on: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Option<Evaluation>> {
    let tasks = setup.tasks.as_deref().filter(|_| episodes > 0);
    let count = tasks.map_or(0, |tasks| tasks.evaluated.len() / tasks.space.dimensions().len());
    let (n, episodes) = match tasks {
        Some(_) => (count, episodes.next_multiple_of(count)),
        None => (episodes.min(SIDE_BY_SIDE), episodes),
    };
    let mut found: Vec<Vec<Episode>> = vec![Vec::new(); n];
    let mut evaluation = Evaluation { episodes: Vec::new(), truncated: 0, cut_off: 0 };
    if n == 0 {
        return Ok(Some(evaluation));
    }
    let mut player = Player::with_tasks(setup, n, tasks, seed, "evaluation", deterministic)?;
    let share = |i: usize| episodes / n + usize::from(i < episodes % n);
    let mut done = 0;
    while done < episodes {
        if go_on(done).is_break() {
            return Ok(None);
        }
        player.step(policy)?;
        for (i, episode) in player.ended() {
            if found[i].len() < share(i) {
                found[i].push(Episode { task: tasks.map(|_| i as u64), ..episode });
                done += 1;
                let truncated = !player.batch.view().terminated()[i];
                let unlimited = setup.facts.max_episode_steps == 0;
                evaluation.truncated += usize::from(truncated);
                evaluation.cut_off += usize::from(truncated && unlimited && episode.length >= EPISODE_LIMIT);
            }
        }
    }
    evaluation.episodes = found.into_iter().flatten().collect();
    Ok(Some(evaluation))
}
