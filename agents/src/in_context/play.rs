//! Whole batches of tasks, one in each instance, played by one player from their first step to their last.

use super::contexts::Contexts;
use super::problem::Problem;
use super::source::Source;
use crate::error::{Error, Result};

/// What a player sees before a step.
#[derive(Debug, Clone, Copy)]
pub struct Now<'a> {
    /// Steps so far.
    pub step: u64,
    /// State of each instance, below [`Problem::states`].
    pub states: &'a [u32],
    /// Steps of each since its attempt began; the step of the episode for bandits.
    pub times: &'a [u32],
    /// Which have played their task to its end: what is chosen for them does not count.
    pub over: &'a [bool],
}

/// What came of a step.
#[derive(Debug, Clone, Copy)]
pub struct Came<'a> {
    /// What was seen before it.
    pub now: Now<'a>,
    /// What was done.
    pub actions: &'a [u32],
    /// What it paid.
    pub rewards: &'a [f32],
    /// The states after it.
    pub next: &'a [u32],
    /// Where an attempt ended: the state after it is the start of the next attempt, not what followed.
    pub ends: &'a [bool],
}

/// Who plays: one learner for each instance.
pub trait Player {
    /// Chooses an action for each instance.
    ///
    /// # Errors
    /// Its own.
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()>;

    /// Hears what came of it.
    ///
    /// # Errors
    /// Its own.
    fn hear(&mut self, came: Came<'_>) -> Result<()>;
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Cumulative regret after each step, of bandits.
    Regret,
    /// Return of each attempt.
    Return,
}

/// What a player came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// What the values are.
    pub unit: Unit,
    /// Tasks.
    pub tasks: usize,
    /// Steps of a task, or its attempts.
    pub length: usize,
    /// `[tasks, length]`.
    pub values: Vec<f64>,
    /// Environment steps of all tasks.
    pub steps: u64,
}

impl Played {
    /// The values of a task, `[length]`.
    pub fn task(&self, task: usize) -> &[f64] {
        &self.values[task * self.length..(task + 1) * self.length]
    }

    /// The values of all tasks at a step or attempt.
    pub fn at(&self, position: usize) -> Vec<f64> {
        (0..self.tasks).map(|task| self.values[task * self.length + position]).collect()
    }

    /// What each task came to: its last cumulative regret, or its mean return per attempt.
    pub fn totals(&self) -> Vec<f64> {
        (0..self.tasks)
            .map(|task| match self.unit {
                Unit::Regret => self.task(task).last().copied().unwrap_or(f64::NAN),
                Unit::Return => self.task(task).iter().sum::<f64>() / self.length as f64,
            })
            .collect()
    }
}

/// Longest task, so that one without an end is told rather than waited for.
const LONGEST: u64 = 1_000_000;

/// Plays the tasks of these seeds, one in each instance; `each` hears of every step and may end all by an error.
///
/// # Errors
/// Those of the environment, of the player and of `each`; [`Error::Unsupported`] for a task without an end.
pub fn play(
    problem: &Problem,
    source: &Source,
    seeds: &[u64],
    player: &mut dyn Player,
    each: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Played> {
    let n = seeds.len();
    let words = source.facts().state.words;
    let mut batch = source.batch(n)?;
    batch.reset_with(seeds)?;
    let mut rows = batch.get_state(..)?;
    let bandit = problem.is_bandit();
    let (mut over, mut ends) = (vec![false; n], vec![false; n]);
    let mut states: Vec<u32> = rows.chunks_exact(words).map(|row| problem.state(row)).collect();
    let mut times = vec![0; n];
    let (mut actions, mut next) = (vec![0; n], vec![0; n]);
    let mut series: Vec<Vec<f64>> = vec![Vec::new(); n];
    let mut running = vec![0.0f64; n];
    let (mut step, mut steps) = (0, 0);
    while over.contains(&false) {
        if step >= LONGEST {
            return Err(Error::Unsupported(format!(
                "a task of {} is not over after {LONGEST} steps; tasks must end by the environment's own rules",
                source.facts().id
            )));
        }
        each(step)?;
        let now = Now { step, states: &states, times: &times, over: &over };
        player.act(now, &mut actions)?;
        let view = batch.step(&actions)?;
        let rewards = view.rewards().to_vec();
        let last: Vec<bool> = (0..n).map(|i| view.ended(i)).collect();
        let regrets = if bandit { view.info("regret") } else { None };
        let after = batch.get_state(..)?;
        for i in 0..n {
            let (before, row) = (&rows[i * words..(i + 1) * words], &after[i * words..(i + 1) * words]);
            next[i] = problem.state(row);
            ends[i] = last[i] || problem.clock(row).1 != problem.clock(before).1;
            if over[i] {
                continue;
            }
            steps += 1;
            if let Problem::Arms(arms) = problem {
                let lost = || f64::from(arms.most(before) - arms.means(before).nth(actions[i] as usize).unwrap_or(0.0));
                running[i] += regrets.as_ref().map_or_else(lost, |regrets| regrets[i]);
                series[i].push(running[i]);
            } else {
                running[i] += f64::from(rewards[i]);
                if ends[i] {
                    series[i].push(std::mem::take(&mut running[i]));
                }
            }
        }
        player.hear(Came { now, actions: &actions, rewards: &rewards, next: &next, ends: &ends })?;
        for i in 0..n {
            over[i] |= last[i];
            times[i] = if bandit { step as u32 + 1 } else { problem.clock(&after[i * words..(i + 1) * words]).0 };
        }
        std::mem::swap(&mut states, &mut next);
        rows = after;
        step += 1;
    }
    let length = series.first().map_or(0, Vec::len);
    if series.iter().any(|values| values.len() != length) {
        return Err(Error::Unsupported(format!(
            "tasks of {} have different numbers of {}, so there is no mean over them",
            source.facts().id,
            if bandit { "steps" } else { "attempts" }
        )));
    }
    let unit = if bandit { Unit::Regret } else { Unit::Return };
    Ok(Played { unit, tasks: n, length, values: series.concat(), steps })
}

/// Plays the tasks of these seeds after hearing of transitions of them, and of nothing else: learning from a data set. Of a bandit the
/// regret of a step is the simple regret of the arm that was chosen.
///
/// # Errors
/// Those of [`play`].
pub fn play_offline(
    problem: &Problem,
    source: &Source,
    seeds: &[u64],
    contexts: &Contexts,
    player: &mut dyn Player,
    each: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Played> {
    let n = seeds.len();
    let (over, times) = (vec![false; n], vec![0; n]);
    for position in 0..contexts.length {
        let (states, actions, rewards, next) = contexts.heard(position);
        // The last one closes what was heard: players that take in whole attempts take it in then.
        let ends = vec![position + 1 == contexts.length; n];
        let now = Now { step: position as u64, states: &states, times: &times, over: &over };
        player.hear(Came { now, actions: &actions, rewards: &rewards, next: &next, ends: &ends })?;
    }
    play(problem, source, seeds, &mut Deaf(player), each)
}

/// Plays without hearing what comes.
struct Deaf<'a>(&'a mut dyn Player);

impl Player for Deaf<'_> {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        self.0.act(now, actions)
    }

    fn hear(&mut self, _: Came<'_>) -> Result<()> {
        Ok(())
    }
}
