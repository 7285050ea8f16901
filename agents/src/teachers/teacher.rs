//! A teacher as its users hold it: the algorithm behind checks, with the returns as it wants to hear them.

use std::fmt;

use serde_json::{Value as Json, json};
use toml::Table;

use super::{Algorithm, Bounds, Entry, Returns};
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::state::State;

/// Proposes tasks of a box and hears what became of them.
pub struct Teacher {
    entry: &'static Entry,
    bounds: Bounds,
    /// None where returns are heard as they are.
    returns: Option<Returns>,
    algorithm: Box<dyn Algorithm>,
    heard: u64,
    refused: u64,
    rows: u64,
    /// Text, as numbers that were read again may differ in their last digit.
    newest: String,
}

impl fmt::Debug for Teacher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {:?}, {} episodes", self.entry.name, self.bounds, self.heard)
    }
}

impl Teacher {
    /// A teacher that has heard of nothing yet. The seed is that of its own draws, such as where fits start; tasks are drawn by
    /// the noise that [`Self::sample`] is given.
    ///
    /// # Errors
    /// [`Error::UnknownOption`], [`Error::InvalidOption`].
    pub fn new(entry: &'static Entry, options: &Table, bounds: Bounds, seed: u64) -> Result<Self> {
        let (returns, algorithm) = (entry.make)(options, &bounds, seed)?;
        Ok(Self { entry, bounds, returns, algorithm, heard: 0, refused: 0, rows: 0, newest: String::new() })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.entry.name
    }

    /// The box of its tasks.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Episodes that it heard of.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// Episodes that it could not hear of, and forgot: a return that is no number, a task outside the box.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// How often what it draws from changed: fits of a mixture, splits of regions, steps of a window.
    pub fn changes(&self) -> u64 {
        self.rows
    }

    /// What [`Self::settle`] told last, an object of JSON; empty before that.
    pub fn newest(&self) -> &str {
        &self.newest
    }

    /// Draws a task `[dimensions]`; nothing changes.
    pub fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        self.algorithm.sample(noise, task);
        self.bounds.clip(task);
    }

    /// Hears of an episode; [`Self::settle`] is still to be called.
    ///
    /// # Errors
    /// [`Error::Task`] for a task that is none of the box's or a return that is no finite number: counted, and forgotten.
    pub fn hear(&mut self, task: &[f64], episode_return: f64) -> Result<()> {
        let checked = self.bounds.check(task).and_then(|()| match episode_return.is_finite() {
            true => Ok(()),
            false => Err(Error::Task {
                what: "the return of the episode is".to_owned(),
                value: episode_return.to_string(),
                allowed: "a finite number".to_owned(),
            }),
        });
        if let Err(error) = checked {
            self.refused += 1;
            return Err(error);
        }
        let mut inside = task.to_vec();
        self.bounds.clip(&mut inside);
        let episode_return = self.returns.as_ref().map_or(episode_return, |returns| returns.normalised(episode_return));
        self.algorithm.update(&inside, episode_return);
        self.heard += 1;
        Ok(())
    }

    /// Does what is due behind some episodes: what a plot needs, one object for each change, with its number `change` and the
    /// `episodes` heard.
    pub fn settle(&mut self) -> Vec<Json> {
        let mut rows = self.algorithm.settle();
        for row in &mut rows {
            self.rows += 1;
            (row["change"], row["episodes"]) = (json!(self.rows), json!(self.heard));
        }
        if let Some(row) = rows.last() {
            self.newest = row.to_string();
        }
        rows
    }

    /// Hears of one episode, and does what is due.
    ///
    /// # Errors
    /// As [`Self::hear`].
    pub fn update(&mut self, task: &[f64], episode_return: f64) -> Result<Vec<Json>> {
        self.hear(task, episode_return)?;
        Ok(self.settle())
    }

    /// Keeps what it knows, under names that begin with `teacher/`.
    pub fn save(&self, state: &mut State) {
        state.put_u64("teacher/episodes", &[self.heard, self.refused, self.rows]);
        state.put_bytes("teacher/newest", self.newest.as_bytes());
        self.algorithm.save(state);
    }

    /// Goes on from there, in a teacher of the same options.
    ///
    /// # Errors
    /// [`Error::Checkpoint`], [`Error::Mixture`].
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.algorithm.load(state)?;
        [self.heard, self.refused, self.rows] = state.counters("teacher/episodes")?;
        self.newest = String::from_utf8_lossy(state.bytes("teacher/newest")?).into_owned();
        Ok(())
    }
}
