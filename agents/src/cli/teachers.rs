//! `shadergym teachers`: all teachers on the toy grid of ALP-GMM's authors.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use rayon::prelude::*;

use super::output::{Done, Progress, Table, digits, grouped};
use super::target;
use crate::experiment::today;
use crate::machine;
use crate::report::compare::mean_curve;
use crate::report::curve::{Panel, panels};
use crate::report::file;
use crate::report::statistics::{bootstrap, mean, quantile};
use crate::teachers::{Entry, TEACHERS, find, toy};

/// Compare teachers on a toy grid: which share of its cubes is mastered after so many episodes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The box from 0 to 1 is cut into 10 cubes per dimension. The corner can be learned; any other cube as soon as a neighbour nearer
to the corner, diagonals among them, has a competence of 75. An episode in such a cube adds 1 to its competence, of 100 at most;
the return is competence / 100, and a cube above 75 is mastered. Useless dimensions are proposed and change nothing.

Examples:
  shadergym teachers
  shadergym teachers --teacher alp-gmm --teacher random --grid 2+2 --seeds 8
  shadergym teachers --grid 2 --grid 2+2 --grid 3 --seeds 30 --seed 4001 --report agents/results/teachers.md")]
pub struct Args {
    /// Dimensions of a grid, with its useless ones behind a +, as often as needed; default 2
    #[arg(long = "grid", value_name = "N[+USELESS]", value_parser = grid)]
    grids: Vec<(usize, usize)>,
    /// A teacher, as often as needed; default: all
    #[arg(long = "teacher", value_name = "NAME")]
    teachers: Vec<String>,
    /// Episodes
    #[arg(long, default_value_t = 20_000, allow_negative_numbers = true, value_parser = target::positive)]
    episodes: usize,
    /// First seed
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(..1 << 62))]
    seed: u64,
    /// So many seeds
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = target::positive)]
    seeds: usize,
    /// Write a report into this .md file, and a picture and all figures into the folder of its name
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Points of a curve.
const POINTS: u64 = 100;

/// A teacher on a grid: of each seed the curve in percent, and the seconds.
struct Found {
    grid: (usize, usize),
    entry: &'static Entry,
    seeds: Vec<(Vec<(f64, f64)>, f64)>,
}

impl Found {
    fn last(&self) -> Vec<f64> {
        self.seeds.iter().map(|(curve, _)| curve.last().map_or(0.0, |point| point.1)).collect()
    }

    /// Cells of a row behind the grid and the teacher.
    fn cells(&self) -> [String; 6] {
        let (last, seconds) = (self.last(), self.seeds.iter().map(|seed| seed.1).collect::<Vec<_>>());
        let found = bootstrap(std::slice::from_ref(&last), mean);
        // One sample has no spread.
        let interval = format!("[{} to {}]", digits(found.low), digits(found.high));
        [
            last.len().to_string(),
            digits(found.value),
            if last.len() > 1 { interval } else { "-".to_owned() },
            digits(quantile(&last, 0.0)),
            digits(quantile(&last, 1.0)),
            digits(mean(&seconds)),
        ]
    }
}

const HEAD: [&str; 8] = ["grid", "teacher", "seeds", "% mastered", "interval", "least", "most", "seconds"];

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let grids = if args.grids.is_empty() { vec![(2, 0)] } else { args.grids.clone() };
    let named = args.teachers.iter().map(|name| find(name)).collect::<crate::Result<Vec<_>>>()?;
    let teachers = if named.is_empty() { TEACHERS.to_vec() } else { named };
    let (progress, over) = (Mutex::new(Progress::new()), AtomicUsize::new(0));
    let (episodes, all) = (args.episodes as u64, grids.len() * teachers.len() * args.seeds);
    let every = (episodes / POINTS).max(1);
    let learn = |grid, entry, seed| -> crate::Result<_> {
        let start = Instant::now();
        let mastered = toy::run(entry, grid, episodes, every, seed)?;
        let curve = mastered.into_iter().zip(0..).map(|(percent, i)| ((i * every) as f64, percent)).collect();
        let over = 1 + over.fetch_add(1, Ordering::Relaxed);
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.show(true, || format!("{over} of {all} runs"));
        Ok((curve, start.elapsed().as_secs_f64()))
    };
    let mut found = Vec::new();
    for (&grid, &entry) in grids.iter().flat_map(|grid| teachers.iter().map(move |entry| (grid, entry))) {
        let seeds = (0..args.seeds as u64).into_par_iter().map(|i| learn(grid, entry, args.seed + i));
        found.push(Found { grid, entry, seeds: seeds.collect::<crate::Result<Vec<_>>>()? });
    }
    drop(progress);
    let mut table = Table::new(HEAD);
    for one in &found {
        table.row([in_words(one.grid), one.entry.name.to_owned()].into_iter().chain(one.cells()));
    }
    table.write(out)?;
    if let Some(path) = &args.report {
        write(path, args, &grids, &found)?;
        writeln!(out, "wrote {}", path.display())?;
    }
    Ok(())
}

