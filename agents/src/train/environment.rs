//! What the environment of a run is: its parameters, and the tasks that its instances get.

use std::sync::Arc;

use shadergym_envs::{Facts, Params};
use toml::{Table, Value};

use crate::common::task_space::TaskSpace;
use crate::error::{Error, Result};
use crate::options::{OptionValue, check, parse};
use crate::tasks::{self, TaskSet, Tasks};
use crate::teachers;
use crate::teachers::source::{Journal, with_journal};

/// Names in the table `[tasks]` that are no options of the source.
pub(crate) const SOURCE: &str = "source";
pub(crate) const RANGES: &str = "ranges";
pub(crate) const EVAL_TASKS: &str = "eval_tasks";

/// Tasks of an evaluation, unless somebody says how many.
const EVALUATED: usize = 50;
/// Tasks of an evaluation at most: each is an instance.
const MOST_EVALUATED: usize = 10_000;

/// What an environment declares, with these parameters as its defaults: those of all instances of the run.
pub(super) fn with_params(facts: Arc<Facts>, params: &Table) -> Result<Arc<Facts>> {
    if params.is_empty() {
        return Ok(facts);
    }
    let mut row = Params::defaults(&facts);
    for (name, value) in params {
        let number = |value: &Value| value.as_float().or(value.as_integer().map(|v| v as f64));
        let values: Option<Vec<f64>> = match value {
            Value::Array(values) => values.iter().map(number).collect(),
            value => number(value).map(|v| vec![v]),
        };
        let values = values.ok_or_else(|| Error::InvalidOption {
            option: format!("{name} in [env]"),
            value: value.to_string(),
            allowed: "a number, or a list of numbers".to_owned(),
        })?;
        row.set(name, &values[..])?;
    }
    Ok(Arc::new(Facts { default_params: row.words().to_vec(), ..(*facts).clone() }))
}

/// A checked source of tasks.
#[derive(Debug, Clone)]
pub(crate) struct TaskPlan {
    entry: &'static tasks::Entry,
    options: Table,
    /// For setups.
    pub set: Arc<TaskSet>,
}

impl TaskPlan {
    /// From the table `[tasks]`, which is then written out in full; None if it is empty.
    ///
    /// # Errors
    /// [`Error::UnknownTasks`], those of [`TaskSpace::new`], and of unknown options and bad values.
    pub fn new(table: &mut Table, facts: &Arc<Facts>) -> Result<Option<Self>> {
        if table.is_empty() {
            return Ok(None);
        }
        let mut options = table.clone();
        let known = tasks::SOURCES.iter().map(|source| source.name).collect::<Vec<_>>().join(", ");
        let source = options.remove(SOURCE).ok_or_else(|| Error::InvalidOption {
            option: "source of tasks".to_owned(),
            value: "not given".to_owned(),
            allowed: format!("one of {known} where tasks are asked for (--tasks, or source in the table [tasks])"),
        })?;
        let entry = tasks::find(&canonical(source.as_str().unwrap_or(&source.to_string())))?;
        let ranges = match options.remove(RANGES) {
            None => Table::new(),
            Some(Value::Table(ranges)) => ranges,
            Some(other) => {
                return Err(Error::InvalidOption {
                    option: format!("{RANGES} of tasks"),
                    value: other.to_string(),
                    allowed: "a table of parameters, each with [lowest, highest]".to_owned(),
                });
            }
        };
        let count = options.remove(EVAL_TASKS).map_or(Ok(EVALUATED), |value| parse(EVAL_TASKS, &value))?;
        check(EVAL_TASKS, count, &format!("1 to {MOST_EVALUATED}"), (1..=MOST_EVALUATED).contains(&count))?;
        let space = Arc::new(TaskSpace::new(facts, &ranges)?);
        let options = (entry.resolve)(&options, &space)?;
        *table = options.clone();
        table.insert(SOURCE.to_owned(), Value::String(entry.name.to_owned()));
        table.insert(EVAL_TASKS.to_owned(), count.to_toml());
        table.insert(RANGES.to_owned(), Value::Table(ranges));
        let evaluated = space.of_evaluations(count);
        Ok(Some(Self { entry, options, set: Arc::new(TaskSet { space, evaluated }) }))
    }

    /// The tasks of the run of this seed, and what their source tells if it is a teacher.
    ///
    /// # Errors
    /// Those of the source.
    pub fn make(&self, seed: u64) -> Result<(Tasks, Journal)> {
        let space = &self.set.space;
        let (source, journal) = match teachers::find(self.entry.name) {
            Ok(teacher) => with_journal(teacher, &self.options, space)?,
            Err(_) => ((self.entry.make)(&self.options, space)?, Journal::default()),
        };
        Ok((Tasks::new(space.clone(), source, seed), journal))
    }
}

/// A source's own name: hyphens do too, and the teacher Random is the source `uniform`.
fn canonical(name: &str) -> String {
    match name.replace('-', "_") {
        random if random == teachers::random::TEACHER.name => "uniform".to_owned(),
        name => name,
    }
}

/// A table `[tasks]` with what is said later: the options of another source do not hold any more.
pub(super) fn merged(mut table: Table, mut later: Table) -> Table {
    for named in [&mut table, &mut later] {
        if let Some(Value::String(source)) = named.get_mut(SOURCE) {
            *source = canonical(source);
        }
    }
    if later.get(SOURCE).is_some_and(|source| table.get(SOURCE) != Some(source)) {
        table.retain(|name, _| name == RANGES || name == EVAL_TASKS);
    }
    if let (Some(Value::Table(ranges)), Some(Value::Table(more))) = (table.get_mut(RANGES), later.get_mut(RANGES)) {
        ranges.extend(std::mem::take(more));
        later.remove(RANGES);
    }
    table.extend(later);
    table
}
