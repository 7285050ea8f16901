//! The folder of a run.

use std::fs;
use std::path::{Path, PathBuf};

use super::checkpoint::Checkpoint;
use super::config::{Plan, RunConfig};
use super::files::{failed, replace};
use super::options::Out;
use crate::error::{Error, Result};

/// Checkpoints that are kept.
const KEPT: usize = 3;

/// A checkpoint with its file, if there is one, and what people should know of others.
pub(crate) type Found = (Option<(Checkpoint, PathBuf)>, Vec<String>);

/// Where the files of a run are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunFolder {
    pub path: PathBuf,
}

impl RunFolder {
    /// A new folder with its `config.toml`; None if nothing is to be written.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::InvalidOption`] if there is something in it.
    pub fn create(out: &Out, plan: &Plan) -> Result<Option<Self>> {
        let name = format!("{}-{}-{}", plan.facts.slug(), plan.entry.name, plan.config.seed);
        let Some(path) = free_folder(out, &name)? else { return Ok(None) };
        let folder = Self { path };
        let checkpoints = folder.checkpoints();
        fs::create_dir_all(&checkpoints).map_err(|e| failed("create", &checkpoints, e))?;
        folder.write_config(&plan.config)?;
        Ok(Some(folder))
    }

    /// The folder of an existing run, which may be training right now: nothing in it is touched.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Checkpoint`] if it is no run.
    pub fn open(path: &Path) -> Result<(Self, RunConfig)> {
        let no_run = |reason: String| Error::Checkpoint { path: path.display().to_string(), reason };
        fs::read_dir(path).map_err(|e| failed("read", path, e))?;
        let config = path.join("config.toml");
        let text = fs::read_to_string(&config)
            .map_err(|e| no_run(format!("it is not the folder of a run (config.toml: {e})")))?;
        let config = RunConfig::from_toml(&text).map_err(|e| no_run(format!("config.toml: {e}")))?;
        Ok((Self { path: path.to_owned() }, config))
    }

    /// Removes the parts of files of a process that was killed. Only for who goes on with the run: the parts of a
    /// process that is alive are those of its next files.
    pub fn clean(&self) {
        for place in [self.path.clone(), self.checkpoints()] {
            for entry in fs::read_dir(place).into_iter().flatten().flatten() {
                if entry.path().extension().is_some_and(|e| e == "part") {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }

    pub fn write_config(&self, config: &RunConfig) -> Result<()> {
        self.write("config.toml", config.to_toml().as_bytes())
    }

    /// Writes a file of this folder, whole or not at all.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        replace(&self.path.join(name), |file| file.write_all(content))
    }

    fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Writes a checkpoint and removes all but the newest few.
    pub fn write_checkpoint(&self, checkpoint: &Checkpoint) -> Result<PathBuf> {
        let path = self.checkpoints().join(format!("{}.safetensors", checkpoint.meta.step));
        checkpoint.write(&path)?;
        let older = list(&self.checkpoints()).into_iter().filter(|(step, _)| *step < checkpoint.meta.step);
        for (_, path) in older.skip(KEPT - 1) {
            let _ = fs::remove_file(path);
        }
        Ok(path)
    }

    /// The newest checkpoint that can be read, with its path, and a note for each newer one that cannot.
    ///
    /// # Errors
    /// That of the newest if none can be read.
    pub fn latest(&self) -> Result<Found> {
        self.latest_after(None)
    }

    /// [`Self::latest`] among the checkpoints of steps above this one.
    ///
    /// # Errors
    /// As [`Self::latest`].
    pub fn latest_after(&self, after: Option<u64>) -> Result<Found> {
        let mut errors: Vec<Error> = Vec::new();
        for (_, path) in list(&self.checkpoints()).into_iter().take_while(|(step, _)| Some(*step) > after) {
            match Checkpoint::read(&path) {
                Ok(checkpoint) => {
                    let notes = errors.iter().map(|e| format!("{e}; going on from {}", path.display())).collect();
                    return Ok((Some((checkpoint, path)), notes));
                }
                Err(error) => errors.push(error),
            }
        }
        errors.into_iter().next().map_or(Ok((None, Vec::new())), Err)
    }
}

/// A folder that is new or empty; None if nothing is to be written. Below `runs` it is called `name` with a number.
///
/// # Errors
/// [`Error::Io`]; [`Error::InvalidOption`] if there is something in it.
pub(super) fn free_folder(out: &Out, name: &str) -> Result<Option<PathBuf>> {
    match out {
        Out::Memory => Ok(None),
        Out::Folder(path) => {
            if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(Error::InvalidOption {
                    option: "out".to_owned(),
                    value: format!("{}, where there is something already", path.display()),
                    allowed: "a folder that does not exist or is empty; `shadergym resume` goes on with a run"
                        .to_owned(),
                });
            }
            fs::create_dir_all(path).map_err(|e| failed("create", path, e))?;
            Ok(Some(path.clone()))
        }
        Out::Runs => {
            let runs = Path::new("runs");
            fs::create_dir_all(runs).map_err(|e| failed("create", runs, e))?;
            let mut n = 1;
            loop {
                let path = runs.join(format!("{name}-{n}"));
                // Claims the name, also among runs that start at the same moment.
                match fs::create_dir(&path) {
                    Ok(()) => return Ok(Some(path)),
                    Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => n += 1,
                    Err(e) => return Err(failed("create", &path, e)),
                }
            }
        }
    }
}

/// Checkpoints of a folder, newest first.
fn list(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let step = |path: &PathBuf| path.file_name()?.to_str()?.strip_suffix(".safetensors")?.parse().ok();
    let mut found: Vec<(u64, PathBuf)> = entries.filter_map(|path| Some((step(&path)?, path))).collect();
    found.sort_by_key(|(step, _)| std::cmp::Reverse(*step));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::checkpoint::Meta;

    #[test]
    fn the_newest_readable_checkpoint_is_found() {
        let temporary = crate::test_folder::folder("run");
        let folder = RunFolder { path: temporary.to_owned() };
        fs::create_dir_all(folder.checkpoints()).unwrap();
        assert_eq!(folder.latest().unwrap(), (None, Vec::new()));
        for step in [900, 1000, 20_000, 3_000] {
            let meta = Meta { step, ..Meta::default() };
            folder.write_checkpoint(&Checkpoint { meta, ..Checkpoint::default() }).unwrap();
        }
        let steps = || list(&folder.checkpoints()).into_iter().map(|(step, _)| step).collect::<Vec<_>>();
        assert_eq!(steps(), [20_000, 3_000, 1000, 900]);
        folder
            .write_checkpoint(&Checkpoint { meta: Meta { step: 30_000, ..Meta::default() }, ..Default::default() })
            .unwrap();
        assert_eq!(steps(), [30_000, 20_000, 3_000]);
        let newest = folder.checkpoints().join("30000.safetensors");
        fs::write(&newest, &fs::read(&newest).unwrap()[..20]).unwrap();
        let (found, notes) = folder.latest().unwrap();
        assert_eq!(found.unwrap().0.meta.step, 20_000);
        assert!(
            notes.len() == 1 && notes[0].contains("30000.safetensors") && notes[0].contains("cut off"),
            "{notes:?}"
        );
        for (_, path) in list(&folder.checkpoints()) {
            fs::write(path, "x").unwrap();
        }
        assert!(folder.latest().unwrap_err().to_string().contains("30000.safetensors"));
    }
}
