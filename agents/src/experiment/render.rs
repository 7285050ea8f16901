//! The report of an experiment, from what is stored.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::spec::{Experiment, Group, Measure, RunSpec, slug};
use super::store::{Record, Status, Store};
use crate::error::Result;
use crate::report::compare::mean_curve;
use crate::report::curve::{Series, curves};
use crate::report::statistics::{Estimate, bootstrap, interquartile_mean, mean};

/// What the report says besides the results.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The command that makes it again.
    pub command: String,
    /// Runs whose stored results belong to other options than the file has now, by name.
    pub outdated: Vec<String>,
}

/// The Markdown page, and its pictures as (name of the file, SVG); pictures lie in a folder named as the experiment.
///
/// # Errors
/// [`crate::Error::Io`] and [`crate::Error::Metrics`] if a stored curve does not read.
pub fn render(experiment: &Experiment, store: &Store, facts: &Facts) -> Result<(String, Vec<(String, String)>)> {
    let runs = experiment.runs(None);
    let records: Vec<&Record> = runs.iter().filter_map(|run| store.get(run)).collect();
    let mut out = format!("# {}\n\n", experiment.name);
    if !experiment.about.is_empty() {
        let _ = writeln!(out, "{}\n", experiment.about.trim());
    }
    let _ = writeln!(
        out,
        "Made by `{}`; the curves and `summary.json` it is made from are in `{}/`.\n",
        facts.command, experiment.name
    );
    origin(&mut out, experiment, &records);
    if !facts.outdated.is_empty() {
        let (count, few) = (facts.outdated.len(), &facts.outdated[..facts.outdated.len().min(FEW)]);
        let more = if count > FEW { format!(" and {} more", count - FEW) } else { String::new() };
        let _ = writeln!(out, "**Out of date**, made with other options or other code: {}{more}.\n", few.join("; "));
    }
    if records.len() < runs.len() {
        let _ = writeln!(out, "**Unfinished**: {} of {} runs are made.\n", records.len(), runs.len());
    }
    table(&mut out, experiment, store, &runs);
    out += EXPLANATION;
    if has_tasks(store, &runs) {
        out += EXPLANATION_OF_TASKS;
    }
    failures(&mut out, &records);
    let mut pictures = Vec::new();
    let mut envs: Vec<&String> = Vec::new();
    experiment.groups.iter().for_each(|g| {
        if !envs.contains(&&g.env) {
            envs.push(&g.env)
        }
    });
    for env in envs {
        let kinds: [(&str, &str, &str, Curve); 2] = [
            ("", "Learning curves", "episode return", Store::curve),
            (".mastered", "Tasks mastered", "tasks mastered (%)", Store::mastery),
        ];
        for (suffix, about, y_label, curve) in kinds {
            let mut series = Vec::new();
            for group in experiment.groups.iter().filter(|g| g.env == *env) {
                let found = mean_of(&runs, group, store, curve)?;
                series.extend((!found.points.is_empty()).then_some(found));
            }
            if series.is_empty() {
                continue;
            }
            let name = format!("{}{suffix}.svg", slug(env));
            let _ = writeln!(out, "\n![{about} on {env}]({}/{name})", experiment.name);
            pictures.push((name, curves(env, "environment steps", y_label, &series)));
        }
    }
    Ok((out, pictures))
}

/// Head of the column that only experiments with tasks have.
const MASTERED: &str = "mastered";

/// Runs that are named; of more only the number is said.
const FEW: usize = 8;

const EXPLANATION: &str = "
Training: mean over seeds of the mean return of the last 100 training episodes, exploration included, with the 95 %
percentile-bootstrap interval over seeds (10 000 resamples). Worst: the least of these means. IQM: inter-quartile mean of
them (`trim_mean` with 0.25). Evaluation: mean over seeds of the mean return of the evaluation episodes of the trained
policy, with its interval. Cut off: evaluation episodes, over all seeds, that only the evaluation's own limit ended, in
environments that have none: training had no limit there, and the return of such an episode is what it had got by then.
A target is met if all seeds are made, none failed, and the lower end of the interval of what it is a target of reaches
it. Seconds and steps per second, where they are given, are those of training alone, with as many runs side by side as
said above. Curves: mean over seeds of the return of training episodes, with the 95 % bootstrap interval.
";

