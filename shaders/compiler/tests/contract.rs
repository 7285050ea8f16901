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
fn the_layout_of_episodes_is_that_of_the_kernels_records() {
    let source = common::own("clean.wgsl");
    let mut library = common::library();
    let before = compile(Path::new("x.wgsl"), &source, &library).unwrap();
    let records = library.kernel.get_mut("records").unwrap();
    *records = records.replace("    elapsed: u32,\n", "    surplus: vec3<i32>,\n    elapsed: u32,\n");
    let after = compile(Path::new("x.wgsl"), &source, &library).unwrap();
    assert_eq!(after.facts.episode_words, before.facts.episode_words + 3);
    assert_eq!(after.facts.elapsed_word, before.facts.elapsed_word + 3);
    assert!(after.kernel_source.contains("v.surplus[2] = bitcast<i32>(kernel_instances["), "{}", after.kernel_source);
    assert!(after.lanes().unwrap().contains("surplus: [Simd::I; 3]"));
}

#[test]
fn a_kernel_with_more_buffers_than_devices_have_is_refused() {
    let source = common::own("clean.wgsl");
    let mut library = common::library();
    for n in 6..11 {
        *library.kernel.get_mut("device").unwrap() +=
            &format!("@group(0) @binding({n}) var<storage, read> kernel_more{n}: array<u32>;\n");
    }
    let error = compile(Path::new("x.wgsl"), &source, &library).unwrap_err().to_string();
    assert!(error.contains("10 storage buffers, allowed are 8"), "{error}");
}
