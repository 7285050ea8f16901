//! What the compiler of shadergym accepts, a browser's compiler of WGSL must accept: two parsers and validators that share no
//! code. Kernels run in the browser in the tests `registry` and `selftest`; here are texts. Without a browser the tests
//! are reported as ignored, never as passed.

mod corpus;

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use shadergym_compiler::{compile, template};
use shadergym_envs::{Error, Projection, ProjectionError, random_projection};
use shadergym_selftest::selftests;
use shadergym_shaders::{environments, library};

fn main() {
    let arguments = Arguments::from_args();
    let missing = shadergym_browser::missing();
    let ignored = missing.is_some() && std::env::var_os("SHADERGYM_REQUIRE_BROWSER").is_none();
    let trials = vec![
        Trial::test("a_browser_is_there", move || missing.map_or(Ok(()), |missing| Err(missing.into()))),
        Trial::test("the_template_is_accepted", the_template_is_accepted),
        Trial::test("projections_are_accepted", projections_are_accepted),
        Trial::test("all_kernels_are_accepted", all_kernels_are_accepted),
        Trial::test("nothing_is_accepted_here_and_refused_there", corpus::nothing_is_accepted_here_and_refused_there),
    ];
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(ignored)).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// The errors of the browser's compiler, each with the line that it means.
fn errors(text: &str, messages: &[shadergym_browser::Message]) -> Vec<String> {
    let line = |n: u64| text.lines().nth((n as usize).saturating_sub(1)).unwrap_or("").trim();
    let errors = messages.iter().filter(|m| m.is_error);
    errors.map(|m| format!("line {}: {}: {}", m.line, m.text, line(m.line))).collect()
}

fn accepted(named: &[(&str, &str)]) -> Result<(), Failed> {
    let texts: Vec<&str> = named.iter().map(|(_, text)| *text).collect();
    let verdicts = shadergym_browser::check(&texts)?;
    let refused = named.iter().zip(&verdicts).filter_map(|((name, text), messages)| {
        let errors = errors(text, messages);
        (!errors.is_empty()).then(|| format!("{name}: {}", errors.join("\n    ")))
    });
    let refused: Vec<String> = refused.collect();
    if refused.is_empty() { Ok(()) } else { Err(refused.join("\n").into()) }
}

fn all_kernels_are_accepted() -> Result<(), Failed> {
    let kernels: Vec<_> =
        environments().iter().chain(selftests()).map(|e| (e.stem, e.compiled().kernel_source.as_str())).collect();
    accepted(&kernels)
}

/// Of every file of one agent whose episodes have no trials yet.
fn projections_are_accepted() -> Result<(), Failed> {
    let mut kernels = Vec::new();
    for environment in environments().iter().filter(|e| e.facts().variant_of.is_none()) {
        match random_projection(environment.id, Projection::default()) {
            Ok(text) => {
                let compiled = compile(Path::new("projected.wgsl"), &text, library())?;
                kernels.push((environment.id, compiled.kernel_source));
            }
            Err(Error::Projection(ProjectionError::Agents { .. } | ProjectionError::Taken { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let named: Vec<(&str, &str)> = kernels.iter().map(|(id, text)| (*id, text.as_str())).collect();
    accepted(&named)
}

fn the_template_is_accepted() -> Result<(), Failed> {
    let (file, text) = template("PointMass")?;
    let compiled = compile(Path::new(&file), &text, library())?;
    accepted(&[(&file, &compiled.kernel_source)])
}
