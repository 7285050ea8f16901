//! What a network is made of.

use shadergym_envs::Encoding;

use super::patches::Patches;
use crate::error::{Error, Result};
use crate::network::kernels::padded;

/// What goes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Inputs {
    /// Values that belong to no place.
    Flat {
        /// Values per row.
        elements: usize,
        /// How rows lie in memory.
        encoding: Encoding,
    },
    /// A picture `[height, width, channels]`, row-major, as environments observe them.
    Picture {
        /// Height and width in cells, values per cell.
        size: [usize; 3],
        /// How rows lie in memory.
        encoding: Encoding,
    },
    /// Numbers ([`Encoding::Count`]), each below its count. The first layer looks a row of its weights up for each and adds
    /// them: an embedding, and the same as a dense layer on one-hot vectors.
    Numbers {
        /// How many values each can have.
        counts: Vec<u32>,
    },
}

impl Inputs {
    /// Values per row of [`Rows`](crate::network::Rows).
    pub fn elements(&self) -> usize {
        match self {
            Self::Flat { elements, .. } => *elements,
            Self::Picture { size, .. } => size.iter().product(),
            Self::Numbers { counts } => counts.len(),
        }
    }

    /// How rows lie in memory.
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Flat { encoding, .. } | Self::Picture { encoding, .. } => *encoding,
            Self::Numbers { .. } => Encoding::Count,
        }
    }

    /// Rows of the first layer's weights, if that is a dense one.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Numbers { counts } => counts.iter().map(|count| *count as usize).sum(),
            _ => self.elements(),
        }
    }
}

/// A convolution without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Channels that come out.
    pub channels: usize,
    /// Height and width of the kernel, cells.
    pub kernel: usize,
    /// Cells between its places.
    pub stride: usize,
}

/// Hidden layers and outputs that share nothing with other towers but what goes into them.
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
    /// The positive part, and a hundredth of the negative one: PyTorch's slope.
    LeakyRelu,
}

/// Normalisation of a hidden layer before its activation: over its values, those of a convolution over the channels of a
/// cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm {
    /// Whether a learned scale and offset follow.
    pub affine: bool,
    /// Added to the variance.
    pub epsilon: f32,
}

impl LayerNorm {
    /// With scale and offset, as in flax.
    pub const FLAX: Self = Self { affine: true, epsilon: 1e-6 };
    /// Without, and with PyTorch's epsilon: what streaming learners use.
    pub const PLAIN: Self = Self { affine: false, epsilon: 1e-5 };
}

/// How parameters start. The inputs of a convolution are the values under its kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Orthogonal weights with a gain of the square root of 2 in hidden layers and [`Tower::output_gain`] in the last,
    /// zero biases: as PPO does.
    Orthogonal,
    /// Weights and biases uniform within one over the square root of the inputs, PyTorch's default: as DQN and SAC do.
    Uniform,
    /// Truncated normal weights of variance one over the inputs, zero biases, flax's default: as PQN does.
    LecunNormal,
    /// The same with twice the variance in hidden layers: as PQN does behind convolutions.
    HeNormal,
    /// Weights uniform within one over the square root of the inputs, of which each output keeps a share only and the rest
    /// is zero; zero biases. Source: Elsayed et al. 2024 (arXiv 2410.14606).
    Sparse {
        /// Share of an output's weights that is zero, 0.9 there.
        sparsity: f32,
        /// Whether at least one weight of each output is kept where there are so few inputs that all would be zero.
        keep_one: bool,
    },
}

/// Shape and start of a [`FeedForward`](super::FeedForward) network.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What goes in.
    pub inputs: Inputs,
    /// Convolutions that all towers share; they need a picture.
    pub convolutions: Vec<Convolution>,
    /// Widths of dense layers after them that all towers share.
    pub trunk: Vec<usize>,
    /// Every tower reads what comes out of the trunk; their outputs follow each other.
    pub towers: Vec<Tower>,
    /// What follows every hidden layer.
    pub activation: Activation,
    /// Whether and how hidden layers are normalised before their activation.
    pub layer_norm: Option<LayerNorm>,
    /// Name and start of parameters that come out as they are for every row, behind the towers' outputs: a standard
    /// deviation that does not depend on the state.
    pub free: Option<(&'static str, Vec<f32>)>,
    /// How the weights and biases start.
    pub init: Init,
}

impl Shape {
    /// The convolutions over their pictures.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if a size is 0, or if a kernel is larger than its picture; [`Error::Unsupported`] if there is
    /// no picture.
    pub(super) fn patches(&self) -> Result<Vec<Patches>> {
        let sizes = self
            .convolutions
            .iter()
            .flat_map(|layer| [("channels", layer.channels), ("kernel", layer.kernel), ("stride", layer.stride)]);
        let towers = self.towers.iter();
        let hidden = self.trunk.iter().chain(towers.clone().flat_map(|tower| &tower.hidden));
        let sizes = sizes.chain(hidden.map(|&width| ("hidden", width)));
        let sizes = sizes.chain(towers.map(|tower| ("outputs", tower.outputs)));
        let ends = [("inputs", self.inputs.width()), ("outputs", self.towers.len())];
        for (option, value) in ends.into_iter().chain(sizes) {
            if value == 0 {
                return Err(invalid(option, value, "at least 1".into()));
            }
        }
        let Inputs::Picture { size, .. } = &self.inputs else {
            if self.convolutions.is_empty() {
                return Ok(Vec::new());
            }
            return Err(Error::Unsupported("convolutions need rows [height, width, channels]".into()));
        };
        // Cells of the rows lie without gaps, those of hidden layers in whole lines.
        let (mut size, mut cell) = (*size, size[2]);
        let layer = |layer: &Convolution| {
            let smaller = size[0].min(size[1]);
            if layer.kernel > smaller {
                return Err(invalid("kernel", layer.kernel, format!("1 to {smaller}")));
            }
            let patches = Patches::new(size, cell, layer.kernel, layer.stride);
            (size, cell) = ([patches.rows, patches.columns, layer.channels], padded(layer.channels));
            Ok(patches)
        };
        self.convolutions.iter().map(layer).collect()
    }
}

fn invalid(option: &str, value: usize, allowed: String) -> Error {
    Error::InvalidOption { option: option.into(), value: value.to_string(), allowed }
}
