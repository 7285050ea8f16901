//! Environments loaded at run time from a file of the user's own.

use std::fs;
use std::path::Path;

use shadergym_compiler::{Facts, compile};

use crate::error::{Error, Result};

/// A compiled environment of the user's own; it runs on the GPU back end, software Vulkan included.
#[derive(Debug, Clone)]
pub struct UserEnvironment {
    /// What the file declares: id, spaces, parameters, state.
    pub facts: Facts,
    /// The WGSL that the device runs: the file, the prelude modules it imports, the glue and the kernel.
    pub kernel_source: String,
}

impl UserEnvironment {
    /// Reads and compiles a `.wgsl` file.
    ///
    /// # Errors
    /// [`Error::Unreadable`]; [`Error::Compile`], whose text shows file, line, excerpt and what to do, for all
    /// findings at once.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let source = fs::read_to_string(path)
            .map_err(|e| Error::Unreadable { path: path.display().to_string(), message: e.to_string() })?;
        Self::compile(path, &source)
    }

    /// Compiles source text; `path` names it in errors, its stem becomes the environment's.
    ///
    /// # Errors
    /// [`Error::Compile`].
    pub fn compile(path: impl AsRef<Path>, source: &str) -> Result<Self> {
        let compiled = compile(path.as_ref(), source, shadergym_shaders::library())?;
        Ok(Self { facts: compiled.facts, kernel_source: compiled.kernel_source })
    }
}
