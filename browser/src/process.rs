//! The browser as a child process, and commands to its page.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Names that a browser with WebGPU goes by.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The folder with `launch.mjs` and its `node_modules`.
fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first of the programs that is on the search path.
fn find(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names.iter().find_map(|name| folders.iter().map(|f| f.join(name)).find(|p| p.is_file()))
}

/// The programs that a browser needs: node, the browser.
fn programs() -> Result<(PathBuf, OsString), String> {
    let node = find(&["node", "nodejs"]).ok_or("there is no node: install Node.js 20 or later")?;
    if !folder().join("node_modules/playwright-core").is_dir() {
        return Err("playwright-core is missing: run `npm ci` in the folder `browser`".to_owned());
    }
    let browser = std::env::var_os("SHADERGYM_BROWSER").or_else(|| find(&BROWSERS).map(PathBuf::into_os_string));
    let browser = browser.ok_or("there is no browser: install chromium, or name one in SHADERGYM_BROWSER")?;
    Ok((node, browser))
}

/// What must be installed before there can be a browser, if anything.
pub(crate) fn missing() -> Option<String> {
    programs().err()
}

/// A running browser.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    commands: Option<ChildStdin>,
    results: BufReader<ChildStdout>,
}

impl Process {
    pub fn start() -> Result<Self, String> {
        let (node, browser) = programs()?;
        let mut child = Command::new(node)
            .arg(folder().join("launch.mjs"))
            .arg(browser)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start node: {e}"))?;
        let (commands, results) = (child.stdin.take(), child.stdout.take());
        let results = BufReader::new(results.ok_or("node has no output")?);
        Ok(Self { child, commands, results })
    }

    /// Lets the page carry out commands; one result for each.
    pub fn run(&mut self, commands: Vec<Value>) -> Result<Vec<Value>, String> {
        let gone = |e: std::io::Error| format!("the browser is gone: {e}");
        let count = commands.len();
        let input = self.commands.as_mut().ok_or("the browser was closed")?;
        let mut line = Value::Array(commands).to_string();
        line.push('\n');
        input.write_all(line.as_bytes()).and_then(|()| input.flush()).map_err(gone)?;
        let mut answer = String::new();
        self.results.read_line(&mut answer).map_err(gone)?;
        match serde_json::from_str(&answer) {
            Ok(Value::Array(results)) if results.len() == count => Ok(results),
            _ => Err("the browser is gone: it said why above".to_owned()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The script ends with its input, and the browser with the script.
        self.commands = None;
        let _ = self.child.wait();
    }
}
