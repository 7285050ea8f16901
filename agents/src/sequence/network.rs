//! The network: steps of rows with what they carry, and gradients over sequences.

use std::ops::Range;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use fearless_simd::{Level, dispatch};

use super::layer::{Parameters, Way, stride};
use super::shape::{SequenceShape, Stack};
use super::span::{Carries, Span, Tape};
use crate::network::feedforward::{add, add_floats, each};
use crate::network::kernels::{LINE, padded};
use crate::network::transpose::transpose;
use crate::network::{Layout, Lines, Loss, LossSums, Network, Recurrent, Rows, Sequences};

/// Sequences of a group: gradients are summed group by group, on however many threads. Products of few rows waste most of the
/// processor, and activations of many sequences leave its caches.
const GROUP: usize = 4;
/// Rows of a step from which on, and multiples of which, threads share it.
const BLOCK: usize = 8;

/// A network over sequences on the CPU, shaped by [`SequenceShape`].
#[derive(Debug)]
pub struct SequenceNetwork {
    shape: SequenceShape,
    stack: Stack,
    free: Option<Range<usize>>,
    outputs: usize,
    level: Level,
    threads: usize,
    /// One line longer than the layout: the last vector of a row of weights runs over.
    parameters: Lines,
    /// Transposed matrices, and whether they are up to date.
    transposed: RwLock<(bool, Lines)>,
    /// Not in use: gradients of groups, and memory of threads.
    gradients: Mutex<Vec<Lines>>,
    workspaces: Mutex<Vec<Workspace>>,
}

/// What a group needs on its way.
#[derive(Debug, Default)]
struct Workspace {
    /// Input, then the result of each layer, and gradients with respect to them.
    values: Vec<Lines>,
    wanted: Vec<Lines>,
    /// Where a second gradient with respect to a value is written before it is added.
    second: Lines,
    tapes: Vec<Tape>,
    outputs: Vec<f32>,
    gradient: Vec<f32>,
    carry: Vec<f32>,
    starts: Vec<bool>,
}

struct Task<'a> {
    group: usize,
    gradient: &'a mut [f32],
    sums: LossSums,
}

impl SequenceNetwork {
    /// A network whose parameters are drawn from the seed, on up to `threads` threads of rayon's pool.
    ///
    /// # Panics
    /// If the width is no multiple of 16, or the size of states odd or 0.
    pub fn new(shape: SequenceShape, seed: u64, threads: usize) -> Self {
        assert!(shape.width > 0 && shape.width.is_multiple_of(LINE), "a width of {}", shape.width);
        let mut stack = shape.stack();
        let free = shape.free.as_ref().map(|(name, values)| stack.parts.layout.push(*name, &[values.len()]));
        let outputs = stack.outputs.iter().map(|o| o.count).sum::<usize>() + free.as_ref().map_or(0, |free| free.len());
        let mut parameters = Lines::zeros(stack.parts.layout.len() + LINE);
        SequenceShape::start(&stack, seed, &mut parameters);
        if let (Some(range), Some((_, values))) = (&free, &shape.free) {
            parameters[range.clone()].copy_from_slice(values);
        }
        let transposed = RwLock::new((false, Lines::zeros(stack.parts.transposed + LINE)));
        Self {
            shape,
            stack,
            free,
            outputs,
            level: Level::new(),
            threads,
            parameters,
            transposed,
            gradients: Mutex::default(),
            workspaces: Mutex::default(),
        }
    }

    #[cfg(test)]
    pub(super) fn shape(&self) -> &SequenceShape {
        &self.shape
    }

    fn transposed(&self) -> RwLockReadGuard<'_, (bool, Lines)> {
        let read = self.transposed.read().unwrap_or_else(PoisonError::into_inner);
        if read.0 {
            return read;
        }
        drop(read);
        let mut write = self.transposed.write().unwrap_or_else(PoisonError::into_inner);
        for step in &self.stack.steps {
            for matrix in step.layer.matrices() {
                let from = &self.parameters[matrix.range()];
                let to = &mut write.1[matrix.transposed..][..matrix.transposed_len()];
                let (columns, stride) = (matrix.outputs, padded(matrix.inputs));
                dispatch!(self.level, simd => transpose(simd, from, columns, 0..columns, to, stride));
            }
        }
        write.0 = true;
        drop(write);
        self.transposed.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn parameters_with<'a>(&'a self, transposed: &'a [f32]) -> Parameters<'a> {
        Parameters { level: self.level, values: &self.parameters, transposed }
    }

