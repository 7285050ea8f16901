//! The loop of a run, between its configuration and its results.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use shadergym_envs::Device;

use super::checkpoint::{Checkpoint, Meta, layout, spaces};
use super::clock::Clock;
use super::config::{Plan, RunConfig};
use super::finish::{self, Ended};
use super::folder::RunFolder;
use super::lock::Lock;
use super::members::{self, evaluate_all};
use super::play::MASTERED;
use super::progress::{Callback, Phase, Progress};
use super::records::Records;
use super::tally::{Row, Tally};
use super::{End, Outcome};
use crate::abreast::SideBySide;
use crate::agent::{Agent, Log, iterate};
use crate::error::{Error, Result};
use crate::state::State;
use crate::tasks::Tasks;
use crate::teachers::source::Journal;

/// A run that is under way.
pub(super) struct Run {
    plan: Plan,
    agent: Box<dyn Agent>,
    /// Where instances get their tasks from, if that is a source.
    tasks: Option<Tasks>,
    /// What their source tells, if it is a teacher.
    journal: Journal,
    tally: Tally,
    /// None if nothing is written.
    records: Option<Records>,
    clock: Clock,
    /// Where the environments are.
    device: String,
    /// What people should know and do not yet.
    notes: Vec<String>,
    /// How often the device was lost.
    lost: u32,
}

/// Named figures of an evaluation.
type Figures = Vec<(String, f64)>;

/// A run whose device is lost more often than this ends: it would be lost again.
const MOST_LOST: u32 = 3;

impl Run {
    /// A new run. Nothing is written before everything is checked and the agent is made.
    pub fn new(plan: Plan, out: &super::Out) -> Result<Self> {
        let mut run = Self::start(plan)?;
        if let Some(folder) = RunFolder::create(out, &run.plan)? {
            let lock = Lock::claim(&folder.path)?;
            run.records = Some(Records::create(folder, lock)?);
        }
        Ok(run)
    }

    /// A run that goes on from a checkpoint, or from its start if there is none.
    pub fn resume(
        plan: Plan,
        (folder, lock): (RunFolder, Lock),
        from: Option<(Checkpoint, PathBuf)>,
        notes: Vec<String>,
    ) -> Result<Self> {
        let mut run = Self::start(plan)?;
        run.notes.extend(notes);
        run.records = Some(match from {
            None => Records::create(folder, lock)?,
            Some((from, path)) => {
                run.tally = restore(&run.plan, (&mut *run.agent, run.tasks.as_mut()), &from, &path)?;
                run.clock = Clock::new(run.agent.step(), from.meta.seconds.unwrap_or(0.0));
                // Rows after the last that the checkpoint knows will come again, also one of its own step.
                Records::resume(folder, lock, (from.meta.step, path), run.tally.last_row, &mut run.notes)?
            }
        });
        Ok(run)
    }

    /// An agent at its start, nothing to write.
    fn start(plan: Plan) -> Result<Self> {
        let setup = plan.learning_setup();
        let agent = (plan.entry.make)(&plan.config.options, &setup)?;
        let tasks = plan.tasks.as_ref().map(|tasks| tasks.make(plan.config.seed)).transpose()?;
        let (tasks, journal) = tasks.map_or((None, Journal::default()), |(tasks, journal)| (Some(tasks), journal));
        let (clock, tally, device) = (Clock::new(0, 0.0), Tally::default(), setup.device.to_string());
        let mut notes = Vec::new();
        if tasks.is_some() && matches!(setup.device, Device::Gpu(_)) {
            notes
                .push(format!("tasks are proposed by the CPU, so learning is there too; environments are on {device}"));
        }
        Ok(Self { plan, agent, tasks, journal, tally, records: None, clock, device, notes, lost: 0 })
    }

    /// Where learning happens.
    fn learner(&self) -> &str {
        if self.agent.learns_on_gpu() { &self.device } else { "cpu" }
    }

    /// The folder, if anything is written.
    fn folder(&self) -> Option<&RunFolder> {
        self.records.as_ref().map(|records| &records.folder)
    }

