//! The members at work: as many at a time as there are threads, or more where their learners go together.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use shadergym_envs::Device;

use super::{Member, Population, team};
use crate::error::{Error, Result};
use crate::train::run::Run;
use crate::train::{Callback, End, Outcome, Phase, Progress, begin, go_on};

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
    let share = count.div_ceil(jobs) as u64;
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (sender, receiver) = channel();
    let start = Instant::now();
    let steps = |index: usize| population.which(index as u64).1.base.steps;
    let mut at: Vec<At> = (0..count).map(|index| At { steps: steps(index), ..At::default() }).collect();
    let mut members: Vec<Option<Member>> = vec![None; count];
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            let take = move |most: u64| {
                let first = next.fetch_add(most, Ordering::Relaxed).min(population.count());
                first..first.saturating_add(most).min(population.count())
            };
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let mut taken = take(1);
                    if taken.is_empty() {
                        return;
                    }
                    let first = Listener::open(population, taken.start, threads, stop, &sender);
                    let mut opened: Vec<_> = first.into_iter().collect();
                    // The others of a team: no more than leave as many for the other threads.
                    if let Some(side) = opened.first().and_then(|(_, run)| run.side_by_side()) {
                        taken = take(share.min(side.most as u64).max(1) - 1);
                        let others = taken.filter(|_| !stop.load(Ordering::Relaxed));
                        opened.extend(others.filter_map(|i| Listener::open(population, i, threads, stop, &sender)));
                    }
                    let (teams, alone) = team::teams(opened);
                    teams.into_iter().for_each(together_to_their_ends);
                    for (listener, run) in alone {
                        if !stop.load(Ordering::Relaxed) {
                            together_to_their_ends(vec![(listener, run)]);
                        }
                    }
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

/// Who tells of a member.
struct Listener<'a> {
    population: &'a Population,
    index: u64,
    stop: &'a AtomicBool,
    sender: Sender<Message>,
    newest: Option<Instant>,
    first: Option<u64>,
}

impl<'a> Listener<'a> {
    /// The run of a member at its beginning or where it was stopped; None if there is nothing to do, which is told.
    fn open(
        population: &'a Population,
        index: u64,
        threads: usize,
        stop: &'a AtomicBool,
        sender: &Sender<Message>,
    ) -> Option<(Self, Run)> {
        let listener = Self { population, index, stop, sender: sender.clone(), newest: None, first: None };
        let unknown = population.member(index);
        if population.more.is_none()
            && let Some((end, summary)) = unknown.folder.as_deref().and_then(over)
        {
            listener.over(Member { end: Some(end), summary, ..unknown });
            return None;
        }
        // A defect of one must not lose what the others do.
        let opening = std::panic::AssertUnwindSafe(|| open(population, index, threads, unknown.folder.as_deref()));
        match std::panic::catch_unwind(opening).unwrap_or_else(|panic| Err(Error::of_panic(&*panic))) {
            Ok(run) => Some((listener, run)),
            Err(error) => {
                listener.ended(Err(error));
                None
            }
        }
    }

    fn hear(&mut self, progress: &Progress<'_>) -> ControlFlow<()> {
        let begun = *self.first.get_or_insert(progress.step);
        if self.newest.is_none_or(|at| at.elapsed() >= REPORT_EVERY) || !progress.notes.is_empty() {
            self.newest = Some(Instant::now());
            let Progress { step, steps, episodes, means, .. } = *progress;
            let at = At { step, begun, steps, episodes, means };
            let _ = self.sender.send(Message::At(self.index as usize, at, progress.notes.to_vec()));
        }
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn ended(&self, outcome: Result<Outcome>) {
        let unknown = self.population.member(self.index);
        self.over(match outcome {
            Ok(outcome) => Member { end: Some(outcome.end), summary: outcome.summary, ..unknown },
            Err(error) => {
                let summary = unknown.folder.as_deref().and_then(summary).unwrap_or(Json::Null);
                Member { end: Some(End::Failed), error: Some(error.to_string()), summary, ..unknown }
            }
        });
    }

    fn over(&self, member: Member) {
        // The receiver lives until all workers are done.
        let _ = self.sender.send(Message::Over(self.index as usize, Box::new(member)));
    }
}

/// Trains runs that go together, or one, and tells what each came to.
fn together_to_their_ends(runs: Vec<(Listener<'_>, Run)>) {
    let (mut listeners, runs): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    let training = std::panic::AssertUnwindSafe(|| {
        let mut callbacks: Vec<_> =
            listeners.iter_mut().map(|listener| |progress: &Progress<'_>| listener.hear(progress)).collect();
        let mut callbacks: Vec<&mut Callback<'_>> = callbacks.iter_mut().map(|c| c as &mut Callback<'_>).collect();
        team::run(runs, &mut callbacks)
    });
    // A defect of one must not lose what the others do, but for those that it was in the middle of.
    match std::panic::catch_unwind(training) {
        Ok(outcomes) => listeners.iter().zip(outcomes).for_each(|(listener, outcome)| listener.ended(outcome)),
        Err(panic) => listeners.iter().for_each(|listener| listener.ended(Err(Error::of_panic(&*panic)))),
    }
}

/// A member's run, at its beginning or where it was stopped.
fn open(population: &Population, index: u64, threads: usize, folder: Option<&Path>) -> Result<Run> {
    if let Some(folder) = folder
        && folder.exists()
    {
        if folder.join("config.toml").exists() {
            return go_on(folder, population.more, crate::algorithms::find);
        }
        // A process died before it wrote what the run is: there is nothing in it that somebody made.
        std::fs::remove_dir_all(folder).map_err(|e| crate::train::files::failed("write", folder, e))?;
    }
    begin(&population.options(index, threads))
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
