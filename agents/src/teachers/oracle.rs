//! Oracle (Portelas et al. 2019, arXiv 1910.07224): who knows which tasks are hard moves a window from the easy to the hard end as
//! soon as its tasks are solved.
//!
//! It hears returns as they are. Its steps are shares of the ranges: 1/30 is the 0.1 and 0.2 of the authors' Stump Tracks.

use serde_json::{Value as Json, json};
use toml::Table;

use super::bounds::between;
use super::{Algorithm, Bounds, Entry, check_share, unfit};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options};
use crate::state::State;

/// What the rest of the crate knows of it.
pub const TEACHER: Entry = Entry {
    name: "oracle",
    about: "a window that moves from the easy to the hard end (Portelas et al. 2019)",
    options: Config::options,
    resolve: |table, bounds| Ok(Config::checked(table, bounds)?.to_table()),
    make: |table, bounds, _| {
        let config = Config::checked(table, bounds)?;
        Ok((None, Box::new(Oracle { config, bounds: bounds.clone(), steps: 0, returns: Vec::new(), told: None })))
    },
};

options! {
    /// Options of Oracle.
    pub struct Config {
        /// Return, as the environment gives it, that the mean must exceed for the window to move.
        threshold: f64 = 230.0,
        /// Episodes of that mean; each counts once.
        episodes: usize = 50,
        /// Width of the window, as a share of each range, 0 to 1.
        window: f64 = 1.0 / 6.0,
        /// Step of the window, as a share of each range, 0 to 1.
        step: f64 = 1.0 / 30.0,
        /// Dimensions (from 0) whose highest value is the easy end; those of the others is the lowest.
        easy_high: Vec<usize> = Vec::new(),
    }
}

impl Config {
    fn checked(table: &Table, bounds: &Bounds) -> Result<Self> {
        let c = Self::from_table("oracle", table)?;
        check("episodes", c.episodes, "1 or more", c.episodes > 0)?;
        check_share("window", c.window)?;
        check_share("step", c.step)?;
        let (last, fits) = (bounds.dimensions() - 1, c.easy_high.iter().all(|&d| d < bounds.dimensions()));
        check("easy_high", format!("{:?}", c.easy_high), &format!("a list of dimensions, 0 to {last}"), fits)?;
        Ok(c)
    }
}

struct Oracle {
    config: Config,
    bounds: Bounds,
    /// Steps of the window so far.
    steps: u64,
    /// Since the last look at their mean.
    returns: Vec<f64>,
    told: Option<u64>,
}

impl Oracle {
    /// The window in a dimension.
    fn window(&self, d: usize) -> (f64, f64) {
        let begin = (self.steps as f64 * self.config.step).min(1.0 - self.config.window);
        let share = if self.config.easy_high.contains(&d) { 1.0 - begin - self.config.window } else { begin };
        let (low, width) = (self.bounds.low()[d], self.bounds.width(d));
        (low + share * width, low + (share + self.config.window) * width)
    }
}

impl Algorithm for Oracle {
    fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        for (d, value) in task.iter_mut().enumerate() {
            let (low, high) = self.window(d);
            *value = between(low, high, noise);
        }
    }

    fn update(&mut self, _: &[f64], episode_return: f64) {
        self.returns.push(episode_return);
        if self.returns.len() >= self.config.episodes {
            let mean = self.returns.iter().sum::<f64>() / self.returns.len() as f64;
            self.returns.clear();
            let at_end = self.steps as f64 * self.config.step >= 1.0 - self.config.window;
            self.steps += u64::from(mean > self.config.threshold && !at_end);
        }
    }

    fn settle(&mut self) -> Vec<Json> {
        if self.told.replace(self.steps) == Some(self.steps) {
            return Vec::new();
        }
        let (low, high): (Vec<f64>, Vec<f64>) = (0..self.bounds.dimensions()).map(|d| self.window(d)).unzip();
        vec![json!({ "low": low, "high": high })]
    }

    fn save(&self, state: &mut State) {
        state.put_u64("teacher/steps", &[self.steps, self.told.map_or(0, |told| told + 1)]);
        state.put_f64("teacher/recent", &self.returns);
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let ([steps, told], returns) = (state.counters("teacher/steps")?, state.f64("teacher/recent")?);
        if returns.len() >= self.config.episodes {
            return Err(unfit("what was heard last"));
        }
        (self.steps, self.told, self.returns) = (steps, told.checked_sub(1), returns.to_vec());
        Ok(())
    }
}
