//! Training: the interpreter is free for other threads meanwhile, and sees Ctrl-C between two iterations.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use numpy::PyArray1;
use pyo3::exceptions::{PyKeyboardInterrupt, PyTypeError, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use shadergym_agents::algorithms::{self, AGENTS};
use shadergym_agents::options::OptionInfo;
use shadergym_agents::train::{
    self as trainer, Callback, Out, Outcome, Phase, Progress, RunConfig, RunOptions, Trained,
};
use shadergym_agents::{Error, Result};
use shadergym_envs::Device;

use crate::policy::{Policy, evaluation};
use crate::settings::{take, take_text};
use crate::shared::touch_threads;
use crate::{errors, options, settings};

/// How often Ctrl-C is looked for: iterations may be much shorter, and other threads may hold the interpreter.
const PATIENCE: Duration = Duration::from_millis(20);

/// Names of the agents, of those only that can act in the environment if one is given.
#[pyfunction]
pub(crate) fn agents(py: Python<'_>, env: Option<&str>) -> PyResult<Vec<&'static str>> {
    let facts = env.map(trainer::facts).transpose().map_err(|e| errors::of_agents(py, e))?;
    let fits = |entry: &&&algorithms::Entry| facts.as_ref().is_none_or(|facts| (entry.acts_in)(facts));
    Ok(AGENTS.iter().filter(fits).map(|entry| entry.name).collect())
}

/// The options of an agent, as JSON.
#[pyfunction]
pub(crate) fn agent_options(py: Python<'_>, agent: &str) -> PyResult<String> {
    Ok(options_as_json(trainer::options_of(agent).map_err(|e| errors::of_agents(py, e))?))
}

/// Options with their kinds, defaults and docs.
pub(crate) fn options_as_json(options: Vec<OptionInfo>) -> String {
    let option =
        |o: OptionInfo| serde_json::json!({ "name": o.name, "kind": o.kind, "default": o.default, "doc": o.doc });
    serde_json::Value::from_iter(options.into_iter().map(option)).to_string()
}

/// Trains: `run` is what the run has for options, `agent_options` what the agent has, `config` a file or its tables, and
/// `progress` is called every so many seconds.
#[pyfunction]
pub(crate) fn train<'py>(
    py: Python<'py>,
    run: &Bound<'py, PyDict>,
    agent_options: &Bound<'py, PyDict>,
    config: Option<&Bound<'py, PyAny>>,
    out: Option<PathBuf>,
    progress: Option<Py<PyAny>>,
    interval: f64,
) -> PyResult<(Policy, Bound<'py, PyDict>)> {
    let settings = settings::table(agent_options)?;
    let python = |error: Error| match &error {
        // As Python says it of an argument that a function does not have.
        Error::UnknownOption { option, .. } if settings.contains_key(option) => PyTypeError::new_err(error.to_string()),
        _ => errors::of_agents(py, error),
    };
    let mut options = of_run(&mut settings::table(run)?).map_err(python)?;
    options.settings = settings.clone();
    options.out = out.map_or(Out::Memory, Out::Folder);
    match config.map(|config| (config, config.cast::<PyDict>())) {
        None => {}
        Some((_, Ok(dict))) => options.tables = Some(settings::table(dict)?),
        Some((path, Err(_))) => options.config = Some(path.extract()?),
    }
    let resolved = py.detach(|| trainer::resolve(&options)).map_err(python)?;
    options.device = Some(device(&resolved)?);
    follow(py, progress, interval, python, |callback| trainer::train(&options, callback))
}

/// Goes on with the run of a folder, by more `steps` if `run` has them.
#[pyfunction]
pub(crate) fn resume<'py>(
    py: Python<'py>,
    folder: PathBuf,
    run: &Bound<'py, PyDict>,
    progress: Option<Py<PyAny>>,
    interval: f64,
) -> PyResult<(Policy, Bound<'py, PyDict>)> {
    let python = |error| errors::of_agents(py, error);
    let more = take(&mut settings::table(run)?, "steps").map_err(python)?;
    let config = std::fs::read_to_string(folder.join("config.toml")).unwrap_or_default();
    // A folder that is no run is reported below.
    if let Ok(config) = RunConfig::from_toml(&config) {
        device(&config)?;
    }
    follow(py, progress, interval, python, |callback| trainer::resume(&folder, more, callback))
}

fn of_run(run: &mut toml::Table) -> Result<RunOptions> {
    Ok(RunOptions {
        agent: take_text(run, "agent"),
        env: take_text(run, "env"),
        seed: take(run, "seed")?,
        steps: take(run, "steps")?,
        device: take_text(run, "device").map(|text| text.parse()).transpose()?,
        num_threads: take(run, "num_threads")?,
        checkpoint_interval: take_text(run, "checkpoint_interval").map(|text| text.parse()).transpose()?,
        eval_episodes: take(run, "eval_episodes")?,
        eval_interval: take(run, "eval_interval")?,
        params: match run.remove("params") {
            Some(toml::Value::Table(params)) => params,
            _ => toml::Table::new(),
        },
        tasks: match run.remove("tasks") {
            Some(toml::Value::Table(tasks)) => tasks,
            Some(source) => toml::Table::from_iter([("source".to_owned(), source)]),
            None => toml::Table::new(),
        },
        preset: take_text(run, "preset"),
        until: take(run, "until")?,
        gif: take(run, "gif")?,
        ..RunOptions::default()
    })
}

