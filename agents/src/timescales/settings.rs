//! What a study is.

use toml::{Table, Value};

use super::curriculum::{Curriculum, FIRST_WINDOW};
use super::streams::{LONGEST_WINDOW, Task};
use crate::error::{Error, Result};
use crate::options::{check, options};

options! {
    /// Options of a study; the defaults are those of the source, but for `until` and `kept`.
    pub struct Settings {
        /// What is asked of a window.
        task: Task = Task::Parity,
        /// Windows asked for beside the newest: none, all, or some.
        curriculum: Curriculum = Curriculum::Multi,
        /// Bits of the longest window: where it is mastered the study ends.
        until: usize = 11,
        /// Windows asked for at once, only for the curriculum window.
        kept: usize = 3,
        /// Units of the network.
        units: usize = 500,
        /// Time constants stay 1.
        fixed_tau: bool = false,
        /// Seed of everything random.
        seed: u64 = 0,
        /// Epochs at most.
        epochs: usize = 1000,
        /// Updates of an epoch.
        steps: usize = 600,
        /// Streams of an update and of a test batch.
        batch: usize = 256,
        /// Test batches at the end of an epoch.
        tests: usize = 50,
        /// Accuracy above which windows are mastered, on average and the newest.
        threshold: f64 = 0.98,
        /// Learning rate.
        learning_rate: f32 = 0.05,
        /// Share of the velocity that each update keeps (Nesterov).
        momentum: f32 = 0.1,
        /// Longer gradients are cut to this norm.
        max_grad_norm: f32 = 2.0,
    }
}

/// What may change when a study goes on.
const FREE: [&str; 2] = ["until", "epochs"];

impl Settings {
    /// The defaults with what a table says, after a check of its ranges.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::InvalidOption`] with the allowed range.
    pub fn checked(table: &Table) -> Result<Self> {
        let s = Self::from_table("timescales", table)?;
        let range = |name: &str, value: usize, low: usize, high: usize| {
            check(name, value, &format!("{low} to {high}"), (low..=high).contains(&value))
        };
        range("until", s.until, FIRST_WINDOW, LONGEST_WINDOW)?;
        range("kept", s.kept, 1, LONGEST_WINDOW)?;
        range("units", s.units, 2, 4096)?;
        range("epochs", s.epochs, 1, 1_000_000)?;
        range("steps", s.steps, 1, 1_000_000)?;
        range("batch", s.batch, 1, 8192)?;
        range("tests", s.tests, 1, 100_000)?;
        check("threshold", s.threshold, "above 0.5 (guessing), below 1", s.threshold > 0.5 && s.threshold < 1.0)?;
        let fits = s.learning_rate > 0.0 && s.learning_rate <= 10.0;
        check("learning_rate", s.learning_rate, "above 0, at most 10", fits)?;
        check("momentum", s.momentum, "0 or more, below 1", (0.0..1.0).contains(&s.momentum))?;
        check("max_grad_norm", s.max_grad_norm, "above 0", s.max_grad_norm > 0.0)?;
        let needed = s.bytes();
        if needed > MOST_BYTES {
            return Err(Error::TooLarge {
                what: format!("a pass of {} streams through {} units", s.batch, s.units),
                needed,
                available: MOST_BYTES,
                advice: "choose fewer units, a smaller batch or a shorter until".to_owned(),
            });
        }
        Ok(s)
    }

    /// States and errors of a pass through the longest streams.
    fn bytes(&self) -> u64 {
        8 * (self.batch * (4 * self.until + 2)) as u64 * (self.units as u64 + 32)
    }

    /// As `config.toml` has it.
    pub fn to_toml(&self) -> String {
        self.to_table().to_string()
    }

    /// From the text of a `config.toml`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming `path` if it is no such text, and those of [`Self::checked`].
    pub fn parse(text: &str, path: &str) -> Result<Self> {
        let table = text.parse::<Table>();
        let broken = |e: toml::de::Error| Error::Checkpoint { path: path.to_owned(), reason: e.message().to_owned() };
        Self::checked(&table.map_err(broken)?)
    }

    /// The first option that differs from a study that is to go on, with the value there and here.
    pub fn differs(&self, other: &Self) -> Option<(String, Value, Value)> {
        let (ours, theirs) = (self.to_table(), other.to_table());
        ours.into_iter().filter(|(name, _)| !FREE.contains(&name.as_str())).find_map(|(name, value)| {
            let there = theirs.get(&name)?.clone();
            (there != value).then_some((name, there, value))
        })
    }

    /// All options but the seed and what says where the study ends: studies that are repetitions of each other are equal in it.
    pub fn kind(&self) -> Table {
        let mut table = self.to_table();
        for name in FREE.iter().chain(&["seed"]) {
            table.remove(*name);
        }
        table
    }
}

/// What a pass may take.
const MOST_BYTES: u64 = 16 << 30;
