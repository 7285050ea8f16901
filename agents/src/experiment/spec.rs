//! The file of an experiment.

use std::path::Path;

use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::options::{OptionValue, nearest};
use crate::report::file;

/// What an experiment is.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// Names its results: lower-case letters, digits, `-`, `_`.
    pub name: String,
    /// What it is for, as the report says it; may be empty.
    pub about: String,
    /// Seeds of the runs.
    pub seeds: Vec<u64>,
    /// Seeds that options were chosen with; none of them is one of `seeds`.
    pub tuning_seeds: Vec<u64>,
    /// Episodes of each evaluation, 0 for none; default 100.
    pub eval_episodes: usize,
    /// Environment steps between two evaluations during training; None: only at the end.
    pub eval_interval: Option<u64>,
    /// Whether the report says how fast runs were; default true. On a machine that did other things too that says little.
    pub timing: bool,
    /// An agent with its options in an environment, each with all seeds.
    pub groups: Vec<Group>,
}

/// Runs that differ by their seed only.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What tables call it; the agent's name and that of its source of tasks unless the file says otherwise.
    pub label: String,
    /// Name of the agent.
    pub agent: String,
    /// Environment id, or path of a `.wgsl` file.
    pub env: String,
    /// Environment steps of a run.
    pub steps: u64,
    /// A preset of this name in place of the usual one.
    pub preset: Option<String>,
    /// Options of the agent.
    pub settings: Table,
    /// Parameters of the environment that are not at their defaults, by name.
    pub params: Table,
    /// The source of tasks with its ranges and options, as [`crate::train::RunOptions::tasks`] has them; empty without one.
    pub tasks: Table,
    /// Seeds, where they are not those of the experiment.
    pub seeds: Option<Vec<u64>>,
    /// Mean return that it should reach.
    pub target: Option<Target>,
    /// What was tried to get there.
    pub note: Option<String>,
}

/// What a published result says that should be reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Mean return, or percent.
    pub value: f64,
    /// What it is compared with.
    pub of: Measure,
    /// Where it is from; may be empty.
    pub source: String,
}

/// What a target is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Mean return of the last 100 training episodes.
    Training,
    /// Mean return of evaluations of trained policies.
    Evaluation,
    /// Percent of the tasks of the evaluation that are mastered.
    Mastered,
}

impl Measure {
    const ALL: [Self; 3] = [Self::Training, Self::Evaluation, Self::Mastered];

