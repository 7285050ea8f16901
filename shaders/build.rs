//! Walks the family folders and turns every `.wgsl` file into an environment: facts and CPU lanes.
//! No list of environments exists anywhere; `$OUT_DIR/environments.rs` is this walk, sorted by stem.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use shadergym_compiler::build_script;

/// Folders beside this file that hold no environments.
const NOT_FAMILIES: [&str; 6] = ["compiler", "kernel", "shared", "src", "tests", "target"];

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    println!("cargo::rerun-if-changed=build.rs");
    let library = build_script::library(&root);
    let files = families(&root).iter().flat_map(|family| build_script::wgsl_files(family)).collect();
    build_script::write_environments(&root, files, &library);

    let mut code = String::new();
    for (constant, folder, texts) in [("KERNEL", "kernel", &library.kernel), ("MODULES", "shared", &library.modules)] {
        writeln!(code, "pub(crate) const {constant}: &[(&str, &str)] = &[").expect("strings grow");
        for name in texts.keys() {
            let path = root.join(folder).join(format!("{name}.wgsl"));
            writeln!(code, "    ({name:?}, include_str!({path:?})),").expect("strings grow");
        }
        code.push_str("];\n");
    }
    build_script::write_file(&out.join("library.rs"), &code);
}

/// The folders of environments. Cargo looks at `root` for new ones.
fn families(root: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", root.display());
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .expect("the shaders folder is readable")
        .map(|e| e.expect("readable entry").path())
        .filter(|p| p.is_dir() && !NOT_FAMILIES.iter().any(|n| p.ends_with(n)))
        .collect();
    folders.sort();
    folders
}
