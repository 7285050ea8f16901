//! Learners for loops of others, as files: what they are made from, and everything that they need to go on bit by bit.

use std::path::Path;

use shadergym_envs::ActionSpace;
use toml::{Table, Value};

use super::checkpoint::{Checkpoint, Meta};
use super::options::DEFAULT_STEPS;
use crate::algorithms::{self, AGENTS, Entry, MakeOnline};
use crate::error::{Error, Result};
use crate::options::{OptionInfo, check, nearest, parse};
use crate::prediction::stream_td;
use crate::streaming::{Interface, OnlineLearner};

/// A learner with what it was made from.
pub struct OnlineRun {
    config: Table,
    interface: Interface,
    /// Itself.
    pub learner: Box<dyn OnlineLearner>,
}

impl std::fmt::Debug for OnlineRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnlineRun").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Names of the learners: of the agents that learn from one transition at a time, and of the one that only predicts.
pub fn online_learners() -> Vec<&'static str> {
    let agents = AGENTS.iter().filter(|agent| agent.online.is_some()).map(|agent| agent.name);
    agents.chain([stream_td::NAME]).collect()
}

/// Whether a learner only predicts: it has no actions.
pub fn only_predicts(name: &str) -> bool {
    name == stream_td::NAME
}

/// The options of an agent, or of the learner that only predicts.
///
/// # Errors
/// [`Error::UnknownAgent`].
pub fn options_of(name: &str) -> Result<Vec<OptionInfo>> {
    match name {
        stream_td::NAME => Ok(stream_td::Config::options()),
        _ => algorithms::find(name).map(|entry| (entry.options)()),
    }
}

fn find(name: &str) -> Result<MakeOnline> {
    let of_agent = AGENTS.iter().find(|agent| agent.name == name).and_then(|agent| agent.online.as_ref());
    of_agent.map(|online| online.make).or((name == stream_td::NAME).then_some(stream_td::MAKE)).ok_or_else(|| {
        let names = online_learners();
        Error::UnknownAgent {
            name: name.to_owned(),
            nearest: nearest(name, names.iter().copied()).map(str::to_owned),
            known: format!("{} (those that learn from one transition at a time)", names.join(", ")),
        }
    })
}

impl OnlineRun {
    /// A learner with these options for a user's own environment. Schedules such as that of epsilon run over so many steps,
    /// [`DEFAULT_STEPS`] if None.
    ///
    /// # Errors
    /// [`Error::UnknownAgent`]; [`Error::ActionSpace`] if it cannot choose such actions; those of the options.
    pub fn new(agent: &str, options: &Table, interface: Interface, seed: u64, steps: Option<u64>) -> Result<Self> {
        let make = find(agent)?;
        let steps = steps.unwrap_or(DEFAULT_STEPS);
        check("steps", steps, "1 or more", steps > 0)?;
        check("seed", seed, "0 to 2^63 - 1", i64::try_from(seed).is_ok())?;
        let shape = &interface.observation;
        let elements = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
        let fits = elements.is_some_and(|elements| (1..=1 << 24).contains(&elements));
        check("observation", format!("{shape:?}"), "a shape of 1 to 16777216 numbers", fits)?;
        let count = match &interface.action {
            ActionSpace::Discrete { n } => *n as usize,
            ActionSpace::MultiDiscrete { nvec } => nvec.iter().map(|&n| n as usize).sum::<usize>().max(1),
            ActionSpace::Box { low, .. } => low.len(),
        };
        check(
            "action",
            format!("{:?}", interface.action),
            "1 to 65536 actions or numbers",
            (1..=1 << 16).contains(&count),
        )?;
        let online = |entry: &&&Entry| entry.online.as_ref().is_some_and(|online| (online.chooses)(&interface.action));
        let fitting: Vec<&str> = AGENTS.iter().filter(online).map(|entry| entry.name).collect();
        if !only_predicts(agent) && !fitting.contains(&agent) {
            return Err(Error::ActionSpace {
                agent: agent.to_owned(),
                space: format!("{:?}", interface.action),
                env: interface.env,
                fitting: fitting.join(", "),
            });
        }
        let options = crate::options::written_out(options.clone());
        let learner = make(&options, &interface, (seed, steps))?;
        let action = Value::try_from(&interface.action).expect("plain values");
        let sizes = interface.observation.iter().map(|&n| Value::Integer(n as i64)).collect();
        let config = Table::from_iter([
            ("agent".to_owned(), Value::String(agent.to_owned())),
            ("seed".to_owned(), Value::Integer(seed as i64)),
            ("steps".to_owned(), Value::Integer(i64::try_from(steps).unwrap_or(i64::MAX))),
            ("env".to_owned(), Value::String(interface.env.clone())),
            ("time_limit".to_owned(), Value::Integer(interface.limit.into())),
            ("observation".to_owned(), Value::Array(sizes)),
            ("action".to_owned(), action),
            ("options".to_owned(), Value::Table(options)),
        ]);
        Ok(Self { config, interface, learner })
    }

