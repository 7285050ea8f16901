//! Random projections: from an environment's file to that of a whole family of tasks, for agents that adapt in context.
//!
//! The result is an environment file like any other, so every back end, agent and wrapper takes it: the environment's own
//! declarations, each with `base` in front of its name ([`embed`]), and behind them the contract's functions, which turn what
//! is seen, put actions in another order and play several trials in one episode ([`write`]).

mod embed;
mod write;

use std::path::Path;

use crate::compile_variant;
use crate::error::CompileError;
use crate::facts::{ActionSpace, Facts};
use crate::link::Library;

/// Parameters that a projection adds to those of the environment.
const PARAMS: [&str; 5] = ["task_first", "task_count", "task_mix", "task_trials", "task_trial_steps"];

/// Infos that it adds.
const INFOS: [&str; 2] = ["trial_return", "trials"];

/// Most elements of a projected observation: more are not copied at once on GPUs.
const MAX_ELEMENTS: usize = 1024;

/// What a projection may be told; everything else are parameters of the environment that it makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Projection {
    /// Elements that the flattened observation is turned in: its own number or more, which are filled with zeros before. Its
    /// own, but at least 2, if None. The whole observation, with last action and flags, has at most 1,024.
    pub observation_size: Option<usize>,
    /// Real numbers that an action is turned from: its own number or more, of which the environment gets the first ones. Its
    /// own, but at least 2, if None. Of numbered actions the order alone changes, and this must be None.
    pub action_size: Option<usize>,
    /// Default of the parameter `task_trials`, episodes of the environment in one; 16 if None.
    pub trials: Option<u32>,
}

/// Why an environment was not projected.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The environment itself is wrong.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A size that the observation or action does not fit.
    #[error("{what}_size {given}: {id} has {own} elements there; allowed are {own} to {highest}")]
    Size {
        /// `observation` or `action`.
        what: &'static str,
        /// As given.
        given: usize,
        /// The environment.
        id: String,
        /// Elements that it has.
        own: usize,
        /// Most that leave room for the rest.
        highest: usize,
    },
    /// An observation and an action of more elements than an observation holds.
    #[error(
        "{id} has {own} elements in observation, last action and flags, at most {MAX_ELEMENTS} can be projected: choose an environment that shows less"
    )]
    TooLarge {
        /// The environment.
        id: String,
        /// Elements that it has.
        own: usize,
    },
    /// A size of actions that have no size.
    #[error("action_size {given}: the actions of {id} are numbered, only their order changes; leave action_size out")]
    NumberedActions {
        /// As given.
        given: usize,
        /// The environment.
        id: String,
    },
    /// No trials.
    #[error("trials 0: allowed are 1 to {}; give the number of episodes of {id} in one", u32::MAX)]
    Trials {
        /// The environment.
        id: String,
    },
    /// Several agents.
    #[error(
        "{id} has {agents} agents, and projections are of one agent's view and actions: choose an environment of one"
    )]
    Agents {
        /// The environment.
        id: String,
        /// How many.
        agents: usize,
    },
    /// A parameter or an info with a name that the projection needs.
    #[error("{id} has {what} `{name}`, a name that projections give: rename it (they add {})", PARAMS.iter().chain(&INFOS).copied().collect::<Vec<_>>().join(", "))]
    Taken {
        /// The environment.
        id: String,
        /// `a parameter` or `an info`.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

/// The text of an environment file in which each episode is a task of its own, made of the environment in `source` or of
/// the variant `id` that it lists: observations turned by an orthogonal map, actions permuted or turned, `task_trials` episodes
/// in one. Its observation is the turned one, the last action (zeros and ones, or the numbers), whether a trial has just ended
/// and whether the episode begins. With `task_mix` 0 and one trial it is the environment as it was.
///
/// # Errors
/// See [`ProjectionError`].
pub fn random_projection(
    path: &Path,
    source: &str,
    library: &Library,
    id: Option<&str>,
    options: Projection,
) -> Result<String, ProjectionError> {
    let base = compile_variant(path, source, library, id)?;
    let sizes = Sizes::of(&base.facts, options)?;
    Ok(write::write(&base, library, sizes))
}

/// Sizes that fit.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    /// Elements of the turned observation.
    observation: usize,
    /// Elements that the last action has in the observation, and of real actions those that the agent gives.
    action: usize,
    trials: u32,
}

impl Sizes {
    fn of(facts: &Facts, options: Projection) -> Result<Self, ProjectionError> {
        let id = || facts.id.clone();
        if facts.agents > 1 {
            return Err(ProjectionError::Agents { id: id(), agents: facts.agents });
        }
        let taken = |what, name: &str| ProjectionError::Taken { id: id(), what, name: name.to_owned() };
        if let Some(name) = PARAMS.iter().find(|name| facts.params.fields.iter().any(|f| f.name == **name)) {
            return Err(taken("a parameter", name));
        }
        let infos = facts.info.iter().flat_map(|info| &info.fields);
        if let Some(name) = infos.map(|f| f.name.as_str()).find(|name| INFOS.contains(name)) {
            return Err(taken("an info", name));
        }
        let seen = facts.observation.flat_elements();
        let (acted, real) = match &facts.action {
            ActionSpace::Box { low, .. } => (low.len(), true),
            numbered => (numbered.mask_bits(), false),
        };
        // Two flags, and turns need two dimensions.
        let least = |own: usize, turned: bool| if turned { own.max(2) } else { own };
        let (observation, action) = (least(seen, true), least(acted, real));
        let own = observation + action + 2;
        if own > MAX_ELEMENTS {
            return Err(ProjectionError::TooLarge { id: id(), own });
        }
        let room = MAX_ELEMENTS - own;
        let size = |what, own: usize, least: usize, room: usize, given: Option<usize>| {
            let (size, highest) = (given.unwrap_or(least), least + room);
            let wrong = || ProjectionError::Size { what, given: size, id: id(), own, highest };
            (own..=highest).contains(&size).then_some(size).ok_or_else(wrong)
        };
        let observation_size = size("observation", seen, observation, room, options.observation_size)?;
        let action = match options.action_size {
            Some(given) if !real => return Err(ProjectionError::NumberedActions { given, id: id() }),
            given => size("action", acted, action, (room + observation).saturating_sub(observation_size), given)?,
        };
        let observation = observation_size;
        match options.trials.unwrap_or(16) {
            0 => Err(ProjectionError::Trials { id: id() }),
            trials => Ok(Self { observation, action, trials }),
        }
    }
}