    /// Runs a function with memory for so many rows.
    fn with<R>(&self, rows: usize, function: impl FnOnce(&mut Workspace) -> R) -> R {
        let idle = |workspaces: &Mutex<Vec<Workspace>>| workspaces.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut workspace = idle(&self.workspaces).unwrap_or_default();
        let steps = &self.stack.steps;
        workspace.values.resize_with(steps.len() + 1, Lines::default);
        workspace.wanted.resize_with(steps.len() + 1, Lines::default);
        workspace.tapes.resize_with(steps.len(), Tape::default);
        workspace.values[0].grow(rows * stride(self.shape.inputs()));
        for (value, step) in workspace.values[1..].iter_mut().zip(steps) {
            value.grow(rows * stride(step.layer.outputs()));
        }
        workspace.outputs.resize(rows * self.outputs, 0.0);
        let result = function(&mut workspace);
        self.workspaces.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        result
    }

    /// From the input to outputs `[rows, outputs]`, sequence by sequence, in the workspace; `carry` goes in and out.
    fn forward(&self, workspace: &mut Workspace, span: Span<'_>, carry: &mut [f32]) {
        let w = self.parameters_with(&[]);
        let width = Recurrent::carry(self);
        for (i, step) in self.stack.steps.iter().enumerate() {
            let (before, after) = workspace.values.split_at_mut(i + 1);
            let mut carries =
                Carries { values: &mut *carry, stride: width, first: step.carry, width: step.layer.carry() };
            step.layer.forward(w, span, &before[step.source], &mut after[0], &mut carries, &mut workspace.tapes[i]);
        }
        for t in 0..span.steps {
            for r in 0..span.rows {
                let (from, to) = (t * span.rows + r, r * span.steps + t);
                let row = &mut workspace.outputs[to * self.outputs..][..self.outputs];
                for out in &self.stack.outputs {
                    let value = &workspace.values[out.value][from * stride(out.count)..][..out.count];
                    row[out.first..out.first + out.count].copy_from_slice(value);
                }
                if let Some(free) = &self.free {
                    row[self.outputs - free.len()..].copy_from_slice(&self.parameters[free.clone()]);
                }
            }
        }
    }

