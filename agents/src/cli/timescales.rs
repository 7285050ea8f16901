//! `shadergym timescales`: recurrent networks with trainable time constants in curricula of longer and longer windows.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::bar::{catch_signals, interrupted};
use super::output::{Done, Failure, Progress};
use super::target;
use crate::experiment::today;
use crate::machine;
use crate::options::{nearest, parse_settings};
use crate::report::file;
use crate::timescales::{self, End, Event, Pass, Row, Settings, folder_of};

/// Time constants of recurrent networks in curricula: windows of N bits, one at a time or all at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A network of leaky units with time constants of their own hears a stream of bits and is asked at its end what the newest N say:
whether their ones are odd in number (parity), or whether the first and the last of them are the same (match). Where more than
98 % of the answers are right, windows of N + 1 bits come. The curriculum `single` asks for the newest window alone, `multi` for
all from 2 bits on, each by a head of its own, `window` for the newest few.

Files in the folder of -o, where the same command goes on bit by bit if it was stopped:
  epochs.jsonl               a row for each epoch: loss, accuracies, time constants, speed
  networks/N.safetensors     the network as it was when windows of N bits were mastered
  checkpoint.safetensors     where it goes on
  config.toml                every option in force

Examples:
  shadergym timescales parity --curriculum multi --until 11 -o multi-0
  shadergym timescales parity --curriculum single --units 100 --seed 3 --set steps=200 -o single-3
  shadergym timescales match --curriculum window --set kept=4
  shadergym timescales parity --options
  shadergym timescales report single-* multi-* --report agents/results/timescales.md")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Whether the newest N bits have an odd number of ones
    Parity(StudyArgs),
    /// Whether the newest bit is the one N - 1 before it (delayed match to sample)
    Match(StudyArgs),
    /// Compare studies: epochs, time constants, what damage costs
    Report(ReportArgs),
}

#[derive(Debug, clap::Args)]
struct StudyArgs {
    /// single, multi or window; default multi
    #[arg(long)]
    curriculum: Option<String>,
    /// End when windows of N bits are mastered; default 11
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    until: Option<String>,
    /// Units of the network; default 500
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    units: Option<String>,
    /// Seed of everything random; default 0
    #[arg(long, allow_negative_numbers = true)]
    seed: Option<String>,
    /// Epochs at most; default 1000
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    epochs: Option<String>,
    /// Time constants stay 1
    #[arg(long)]
    fixed_tau: bool,
    /// Another option, as often as needed
    #[arg(long = "set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    settings: Vec<String>,
    /// List all options and end
    #[arg(long)]
    options: bool,
    /// Threads, each with 64 streams at a time. Results do not depend on it
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = target::positive)]
    num_threads: usize,
    /// Folder of the study; default: runs/timescales-<task>-<curriculum>-<seed>
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct ReportArgs {
    /// Folders of studies, also of such that are under way
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Write a report into this .md file, and a picture and all figures into the folder of its name
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    match &args.what {
        What::Parity(args) => study("parity", args, out),
        What::Match(args) => study("match", args, out),
        What::Report(args) => report(args, out),
    }
}

impl StudyArgs {
    fn settings(&self, task: &str) -> crate::Result<Settings> {
        let named = [
            ("curriculum", &self.curriculum),
            ("until", &self.until),
            ("units", &self.units),
            ("seed", &self.seed),
            ("epochs", &self.epochs),
        ];
        let named = named.iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)));
        let texts: Vec<String> = self.settings.iter().cloned().chain(named).collect();
        let mut table: Table = parse_settings(texts.iter().map(String::as_str))?;
        table.insert("task".to_owned(), Value::String(task.to_owned()));
        if self.fixed_tau {
            table.insert("fixed_tau".to_owned(), Value::Boolean(true));
        }
        Settings::checked(&table)
    }
}

