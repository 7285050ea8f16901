//! Supervised pretraining: the loop that decision-pretrained transformers and algorithm distillation share.

use std::time::Instant;

use super::transformer::{Sequence, Transformer};
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::optim::{Kind, Optimizer, Options as Steps, clip_global_norm};
use crate::options::{check, options};
use crate::schedule::Schedule;

options! {
    /// What all pretraining has.
    pub struct PretrainOptions {
        /// Tasks to learn from.
        tasks: usize = 20_000,
        /// Tasks beside them that the loss is measured on after each epoch.
        validation: usize = 512,
        /// Times that as many sequences as tasks are learned from.
        epochs: usize = 10,
        /// Sequences of an update.
        batch: usize = 32,
        /// Peak learning rate.
        learning_rate: f32 = 1e-3,
        /// How it goes over the run.
        schedule: Schedule = Schedule::Cosine,
        /// Updates in which it rises to its peak.
        warm_up: usize = 50,
        /// Weight decay of AdamW.
        weight_decay: f32 = 1e-4,
        /// Longest gradient; 0: any.
        max_grad_norm: f32 = 1.0,
        /// Width of the transformer, a multiple of 16.
        width: usize = 32,
        /// Blocks of the transformer.
        layers: usize = 4,
        /// Heads of its attention.
        heads: usize = 1,
    }
}

impl PretrainOptions {
    /// Refuses values outside their ranges.
    ///
    /// # Errors
    /// [`Error::InvalidOption`].
    pub fn check(&self) -> Result<()> {
        let most = 100_000_000;
        check("tasks", self.tasks, "1 to 100000000", (1..=most).contains(&self.tasks))?;
        check("validation", self.validation, "1 to 1000000", (1..=1_000_000).contains(&self.validation))?;
        check("epochs", self.epochs, "1 to 100000000", (1..=most).contains(&self.epochs))?;
        check("batch", self.batch, "1 to 65536 sequences", (1..=65536).contains(&self.batch))?;
        check(
            "learning_rate",
            self.learning_rate,
            "above 0, at most 1",
            self.learning_rate > 0.0 && self.learning_rate <= 1.0,
        )?;
        check("weight_decay", self.weight_decay, "0 to 1", (0.0..=1.0).contains(&self.weight_decay))?;
        check("max_grad_norm", self.max_grad_norm, "0 (any) or more", self.max_grad_norm >= 0.0)
    }
}

/// What is learned from: sequences without end.
pub(super) trait Lessons: Sync {
    /// Sequences that each task, or history, has one of.
    fn tasks(&self) -> usize;

    /// Tokens of the sequences of an epoch.
    fn tokens(&self, epoch: usize) -> usize;

    /// Writes a sequence of a task; what is drawn for it comes from `noise`.
    fn write(&self, task: usize, noise: Noise, sequence: &mut Sequence<'_>);
}

/// How far pretraining is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Updates so far, and of all.
    pub updates: (u64, u64),
    /// Epochs over.
    pub epoch: usize,
    /// Cross-entropy per position of the newest updates, nats, and the share of positions whose likeliest action was the label.
    pub loss: f64,
    /// See [`Self::loss`].
    pub accuracy: f64,
    /// The same of tasks that are not learned from, where an epoch is over.
    pub validation: Option<(f64, f64)>,
    /// Seconds so far.
    pub seconds: f64,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Updates made.
    pub updates: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// What [`Progress`] told after each epoch.
    pub epochs: Vec<Progress>,
}

/// Updates between two reports.
const REPORT: u64 = 10;

/// Trains; `each` hears how far it is, with the network as it is after each epoch, and ends all by an error.
///
/// # Errors
/// [`Error::Diverged`], and those of `each`.
pub(super) fn pretrain_on(
    name: &str,
    network: &mut Transformer,
    (lessons, held_out): (&dyn Lessons, &dyn Lessons),
    options: &PretrainOptions,
    seed: u64,
    each: &mut dyn FnMut(&Progress, &Transformer) -> Result<()>,
) -> Result<Trained> {
    options.check()?;
    let started = Instant::now();
    let tasks = lessons.tasks();
    let batch = options.batch.min(tasks);
    let per_epoch = (tasks / batch).max(1) as u64;
    let total = per_epoch * options.epochs as u64;
    // The learning rate goes by tokens: epochs of short sequences cost less, and count as much less.
    let all_tokens: u64 = (0..options.epochs).map(|epoch| lessons.tokens(epoch) as u64).sum::<u64>() * per_epoch;
    let mut tokens_over = 0;
    let steps = Steps { weight_decay: options.weight_decay, ..Steps::default() };
    let mut optimizer = Optimizer::new(Kind::AdamW, steps, network.layout());
    let mut gradient = vec![0.0; network.parameters().len()];
    let (order_noise, draws) = (Noise::new(seed, "pretraining order"), Noise::new(seed, "pretraining sequences"));
    let mut order: Vec<u32> = (0..tasks as u32).collect();
    let (mut newest, mut epochs) = ((0.0, 0.0, 0.0), Vec::new());
    let mut updates = 0;
    for epoch in 0..options.epochs {
        order_noise.at(epoch as u64, 0).shuffle(&mut order);
        let tokens = lessons.tokens(epoch);
        for first in 0..per_epoch as usize {
            let chosen = &order[first * batch..(first + 1) * batch];
            let write = |k: usize, sequence: &mut Sequence<'_>| {
                let task = chosen[k] as usize;
                lessons.write(task, draws.at(epoch as u64, task as u64), sequence);
                sequence.tokens = sequence.tokens.min(tokens);
            };
            gradient.fill(0.0);
            let weight = 1.0 / (batch * tokens) as f32;
            let sums = network.learn(batch, &write, weight, Some(&mut gradient));
            if options.max_grad_norm > 0.0 {
                clip_global_norm(&mut gradient, options.max_grad_norm);
            }
            let rise = ((updates + 1) as f32 / options.warm_up.max(1) as f32).min(1.0);
            let rate = options.learning_rate * options.schedule.at(tokens_over, all_tokens) * rise;
            optimizer.step(network.parameters_mut(), &gradient, rate);
            updates += 1;
            tokens_over += tokens as u64;
            newest = (newest.0 + sums.loss, newest.1 + sums.right, newest.2 + sums.labelled);
            if !sums.loss.is_finite() {
                let (agent, what) = (name.to_owned(), "the loss".to_owned());
                return Err(Error::Diverged { agent, step: updates, what, value: sums.loss });
            }
            let over = first as u64 + 1 == per_epoch;
            if over || updates.is_multiple_of(REPORT) {
                let validation = over.then(|| {
                    let tasks = held_out.tasks();
                    let drawn = Noise::new(seed, "validation");
                    let write =
                        |k: usize, sequence: &mut Sequence<'_>| held_out.write(k, drawn.at(0, k as u64), sequence);
                    let sums = network.learn(tasks, &write, 0.0, None);
                    (sums.loss / sums.labelled.max(1.0), sums.right / sums.labelled.max(1.0))
                });
                let labelled = newest.2.max(1.0);
                let progress = Progress {
                    updates: (updates, total),
                    epoch: epoch + usize::from(over),
                    loss: newest.0 / labelled,
                    accuracy: newest.1 / labelled,
                    validation,
                    seconds: started.elapsed().as_secs_f64(),
                };
                newest = (0.0, 0.0, 0.0);
                each(&progress, network)?;
                if over {
                    epochs.push(progress);
                }
            }
        }
    }
    Ok(Trained { updates, seconds: started.elapsed().as_secs_f64(), epochs })
}
