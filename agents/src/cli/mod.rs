//! The command line: one file per command, all of them thin over the libraries.

mod bar;
mod bench;
mod compare;
mod doctor;
mod dump;
mod eval;
mod experiment;
mod in_context;
mod list;
mod new_env;
mod output;
mod population;
mod predict;
mod project;
mod render;
mod resume;
mod spec;
mod symbols;
mod target;
mod teachers;
mod timescales;
mod train;
mod watch;

use std::ffi::OsString;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::Failure;

/// Reinforcement-learning environments as WGSL compute shaders.
#[derive(Debug, Parser)]
#[command(name = "shadergym", version, arg_required_else_help = true, propagate_version = false, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  shadergym list                                   which environments there are
  shadergym doctor                                 which devices there are and whether they work
  shadergym render CartPole-v1 -o cart_pole.gif    what an environment looks like
  shadergym bench CartPole-v1                      how fast it is on this machine
  shadergym new-env point_mass                     start an environment of your own
  shadergym train ppo CartPole-v1                  a trained policy
  shadergym watch runs/cart_pole-ppo-0-1           the trained policy at play

Exit codes: 0 done, 1 failed (one text on stderr says why), 2 wrong use of the command line, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Spec(spec::Args),
    Doctor(doctor::Args),
    Bench(bench::Args),
    Train(Box<train::Args>),
    Resume(resume::Args),
    Eval(eval::Args),
    Watch(watch::Args),
    Render(render::Args),
    NewEnv(new_env::Args),
    Project(project::Args),
    Dump(dump::Args),
    Compare(compare::Args),
    Experiment(experiment::Args),
    Predict(predict::Args),
    InContext(in_context::Args),
    Teachers(teachers::Args),
    Timescales(Box<timescales::Args>),
}

/// Runs the command line `args`, the name of the program first. Everything goes to the standard output and error of the
/// process; nothing ends the process, so a host such as Python gets the exit code back.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; a closed pipe does not matter here.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let stdout = io::stdout();
    let mut out = BufWriter::new(stdout.lock());
    let result = match cli.command {
        Command::List(args) => list::run(&args, &mut out),
        Command::Spec(args) => spec::run(&args, &mut out),
        Command::Doctor(args) => doctor::run(&args, &mut out),
        Command::Bench(args) => bench::run(&args, &mut out),
        Command::Train(args) => train::run(&args, &mut out),
        Command::Resume(args) => resume::run(&args, &mut out),
        Command::Eval(args) => eval::run(&args, &mut out),
        Command::Watch(args) => watch::run(&args, &mut out),
        Command::Render(args) => render::run(&args, &mut out),
        Command::NewEnv(args) => new_env::run(&args, &mut out),
        Command::Project(args) => project::run(&args, &mut out),
        Command::Dump(args) => dump::run(&args, &mut out),
        Command::Compare(args) => compare::run(&args, &mut out),
        Command::Experiment(args) => experiment::run(&args, &mut out),
        Command::Predict(args) => predict::run(&args, &mut out),
        Command::InContext(args) => in_context::run(&args, &mut out),
        Command::Teachers(args) => teachers::run(&args, &mut out),
        Command::Timescales(args) => timescales::run(&args, &mut out),
    };
    // What was written before an error is still worth reading.
    let flushed = out.flush().map_err(Failure::from);
    match result.and(flushed) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough, as in `shadergym list | head -1`.
        Err(Failure::Io(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let label = if matches!(failure, Failure::Interrupted(_)) { "" } else { output::error_label() };
            let _ = writeln!(io::stderr(), "{}", format!("{label} {failure}").trim_start());
            ExitCode::from(failure.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definitions_hold_together() {
        super::Cli::command().debug_assert();
    }
}
