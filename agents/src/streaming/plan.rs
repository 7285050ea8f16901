//! Networks of streaming learners: what lies where, and how parameters start.
//!
//! An optional convolution, dense layers, and one layer of outputs. Every hidden layer is a product, a normalisation
//! over all of its values without scale and offset, and a leaky ReLU.

use crate::error::{Error, Result};
use crate::network::{Convolution, Layout, Random, sparse, uniform};

use super::lanes::padded;

/// Added to the variance of a layer; PyTorch's.
pub const NORM_EPSILON: f32 = 1e-5;

/// What a network looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Values that go in; of a picture `[height, width, channels]`, row-major.
    pub inputs: usize,
    /// A convolution over the picture `[height, width, channels]` that the inputs are. Its channels are a multiple of 16.
    pub convolution: Option<(Convolution, [usize; 3])>,
    /// Widths of the dense layers.
    pub hidden: Vec<usize>,
    /// Values that come out.
    pub outputs: usize,
    /// Whether hidden layers are normalised.
    pub layer_norm: bool,
    /// What is left of negative values: 0.01, or 0 for a ReLU.
    pub slope: f32,
    /// How weights start.
    pub init: StreamInit,
}

/// How weights start; biases are 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamInit {
    /// Share of the weights of each unit that is 0; the others are uniform within one over the square root of its inputs.
    pub sparsity: f32,
    /// Whether one weight of each unit is kept where there are so few inputs that all would be 0.
    pub keep_one: bool,
}

/// Where a convolution reads.
#[derive(Debug, Clone)]
pub struct Windows {
    /// First value under the kernel at each of its places.
    pub firsts: Vec<u32>,
    /// From there to each of the values.
    pub offsets: Vec<u32>,
}

/// A hidden layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Values that a unit reads.
    pub inputs: usize,
    /// Units, of a convolution its channels.
    pub units: usize,
    /// The same in whole blocks.
    pub stride: usize,
    /// Where a convolution reads.
    pub windows: Option<Windows>,
    /// First of `inputs + 1` rows of `stride` weights, the last being the biases.
    pub weight: usize,
    /// Values that come out.
    pub width: usize,
    /// The same in memory.
    pub len: usize,
    /// First of them in a pass.
    pub first: usize,
}

/// A network without its parameters.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it looks like.
    pub shape: Shape,
    /// The hidden layers.
    pub layers: Vec<Layer>,
    /// Values that the outputs read.
    pub head_inputs: usize,
    /// The same in whole blocks.
    pub head_stride: usize,
    /// First weight of the outputs: rows of `head_stride`, one for each.
    pub head: usize,
    /// Their biases.
    pub head_bias: usize,
    /// Hidden values of a pass.
    pub hidden: usize,
    /// The most that a layer has.
    pub widest: usize,
    /// What lies where in the parameters.
    pub layout: Layout,
}

impl Plan {
    /// # Errors
    /// [`Error::Unsupported`] if a kernel does not fit its picture or its channels are not whole blocks.
    pub fn new(shape: Shape) -> Result<Self> {
        let (mut layers, mut layout) = (Vec::new(), Layout::default());
        let (mut inputs, mut hidden) = (shape.inputs, 0);
        let mut push = |name: String, inputs: usize, units: usize, windows: Option<Windows>, layout: &mut Layout| {
            let stride = padded(units);
            let weight = layout.push(format!("{name}.weight"), &[inputs, stride]).start;
            layout.push(format!("{name}.bias"), &[stride]);
            let places = windows.as_ref().map_or(1, |windows| windows.firsts.len());
            let (width, len) = (places * units, places * stride);
            layers.push(Layer { inputs, units, stride, windows, weight, width, len, first: hidden });
            hidden += len;
            len
        };
        if let Some((convolution, picture)) = &shape.convolution {
            let windows = windows(*convolution, *picture)?;
            let under = windows.offsets.len();
            inputs = push("conv.0".to_owned(), under, convolution.channels, Some(windows), &mut layout);
        }
        for (i, &units) in shape.hidden.iter().enumerate() {
            push(format!("dense.{i}"), inputs, units, None, &mut layout);
            inputs = units;
        }
        let head_stride = padded(inputs);
        let head = layout.push("head.weight", &[shape.outputs, head_stride]).start;
        let head_bias = layout.push("head.bias", &[padded(shape.outputs)]).start;
        let widest = layers.iter().map(|layer| layer.len).max().unwrap_or(0).max(head_stride);
        Ok(Self { shape, layers, head_inputs: inputs, head_stride, head, head_bias, hidden, widest, layout })
    }

    /// The hidden layer behind which the outputs are; None if they read what goes in.
    pub fn last(&self) -> Option<&Layer> {
        self.layers.last()
    }

    /// Parameters of a seed, as long as the layout. Columns beyond the units are 0 and stay so.
    pub fn start(&self, seed: u64) -> Vec<f32> {
        let mut random = Random::new(seed);
        let mut parameters = vec![0.0; self.layout.len()];
        let StreamInit { sparsity, keep_one } = self.shape.init;
        let mut draw = |inputs: usize, units: usize| {
            let mut weights = vec![0.0; inputs * units];
            uniform(&mut random, &mut weights, 1.0 / (inputs as f64).sqrt());
            sparse(&mut random, &mut weights, units, f64::from(sparsity), keep_one);
            weights
        };
        for layer in &self.layers {
            let weights = draw(layer.inputs, layer.units);
            for (i, row) in weights.chunks_exact(layer.units).enumerate() {
                parameters[layer.weight + i * layer.stride..][..layer.units].copy_from_slice(row);
            }
        }
        let weights = draw(self.head_inputs, self.shape.outputs);
        for (i, row) in weights.chunks_exact(self.shape.outputs).enumerate() {
            for (o, weight) in row.iter().enumerate() {
                parameters[self.head + o * self.head_stride + i] = *weight;
            }
        }
        parameters
    }

    /// Weights and biases, without the columns that fill blocks.
    pub fn parameter_count(&self) -> usize {
        let of_layers = self.layers.iter().map(|layer| (layer.inputs + 1) * layer.units);
        of_layers.sum::<usize>() + (self.head_inputs + 1) * self.shape.outputs
    }
}

fn windows(convolution: Convolution, [height, width, channels]: [usize; 3]) -> Result<Windows> {
    let Convolution { kernel, stride, channels: units } = convolution;
    if kernel > height.min(width) || !units.is_multiple_of(super::lanes::COLUMNS) {
        return Err(Error::Unsupported(format!(
            "a convolution of {units} channels with a kernel of {kernel} over pictures of {height} x {width}; it takes \
             pictures of at least {kernel} x {kernel} and whole 16 channels"
        )));
    }
    let places = |size: usize| (size - kernel) / stride + 1;
    let at = move |y: usize, x: usize| ((y * width + x) * channels) as u32;
    let firsts =
        (0..places(height)).flat_map(|y| (0..places(width)).map(move |x| at(y * stride, x * stride))).collect();
    let cells = (0..kernel).flat_map(|y| (0..kernel).map(move |x| at(y, x)));
    let offsets = cells.flat_map(|first| (0..channels as u32).map(move |c| first + c)).collect();
    Ok(Windows { firsts, offsets })
}
