//! Fused multi-layer perceptrons.
//!
//! A tile of rows is gathered, goes forward through every layer, through the loss and backward while its activations
//! stay in the cache. Weights are used where they lie in the flat array; only the transposed ones that the backward
//! pass needs are a copy.

mod pass;
#[cfg(test)]
mod tests;
mod workspace;

use std::ops::Range;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use fearless_simd::{Level, Simd, dispatch};
use shadergym_envs::Encoding;

use self::pass::{NARROW, Wanted};
use self::workspace::{Lines, Workspace};
use super::init::{Random, lecun_normal, orthogonal, uniform};
use super::kernels::{LINE, padded};
use super::{Layout, Loss, LossSums, Network, Rows};

/// Rows that go through the network together: 64 rows of 64 hidden values are 16 KiB.
const TILE: usize = 64;
/// Rows whose gradients are summed in one buffer. Groups are the unit of parallel work and are summed in order, so that
/// results do not depend on the number of threads.
const GROUP: usize = 512;
/// More groups than this are merged into larger ones: every group has a gradient buffer.
const MAX_GROUPS: usize = 32;
/// Below so many rows a prediction is over before another thread has woken up.
const PARALLEL_PREDICTION: usize = 2048;

/// Hidden layers and outputs that share nothing with other towers but the input.
#[derive(Debug, Clone, PartialEq)]
pub struct Tower {
    /// First part of the parameters' names: `policy` gives `policy.0.weight`.
    pub name: &'static str,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Values per row that come out.
    pub outputs: usize,
    /// Gain of the last layer under [`Init::Orthogonal`].
    pub output_gain: f32,
}

/// What follows every hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Hyperbolic tangent.
    Tanh,
    /// The positive part.
    Relu,
}

/// How parameters start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Init {
    /// Orthogonal weights with a gain of the square root of 2 in hidden layers and [`Tower::output_gain`] in the last,
    /// zero biases: as PPO does.
    Orthogonal,
    /// Weights and biases uniform within one over the square root of the inputs, PyTorch's default: as DQN and SAC do.
    Uniform,
    /// Truncated normal weights of variance one over the inputs, zero biases, flax's default: as PQN does.
    LecunNormal,
}

