//! `shadergym train`: a trained policy, with everything that shows how it came about.

use std::io::Write;
use std::path::{Path, PathBuf};

use shadergym_envs::Device;
use toml::Value;

use super::bar::{Bar, Verbosity, catch_signals, rate};
use super::output::{Done, Failure, Table, digits, grouped};
use super::{population, target};
use crate::algorithms::{self, AGENTS};
use crate::error::Error;
use crate::options::{OptionInfo, parse_settings};
use crate::tasks::SOURCES;
use crate::train::{self, End, Interval, Out, Outcome, RunOptions};

/// Train an agent on an environment.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Files of a run, in runs/<environment>-<agent>-<seed>-<n> or the folder of --out:
  policy.safetensors   the trained policy, for `shadergym eval` and `shadergym watch`
  final.gif            an episode of it
  curve.svg            mean return over steps
  metrics.csv          all figures; events.out.tfevents... are the same for TensorBoard
  teacher.jsonl        what a teacher learned, a line for each change: Gaussians, regions, windows
  episodes.jsonl       with a source of tasks: the tasks that were played, their returns and lengths
  tasks.csv            with a source of tasks: what the policy reached in each task of the evaluation
  tasks.svg, .gif      which tasks were played when, what the teacher thought of them, which are mastered
  policy.gif           the policy in the tasks of the evaluation where it did best, in the middle and worst
  summary.json         how good, how fast, on which machine, and why it ended
  config.toml          every option in force; --config runs it again
  checkpoints/         for `shadergym resume`: a run that was stopped goes on as if it had not been

Options come from the agent's defaults, then its preset for the environment, then --config, then --set and the others.

Examples:
  shadergym train ppo CartPole-v1
  shadergym train ppo --options                                   which options the agent has
  shadergym train ppo CartPole-v1 --steps 200_000 --set learning_rate=1e-3 --set hidden=[128,128]
  shadergym train pqn MinAtar/Breakout-v1 --num-envs 128 --until 50
  shadergym train ppo CartPole-v1 --param gravity=6 --param half_length=1 --eval-interval 50_000
  shadergym train ppo CartPole-v1 --tasks uniform --task-range gravity=5:15 --task-range half_length=0.3:1
  shadergym train ppo CartPole-v1 --teacher alp-gmm --task-set reward_low=0 --task-set reward_high=500
  shadergym train ppo BipedalWalkerStumps-v0 --teacher alp-gmm --eval-interval 500_000
  shadergym train ppo CartPole-v1 --seeds 64                      64 learners on all cores, one folder, one curve
  shadergym train stream_q CartPole-v1 --seeds 10 --sweep lambda=0.7,0.8,0.9 --sweep kappa=2,3
  shadergym train --config runs/cart_pole-ppo-0-1/config.toml --seed 1

