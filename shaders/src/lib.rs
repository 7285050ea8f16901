//! The shipped environments: checked WGSL in, facts and CPU kernels out. No GPU library in here.
//!
//! The build script walks `shaders/<family>/*.wgsl`; each file becomes an [`Environment`].

use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use shadergym_compiler::{Compiled, Facts, Library, compile_variant, shared_lanes};

// Generated code names this crate so, in here and in others.
extern crate self as shadergym_shaders;

pub mod aligned;
pub mod interpreter;
pub mod lanes;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/environments.rs"));
    include!(concat!(env!("OUT_DIR"), "/library.rs"));
}

/// Why a shipped file compiles.
const SAME_TEXT: &str = "the build script compiled the same text";

/// Code that is compiled in: of an environment, and of the variants of its file that share it.
#[derive(Debug)]
pub struct Code {
    /// Module of the generated code.
    pub module: &'static str,
    path: &'static str,
    id: &'static str,
    source: &'static str,
    kernels: &'static [lanes::Kernel],
    compiled: OnceLock<Compiled>,
}

impl Code {
    /// For generated code.
    pub const fn new(
        module: &'static str,
        path: &'static str,
        id: &'static str,
        source: &'static str,
        kernels: &'static [lanes::Kernel],
    ) -> Self {
        Self { module, path, id, source, kernels, compiled: OnceLock::new() }
    }
}

/// One environment that is compiled in; a variant that its file lists is one too.
///
/// The binary holds what every use needs: the text, the facts, the machine code. What is derived from the text, as the
/// GPU's kernel, is derived again when somebody asks for it.
#[derive(Debug)]
pub struct Environment {
    /// File stem, e.g. `cart_pole`.
    pub stem: &'static str,
    /// Public id, e.g. `CartPole-v1`.
    pub id: &'static str,
    /// The environment's own file.
    pub source: &'static str,
    /// The CPU kernels, one per SIMD level of this build, the plain reference (width 1) first.
    pub kernels: &'static [lanes::Kernel],
    /// Whose code it is, which variants may share.
    pub code: &'static Code,
    /// What this id has of what the ids that share the code differ in; goes to the kernels with [`lanes::Control`].
    pub constants: &'static [u32],
    facts_json: &'static str,
    facts: OnceLock<Facts>,
    compiled: OnceLock<Compiled>,
}

impl Environment {
    /// For generated code.
    pub const fn new(
        stem: &'static str,
        id: &'static str,
        code: &'static Code,
        constants: &'static [u32],
        facts_json: &'static str,
    ) -> Self {
        Self {
            stem,
            id,
            source: code.source,
            kernels: code.kernels,
            code,
            constants,
            facts_json,
            facts: OnceLock::new(),
            compiled: OnceLock::new(),
        }
    }

    /// Whether its code is that of another id of its file, from which it differs in constants.
    pub fn shares_code(&self) -> bool {
        self.code.id != self.id
    }

    /// What the file declares.
    pub fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| serde_json::from_str(self.facts_json).expect("written by the build script"))
    }

    /// What the compiler makes of the file: some milliseconds at the first call, kept then. Where ids differ in nothing that
    /// code depends on it is that of the first of them, so that a GPU compiles one kernel.
    pub fn compiled(&self) -> &Compiled {
        let (id, compiled) = match self.constants {
            [] => (self.code.id, &self.code.compiled),
            _ => (self.id, &self.compiled),
        };
        compiled.get_or_init(|| {
            let compiled = compile_variant(Path::new(self.code.path), self.source, library(), Some(id));
            compiled.expect(SAME_TEXT)
        })
    }

    /// The Rust source that the kernels were compiled from, made anew.
    pub fn lanes(&self) -> String {
        let lanes = shared_lanes(Path::new(self.code.path), self.source, library()).expect(SAME_TEXT);
        let id = lanes.ids.iter().find(|id| id.compiled.facts.id == self.id).expect(SAME_TEXT);
        lanes.codes[id.code].clone()
    }

    /// The kernels for `level`, or for the best level that both this environment and this machine have; None if they
    /// lack it.
    pub fn kernel(&self, level: Option<lanes::Level>) -> Option<&'static lanes::Kernel> {
        let mut kernels = self.kernels.iter().rev().filter(|k| k.level.is_available());
        kernels.find(|k| level.is_none_or(|level| k.level == level))
    }
}

/// All shipped environments, sorted by stem, variants behind the environment that they vary.
pub fn environments() -> &'static [Environment] {
    &generated::ENVIRONMENTS
}

/// The prelude and the kernel, for compiling users' own files.
pub fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
        let texts = |files: &[(&str, &str)]| files.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Library { modules: texts(generated::MODULES), kernel: texts(generated::KERNEL) }
    });
    &LIBRARY
}
