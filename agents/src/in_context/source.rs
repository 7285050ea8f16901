//! Batches of one environment with one set of parameters.

use std::sync::Arc;

use shadergym_envs::{Batch, BatchOptions, Device, Facts, Params, is_file, make_from_file, make_with};
use toml::{Table, Value};

use crate::error::{Error, Result};

/// An environment whose batches are asked for again and again: shipped, or a user's file.
#[derive(Debug, Clone)]
pub struct Source {
    env: String,
    params: Params,
    facts: Arc<Facts>,
    num_threads: usize,
}

impl Source {
    /// The environment of this id or file, with some of its parameters changed. Batches run on so many threads of the CPU.
    ///
    /// # Errors
    /// Those of making a batch and of setting parameters.
    pub fn new(env: &str, params: &Table, num_threads: usize) -> Result<Self> {
        let batch = open(env, &BatchOptions::new(1).device(Device::Cpu))?;
        let mut row = batch.default_params();
        for (name, value) in params {
            let number = |value: &Value| value.as_float().or(value.as_integer().map(|v| v as f64));
            let values: Option<Vec<f64>> = match value {
                Value::Array(values) => values.iter().map(number).collect(),
                value => number(value).map(|v| vec![v]),
            };
            let values = values.ok_or_else(|| Error::InvalidOption {
                option: format!("parameter {name}"),
                value: value.to_string(),
                allowed: "a number, or a list of numbers".to_owned(),
            })?;
            row.set(name, &values[..])?;
        }
        let facts = Arc::new(Facts { default_params: row.words().to_vec(), ..batch.spec().clone() });
        Ok(Self { env: env.to_owned(), params: row, facts, num_threads })
    }

    /// Id or file.
    pub fn env(&self) -> &str {
        &self.env
    }

    /// What its file declares, with the parameters of this source as the defaults.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Threads of its batches, and of whoever plays them.
    pub fn num_threads(&self) -> usize {
        self.num_threads
    }

    /// A parameter of one number; None if there is none of this name.
    pub fn param(&self, name: &str) -> Option<f64> {
        let values = self.params.get(name).ok()?;
        (values.len() == 1).then(|| values[0])
    }

    /// The same with another value of a parameter.
    ///
    /// # Errors
    /// If there is no such parameter, or the value is outside its range.
    pub fn with_param(&self, name: &str, value: f64) -> Result<Self> {
        let params = self.params.clone().with(name, value)?;
        let facts = Arc::new(Facts { default_params: params.words().to_vec(), ..(*self.facts).clone() });
        Ok(Self { params, facts, ..self.clone() })
    }

    /// A batch of so many instances without a time limit: tasks end by the environment's own rules.
    ///
    /// # Errors
    /// Those of making a batch.
    pub fn batch(&self, num_envs: usize) -> Result<Batch> {
        let options =
            BatchOptions::new(num_envs).device(Device::Cpu).num_threads(self.num_threads).max_episode_steps(0);
        let mut batch = open(&self.env, &options)?;
        let params = batch.default_params().from_words(self.params.words())?;
        batch.set_params(.., &params)?;
        Ok(batch)
    }
}

fn open(env: &str, options: &BatchOptions) -> Result<Batch> {
    Ok(if is_file(env) { make_from_file(env, options)? } else { make_with(env, options)? })
}