fn has_tasks(store: &Store, runs: &[RunSpec]) -> bool {
    runs.iter().any(|run| store.get(run).is_some_and(|record| record.result.mastered.is_some()))
}

/// The curve of a run as it is stored.
type Curve = fn(&Store, &RunSpec) -> Result<Vec<(f64, f64)>>;

const EXPLANATION_OF_TASKS: &str = "
Mastered: share of the fixed tasks of the evaluation whose mean return is above the environment's reward threshold, in
percent, mean over seeds with its interval; in the curves, of evaluations during training.
";

fn mean_of(runs: &[RunSpec], group: &Group, store: &Store, curve: Curve) -> Result<Series> {
    let mut all = Vec::new();
    for run in runs.iter().filter(|r| r.group == *group) {
        if store.get(run).is_some_and(|r| r.status == Status::Done) {
            let curve: Vec<(f64, f64)> = curve(store, run)?.into_iter().filter(|p| p.1.is_finite()).collect();
            // A run in which no episode ended has none.
            all.extend((!curve.is_empty()).then_some(curve));
        }
    }
    Ok(mean_curve(&group.label, &all.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// Seeds in words: those in a row as their first and last.
fn list(seeds: &[u64]) -> String {
    let rows = seeds.chunk_by(|a, b| a + 1 == *b);
    let text = |row: &[u64]| match row {
        [first, _, .., last] => format!("{first} to {last}"),
        few => few.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    };
    rows.map(text).collect::<Vec<_>>().join(", ")
}

/// Where and when the results come from; each distinct origin once.
fn origin(out: &mut String, experiment: &Experiment, records: &[&Record]) {
    let _ = writeln!(out, "- Seeds: {}", list(&experiment.seeds));
    for group in &experiment.groups {
        if let Some(seeds) = &group.seeds {
            let _ = writeln!(out, "- Seeds of {} on {}: {}", group.label, group.env, list(seeds));
        }
    }
    if !experiment.tuning_seeds.is_empty() {
        let _ = writeln!(out, "- Options were chosen with other seeds: {}", list(&experiment.tuning_seeds));
    }
    let _ = writeln!(out, "- Evaluation: {} episodes per run", experiment.eval_episodes);
    let origins: BTreeSet<String> = records
        .iter()
        .map(|r| format!("shadergym {} on {}, {} side by side", r.version, r.machine, plural(r.jobs, "run")))
        .collect();
    for origin in origins {
        let _ = writeln!(out, "- {origin}");
    }
    let dates: BTreeSet<&str> = records.iter().map(|r| r.date.as_str()).collect();
    if let (Some(first), Some(last)) = (dates.first(), dates.last()) {
        let _ = writeln!(out, "- {}", if first == last { (*first).to_owned() } else { format!("{first} to {last}") });
    }
    out.push('\n');
}

fn table(out: &mut String, experiment: &Experiment, store: &Store, runs: &[RunSpec]) {
    let noted = experiment.groups.iter().any(|g| g.note.is_some());
    let tasks = has_tasks(store, runs);
    let mut head = vec!["agent", "environment", "steps", "seeds", "training", "worst", "IQM", "evaluation"];
    head.extend(tasks.then_some(MASTERED));
    head.extend(["cut off", "target", "met"]);
    head.extend(experiment.timing.then_some(["s/run", "steps/s"]).into_iter().flatten());
    head.extend(noted.then_some("what was tried"));
    let _ = writeln!(out, "| {} |", head.join(" | "));
    let texts = ["agent", "environment", "target", "met", "what was tried"];
    let aligned = head.iter().map(|name| if texts.contains(name) { "---" } else { "--:" });
    let _ = writeln!(out, "|{}|", aligned.collect::<Vec<_>>().join("|"));
    for group in &experiment.groups {
        let records: Vec<&Record> = runs.iter().filter(|r| r.group == *group).filter_map(|r| store.get(r)).collect();
        let mut row = row(group, &records, experiment.seeds_of(group).len(), tasks);
        if !experiment.timing {
            row.truncate(row.len() - 2);
        }
        let note = noted.then(|| cell(group.note.as_deref().unwrap_or_default()));
        let _ = writeln!(out, "| {} |", row.into_iter().chain(note).collect::<Vec<_>>().join(" | "));
    }
}

fn row(group: &Group, records: &[&Record], seeds: usize, tasks: bool) -> Vec<String> {
    let done: Vec<&Record> = records.iter().filter(|r| r.status == Status::Done).copied().collect();
    let values = |value: fn(&Record) -> Option<f64>| done.iter().filter_map(|r| value(r)).collect::<Vec<_>>();
    let training = values(|r| r.result.last_100);
    let evaluation = values(|r| r.result.evaluation);
    let mastered = values(|r| r.result.mastered);
    let cut_off: Option<Vec<usize>> = done.iter().map(|r| r.result.cut_off).collect();
    let cut_off =
        cut_off.filter(|counts| !counts.is_empty()).map_or("-".to_owned(), |c| c.iter().sum::<usize>().to_string());
    let failed = records.len() - done.len();
    let mut counted = if done.len() == seeds { seeds.to_string() } else { format!("{} of {seeds}", done.len()) };
    if failed > 0 {
        let _ = write!(counted, ", {failed} failed");
    }
    if training.len() < done.len() {
        let _ = write!(counted, ", {} without an episode", done.len() - training.len());
    }
    let target = group.target.as_ref().map(|target| {
        let (values, of) = match target.of {
            Measure::Training => (&training, "training"),
            Measure::Evaluation => (&evaluation, "evaluation"),
            Measure::Mastered => (&mastered, "% mastered"),
        };
        let whole = values.len() == seeds;
        let met = if whole && bootstrap(&[values.to_vec()], mean).low >= target.value { "yes" } else { "**no**" };
        let source = if target.source.is_empty() { String::new() } else { format!(", {}", cell(&target.source)) };
        (format!("{} in {of}{source}", target.value), met)
    });
    let or_dash = |values: &[f64], text: &dyn Fn(&[f64]) -> String| {
        if values.is_empty() { "-".to_owned() } else { text(values) }
    };
    let with_interval = |values: &[f64]| interval(bootstrap(&[values.to_vec()], mean), values.len());
    let mut row = vec![
        cell(&group.label),
        cell(&group.env),
        steps(group.steps),
        counted,
        or_dash(&training, &with_interval),
        or_dash(&training, &|v| number(v.iter().copied().fold(f64::INFINITY, f64::min))),
        or_dash(&training, &|v| number(interquartile_mean(v))),
        or_dash(&evaluation, &with_interval),
    ];
    row.extend(tasks.then(|| or_dash(&mastered, &with_interval)));
    row.extend([
        cut_off,
        target.as_ref().map_or("-".to_owned(), |(text, _)| text.clone()),
        target.map_or("-", |(_, met)| met).to_owned(),
        or_dash(&values(|r| Some(r.result.seconds)), &|v| format!("{:.1}", mean(v))),
        or_dash(&values(|r| Some(r.result.step as f64 / r.result.seconds.max(1e-9))), &|v| format!("{:.0}", mean(v))),
    ]);
    row
}

fn failures(out: &mut String, records: &[&Record]) {
    let failed: Vec<_> = records.iter().filter(|r| r.status != Status::Done).collect();
    if failed.is_empty() {
        return;
    }
    *out += "\n## Runs that failed\n\n| agent | environment | seed | how | why |\n|---|---|--:|---|---|\n";
    for r in failed {
        let how = if r.status == Status::Diverged { "diverged" } else { "error" };
        let reason = cell(r.reason.as_deref().unwrap_or_default());
        let _ = writeln!(out, "| {} | {} | {} | {how} | {reason} |", cell(&r.label), cell(&r.env), r.seed);
    }
}

fn interval(e: Estimate, samples: usize) -> String {
    let value = number(e.value);
    // One sample has no spread.
    if samples < 2 { value } else { format!("{value} [{}, {}]", number(e.low), number(e.high)) }
}

/// A return with about four digits.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// `500k`, `10M`, or all digits where that would round.
fn steps(steps: u64) -> String {
    match steps {
        s if s >= 1_000_000 && s.is_multiple_of(100_000) => format!("{}M", s as f64 / 1e6),
        s if s >= 1000 && s.is_multiple_of(1000) => format!("{}k", s / 1000),
        s => s.to_string(),
    }
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
