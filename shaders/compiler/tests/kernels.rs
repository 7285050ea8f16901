//! The linked GPU text of every environment: parses and validates with no capabilities, few buffers, right sizes.

mod common;

use std::path::{Path, PathBuf};

use naga::valid::{Capabilities, ValidationFlags, Validator};
use shadergym_compiler::{Compiled, compile, template};

/// All shipped environments, the template and this crate's own files.
fn compiled() -> Vec<(PathBuf, Compiled)> {
    let mut sources = common::shipped();
    let (file, text) = template("point_mass").unwrap();
    sources.push((file.into(), text));
    for name in ["clean.wgsl", "everything.wgsl"] {
        sources.push((name.into(), common::own(name)));
    }
    let library = common::library();
    sources
        .into_iter()
        .map(|(path, text)| {
            let compiled = compile(&path, &text, &library).unwrap_or_else(|e| panic!("{e}"));
            (path, compiled)
        })
        .collect()
}

#[test]
fn kernels_parse_and_validate_without_capabilities() {
    for (path, compiled) in compiled() {
        let path = path.display();
        let module = naga::front::wgsl::parse_str(&compiled.kernel_source)
            .unwrap_or_else(|e| panic!("{path}: {}", e.emit_to_string(&compiled.kernel_source)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{path}: {}", e.emit_to_string(&compiled.kernel_source)));

        let storage = |space| matches!(space, naga::AddressSpace::Storage { .. });
        let buffers = module.global_variables.iter().filter(|(_, v)| storage(v.space)).count();
        assert!((1..=8).contains(&buffers), "{path}: {buffers} storage buffers");

        let entry_points: Vec<&str> = module.entry_points.iter().map(|e| e.name.as_str()).collect();
        let expected: &[&str] =
            if compiled.facts.pixel_aspect.is_some() { &["render", "reset", "rollout"] } else { &["reset", "rollout"] };
        let mut sorted = entry_points.clone();
        sorted.sort();
        assert_eq!(sorted, expected, "{path}");

        let episode = module.types.iter().find(|(_, t)| t.name.as_deref() == Some("KernelEpisode")).unwrap().0;
        assert_eq!(words(&module, episode), compiled.facts.episode_words, "{path}");
    }
}

/// 32-bit words of a type without padding.
fn words(module: &naga::Module, ty: naga::Handle<naga::Type>) -> usize {
    match module.types[ty].inner {
        naga::TypeInner::Scalar(_) => 1,
        naga::TypeInner::Vector { size, .. } => size as usize,
        naga::TypeInner::Array { base, size: naga::ArraySize::Constant(n), .. } => {
            n.get() as usize * words(module, base)
        }
        naga::TypeInner::Struct { ref members, .. } => members.iter().map(|m| words(module, m.ty)).sum(),
        ref other => panic!("no words in {other:?}"),
    }
}

/// Software drivers must not know how often a loop over variables in memory runs; no driver is told where they fit in registers.
#[test]
fn loops_over_variables_in_memory_have_open_bounds() {
    let source = |words: usize| {
        let tape = format!(
            "    var tape: array<f32, {words}>;\n    for (var i = 0u; i < 5u; i += 1u) {{\n        tape[i] = (*state).x;\n    \
             }}\n    (*state).x += tape[3];\n    return Outcome("
        );
        let text = common::own("clean.wgsl").replacen("    return Outcome(", &tape, 1);
        compile(Path::new("clean.wgsl"), &text, &common::library()).unwrap_or_else(|e| panic!("{e}")).kernel_source
    };
    let opened = |text: &str| text.lines().any(|line| line.contains("5u + (") && line.contains("& KERNEL_KEEP_LOOPS"));
    assert!(opened(&source(1000)), "{}", source(1000));
    assert!(!opened(&source(5)));
}

#[test]
fn the_same_file_gives_the_same_text() {
    let (library, source) = (common::library(), common::own("everything.wgsl"));
    let text = || {
        let compiled = compile(Path::new("a/everything.wgsl"), &source, &library).unwrap();
        (compiled.kernel_source.clone(), compiled.lanes().unwrap())
    };
    assert_eq!(text(), text());
}

#[test]
fn two_indices_that_differ_by_lane_are_translated() {
    let lanes = |source: &str| compile(Path::new("x.wgsl"), source, &common::library()).unwrap().lanes().unwrap();
    let plain = common::own("everything.wgsl");
    let nested = plain.replace("grid[action[0][1]][0] =", "grid[action[0][1]][action[1][1]] =");
    assert_ne!(plain, nested, "the sample no longer has the line that this test changes");
    // The inner element is written by lane and the changed outer one by lane again: one scatter more than with a
    // constant inner index.
    let scatters = |text: &str| text.matches("l::scatter").count();
    let (one, two) = (scatters(&lanes(&plain)), scatters(&lanes(&nested)));
    assert!(two > one, "{one} scatters with one index per lane, {two} with two");
}
