//! `shadergym eval`: how good a trained policy is.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde_json::json;
use shadergym_envs::Device;

use super::bar::{catch_signals, interrupted};
use super::output::{Done, Failure, Progress, digits, grouped};
use super::target;
use crate::train::{EPISODE_LIMIT, Trained, evaluate};

/// Measure the return of a trained policy.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exactly as many episodes as asked for, and each instance contributes a number of them that is settled beforehand, so that
short episodes count no more than long ones. The seeds are not those of training. Agents of an instance act by the same
policy and their returns are averaged.

Examples:
  shadergym eval runs/cart_pole-ppo-0-1
  shadergym eval runs/cart_pole-ppo-0-1/checkpoints/50000.safetensors --episodes 1000 --stochastic
  shadergym eval policy.safetensors --json")]
pub struct Args {
    /// Folder of a run, a policy or a checkpoint
    path: PathBuf,
    /// Number of episodes
    #[arg(long, default_value_t = 100, allow_negative_numbers = true, value_parser = target::positive)]
    episodes: usize,
    /// Seed of the episodes
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Draw actions with the policy's probabilities instead of taking the best
    #[arg(long)]
    stochastic: bool,
    /// Another environment with the same observations and actions
    #[arg(long)]
    env: Option<String>,
    /// auto, cpu, gpu, gpu:<index> or gpu:<part of the name>
    #[arg(long, default_value = "auto", value_parser = target::device)]
    device: Device,
    /// Print an object with the return and length of every episode
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    catch_signals()?;
    let mut trained = Trained::load(&args.path, args.env.as_deref())?;
    trained.config.device = args.device.clone();
    let mut progress = Progress::new();
    trained.notes.iter().for_each(|note| progress.note(&format!("note: {note}")));
    let found = evaluate(&trained.policy, &trained.setup(), args.episodes, args.seed, !args.stochastic, &mut |done| {
        progress.show(false, || format!("{done} of {} episodes", args.episodes));
        if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    drop(progress);
    let Some(evaluation) = found else { return Err(Failure::Interrupted("interrupted".to_owned())) };
    let spread = evaluation.spread().expect("at least one episode");
    if args.json {
        let mut object = spread.to_json();
        object["env"] = json!(trained.config.env);
        object["agent"] = json!(trained.config.agent);
        object["policy"] = json!(trained.path.display().to_string());
        object["step"] = json!(trained.step);
        object["seed"] = json!(args.seed);
        object["deterministic"] = json!(!args.stochastic);
        object["truncated"] = json!(evaluation.truncated);
        object["cut_off"] = json!(evaluation.cut_off);
        object["returns"] = json!(evaluation.episodes.iter().map(|e| e.episode_return).collect::<Vec<_>>());
        object["lengths"] = json!(evaluation.episodes.iter().map(|e| e.length).collect::<Vec<_>>());
        writeln!(out, "{object}")?;
        return Ok(());
    }
    writeln!(
        out,
        "{} on {} after {} steps, {} episodes, {}",
        trained.config.agent,
        trained.config.env,
        grouped(trained.step),
        spread.episodes,
        if args.stochastic { "actions drawn" } else { "best actions" }
    )?;
    writeln!(out, "  return         {} ± {}", digits(spread.mean), digits(spread.standard_deviation))?;
    writeln!(out, "  range          {} to {}", digits(spread.min), digits(spread.max))?;
    writeln!(out, "  median length  {} steps", digits(spread.median_length))?;
    if evaluation.truncated > 0 {
        let (limit, whose) = match trained.setup().facts.max_episode_steps {
            0 => (EPISODE_LIMIT, ", which only the evaluation has"),
            limit => (limit, ""),
        };
        let limit = grouped(limit.into());
        writeln!(out, "  cut off        {} by the limit of {limit} steps{whose}", evaluation.truncated)?;
    }
    Ok(())
}
