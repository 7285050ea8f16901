//! Which tasks a run played, what its teacher thought of them, and which were mastered in the end: pictures from the files of
//! the run.

mod draw;
mod frames;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use super::file;
use crate::common::task_space::Dimension;
use crate::error::Result;

/// One axis of a picture: a number of a task, or the environment steps where tasks are one number.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it says.
    pub label: String,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
}

impl Axis {
    /// Where a value lies, 0 to 1.
    fn share(&self, value: f64) -> f64 {
        if self.high > self.low { (value - self.low) / (self.high - self.low) } else { 0.5 }
    }
}

/// Part of the box of tasks that a teacher tells apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A Gaussian, with the covariance of the two numbers.
    Gaussian {
        /// Its middle.
        mean: [f64; 2],
        /// Row by row.
        covariance: [[f64; 2]; 2],
    },
    /// A box.
    Region {
        /// Lowest corner.
        low: [f64; 2],
        /// Highest corner.
        high: [f64; 2],
    },
}

impl Shape {
    /// Its outline: of a Gaussian one standard deviation.
    fn outline(&self) -> Vec<[f64; 2]> {
        match self {
            Self::Region { low, high } => vec![*low, [high[0], low[1]], *high, [low[0], high[1]], *low],
            Self::Gaussian { mean, covariance: [[a, b], [_, d]] } => {
                // The square root of the covariance, by Cholesky's way.
                let l = a.max(0.0).sqrt();
                let k = if l > 0.0 { b / l } else { 0.0 };
                let m = (d - k * k).max(0.0).sqrt();
                let point = |i: usize| {
                    let (sine, cosine) = (i as f64 / CORNERS as f64 * std::f64::consts::TAU).sin_cos();
                    [mean[0] + l * cosine, mean[1] + k * cosine + m * sine]
                };
                (0..=CORNERS).map(point).collect()
            }
        }
    }
}

/// Corners of the outline of a Gaussian.
const CORNERS: usize = 48;

/// A task of the evaluation at the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// Its place on the axes.
    pub at: [f64; 2],
    /// Mean return.
    pub episode_return: f64,
}

/// What the pictures are made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Teaching {
    /// What is above the picture.
    pub title: String,
    /// The first two numbers of a task; steps and the number, where it is one.
    pub axes: [Axis; 2],
    /// Whether tasks are one number, and steps the first axis.
    pub over_time: bool,
    /// Environment steps of the run.
    pub steps: u64,
    /// Episodes by the step at which they had ended, and where they are on the axes.
    pub played: Vec<(u64, [f64; 2])>,
    /// What the teacher thought from a step on: shapes, and how much it likes each, 0 to 1.
    pub thoughts: Vec<(u64, Vec<(Shape, f64)>)>,
    /// The tasks of the evaluation.
    pub tested: Vec<Tested>,
    /// Return above which a task is mastered.
    pub threshold: Option<f64>,
}

impl Teaching {
    /// From `episodes.jsonl` and `teacher.jsonl` of a run and the tasks `[tasks, dimensions]` of its evaluation with their
    /// returns; lines that do not read are left out.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn read(
        (episodes, lessons): (&Path, &Path),
        dimensions: &[Dimension],
        (tasks, returns): (&[f64], &[f64]),
        (title, steps, threshold): (String, u64, Option<f64>),
    ) -> Result<Self> {
        let axis = |d: &Dimension| Axis { label: d.name.clone(), low: d.low, high: d.high };
        let axes = match dimensions {
            [one] => [Axis { label: "environment steps".to_owned(), low: 0.0, high: steps as f64 }, axis(one)],
            [first, second, ..] => [axis(first), axis(second)],
            [] => unreachable!("tasks have numbers"),
        };
        let over_time = dimensions.len() == 1;
        let place = |task: &[f64], step: u64| if over_time { [step as f64, task[0]] } else { [task[0], task[1]] };
        let mut played = Vec::new();
        for row in rows(episodes)? {
            let step = row["step"].as_u64().unwrap_or(0);
            let all = row["tasks"].as_array().into_iter().flatten().filter_map(numbers);
            played.extend(all.filter(|task| task.len() == dimensions.len()).map(|task| (step, place(&task, step))));
        }
        let mut thoughts = Vec::new();
        let mut regions = BTreeMap::new();
        for row in rows(lessons)?.into_iter().filter(|_| !over_time) {
            let split = split(&row, &mut regions);
            let shapes = if split { liked(regions.values().cloned().collect()) } else { shapes(&row, dimensions) };
            if !shapes.is_empty() {
                thoughts.push((row["step"].as_u64().unwrap_or(0), shapes));
            }
        }
        let tested = tasks.chunks_exact(dimensions.len()).zip(returns);
        let tested = tested.map(|(task, r)| Tested { at: place(task, steps), episode_return: *r }).collect();
        Ok(Self { title, axes, over_time, steps, played, thoughts, tested, threshold })
    }

    /// An SVG: how often tasks were played in six parts of the run, one after the other, with what the teacher thought at the
    /// end of each, and what was mastered in the end.
    pub fn svg(&self) -> String {
        draw::svg(self)
    }

    /// The same as an animation `width` pixels wide.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn gif(&self, width: usize) -> std::io::Result<Vec<u8>> {
        frames::gif(self, width)
    }

    /// Shares, 0 to 1, of the episodes between two steps in each cell `[CELLS, CELLS]`, relative to the fullest.
    fn density(&self, from: u64, to: u64) -> Vec<f64> {
        let mut cells = vec![0.0; CELLS * CELLS];
        for (_, at) in self.played.iter().filter(|(step, _)| (from..to).contains(step)) {
            let cell = |d: usize| ((self.axes[d].share(at[d]) * CELLS as f64) as usize).min(CELLS - 1);
            cells[cell(1) * CELLS + cell(0)] += 1.0;
        }
        let most = cells.iter().copied().fold(1.0, f64::max);
        cells.iter().map(|count| count / most).collect()
    }

    /// What the teacher thought at a step.
    fn thought(&self, at: u64) -> &[(Shape, f64)] {
        self.thoughts.iter().rev().find(|(step, _)| *step <= at).map_or(&[], |(_, shapes)| shapes)
    }
}

