//! The same tasks again and again: a list, or a grid over the ranges.

use std::sync::Arc;

use toml::Table;

use super::{Entry, Place, TaskSource};
use crate::agent::Episode;
use crate::common::noise::Noise;
use crate::common::task_space::TaskSpace;
use crate::error::{Error, Result};
use crate::options::{check, options};
use crate::state::State;

/// What the rest of the crate knows of it.
pub const SOURCE: Entry = Entry {
    name: "fixed",
    about: "a list of tasks or a grid over the ranges, in turn: instance i begins with task i",
    options: Config::options,
    resolve: |table, space| Ok(Config::checked(table, space)?.to_table()),
    make: |table, space| Ok(Box::new(Fixed { config: Config::checked(table, space)?, space: space.clone() })),
};

options! {
    /// Options of the fixed source.
    pub struct Config {
        /// The tasks, each with a value for every parameter that has a range; empty: a grid.
        list: Vec<Vec<f64>> = Vec::new(),
        /// Points of the grid along each range, its ends among them.
        points: usize = 5,
    }
}

/// Tasks of a grid at most.
const MOST: usize = 1_000_000;

impl Config {
    fn checked(table: &Table, space: &TaskSpace) -> Result<Self> {
        let c = Self::from_table("fixed", table)?;
        let dimensions = space.dimensions();
        for (k, task) in c.list.iter().enumerate() {
            if task.len() != dimensions.len() || !task.iter().zip(dimensions).all(|(value, d)| d.holds(*value)) {
                let names: Vec<String> =
                    dimensions.iter().map(|d| format!("{} {} to {}", d.name, d.low, d.high)).collect();
                return Err(Error::InvalidOption {
                    option: format!("list[{k}]"),
                    value: format!("{task:?}"),
                    allowed: format!("{} values within {}", dimensions.len(), names.join(", ")),
                });
            }
        }
        check("points", c.points, "2 or more", c.points >= 2)?;
        let tasks = c.points.checked_pow(dimensions.len() as u32).unwrap_or(usize::MAX);
        let value = format!("{} along each of {} ranges", c.points, dimensions.len());
        let range = format!("at most {MOST} tasks in all: fewer points, or ranges for fewer parameters");
        check("points", value, &range, !c.list.is_empty() || tasks <= MOST)?;
        Ok(c)
    }
}

struct Fixed {
    config: Config,
    space: Arc<TaskSpace>,
}

impl TaskSource for Fixed {
    fn propose(&self, place: Place, _: &Noise, task: &mut [f64]) -> u64 {
        let (list, points) = (&self.config.list, self.config.points as u64);
        let turn = u64::from(place.instance) + u64::from(place.start);
        if !list.is_empty() {
            let index = turn % list.len() as u64;
            task.copy_from_slice(&list[index as usize]);
            return index;
        }
        let index = turn % points.pow(task.len() as u32);
        let mut rest = index;
        for (value, dimension) in task.iter_mut().zip(self.space.dimensions()) {
            *value = dimension.at((rest % points) as f64 / (points - 1) as f64);
            rest /= points;
        }
        index
    }

    fn hear(&mut self, _: &[Episode], _: &[f64]) {}

    fn save(&self, _: &mut State) {}

    fn load(&mut self, _: &State) -> Result<()> {
        Ok(())
    }
}
