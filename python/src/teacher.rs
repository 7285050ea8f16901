//! Teachers for a loop and an environment of the user's own.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::PyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use shadergym_agents::teachers::{TEACHERS, find};
use shadergym_agents::train::OnlineTeacher;
use shadergym_agents::{Error, Result};

use crate::train::options_as_json;
use crate::{errors, settings};

/// Names of the teachers.
#[pyfunction]
pub(crate) fn teachers() -> Vec<&'static str> {
    TEACHERS.iter().map(|teacher| teacher.name).collect()
}

/// The options of a teacher, as JSON.
#[pyfunction]
pub(crate) fn teacher_options(py: Python<'_>, teacher: &str) -> PyResult<String> {
    Ok(options_as_json((find(teacher).map_err(|e| errors::of_agents(py, e))?.options)()))
}

/// Which task comes next, by the returns of those before.
#[pyclass(frozen, module = "shadergym._native")]
pub(crate) struct Teacher(Mutex<OnlineTeacher>);

impl Teacher {
    /// Calls keep the interpreter's lock, so nobody waits here; a panic inside left nothing half done that matters.
    fn get(&self) -> MutexGuard<'_, OnlineTeacher> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(py: Python<'_>, made: Result<OnlineTeacher>) -> PyResult<Self> {
        match made {
            // As Python says it of an argument that a function does not have.
            Err(error @ Error::UnknownOption { .. }) => Err(PyTypeError::new_err(error.to_string())),
            made => Ok(Self(Mutex::new(made.map_err(|e| errors::of_agents(py, e))?))),
        }
    }
}

#[pymethods]
impl Teacher {
    #[new]
    fn new(
        py: Python<'_>,
        name: &str,
        low: Vec<f64>,
        high: Vec<f64>,
        seed: u64,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let options = settings::table(options)?;
        Self::of(py, OnlineTeacher::new(name, &options, low, high, seed))
    }

    /// From a file that `save` wrote.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        Self::of(py, OnlineTeacher::load(&path))
    }

    /// From what `to_bytes` gave.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, content: &[u8]) -> PyResult<Self> {
        Self::of(py, OnlineTeacher::from_bytes(content))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.get().save(&path).map_err(|e| errors::of_agents(py, e))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.get().to_bytes())
    }

    /// What it was made from, as JSON.
    fn config(&self) -> PyResult<String> {
        serde_json::to_string(self.get().config()).map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// The next task.
    fn sample<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        let task = self.get().sample();
        PyArray1::from_vec(py, task)
    }

    /// Hears of the episode of a task.
    fn update(&self, py: Python<'_>, task: Vec<f64>, episode_return: f64) -> PyResult<()> {
        self.get().update(&task, episode_return).map_err(|e| errors::of_agents(py, e))
    }

    /// What changed last, as JSON; empty before that.
    fn newest(&self) -> String {
        self.get().teacher().newest().to_owned()
    }

    /// Episodes heard, refused, and changes.
    fn counts(&self) -> (u64, u64, u64) {
        let run = self.get();
        (run.teacher().heard(), run.teacher().refused(), run.teacher().changes())
    }
}
