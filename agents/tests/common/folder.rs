//! Folders of tests, for tests inside the crate and beside it.

use std::ops::Deref;
use std::path::Path;

use tempfile::TempDir;

/// A folder that goes with this value, also where the test panics.
#[derive(Debug)]
pub struct Folder(TempDir);

/// A fresh empty folder in that of temporary files, with the test's name in its own.
pub fn folder(name: &str) -> Folder {
    let made = tempfile::Builder::new().prefix(&format!("shadergym-{name}-")).tempdir();
    Folder(made.expect("temporary folders can be made"))
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        self
    }
}
