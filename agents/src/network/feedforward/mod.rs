//! Feed-forward networks, fused: convolutions and dense layers that all outputs share, then towers of dense layers.
//!
//! A tile of rows is gathered, goes forward through every layer, through the loss and backward while its activations
//! stay in the cache. Weights are used where they lie in the flat array; only the transposed ones that the backward
//! pass needs are a copy.

mod backward;
mod forward;
mod parallel;
mod patches;
mod shape;
mod start;
#[cfg(test)]
mod tests;
mod workspace;

use std::ops::Range;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use fearless_simd::{Level, dispatch};
use rayon::prelude::*;
use shadergym_envs::Encoding;

use self::backward::Wanted;
pub(crate) use self::backward::{NARROW, weight_gradient};
use self::parallel::tiles;
pub(crate) use self::parallel::{add, add_floats, each};
use self::patches::Patches;
pub use self::shape::{Activation, Convolution, Init, Inputs, LayerNorm, Shape, Tower};
use self::workspace::Workspace;
use super::kernels::{LINE, padded};
use super::transpose::transpose;
use super::{Layout, Lines, Loss, LossSums, Network, Rows};
use crate::error::Result;

/// Rows that go through the network together: 64 rows of 64 hidden values are 16 KiB.
const TILE: usize = 64;

/// Weights of a layer that are transposed on several threads.
const PARALLEL_TRANSPOSE: usize = 1 << 15;

/// Floats from one row of activations to the next. Rows a multiple of half a page apart would all fall into the same few
/// places of the first cache.
pub(crate) fn row_stride(width: usize) -> usize {
    let width = padded(width);
    if width.is_multiple_of(512) { width + LINE } else { width }
}

/// A layer: what it reads, and where its parameters lie.
#[derive(Debug, Clone)]
struct Layer {
    /// The hidden layer that it reads, the rows themselves if None.
    source: Option<usize>,
    /// The hidden layer that it is; None: outputs of a tower.
    slot: Option<usize>,
    /// Rows of the weight matrix: values of a row, or of a patch.
    inputs: usize,
    /// Its columns: values that come out, at each place of the kernel if it is a convolution.
    outputs: usize,
    patches: Option<Patches>,
    weight: usize,
    bias: usize,
    /// Scale and offset of the normalisation.
    affine: Option<(usize, usize)>,
    /// In the copy: rows of `padded(inputs)` values, one per output.
    transposed: usize,
}

/// A hidden layer's values in the workspace: for each row `places` cells of `width` values, every `padded(width)` floats.
#[derive(Debug, Clone, Copy)]
struct Slot {
    places: usize,
    width: usize,
}

impl Slot {
    /// Floats of all its cells.
    fn cells(self) -> usize {
        self.places * padded(self.width)
    }

    /// Floats from one row to the next.
    fn row(self) -> usize {
        row_stride(self.cells())
    }

    /// How to go over the cells of so many rows: spans, floats from one to the next, cells of each, floats of a cell. Rows of
    /// one cell are one span.
    fn spans(self, rows: usize) -> (usize, usize, usize, usize) {
        match self.places {
            1 => (1, rows * self.row(), rows, self.row()),
            places => (rows, self.row(), places, padded(self.width)),
        }
    }

    /// Whether a dense layer cannot read it as it lies, because cells have gaps between them.
    fn gaps(self) -> bool {
        self.places > 1 && self.width != padded(self.width)
    }
}

#[derive(Debug, Clone)]
struct Stack {
    layers: Range<usize>,
    /// First of its outputs.
    first: usize,
    outputs: usize,
}

/// The transposed weights, as far as they are up to date.
#[derive(Debug, Clone, Default)]
struct Transposed {
    values: Lines,
    hidden_fresh: bool,
    first_fresh: bool,
}

/// What does not change with the parameters.
#[derive(Debug, Clone)]
struct Plan {
    level: Level,
    threads: usize,
    inputs: Inputs,
    outputs: usize,
    activation: Activation,
    layer_norm: Option<LayerNorm>,
    layout: Layout,
    /// Those of the trunk, then those of the towers one after the other.
    layers: Vec<Layer>,
    trunk: usize,
    towers: Vec<Stack>,
    free: Option<Range<usize>>,
    slots: Vec<Slot>,
    /// Floats of the longest row in a backward pass.
    widest: usize,
    /// Floats of the largest transposed gradient of a narrow layer, and of the patches' gradients of a row.
    narrow: usize,
    patches: usize,
    /// Multiplications with weights for a row: what decides whether another thread is worth waking.
    work: usize,
}

