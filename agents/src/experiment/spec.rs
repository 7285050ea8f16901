//! The file of an experiment.

use std::path::Path;

use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::options::OptionValue;
use crate::report::file;
use shadergym_compiler::nearest;

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
    /// An agent with its options in an environment, each with all seeds.
    pub groups: Vec<Group>,
}

/// Runs that differ by their seed only.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What tables call it; the agent's name unless the file says otherwise.
    pub label: String,
    /// Name of the agent.
    pub agent: String,
    /// Environment id, or path of a `.wgsl` file.
    pub env: String,
    /// Environment steps of a run.
    pub steps: u64,
    /// Options of the agent.
    pub settings: Table,
    /// Mean return of the last 100 training episodes that it should reach.
    pub target: Option<f64>,
    /// What was tried to get there.
    pub note: Option<String>,
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
}

const KEYS: [&str; 6] = ["name", "about", "seeds", "tuning_seeds", "eval_episodes", "runs"];
const RUN_KEYS: [&str; 8] = ["agent", "env", "envs", "steps", "set", "target", "note", "label"];

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
        let seeds: Vec<u64> = top.need::<Vec<usize>>("seeds")?.into_iter().map(|s| s as u64).collect();
        let tuning = top.get::<Vec<usize>>("tuning_seeds")?.unwrap_or_default();
        let tuning_seeds: Vec<u64> = tuning.into_iter().map(|s| s as u64).collect();
        if seeds.is_empty() {
            return Err(error("`seeds`", "it is empty, allowed is one or more".to_owned()));
        }
        if let Some(seed) = seeds.iter().enumerate().find(|(i, s)| seeds[..*i].contains(s)).map(|(_, s)| s) {
            return Err(error("`seeds`", format!("{seed} is there twice; the second is no sample of its own")));
        }
        if let Some(seed) = seeds.iter().find(|s| tuning_seeds.contains(s)) {
            let reason =
                format!("{seed} is one of `seeds` too; results of seeds that options were chosen with flatter");
            return Err(error("`tuning_seeds`", reason));
        }
        let Some(Value::Array(runs)) = table.get("runs").filter(|r| r.as_array().is_some_and(|r| !r.is_empty())) else {
            return Err(error("`runs`", "it is missing, allowed is one or more [[runs]]".to_owned()));
        };
        let mut groups: Vec<Group> = Vec::new();
        for (i, run) in runs.iter().enumerate() {
            let place = format!("run {}", i + 1);
            let Value::Table(table) = run else { return Err(error(&place, "it is not a table".to_owned())) };
            for group in (Reader { path, place: format!("{place}, "), table }).groups()? {
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
        Ok(Self { name, about, seeds, tuning_seeds, eval_episodes, groups })
    }

    /// All runs, seeds innermost; with a filter only those whose `label env seed` contains it, in whatever case.
    pub fn runs(&self, only: Option<&str>) -> Vec<RunSpec> {
        let only = only.map(str::to_lowercase);
        let all = self.groups.iter().flat_map(|group| {
            let run = move |&seed| RunSpec { group: group.clone(), seed, eval_episodes: self.eval_episodes };
            self.seeds.iter().map(run)
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

    fn need<T: OptionValue>(&self, key: &str) -> Result<T> {
        self.get(key)?.ok_or_else(|| self.error(key, format!("it is missing, allowed is {}", T::KIND)))
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
        let settings = match self.table.get("set") {
            None => Table::new(),
            Some(Value::Table(table)) => table.clone(),
            Some(other) => return Err(self.error("set", format!("it is {other}, allowed is a table of options"))),
        };
        let agent: String = self.need("agent")?;
        let label = self.get("label")?.unwrap_or_else(|| agent.clone());
        // As the file has it, not the f32 next to it.
        let target = self.table.get("target").map(|v| v.as_float().or(v.as_integer().map(|v| v as f64)));
        let target = match target {
            Some(None) => return Err(self.error("target", "it is no number, allowed is a mean return".to_owned())),
            other => other.flatten(),
        };
        let note: Option<String> = self.get("note")?;
        let group = |env| Group {
            label: label.clone(),
            agent: agent.clone(),
            env,
            steps,
            settings: settings.clone(),
            target,
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
