//! Steps of a single environment, where what surrounds a step takes longer than the step.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use shadergym_envs::{ActionSpace, Error, Kind};

use super::Batch;
use crate::actions::{self, is_continuous, of_words};

/// What `step_one` gives.
pub(super) type OneStep<'py> = (Bound<'py, PyAny>, f64, bool, bool, Bound<'py, PyDict>);

impl Batch {
    /// One step of the only instance: observation, reward, terminated, truncated, info.
    pub(super) fn make_one_step<'py>(&self, py: Python<'py>, action: &Bound<'py, PyAny>) -> PyResult<OneStep<'py>> {
        let mut guard = self.shared.lock(py, "step")?;
        let inner = &mut *guard;
        let number = match self.facts.action {
            ActionSpace::Discrete { .. } => action.extract::<i64>().ok(),
            _ => None,
        };
        let python = |error| self.error(py, error);
        if let Some(number) = number {
            // The usual case does not give up the interpreter: that would take longer than the step.
            if self.on_gpu {
                py.detach(|| inner.batch.step(&[number]).map(drop)).map_err(python)?;
            } else {
                inner.batch.step(&[number]).map_err(python)?;
            }
        } else {
            let shape = &self.shapes.actions(&[])[1..];
            let given = actions::read(action, &self.facts, shape, &mut inner.batch)?;
            given.copy_to(&mut inner.words)?;
            let actions = of_words(&inner.words, is_continuous(&self.facts));
            match inner.batch.step(actions) {
                Ok(_) => {}
                Err(Error::InvalidAction { .. }) => return Err(python(given.refuse(&mut inner.batch, 1)?)),
                Err(error) => return Err(python(error)),
            }
        }
        let view = inner.batch.view();
        let (reward, terminated, truncated) = (view.rewards()[0], view.terminated()[0], view.truncated()[0]);
        let info = PyDict::new(py);
        if let Some(mask) = self.shapes.new_masks(py, true, view.action_masks()) {
            info.set_item(intern!(py, "action_mask"), mask)?;
        }
        if let (Some(observed), Some(state)) = (&self.shapes.global_state, view.global_states()) {
            info.set_item(intern!(py, "global_state"), observed.of_one(py, state)?)?;
        }
        if let Some(words) = view.infos() {
            for field in &self.shapes.infos {
                match field.shape.is_empty() {
                    true => info.set_item(&field.name, as_number(py, field.kind, words[field.offset])?)?,
                    false => info.set_item(&field.name, self.shapes.new_info(py, true, field, words))?,
                }
            }
        }
        let observation = self.shapes.observed.of_one(py, view.observations())?;
        Ok((observation, f64::from(reward), terminated, truncated, info))
    }
}

/// A word of an info as Python's number.
fn as_number(py: Python<'_>, kind: Kind, word: u32) -> PyResult<Bound<'_, PyAny>> {
    Ok(match kind {
        Kind::F32 => f64::from(f32::from_bits(word)).into_pyobject(py)?.into_any(),
        Kind::U32 => word.into_pyobject(py)?.into_any(),
        Kind::I32 => (word as i32).into_pyobject(py)?.into_any(),
    })
}
