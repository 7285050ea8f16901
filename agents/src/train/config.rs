//! The resolved configuration of a run: the defaults of the agent, below its preset for the environment, below a file,
//! below what the caller says. As text it is `config.toml`, which gives the same run again.

use std::path::Path;
use std::sync::Arc;

use shadergym_envs::{Device, Facts};
use toml::{Table, Value};

use super::environment::{TaskPlan, merged, with_params};
use super::files::failed;
use super::options::{DEFAULT_STEPS, Interval, RunOptions};
use crate::agent::Setup;
use crate::algorithms::{self, Entry};
use crate::error::{Error, Result};
use crate::options::{OptionValue, check, nearest, parse, written_out};
use crate::presets::{STEPS, preset};

/// Rows of `metrics.csv` of a whole run.
const METRICS_ROWS: u64 = 200;

/// Names in the table `[run]` of a configuration file.
const RUN_KEYS: [&str; 12] = [
    "agent",
    "env",
    "seed",
    "steps",
    "device",
    "num_threads",
    "checkpoint_interval",
    "eval_episodes",
    "eval_interval",
    "until",
    "gif",
    "metrics_interval",
];

/// Everything that determines a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunConfig {
    /// Name of the agent.
    pub agent: String,
    /// Environment id, or the path of a `.wgsl` file.
    pub env: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Environment transitions of the whole run.
    pub steps: u64,
    /// Where the environments live.
    pub device: Device,
    /// Threads, 1 to 1024; None: all cores. Results do not depend on it.
    pub num_threads: Option<usize>,
    /// When a checkpoint is written.
    pub checkpoint_interval: Interval,
    /// Episodes of the evaluation at the end, 0 for none.
    pub eval_episodes: usize,
    /// Environment transitions between two evaluations during training; None: only at the end.
    pub eval_interval: Option<u64>,
    /// Stops when the mean return of the last 100 episodes is at least this.
    pub until: Option<f32>,
    /// Whether an animation of the trained policy is made.
    pub gif: bool,
    /// Environment transitions between two rows of `metrics.csv`.
    pub metrics_interval: u64,
    /// Parameters of the environment that are not at their defaults, by name.
    pub params: Table,
    /// The source of tasks with its ranges and options; empty without one.
    pub tasks: Table,
    /// All options of the agent.
    pub options: Table,
}

/// A checked configuration with what it names.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub entry: &'static Entry,
    pub facts: Arc<Facts>,
    pub tasks: Option<TaskPlan>,
    pub config: RunConfig,
}

/// What an environment's file declares; ids, and files ending in `.wgsl`.
///
/// # Errors
/// Those of [`shadergym_envs::spec`]; a file that cannot be read or compiled.
pub fn facts(env: &str) -> Result<Arc<Facts>> {
    if !shadergym_envs::is_file(env) {
        return Ok(Arc::new(shadergym_envs::spec(env)?.clone()));
    }
    Ok(Arc::new(shadergym_envs::compile_file(Path::new(env))?.1.facts))
}

impl Plan {
    /// Checks everything that was asked for, and touches no file but the configuration.
    ///
    /// # Errors
    /// Those of unknown agents, environments and options and of bad values; [`Error::ActionSpace`]; [`Error::Io`].
    pub fn new(wanted: &RunOptions) -> Result<Self> {
        Self::with(wanted, algorithms::find)
    }

