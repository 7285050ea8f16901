//! Samples of generated Rust, kept to be read: `snapshots/constructs.rs`, what becomes of every construct of WGSL, and
//! `snapshots/cart_pole.rs`, a whole environment. A change of the generator shows here what it changes there.
//!
//! To accept one: `SHADERGYM_UPDATE_SNAPSHOTS=1 cargo test --release --workspace --locked --test snapshots`

mod common;

use std::path::Path;

use shadergym_compiler::compile;

fn lanes(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let compiled = compile(path, &text, &common::library()).unwrap_or_else(|e| panic!("{e}"));
    compiled.lanes().unwrap_or_else(|e| panic!("{e}"))
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"))
}

#[test]
fn cart_pole() {
    let generated = lanes(&common::shaders().join("classic_control/cart_pole.wgsl"));
    common::compare_with(&folder().join("cart_pole.rs"), &generated);
}

/// Functions that the file declares, in every variant; what the kernel and the prelude add is in the other sample.
#[test]
fn constructs() {
    let path = folder().join("constructs.wgsl");
    let source = std::fs::read_to_string(&path).unwrap();
    let declared: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("fn ")?.split('(').next()).collect();
    let is_own = |block: &&str| {
        let name = block.lines().find_map(|line| line.strip_prefix("fn ")?.split('<').next());
        name.is_some_and(|name| declared.iter().any(|own| name == *own || name.starts_with(&format!("{own}_"))))
    };
    let generated = lanes(&path);
    let own: Vec<&str> = generated.split("\n\n").filter(is_own).map(str::trim_end).collect();
    let missing: Vec<&&str> =
        declared.iter().filter(|name| !own.iter().any(|block| block.contains(&format!("\nfn {name}")))).collect();
    assert!(missing.is_empty(), "{missing:?} are called by nobody");
    common::compare_with(&folder().join("constructs.rs"), &format!("{}\n", own.join("\n\n")));
}
