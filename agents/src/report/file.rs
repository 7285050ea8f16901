//! Files of runs and reports, with errors that name them.

use std::fs;
use std::path::Path;

use crate::error::Result;
pub(crate) use crate::train::files::failed;

/// The text of a file.
///
/// # Errors
/// [`crate::Error::Io`].
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| failed("read", path, e))
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`crate::Error::Io`].
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| failed("create", path, e))
}

/// Replaces a file as a whole: readers see the old one or the new one, also after a crash.
///
/// # Errors
/// [`crate::Error::Io`]; then the old file is as it was.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    crate::train::files::replace(path, |file| file.write_all(content))
}