/// A feed-forward network in fused SIMD passes on the CPU.
///
/// Parts of its parameters: `conv.{i}.weight` `[kernel, kernel, inputs, outputs]` and `conv.{i}.bias`; `dense.{i}.weight`
/// `[inputs, outputs]` and `dense.{i}.bias` of the trunk; `{tower}.{i}.weight`, `{tower}.{i}.bias`; with layer norm also
/// `.norm.scale` and `.norm.offset` of each hidden layer; the free ones. A dense layer reads a picture as
/// `[height, width, channels]`.
#[derive(Debug)]
pub struct FeedForward {
    plan: Plan,
    /// One line longer than the layout: the last vector of a row of weights runs over.
    parameters: Lines,
    transposed: RwLock<Transposed>,
    /// For the gradients of groups of rows; not in use.
    buffers: Mutex<Vec<Lines>>,
}

impl FeedForward {
    /// A network whose parameters are drawn from the seed. It computes on up to `threads` threads of rayon's pool, and
    /// on the calling one alone if that is 1.
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) if a size is 0 or a kernel larger than its picture,
    /// [`Error::Unsupported`](crate::Error::Unsupported) for convolutions over rows that are no picture.
    pub fn new(shape: &Shape, seed: u64, threads: usize) -> Result<Self> {
        let plan = Plan::new(shape, threads)?;
        let mut parameters = Lines::zeros(plan.layout.len() + LINE);
        plan.start(shape, seed, &mut parameters);
        let transposed = plan.layers.last().map_or(0, |l| l.transposed + l.outputs * padded(l.inputs));
        Ok(Self {
            plan,
            parameters,
            transposed: RwLock::new(Transposed { values: Lines::zeros(transposed), ..Transposed::default() }),
            buffers: Mutex::default(),
        })
    }

    /// The transposed weights of all layers but those that read the rows, and of these too if asked for.
    fn transposed(&self, first: bool) -> RwLockReadGuard<'_, Transposed> {
        let fresh = |t: &Transposed| t.hidden_fresh && (t.first_fresh || !first);
        let read = self.transposed.read().unwrap_or_else(PoisonError::into_inner);
        if fresh(&read) {
            return read;
        }
        drop(read);
        let mut write = self.transposed.write().unwrap_or_else(PoisonError::into_inner);
        if !fresh(&write) {
            for layer in self.plan.layers.iter().filter(|layer| first || layer.source.is_some()) {
                let from = &self.parameters[layer.weight..][..layer.inputs * layer.outputs];
                let (columns, stride) = (layer.outputs, padded(layer.inputs));
                let to = &mut write.values[layer.transposed..][..columns * stride];
                // In parts for all threads, where it takes longer than waking them.
                let parts = if from.len() >= PARALLEL_TRANSPOSE { self.plan.threads.max(1) } else { 1 };
                let part = columns.div_ceil(parts).next_multiple_of(4);
                let turn = |(i, to): (usize, &mut [f32])| {
                    let some = i * part..columns.min((i + 1) * part);
                    dispatch!(self.plan.level, simd => transpose(simd, from, columns, some, to, stride));
                };
                match parts {
                    1 => turn((0, to)),
                    _ => to.par_chunks_mut(part * stride).enumerate().for_each(turn),
                }
            }
            (write.hidden_fresh, write.first_fresh) = (true, first);
        }
        drop(write);
        self.transposed.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, rows: Rows<'_>) {
        let inputs = &self.plan.inputs;
        assert_eq!(
            (rows.elements(), rows.encoding()),
            (inputs.elements(), inputs.encoding()),
            "rows of another network"
        );
    }
}

impl Plan {
    fn new(shape: &Shape, threads: usize) -> Result<Self> {
        let convolutions = shape.patches()?;
        let mut plan = Self {
            level: Level::new(),
            threads,
            inputs: shape.inputs.clone(),
            outputs: 0,
            activation: shape.activation,
            layer_norm: shape.layer_norm,
            layout: Layout::default(),
            layers: Vec::new(),
            trunk: 0,
            towers: Vec::new(),
            free: None,
            slots: Vec::new(),
            widest: row_stride(shape.inputs.width()),
            narrow: 0,
            patches: 0,
            work: 0,
        };
        let mut source = None;
        for (i, (patches, layer)) in convolutions.iter().zip(&shape.convolutions).enumerate() {
            let kernel = [layer.kernel, layer.kernel, patches.channels, layer.channels];
            source = plan.push(format!("conv.{i}"), source, &kernel, Some(patches.clone()), true);
        }
        for (i, &width) in shape.trunk.iter().enumerate() {
            let inputs = plan.width(source);
            source = plan.push(format!("dense.{i}"), source, &[inputs, width], None, true);
        }
        plan.trunk = plan.layers.len();
        for tower in &shape.towers {
            let (first, mut source) = (plan.layers.len(), source);
            for (l, &width) in tower.hidden.iter().chain([&tower.outputs]).enumerate() {
                let (inputs, hidden) = (plan.width(source), l < tower.hidden.len());
                source = plan.push(format!("{}.{l}", tower.name), source, &[inputs, width], None, hidden);
            }
            let layers = first..plan.layers.len();
            plan.towers.push(Stack { layers, first: plan.outputs, outputs: tower.outputs });
            plan.outputs += tower.outputs;
        }
        plan.free = shape.free.as_ref().map(|(name, values)| plan.layout.push(*name, &[values.len()]));
        plan.outputs += plan.free.as_ref().map_or(0, |free| free.len());
        Ok(plan)
    }

