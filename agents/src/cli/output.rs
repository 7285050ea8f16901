//! What all commands print with: failures, tables, numbers, progress.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use shadergym_compiler::CompileError;
use shadergym_envs::Error;

/// Why a command ends early.
#[derive(Debug)]
pub enum Failure {
    /// The library refused.
    Envs(Error),
    /// The agents refused.
    Agents(crate::Error),
    /// Somebody asked for the end.
    Interrupted(String),
    /// Standard output.
    Io(io::Error),
    /// Anything else that fails.
    Message(String),
    /// The command line makes no sense, found out after parsing.
    Usage(String),
}

/// Result of a command.
pub type Done<T = ()> = Result<T, Failure>;

impl Failure {
    /// Exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            // As shells have it: 128 and the number of SIGINT.
            Self::Interrupted(_) => 130,
            _ => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Envs(error) => error.fmt(f),
            Self::Io(error) => write!(f, "cannot write the output: {error}"),
            Self::Agents(error) => error.fmt(f),
            Self::Message(text) | Self::Interrupted(text) => f.write_str(text),
            Self::Usage(text) => write!(f, "{text}\n\nFor more information, try '--help'."),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Envs(error)
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        Self::Agents(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Self {
        Self::Envs(Error::Compile(error))
    }
}

/// Whether escape sequences are welcome there (<https://no-color.org>).
fn colours(terminal: bool) -> bool {
    terminal
        && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// `error:`, red on a terminal.
pub fn error_label() -> &'static str {
    if colours(io::stderr().is_terminal()) { "\x1b[1;31merror:\x1b[0m" } else { "error:" }
}

/// A text, bold on a terminal.
pub fn heading(text: &str) -> String {
    if colours(io::stdout().is_terminal()) { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

/// A table with aligned columns. Cells that look like numbers are aligned to the right.
#[derive(Debug, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column names.
    pub fn new<'a>(head: impl IntoIterator<Item = &'a str>) -> Self {
        Self { head: head.into_iter().map(str::to_owned).collect(), rows: Vec::new() }
    }

    /// Adds a row of as many cells as there are columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        debug_assert_eq!(cells.len(), self.head.len());
        self.rows.push(cells);
    }

    /// Prints it, the header bold on a terminal.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = self.head.len();
        let width = |c: usize| self.rows.iter().chain([&self.head]).map(|r| r[c].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let right: Vec<bool> = (0..columns)
            .map(|c| {
                !self.rows.is_empty()
                    && self.rows.iter().all(|r| r[c].starts_with(|x: char| x.is_ascii_digit()) || r[c] == "-")
            })
            .collect();
        let line = |cells: &[String]| {
            let padded = cells.iter().enumerate().map(|(c, cell)| {
                if right[c] { format!("{cell:>w$}", w = widths[c]) } else { format!("{cell:<w$}", w = widths[c]) }
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        writeln!(out, "{}", heading(&line(&self.head)))?;
        for row in &self.rows {
            writeln!(out, "{}", line(row))?;
        }
        Ok(())
    }
}

/// About three significant digits, without an exponent: `712`, `71.2`, `7.12`, `0.071`.
pub fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// A count with `_` between groups of three digits.
pub fn grouped(value: u64) -> String {
    let text = value.to_string();
    let mut out = String::new();
    for (i, c) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(c);
    }
    out
}

/// At most `width` characters, `…` where something is missing.
pub fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// One line on stderr that says how far a long command is; silent unless stderr is a terminal.
#[derive(Debug)]
pub struct Progress {
    shown: bool,
    newest: std::time::Instant,
}

impl Progress {
    /// Nothing is shown yet.
    pub fn new() -> Self {
        let newest = std::time::Instant::now();
        Self { shown: io::stderr().is_terminal(), newest }
    }

    /// Replaces the line, ten times a second at most unless `now`.
    pub fn show(&mut self, now: bool, text: impl FnOnce() -> String) {
        if self.shown && (now || self.newest.elapsed().as_millis() >= 100) {
            self.newest = std::time::Instant::now();
            let _ = write!(io::stderr(), "\r\x1b[K{}", shortened(&text(), 100));
        }
    }

    /// A line that stays, also where stderr is no terminal.
    pub fn note(&self, text: &str) {
        self.clear();
        let _ = writeln!(io::stderr(), "{text}");
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([digits(712.3), digits(71.23), digits(7.123), digits(0.0712)], ["712", "71.2", "7.12", "0.071"]);
        assert_eq!([grouped(7), grouped(1234), grouped(1_234_567)], ["7", "1_234", "1_234_567"]);
        assert_eq!(shortened("balance a pole", 9), "balance…");
    }

    #[test]
    fn columns_align() {
        let mut table = Table::new(["id", "n"]);
        table.row(["a".to_owned(), "5".to_owned()]);
        table.row(["bcd".to_owned(), "12".to_owned()]);
        let mut text = Vec::new();
        table.write(&mut text).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "id    n\na     5\nbcd  12\n");
    }
}
