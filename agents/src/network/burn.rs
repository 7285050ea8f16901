//! Networks written in burn's tensor operations, differentiated by burn and run by its CPU back end, flex.
//!
//! A network here is a [`Module`]: one function from weights and rows to outputs. [`BurnNetwork`] makes a [`Network`] of it:
//! it keeps the parameters flat, cuts the rows into tiles, and runs tiles in parallel with one thread each. Burn's own
//! threads stay switched off: they pay only for operations larger than a tile, and with them a sum could depend on how
//! many there are.

mod conv;
mod init;
mod parameters;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

pub use conv::{Conv, ConvLayer, ConvNet, ConvShape};
pub use init::{Head, Init};
pub use parameters::{Parameters, Weights};

use super::{Layout, Loss, LossSums, Network, Rows};

/// Rows that go through the network together. Constant, because sums are taken tile by tile: their value must not depend
/// on the machine. Larger tiles spread the fixed cost of an operation (about a microsecond) and of adding up gradients
/// over more rows, smaller ones keep more threads busy.
pub const TILE: usize = 64;

/// What a network computes, written once for inference and training.
pub trait Module: Clone + Send + Sync + 'static {
    /// Values per row that come in.
    fn inputs(&self) -> usize;

    /// Values per row that come out.
    fn outputs(&self) -> usize;

    /// Outputs `[rows, outputs]` of rows `[rows, inputs]`. The weights are taken in the order of the layout, all of them.
    fn forward(&self, weights: Weights<'_>, rows: Tensor<2>) -> Tensor<2>;
}

/// A network of burn operations.
#[derive(Debug, Clone)]
pub struct BurnNetwork<M> {
    module: M,
    parameters: Parameters,
}

impl<M: Module> BurnNetwork<M> {
    /// The module with its parameters.
    pub fn from_parts(module: M, parameters: Parameters) -> Self {
        Self { module, parameters }
    }

    /// What it computes.
    pub fn module(&self) -> &M {
        &self.module
    }

    /// The rows of a tile, unpacked.
    fn unpack(&self, rows: &Rows<'_>, range: std::ops::Range<usize>) -> Tensor<2> {
        let inputs = self.module.inputs();
        let count = range.len();
        let mut values = vec![0.0; count * inputs];
        for (position, out) in range.zip(values.chunks_exact_mut(inputs)) {
            rows.unpack(position, out);
        }
        Tensor::from_data(TensorData::new(values, [count, inputs]), &Device::flex())
    }

    /// Forward, loss and backward to the leaves; `read` takes what it wants of the gradient.
    fn differentiate<T>(
        &self,
        leaves: &[Tensor<1>],
        rows: Tensor<2>,
        range: std::ops::Range<usize>,
        loss: &Loss<'_>,
        read: impl FnOnce(&mut burn::tensor::Gradients) -> T,
    ) -> (LossSums, T) {
        let outputs = self.module.forward(self.parameters.weights(leaves), rows);
        let shape = outputs.dims();
        let values = outputs.clone().inner().into_data();
        let mut wanted = vec![0.0; shape[0] * shape[1]];
        let sums = loss(range, values.as_slice::<f32>().expect("flex computes in f32"), &mut wanted);
        // The sum of outputs times constants has these constants as its gradient with respect to the outputs.
        let wanted = Tensor::<2>::from_data(TensorData::new(wanted, shape), &Device::flex());
        let mut gradients = (outputs * wanted).sum().backward();
        (sums, read(&mut gradients))
    }

    fn check(&self, rows: &Rows<'_>) {
        assert_eq!(rows.elements(), self.module.inputs(), "values per row");
    }
}

impl<M: Module> Network for BurnNetwork<M> {
    fn layout(&self) -> &Layout {
        self.parameters.layout()
    }

    fn outputs(&self) -> usize {
        self.module.outputs()
    }

    fn parameters(&self) -> &[f32] {
        self.parameters.values()
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        self.parameters.values_mut()
    }

    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]) {
        self.check(&rows);
        let width = self.module.outputs();
        assert_eq!(outputs.len(), rows.len() * width, "outputs of all rows");
        let tensors = self.parameters.tensors();
        let tile = |(tile, out): (usize, &mut [f32])| {
            let first = tile * TILE;
            let rows = self.unpack(&rows, first..first + out.len() / width);
            let values = self.module.forward(self.parameters.weights(tensors), rows).into_data();
            out.copy_from_slice(values.as_slice::<f32>().expect("flex computes in f32"));
        };
        // A single tile stays on this thread: waking another costs more than small networks take.
        if rows.len() <= TILE {
            outputs.chunks_mut(TILE * width).enumerate().for_each(tile);
        } else {
            outputs.par_chunks_mut(TILE * width).enumerate().for_each(tile);
        }
    }

    fn gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        self.check(&rows);
        assert_eq!(gradient.len(), self.parameters.values().len(), "one gradient per parameter");
        let tiles = rows.len().div_ceil(TILE);
        let tile = |tile: usize| {
            let range = tile * TILE..((tile + 1) * TILE).min(rows.len());
            let leaves = self.parameters.leaves();
            let rows = self.unpack(&rows, range.clone());
            self.differentiate(&leaves, rows, range, loss, |gradients| Parameters::read(&leaves, gradients))
        };
        let mut sums = LossSums::default();
        let mut add = |(tile_sums, parts): (LossSums, Vec<_>)| {
            sums.iter_mut().zip(tile_sums).for_each(|(sum, value)| *sum += value);
            self.parameters.add(&parts, gradient);
        };
        // As many tiles at a time as there are threads, since the gradients of a wave are all in memory until they are
        // added, in the order of the tiles.
        let wave = rayon::current_num_threads();
        for first in (0..tiles).step_by(wave) {
            let last = tiles.min(first + wave);
            if last - first == 1 {
                add(tile(first));
            } else {
                let parts: Vec<_> = (first..last).into_par_iter().map(tile).collect();
                parts.into_iter().for_each(&mut add);
            }
        }
        sums
    }

    fn input_gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, input_gradient: &mut [f32]) -> LossSums {
        self.check(&rows);
        assert_eq!(rows.encoding(), shadergym_envs::Encoding::F32, "only floats have a gradient");
        assert_eq!(input_gradient.len(), rows.len() * rows.elements(), "one gradient per input");
        if rows.is_empty() {
            return LossSums::default();
        }
        let range = 0..rows.len();
        let inputs = self.unpack(&rows, range.clone()).autodiff().require_grad();
        // Weights without autodiff are constants: no gradient of theirs is computed.
        let (sums, found) = self.differentiate(self.parameters.tensors(), inputs.clone(), range, loss, |gradients| {
            inputs.grad_remove(gradients).map(Tensor::into_data)
        });
        match found {
            Some(found) => input_gradient.copy_from_slice(found.as_slice::<f32>().expect("flex computes in f32")),
            None => input_gradient.fill(0.0),
        }
        sums
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}
