//! How instances start anew: so that the last state of an episode is known with its legal actions, and with the tasks of a
//! source.

use std::borrow::Cow;

use shadergym_envs::{AutoresetMode, Batch, Facts};

use crate::agent::Setup;
use crate::error::Result;
use crate::state::State;
use crate::tasks::{Place, Tasks};

/// How environments of an agent start anew. Where a time limit may end an episode and there are masks, the legal actions
/// of its last state are wanted, which only an environment that waits has; and where there is a source of tasks, the next
/// one is known only then. [`Restarts`] starts them.
pub fn autoreset(facts: &Facts, tasks: bool) -> AutoresetMode {
    let limited = facts.max_episode_steps > 0 || facts.truncates;
    if tasks || (facts.action_mask && limited) { AutoresetMode::Disabled } else { AutoresetMode::SameStep }
}

/// Starts the instances of a batch that end, and knows which tasks they play.
#[derive(Debug, Clone, Default)]
pub struct Restarts {
    /// The first instance, counted over all batches of the agent.
    first: u32,
    /// Numbers of a task, 0 without a source.
    dimensions: usize,
    /// Episodes that each instance began; empty before all have begun their first.
    starts: Vec<u32>,
    /// Which tasks they play, and the tasks `[instances, dimensions]`.
    ids: Vec<u64>,
    tasks: Vec<f64>,
}

impl Restarts {
    /// Of a batch whose first instance is this one of the agent's.
    pub fn new(setup: &Setup, first: usize) -> Self {
        let dimensions = setup.tasks.as_ref().map_or(0, |tasks| tasks.space.dimensions().len());
        Self { first: first as u32, dimensions, ..Self::default() }
    }

    /// Starts all instances with their first tasks, if that has not been done.
    ///
    /// # Errors
    /// Those of the environments.
    ///
    /// # Panics
    /// If there are tasks of which the setup knew nothing.
    pub fn begin(&mut self, env: &mut Batch, tasks: Option<&Tasks>) -> Result<()> {
        if let Some(tasks) = tasks
            && self.starts.is_empty()
        {
            assert!(self.dimensions > 0, "the setup of the agent knows of the tasks");
            let n = env.num_envs();
            (self.starts, self.ids, self.tasks) = (vec![0; n], vec![0; n], vec![0.0; n * self.dimensions]);
            self.start(env, &vec![true; n], Some(tasks))?;
        }
        Ok(())
    }

    /// Starts the instances that ended, if it is a batch that waits ([`autoreset`]); without tasks as SAME_STEP does it, so
    /// that episodes are the same.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn restart(&mut self, env: &mut Batch, tasks: Option<&Tasks>) -> Result<()> {
        if env.autoreset_mode() == AutoresetMode::Disabled {
            let view = env.view();
            let ended: Vec<bool> = (0..env.num_envs()).map(|i| view.ended(i)).collect();
            if ended.contains(&true) {
                self.start(env, &ended, tasks)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, env: &mut Batch, which: &[bool], tasks: Option<&Tasks>) -> Result<()> {
        if let Some(tasks) = tasks {
            let list: Vec<usize> = (0..which.len()).filter(|&i| which[i]).collect();
            let words = env.spec().params.words;
            let mut params = vec![0; list.len() * words];
            for (&i, params) in list.iter().zip(params.chunks_exact_mut(words)) {
                let place = Place { instance: self.first + i as u32, start: self.starts[i] };
                let task = &mut self.tasks[i * self.dimensions..(i + 1) * self.dimensions];
                self.ids[i] = tasks.propose(place, task, params);
                self.starts[i] += 1;
            }
            env.set_params_words(&list[..], &params)?;
        }
        env.reset_masked(which, None)?;
        Ok(())
    }

    /// Which task an instance plays, and its numbers; None and empty without a source.
    pub fn task(&self, instance: usize) -> (Option<u64>, &[f64]) {
        let numbers = self.tasks.get(instance * self.dimensions..(instance + 1) * self.dimensions);
        (self.ids.get(instance).copied(), numbers.unwrap_or_default())
    }

    /// Into a checkpoint; nothing without tasks.
    pub fn save(&self, state: &mut State, prefix: &str) {
        if self.dimensions > 0 {
            state.put_u32(format!("{prefix}/starts"), &self.starts);
            state.put_u64(format!("{prefix}/ids"), &self.ids);
            state.put_f64(format!("{prefix}/tasks"), &self.tasks);
        }
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        if self.dimensions > 0 {
            self.starts = state.u32(&format!("{prefix}/starts"))?.to_vec();
            self.ids = state.u64(&format!("{prefix}/ids"))?.to_vec();
            self.tasks = state.f64(&format!("{prefix}/tasks"))?.to_vec();
        }
        Ok(())
    }
}

/// The last observation of row `row`, which ended in the newest step.
pub fn last_observation<'a>(env: &'a Batch, row: usize) -> Cow<'a, [u32]> {
    let view = env.view();
    match env.autoreset_mode() {
        AutoresetMode::SameStep => view.final_observations(),
        _ => view.observations(),
    }
    .row(row)
    .flattened()
}

#[cfg(test)]
mod tests {
    use shadergym_envs::{Actions, BatchOptions, make_with};

    use super::*;

    #[test]
    fn batches_that_wait_have_the_same_episodes() {
        let of = |mode| make_with("CartPole-v1", &BatchOptions::new(20).autoreset_mode(mode).max_episode_steps(30));
        let mut batches = [AutoresetMode::SameStep, AutoresetMode::Disabled].map(|mode| of(mode).unwrap());
        for batch in &mut batches {
            batch.reset(7).unwrap();
        }
        let mut ends = 0;
        for step in 0..200u32 {
            let actions: Vec<u32> = (0..20).map(|i| (step * 7 + i * 3) / 5 % 2).collect();
            let told = batches.each_mut().map(|batch| {
                batch.step(Actions::Discrete(&actions)).unwrap();
                let view = batch.view();
                let last: Vec<_> =
                    view.ended_instances().map(|i| (i, last_observation(batch, i).into_owned())).collect();
                let flags = [view.terminated().to_vec(), view.truncated().to_vec()];
                let returns = view.episode_returns().to_vec();
                Restarts::default().restart(batch, None).unwrap();
                (last, flags, returns, batch.observations().flattened().into_owned())
            });
            ends += told[0].0.len();
            assert!(told[0] == told[1], "step {step}");
        }
        assert!(ends > 100, "{ends}");
    }

    #[test]
    fn only_masks_and_time_limits_together_need_to_wait() {
        let facts = shadergym_envs::spec("CartPole-v1").expect("shipped");
        for (action_mask, max_episode_steps, truncates, waits) in
            [(false, 500, true, false), (true, 0, false, false), (true, 500, false, true), (true, 0, true, true)]
        {
            let facts = Facts { action_mask, max_episode_steps, truncates, ..facts.clone() };
            assert_eq!(autoreset(&facts, false) == AutoresetMode::Disabled, waits);
            assert_eq!(autoreset(&facts, true), AutoresetMode::Disabled);
        }
    }
}