    /// Values that a dense layer reads.
    fn width(&self, source: Option<usize>) -> usize {
        source.map_or(self.inputs.width(), |slot| self.slots[slot].places * self.slots[slot].width)
    }

    /// Appends a layer whose weight has this shape; returns its slot.
    fn push(
        &mut self,
        name: String,
        source: Option<usize>,
        weight: &[usize],
        patches: Option<Patches>,
        hidden: bool,
    ) -> Option<usize> {
        let (outputs, places) = (weight[weight.len() - 1], patches.as_ref().map_or(1, Patches::places));
        let inputs = weight[..weight.len() - 1].iter().product();
        let transposed = self.layers.last().map_or(0, |l| l.transposed + l.outputs * padded(l.inputs));
        let slot = hidden.then_some(self.slots.len());
        let weight = self.layout.push(format!("{name}.weight"), weight).start;
        let bias = self.layout.push(format!("{name}.bias"), &[outputs]).start;
        let affine = (hidden && self.layer_norm.is_some_and(|norm| norm.affine)).then(|| {
            let scale = self.layout.push(format!("{name}.norm.scale"), &[outputs]).start;
            (scale, self.layout.push(format!("{name}.norm.offset"), &[outputs]).start)
        });
        if patches.is_some() {
            self.patches = self.patches.max(places * padded(inputs));
        }
        self.layers.push(Layer { source, slot, inputs, outputs, patches, weight, bias, affine, transposed });
        let size = Slot { places, width: outputs };
        if hidden {
            self.slots.push(size);
        }
        self.widest = self.widest.max(size.row()).max(row_stride(places * outputs));
        if outputs <= NARROW {
            self.narrow = self.narrow.max(outputs * row_stride(inputs));
        }
        self.work += places * inputs * outputs;
        slot
    }
}

impl Network for FeedForward {
    fn layout(&self) -> &Layout {
        &self.plan.layout
    }

    fn outputs(&self) -> usize {
        self.plan.outputs
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters[..self.plan.layout.len()]
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        let transposed = self.transposed.get_mut().unwrap_or_else(PoisonError::into_inner);
        (transposed.hidden_fresh, transposed.first_fresh) = (false, false);
        &mut self.parameters[..self.plan.layout.len()]
    }

    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]) {
        self.check(rows);
        assert_eq!(outputs.len(), rows.len() * self.plan.outputs, "outputs");
        self.predict_range(rows, 0..rows.len(), outputs, self.plan.threads);
    }

    fn gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        self.check(rows);
        assert_eq!(gradient.len(), self.plan.layout.len(), "gradient");
        self.learn_all(rows, loss, gradient)
    }

    fn input_gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, input_gradient: &mut [f32]) -> LossSums {
        self.check(rows);
        let inputs = rows.elements();
        assert_eq!(rows.encoding(), Encoding::F32, "only floats have a gradient");
        assert_eq!(input_gradient.len(), rows.len() * inputs, "input gradient");
        input_gradient.fill(0.0);
        let transposed = self.transposed(true);
        let mut sums = LossSums::default();
        Workspace::with(&self.plan, |workspace| {
            for (tile, out) in tiles(0..rows.len()).zip(input_gradient.chunks_mut(TILE * inputs)) {
                let (wanted, values) = (Wanted::Inputs(out), &transposed.values);
                add(
                    &mut sums,
                    dispatch!(self.plan.level, simd => self.learn(simd, workspace, values, (rows, tile.clone()), loss, wanted)),
                );
            }
        });
        sums
    }

    fn threads(&self) -> usize {
        self.plan.threads
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}

impl Clone for FeedForward {
    fn clone(&self) -> Self {
        let transposed = self.transposed.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            plan: self.plan.clone(),
            parameters: self.parameters.clone(),
            transposed: RwLock::new(transposed),
            buffers: Mutex::default(),
        }
    }
}
