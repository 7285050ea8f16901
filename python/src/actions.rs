//! Actions from Python: any array whose type can be cast safely, in any memory layout.

use numpy::{PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use shadergym_envs::{ActionSpace, Actions, Batch, Error, Facts};

use crate::errors;

/// Contiguous actions of a type that batches take.
pub(crate) enum Given<'py> {
    I64(Bound<'py, PyArrayDyn<i64>>),
    I32(Bound<'py, PyArrayDyn<i32>>),
    U32(Bound<'py, PyArrayDyn<u32>>),
    F32(Bound<'py, PyArrayDyn<f32>>),
}

pub(crate) fn is_continuous(facts: &Facts) -> bool {
    matches!(facts.action, ActionSpace::Box { .. })
}

/// The actions as an array of the right kind; `shape` is the one they must have.
pub(crate) fn read<'py>(
    actions: &Bound<'py, PyAny>,
    facts: &Facts,
    shape: &[usize],
    batch: &mut Batch,
) -> PyResult<Given<'py>> {
    let py = actions.py();
    let array = match actions.cast::<PyUntypedArray>() {
        Ok(array) => array.clone(),
        Err(_) => py.import("numpy")?.call_method1("asarray", (actions,))?.cast_into()?,
    };
    let continuous = is_continuous(facts);
    let given = match fast(&array, continuous) {
        Some(given) => given,
        None => {
            let kind = array.dtype().kind();
            if !(matches!(kind, b'i' | b'u' | b'b') || (continuous && kind == b'f')) {
                return Err(wrong_type(&array, continuous, batch));
            }
            let options = PyDict::new(py);
            options.set_item("order", "C")?;
            let target = if continuous { "float32" } else { "int64" };
            let cast: Bound<'py, PyUntypedArray> =
                array.call_method("astype", (target,), Some(&options))?.cast_into()?;
            fast(&cast, continuous).ok_or_else(|| wrong_type(&array, continuous, batch))?
        }
    };
    // A wrong number of elements is reported by the batch.
    if array.shape() != shape && array.len() == shape.iter().product::<usize>() {
        return Err(PyValueError::new_err(format!("actions have shape {:?}, expected {shape:?}", array.shape())));
    }
    Ok(given)
}

fn fast<'py>(array: &Bound<'py, PyUntypedArray>, continuous: bool) -> Option<Given<'py>> {
    if !array.is_c_contiguous() {
        return None;
    }
    let array = array.as_any();
    if continuous {
        return array.cast().ok().filter(aligned::<f32>).cloned().map(Given::F32);
    }
    if let Ok(array) = array.cast::<PyArrayDyn<i64>>() {
        return Some(array).filter(aligned).cloned().map(Given::I64);
    }
    if let Ok(array) = array.cast::<PyArrayDyn<i32>>() {
        return Some(array).filter(aligned).cloned().map(Given::I32);
    }
    array.cast().ok().filter(aligned::<u32>).cloned().map(Given::U32)
}

fn aligned<T>(array: &&Bound<'_, PyArrayDyn<T>>) -> bool {
    array.data().is_aligned()
}

/// The text of [`Error::InvalidActionType`], with NumPy's name of the type.
fn wrong_type(array: &Bound<'_, PyUntypedArray>, continuous: bool, batch: &mut Batch) -> PyErr {
    let wrong = if continuous { Actions::Discrete(&[]) } else { Actions::Continuous(&[]) };
    match batch.step(wrong) {
        Err(Error::InvalidActionType { expected, .. }) => {
            PyTypeError::new_err(format!("actions are {}, this environment takes {expected}", array.dtype()))
        }
        Err(error) => errors::to_python(array.py(), error),
        Ok(_) => PyTypeError::new_err(format!("actions are {}", array.dtype())),
    }
}

impl Given<'_> {
    /// Copies the actions as raw words, so that nobody changes them during the call. An integer that does not fit
    /// becomes the largest one, which no space contains.
    pub fn copy_to(&self, words: &mut Vec<u32>) -> PyResult<()> {
        words.clear();
        // SAFETY (of all slices): we are attached to the interpreter, and nothing else runs while they are read.
        match self {
            Self::I64(array) => {
                // SAFETY: see above.
                let values = unsafe { array.as_slice() }.map_err(misaligned)?;
                // Vectors have no minimum of 64 bits: what does not fit is looked for apart.
                words.extend(values.iter().map(|&v| v as u32));
                if values.iter().fold(0, |high, &v| high | v) as u64 >> 32 != 0 {
                    words.clear();
                    words.extend(values.iter().map(|&v| u32::try_from(v).unwrap_or(u32::MAX)));
                }
            }
            Self::I32(array) => {
                // SAFETY: see above.
                words.extend_from_slice(bytemuck::cast_slice(unsafe { array.as_slice() }.map_err(misaligned)?));
            }
            Self::U32(array) => {
                // SAFETY: see above.
                words.extend_from_slice(unsafe { array.as_slice() }.map_err(misaligned)?);
            }
            Self::F32(array) => {
                // SAFETY: see above.
                words.extend_from_slice(bytemuck::cast_slice(unsafe { array.as_slice() }.map_err(misaligned)?));
            }
        }
        Ok(())
    }

    /// Gives the actions to the batch once more, as they came, for the error that names the bad value.
    pub fn refuse(&self, batch: &mut Batch, steps: usize) -> PyResult<Error> {
        // SAFETY: as in `copy_to`.
        let result = unsafe {
            match self {
                Self::I64(array) => batch.rollout_with(steps, array.as_slice().map_err(misaligned)?),
                Self::I32(array) => batch.rollout_with(steps, array.as_slice().map_err(misaligned)?),
                Self::U32(array) => batch.rollout_with(steps, array.as_slice().map_err(misaligned)?),
                Self::F32(array) => batch.rollout_with(steps, array.as_slice().map_err(misaligned)?),
            }
        };
        match result {
            Err(error) => Ok(error),
            Ok(_) => Err(PyValueError::new_err("the actions changed during the call")),
        }
    }
}

fn misaligned(_: impl Sized) -> PyErr {
    PyValueError::new_err("actions are not aligned in memory; copy the array first")
}

/// Words as actions of this environment.
pub(crate) fn of_words(words: &[u32], continuous: bool) -> Actions<'_> {
    if continuous { Actions::Continuous(bytemuck::cast_slice(words)) } else { Actions::Discrete(words) }
}
