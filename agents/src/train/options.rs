//! What one can ask of a run.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use shadergym_envs::Device;
use toml::{Table, Value};

use crate::error::{Error, Result};

/// A run to be made. None means: as the configuration file, the preset or the default has it.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Name of the agent; None: as the configuration file has it.
    pub agent: Option<String>,
    /// Environment id, or the path of a `.wgsl` file; None: as the configuration file has it.
    pub env: Option<String>,
    /// Seed of everything random, 0 to 2^63 - 1; default 0.
    pub seed: Option<u64>,
    /// Environment transitions of the whole run, at least 1; default: the preset's, or [`DEFAULT_STEPS`].
    pub steps: Option<u64>,
    /// Where the environments live; default [`Device::Auto`].
    pub device: Option<Device>,
    /// Threads, 1 to 1024; default: all cores. Results do not depend on it.
    pub num_threads: Option<usize>,
    /// When a checkpoint is written; default [`Interval::default`].
    pub checkpoint_interval: Option<Interval>,
    /// Episodes of the evaluation at the end, 0 for none; default 100.
    pub eval_episodes: Option<usize>,
    /// Environment transitions between two evaluations during training, of as many episodes and always the same starts;
    /// None: only at the end.
    pub eval_interval: Option<u64>,
    /// Stops when the mean return of the last 100 episodes is at least this.
    pub until: Option<f32>,
    /// Whether an animation of the trained policy is made; default true.
    pub gif: Option<bool>,
    /// Where the files go.
    pub out: Out,
    /// Parameters of the environment, for all instances: a number or a list of numbers by name.
    pub params: Table,
    /// A source of tasks, from which instances get other parameters for each episode: `source` is its name, `ranges` a table
    /// of parameters with `[lowest, highest]` (all parameters in their whole range if there is none), `eval_tasks` how many
    /// tasks evaluations play (50, the same for all runs with these ranges); the rest are options of the source.
    pub tasks: Table,
    /// A preset of this name, such as `published`, in place of the usual one.
    pub preset: Option<String>,
    /// Options of the agent, over everything else.
    pub settings: Table,
    /// Options with the values that each combination of a population takes; for [`super::train_population`] only.
    pub sweep: Vec<(String, Vec<Value>)>,
    /// A file of options: `config.toml` of a run, or a plain list of the agent's options.
    pub config: Option<PathBuf>,
    /// What such a file would hold, instead of one.
    pub tables: Option<Table>,
}

impl RunOptions {
    /// A run with everything at its default.
    pub fn new(agent: impl Into<String>, env: impl Into<String>) -> Self {
        Self { agent: Some(agent.into()), env: Some(env.into()), ..Self::default() }
    }
}

/// Steps of a run for which neither the user nor a preset says how many.
pub const DEFAULT_STEPS: u64 = 500_000;

/// Where the files of a run go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Out {
    /// `runs/<environment>-<agent>-<seed>-<n>` below the current folder, with the first free n.
    #[default]
    Runs,
    /// This folder, which must not exist or be empty.
    Folder(PathBuf),
    /// Nowhere: no file is written, the run cannot be resumed.
    Memory,
}

/// How far apart checkpoints are. As text: `50000` (environment transitions), `30s`, `5m`, `1h`, `never`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interval {
    /// Environment transitions, at least 1.
    Steps(u64),
    /// Seconds, above 0.
    Seconds(f64),
    /// Only when the run ends.
    Never,
}

impl Default for Interval {
    fn default() -> Self {
        Self::Seconds(30.0)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "{steps}"),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
            Self::Never => f.write_str("never"),
        }
    }
}

impl FromStr for Interval {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = || {
            if text == "never" {
                return Some(Self::Never);
            }
            if let Some((unit, number)) = [("s", 1.0), ("m", 60.0), ("h", 3600.0)]
                .iter()
                .find_map(|(unit, seconds)| Some((seconds, text.strip_suffix(unit)?)))
            {
                let seconds = number.trim().parse::<f64>().ok()? * unit;
                return (seconds.is_finite() && seconds >= 0.0).then_some(Self::Seconds(seconds));
            }
            steps(text).map(Self::Steps)
        };
        parsed().ok_or_else(|| Error::InvalidOption {
            option: "checkpoint_interval".to_owned(),
            value: format!("`{text}`"),
            allowed: "steps (50000), a time (30s, 5m, 1h) or never".to_owned(),
        })
    }
}

/// A number of steps, at least 1, also written as `500_000` or `5e5`.
pub fn steps(text: &str) -> Option<u64> {
    let text = text.replace('_', "");
    let float = || text.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && (1.0..9e15).contains(v)).map(|v| v as u64);
    text.parse::<u64>().ok().or_else(float).filter(|steps| (1..=i64::MAX as u64).contains(steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_and_steps_are_read() {
        let interval = |text: &str| text.parse::<Interval>().ok();
        assert_eq!(interval("5e4"), Some(Interval::Steps(50_000)));
        assert_eq!(interval("5m"), Some(Interval::Seconds(300.0)));
        assert_eq!(interval("0.5 s"), Some(Interval::Seconds(0.5)));
        assert_eq!(interval("never"), Some(Interval::Never));
        for text in ["", "0", "-1", "1.5", "s", "-3s", "infs", "5 minutes"] {
            assert_eq!(interval(text), None, "{text}");
        }
        for value in [Interval::Steps(7), Interval::Seconds(0.25), Interval::Never] {
            assert_eq!(interval(&value.to_string()), Some(value));
        }
        assert_eq!(steps("1_000_000"), Some(1_000_000));
    }
}