    /// After an error: begins again from the newest checkpoint if only the device is gone.
    ///
    /// # Errors
    /// The same error if the run cannot go on.
    fn recover(&mut self, error: Error) -> Result<()> {
        let lost = matches!(&error, Error::Envs(shadergym_envs::Error::DeviceFailed { .. }));
        let Some(records) = self.records.as_mut().filter(|_| lost && self.lost < MOST_LOST) else { return Err(error) };
        let Ok((Some((from, path)), notes)) = records.folder.latest() else { return Err(error) };
        let Ok(mut agent) = (self.plan.entry.make)(&self.plan.config.options, &self.plan.learning_setup()) else {
            return Err(error);
        };
        self.tally = restore(&self.plan, (&mut *agent, self.tasks.as_mut()), &from, &path)?;
        self.agent = agent;
        self.lost += 1;
        self.notes.extend(notes);
        self.notes.push(format!("{error}; going on from step {} on a new device", from.meta.step));
        records.go_back((from.meta.step, path), self.tally.last_row, &mut self.notes)?;
        self.clock.first_step = self.clock.first_step.min(from.meta.step);
        Ok(())
    }

    /// How its learner goes beside those of other runs; None where a source proposes tasks to it alone.
    pub fn side_by_side(&self) -> Option<SideBySide> {
        self.agent.side_by_side().filter(|_| self.tasks.is_none())
    }

    /// Where the run is.
    pub fn step(&self) -> u64 {
        self.agent.step()
    }

    /// The agent, and what makes the run whole again, with it or with the same learner as a member of a group.
    pub fn apart(self) -> (Box<dyn Agent>, impl FnOnce(Box<dyn Agent>) -> Self) {
        let Self { plan, agent, tasks, journal, tally, records, clock, device, notes, lost } = self;
        (agent, move |agent| Self { plan, agent, tasks, journal, tally, records, clock, device, notes, lost })
    }

    /// Trains to the end, and then makes the results.
    pub fn run(mut self, callback: &mut Callback<'_>) -> Result<Outcome> {
        let end = self.train(callback);
        self.end(end, callback)
    }

    /// Makes the results of a run that came to an end, or keeps why it failed.
    pub fn end(self, end: Result<End>, callback: &mut Callback<'_>) -> Result<Outcome> {
        let end = match end {
            Ok(end) => end,
            Err(error) => {
                // Whatever the reason is, it is kept beside what was learned before it, if the disk allows.
                if let Some(folder) = self.folder() {
                    let _ = finish::write_failure(folder, &self.ended(End::Failed), &error);
                }
                return Err(error);
            }
        };
        let (ended, policies) = (self.ended(end), members::policies(&*self.agent));
        if end == End::Interrupted {
            return finish::interrupted(ended, policies, self.folder());
        }
        let progress = self.progress(None, &[]);
        let mut callback = |phase: Phase| callback(&Progress { phase, ..progress.copy() });
        finish::finish(ended, policies, self.folder(), self.meta(None), &mut callback)
    }

    fn train(&mut self, callback: &mut Callback<'_>) -> Result<End> {
        let mut log = Log::default();
        let mut flow = self.tell(None, callback);
        loop {
            match self.turn(flow, &mut log, callback)? {
                ControlFlow::Break(end) => return Ok(end),
                ControlFlow::Continue(next) => flow = next,
            }
        }
    }

    /// [`Self::round`]; a lost device is no end.
    pub fn turn(
        &mut self,
        flow: ControlFlow<()>,
        log: &mut Log,
        callback: &mut Callback<'_>,
    ) -> Result<ControlFlow<End, ControlFlow<()>>> {
        self.round(flow, log, callback).or_else(|error| {
            self.recover(error)?;
            Ok(ControlFlow::Continue(self.tell(None, callback)))
        })
    }

