//! Observations that Python gives: arrays, or a dictionary of arrays, as rows of words.

use numpy::{Element, PyArrayDescrMethods, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use shadergym_envs::{Encoding, ObservationPart, ObservationSpace};

/// Observations `[..lead, observation]` as words: the lead, and the rows.
pub(crate) fn observed_words(
    given: &Bound<'_, PyAny>,
    space: &ObservationSpace,
    id: &str,
) -> PyResult<(Vec<usize>, Vec<u32>)> {
    if let Some(part) = space.single() {
        return part_words(given, part, "observations", id);
    }
    let names: Vec<&str> = space.parts.iter().map(|part| part.name.as_str()).collect();
    let Ok(dict) = given.cast::<PyDict>() else {
        let text = format!("observations are {}, {id} gives a dictionary of {}", given.get_type(), names.join(", "));
        return Err(PyTypeError::new_err(text));
    };
    let mut parts = Vec::new();
    for part in &space.parts {
        let Some(array) = dict.get_item(&part.name)? else {
            return Err(PyKeyError::new_err(format!(
                "observations have no `{}`, {id} gives {}",
                part.name,
                names.join(", ")
            )));
        };
        let what = format!("observations[{:?}]", part.name);
        let (lead, words) = part_words(&array, part, &what, id)?;
        if let Some((first, _)) = parts.first()
            && *first != lead
        {
            let text = format!("{what} are {lead:?} observations, observations[{:?}] are {first:?}", names[0]);
            return Err(PyValueError::new_err(text));
        }
        parts.push((lead, words));
    }
    let lead = parts[0].0.clone();
    let rows: usize = lead.iter().product();
    let mut all = Vec::with_capacity(rows * space.words);
    for row in 0..rows {
        for ((_, words), part) in parts.iter().zip(&space.parts) {
            all.extend_from_slice(&words[row * part.words..(row + 1) * part.words]);
        }
    }
    Ok((lead, all))
}

fn part_words(
    given: &Bound<'_, PyAny>,
    part: &ObservationPart,
    what: &str,
    id: &str,
) -> PyResult<(Vec<usize>, Vec<u32>)> {
    let array = as_array(given)?;
    let lead = match array.shape().len().checked_sub(part.shape.len()) {
        Some(lead) if array.shape()[lead..] == part.shape[..] => array.shape()[..lead].to_vec(),
        _ => {
            let expected: Vec<String> =
                ["...".to_owned()].into_iter().chain(part.shape.iter().map(usize::to_string)).collect();
            let text = format!("{what} have shape {:?}, {id} gives [{}]", array.shape(), expected.join(", "));
            return Err(PyValueError::new_err(text));
        }
    };
    let words = match part.encoding {
        Encoding::F32 => floats(&array, what, id)?,
        Encoding::U8 => packed(&array, what, id, (255, "0 to 255"), 8, part.elements())?,
        Encoding::Bit => packed(&array, what, id, (1, "0 or 1"), 1, part.elements())?,
        Encoding::Count => numbers(&array, what, id, &part.counts)?,
    };
    Ok((lead, words))
}

/// Whole numbers below their counts.
fn numbers(array: &Bound<'_, PyUntypedArray>, what: &str, id: &str, counts: &[u32]) -> PyResult<Vec<u32>> {
    if !matches!(array.dtype().kind(), b'i' | b'u' | b'b') {
        return Err(PyTypeError::new_err(format!("{what} are {}, {id} gives int64", array.dtype())));
    }
    let values = cast::<i64>(array, "int64")?;
    let of = |(value, count): (&i64, &u32)| match u32::try_from(*value) {
        Ok(value) if value < *count => Ok(value),
        _ => Err(PyValueError::new_err(format!("{what} hold {value}, those of {id} are 0 to {}", count - 1))),
    };
    values.iter().zip(counts.iter().cycle()).map(of).collect()
}

/// Bits of up to 32 / N values, the first one lowest.
pub(crate) fn word<const N: u32, T: Copy + Into<u32>>(values: &[T]) -> u32 {
    values.iter().rev().fold(0, |word, &value| if N < 32 { word << N } else { 0 } | value.into())
}

/// Rows of `bits` flags as words, a bit per legal action.
pub(crate) fn mask_words(array: &Bound<'_, PyUntypedArray>, bits: usize) -> PyResult<Vec<u32>> {
    if !matches!(array.dtype().kind(), b'b' | b'i' | b'u') {
        return Err(PyTypeError::new_err(format!("action_mask is {}, expected int8 or bool", array.dtype())));
    }
    let values = cast::<bool>(array, "bool")?;
    Ok(values.chunks_exact(bits).flat_map(|row| row.chunks(32)).map(word::<1, bool>).collect())
}

pub(crate) fn as_array<'py>(given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    match given.cast::<PyUntypedArray>() {
        Ok(array) => Ok(array.clone()),
        Err(_) => Ok(given.py().import("numpy")?.call_method1("asarray", (given,))?.cast_into()?),
    }
}

/// The values of an array as another type, in order.
pub(crate) fn cast<T: Element + Copy>(array: &Bound<'_, PyUntypedArray>, kind: &str) -> PyResult<Vec<T>> {
    if array.is_c_contiguous()
        && let Ok(array) = array.as_any().cast::<PyArrayDyn<T>>()
        && array.data().is_aligned()
    {
        // SAFETY: we are attached to the interpreter, and nothing else runs while it is read.
        return Ok(unsafe { array.as_slice() }.map_or_else(|_| Vec::new(), <[T]>::to_vec));
    }
    let options = PyDict::new(array.py());
    options.set_item("order", "C")?;
    let cast = array.call_method("astype", (kind,), Some(&options))?;
    Ok(cast.cast::<PyArrayDyn<T>>()?.to_owned_array().into_iter().collect())
}

/// Observations of numbers.
fn floats(array: &Bound<'_, PyUntypedArray>, what: &str, id: &str) -> PyResult<Vec<u32>> {
    if !matches!(array.dtype().kind(), b'f' | b'i' | b'u' | b'b') {
        return Err(PyTypeError::new_err(format!("{what} are {}, {id} gives float32", array.dtype())));
    }
    let values = cast::<f32>(array, "float32")?;
    Ok(bytemuck::cast_vec(values))
}

/// Observations of small whole numbers, `bits` each, every row in whole words.
fn packed(
    array: &Bound<'_, PyUntypedArray>,
    what: &str,
    id: &str,
    (most, allowed): (i64, &str),
    bits: usize,
    elements: usize,
) -> PyResult<Vec<u32>> {
    let kind = array.dtype().kind();
    if !matches!(kind, b'i' | b'u' | b'b') {
        let gives = if bits == 1 { "bool" } else { "uint8" };
        return Err(PyTypeError::new_err(format!("{what} are {}, {id} gives {gives}", array.dtype())));
    }
    let bytes = if kind == b'b' || (bits == 8 && array.dtype().is_equiv_to(&numpy::dtype::<u8>(array.py()))) {
        cast::<u8>(array, "uint8")?
    } else {
        let values = cast::<i64>(array, "int64")?;
        if let Some(wrong) = values.iter().find(|value| !(0..=most).contains(*value)) {
            return Err(PyValueError::new_err(format!("{what} hold {wrong}, those of {id} are {allowed}")));
        }
        values.into_iter().map(|value| value as u8).collect()
    };
    let rows = bytes.chunks_exact(elements).flat_map(|row| row.chunks(32 / bits));
    Ok(rows.map(|values| if bits == 1 { word::<1, u8>(values) } else { word::<8, u8>(values) }).collect())
}
