//! The compiler of shadergym: one WGSL file in, an environment out.
//!
//! [`compile`] links the file with the prelude, parses and validates it with naga, checks it against the
//! environment contract and the lints, reflects its [`Facts`], and links the kernel behind it. From the result
//! come the GPU kernels ([`Compiled::kernel_source`]) and the CPU functions ([`Compiled::lanes`]). Build scripts
//! ([`build_script`]) use it for the shipped environments, the GPU back end at run time.

mod actions;
pub mod build_script;
mod built_ins;
pub mod bytecode;
mod conditional;
mod contract;
mod error;
mod facts;
mod fresh;
mod glue;
mod ids;
mod lanes;
mod link;
mod lint;
mod memory;
mod outcome;
mod projection;
mod records;
mod reflect;
mod rows;
mod signatures;
mod source;
mod spaces;
mod swizzle;
mod template;
mod variants;
mod words;

use std::path::Path;

pub use built_ins::{Argument, BUILT_INS, BuiltIn, Kind as ScalarKind};
pub use contract::HEADINGS;
pub use error::{CompileError, Diagnostic, nearest};
pub use facts::*;
pub use ids::{SharedId, SharedLanes, shared_lanes};
pub use link::Library;
use link::{Linked, link, link_kernel};
pub use lint::{LINTS, Lint};
pub use projection::{Projection, ProjectionError, random_projection};
pub use template::{TemplateError, template};

/// Largest float that is an `i32`. WGSL converts what lies above to the largest integer that a float can hold, not to the
/// largest integer: so do GPUs, and so does naga where it folds constants.
pub const LARGEST_I32: f32 = 2_147_483_520.0;
/// Largest float that is a `u32`.
pub const LARGEST_U32: f32 = 4_294_967_040.0;

/// A compiled environment.
#[derive(Debug)]
pub struct Compiled {
    /// What the file declares.
    pub facts: Facts,
    /// WGSL of the environment, the prelude modules it uses, the glue and the kernel: what the GPU runs. Where large
    /// values stay in memory it is the text that naga writes of the rewritten module.
    pub kernel_source: String,
    /// Words of the buffer `kernel_tables`: the environment's large constant arrays.
    pub tables: Vec<u32>,
    linked: Linked,
    module: naga::Module,
    info: naga::valid::ModuleInfo,
}

impl Compiled {
    /// The Rust source of the CPU kernels of this id alone; see [`shared_lanes`].
    ///
    /// # Errors
    /// A construct that the CPU back end cannot translate.
    pub fn lanes(&self) -> Result<String, CompileError> {
        lanes::generate(self.input()).map_err(|refusals| self.untranslated(refusals))
    }

    fn input(&self) -> lanes::Input<'_> {
        lanes::Input { facts: &self.facts, module: &self.module, info: &self.info }
    }

    /// The programs of the interpreter, which runs files that were not compiled into the build; takes milliseconds.
    ///
    /// # Errors
    /// A construct that the CPU back end cannot translate.
    pub fn bytecode(&self, options: bytecode::Options) -> Result<bytecode::Bytecode, CompileError> {
        bytecode::lower(&self.facts, &self.module, &self.info, options)
            .map_err(|refusal| self.untranslated(vec![refusal]))
    }

    fn untranslated(&self, refusals: Vec<lanes::Refusal>) -> CompileError {
        let fix = "write it with the constructs that the contract lists";
        refused(&self.linked, refusals, "lanes", "the CPU back end cannot translate", fix)
    }
}

/// What a back end refuses, at the functions that hold it.
fn refused(linked: &Linked, refusals: Vec<lanes::Refusal>, code: &'static str, what: &str, fix: &str) -> CompileError {
    let finding = |refusal: lanes::Refusal| {
        let at = source::declaration(&linked.text, &refusal.function).unwrap_or(0);
        linked.diagnostic(at, code, format!("`{}`: {what} {}", refusal.function, refusal.what), fix)
    };
    sorted(refusals.into_iter().map(finding).collect())
}

/// Compiles the environment in `source`. `path` names it in errors; its stem and folder become the environment's.
///
/// # Errors
/// Everything that is wrong with the file, at once where possible: parse errors alone, else contract and lints.
pub fn compile(path: &Path, source: &str, library: &Library) -> Result<Compiled, CompileError> {
    compile_variant(path, source, library, None)
}