    pub fn with(wanted: &RunOptions, find: impl Fn(&str) -> Result<&'static Entry>) -> Result<Self> {
        let Tables { mut run, env: file_params, tasks: file_tasks, options: file_options } = match &wanted.tables {
            Some(tables) => tables_of(tables.clone(), "the tables given")?,
            None => read_file(wanted.config.as_deref())?,
        };
        let needed = |name: &str, given: &Option<String>, run: &Table| {
            let of_file = run.get(name).map(|v| parse_text(name, v)).transpose()?;
            given.clone().or(of_file).ok_or_else(|| Error::InvalidOption {
                option: name.to_owned(),
                value: "not given".to_owned(),
                allowed: "a name, on the command line or in the configuration file".to_owned(),
            })
        };
        let (agent, mut env) = (needed("agent", &wanted.agent, &run)?, needed("env", &wanted.env, &run)?);
        let entry = find(&agent)?;
        if let Some(of_file) = run.get("agent").filter(|a| a.as_str() != Some(&agent)) {
            let allowed = format!("`{agent}`, the agent that was asked for, or a file of agent options without [run]");
            return Err(Error::InvalidOption {
                option: "agent in the configuration file".to_owned(),
                value: of_file.to_string(),
                allowed,
            });
        }
        let mut params = file_params;
        params.extend(wanted.params.clone());
        let facts = with_params(facts(&env)?, &params)?;
        // A run may be resumed from elsewhere.
        env = shadergym_envs::absolute_name(&env);
        entry.check_actions(&facts)?;
        let mut tasks = merged(file_tasks, wanted.tasks.clone());
        let task_plan = TaskPlan::new(&mut tasks, &facts)?;
        let mut table = preset(entry.name, &facts, wanted.preset.as_deref())?;
        // Steps are an option of the run wherever they are written; what is said later counts.
        let of_preset = table.remove(STEPS);
        table.extend(written_out(file_options));
        table.extend(written_out(wanted.settings.clone()));
        let steps = table.remove(STEPS).or(run.remove(STEPS)).or(of_preset);
        let file = RunConfig::from_run(&run, &agent, &env)?;
        let steps = match (wanted.steps, steps) {
            (Some(steps), _) => steps,
            (None, Some(value)) => parse(STEPS, &value)?,
            (None, None) => DEFAULT_STEPS,
        };
        let config = RunConfig {
            seed: wanted.seed.unwrap_or(file.seed),
            steps,
            device: wanted.device.clone().unwrap_or(file.device),
            num_threads: wanted.num_threads.or(file.num_threads),
            checkpoint_interval: wanted.checkpoint_interval.unwrap_or(file.checkpoint_interval),
            eval_episodes: wanted.eval_episodes.unwrap_or(file.eval_episodes),
            eval_interval: wanted.eval_interval.or(file.eval_interval),
            until: wanted.until.or(file.until),
            gif: wanted.gif.unwrap_or(file.gif),
            metrics_interval: if file.metrics_interval > 0 { file.metrics_interval } else { interval_of(steps) },
            params,
            tasks,
            options: (entry.resolve)(&table, &facts)?,
            ..file
        };
        config.check()?;
        Ok(Self { entry, facts, tasks: task_plan, config })
    }

    /// The plan of a resolved configuration, as a run folder or a checkpoint has it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(config: RunConfig, find: impl Fn(&str) -> Result<&'static Entry>) -> Result<Self> {
        let (entry, facts) = (find(&config.agent)?, facts(&config.env)?);
        let facts = with_params(facts, &config.params)?;
        entry.check_actions(&facts)?;
        let options = (entry.resolve)(&config.options, &facts)?;
        let mut table = config.tasks.clone();
        let tasks = TaskPlan::new(&mut table, &facts)?;
        Ok(Self { entry, facts, tasks, config: RunConfig { options, tasks: table, ..config } })
    }

    /// For [`Entry::make`]: with the device that [`Device::Auto`] comes to, as where learning happens follows from it.
    pub fn learning_setup(&self) -> Setup {
        Setup { device: self.config.chosen_device(), ..self.setup() }
    }

    /// For [`Entry::policy`], evaluations and animations.
    pub fn setup(&self) -> Setup {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        Setup {
            env: self.config.env.clone(),
            facts: self.facts.clone(),
            seed: self.config.seed,
            steps: self.config.steps,
            device: self.config.device.clone(),
            num_threads: self.config.num_threads.unwrap_or_else(all),
            tasks: self.tasks.as_ref().map(|tasks| tasks.set.clone()),
        }
    }
}

/// Rows about half a percent of the run apart.
pub(crate) fn interval_of(steps: u64) -> u64 {
    steps.div_ceil(METRICS_ROWS).max(1)
}

