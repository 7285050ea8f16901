//! Options from Python's dictionaries.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple};
use shadergym_agents::options::OptionValue;
use shadergym_agents::{Error, Result};
use toml::{Table, Value};

/// A dictionary as a table. What is None is left out, as if it had not been given.
pub(crate) fn table(dict: &Bound<'_, PyDict>) -> PyResult<Table> {
    let mut table = Table::new();
    for (name, given) in dict {
        let name: String = name.extract()?;
        if !given.is_none() {
            let value = value(&name, &given)?;
            table.insert(name, value);
        }
    }
    Ok(table)
}

fn value(name: &str, given: &Bound<'_, PyAny>) -> PyResult<Value> {
    // NumPy's arrays and numbers.
    if given.hasattr("tolist")? {
        return value(name, &given.call_method0("tolist")?);
    }
    if let Ok(value) = given.cast::<PyBool>() {
        return Ok(Value::Boolean(value.is_true()));
    }
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(Value::String(text.to_str()?.to_owned()));
    }
    if let Ok(dict) = given.cast::<PyDict>() {
        return Ok(Value::Table(table(dict)?));
    }
    if given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>() {
        let values = given.try_iter()?.map(|element| value(name, &element?));
        return Ok(Value::Array(values.collect::<PyResult<_>>()?));
    }
    if let Ok(number) = given.extract::<i64>() {
        return Ok(Value::Integer(number));
    }
    if let Ok(number) = given.extract::<f64>() {
        return Ok(Value::Float(number));
    }
    let kind = given.get_type().name()?;
    Err(PyTypeError::new_err(format!("option `{name}` is of type {kind}, allowed are numbers, text, bool and lists")))
}

/// Takes an option out of a table, if it is there.
pub(crate) fn take<T: OptionValue>(table: &mut Table, option: &str) -> Result<Option<T>> {
    let read = |value: Value| {
        T::from_toml(&value).ok_or_else(|| Error::InvalidOption {
            option: option.to_owned(),
            value: value.to_string(),
            allowed: T::KIND.to_owned(),
        })
    };
    table.remove(option).map(read).transpose()
}

/// As [`take`], for what is written as text. Numbers are text too.
pub(crate) fn take_text(table: &mut Table, option: &str) -> Option<String> {
    table.remove(option).map(|value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    })
}
