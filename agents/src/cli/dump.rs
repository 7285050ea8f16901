//! `shadergym dump`: what is derived from an environment's file.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use shadergym_compiler::{compile_variant, nearest};
use shadergym_shaders::{environments, library};

use super::output::{Done, Failure, Table, grouped};
use super::symbols;
use super::target::Target;

/// Print what the compiler makes of an environment: generated Rust, linked WGSL, facts.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  shadergym dump CartPole-v1 --lanes                    the Rust that the CPU runs, generic over the SIMD width
  shadergym dump CartPole-v1 --lanes --function step    one function of it
  shadergym dump my_env.wgsl --wgsl                     what the GPU runs
  shadergym dump CartPole-v1 --facts | jq .params       everything that was reflected
  shadergym dump --sizes                                how much code each environment gives")]
pub struct Args {
    /// Id as in `shadergym list`, or a .wgsl file
    #[arg(required_unless_present = "sizes")]
    env: Option<String>,
    #[command(flatten)]
    what: What,
    /// Only the function of this name, of --lanes, --wgsl or --source
    #[arg(long, value_name = "NAME", conflicts_with_all = ["facts", "sizes"])]
    function: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Generated Rust of the CPU kernels
    #[arg(long)]
    lanes: bool,
    /// Linked WGSL of the GPU kernels: environment, prelude, glue and kernel
    #[arg(long)]
    wgsl: bool,
    /// Everything reflected, as JSON
    #[arg(long)]
    facts: bool,
    /// The environment's own file
    #[arg(long)]
    source: bool,
    /// Lines and bytes of all of these, seconds of the shader compiler and bytes of machine code, per environment
    #[arg(long)]
    sizes: bool,
}

pub fn run(args: &Args, out: &mut dyn Write) -> Done {
    let target = args.env.as_deref().map(Target::find).transpose()?;
    if args.what.sizes {
        return sizes(target, out);
    }
    let target = target.expect("clap asks for it");
    let text = if args.what.lanes {
        target.lanes()?
    } else if args.what.wgsl {
        target.kernel_source().to_owned()
    } else if args.what.facts {
        serde_json::to_string_pretty(target.facts()).expect("facts are plain data") + "\n"
    } else {
        target.source().to_owned()
    };
    match &args.function {
        None => out.write_all(text.as_bytes())?,
        Some(name) => {
            let found = functions(&text, name);
            if found.is_empty() {
                let mut all: Vec<&str> = names(&text).collect();
                all.dedup();
                let hint =
                    nearest(name, all.iter().copied()).map_or(String::new(), |n| format!(", did you mean `{n}`?"));
                let text = format!("this text has no function `{name}`{hint}; it has {}", all.join(", "));
                return Err(Failure::Message(text));
            }
            writeln!(out, "{}", found.join("\n\n"))?;
        }
    }
    Ok(())
}

fn sizes(target: Option<Target>, out: &mut dyn Write) -> Done {
    let targets = match target {
        Some(target) => vec![target],
        None => environments().iter().map(Target::Shipped).collect(),
    };
    let symbols = symbols::functions_of_this_program();
    let mut table = Table::new([
        "environment",
        "source lines",
        "bytes",
        "wgsl lines",
        "bytes",
        "lanes lines",
        "bytes",
        "facts bytes",
        "code bytes",
        "compile seconds",
    ]);
    let (mut sums, mut seconds) = ([0u64; 8], 0.0);
    for target in &targets {
        let begin = Instant::now();
        // Anew, since what the target holds may have been compiled before.
        let compiled =
            compile_variant(Path::new(&target.place()), target.source(), library(), Some(&target.facts().id))?;
        compiled.lanes()?;
        let spent = begin.elapsed().as_secs_f64();
        let lanes = target.lanes()?;
        let facts = serde_json::to_string(target.facts()).expect("facts are plain data");
        let [source, wgsl, lanes] = [target.source(), &compiled.kernel_source, &lanes]
            .map(|text| [text.lines().count() as u64, text.len() as u64]);
        let code = match (target, &symbols) {
            (Target::Shipped(environment), Some(symbols)) => symbols::bytes_of_module(symbols, environment.code.module),
            _ => 0,
        };
        let numbers = [source[0], source[1], wgsl[0], wgsl[1], lanes[0], lanes[1], facts.len() as u64, code];
        sums.iter_mut().zip(numbers).for_each(|(sum, n)| *sum += n);
        seconds += spent;
        table.row([target.facts().id.clone()].into_iter().chain(row(numbers, symbols.is_some(), spent)));
    }
    if targets.len() > 1 {
        table.row(["all".to_owned()].into_iter().chain(row(sums, symbols.is_some(), seconds)));
    }
    table.write(out)?;
    Ok(())
}

/// Cells of a row of sizes; machine code is unknown where the program's symbols cannot be read.
fn row(numbers: [u64; 8], code_known: bool, seconds: f64) -> impl Iterator<Item = String> {
    let cell = move |(i, n)| if i == 7 && !code_known { "unknown".to_owned() } else { grouped(n) };
    numbers.into_iter().enumerate().map(cell).chain([format!("{seconds:.3}")])
}

/// Names of all functions of a WGSL or Rust text.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(function_name)
}

/// The name of the function that a line begins.
fn function_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let at = if line.starts_with("fn ") { 3 } else { line.find(" fn ").filter(|_| !line.starts_with("//"))? + 4 };
    let rest = &line[at..];
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
    (end > 0 && rest[end..].starts_with(['(', '<'])).then(|| &rest[..end])
}

/// The functions of a name with their docs and attributes; of generated Rust all variants, such as `step_masked` and
/// `math_sin_l` (a suffix of l and u says which arguments differ by lane and which are uniform).
fn functions(text: &str, name: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter(|(_, line)| function_name(line).is_some_and(|n| is_variant(n, name)));
    starts.filter_map(|(start, _)| function_at(&lines, start)).collect()
}

fn is_variant(found: &str, name: &str) -> bool {
    let Some(rest) = found.strip_prefix(name) else { return false };
    let rest = rest.strip_suffix("_masked").unwrap_or(rest);
    rest.is_empty() || rest.strip_prefix('_').is_some_and(|s| !s.is_empty() && s.chars().all(|c| c == 'l' || c == 'u'))
}

/// The function that begins in a line.
fn function_at(lines: &[&str], start: usize) -> Option<String> {
    let above = lines[..start]
        .iter()
        .rev()
        .take_while(|l| l.trim_start().starts_with(['#', '@', '/']) && !l.starts_with("//!"));
    let first = start - above.count();
    let mut depth = 0usize;
    for (i, line) in lines.iter().enumerate().skip(start) {
        let code = line.split("//").next().unwrap_or("");
        let opened = code.matches('{').count();
        depth = (depth + opened).saturating_sub(code.matches('}').count());
        if depth == 0 && code.contains('}') {
            return Some(lines[first..=i].join("\n"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_whole() {
        let text = "const A = 1;\n/// Doc.\n#[inline]\npub fn two<S>(s: S) {\n  if a {\n  } // }\n}\nfn one() {}\n";
        assert_eq!(names(text).collect::<Vec<_>>(), ["two", "one"]);
        assert_eq!(functions(text, "one"), ["fn one() {}"]);
        assert_eq!(functions(text, "two"), ["/// Doc.\n#[inline]\npub fn two<S>(s: S) {\n  if a {\n  } // }\n}"]);
        assert!(functions(text, "three").is_empty());
        assert!(is_variant("step_lu_masked", "step") && !is_variant("step_back", "step"));
    }
}
