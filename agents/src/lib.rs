//! Agents for shadergym and its command line.
//!
//! [`cli::run`] is the whole program `shadergym`; the binary and `python -m shadergym` both call it.

// Errors hold the bad value and the allowed range; they are made once, on the way out.
#![allow(clippy::result_large_err)]

pub mod abreast;
pub mod agent;
pub mod algorithms;
pub(crate) mod animation;
pub mod cli;
pub mod common;
mod error;
pub mod experiment;
pub mod in_context;
pub(crate) mod machine;
pub mod network;
pub mod optim;
pub mod options;
pub mod policy;
pub mod prediction;
pub mod presets;
pub mod report;
#[cfg(feature = "gpu")]
mod resident;
pub mod schedule;
pub mod sequence;
pub mod state;
pub mod streaming;
pub mod tasks;
pub mod teachers;
#[cfg(test)]
#[path = "../tests/common/folder.rs"]
mod test_folder;
pub mod timescales;
pub mod train;

pub use error::{Error, Result};
#[cfg(feature = "gpu")]
pub use resident::streams;