    /// An iteration with what is due behind it, or the end; what the callback wants next.
    fn round(
        &mut self,
        mut flow: ControlFlow<()>,
        log: &mut Log,
        callback: &mut Callback<'_>,
    ) -> Result<ControlFlow<End, ControlFlow<()>>> {
        let RunConfig { until, steps, eval_interval, metrics_interval, checkpoint_interval, .. } = self.plan.config;
        let before = self.agent.step();
        let end = match () {
            () if self.tally.reached(until) => Some(End::Until),
            () if before >= steps => Some(End::Steps),
            () if flow.is_break() => Some(End::Interrupted),
            () => None,
        };
        if let Some(end) = end {
            // A row at the very end; an interrupted run will come to the end later.
            let last = end != End::Interrupted && self.tally.last_row != before;
            if last {
                let row = self.write_row(before, None);
                flow = self.tell(Some(&row), callback);
            }
            // One of this step may be there already, but it knows nothing of the row.
            let end = if flow.is_break() { End::Interrupted } else { end };
            match self.write_checkpoint(before, last) {
                // What was learned is still to be written as the policy.
                Err(error @ Error::Io { .. }) if end != End::Interrupted => self.notes.push(error.to_string()),
                other => other?,
            }
            if !self.notes.is_empty() {
                let _ = self.tell(None, callback);
            }
            return Ok(ControlFlow::Break(end));
        }
        log.clear();
        iterate(&mut *self.agent, self.tasks.as_mut(), log)?;
        self.tally.add(log, self.agent.members());
        let step = self.agent.step();
        if let Some(records) = &mut self.records {
            records.taught(step, self.journal.take(), &mut self.notes);
            records.played(step, log, &mut self.notes);
        }
        let crossed = |interval: u64| step / interval > before / interval;
        let mut evaluated = None;
        if eval_interval.is_some_and(crossed) {
            (evaluated, flow) = self.evaluate(callback)?;
        }
        let due = evaluated.is_some() || crossed(metrics_interval);
        let row = due.then(|| self.write_row(step, evaluated));
        if self.clock.due(checkpoint_interval, step) {
            match self.write_checkpoint(step, false) {
                Err(error @ Error::Io { .. }) => {
                    self.clock.written = (step, Instant::now());
                    self.records.iter_mut().for_each(|r| r.checkpoint_failed(&error, &mut self.notes));
                }
                other => other?,
            }
        }
        let told = self.tell(row.as_ref(), callback);
        Ok(ControlFlow::Continue(if flow.is_break() { flow } else { told }))
    }

    /// Calls back, with the notes that nobody has heard of.
    pub fn tell(&mut self, row: Option<&Row>, callback: &mut Callback<'_>) -> ControlFlow<()> {
        let notes = std::mem::take(&mut self.notes);
        callback(&self.progress(row, &notes))
    }

