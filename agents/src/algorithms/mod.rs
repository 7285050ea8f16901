//! The agents, one file each. A file here is an agent: its name, options, algorithm and docs are found by the build.

use shadergym_envs::{ActionSpace, Facts};
use toml::Table;

use crate::agent::{Agent, Setup};
use crate::error::{Error, Result};
use crate::options::{OptionInfo, nearest};
use crate::policy::Policy;
use crate::streaming::{Interface, OnlineLearner};

include!(concat!(env!("OUT_DIR"), "/agents.rs"));

/// What the rest of the crate knows of an agent; each file here has one, `AGENT`.
#[derive(Debug)]
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// One line: what it is and where it comes from.
    pub about: &'static str,
    /// Its options.
    pub options: fn() -> Vec<OptionInfo>,
    /// Whether it can act in an environment.
    pub acts_in: fn(&Facts) -> bool,
    /// All of its options, with the values in force, after a check of their ranges.
    pub resolve: fn(&Table, &Facts) -> Result<Table>,
    /// An agent with its environments, not started yet.
    pub make: fn(&Table, &Setup) -> Result<Box<dyn Agent>>,
    /// Its untrained policy, to load parameters into.
    pub policy: fn(&Table, &Setup) -> Result<Policy>,
    /// A learner for a loop that somebody else runs; of agents that learn from one transition at a time.
    pub online: Option<OnlineEntry>,
}

/// How an agent learns in a loop that somebody else runs.
#[derive(Debug)]
pub struct OnlineEntry {
    /// Whether it can choose such actions.
    pub chooses: fn(&ActionSpace) -> bool,
    /// Makes a learner with these options, for a seed and the steps over which schedules run.
    pub make: MakeOnline,
}

/// See [`OnlineEntry::make`].
pub type MakeOnline = fn(&Table, &Interface, (u64, u64)) -> Result<Box<dyn OnlineLearner>>;

/// The agent of a name.
///
/// # Errors
/// [`Error::UnknownAgent`].
pub fn find(name: &str) -> Result<&'static Entry> {
    AGENTS.iter().copied().find(|a| a.name == name).ok_or_else(|| {
        let names: Vec<&str> = AGENTS.iter().map(|a| a.name).collect();
        Error::UnknownAgent {
            name: name.to_owned(),
            nearest: nearest(name, names.iter().copied()).map(str::to_owned),
            known: names.join(", "),
        }
    })
}

impl Entry {
    /// Fails unless this agent can act in the environment.
    ///
    /// # Errors
    /// [`Error::ActionSpace`], which names the agents that can.
    pub fn check_actions(&self, facts: &Facts) -> Result<()> {
        if (self.acts_in)(facts) {
            return Ok(());
        }
        let fitting: Vec<&str> = AGENTS.iter().filter(|a| (a.acts_in)(facts)).map(|a| a.name).collect();
        Err(Error::ActionSpace {
            agent: self.name.to_owned(),
            env: facts.id.clone(),
            space: shadergym_envs::Space::of_action(facts).to_string(),
            fitting: if fitting.is_empty() { "none".to_owned() } else { fitting.join(", ") },
        })
    }
}
