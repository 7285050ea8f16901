//! Passes of many streams through a network: forward, and backward through all time in closed form.
//!
//! States have two columns more than there are units, the bit and a 1, so that one product serves recurrent weights, input and
//! bias, and one outer product all their gradients. Groups of streams are the unit of parallel work and are added in order:
//! results do not depend on the number of threads.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::network::Rnn;
use super::readout::{cross_entropy, is_right, slope};
use super::schedule::Schedule;
use super::steps::{Back, Rates, back, forget};
use super::streams::Streams;
use crate::network::Lines;
use crate::network::feedforward::{each, row_stride};
use crate::network::kernels::{LINE, Tile, Weights, matmul, outer, padded};
use crate::network::transpose::transpose;

/// Streams of a group: with 500 units their states in front of and behind a step and the gradients stay in the second cache.
const GROUP: usize = 64;
/// Rows of which an outer product is made at once.
const OUTER: usize = 256;

/// What is asked of a network.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What it hears.
    pub streams: &'a Streams,
    /// Its states before the first bits, `[streams, units]`.
    pub starts: &'a [f32],
    /// First of the heads that answer.
    pub first_head: usize,
    /// Right answers, `[streams, heads that answer]`.
    pub labels: &'a [u8],
}

impl Question<'_> {
    fn heads(&self) -> Range<usize> {
        self.first_head..self.first_head + self.labels.len() / self.streams.len().max(1)
    }
}

/// How the answers were.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Sums of the cross-entropies in nats, head by head.
    pub losses: Vec<f64>,
    /// Right answers, head by head.
    pub right: Vec<u64>,
    /// Streams.
    pub streams: u64,
    /// Floating-point operations of the products over units.
    pub operations: u64,
}

impl Outcome {
    /// Adds another one of as many heads; an empty one takes the other's place.
    pub fn add(&mut self, other: &Self) {
        self.losses.resize(other.losses.len(), 0.0);
        self.right.resize(other.right.len(), 0);
        self.losses.iter_mut().zip(&other.losses).for_each(|(a, b)| *a += b);
        self.right.iter_mut().zip(&other.right).for_each(|(a, b)| *a += b);
        self.streams += other.streams;
        self.operations += other.operations;
    }

    /// Mean cross-entropy in nats, summed over heads: what is minimised.
    pub fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.streams as f64
    }

    /// Share of right answers, head by head.
    pub fn accuracies(&self) -> Vec<f64> {
        self.right.iter().map(|&right| right as f64 / self.streams as f64).collect()
    }
}

/// The memory of passes, and the threads that they take.
#[derive(Debug)]
pub struct Pass {
    level: Level,
    threads: usize,
    /// Recurrent weights, input and bias as the products take them, and the transposed recurrent weights.
    weights: Lines,
    transposed: Lines,
    taken: Lines,
    kept: Lines,
    /// Columns of the heads that answer, `[units + 2, 2 heads]`, and their weights as rows.
    heads: Lines,
    head_rows: Lines,
    groups: Vec<Group>,
}

/// A group of streams on its way.
#[derive(Debug, Clone, Default)]
struct Group {
    schedule: Schedule,
    states: Lines,
    errors: Lines,
    direct: Lines,
    product: Lines,
    tau: Lines,
    outputs: Lines,
    slopes: Lines,
    gradient: Vec<f32>,
    head_gradient: Vec<f32>,
    outcome: Outcome,
}

impl Pass {
    /// On so many threads of rayon's pool.
    pub fn new(threads: usize) -> Self {
        let [weights, transposed, taken, kept, heads, head_rows] = [(); 6].map(|()| Lines::default());
        Self { level: Level::new(), threads, weights, transposed, taken, kept, heads, head_rows, groups: Vec::new() }
    }

    /// Answers alone.
    ///
    /// # Panics
    /// If starts or labels have another length than the streams ask for, or there are no such heads.
    pub fn answer(&mut self, rnn: &Rnn, question: &Question<'_>) -> Outcome {
        self.prepare(rnn, question);
        let mut groups = std::mem::take(&mut self.groups);
        each(&mut groups, self.threads, &|group: &mut Group| {
            group.forward(self, rnn, question);
            group.read(self, rnn, question);
        });
        self.groups = groups;
        self.outcome()
    }

