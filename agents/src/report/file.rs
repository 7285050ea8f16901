//! Files of runs and reports, with errors that name them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The error for a path.
pub fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, path: path.display().to_string(), source }
}

/// The text of a file.
///
/// # Errors
/// [`Error::Io`].
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| failed("read", path, e))
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`Error::Io`].
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|e| failed("create", path, e))
}

/// Replaces a file as a whole: readers see the old one or the new one, also after a crash.
///
/// # Errors
/// [`Error::Io`]; then the old file is as it was.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    let part = part(path);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(content)?;
        // Else the new name may come before the data.
        file.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&part, path));
    if moved.is_err() {
        let _ = fs::remove_file(&part);
    }
    moved.map_err(|e| failed("write", path, e))
}

/// Beside the file, so that moving it never crosses a file system; no two writers share one.
fn part(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{}.part", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// A fresh empty folder for a test.
#[cfg(test)]
pub(crate) fn test_folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("shadergym-report-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("temporary folders can be made");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = test_folder("file");
        let path = folder.join("x");
        write(&path, b"long first text").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(read(&path).unwrap(), "second");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left behind");
        let bad = write(&folder.join("none/x"), b"").unwrap_err().to_string();
        assert!(bad.starts_with("cannot write") && bad.contains("none/x"), "{bad}");
    }
}