/// Compiles a variant that the file lists under `# Variants`, or the environment itself by its own id or None.
///
/// # Errors
/// As [`compile`]; a variant that the file does not list.
pub fn compile_variant(
    path: &Path,
    source: &str,
    library: &Library,
    id: Option<&str>,
) -> Result<Compiled, CompileError> {
    let file = path.to_string_lossy();
    let linked = link(&file, source, library)?;
    let listed = variants::variants(&linked, source)?;
    let ids: Vec<String> = listed.iter().map(|v| v.id.clone()).collect();
    let own = source::own_id(source);
    let Some(id) = id.filter(|id| own != Some(*id)) else {
        // What their values mean is seen when they are compiled; that they have a place is seen here.
        let wrong = listed.iter().filter_map(|v| variants::apply(&linked, source, v).err());
        let diagnostics: Vec<Diagnostic> = wrong.flat_map(|error| error.diagnostics).collect();
        if !diagnostics.is_empty() {
            return Err(CompileError { diagnostics });
        }
        let mut compiled = compile_linked(path, linked, library)?;
        compiled.facts.variants = ids;
        return Ok(compiled);
    };
    let Some(variant) = listed.iter().find(|v| v.id == id) else {
        let known = own.into_iter().chain(ids.iter().map(String::as_str)).collect::<Vec<_>>().join(", ");
        let message = format!("the file has no variant `{id}`");
        return Err(linked.diagnostic(0, "variant", message, &format!("it has {known}")).into());
    };
    let text = variants::apply(&linked, source, variant)?;
    let in_variant = |mut error: CompileError| {
        let shown = |d: &mut Diagnostic| d.message = format!("in the variant {id}: {}", d.message);
        error.diagnostics.iter_mut().for_each(shown);
        error
    };
    let linked = link(&file, &text, library).map_err(in_variant)?;
    let mut compiled = compile_linked(path, linked, library).map_err(in_variant)?;
    let facts = &mut compiled.facts;
    facts.variant_of = Some(std::mem::replace(&mut facts.id, variant.id.clone()));
    if !variant.summary.is_empty() {
        facts.summary.clone_from(&variant.summary);
    }
    facts.variants = ids;
    Ok(compiled)
}

fn compile_linked(path: &Path, linked: Linked, library: &Library) -> Result<Compiled, CompileError> {
    let file = path.to_string_lossy();
    let part = |p: Option<&std::ffi::OsStr>| p.map_or(String::new(), |s| s.to_string_lossy().into_owned());
    let stem = part(path.file_stem());
    let family = part(path.parent().and_then(Path::file_name));
    if let Some(at) = source::endless_expression(&linked.text) {
        let message = format!(
            "an expression of more than {} words and signs, too deep to be parsed safely",
            source::MAX_EXPRESSION
        );
        return Err(linked.diagnostic(at, "parse", message, "split it with `let`").into());
    }
    let text = lint::Text::new(&linked, library);
    let mut diagnostics = lint::lint(&text, None);
    let module = match parse(&linked, library) {
        Ok((module, _)) => module,
        Err(error) => {
            // A lint says more about a line than the parser does. A call of the hidden `step` is a cycle of declarations to
            // the parser, which finds it somewhere else.
            let explained: Vec<usize> = diagnostics.iter().map(|d| d.line).collect();
            let hidden = diagnostics.iter().any(|d| d.code == lint::SHADOWED_STEP);
            let cycle = |d: &Diagnostic| d.message.contains("is cyclic") || d.message.contains("is recursive");
            let known = |d: &Diagnostic| explained.contains(&d.line) || (hidden && cycle(d));
            diagnostics.extend(error.diagnostics.into_iter().filter(|d| !known(d)));
            return Err(sorted(diagnostics));
        }
    };
    let mut reflect = reflect::Reflect::new(&module, &linked);
    let facts = reflect.facts(&stem, &family);
    diagnostics.append(&mut reflect.findings);
    diagnostics.extend(lint::lint(&text, Some(&module)));
    let mut facts = match facts {
        Some(facts) if diagnostics.is_empty() => facts,
        _ => {
            if diagnostics.is_empty() {
                let message = "the file breaks the contract in a way that no check has a name for".to_owned();
                diagnostics.push(linked.diagnostic(0, "contract", message, "compare it with a shipped environment"));
            }
            return Err(sorted(diagnostics));
        }
    };
    let features = glue::features(&facts);
    let counts = glue::counts(&reflect, &facts);
    let records = link_kernel(&linked, &counts, library, &features, |name| name == link::RECORDS)?;
    let records = records::records(&parse(&records, library).map_err(|error| misfit(error, &file))?.0);
    records.locate(&mut facts);
    let glue = glue::glue(&reflect, &facts, &records);
    let all = link_kernel(&linked, &glue, library, &features, |_| true)?;
    let (module, info) = parse(&all, library).map_err(|error| misfit(error, &file))?;
    glue::check(&module).map_err(|message| {
        CompileError::from(all.diagnostic(0, "kernel", message, "bind fewer buffers in the kernel"))
    })?;
    let fix = "take a pointer to what you need, or copy element by element";
    let stored = memory::in_memory(&module, &info, &facts)
        .map_err(|refusals| refused(&all, refusals, "memory", "large values stay in memory, refused is", fix))?;
    let (kernel_source, tables) = match stored {
        None => (fresh::with_zeros(&all.text), Vec::new()),
        Some(stored) => {
            facts.scratch_words = stored.scratch_words;
            let text = memory::text(&stored.module).map_err(|message| {
                let message = format!("the kernel cannot be written with its large values in memory: {message}");
                CompileError::from(all.diagnostic(
                    0,
                    "memory",
                    message,
                    "undo the last edit and write it in another way",
                ))
            })?;
            (text, stored.tables)
        }
    };
    Ok(Compiled { facts, kernel_source, tables, linked: all, module, info })
}