    /// Answers, and writes the gradient of [`Outcome::loss`] with respect to all parameters.
    ///
    /// # Panics
    /// As [`Self::answer`]; if the gradient is not as long as the parameters.
    pub fn learn(&mut self, rnn: &Rnn, question: &Question<'_>, gradient: &mut [f32]) -> Outcome {
        assert_eq!(gradient.len(), rnn.parameters.len(), "length of the parameters");
        self.prepare(rnn, question);
        let n = rnn.shape().units;
        dispatch!(self.level, simd => {
            let square = &rnn.parameters[rnn.weights()][..n * n];
            transpose(simd, square, n, 0..n, &mut self.transposed, row_stride(n));
        });
        let mut groups = std::mem::take(&mut self.groups);
        each(&mut groups, self.threads, &|group: &mut Group| {
            group.forward(self, rnn, question);
            group.read(self, rnn, question);
            group.backward(self, rnn, question);
        });
        self.groups = groups;
        self.gather(rnn, question.heads(), gradient);
        self.outcome()
    }

    /// The states of all steps behind the start, `[steps, streams, units]` in the order of `streams`, which have to be of one
    /// length.
    ///
    /// # Panics
    /// If lengths differ.
    pub fn states(&mut self, rnn: &Rnn, streams: &Streams, starts: &[f32]) -> Vec<f32> {
        let question = Question { streams, starts, first_head: 0, labels: &[] };
        let (n, steps) = (rnn.shape().units, streams.of(0).len());
        assert!((0..streams.len()).all(|i| streams.of(i).len() == steps), "streams of one length");
        self.prepare(rnn, &question);
        let mut groups = std::mem::take(&mut self.groups);
        each(&mut groups, self.threads, &|group: &mut Group| group.forward(self, rnn, &question));
        let mut all = vec![0.0; steps * streams.len() * n];
        for group in &groups {
            let stride = row_stride(n + 2);
            for step in 0..steps {
                for (row, stream) in group.schedule.streams.iter().enumerate() {
                    let from = &group.states[(group.schedule.offsets[step + 1] + row) * stride..][..n];
                    all[(step * streams.len() + stream) * n..][..n].copy_from_slice(from);
                }
            }
        }
        self.groups = groups;
        all
    }

    /// Copies of the weights as the products take them, and the groups with their schedules.
    fn prepare(&mut self, rnn: &Rnn, question: &Question<'_>) {
        let (n, streams) = (rnn.shape().units, question.streams);
        let heads = question.heads();
        assert_eq!(question.starts.len(), streams.len() * n, "a state for each unit and stream");
        assert_eq!(question.labels.len(), streams.len() * heads.len(), "labels of all streams");
        assert!(heads.end <= rnn.shape().heads, "heads of the network");
        let stride = row_stride(n);
        self.weights.grow((n + 2) * stride + LINE);
        for (to, from) in self.weights.chunks_exact_mut(stride).zip(rnn.parameters[rnn.weights()].chunks_exact(n)) {
            to[..n].copy_from_slice(from);
        }
        self.transposed.grow(n * stride + LINE);
        self.taken.grow(stride);
        self.kept.grow(stride);
        for (i, tau) in rnn.time_constants().enumerate() {
            self.taken[i] = 1.0 / tau;
            self.kept[i] = 1.0 - 1.0 / tau;
        }
        let columns = 2 * heads.len();
        self.heads = Lines::zeros((n + 2) * columns + 2 * LINE);
        self.head_rows = Lines::zeros(columns * stride + LINE);
        let rows = rnn.parameters[rnn.head_weights(heads.clone())].chunks_exact(n);
        for (column, (row, bias)) in rows.zip(&rnn.parameters[rnn.head_biases(heads)]).enumerate() {
            self.head_rows[column * stride..][..n].copy_from_slice(row);
            row.iter().enumerate().for_each(|(i, w)| self.heads[i * columns + column] = *w);
            // The column of bits has no part in answers.
            self.heads[(n + 1) * columns + column] = *bias;
        }
        let mut sorted: Vec<usize> = (0..streams.len()).collect();
        sorted.sort_by_key(|&stream| std::cmp::Reverse(streams.of(stream).len()));
        let count = streams.len().div_ceil(GROUP);
        self.groups.resize(count, Group::default());
        for (i, group) in self.groups.iter_mut().enumerate() {
            group.schedule.set(streams, &sorted, i, count);
        }
    }

