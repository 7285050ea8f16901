//! The native environment: n instances behind a lock. Python calls it with checked names and NumPy arrays.

mod one;
mod reset;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use numpy::{PyArray1, PyArray3, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use shadergym_envs::{AutoresetMode, Error, Facts, Instances, Snapshot, StepRows};

use self::one::OneStep;
use crate::actions::{self, is_continuous, of_words};
use crate::errors;
use crate::infos::{self, Wanted};
use crate::observed::buffered;
use crate::options::{self, Arguments, count};
use crate::outputs::{Shapes, StepArrays, Views, new_array};
use crate::registry;
use crate::rollout::{self, Arrays, Request};
use crate::shared::{Inner, Shared};

/// Transitions, episodes, sum of lengths, sums of returns, sums of infos by word.
type Stats = (u64, u64, u64, Vec<f64>, Vec<f64>);

/// n instances of one environment.
#[pyclass(frozen, module = "shadergym._native")]
pub(crate) struct Batch {
    shared: Arc<Shared>,
    facts: Facts,
    shapes: Shapes,
    wanted: Wanted,
    disabled: bool,
    on_gpu: bool,
    /// Stands for a single environment: errors speak of it, not of instances.
    single: bool,
    /// With `copy=False`.
    views: Option<Views>,
    /// With `copy=False`: the arrays of the last rollout, written over by the next one of the same length.
    recorded: Mutex<Option<Arrays>>,
}

#[pymethods]
impl Batch {
    #[new]
    #[pyo3(signature = (id, path, num_envs, device, autoreset_mode, max_episode_steps, num_threads, sticky_action_probability, copy, episode_statistics, single=false))]
    #[expect(clippy::too_many_arguments, reason = "one per option; Python passes them by name")]
    fn new(
        py: Python<'_>,
        id: Option<&str>,
        path: Option<PathBuf>,
        num_envs: i64,
        device: &str,
        autoreset_mode: usize,
        max_episode_steps: Option<i64>,
        num_threads: Option<i64>,
        sticky_action_probability: Option<f64>,
        copy: bool,
        episode_statistics: bool,
        single: bool,
    ) -> PyResult<Self> {
        let mode = [AutoresetMode::NextStep, AutoresetMode::SameStep, AutoresetMode::Disabled][autoreset_mode.min(2)];
        let batch = options::make(
            py,
            Arguments {
                id,
                path,
                num_envs,
                device,
                autoreset_mode: mode,
                max_episode_steps,
                num_threads,
                sticky_action_probability,
            },
        )?;
        let (facts, on_gpu) = (batch.spec().clone(), !batch.describe().starts_with("cpu"));
        let num_envs = batch.num_envs();
        let shapes = Shapes::new(&facts, num_envs);
        let mut inner = Inner::new(batch);
        if episode_statistics {
            inner.began = vec![Instant::now(); num_envs];
        }
        let shared = Arc::new(Shared::new(inner));
        let views = match copy {
            true => None,
            false => {
                let mut guard = shared.lock(py, "make")?;
                Some(Views::new(py, &shared, &mut guard, &shapes)?)
            }
        };
        let wanted = Wanted { final_observations: mode == AutoresetMode::SameStep, episodes: episode_statistics };
        let disabled = mode == AutoresetMode::Disabled;
        Ok(Self { shared, facts, shapes, wanted, disabled, on_gpu, single, views, recorded: Mutex::default() })
    }

    /// What the environment's file declares, as JSON.
    fn spec(&self) -> PyResult<String> {
        registry::to_json(&self.facts)
    }

    /// One line about the device.
    fn describe(&self, py: Python<'_>) -> PyResult<String> {
        self.call(py, "describe", |batch| Ok(batch.describe().to_owned()))
    }

    /// Starts the instances of `mask` (all without one), seeded with seed + i or with `seeds[i]`; gives observations.
    fn reset<'py>(
        &self,
        py: Python<'py>,
        seed: Option<u64>,
        seeds: Option<PyReadonlyArray1<'py, u64>>,
        mask: Option<PyReadonlyArray1<'py, bool>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.run_reset(py, seed, seeds, mask)?;
        self.observations(py)
    }

