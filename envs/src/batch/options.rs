//! What one can choose when a batch is made.

use shadergym_compiler::Facts;
use shadergym_shaders::lanes::Level;

use crate::backend::{AutoresetMode, Control};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::params::Params;

/// Options of a batch. Start with [`BatchOptions::new`] and change what differs from the default.
#[derive(Debug, Clone)]
pub struct BatchOptions {
    pub(crate) num_envs: usize,
    pub(crate) device: Device,
    pub(crate) autoreset_mode: AutoresetMode,
    pub(crate) max_episode_steps: Option<u32>,
    pub(crate) sticky_action_probability: Option<f32>,
    pub(crate) num_threads: Option<usize>,
    pub(crate) level: Option<Level>,
    pub(crate) params: Option<Params>,
}

impl BatchOptions {
    /// The defaults for `num_envs` instances, 1 to 2^32 - 1.
    pub fn new(num_envs: usize) -> Self {
        Self {
            num_envs,
            device: Device::Auto,
            autoreset_mode: AutoresetMode::NextStep,
            max_episode_steps: None,
            sticky_action_probability: None,
            num_threads: None,
            level: None,
            params: None,
        }
    }

    /// Where the batch runs; default [`Device::Auto`].
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// When an ended instance starts anew; default [`AutoresetMode::NextStep`].
    pub fn autoreset_mode(mut self, mode: AutoresetMode) -> Self {
        self.autoreset_mode = mode;
        self
    }

    /// Time limit of an episode in steps, 0 = none; default: that of the environment.
    pub fn max_episode_steps(mut self, steps: u32) -> Self {
        self.max_episode_steps = Some(steps);
        self
    }

    /// Probability, 0 to 1, with which a step repeats the last executed action; default: that of the environment.
    pub fn sticky_action_probability(mut self, probability: f32) -> Self {
        self.sticky_action_probability = Some(probability);
        self
    }

    /// Threads of the CPU back end, at least 1; default: all cores for large batches, the calling thread for small
    /// ones. The numbers that come out do not depend on it.
    pub fn num_threads(mut self, threads: usize) -> Self {
        self.num_threads = Some(threads);
        self
    }

    /// SIMD level of the CPU back end, for tests and benches; default: the best of this machine.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Parameters of all instances from the first start on; default: those of the environment.
    pub fn params(mut self, params: Params) -> Self {
        self.params = Some(params);
        self
    }

    /// Refuses what no batch can be made with.
    pub(crate) fn check(&self, facts: &Facts) -> Result<Control> {
        let invalid = |option, value: String, allowed: &str| {
            Err(Error::InvalidOption { option, value, allowed: allowed.to_owned() })
        };
        if self.num_envs == 0 || u32::try_from(self.num_envs).is_err() {
            return invalid("num_envs", self.num_envs.to_string(), "1 to 4294967295 instances");
        }
        if self.num_threads == Some(0) {
            return invalid("num_threads", "0".to_owned(), "1 or more threads");
        }
        let sticky_probability = self.sticky_action_probability.unwrap_or(facts.sticky_action_probability);
        check_probability(sticky_probability)?;
        if let Some(params) = &self.params
            && params.id() != facts.id
        {
            return invalid("params", format!("those of {}", params.id()), &format!("parameters of {}", facts.id));
        }
        let max_episode_steps = self.max_episode_steps.unwrap_or(facts.max_episode_steps);
        check_limit(max_episode_steps)?;
        Ok(Control { max_episode_steps, autoreset: self.autoreset_mode, sticky_probability })
    }
}

/// Refuses a time limit beyond the steps that are counted.
pub(super) fn check_limit(max_episode_steps: u32) -> Result<()> {
    const MOST: u32 = 1 << 31;
    if max_episode_steps <= MOST {
        return Ok(());
    }
    let (value, allowed) = (max_episode_steps.to_string(), format!("0 (none) to {MOST} steps"));
    Err(Error::InvalidOption { option: "max_episode_steps", value, allowed })
}

/// Refuses what is no probability.
pub(super) fn check_probability(probability: f32) -> Result<()> {
    if (0.0..=1.0).contains(&probability) {
        return Ok(());
    }
    let (value, allowed) = (probability.to_string(), "a probability, 0 to 1".to_owned());
    Err(Error::InvalidOption { option: "sticky_action_probability", value, allowed })
}
