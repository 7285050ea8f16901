//! The infos of a vector step: dense arrays, each with a mask under the same name behind an underscore.

use std::time::Instant;

use numpy::ndarray::IxDyn;
use numpy::{PyArray1, PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{Bound, intern};
use shadergym_envs::{Observations, StepView};

use crate::outputs::{Shapes, Views, new_array};
use crate::shared::Inner;

/// What goes into the infos of a step.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// SAME_STEP: the last observation of the episode is not among the observations.
    pub final_observations: bool,
    /// Return, length and time of ended episodes.
    pub episodes: bool,
}

/// The infos of a step in which `ended` says whether any instance ended.
pub(crate) fn of_step<'py>(
    py: Python<'py>,
    wanted: Wanted,
    shapes: &Shapes,
    views: Option<&Views>,
    inner: &mut Inner,
    ended: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let infos = PyDict::new(py);
    if let Some(masks) = shapes.new_masks(py, false, inner.batch.view().action_masks()) {
        infos.set_item(intern!(py, "action_mask"), masks)?;
        infos.set_item(intern!(py, "_action_mask"), PyArray1::from_vec(py, vec![true; shapes.num_envs]))?;
    }
    if let Some(states) = global_states(py, shapes, inner.batch.view().global_states())? {
        infos.set_item(intern!(py, "global_state"), states)?;
        infos.set_item(intern!(py, "_global_state"), PyArray1::from_vec(py, vec![true; shapes.num_envs]))?;
    }
    if !shapes.infos.is_empty() || shapes.agent_done {
        let view = inner.batch.view();
        // As Gymnasium has it: where an episode began in this step the infos would be those of its start, which tells nothing,
        // and under SAME_STEP those of the transition are in `final_info`.
        let told = view.starts().iter().map(|start| !start).collect();
        let told = PyArray1::<bool>::from_vec(py, told);
        transition(py, shapes, view, &infos, &told)?;
    }
    if !ended || !(wanted.final_observations || wanted.episodes) {
        return Ok(infos);
    }
    let view = inner.batch.view();
    let mask: Vec<bool> = view.terminated().iter().zip(view.truncated()).map(|(a, b)| a | b).collect();
    let mask = PyArray1::from_vec(py, mask);
    let final_info = PyDict::new(py);
    if wanted.episodes {
        let episode = episodes(py, shapes, inner)?;
        if wanted.final_observations {
            final_info.set_item(intern!(py, "episode"), &episode)?;
            final_info.set_item(intern!(py, "_episode"), &mask)?;
        }
        infos.set_item(intern!(py, "episode"), episode)?;
        infos.set_item(intern!(py, "_episode"), &mask)?;
    }
    if wanted.final_observations {
        transition(py, shapes, inner.batch.view(), &final_info, &mask)?;
        if let Some(states) = global_states(py, shapes, inner.batch.view().final_global_states())? {
            final_info.set_item(intern!(py, "global_state"), states)?;
            final_info.set_item(intern!(py, "_global_state"), &mask)?;
        }
        let array = match views {
            Some(views) => views.final_observations.bind(py).clone(),
            None => {
                let (object, targets) = shapes.observed.new_arrays(py)?;
                // SAFETY: the arrays have the shapes of these observations.
                unsafe { shapes.observed.put(&targets, 0, inner.batch.view().final_observations()) };
                object
            }
        };
        infos.set_item(intern!(py, "final_obs"), array)?;
        infos.set_item(intern!(py, "_final_obs"), &mask)?;
        infos.set_item(intern!(py, "final_info"), final_info)?;
        infos.set_item(intern!(py, "_final_info"), &mask)?;
    }
    Ok(infos)
}

/// New arrays of these global states, if there are any.
pub(crate) fn global_states<'py>(
    py: Python<'py>,
    shapes: &Shapes,
    states: Option<Observations<'_>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (Some(observed), Some(states)) = (&shapes.global_state, states) else { return Ok(None) };
    let (object, targets) = observed.new_arrays(py)?;
    // SAFETY: the arrays have the shapes of these states.
    unsafe { observed.put(&targets, 0, states) };
    Ok(Some(object))
}

/// What the environment tells of a transition, each with its mask.
fn transition<'py>(
    py: Python<'py>,
    shapes: &Shapes,
    view: StepView<'_>,
    infos: &Bound<'py, PyDict>,
    mask: &Bound<'py, PyArray1<bool>>,
) -> PyResult<()> {
    if let Some(rows) = view.infos() {
        for field in &shapes.infos {
            infos.set_item(&field.name, shapes.new_info(py, false, field, rows))?;
            infos.set_item(format!("_{}", field.name), mask)?;
        }
    }
    if let Some(done) = view.agent_done() {
        let (array, target) = new_array::<bool>(py, &shapes.rewards(&[]));
        // SAFETY: the array has the shape of these flags.
        unsafe { target.put(0, done) };
        infos.set_item(intern!(py, "agent_done"), array)?;
        infos.set_item(intern!(py, "_agent_done"), mask)?;
    }
    Ok(())
}

/// `{"r", "l", "t"}` as Gymnasium's RecordEpisodeStatistics has them: 0 where no episode ended.
fn episodes<'py>(py: Python<'py>, shapes: &Shapes, inner: &mut Inner) -> PyResult<Bound<'py, PyDict>> {
    let (n, agents) = (shapes.num_envs, shapes.agents);
    let returns = PyArrayDyn::<f64>::zeros(py, IxDyn(&shapes.rewards(&[])), false);
    let lengths = PyArray1::<i64>::zeros(py, n, false);
    let times = PyArray1::<f64>::zeros(py, n, false);
    let now = Instant::now();
    let view = inner.batch.view();
    // SAFETY: nobody else has seen these arrays yet.
    let (r, l, t) = unsafe { (returns.as_slice_mut()?, lengths.as_slice_mut()?, times.as_slice_mut()?) };
    for i in view.ended_instances() {
        let rows = i * agents..(i + 1) * agents;
        let returns = view.episode_returns()[rows.clone()].iter();
        r[rows].iter_mut().zip(returns).for_each(|(to, &from)| *to = f64::from(from));
        l[i] = i64::from(view.episode_lengths()[i]);
        t[i] = (now - inner.began[i]).as_secs_f64();
        inner.began[i] = now;
    }
    let episode = PyDict::new(py);
    episode.set_item(intern!(py, "r"), returns)?;
    episode.set_item(intern!(py, "l"), lengths)?;
    episode.set_item(intern!(py, "t"), times)?;
    Ok(episode)
}
