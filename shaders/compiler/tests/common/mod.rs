//! Samples: short WGSL files that say what the compiler must report about them.
//!
//! A sample holds only the declarations that differ from `tests/clean.wgsl`: those it declares replace the ones of
//! the same name there, the others stay. Its own comments steer the test:
//! `// expect: line 7` a finding in this line of the sample (several are allowed), `// expect: file` one in line 1 of
//! the whole; `// code: parse` the code that is reported; `// says: text` a part of what is reported;
//! `// without: NAME` leaves a declaration of clean.wgsl out; `// module` makes the sample a shared module `sample`.

use std::fs;
use std::path::{Path, PathBuf};

use shadergym_compiler::{CompileError, Compiled, Library, compile};

/// The folder of the shaders.
pub fn shaders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The `.wgsl` files of a folder, sorted; none if there is no such folder.
pub fn wgsl_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path());
    let mut files: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "wgsl")).collect();
    files.sort();
    files
}

/// The shipped prelude and kernel.
pub fn library() -> Library {
    Library::read(&shaders()).unwrap()
}

/// Path and text of every shipped environment.
#[allow(dead_code)]
pub fn shipped() -> Vec<(PathBuf, String)> {
    let families = shadergym_compiler::build_script::families(&shaders());
    let mut files: Vec<PathBuf> = families.iter().flat_map(|p| wgsl_files(p)).collect();
    files.sort();
    files.into_iter().map(|p| (p.clone(), fs::read_to_string(p).unwrap())).collect()
}

/// A test environment of this crate.
#[allow(dead_code)]
pub fn own(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)).unwrap()
}

/// One sample, put together with clean.wgsl.
#[allow(dead_code)]
pub struct Sample {
    /// File stem up to the first point.
    pub name: String,
    /// File that the findings must be in.
    pub file: String,
    /// Lines that must be reported, in order.
    pub lines: Vec<usize>,
    pub code: Option<String>,
    pub says: Vec<String>,
    path: PathBuf,
    source: String,
    library: Library,
}

#[allow(dead_code)]
impl Sample {
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let note = |key: &str| -> Vec<String> {
            let marker = format!("// {key}:");
            text.lines().filter_map(|l| Some(l.strip_prefix(&marker)?.trim().to_owned())).collect()
        };
        let without = note("without");
        let is_module = text.lines().any(|l| l == "// module");
        let declared: Vec<&str> = if is_module { Vec::new() } else { text.lines().filter_map(name_of).collect() };
        let kept: Vec<String> = own("clean.wgsl")
            .split("\n\n")
            .filter(|block| {
                let docs = block.starts_with("//!") && text.starts_with("//!");
                let name = block.lines().find_map(name_of);
                !docs && !name.is_some_and(|n| declared.contains(&n) || without.iter().any(|w| w == n))
            })
            .map(str::to_owned)
            .collect();
        let clean = kept.join("\n\n").trim_end().to_owned();
        let (mut library, mut file) = (library(), path.to_str().unwrap().to_owned());
        let (source, offset) = if is_module {
            library.modules.insert("sample".to_owned(), text.clone());
            file = "shaders/shared/sample.wgsl".to_owned();
            let first = text.lines().find_map(name_of).unwrap();
            (format!("{clean}\nimport package::shared::sample::{{{first}}};\n"), 0)
        } else if text.starts_with("//!") {
            (format!("{text}\n{clean}"), 0)
        } else {
            (format!("{clean}\n{text}"), clean.lines().count())
        };
        let lines = note("expect")
            .iter()
            .map(|e| match e.strip_prefix("line ") {
                Some(line) => line.parse::<usize>().unwrap() + offset,
                None if e == "file" => 1,
                None => panic!("{}: unknown expectation {e:?}", path.display()),
            })
            .collect();
        let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
        Self { name, file, lines, code: note("code").pop(), says: note("says"), path: path.to_owned(), source, library }
    }

    pub fn compile(&self) -> Result<Compiled, CompileError> {
        compile(&self.path, &self.source, &self.library)
    }

    /// What is wrong with the report on this sample, if anything: lines, codes, texts.
    pub fn check(&self, code: &str) -> Option<String> {
        let path = self.path.display();
        let Err(error) = self.compile() else { return Some(format!("{path} has no findings")) };
        let own: Vec<_> = error.diagnostics.iter().filter(|d| d.file == self.file).collect();
        let found: Vec<(&str, usize)> = own.iter().map(|d| (d.code, d.line)).collect();
        let expected: Vec<(&str, usize)> = self.lines.iter().map(|&line| (code, line)).collect();
        if expected.is_empty() || found != expected {
            return Some(format!("{path}: found {found:?}, expected {expected:?}\n{error}"));
        }
        let text = error.to_string();
        let mut wanted = self.says.clone();
        for d in own {
            if d.message.is_empty() || d.fix.is_empty() || d.excerpt.is_empty() {
                return Some(format!("{path}: empty message, fix or excerpt in\n{error}"));
            }
            wanted.push(format!("{}:{}", d.file, d.line));
            wanted.push(format!("fix: {}", d.fix));
        }
        let missing = wanted.iter().find(|part| !text.contains(*part))?;
        Some(format!("{path}: no {missing:?} in\n{error}"))
    }
}

/// Checks all samples and shows every failure, not only the first.
#[allow(dead_code)]
pub fn check_all(failures: impl Iterator<Item = Option<String>>) {
    let failures: Vec<String> = failures.flatten().collect();
    assert!(failures.is_empty(), "{} samples failed\n\n{}", failures.len(), failures.join("\n\n"));
}

/// The name that a line declares at module scope; of an import, its first item.
fn name_of(line: &str) -> Option<&str> {
    let starts =
        ["fn ", "struct ", "const ", "alias ", "import package::shared::rng::{", "import package::shared::outcome::{"];
    let rest = starts.iter().find_map(|k| line.strip_prefix(k))?;
    Some(&rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())])
}

/// Compares a text with a file that keeps it; with SHADERGYM_UPDATE_SNAPSHOTS set, writes the file.
#[allow(dead_code)]
pub fn compare_with(path: &Path, text: &str) {
    if std::env::var_os("SHADERGYM_UPDATE_SNAPSHOTS").is_some() {
        return fs::write(path, text).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    let Some(line) = (0..).find(|&i| kept.lines().nth(i) != text.lines().nth(i) || kept.lines().nth(i).is_none())
    else {
        return;
    };
    let (kept, found) = (kept.lines().nth(line), text.lines().nth(line));
    assert!(
        kept == found,
        "{}:{} differs\n  kept      {}\n  generated {}\nlook at the change; to accept it, run the test with \
         SHADERGYM_UPDATE_SNAPSHOTS=1",
        path.display(),
        line + 1,
        kept.unwrap_or("nothing"),
        found.unwrap_or("nothing"),
    );
}
