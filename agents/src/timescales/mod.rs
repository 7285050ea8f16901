//! Long timescales from curricula: recurrent networks whose units have trainable time constants learn what the newest N bits
//! of a stream say, with N growing.
//!
//! Source: Khajehabdollahi et al. 2023, "Emergent mechanisms for long timescales depend on training curriculum and affect
//! performance in memory tasks" (arXiv 2309.12927). Streams come from the environments `timescales/NParityFinal-v0` and
//! `timescales/NDelayedMatchFinal-v0`; the questions are supervised, one two-class readout for each window.

mod activity;
mod curriculum;
mod folder;
mod network;
mod pass;
mod readout;
mod report;
mod robustness;
mod row;
mod schedule;
mod settings;
mod sgd;
mod steps;
mod streams;
mod study;
#[cfg(test)]
mod tests;

pub use activity::{NetworkTimescales, network_timescales};
pub use curriculum::Curriculum;
pub use folder::{End, Event, Networks, run};
pub use network::{Rnn, Shape};
pub use pass::{Outcome, Pass, Question};
pub use report::{Report, folder_of, read as read_runs};
pub use robustness::{Damage, accuracy_after};
pub use row::Row;
pub use settings::Settings;
pub use sgd::Sgd;
pub use streams::{LONGEST_WINDOW, Source, Streams, Task};
pub use study::Study;
