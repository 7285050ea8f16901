//! Learners for a loop and an environment of the user's own.

use std::path::PathBuf;
use std::sync::{Mutex, TryLockError};

use numpy::{PyArray1, PyArrayDescrMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use shadergym_agents::Error;
use shadergym_agents::streaming::{Interface, Observed};
use shadergym_agents::train::{self as trainer, OnlineRun};
use shadergym_envs::ActionSpace;

use crate::given::{as_array, cast, mask_words};
use crate::{errors, settings};

/// Names of the learners, and of those among them that only predict.
#[pyfunction]
pub(crate) fn online_learners() -> (Vec<&'static str>, Vec<&'static str>) {
    let names = trainer::online_learners();
    let predictors = names.iter().copied().filter(|name| trainer::only_predicts(name)).collect();
    (names, predictors)
}

/// A learner that is given one transition at a time.
#[pyclass(frozen, module = "shadergym._native")]
pub(crate) struct Learner {
    run: Mutex<OnlineRun>,
}

impl Learner {
    fn with<T>(&self, py: Python<'_>, call: &str, f: impl FnOnce(&mut OnlineRun) -> PyResult<T>) -> PyResult<T> {
        match self.run.try_lock() {
            Ok(mut run) => f(&mut run),
            // A panic inside left nothing half done that a later call would not overwrite.
            Err(TryLockError::Poisoned(poisoned)) => f(&mut poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(errors::in_use(py, call)),
        }
    }

    fn of(py: Python<'_>, run: Result<OnlineRun, Error>) -> PyResult<Self> {
        Ok(Self { run: Mutex::new(run.map_err(|e| errors::of_agents(py, e))?) })
    }
}

#[pymethods]
impl Learner {
    /// `action` is the space as JSON, as registry entries have it.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "one per option; the package passes them")]
    fn new(
        py: Python<'_>,
        agent: &str,
        observation: Vec<usize>,
        action: &str,
        time_limit: u32,
        seed: u64,
        steps: Option<u64>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let options = settings::table(options)?;
        let action: ActionSpace = serde_json::from_str(action).map_err(|e| PyValueError::new_err(e.to_string()))?;
        let interface = Interface { env: "this environment".to_owned(), observation, action, limit: time_limit };
        let run = OnlineRun::new(agent, &options, interface, seed, steps);
        match run {
            // As Python says it of an argument that a function does not have.
            Err(error @ Error::UnknownOption { .. }) => Err(PyTypeError::new_err(error.to_string())),
            run => Self::of(py, run),
        }
    }

    /// From a file that `save` wrote.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Self::of(py, py.detach(|| OnlineRun::load(&path)))
    }

    /// From what `to_bytes` gave.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, content: &[u8]) -> PyResult<Self> {
        Self::of(py, OnlineRun::from_bytes(content))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.with(py, "save", |run| run.save(&path).map_err(|e| errors::of_agents(py, e)))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, "to_bytes", |run| Ok(PyBytes::new(py, &run.to_bytes())))
    }

    /// What it was made from, as JSON.
    fn config(&self, py: Python<'_>) -> PyResult<String> {
        let text = |run: &mut OnlineRun| serde_json::to_string(run.config());
        self.with(py, "config", |run| text(run).map_err(|e| PyValueError::new_err(e.to_string())))
    }

    /// Transitions so far.
    fn steps(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, "steps", |run| Ok(run.learner.steps()))
    }

    /// What rewards are divided by.
    fn reward_scale(&self, py: Python<'_>) -> PyResult<f64> {
        self.with(py, "reward_scale", |run| Ok(run.learner.reward_scale()))
    }

    /// The action for an observation while learning.
    fn act<'py>(
        &self,
        py: Python<'py>,
        observation: &Bound<'py, PyAny>,
        mask: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.with(py, "act", |run| {
            let observation = observed(observation)?;
            let mask = mask.map(|mask| masked(run, mask)).transpose()?;
            let mut action = vec![0; run.interface().action.words()];
            run.learner.act(&observation, mask.as_deref(), &mut action).map_err(|e| errors::of_agents(py, e))?;
            Ok(array(py, run, &action))
        })
    }

    /// The best action for any observation.
    fn best<'py>(
        &self,
        py: Python<'py>,
        observation: &Bound<'py, PyAny>,
        mask: Option<&Bound<'py, PyAny>>,
        elapsed: u32,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.with(py, "best", |run| {
            let observation = observed(observation)?;
            let mask = mask.map(|mask| masked(run, mask)).transpose()?;
            let mut action = vec![0; run.interface().action.words()];
            let best = run.learner.best(&observation, mask.as_deref(), elapsed, &mut action);
            best.map_err(|e| errors::of_agents(py, e))?;
            Ok(array(py, run, &action))
        })
    }

    /// Outputs of each network for any observation, by their names.
    fn outputs<'py>(
        &self,
        py: Python<'py>,
        observation: &Bound<'py, PyAny>,
        elapsed: u32,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.with(py, "outputs", |run| {
            let (observation, found) = (observed(observation)?, PyDict::new(py));
            for (index, name) in run.learner.networks().into_iter().enumerate() {
                let outputs = run.learner.outputs(index, &observation, elapsed);
                let outputs = outputs.map_err(|e| errors::of_agents(py, e))?;
                found.set_item(name, PyArray1::from_vec(py, outputs))?;
            }
            Ok(found)
        })
    }

    /// Learns from a transition; its TD error. The action is a flat array, or None for what only predicts.
    #[expect(clippy::too_many_arguments, reason = "a transition has that many parts")]
    fn update(
        &self,
        py: Python<'_>,
        observation: &Bound<'_, PyAny>,
        action: Option<&Bound<'_, PyAny>>,
        reward: f32,
        next_observation: &Bound<'_, PyAny>,
        terminated: bool,
        truncated: bool,
        next_mask: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<f32> {
        self.with(py, "update", |run| {
            let (observation, next_observation) = (observed(observation)?, observed(next_observation)?);
            let action = action.map(|action| words(run, action)).transpose()?.unwrap_or_default();
            let next_mask = next_mask.map(|mask| masked(run, mask)).transpose()?;
            let observed = Observed {
                observation: &observation,
                action: &action,
                reward,
                next_observation: &next_observation,
                terminated,
                truncated,
                next_mask: next_mask.as_deref(),
            };
            run.learner.update(&observed).map_err(|e| errors::of_agents(py, e))
        })
    }

    /// Ends the episode without a transition.
    fn reset(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, "reset", |run| {
            run.learner.reset();
            Ok(())
        })
    }
}