fn study(task: &str, args: &StudyArgs, out: &mut dyn Write) -> Done {
    if args.options {
        return super::train::list("timescales: a study of one curriculum", Settings::options(), out);
    }
    let settings = args.settings(task)?;
    let table = settings.to_table();
    let name = |key: &str| table[key].as_str().map_or_else(|| table[key].to_string(), str::to_owned);
    let default = || PathBuf::from("runs").join(format!("timescales-{task}-{}-{}", name("curriculum"), name("seed")));
    let folder = args.out.clone().unwrap_or_else(default);
    catch_signals()?;
    let mut progress = Progress::new();
    let batches = settings.steps + settings.tests;
    let (end, rows) = timescales::run(&settings, args.num_threads, &folder, &mut |event| {
        match event {
            Event::Resumed(epochs) => progress.note(&format!("goes on behind epoch {epochs}")),
            Event::Batch(epoch, n, batch) => {
                progress.show(false, || format!("epoch {epoch}, N = {n}: batch {batch} of {batches}"));
            }
            Event::Epoch(row) => progress.note(&line(row)),
        }
        if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    drop(progress);
    let mastered = rows.iter().filter(|row| row.mastered).map(Row::newest).max();
    let reached = mastered.map_or("no window is mastered".to_owned(), |n| format!("windows of {n} bits are mastered"));
    let text = format!("{reached} after {} epochs, in {}", rows.len(), folder.display());
    match end {
        End::Interrupted => Err(Failure::Interrupted(format!("{text}; interrupted: the same command goes on"))),
        End::Mastered => Ok(writeln!(out, "{text}")?),
        End::Epochs => Ok(writeln!(out, "{text}; all epochs are made")?),
    }
}

fn line(row: &Row) -> String {
    format!(
        "epoch {:>4}  N {:>2}{}  loss {:.4}  accuracy {:.2} %, newest {:.2} %  tau {:.3} (longest {:.2})  network {}  \
         {:.0} s  {:.1} GFLOP/s",
        row.epoch,
        row.newest(),
        if row.mastered { " mastered" } else { "" },
        row.loss,
        100.0 * row.accuracy(),
        100.0 * row.accuracies.last().copied().unwrap_or(f64::NAN),
        row.tau_mean,
        row.tau_max,
        row.network_mean.map_or("-".to_owned(), |mean| format!("{mean:.2}")),
        row.seconds,
        row.gflops,
    )
}

fn report(args: &ReportArgs, out: &mut dyn Write) -> Done {
    let known = ["parity", "match"];
    if let [only] = &args.folders[..]
        && !only.exists()
        && let Some(near) = nearest(&only.to_string_lossy(), known.into_iter())
    {
        return Err(Failure::Usage(format!(
            "{} is no folder; for a study: shadergym timescales {near}",
            only.display()
        )));
    }
    let found = timescales::read_runs(&args.folders)?;
    let damages = found.damages(&mut Pass::new(1))?;
    let mut text = format!("{}\n{}", found.about(), found.windows());
    if let Some((n, damages)) = &damages {
        text += &format!("\n{}\n\n{damages}", damage_title(*n));
    }
    writeln!(out, "{}", text.trim_end())?;
    let Some(path) = &args.report else { return Ok(()) };
    let folder = folder_of(path);
    file::create_folder(&folder)?;
    file::write(&folder.join("timescales.svg"), found.picture().as_bytes())?;
    file::write(&folder.join("timescales.csv"), found.csv().as_bytes())?;
    file::write(path, page(path, &text).as_bytes())?;
    writeln!(out, "wrote {}", path.display())?;
    Ok(())
}

fn damage_title(n: usize) -> String {
    format!("Accuracy (%) of the newest head at N = {n} after damage, eight damages of 512 streams each:")
}

fn page(path: &Path, tables: &str) -> String {
    let name = folder_of(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!(
        "# Long timescales from curricula\n\n{ABOUT}\n- Machine: {}, {} cores; {}\n- Date: {}\n{}\n{EXPLANATION}\n\n\
         ![Epochs and time constants over windows]({name}/timescales.svg)\n",
        machine::cpu_name(),
        machine::cores(),
        machine::system(),
        today(),
        tables,
    )
}

const ABOUT: &str = "\
Recurrent networks whose units have trainable time constants learn what the newest N bits of a stream say, N growing by one
wherever more than 98 % of the answers to test streams are right (Khajehabdollahi et al. 2023, arXiv 2309.12927): one head for
the newest window alone, or one head for each window so far. The source's networks of 500 units master 11 bits of parity after 11
epochs with many heads and after 20 with one.

Made by `shadergym timescales parity` for each curriculum and seed, and `shadergym timescales report`; figures of all seeds are
in `timescales.csv`.
";

const EXPLANATION: &str = "\
Epochs until windows of N bits are mastered, mean time constant of the units then, and mean timescale of their activity within the
network: that of the exponential nearest to the autocorrelation over 40 steps while random bits are heard. Means over seeds with
95 % bootstrap intervals; where not all seeds got there, how many did. Cut off units take no part any more; weights move in a
random direction.";
