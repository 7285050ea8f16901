//! Memory of a tile on its way through the network.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

use super::{Mlp, TILE};
use crate::network::Rows;
use crate::network::kernels::{LINE, padded};
use shadergym_envs::Encoding;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Floats in whole cache lines: a vector that crosses two lines costs two loads.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Vec<Line>);

impl Lines {
    pub fn zeros(len: usize) -> Self {
        Self(vec![Line::zeroed(); len.div_ceil(LINE)])
    }

    /// Makes room for so many floats.
    pub fn grow(&mut self, len: usize) {
        if self.0.len() * LINE < len {
            self.0.resize(len.div_ceil(LINE), Line::zeroed());
        }
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

/// What a tile needs, large enough for every network that used it so far; what was in it does not matter.
#[derive(Default)]
pub(super) struct Workspace {
    /// Dense rows.
    pub input: Lines,
    /// Set bits of the rows.
    pub starts: Vec<u32>,
    pub indices: Vec<u32>,
    /// Activations of every hidden layer of every tower.
    pub hidden: Vec<Lines>,
    /// The same before scale and offset of the normalisation, and one over their standard deviations.
    pub normal: Vec<Lines>,
    pub inverse: Vec<Lines>,
    /// Outputs of one tower.
    pub output: Lines,
    /// Outputs of the network and their gradient as the loss sees them.
    pub outputs: Vec<f32>,
    pub gradient: Vec<f32>,
    /// Gradients with respect to a layer's outputs and inputs, by turns.
    pub delta: [Lines; 2],
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
    pub fn with<R>(mlp: &Mlp, function: impl FnOnce(&mut Self) -> R) -> R {
        let mut workspace = IDLE.with_borrow_mut(Vec::pop).unwrap_or_default();
        workspace.fit(mlp);
        let result = function(&mut workspace);
        IDLE.with_borrow_mut(|idle| idle.push(workspace));
        result
    }

    fn fit(&mut self, mlp: &Mlp) {
        if self.hidden.len() < mlp.slots.len() {
            self.hidden.resize_with(mlp.slots.len(), Lines::default);
            self.normal.resize_with(mlp.slots.len(), Lines::default);
            self.inverse.resize_with(mlp.slots.len(), Lines::default);
        }
        for (slot, width) in mlp.slots.iter().enumerate() {
            self.hidden[slot].grow(TILE * padded(*width));
            if mlp.layer_norm {
                self.normal[slot].grow(TILE * padded(*width));
                self.inverse[slot].grow(TILE);
            }
        }
        if mlp.encoding != Encoding::Bit {
            self.input.grow(TILE * padded(mlp.inputs));
        }
        self.output.grow(TILE * padded(mlp.widest));
        self.delta.iter_mut().for_each(|delta| delta.grow(TILE * padded(mlp.widest)));
        self.narrow.grow(mlp.narrow);
        if self.outputs.len() < TILE * mlp.outputs {
            self.outputs.resize(TILE * mlp.outputs, 0.0);
            self.gradient.resize(TILE * mlp.outputs, 0.0);
        }
    }

    /// Gathers a tile: floats and bytes as dense rows, bits as the list of those set.
    pub fn load(&mut self, rows: Rows<'_>, range: std::ops::Range<usize>) {
        let elements = rows.elements();
        match rows.encoding() {
            Encoding::F32 | Encoding::U8 | Encoding::Count => {
                let stride = padded(elements);
                for (position, out) in range.zip(self.input.chunks_exact_mut(stride)) {
                    rows.unpack(position, &mut out[..elements]);
                }
            }
            Encoding::Bit => {
                self.starts.clear();
                self.indices.clear();
                self.starts.push(0);
                for position in range {
                    for (word, bits) in rows.row(position).iter().enumerate() {
                        let first = word as u32 * 32;
                        let beyond = (first + 32).saturating_sub(elements as u32);
                        // Whatever fills the last word up does not count.
                        let mut bits = bits & u32::MAX >> beyond;
                        while bits != 0 {
                            self.indices.push(first + bits.trailing_zeros());
                            bits &= bits - 1;
                        }
                    }
                    self.starts.push(self.indices.len() as u32);
                }
            }
        }
    }
}