impl RunConfig {
    /// Parallel environments of the agent; 1 if it has no such option.
    pub fn num_envs(&self) -> usize {
        let option = self.options.get("num_envs").and_then(Value::as_integer);
        option.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).max(1)
    }

    /// The device that the environments live on, never [`Device::Auto`].
    pub(crate) fn chosen_device(&self) -> Device {
        shadergym_envs::choose_device(&self.device, self.num_envs()).device
    }

    /// `config.toml`.
    pub fn to_toml(&self) -> String {
        let mut run = Table::new();
        let mut put = |name: &str, value: Value| drop(run.insert(name.to_owned(), value));
        put("agent", Value::String(self.agent.clone()));
        put("env", Value::String(self.env.clone()));
        put("seed", self.seed.to_toml());
        put("steps", self.steps.to_toml());
        put("device", Value::String(self.device.to_string()));
        put("checkpoint_interval", Value::String(self.checkpoint_interval.to_string()));
        put("eval_episodes", self.eval_episodes.to_toml());
        put("gif", Value::Boolean(self.gif));
        put("metrics_interval", self.metrics_interval.to_toml());
        if let Some(threads) = self.num_threads {
            put("num_threads", threads.to_toml());
        }
        if let Some(interval) = self.eval_interval {
            put("eval_interval", interval.to_toml());
        }
        if let Some(until) = self.until {
            put("until", until.to_toml());
        }
        let mut table = Table::from_iter([
            ("run".to_owned(), Value::Table(run)),
            ("options".to_owned(), Value::Table(self.options.clone())),
        ]);
        for (name, inner) in [("env", &self.params), ("tasks", &self.tasks)] {
            if !inner.is_empty() {
                table.insert(name.to_owned(), Value::Table(inner.clone()));
            }
        }
        format!("# shadergym {}; `shadergym train --config <this file>` runs it again\n{table}", version())
    }

    /// From the text of [`Self::to_toml`].
    ///
    /// # Errors
    /// The reason why it is none.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let mut table = text.parse::<Table>().map_err(|e| e.message().to_owned())?;
        let mut take = |name: &str| match table.remove(name) {
            Some(Value::Table(table)) => Ok(table),
            _ => Err(format!("it has no table [{name}]")),
        };
        let (run, options) = (take("run")?, take("options")?);
        let (params, tasks) = (take("env").unwrap_or_default(), take("tasks").unwrap_or_default());
        let text = |name: &str| run.get(name).and_then(Value::as_str).ok_or(format!("[run] has no `{name}`"));
        let mut config = Self::from_run(&run, text("agent")?, text("env")?).map_err(|e| e.to_string())?;
        (config.params, config.tasks, config.options) = (params, tasks, options);
        if config.metrics_interval == 0 {
            config.metrics_interval = interval_of(config.steps);
        }
        Ok(config)
    }

    /// From a table `[run]`; what it does not say is at its default, `metrics_interval` 0 for none.
    fn from_run(run: &Table, agent: &str, env: &str) -> Result<Self> {
        fn get<T: OptionValue>(run: &Table, name: &str) -> Result<Option<T>> {
            run.get(name).map(|value| parse(name, value)).transpose()
        }
        if let Some(name) = run.keys().find(|name| !RUN_KEYS.contains(&name.as_str())) {
            return Err(Error::UnknownOption {
                agent: "the table [run] of the configuration".to_owned(),
                option: name.clone(),
                nearest: nearest(name, RUN_KEYS.into_iter()).map(str::to_owned),
                known: RUN_KEYS.join(", "),
            });
        }
        let text = |name: &str| run.get(name).map(|value| parse_text(name, value)).transpose();
        Ok(Self {
            agent: agent.to_owned(),
            env: env.to_owned(),
            seed: get(run, "seed")?.unwrap_or(0),
            steps: get(run, "steps")?.unwrap_or(DEFAULT_STEPS),
            device: text("device")?.map_or(Ok(Device::default()), |d| d.parse())?,
            num_threads: get(run, "num_threads")?,
            checkpoint_interval: text("checkpoint_interval")?.map_or(Ok(Interval::default()), |i| i.parse())?,
            eval_episodes: get(run, "eval_episodes")?.unwrap_or(100),
            eval_interval: get(run, "eval_interval")?,
            until: get(run, "until")?,
            gif: get(run, "gif")?.unwrap_or(true),
            metrics_interval: get(run, "metrics_interval")?.unwrap_or(0),
            params: Table::new(),
            tasks: Table::new(),
            options: Table::new(),
        })
    }

    fn check(&self) -> Result<()> {
        let most = i64::MAX as u64;
        check("steps", self.steps, "1 to 9223372036854775807 steps", (1..=most).contains(&self.steps))?;
        check("seed", self.seed, "0 to 9223372036854775807", self.seed <= most)?;
        let threads = self.num_threads.unwrap_or(1);
        check("num_threads", threads, "1 to 1024 threads", (1..=1024).contains(&threads))?;
        let apart = match self.checkpoint_interval {
            Interval::Steps(steps) => (1..=most).contains(&steps),
            Interval::Seconds(seconds) => seconds > 0.0 && seconds.is_finite(),
            Interval::Never => true,
        };
        check("checkpoint_interval", self.checkpoint_interval, "1 or more steps, a time above 0s, or never", apart)?;
        check("eval_episodes", self.eval_episodes, "0 to 1000000 episodes", self.eval_episodes <= 1_000_000)?;
        let interval = self.eval_interval.unwrap_or(1);
        check("eval_interval", interval, "1 or more steps", (1..=most).contains(&interval))?;
        let nothing = self.eval_interval.is_some() && self.eval_episodes == 0;
        check("eval_episodes", 0, "1 or more with an eval_interval", !nothing)?;
        check("until", self.until.unwrap_or(0.0), "a number", self.until.is_none_or(f32::is_finite))
    }
}