    /// What it was made from: agent, seed, steps, shape of the observations, actions, options.
    pub fn config(&self) -> &Table {
        &self.config
    }

    /// Name of the agent.
    pub fn agent(&self) -> &str {
        self.config["agent"].as_str().unwrap_or_default()
    }

    /// What it is connected to.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    fn checkpoint(&self) -> Checkpoint {
        let meta = Meta {
            agent: self.agent().to_owned(),
            env: self.interface.env.clone(),
            config: self.config.to_string(),
            step: self.learner.steps(),
            seconds: None,
            spaces: format!("observations {:?}, actions {:?}", self.interface.observation, self.interface.action),
            layout: "online".to_owned(),
        };
        Checkpoint { meta, agent: self.learner.save(), ..Checkpoint::default() }
    }

    /// Writes a file of it, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`]; a former file of this name is as it was.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.checkpoint().write(path)
    }

    /// What [`Self::save`] writes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.checkpoint().to_bytes()
    }

    /// A learner from its file, where it was.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Checkpoint`] if it is none, damaged, or of another version.
    pub fn load(path: &Path) -> Result<Self> {
        Self::of(&Checkpoint::read(path)?, &path.display().to_string())
    }

    /// The same from [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let path = "the learner";
        let checkpoint = Checkpoint::parse(bytes)
            .map_err(|reason| Error::Checkpoint { path: path.to_owned(), reason: reason.to_string() })?;
        Self::of(&checkpoint, path)
    }

    fn of(checkpoint: &Checkpoint, path: &str) -> Result<Self> {
        let refused = |reason: String| Error::Checkpoint { path: path.to_owned(), reason };
        if checkpoint.meta.layout != "online" {
            return Err(refused("it is a run's or a policy's, not that of a learner".to_owned()));
        }
        let config: Table =
            checkpoint.meta.config.parse().map_err(|e: toml::de::Error| refused(e.message().to_owned()))?;
        let made = || -> Result<Self> {
            let get =
                |name: &str| config.get(name).ok_or_else(|| refused(format!("its configuration has no `{name}`")));
            let number = |name: &str| parse::<u64>(name, get(name)?);
            let action = get("action")?.clone().try_into().map_err(|e| refused(e.to_string()))?;
            let interface = Interface {
                env: get("env")?.as_str().unwrap_or_default().to_owned(),
                observation: parse("observation", get("observation")?)?,
                action,
                limit: number("time_limit")? as u32,
            };
            let options = get("options")?.as_table().cloned().unwrap_or_default();
            let agent = get("agent")?.as_str().unwrap_or_default();
            Self::new(agent, &options, interface, number("seed")?, Some(number("steps")?))
        };
        let mut run = made().map_err(|error| match error {
            known @ Error::Checkpoint { .. } => known,
            other => refused(other.to_string()),
        })?;
        run.learner.load(&checkpoint.agent)?;
        Ok(run)
    }
}
