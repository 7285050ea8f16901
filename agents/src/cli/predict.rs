//! `shadergym predict`: stream TD on a series, beside TD(0) with Adam.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::output::{Done, Progress, Table, digits};
use super::target;
use crate::options::parse_settings;
use crate::prediction::{Config, Forecast, Question, Series, rmse};
use crate::report::curve::{self, Panel};
use crate::report::file;
use crate::report::statistics::{bootstrap, mean};

/// Predict a series row by row: stream TD(lambda) beside TD(0) with Adam.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
At every row a learner sees averages of all columns and predicts (1 - gamma) times the discounted sum of what the target will
be; then the next row teaches it. The error is the root of the mean square between predictions and what came, in the unit of
the target; `second half` leaves the first half out. `mean` is what predicting the mean of all outcomes would have cost.
TD(0) sees normalised inputs and scaled rewards, as stream TD does, or both as they are.
Without a file a series is made up: six loads and a temperature, every quarter of an hour (68,000 rows), a new one for each
seed.

Examples:
  shadergym predict                                          the preset of the source on a made-up series
  shadergym predict ETTm2.csv --target OT -o oil             a file; columns that are no numbers are left out
  shadergym predict --seeds 30 --set lambda=0.9
  shadergym predict --write-series series.csv                the made-up series as a file")]
pub struct Args {
    /// A CSV file with a header, oldest row first
    series: Option<PathBuf>,
    /// The column to predict; default: the last
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// Rows to use, from the first; default: all of a file, 68_000 and one of a made-up series
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = target::positive)]
    rows: Option<usize>,
    /// First seed, of networks and of the made-up series
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(..1 << 62))]
    seed: u64,
    /// So many seeds
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = target::positive)]
    seeds: usize,
    /// An option of stream TD, as often as needed
    #[arg(long = "set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    settings: Vec<String>,
    /// List the options of stream TD and end
    #[arg(long)]
    options: bool,
    /// Learning rates of TD(0) with Adam
    #[arg(long, value_name = "RATE", value_delimiter = ',', allow_negative_numbers = true, default_values_t = [1e-5f32, 1e-4, 1e-3, 1e-2])]
    adam: Vec<f32>,
    /// What the averages that learners see keep at every row
    #[arg(long, default_value_t = 0.999, allow_negative_numbers = true)]
    beta: f64,
    /// Write the made-up series of the first seed into this .csv file, and end
    #[arg(long, value_name = "FILE", conflicts_with = "series")]
    write_series: Option<PathBuf>,
    /// Folder for rmse.csv, predictions.csv (first seed) and prediction.svg
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Steps of the source's run.
const STEPS: usize = 68_000;
/// Rows in the picture at the start and at the end.
const SHOWN: usize = 4_000;

/// What a learner came to on a seed.
struct Figures {
    whole: f64,
    half: f64,
}

/// What came, and what each learner predicted.
type Shown = (Vec<f64>, Vec<Vec<f64>>);

/// What the learners came to on a seed: predicting the mean, stream TD, then TD(0) at each learning rate.
struct Seed {
    figures: Vec<Figures>,
    /// Of the first seed.
    shown: Option<Shown>,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    if args.options {
        return super::train::list("stream_td: state values from one transition at a time", Config::options(), out);
    }
    let rows = args.rows.unwrap_or(STEPS + 1);
    if let Some(path) = &args.write_series {
        file::write(path, Series::synthetic(rows, args.seed).to_csv().as_bytes())?;
        writeln!(out, "wrote {}", path.display())?;
        return Ok(());
    }
    let read = args.series.as_deref().map(Series::read).transpose()?.map(|mut series| {
        series.rows.truncate(args.rows.unwrap_or(usize::MAX));
        series
    });
    let options = parse_settings(args.settings.iter().map(String::as_str))?;
    let (progress, over) = (Mutex::new(Progress::new()), AtomicUsize::new(0));
    let learn = |index: usize| -> crate::Result<Seed> {
        let seed = args.seed + index as u64;
        let made = read.is_none().then(|| Series::synthetic(rows, seed));
        let series = made.as_ref().or(read.as_ref()).expect("one of them");
        let target = series.column(args.target.as_deref())?;
        let question = Question { series, target, beta: args.beta, options: &options };
        let gamma = question.config()?.stream.gamma;
        let (outcome, known) = (question.outcome(gamma), question.known(gamma));
        let mut forecasts = vec![question.stream_td(seed)?];
        for (rate, scaled) in args.baselines() {
            forecasts.push(question.td0(rate, scaled, seed)?);
        }
        let figures = |values: &[f64]| Figures {
            whole: rmse(values, &outcome, known.clone()),
            half: rmse(values, &outcome, known.end / 2..known.end),
        };
        let average = vec![mean(&outcome[known.clone()]); outcome.len()];
        let figures = [&average].into_iter().chain(forecasts.iter().map(|f| &f.values)).map(|v| figures(v)).collect();
        let over = 1 + over.fetch_add(1, Ordering::Relaxed);
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.show(true, || format!("{over} of {} seeds", args.seeds));
        let values = |forecasts: Vec<Forecast>| forecasts.into_iter().map(|f| f.values).collect();
        Ok(Seed { figures, shown: (index == 0).then(|| (outcome, values(forecasts))) })
    };
    let seeds = (0..args.seeds).into_par_iter().map(learn).collect::<crate::Result<Vec<Seed>>>()?;
    drop(progress);
    let baselines = args.baselines().map(|(rate, scaled)| {
        let inputs = if scaled { "" } else { ", inputs as they are" };
        format!("TD(0), Adam {rate:e}{inputs}")
    });
    let names: Vec<String> = ["mean", "stream_td"].map(str::to_owned).into_iter().chain(baselines).collect();
    table(&names, &seeds, out)?;
    if let Some(folder) = &args.out {
        write(folder, &names, (args.seed, &seeds))?;
        writeln!(out, "wrote {}", folder.display())?;
    }
    Ok(())
}

