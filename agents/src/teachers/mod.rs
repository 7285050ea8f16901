//! Teachers: which task a learner gets next, by the returns of those that it had before (Portelas et al. 2019, arXiv
//! 1910.07224). They know a box of numbers and returns, and nothing of environments or trainers; [`source`] makes sources of
//! tasks of them, and Python has them as they are.

pub mod adr;
pub mod alp_gmm;
mod bounds;
pub mod covar_gmm;
pub mod gmm;
mod kmeans;
mod mixture;
mod neighbours;
pub mod oracle;
pub mod plr;
pub mod random;
pub mod riac;
pub mod source;
mod teacher;
pub mod toy;

use serde_json::Value as Json;
use toml::{Table, Value};

use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::{OptionInfo, check, nearest, options, words};
use crate::state::State;

pub use bounds::Bounds;
pub use neighbours::Neighbours;
pub use riac::SplitScore;
pub use teacher::Teacher;

/// How a teacher chooses.
pub trait Algorithm: Send + Sync {
    /// Draws a task: a function of what it knows and of the noise, so that many may be drawn before a result comes.
    fn sample(&self, noise: &mut Noise, task: &mut [f64]);

    /// Hears of an episode, perhaps long after its task was drawn. The task lies in the box and the return is finite.
    fn update(&mut self, task: &[f64], episode_return: f64);

    /// Does what is due, once behind some episodes: a fit that nobody would have drawn from is left out. What a plot of the
    /// teacher needs, one object for each thing that changed.
    fn settle(&mut self) -> Vec<Json> {
        Vec::new()
    }

    /// What it knows, under names that begin with `teacher/`.
    fn save(&self, state: &mut State);

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`], [`Error::Mixture`].
    fn load(&mut self, state: &State) -> Result<()>;
}

/// What the rest of the crate knows of a teacher.
#[derive(Debug)]
pub struct Entry {
    /// Name on the command line.
    pub name: &'static str,
    /// One line: what it is and where it comes from.
    pub about: &'static str,
    /// Its options.
    pub options: fn() -> Vec<OptionInfo>,
    /// All of its options, with the values in force, after a check of their ranges.
    pub resolve: fn(&Table, &Bounds) -> Result<Table>,
    /// How returns reach it, and how it chooses, with a seed for what it draws itself.
    make: Make,
}

type Make = fn(&Table, &Bounds, u64) -> Result<(Option<Returns>, Box<dyn Algorithm>)>;

/// All teachers, sorted by name.
pub const TEACHERS: &[&Entry] = &[
    &adr::TEACHER,
    &alp_gmm::TEACHER,
    &covar_gmm::TEACHER,
    &oracle::TEACHER,
    &plr::TEACHER,
    &random::TEACHER,
    &riac::TEACHER,
];

/// The teacher of a name, which may be written with hyphens.
///
/// # Errors
/// [`Error::UnknownTasks`].
pub fn find(name: &str) -> Result<&'static Entry> {
    let wanted = name.replace('-', "_");
    TEACHERS.iter().copied().find(|teacher| teacher.name == wanted).ok_or_else(|| {
        let names = || TEACHERS.iter().map(|teacher| teacher.name);
        Error::UnknownTasks {
            name: name.to_owned(),
            nearest: nearest(&wanted, names()).map(str::to_owned),
            known: names().collect::<Vec<_>>().join(", "),
        }
    })
}

options! {
    /// How returns reach a teacher: by the line that takes `reward_low` to 0 and `reward_high` to 1, never outside of that.
    pub struct Returns {
        /// Return that a teacher hears as 0, in units of rewards; below `reward_high`.
        reward_low: f64 = -150.0,
        /// Return that a teacher hears as 1, in units of rewards.
        reward_high: f64 = 350.0,
    }
}

impl Returns {
    fn check(&self) -> Result<()> {
        let range = format!("below reward_high, which is {}", self.reward_high);
        check("reward_low", self.reward_low, &range, self.reward_low < self.reward_high)
    }

    fn normalised(&self, episode_return: f64) -> f64 {
        // In halves, as the difference of large ends might overflow.
        let (low, high) = (0.5 * self.reward_low, 0.5 * self.reward_high);
        ((0.5 * episode_return - low) / (high - low)).clamp(0.0, 1.0)
    }
}

/// Whose numbers the defaults are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settings {
    /// Those of the paper's code, flowersteam/teachDeepRL.
    TeachDeepRl,
    /// Those of flowersteam/TeachMyAgent (Romac et al. 2021).
    TeachMyAgent,
}
words!(Settings, "teach_deep_rl or teach_my_agent", {
    "teach_deep_rl" => Settings::TeachDeepRl, "teach_my_agent" => Settings::TeachMyAgent,
});

/// A table with the numbers of TeachMyAgent for the options that it does not set, if that is whose settings it wants.
fn with_settings(table: &Table, numbers: &[(&str, f64)]) -> Table {
    let mut table = table.clone();
    if table.get("settings").and_then(Value::as_str) == Some("teach_my_agent") {
        for &(name, number) in numbers {
            table.entry(name).or_insert(Value::Float(number));
        }
    }
    table
}

/// Fails unless an option is a share, 0 to 1.
fn check_share(option: &str, value: f64) -> Result<()> {
    check(option, value, "0 to 1", (0.0..=1.0).contains(&value))
}

/// The error of a state that does not fit.
fn unfit(what: &str) -> Error {
    Error::Checkpoint {
        path: "the state".to_owned(),
        reason: format!("{what} of the teacher does not fit its options"),
    }
}
