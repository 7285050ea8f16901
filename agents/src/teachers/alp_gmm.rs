//! ALP-GMM (Portelas et al. 2019, arXiv 1910.07224): Gaussians over tasks and absolute learning progress, drawn by the progress in
//! them.
//!
//! The progress of an episode is how far its return lies from that of the nearest task before. All tasks are remembered. As in
//! the authors' code distances are those of the parameters' own units (`scaled` changes that). Other than there one fit comes
//! behind all results that arrive together, and the nearest of tasks that are alike is the newest.

use serde_json::Value as Json;
use toml::Table;

use super::mixture::{Fitting, Mixture};
use super::{Algorithm, Bounds, Entry, Neighbours, Settings, unfit, with_settings};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::options;
use crate::state::State;

/// What the rest of the crate knows of it.
pub const TEACHER: Entry = Entry {
    name: "alp_gmm",
    about: "by absolute learning progress, from Gaussians over tasks and progress (Portelas et al. 2019)",
    options: Config::options,
    resolve: |table, _| Ok(Config::checked(table)?.to_table()),
    make: |table, bounds, seed| {
        let config = Config::checked(table)?;
        Ok((Some(config.fitting.returns.clone()), Box::new(AlpGmm::new(config, bounds, seed))))
    },
};

options! {
    /// Options of ALP-GMM.
    pub struct Config {
        ..fitting: Fitting,
        /// Whose numbers stand for options that are not set; TeachMyAgent: fit_rate 150, random 0.05, max_k 9.
        settings: Settings = Settings::TeachDeepRl,
    }
}

impl Config {
    fn checked(table: &Table) -> Result<Self> {
        let numbers = [("fit_rate", 150.0), ("random", 0.05), ("max_k", 9.0)];
        let c = Self::from_table("alp_gmm", &with_settings(table, &numbers))?;
        c.fitting.check()?;
        Ok(c)
    }
}

/// Progress is 0 until more tasks than these are remembered.
const FEW: usize = 5;

struct AlpGmm {
    known: Neighbours,
    mixture: Mixture,
}

impl AlpGmm {
    fn new(config: Config, bounds: &Bounds, seed: u64) -> Self {
        Self { known: Neighbours::new(bounds.dimensions()), mixture: Mixture::new(config.fitting, bounds, 1, seed) }
    }
}

impl Algorithm for AlpGmm {
    fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        self.mixture.sample(noise, task);
    }

    fn update(&mut self, task: &[f64], episode_return: f64) {
        let mut row = self.mixture.seen(task);
        let before = self.known.nearest(&row).filter(|_| self.known.len() > FEW);
        self.known.push(&row, episode_return);
        row.push(before.map_or(0.0, |before| (episode_return - before).abs()));
        self.mixture.push(row);
    }

    fn settle(&mut self) -> Vec<Json> {
        let progress = |mixture: &super::gmm::Gmm, c| mixture.mean(c).last().copied().unwrap_or(0.0);
        self.mixture.settle(|_, _| {}, progress).into_iter().collect()
    }

    fn save(&self, state: &mut State) {
        self.mixture.save(state);
        state.put_f64("teacher/tasks", self.known.points());
        state.put_f64("teacher/returns", self.known.values());
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let (tasks, returns) = (state.f64("teacher/tasks")?, state.f64("teacher/returns")?);
        let dimensions = self.known.dimensions();
        if tasks.len() != dimensions * returns.len() {
            return Err(unfit("what it remembers"));
        }
        self.mixture.load(state)?;
        self.known = Neighbours::of(dimensions, tasks, returns);
        Ok(())
    }
}
