//! Prioritised level replay (Jiang et al. 2021, arXiv 2010.03934): tasks that were worth learning from come again, by the rank of
//! their scores and by how long ago they came.
//!
//! The paper scores by errors of values. A teacher has returns alone, so a task is scored by its newest return r, 0 to 1: as
//! `learnability` by r (1 - r) (Tzannetos et al. 2023, Rutherford et al. 2024), which is highest where a task is half mastered, or
//! as `regret` by the best return that it ever gave less r, MaxMC with the return in the place of the value. New tasks are learned
//! from too, so this is the plain form, not the robust one.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use toml::Table;

use super::bounds::{choose, sums};
use super::{Algorithm, Bounds, Entry, check_share, unfit};
use crate::common::noise::Noise;
use crate::error::Result;
use crate::options::{check, options, words};
use crate::state::State;

/// What the rest of the crate knows of it.
pub const TEACHER: Entry = Entry {
    name: "plr",
    about: "tasks again that are worth it: prioritised level replay, scored by returns (Jiang et al. 2021)",
    options: Config::options,
    resolve: |table, _| Ok(Config::checked(table)?.to_table()),
    make: |table, bounds, _| {
        let config = Config::checked(table)?;
        Ok((Some(config.returns.clone()), Box::new(Plr::new(config, bounds))))
    },
};

/// How a task is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Score {
    /// r (1 - r).
    Learnability,
    /// The best return so far less r.
    Regret,
}
words!(Score, "learnability or regret", { "learnability" => Score::Learnability, "regret" => Score::Regret });

options! {
    /// Options of PLR; those of jaxued where it has them, but for the capacity, which is 4,000 there.
    pub struct Config {
        ..returns: super::Returns,
        /// Tasks that are remembered.
        capacity: usize = 1000,
        /// Share of the capacity that is filled before tasks come again, above 0 to 1.
        fill: f64 = 0.5,
        /// Share of tasks that come again then, 0 to 1.
        replay: f64 = 0.8,
        /// Share of those that is by how long ago they came, 0 to 1.
        staleness: f64 = 0.3,
        /// The rank of a score counts with the power 1 / temperature, above 0.
        temperature: f64 = 0.3,
        /// How a task is scored.
        score: Score = Score::Learnability,
    }
}

impl Config {
    fn checked(table: &Table) -> Result<Self> {
        let c = Self::from_table("plr", table)?;
        c.returns.check()?;
        check("capacity", c.capacity, "1 to 1000000", (1..=1_000_000).contains(&c.capacity))?;
        check("fill", c.fill, "above 0 to 1", c.fill > 0.0 && c.fill <= 1.0)?;
        check_share("replay", c.replay)?;
        check_share("staleness", c.staleness)?;
        check("temperature", c.temperature, "above 0", c.temperature > 0.0)?;
        Ok(c)
    }
}

/// Episodes between two rows.
const TOLD: u64 = 250;
/// Tasks of a row.
const BEST: usize = 10;

/// A remembered task.
#[derive(Debug, Clone)]
struct Level {
    task: Vec<f64>,
    score: f64,
    /// The best return so far.
    best: f64,
    /// Episodes heard when its newest result came.
    heard: u64,
}

struct Plr {
    config: Config,
    bounds: Bounds,
    levels: Vec<Level>,
    /// Where each task is.
    places: HashMap<Vec<u32>, usize>,
    /// Sums of the weights as of the last [`Algorithm::settle`], and levels by them, the lightest last.
    sums: Vec<f64>,
    lightest: Vec<usize>,
    heard: u64,
    told: u64,
}

/// Tasks are known again after a way through `f32`.
fn key(task: &[f64]) -> Vec<u32> {
    task.iter().map(|&value| (value as f32).to_bits()).collect()
}

impl Plr {
    fn new(config: Config, bounds: &Bounds) -> Self {
        let (levels, places, sums, lightest) = (Vec::new(), HashMap::new(), Vec::new(), Vec::new());
        Self { config, bounds: bounds.clone(), levels, places, sums, lightest, heard: 0, told: 0 }
    }

