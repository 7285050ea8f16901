//! Every lint has a sample that it alone reports, at the line that the sample names; clean files have no findings.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::Sample;
use shadergym_compiler::{LINTS, compile, template};

fn samples() -> Vec<Sample> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints");
    common::wgsl_files(&folder).iter().map(|p| Sample::read(p)).collect()
}

#[test]
fn every_sample_is_reported_by_its_lint_alone() {
    common::check_all(samples().iter().map(|sample| sample.check(&sample.name)));
}

#[test]
fn findings_point_at_the_column() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints");
    let error = Sample::read(&folder.join("built_in.wgsl")).compile().unwrap_err();
    let finding = &error.diagnostics[0];
    assert!(finding.excerpt[finding.column - 1..].starts_with("sin("), "{error}");
    assert!(finding.fix.contains("math_sin"), "{error}");
    let caret = error.to_string().lines().nth(2).unwrap().find('^').unwrap();
    let excerpt = error.to_string().lines().nth(1).unwrap().find("sin(").unwrap();
    assert_eq!(caret, excerpt);
}

#[test]
fn lints_and_samples_match_both_ways() {
    let lints: BTreeSet<String> = LINTS.iter().map(|l| l.name.to_owned()).collect();
    let samples: BTreeSet<String> = samples().into_iter().map(|s| s.name).collect();
    assert_eq!(lints.len(), LINTS.len(), "two lints have the same name");
    assert_eq!(lints, samples, "left: LINTS, right: tests/lints/<name>.wgsl");
}

#[test]
fn lints_say_what_why_and_what_to_do() {
    for lint in LINTS {
        for text in [lint.summary, lint.why, lint.fix] {
            assert!(text.len() > 6 && !text.ends_with('.'), "{}: {text:?}", lint.name);
        }
    }
}

#[test]
fn clean_files_have_no_findings() {
    let (file, text) = template("point_mass").unwrap();
    for (path, text) in [(file, text), ("clean.wgsl".to_owned(), common::own("clean.wgsl"))] {
        compile(Path::new(&path), &text, &common::library()).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn the_template_is_short_and_reflects_as_named() {
    let (file, text) = template("PointMass").unwrap();
    assert!(text.lines().count() <= 110);
    let facts = compile(Path::new(&file), &text, &common::library()).unwrap().facts;
    assert_eq!((facts.id.as_str(), facts.stem.as_str()), ("PointMass-v0", "point_mass"));
    assert!(facts.pixel_aspect.is_some() && facts.info.is_some());
}
