//! The linker: WESL-style imports, include-once, line numbers preserved.
//!
//! `import package::shared::rng::{Rng, rng_uniform};` blanks its own line and appends the module's text once,
//! after everything else. The order of declarations is free in WGSL, so the file's own lines keep their numbers
//! and a table maps the appended ones. Replacing this by the `wesl` crate later is replacing one function.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use crate::conditional::conditional;
use crate::error::{CompileError, Diagnostic, nearest};

/// The texts that every environment may use: the prelude's modules and the kernel.
#[derive(Debug, Clone, Default)]
pub struct Library {
    /// Module name (`rng`) to text.
    pub modules: BTreeMap<String, String>,
    /// The kernel's files: name (`calls`) to text.
    pub kernel: BTreeMap<String, String>,
}

impl Library {
    /// Folders of the modules and of the kernel.
    pub const FOLDERS: [&str; 2] = ["shared", "kernel"];

    /// The `.wgsl` files of both folders in `root`.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let [modules, kernel] = Self::FOLDERS.map(|folder| {
            let mut texts = BTreeMap::new();
            for entry in fs::read_dir(root.join(folder))? {
                let path = entry?.path();
                let stem = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
                if path.extension().is_some_and(|extension| extension == "wgsl") {
                    texts.insert(stem, fs::read_to_string(&path)?);
                }
            }
            io::Result::Ok(texts)
        });
        Ok(Self { modules: modules?, kernel: kernel? })
    }

    /// An environment's file and the modules that it imports, directly or through one another: all that decides how it plays,
    /// apart from the compiler.
    ///
    /// # Errors
    /// An import that is malformed, or names an unknown module or item.
    pub fn linked(&self, file: &str, source: &str) -> Result<String, CompileError> {
        Ok(link(file, source, self)?.text)
    }

    /// Whether the kernel declares a name.
    pub(crate) fn kernel_declares(&self, name: &str) -> bool {
        self.kernel.values().any(|text| declared_names(text).contains(&name))
    }
}

/// One stretch of linked text that came from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    file: String,
    start: usize,
    first_line: usize,
}

/// Linked WGSL and the way back to its files.
#[derive(Debug, Clone)]
pub struct Linked {
    /// The text, ready for naga.
    pub text: String,
    segments: Vec<Segment>,
    imports: Vec<Import>,
}

impl Linked {
    /// File and line (from 1) of a line of the linked text.
    pub fn locate(&self, line: usize) -> (&str, usize) {
        let segment = self.segments.iter().rev().find(|s| s.first_line <= line).unwrap_or(&self.segments[0]);
        (&segment.file, line - segment.first_line + 1)
    }

    /// The text of a line of the linked text, from 1.
    pub fn line(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or("")
    }

    /// File, byte offset and text of every part; the environment comes first.
    pub fn parts(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        let ends = self.segments[1..].iter().map(|s| s.start).chain([self.text.len()]);
        self.segments.iter().zip(ends).map(|(s, end)| (s.file.as_str(), s.start, &self.text[s.start..end]))
    }

    /// The import statements of a file, as long as it is among the parts.
    pub fn imports<'a>(&'a self, file: &'a str) -> impl Iterator<Item = &'a Import> {
        self.imports.iter().filter(move |i| i.file == file)
    }

    /// A finding at a byte offset of the linked text.
    pub fn diagnostic(&self, offset: usize, code: &'static str, message: String, fix: &str) -> Diagnostic {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let (file, own_line) = self.locate(line);
        Diagnostic {
            file: file.to_owned(),
            line: own_line,
            column,
            code,
            message,
            fix: fix.to_owned(),
            excerpt: self.line(line).to_owned(),
        }
    }

    /// Appends a generated or shared text as a segment of its own.
    pub fn append(&mut self, file: &str, text: &str) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        let (start, first_line) = (self.text.len(), self.text.matches('\n').count() + 1);
        self.text.push_str(text);
        self.segments.push(Segment { file: file.to_owned(), start, first_line });
    }
}

/// One import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    /// File that it stands in.
    pub file: String,
    pub module: String,
    pub items: Vec<String>,
    /// First line, in that file.
    pub line: usize,
    /// The statement as written, its lines included.
    pub text: String,
}

