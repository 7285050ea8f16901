//! `shadergym resume`: a run goes on.

use std::io::Write;
use std::path::PathBuf;

use super::bar::{Verbosity, catch_signals};
use super::output::Done;
use super::population;
use super::train::{follow, steps};
use crate::train;

/// Go on with a run that was stopped, or add steps to one that is over.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A run that was stopped, also by a power cut, comes to the same policy and metrics bit by bit as one that was not.
Schedules run over all steps, so a run with steps added differs from one that had them from the start.

Examples:
  shadergym resume runs/cart_pole-ppo-0-1
  shadergym resume runs/cart_pole-ppo-0-1 --steps 100_000")]
pub struct Args {
    /// Folder of the run, or of a population
    folder: PathBuf,
    /// Environment steps to add
    #[arg(long, allow_negative_numbers = true, value_parser = steps)]
    steps: Option<u64>,
    #[command(flatten)]
    verbosity: Verbosity,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    catch_signals()?;
    if train::is_population(&args.folder) {
        return population::follow(args.verbosity, out, |callback| {
            train::resume_population(&args.folder, args.steps, callback)
        });
    }
    follow(args.verbosity, out, |callback| train::resume(&args.folder, args.steps, callback))
}
