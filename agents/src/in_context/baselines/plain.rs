//! The two ends: play that knows nothing and learns nothing, and play that knows everything.

use toml::Table as Settings;

use super::{Entry, Table};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::in_context::play::{Came, Now, Player};
use crate::in_context::problem::Best;
use crate::options::unknown;

/// Refuses every option.
fn without_options(who: &str, settings: &Settings) -> Result<()> {
    settings.keys().next().map_or(Ok(()), |key| Err(unknown(who, key, &[])))
}

pub const UNIFORM: Entry = Entry {
    name: "uniform",
    about: "any action, each as likely",
    options: Vec::new,
    resolve: |settings| without_options("uniform", settings).map(|()| Settings::new()),
    make: |settings, table| {
        without_options("uniform", settings)?;
        Ok(Box::new(Uniform { noise: table.noise, actions: table.problem.actions() as u32 }))
    },
};

pub const OPTIMAL: Entry = Entry {
    name: "optimal",
    about: "the best action, taken from the environment's State: the bound of all others",
    options: Vec::new,
    resolve: |settings| without_options("optimal", settings).map(|()| Settings::new()),
    make: |settings, table| {
        without_options("optimal", settings)?;
        Ok(Box::new(Optimal::new(table)?))
    },
};

struct Uniform {
    noise: Noise,
    actions: u32,
}

impl Player for Uniform {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        for (i, action) in actions.iter_mut().enumerate() {
            *action = self.noise.at(now.step, i as u64).below(self.actions);
        }
        Ok(())
    }

    fn hear(&mut self, _: Came<'_>) -> Result<()> {
        Ok(())
    }
}

/// Play that knows the task.
#[derive(Debug, Clone)]
pub struct Optimal {
    best: Best,
}

impl Optimal {
    /// For the tasks of these seeds.
    ///
    /// # Errors
    /// Those of [`Problem::best`](crate::in_context::Problem::best).
    pub fn new(table: Table<'_>) -> Result<Self> {
        let mut batch = table.source.batch(table.seeds.len())?;
        batch.reset_with(table.seeds)?;
        let rows = batch.get_state(..)?;
        Ok(Self { best: table.problem.best(table.source, &rows)? })
    }
}

impl Player for Optimal {
    fn act(&mut self, now: Now<'_>, actions: &mut [u32]) -> Result<()> {
        for (i, action) in actions.iter_mut().enumerate() {
            *action = u32::from(self.best.at(i, now.times[i] as usize, now.states[i] as usize));
        }
        Ok(())
    }

    fn hear(&mut self, _: Came<'_>) -> Result<()> {
        Ok(())
    }
}
