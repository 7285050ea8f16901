//! What a run tells while it goes on.

use std::ops::ControlFlow;
use std::path::Path;

use super::tally::Row;

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Learning.
    Training,
    /// Playing the episodes of the evaluation, of which this many are over.
    Evaluating(usize),
    /// Drawing the animation.
    Drawing,
}

/// How far a run is. Given after every iteration; a callback that breaks ends the run with a checkpoint.
#[derive(Debug)]
pub struct Progress<'a> {
    /// What the run is doing.
    pub phase: Phase,
    /// Environment transitions so far.
    pub step: u64,
    /// Environment transitions of the whole run.
    pub steps: u64,
    /// Seconds of training so far, over all interruptions.
    pub seconds: f64,
    /// Environment transitions per second since this process took the run up.
    pub steps_per_second: f64,
    /// Episodes so far.
    pub episodes: u64,
    /// Mean return and length of the last 100 episodes; None before the first.
    pub means: Option<(f64, f64)>,
    /// The row of metrics that was just written.
    pub row: Option<&'a Row>,
    /// Where the environments are and where learning happens, `cpu` or `gpu...`; None of a population.
    pub devices: Option<(&'a str, &'a str)>,
    /// Where the files are.
    pub folder: Option<&'a Path>,
    /// What people should know: checkpoints or metrics that could not be read or written, a device that was lost. Each is
    /// told once.
    pub notes: &'a [String],
}

/// Called with the progress of a run.
pub type Callback<'a> = dyn FnMut(&Progress<'_>) -> ControlFlow<()> + 'a;

impl Progress<'_> {
    pub(super) fn copy(&self) -> Self {
        Self {
            phase: self.phase,
            row: self.row,
            folder: self.folder,
            devices: self.devices,
            notes: self.notes,
            ..*self
        }
    }
}
