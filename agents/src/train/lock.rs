//! One process at a time trains in a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::files::failed;
use crate::error::{Error, Result};

/// Held while a run is under way; the system lets go of it however the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Claims a folder.
    ///
    /// # Errors
    /// [`Error::Busy`] if another run has it, of this process or another; [`Error::Io`] if nothing can be written there.
    pub fn claim(folder: &Path) -> Result<Self> {
        let path = folder.join("run.lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| failed("write", &path, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { folder: folder.display().to_string() }),
            // Some file systems on networks have no locks: better none than no training.
            Err(TryLockError::Error(_)) => Ok(Self { _file: None }),
        }
    }
}
