//! Initial parameters.

use std::f64::consts::SQRT_2;

use super::{Init, Plan, Shape};
use crate::network::init::{Random, orthogonal, sparse, truncated_normal, uniform};

impl Plan {
    /// Draws all parameters from the seed.
    pub(super) fn start(&self, shape: &Shape, seed: u64, parameters: &mut [f32]) {
        let mut random = Random::new(seed);
        for (index, layer) in self.layers.iter().enumerate() {
            let tower = self.towers.iter().position(|tower| tower.layers.end == index + 1 && layer.slot.is_none());
            let (inputs, outputs) = (layer.inputs, layer.outputs);
            let weights = &mut parameters[layer.weight..][..inputs * outputs];
            let bound = 1.0 / (inputs as f64).sqrt();
            match shape.init {
                Init::Orthogonal => {
                    let gain = tower.map_or(SQRT_2, |tower| f64::from(shape.towers[tower].output_gain));
                    orthogonal(&mut random, weights, inputs, outputs, gain);
                }
                Init::Uniform => {
                    uniform(&mut random, weights, bound);
                    uniform(&mut random, &mut parameters[layer.bias..][..outputs], bound);
                }
                Init::LecunNormal => truncated_normal(&mut random, weights, bound),
                Init::HeNormal => {
                    truncated_normal(&mut random, weights, if tower.is_some() { bound } else { SQRT_2 * bound });
                }
                Init::Sparse { sparsity, keep_one } => {
                    uniform(&mut random, weights, bound);
                    sparse(&mut random, weights, outputs, f64::from(sparsity), keep_one);
                }
            }
            if let Some((scale, _)) = layer.affine {
                parameters[scale..][..outputs].fill(1.0);
            }
        }
        if let (Some(range), Some((_, values))) = (&self.free, &shape.free) {
            parameters[range.clone()].copy_from_slice(values);
        }
    }
}