    /// From `workspace.gradient`, sequence by sequence, to that of the parameters.
    fn backward(&self, workspace: &mut Workspace, w: Parameters<'_>, span: Span<'_>, gradient: &mut [f32]) {
        let steps = &self.stack.steps;
        let Workspace { values, wanted, second, tapes, gradient: by_outputs, .. } = workspace;
        for out in &self.stack.outputs {
            wanted[out.value].grow(span.len() * stride(out.count));
            for t in 0..span.steps {
                for r in 0..span.rows {
                    let from = &by_outputs[(r * span.steps + t) * self.outputs + out.first..][..out.count];
                    wanted[out.value][(t * span.rows + r) * stride(out.count)..][..out.count].copy_from_slice(from);
                }
            }
        }
        let mut reached = vec![false; steps.len() + 1];
        for (i, step) in steps.iter().enumerate().rev() {
            let mut d = std::mem::take(&mut wanted[i + 1]);
            let mut dx = None;
            if step.source > 0 {
                let len = span.len() * stride(steps[step.source - 1].layer.outputs());
                let to = if reached[step.source] { &mut *second } else { &mut wanted[step.source] };
                to.grow(len);
                dx = Some(&mut to[..len]);
            }
            let way = Way { x: &values[step.source], y: &values[i + 1], d: &mut d, dx };
            step.layer.backward(w, span, way, &mut tapes[i], gradient);
            wanted[i + 1] = d;
            if step.source > 0 && std::mem::replace(&mut reached[step.source], true) {
                let len = span.len() * stride(steps[step.source - 1].layer.outputs());
                dispatch!(self.level, simd => add_floats(simd, &mut wanted[step.source][..len], &second[..len]));
            }
        }
        if let Some(free) = &self.free {
            for row in by_outputs[..span.len() * self.outputs].chunks_exact(self.outputs) {
                let from = &row[self.outputs - free.len()..];
                gradient[free.clone()].iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
    }

    /// Adds the gradient of some sequences to `gradient`.
    fn learn(
        &self,
        of: Sequences<'_>,
        range: Range<usize>,
        w: Parameters<'_>,
        loss: &Loss<'_>,
        gradient: &mut [f32],
    ) -> LossSums {
        let (steps, rows, width) = (of.steps, range.len(), Recurrent::carry(self));
        let (elements, hints) = (self.shape.observation.0, self.shape.hints.count());
        let inputs = stride(self.shape.inputs());
        self.with(steps * rows, |workspace| {
            let mut starts = std::mem::take(&mut workspace.starts);
            starts.clear();
            for t in 0..steps {
                for r in 0..rows {
                    let position = of.chosen[(range.start + r) * steps + t] as usize;
                    let row = &mut workspace.values[0][(t * rows + r) * inputs..];
                    of.rows.unpack(position, &mut row[..elements]);
                    row[elements..elements + hints].copy_from_slice(&of.hints[position * hints..][..hints]);
                    starts.push(of.starts[position]);
                }
            }
            let mut carry = std::mem::take(&mut workspace.carry);
            carry.clear();
            carry.extend_from_slice(&of.carries[range.start * width..range.end * width]);
            let span = Span { steps, rows, starts: &starts };
            self.forward(workspace, span, &mut carry);
            let Workspace { outputs, gradient: by_outputs, .. } = workspace;
            by_outputs.clear();
            by_outputs.resize(span.len() * self.outputs, 0.0);
            let sums = loss(range.start * steps..range.end * steps, &outputs[..span.len() * self.outputs], by_outputs);
            self.backward(workspace, w, span, gradient);
            (workspace.starts, workspace.carry) = (starts, carry);
            sums
        })
    }

    /// One step of each row.
    fn step(&self, rows: Rows<'_>, range: Range<usize>, carry: &mut [f32], outputs: &mut [f32], threads: usize) {
        if threads > 1 && range.len() >= 2 * BLOCK {
            let half = (range.len() * (threads / 2) / threads).next_multiple_of(BLOCK);
            let middle = range.start + half;
            let (left, right) = outputs.split_at_mut(half * self.outputs);
            let (first, last) = carry.split_at_mut(half * Recurrent::carry(self));
            rayon::join(
                || self.step(rows, range.start..middle, first, left, threads / 2),
                || self.step(rows, middle..range.end, last, right, threads - threads / 2),
            );
            return;
        }
        let (elements, inputs, width) = (self.shape.observation.0, stride(self.shape.inputs()), Recurrent::carry(self));
        self.with(range.len(), |workspace| {
            let places = range.clone().zip(workspace.values[0].chunks_exact_mut(inputs)).zip(carry.chunks_exact(width));
            for ((position, row), carry) in places {
                rows.unpack(position, &mut row[..elements]);
                let hints = &carry[self.stack.carry..];
                row[elements..elements + hints.len()].copy_from_slice(hints);
            }
            self.forward(workspace, Span { steps: 1, rows: range.len(), starts: &[] }, carry);
            outputs.copy_from_slice(&workspace.outputs[..outputs.len()]);
        });
    }
}

impl Recurrent for SequenceNetwork {
    fn carry(&self) -> usize {
        self.stack.carry + self.shape.hints.count()
    }

    fn hints(&self) -> usize {
        self.shape.hints.count()
    }

    fn start(&self, carry: &mut [f32]) {
        let (cells, hints) = carry.split_at_mut(self.stack.carry);
        cells.fill(0.0);
        self.shape.hints.begin(hints);
    }

    fn advance(&self, rows: Rows<'_>, carry: &mut [f32], outputs: &mut [f32]) {
        assert_eq!((rows.elements(), rows.encoding()), self.shape.observation, "rows of another network");
        assert_eq!(carry.len(), rows.len() * Recurrent::carry(self), "carry");
        assert_eq!(outputs.len(), rows.len() * self.outputs, "outputs");
        self.step(rows, 0..rows.len(), carry, outputs, self.threads);
    }

    fn remember(&self, action: &[u32], carry: &mut [f32]) {
        self.shape.hints.remember(action, &mut carry[self.stack.carry..]);
    }

    fn reads_reward(&self) -> bool {
        self.shape.hints.reward
    }

    fn hear(&self, reward: f32, carry: &mut [f32]) {
        self.shape.hints.hear(reward, &mut carry[self.stack.carry..]);
    }

    fn gradient_over(&self, sequences: Sequences<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        let count = sequences.chosen.len() / sequences.steps;
        let groups = count.div_ceil(GROUP).max(1);
        let range = |group: usize| group * GROUP..count.min((group + 1) * GROUP);
        let transposed = self.transposed();
        let w = self.parameters_with(&transposed.1);
        let parameters = gradient.len();
        let mut buffers = std::mem::take(&mut *self.gradients.lock().unwrap_or_else(PoisonError::into_inner));
        buffers.resize_with(buffers.len().max(groups - 1), Lines::default);
        buffers[..groups - 1].iter_mut().for_each(|buffer| buffer.grow(parameters));
        let mut tasks = vec![Task { group: 0, gradient: &mut *gradient, sums: LossSums::default() }];
        tasks.extend(buffers[..groups - 1].iter_mut().enumerate().map(|(i, buffer)| Task {
            group: i + 1,
            gradient: &mut buffer[..parameters],
            sums: LossSums::default(),
        }));
        each(&mut tasks, self.threads, &|task| {
            if task.group > 0 {
                task.gradient.fill(0.0);
            }
            task.sums = self.learn(sequences, range(task.group), w, loss, task.gradient);
        });
        let mut sums = LossSums::default();
        tasks.iter().for_each(|task| add(&mut sums, task.sums));
        for buffer in &buffers[..groups - 1] {
            dispatch!(self.level, simd => add_floats(simd, gradient, &buffer[..parameters]));
        }
        *self.gradients.lock().unwrap_or_else(PoisonError::into_inner) = buffers;
        sums
    }
}

impl Network for SequenceNetwork {
    fn layout(&self) -> &Layout {
        &self.stack.parts.layout
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters[..self.stack.parts.layout.len()]
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        self.transposed.get_mut().unwrap_or_else(PoisonError::into_inner).0 = false;
        &mut self.parameters[..self.stack.parts.layout.len()]
    }

    fn predict(&self, _: Rows<'_>, _: &mut [f32]) {
        unreachable!("it remembers, so it is advanced")
    }

    fn gradient(&self, _: Rows<'_>, _: &Loss<'_>, _: &mut [f32]) -> LossSums {
        unreachable!("it learns from sequences")
    }

    fn input_gradient(&self, _: Rows<'_>, _: &Loss<'_>, _: &mut [f32]) -> LossSums {
        unreachable!("it learns from sequences")
    }

    fn largest_eigenvalue(&self) -> Option<f32> {
        let states = self.stack.steps.iter().filter_map(|step| step.layer.states());
        states.map(|states| states.largest_real(&self.parameters)).reduce(f32::max)
    }

    fn recurrent(&self) -> Option<&dyn Recurrent> {
        Some(self)
    }

    fn threads(&self) -> usize {
        self.threads
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}

impl Clone for SequenceNetwork {
    fn clone(&self) -> Self {
        let transposed = self.transposed.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            shape: self.shape.clone(),
            stack: self.stack.clone(),
            free: self.free.clone(),
            outputs: self.outputs,
            level: self.level,
            threads: self.threads,
            parameters: self.parameters.clone(),
            transposed: RwLock::new(transposed),
            gradients: Mutex::default(),
            workspaces: Mutex::default(),
        }
    }
}
