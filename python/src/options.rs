//! From Python's arguments to a batch.

use std::path::PathBuf;

use pyo3::prelude::*;
use shadergym_envs::{AUTO_GPU_INSTANCES, AutoresetMode, Batch, BatchOptions, Device, Error};

use crate::errors;
use crate::shared::{gpu_is_lost, touch_gpu};

/// The arguments that say how an environment is made.
pub(crate) struct Arguments<'a> {
    pub id: Option<&'a str>,
    pub path: Option<PathBuf>,
    pub num_envs: i64,
    pub device: &'a str,
    pub autoreset_mode: AutoresetMode,
    pub max_episode_steps: Option<i64>,
    pub num_threads: Option<i64>,
    pub sticky_action_probability: Option<f64>,
}

/// Makes a batch.
pub(crate) fn make(py: Python<'_>, arguments: Arguments<'_>) -> PyResult<Batch> {
    let python = |error| errors::to_python(py, error);
    let num_envs = count(py, "num_envs", arguments.num_envs, "1 to 4294967295 instances")?;
    let mut options = BatchOptions::new(num_envs).autoreset_mode(arguments.autoreset_mode);
    if let Some(steps) = arguments.max_episode_steps {
        let steps = if steps == -1 { 0 } else { steps };
        let steps = count(py, "max_episode_steps", steps, "1 to 4294967295 steps, or -1 for no limit")?;
        options = options.max_episode_steps(u32::try_from(steps).unwrap_or(u32::MAX));
    }
    if let Some(threads) = arguments.num_threads {
        options = options.num_threads(count(py, "num_threads", threads, "1 or more threads")?);
    }
    if let Some(probability) = arguments.sticky_action_probability {
        options = options.sticky_action_probability(probability as f32);
    }
    let wanted = arguments.device.parse().map_err(python)?;
    let options = options.device(device(wanted, num_envs)?);
    let batch = py.detach(|| match (&arguments.path, arguments.id) {
        (Some(path), _) => shadergym_envs::make_from_file(path, &options),
        (None, id) => shadergym_envs::make_with(id.unwrap_or_default(), &options),
    });
    batch.map_err(python)
}

/// The device to use, after a note if that may be a GPU.
pub(crate) fn device(wanted: Device, num_envs: usize) -> PyResult<Device> {
    if wanted == Device::Auto && gpu_is_lost() {
        return Ok(Device::Cpu);
    }
    let looks_for_gpu = wanted == Device::Auto && num_envs >= AUTO_GPU_INSTANCES;
    if looks_for_gpu || matches!(wanted, Device::Gpu(_)) {
        touch_gpu()?;
    }
    Ok(wanted)
}

/// A number of something; negative ones are refused as batches refuse other bad values.
pub(crate) fn count(py: Python<'_>, option: &'static str, value: i64, allowed: &str) -> PyResult<usize> {
    usize::try_from(value).map_err(|_| {
        errors::to_python(py, Error::InvalidOption { option, value: value.to_string(), allowed: allowed.to_owned() })
    })
}
