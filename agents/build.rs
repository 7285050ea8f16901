//! Finds the agents (`src/algorithms/*.rs`), the sources of tasks (`src/tasks/*.rs`) and the presets
//! (`presets/<agent>/**/*.toml`), so that none is listed by hand.

#[path = "src/experiment/hash.rs"]
mod hash;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("set by cargo"));
    for (name, folder, entry, doc) in [
        ("agents.rs", "algorithms", "AGENT", "All agents, sorted by name."),
        ("tasks.rs", "tasks", "SOURCE", "All sources of tasks, sorted by name."),
    ] {
        let text = entries(&root.join("src").join(folder), entry, doc);
        fs::write(out.join(name), text).expect("OUT_DIR is writable");
    }

    let presets = root.join("presets");
    let mut table = String::from("pub(crate) const PRESETS: &[(&str, &str)] = &[\n");
    for path in files(&presets, "toml") {
        let name = path.strip_prefix(&presets).expect("below presets").with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        writeln!(table, "    ({name:?}, include_str!({path:?})),").expect("a string");
    }
    fs::write(out.join("presets.rs"), table + "];\n").expect("OUT_DIR is writable");

    fs::write(out.join("code.rs"), code(&root.join("src"))).expect("OUT_DIR is writable");
}

/// Folders of `src` with what learns, whatever the agent, and those that some agents use.
const SHARED: [&str; 4] = ["common", "network", "optim", "tasks"];
const SOME: [&str; 2] = ["sequence", "streaming"];
/// Sources of tasks that use this module count for runs with a source of tasks alone.
const TEACHERS: &str = "crate::teachers";

/// A list of agents with a hash of the code that decides what they come to: results of other code are out of date. Agents
/// beside them do not count.
fn code(source: &Path) -> String {
    let tests = |path: &PathBuf| path.components().any(|part| Path::new(&part).file_stem() == Some("tests".as_ref()));
    let of = |folder: &str| files(&source.join(folder), "rs").into_iter().filter(|path| !tests(path));
    let taught = |path: &PathBuf| {
        let in_tasks = path.parent() == Some(&source.join("tasks"));
        in_tasks && fs::read_to_string(path).expect("readable").contains(TEACHERS)
    };
    let alone = ["algorithms/mod.rs", "policy.rs", "schedule.rs"].map(|name| source.join(name));
    let shared: Vec<PathBuf> =
        SHARED.iter().flat_map(|folder| of(folder)).filter(|path| !taught(path)).chain(alone).collect();
    let read = |path: &PathBuf| {
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(path).expect("readable")
    };
    let mut table = String::from("pub(super) const CODE: &[(&str, &str)] = &[\n");
    let algorithms: Vec<PathBuf> = of("algorithms").collect();
    let agents =
        algorithms.iter().filter(|path| path.parent() == Some(&source.join("algorithms")) && !path.ends_with("mod.rs"));
    for path in agents {
        let stem = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let parts = algorithms.iter().filter(|part| part.parent() == Some(&source.join("algorithms").join(&stem)));
        let own: String = [path].into_iter().chain(parts).map(read).collect();
        let more: Vec<PathBuf> = SOME
            .iter()
            .filter(|folder| own.contains(&format!("crate::{folder}")))
            .flat_map(|folder| of(folder))
            .collect();
        let text: String = shared.iter().chain(&more).map(read).chain([own.clone()]).collect();
        writeln!(table, "    ({stem:?}, \"{}\"),", hash::hash(text.bytes())).expect("a string");
    }
    let teaching = of("teachers").chain(of("tasks").filter(taught)).map(|path| read(&path)).collect::<String>();
    let doc = "/// A hash of the code of teachers, for runs with a source of tasks.";
    table + &format!("];\n{doc}\npub(super) const TEACHING: &str = \"{}\";\n", hash::hash(teaching.bytes()))
}

/// The files of a folder as modules, and a list `<entry>S` of what each declares as `entry`.
fn entries(folder: &Path, entry: &str, doc: &str) -> String {
    let (mut modules, mut entries) = (String::new(), String::new());
    // What lies in folders are parts of the files beside them.
    for path in files(folder, "rs").into_iter().filter(|path| path.parent() == Some(folder)) {
        let stem = path.file_stem().expect("a file").to_string_lossy().into_owned();
        if stem != "mod" {
            writeln!(modules, "#[path = {path:?}]\npub mod {stem};").expect("a string");
            writeln!(entries, "    &{stem}::{entry},").expect("a string");
        }
    }
    format!("{modules}\n/// {doc}\npub const {entry}S: &[&Entry] = &[\n{entries}];\n")
}

/// Files with this extension below a folder, sorted.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("cannot read {}: {e}", folder.display()));
    for path in entries.map(|entry| entry.expect("readable").path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}
