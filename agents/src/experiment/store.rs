//! Results as they are kept: `summary.json` with one record per run, and a small CSV with the curve of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{RunResult, RunSpec};
use crate::error::{Error, Result};
use crate::report::file;

/// Rows of a stored curve.
pub const ROWS: usize = 200;

/// What the columns of curves are called.
const RETURN: &str = "return";
const MASTERED: &str = "mastered";

/// Folder of runs that are not over.
const UNFINISHED: &str = "unfinished";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// With all its steps.
    Done,
    /// It diverged, and would again: it is not repeated.
    Diverged,
    /// By any other error; it is tried again next time.
    Error,
}

/// A run as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Label of its group.
    pub label: String,
    /// Environment id.
    pub env: String,
    /// Seed.
    pub seed: u64,
    /// Hash of everything that determined the result.
    pub key: String,
    /// How it ended.
    pub status: Status,
    /// Why, unless with all its steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it came to; zeros and nothing if it failed.
    #[serde(flatten)]
    pub result: RunResult,
    /// Runs side by side while it ran.
    pub jobs: usize,
    /// Version of shadergym.
    pub version: String,
    /// The machine in words.
    pub machine: String,
    /// When it ended.
    pub date: String,
}

/// A folder of results.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    folder: PathBuf,
    records: BTreeMap<String, Record>,
}

impl Store {
    /// The results in a folder, none if there is none.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Experiment`] if its `summary.json` does not read.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("summary.json");
        let records = if path.is_file() {
            serde_json::from_str(&file::read(&path)?).map_err(|e| Error::Experiment {
                path: path.display().to_string(),
                place: format!("line {}", e.line()),
                reason: format!("{e}; mend it, or remove it to run everything again"),
            })?
        } else {
            BTreeMap::new()
        };
        Ok(Self { folder: folder.to_owned(), records })
    }

    /// The record of a run.
    pub fn get(&self, run: &RunSpec) -> Option<&Record> {
        self.records.get(&run.slug())
    }

    /// Keeps a record and its curve; on disk before it returns.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn put(&mut self, run: &RunSpec, record: Record) -> Result<()> {
        file::create_folder(&self.folder)?;
        // First the curves, so that every record has them.
        self.write(run, RETURN, &record.result.curve)?;
        if record.result.mastered.is_some() {
            self.write(run, MASTERED, &record.result.mastery)?;
        }
        self.records.insert(run.slug(), record);
        let text = serde_json::to_string_pretty(&self.records).expect("plain data");
        file::write(&self.folder.join("summary.json"), (text + "\n").as_bytes())
    }

    /// The stored curve of a run.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Metrics`] with the line that does not read.
    pub fn curve(&self, run: &RunSpec) -> Result<Vec<(f64, f64)>> {
        self.read(run, RETURN)
    }

    /// As [`Self::curve`], of what was mastered; empty where the run has no tasks.
    ///
    /// # Errors
    /// As [`Self::curve`].
    pub fn mastery(&self, run: &RunSpec) -> Result<Vec<(f64, f64)>> {
        let is_there = self.get(run).is_some_and(|record| record.result.mastered.is_some());
        if is_there { self.read(run, MASTERED) } else { Ok(Vec::new()) }
    }

    fn write(&self, run: &RunSpec, what: &str, curve: &[(u64, f64)]) -> Result<()> {
        let rows: String = thin(curve).iter().map(|(step, value)| format!("{step},{}\n", short(*value))).collect();
        file::write(&self.path(run, what), format!("step,{what}\n{rows}").as_bytes())
    }

    fn read(&self, run: &RunSpec, what: &str) -> Result<Vec<(f64, f64)>> {
        let path = self.path(run, what);
        let text = file::read(&path)?;
        let parse = |(i, line): (usize, &str)| {
            let point = line.split_once(',').and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
            point.ok_or_else(|| Error::Metrics {
                path: path.display().to_string(),
                line: i + 1,
                column: what.to_owned(),
                reason: format!("`{line}` is not a step and a number"),
            })
        };
        text.lines().enumerate().skip(1).map(parse).collect()
    }

    /// Where a run is until it is over: below the results, of its own for other options.
    pub fn unfinished(&self, run: &RunSpec, key: &str) -> PathBuf {
        self.folder.join(UNFINISHED).join(format!("{}-{key}", run.slug()))
    }

    /// Removes what a run that is stored left there.
    pub fn clean(&self, folder: &Path) {
        // What stays by an error is in nobody's way.
        let _ = std::fs::remove_dir_all(folder);
        let _ = std::fs::remove_dir(self.folder.join(UNFINISHED));
    }

    fn path(&self, run: &RunSpec, what: &str) -> PathBuf {
        let of = if what == RETURN { String::new() } else { format!(".{what}") };
        self.folder.join(format!("{}{of}.csv", run.slug()))
    }
}

/// At most [`ROWS`] points, evenly spaced by index, the first and the last among them.
fn thin(curve: &[(u64, f64)]) -> Vec<(u64, f64)> {
    if curve.len() <= ROWS {
        return curve.to_vec();
    }
    (0..ROWS).map(|i| curve[i * (curve.len() - 1) / (ROWS - 1)]).collect()
}

/// Six significant digits are more than a curve shows.
fn short(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    format!("{value:.5e}").parse::<f64>().unwrap_or(value).to_string()
}
