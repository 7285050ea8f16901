//! Errors of the suite as exceptions of Gymnasium and Python, with the same text.

use pyo3::exceptions::{
    PyFloatingPointError, PyIndexError, PyMemoryError, PyOSError, PyRuntimeError, PyTypeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};
use shadergym_compiler::CompileError;
use shadergym_envs::Error;

/// The exception for an error.
#[cold]
pub(crate) fn to_python(py: Python<'_>, error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::UnknownId { .. } => of_gymnasium(py, "NameNotFound", text),
        Error::InvalidOption { option: "sticky_action_probability", .. } => {
            of_gymnasium(py, "InvalidProbability", text)
        }
        Error::InvalidActionType { .. } => PyTypeError::new_err(text),
        Error::InvalidAction { .. } => of_gymnasium(py, "InvalidAction", text),
        Error::InvalidInstance { .. } => PyIndexError::new_err(text),
        Error::ResetNeeded { .. } => of_gymnasium(py, "ResetNeeded", text),
        Error::Closed { .. } => of_gymnasium(py, "ClosedEnvironmentError", text),
        Error::NotRenderable { .. } => of_gymnasium(py, "UnsupportedMode", text),
        Error::NoAdapter { .. } | Error::NoGpuBackend => of_gymnasium(py, "DependencyNotInstalled", text),
        Error::DeviceFailed { .. } => PyRuntimeError::new_err(text),
        Error::TooLarge { .. } => PyMemoryError::new_err(text),
        Error::Unreadable { .. } => PyOSError::new_err(text),
        Error::Compile(error) => of_compiler(py, &error),
        // InvalidOption, InvalidShape, UnknownParam, ParamOutOfRange, InvalidState, GpuOnly.
        _ => PyValueError::new_err(text),
    }
}

/// The exception for an error of the agents.
#[cold]
pub(crate) fn of_agents(py: Python<'_>, error: shadergym_agents::Error) -> PyErr {
    use shadergym_agents::Error;
    let text = error.to_string();
    match error {
        Error::Envs(error) => to_python(py, error),
        Error::Diverged { .. } => PyFloatingPointError::new_err(text),
        Error::TooLarge { .. } => PyMemoryError::new_err(text),
        // FileNotFoundError, PermissionError and so on.
        Error::Io { source, .. } => std::io::Error::new(source.kind(), text).into(),
        // UnknownAgent, ActionSpace, UnknownOption, InvalidOption, Checkpoint, Metrics, Unsupported.
        _ => PyValueError::new_err(text),
    }
}

/// An exception of `gymnasium.error`.
pub(crate) fn of_gymnasium(py: Python<'_>, class: &str, text: String) -> PyErr {
    let class = py.import("gymnasium.error").and_then(|module| Ok(module.getattr(class)?.cast_into::<PyType>()?));
    match class {
        Ok(class) => PyErr::from_type(class, (text,)),
        Err(error) => error,
    }
}

/// Another thread is inside a call of the same environment.
pub(crate) fn in_use(py: Python<'_>, call: &str) -> PyErr {
    let text = format!(
        "`{call}` was called while another thread is inside a call of this environment; give each thread its own"
    );
    let make = || {
        let class = py.import("gymnasium.error")?.getattr("AlreadyPendingCallError")?;
        class.call1((text, call))
    };
    make().map_or_else(|error| error, PyErr::from_value)
}

/// `shadergym.error.CompileError` with the findings as dictionaries.
pub(crate) fn of_compiler(py: Python<'_>, error: &CompileError) -> PyErr {
    let make = || {
        let findings = PyList::empty(py);
        for diagnostic in &error.diagnostics {
            let finding = PyDict::new(py);
            finding.set_item("file", &diagnostic.file)?;
            finding.set_item("line", diagnostic.line)?;
            finding.set_item("column", diagnostic.column)?;
            finding.set_item("code", diagnostic.code)?;
            finding.set_item("message", &diagnostic.message)?;
            finding.set_item("fix", &diagnostic.fix)?;
            finding.set_item("excerpt", &diagnostic.excerpt)?;
            findings.append(finding)?;
        }
        py.import("shadergym.error")?.getattr("CompileError")?.call1((error.to_string(), findings))
    };
    make().map_or_else(|error: PyErr| error, PyErr::from_value)
}