Exit codes: 0 done, 1 failed, 2 wrong use of the command line, 130 interrupted and ready to be resumed.")]
pub struct Args {
    /// Name of the agent
    #[arg(required_unless_present = "config")]
    agent: Option<String>,
    /// Id as in `shadergym list`, or a .wgsl file
    #[arg(required_unless_present_any = ["config", "options"])]
    env: Option<String>,
    /// List the agent's options and end
    #[arg(long)]
    options: bool,
    /// Parallel environments; short for --set num_envs=N
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = target::num_envs)]
    num_envs: Option<usize>,
    /// Environment steps of the whole run, e.g. 500_000 or 5e5; default: the preset's, or 500_000
    #[arg(long, allow_negative_numbers = true, value_parser = steps)]
    steps: Option<u64>,
    /// Seed of everything random; default 0
    #[arg(long, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Train so many learners side by side, with this seed and those after it: a population
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = target::positive)]
    seeds: Option<usize>,
    /// An option with several values: all combinations of these are trained, each with all seeds
    #[arg(long = "sweep", value_name = "NAME=VALUE,...", allow_hyphen_values = true)]
    sweeps: Vec<String>,
    /// auto, cpu, gpu, gpu:<index> or gpu:<part of the name>; default auto
    #[arg(long, value_parser = target::device)]
    device: Option<Device>,
    /// Threads, 1 to 1024; default: all cores. Results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = target::positive)]
    num_threads: Option<usize>,
    /// A file of options: config.toml of a run, or lines of name = value
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A preset of this name, such as published, in place of the usual one
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// An option of the agent, as often as needed
    #[arg(long = "set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    settings: Vec<String>,
    /// A parameter of the environment, as `shadergym spec` lists them, as often as needed
    #[arg(long = "param", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    params: Vec<String>,
    /// Give every episode other parameters, from a source of tasks, such as uniform or alp_gmm: see --options
    #[arg(long, visible_alias = "teacher", value_name = "SOURCE")]
    tasks: Option<String>,
    /// A parameter that the source of tasks chooses, and its range; without any it chooses all of them
    #[arg(long = "task-range", value_name = "NAME=LOW:HIGH", allow_hyphen_values = true, value_parser = range)]
    task_ranges: Vec<(String, Value)>,
    /// An option of the source of tasks, as often as needed
    #[arg(long = "task-set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    task_settings: Vec<String>,
    /// Tasks of the fixed set that evaluations play where there is a source; default 50
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    eval_tasks: Option<usize>,
    /// Folder of the run, new or empty; default: runs/<environment>-<agent>-<seed>-<n>
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Stop when the mean return of the last 100 episodes is at least this
    #[arg(long, value_name = "RETURN", allow_negative_numbers = true)]
    until: Option<f32>,
    /// How far apart checkpoints are: steps (50_000), a time (30s, 5m) or never; default 30s
    #[arg(long, value_name = "INTERVAL", allow_negative_numbers = true, value_parser = interval)]
    checkpoint_interval: Option<Interval>,
    /// Episodes of the evaluation at the end; default 100
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    eval_episodes: Option<usize>,
    /// Environment steps between two evaluations during training; default: only at the end
    #[arg(long, value_name = "STEPS", allow_negative_numbers = true, value_parser = steps)]
    eval_interval: Option<u64>,
    /// Make no animation
    #[arg(long)]
    no_gif: bool,
    #[command(flatten)]
    verbosity: Verbosity,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    if args.options {
        return list_options(args.agent.as_deref(), out);
    }
    let mut settings = parse_settings(args.settings.iter().map(String::as_str))?;
    if let Some(n) = args.num_envs {
        settings.insert("num_envs".to_owned(), Value::Integer(n as i64));
    }
    let options = RunOptions {
        agent: args.agent.clone(),
        env: args.env.clone(),
        seed: args.seed,
        steps: args.steps,
        device: args.device.clone(),
        num_threads: args.num_threads,
        checkpoint_interval: args.checkpoint_interval,
        eval_episodes: args.eval_episodes,
        eval_interval: args.eval_interval,
        until: args.until,
        gif: args.no_gif.then_some(false),
        out: args.out.clone().map_or(Out::Runs, Out::Folder),
        params: parse_settings(args.params.iter().map(String::as_str))?,
        tasks: args.tasks()?,
        preset: args.preset.clone(),
        settings,
        sweep: args.sweeps.iter().map(|text| train::parse_sweep(text)).collect::<crate::Result<_>>()?,
        config: args.config.clone(),
        tables: None,
    };
    catch_signals()?;
    if args.seeds.is_some() || !args.sweeps.is_empty() {
        return population::follow(args.verbosity, out, |callback| {
            train::train_population(&options, args.seeds.unwrap_or(1) as u64, callback)
        });
    }
    follow(args.verbosity, out, |callback| train::train(&options, callback))
}

