//! For build scripts of crates of environments: `.wgsl` files in, `$OUT_DIR/environments.rs` out.
//!
//! The including crate needs `shadergym-shaders` as a dependency, and has then
//! `static ENVIRONMENTS: [shadergym_shaders::Environment; N]`, sorted by stem.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use crate::{Facts, Library, SharedLanes, shared_lanes};

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

/// Folders of the shaders that hold no environments.
pub const NOT_FAMILIES: [&str; 6] = ["compiler", "kernel", "shared", "src", "tests", "target"];

/// The folders of environments in the folder of the shaders, sorted. Cargo looks at `root` for new ones.
pub fn families(root: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", root.display());
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .expect("the shaders folder is readable")
        .map(|e| e.expect("readable entry").path())
        .filter(|p| p.is_dir() && !NOT_FAMILIES.iter().any(|n| p.ends_with(n)))
        .collect();
    folders.sort();
    folders
}

/// The prelude `<root>/shared/*.wgsl` and the kernel `<root>/kernel/*.wgsl`.
pub fn library(root: &Path) -> Library {
    for folder in Library::FOLDERS {
        wgsl_files(&root.join(folder));
    }
    Library::read(root).unwrap_or_else(|e| panic!("cannot read the prelude and the kernel in {}: {e}", root.display()))
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

/// One compiled file.
struct Entry {
    path: PathBuf,
    lanes: SharedLanes,
}

/// Compiles the files and sorts them by stem; what is wrong with them is added to `errors`.
fn compile_all(root: &Path, paths: Vec<PathBuf>, library: &Library, errors: &mut Vec<String>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for path in paths {
        match shared_lanes(path.strip_prefix(root).unwrap_or(&path), &read(&path), library) {
            Ok(lanes) => entries.push(Entry { path, lanes }),
            Err(found) => errors.extend(found.iter().map(ToString::to_string)),
        }
    }
    entries.sort_by(|a, b| a.stem().cmp(b.stem()));
    for pair in entries.windows(2).filter(|pair| pair[0].stem() == pair[1].stem()) {
        let [a, b] = [0, 1].map(|i| pair[i].path.display());
        errors.push(format!("{a} and {b} have the same stem `{}`", pair[0].stem()));
    }
    let mut ids: Vec<(&str, &Path)> =
        entries.iter().flat_map(|e| e.ids().map(|facts| (&*facts.id, &*e.path))).collect();
    ids.sort_unstable();
    for pair in ids.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let [a, b] = [0, 1].map(|i| pair[i].1.display());
        errors.push(format!("{a} and {b} have the same id `{}`", pair[0].0));
    }
    entries
}

impl Entry {
    fn stem(&self) -> &str {
        &self.lanes.ids[0].compiled.facts.stem
    }

    fn ids(&self) -> impl Iterator<Item = &Facts> {
        self.lanes.ids.iter().map(|id| &id.compiled.facts)
    }

    /// Module of a code; the first has the name of the file.
    fn module(&self, code: usize) -> String {
        if code == 0 { self.stem().to_owned() } else { format!("{}_variant{code}", self.stem()) }
    }
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
    let mut line = |text: String| {
        code.push_str(&text);
        code.push('\n');
    };
    for entry in entries {
        for (index, lanes) in entry.lanes.codes.iter().enumerate() {
            let module = entry.module(index);
            let first = entry.lanes.ids.iter().find(|id| id.code == index).expect("a code is somebody's");
            let Facts { stem, family, id, .. } = &first.compiled.facts;
            write_file(&out.join(format!("{module}.rs")), lanes);
            line(format!("{ALLOWED}mod {module} {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/{module}.rs\"));\n}}"));
            line(format!(
                "static {}: shadergym_shaders::Code = shadergym_shaders::Code::new({module:?}, {:?}, {id:?}, \
                 include_str!({:?}), {module}::KERNELS);",
                module.to_uppercase(),
                format!("{family}/{stem}.wgsl"),
                entry.path
            ));
        }
    }
    let count: usize = entries.iter().map(|entry| entry.lanes.ids.len()).sum();
    line(format!("pub(crate) static ENVIRONMENTS: [shadergym_shaders::Environment; {count}] = ["));
    for entry in entries {
        for id in &entry.lanes.ids {
            let facts = &id.compiled.facts;
            let file = format!("{}.facts.json", facts.slug());
            write_file(&out.join(&file), &serde_json::to_string(facts).expect("facts are plain data"));
            line(format!(
                "    shadergym_shaders::Environment::new({:?}, {:?}, &{}, &{:?}, include_str!(concat!(env!(\"OUT_DIR\"), \"/{file}\"))),",
                facts.stem,
                facts.id,
                entry.module(id.code).to_uppercase(),
                id.constants,
            ));
        }
    }
    line("];".to_owned());
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
