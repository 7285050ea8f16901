//! How the progress of a run is shown: a bar on a terminal, lines elsewhere, JSON for programs.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};

use super::output::{Failure, digits, grouped};
use crate::train::{Phase, Progress, Row};

/// Time between two lines where stderr is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How much is said.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Verbosity {
    /// Print only the last line
    #[arg(short, long)]
    quiet: bool,
    /// Print an object per row of metrics on stdout, and the summary as the last one
    #[arg(long, conflicts_with = "quiet")]
    pub json: bool,
}

/// Shows the progress of one run.
pub struct Bar<'a> {
    shown: Shown,
    out: &'a mut dyn Write,
    /// Standard output cannot be written any more.
    pub failed: Option<io::Error>,
}

enum Shown {
    Bar(ProgressBar),
    Lines(Option<Instant>),
    Json,
    Nothing,
}

impl<'a> Bar<'a> {
    pub fn new(verbosity: Verbosity, out: &'a mut dyn Write) -> Self {
        let shown = match verbosity {
            Verbosity { json: true, .. } => Shown::Json,
            Verbosity { quiet: true, .. } => Shown::Nothing,
            _ if io::stderr().is_terminal() => {
                let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(10));
                let style = "{bar:30.cyan/dim} {percent:>3}%  {msg}  {elapsed} < {eta}";
                bar.set_style(ProgressStyle::with_template(style).expect("a template").progress_chars("━╸─"));
                Shown::Bar(bar)
            }
            _ => Shown::Lines(None),
        };
        Self { shown, out, failed: None }
    }

    /// Says what begins and where its files are.
    pub fn start(&self, progress: &Progress<'_>, folder: &Path) {
        if matches!(self.shown, Shown::Bar(_) | Shown::Lines(_)) {
            let from = if progress.step > 0 { format!(" from step {}", grouped(progress.step)) } else { String::new() };
            let devices = progress.devices.map(|(envs, learner)| match envs == learner {
                true => format!(", all on {envs}"),
                false => format!(", environments on {envs}, learning on {learner}"),
            });
            let devices = devices.unwrap_or_default();
            self.line(&format!(
                "training for {} steps{from}{devices}, in {}",
                grouped(progress.steps),
                folder.display()
            ));
        }
    }

    /// Shows it; breaks if somebody asked for the end.
    pub fn show(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        for note in progress.notes {
            self.line(&format!("note: {note}"));
        }
        match &mut self.shown {
            Shown::Bar(bar) => {
                if bar.length() != Some(progress.steps) {
                    bar.set_length(progress.steps);
                    bar.set_position(progress.step);
                    bar.reset_eta();
                }
                bar.set_position(progress.step.min(progress.steps));
                // Few iterations last long enough to be seen.
                if progress.row.is_some() || progress.phase != Phase::Training || progress.episodes == 0 {
                    bar.set_message(message(progress, true));
                }
            }
            Shown::Lines(last) => {
                let due = last.is_some_and(|last| last.elapsed() >= LINE_EVERY);
                if due {
                    let done = 100.0 * progress.step as f64 / progress.steps as f64;
                    let _ = writeln!(io::stderr(), "{:>3.0}%  {}", done.min(100.0), message(progress, false));
                }
                if due || last.is_none() {
                    *last = Some(Instant::now());
                }
            }
            Shown::Json => {
                if let Some(row) = progress.row {
                    let written = writeln!(self.out, "{}", to_json(row)).and_then(|()| self.out.flush());
                    self.failed = written.err();
                }
            }
            Shown::Nothing => {}
        }
        if interrupted() || self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(|| drop(writeln!(io::stderr(), "{text}"))),
            _ => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn message(progress: &Progress<'_>, colour: bool) -> String {
    let mean = progress.means.map_or("-".to_owned(), |(mean, _)| digits(mean));
    let mean = if colour && colours() { format!("\x1b[1;32m{mean}\x1b[0m") } else { mean };
    let now = match progress.phase {
        Phase::Training => format!("{} steps/s", rate(progress.steps_per_second)),
        Phase::Evaluating(done) => format!("evaluating, {done} episodes"),
        Phase::Drawing => "drawing".to_owned(),
    };
    format!("{} of {} steps  {now}  return {mean}", grouped(progress.step), grouped(progress.steps))
}

fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Steps per second: `843`, `12.3k`, `1.23M`.
pub fn rate(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", digits(v / 1e6)),
        v if v >= 1e3 => format!("{}k", digits(v / 1e3)),
        v => format!("{v:.0}"),
    }
}

fn to_json(row: &Row) -> Value {
    let mut object = Map::new();
    object.insert("step".to_owned(), json!(row.step));
    object.insert("seconds".to_owned(), json!(row.seconds));
    object.extend(row.scalars.iter().map(|(name, value)| (name.clone(), json!(value))));
    Value::Object(object)
}

static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on Ctrl-C and SIGTERM ask for the end of the run; a second one ends the process at once.
pub fn catch_signals() -> Result<(), Failure> {
    static CAUGHT: std::sync::Once = std::sync::Once::new();
    INTERRUPTED.store(false, Ordering::Relaxed);
    let mut result = Ok(());
    CAUGHT.call_once(|| {
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let flag = || INTERRUPTED.clone();
            result = signal_hook::flag::register_conditional_shutdown(signal, 130, flag())
                .and_then(|_| signal_hook::flag::register(signal, flag()))
                .map(drop);
        }
    });
    result.map_err(|e| Failure::Message(format!("cannot catch signals: {e}")))
}

/// Whether somebody asked for the end.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
