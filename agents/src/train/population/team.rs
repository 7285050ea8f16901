//! Members whose learners advance together: their runs take turns, an iteration each.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::abreast::{self, SideBySide};
use crate::agent::Log;
use crate::error::Result;
use crate::train::run::Run;
use crate::train::{Callback, End, Outcome};

/// Runs that are ready, each with what is to be known of it afterwards.
type Runs<T> = Vec<(T, Run)>;

/// Runs sorted into those that go together, which are at the same step and enough to be worth it, and the others.
pub fn teams<T>(runs: Runs<T>) -> (Vec<Runs<T>>, Runs<T>) {
    let (mut by_step, mut alone) = (BTreeMap::<u64, Runs<T>>::new(), Vec::new());
    for (of, run) in runs {
        match run.side_by_side() {
            Some(_) => by_step.entry(run.step()).or_default().push((of, run)),
            None => alone.push((of, run)),
        }
    }
    let mut teams = Vec::new();
    for mut runs in by_step.into_values() {
        while let Some(SideBySide { least, most, join }) = runs.first().and_then(|(_, run)| run.side_by_side())
            && runs.len() >= least
        {
            let rest = runs.split_off(most.min(runs.len()));
            let (whole, agents): (Vec<_>, Vec<_>) = runs
                .into_iter()
                .map(|(of, run)| {
                    let (agent, whole) = run.apart();
                    ((of, whole), agent)
                })
                .unzip();
            let count = agents.len();
            let (agents, together) = match join(agents) {
                Ok(group) => (abreast::members(group, count), true),
                Err(agents) => (agents, false),
            };
            let made = whole.into_iter().zip(agents).map(|((of, whole), agent)| (of, whole(agent)));
            if together {
                teams.push(made.collect())
            } else {
                alone.extend(made)
            }
            runs = rest;
        }
        alone.append(&mut runs);
    }
    (teams, alone)
}

/// Trains runs that go together, each to its end; a callback for each. A run that fails does not end the others.
pub fn run(runs: Vec<Run>, callbacks: &mut [&mut Callback<'_>]) -> Vec<Result<Outcome>> {
    let mut log = Log::default();
    let mut ends: Vec<Option<Result<End>>> = runs.iter().map(|_| None).collect();
    let mut runs: Vec<(Run, ControlFlow<()>)> = runs
        .into_iter()
        .zip(&mut *callbacks)
        .map(|(mut run, callback)| {
            let flow = run.tell(None, callback);
            (run, flow)
        })
        .collect();
    while ends.iter().any(Option::is_none) {
        for (((run, flow), end), callback) in runs.iter_mut().zip(&mut ends).zip(&mut *callbacks) {
            if end.is_none() {
                match run.turn(*flow, &mut log, callback) {
                    Ok(ControlFlow::Continue(next)) => *flow = next,
                    Ok(ControlFlow::Break(how)) => *end = Some(Ok(how)),
                    Err(error) => *end = Some(Err(error)),
                }
            }
        }
    }
    let ended = runs.into_iter().zip(ends.into_iter().flatten()).zip(callbacks);
    ended.map(|(((run, _), end), callback)| run.end(end, callback)).collect()
}
