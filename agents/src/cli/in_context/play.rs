//! `shadergym in-context play`: what baselines and pretrained transformers come to on unknown tasks.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use toml::Table as Settings;

use super::super::bar::catch_signals;
use super::super::output::{Done, Failure, Progress, Table, digits};
use super::super::target;
use super::{ended, go_on, pool};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::in_context::baselines::{self, Entry};
use crate::in_context::{Contexts, Model, Played, Player, Problem, Rollin, Source, Unit, play, play_offline, seeds_of};
use crate::options::{parse_settings, unknown};
use crate::report::curve::{self, Series};
use crate::report::file;
use crate::report::statistics::{Estimate, bootstrap, mean, standard_deviation};

/// Play unknown tasks with baselines or pretrained transformers and measure how fast they are learned.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
All players play the same tasks: task i has the seed --seed + i, and seeds of pretraining lie elsewhere. Of bandits the
cumulative regret is measured (means are the environment's, so rewards' noise is not in it), of all others the return of each
attempt. Errors are standard errors over tasks, intervals cover 95 % (bootstrap over tasks); `of the first` is the ratio to the
first player, task by task. --out writes curve.csv, tasks.csv and curve.svg.

Examples:
  shadergym in-context play uniform,ucb1,thompson in_context/GaussianBandit-v0
  shadergym in-context play thompson,dpt in_context/GaussianBandit-v0 --tasks 1000 --out curves
  shadergym in-context play lin_ucb,linear_thompson in_context/LinearBandit-v0
  shadergym in-context play optimal,psrl,ucb_vi in_context/TabularMdp-v0 --set bonus=0.05
  shadergym in-context play optimal,dpt in_context/DarkRoom-v0 --param attempts=40
  shadergym in-context play greedy,dpt in_context/GaussianBandit-v0 --offline --greedy")]
pub struct Args {
    /// Names as in `shadergym in-context list`, or folders of pretrained models, with commas between them
    players: String,
    /// Id as in `shadergym list`, or a .wgsl file
    env: String,
    /// Number of tasks
    #[arg(long, value_name = "N", default_value_t = 200, allow_negative_numbers = true, value_parser = target::positive)]
    tasks: usize,
    /// Seed of the first task, and of the players
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(..1 << 39))]
    seed: u64,
    /// An option of the baselines that have it, as often as needed
    #[arg(long = "set", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    settings: Vec<String>,
    /// A parameter of the environment, as `shadergym spec` lists them, as often as needed
    #[arg(long = "param", value_name = "NAME=VALUE", allow_hyphen_values = true)]
    params: Vec<String>,
    /// Of rooms: play the tasks that models of this share of held-out tasks never learned from; default: that of the first model, or all
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    held_out: Option<f64>,
    /// Transformers take the likeliest action instead of drawing one
    #[arg(long)]
    greedy: bool,
    /// Hear of transitions beforehand, of nothing while playing
    #[arg(long)]
    offline: bool,
    /// With --offline: transitions of each task; default: the environment's parameter `horizon`
    #[arg(long, value_name = "N", requires = "offline", allow_negative_numbers = true, value_parser = target::positive)]
    context: Option<usize>,
    /// Threads; default: all cores. Results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = target::positive)]
    num_threads: Option<usize>,
    /// Folder for curve.csv, tasks.csv and curve.svg
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Print an array with an object for each player
    #[arg(long)]
    json: bool,
}

