//! The registry, the compiler and the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use shadergym_envs::{Facts, Projection};

use crate::errors;

/// Version of the compiled module.
#[pyfunction]
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Ids of all shipped environments.
#[pyfunction]
pub(crate) fn ids() -> Vec<&'static str> {
    shadergym_envs::ids().collect()
}

/// What the file of a shipped environment declares, as JSON.
#[pyfunction]
pub(crate) fn spec(py: Python<'_>, id: &str) -> PyResult<String> {
    let facts = shadergym_envs::spec(id).map_err(|e| errors::to_python(py, e))?;
    to_json(facts)
}

/// What a user's own file declares, as JSON.
#[pyfunction]
pub(crate) fn compile(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    let compiled = py.detach(|| shadergym_envs::compile_file(&path)).map_err(|e| errors::to_python(py, e))?;
    to_json(&compiled.1.facts)
}

/// The text of an environment file whose episodes are random projections of an environment, an id or a file.
#[pyfunction]
#[pyo3(signature = (name, observation_size, action_size, trials))]
pub(crate) fn random_projection(
    py: Python<'_>,
    name: &str,
    observation_size: Option<usize>,
    action_size: Option<usize>,
    trials: Option<u32>,
) -> PyResult<String> {
    let options = Projection { observation_size, action_size, trials };
    py.detach(|| shadergym_envs::random_projection(name, options)).map_err(|e| errors::to_python(py, e))
}

/// Runs the command line with these arguments, the name of the program first; gives the exit code.
#[pyfunction]
pub(crate) fn run_command_line(py: Python<'_>, args: Vec<OsString>) -> u8 {
    let code = py.detach(|| shadergym_agents::cli::run(args));
    // An exit code cannot be asked for its number.
    (0..=u8::MAX).find(|&number| ExitCode::from(number) == code).unwrap_or(1)
}

pub(crate) fn to_json(facts: &Facts) -> PyResult<String> {
    serde_json::to_string(facts).map_err(|e| PyRuntimeError::new_err(e.to_string()))
}
