//! Tasks evenly from the ranges: domain randomisation (Tobin et al. 2017, arXiv 1703.06907), and the teacher "Random" that
//! others are compared with (Portelas et al. 2019, arXiv 1910.07224).

use std::sync::Arc;

use toml::Table;

use super::{Entry, Place, TaskSource};
use crate::agent::Episode;
use crate::common::noise::Noise;
use crate::common::task_space::TaskSpace;
use crate::error::Result;
use crate::options::{check, options};
use crate::state::State;

/// What the rest of the crate knows of it.
pub const SOURCE: Entry = Entry {
    name: "uniform",
    about: "evenly from the ranges (domain randomisation)",
    options: Config::options,
    resolve: |table, _| Ok(Config::checked(table)?.to_table()),
    make: |table, space| Ok(Box::new(Uniform { episodes: Config::checked(table)?.episodes, space: space.clone() })),
};

options! {
    /// Options of the uniform source.
    pub struct Config {
        /// Episodes that an instance plays of each task, one after the other.
        episodes: u32 = 1,
    }
}

impl Config {
    fn checked(table: &Table) -> Result<Self> {
        let c = Self::from_table("uniform", table)?;
        check("episodes", c.episodes, "1 or more", c.episodes > 0)?;
        Ok(c)
    }
}

struct Uniform {
    episodes: u32,
    space: Arc<TaskSpace>,
}

impl TaskSource for Uniform {
    fn propose(&self, place: Place, noise: &Noise, task: &mut [f64]) -> u64 {
        let place = Place { start: place.start / self.episodes, ..place };
        self.space.sample(&mut place.noise(noise), task);
        place.id()
    }

    fn hear(&mut self, _: &[Episode], _: &[f64]) {}

    fn save(&self, _: &mut State) {}

    fn load(&mut self, _: &State) -> Result<()> {
        Ok(())
    }
}