/// Who plays.
enum Who {
    Baseline(&'static Entry, Settings),
    Model(Box<Model>),
}

/// What a player came to.
struct Row {
    name: String,
    /// Options of a baseline.
    options: Settings,
    played: Played,
    seconds: f64,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let players = players(args)?;
    if let Some(share) = args.held_out.filter(|share| !(0.0..1.0).contains(share)) {
        return Err(Failure::Usage(format!("--held-out is {share}, allowed is 0 (all tasks) or more, below 1")));
    }
    let params = parse_settings(args.params.iter().map(String::as_str))?;
    let pool = pool(args.num_threads)?;
    let source = Source::new(&args.env, &params, pool.current_num_threads())?;
    catch_signals()?;
    let mut progress = Progress::new();
    let rows = pool.install(|| measure(args, &players, &source, &mut progress));
    drop(progress);
    let rows = rows.map_err(|error| ended(error, ""))?;
    if args.json {
        writeln!(out, "{}", Value::Array(rows.iter().map(|row| object(row, &rows[0])).collect()))?;
    } else {
        table(&rows, out)?;
    }
    if let Some(folder) = &args.out {
        write(folder, &source.facts().id, args, &rows)?;
        if !args.json {
            writeln!(out, "wrote {}", folder.display())?;
        }
    }
    Ok(())
}

/// The players that were asked for, each with the options it has.
fn players(args: &Args) -> Done<Vec<(String, Who)>> {
    let settings = parse_settings(args.settings.iter().map(String::as_str))?;
    let mut players = Vec::new();
    for name in args.players.split(',').map(str::trim) {
        let path = Path::new(name);
        let who = match baselines::find(name) {
            Ok(entry) => {
                let known = (entry.options)();
                let own = settings.iter().filter(|(key, _)| known.iter().any(|option| option.name == key.as_str()));
                Who::Baseline(entry, own.map(|(key, value)| (key.clone(), value.clone())).collect())
            }
            Err(_) if path.exists() => Who::Model(Box::new(Model::load(path)?)),
            Err(error) => return Err(error.into()),
        };
        players.push((name.to_owned(), who));
    }
    let known = players.iter().filter_map(|(_, who)| match who {
        Who::Baseline(entry, _) => Some((entry.options)()),
        Who::Model(_) => None,
    });
    let known: Vec<_> = known.flatten().collect();
    match settings.keys().find(|key| !known.iter().any(|option| option.name == key.as_str())) {
        Some(key) => Err(unknown(&args.players, key, &known).into()),
        None => Ok(players),
    }
}

fn measure(args: &Args, players: &[(String, Who)], source: &Source, progress: &mut Progress) -> Result<Vec<Row>> {
    let problem = Problem::of(source)?;
    let models = || players.iter().filter_map(|(_, who)| if let Who::Model(model) = who { Some(model) } else { None });
    models().try_for_each(|model| model.fits(&problem, source))?;
    let share = args.held_out.or(models().next().map(|model| model.kind.held_out())).unwrap_or(0.0);
    let seeds = seeds_of(&problem, source, args.seed, args.tasks, share, true)?;
    let noise = Noise::new(args.seed, "in-context play");
    let contexts = match args.offline {
        true => {
            let length = args.context.or(source.param("horizon").map(|h| h as usize)).unwrap_or(1);
            let noise = Noise::new(args.seed, "in-context data");
            Some(Contexts::collect(&problem, source, &seeds, length, Rollin::Auto, noise, &mut |_| go_on())?)
        }
        false => None,
    };
    let mut rows = Vec::new();
    for (index, (name, who)) in players.iter().enumerate() {
        let noise = noise.at(index as u64, 0);
        let started = std::time::Instant::now();
        let mut player: Box<dyn Player + '_> = match who {
            Who::Baseline(entry, settings) => {
                (entry.make)(settings, baselines::Table { problem: &problem, source, seeds: &seeds, noise })?
            }
            Who::Model(model) => model.player(&problem, seeds.len(), noise, !args.greedy),
        };
        let mut each = |step: u64| {
            progress.show(false, || format!("{name}: step {step}"));
            go_on()
        };
        let played = match &contexts {
            Some(contexts) => play_offline(&problem, source, &seeds, contexts, player.as_mut(), &mut each)?,
            None => play(&problem, source, &seeds, player.as_mut(), &mut each)?,
        };
        let options = match who {
            Who::Baseline(entry, settings) => (entry.resolve)(settings)?,
            Who::Model(_) => Settings::new(),
        };
        rows.push(Row { name: name.clone(), options, played, seconds: started.elapsed().as_secs_f64() });
    }
    Ok(rows)
}

/// The ratio of means over tasks with its interval, tasks being drawn in pairs.
fn ratio(own: &[f64], first: &[f64]) -> Estimate {
    let tasks: Vec<f64> = (0..own.len()).map(|task| task as f64).collect();
    let sum = |values: &[f64], tasks: &[f64]| tasks.iter().map(|task| values[*task as usize]).sum::<f64>();
    bootstrap(&[tasks], |tasks| sum(own, tasks) / sum(first, tasks))
}

