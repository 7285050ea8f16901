//! Random: tasks evenly from the box, whatever comes of them (domain randomisation; the teacher that others are compared with).

use toml::Table;

use super::{Algorithm, Bounds, Entry};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::unknown;
use crate::state::State;

/// What the rest of the crate knows of it; the source of tasks `uniform` is the same.
pub const TEACHER: Entry = Entry {
    name: "random",
    about: "evenly from the box (domain randomisation)",
    options: Vec::new,
    resolve: |table, _| none(table),
    make: |table, bounds, _| {
        none(table)?;
        Ok((None, Box::new(Random(bounds.clone()))))
    },
};

/// It has no options.
fn none(table: &Table) -> Result<Table> {
    table.keys().next().map_or(Ok(Table::new()), |option| Err(unknown("random", option, &[])))
}

struct Random(Bounds);

impl Algorithm for Random {
    fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        self.0.sample(noise, task);
    }

    fn update(&mut self, _: &[f64], _: f64) {}

    fn save(&self, _: &mut State) {}

    fn load(&mut self, _: &State) -> Result<()> {
        Ok(())
    }
}