    fn outcome(&self) -> Outcome {
        let mut all = Outcome::default();
        self.groups.iter().for_each(|group| all.add(&group.outcome));
        all
    }

    fn gather(&self, rnn: &Rnn, heads: Range<usize>, gradient: &mut [f32]) {
        let n = rnn.shape().units;
        gradient.fill(0.0);
        for group in &self.groups {
            let all = gradient[rnn.weights()].iter_mut().zip(&group.gradient);
            all.for_each(|(sum, value)| *sum += value);
            gradient[rnn.tau()].iter_mut().zip(group.tau.iter()).for_each(|(sum, value)| *sum -= value);
            let columns = 2 * heads.len();
            for (k, values) in group.head_gradient.chunks_exact(columns).enumerate() {
                for (column, value) in values.iter().enumerate() {
                    let (head, class) = (heads.start + column / 2, column % 2);
                    if k < n {
                        gradient[rnn.head_weights(head..head + 1).start + class * n + k] += value;
                    } else if k == n + 1 {
                        gradient[rnn.head_biases(head..head + 1).start + class] += value;
                    }
                }
            }
        }
        let first = rnn.weights().start;
        (0..n).for_each(|i| gradient[first + i * n + i] = 0.0);
        for i in rnn.tau() {
            let tau = rnn.parameters[i];
            gradient[i] = if rnn.shape().fixed_tau || tau < 1.0 { 0.0 } else { gradient[i] / tau };
        }
    }

    fn rates(&self) -> Rates<'_> {
        Rates { taken: &self.taken, kept: &self.kept }
    }
}

impl Group {
    fn forward(&mut self, pass: &Pass, rnn: &Rnn, question: &Question<'_>) {
        let (n, schedule) = (rnn.shape().units, &self.schedule);
        let stride = row_stride(n + 2);
        let weights = Weights { values: &pass.weights, stride: row_stride(n), columns: n, bias: None };
        self.states.grow(schedule.rows() * stride);
        let steps = schedule.steps();
        begin(schedule, question, 0, 0, n, &mut self.states[..schedule.room(0) * stride]);
        for step in 0..steps {
            let (rows, room) = (schedule.active[step], schedule.room(step));
            let (x, y) = self.states.split_at_mut(schedule.offsets[step + 1] * stride);
            let x = &x[schedule.offsets[step] * stride..];
            let tile = Tile { values: x, stride, width: n + 2 };
            dispatch!(pass.level, simd => {
                matmul(simd, room, tile, weights, y, stride);
                forget(simd, pass.rates(), (stride, padded(n)), &x[..rows * stride], &mut y[..rows * stride]);
            });
            begin(schedule, question, step + 1, rows, n, &mut y[..schedule.room(step + 1) * stride]);
        }
        self.outcome.operations = (2 * n * (n + 2) * schedule.transitions()) as u64;
    }

    /// Answers at the end, and the slopes of the loss with respect to the outputs.
    fn read(&mut self, pass: &Pass, rnn: &Rnn, question: &Question<'_>) {
        let (n, schedule, heads) = (rnn.shape().units, &self.schedule, question.heads().len());
        let (stride, columns) = (row_stride(n + 2), 2 * heads);
        let (rows, room) = (schedule.streams.len(), schedule.room(schedule.steps()));
        let last = &self.states[schedule.offsets[schedule.steps()] * stride..];
        let wide = padded(columns);
        self.outputs.grow(room * wide);
        self.slopes = Lines::zeros(room * wide);
        let weights = Weights { values: &pass.heads, stride: columns, columns, bias: None };
        let tile = Tile { values: last, stride, width: n + 2 };
        dispatch!(pass.level, simd => matmul(simd, room, tile, weights, &mut self.outputs, wide));
        self.outcome.streams = rows as u64;
        self.outcome.losses = vec![0.0; heads];
        self.outcome.right = vec![0; heads];
        let share = 1.0 / question.streams.len() as f32;
        for (row, &stream) in schedule.streams.iter().enumerate() {
            for head in 0..heads {
                let at = row * wide + 2 * head;
                let (outputs, label) = (&self.outputs[at..at + 2], question.labels[stream * heads + head]);
                let (loss, probability) = cross_entropy(outputs, label);
                self.outcome.losses[head] += loss;
                self.outcome.right[head] += u64::from(is_right(outputs, label));
                slope(probability, label, share, &mut self.slopes[at..at + 2]);
            }
        }
    }

