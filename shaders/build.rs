//! Walks the family folders and turns every `.wgsl` file into an environment: facts and CPU lanes.
//! No list of environments exists anywhere; `$OUT_DIR/environments.rs` is this walk, sorted by stem.

use std::env;
use std::fmt::Write;
use std::path::PathBuf;

use shadergym_compiler::build_script;

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    println!("cargo::rerun-if-changed=build.rs");
    let library = build_script::library(&root);
    let files = build_script::families(&root).iter().flat_map(|family| build_script::wgsl_files(family)).collect();
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
