//! A trained policy: NumPy arrays in, NumPy arrays out.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use numpy::{PyArray1, PyUntypedArrayMethods, ndarray};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use shadergym_agents::common::noise::Noise;
use shadergym_agents::policy::Memory;
use shadergym_agents::report::{metrics, run::RETURN};
use shadergym_agents::train::{self as trainer, Evaluation, Trained};
use shadergym_envs::Device;

use crate::given::{as_array, mask_words, observed_words};
use crate::outputs::new_array;
use crate::shared::touch_threads;
use crate::{errors, options, registry};

/// Rows that may be computed on several threads.
const MANY: usize = 65;

/// A policy with the environment that it is for.
#[pyclass(frozen, module = "shadergym._native")]
pub(crate) struct Policy {
    trained: Trained,
    noise: Mutex<Noise>,
}

impl Policy {
    pub fn new(trained: Trained) -> Self {
        Self { trained, noise: Mutex::new(noise(0)) }
    }
}

fn noise(seed: u64) -> Noise {
    Noise::new(seed, "acting")
}

#[pymethods]
impl Policy {
    /// From a file or a run folder, with what the folder says of the run.
    #[staticmethod]
    fn load<'py>(py: Python<'py>, path: PathBuf, env: Option<&str>) -> PyResult<(Self, Bound<'py, PyDict>)> {
        let trained = py.detach(|| Trained::load(&path, env)).map_err(|e| errors::of_agents(py, e))?;
        for note in &trained.notes {
            let text = std::ffi::CString::new(note.as_str()).unwrap_or_default();
            PyErr::warn(py, &py.get_type::<pyo3::exceptions::PyUserWarning>(), &text, 1)?;
        }
        let result = of_folder(py, &path)?;
        Ok((Self::new(trained), result))
    }

    /// From what `to_bytes` gave.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, content: &[u8]) -> PyResult<Self> {
        Ok(Self::new(Trained::from_bytes(content).map_err(|e| errors::of_agents(py, e))?))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.trained.to_bytes())
    }

    /// Writes the policy's file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.trained.save(&path)).map_err(|e| errors::of_agents(py, e))
    }

    /// What the environment's file declares, as JSON.
    fn spec(&self) -> PyResult<String> {
        registry::to_json(self.trained.policy.facts())
    }

    /// The configuration of the run, as JSON.
    fn config(&self) -> PyResult<String> {
        let text = self.trained.config.to_toml();
        let table = text.parse::<toml::Table>().map_err(|e| PyValueError::new_err(e.to_string()))?;
        serde_json::to_string(&table).map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// Environment transitions that it learned from.
    #[getter]
    fn step(&self) -> u64 {
        self.trained.step
    }

    /// Whether it wants to know how long the episodes last.
    #[getter]
    fn reads_time(&self) -> bool {
        self.trained.policy.reads_time()
    }

    /// Actions for observations `[..., observation]`: `[..., action]`. `elapsed` are the steps since the start of each row's
    /// episode, one number for all or one each.
    fn act<'py>(
        &self,
        py: Python<'py>,
        observations: &Bound<'py, PyAny>,
        masks: Option<&Bound<'py, PyAny>>,
        deterministic: bool,
        elapsed: Option<Vec<u32>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let policy = &self.trained.policy;
        let facts = policy.facts();
        let (lead, words) = observed_words(observations, &facts.observation, &facts.id)?;
        let rows = lead.iter().product::<usize>();
        let masks = masks.map(|given| self.masks(given, &lead)).transpose()?;
        let mut actions = Vec::new();
        if rows > 0 {
            let mut noise = *self.noise.lock().unwrap_or_else(PoisonError::into_inner);
            let elapsed = elapsed.map(|steps| if steps.len() == 1 { vec![steps[0]; rows] } else { steps });
            if let Some(steps) = elapsed.as_ref().filter(|steps| steps.len() != rows) {
                let text = format!("elapsed has {} numbers, allowed are 1 or {rows}, one per observation", steps.len());
                return Err(PyValueError::new_err(text));
            }
            if policy.recurrent().is_some()
                && elapsed.as_ref().is_some_and(|steps| steps.iter().any(|steps| *steps > 0))
            {
                let text = "this policy remembers what it saw: hand `predict` the state that it gave back";
                return Err(PyValueError::new_err(text));
            }
            let mut memory = elapsed.map(Memory::at);
            let mut act = || {
                let (masks, noise, actions) = (masks.as_deref(), &mut noise, &mut actions);
                match &mut memory {
                    Some(memory) => policy.act_on(&words, masks, (memory, &|_| false), deterministic, noise, actions),
                    None => policy.act(&words, masks, deterministic, noise, actions),
                }
            };
            let result = if rows < MANY {
                act()
            } else {
                touch_threads()?;
                py.detach(act)
            };
            result.map_err(|e| errors::of_agents(py, e))?;
            if !deterministic {
                *self.noise.lock().unwrap_or_else(PoisonError::into_inner) = noise;
            }
        }
        Ok(self.actions(py, lead, &actions))
    }

    /// As `act`, for a policy that remembers: `state` is what it gave back for the same rows before, `[rows, carry]` as bytes,
    /// none where all begin; `starts` tells which of the rows begin an episode, `rewards` what they got since.
    #[allow(clippy::too_many_arguments, reason = "one call, from one place")]
    fn act_from<'py>(
        &self,
        py: Python<'py>,
        observations: &Bound<'py, PyAny>,
        masks: Option<&Bound<'py, PyAny>>,
        deterministic: bool,
        state: Option<&[u8]>,
        starts: Option<Vec<bool>>,
        rewards: Option<Vec<f32>>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyBytes>)> {
        let policy = &self.trained.policy;
        let facts = policy.facts();
        let (lead, words) = observed_words(observations, &facts.observation, &facts.id)?;
        let rows = lead.iter().product::<usize>();
        let masks = masks.map(|given| self.masks(given, &lead)).transpose()?;
        let recurrent =
            policy.recurrent().ok_or_else(|| PyValueError::new_err("this policy remembers nothing: use `act`"))?;
        let width = recurrent.carry();
        let begins = state.is_none();
        let starts = starts.unwrap_or_else(|| vec![begins; rows]);
        let carried: Vec<f32> = state.map_or(Vec::new(), bytemuck::pod_collect_to_vec);
        for (what, length, allowed) in [
            ("state", carried.len(), if begins { 0 } else { rows * width }),
            ("episode_start", starts.len(), rows),
            ("reward", rewards.as_ref().map_or(rows, Vec::len), rows),
        ] {
            if length != allowed {
                let text = format!("{what} has {length} numbers, allowed are {allowed} for {rows} observations");
                return Err(PyValueError::new_err(text));
            }
        }
        if recurrent.reads_reward() && rewards.is_none() && !starts.iter().all(|starts| *starts) {
            return Err(PyValueError::new_err("this policy reads the reward of the step before: give `reward`"));
        }
        let mut memory = if begins { Memory::default() } else { Memory::of_carried(&carried) };
        if let Some(rewards) = &rewards {
            memory.hear(rewards);
        }
        let mut actions = Vec::new();
        let mut noise = *self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        let act = || {
            let begins = |row: usize| starts[row];
            policy.act_on(&words, masks.as_deref(), (&mut memory, &begins), deterministic, &mut noise, &mut actions)
        };
        py.detach(act).map_err(|e| errors::of_agents(py, e))?;
        if !deterministic {
            *self.noise.lock().unwrap_or_else(PoisonError::into_inner) = noise;
        }
        Ok((self.actions(py, lead, &actions), PyBytes::new(py, bytemuck::cast_slice(memory.carried()))))
    }

    /// Numbers that each row carries; 0 for a policy that remembers nothing.
    #[getter]
    fn carry(&self) -> usize {
        self.trained.policy.recurrent().map_or(0, |recurrent| recurrent.carry())
    }

    /// What is drawn from now on follows from the seed.
    fn reset_noise(&self, seed: u64) {
        *self.noise.lock().unwrap_or_else(PoisonError::into_inner) = noise(seed);
    }

    /// Plays whole episodes.
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        episodes: i64,
        seed: u64,
        deterministic: bool,
        device: &str,
        num_threads: Option<i64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let episodes = match options::count(py, "episodes", episodes, "1 or more episodes")? {
            0 => return Err(PyValueError::new_err("option `episodes` is 0, allowed is 1 or more episodes")),
            episodes => episodes,
        };
        let wanted: Device = device.parse().map_err(|e| errors::to_python(py, e))?;
        let mut setup = self.trained.setup();
        setup.device = options::device(wanted, episodes.min(256))?;
        touch_threads()?;
        if let Some(threads) = num_threads {
            setup.num_threads = options::count(py, "num_threads", threads.max(-1), "1 or more threads")?.max(1);
        }
        let (mut checked, mut raised) = (Instant::now(), None);
        let found = py.detach(|| {
            trainer::evaluate(&self.trained.policy, &setup, episodes, seed, deterministic, &mut |_| {
                if checked.elapsed() < Duration::from_millis(20) {
                    return ControlFlow::Continue(());
                }
                checked = Instant::now();
                raised = Python::attach(|py| py.check_signals()).err();
                if raised.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        match (raised, found.map_err(|e| errors::of_agents(py, e))?) {
            (Some(raised), _) => Err(raised),
            (None, found) => evaluation(py, &found.expect("nothing has stopped it")),
        }
    }
}

impl Policy {
    /// Raw words as an array of actions with these leading dimensions.
    fn actions<'py>(&self, py: Python<'py>, lead: Vec<usize>, actions: &[u32]) -> Bound<'py, PyAny> {
        let policy = &self.trained.policy;
        let facts = policy.facts();
        let mut shape = lead;
        if !matches!(facts.action, shadergym_envs::ActionSpace::Discrete { .. }) {
            shape.push(facts.action.words());
        }
        let (array, target) =
            if policy.is_continuous() { new_array::<f32>(py, &shape) } else { new_array::<i64>(py, &shape) };
        // SAFETY: the array has the shape of these actions.
        unsafe {
            if policy.is_continuous() {
                target.put::<f32>(0, bytemuck::cast_slice(actions));
            } else {
                target.fill(0, actions.iter().map(|&action| i64::from(action)));
            }
        }
        array
    }

    /// Masks as words, a bit per action.
    fn masks(&self, given: &Bound<'_, PyAny>, lead: &[usize]) -> PyResult<Vec<u32>> {
        let facts = self.trained.policy.facts();
        let bits = facts.action.mask_bits();
        if bits == 0 {
            let text = format!("the actions of {} are numbers, of which no mask can leave some out", facts.id);
            return Err(PyValueError::new_err(text));
        }
        let array = as_array(given)?;
        let shape = [lead, &[bits]].concat();
        if array.shape() != shape {
            return Err(PyValueError::new_err(format!(
                "action_mask has shape {:?}, expected {shape:?}",
                array.shape()
            )));
        }
        mask_words(&array, bits)
    }
}