fn in_words((dimensions, useless): (usize, usize)) -> String {
    if useless == 0 { dimensions.to_string() } else { format!("{dimensions}+{useless}") }
}

/// Parses `2` or `2+3`.
fn grid(text: &str) -> Result<(usize, usize), String> {
    let (dimensions, useless) = text.split_once('+').unwrap_or((text, "0"));
    let parsed = dimensions.trim().parse().ok().zip(useless.trim().parse().ok());
    let fits =
        |&(dimensions, useless): &(usize, usize)| (1..=toy::MOST_DIMENSIONS).contains(&dimensions) && useless <= 100;
    let most = toy::MOST_DIMENSIONS;
    parsed.filter(fits).ok_or_else(|| format!("allowed are 1 to {most} dimensions, with 0 to 100 useless ones: 2, 2+3"))
}

/// The report, and in the folder of its name `teachers.svg` and `teachers.csv`.
fn write(path: &Path, args: &Args, grids: &[(usize, usize)], found: &[Found]) -> Done {
    let folder = path.with_extension("");
    file::create_folder(&folder)?;
    let mut rows = "grid,teacher,seed,episodes,mastered\n".to_owned();
    for one in found {
        for ((curve, _), seed) in one.seeds.iter().zip(args.seed..) {
            for (episode, percent) in curve.iter().filter(|point| (point.0 as u64).is_multiple_of(1000)) {
                let _ = writeln!(rows, "{},{},{seed},{episode},{percent}", in_words(one.grid), one.entry.name);
            }
        }
    }
    file::write(&folder.join("teachers.csv"), rows.as_bytes())?;
    let panel = |&grid: &(usize, usize)| {
        let of = |one: &Found| {
            let curves: Vec<&[(f64, f64)]> = one.seeds.iter().map(|(curve, _)| &curve[..]).collect();
            mean_curve(one.entry.name, &curves)
        };
        Panel {
            title: format!("toy grid, {} dimensions", in_words(grid)),
            x_label: "episodes".to_owned(),
            y_label: "cubes mastered (%)".to_owned(),
            series: found.iter().filter(|one| one.grid == grid).map(of).collect(),
        }
    };
    let pictures: Vec<Panel> = grids.iter().map(panel).collect();
    file::write(&folder.join("teachers.svg"), panels(&pictures).as_bytes())?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (first, last) = (args.seed, args.seed + args.seeds as u64 - 1);
    let mut text = format!(
        "# Teachers on a toy grid\n\n{ABOUT}\n- Episodes: {}\n- Seeds: {first} to {last}\n- Machine: {}, {} cores; {}\n- Date: {}\n\n",
        grouped(args.episodes as u64),
        machine::cpu_name(),
        machine::cores(),
        machine::system(),
        today(),
    );
    let _ = writeln!(text, "| {} |", HEAD.join(" | "));
    let _ = writeln!(text, "|---|---|--:|--:|---|--:|--:|--:|");
    for one in found {
        let _ = writeln!(text, "| {} | {} | {} |", in_words(one.grid), one.entry.name, one.cells().join(" | "));
    }
    let _ = writeln!(text, "\n{EXPLANATION}\n\n![Cubes mastered over episodes]({name}/teachers.svg)");
    file::write(path, text.as_bytes())?;
    Ok(())
}

const ABOUT: &str = "\
Which share of the cubes of a grid is mastered, when a teacher chooses where the next episode is. The grid is that of ALP-GMM's
authors (flowersteam/teachDeepRL, `toy_env.py`), 10 cubes per dimension: only the corner can be learned at first, and each cube
after a neighbour nearer to the corner. They ship no table; ALP-GMM, Covar-GMM and RIAC are expected far above
Random. `2+2` has two dimensions that count and two useless ones. Their own code, with scikit-learn 1.9.1 and seeds 1 and 2, comes
to 36 and 40 % (ALP-GMM), 71 and 72 % (Covar-GMM) and 43 and 48 % (RIAC) on two dimensions.

Made by `shadergym teachers`; the curves of all seeds, a point per 1,000 episodes, are in `teachers.csv`.
";

const EXPLANATION: &str = "\
Percent of cubes with a competence above 75 at the end, mean over seeds with the 95 % bootstrap interval, the least and the most
of a seed, and the mean seconds of a run, with as many side by side as there are cores. Teachers hear returns of 0 to 1, and have
their defaults otherwise, but for who is told what is easy: Oracle (threshold 0.75) and ADR (start) begin in the corner.
PLR plays again what it met by chance, so it needs tasks that come up often enough.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_read() {
        assert_eq!((grid("2"), grid("3+ 4")), (Ok((2, 0)), Ok((3, 4))));
        for text in ["", "0", "7", "2+", "2+101", "-1", "2,3"] {
            assert!(grid(text).unwrap_err().contains("1 to 6"), "{text}");
        }
        assert_eq!((in_words((2, 0)), in_words((2, 3))), ("2".to_owned(), "2+3".to_owned()));
    }
}
