//! The text of a function while it is written: lines, of which those that nobody reads are left out in the end. naga
//! evaluates more than is used, and whether a mask or a variable changes is known only when the whole body is written.

use std::collections::HashSet;

/// A line of the body.
#[derive(Debug)]
struct Line {
    indent: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Written as it is.
    Text(String),
    /// Gives a variable its value, and does nothing else unless the value is a call with effects.
    Value { name: String, how: How, value: String, has_effects: bool },
}

/// How a variable gets a value.
#[derive(Debug)]
enum How {
    /// `let name = value;`
    Define,
    /// `let mut name: ty = value;`, without `mut` if nothing changes it.
    Declare { ty: Option<String> },
    /// `name = value;`
    Assign,
}

#[derive(Debug)]
pub(super) struct Lines {
    all: Vec<Line>,
    pub indent: usize,
}

impl Lines {
    /// No lines of a body yet.
    pub fn new() -> Self {
        Self { all: Vec::new(), indent: 1 }
    }

    fn push(&mut self, kind: Kind) {
        self.all.push(Line { indent: self.indent, kind });
    }

    pub fn text(&mut self, text: impl Into<String>) {
        self.push(Kind::Text(text.into()));
    }

    pub fn define(&mut self, name: impl Into<String>, value: impl Into<String>, has_effects: bool) {
        self.push(Kind::Value { name: name.into(), how: How::Define, value: value.into(), has_effects });
    }

    pub fn declare(&mut self, name: impl Into<String>, ty: Option<String>, value: impl Into<String>) {
        let how = How::Declare { ty };
        self.push(Kind::Value { name: name.into(), how, value: value.into(), has_effects: false });
    }

    pub fn assign(&mut self, name: impl Into<String>, value: impl Into<String>, has_effects: bool) {
        self.push(Kind::Value { name: name.into(), how: How::Assign, value: value.into(), has_effects });
    }

    /// Where the next line will be.
    pub fn position(&self) -> usize {
        self.all.len()
    }

    /// Opens a block with a label; to be closed with `close_label`.
    pub fn open_label(&mut self, label: &str) -> usize {
        self.text(format!("'{label}: {{"));
        self.indent += 1;
        self.all.len() - 1
    }

    /// Closes the block that begins at a line; without it if nothing leaves it by its label.
    pub fn close_label(&mut self, at: usize, label: &str) {
        self.indent -= 1;
        if self.breaks(at, label) {
            self.text("}");
            return;
        }
        self.all.remove(at);
        self.all[at..].iter_mut().for_each(|line| line.indent -= 1);
    }

    /// Writes the head of a loop at the line kept for it, with a label if something leaves the loop by it.
    pub fn set_loop(&mut self, at: usize, label: &str) {
        let text = if self.breaks(at, label) { format!("'{label}: loop {{") } else { "loop {".to_owned() };
        self.all[at].kind = Kind::Text(text);
    }

    fn breaks(&self, at: usize, label: &str) -> bool {
        let leave = format!("break '{label};");
        self.all[at..].iter().any(|line| matches!(&line.kind, Kind::Text(text) if *text == leave))
    }

    /// Leaves out what nobody reads.
    pub fn tidy(&mut self) {
        loop {
            let before = self.all.len();
            let mut read = HashSet::new();
            for line in &self.all {
                match &line.kind {
                    Kind::Text(text) => read.extend(names(text)),
                    // `x = x | y` keeps nothing alive.
                    Kind::Value { name, value, .. } => read.extend(names(value).filter(|n| n != name)),
                }
            }
            let read: HashSet<String> = read.into_iter().map(str::to_owned).collect();
            let mut changed = false;
            self.all.retain_mut(|line| match &line.kind {
                Kind::Value { name, .. } if read.contains(name) => true,
                Kind::Value { value, has_effects: true, .. } => {
                    line.kind = Kind::Text(format!("{value};"));
                    changed = true;
                    true
                }
                Kind::Value { .. } => false,
                Kind::Text(_) => true,
            });
            self.drop_empty_blocks();
            if !changed && self.all.len() == before {
                self.inline_results();
                return;
            }
        }
    }

