//! Covar-GMM (Moulin-Frier et al. 2014; Portelas et al. 2019, arXiv 1910.07224): Gaussians over tasks, time and return, drawn by
//! how far the return rises with time in them.
//!
//! Time is the place of an episode among those of the fit, 0 to 1. The newest `fit_rate` ones are always a whole fit apart, also
//! where more arrived together.

use serde_json::Value as Json;
use toml::Table;

use super::mixture::{Fitting, Mixture};
use super::{Algorithm, Entry, Settings, with_settings};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::options;
use crate::state::State;

/// What the rest of the crate knows of it.
pub const TEACHER: Entry = Entry {
    name: "covar_gmm",
    about: "by rising returns, from Gaussians over tasks, time and return (Portelas et al. 2019)",
    options: Config::options,
    resolve: |table, _| Ok(Config::checked(table)?.to_table()),
    make: |table, bounds, seed| {
        let config = Config::checked(table)?;
        let returns = config.fitting.returns.clone();
        let (dimensions, absolute) = (bounds.dimensions(), config.absolute);
        let mixture = Mixture::new(config.fitting, bounds, 2, seed);
        Ok((Some(returns), Box::new(CovarGmm { dimensions, absolute, mixture })))
    },
};

options! {
    /// Options of Covar-GMM.
    pub struct Config {
        ..fitting: Fitting,
        /// Whether falling returns count as rising ones do.
        absolute: bool = false,
        /// Whose numbers stand for options that are not set; TeachMyAgent: fit_rate 150, random 0.1, max_k 14.
        settings: Settings = Settings::TeachDeepRl,
    }
}

impl Config {
    fn checked(table: &Table) -> Result<Self> {
        let numbers = [("fit_rate", 150.0), ("random", 0.1), ("max_k", 14.0)];
        let c = Self::from_table("covar_gmm", &with_settings(table, &numbers))?;
        c.fitting.check()?;
        Ok(c)
    }
}

struct CovarGmm {
    dimensions: usize,
    absolute: bool,
    mixture: Mixture,
}

impl Algorithm for CovarGmm {
    fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        self.mixture.sample(noise, task);
    }

    fn update(&mut self, task: &[f64], episode_return: f64) {
        let mut row = self.mixture.seen(task);
        row.extend([0.0, episode_return]);
        self.mixture.push(row);
    }

    fn settle(&mut self) -> Vec<Json> {
        let (time, absolute) = (self.dimensions, self.absolute);
        let progress = |mixture: &super::gmm::Gmm, c| {
            let covariance = mixture.covariance(c)[time * (time + 2) + time + 1];
            if absolute { covariance.abs() } else { covariance.max(0.0) }
        };
        self.mixture.settle(|row, at| row[time] = at, progress).into_iter().collect()
    }

    fn save(&self, state: &mut State) {
        self.mixture.save(state);
    }

    fn load(&mut self, state: &State) -> Result<()> {
        self.mixture.load(state)
    }
}