/// The device of a run, after a note of what it is going to use.
fn device(config: &RunConfig) -> PyResult<Device> {
    touch_threads()?;
    options::device(config.device.clone(), config.num_envs())
}

/// Runs a run; gives its policy, and what else came out.
fn follow<'py>(
    py: Python<'py>,
    progress: Option<Py<PyAny>>,
    interval: f64,
    python: impl FnOnce(Error) -> PyErr,
    run: impl FnOnce(&mut Callback<'_>) -> Result<Outcome> + Send,
) -> PyResult<(Policy, Bound<'py, PyDict>)> {
    let mut watcher = Watcher {
        progress,
        interval: Duration::try_from_secs_f64(interval).unwrap_or_default(),
        called: None,
        phase: Phase::Training,
        checked: Instant::now(),
        raised: None,
    };
    let outcome = py.detach(|| run(&mut |progress| watcher.see(progress)));
    let outcome = match (watcher.raised, outcome) {
        (Some(raised), Ok(outcome)) => return Err(with_folder(py, raised, &outcome)),
        (Some(raised), Err(_)) => return Err(raised),
        (None, outcome) => outcome.map_err(python)?,
    };
    let result = PyDict::new(py);
    let (steps, returns): (Vec<i64>, Vec<f64>) = outcome.curve.iter().map(|&(step, mean)| (step as i64, mean)).unzip();
    result.set_item("steps", PyArray1::from_vec(py, steps))?;
    result.set_item("returns", PyArray1::from_vec(py, returns))?;
    result.set_item("folder", outcome.folder.as_deref().map(|path| path.display().to_string()))?;
    result.set_item("end", outcome.end.name())?;
    result.set_item("seconds", outcome.seconds)?;
    let evaluation = outcome.evaluation.as_ref().map(|found| evaluation(py, found)).transpose()?;
    result.set_item("evaluation", evaluation)?;
    let trained = py.detach(|| Trained::from_outcome(outcome)).map_err(|e| errors::of_agents(py, e))?;
    Ok((Policy::new(trained), result))
}

/// Ctrl-C says where the run can be taken up again.
fn with_folder(py: Python<'_>, raised: PyErr, outcome: &Outcome) -> PyErr {
    match &outcome.folder {
        Some(folder) if raised.is_instance_of::<PyKeyboardInterrupt>(py) => {
            let (step, folder) = (outcome.step, folder.display().to_string());
            PyKeyboardInterrupt::new_err(format!(
                "training stopped after {step} steps; to go on: shadergym.resume({folder:?})"
            ))
        }
        _ => raised,
    }
}

/// Looks for Ctrl-C, and calls Python with the progress of a run.
struct Watcher {
    progress: Option<Py<PyAny>>,
    interval: Duration,
    called: Option<Instant>,
    phase: Phase,
    checked: Instant,
    raised: Option<PyErr>,
}

impl Watcher {
    fn see(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        if self.raised.is_some() {
            return ControlFlow::Break(());
        }
        let same = std::mem::discriminant(&self.phase) == std::mem::discriminant(&progress.phase);
        let due = !same || self.called.is_none_or(|called| called.elapsed() >= self.interval);
        let call = if due { self.progress.as_ref() } else { None };
        if call.is_none() && progress.notes.is_empty() && self.checked.elapsed() < PATIENCE {
            return ControlFlow::Continue(());
        }
        let result = Python::attach(|py| {
            py.check_signals()?;
            for note in progress.notes {
                let text = std::ffi::CString::new(note.as_str()).unwrap_or_default();
                PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 1)?;
            }
            match call {
                Some(call) => call.call1(py, (to_dict(py, progress)?,)).map(|answer| is_false(answer.bind(py))),
                None => Ok(false),
            }
        });
        let now = Instant::now();
        self.checked = now;
        if due {
            (self.called, self.phase) = (Some(now), progress.phase);
        }
        match result {
            Ok(false) => ControlFlow::Continue(()),
            Ok(true) => ControlFlow::Break(()),
            Err(error) => {
                self.raised = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

fn is_false(answer: &Bound<'_, PyAny>) -> bool {
    answer.cast::<pyo3::types::PyBool>().is_ok_and(|answer| !answer.is_true())
}

fn to_dict<'py>(py: Python<'py>, progress: &Progress<'_>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let phase = match progress.phase {
        Phase::Training => "training",
        Phase::Evaluating(_) => "evaluating",
        Phase::Drawing => "drawing",
    };
    let (mean_return, mean_length) = progress.means.unzip();
    dict.set_item("phase", phase)?;
    dict.set_item("step", progress.step)?;
    dict.set_item("steps", progress.steps)?;
    dict.set_item("seconds", progress.seconds)?;
    dict.set_item("steps_per_second", progress.steps_per_second)?;
    dict.set_item("episodes", progress.episodes)?;
    dict.set_item("mean_return", mean_return)?;
    dict.set_item("mean_length", mean_length)?;
    dict.set_item("metrics", progress.row.map(|row| &row.scalars))?;
    dict.set_item("folder", progress.folder.map(|path| path.display().to_string()))?;
    Ok(dict)
}