    /// A value that is named only to be returned is returned itself.
    fn inline_results(&mut self) {
        let mut at = 1;
        while at < self.all.len() {
            let (before, line) = (&self.all[at - 1], &self.all[at]);
            let result = match (&before.kind, &line.kind) {
                (Kind::Value { name, how: How::Define, value, .. }, Kind::Text(text)) if name == text => {
                    Some(value.clone())
                }
                _ => None,
            };
            if let Some(value) = result {
                self.all[at].kind = Kind::Text(value);
                self.all.remove(at - 1);
            } else {
                at += 1;
            }
        }
    }

    /// Leaves out `if ... { }` and `{ }`: conditions are names and calls of `any`.
    fn drop_empty_blocks(&mut self) {
        let text = |line: &Line| match &line.kind {
            Kind::Text(text) => text.clone(),
            Kind::Value { .. } => String::new(),
        };
        let mut at = 0;
        while at + 1 < self.all.len() {
            let (open, close) = (text(&self.all[at]), text(&self.all[at + 1]));
            if open == "} else {" && close == "}" {
                self.all.remove(at);
                at = at.saturating_sub(1);
            } else if close == "}" && (open == "{" || (open.starts_with("if ") && open.ends_with('{'))) {
                self.all.drain(at..at + 2);
                at = at.saturating_sub(1);
            } else {
                at += 1;
            }
        }
    }

    /// All names that the lines mention.
    pub fn mentioned(&self) -> HashSet<String> {
        let mut all = HashSet::new();
        for line in &self.all {
            match &line.kind {
                Kind::Text(text) => all.extend(names(text).map(str::to_owned)),
                Kind::Value { name, value, .. } => {
                    all.extend(names(value).map(str::to_owned));
                    all.insert(name.clone());
                }
            }
        }
        all
    }

    /// Variables that change after their declaration, as wholes or in parts.
    pub fn changed(&self) -> HashSet<String> {
        let mut all = HashSet::new();
        for line in &self.all {
            let text = match &line.kind {
                Kind::Text(text) => text,
                Kind::Value { name, how, value, .. } => {
                    if matches!(how, How::Assign) {
                        all.insert(name.clone());
                    }
                    value
                }
            };
            for statement in text.split([';', '{']) {
                let place = statement.split(" = ").next().filter(|place| place.len() < statement.len());
                all.extend(place.and_then(|place| names(place).next()).map(str::to_owned));
            }
            for borrowed in text.split("&mut ").skip(1) {
                all.extend(names(borrowed).next().map(str::to_owned));
            }
        }
        all
    }

    /// The finished text.
    pub fn finish(self) -> String {
        let changed = self.changed();
        let mut out = String::new();
        for line in self.all {
            for _ in 0..line.indent {
                out.push_str("    ");
            }
            let text = match line.kind {
                Kind::Text(text) => text,
                Kind::Value { name, how, value, .. } => match how {
                    How::Define => format!("let {name} = {value};"),
                    How::Assign => format!("{name} = {value};"),
                    How::Declare { ty } => {
                        let word = if changed.contains(&name) { "mut " } else { "" };
                        let ty = ty.map_or(String::new(), |ty| format!(": {ty}"));
                        format!("let {word}{name}{ty} = {value};")
                    }
                },
            };
            out.push_str(&text);
            out.push('\n');
        }
        out
    }
}

/// The names in a text, but for fields, methods and numbers' suffixes.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    let mut before = ' ';
    std::iter::from_fn(move || {
        while let Some(first) = rest.chars().next() {
            let end = if is_name(first) { rest.find(|c| !is_name(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
            let (word, after) = rest.split_at(end);
            let is_field = before == '.';
            rest = after;
            before = word.chars().last().unwrap_or(' ');
            if is_name(first) && !first.is_ascii_digit() && !is_field {
                return Some(word);
            }
        }
        None
    })
}