    /// Its key in the file.
    fn key(self) -> &'static str {
        match self {
            Self::Training => "target",
            Self::Evaluation => "evaluation_target",
            Self::Mastered => "mastered_target",
        }
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSpec {
    /// What it is, apart from the seed.
    pub group: Group,
    /// Seed.
    pub seed: u64,
    /// Episodes of the evaluation, 0 for none.
    pub eval_episodes: usize,
    /// Environment steps between two evaluations during training.
    pub eval_interval: Option<u64>,
}

/// What seeds can be.
const SEEDS: &str = "a list of whole numbers, or a text such as \"1-30\"";
const KEYS: [&str; 8] = ["name", "about", "seeds", "tuning_seeds", "eval_episodes", "eval_interval", "timing", "runs"];
const RUN_KEYS: [&str; 15] = [
    "agent",
    "env",
    "envs",
    "steps",
    "preset",
    "set",
    "params",
    "tasks",
    "seeds",
    "target",
    "evaluation_target",
    "mastered_target",
    "source",
    "note",
    "label",
];

impl Experiment {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Experiment`] with the place, what is wrong there and what is allowed.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&path.display().to_string(), &file::read(path)?)
    }

    /// From the text of a file; `path` is for errors.
    ///
    /// # Errors
    /// [`Error::Experiment`].
    pub fn parse(path: &str, text: &str) -> Result<Self> {
        let error =
            |place: &str, reason: String| Error::Experiment { path: path.to_owned(), place: place.to_owned(), reason };
        let table: Table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(0, |s| text[..s.start].lines().count().max(1));
            error(&format!("line {line}"), e.message().to_owned())
        })?;
        let top = Reader { path, place: String::new(), table: &table };
        top.check_keys(&KEYS)?;
        let name: String = top.need("name")?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(error("`name`", format!("it is `{name}`, allowed are lower-case letters, digits, - and _")));
        }
        let seeds =
            top.seeds("seeds")?.ok_or_else(|| top.error("seeds", format!("it is missing, allowed is {SEEDS}")))?;
        let tuning_seeds = top.seeds("tuning_seeds")?.unwrap_or_default();
        let Some(Value::Array(runs)) = table.get("runs").filter(|r| r.as_array().is_some_and(|r| !r.is_empty())) else {
            return Err(error("`runs`", "it is missing, allowed is one or more [[runs]]".to_owned()));
        };
        let mut groups: Vec<Group> = Vec::new();
        for (i, run) in runs.iter().enumerate() {
            let place = format!("run {}", i + 1);
            let Value::Table(table) = run else { return Err(error(&place, "it is not a table".to_owned())) };
            let reader = Reader { path, place: format!("{place}, "), table };
            for group in reader.groups()? {
                if let Some(seed) = group.seeds.as_ref().unwrap_or(&seeds).iter().find(|s| tuning_seeds.contains(s)) {
                    let reason = format!(
                        "{seed} is one of its seeds too; results of seeds that options were chosen with flatter"
                    );
                    return Err(error("`tuning_seeds`", reason));
                }
                let slug = group.slug();
                if groups.iter().any(|g| g.slug() == slug) {
                    let reason =
                        format!("{} on {} is there already; give one of them a `label`", group.label, group.env);
                    return Err(error(&place, reason));
                }
                groups.push(group);
            }
        }
        let (about, eval_episodes) = (top.get("about")?.unwrap_or_default(), top.get("eval_episodes")?.unwrap_or(100));
        let (timing, eval_interval) = (top.get("timing")?.unwrap_or(true), top.get("eval_interval")?);
        Ok(Self { name, about, seeds, tuning_seeds, eval_episodes, eval_interval, timing, groups })
    }

    /// Seeds of a group.
    pub fn seeds_of<'a>(&'a self, group: &'a Group) -> &'a [u64] {
        group.seeds.as_ref().unwrap_or(&self.seeds)
    }

    /// All runs, seeds innermost; with a filter only those whose `label env seed` contains it, in whatever case.
    pub fn runs(&self, only: Option<&str>) -> Vec<RunSpec> {
        let only = only.map(str::to_lowercase);
        let all = self.groups.iter().flat_map(|group| {
            let (eval_episodes, eval_interval) = (self.eval_episodes, self.eval_interval);
            let run = move |&seed| RunSpec { group: group.clone(), seed, eval_episodes, eval_interval };
            self.seeds_of(group).iter().map(run)
        });
        all.filter(|run| only.as_ref().is_none_or(|o| run.name().to_lowercase().contains(o))).collect()
    }
}

impl Group {
    /// For names of files: environment and label.
    pub fn slug(&self) -> String {
        format!("{}-{}", slug(&self.env), slug(&self.label))
    }
}

impl RunSpec {
    /// For people: `ppo CartPole-v1 1`.
    pub fn name(&self) -> String {
        format!("{} {} {}", self.group.label, self.group.env, self.seed)
    }

    /// For names of files: `CartPole-v1-ppo-1`.
    pub fn slug(&self) -> String {
        format!("{}-{}", self.group.slug(), self.seed)
    }
}

/// A name without what file names should not hold.
pub(crate) fn slug(name: &str) -> String {
    let stem = name.strip_suffix(".wgsl").map_or(name, |path| path.rsplit(['/', '\\']).next().unwrap_or(path));
    stem.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' }).collect()
}

/// A table with its place, for errors.
struct Reader<'a> {
    path: &'a str,
    place: String,
    table: &'a Table,
}

impl Reader<'_> {
    fn error(&self, key: &str, reason: String) -> Error {
        Error::Experiment { path: self.path.to_owned(), place: format!("{}`{key}`", self.place), reason }
    }

    fn check_keys(&self, known: &[&'static str]) -> Result<()> {
        if let Some(key) = self.table.keys().find(|key| !known.contains(&key.as_str())) {
            let hint = nearest(key, known.iter().copied()).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(self.error(key, format!("there is no such key{hint} Keys are {}", known.join(", "))));
        }
        Ok(())
    }

    fn get<T: OptionValue>(&self, key: &str) -> Result<Option<T>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let parsed = T::from_toml(value);
        parsed.map(Some).ok_or_else(|| self.error(key, format!("it is {value}, allowed is {}", T::KIND)))
    }

    /// A table of options; empty where there is none.
    fn options(&self, key: &str) -> Result<Table> {
        match self.table.get(key) {
            None => Ok(Table::new()),
            Some(Value::Table(table)) => Ok(table.clone()),
            Some(other) => Err(self.error(key, format!("it is {other}, allowed is a table of options"))),
        }
    }

    fn need<T: OptionValue>(&self, key: &str) -> Result<T> {
        self.get(key)?.ok_or_else(|| self.error(key, format!("it is missing, allowed is {}", T::KIND)))
    }

    /// A number as the file has it, not the f32 next to it.
    fn number(&self, key: &str) -> Result<Option<f64>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let number = value.as_float().or(value.as_integer().map(|v| v as f64));
        let error = || self.error(key, format!("it is {value}, which is no number; allowed is a mean return"));
        number.map(Some).ok_or_else(error)
    }

    /// Seeds, each once: a list, or `"1-30"`.
    fn seeds(&self, key: &str) -> Result<Option<Vec<u64>>> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        let range = |text: &str| {
            let (first, last) = text.split_once('-')?;
            let (first, last) = (first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?);
            (first <= last && last - first < 100_000 && last <= i64::MAX as u64)
                .then(|| (first..=last).collect::<Vec<u64>>())
        };
        let list = || Some(Vec::<usize>::from_toml(value)?.into_iter().map(|s| s as u64).collect::<Vec<u64>>());
        let seeds = value.as_str().map_or_else(list, range);
        let seeds = seeds.ok_or_else(|| self.error(key, format!("it is {value}, allowed is {SEEDS}")))?;
        if seeds.is_empty() {
            return Err(self.error(key, format!("it is empty, allowed is {SEEDS}")));
        }
        if let Some(seed) = seeds.iter().enumerate().find(|(i, s)| seeds[..*i].contains(s)).map(|(_, s)| s) {
            return Err(self.error(key, format!("{seed} is there twice; the second is no sample of its own")));
        }
        Ok(Some(seeds))
    }

    fn groups(&self) -> Result<Vec<Group>> {
        self.check_keys(&RUN_KEYS)?;
        let envs = match (self.get::<String>("env")?, self.get::<Vec<String>>("envs")?) {
            (Some(env), None) => vec![env],
            (None, Some(envs)) if !envs.is_empty() => envs,
            _ => return Err(self.error("env", "a run has either `env` or a list `envs`".to_owned())),
        };
        let steps: u64 = self.need("steps")?;
        if !(1..=i64::MAX as u64).contains(&steps) {
            return Err(self.error("steps", format!("it is {steps}, allowed is 1 or more")));
        }
        let (settings, params, tasks) = (self.options("set")?, self.options("params")?, self.options("tasks")?);
        let agent: String = self.need("agent")?;
        let label = self.get("label")?.unwrap_or_else(|| match tasks.get("source").and_then(Value::as_str) {
            Some(source) => format!("{agent} {source}"),
            None => agent.clone(),
        });
        let source: Option<String> = self.get("source")?;
        let mut target: Option<Target> = None;
        for of in Measure::ALL {
            let Some(value) = self.number(of.key())? else { continue };
            if let Some(other) = target {
                let reason = format!("there is a `{}` too, allowed is one of them", of.key());
                return Err(self.error(other.of.key(), reason));
            }
            target = Some(Target { value, of, source: source.clone().unwrap_or_default() });
        }
        if target.is_none() && source.is_some() {
            return Err(self.error("source", "it is that of a target, and there is none".to_owned()));
        }
        let seeds = self.seeds("seeds")?;
        let note: Option<String> = self.get("note")?;
        let preset: Option<String> = self.get("preset")?;
        let group = |env| Group {
            label: label.clone(),
            agent: agent.clone(),
            env,
            steps,
            preset: preset.clone(),
            settings: settings.clone(),
            params: params.clone(),
            tasks: tasks.clone(),
            seeds: seeds.clone(),
            target: target.clone(),
            note: note.clone(),
        };
        Ok(envs.into_iter().map(group).collect())
    }
}

impl OptionValue for String {
    const KIND: &'static str = "a text";
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
    fn to_toml(&self) -> Value {
        Value::String(self.clone())
    }
}

impl OptionValue for Vec<String> {
    const KIND: &'static str = "a list of texts";
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(String::from_toml).collect()
    }
    fn to_toml(&self) -> Value {
        Value::Array(self.iter().map(OptionValue::to_toml).collect())
    }
}
