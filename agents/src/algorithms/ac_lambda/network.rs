//! The network of actor and critic: an optional convolution with SiLU, dense layers with the derivative of SiLU, and one row
//! of outputs, the logits and behind them the value.

use std::sync::Arc;

use fearless_simd::{Level, Simd, dispatch};

use super::kernels::{Passes, Scratch, backward, forward, padded};
use super::learner::Summed;
use crate::common::build::MINATAR;
use crate::error::{Error, Result};
use crate::network::{Layout, Lines, Loss, LossSums, Network, Random, Rows, uniform};
use crate::options::NetworkKind;
use crate::streaming::{Interface, Plan, Shape, StreamInit};

/// What lies where in the network for an environment with so many outputs.
///
/// # Errors
/// [`Error::Unsupported`] if its observations are no picture for a convolution.
pub fn plan(kind: NetworkKind, hidden: &[usize], outputs: usize, interface: &Interface) -> Result<Arc<Plan>> {
    let convolution = match (kind, &interface.observation[..]) {
        (NetworkKind::Mlp, _) => None,
        (NetworkKind::Conv, &[height, width, channels]) => Some((MINATAR, [height, width, channels])),
        (NetworkKind::Conv, shape) => {
            let env = &interface.env;
            return Err(Error::Unsupported(format!(
                "network=conv reads observations [height, width, channels]; {env} has {shape:?}, which network=mlp reads"
            )));
        }
    };
    // Of a stream's network the plan only has the places; what it says of activations and starts is not used.
    let (layer_norm, slope, init) = (false, 1.0, StreamInit { sparsity: 0.0, keep_one: false });
    let (inputs, hidden) = (interface.elements(), hidden.to_vec());
    Ok(Arc::new(Plan::new(Shape { inputs, convolution, hidden, outputs, layer_norm, slope, init })?))
}

/// Parameters of a seed: weights and biases uniform within one over the square root of a unit's inputs, PyTorch's default.
pub fn start(plan: &Plan, seed: u64) -> Lines {
    let (mut random, mut parameters) = (Random::new(seed), Lines::zeros(plan.layout.len()));
    let mut draw = |at: usize, len: usize, inputs: usize| {
        uniform(&mut random, &mut parameters[at..at + len], 1.0 / (inputs as f64).sqrt());
    };
    for layer in &plan.layers {
        // The row behind the inputs are the biases.
        for row in 0..=layer.inputs {
            draw(layer.weight + row * layer.stride, layer.units, layer.inputs);
        }
    }
    for o in 0..plan.shape.outputs {
        draw(plan.head + o * plan.head_stride, plan.head_inputs, plan.head_inputs);
    }
    draw(plan.head_bias, plan.shape.outputs, plan.head_inputs);
    parameters
}

/// Takes the gradient with respect to the inputs of a row.
type OfInputs<'a> = &'a mut dyn FnMut(usize, &[f32]);

/// The network as any other, a row at a time.
#[derive(Debug, Clone)]
pub struct AcNetwork {
    plan: Arc<Plan>,
    weights: Lines,
}

impl AcNetwork {
    /// With parameters as the plan's layout has them.
    pub fn new(plan: Arc<Plan>, weights: Lines) -> Self {
        Self { plan, weights }
    }

    fn predict_row(&self, passes: &mut Passes) {
        let (plan, weights) = (&*self.plan, &self.weights[..]);
        dispatch!(Level::new(), simd => simd.vectorize(#[inline(always)] || forward::<_, 1>(simd, plan, weights, passes)));
    }

    /// Forward and backward of each row: gradients of the parameters are added to `sum`, those of the inputs given to `inputs`.
    fn differentiate(
        &self,
        rows: Rows<'_>,
        loss: &Loss<'_>,
        sum: &mut [f32],
        mut inputs: Option<OfInputs<'_>>,
    ) -> LossSums {
        let (width, elements, want) = (self.outputs(), rows.elements(), inputs.is_some());
        let (mut passes, mut scratch) = (Passes::new(&self.plan, 1), Scratch::new(&self.plan));
        let (mut gradient, none) = (Lines::zeros(padded(width)), Lines::zeros(padded(width)));
        let mut sums = LossSums::default();
        for row in 0..rows.len() {
            rows.unpack(row, &mut passes.input[..elements]);
            self.predict_row(&mut passes);
            gradient.fill(0.0);
            let of_row = loss(row..row + 1, &passes.outputs[..width], &mut gradient[..width]);
            sums.iter_mut().zip(of_row).for_each(|(sum, value)| *sum += value);
            let (plan, weights, outputs) = (&*self.plan, &self.weights[..], [&gradient[..], &none[..]]);
            let (passes, scratch, visit) = (&passes, &mut scratch, &mut Summed { weights, sum: &mut *sum });
            dispatch!(Level::new(), simd => simd.vectorize(
                #[inline(always)]
                || backward(simd, plan, (passes, 0), outputs, scratch, visit, want)
            ));
            if let Some(inputs) = &mut inputs {
                inputs(row, &scratch.of_inputs()[..elements]);
            }
        }
        sums
    }
}

impl Network for AcNetwork {
    fn layout(&self) -> &Layout {
        &self.plan.layout
    }

    fn outputs(&self) -> usize {
        self.plan.shape.outputs
    }

    fn parameters(&self) -> &[f32] {
        &self.weights[..self.plan.layout.len()]
    }

    fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.weights[..self.plan.layout.len()]
    }

    fn predict(&self, rows: Rows<'_>, outputs: &mut [f32]) {
        let (width, mut passes) = (self.outputs(), Passes::new(&self.plan, 1));
        for (row, outputs) in outputs.chunks_exact_mut(width).enumerate() {
            rows.unpack(row, &mut passes.input[..rows.elements()]);
            self.predict_row(&mut passes);
            outputs.copy_from_slice(&passes.outputs[..width]);
        }
    }

    fn gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, gradient: &mut [f32]) -> LossSums {
        self.differentiate(rows, loss, gradient, None)
    }

    fn input_gradient(&self, rows: Rows<'_>, loss: &Loss<'_>, input_gradient: &mut [f32]) -> LossSums {
        assert!(self.plan.shape.convolution.is_none(), "of pictures nobody wants it");
        let elements = rows.elements();
        let mut put = |row: usize, of_row: &[f32]| {
            input_gradient[row * elements..(row + 1) * elements].copy_from_slice(of_row);
        };
        self.differentiate(rows, loss, &mut vec![0.0; self.plan.layout.len()], Some(&mut put))
    }

    fn boxed_clone(&self) -> Box<dyn Network> {
        Box::new(self.clone())
    }
}
