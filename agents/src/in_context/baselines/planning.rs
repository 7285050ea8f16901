//! What planners of tabular processes share: counts of each instance, and a plan made anew where an attempt begins.

use rayon::prelude::*;

use super::Table;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::in_context::play::{Came, Now, Player};

/// What an instance saw of its process.
#[derive(Debug, Clone)]
pub struct Counts {
    pub states: usize,
    pub actions: usize,
    /// Times that each action was done in each state, `[states, actions]`.
    pub tries: Vec<f32>,
    /// Sums of what it paid.
    pub paid: Vec<f32>,
    /// Successors that were seen, for each pair, with how often: most pairs of a room have one.
    pub next: Vec<Vec<(u32, f32)>>,
}

impl Counts {
    fn new(states: usize, actions: usize) -> Self {
        let pairs = states * actions;
        Self { states, actions, tries: vec![0.0; pairs], paid: vec![0.0; pairs], next: vec![Vec::new(); pairs] }
    }

    /// Successors that were seen of a pair, all together.
    pub fn followed(&self, pair: usize) -> f32 {
        self.next[pair].iter().map(|(_, times)| times).sum()
    }
}

/// A way to plan: actions `[horizon, states]` from what was seen.
pub trait Planner: Sync {
    fn plan(&self, seen: &Counts, horizon: usize, noise: Noise) -> Vec<u8>;
}

/// Plays what a planner plans.
pub struct Planned<P> {
    planner: P,
    noise: Noise,
    horizon: usize,
    instances: Vec<(Counts, Vec<u8>)>,
}

impl<P: Planner + 'static> Planned<P> {
    pub fn boxed(table: Table<'_>, who: &str, planner: P) -> Result<Box<dyn Player>> {
        if table.problem.is_bandit() {
            return Err(Error::Unsupported(format!(
                "{who} plays processes with several states, {} is a bandit. Play ucb1 or thompson on it",
                table.source.facts().id
            )));
        }
        let horizon = table.source.param("horizon").filter(|h| (1.0..=1e4).contains(h)).ok_or_else(|| {
            let id = &table.source.facts().id;
            Error::Unsupported(format!("{who} plans attempts of a known length: {id} needs a parameter `horizon`"))
        })?;
        let counts = Counts::new(table.problem.states(), table.problem.actions());
        let instances = vec![(counts, Vec::new()); table.seeds.len()];
        Ok(Box::new(Self { planner, noise: table.noise, horizon: horizon as usize, instances }))
    }
}

impl<P: Planner> Player for Planned<P> {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        let (planner, horizon, noise) = (&self.planner, self.horizon, self.noise);
        self.instances.par_iter_mut().zip(actions).enumerate().for_each(|(i, ((seen, plan), action))| {
            let time = now.times[i] as usize;
            if time == 0 || plan.is_empty() {
                *plan = planner.plan(seen, horizon, noise.at(now.step, i as u64));
            }
            let state = (now.states[i] as usize).min(seen.states - 1);
            *action = u32::from(plan[time.min(horizon - 1) * seen.states + state]);
        });
        Ok(())
    }

    fn hear(&mut self, came: Came<'_>) -> Result<()> {
        for (i, (seen, _)) in self.instances.iter_mut().enumerate() {
            let (state, next) = (came.now.states[i] as usize, came.next[i]);
            if came.now.over[i] || state >= seen.states || next as usize >= seen.states {
                continue;
            }
            let pair = state * seen.actions + came.actions[i] as usize;
            seen.tries[pair] += 1.0;
            seen.paid[pair] += came.rewards[i];
            // Where an attempt ended its successor is not seen.
            if !came.ends[i] {
                match seen.next[pair].iter_mut().find(|(known, _)| *known == next) {
                    Some((_, times)) => *times += 1.0,
                    None => seen.next[pair].push((next, 1.0)),
                }
            }
        }
        Ok(())
    }
}
