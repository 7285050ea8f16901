//! Automatic domain randomisation (OpenAI et al. 2019, arXiv 1910.07113), as TeachMyAgent has it: a box that grows from one task on
//! where its boundary is mastered, and shrinks where it is failed.
//!
//! Which boundary a result belongs to is read off its task, so a result that was proposed at a former place of the boundary counts
//! for nothing. Steps are shares of the ranges, where TeachMyAgent has units of parameters; thresholds are of returns as
//! `reward_low` and `reward_high` map them, which makes 0.3 and 0.66 its 0 and 180.

use serde_json::{Value as Json, json};
use toml::Table;

use super::bounds::between;
use super::{Algorithm, Bounds, Entry, Returns, check_share, unfit};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options};
use crate::state::State;

/// What the rest of the crate knows of it.
pub const TEACHER: Entry = Entry {
    name: "adr",
    about: "a box that grows where its boundary is mastered: automatic domain randomisation (OpenAI et al. 2019)",
    options: Config::options,
    resolve: |table, bounds| Ok(Config::checked(table, bounds)?.to_table()),
    make: |table, bounds, _| {
        let config = Config::checked(table, bounds)?;
        Ok((Some(config.returns.clone()), Box::new(Adr::new(config, bounds))))
    },
};

options! {
    /// Options of ADR.
    pub struct Config {
        ..returns: Returns,
        /// Where the box begins, as a share of each range, 0 to 1; empty: in the middle.
        start: Vec<f64> = Vec::new(),
        /// How far a boundary moves, as a share of its range, above 0 to 1.
        step: f64 = 0.1,
        /// Share of tasks on a boundary, 0 to 1.
        boundary: f64 = 0.7,
        /// Results on a boundary that decide whether it moves.
        episodes: usize = 10,
        /// A boundary moves outwards where the mean return, 0 to 1, is at least this.
        threshold_high: f64 = 0.66,
        /// A boundary moves inwards where the mean return, 0 to 1, is at most this.
        threshold_low: f64 = 0.3,
    }
}

impl Config {
    fn checked(table: &Table, bounds: &Bounds) -> Result<Self> {
        let c = Self::from_table("adr", table)?;
        c.returns.check()?;
        let fits = c.start.is_empty() || c.start.len() == bounds.dimensions();
        let range = format!("no numbers or {}, each 0 to 1", bounds.dimensions());
        let inside = c.start.iter().all(|share| (0.0..=1.0).contains(share));
        check("start", format!("{:?}", c.start), &range, fits && inside)?;
        check("step", c.step, "above 0 to 1", c.step > 0.0 && c.step <= 1.0)?;
        check("episodes", c.episodes, "1 or more", c.episodes > 0)?;
        check_share("boundary", c.boundary)?;
        check_share("threshold_high", c.threshold_high)?;
        let range = "0 to threshold_high";
        check("threshold_low", c.threshold_low, range, (0.0..=c.threshold_high).contains(&c.threshold_low))?;
        Ok(c)
    }
}

struct Adr {
    config: Config,
    bounds: Bounds,
    /// The box now: its lowest corner, its highest.
    corners: [Vec<f64>; 2],
    /// Returns on each boundary, by corner, then by dimension.
    queues: Vec<Vec<f64>>,
    changed: bool,
}

impl Adr {
    fn new(config: Config, bounds: &Bounds) -> Self {
        let at = |d| bounds.low()[d] + config.start.get(d).copied().unwrap_or(0.5) * bounds.width(d);
        let corner: Vec<f64> = (0..bounds.dimensions()).map(at).collect();
        let queues = vec![Vec::new(); 2 * corner.len()];
        Self { corners: [corner.clone(), corner], queues, bounds: bounds.clone(), config, changed: true }
    }

    /// Whether a number is the boundary's, but for what a way through `f32` does to it.
    fn is_on(&self, corner: usize, d: usize, value: f64) -> bool {
        (value - self.corners[corner][d]).abs() <= self.bounds.slack(d, value)
    }

    fn move_boundary(&mut self, corner: usize, d: usize, outwards: bool) {
        let step = self.config.step * self.bounds.width(d);
        let sign = if (corner == 1) == outwards { 1.0 } else { -1.0 };
        let (low, high) = match (outwards, corner) {
            (true, _) => (self.bounds.low()[d], self.bounds.high()[d]),
            (false, 0) => (self.bounds.low()[d], self.corners[1][d]),
            (false, _) => (self.corners[0][d], self.bounds.high()[d]),
        };
        let moved = (self.corners[corner][d] + sign * step).clamp(low, high);
        self.changed |= moved != self.corners[corner][d];
        self.corners[corner][d] = moved;
    }
}

impl Algorithm for Adr {
    fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        let [low, high] = &self.corners;
        for (d, value) in task.iter_mut().enumerate() {
            *value = between(low[d], high[d], noise);
        }
        if noise.uniform_f64() < self.config.boundary {
            let (d, corner) = (noise.below(task.len() as u32) as usize, noise.below(2) as usize);
            task[d] = self.corners[corner][d];
        }
    }

    fn update(&mut self, task: &[f64], episode_return: f64) {
        for (corner, d) in (0..task.len()).flat_map(|d| [(0, d), (1, d)]) {
            if !self.is_on(corner, d, task[d]) {
                continue;
            }
            let queue = &mut self.queues[corner * task.len() + d];
            queue.push(episode_return);
            if queue.len() >= self.config.episodes {
                let mean = queue.iter().sum::<f64>() / queue.len() as f64;
                queue.clear();
                if mean >= self.config.threshold_high {
                    self.move_boundary(corner, d, true);
                } else if mean <= self.config.threshold_low {
                    self.move_boundary(corner, d, false);
                }
            }
        }
    }

    fn settle(&mut self) -> Vec<Json> {
        let changed = std::mem::take(&mut self.changed);
        changed.then(|| json!({ "low": self.corners[0], "high": self.corners[1] })).into_iter().collect()
    }

    fn save(&self, state: &mut State) {
        state.put_f64("teacher/corners", &self.corners.concat());
        state.put_u64("teacher/changed", &[u64::from(self.changed)]);
        state.put_u64("teacher/lengths", &self.queues.iter().map(|queue| queue.len() as u64).collect::<Vec<_>>());
        state.put_f64("teacher/queues", &self.queues.concat());
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let (corners, dimensions) = (state.f64("teacher/corners")?, self.bounds.dimensions());
        let (lengths, mut rest) = (state.u64("teacher/lengths")?, state.f64("teacher/queues")?);
        let all: u64 = lengths.iter().sum();
        if corners.len() != 2 * dimensions || lengths.len() != 2 * dimensions || all != rest.len() as u64 {
            return Err(unfit("its box"));
        }
        let (low, high) = corners.split_at(dimensions);
        self.corners = [low.to_vec(), high.to_vec()];
        self.changed = state.counter("teacher/changed")? > 0;
        for (queue, &length) in self.queues.iter_mut().zip(lengths) {
            let (own, others) = rest.split_at(length as usize);
            (*queue, rest) = (own.to_vec(), others);
        }
        Ok(())
    }
}
