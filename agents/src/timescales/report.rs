//! A report over finished and unfinished studies: epochs until windows are mastered, time constants, and what damage costs.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::curriculum::{Curriculum, FIRST_WINDOW};
use super::folder::{Networks, read as read_folder};
use super::pass::Pass;
use super::robustness::{Damage, accuracy_after};
use super::row::Row;
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::report::compare::mean_curve;
use crate::report::curve::{Panel, Series, panels};
use crate::report::statistics::{bootstrap, mean};

/// A study's folder as it was read.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
    settings: Settings,
    rows: Vec<Row>,
}

/// Studies that are repetitions of each other.
#[derive(Debug, Clone)]
struct Group {
    label: String,
    runs: Vec<Run>,
}

/// What is known of some studies.
#[derive(Debug, Clone)]
pub struct Report {
    groups: Vec<Group>,
}

/// Damages that are tried.
const DAMAGES: [Damage; 9] = [
    Damage::None,
    Damage::Ablation(0.02),
    Damage::Ablation(0.05),
    Damage::Ablation(0.1),
    Damage::Weights(0.05),
    Damage::Weights(0.1),
    Damage::Weights(0.2),
    Damage::Tau(0.05),
    Damage::Tau(0.2),
];
/// Streams of a trial, and trials of a damage.
const TRIALS: (usize, usize) = (512, 8);

/// Reads the folders of studies.
///
/// # Errors
/// Those of reading; [`Error::Unsupported`] without any.
pub fn read(folders: &[PathBuf]) -> Result<Report> {
    if folders.is_empty() {
        return Err(Error::Unsupported("no study is named; name the folders of some".to_owned()));
    }
    let run = |folder: &PathBuf| -> Result<Run> {
        let (settings, rows) = read_folder(folder)?;
        Ok(Run { folder: folder.clone(), settings, rows })
    };
    let mut groups: Vec<Group> = Vec::new();
    for run in folders.iter().map(run).collect::<Result<Vec<_>>>()? {
        let same = |group: &&mut Group| group.runs[0].settings.kind() == run.settings.kind();
        match groups.iter_mut().find(same) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group { label: String::new(), runs: vec![run] }),
        }
    }
    // Everything but the curriculum goes into labels only where it differs.
    let tables: Vec<toml::Table> = groups.iter().map(|group| group.runs[0].settings.kind()).collect();
    for (group, table) in groups.iter_mut().zip(&tables) {
        let settings = &group.runs[0].settings;
        group.label = match settings.curriculum {
            Curriculum::Single => "single-head".to_owned(),
            Curriculum::Multi => "multi-head".to_owned(),
            Curriculum::Window => format!("window of {}", settings.kept),
        };
        for (name, value) in table.iter().filter(|(name, _)| !["curriculum", "kept"].contains(&name.as_str())) {
            if tables.iter().any(|other| other[name] != *value) {
                let _ = write!(group.label, ", {name} {value}");
            }
        }
        group.runs.sort_by_key(|run| run.settings.seed);
    }
    groups.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(Report { groups })
}

impl Run {
    /// The row where windows of so many bits were mastered.
    fn mastered(&self, window: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.mastered && row.newest() == window)
    }
}

impl Group {
    /// Something of the rows where windows of so many bits were mastered, of the runs that did.
    fn at(&self, window: usize, of: impl Fn(&Row) -> f64) -> Vec<f64> {
        self.runs.iter().filter_map(|run| run.mastered(window)).map(of).collect()
    }

    /// Of all runs, or None.
    fn of_all(&self, window: usize, of: impl Fn(&Row) -> f64) -> Option<Vec<f64>> {
        Some(self.at(window, of)).filter(|values| values.len() == self.runs.len())
    }

    fn cell(&self, window: usize, decimals: usize, of: impl Fn(&Row) -> f64) -> String {
        let values = self.at(window, of);
        if values.is_empty() {
            return "-".to_owned();
        }
        let found = bootstrap(std::slice::from_ref(&values), mean);
        let mut text = format!("{:.decimals$}", found.value);
        if values.len() > 1 {
            let _ = write!(text, " [{:.decimals$} to {:.decimals$}]", found.low, found.high);
        }
        if values.len() < self.runs.len() {
            let _ = write!(text, " ({} of {})", values.len(), self.runs.len());
        }
        text
    }

