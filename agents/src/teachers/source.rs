//! A teacher as a source of tasks: the only part of teachers that knows of agents.
//!
//! Instances get their next task while the ones before are still played, so a result comes when others were heard in between. How
//! many is the lag, which is written down with what the teacher learned.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value as Json, json};
use toml::Table;

use super::{Bounds, Entry, Teacher};
use crate::agent::Episode;
use crate::common::noise::Noise;
use crate::common::task_space::TaskSpace;
use crate::error::Result;
use crate::state::State;
use crate::tasks::{Place, TaskSource};

/// What a teacher tells while it is a source; a trainer holds the other end.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    rows: Vec<Json>,
    figures: Vec<(&'static str, f64)>,
}

impl Journal {
    /// What changed since the last call, an object for each change.
    pub fn take(&self) -> Vec<Json> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).rows)
    }

    /// Figures as of now: `teacher/changes`, `teacher/lag` (the mean over all episodes, in episodes), `teacher/refused`; none
    /// where no teacher is.
    pub fn figures(&self) -> Vec<(&'static str, f64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).figures.clone()
    }
}

/// All options of a teacher as a source, with the values in force.
///
/// # Errors
/// [`crate::Error::UnknownOption`], [`crate::Error::InvalidOption`].
pub fn resolve(entry: &Entry, table: &Table, space: &TaskSpace) -> Result<Table> {
    (entry.resolve)(table, &bounds(space)?)
}

/// A teacher as a source over a box of tasks.
///
/// # Errors
/// As [`resolve`].
pub fn make(entry: &'static Entry, table: &Table, space: &TaskSpace) -> Result<Box<dyn TaskSource>> {
    Ok(with_journal(entry, table, space)?.0)
}

/// A teacher as a source, and what it tells.
///
/// # Errors
/// As [`resolve`].
pub fn with_journal(entry: &'static Entry, table: &Table, space: &TaskSpace) -> Result<(Box<dyn TaskSource>, Journal)> {
    // What a fit draws follows from what was heard; the seed of the run is in the tasks.
    let teacher = Teacher::new(entry, table, bounds(space)?, 0)?;
    let journal = Journal::default();
    let source = Source { teacher, proposed: Vec::new(), recent: [0; 3], all: [0; 2], journal: journal.clone() };
    Ok((Box::new(source), journal))
}

/// Numbers that have to be whole are rounded by the space, behind the teacher's back.
fn bounds(space: &TaskSpace) -> Result<Bounds> {
    let (low, high) = space.dimensions().iter().map(|dimension| (dimension.low, dimension.high)).unzip();
    Bounds::new(low, high)
}

struct Source {
    teacher: Teacher,
    /// Episodes that were heard when each instance got its task.
    proposed: Vec<u64>,
    /// Since the last row: episodes, sum of their lags, the largest lag.
    recent: [u64; 3],
    /// Episodes, and sum of their lags.
    all: [u64; 2],
    journal: Journal,
}

impl Source {
    fn figures(&self) {
        let [episodes, lag] = self.all.map(|count| count as f64);
        let (changes, refused) = (self.teacher.changes() as f64, self.teacher.refused() as f64);
        let mut pages = self.journal.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.figures =
            vec![("teacher/changes", changes), ("teacher/lag", lag / episodes.max(1.0)), ("teacher/refused", refused)];
    }
}

impl TaskSource for Source {
    fn propose(&self, place: Place, noise: &Noise, task: &mut [f64]) -> u64 {
        self.teacher.sample(&mut place.noise(noise), task);
        place.id()
    }

    fn hear(&mut self, episodes: &[Episode], tasks: &[f64]) {
        // The source stood still while these were collected.
        let [now, _] = self.all;
        for (episode, task) in episodes.iter().zip(tasks.chunks_exact(self.teacher.bounds().dimensions())) {
            let instance = episode.instance as usize;
            if self.proposed.len() <= instance {
                self.proposed.resize(instance + 1, 0);
            }
            let lag = self.all[0] - std::mem::replace(&mut self.proposed[instance], now);
            self.all = [self.all[0] + 1, self.all[1] + lag];
            self.recent = [self.recent[0] + 1, self.recent[1] + lag, self.recent[2].max(lag)];
            // One that cannot be heard of is counted by the teacher, and the run goes on.
            let _ = self.teacher.hear(task, f64::from(episode.episode_return));
        }
        let mut rows = self.teacher.settle();
        if !rows.is_empty() {
            let [episodes, sum, max] = std::mem::take(&mut self.recent);
            for row in &mut rows {
                row["lag"] = json!({ "mean": sum as f64 / episodes.max(1) as f64, "max": max });
            }
            self.journal.0.lock().unwrap_or_else(PoisonError::into_inner).rows.extend(rows);
        }
        self.figures();
    }

    fn save(&self, state: &mut State) {
        let mut own = State::default();
        self.teacher.save(&mut own);
        own.put_u64("proposed", &self.proposed);
        own.put_u64("lag", &[&self.recent[..], &self.all].concat());
        state.put_all("tasks/", own);
    }

    fn load(&mut self, state: &State) -> Result<()> {
        let own = state.behind("tasks/");
        self.teacher.load(&own)?;
        self.proposed = own.u64("proposed")?.to_vec();
        let [a, b, c, d, e] = own.counters("lag")?;
        (self.recent, self.all) = ([a, b, c], [d, e]);
        self.journal.take();
        self.figures();
        Ok(())
    }
}
