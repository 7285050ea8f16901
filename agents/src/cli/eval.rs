//! `shadergym eval`: how good a trained policy is.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use serde_json::json;
use shadergym_envs::Device;

use super::bar::{catch_signals, interrupted};
use super::output::{Done, Failure, Progress, digits, grouped};
use super::target;
use crate::options::parse_settings;
use crate::report::curve::{Series, curves};
use crate::report::file;
use crate::train::{EPISODE_LIMIT, Trained, adaptation, evaluate};

/// Measure the return of a trained policy.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exactly as many episodes as asked for, and each instance contributes a number of them that is settled beforehand, so that
short episodes count no more than long ones. The seeds are not those of training. Agents of an instance act by the same
policy and their returns are averaged.

Examples:
  shadergym eval runs/cart_pole-ppo-0-1
  shadergym eval runs/cart_pole-ppo-0-1/checkpoints/50000.safetensors --episodes 1000 --stochastic
  shadergym eval policy.safetensors --json
  shadergym eval runs/meta-recurrent_ppo-0-1 --param task_first=1073741824 --trials -o adaptation.svg

--trials shows what a policy learns within an episode: the mean return of its first trial, its second and so on, in an
environment whose episodes are made of trials (those of `shadergym project`, MetaCartPole). Tasks that nobody has met are
chosen by parameters.")]
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
    /// A parameter of the environment that is another than in training, as often as needed
    #[arg(long = "param", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    params: Vec<String>,
    /// Show the return by trial within an episode
    #[arg(long)]
    trials: bool,
    /// With --trials, draw the curve into this file
    #[arg(short, long, value_name = "FILE.svg", requires = "trials")]
    output: Option<PathBuf>,
    /// auto, cpu, gpu, gpu:<index> or gpu:<part of the name>
    #[arg(long, default_value = "auto", value_parser = target::device)]
    device: Device,
    /// Print an object with the return and length of every episode
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    catch_signals()?;
    let params = parse_settings(args.params.iter().map(String::as_str))?;
    let mut trained = Trained::load_with(&args.path, args.env.as_deref(), &params)?;
    trained.config.device = args.device.clone();
    let mut progress = Progress::new();
    trained.notes.iter().for_each(|note| progress.note(&format!("note: {note}")));
    if args.trials {
        return by_trial(args, &trained, progress, out);
    }
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

/// The return in each trial of an episode.
fn by_trial(args: &Args, trained: &Trained, mut progress: Progress, out: &mut dyn Write) -> Done {
    let (policy, setup) = (&trained.policy, trained.setup());
    let found = adaptation(policy, &setup, args.episodes, args.seed, !args.stochastic, &mut |done| {
        progress.show(false, || format!("{done} of {} episodes", args.episodes));
        if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    drop(progress);
    let Some(found) = found else { return Err(Failure::Interrupted("interrupted".to_owned())) };
    let (trials, gain) = (found.by_trial(), found.gain());
    let who = format!("{} on {} after {} steps", trained.config.agent, trained.config.env, grouped(trained.step));
    if let Some(path) = &args.output {
        let line = Series {
            label: trained.config.agent.clone(),
            points: trials.iter().zip(1..).map(|(e, trial)| (f64::from(trial), e.value)).collect(),
            band: trials.iter().zip(1..).map(|(e, trial)| (f64::from(trial), e.low, e.high)).collect(),
        };
        let title = format!("{who}: return by trial, {} episodes", args.episodes);
        file::write(path, curves(&title, "trial of an episode", "return", &[line]).as_bytes())?;
    }
    if args.json {
        let object = json!({
            "env": trained.config.env, "agent": trained.config.agent, "policy": trained.path.display().to_string(),
            "step": trained.step, "seed": args.seed, "deterministic": !args.stochastic, "episodes": args.episodes,
            "trials": trials.iter().map(|e| json!({"mean": e.value, "low": e.low, "high": e.high})).collect::<Vec<_>>(),
            "gain": {"mean": gain.value, "low": gain.low, "high": gain.high},
        });
        writeln!(out, "{object}")?;
        return Ok(());
    }
    writeln!(out, "{who}, {} episodes, return by trial [95 % interval]", args.episodes)?;
    for (trial, e) in (1..).zip(&trials) {
        writeln!(out, "  {trial:>4}  {} [{}, {}]", digits(e.value), digits(e.low), digits(e.high))?;
    }
    let [value, low, high] = [gain.value, gain.low, gain.high].map(digits);
    writeln!(out, "  the last quarter of the trials is worth {value} [{low}, {high}] more than the first trial")?;
    Ok(())
}
