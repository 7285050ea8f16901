//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The error of a path.
pub(crate) fn failed(doing: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { doing, path: path.display().to_string(), source }
}

/// Writes a file beside its place, forces it to the disk and moves it there: after a crash or on a full disk the place
/// holds the former file or the new one, never a part.
///
/// # Errors
/// [`Error::Io`]; the part is removed.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let part = part_of(path);
    let written = (|| {
        let mut file = BufWriter::with_capacity(1 << 18, File::create(&part)?);
        write(&mut file)?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&part, path)?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    })();
    written.map_err(|e| {
        let _ = fs::remove_file(&part);
        failed("write", path, e)
    })
}

/// Where a file is until it is whole.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// Forces the names in a folder to the disk, where the system has such a thing.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_former_file() {
        let folder = crate::test_folder::folder("files");
        let path = folder.join("x");
        replace(&path, |f| f.write_all(b"former")).unwrap();
        let full = |f: &mut dyn Write| {
            f.write_all(&vec![1; 1 << 20])?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        let error = replace(&path, full).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()) && error.contains("cannot write"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"former");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "the part is gone");
        replace(&path, |f| f.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}
