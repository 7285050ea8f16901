//! `shadergym project`: an environment as a family of tasks, for agents that adapt in context.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use shadergym_compiler::compile;
use shadergym_envs::{Projection, random_projection};
use shadergym_shaders::library;

use super::new_env::write_new;
use super::output::{Done, Failure};

/// Write an environment whose episodes are tasks made of another: its observations turned by a random orthogonal map, its
/// actions in another order (real ones turned), several of its episodes as trials of one. Never overwrites another file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym project CartPole-v1 -o meta_cart_pole.wgsl
  shadergym project Pendulum-v1 --observation-size 8 --trials 8 -o meta_pendulum.wgsl
  shadergym train recurrent_ppo meta_cart_pole.wgsl --param task_mix=0.5

The number of a task decides its projection. The parameters task_first and task_count say which tasks episodes draw from;
tasks 1073741824 and up are met by nobody who leaves them as they are. task_mix goes from 0, the environment as it is, to 1.")]
pub struct Args {
    /// Id as in `shadergym list`, or a .wgsl file
    env: String,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Elements that the observation is turned in; default: its own, at least 2
    #[arg(long, value_name = "N")]
    observation_size: Option<usize>,
    /// Real numbers that an action is turned from; default: its own, at least 2
    #[arg(long, value_name = "N")]
    action_size: Option<usize>,
    /// Episodes of the environment in one, the default of the parameter task_trials; default: 16
    #[arg(long, value_name = "N")]
    trials: Option<u32>,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let shown = args.output.display();
    if args.output.extension().is_none_or(|extension| extension != "wgsl") {
        return Err(Failure::Message(format!(
            "{shown} does not end in .wgsl, by which files of environments are known"
        )));
    }
    let options =
        Projection { observation_size: args.observation_size, action_size: args.action_size, trials: args.trials };
    let text = random_projection(&args.env, options)?;
    let id = compile(&args.output, &text, library())?.facts.id;
    // The same file again is no loss, so scripts may be run twice.
    if fs::read_to_string(&args.output).is_ok_and(|there| there == text) {
        writeln!(out, "{shown} is there already: {id}")?;
        return Ok(());
    }
    write_new(args.output.parent().unwrap_or(Path::new("")), &args.output, &text)?;
    writeln!(out, "wrote {shown}: {id}. For instance: shadergym spec {shown}")?;
    Ok(())
}
