//! What every agent is to the trainer.

use std::collections::BTreeMap;
use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Device, Facts};

use crate::error::Result;
use crate::policy::Policy;
use crate::state::State;

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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// Undiscounted sum of rewards, as the environment gives them; mean over agents.
    pub episode_return: f32,
    /// Steps.
    pub length: u32,
}

/// Adds the infos of a finished episode, or the sums of several.
pub(crate) fn add_infos(sums: &mut Vec<f64>, infos: impl ExactSizeIterator<Item = f64>) {
    sums.resize(infos.len().max(sums.len()), 0.0);
    sums.iter_mut().zip(infos).for_each(|(sum, value)| *sum += value);
}

/// What one iteration reports.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// Episodes that ended in it.
    pub episodes: Vec<Episode>,
    /// Sum over them of the sums of their infos, `[info words]`; empty where the environment has none or none ended.
    pub infos: Vec<f64>,
    /// Named figures: `loss/policy`, `loss/value`, `policy/entropy`, `optimizer/learning_rate`.
    pub scalars: BTreeMap<&'static str, f64>,
}

/// A learner together with its environments.
pub trait Agent: Send {
    /// Collects some transitions and learns from them; the unit between checkpoints.
    ///
    /// # Errors
    /// [`crate::Error::Diverged`], and those of the environments.
    fn iterate(&mut self, log: &mut Log) -> Result<()>;

    /// Environment transitions made so far.
    fn env_steps(&self) -> u64;

    /// Whether it learns on the GPU of its environments; otherwise on the CPU, wherever they are.
    fn learns_on_gpu(&self) -> bool {
        false
    }

    /// The policy as it is now, a copy.
    fn policy(&self) -> Policy;

    /// Everything that is needed to go on bit by bit.
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
