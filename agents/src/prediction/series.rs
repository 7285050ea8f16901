//! Series of numbers: from CSV files, or made up.

use std::path::Path;

use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::nearest;

/// A table of numbers over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Rows `[time, column]`.
    pub rows: Vec<Vec<f64>>,
}

impl Series {
    /// The columns of a CSV file with a header whose values are numbers; a column whose first value is none (a date) is left
    /// out.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Metrics`] with line and column for what is no finite number, or if less than two rows or no
    /// column of numbers are there.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let error = |line: u64, column: &str, reason: String| Error::Metrics {
            path: shown.clone(),
            line: line as usize,
            column: column.to_owned(),
            reason,
        };
        let broken = |e: csv::Error| match e.into_kind() {
            csv::ErrorKind::Io(source) => Error::Io { doing: "read", path: shown.clone(), source },
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                let line = pos.map_or(0, |pos| pos.line());
                error(line, "the last", format!("the line has {len} values, the header {expected_len}"))
            }
            csv::ErrorKind::Utf8 { pos, err } => error(pos.map_or(0, |pos| pos.line()), "any", err.to_string()),
            other => error(0, "any", format!("{other:?}")),
        };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(broken)?;
        let header: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
        let (mut kept, mut rows): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(broken)?;
            let line = record.position().map_or(0, csv::Position::line);
            if rows.is_empty() {
                kept = (0..header.len()).filter(|&c| record[c].parse::<f64>().is_ok()).collect();
            }
            let number = |&c: &usize| {
                let value = record[c].parse::<f64>().ok().filter(|value| value.is_finite());
                value.ok_or_else(|| error(line, &header[c], format!("`{}` is not a finite number", &record[c])))
            };
            rows.push(kept.iter().map(number).collect::<Result<_>>()?);
        }
        if rows.len() < 2 || kept.is_empty() {
            let reason =
                format!("there are {} rows with {} columns of numbers, needed are 2 and 1", rows.len(), kept.len());
            return Err(error(1, "any", reason));
        }
        Ok(Self { names: kept.iter().map(|&c| header[c].clone()).collect(), rows })
    }

    /// As a CSV file has it.
    pub fn to_csv(&self) -> String {
        let mut text = self.names.join(",") + "\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(f64::to_string).collect();
            text += &(cells.join(",") + "\n");
        }
        text
    }

    /// The place of a column, of the last one without a name.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] with the names that there are.
    pub fn column(&self, name: Option<&str>) -> Result<usize> {
        let Some(name) = name else { return Ok(self.names.len() - 1) };
        self.names.iter().position(|n| n == name).ok_or_else(|| {
            let near = nearest(name, self.names.iter().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
            Error::InvalidOption {
                option: "target".to_owned(),
                value: format!("`{name}`{hint}"),
                allowed: self.names.join(", "),
            }
        })
    }

    /// Six loads and the temperature that follows them, every quarter of an hour: days, weeks and a year, noise that lasts, steps
    /// between regimes, and a temperature that takes hours to answer. A stand-in for the measurements of power transformers
    /// (ETTm2) that the source predicts.
    pub fn synthetic(rows: usize, seed: u64) -> Self {
        const DAY: f64 = 96.0;
        let names = ["load_1", "load_2", "load_3", "load_4", "load_5", "load_6", "oil_temperature"];
        let mut noise = Noise::new(seed, "series");
        let mut normal = || f64::from(noise.normal());
        let (mut lasting, mut regime) = ([0.0; 6], [0.0; 6]);
        let phases: [f64; 6] = std::array::from_fn(|_| normal());
        let mut temperature = 20.0;
        let rows = (0..rows).map(|t| {
            let wave = |period: f64, phase: f64| (std::f64::consts::TAU * (t as f64 / period) + phase).sin();
            let mut row = vec![0.0; 7];
            for c in 0..6 {
                lasting[c] = 0.98 * lasting[c] + 0.3 * normal();
                // A step every twelve days or so.
                if t.is_multiple_of(96) && normal() > 1.38 {
                    regime[c] = 2.0 * normal();
                }
                let base = 10.0 + 3.0 * c as f64;
                row[c] = base
                    + (2.0 + 0.5 * c as f64) * wave(DAY, phases[c])
                    + wave(7.0 * DAY, 2.0 * phases[c])
                    + regime[c]
                    + lasting[c];
            }
            let outside = 12.0 * wave(365.0 * DAY, -1.6) + 4.0 * wave(DAY, -2.0);
            let heat: f64 = (0..6).map(|c| 0.04 * row[c] * row[c].abs() / (1.0 + c as f64)).sum();
            temperature += 0.02 * (15.0 + outside + heat - temperature) + 0.05 * normal();
            row[6] = temperature + 0.1 * normal();
            row
        });
        Self { rows: rows.collect(), names: names.map(str::to_owned).to_vec() }
    }
}

/// Averages that forget, one for each column, corrected for their start at 0: what a predictor sees of a series.
#[derive(Debug, Clone)]
pub struct Averages {
    beta: f64,
    passed: f64,
    sums: Vec<f64>,
}

impl Averages {
    /// Of so many columns, with the share that is kept at every step.
    pub fn new(columns: usize, beta: f64) -> Self {
        Self { beta, passed: 1.0, sums: vec![0.0; columns] }
    }

    /// Takes a row in and gives the averages.
    pub fn push(&mut self, row: &[f64]) -> Vec<f32> {
        self.passed *= self.beta;
        let of = |(sum, value): (&mut f64, &f64)| {
            *sum = self.beta * *sum + (1.0 - self.beta) * value;
            (*sum / (1.0 - self.passed)) as f32
        };
        self.sums.iter_mut().zip(row).map(of).collect()
    }
}
