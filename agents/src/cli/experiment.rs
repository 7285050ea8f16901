//! `shadergym experiment`: agents x environments x seeds from a file, and the report of them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::output::{Done, Failure, Progress, digits, grouped};
use super::target::positive;
use crate::experiment::{
    Event, Experiment, Facts, Options, Status, Store, Trainer, Training, outdated, render, run as run_all, today,
};
use crate::machine;
use crate::report::file;

/// Run agents on environments with several seeds, side by side, and write a report.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file:
  name = \"baselines\"             lower-case letters, digits, - and _
  about = \"What it is for\"
  seeds = [1, 2, 3, 4, 5]        of the runs that are reported; or \"1-30\"
  tuning_seeds = [101, 102]      others, that options were chosen with
  eval_episodes = 100
  timing = true                  whether the report says how fast runs were
  [[runs]]
  agent = \"ppo\"
  env = \"CartPole-v1\"            or envs = [..]
  steps = 500_000
  set = { learning_rate = 1e-3 } options, over the preset of the environment
  params = { gravity = 6 }       parameters of the environment; give such runs a label
  seeds = \"1-10\"                 of these runs, where they are others
  target = 490                   mean return of the last 100 training episodes, or
  evaluation_target = 490        mean return of the evaluation
  source = \"where it is from\"
  note = \"what was tried\"
  label = \"ppo-fast\"             what tables call it; default: the agent

Finished runs are kept: a run whose options and whose code, that of the agents and of the environment, have not changed
since is not made again, one that diverged neither. One that ended by another error, or was stopped, goes on from its
newest checkpoint. Every run is on the CPU, with cores / jobs threads.

Written: <results>/<name>.md, and in <results>/<name>/ summary.json, a curve of at most 200 points per run, and
pictures. Results are in the folder `results` beside `experiments` if the file is in such a one, or else in `results`.

Examples:
  shadergym experiment agents/experiments/baselines.toml
  shadergym experiment baselines.toml --only cartpole --jobs 2
  shadergym experiment baselines.toml --report-only")]
pub struct Args {
    /// The experiment
    file: PathBuf,
    /// Runs side by side; default: all cores
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
    jobs: Option<usize>,
    /// Only runs whose `agent environment seed` contains this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Make runs again that are kept
    #[arg(long, conflicts_with = "report_only")]
    fresh: bool,
    /// Run nothing, only write the report from what is kept
    #[arg(long, conflicts_with_all = ["jobs", "only"])]
    report_only: bool,
    /// Folder of results
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,
    /// Date for the records; default: today (UTC)
    #[arg(long)]
    date: Option<String>,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    run_with(args, out, &Training)
}

fn run_with(args: &Args, out: &mut dyn Write, trainer: &dyn Trainer) -> Done {
    let experiment = Experiment::read(&args.file)?;
    let results = args.results.clone().unwrap_or_else(|| results_of(&args.file));
    let folder = results.join(&experiment.name);
    let mut store = Store::open(&folder)?;
    if !args.report_only {
        make(args, &experiment, &mut store, trainer, out)?;
    }
    let mut command = format!("shadergym experiment {}", args.file.display());
    if let Some(results) = &args.results {
        command += &format!(" --results {}", results.display());
    }
    let facts = Facts { command, outdated: outdated(&experiment, &store, trainer)? };
    let (page, pictures) = render(&experiment, &store, &facts)?;
    file::create_folder(&folder)?;
    for (name, svg) in pictures {
        file::write(&folder.join(name), svg.as_bytes())?;
    }
    let path = results.join(format!("{}.md", experiment.name));
    file::write(&path, page.as_bytes())?;
    writeln!(out, "wrote {}", path.display())?;
    Ok(())
}

fn make(args: &Args, experiment: &Experiment, store: &mut Store, trainer: &dyn Trainer, out: &mut dyn Write) -> Done {
    let runs = experiment.runs(args.only.as_deref());
    if runs.is_empty() {
        let names: Vec<String> = experiment.groups.iter().map(|g| format!("{} {}", g.label, g.env)).collect();
        let only = args.only.as_deref().unwrap_or_default();
        return Err(Failure::Message(format!("no run contains `{only}`; runs are {}", names.join(", "))));
    }
    let cores = machine::cores();
    let jobs = args.jobs.unwrap_or(cores);
    let options = Options {
        jobs,
        num_threads: (cores / jobs).max(1),
        fresh: args.fresh,
        machine: format!("{}, {cores} cores, {}", machine::cpu_name(), machine::system()),
        date: args.date.clone().unwrap_or_else(today),
    };
    let mut progress = Progress::new();
    let mut under_way: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let (mut failed, mut made) = (0, 0);
    run_all(&runs, trainer, store, &options, &mut |event| match event {
        Event::Kept(kept, all) => progress.note(&format!("{kept} of {all} runs are kept from before")),
        Event::Step(run, step) => {
            under_way.insert(run.name(), (step, run.group.steps));
            progress.show(false, || {
                let texts = under_way.iter().map(|(name, (step, all))| format!("{name}: {} %", 100 * step / all));
                texts.collect::<Vec<_>>().join(", ")
            });
        }
        Event::Finished(run, record, done) => {
            under_way.remove(&run.name());
            made += 1;
            failed += usize::from(record.status != Status::Done);
            let result = match (&record.reason, record.result.last_100) {
                (Some(reason), _) => format!("FAILED: {reason}"),
                (None, last) => format!(
                    "{} after {} steps in {} s",
                    last.map_or("no episode ended".to_owned(), digits),
                    grouped(record.result.step),
                    digits(record.result.seconds)
                ),
            };
            progress.note(&format!("[{done}/{}] {}: {result}", runs.len(), run.name()));
        }
    })?;
    drop(progress);
    writeln!(out, "{made} runs made, {} kept, {failed} failed", runs.len() - made)?;
    Ok(())
}

/// Where results of a file go unless said otherwise.
fn results_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|f| f.file_name().is_some_and(|n| n == "experiments"));
    folder.map_or_else(|| "results".into(), |f| f.with_file_name("results"))
}
