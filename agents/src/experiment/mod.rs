//! Experiments: agents x environments x seeds from one file, run side by side, with results that are kept as data from
//! which the report is made.

mod date;
mod hash;
mod render;
mod schedule;
mod spec;
mod store;
#[cfg(test)]
mod tests;
mod training;

pub use date::today;
pub use render::{Facts, render};
pub use schedule::{Event, Options, outdated, run};
pub use spec::{Experiment, Group, Measure, RunSpec, Target};
pub use store::{Record, Status, Store};
pub use training::Training;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunResult {
    /// Environment steps made.
    pub step: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// Mean return of the last 100 episodes of training; None if none ended.
    pub last_100: Option<f64>,
    /// Mean return of the evaluation; None if there was none.
    pub evaluation: Option<f64>,
    /// Episodes of the evaluation that only its own time limit ended; None if there was no evaluation, or an old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<usize>,
    /// Share of the tasks of the evaluation, in percent, whose mean return is above the environment's reward threshold; None
    /// without a source of tasks or a threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mastered: Option<f64>,
    /// Points (environment steps, `mastered`) of the evaluations during training and at the end; stored as a file of its own.
    #[serde(skip)]
    pub mastery: Vec<(u64, f64)>,
    /// Points (environment steps, mean return of the episodes since the point before); stored as a file of its own.
    #[serde(skip)]
    pub curve: Vec<(u64, f64)>,
}

/// What makes runs: [`crate::train`] for users, something quick in tests.
pub trait Trainer: Sync {
    /// All that determines the result of a run, as text: a kept result with another one is out of date.
    ///
    /// # Errors
    /// Those of unknown names and bad options.
    fn resolve(&self, run: &RunSpec) -> Result<String>;

    /// Makes a run with so many threads, or goes on with one that a process left in `folder` when it was stopped: there is
    /// what belongs to it until it is over. `progress` hears of the environment steps made.
    ///
    /// # Errors
    /// Whatever ends the run early.
    fn train(
        &self,
        run: &RunSpec,
        num_threads: usize,
        folder: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<RunResult>;
}
