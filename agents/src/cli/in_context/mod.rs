//! `shadergym in-context`: learning within an episode, by classic baselines and by pretrained transformers.

mod play;
mod pretrain;

use std::io::Write;

use clap::Subcommand;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::bar::interrupted;
use super::output::{Done, Failure, Table};
use crate::error::Error;
use crate::in_context::baselines::BASELINES;

/// Play tasks that are learned within an episode, and pretrain transformers that do.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym in-context list                                        which players there are
  shadergym in-context play thompson,ucb1 in_context/GaussianBandit-v0
  shadergym in-context pretrain dpt in_context/GaussianBandit-v0 --out dpt
  shadergym in-context play thompson,dpt in_context/GaussianBandit-v0 --out curves")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(ListArgs),
    Play(play::Args),
    Pretrain(pretrain::Args),
}

/// List baselines and ways of pretraining.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  shadergym in-context list")]
struct ListArgs {}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    match &args.command {
        Command::List(_) => list(out),
        Command::Play(args) => play::run(args, out),
        Command::Pretrain(args) => pretrain::run(args, out),
    }
}

fn list(out: &mut dyn Write) -> Done {
    let mut table = Table::new(["name", "what", "options"]);
    for entry in BASELINES {
        let options = (entry.options)().iter().map(|option| option.name).collect::<Vec<_>>().join(", ");
        table.row([entry.name.to_owned(), entry.about.to_owned(), options]);
    }
    let pretrained = "see `shadergym in-context pretrain <name> --options`";
    for (name, about) in [
        ("dpt", "decision-pretrained transformer; play the folder that pretraining makes"),
        ("ad", "algorithm distillation from fading noise; play the folder that pretraining makes"),
    ] {
        table.row([name.to_owned(), about.to_owned(), pretrained.to_owned()]);
    }
    Ok(table.write(out)?)
}

/// Threads to work on.
fn pool(threads: Option<usize>) -> Done<ThreadPool> {
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    if threads > 1024 {
        return Err(Failure::Usage(format!("--num-threads is {threads}, allowed is 1 to 1024")));
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Failure::Message(format!("cannot start {threads} threads: {error}")))
}

/// Ends whatever hears it once somebody has asked for the end.
fn go_on() -> crate::Result<()> {
    if interrupted() { Err(Error::Unsupported("interrupted".to_owned())) } else { Ok(()) }
}

/// What ended a call: somebody who asked for it, or an error.
fn ended(error: Error, advice: &str) -> Failure {
    if interrupted() { Failure::Interrupted(format!("interrupted{advice}")) } else { error.into() }
}