/// Shape and start of an [`Mlp`].
#[derive(Debug, Clone, PartialEq)]
pub struct MlpShape {
    /// Values per row that go in.
    pub inputs: usize,
    /// How rows lie in memory.
    pub encoding: Encoding,
    /// Every tower reads the same rows; their outputs follow each other.
    pub towers: Vec<Tower>,
    /// What follows every hidden layer.
    pub activation: Activation,
    /// Whether hidden layers are normalised before their activation, with a learned scale and offset.
    pub layer_norm: bool,
    /// Name and start of parameters that come out as they are for every row, behind the towers' outputs: a standard
    /// deviation that does not depend on the state.
    pub free: Option<(&'static str, Vec<f32>)>,
    /// How the weights and biases start.
    pub init: Init,
}

/// Where a layer's parameters lie.
#[derive(Debug, Clone)]
struct Layer {
    inputs: usize,
    outputs: usize,
    weight: usize,
    bias: usize,
    /// Scale and offset of the normalisation.
    norm: Option<(usize, usize)>,
    /// In the copy: rows of `padded(inputs)` values, one per output.
    transposed: usize,
}

#[derive(Debug, Clone)]
struct Stack {
    layers: Vec<Layer>,
    /// First of its hidden layers among those of all towers.
    slot: usize,
    /// First of its outputs.
    first: usize,
}

/// The transposed weights, as far as they are up to date.
#[derive(Debug, Clone, Default)]
struct Transposed {
    values: Lines,
    hidden_fresh: bool,
    first_fresh: bool,
}

/// Gradient and loss of a group of rows.
#[derive(Debug, Default)]
struct Group {
    gradient: Lines,
    sums: LossSums,
}

/// A multi-layer perceptron, or several on the same input, in fused SIMD passes on the CPU.
#[derive(Debug)]
pub struct Mlp {
    level: Level,
    threads: usize,
    inputs: usize,
    outputs: usize,
    encoding: Encoding,
    activation: Activation,
    layer_norm: bool,
    layout: Layout,
    /// One line longer than the layout: the last vector of a row of weights runs over.
    parameters: Lines,
    towers: Vec<Stack>,
    free: Option<Range<usize>>,
    /// Widths of the hidden layers of all towers.
    slots: Vec<usize>,
    /// The widest row of gradients in a backward pass.
    widest: usize,
    /// Floats of the largest transposed gradient of a narrow layer.
    narrow: usize,
    transposed: RwLock<Transposed>,
    /// Buffers of groups not in use.
    groups: Mutex<Vec<Group>>,
}

impl Mlp {
    /// A network whose parameters are drawn from the seed. It computes on up to `threads` threads of rayon's pool, and
    /// on the calling one alone if that is 1.
    ///
    /// # Panics
    /// If there is no tower, or a width is 0.
    pub fn new(shape: MlpShape, seed: u64, threads: usize) -> Self {
        assert!(shape.inputs > 0 && !shape.towers.is_empty(), "inputs and a tower");
        let (mut layout, mut slots, mut towers) = (Layout::default(), Vec::new(), Vec::new());
        let (mut outputs, mut transposed, mut widest, mut narrow) = (0, 0, shape.inputs, 0);
        for tower in &shape.towers {
            let mut stack = Stack { layers: Vec::new(), slot: slots.len(), first: outputs };
            let mut inputs = shape.inputs;
            for (l, &width) in tower.hidden.iter().chain([&tower.outputs]).enumerate() {
                assert!(width > 0, "layer {l} of {} has no outputs", tower.name);
                let name = |part: &str| format!("{}.{l}.{part}", tower.name);
                let weight = layout.push(name("weight"), &[inputs, width]).start;
                let bias = layout.push(name("bias"), &[width]).start;
                let norm = (shape.layer_norm && l < tower.hidden.len()).then(|| {
                    let scale = layout.push(name("norm.scale"), &[width]).start;
                    (scale, layout.push(name("norm.offset"), &[width]).start)
                });
                stack.layers.push(Layer { inputs, outputs: width, weight, bias, norm, transposed });
                transposed += width * padded(inputs);
                widest = widest.max(width);
                if width <= NARROW {
                    narrow = narrow.max(width * padded(inputs));
                }
                inputs = width;
            }
            slots.extend(&tower.hidden);
            outputs += tower.outputs;
            towers.push(stack);
        }
        let free = shape.free.as_ref().map(|(name, values)| layout.push(*name, &[values.len()]));
        outputs += free.as_ref().map_or(0, |free| free.len());
        let mut mlp = Self {
            level: Level::new(),
            threads,
            inputs: shape.inputs,
            outputs,
            encoding: shape.encoding,
            activation: shape.activation,
            layer_norm: shape.layer_norm,
            parameters: Lines::zeros(layout.len() + LINE),
            layout,
            towers,
            free,
            slots,
            widest,
            narrow,
            transposed: RwLock::new(Transposed { values: Lines::zeros(transposed), ..Transposed::default() }),
            groups: Mutex::default(),
        };
        mlp.start(&shape, seed);
        mlp
    }

    fn start(&mut self, shape: &MlpShape, seed: u64) {
        let mut random = Random::new(seed);
        for (stack, tower) in self.towers.iter().zip(&shape.towers) {
            for (l, layer) in stack.layers.iter().enumerate() {
                let last = l == tower.hidden.len();
                let (inputs, outputs) = (layer.inputs, layer.outputs);
                let weights = &mut self.parameters[layer.weight..][..inputs * outputs];
                match shape.init {
                    Init::Orthogonal => {
                        let gain = if last { f64::from(tower.output_gain) } else { std::f64::consts::SQRT_2 };
                        orthogonal(&mut random, weights, inputs, outputs, gain);
                    }
                    Init::Uniform => {
                        let bound = 1.0 / (inputs as f64).sqrt();
                        uniform(&mut random, weights, bound);
                        uniform(&mut random, &mut self.parameters[layer.bias..][..outputs], bound);
                    }
                    Init::LecunNormal => lecun_normal(&mut random, weights, inputs),
                }
                if let Some((scale, _)) = layer.norm {
                    self.parameters[scale..][..outputs].fill(1.0);
                }
            }
        }
        if let (Some(range), Some((_, values))) = (&self.free, &shape.free) {
            self.parameters[range.clone()].copy_from_slice(values);
        }
    }

