//! For build scripts of crates of environments: `.wgsl` files in, `$OUT_DIR/environments.rs` out.
//!
//! The including crate needs `shadergym-shaders` as a dependency, and has then
//! `static ENVIRONMENTS: [shadergym_shaders::Environment; N]`, sorted by stem.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

use crate::{Compiled, Library, compile};

/// The `.wgsl` files of a folder, sorted; the script runs again when one comes, goes or changes.
pub fn wgsl_files(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("cannot read {}: {e}", folder.display()))
        .map(|e| e.expect("readable entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "wgsl"))
        .collect();
    files.sort();
    for path in &files {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    files
}

/// The prelude `<root>/shared/*.wgsl` and the kernel `<root>/kernel.wgsl`.
pub fn library(root: &Path) -> Library {
    let kernel = root.join("kernel.wgsl");
    println!("cargo::rerun-if-changed={}", kernel.display());
    let modules = wgsl_files(&root.join("shared")).iter().map(|path| (stem(path), read(path))).collect();
    Library { kernel: read(&kernel), modules }
}

/// Compiles the files and writes `$OUT_DIR/environments.rs`, to be included. Paths in errors and in the environments'
/// facts are relative to `root`. Ends the process with all findings if there are any.
pub fn write_environments(root: &Path, files: Vec<PathBuf>, library: &Library) {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let mut errors = Vec::new();
    let entries = compile_all(root, files, library, &mut errors);
    if !errors.is_empty() {
        eprintln!("{}", errors.join("\n\n"));
        process::exit(1);
    }
    let mut code = String::from("// Generated from .wgsl files by shadergym-compiler.\n");
    write_table(&entries, &out, &mut code);
    write_file(&out.join("environments.rs"), &code);
}

/// One compiled file: its path, its facts, its lanes.
type Entry = (PathBuf, Compiled, String);

/// Compiles the files and sorts them by stem; what is wrong with them is added to `errors`.
fn compile_all(root: &Path, paths: Vec<PathBuf>, library: &Library, errors: &mut Vec<String>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for path in paths {
        let shown = path.strip_prefix(root).unwrap_or(&path);
        match compile(shown, &read(&path), library) {
            Ok(compiled) => match compiled.lanes() {
                Ok(lanes) => entries.push((path, compiled, lanes)),
                Err(error) => errors.push(error.to_string()),
            },
            Err(error) => errors.push(error.to_string()),
        }
    }
    entries.sort_by(|a, b| a.1.facts.stem.cmp(&b.1.facts.stem));
    for pair in entries.windows(2) {
        for (what, a, b) in
            [("stem", &pair[0].1.facts.stem, &pair[1].1.facts.stem), ("id", &pair[0].1.facts.id, &pair[1].1.facts.id)]
        {
            if a == b {
                errors.push(format!("{} and {} have the same {what} `{a}`", pair[0].0.display(), pair[1].0.display()));
            }
        }
    }
    entries
}

/// What the generated modules may do that people's code may not.
const ALLOWED: &str = "\
#[allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    reason = \"names are those of the WGSL file\"
)]
#[allow(clippy::approx_constant, clippy::eq_op, reason = \"numbers and operands are those of the WGSL file\")]
#[allow(unused_assignments, reason = \"WGSL gives every variable a value where it is declared\")]
";

/// Writes the files of the entries, and a static with all of them into `code`.
fn write_table(entries: &[Entry], out: &Path, code: &mut String) {
    for (_, compiled, lanes) in entries {
        let stem = &compiled.facts.stem;
        let facts = serde_json::to_string(&compiled.facts).expect("facts are plain data");
        write_file(&out.join(format!("{stem}.facts.json")), &facts);
        write_file(&out.join(format!("{stem}.rs")), lanes);
        writeln!(code, "{ALLOWED}mod {stem} {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/{stem}.rs\"));\n}}")
            .expect("strings grow");
    }
    let count = entries.len();
    writeln!(code, "pub(crate) static ENVIRONMENTS: [shadergym_shaders::Environment; {count}] = [").expect("as above");
    for (path, compiled, _) in entries {
        let (stem, id) = (&compiled.facts.stem, &compiled.facts.id);
        writeln!(
            code,
            "    shadergym_shaders::Environment::new({stem:?}, {id:?}, include_str!({path:?}), \
             include_str!(concat!(env!(\"OUT_DIR\"), \"/{stem}.facts.json\")), {stem}::KERNELS),"
        )
        .expect("as above");
    }
    code.push_str("];\n");
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file").to_string_lossy().into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
}

/// Writes a file only if its text differs, so that an unrelated edit does not recompile every environment.
pub fn write_file(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::write(path, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
    }
}
