//! Convolutions, then dense layers, then heads: the network of MinAtar and larger ones of the kind.

use burn::tensor::{Slice, Tensor, activation::relu, module};

use super::init::{Head, Init};
use super::{BurnNetwork, Module, Parameters, Weights};
use crate::error::{Error, Result};
use crate::network::Layout;
use crate::network::init::Random;

/// Flax's, and therefore PQN's.
const LAYER_NORM_EPSILON: f64 = 1e-6;

/// One convolution, without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvLayer {
    /// Channels that come out.
    pub channels: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Cells between its places.
    pub stride: usize,
}

/// What [`ConvNet::new`] builds. Rows are pictures `[height, width, channels]`, row-major, as environments observe them.
/// Every layer but the last is followed by ReLU.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvShape {
    /// Cells from top to bottom.
    pub height: usize,
    /// Cells from left to right.
    pub width: usize,
    /// Values per cell.
    pub channels: usize,
    /// Convolutions.
    pub convolutions: Vec<ConvLayer>,
    /// Widths of the dense layers after them.
    pub hidden: Vec<usize>,
    /// The outputs in order, as columns of one dense layer.
    pub heads: Vec<Head>,
    /// Whether the values of every cell and every dense layer are normalised before ReLU, with a learnt scale and offset.
    /// As in PQN, the mean and variance are over the channels of a cell.
    pub layer_norm: bool,
    /// Parameters that are appended to the outputs of every row as they are, with their name: `log_std`.
    pub free: Option<(String, Vec<f32>)>,
    /// Initial weights of hidden layers.
    pub init: Init,
    /// Seed of the initial weights.
    pub seed: u64,
}

impl ConvShape {
    /// MinAtar's network: 16 convolutions 3 x 3, 128 hidden units.
    ///
    /// Source: Young and Tian 2019, and purejaxql's `pqn_minatar.py`.
    pub fn minatar(height: usize, width: usize, channels: usize, heads: Vec<Head>) -> Self {
        Self {
            height,
            width,
            channels,
            convolutions: vec![ConvLayer { channels: 16, kernel: 3, stride: 1 }],
            hidden: vec![128],
            heads,
            layer_norm: false,
            free: None,
            init: Init::Orthogonal,
            seed: 0,
        }
    }

    /// Height, width and channels of the input and after every convolution.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if a size is 0, or if a kernel does not fit.
    fn pictures(&self) -> Result<Vec<[usize; 3]>> {
        let positive = [
            ("height", self.height),
            ("width", self.width),
            ("channels", self.channels),
            ("outputs", self.heads.iter().map(|head| head.outputs).sum()),
        ];
        let layers = self.convolutions.iter();
        let layers = layers.flat_map(|l| [("channels", l.channels), ("kernel", l.kernel), ("stride", l.stride)]);
        let hidden = self.hidden.iter().map(|&width| ("hidden", width));
        let heads = self.heads.iter().map(|head| ("outputs", head.outputs));
        for (option, value) in positive.into_iter().chain(layers).chain(hidden).chain(heads) {
            if value == 0 {
                return Err(invalid(option, value, "at least 1".into()));
            }
        }
        let mut pictures = vec![[self.height, self.width, self.channels]];
        for layer in &self.convolutions {
            let [height, width, _] = pictures[pictures.len() - 1];
            if layer.kernel > height.min(width) {
                return Err(invalid("kernel", layer.kernel, format!("1 to {}", height.min(width))));
            }
            let places = |size: usize| (size - layer.kernel) / layer.stride + 1;
            pictures.push([places(height), places(width), layer.channels]);
        }
        Ok(pictures)
    }
}

fn invalid(option: &str, value: usize, allowed: String) -> Error {
    Error::InvalidOption { option: option.into(), value: value.to_string(), allowed }
}

/// What a [`ConvNet`] computes.
///
/// Parts: `conv.{i}.weight` `[kernel, kernel, inputs, outputs]`, `conv.{i}.bias`; `dense.{i}.weight` `[inputs, outputs]`,
/// `dense.{i}.bias`; with layer norm also `.scale` and `.offset` of both; `heads.weight`, `heads.bias`; the free ones.
/// The first dense layer reads the last picture as `[height, width, channels]`.
#[derive(Debug, Clone)]
pub struct Conv {
    shape: ConvShape,
    /// Values per row of the last picture.
    flat: usize,
    outputs: usize,
}

/// Parameters in the making.
struct Parts<'a> {
    shape: &'a ConvShape,
    layout: Layout,
    values: Vec<f32>,
}

