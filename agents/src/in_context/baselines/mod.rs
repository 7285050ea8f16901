//! The classic ways to play an unknown task, as they are published: what the transformers are held against.

mod bandits;
mod linear;
mod plain;
mod planning;
mod psrl;
#[cfg(test)]
mod tests;
mod ucb_vi;

use toml::Table as Settings;

use super::play::Player;
use super::problem::Problem;
use super::source::Source;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::{OptionInfo, nearest};

pub use linear::LinearThompson;
pub use plain::Optimal;

/// What a player is made for.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// What is played.
    pub problem: &'a Problem,
    /// Where.
    pub source: &'a Source,
    /// Seeds of the tasks, one instance each.
    pub seeds: &'a [u64],
    /// Of what is drawn.
    pub noise: Noise,
}

/// A baseline.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Name, as on the command line.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Its options.
    pub options: fn() -> Vec<OptionInfo>,
    /// All of them with their values, given some.
    pub resolve: fn(&Settings) -> Result<Settings>,
    /// Makes it for some tasks.
    pub make: fn(&Settings, Table<'_>) -> Result<Box<dyn Player>>,
}

/// All baselines.
pub const BASELINES: &[Entry] = &[
    plain::UNIFORM,
    plain::OPTIMAL,
    bandits::GREEDY,
    bandits::UCB,
    bandits::UCB1,
    bandits::THOMPSON,
    bandits::BERNOULLI_THOMPSON,
    linear::LIN_UCB,
    linear::LINEAR_THOMPSON,
    ucb_vi::UCB_VI,
    psrl::PSRL,
];

/// The baseline of a name; hyphens do too.
///
/// # Errors
/// [`Error::UnknownAgent`].
pub fn find(name: &str) -> Result<&'static Entry> {
    let plain = name.replace('-', "_");
    BASELINES.iter().find(|entry| entry.name == plain).ok_or_else(|| {
        let names = || BASELINES.iter().map(|entry| entry.name);
        Error::UnknownAgent {
            name: name.to_owned(),
            nearest: nearest(name, names()).map(str::to_owned),
            known: format!("{}, or the folder of a pretrained model", names().collect::<Vec<_>>().join(", ")),
        }
    })
}
