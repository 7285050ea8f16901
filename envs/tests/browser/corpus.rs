//! Small pieces of WGSL, right and wrong, in `probes/*.wgsl`. Each is put into an environment and compiled; whatever is
//! accepted must be accepted by the browser too, or else a lint is missing.
//!
//! A probe is a paragraph: a line `// name`, then statements of a function
//! `fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32`, or declarations with a `probe`
//! of their own. A file's first paragraph says what its probes are about.
//!
//! With SHADERGYM_PROBES set to a file, the verdicts on all probes are written there as tab-separated values.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use shadergym_compiler::compile;
use shadergym_shaders::library;

use crate::errors;

/// An environment that calls `probe`.
const ENVIRONMENT: &str = include_str!("environment.wgsl");
const HEAD: &str = "fn probe(x: u32, y: i32, z: f32, b: bool, v: vec3<f32>, p: ptr<function, u32>) -> u32 {\n";

struct Probe {
    /// File and name.
    name: String,
    /// Declarations at module scope.
    text: String,
}

fn probes() -> Vec<Probe> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/probes");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder of probes").map(|e| e.expect("a file").path()).collect();
    files.sort();
    let mut probes = Vec::new();
    for file in files {
        let stem = file.file_stem().expect("a name").to_string_lossy();
        let text = fs::read_to_string(&file).expect("text");
        for paragraph in text.trim_end().split("\n\n").skip(1) {
            let (name, code) = paragraph.split_once('\n').expect("a name and code");
            let name = name.strip_prefix("// ").unwrap_or_else(|| panic!("no name: {paragraph}"));
            let whole = code.contains("fn probe(");
            let text = if whole { format!("{code}\n") } else { format!("{HEAD}{code}\n}}\n") };
            probes.push(Probe { name: format!("{stem}: {name}"), text });
        }
    }
    probes
}

/// The verdict of the parser and validator alone.
fn naga(text: &str) -> Result<(), String> {
    let module = wgpu::naga::front::wgsl::parse_str(text).map_err(|e| e.message().to_owned())?;
    let (flags, capabilities) = (wgpu::naga::valid::ValidationFlags::all(), wgpu::naga::valid::Capabilities::empty());
    let validated = wgpu::naga::valid::Validator::new(flags, capabilities).validate(&module);
    validated.map(|_| ()).map_err(|e| format!("{:?}", e.into_inner()))
}

pub fn nothing_is_accepted_here_and_refused_there() -> Result<(), Failed> {
    let probes = probes();
    let ours: Vec<_> = probes
        .iter()
        .map(|probe| {
            let text = format!("{ENVIRONMENT}\n{}", probe.text);
            compile(Path::new("probe/probe.wgsl"), &text, library())
        })
        .collect();
    // The kernel of what is accepted, and every probe by itself for the statistics.
    let kernels: Vec<&str> = ours.iter().flatten().map(|compiled| compiled.kernel_source.as_str()).collect();
    let alone: Vec<&str> = probes.iter().map(|probe| probe.text.as_str()).collect();
    let mut of_kernels = shadergym_browser::check(&kernels)?.into_iter().zip(&kernels);
    let of_alone = shadergym_browser::check(&alone)?;
    let (mut missed, mut table) = (Vec::new(), String::new());
    let (mut accepted, mut naga_only, mut caught) = (0, 0, 0);
    for ((probe, ours), alone) in probes.iter().zip(&ours).zip(&of_alone) {
        let there = errors(&probe.text, alone);
        let parser = naga(&probe.text);
        naga_only += usize::from(parser.is_ok() && !there.is_empty());
        match ours {
            Ok(_) => {
                accepted += 1;
                let (messages, kernel) = of_kernels.next().expect("one verdict for each kernel");
                let errors = errors(kernel, &messages);
                if !errors.is_empty() {
                    missed.push(format!("{}\n    {}", probe.name, errors.join("\n    ")));
                }
            }
            Err(_) => caught += usize::from(parser.is_ok() && !there.is_empty()),
        }
        let finding = ours.as_ref().err().map(|e| e.diagnostics[0].clone());
        let finding = finding.map_or("accepted".to_owned(), |d| format!("{}: {}", d.code, d.message));
        let verdict = parser.map_or_else(|e| e, |()| "accepted".to_owned());
        let there = there.first().map_or("accepted", String::as_str);
        let row = format!("{}\t{finding}\t{verdict}\t{there}", probe.name).replace('\n', " ");
        writeln!(table, "{row}")?;
    }
    println!(
        "{} probes: {accepted} accepted here; {naga_only} accepted by naga and refused by the browser, {caught} of them by lints too",
        probes.len()
    );
    if let Some(path) = std::env::var_os("SHADERGYM_PROBES") {
        fs::write(path, table)?;
    }
    assert!(caught > 0, "the corpus tests lints");
    if missed.is_empty() { Ok(()) } else { Err(format!("accepted here, refused there:\n{}", missed.join("\n")).into()) }
}