impl Parts<'_> {
    fn push(&mut self, name: String, dims: &[usize], values: Vec<f32>) {
        let range = self.layout.push(name, dims);
        assert_eq!(range.len(), values.len(), "one value per parameter");
        self.values.extend(values);
    }

    /// A hidden layer whose weight is `[.., outputs]`.
    fn hidden(&mut self, random: &mut Random, name: String, dims: &[usize]) {
        let outputs = dims[dims.len() - 1];
        let inputs = dims[..dims.len() - 1].iter().product();
        self.push(format!("{name}.weight"), dims, self.shape.init.hidden(random, inputs, outputs));
        self.push(format!("{name}.bias"), &[outputs], vec![0.0; outputs]);
        if self.shape.layer_norm {
            self.push(format!("{name}.scale"), &[outputs], vec![1.0; outputs]);
            self.push(format!("{name}.offset"), &[outputs], vec![0.0; outputs]);
        }
    }
}

/// Convolutions and dense layers on burn.
pub type ConvNet = BurnNetwork<Conv>;

impl ConvNet {
    /// A network with initial weights.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if a size is 0, or if a kernel is larger than its picture.
    pub fn new(shape: ConvShape) -> Result<Self> {
        let pictures = shape.pictures()?;
        let mut random = Random::new(shape.seed);
        let mut parts = Parts { shape: &shape, layout: Layout::default(), values: Vec::new() };
        for (i, (layer, input)) in shape.convolutions.iter().zip(&pictures).enumerate() {
            parts.hidden(&mut random, format!("conv.{i}"), &[layer.kernel, layer.kernel, input[2], layer.channels]);
        }
        let flat = pictures[pictures.len() - 1].iter().product();
        let mut inputs = flat;
        for (i, &width) in shape.hidden.iter().enumerate() {
            parts.hidden(&mut random, format!("dense.{i}"), &[inputs, width]);
            inputs = width;
        }
        let mut outputs = shape.heads.iter().map(|head| head.outputs).sum();
        parts.push("heads.weight".into(), &[inputs, outputs], shape.init.heads(&mut random, inputs, &shape.heads));
        parts.push("heads.bias".into(), &[outputs], vec![0.0; outputs]);
        if let Some((name, free)) = &shape.free {
            parts.push(name.clone(), &[free.len()], free.clone());
            outputs += free.len();
        }
        let parameters = Parameters::new(parts.layout, parts.values);
        Ok(Self::from_parts(Conv { shape, flat, outputs }, parameters))
    }
}

impl Conv {
    /// What it was built from.
    pub fn shape(&self) -> &ConvShape {
        &self.shape
    }

    /// What comes between a linear layer and the next; normalises over the last dimension.
    fn activate<const D: usize>(&self, weights: &mut Weights<'_>, values: Tensor<D>) -> Tensor<D> {
        let values = match self.shape.layer_norm {
            true => module::layer_norm(values, weights.take(), Some(weights.take()), LAYER_NORM_EPSILON),
            false => values,
        };
        relu(values)
    }
}

impl Module for Conv {
    fn inputs(&self) -> usize {
        self.shape.height * self.shape.width * self.shape.channels
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn forward(&self, mut weights: Weights<'_>, rows: Tensor<2>) -> Tensor<2> {
        let [count, _] = rows.dims();
        let mut picture = rows.reshape([count, self.shape.height, self.shape.width, self.shape.channels]);
        for layer in &self.shape.convolutions {
            // Patches by slices, then one product: burn's own `conv2d` has no fast path for so few channels and took
            // 1.5 to 1.8 times as long.
            let [_, height, width, channels] = picture.dims();
            let (k, stride) = (layer.kernel, layer.stride);
            let (rows, columns) = ((height - k) / stride + 1, (width - k) / stride + 1);
            let places = |first: usize, count: usize| {
                let end = first + (count - 1) * stride + 1;
                Slice::new(first as isize, Some(end as isize), stride as isize)
            };
            let cells = (0..k * k).map(|cell| {
                let at = [Slice::full(), places(cell / k, rows), places(cell % k, columns), Slice::full()];
                picture.clone().slice(at)
            });
            let patches = Tensor::cat(cells.collect(), 3).reshape([count * rows * columns, k * k * channels]);
            let weight = weights.take::<4>().reshape([k * k * channels, layer.channels]);
            let out = module::linear(patches, weight, Some(weights.take()));
            picture = self.activate(&mut weights, out).reshape([count, rows, columns, layer.channels]);
        }
        let mut hidden = picture.reshape([count, self.flat]);
        for _ in &self.shape.hidden {
            hidden = module::linear(hidden, weights.take(), Some(weights.take()));
            hidden = self.activate(&mut weights, hidden);
        }
        let outputs = module::linear(hidden, weights.take(), Some(weights.take()));
        match &self.shape.free {
            Some((_, free)) => {
                let free = weights.take::<1>().reshape([1, free.len()]).expand([count, free.len()]);
                Tensor::cat(vec![outputs, free], 1)
            }
            None => outputs,
        }
    }
}