    /// The transposed weights of all layers but the first ones, and of these too if asked for.
    fn transposed(&self, first: bool) -> RwLockReadGuard<'_, Transposed> {
        let fresh = |t: &Transposed| t.hidden_fresh && (t.first_fresh || !first);
        let read = self.transposed.read().unwrap_or_else(PoisonError::into_inner);
        if fresh(&read) {
            return read;
        }
        drop(read);
        let mut write = self.transposed.write().unwrap_or_else(PoisonError::into_inner);
        if !fresh(&write) {
            for stack in &self.towers {
                for layer in &stack.layers[usize::from(!first)..] {
                    let from = &self.parameters[layer.weight..][..layer.inputs * layer.outputs];
                    transpose(from, layer.outputs, &mut write.values[layer.transposed..], padded(layer.inputs));
                }
            }
            (write.hidden_fresh, write.first_fresh) = (true, first);
        }
        drop(write);
        self.transposed.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, rows: Rows<'_>) {
        assert_eq!((rows.elements(), rows.encoding()), (self.inputs, self.encoding), "rows of another network");
    }

    fn predict_serial<S: Simd>(&self, simd: S, rows: Rows<'_>, range: Range<usize>, outputs: &mut [f32]) {
        Workspace::with(self, |workspace| {
            for (tile, out) in tiles(range).zip(outputs.chunks_mut(TILE * self.outputs)) {
                let count = tile.len();
                workspace.load(rows, tile);
                self.forward(simd, workspace, count);
                out.copy_from_slice(&workspace.outputs[..out.len()]);
            }
        });
    }

    fn predict_range(&self, rows: Rows<'_>, range: Range<usize>, outputs: &mut [f32], threads: usize) {
        if threads <= 1 || range.len() < PARALLEL_PREDICTION / 2 {
            return dispatch!(self.level, simd => self.predict_serial(simd, rows, range, outputs));
        }
        // Whole tiles on both sides, so that every row is in the same place of its tile whatever the threads.
        let half = (range.len() * (threads / 2) / threads).next_multiple_of(TILE).min(range.len());
        let (left, right) = outputs.split_at_mut(half * self.outputs);
        let middle = range.start + half;
        rayon::join(
            || self.predict_range(rows, range.start..middle, left, threads / 2),
            || self.predict_range(rows, middle..range.end, right, threads - threads / 2),
        );
    }

    /// Adds the gradient of some rows to `gradient`.
    fn learn_range(&self, rows: Rows<'_>, range: Range<usize>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        let transposed = self.transposed(false);
        let mut sums = LossSums::default();
        Workspace::with(self, |workspace| {
            for tile in tiles(range) {
                let wanted = Wanted::Parameters(&mut *gradient);
                let values = &transposed.values;
                add(
                    &mut sums,
                    dispatch!(self.level, simd => self.learn(simd, workspace, values, (rows, tile.clone()), loss, wanted)),
                );
            }
        });
        sums
    }

    /// Fills the buffers of some of the groups, the first of them being `first`.
    fn learn_groups(
        &self,
        rows: Rows<'_>,
        size: usize,
        first: usize,
        groups: &mut [Group],
        loss: &Loss<'_>,
        threads: usize,
    ) {
        if threads <= 1 || groups.len() <= 1 {
            for (index, group) in groups.iter_mut().enumerate() {
                let start = (first + index) * size;
                group.gradient.grow(self.layout.len());
                group.gradient.fill(0.0);
                let gradient = &mut group.gradient[..self.layout.len()];
                group.sums = self.learn_range(rows, start..(start + size).min(rows.len()), loss, gradient);
            }
            return;
        }
        let half = (groups.len() * (threads / 2)).div_ceil(threads);
        let (left, right) = groups.split_at_mut(half);
        rayon::join(
            || self.learn_groups(rows, size, first, left, loss, threads / 2),
            || self.learn_groups(rows, size, first + half, right, loss, threads - threads / 2),
        );
    }
}

