//! Processes of a few states, whose transitions and rewards follow from a number.

use rayon::prelude::*;
use shadergym_envs::Kind as Word;

use super::{Best, Clock, find};
use crate::error::{Error, Result};
use crate::in_context::source::Source;

/// A process whose tables State does not hold. They are measured: instances are put into each state, do each action, and
/// what comes is counted; rewards without their noise where the environment has a parameter `sigma`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Number of actions.
    pub actions: usize,
    /// Number of states.
    pub states: usize,
    pub(super) clock: Clock,
    pub(super) task: usize,
    place: usize,
}

/// Transition probabilities `[tasks, states, actions, states]` and mean rewards `[tasks, states, actions]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// Shares of what came, with a standard error of at most `0.5 / sqrt(SAMPLES)`.
    pub transitions: Vec<f32>,
    /// Means.
    pub rewards: Vec<f32>,
}

/// Transitions from each state with each action.
pub const SAMPLES: usize = 256;
/// Instances side by side.
const INSTANCES: usize = 1 << 15;
/// Instances and steps of random play that tell how many states there are.
const LOOKED: (usize, usize) = (4096, 64);
/// Most states: tables have the square of them.
const MOST: u32 = 1024;
/// Seeds that nobody else uses.
const SEEDS: u64 = 1 << 45;

impl Table {
    /// The process with its number of states, which random play of many tasks tells; None if State has no such fields.
    pub(super) fn of(source: &Source, actions: usize, clock: Clock) -> Result<Option<Self>> {
        let facts = source.facts();
        let whole = |name| find(facts, name).filter(|f| f.kind == Word::U32 && f.words() == 1).map(|f| f.offset);
        let (Some(task), Some(place)) = (whole("task"), whole("place")) else { return Ok(None) };
        let (instances, steps) = LOOKED;
        let mut batch = source.batch(instances)?;
        batch.reset(SEEDS)?;
        let mut most = 0;
        for step in 0..steps {
            let actions: Vec<u32> = (0..instances).map(|i| ((i + step) % actions) as u32).collect();
            batch.step(&actions)?;
            let state = batch.get_state(..)?;
            most = state.chunks_exact(facts.state.words).map(|row| row[place]).fold(most, u32::max);
        }
        if most >= MOST {
            return Err(Error::Unsupported(format!(
                "{} has states up to {most}; tables are for processes of at most {MOST} states",
                facts.id
            )));
        }
        Ok(Some(Self { actions, states: most as usize + 1, clock, task, place }))
    }

    pub(super) fn state(&self, row: &[u32]) -> u32 {
        row[self.place]
    }

    pub(super) fn place(&self, state: u32, attempts: u32, row: &mut [u32]) {
        row[self.place] = state;
        (row[self.clock.time], row[self.clock.attempt]) = (0, attempts.saturating_sub(1));
    }

    /// Measures the tables of the tasks of some instances, whose States are `[instances, words]`.
    ///
    /// # Errors
    /// Those of the environment.
    pub fn measure(&self, source: &Source, rows: &[u32]) -> Result<Tables> {
        let words = source.facts().state.words;
        let (states, actions, tasks) = (self.states, self.actions, rows.len() / words);
        let pairs = states * actions;
        let noiseless = match source.param("sigma") {
            Some(_) => source.with_param("sigma", 0.0)?,
            None => source.clone(),
        };
        let attempts = source.param("attempts").map_or(1, |n| n as u32);
        let (mut counts, mut sums) = (vec![0u32; tasks * pairs * states], vec![0.0f64; tasks * pairs]);
        let all = tasks * pairs;
        let size = INSTANCES.min(all);
        let mut batch = noiseless.batch(size)?;
        for first in (0..all).step_by(size) {
            let pair = |i: usize| (first + i).min(all - 1);
            let used = size.min(all - first);
            batch.reset(SEEDS + 1 + first as u64)?;
            let mut before = vec![0; size * words];
            for (i, row) in before.chunks_exact_mut(words).enumerate() {
                let task = pair(i) / pairs;
                row.copy_from_slice(&rows[task * words..(task + 1) * words]);
                self.place((pair(i) % pairs / actions) as u32, attempts, row);
            }
            let chosen: Vec<u32> = (0..size).map(|i| (pair(i) % actions) as u32).collect();
            for _ in 0..SAMPLES {
                batch.set_state(.., &before)?;
                let view = batch.step(&chosen)?;
                sums[first..first + used].iter_mut().zip(view.rewards()).for_each(|(sum, r)| *sum += f64::from(*r));
                let after = batch.get_state(..)?;
                for (i, row) in after.chunks_exact(words).take(used).enumerate() {
                    let next = (row[self.place] as usize).min(states - 1);
                    counts[(first + i) * states + next] += 1;
                }
            }
        }
        let share = 1.0 / SAMPLES as f32;
        Ok(Tables {
            transitions: counts.into_iter().map(|count| count as f32 * share).collect(),
            rewards: sums.into_iter().map(|sum| (sum / SAMPLES as f64) as f32).collect(),
        })
    }

    pub(super) fn best(&self, source: &Source, rows: &[u32]) -> Result<Best> {
        let Some(horizon) = source.param("horizon").filter(|h| (1.0..=1e4).contains(h)) else {
            return Err(Error::Unsupported(format!(
                "what is best in {} depends on the length of an attempt: it needs a parameter `horizon`, 1 to 10000 steps",
                source.facts().id
            )));
        };
        let tables = self.measure(source, rows)?;
        let (states, pairs, horizon) = (self.states, self.states * self.actions, horizon as usize);
        let plans = tables.rewards.par_chunks(pairs).zip(tables.transitions.par_chunks(pairs * states));
        let actions: Vec<Vec<u8>> = plans.map(|(r, p)| plan(r, p, (states, self.actions), horizon)).collect();
        Ok(Best { horizon, states, actions: actions.concat() })
    }
}

/// The best actions `[horizon, states]` by backward induction, from mean rewards `[states, actions]` and transition
/// probabilities `[states, actions, states]`.
pub fn plan(rewards: &[f32], transitions: &[f32], (states, actions): (usize, usize), horizon: usize) -> Vec<u8> {
    let mut best = vec![0; horizon * states];
    let (mut value, mut next) = (vec![0.0f32; states], vec![0.0f32; states]);
    for time in (0..horizon).rev() {
        for state in 0..states {
            next[state] = f32::NEG_INFINITY;
            for action in 0..actions {
                let pair = state * actions + action;
                let on = &transitions[pair * states..(pair + 1) * states];
                let q = rewards[pair] + on.iter().zip(&value).map(|(p, v)| p * v).sum::<f32>();
                if q > next[state] {
                    (next[state], best[time * states + state]) = (q, action as u8);
                }
            }
        }
        std::mem::swap(&mut value, &mut next);
    }
    best
}
