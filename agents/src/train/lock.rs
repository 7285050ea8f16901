//! One process at a time trains in a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::files::failed;
use crate::error::{Error, Result};

/// Held while a run is under way; the system lets go of it however the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: Option<File>,
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
            Ok(()) => Ok(Self { file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(Error::Busy { folder: folder.display().to_string() }),
            // Some file systems on networks have no locks: better none than no training.
            Err(TryLockError::Error(_)) => Ok(Self { file: None }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that another thread is starting holds a copy of the file until it is another program: closing ours
        // would leave the folder claimed that long. What cannot be let go of goes with the last copy.
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_free_once_its_run_is_over_whoever_has_copies_of_the_file() {
        let folder = crate::test_folder::folder("lock");
        let lock = Lock::claim(&folder).unwrap();
        assert!(matches!(Lock::claim(&folder), Err(Error::Busy { .. })));
        let copy = lock.file.as_ref().map(|file| file.try_clone().unwrap());
        drop(lock);
        Lock::claim(&folder).unwrap();
        drop(copy);
    }
}
