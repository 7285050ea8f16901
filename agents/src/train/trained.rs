//! A policy that was trained before.

use std::path::{Path, PathBuf};

use toml::Table;

use super::Outcome;
use super::checkpoint::{Checkpoint, Meta, layout, spaces};
use super::config::{Plan, RunConfig, facts};
use super::folder::RunFolder;
use super::members;
use crate::agent::Setup;
use crate::algorithms;
use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::state::State;

/// A policy from a file, with what it was trained for.
#[derive(Debug)]
pub struct Trained {
    /// The policy, that of the first member of a population.
    pub policy: Policy,
    /// The policies of the other members.
    pub others: Vec<Policy>,
    /// The configuration of its run, with the environment in which it is to act.
    pub config: RunConfig,
    /// Environment transitions that it learned from.
    pub step: u64,
    /// The file.
    pub path: PathBuf,
    /// What people should know: newer checkpoints that could not be read.
    pub notes: Vec<String>,
    plan: Plan,
}

impl Trained {
    /// From the folder of a run (its policy, or its newest checkpoint if that has learned more), or from a file of either
    /// kind.
    /// `env` is another environment to act in, with the same observations and actions.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Checkpoint`] if the file is damaged, foreign, or does not fit the environment; those of
    /// unknown agents and environments.
    pub fn load(path: &Path, env: Option<&str>) -> Result<Self> {
        Self::load_with(path, env, &Table::new())
    }

    /// The same, to act where some of the environment's parameters are others.
    ///
    /// # Errors
    /// As [`Self::load`]; those of unknown parameters and of values outside their ranges.
    pub fn load_with(path: &Path, env: Option<&str>, params: &Table) -> Result<Self> {
        let (checkpoint, path, notes) = find(path)?;
        Self::of(checkpoint, path, notes, env, params)
    }

    /// What [`Self::to_bytes`] gave.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let path = "the copy of a policy";
        let checkpoint =
            Checkpoint::parse(bytes).map_err(|reason| Error::Checkpoint { path: path.to_owned(), reason })?;
        Self::of(checkpoint, path.into(), Vec::new(), None, &Table::new())
    }

    /// The policy of a run that was just made.
    ///
    /// # Errors
    /// Those of the environment, if its file has changed since.
    pub fn from_outcome(outcome: Outcome) -> Result<Self> {
        let Outcome { policy, others, config, step, folder, .. } = outcome;
        let plan = Plan::of(config.clone(), algorithms::find)?;
        Ok(Self { policy, others, config, step, path: folder.unwrap_or_default(), notes: Vec::new(), plan })
    }

    fn of(
        checkpoint: Checkpoint,
        path: PathBuf,
        notes: Vec<String>,
        env: Option<&str>,
        params: &Table,
    ) -> Result<Self> {
        let wrong = |reason: String| Error::Checkpoint { path: path.display().to_string(), reason };
        let mut config = RunConfig::from_toml(&checkpoint.meta.config).map_err(wrong)?;
        if let Some(env) = env {
            config.env = env.to_owned();
            // The tasks are those of the other one.
            config.tasks.clear();
        }
        config.params.extend(params.clone());
        let wanted = spaces(facts(&config.env)?.as_ref());
        if wanted != checkpoint.meta.spaces {
            let trained = &checkpoint.meta.spaces;
            return Err(wrong(format!("it was trained with {trained}; {} has {wanted}", config.env)));
        }
        let plan = Plan::of(config.clone(), algorithms::find)?;
        let load = |saved: State| {
            let mut policy = (plan.entry.policy)(&plan.config.options, &plan.setup())?;
            policy.load(&saved).map_err(|e| match e {
                Error::Checkpoint { reason, .. } => wrong(reason),
                other => other,
            })?;
            Ok(policy)
        };
        let policy = load(members::of_member(&checkpoint.policy, 0))?;
        let others = (1..).map(|member| members::of_member(&checkpoint.policy, member));
        let others = others.take_while(|saved| saved.arrays().next().is_some()).map(load).collect::<Result<_>>()?;
        Ok(Self { policy, others, config, step: checkpoint.meta.step, path, notes, plan })
    }

    /// Writes a policy's file, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: &Path) -> Result<()> {
        self.checkpoint().write(path)
    }

    /// What [`Self::save`] writes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.checkpoint().to_bytes()
    }

    fn checkpoint(&self) -> Checkpoint {
        let facts = &self.plan.facts;
        let mut checkpoint = Checkpoint {
            meta: Meta {
                agent: self.config.agent.clone(),
                env: self.config.env.clone(),
                config: self.config.to_toml(),
                step: self.step,
                seconds: None,
                spaces: spaces(facts),
                layout: layout(facts),
            },
            ..Checkpoint::default()
        };
        members::save([&self.policy].into_iter().chain(&self.others), &mut checkpoint.policy);
        checkpoint
    }

    /// For [`super::Player`] and [`super::evaluate`].
    pub fn setup(&self) -> Setup {
        Setup { device: self.config.device.clone(), ..self.plan.setup() }
    }
}

pub(super) fn find(path: &Path) -> Result<(Checkpoint, PathBuf, Vec<String>)> {
    if !path.is_dir() {
        return Ok((Checkpoint::read(path)?, path.to_owned(), Vec::new()));
    }
    let policy = path.join("policy.safetensors");
    if policy.is_file() {
        let checkpoint = Checkpoint::read(&policy)?;
        // A run that was over and then went on has learned more since.
        let folder = RunFolder { path: path.to_owned() };
        return Ok(match folder.latest_after(Some(checkpoint.meta.step)) {
            Ok((Some((newer, found)), notes)) => (newer, found, notes),
            Ok((None, _)) => (checkpoint, policy, Vec::new()),
            Err(e) => {
                let notes = vec![format!("{e}; taking {}", policy.display())];
                (checkpoint, policy, notes)
            }
        });
    }
    let (folder, _) = RunFolder::open(path)?;
    let (latest, notes) = folder.latest()?;
    let (checkpoint, found) = latest.ok_or_else(|| Error::Checkpoint {
        path: path.display().to_string(),
        reason: "the run has no policy and no checkpoint yet".to_owned(),
    })?;
    Ok((checkpoint, found, notes))
}
