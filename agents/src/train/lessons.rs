//! `teacher.jsonl` of a run: what its teacher learned, one object per line and change, with the `step` at which it was written;
//! and `episodes.jsonl`, the episodes that were played with their tasks, one object per line and iteration.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::files::failed;
use crate::agent::{Episode, Log};
use crate::error::Result;
use crate::report::file;

/// Name of the file in the folder of a run that a teacher writes.
pub const FILE: &str = "teacher.jsonl";
/// Name of the file of the episodes, where a source proposes tasks.
pub const EPISODES: &str = "episodes.jsonl";

/// The file, which is there from the first line on.
#[derive(Debug)]
pub(super) struct Lessons {
    path: PathBuf,
    /// None before the first line and after a failure.
    open: Option<File>,
    /// Bytes of whole lines in the file.
    whole: u64,
    /// Lines that are not in it.
    pending: String,
    /// Whether the last attempt failed, and people know.
    fails: bool,
}

impl Lessons {
    pub fn new(folder: &Path, name: &str) -> Self {
        Self { path: folder.join(name), open: None, whole: 0, pending: String::new(), fails: false }
    }

    /// Adds the episodes of an iteration, with their tasks of so many numbers, as [`Self::write`] does.
    pub fn write_episodes(&mut self, step: u64, log: &Log) -> Option<String> {
        if log.tasks.is_empty() {
            return None;
        }
        let of = |value: fn(&Episode) -> Json| log.episodes.iter().map(value).collect::<Vec<_>>();
        let tasks: Vec<&[f64]> = log.tasks.chunks_exact(log.tasks.len() / log.episodes.len()).collect();
        let (returns, lengths) = (of(|e| json!(e.episode_return)), of(|e| json!(e.length)));
        self.write(step, vec![json!({ "tasks": tasks, "returns": returns, "lengths": lengths })])
    }

    /// Removes what an earlier attempt may have left there.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("remove", &self.path, error)),
            _ => Ok(()),
        }
    }

    /// Goes back to a checkpoint of this step: lines of later steps will come again. Those from the first on that does not read
    /// are dropped too, as a note says.
    ///
    /// # Errors
    /// [`crate::Error::Io`].
    pub fn go_back(&mut self, step: u64, notes: &mut Vec<String>) -> Result<()> {
        (self.open, self.whole) = (None, 0);
        self.pending.clear();
        let bytes = match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            read => read.map_err(|error| failed("read", &self.path, error))?,
        };
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let of = serde_json::from_slice::<Json>(line).ok().and_then(|row| row["step"].as_u64());
            match of.filter(|_| line.ends_with(b"\n")) {
                Some(of) if of <= step => self.whole += line.len() as u64,
                Some(_) => break,
                None => {
                    notes.push(format!(
                        "{}: what lies behind byte {} does not read and is dropped",
                        self.path.display(),
                        self.whole
                    ));
                    break;
                }
            }
        }
        file::write(&self.path, &bytes[..self.whole as usize])
    }

    /// Adds lines, each on its way to the disk before this returns. What cannot be written is written later, and a note the
    /// first time.
    pub fn write(&mut self, step: u64, rows: Vec<Json>) -> Option<String> {
        for mut row in rows {
            row["step"] = json!(step);
            self.pending += &format!("{row}\n");
        }
        if self.pending.is_empty() {
            return None;
        }
        let written = self.write_pending();
        let news = written.is_err() && !self.fails;
        self.fails = written.is_err();
        let error = written.err().filter(|_| news)?;
        Some(format!(
            "{}; training goes on, lines are kept and written as soon as that works",
            failed("write", &self.path, error)
        ))
    }

    fn write_pending(&mut self) -> std::io::Result<()> {
        let mut file = match self.open.take() {
            Some(file) => file,
            None => {
                let file = OpenOptions::new().create(true).append(true).open(&self.path)?;
                // Part of a line may have been written.
                file.set_len(self.whole)?;
                file
            }
        };
        file.write_all(self.pending.as_bytes())?;
        self.whole += self.pending.len() as u64;
        self.pending.clear();
        self.open = Some(file);
        Ok(())
    }

    /// Forces the lines to the disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&self) -> std::io::Result<()> {
        self.open.as_ref().map_or(Ok(()), File::sync_data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u64) -> Vec<Json> {
        vec![json!({ "n": n })]
    }

    #[test]
    fn lines_are_written_later_and_come_again_behind_a_checkpoint() {
        let temporary = crate::test_folder::folder("lessons");
        let (run, aside) = (temporary.join("run"), temporary.join("aside"));
        fs::create_dir(&run).unwrap();
        let mut lessons = Lessons::new(&run, FILE);
        assert!(lessons.write(1, Vec::new()).is_none() && !run.join(FILE).exists());
        assert!(lessons.write(1, row(1)).is_none());
        // The disk goes away.
        lessons.open = None;
        fs::rename(&run, &aside).unwrap();
        assert!(lessons.write(2, row(2)).unwrap().contains("goes on"));
        assert!(lessons.write(3, row(3)).is_none(), "said once");
        fs::rename(&aside, &run).unwrap();
        fs::write(run.join(FILE), "{\"n\":1,\"step\":1}\n{\"n\":2").unwrap();
        assert!(lessons.write(4, row(4)).is_none() && lessons.sync().is_ok());
        let text = || fs::read_to_string(run.join(FILE)).unwrap();
        let all = "{\"n\":1,\"step\":1}\n{\"n\":2,\"step\":2}\n{\"n\":3,\"step\":3}\n{\"n\":4,\"step\":4}\n";
        assert_eq!(text(), all);
        let (mut again, mut notes) = (Lessons::new(&run, FILE), Vec::new());
        fs::write(run.join(FILE), format!("{all}{{\"n\"")).unwrap();
        again.go_back(3, &mut notes).unwrap();
        assert!(notes.is_empty() && text().lines().count() == 3, "{notes:?}");
        fs::write(run.join(FILE), "{\"n\":1,\"step\":1}\nno row\n{\"n\":3,\"step\":3}\n").unwrap();
        again.go_back(3, &mut notes).unwrap();
        assert!(notes.len() == 1 && text() == "{\"n\":1,\"step\":1}\n", "{notes:?}");
        again.write(2, row(2));
        assert_eq!(text().lines().count(), 2);
        again.remove().unwrap();
        assert!(!run.join(FILE).exists() && again.remove().is_ok());
    }
}
