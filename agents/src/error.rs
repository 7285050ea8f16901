//! What can go wrong at the border of the agents.

/// Every error of the agents; the text holds the bad value, the allowed range and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The environments refused.
    #[error(transparent)]
    Envs(#[from] shadergym_envs::Error),
    /// No agent has this name.
    #[error("there is no agent `{name}`. {}Agents are {known}", did_you_mean(.nearest))]
    UnknownAgent {
        /// The name asked for.
        name: String,
        /// The closest one.
        nearest: Option<String>,
        /// All of them.
        known: String,
    },
    /// An agent that cannot choose actions of such a space.
    #[error("{agent} cannot act in {env}, whose actions are {space}; agents that can: {fitting}")]
    ActionSpace {
        /// The agent.
        agent: String,
        /// Environment id.
        env: String,
        /// Its action space in words.
        space: String,
        /// Agents that can.
        fitting: String,
    },
    /// No source of tasks has this name.
    #[error("there is no source of tasks `{name}`. {}Sources are {known}", did_you_mean(.nearest))]
    UnknownTasks {
        /// The name asked for.
        name: String,
        /// The closest one.
        nearest: Option<String>,
        /// All of them.
        known: String,
    },
    /// An option that does not exist.
    #[error("{agent} has no option `{option}`. {}It has {known}", did_you_mean(.nearest))]
    UnknownOption {
        /// The agent.
        agent: String,
        /// The option asked for.
        option: String,
        /// The closest one.
        nearest: Option<String>,
        /// All options.
        known: String,
    },
    /// An option has a value outside its range, or of the wrong type.
    #[error("option `{option}` is {value}, allowed is {allowed}")]
    InvalidOption {
        /// Name of the option.
        option: String,
        /// The bad value.
        value: String,
        /// The allowed range.
        allowed: String,
    },
    /// A task, a box of tasks or a return that a teacher cannot take.
    #[error("{what} {value}, allowed is {allowed}")]
    Task {
        /// What it is, up to its value.
        what: String,
        /// The bad value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A mixture of Gaussians that cannot be fitted.
    #[error("no mixture of Gaussians: {0}")]
    Mixture(String),
    /// The loss or a parameter is no number any more.
    #[error(
        "{agent} diverged at step {step}: {what} is {value}. Try a smaller learning rate, or max_grad_norm where the agent has it"
    )]
    Diverged {
        /// The agent.
        agent: String,
        /// Environment steps so far.
        step: u64,
        /// What is not finite.
        what: String,
        /// Its value.
        value: f64,
    },
    /// A checkpoint that is not one, not whole, or of something else.
    #[error("{path} cannot be used as a checkpoint: {reason}")]
    Checkpoint {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A file or folder that cannot be read or written.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried: `read`, `write`, `create`.
        doing: &'static str,
        /// The path.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another run is training in this folder.
    #[error("{folder} is being trained in by another run; wait for its end, or train in another folder")]
    Busy {
        /// The folder.
        folder: String,
    },
    /// A metrics file that does not read.
    #[error("{path}, line {line}, column `{column}`: {reason}")]
    Metrics {
        /// The file.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Name of the column.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder that is not the folder of a run with results.
    #[error("{folder} is not a finished run: {missing}")]
    Run {
        /// The folder.
        folder: String,
        /// What it lacks, or what is wrong with it.
        missing: String,
    },
    /// The file of an experiment that makes no sense.
    #[error("{path}, {place}: {reason}")]
    Experiment {
        /// The file.
        path: String,
        /// Key or run in it.
        place: String,
        /// What is wrong, and what is allowed.
        reason: String,
    },
    /// What the agent wants to keep does not fit.
    #[error("{what} needs {needed} bytes, {available} are available; {advice}")]
    TooLarge {
        /// What does not fit.
        what: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes available.
        available: u64,
        /// What to change.
        advice: String,
    },
    /// This build or agent cannot do it.
    #[error("{0}")]
    Unsupported(String),
}

impl Error {
    /// What a panic was, for who must not let it end others.
    pub(crate) fn of_panic(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Self::Unsupported(format!("a defect of the program: {}", text.unwrap_or("it panicked")))
    }
}

/// Result of the agents' calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |n| format!("Did you mean `{n}`? "))
}