    /// The policy as it is now, in the episodes of the evaluation at the end: figures for the row of metrics, and what the
    /// callback wants. It is always brought to its end, as a run that goes on would not come by here again.
    fn evaluate(&mut self, callback: &mut Callback<'_>) -> Result<(Option<Figures>, ControlFlow<()>)> {
        let start = Instant::now();
        let (policies, config) = (members::policies(&*self.agent), &self.plan.config);
        let (progress, mut flow) = (self.progress(None, &[]), ControlFlow::Continue(()));
        let mut listen = |done| {
            if callback(&Progress { phase: Phase::Evaluating(done), ..progress.copy() }).is_break() {
                flow = ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let found = evaluate_all(&policies, &self.plan.setup(), config.eval_episodes, config.seed, &mut listen)?;
        // Seconds are those of training.
        self.clock.since += start.elapsed();
        let Some((spread, found)) = found.and_then(|found| Some((found.spread()?, found))) else {
            return Ok((None, flow));
        };
        let mastered = self.plan.facts.reward_threshold.and_then(|threshold| found.mastered(threshold));
        let figures = [("eval/return", spread.mean), ("eval/median_length", spread.median_length)];
        let figures = figures.into_iter().chain(mastered.map(|percent| (MASTERED, percent)));
        Ok((Some(figures.map(|(name, value)| (name.to_owned(), value)).collect()), flow))
    }

    fn write_row(&mut self, step: u64, evaluated: Option<Figures>) -> Row {
        let mut row = self.tally.row(step, self.clock.seconds(), &self.plan.facts.info_scalars());
        row.scalars.extend(evaluated.into_iter().flatten());
        row.scalars.extend(self.journal.figures().into_iter().map(|(name, value)| (name.to_owned(), value)));
        if let Some(records) = &mut self.records {
            records.row(&row, &mut self.notes);
        }
        row
    }

    /// A checkpoint at the step where the run is, in the place of the one of this step: for a configuration that changed.
    pub fn rewrite_checkpoint(&mut self) -> Result<()> {
        self.write_checkpoint(self.agent.step(), true)
    }

    /// Nothing if there is no folder, or, unless `anew`, if the newest checkpoint is of this step.
    fn write_checkpoint(&mut self, step: u64, anew: bool) -> Result<()> {
        let Some(records) = &self.records else { return Ok(()) };
        if !anew && records.checkpoint().is_some_and(|(of, _)| *of == step) {
            return Ok(());
        }
        let start = Instant::now();
        let (mut agent, mut trainer, mut policy) = (State::default(), State::default(), State::default());
        self.agent.save(&mut agent)?;
        self.tally.save(&mut trainer);
        self.tasks.iter().for_each(|tasks| tasks.save(&mut trainer));
        members::save(&members::policies(&*self.agent), &mut policy);
        let meta = Meta { step, ..self.meta(Some(self.clock.seconds())) };
        let checkpoint = Checkpoint { meta, agent, trainer, policy };
        let Some(records) = &mut self.records else { return Ok(()) };
        records.write_checkpoint(&checkpoint)?;
        self.clock.written = (step, Instant::now());
        self.clock.cost = start.elapsed();
        Ok(())
    }

    fn meta(&self, seconds: Option<f64>) -> Meta {
        Meta {
            agent: self.plan.config.agent.clone(),
            env: self.plan.config.env.clone(),
            config: self.plan.config.to_toml(),
            step: self.agent.step(),
            seconds,
            spaces: spaces(&self.plan.facts),
            layout: layout(&self.plan.facts),
        }
    }

    fn progress<'a>(&'a self, row: Option<&'a Row>, notes: &'a [String]) -> Progress<'a> {
        let step = self.agent.step();
        Progress {
            phase: Phase::Training,
            step,
            steps: self.plan.config.steps,
            seconds: self.clock.seconds(),
            steps_per_second: (step - self.clock.first_step) as f64
                / self.clock.since.elapsed().as_secs_f64().max(1e-9),
            episodes: self.tally.episodes,
            means: self.tally.means(),
            row,
            devices: Some((&self.device, self.learner())),
            folder: self.folder().map(|folder| folder.path.as_path()),
            notes,
        }
    }

    fn ended(&self, end: End) -> Ended {
        Ended {
            plan: self.plan.clone(),
            end,
            device: self.device.clone(),
            learner: self.learner().to_owned(),
            step: self.agent.step(),
            clocks: self.agent.clocks(),
            seconds: self.clock.seconds(),
            episodes: self.tally.episodes,
            last: self.tally.last(),
            members: self.tally.members.clone(),
            curve: self.tally.curve.clone(),
            checkpoint: self.records.as_ref().and_then(Records::checkpoint).map(|(_, path)| path.clone()),
        }
    }
}

/// Puts an agent where a checkpoint was written.
fn restore(
    plan: &Plan,
    (agent, tasks): (&mut dyn Agent, Option<&mut Tasks>),
    from: &Checkpoint,
    path: &Path,
) -> Result<Tally> {
    let at = |error| match error {
        Error::Checkpoint { reason, .. } => Error::Checkpoint { path: path.display().to_string(), reason },
        other => other,
    };
    if from.meta.layout != layout(&plan.facts) {
        let reason = format!("{} has changed since it was written", plan.facts.id);
        return Err(Error::Checkpoint { path: path.display().to_string(), reason });
    }
    agent.load(&from.agent).map_err(at)?;
    tasks.map_or(Ok(()), |tasks| tasks.load(&from.trainer)).map_err(at)?;
    Tally::load(&from.trainer).map_err(at)
}
