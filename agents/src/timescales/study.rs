//! A study: epochs of updates and tests, and the curriculum.

use std::ops::ControlFlow;
use std::time::Instant;

use super::activity::network_timescales;
use super::curriculum::{Curriculum, FIRST_WINDOW};
use super::network::{Rnn, Shape};
use super::pass::{Outcome, Pass, Question};
use super::robustness::starts;
use super::row::Row;
use super::settings::Settings;
use super::sgd::Sgd;
use super::streams::{Source, Streams};
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::optim::clip_global_norm;
use crate::report::statistics::{mean, quantile};
use crate::state::State;

/// A network on its way through a curriculum.
pub struct Study {
    settings: Settings,
    rnn: Rnn,
    optimizer: Sgd,
    source: Source,
    pass: Pass,
    streams: Streams,
    gradient: Vec<f32>,
    /// Epochs so far.
    epoch: u64,
    /// Bits of the newest window; beyond `until` where all are mastered.
    newest: usize,
    seconds: f64,
}

/// Which random numbers a batch takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Training = 0,
    Test = 1,
}

impl Study {
    /// Before the first epoch.
    ///
    /// # Errors
    /// Those of the environment.
    pub fn new(settings: &Settings, threads: usize) -> Result<Self> {
        let heads = settings.until + 1 - FIRST_WINDOW;
        let rnn = Rnn::new(Shape { units: settings.units, heads, fixed_tau: settings.fixed_tau }, settings.seed);
        Ok(Self {
            optimizer: Sgd::new(rnn.parameters().len(), settings.learning_rate, settings.momentum),
            gradient: vec![0.0; rnn.parameters().len()],
            source: Source::new(settings.task, settings.batch, FIRST_WINDOW)?,
            settings: settings.clone(),
            rnn,
            pass: Pass::new(threads),
            streams: Streams::default(),
            epoch: 0,
            newest: FIRST_WINDOW,
            seconds: 0.0,
        })
    }

    /// The network as it is now.
    pub fn rnn(&self) -> &Rnn {
        &self.rnn
    }

    /// Epochs so far.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Bits of the window that is to be mastered next.
    pub fn newest(&self) -> usize {
        self.newest
    }

    /// Whether the longest window is mastered.
    pub fn is_over(&self) -> bool {
        self.newest > self.settings.until
    }

    /// Seconds of training and tests so far.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// An epoch: updates, tests, and the next window where this one is mastered. `look` hears of each batch and its number, and may
    /// break: then the epoch is given up (None), and the study is of no more use.
    ///
    /// # Errors
    /// [`Error::Diverged`], and those of the environment.
    pub fn advance(&mut self, look: &mut dyn FnMut(usize) -> ControlFlow<()>) -> Result<Option<Row>> {
        let begun = Instant::now();
        let windows = self.settings.curriculum.windows(self.newest, self.settings.kept);
        self.source.set_window(self.newest)?;
        let (mut learned, mut norms) = (Outcome::default(), 0.0);
        for step in 0..self.settings.steps {
            if look(step).is_break() {
                return Ok(None);
            }
            let (outcome, norm) = self.update(step)?;
            learned.add(&outcome);
            norms += norm;
        }
        let mut tested = Outcome::default();
        for test in 0..self.settings.tests {
            if look(self.settings.steps + test).is_break() {
                return Ok(None);
            }
            self.draw(Use::Test, test)?;
            tested.add(&self.ask(Use::Test, test, false));
        }
        let seconds = begun.elapsed().as_secs_f64();
        let accuracies = tested.accuracies();
        let mastered = Curriculum::mastered(&accuracies, self.settings.threshold);
        let taus: Vec<f64> = self.rnn.time_constants().map(f64::from).collect();
        let network = network_timescales(&self.rnn, &mut self.pass, self.settings.seed).mean_and_median();
        self.epoch += 1;
        self.seconds += seconds;
        self.newest += usize::from(mastered);
        Ok(Some(Row {
            epoch: self.epoch,
            windows,
            loss: learned.loss(),
            gradient_norm: norms / self.settings.steps as f64,
            accuracies,
            mastered,
            tau_mean: mean(&taus),
            tau_median: quantile(&taus, 0.5),
            tau_max: quantile(&taus, 1.0),
            network_mean: network.map(|(mean, _)| mean),
            network_median: network.map(|(_, median)| median),
            seconds: self.seconds,
            gflops: (learned.operations + tested.operations) as f64 / seconds * 1e-9,
        }))
    }

    /// One update; the outcome before it, and the norm of the gradient before it was cut.
    fn update(&mut self, step: usize) -> Result<(Outcome, f64)> {
        self.draw(Use::Training, step)?;
        let outcome = self.ask(Use::Training, step, true);
        let norm = f64::from(clip_global_norm(&mut self.gradient, self.settings.max_grad_norm));
        let bad = [("the loss", outcome.loss()), ("the norm of the gradient", norm)];
        if let Some((what, value)) = bad.into_iter().find(|(_, value)| !value.is_finite()) {
            let step = self.epoch * self.settings.steps as u64 + step as u64;
            return Err(Error::Diverged { agent: "timescales".to_owned(), step, what: what.to_owned(), value });
        }
        self.optimizer.step(&mut self.rnn.parameters, &self.gradient)?;
        Ok((outcome, norm))
    }

    fn noise(&self, which: Use, index: usize) -> Noise {
        let noise = Noise::new(self.settings.seed, "timescales batch");
        let batches = (self.settings.steps + self.settings.tests) as u64;
        noise.at(self.epoch * batches + index as u64, which as u64)
    }

    fn draw(&mut self, which: Use, index: usize) -> Result<()> {
        let seed = self.noise(which, index).bits();
        self.source.draw(seed, &mut self.streams)
    }

    /// Asks all windows of the curriculum of what was drawn; writes the gradient if it is wanted.
    fn ask(&mut self, which: Use, index: usize, learn: bool) -> Outcome {
        let windows = self.settings.curriculum.windows(self.newest, self.settings.kept);
        let first_head = windows.start - FIRST_WINDOW;
        let starts = starts(&self.noise(which, index), 1, &self.streams, self.settings.units);
        let labels = self.streams.labels(self.settings.task, windows);
        let question = Question { streams: &self.streams, starts: &starts, first_head, labels: &labels };
        match learn {
            true => self.pass.learn(&self.rnn, &question, &mut self.gradient),
            false => self.pass.answer(&self.rnn, &question),
        }
    }

    /// Everything that is needed to go on bit by bit, between two epochs.
    pub fn save(&self, agent: &mut State, trainer: &mut State) {
        self.rnn.save(self.rnn.parameters(), "", agent);
        self.rnn.save(&self.optimizer.velocity, "velocity.", agent);
        trainer.put_u64("epoch", &[self.epoch]);
        trainer.put_u64("newest", &[self.newest as u64]);
        trainer.put_f64("seconds", &[self.seconds]);
    }

    /// Goes on where [`Self::save`] was called, in a study of the same options, but that `until` may be larger.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if something is missing or of another size.
    pub fn load(&mut self, agent: &State, trainer: &State) -> Result<()> {
        let mut parameters = self.rnn.parameters.clone();
        self.rnn.load(&mut parameters, "", agent)?;
        self.rnn.load(&mut self.optimizer.velocity, "velocity.", agent)?;
        self.rnn.parameters = parameters;
        self.epoch = trainer.counter("epoch")?;
        self.newest = trainer.counter("newest")? as usize;
        self.seconds = trainer.f64("seconds")?.first().copied().unwrap_or(0.0);
        Ok(())
    }
}
