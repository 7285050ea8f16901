//! Parse errors, validation errors, bad imports and breaches of the contract: line, code, text and remedy of each.

mod common;

use std::path::Path;

use common::Sample;
use shadergym_compiler::compile;

#[test]
fn every_sample_is_reported_where_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    let files = common::wgsl_files(&folder);
    assert!(!files.is_empty());
    let samples = files.iter().map(|file| Sample::read(file));
    common::check_all(samples.map(|sample| sample.check(sample.code.as_deref().unwrap_or("contract"))));
}

#[test]
fn several_findings_come_at_once_and_in_source_order() {
    let source = common::own("clean.wgsl")
        .replace("const MAX_EPISODE_STEPS: u32 = 10u;", "const MAX_EPISODE_STEPS: i32 = 10;")
        .replace("/// m; position\n", "")
        .replace("f32(action)", "sin(f32(action))");
    let error = compile(Path::new("x.wgsl"), &source, &common::library()).unwrap_err();
    let codes: Vec<_> = error.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["contract", "undocumented_field", "undocumented_field", "built_in"], "{error}");
    assert!(error.diagnostics.is_sorted_by_key(|d| d.line));
}

#[test]
fn a_kernel_that_does_not_match_the_glue_is_refused() {
    let source = common::own("clean.wgsl");
    let mut library = common::library();
    library.kernel = library.kernel.replace("    elapsed: u32,\n", "    elapsed: u32,\n    surplus: u32,\n");
    let error = compile(Path::new("x.wgsl"), &source, &library).unwrap_err().to_string();
    assert!(error.contains("KernelEpisode holds") && error.contains(".surplus"), "{error}");
    let mut library = common::library();
    for n in 6..11 {
        library.kernel += &format!("@group(0) @binding({n}) var<storage, read> kernel_more{n}: array<u32>;\n");
    }
    let error = compile(Path::new("x.wgsl"), &source, &library).unwrap_err().to_string();
    assert!(error.contains("10 storage buffers, allowed are 8"), "{error}");
}
