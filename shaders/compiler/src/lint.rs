//! Lints over the parsed environment.
use naga::Module;

use crate::error::Diagnostic;
use crate::link::Linked;

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
}

/// All lints.
pub static LINTS: &[Lint] = &[];

/// Runs all lints.
pub(crate) fn lint(_module: &Module, _linked: &Linked) -> Vec<Diagnostic> {
    Vec::new()
}