/// Links an environment file with the prelude modules that it imports, directly or through one another.
///
/// # Errors
/// An import that is malformed, or names an unknown module or item.
pub fn link(file: &str, source: &str, library: &Library) -> Result<Linked, CompileError> {
    let (text, imports) = take_imports(file, source)?;
    let mut linked = Linked {
        segments: vec![Segment { file: file.to_owned(), start: 0, first_line: 1 }],
        text,
        imports: Vec::new(),
    };
    append_imports(&mut linked, file, source, imports, library, &mut Vec::new())?;
    Ok(linked)
}

/// The kernel's file of the records, which stands without the others.
pub(crate) const RECORDS: &str = "records";

/// Appends the kernel's modules, the glue and the files of the kernel that `wanted` wants, as they are with these features.
///
/// # Errors
/// As [`link`], for the kernel's own imports.
pub fn link_kernel(
    linked: &Linked,
    glue: &str,
    library: &Library,
    features: &[&str],
    wanted: impl Fn(&str) -> bool,
) -> Result<Linked, CompileError> {
    let mut all = linked.clone();
    let mut seen = all
        .segments
        .iter()
        .filter_map(|s| s.file.strip_prefix("shaders/shared/")?.strip_suffix(".wgsl").map(str::to_owned))
        .collect();
    let mut texts = Vec::new();
    for (name, source) in library.kernel.iter().filter(|(name, _)| wanted(name)) {
        let file = format!("shaders/kernel/{name}.wgsl");
        let (text, imports) = take_imports(&file, source)?;
        append_imports(&mut all, &file, source, imports, library, &mut seen)?;
        texts.push((file, text));
    }
    all.append("generated glue", glue);
    for (file, text) in texts {
        all.append(&file, &conditional(&text, features));
    }
    Ok(all)
}

fn append_imports(
    linked: &mut Linked,
    file: &str,
    source: &str,
    imports: Vec<Import>,
    library: &Library,
    seen: &mut Vec<String>,
) -> Result<(), CompileError> {
    for import in imports {
        let fail = |message: String, fix: String| {
            CompileError::from(Diagnostic {
                file: file.to_owned(),
                line: import.line,
                column: 0,
                code: "import",
                message,
                fix,
                excerpt: source.lines().nth(import.line - 1).unwrap_or("").to_owned(),
            })
        };
        let Some(text) = library.modules.get(&import.module) else {
            let known: Vec<&str> = library.modules.keys().map(String::as_str).collect();
            let hint = nearest(&import.module, known.iter().copied())
                .map_or(String::new(), |n| format!("did you mean `{n}`? "));
            return Err(fail(
                format!("there is no shared module `{}`", import.module),
                format!("{hint}the modules are {}", known.join(", ")),
            ));
        };
        for item in &import.items {
            let declared = declared_names(text);
            if !declared.contains(&item.as_str()) {
                let hint =
                    nearest(item, declared.iter().copied()).map_or(String::new(), |n| format!("did you mean `{n}`? "));
                return Err(fail(
                    format!("shared module `{}` has no `{item}`", import.module),
                    format!("{hint}it declares {}", declared.join(", ")),
                ));
            }
        }
        if !seen.contains(&import.module) {
            seen.push(import.module.clone());
            let path = format!("shaders/shared/{}.wgsl", import.module);
            let (body, nested) = take_imports(&path, text)?;
            linked.append(&path, &body);
            append_imports(linked, &path, text, nested, library, seen)?;
        }
        linked.imports.push(import);
    }
    Ok(())
}

/// Names declared at module scope, by their keyword at the start of a line.
pub(crate) fn declared_names(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| {
            let rest = ["fn ", "struct ", "const ", "alias "].iter().find_map(|k| line.strip_prefix(k))?;
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            Some(&rest[..end])
        })
        .collect()
}