    fn backward(&mut self, pass: &Pass, rnn: &Rnn, question: &Question<'_>) {
        let (n, schedule) = (rnn.shape().units, &self.schedule);
        let (stride, narrow, columns) = (row_stride(n + 2), row_stride(n), 2 * question.heads().len());
        let (steps, room) = (schedule.steps(), schedule.room(schedule.steps()));
        let wide = padded(columns);
        self.errors.grow(schedule.rows() * stride);
        self.direct.grow(room * stride);
        self.product.grow(room * stride);
        self.product.fill(0.0);
        self.tau = Lines::zeros(stride);
        self.head_gradient.clear();
        self.head_gradient.resize((n + 2) * columns, 0.0);
        self.gradient.clear();
        self.gradient.resize((n + 2) * n, 0.0);
        let last = Tile { values: &self.states[schedule.offsets[steps] * stride..], stride, width: n + 2 };
        let slopes = Tile { values: &self.slopes, stride: wide, width: columns };
        let rows = Weights { values: &pass.head_rows, stride: narrow, columns: n, bias: None };
        dispatch!(pass.level, simd => {
            outer(simd, room, last, slopes, &mut self.head_gradient, columns);
            matmul(simd, room, slopes, rows, &mut self.direct, stride);
        });
        let transposed = Weights { values: &pass.transposed, stride: narrow, columns: n, bias: None };
        for step in (0..steps).rev() {
            let (rows, room) = (schedule.active[step], schedule.room(step));
            let of = |step: usize| schedule.offsets[step] * stride..(schedule.offsets[step] + rows) * stride;
            let errors = &mut self.errors[schedule.offsets[step] * stride..][..room * stride];
            let (used, spare) = errors.split_at_mut(rows * stride);
            spare.fill(0.0);
            let way = Back {
                before: &self.states[of(step)],
                after: &self.states[of(step + 1)],
                direct: &mut self.direct[..rows * stride],
                product: &self.product[..rows * stride],
                errors: used,
                tau: &mut self.tau,
            };
            dispatch!(pass.level, simd => back(simd, pass.rates(), (stride, padded(n)), way));
            if step > 0 {
                let tile = Tile { values: errors, stride, width: n };
                dispatch!(pass.level, simd => matmul(simd, room, tile, transposed, &mut self.product, stride));
            }
        }
        let rows = schedule.offsets[steps];
        for first in (0..rows).step_by(OUTER) {
            let states = Tile { values: &self.states[first * stride..], stride, width: n + 2 };
            let errors = Tile { values: &self.errors[first * stride..], stride, width: n };
            let count = OUTER.min(rows - first);
            dispatch!(pass.level, simd => outer(simd, count, states, errors, &mut self.gradient, n));
        }
        self.outcome.operations *= 3;
    }
}

/// Puts streams that begin with a step into the rows behind those that went on, fills the block up with zeros, and gives all rows
/// their bit and the 1.
fn begin(schedule: &Schedule, question: &Question<'_>, step: usize, going: usize, n: usize, rows: &mut [f32]) {
    let active = schedule.active.get(step).copied().unwrap_or(schedule.streams.len());
    for (row, values) in rows.chunks_exact_mut(row_stride(n + 2)).enumerate() {
        if row >= active {
            values.fill(0.0);
            continue;
        }
        let stream = schedule.streams[row];
        if row >= going {
            values[n..].fill(0.0);
            values[..n].copy_from_slice(&question.starts[stream * n..(stream + 1) * n]);
        }
        // Counted from the end, where all streams are together.
        let bits = question.streams.of(stream);
        let bit = bits.len().checked_sub(schedule.steps() - step).and_then(|at| bits.get(at));
        values[n] = bit.map_or(0.0, |&bit| f32::from(bit));
        values[n + 1] = 1.0;
    }
}