/// What an evaluation found.
pub(crate) fn evaluation<'py>(py: Python<'py>, found: &Evaluation) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    if let Some(spread) = found.spread() {
        dict.set_item("mean", spread.mean)?;
        dict.set_item("std", spread.standard_deviation)?;
        dict.set_item("min", spread.min)?;
        dict.set_item("max", spread.max)?;
        dict.set_item("median_length", spread.median_length)?;
    }
    let returns: ndarray::Array1<f32> = found.episodes.iter().map(|e| e.episode_return).collect();
    let lengths: ndarray::Array1<i64> = found.episodes.iter().map(|e| i64::from(e.length)).collect();
    dict.set_item("episodes", found.episodes.len())?;
    dict.set_item("truncated", found.truncated)?;
    dict.set_item("cut_off", found.cut_off)?;
    dict.set_item("returns", PyArray1::from_owned_array(py, returns))?;
    dict.set_item("lengths", PyArray1::from_owned_array(py, lengths))?;
    Ok(dict)
}

/// What a run folder, or the one of a `policy.safetensors`, says of the run.
fn of_folder<'py>(py: Python<'py>, path: &Path) -> PyResult<Bound<'py, PyDict>> {
    let result = PyDict::new(py);
    let folder = match path.file_name() {
        Some(name) if name == "policy.safetensors" => path.parent().unwrap_or(Path::new("")),
        _ => path,
    };
    if !folder.join("config.toml").is_file() {
        return Ok(result);
    }
    result.set_item("folder", folder.display().to_string())?;
    if let Ok(metrics) = metrics::read(&folder.join(metrics::FILE)) {
        let (steps, returns) = metrics.points(RETURN).into_iter().map(|(step, mean)| (step as i64, mean)).unzip();
        result.set_item("steps", PyArray1::<i64>::from_vec(py, steps))?;
        result.set_item("returns", PyArray1::<f64>::from_vec(py, returns))?;
    }
    let summary = std::fs::read_to_string(folder.join("summary.json")).ok();
    let Some(summary) = summary.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) else {
        return Ok(result);
    };
    result.set_item("end", summary["end"].as_str())?;
    result.set_item("seconds", summary["seconds"].as_f64())?;
    if let Some(found) = summary["evaluation"].as_object() {
        let dict = PyDict::new(py);
        for (name, from) in [("mean", "mean"), ("std", "standard_deviation"), ("min", "min"), ("max", "max")] {
            dict.set_item(name, found.get(from).and_then(serde_json::Value::as_f64))?;
        }
        dict.set_item("median_length", found.get("median_length").and_then(serde_json::Value::as_f64))?;
        for name in ["episodes", "truncated", "cut_off"] {
            dict.set_item(name, found.get(name).and_then(serde_json::Value::as_u64))?;
        }
        result.set_item("evaluation", dict)?;
    }
    Ok(result)
}
