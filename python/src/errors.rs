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
    with_text(py, error, text)
}

/// The same exception for a single environment, which has no instances, in words that fit; its actions have `elements`.
#[cold]
pub(crate) fn of_one(py: Python<'_>, error: Error, elements: usize) -> PyErr {
    let text = match &error {
        Error::ResetNeeded { mask: true, .. } => "the episode has ended; call reset first".to_owned(),
        Error::InvalidAction { value, allowed, .. } if elements == 1 => {
            format!("action {value} is invalid, allowed is {allowed}")
        }
        Error::InvalidAction { value, allowed, element, .. } => {
            format!("element {element} of the action is {value}, allowed is {allowed}")
        }
        Error::InvalidShape { what, got, expected, .. } => {
            format!("{what} of one environment has {got} elements, expected {expected}")
        }
        Error::ParamOutOfRange { field, value, low, high, unit, .. } => Error::ParamOutOfRange {
            field: field.clone(),
            instance: None,
            value: value.clone(),
            low: low.clone(),
            high: high.clone(),
            unit: unit.clone(),
        }
        .to_string(),
        Error::InvalidState { field, value, .. } => format!("state field `{field}` is {value}, it must be finite"),
        Error::InvalidInstance { instance, .. } => {
            format!("a single environment is instance 0 of itself, there is no instance {instance}")
        }
        Error::Closed { id } => format!("this {id} is closed; make a new one"),
        other => other.to_string(),
    };
    with_text(py, error, text)
}

fn with_text(py: Python<'_>, error: Error, text: String) -> PyErr {
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
        Error::DeviceFailed { .. } | Error::LoopsCut { .. } | Error::EndlessLoop { .. } => {
            PyRuntimeError::new_err(text)
        }
        Error::TooLarge { .. } => PyMemoryError::new_err(text),
        Error::Unreadable { .. } => PyOSError::new_err(text),
        Error::Compile(error) => of_compiler(py, &error),
        // InvalidOption, InvalidShape, UnknownParam, ParamOutOfRange, InvalidState.
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
        // UnknownAgent, ActionSpace, UnknownOption, InvalidOption, Task, Checkpoint, Metrics, Unsupported.
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
