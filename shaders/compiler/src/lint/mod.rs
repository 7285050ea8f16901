//! Lints: what naga accepts and an environment still must not contain.
//!
//! Text lints read tokens and run even on files that do not parse; module lints see a valid file and its IR. To add one, write a
//! `Lint` beside its check, list it in [`LINTS`], and put a failing sample into `tests/lints/<name>.wgsl`.

mod calls;
mod docs;
mod names;
mod operators;
mod refused;
mod text;
mod types;

use naga::Module;
pub(crate) use names::of_scene;

use crate::error::Diagnostic;
use crate::link::{Import, Library, Linked};
use crate::source::{self, Declaration, Token};

/// One lint: what it looks for, why, and what to do.
#[derive(Debug)]
pub struct Lint {
    /// Short name, shown in brackets.
    pub name: &'static str,
    /// What it finds.
    pub summary: &'static str,
    /// Why that is refused.
    pub why: &'static str,
    /// What to write instead.
    pub fix: &'static str,
    check: Check,
}

/// How a lint looks at the file.
#[derive(Debug)]
enum Check {
    /// At any text: such a finding says more than the parse error that often follows from it.
    Text(fn(&Text<'_>, &mut Report<'_>)),
    /// At a file that parses and validates.
    Module(fn(&Text<'_>, &Module, &mut Report<'_>)),
}

/// All lints, in the order of the documentation.
pub static LINTS: &[Lint] = &[
    text::BINDING,
    text::ENTRY_POINT,
    text::BUILT_IN,
    text::SHADOWED_STEP,
    operators::MIXED_OPERATORS,
    types::UNSUPPORTED_TYPE,
    types::STORED_TYPE,
    types::LARGE_VARIABLES,
    calls::UNSUPPORTED,
    calls::ENDLESS_LOOP,
    calls::POINTER_SPACE,
    calls::ALIASED_POINTERS,
    calls::OBSERVER_WRITES,
    refused::CONSTANT_ERROR,
    refused::TOO_FEW_VALUES,
    refused::LARGE_ARRAY,
    refused::UNSIGNED_SIGN,
    refused::CASE_SELECTOR,
    refused::BYPASSED_DECLARATION,
    docs::UNDOCUMENTED_FIELD,
    docs::UNDOCUMENTED_SPACE,
    names::ABSTRACT_CONSTANT,
    names::RESERVED_NAME,
    names::SHARED_PREFIX,
    names::MISSING_IMPORT,
    names::UNUSED_IMPORT,
    names::UNUSED_NAME,
];

/// Name of the lint that explains a cycle of declarations.
pub(crate) const SHADOWED_STEP: &str = text::SHADOWED_STEP.name;

/// One file of the linked text.
struct Part<'a> {
    /// Name of the shared module, None for the environment itself.
    shared: Option<&'a str>,
    tokens: Vec<Token<'a>>,
    declarations: Vec<Declaration<'a>>,
}

/// The linked text, file by file; the environment's own part comes first.
pub(crate) struct Text<'a> {
    linked: &'a Linked,
    library: &'a Library,
    parts: Vec<Part<'a>>,
}

impl<'a> Text<'a> {
    pub fn new(linked: &'a Linked, library: &'a Library) -> Self {
        let parts = linked
            .parts()
            .map(|(file, start, text)| {
                let tokens = source::tokens(text, start);
                let shared = file.strip_prefix("shaders/shared/").and_then(|f| f.strip_suffix(".wgsl"));
                let shared = shared.filter(|_| start > 0);
                Part { shared, declarations: source::declarations(&tokens), tokens }
            })
            .collect();
        Self { linked, library, parts }
    }

    fn own(&self) -> &Part<'a> {
        &self.parts[0]
    }

    fn declared(&self, name: &str) -> Option<&Declaration<'a>> {
        self.parts.iter().flat_map(|p| &p.declarations).find(|d| d.name == name)
    }

    /// Place of a struct's member; of the struct if the member is not found.
    fn member(&self, structure: &str, member: &str) -> usize {
        let declaration = self.declared(structure);
        let token = declaration.and_then(|d| d.members.iter().find(|m| m.text == member));
        token.map_or(declaration.map_or(0, |d| d.at), |t| t.at)
    }
}

/// Collects the findings of one lint.
struct Report<'a> {
    lint: &'static Lint,
    linked: &'a Linked,
    findings: Vec<Diagnostic>,
}

impl Report<'_> {
    /// A finding with the lint's own remedy.
    fn at(&mut self, offset: usize, message: impl Into<String>) {
        self.with_fix(offset, message, self.lint.fix);
    }

    fn with_fix(&mut self, offset: usize, message: impl Into<String>, fix: &str) {
        self.findings.push(self.linked.diagnostic(offset, self.lint.name, message.into(), fix));
    }

    /// A finding inside an import statement, whose lines are blank in the linked text.
    fn import(&mut self, import: &Import, item: &str, message: String) {
        let word = |t: &source::Token<'_>| t.text == item;
        let at = source::tokens(&import.text, 0).iter().rev().find(|t| word(t)).map_or(0, |t| t.at);
        let before = &import.text[..at];
        let row = before.matches('\n').count();
        self.findings.push(Diagnostic {
            file: import.file.clone(),
            line: import.line + row,
            column: before.rsplit('\n').next().unwrap_or("").chars().count() + 1,
            code: self.lint.name,
            message,
            fix: self.lint.fix.to_owned(),
            excerpt: import.text.lines().nth(row).unwrap_or("").to_owned(),
        });
    }

    fn span(&mut self, span: naga::Span, message: impl Into<String>) {
        self.at(span.to_range().map_or(0, |r| r.start), message);
    }
}

/// Runs the text lints, or, given the parsed module, the module lints.
pub(crate) fn lint(text: &Text<'_>, module: Option<&Module>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for lint in LINTS {
        let mut report = Report { lint, linked: text.linked, findings: Vec::new() };
        match (&lint.check, module) {
            (Check::Text(check), None) => check(text, &mut report),
            (Check::Module(check), Some(module)) => check(text, module, &mut report),
            _ => {}
        }
        findings.append(&mut report.findings);
    }
    findings
}
