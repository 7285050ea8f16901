//! Runs of an experiment, side by side, those that are kept left out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use super::hash::hash;
use super::store::{Record, Status, Store};
use super::{Experiment, RunResult, RunSpec, Trainer};
use crate::error::{Error, Result};

/// How runs are made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Runs side by side, at least 1.
    pub jobs: usize,
    /// Threads of each.
    pub num_threads: usize,
    /// Whether kept results are made again.
    pub fresh: bool,
    /// The machine in words, for the records.
    pub machine: String,
    /// Today, for the records.
    pub date: String,
}

/// What happens; in the thread that called [`run`].
#[derive(Debug)]
pub enum Event<'a> {
    /// So many of these many runs are kept from before.
    Kept(usize, usize),
    /// A run that goes on has made so many environment steps.
    Step(&'a RunSpec, u64),
    /// A run is over and stored; so many of all are.
    Finished(&'a RunSpec, &'a Record, usize),
}

enum Message {
    Step(usize, u64),
    Finished(usize, Box<Result<RunResult>>),
}

/// Makes the runs that the store does not have yet, and stores each as soon as it ends. A run that fails is a record
/// too, and the others go on.
///
/// # Errors
/// Before anything runs, [`Error::Experiment`] with a run that cannot be; later only those of the store.
pub fn run(
    runs: &[RunSpec],
    trainer: &dyn Trainer,
    store: &mut Store,
    options: &Options,
    observer: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let keys = runs.iter().map(|run| key(run, trainer)).collect::<Result<Vec<_>>>()?;
    let kept = |i: usize| {
        let usable = |r: &&Record| r.key == keys[i] && r.status != Status::Error;
        !options.fresh && store.get(&runs[i]).as_ref().is_some_and(usable)
    };
    let left: Vec<usize> = (0..runs.len()).filter(|&i| !kept(i)).collect();
    let mut done = runs.len() - left.len();
    observer(Event::Kept(done, runs.len()));
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, receiver) = channel();
    let folders: Vec<_> = (0..runs.len()).map(|i| store.unfinished(&runs[i], &keys[i])).collect();
    if options.fresh {
        left.iter().for_each(|&i| store.clean(&folders[i]));
    }
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.clamp(1, left.len().max(1)) {
            let (sender, next, stop, left, folders) = (sender.clone(), &next, &stop, &left, &folders);
            scope.spawn(move || {
                while let Some(&i) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let result = Box::new(one((&runs[i], i), &folders[i], trainer, options.num_threads, &sender));
                    // Nobody listens after an error of the store.
                    let _ = sender.send(Message::Finished(i, result));
                }
            });
        }
        drop(sender);
        let mut stored = Ok(());
        for message in receiver {
            match message {
                Message::Step(i, step) => observer(Event::Step(&runs[i], step)),
                Message::Finished(i, result) if stored.is_ok() => {
                    let record = record(&runs[i], keys[i].clone(), *result, options);
                    done += 1;
                    stored = store.put(&runs[i], record.clone());
                    // One that ended by an error is tried again, and goes on from what it left.
                    if stored.is_ok() && record.status != Status::Error {
                        store.clean(&folders[i]);
                    }
                    if stored.is_ok() {
                        observer(Event::Finished(&runs[i], &record, done));
                    } else {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                Message::Finished(..) => {}
            }
        }
        stored
    })
}

fn key(run: &RunSpec, trainer: &dyn Trainer) -> Result<String> {
    let text = trainer.resolve(run).map_err(|e| Error::Experiment {
        path: "the experiment".to_owned(),
        place: run.name(),
        reason: e.to_string(),
    })?;
    Ok(hash(text.into_bytes()))
}

fn one(
    (run, i): (&RunSpec, usize),
    folder: &Path,
    trainer: &dyn Trainer,
    num_threads: usize,
    sender: &Sender<Message>,
) -> Result<RunResult> {
    let mut progress = |step| drop(sender.send(Message::Step(i, step)));
    // A defect of one agent must not lose what the others do.
    let made = catch_unwind(AssertUnwindSafe(|| trainer.train(run, num_threads, folder, &mut progress)));
    made.unwrap_or_else(|panic| Err(Error::of_panic(&*panic)))
}

fn record(run: &RunSpec, key: String, result: Result<RunResult>, options: &Options) -> Record {
    let (status, reason, result) = match result {
        Ok(result) => (Status::Done, None, result),
        Err(error) => {
            let diverged = matches!(error, Error::Diverged { .. });
            let status = if diverged { Status::Diverged } else { Status::Error };
            (status, Some(error.to_string()), RunResult::default())
        }
    };
    Record {
        label: run.group.label.clone(),
        env: run.group.env.clone(),
        seed: run.seed,
        key,
        status,
        reason,
        result,
        jobs: options.jobs,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: options.machine.clone(),
        date: options.date.clone(),
    }
}

/// Names of the runs whose stored results belong to other options than the file has now.
///
/// # Errors
/// [`Error::Experiment`] with a run that cannot be.
pub fn outdated(experiment: &Experiment, store: &Store, trainer: &dyn Trainer) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for run in experiment.runs(None) {
        if let Some(record) = store.get(&run)
            && record.key != key(&run, trainer)?
        {
            names.push(run.name());
        }
    }
    Ok(names)
}
