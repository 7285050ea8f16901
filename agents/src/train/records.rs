//! What a run writes while it trains: rows of metrics and checkpoints. A disk that is full or gone for a while does not end
//! it: what could not be written is written later, and said once.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::checkpoint::Checkpoint;
use super::folder::RunFolder;
use super::lessons::{self, Lessons};
use super::lock::Lock;
use super::tally::Row;
use crate::agent::Log;
use crate::error::Result;
use crate::report::metrics::MetricsWriter;

/// The files of a run that grows.
pub(super) struct Records {
    pub folder: RunFolder,
    _lock: Lock,
    /// None after a failure, until rows can be written again.
    metrics: Option<MetricsWriter>,
    /// Step of the newest row that is in the file.
    written: u64,
    /// Rows that are not.
    pending: Vec<Row>,
    /// What a teacher told.
    lessons: Lessons,
    /// What was played, where a source proposes tasks.
    episodes: Lessons,
    /// Newest checkpoint and its step.
    checkpoint: Option<(u64, PathBuf)>,
    /// Whether the last attempt failed, and people know.
    rows_fail: bool,
    checkpoints_fail: bool,
}

impl Records {
    /// Of a run that begins.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn create(folder: RunFolder, lock: Lock) -> Result<Self> {
        let metrics = Some(MetricsWriter::create(&folder.path)?);
        let records = Self { metrics, ..Self::behind(folder, lock, 0) };
        records.lessons.remove()?;
        records.episodes.remove()?;
        Ok(records)
    }

    /// Of a run that goes on behind a checkpoint, whose newest row of metrics is that of `step`. What people should know
    /// comes into `notes`.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn resume(
        folder: RunFolder,
        lock: Lock,
        checkpoint: (u64, PathBuf),
        step: u64,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let mut records = Self::behind(folder, lock, step);
        records.lessons.go_back(checkpoint.0, notes)?;
        records.episodes.go_back(checkpoint.0, notes)?;
        records.checkpoint = Some(checkpoint);
        records.open(notes)?;
        Ok(records)
    }

    fn behind(folder: RunFolder, lock: Lock, written: u64) -> Self {
        let (pending, checkpoint) = (Vec::new(), None);
        Self {
            lessons: Lessons::new(&folder.path, lessons::FILE),
            episodes: Lessons::new(&folder.path, lessons::EPISODES),
            folder,
            _lock: lock,
            metrics: None,
            written,
            pending,
            checkpoint,
            rows_fail: false,
            checkpoints_fail: false,
        }
    }

    /// Goes back to a checkpoint: rows behind it will come again.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn go_back(&mut self, checkpoint: (u64, PathBuf), step: u64, notes: &mut Vec<String>) -> Result<()> {
        self.pending.clear();
        self.lessons.go_back(checkpoint.0, notes)?;
        self.episodes.go_back(checkpoint.0, notes)?;
        (self.written, self.checkpoint) = (step, Some(checkpoint));
        self.open(notes)
    }

    fn open(&mut self, notes: &mut Vec<String>) -> Result<()> {
        let metrics = MetricsWriter::resume(&self.folder.path, self.written)?;
        notes.extend(metrics.note().map(str::to_owned));
        self.metrics = Some(metrics);
        Ok(())
    }

    /// Writes a row, and those before it that could not be.
    pub fn row(&mut self, row: &Row, notes: &mut Vec<String>) {
        self.pending.push(row.clone());
        let written = self.write_pending(notes);
        if let Err(error) = &written
            && !self.rows_fail
        {
            notes
                .push(format!("{error}; training goes on, rows of metrics are kept and written as soon as that works"));
        }
        self.rows_fail = written.is_err();
    }

    fn write_pending(&mut self, notes: &mut Vec<String>) -> Result<()> {
        // Half a row may have been written: opening the file again drops it.
        if self.metrics.is_none() {
            self.open(notes)?;
        }
        while let (Some(metrics), Some(row)) = (&mut self.metrics, self.pending.first()) {
            if let Err(error) = metrics.write(row.step, row.seconds, &row.scalars) {
                self.metrics = None;
                return Err(error);
            }
            self.written = row.step;
            self.pending.remove(0);
        }
        Ok(())
    }

    /// Writes what a teacher told up to a step, and what could not be written before.
    pub fn taught(&mut self, step: u64, rows: Vec<Json>, notes: &mut Vec<String>) {
        notes.extend(self.lessons.write(step, rows));
    }

    /// Writes which tasks were played up to a step.
    pub fn played(&mut self, step: u64, log: &Log, notes: &mut Vec<String>) {
        notes.extend(self.episodes.write_episodes(step, log));
    }

    /// The newest checkpoint, its step.
    pub fn checkpoint(&self) -> Option<&(u64, PathBuf)> {
        self.checkpoint.as_ref()
    }

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Io`]; the newest one before is as it was.
    pub fn write_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        if let Some(metrics) = &self.metrics {
            // A checkpoint counts on the rows before it; without them it is still worth having.
            let _ = metrics.sync();
        }
        let _ = self.lessons.sync();
        let _ = self.episodes.sync();
        let path = self.folder.write_checkpoint(checkpoint)?;
        self.checkpoint = Some((checkpoint.meta.step, path));
        self.checkpoints_fail = false;
        Ok(())
    }

    /// A note on a checkpoint that could not be written, the first time in a row.
    pub fn checkpoint_failed(&mut self, error: &crate::Error, notes: &mut Vec<String>) {
        if !self.checkpoints_fail {
            notes.push(format!("{error}; training goes on, and checkpoints are tried again"));
        }
        self.checkpoints_fail = true;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;

    fn row(step: u64) -> Row {
        Row { step, seconds: 0.5, scalars: BTreeMap::from([("a".to_owned(), step as f64)]) }
    }

    #[test]
    fn rows_that_cannot_be_written_are_written_later() {
        let temporary = crate::test_folder::folder("records");
        let (run, aside) = (temporary.join("run"), temporary.join("aside"));
        fs::create_dir(&run).unwrap();
        let lock = Lock::claim(&run).unwrap();
        let mut records = Records::create(RunFolder { path: run.clone() }, lock).unwrap();
        let mut notes = Vec::new();
        records.row(&row(1), &mut notes);
        // The disk goes away: no row is written any more, and no file can be opened.
        records.metrics = None;
        fs::rename(&run, &aside).unwrap();
        records.row(&row(2), &mut notes);
        records.row(&row(3), &mut notes);
        assert!(notes.len() == 1 && notes[0].contains("metrics.csv") && notes[0].contains("goes on"), "{notes:?}");
        fs::rename(&aside, &run).unwrap();
        records.row(&row(4), &mut notes);
        let path = run.join("metrics.csv");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "step,seconds,a\n1,0.5,1\n2,0.5,2\n3,0.5,3\n4,0.5,4\n");
        assert_eq!(notes.len(), 1);
    }
}
