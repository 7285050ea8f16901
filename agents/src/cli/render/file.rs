//! A file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cli::output::{Done, Failure};

/// Written beside its final place and moved there at the end; removed if that never comes.
pub struct NewFile {
    file: Option<BufWriter<File>>,
    part: PathBuf,
    path: PathBuf,
    bytes: u64,
}

/// The failure for a path.
pub fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::Message(format!("cannot write {}: {error}", path.display()))
}

impl NewFile {
    pub fn create(path: &Path) -> Done<Self> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let (shown, folder) = (path.display(), folder.display());
            return Err(Failure::Message(format!(
                "cannot write {shown}: the folder {folder} does not exist; make it first"
            )));
        }
        if path.is_dir() {
            return Err(Failure::Message(format!("cannot write {}: it is a folder", path.display())));
        }
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let file = File::create(&part).map_err(|e| failed(path, e))?;
        Ok(Self { file: Some(BufWriter::new(file)), part, path: path.to_owned(), bytes: 0 })
    }

    /// Moves the file to its place; gives its size.
    pub fn finish(mut self) -> Done<u64> {
        let mut file = self.file.take().expect("finished once");
        let moved = file.flush().and_then(|()| fs::rename(&self.part, &self.path));
        if moved.is_err() {
            let _ = fs::remove_file(&self.part);
        }
        moved.map(|()| self.bytes).map_err(|e| failed(&self.path, e))
    }
}

impl Write for NewFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let Some(file) = &mut self.file else { return Err(io::Error::other("the file is finished")) };
        let written = file.write(data)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.part);
        }
    }
}
