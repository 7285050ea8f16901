//! What a run folder says of a run: `config.toml`, `metrics.csv`, `summary.json`.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::{Table, Value};

use super::{file, metrics};
use crate::error::{Error, Result};

/// Mean return of the episodes since the last row.
pub const RETURN: &str = "episode/return";
/// Mean return of the last 100 episodes.
pub const SMOOTH_RETURN: &str = "episode/return_last_100";

/// Settings of `[run]` that do not change what is learned.
const IRRELEVANT: [&str; 7] =
    ["seed", "device", "num_threads", "checkpoint_interval", "eval_episodes", "gif", "metrics_interval"];

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its folder.
    pub folder: PathBuf,
    /// Name of the agent.
    pub agent: String,
    /// Environment id.
    pub env: String,
    /// Seed.
    pub seed: i64,
    /// What determines the run apart from agent, environment and seed: `steps`, `until` and the agent's options.
    pub options: Table,
    /// Points (environment steps, mean return of the episodes since the point before).
    pub curve: Vec<(f64, f64)>,
    /// Points (environment steps, mean return of the last 100 episodes).
    pub smooth_curve: Vec<(f64, f64)>,
    /// Why it ended: `steps`, `until`, `interrupted`, `failed`.
    pub end: String,
    /// Mean return of the last 100 episodes of training.
    pub last_100: f64,
    /// Environment steps per second of training.
    pub steps_per_second: f64,
    /// Seconds of training.
    pub seconds: f64,
}

impl RunRecord {
    /// Reads a run folder.
    ///
    /// # Errors
    /// [`Error::Run`] with the folder and what is missing in it; [`Error::Metrics`] if its metrics do not read.
    pub fn read(folder: &Path) -> Result<Self> {
        let error = |missing: String| Error::Run { folder: folder.display().to_string(), missing };
        if !folder.is_dir() {
            let what = if folder.exists() { "it is not a folder" } else { "it does not exist" };
            return Err(error(format!("{what}; name the folder that `shadergym train` wrote")));
        }
        let text = |name: &str, fix: &str| {
            let path = folder.join(name);
            if path.is_file() { file::read(&path) } else { Err(error(format!("{name} is missing; {fix}"))) }
        };
        let config = text("config.toml", "`shadergym train` writes one")?;
        let config: Table =
            config.parse().map_err(|e: toml::de::Error| error(format!("config.toml: {}", e.message())))?;
        let table = |name: &str| match config.get(name) {
            Some(Value::Table(table)) => Ok(table),
            _ => Err(error(format!("config.toml has no table [{name}]"))),
        };
        let (run, mut options) = (table("run")?, table("options")?.clone());
        let seed = run.get("seed").and_then(Value::as_integer);
        let seed = seed.ok_or_else(|| error("config.toml has no whole number `seed` in [run]".to_owned()))?;
        let word = |name: &str| {
            let found = run.get(name).and_then(Value::as_str);
            found.map(str::to_owned).ok_or_else(|| error(format!("config.toml has no text `{name}` in [run]")))
        };
        let (agent, env) = (word("agent")?, word("env")?);
        for (name, value) in run {
            if !IRRELEVANT.contains(&name.as_str()) && !["agent", "env"].contains(&name.as_str()) {
                options.insert(name.clone(), value.clone());
            }
        }
        let summary = text("summary.json", "the run is not over; `shadergym resume` goes on with it")?;
        let summary: Json = serde_json::from_str(&summary).map_err(|e| error(format!("summary.json: {e}")))?;
        let number = |name: &str, value: &Json| {
            value.as_f64().ok_or_else(|| error(format!("summary.json has no number `{name}`")))
        };
        let end = summary["end"].as_str();
        let end = end.ok_or_else(|| error("summary.json has no text `end`".to_owned()))?.to_owned();
        text(metrics::FILE, "`shadergym train` writes one")?;
        let rows = metrics::read(&folder.join(metrics::FILE))?;
        let (curve, smooth_curve) = (rows.points(RETURN), rows.points(SMOOTH_RETURN));
        if curve.is_empty() {
            return Err(error(format!("{} has no value of `{RETURN}`: no episode has ended", metrics::FILE)));
        }
        Ok(Self {
            folder: folder.to_owned(),
            last_100: number("last_100.mean", &summary["last_100"]["mean"])?,
            steps_per_second: number("steps_per_second", &summary["steps_per_second"])?,
            seconds: number("seconds", &summary["seconds"])?,
            agent,
            env,
            seed,
            options,
            smooth_curve,
            curve,
            end,
        })
    }
}