/// Blanks the import statements (keeping line breaks) and returns them; spells out what naga does not know.
fn take_imports(file: &str, source: &str) -> Result<(String, Vec<Import>), CompileError> {
    let mut text = String::with_capacity(source.len());
    let mut imports = Vec::new();
    let mut statement: Option<(usize, String)> = None;
    for (index, line) in source.lines().enumerate() {
        let started = statement.is_some();
        if started || line.trim_start().starts_with("import ") {
            let (first, mut so_far) = statement.take().unwrap_or((index + 1, String::new()));
            if started {
                so_far.push('\n');
            }
            so_far.push_str(line);
            if line.trim_end().ends_with(';') {
                imports.push(parse_import(file, first, &so_far)?);
            } else {
                statement = Some((first, so_far));
            }
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    if let Some((first, so_far)) = statement {
        return Err(malformed(file, first, &so_far));
    }
    Ok((crate::swizzle::spell_out(&text), imports))
}

fn parse_import(file: &str, line: usize, statement: &str) -> Result<Import, CompileError> {
    let parse = || {
        let path = statement.trim().strip_prefix("import ")?.trim().strip_suffix(';')?.trim();
        let (module, items) = path.strip_prefix("package::shared::")?.split_once("::")?;
        let items = match items.trim().strip_prefix('{') {
            Some(list) => list.strip_suffix('}')?,
            None => items,
        };
        let items: Vec<String> = items.split(',').map(|i| i.trim().to_owned()).filter(|i| !i.is_empty()).collect();
        let plain = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '_');
        (plain(module) && !items.is_empty() && items.iter().all(|i| plain(i))).then(|| Import {
            file: file.to_owned(),
            module: module.to_owned(),
            items,
            line,
            text: statement.to_owned(),
        })
    };
    parse().ok_or_else(|| malformed(file, line, statement))
}

fn malformed(file: &str, line: usize, statement: &str) -> CompileError {
    Diagnostic {
        file: file.to_owned(),
        line,
        column: 0,
        code: "import",
        message: "this import cannot be read".to_owned(),
        fix: "write `import package::shared::<module>::{name, name};` (no aliases, no wildcards)".to_owned(),
        excerpt: statement.lines().next().unwrap_or("").to_owned(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> Library {
        let modules = [
            ("a", "import package::shared::b::{b_one};\nfn a_one() -> u32 { return b_one(); }\n"),
            ("b", "fn b_one() -> u32 { return 1u; }\n"),
        ];
        Library {
            modules: modules.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            kernel: [("k".to_owned(), "import package::shared::b::{b_one};\nfn kernel() {}\n".to_owned())].into(),
        }
    }

    #[test]
    fn own_lines_keep_their_numbers_and_modules_come_once() {
        let source =
            "//! x\nimport package::shared::a::{a_one};\nimport package::shared::b::{\n  b_one,\n};\nfn f() {}\n";
        let linked = link("x.wgsl", source, &library()).unwrap();
        assert_eq!(linked.text.lines().nth(5), Some("fn f() {}"));
        assert_eq!(linked.text.matches("fn b_one").count(), 1);
        let all = link_kernel(&linked, "const G: u32 = 1u;\n", &library(), &[], |_| true).unwrap();
        assert_eq!(all.text.matches("fn b_one").count(), 1);
        let line = all.text.lines().position(|l| l.starts_with("fn a_one")).unwrap() + 1;
        assert_eq!(all.locate(line), ("shaders/shared/a.wgsl", 2));
        assert_eq!(all.locate(6), ("x.wgsl", 6));
    }

    #[test]
    fn the_linked_text_has_what_is_imported_and_nothing_else() {
        let mut library = library();
        library.modules.insert("c".to_owned(), "fn c_one() -> u32 { return 3u; }\n".to_owned());
        let linked = |library: &Library| library.linked("x.wgsl", "import package::shared::a::{a_one};\n").unwrap();
        let before = linked(&library);
        assert!(before.contains("fn a_one") && before.contains("fn b_one"));
        library.modules.insert("c".to_owned(), "fn c_one() -> u32 { return 4u; }\n".to_owned());
        assert_eq!(linked(&library), before, "nobody imports that module");
        library.modules.insert("b".to_owned(), "fn b_one() -> u32 { return 2u; }\n".to_owned());
        assert_ne!(linked(&library), before, "imported through another module");
    }

    #[test]
    fn bad_imports_name_the_line_and_the_remedy() {
        for (source, text) in [
            ("\nimport package::shared::c::{x};\n", "no shared module `c`"),
            ("\nimport package::shared::b::{b_once};\n", "did you mean `b_one`"),
            ("\nimport package::shared::b::*;\n", "cannot be read"),
            ("\nimport package::shared::b::{b_one}\n", "cannot be read"),
        ] {
            let error = link("x.wgsl", source, &library()).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("x.wgsl:2"), "{error}");
        }
    }
}
