//! Damaged files: whatever is deleted, doubled, swapped or cut off, the answer is an environment or a readable error.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use shadergym_compiler::{Library, compile, template};

/// Debug builds are ten times slower and catch arithmetic overflow; release builds go through all cases.
const CASES: u64 = if cfg!(debug_assertions) { 300 } else { 2500 };

/// SplitMix64: any generator does, as long as a case can be run again from its number.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }
}

/// Words, numbers, blanks and single signs; together they are the text again.
fn pieces(text: &str) -> Vec<&str> {
    let class = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            1
        } else if c.is_whitespace() {
            2
        } else {
            3
        }
    };
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = 0;
    for (at, c) in text.char_indices() {
        if at > 0 && (class(c) != last || last == 3) {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = class(c);
    }
    pieces.push(&text[start..]);
    pieces
}

fn mutate(text: &str, random: &mut Random) -> String {
    if text.is_empty() {
        return String::new();
    }
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = random.below(lines.len());
    match random.below(8) {
        0 => {
            lines.remove(line);
        }
        1 => lines.insert(random.below(lines.len()), lines[line]),
        2 => {
            let other = random.below(lines.len());
            lines.swap(line, other);
        }
        3 => {
            let cut: usize = text.char_indices().nth(random.below(text.chars().count())).map_or(0, |(at, _)| at);
            return text[..cut].to_owned();
        }
        kind => {
            let mut pieces = pieces(text);
            let (a, b) = (random.below(pieces.len()), random.below(pieces.len()));
            const ODD: [&str; 16] = [
                "4294967295u",
                "0u",
                "-1",
                "1e38",
                "bool",
                "array",
                "}",
                "(",
                "/*",
                "é",
                "\0",
                "atomic",
                "sin",
                "loop",
                "&",
                "ptr",
            ];
            match kind {
                4 => pieces.swap(a, b),
                5 => pieces[a] = pieces[b],
                6 => pieces[a] = ODD[random.below(ODD.len())],
                _ => pieces.insert(a, pieces[b]),
            }
            return pieces.concat();
        }
    }
    lines.concat()
}

#[test]
fn damaged_files_never_panic() {
    let library = common::library();
    let mut sources: Vec<String> = common::shipped().into_iter().map(|(_, text)| text).collect();
    sources.extend([template("point_mass").unwrap().1, common::own("clean.wgsl"), common::own("everything.wgsl")]);
    let (accepted, next) = (AtomicU64::new(0), AtomicU64::new(0));
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let case = next.fetch_add(1, Ordering::Relaxed)
            && case < CASES
        {
            match catch_unwind(AssertUnwindSafe(|| is_accepted(case, &sources, &library))) {
                Ok(fine) => drop(accepted.fetch_add(u64::from(fine), Ordering::Relaxed)),
                Err(_) => failures.lock().unwrap().push(case),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (failures, accepted) = (failures.into_inner().unwrap(), accepted.into_inner());
    assert!(failures.is_empty(), "cases {failures:?} panicked");
    assert!((1..CASES).contains(&accepted), "{accepted} of {CASES} mutants were accepted: the test sees one side only");
}

/// Compiles one mutant: whether it is an environment. Panics where what comes out is neither that nor a readable error.
fn is_accepted(case: u64, sources: &[String], library: &Library) -> bool {
    let mut random = Random(case);
    let mut text = sources[random.below(sources.len())].clone();
    for _ in 0..=random.below(3) {
        text = mutate(&text, &mut random);
    }
    match compile(Path::new("mutant.wgsl"), &text, library) {
        Ok(compiled) => {
            // The lints refuse what the CPU back end cannot translate.
            compiled.lanes().unwrap_or_else(|e| panic!("{e}"));
            true
        }
        Err(error) => {
            let full =
                |d: &shadergym_compiler::Diagnostic| !d.message.is_empty() && !d.fix.is_empty() && !d.file.is_empty();
            assert!(!error.diagnostics.is_empty() && error.diagnostics.iter().all(full), "{error:?}");
            assert!(!error.to_string().is_empty());
            false
        }
    }
}