impl Args {
    /// Learning rates of TD(0), and whether it sees what a stream makes of inputs and rewards.
    fn baselines(&self) -> impl Iterator<Item = (f32, bool)> {
        [true, false].into_iter().flat_map(|scaled| self.adam.iter().map(move |&rate| (rate, scaled)))
    }
}

fn table(names: &[String], seeds: &[Seed], out: &mut dyn Write) -> Done {
    let mut table = Table::new(["learner", "seeds", "RMSE", "interval", "second half", "interval"]);
    for (index, name) in names.iter().enumerate() {
        let cells = |of: fn(&Figures) -> f64| {
            let values: Vec<f64> = seeds.iter().map(|seed| of(&seed.figures[index])).collect();
            if values.iter().any(|value| !value.is_finite()) {
                return ["diverged".to_owned(), "-".to_owned()];
            }
            let found = bootstrap(&[values], mean);
            // One sample has no spread.
            let interval = format!("[{} to {}]", digits(found.low), digits(found.high));
            [digits(found.value), if seeds.len() > 1 { interval } else { "-".to_owned() }]
        };
        let ([whole, whole_interval], [half, half_interval]) = (cells(|f| f.whole), cells(|f| f.half));
        table.row([name.clone(), seeds.len().to_string(), whole, whole_interval, half, half_interval]);
    }
    Ok(table.write(out)?)
}

fn write(folder: &std::path::Path, names: &[String], (first, seeds): (u64, &[Seed])) -> Done {
    file::create_folder(folder)?;
    let mut text = "seed,learner,rmse,rmse_second_half\n".to_owned();
    for (index, seed) in seeds.iter().enumerate() {
        for (name, figures) in names.iter().zip(&seed.figures) {
            text += &format!("{},\"{name}\",{},{}\n", first + index as u64, figures.whole, figures.half);
        }
    }
    file::write(&folder.join("rmse.csv"), text.as_bytes())?;
    let Some((outcome, forecasts)) = seeds.iter().find_map(|seed| seed.shown.as_ref()) else { return Ok(()) };
    let mut text = format!("row,outcome,\"{}\"\n", names[1..].join("\",\""));
    for (row, came) in outcome.iter().enumerate() {
        let cells: Vec<String> = forecasts.iter().map(|values| values[row].to_string()).collect();
        text += &format!("{row},{came},{}\n", cells.join(","));
    }
    file::write(&folder.join("predictions.csv"), text.as_bytes())?;
    let panel = |title: &str, rows: std::ops::Range<usize>| {
        let line = |label: &str, values: &[f64]| curve::Series {
            label: label.to_owned(),
            points: rows.clone().step_by(8).map(|row| (row as f64, values[row])).collect(),
            band: Vec::new(),
        };
        let learners = names[1..].iter().zip(forecasts).map(|(name, values)| line(name, values));
        Panel {
            title: title.to_owned(),
            x_label: "row".to_owned(),
            y_label: "discounted average of the target".to_owned(),
            series: [line("what came", outcome)].into_iter().chain(learners).collect(),
        }
    };
    let shown = SHOWN.min(outcome.len());
    let panels = [panel("the start", 0..shown), panel("the end", outcome.len() - shown..outcome.len())];
    file::write(&folder.join("prediction.svg"), curve::panels(&panels).as_bytes())?;
    Ok(())
}