/// An error of these findings in source order, each once.
fn sorted(mut diagnostics: Vec<Diagnostic>) -> CompileError {
    diagnostics.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    diagnostics.dedup();
    CompileError { diagnostics }
}

/// What naga finds only after linking the kernel: where it is not in the environment, its types do not fit the kernel.
fn misfit(mut error: CompileError, file: &str) -> CompileError {
    for diagnostic in error.diagnostics.iter_mut().filter(|d| d.file != file) {
        diagnostic.message = format!("{file} does not fit the kernel: {}", diagnostic.message);
        diagnostic.fix =
            "check the types Params, State, Action, Observation and Outcome and the functions' arguments against the contract".to_owned();
    }
    error
}

/// Parses and validates linked text. A panic of naga is caught and reported: a user's file must not end the program.
fn parse(linked: &Linked, library: &Library) -> Result<(naga::Module, naga::valid::ModuleInfo), CompileError> {
    std::panic::catch_unwind(|| parse_or_panic(linked, library)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let message = format!("the WGSL front end gave up: {}", text.unwrap_or("no reason given"));
        Err(linked.diagnostic(0, "parse", message, "undo the last edit and write it in another way").into())
    })
}

fn parse_or_panic(linked: &Linked, library: &Library) -> Result<(naga::Module, naga::valid::ModuleInfo), CompileError> {
    let mut options = naga::front::wgsl::Options::new();
    options.parse_doc_comments = true;
    let mut frontend = naga::front::wgsl::Frontend::new_with_options(options);
    let module = frontend.parse(&source::without_comments(&linked.text)).map_err(|error| {
        let at = error.location(&linked.text).map_or(0, |l| l.offset as usize);
        let fix = error.notes().collect::<Vec<_>>().join("; ");
        let label = error.labels().map(|(_, text)| text).find(|t| !t.is_empty()).unwrap_or("").to_owned();
        let message =
            if label.is_empty() { error.message().to_owned() } else { format!("{}: {label}", error.message()) };
        let fix = Some(fix).filter(|f| !f.is_empty()).unwrap_or_else(|| parse_fix(&message, linked, library));
        CompileError::from(linked.diagnostic(at, "parse", message, &fix))
    })?;
    let mut validator =
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty());
    let info = validator.validate(&module).map_err(|error| {
        // The spans go from the function to the expression: the smallest says most.
        let spans = error.spans().filter_map(|(span, _)| span.to_range());
        let at = spans.min_by_key(|range| range.len()).map_or(0, |range| range.start);
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

/// What to do about a parse error, as far as its text tells.
fn parse_fix(message: &str, linked: &Linked, library: &Library) -> String {
    let unknown = message.contains("no definition in scope").then(|| message.split('`').nth(1)).flatten();
    let Some(unknown) = unknown else {
        return if message.contains("recursive") {
            "WGSL has no recursion: write a loop".to_owned()
        } else {
            "correct the WGSL at this place".to_owned()
        };
    };
    for (name, example) in [
        ("Params", "struct Params { ... }"),
        ("State", "struct State { ... }"),
        ("Action", "alias Action = u32;"),
        ("Observation", "struct Observation { ... }"),
        ("GlobalState", "struct GlobalState { ... }"),
    ] {
        if unknown == name {
            return format!("declare `{example}`");
        }
    }
    for (module, text) in &library.modules {
        if link::declared_names(text).contains(&unknown) {
            return format!("add `import package::shared::{module}::{{{unknown}}};`");
        }
    }
    let tokens = source::tokens(&linked.text, 0);
    let names = tokens.iter().filter(|t| t.is_name() && t.text.len() > 1 && t.text != unknown).map(|t| t.text);
    let shared = library.modules.values().flat_map(|text| link::declared_names(text));
    match nearest(unknown, names.chain(shared)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "declare it, or import it from a shared module".to_owned(),
    }
}