/// Cells of a picture along each axis.
const CELLS: usize = 24;

/// The objects of a file, one per line; none if there is no file.
fn rows(path: &Path) -> Result<Vec<Json>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(file::read(path)?.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn numbers(value: &Json) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Json::as_f64).collect()
}

/// The first two of a list of numbers.
fn pair(value: &Json) -> Option<[f64; 2]> {
    numbers(value).filter(|v| v.len() >= 2).map(|v| [v[0], v[1]])
}

fn region(value: &Json) -> Option<Shape> {
    Some(Shape::Region { low: pair(&value["low"])?, high: pair(&value["high"])? })
}

/// Whether a row tells of a region that was split: those that it fell into take its place, each with its progress.
fn split(row: &Json, regions: &mut BTreeMap<u64, (Shape, f64)>) -> bool {
    let Some(below) = row["regions"].as_array() else { return false };
    row["region"].as_u64().map(|split| regions.remove(&split));
    for part in below {
        if let (Some(index), Some(shape)) = (part["region"].as_u64(), region(part)) {
            regions.insert(index, (shape, part["progress"].as_f64().unwrap_or(0.0)));
        }
    }
    true
}

/// Shapes with their progress as a share of the largest; all alike where none has any.
fn liked(mut shapes: Vec<(Shape, f64)>) -> Vec<(Shape, f64)> {
    let most = shapes.iter().map(|(_, progress)| *progress).fold(0.0, f64::max);
    shapes.iter_mut().for_each(|(_, progress)| *progress = if most > 0.0 { *progress / most } else { 1.0 });
    shapes
}

/// What a row of a teacher says of the first two numbers of tasks: Gaussians with their progress, or one box.
fn shapes(row: &Json, dimensions: &[Dimension]) -> Vec<(Shape, f64)> {
    let scaled = row["scaled"].as_bool() == Some(true);
    let scale = |d: usize| if scaled { dimensions[d].high - dimensions[d].low } else { 1.0 };
    let shift = |d: usize| if scaled { dimensions[d].low } else { 0.0 };
    let (means, covariances) = (row["means"].as_array(), row["covariances"].as_array());
    let mut found = Vec::new();
    if let (Some(means), Some(covariances)) = (means, covariances) {
        let progress = numbers(&row["progress"]).unwrap_or_default();
        for (i, (mean, rows)) in means.iter().zip(covariances).enumerate() {
            let (Some(mean), Some(first), Some(second)) = (pair(mean), pair(&rows[0]), pair(&rows[1])) else {
                continue;
            };
            let mean = [0, 1].map(|d| mean[d] * scale(d) + shift(d));
            let covariance = [0, 1].map(|d| [0, 1].map(|e| [first, second][d][e] * scale(d) * scale(e)));
            found.push((Shape::Gaussian { mean, covariance }, progress.get(i).copied().unwrap_or(0.0)));
        }
    } else if let Some(shape) = region(row) {
        found.push((shape, 1.0));
    }
    liked(found)
}

#[cfg(test)]
mod tests;