    /// Starts the only instance; gives its observation.
    fn reset_one<'py>(&self, py: Python<'py>, seed: Option<u64>) -> PyResult<Bound<'py, PyAny>> {
        self.run_reset(py, seed, None, None)?;
        let inner = self.shared.lock(py, "reset")?;
        self.shapes.observed.of_one(py, inner.batch.observations())
    }

    /// One step of all instances: observations, rewards, terminations, truncations, infos.
    fn step<'py>(&self, py: Python<'py>, actions: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
        let mut guard = self.shared.lock(py, "step")?;
        let inner = &mut *guard;
        let given = actions::read(actions, &self.facts, &self.shapes.actions(&[]), &mut inner.batch)?;
        given.copy_to(&mut inner.words)?;
        let arrays = self.views.is_none().then(|| StepArrays::new(py, &self.shapes)).transpose()?;
        let (targets, shapes, wanted) = (arrays.as_ref().map(StepArrays::targets), &self.shapes, self.wanted);
        let continuous = is_continuous(&self.facts);
        let result = py.detach(|| {
            let actions = of_words(&inner.words, continuous);
            let view = match &targets {
                // Each thread copies what it made, while it is in its cache.
                Some(targets) => inner.batch.step_delivered(actions, &|rows| targets.fill(shapes, rows))?,
                None => {
                    let buffers = buffered(&mut inner.unpacked[0]);
                    // SAFETY: the buffers are ours, and each thread has rows of its own.
                    let put = |rows: StepRows| unsafe {
                        shapes.observed.put_buffered(&buffers, rows.first, rows.observations);
                    };
                    inner.batch.step_delivered(actions, &put)?
                }
            };
            let flags = view.terminated().iter().zip(view.truncated());
            let ended = flags.fold(false, |ended, (a, b)| ended | a | b);
            if ended && wanted.final_observations {
                let buffers = buffered(&mut inner.unpacked[1]);
                // SAFETY: as above, on one thread.
                unsafe { shapes.observed.put_buffered(&buffers, 0, view.final_observations()) };
            }
            Ok(ended)
        });
        let ended = match result {
            Ok(ended) => ended,
            Err(Error::InvalidAction { .. }) => return Err(self.error(py, given.refuse(&mut inner.batch, 1)?)),
            Err(error) => return Err(self.error(py, error)),
        };
        let infos = infos::of_step(py, self.wanted, &self.shapes, self.views.as_ref(), inner, ended)?;
        match (arrays, &self.views) {
            (Some(new), _) => (new.observations, new.rewards, new.terminated, new.truncated, infos).into_pyobject(py),
            (None, Some(old)) => {
                (&old.observations, &old.rewards, &old.terminated, &old.truncated, infos).into_pyobject(py)
            }
            (None, None) => unreachable!("arrays are new where there are no views"),
        }
    }

    /// One step of the only instance: observation, reward, terminated, truncated, info.
    fn step_one<'py>(&self, py: Python<'py>, action: &Bound<'py, PyAny>) -> PyResult<OneStep<'py>> {
        self.make_one_step(py, action)
    }

    /// `steps` transitions with given or random actions: arrays (or None) and sums.
    fn rollout<'py>(
        &self,
        py: Python<'py>,
        steps: i64,
        actions: Option<&Bound<'py, PyAny>>,
        record: bool,
    ) -> PyResult<(Option<Bound<'py, PyTuple>>, Stats)> {
        let mut inner = self.shared.lock(py, "rollout")?;
        let steps = count(py, "steps", steps, "1 to 4294967295 steps")?;
        let request = Request {
            steps,
            record,
            final_observations: self.wanted.final_observations,
            whole: self.disabled,
            on_gpu: self.on_gpu,
        };
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let reuse = recorded.take();
        let result = rollout::run(py, &mut inner, &self.facts, &self.shapes, request, actions, reuse);
        inner.unpack(&self.shapes.observed);
        inner.began.fill(Instant::now());
        let (arrays, stats) = result?;
        let tuple = arrays.as_ref().map(|a| a.to_tuple(py, &self.facts, &self.shapes, request)).transpose()?;
        if self.views.is_some() {
            *recorded = arrays;
        }
        Ok((tuple, (stats.transitions, stats.episodes, stats.length_sum, stats.return_sum, stats.info_sum)))
    }

    /// The newest observations.
    fn observations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut inner = self.shared.lock(py, "observations")?;
        if let Some(views) = &self.views {
            inner.unpack(&self.shapes.observed);
            return Ok(views.observations.bind(py).clone());
        }
        let (object, targets) = self.shapes.observed.new_arrays(py)?;
        // SAFETY: the arrays have the shapes of these observations.
        unsafe { self.shapes.observed.put(&targets, 0, inner.batch.observations()) };
        Ok(object)
    }

    /// Legal actions of the newest observations, `[n, (agents,) actions]`; None where the environment does not say.
    fn action_masks<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let inner = self.shared.lock(py, "action_masks")?;
        Ok(self.shapes.new_masks(py, false, inner.batch.view().action_masks()))
    }

    /// The global states seen with the newest observations, `[n, ...]`; None where the environment has none.
    fn global_states<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let inner = self.shared.lock(py, "global_states")?;
        infos::global_states(py, &self.shapes, inner.batch.view().global_states())
    }

    /// Return of the episode that each instance finished last, `[n, (agents)]`.
    fn episode_returns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let inner = self.shared.lock(py, "episode_returns")?;
        let (array, target) = new_array::<f32>(py, &self.shapes.rewards(&[]));
        // SAFETY: the array has the shape of the returns.
        unsafe { target.put(0, inner.batch.view().episode_returns()) };
        Ok(array)
    }

    /// Length of the episode that each instance finished last, `[n]`.
    fn episode_lengths<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let inner = self.shared.lock(py, "episode_lengths")?;
        Ok(PyArray1::from_slice(py, inner.batch.view().episode_lengths()))
    }

    /// Whether the newest observations are the first of an episode, `[n]`.
    fn episode_starts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<bool>>> {
        let inner = self.shared.lock(py, "episode_starts")?;
        Ok(PyArray1::from_slice(py, inner.batch.view().starts()))
    }

    /// Transitions since the start of each instance's episode, `[n]`.
    fn elapsed_steps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let steps = self.call(py, "elapsed_steps", |batch| batch.elapsed_steps())?;
        Ok(PyArray1::from_vec(py, steps))
    }

    /// The picture of one instance, `[height, width, 3]` bytes.
    fn render<'py>(
        &self,
        py: Python<'py>,
        instance: usize,
        width: usize,
        height: usize,
    ) -> PyResult<Bound<'py, PyArray3<u8>>> {
        let image = self.call(py, "render", |batch| batch.render(instance, width, height))?;
        PyArray1::from_vec(py, image.rgb).reshape([height, width, 3])
    }

    /// Parameters in force (or pending) as words `[instances * words]`.
    fn params<'py>(
        &self,
        py: Python<'py>,
        instances: Option<Vec<usize>>,
        pending: bool,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let instances = of_list(instances.as_deref());
        let words = self.call(py, "params", |batch| match pending {
            true => batch.pending_params_words(instances),
            false => batch.params_words(instances),
        })?;
        Ok(PyArray1::from_vec(py, words))
    }

    /// Changes fields of parameters; on an error nothing changes.
    fn set_params(
        &self,
        py: Python<'_>,
        instances: Option<Vec<usize>>,
        fields: Vec<(String, Vec<f64>)>,
    ) -> PyResult<()> {
        let instances = of_list(instances.as_deref());
        self.call(py, "set_params", |batch| {
            let before = batch.pending_params_words(instances.clone())?;
            for (field, values) in fields {
                if let Err(error) = batch.set_param(instances.clone(), &field, values) {
                    batch.set_params_words(instances, &before)?;
                    return Err(error);
                }
            }
            Ok(())
        })
    }

    /// Gives whole sets of parameters as words.
    fn set_params_words(
        &self,
        py: Python<'_>,
        instances: Option<Vec<usize>>,
        words: PyReadonlyArray1<'_, u32>,
    ) -> PyResult<()> {
        let words = words.as_slice()?.to_vec();
        self.call(py, "set_params", |batch| batch.set_params_words(of_list(instances.as_deref()), &words))
    }

    /// States as words `[instances * words]`.
    fn state<'py>(&self, py: Python<'py>, instances: Option<Vec<usize>>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let words = self.call(py, "get_state", |batch| batch.get_state(of_list(instances.as_deref())))?;
        Ok(PyArray1::from_vec(py, words))
    }

    /// Puts instances into states given as words.
    fn set_state(
        &self,
        py: Python<'_>,
        instances: Option<Vec<usize>>,
        words: PyReadonlyArray1<'_, u32>,
    ) -> PyResult<()> {
        let words = words.as_slice()?.to_vec();
        self.call(py, "set_state", |batch| batch.set_state(of_list(instances.as_deref()), &words))
    }

    /// Everything at this moment, as bytes.
    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.call(py, "snapshot", |batch| Ok(batch.snapshot()?.to_bytes()))?))
    }

    /// Puts everything back.
    fn restore(&self, py: Python<'_>, snapshot: &[u8]) -> PyResult<()> {
        self.call(py, "restore", |batch| batch.restore(&Snapshot::from_bytes(snapshot)?))
    }

    /// Frees the device's memory.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, "close", |batch| {
            batch.close();
            Ok(())
        })
    }
}

impl Batch {
    /// A call while the interpreter runs on.
    fn call<T: Send>(
        &self,
        py: Python<'_>,
        name: &str,
        run: impl FnOnce(&mut shadergym_envs::Batch) -> shadergym_envs::Result<T> + Send,
    ) -> PyResult<T> {
        let mut guard = self.shared.lock(py, name)?;
        let inner = &mut *guard;
        let result = py.detach(|| {
            let result = run(&mut inner.batch);
            inner.unpack(&self.shapes.observed);
            result
        });
        result.map_err(|error| self.error(py, error))
    }

    /// The exception for an error, in words that fit one environment or many.
    fn error(&self, py: Python<'_>, error: Error) -> PyErr {
        if self.single { errors::of_one(py, error, self.facts.action.words()) } else { errors::to_python(py, error) }
    }
}

fn of_list(instances: Option<&[usize]>) -> Instances<'_> {
    instances.map_or(Instances::All, Instances::List)
}
