//! The shipped environments: checked WGSL in, facts and CPU kernels out. No GPU library in here.
//!
//! The build script walks `shaders/<family>/*.wgsl`; each file becomes an [`Environment`].

use std::sync::{LazyLock, OnceLock};

use shadergym_compiler::{Facts, Library};

pub mod lanes;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/environments.rs"));
}

/// One shipped environment.
#[derive(Debug)]
pub struct Environment {
    /// File stem, e.g. `cart_pole`.
    pub stem: &'static str,
    /// Public id, e.g. `CartPole-v1`.
    pub id: &'static str,
    /// The environment's own file.
    pub source: &'static str,
    /// What the GPU runs: environment, prelude, glue and kernel.
    pub kernel_source: &'static str,
    /// The generated Rust of the CPU kernels, for reading.
    pub lanes_source: &'static str,
    /// The CPU kernels, one per SIMD level of this build, the plain reference (width 1) first.
    pub kernels: &'static [lanes::Kernel],
    facts_json: &'static str,
    facts: OnceLock<Facts>,
}

impl Environment {
    const fn new(
        stem: &'static str,
        id: &'static str,
        source: &'static str,
        kernel_source: &'static str,
        facts_json: &'static str,
        lanes_source: &'static str,
        kernels: &'static [lanes::Kernel],
    ) -> Self {
        Self { stem, id, source, kernel_source, lanes_source, kernels, facts_json, facts: OnceLock::new() }
    }

    /// What the file declares.
    pub fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| serde_json::from_str(self.facts_json).expect("written by the build script"))
    }
}

/// All shipped environments, sorted by stem.
pub fn environments() -> &'static [Environment] {
    &generated::ENVIRONMENTS
}

/// Environments that exist to test the compiler, the lanes and the prelude (`tests/selftest`), sorted by stem.
#[cfg(feature = "selftest")]
pub fn selftests() -> &'static [Environment] {
    &generated::SELFTESTS
}

/// The prelude and the kernel, for compiling users' own files.
pub fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library {
        modules: generated::MODULES.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        kernel: generated::KERNEL.to_owned(),
    });
    &LIBRARY
}
