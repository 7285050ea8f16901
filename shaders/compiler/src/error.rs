//! Errors of the compiler: every one names the file, the line, what is wrong and what to do.

use std::fmt;

/// One finding in a shader file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// File as the caller named it, or `shaders/shared/<module>.wgsl` for the prelude.
    pub file: String,
    /// Line, from 1; 0 if the finding belongs to the file as a whole.
    pub line: usize,
    /// Column, from 1; 0 if unknown.
    pub column: usize,
    /// Short name of the check (`parse`, `import`, `contract`, or a lint's name).
    pub code: &'static str,
    /// What is wrong, with the bad value and the allowed range.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// The source line, empty if there is none.
    pub excerpt: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {} [{}]", self.message, self.code)?;
        if !self.excerpt.is_empty() {
            let gutter = self.line.to_string();
            write!(f, "\n {gutter} | {}", self.excerpt)?;
            if self.column > 0 {
                let lead: String =
                    self.excerpt.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
                write!(f, "\n {} | {lead}^", " ".repeat(gutter.len()))?;
            }
        }
        if !self.fix.is_empty() {
            write!(f, "\n fix: {}", self.fix)?;
        }
        Ok(())
    }
}

/// All findings of one compilation; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CompileError {
    /// The findings, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.diagnostics.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl From<Diagnostic> for CompileError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }
}

/// The candidate nearest to `name`, for "did you mean" texts. None if nothing is close.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |s: &str| s.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&fold(name), &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(name.chars().count()) / 2)
        .min_by_key(|(distance, candidate)| (*distance, edit_distance(name, candidate)))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters.
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_the_typo_and_refuses_the_stranger() {
        let ids = ["CartPole-v1", "Acrobot-v1", "MinAtar/Breakout-v1"];
        assert_eq!(nearest("cartpole-v1", ids), Some("CartPole-v1"));
        assert_eq!(nearest("Breakout-v1", ids), Some("MinAtar/Breakout-v1"));
        assert_eq!(nearest("zzzzzzzzzzzzzz", ids), None);
    }
}
