//! Compiles the files in this folder, and the examples for users, which are checked like our own.

use std::env;
use std::path::PathBuf;

use shadergym_compiler::build_script;

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let root = folder.join("../..").canonicalize().expect("the shaders folder");
    println!("cargo::rerun-if-changed=build.rs");
    let library = build_script::library(&root);
    let files =
        [folder.clone(), root.join("../envs/examples")].iter().flat_map(|f| build_script::wgsl_files(f)).collect();
    build_script::write_environments(&folder, files, &library);
}
