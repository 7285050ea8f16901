//! Environments that are not in the registry yet (`shaders/tests/drafts`) keep compiling, to lanes too, with the modules
//! that come with them.

mod common;

use std::fs;

use common::{library, shaders, wgsl_files};
use shadergym_compiler::compile;

#[test]
fn drafts_compile() {
    let drafts = shaders().join("tests/drafts");
    let mut library = library();
    for file in wgsl_files(&drafts.join("shared")) {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(library.modules.insert(name, fs::read_to_string(&file).unwrap()).is_none(), "{file:?} is shipped");
    }
    let files = wgsl_files(&drafts.join("box2d"));
    assert!(!files.is_empty(), "no drafts are left: delete this test");
    for file in files {
        let compiled = compile(&file, &fs::read_to_string(&file).unwrap(), &library).unwrap_or_else(|e| panic!("{e}"));
        compiled.lanes().unwrap_or_else(|e| panic!("{e}"));
    }
}