    /// A curve over windows: mean and interval over the runs that mastered all of them.
    fn curve(&self, of: impl Fn(&Row) -> f64 + Copy) -> Series {
        let curve = |run: &Run| -> Vec<(f64, f64)> {
            run.rows.iter().filter(|row| row.mastered).map(|row| (row.newest() as f64, of(row))).collect()
        };
        let curves: Vec<_> = self.runs.iter().map(curve).collect();
        mean_curve(&self.label, &curves.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

impl Report {
    /// The longest window that any run mastered.
    fn longest(&self) -> usize {
        let rows = self.groups.iter().flat_map(|group| &group.runs).flat_map(|run| &run.rows);
        rows.filter(|row| row.mastered).map(Row::newest).max().unwrap_or(FIRST_WINDOW)
    }

    /// The longest window that all runs mastered.
    fn common(&self) -> Option<usize> {
        (FIRST_WINDOW..=self.longest())
            .rev()
            .find(|&n| self.groups.iter().all(|group| group.of_all(n, |_| 0.0).is_some()))
    }

    fn find(&self, label: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.label == label)
    }

    /// Epochs and timescales window by window, as a table of Markdown.
    pub fn windows(&self) -> String {
        let mut text = "| N |".to_owned();
        let pair = self.find("single-head").zip(self.find("multi-head"));
        for group in &self.groups {
            let _ = write!(text, " {0}: epochs | {0}: mean tau | {0}: network |", group.label);
        }
        text += if pair.is_some() { " epochs, single / multi |\n|--:|" } else { "\n|--:|" };
        text += &"--:|".repeat(3 * self.groups.len() + usize::from(pair.is_some()));
        text.push('\n');
        for n in FIRST_WINDOW..=self.longest() {
            let _ = write!(text, "| {n} |");
            for group in &self.groups {
                let network = group.cell(n, 2, |row| row.network_mean.unwrap_or(f64::NAN));
                let (epochs, tau) = (group.cell(n, 1, |row| row.epoch as f64), group.cell(n, 3, |row| row.tau_mean));
                let _ = write!(text, " {epochs} | {tau} | {network} |");
            }
            if let Some((single, multi)) = pair {
                let of = |group: &Group| group.of_all(n, |row| row.epoch as f64).map(|values| mean(&values));
                let ratio = of(single).zip(of(multi)).map(|(single, multi)| format!("{:.2}", single / multi));
                let _ = write!(text, " {} |", ratio.as_deref().unwrap_or("-"));
            }
            text.push('\n');
        }
        text
    }

    /// Accuracy of the newest head after damage, at the longest window that all runs mastered, as a table of Markdown; None
    /// if there is no such window.
    ///
    /// # Errors
    /// Those of reading the networks.
    pub fn damages(&self, pass: &mut Pass) -> Result<Option<(usize, String)>> {
        let Some(window) = self.common() else { return Ok(None) };
        let mut text = "| damage |".to_owned();
        for group in &self.groups {
            let _ = write!(text, " {} |", group.label);
        }
        let _ = write!(text, "\n|---|{}\n", "--:|".repeat(self.groups.len()));
        for damage in DAMAGES {
            let _ = write!(text, "| {} |", damage.name());
            for group in &self.groups {
                let mut values = Vec::new();
                for run in &group.runs {
                    let rnn = Networks(&run.folder).read(window)?;
                    let question = (run.settings.task, window, window - FIRST_WINDOW);
                    values.push(100.0 * accuracy_after(damage, &rnn, question, TRIALS, (&mut *pass, 1))?);
                }
                let found = bootstrap(std::slice::from_ref(&values), mean);
                let _ = match values.len() {
                    1 => write!(text, " {:.1} |", found.value),
                    _ => write!(text, " {:.1} [{:.1} to {:.1}] |", found.value, found.low, found.high),
                };
            }
            text.push('\n');
        }
        Ok(Some((window, text)))
    }

    /// Epochs, time constants and timescales within the network over windows, as an SVG.
    pub fn picture(&self) -> String {
        let panel = |title: &str, y_label: &str, of: &dyn Fn(&Row) -> f64| Panel {
            title: title.to_owned(),
            x_label: "window (bits)".to_owned(),
            y_label: y_label.to_owned(),
            series: self.groups.iter().map(|group| group.curve(of)).collect(),
        };
        panels(&[
            panel("epochs until a window is mastered", "epochs", &|row| row.epoch as f64),
            panel("time constants of units", "mean tau (steps)", &|row| row.tau_mean),
            panel("timescales of units within the network", "mean (steps)", &|row| {
                row.network_mean.unwrap_or(f64::NAN)
            }),
            panel("longest time constant", "tau (steps)", &|row| row.tau_max),
        ])
    }

    /// Rows where windows were mastered, as CSV.
    pub fn csv(&self) -> String {
        let mut text =
            "curriculum,seed,n,epoch,tau_mean,tau_median,tau_max,network_mean,network_median,seconds,gflops\n"
                .to_owned();
        for (group, run) in self.groups.iter().flat_map(|group| group.runs.iter().map(move |run| (group, run))) {
            for row in run.rows.iter().filter(|row| row.mastered) {
                let some = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
                let _ = writeln!(
                    text,
                    "\"{}\",{},{},{},{:.5},{:.5},{:.5},{},{},{:.1},{:.1}",
                    group.label,
                    run.settings.seed,
                    row.newest(),
                    row.epoch,
                    row.tau_mean,
                    row.tau_median,
                    row.tau_max,
                    some(row.network_mean),
                    some(row.network_median),
                    row.seconds,
                    row.gflops,
                );
            }
        }
        text
    }

    /// Options that all have, and seeds, seconds and speed of each group, as a list of Markdown.
    pub fn about(&self) -> String {
        let first = &self.groups[0].runs[0].settings;
        let common: Vec<String> = first
            .kind()
            .iter()
            .filter(|(name, value)| {
                let same = |group: &Group| group.runs[0].settings.kind()[name.as_str()] == **value;
                !["curriculum", "kept"].contains(&name.as_str()) && self.groups.iter().all(same)
            })
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        let mut text = format!("- Options: {}\n", common.join(", "));
        for group in &self.groups {
            let of = |of: &dyn Fn(&Run) -> f64| mean(&group.runs.iter().map(of).collect::<Vec<_>>());
            let seeds: Vec<String> = group.runs.iter().map(|run| run.settings.seed.to_string()).collect();
            let last = |run: &Run| run.rows.last().map_or(0.0, |row| row.seconds);
            let speed = |run: &Run| mean(&run.rows.iter().map(|row| row.gflops).collect::<Vec<_>>());
            let _ = writeln!(
                text,
                "- {}: seeds {}; {:.0} epochs, {:.0} s and {:.1} GFLOP/s on average",
                group.label,
                seeds.join(", "),
                of(&|run| run.rows.len() as f64),
                of(&last),
                of(&speed),
            );
        }
        text
    }
}

/// Where the picture and the figures of a report are: the folder of its name.
pub fn folder_of(path: &Path) -> PathBuf {
    path.with_extension("")
}
