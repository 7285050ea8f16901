//! `shadergym compare`: learning curves of runs, and what they came to.

use std::io::Write;
use std::path::PathBuf;

use super::output::{Done, Table, digits};
use crate::report::compare::{groups, panels};
use crate::report::run::RunRecord;
use crate::report::{curve, file};

/// Compare runs: mean curves over seeds with 95 % intervals, and a table.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Runs with the same environment, agent and options are one group, whose seeds are its samples; the device, threads and
what is written when do not count as options. Curves run over the steps that all seeds of a group cover.
  final    mean over seeds of the mean return of the last 100 training episodes
  IQM      inter-quartile mean of the same (trim_mean with 0.25)
  interval 95 % percentile bootstrap over seeds, 10 000 resamples

Examples:
  shadergym compare runs/cart_pole-*
  shadergym compare runs/* -o curves.svg --smooth")]
pub struct Args {
    /// Run folders, as `shadergym train` writes them
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Draw the curves into this .svg file, one panel per environment
    #[arg(short, long, value_name = "FILE", value_parser = svg)]
    output: Option<PathBuf>,
    /// Draw the mean of the last 100 episodes instead of the mean of the episodes since the last row of metrics
    #[arg(long)]
    smooth: bool,
}

fn svg(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let fits = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("svg"));
    if fits { Ok(path) } else { Err("allowed is the name of an .svg file".to_owned()) }
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let runs = args.runs.iter().map(|folder| RunRecord::read(folder)).collect::<Result<Vec<_>, _>>();
    let groups = groups(runs?)?;
    let mut table =
        Table::new(["environment", "group", "seeds", "final", "IQM", "interval", "steps/s", "seconds", "ended"]);
    for group in &groups {
        let (value, (steps_per_second, seconds)) = (group.final_return(), group.speed());
        let mut ends: Vec<&str> = group.runs.iter().map(|r| r.end.as_str()).collect();
        ends.sort_unstable();
        ends.dedup();
        table.row([
            group.env.clone(),
            group.label.clone(),
            group.runs.len().to_string(),
            digits(value.value),
            digits(group.interquartile()),
            // One sample has no spread.
            if group.runs.len() > 1 {
                format!("[{} to {}]", digits(value.low), digits(value.high))
            } else {
                "-".into()
            },
            format!("{steps_per_second:.0}"),
            digits(seconds),
            ends.join(", "),
        ]);
    }
    table.write(out)?;
    if let Some(path) = &args.output {
        let panels = panels(&groups, args.smooth);
        file::write(path, curve::panels(&panels).as_bytes())?;
        writeln!(out, "wrote {}", path.display())?;
    }
    Ok(())
}
