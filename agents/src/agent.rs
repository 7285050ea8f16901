//! What every agent is to the trainer.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Device, Facts};

use crate::abreast::SideBySide;
use crate::error::Result;
use crate::policy::Policy;
use crate::state::State;
use crate::tasks::{TaskSet, Tasks};

/// What a run is about, apart from the agent's own options.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Environment id, or the path of a `.wgsl` file.
    pub env: String,
    /// What its file declares, with the parameters of the run as the defaults.
    pub facts: Arc<Facts>,
    /// Seed of everything random.
    pub seed: u64,
    /// Environment steps of the whole run: what schedules run over.
    pub steps: u64,
    /// Where the environments live.
    pub device: Device,
    /// Threads; 1 where runs are packed side by side. Results do not depend on it.
    pub num_threads: usize,
    /// What tasks its instances play; None: that of the facts.
    pub tasks: Option<Arc<TaskSet>>,
}

impl Setup {
    /// A batch of the environment with these options (whose device and threads are overwritten).
    ///
    /// # Errors
    /// Those of [`shadergym_envs::make_with`].
    pub fn make(&self, options: BatchOptions) -> Result<Batch> {
        let options = options.device(self.device.clone());
        let mut batch = match shadergym_envs::is_file(&self.env) {
            true => shadergym_envs::make_from_file(&self.env, &options)?,
            false => shadergym_envs::make_with(&self.env, &options)?,
        };
        let params = batch.default_params();
        if params.words() != self.facts.default_params {
            batch.set_params(.., &params.from_words(&self.facts.default_params)?)?;
        }
        Ok(batch)
    }
}

/// A finished training episode.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Episode {
    /// Undiscounted sum of rewards, as the environment gives them; mean over agents.
    pub episode_return: f32,
    /// Steps.
    pub length: u32,
    /// The instance that played it, counted over all of the agent's.
    pub instance: u32,
    /// The member of the population that it belongs to, below [`Agent::members`].
    pub member: u32,
    /// Which task it was; None without a source of tasks.
    pub task: Option<u64>,
}

/// What an iteration reports.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Episodes that ended in it.
    pub episodes: Vec<Episode>,
    /// Sums of their infos, `[episodes, info words]`; empty where the environment has none.
    pub infos: Vec<f32>,
    /// Their tasks, `[episodes, dimensions]`; empty without a source of tasks.
    pub tasks: Vec<f64>,
    /// Named figures: `loss/policy`, `loss/value`, `policy/entropy`, `optimizer/learning_rate`.
    pub scalars: BTreeMap<&'static str, f64>,
}

impl Log {
    /// Forgets everything, for the next iteration.
    pub fn clear(&mut self) {
        self.episodes.clear();
        self.infos.clear();
        self.tasks.clear();
        self.scalars.clear();
    }

    /// Takes down an episode with the sums of its infos and its task, each empty where there are none.
    pub fn push(&mut self, episode: Episode, infos: &[f32], task: &[f64]) {
        self.episodes.push(episode);
        self.infos.extend_from_slice(infos);
        self.tasks.extend_from_slice(task);
    }

    /// Sums of the infos of one episode, `[info words]`.
    pub fn infos_of(&self, episode: usize) -> &[f32] {
        let words = self.infos.len() / self.episodes.len().max(1);
        &self.infos[episode * words..(episode + 1) * words]
    }
}

/// How much was done so far, of each kind of work: the kinds have their own pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clocks {
    /// Environment transitions.
    pub env_steps: u64,
    /// Calls of [`Agent::collect`] that made transitions.
    pub collections: u64,
    /// Updates of parameters by an optimiser.
    pub updates: u64,
}

/// What is done with what was collected, once it is processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is learned from.
    Learn,
    /// It only told something, such as how hard levels are: collecting goes on.
    Collect,
}

/// A learner together with its environments. [`iterate`] calls its steps in their order.
pub trait Agent: Any + Send {
    /// Makes transitions, whose instances begin their episodes with the `tasks` of the run if it has a source of them;
    /// episodes that ended go into the log. An agent that learns from what is there makes none.
    ///
    /// # Errors
    /// Those of the environments.
    fn collect(&mut self, tasks: Option<&Tasks>, log: &mut Log) -> Result<Next>;

    /// Turns what was collected into what is learned from: returns, advantages, moments that normalise. Comes behind every
    /// collection, also one that is not learned from.
    fn process(&mut self) {}

    /// All updates that are due.
    ///
    /// # Errors
    /// [`crate::Error::Diverged`].
    fn learn(&mut self) -> Result<()>;

    /// Figures of the iteration, once at its end, so that short steps pay nothing for them.
    fn report(&mut self, log: &mut Log);

    /// Whether the iteration that began at `since` is over, asked behind every collection: the unit between reports.
    fn is_iteration_over(&self, since: Clocks) -> bool {
        let _ = since;
        true
    }

    /// How much was done so far.
    fn clocks(&self) -> Clocks;

    /// Where the run is, in what its steps count: environment transitions, or updates for an agent that makes none.
    fn step(&self) -> u64 {
        self.clocks().env_steps
    }

    /// Whether it learns on the GPU of its environments; otherwise on the CPU, wherever they are.
    fn learns_on_gpu(&self) -> bool {
        false
    }

    /// Independent learners in it: a population with one set of parameters each. [`Episode::member`] is below it.
    fn members(&self) -> usize {
        1
    }

    /// How learners like it advance together, where that is faster than each by itself; runs with a source of tasks do not.
    fn side_by_side(&self) -> Option<SideBySide> {
        None
    }

    /// The policy of a member as it is now, a copy.
    fn policy(&self, member: usize) -> Policy;

    /// Everything that is needed to go on bit by bit, between two iterations.
    ///
    /// # Errors
    /// Those of the environments.
    fn save(&mut self, state: &mut State) -> Result<()>;

    /// Goes on where [`Self::save`] was called, in an agent made with the same options.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if something is missing or of another size.
    fn load(&mut self, state: &State) -> Result<()>;
}

/// One iteration: collects, processes and learns until the agent has something to report; the unit between checkpoints.
/// The source of tasks hears of each collection.
///
/// # Errors
/// Those of the agent's steps.
pub fn iterate(agent: &mut dyn Agent, mut tasks: Option<&mut Tasks>, log: &mut Log) -> Result<()> {
    let since = agent.clocks();
    loop {
        let known = log.episodes.len();
        let next = agent.collect(tasks.as_deref(), log)?;
        agent.process();
        if let Some(tasks) = &mut tasks {
            tasks.hear(log, known);
        }
        if next == Next::Learn {
            agent.learn()?;
        }
        if agent.is_iteration_over(since) {
            break;
        }
    }
    agent.report(log);
    Ok(())
}
