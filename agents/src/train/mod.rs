//! Training runs: from a configuration to a trained policy with everything that shows how it came about. Runs can be
//! stopped at any moment, also by a power cut, and go on bit by bit as if they had not been.
//!
//! ```no_run
//! # fn main() -> shadergym_agents::Result<()> {
//! use std::ops::ControlFlow;
//!
//! use shadergym_agents::train::{RunOptions, train};
//!
//! let options = RunOptions { steps: Some(100_000), ..RunOptions::new("ppo", "CartPole-v1") };
//! let outcome = train(&options, &mut |progress| {
//!     println!("{} of {} steps, {:?}", progress.step, progress.steps, progress.means);
//!     ControlFlow::Continue(())
//! })?;
//! println!("{:?} in {:?}", outcome.evaluation.and_then(|e| e.spread()), outcome.folder);
//! # Ok(()) }
//! ```

mod adaptation;
pub mod checkpoint;
mod clock;
mod config;
mod environment;
pub(crate) mod files;
mod finish;
mod folder;
mod lessons;
pub(crate) mod lock;
mod members;
#[cfg(test)]
mod mock;
mod online;
mod online_teacher;
mod options;
mod pictures;
mod play;
mod population;
mod progress;
mod records;
mod run;
mod tally;
#[cfg(test)]
mod tests;
mod trained;

use std::path::{Path, PathBuf};

pub use adaptation::{Adaptation, adaptation};
pub use config::{RunConfig, facts};
pub(crate) use files::{failed, replace};
pub(crate) use finish::FPS;
pub use finish::animation;
pub use online::{OnlineRun, online_learners, only_predicts, options_of};
pub use online_teacher::OnlineTeacher;
pub use options::{DEFAULT_STEPS, Interval, Out, RunOptions, steps};
pub(crate) use play::MASTERED;
pub use play::{EPISODE_LIMIT, Evaluation, Player, evaluate};
pub use population::{Member, PopulationOutcome, is_population, parse_sweep, resume_population, train_population};
pub use progress::{Callback, Phase, Progress};
pub use tally::{Row, Spread};
pub use trained::Trained;

use crate::algorithms::{self, Entry};
use crate::error::{Error, Result};
use crate::policy::Policy;
use config::Plan;
use folder::RunFolder;
use lock::Lock;
use run::Run;

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All steps are made.
    Steps,
    /// The return that was asked for is reached.
    Until,
    /// The callback broke; the run can be resumed.
    Interrupted,
    /// By an error, which the call returned.
    Failed,
}

impl End {
    /// One word, as in `summary.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Until => "until",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }

    fn reason(self, config: &RunConfig) -> String {
        match self {
            Self::Steps => format!("all {} steps are made", config.steps),
            Self::Until => {
                format!("the mean return of the last 100 episodes reached {}", config.until.unwrap_or(f32::NAN))
            }
            Self::Interrupted => "it was interrupted and can be resumed".to_owned(),
            Self::Failed => "it failed".to_owned(),
        }
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The policy as it is at the end, that of the first member of a population.
    pub policy: Policy,
    /// The policies of the other members.
    pub others: Vec<Policy>,
    /// What the run was.
    pub config: RunConfig,
    /// Where its files are; None if none were written.
    pub folder: Option<PathBuf>,
    /// Why it ended.
    pub end: End,
    /// Where it ended, in what its steps count: environment transitions, updates of an agent that makes none.
    pub step: u64,
    /// Seconds of training, over all interruptions, without the evaluation.
    pub seconds: f64,
    /// The last 100 episodes of training; None if none ended.
    pub last_episodes: Option<Spread>,
    /// Step and mean return of the episodes before it, of each row of metrics with episodes.
    pub curve: Vec<(u64, f64)>,
    /// The evaluation at the end; None if interrupted or not wanted.
    pub evaluation: Option<Evaluation>,
    /// `summary.json`.
    pub summary: serde_json::Value,
}

/// The configuration that a run would have.
///
/// # Errors
/// Those of [`train`] that come before any file is touched.
pub fn resolve(options: &RunOptions) -> Result<RunConfig> {
    Ok(Plan::new(options)?.config)
}

/// Trains an agent. Prints nothing; `callback` hears of every iteration and may end the run.
///
/// # Errors
/// Those of unknown agents, environments and options and of bad values, before any file is touched; [`Error::Io`] if a
/// file cannot be written; [`Error::Diverged`]; those of the environments. What was written before stays, and
/// `summary.json` has the reason.
pub fn train(options: &RunOptions, callback: &mut Callback<'_>) -> Result<Outcome> {
    begin(options)?.run(callback)
}

/// A run at its beginning.
fn begin(options: &RunOptions) -> Result<Run> {
    Run::new(Plan::new(options)?, &options.out)
}

/// Goes on with a run from its newest checkpoint, to its end or by `more` steps beyond it.
///
/// # Errors
/// As [`train`]; [`Error::Checkpoint`] if the folder is no run or none of its checkpoints can be read, if the
/// environment has changed since, or if the run is over and no more steps are wanted; [`Error::Busy`] if it is being trained.
pub fn resume(folder: &Path, more: Option<u64>, callback: &mut Callback<'_>) -> Result<Outcome> {
    resume_with(folder, more, callback, algorithms::find)
}

fn resume_with(
    folder: &Path,
    more: Option<u64>,
    callback: &mut Callback<'_>,
    find: impl Fn(&str) -> Result<&'static Entry>,
) -> Result<Outcome> {
    go_on(folder, more, find)?.run(callback)
}

/// A run at its newest checkpoint.
fn go_on(path: &Path, more: Option<u64>, find: impl Fn(&str) -> Result<&'static Entry>) -> Result<Run> {
    let (folder, mut config) = RunFolder::open(path)?;
    let lock = Lock::claim(path)?;
    folder.clean();
    let (from, notes) = folder.latest()?;
    if let Some((checkpoint, path)) = &from {
        // What the run was when it was written, whatever happened to the file since.
        config = RunConfig::from_toml(&checkpoint.meta.config)
            .map_err(|reason| Error::Checkpoint { path: path.display().to_string(), reason })?;
    }
    let over = path.join("summary.json");
    let over = std::fs::read_to_string(over).is_ok_and(|text| {
        let end = serde_json::from_str::<serde_json::Value>(&text).ok();
        // A summary of fewer steps is that of the run before it was to go on.
        end.is_some_and(|value| {
            let ended = value["end"] == End::Steps.name() || value["end"] == End::Until.name();
            ended && value["steps"] == config.steps
        })
    });
    match more {
        Some(more) => {
            config.steps = config.steps.saturating_add(more).min(i64::MAX as u64);
            if over {
                config.until = None;
            }
        }
        None if over => {
            let reason = format!("the run is over after {} steps; --steps adds some", config.steps);
            return Err(Error::Checkpoint { path: path.display().to_string(), reason });
        }
        None => {}
    }
    let mut run = Run::resume(Plan::of(config.clone(), find)?, (folder.clone(), lock), from, notes)?;
    if more.is_some() {
        // A later resume takes its configuration from here, should this process die before the next checkpoint.
        run.rewrite_checkpoint()?;
    }
    folder.write_config(&config)?;
    let _ = std::fs::remove_file(path.join("summary.json"));
    Ok(run)
}
