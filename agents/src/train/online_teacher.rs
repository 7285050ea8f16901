//! Teachers in a loop of the user's own: made from names and options, and files that go on bit by bit.

use std::path::Path;

use toml::{Table, Value};

use super::checkpoint::{Checkpoint, Meta};
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::parse;
use crate::state::State;
use crate::teachers::{Bounds, Teacher, find};

/// What its files say instead of the layout of an environment.
const LAYOUT: &str = "teacher";

/// A teacher with what it was made from and what it draws by.
#[derive(Debug)]
pub struct OnlineTeacher {
    config: Table,
    teacher: Teacher,
    noise: Noise,
    /// Tasks drawn so far.
    drawn: u64,
}

impl OnlineTeacher {
    /// A teacher that has heard of nothing yet, over the box between two corners.
    ///
    /// # Errors
    /// [`Error::UnknownTasks`]; [`Error::Task`] for a box that is none; those of unknown options and bad values.
    pub fn new(name: &str, options: &Table, low: Vec<f64>, high: Vec<f64>, seed: u64) -> Result<Self> {
        let (entry, bounds) = (find(name)?, Bounds::new(low, high)?);
        let options = (entry.resolve)(options, &bounds)?;
        let corner = |values: &[f64]| Value::Array(values.iter().map(|&value| Value::Float(value)).collect());
        let config = Table::from_iter([
            ("teacher".to_owned(), Value::String(entry.name.to_owned())),
            ("low".to_owned(), corner(bounds.low())),
            ("high".to_owned(), corner(bounds.high())),
            // As text: TOML's whole numbers have 63 bits.
            ("seed".to_owned(), Value::String(seed.to_string())),
            ("options".to_owned(), Value::Table(options.clone())),
        ]);
        let teacher = Teacher::new(entry, &options, bounds, seed)?;
        Ok(Self { config, teacher, noise: Noise::new(seed, "tasks of a loop"), drawn: 0 })
    }

    /// What it was made from: teacher, low, high, seed, options.
    pub fn config(&self) -> &Table {
        &self.config
    }

    /// The teacher.
    pub fn teacher(&self) -> &Teacher {
        &self.teacher
    }

    /// The next task.
    pub fn sample(&mut self) -> Vec<f64> {
        let mut task = vec![0.0; self.teacher.bounds().dimensions()];
        self.teacher.sample(&mut self.noise.at(self.drawn, 0), &mut task);
        self.drawn += 1;
        task
    }

    /// Hears of the episode of a task.
    ///
    /// # Errors
    /// As [`Teacher::hear`].
    pub fn update(&mut self, task: &[f64], episode_return: f64) -> Result<()> {
        self.teacher.update(task, episode_return).map(drop)
    }

    fn checkpoint(&self) -> Checkpoint {
        let mut agent = State::default();
        self.teacher.save(&mut agent);
        agent.put_u64("drawn", &[self.drawn]);
        let meta = Meta {
            agent: self.teacher.name().to_owned(),
            config: self.config.to_string(),
            step: self.teacher.heard(),
            layout: LAYOUT.to_owned(),
            ..Meta::default()
        };
        Checkpoint { meta, agent, ..Checkpoint::default() }
    }

    /// Writes a file of it, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`]; a former file of this name is as it was.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.checkpoint().write(path)
    }

    /// What [`Self::save`] writes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.checkpoint().to_bytes()
    }

    /// A teacher from its file, where it was.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Checkpoint`] if it is none, damaged, or of another version.
    pub fn load(path: &Path) -> Result<Self> {
        Self::of(&Checkpoint::read(path)?, &path.display().to_string())
    }

    /// The same from [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let path = "the teacher";
        let checkpoint = Checkpoint::parse(bytes)
            .map_err(|reason| Error::Checkpoint { path: path.to_owned(), reason: reason.to_string() })?;
        Self::of(&checkpoint, path)
    }

    fn of(checkpoint: &Checkpoint, path: &str) -> Result<Self> {
        let refused = |reason: String| Error::Checkpoint { path: path.to_owned(), reason };
        if checkpoint.meta.layout != LAYOUT {
            return Err(refused("it is not that of a teacher".to_owned()));
        }
        let config: Table =
            checkpoint.meta.config.parse().map_err(|e: toml::de::Error| refused(e.message().to_owned()))?;
        let get = |name: &str| config.get(name).ok_or_else(|| refused(format!("its configuration has no `{name}`")));
        let text = |name: &str| Ok::<_, Error>(get(name)?.as_str().unwrap_or_default());
        let seed = text("seed")?.parse().map_err(|_| refused("its seed does not read".to_owned()))?;
        let options = get("options")?.as_table().cloned().unwrap_or_default();
        let (low, high) = (parse("low", get("low")?)?, parse("high", get("high")?)?);
        let mut teacher = Self::new(text("teacher")?, &options, low, high, seed)?;
        teacher.teacher.load(&checkpoint.agent)?;
        teacher.drawn = checkpoint.agent.counter("drawn")?;
        Ok(teacher)
    }
}
