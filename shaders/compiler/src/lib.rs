//! The compiler of shadergym: one WGSL file in, an environment out.
//!
//! [`compile`] links the file with the prelude, parses and validates it with naga, checks it against the
//! environment contract and the lints, reflects its [`Facts`], and links the kernel behind it. From the result
//! come the GPU kernels ([`Compiled::kernel_source`]) and the CPU functions ([`Compiled::lanes`]). The build script
//! of `shadergym-shaders` uses it for the shipped environments, the GPU back end for users' own files at run time.

mod error;
mod facts;
mod glue;
mod lanes;
mod link;
mod lint;
mod reflect;

use std::path::Path;

pub use error::{CompileError, Diagnostic, nearest};
pub use facts::*;
pub use link::Library;
use link::{Linked, link, link_kernel};
pub use lint::{LINTS, Lint};
pub use reflect::HEADINGS;

/// A compiled environment.
#[derive(Debug)]
pub struct Compiled {
    /// What the file declares.
    pub facts: Facts,
    /// WGSL of the environment, the prelude modules it uses, the glue and the kernel: what the GPU runs.
    pub kernel_source: String,
    module: naga::Module,
    info: naga::valid::ModuleInfo,
}

impl Compiled {
    /// The Rust source of the CPU kernels.
    ///
    /// # Errors
    /// A construct that the CPU back end cannot translate.
    pub fn lanes(&self) -> Result<String, CompileError> {
        lanes::generate(&self.facts, &self.module, &self.info).map_err(|errors| CompileError {
            diagnostics: errors
                .into_iter()
                .map(|message| Diagnostic {
                    file: format!("{}.wgsl", self.facts.stem),
                    line: 0,
                    column: 0,
                    code: "lanes",
                    message,
                    fix: "write it with the constructs that the contract lists".to_owned(),
                    excerpt: String::new(),
                })
                .collect(),
        })
    }
}

/// Compiles the environment in `source`. `path` names it in errors; its stem and folder become the environment's.
///
/// # Errors
/// Everything that is wrong with the file, at once where possible: parse errors alone, else contract and lints.
pub fn compile(path: &Path, source: &str, library: &Library) -> Result<Compiled, CompileError> {
    let file = path.to_string_lossy();
    let part = |p: Option<&std::ffi::OsStr>| p.map_or(String::new(), |s| s.to_string_lossy().into_owned());
    let stem = part(path.file_stem());
    let family = part(path.parent().and_then(Path::file_name));
    let linked = link(&file, source, library)?;
    let (module, _) = parse(&linked)?;
    let mut reflect = reflect::Reflect::new(&module, &linked);
    let facts = reflect.facts(&stem, &family);
    let mut diagnostics = std::mem::take(&mut reflect.findings);
    diagnostics.extend(lint::lint(&module, &linked));
    let facts = match facts {
        Some(facts) if diagnostics.is_empty() => facts,
        _ => {
            diagnostics.sort_by_key(|d| d.line);
            return Err(CompileError { diagnostics });
        }
    };
    let glue = glue::glue(&reflect, &facts);
    let all = link_kernel(&linked, &glue, library)?;
    let (module, info) = parse(&all)?;
    Ok(Compiled { facts, kernel_source: all.text, module, info })
}

/// Parses and validates linked text.
fn parse(linked: &Linked) -> Result<(naga::Module, naga::valid::ModuleInfo), CompileError> {
    let mut options = naga::front::wgsl::Options::new();
    options.parse_doc_comments = true;
    let mut frontend = naga::front::wgsl::Frontend::new_with_options(options);
    let module = frontend.parse(&linked.text).map_err(|error| {
        let at = error.location(&linked.text).map_or(0, |l| l.offset as usize);
        let fix = error.notes().collect::<Vec<_>>().join("; ");
        let label = error.labels().map(|(_, text)| text).find(|t| !t.is_empty()).unwrap_or("").to_owned();
        let message = if label.is_empty() { error.message().to_owned() } else { format!("{}: {label}", error.message()) };
        CompileError::from(linked.diagnostic(at, "parse", message, if fix.is_empty() { "correct the WGSL at this place" } else { &fix }))
    })?;
    let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
    let info = validator.validate(&module).map_err(|error| {
        let at = error.location(&linked.text).map_or(0, |l| l.offset as usize);
        let mut message = error.as_inner().to_string();
        let mut source = std::error::Error::source(error.as_inner());
        while let Some(inner) = source {
            message = format!("{message}: {inner}");
            source = inner.source();
        }
        CompileError::from(linked.diagnostic(at, "validate", message, "correct the WGSL at this place"))
    })?;
    Ok((module, info))
}