fn error(values: &[f64]) -> f64 {
    standard_deviation(values) / (values.len() as f64).sqrt()
}

fn interval(found: &Estimate) -> String {
    format!("[{:.4} to {:.4}]", found.low, found.high)
}

fn table(rows: &[Row], out: &mut dyn Write) -> Done {
    let head = match rows[0].played.unit {
        Unit::Regret => {
            ["player", "tasks", "steps", "regret", "error", "interval", "of the first", "interval", "seconds"]
        }
        Unit::Return => {
            ["player", "tasks", "attempts", "return", "error", "first attempt", "last attempt", "error", "seconds"]
        }
    };
    let mut table = Table::new(head);
    for row in rows {
        let played = &row.played;
        let totals = played.totals();
        let mut cells = vec![row.name.clone(), played.tasks.to_string(), played.length.to_string()];
        cells.extend([format!("{:.4}", mean(&totals)), format!("{:.4}", error(&totals))]);
        match played.unit {
            Unit::Regret => {
                let of_first = ratio(&totals, &rows[0].played.totals());
                let own = bootstrap(&[totals], mean);
                cells.extend([interval(&own), format!("{:.4}", of_first.value), interval(&of_first)]);
            }
            Unit::Return => {
                let last = played.at(played.length - 1);
                let first = format!("{:.4}", mean(&played.at(0)));
                cells.extend([first, format!("{:.4}", mean(&last)), format!("{:.4}", error(&last))]);
            }
        }
        cells.push(digits(row.seconds));
        table.row(cells);
    }
    Ok(table.write(out)?)
}

fn object(row: &Row, first: &Row) -> Value {
    let played = &row.played;
    let totals = played.totals();
    let (own, of_first) = (bootstrap(std::slice::from_ref(&totals), mean), ratio(&totals, &first.played.totals()));
    let curve: Vec<f64> = (0..played.length).map(|at| mean(&played.at(at))).collect();
    json!({
        "player": row.name,
        "options": row.options,
        "measure": if played.unit == Unit::Regret { "cumulative regret" } else { "return per attempt" },
        "tasks": played.tasks,
        "length": played.length,
        "mean": own.value,
        "standard_error": error(&totals),
        "interval": [own.low, own.high],
        "of_the_first": { "ratio": of_first.value, "interval": [of_first.low, of_first.high] },
        "curve": curve,
        "steps": played.steps,
        "seconds": row.seconds,
    })
}

fn write(folder: &Path, id: &str, args: &Args, rows: &[Row]) -> Done {
    file::create_folder(folder)?;
    let unit = rows[0].played.unit;
    let (what, x, y) = match unit {
        Unit::Regret => ("step", "step", "cumulative regret"),
        Unit::Return => ("attempt", "attempt", "return"),
    };
    let mut text = format!("player,{what},mean,standard_error\n");
    let mut series = Vec::new();
    for row in rows {
        let mut line = Series { label: row.name.clone(), ..Series::default() };
        for position in 0..row.played.length {
            let values = row.played.at(position);
            let (mean, error, at) = (mean(&values), error(&values), position as f64 + 1.0);
            let _ = writeln!(text, "\"{}\",{},{mean},{error}", row.name, position + 1);
            line.points.push((at, mean));
            line.band.push((at, mean - 1.96 * error, mean + 1.96 * error));
        }
        series.push(line);
    }
    file::write(&folder.join("curve.csv"), text.as_bytes())?;
    let mut text = format!("player,task,{}\n", if unit == Unit::Regret { "regret" } else { "return" });
    for row in rows {
        for (task, total) in row.played.totals().iter().enumerate() {
            let _ = writeln!(text, "\"{}\",{task},{total}", row.name);
        }
    }
    file::write(&folder.join("tasks.csv"), text.as_bytes())?;
    let title = format!("{id}: mean of {} tasks{}", rows[0].played.tasks, if args.offline { ", offline" } else { "" });
    file::write(&folder.join("curve.svg"), curve::curves(&title, x, y, &series).as_bytes())?;
    Ok(())
}
