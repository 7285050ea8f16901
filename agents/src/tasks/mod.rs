//! Sources of tasks, one file each: which parameters an instance gets for its next episode. A file here is a source: its
//! name, options and docs are found by the build.

use std::sync::Arc;

use toml::Table;

use crate::agent::{Episode, Log, Next};
use crate::common::noise::Noise;
use crate::common::task_space::TaskSpace;
use crate::error::{Error, Result};
use crate::options::{OptionInfo, nearest};
use crate::state::State;

include!(concat!(env!("OUT_DIR"), "/tasks.rs"));

/// What the rest of the crate knows of a source of tasks; each file here has one, `SOURCE`.
#[derive(Debug)]
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// One line: what it is and where it comes from.
    pub about: &'static str,
    /// Its options.
    pub options: fn() -> Vec<OptionInfo>,
    /// All of its options, with the values in force, after a check of their ranges.
    pub resolve: fn(&Table, &TaskSpace) -> Result<Table>,
    /// A source that has heard of nothing yet.
    pub make: Make,
}

/// Makes a source with these options over this box of tasks.
pub type Make = fn(&Table, &Arc<TaskSpace>) -> Result<Box<dyn TaskSource>>;

/// The source of a name.
///
/// # Errors
/// [`Error::UnknownTasks`].
pub fn find(name: &str) -> Result<&'static Entry> {
    SOURCES.iter().copied().find(|source| source.name == name).ok_or_else(|| {
        let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
        Error::UnknownTasks {
            name: name.to_owned(),
            nearest: nearest(name, names.iter().copied()).map(str::to_owned),
            known: names.join(", "),
        }
    })
}

/// Where a task is played: an instance, and how often it started before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The instance, counted over all of the agent's.
    pub instance: u32,
    /// Episodes that it began before this one.
    pub start: u32,
}

impl Place {
    /// A number that no other place of the run has.
    pub fn id(self) -> u64 {
        u64::from(self.start) << 32 | u64::from(self.instance)
    }

    /// The noise of this place.
    pub fn noise(self, of_tasks: &Noise) -> Noise {
        of_tasks.at(u64::from(self.start), u64::from(self.instance))
    }
}

/// Proposes tasks and hears what became of them. It stands still while an agent collects, and what it draws belongs to a
/// place, so that nothing depends on threads, shards or interruptions.
pub trait TaskSource: Send + Sync {
    /// The task `[dimensions]` of the episode that begins at a place, drawn by [`Place::noise`] if by chance; returns which
    /// task it is: the same number for the same task where tasks come again.
    fn propose(&self, place: Place, noise: &Noise, task: &mut [f64]) -> u64;

    /// What the next collection is for. A level buffer does not learn from levels that it only tries; agents with a replay
    /// only put their updates off.
    fn next(&self) -> Next {
        Next::Learn
    }

    /// Hears of the episodes that ended in a collection, in the order of steps and instances, and of their tasks
    /// `[episodes, dimensions]`. They may have been proposed some collections ago.
    fn hear(&mut self, episodes: &[Episode], tasks: &[f64]);

    /// What it knows, under names that begin with `tasks/`.
    fn save(&self, state: &mut State);

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    fn load(&mut self, state: &State) -> Result<()>;
}

/// The tasks of a run: a source, what its numbers mean, and the noise that it draws by.
pub struct Tasks {
    space: Arc<TaskSpace>,
    source: Box<dyn TaskSource>,
    noise: Noise,
}

impl Tasks {
    /// The tasks of the run of this seed.
    pub fn new(space: Arc<TaskSpace>, source: Box<dyn TaskSource>, seed: u64) -> Self {
        Self { space, source, noise: Noise::new(seed, "tasks") }
    }

    /// Proposes the task `[dimensions]` of a place, and writes the parameters `[params words]` that it means.
    pub fn propose(&self, place: Place, task: &mut [f64], params: &mut [u32]) -> u64 {
        let id = self.source.propose(place, &self.noise, task);
        self.space.params(task, params);
        id
    }

    /// As [`TaskSource::next`].
    pub fn next(&self) -> Next {
        self.source.next()
    }

    /// Tells the source of the episodes of a log from this one on.
    pub fn hear(&mut self, log: &Log, first: usize) {
        let width = self.space.dimensions().len();
        self.source.hear(&log.episodes[first..], &log.tasks[first * width..]);
    }

    /// Into a checkpoint.
    pub fn save(&self, state: &mut State) {
        self.source.save(state);
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.source.load(state)
    }
}

/// What a setup knows of the tasks of its run.
#[derive(Debug)]
pub struct TaskSet {
    /// What the numbers of a task mean.
    pub space: Arc<TaskSpace>,
    /// The tasks of evaluations, `[tasks, dimensions]`.
    pub evaluated: Vec<f64>,
}
