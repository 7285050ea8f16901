//! The members at work: as many at a time as there are threads.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use shadergym_envs::Device;

use super::{Member, Population};
use crate::error::{Error, Result};
use crate::train::{Callback, End, Outcome, Phase, Progress, resume, train};

/// Time between two reports of a member: iterations may be shorter than a millisecond.
const REPORT_EVERY: Duration = Duration::from_millis(50);

/// How far a member is.
#[derive(Clone, Copy, Default)]
struct At {
    step: u64,
    begun: u64,
    steps: u64,
    episodes: u64,
    means: Option<(f64, f64)>,
}

enum Message {
    At(usize, At, Vec<String>),
    Over(usize, Box<Member>),
}

/// Makes or goes on with all members; what each came to, by seed.
pub(super) fn run(population: &Population, callback: &mut Callback<'_>) -> Vec<Member> {
    let count = population.count() as usize;
    let config = &population.variants[0].base;
    let gpu = matches!(config.chosen_device(), Device::Gpu(_));
    let jobs = if gpu { 1 } else { population.threads.min(count) };
    let threads = (population.threads / jobs).max(1);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (sender, receiver) = channel();
    let start = Instant::now();
    let steps = |index: usize| population.which(index as u64).1.base.steps;
    let mut at: Vec<At> = (0..count).map(|index| At { steps: steps(index), ..At::default() }).collect();
    let mut members: Vec<Option<Member>> = vec![None; count];
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= population.count() {
                        return;
                    }
                    let member = one(population, index, threads, stop, &sender);
                    // The receiver lives until all workers are done.
                    let _ = sender.send(Message::Over(index as usize, Box::new(member)));
                }
            });
        }
        drop(sender);
        for message in receiver {
            let notes = match message {
                Message::At(index, now, notes) => {
                    at[index] = now;
                    notes.into_iter().map(|n| format!("{}: {n}", population.name(index as u64))).collect()
                }
                Message::Over(index, member) => {
                    let note = member.error.as_ref();
                    let note = note.map(|error| format!("{} failed: {error}", population.name(index as u64)));
                    at[index].step = member.summary["step"].as_u64().unwrap_or(at[index].step);
                    members[index] = Some(*member);
                    note.into_iter().collect::<Vec<_>>()
                }
            };
            let progress = together(&at, population.folder.as_deref(), start, &notes);
            if callback(&progress).is_break() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    let missing = |(index, member): (usize, Option<Member>)| member.unwrap_or_else(|| population.member(index as u64));
    members.into_iter().enumerate().map(missing).collect()
}

/// All members as one run: steps and episodes of all, means over those that have any.
fn together<'a>(at: &[At], folder: Option<&'a Path>, start: Instant, notes: &'a [String]) -> Progress<'a> {
    let sum = |of: fn(&At) -> u64| at.iter().map(of).fold(0, u64::saturating_add);
    let seconds = start.elapsed().as_secs_f64();
    let means: Vec<(f64, f64)> = at.iter().filter_map(|at| at.means).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| means.iter().map(of).sum::<f64>() / means.len() as f64;
    Progress {
        phase: Phase::Training,
        step: sum(|at| at.step),
        steps: sum(|at| at.steps),
        seconds,
        steps_per_second: sum(|at| at.step.saturating_sub(at.begun)) as f64 / seconds.max(1e-9),
        episodes: sum(|at| at.episodes),
        means: (!means.is_empty()).then(|| (mean(|m| m.0), mean(|m| m.1))),
        row: None,
        devices: None,
        folder,
        notes,
    }
}

fn one(population: &Population, index: u64, threads: usize, stop: &AtomicBool, sender: &Sender<Message>) -> Member {
    let (mut newest, mut first) = (None::<Instant>, None);
    let mut report = |progress: &Progress<'_>| {
        let begun = *first.get_or_insert(progress.step);
        if newest.is_none_or(|at| at.elapsed() >= REPORT_EVERY) || !progress.notes.is_empty() {
            newest = Some(Instant::now());
            let Progress { step, steps, episodes, means, .. } = *progress;
            let at = At { step, begun, steps, episodes, means };
            let _ = sender.send(Message::At(index as usize, at, progress.notes.to_vec()));
        }
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let unknown = population.member(index);
    let folder = unknown.folder.clone();
    if population.more.is_none()
        && let Some((end, summary)) = folder.as_deref().and_then(over)
    {
        return Member { end: Some(end), summary, ..unknown };
    }
    // A defect of one must not lose what the others do.
    let made = std::panic::AssertUnwindSafe(|| go(population, index, threads, folder.as_deref(), &mut report));
    let made = std::panic::catch_unwind(made).unwrap_or_else(|panic| Err(Error::of_panic(&*panic)));
    match made {
        Ok(outcome) => Member { end: Some(outcome.end), summary: outcome.summary, ..unknown },
        Err(error) => {
            let summary = folder.as_deref().and_then(summary).unwrap_or(Json::Null);
            Member { end: Some(End::Failed), error: Some(error.to_string()), summary, ..unknown }
        }
    }
}

/// Trains a member, or goes on with it.
fn go(
    population: &Population,
    index: u64,
    threads: usize,
    folder: Option<&Path>,
    callback: &mut Callback<'_>,
) -> Result<Outcome> {
    if let Some(folder) = folder
        && folder.exists()
    {
        if folder.join("config.toml").exists() {
            return resume(folder, population.more, callback);
        }
        // A process died before it wrote what the run is: there is nothing in it that somebody made.
        std::fs::remove_dir_all(folder).map_err(|e| crate::train::files::failed("write", folder, e))?;
    }
    train(&population.options(index, threads), callback)
}

/// What a run or a population has written of its end.
pub(super) fn summary(folder: &Path) -> Option<Json> {
    serde_json::from_str(&std::fs::read_to_string(folder.join("summary.json")).ok()?).ok()
}

/// How a member that is over ended.
fn over(folder: &Path) -> Option<(End, Json)> {
    let summary = summary(folder)?;
    let end = [End::Steps, End::Until].into_iter().find(|end| summary["end"] == end.name())?;
    Some((end, summary))
}