/// Version of this crate.
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The tables of a configuration file.
#[derive(Default)]
struct Tables {
    run: Table,
    env: Table,
    tasks: Table,
    options: Table,
}

fn read_file(path: Option<&Path>) -> Result<Tables> {
    let Some(path) = path else { return Ok(Tables::default()) };
    let text = std::fs::read_to_string(path).map_err(|e| failed("read", path, e))?;
    let table = text.parse::<Table>().map_err(|e| Error::InvalidOption {
        option: "config".to_owned(),
        value: path.display().to_string(),
        allowed: format!("a TOML file, but: {}", e.to_string().trim_end()),
    })?;
    tables_of(table, &path.display().to_string())
}

/// The tables `[run]`, `[env]`, `[tasks]` and `[options]` of a configuration, or agent options without a table.
fn tables_of(mut table: Table, from: &str) -> Result<Tables> {
    let mut named = Tables::default();
    let mut found = false;
    let Tables { run, env, tasks, options } = &mut named;
    for (name, to) in [("run", run), ("env", env), ("tasks", tasks), ("options", options)] {
        if let Some(Value::Table(inner)) = table.get(name) {
            (*to, found) = (inner.clone(), true);
            table.remove(name);
        }
    }
    match (found, table.is_empty()) {
        (true, true) => Ok(named),
        (false, _) if !table.contains_key("run") && !table.contains_key("options") => {
            Ok(Tables { options: table, ..Tables::default() })
        }
        _ => Err(Error::InvalidOption {
            option: "config".to_owned(),
            value: from.to_owned(),
            allowed: "the tables [run], [env], [tasks] and [options], or the agent's options without a table"
                .to_owned(),
        }),
    }
}

fn parse_text(name: &str, value: &Value) -> Result<String> {
    let text = value.as_str().map(str::to_owned);
    // `checkpoint_interval = 50000` is as good as "50000".
    text.or_else(|| value.as_integer().map(|v| v.to_string())).ok_or_else(|| Error::InvalidOption {
        option: name.to_owned(),
        value: value.to_string(),
        allowed: "a text".to_owned(),
    })
}
