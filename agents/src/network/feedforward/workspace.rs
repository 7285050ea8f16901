//! Memory of a tile on its way through the network.

use std::cell::RefCell;

use shadergym_envs::Encoding;

use super::{Inputs, Plan, TILE, row_stride};
use crate::network::{Lines, Rows};

/// How the rows of a tile are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Loaded {
    /// Dense, in `input`.
    #[default]
    Floats,
    /// As lists of the bits that are set.
    Bits,
}

/// What a tile needs, large enough for every network that used it so far; what was in it does not matter.
#[derive(Default)]
pub(super) struct Workspace {
    pub loaded: Loaded,
    /// Dense rows.
    pub input: Lines,
    /// Set bits of the rows.
    pub starts: Vec<u32>,
    pub indices: Vec<u32>,
    /// Activations of every hidden layer.
    pub hidden: Vec<Lines>,
    /// The same without gaps between cells, where a dense layer reads them.
    pub flat: Vec<Lines>,
    /// The same before scale and offset of the normalisation, and one over their standard deviations.
    pub normal: Vec<Lines>,
    pub inverse: Vec<Lines>,
    /// Gradients of the patches of a row.
    pub patches: Lines,
    /// Outputs of one tower.
    pub output: Lines,
    /// Outputs of the network and their gradient as the loss sees them.
    pub outputs: Vec<f32>,
    pub gradient: Vec<f32>,
    /// Gradients with respect to a layer's outputs and inputs, by turns.
    pub delta: [Lines; 2],
    /// What all towers want of the trunk.
    pub joint: Lines,
    /// Transposed gradient of a layer with few outputs.
    pub narrow: Lines,
}

thread_local! {
    /// Workspaces not in use. More than one only where a loss calls another network, or a thread takes up another tile
    /// while it waits. One per thread costs no lock, which matters for single rows.
    static IDLE: RefCell<Vec<Workspace>> = const { RefCell::new(Vec::new()) };
}

impl Workspace {
    /// Runs a function with a workspace for the network.
    pub fn with<R>(plan: &Plan, function: impl FnOnce(&mut Self) -> R) -> R {
        let mut workspace = IDLE.with_borrow_mut(Vec::pop).unwrap_or_default();
        workspace.fit(plan);
        let result = function(&mut workspace);
        IDLE.with_borrow_mut(|idle| idle.push(workspace));
        result
    }

    fn fit(&mut self, plan: &Plan) {
        if self.hidden.len() < plan.slots.len() {
            for buffers in [&mut self.hidden, &mut self.flat, &mut self.normal, &mut self.inverse] {
                buffers.resize_with(plan.slots.len(), Lines::default);
            }
        }
        for (index, slot) in plan.slots.iter().enumerate() {
            self.hidden[index].grow(TILE * slot.row());
            if slot.gaps() {
                self.flat[index].grow(TILE * row_stride(slot.places * slot.width));
            }
            if plan.layer_norm.is_some() {
                self.normal[index].grow(TILE * slot.row());
                self.inverse[index].grow(TILE * slot.places);
            }
        }
        if !plan.reads_bits() {
            self.input.grow(TILE * row_stride(plan.inputs.elements()));
        }
        self.output.grow(TILE * plan.widest);
        self.delta.iter_mut().for_each(|delta| delta.grow(TILE * plan.widest));
        if plan.trunk > 0 {
            self.joint.grow(TILE * plan.widest);
        }
        self.patches.grow(plan.patches);
        self.narrow.grow(plan.narrow);
        if self.outputs.len() < TILE * plan.outputs {
            self.outputs.resize(TILE * plan.outputs, 0.0);
            self.gradient.resize(TILE * plan.outputs, 0.0);
        }
    }

    /// Gathers a tile: floats and bytes as dense rows, bits and numbers as lists of those set.
    pub fn load(&mut self, plan: &Plan, rows: Rows<'_>, range: std::ops::Range<usize>) {
        let elements = rows.elements();
        if !plan.reads_bits() {
            self.loaded = Loaded::Floats;
            for (position, out) in range.zip(self.input.chunks_exact_mut(row_stride(elements))) {
                rows.unpack(position, &mut out[..elements]);
            }
            return;
        }
        let (starts, indices) = (&mut self.starts, &mut self.indices);
        self.loaded = Loaded::Bits;
        starts.clear();
        indices.clear();
        starts.push(0);
        for position in range {
            let row = rows.row(position);
            match &plan.inputs {
                Inputs::Numbers { counts } => {
                    let mut first = 0;
                    for (&number, &count) in row.iter().zip(counts) {
                        // A number beyond its count is a mistake of the environment: it takes the last row.
                        indices.push(first + number.min(count - 1));
                        first += count;
                    }
                }
                _ => {
                    for (word, bits) in row.iter().enumerate() {
                        let first = word as u32 * 32;
                        let beyond = (first + 32).saturating_sub(elements as u32);
                        // Whatever fills the last word up does not count.
                        let mut bits = bits & u32::MAX >> beyond;
                        while bits != 0 {
                            indices.push(first + bits.trailing_zeros());
                            bits &= bits - 1;
                        }
                    }
                }
            }
            starts.push(indices.len() as u32);
        }
    }
}

impl Plan {
    /// Whether the rows are read as lists of set bits: by dense layers.
    pub(super) fn reads_bits(&self) -> bool {
        match self.inputs {
            Inputs::Numbers { .. } => true,
            _ => self.inputs.encoding() == Encoding::Bit && self.layers[0].patches.is_none(),
        }
    }
}