    /// What levels are drawn by.
    fn weights(&self) -> Vec<f64> {
        let n = self.levels.len();
        let mut ranked: Vec<usize> = (0..n).collect();
        ranked.sort_by(|&a, &b| self.levels[b].score.total_cmp(&self.levels[a].score).then(a.cmp(&b)));
        let mut weights = vec![0.0; n];
        for (rank, &index) in ranked.iter().enumerate() {
            weights[index] = (1.0 / (rank + 1) as f64).powf(1.0 / self.config.temperature);
        }
        let total: f64 = weights.iter().sum();
        let ages: Vec<f64> = self.levels.iter().map(|level| (self.heard - level.heard) as f64).collect();
        let (all, rho) = (ages.iter().sum::<f64>(), self.config.staleness);
        let age = |index: usize| if all > 0.0 { ages[index] / all } else { 1.0 / n as f64 };
        weights.iter().enumerate().map(|(i, weight)| (1.0 - rho) * weight / total + rho * age(i)).collect()
    }

    fn reweigh(&mut self) {
        let weights = self.weights();
        self.lightest = (0..weights.len()).collect();
        self.lightest.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(b.cmp(&a)));
        self.sums = sums(weights);
    }
}

impl Algorithm for Plr {
    fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        let filled = self.sums.len() as f64 >= self.config.fill * self.config.capacity as f64;
        if filled && noise.uniform_f64() < self.config.replay {
            task.copy_from_slice(&self.levels[choose(&self.sums, noise)].task);
        } else {
            self.bounds.sample(noise, task);
        }
    }

    fn update(&mut self, task: &[f64], r: f64) {
        self.heard += 1;
        let (key, heard) = (key(task), self.heard);
        let place = self.places.get(&key).copied();
        let best = place.map_or(r, |place| self.levels[place].best.max(r));
        let score = match self.config.score {
            Score::Learnability => r * (1.0 - r),
            Score::Regret => best - r,
        };
        let level = Level { task: task.to_vec(), score, best, heard };
        if let Some(place) = place {
            self.levels[place] = Level { task: std::mem::take(&mut self.levels[place].task), ..level };
        } else if self.levels.len() < self.config.capacity {
            self.places.insert(key, self.levels.len());
            self.levels.push(level);
        } else if let Some(&place) = self.lightest.last().filter(|&&place| self.levels[place].score < score) {
            self.lightest.pop();
            self.places.remove(&self::key(&self.levels[place].task));
            self.places.insert(key, place);
            self.levels[place] = level;
        }
    }

    fn settle(&mut self) -> Vec<Json> {
        self.reweigh();
        if self.heard < self.told + TOLD {
            return Vec::new();
        }
        self.told = self.heard - self.heard % TOLD;
        let mut ranked: Vec<&Level> = self.levels.iter().collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mean = ranked.iter().map(|level| level.score).sum::<f64>() / ranked.len() as f64;
        let tasks: Vec<&[f64]> = ranked.iter().take(BEST).map(|level| &level.task[..]).collect();
        let scores: Vec<f64> = ranked.iter().take(BEST).map(|level| level.score).collect();
        vec![json!({ "levels": self.levels.len(), "mean_score": mean, "tasks": tasks, "scores": scores })]
    }

    fn save(&self, state: &mut State) {
        let all = |of: fn(&Level) -> &[f64]| self.levels.iter().flat_map(of).copied().collect::<Vec<f64>>();
        state.put_f64("teacher/tasks", &all(|level| &level.task));
        state.put_f64("teacher/scores", &all(|level| std::slice::from_ref(&level.score)));
        state.put_f64("teacher/best", &all(|level| std::slice::from_ref(&level.best)));
        state.put_u64("teacher/heard", &self.levels.iter().map(|level| level.heard).collect::<Vec<_>>());
        state.put_u64("teacher/plr", &[self.heard, self.told]);
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let (tasks, scores, d) = (state.f64("teacher/tasks")?, state.f64("teacher/scores")?, self.bounds.dimensions());
        let (best, heard, n) = (state.f64("teacher/best")?, state.u64("teacher/heard")?, scores.len());
        [self.heard, self.told] = state.counters("teacher/plr")?;
        let late = heard.iter().any(|&heard| heard > self.heard);
        if tasks.len() != n * d || best.len() != n || heard.len() != n || n > self.config.capacity || late {
            return Err(unfit("the buffer of tasks"));
        }
        let level = |i: usize| Level {
            task: tasks[i * d..(i + 1) * d].to_vec(),
            score: scores[i],
            best: best[i],
            heard: heard[i],
        };
        self.levels = (0..n).map(level).collect();
        self.places = self.levels.iter().enumerate().map(|(i, level)| (key(&level.task), i)).collect();
        // Checkpoints are written between a settling and the next result.
        self.reweigh();
        Ok(())
    }
}