/// Runs a run, shows how far it is, and says at the end what came out.
pub fn follow(
    verbosity: Verbosity,
    out: &mut dyn Write,
    run: impl FnOnce(&mut train::Callback<'_>) -> crate::Result<Outcome>,
) -> Done {
    let mut bar = Bar::new(verbosity, &mut *out);
    let mut folder = None;
    let outcome = run(&mut |progress| {
        if folder.is_none() {
            folder = progress.folder.map(Path::to_owned);
            if let Some(folder) = &folder {
                bar.start(progress, folder);
            }
        }
        bar.show(progress)
    });
    bar.finish();
    if let Some(error) = bar.failed.take() {
        return Err(error.into());
    }
    let outcome = match (outcome, folder) {
        (Ok(outcome), _) => outcome,
        (Err(error @ (Error::Diverged { .. } | Error::Io { .. })), Some(folder)) => {
            let folder = folder.display();
            return Err(Failure::Message(format!("{error}\nwhat was saved before is in {folder}")));
        }
        (Err(error), _) => return Err(error.into()),
    };
    let folder = outcome.folder.as_deref().map(|f| f.display().to_string()).unwrap_or_default();
    if verbosity.json {
        writeln!(out, "{}", outcome.summary)?;
    } else {
        writeln!(out, "{}", last_line(&outcome, &folder))?;
    }
    if outcome.end == End::Interrupted {
        return Err(Failure::Interrupted(format!("interrupted; to go on: shadergym resume {folder}")));
    }
    Ok(())
}

fn last_line(outcome: &Outcome, folder: &str) -> String {
    let mut line = format!(
        "{} on {}: {} steps in {} s ({} steps/s)",
        outcome.config.agent,
        outcome.config.env,
        grouped(outcome.step),
        digits(outcome.seconds),
        rate(outcome.step as f64 / outcome.seconds.max(1e-9))
    );
    if let Some(last) = outcome.last_episodes {
        line += &format!(", return {} ± {} in training", digits(last.mean), digits(last.standard_deviation));
    }
    if let Some(spread) = outcome.evaluation.as_ref().and_then(train::Evaluation::spread) {
        let (mean, deviation) = (digits(spread.mean), digits(spread.standard_deviation));
        line += &format!(", {mean} ± {deviation} in {} episodes of evaluation", spread.episodes);
    }
    if outcome.end == End::Until {
        line += &format!("; {}", outcome.summary["reason"].as_str().unwrap_or_default());
    }
    line + &format!(" -> {folder}")
}

fn list_options(agent: Option<&str>, out: &mut dyn Write) -> Done {
    let entries = match agent {
        Some(name) => &[algorithms::find(name)?][..],
        None => AGENTS,
    };
    for entry in entries {
        list(&format!("{}: {}", entry.name, entry.about), (entry.options)(), out)?;
    }
    for source in SOURCES {
        list(&format!("--tasks {}: {}", source.name, source.about), (source.options)(), out)?;
    }
    Ok(())
}

/// Writes a table of options.
pub fn list(title: &str, options: Vec<OptionInfo>, out: &mut dyn Write) -> Done {
    writeln!(out, "{title}\n")?;
    let mut table = Table::new(["option", "default", "values", "meaning"]);
    for option in options {
        let values = option.kind.to_owned();
        table.row([option.name.to_owned(), option.default.to_string(), values, option.doc.to_owned()]);
    }
    Ok(table.write(out)?)
}

impl Args {
    /// The table `[tasks]`.
    fn tasks(&self) -> crate::Result<toml::Table> {
        let mut tasks = parse_settings(self.task_settings.iter().map(String::as_str))?;
        let ranges = toml::Table::from_iter(self.task_ranges.iter().cloned());
        if !ranges.is_empty() {
            tasks.insert("ranges".to_owned(), Value::Table(ranges));
        }
        if let Some(source) = &self.tasks {
            tasks.insert("source".to_owned(), Value::String(source.clone()));
        }
        if let Some(count) = self.eval_tasks {
            tasks.insert("eval_tasks".to_owned(), Value::Integer(count as i64));
        }
        Ok(tasks)
    }
}

/// Parses `name=low:high`.
fn range(text: &str) -> Result<(String, Value), String> {
    let parsed = || {
        let (name, range) = text.split_once('=')?;
        let (low, high) = range.split_once(':')?;
        let numbers = [low, high].map(|end| end.trim().replace('_', "").parse::<f64>().ok().map(Value::Float));
        let [Some(low), Some(high)] = numbers else { return None };
        Some((name.trim().to_owned(), Value::Array(vec![low, high])))
    };
    parsed().ok_or_else(|| "allowed is a parameter with its lowest and highest value, such as gravity=5:15".to_owned())
}

/// Parses a number of steps.
pub fn steps(text: &str) -> Result<u64, String> {
    train::steps(text).ok_or_else(|| "allowed is a whole number of steps, 1 or more".to_owned())
}

fn interval(text: &str) -> Result<Interval, String> {
    text.parse().map_err(|e: Error| e.to_string())
}
