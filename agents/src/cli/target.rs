//! What a command works on: a shipped environment by its id, or a file of the user's own.

use std::path::PathBuf;

use shadergym_compiler::{Compiled, Facts};
use shadergym_envs::{Batch, BatchOptions, Device, Error, compile_file, is_file, make_from_file, make_with};
use shadergym_shaders::{Environment, environments};

use super::output::Done;

/// An environment named on the command line.
#[derive(Debug)]
pub enum Target {
    /// By its exact id.
    Shipped(&'static Environment),
    /// By the path of its `.wgsl` file.
    File { path: PathBuf, source: String, compiled: Box<Compiled> },
}

impl Target {
    /// Finds an environment: names that end in `.wgsl`, or in `.wgsl#` and a variant's id, are files, all others are ids.
    pub fn find(name: &str) -> Done<Self> {
        if !is_file(name) {
            // The library's own error has the nearest id.
            let facts = shadergym_envs::spec(name)?;
            let found = environments().iter().find(|e| e.id == facts.id);
            return Ok(Self::Shipped(found.expect("what has facts is in the registry")));
        }
        let path = PathBuf::from(name);
        let (source, compiled) = compile_file(&path)?;
        Ok(Self::File { path, source, compiled: Box::new(compiled) })
    }

    /// What the file declares.
    pub fn facts(&self) -> &Facts {
        match self {
            Self::Shipped(environment) => environment.facts(),
            Self::File { compiled, .. } => &compiled.facts,
        }
    }

    /// Where the file is, seen from the root of the repository for a shipped one.
    pub fn place(&self) -> String {
        match self {
            Self::Shipped(environment) => {
                let facts = environment.facts();
                format!("shaders/{}/{}.wgsl", facts.family, facts.stem)
            }
            Self::File { path, .. } => path.display().to_string(),
        }
    }

    /// The environment's own text.
    pub fn source(&self) -> &str {
        match self {
            Self::Shipped(environment) => environment.source,
            Self::File { source, .. } => source,
        }
    }

    /// What the compiler makes of the file.
    pub fn compiled(&self) -> &Compiled {
        match self {
            Self::Shipped(environment) => environment.compiled(),
            Self::File { compiled, .. } => compiled,
        }
    }

    /// What the GPU runs.
    pub fn kernel_source(&self) -> &str {
        &self.compiled().kernel_source
    }

    /// The generated Rust of the CPU kernels, which a shipped environment may share with its variants.
    pub fn lanes(&self) -> Done<String> {
        match self {
            Self::Shipped(environment) => Ok(environment.lanes()),
            Self::File { compiled, .. } => Ok(compiled.lanes()?),
        }
    }

    /// A batch of it.
    pub fn make(&self, options: &BatchOptions) -> Result<Batch, Error> {
        match self {
            Self::Shipped(environment) => make_with(environment.id, options),
            Self::File { path, .. } => make_from_file(path, options),
        }
    }
}

/// Parses `--device`.
pub fn device(text: &str) -> Result<Device, String> {
    text.parse::<Device>().map_err(|e| e.to_string())
}

/// Parses a number of instances.
pub fn num_envs(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse::<usize>() {
        Ok(n) if n > 0 && u32::try_from(n).is_ok() => Ok(n),
        _ => Err("allowed is a whole number of instances, 1 to 4294967295".to_owned()),
    }
}

/// Parses a whole number of at least one.
pub fn positive(text: &str) -> Result<usize, String> {
    match text.replace('_', "").parse::<usize>() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err("allowed is a whole number, 1 or more".to_owned()),
    }
}