/// The tiles of a range of rows.
fn tiles(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range.step_by(TILE).map(move |start| start..(start + TILE).min(end))
}

fn add(sums: &mut LossSums, more: LossSums) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// Writes the transpose of rows of `columns` values, in squares so that neither side leaves the cache.
fn transpose(from: &[f32], columns: usize, to: &mut [f32], stride: usize) {
    const SQUARE: usize = 16;
    let rows = from.len() / columns;
    for row in (0..rows).step_by(SQUARE) {
        for column in 0..columns {
            let to = &mut to[column * stride + row..][..SQUARE.min(rows - row)];
            for (i, to) in to.iter_mut().enumerate() {
                *to = from[(row + i) * columns + column];
            }
        }
    }
}

impl Network for Mlp {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters[..self.layout.len()]
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        let transposed = self.transposed.get_mut().unwrap_or_else(PoisonError::into_inner);
        (transposed.hidden_fresh, transposed.first_fresh) = (false, false);
        &mut self.parameters[..self.layout.len()]
    }

    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]) {
        self.check(rows);
        assert_eq!(outputs.len(), rows.len() * self.outputs, "outputs");
        let threads = if rows.len() < PARALLEL_PREDICTION { 1 } else { self.threads };
        self.predict_range(rows, 0..rows.len(), outputs, threads);
    }

    fn gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        self.check(rows);
        assert_eq!(gradient.len(), self.layout.len(), "gradient");
        let size = GROUP * rows.len().div_ceil(GROUP * MAX_GROUPS).max(1);
        let count = rows.len().div_ceil(size);
        if count <= 1 {
            return self.learn_range(rows, 0..rows.len(), loss, gradient);
        }
        let mut groups = std::mem::take(&mut *self.groups.lock().unwrap_or_else(PoisonError::into_inner));
        let mut sums = LossSums::default();
        // Alone, one buffer after the other serves all groups.
        let wave = if self.threads <= 1 { 1 } else { count };
        if groups.len() < wave {
            groups.resize_with(wave, Group::default);
        }
        for first in (0..count).step_by(wave) {
            let groups = &mut groups[..wave];
            self.learn_groups(rows, size, first, groups, loss, self.threads);
            for group in groups {
                gradient.iter_mut().zip(&*group.gradient).for_each(|(sum, more)| *sum += more);
                add(&mut sums, group.sums);
            }
        }
        *self.groups.lock().unwrap_or_else(PoisonError::into_inner) = groups;
        sums
    }

    fn input_gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, input_gradient: &mut [f32]) -> LossSums {
        self.check(rows);
        assert_eq!(self.encoding, Encoding::F32, "the rows are not floats");
        assert_eq!(input_gradient.len(), rows.len() * self.inputs, "input gradient");
        input_gradient.fill(0.0);
        let transposed = self.transposed(true);
        let mut sums = LossSums::default();
        Workspace::with(self, |workspace| {
            for (tile, out) in tiles(0..rows.len()).zip(input_gradient.chunks_mut(TILE * self.inputs)) {
                let (wanted, values) = (Wanted::Inputs(out), &transposed.values);
                add(
                    &mut sums,
                    dispatch!(self.level, simd => self.learn(simd, workspace, values, (rows, tile.clone()), loss, wanted)),
                );
            }
        });
        sums
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}

impl Clone for Mlp {
    fn clone(&self) -> Self {
        let transposed = self.transposed.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            level: self.level,
            threads: self.threads,
            inputs: self.inputs,
            outputs: self.outputs,
            encoding: self.encoding,
            activation: self.activation,
            layer_norm: self.layer_norm,
            layout: self.layout.clone(),
            parameters: self.parameters.clone(),
            towers: self.towers.clone(),
            free: self.free.clone(),
            slots: self.slots.clone(),
            widest: self.widest,
            narrow: self.narrow,
            transposed: RwLock::new(transposed),
            groups: Mutex::default(),
        }
    }
}