/// An observation as floats.
fn observed(given: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    let array = as_array(given)?;
    if !matches!(array.dtype().kind(), b'f' | b'i' | b'u' | b'b') {
        return Err(PyTypeError::new_err(format!("the observation is {}, expected numbers", array.dtype())));
    }
    cast::<f32>(&array, "float32")
}

/// A mask as words, a bit per action.
fn masked(run: &OnlineRun, given: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
    let bits = run.interface().action.mask_bits();
    let array = as_array(given)?;
    if bits == 0 || array.len() != bits {
        let text = format!("action_mask has {} elements, expected {bits}, one for each action", array.len());
        return Err(PyValueError::new_err(text));
    }
    mask_words(&array, bits)
}

/// An action as words.
fn words(run: &OnlineRun, given: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
    let array = as_array(given)?;
    match (&run.interface().action, array.dtype().kind()) {
        (ActionSpace::Box { .. }, b'f' | b'i' | b'u' | b'b') => {
            Ok(cast::<f32>(&array, "float32")?.into_iter().map(f32::to_bits).collect())
        }
        (ActionSpace::Discrete { .. } | ActionSpace::MultiDiscrete { .. }, b'i' | b'u' | b'b') => {
            // What is negative or beyond 32 bits is refused with the range, like every other action that there is not.
            let word = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
            Ok(cast::<i64>(&array, "int64")?.into_iter().map(word).collect())
        }
        (_, _) => Err(PyTypeError::new_err(format!("the action is {}, expected numbers of its space", array.dtype()))),
    }
}

/// An action as an array, int64 or float32.
fn array<'py>(py: Python<'py>, run: &OnlineRun, action: &[u32]) -> Bound<'py, PyAny> {
    match run.interface().action {
        ActionSpace::Box { .. } => {
            PyArray1::from_vec(py, action.iter().map(|&word| f32::from_bits(word)).collect()).into_any()
        }
        _ => PyArray1::from_vec(py, action.iter().map(|&word| i64::from(word)).collect()).into_any(),
    }
}
