//! Parameters as one flat array and as burn tensors.

use std::sync::OnceLock;

use burn::tensor::{Device, Gradients, Tensor, TensorData};

use crate::network::{Layout, Part};

/// Flat parameters with their layout. Burn tensors, one per part, are made of them on first use after a change.
#[derive(Debug, Clone)]
pub struct Parameters {
    layout: Layout,
    values: Vec<f32>,
    /// Flat tensors, because parts differ in rank. Empty since the last [`Self::values_mut`].
    tensors: OnceLock<Vec<Tensor<1>>>,
}

impl Parameters {
    /// Parameters that lie as the layout says.
    ///
    /// # Panics
    /// If there are more or fewer values than the layout has.
    pub fn new(layout: Layout, values: Vec<f32>) -> Self {
        assert_eq!(layout.len(), values.len(), "one value per parameter");
        Self { layout, values, tensors: OnceLock::new() }
    }

    /// What lies where.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All values, flat.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to change them; the tensors are made anew afterwards.
    pub fn values_mut(&mut self) -> &mut [f32] {
        self.tensors = OnceLock::new();
        &mut self.values
    }

    /// The parts as tensors without autodiff, in the order of the layout.
    pub fn tensors(&self) -> &[Tensor<1>] {
        self.tensors.get_or_init(|| {
            let device = Device::flex();
            let part = |part: &Part| {
                Tensor::from_data(TensorData::new(self.values[part.range()].to_vec(), [part.len()]), &device)
            };
            self.layout.parts().iter().map(part).collect()
        })
    }

    /// The parts as leaves of a new graph. Every backward pass needs its own: graphs that share a leaf share a lock.
    pub fn leaves(&self) -> Vec<Tensor<1>> {
        self.tensors().iter().map(|tensor| tensor.clone().autodiff().require_grad()).collect()
    }

    /// [`Self::tensors`] or [`Self::leaves`] with their shapes.
    pub fn weights<'a>(&'a self, tensors: &'a [Tensor<1>]) -> Weights<'a> {
        Weights { parts: self.layout.parts().iter().zip(tensors) }
    }

    /// The gradient of each leaf; none where the loss does not depend on it.
    pub fn read(leaves: &[Tensor<1>], gradients: &mut Gradients) -> Vec<Option<TensorData>> {
        leaves.iter().map(|leaf| leaf.grad_remove(gradients).map(Tensor::into_data)).collect()
    }

    /// Adds what [`Self::read`] found to a flat gradient.
    pub fn add(&self, found: &[Option<TensorData>], gradient: &mut [f32]) {
        for (part, found) in self.layout.parts().iter().zip(found) {
            let Some(found) = found else { continue };
            let found = found.as_slice::<f32>().expect("flex computes in f32");
            gradient[part.range()].iter_mut().zip(found).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// Weights to be taken in the order of the layout.
pub struct Weights<'a> {
    parts: std::iter::Zip<std::slice::Iter<'a, Part>, std::slice::Iter<'a, Tensor<1>>>,
}

impl Weights<'_> {
    /// The next one in its shape.
    ///
    /// # Panics
    /// If it has another number of dimensions, or if there is none left.
    pub fn take<const D: usize>(&mut self) -> Tensor<D> {
        let (part, tensor) = self.parts.next().expect("a module takes as many weights as its layout has");
        let shape: [usize; D] = part.shape.as_slice().try_into().expect("the rank of the part");
        tensor.clone().reshape(shape)
    }
}
