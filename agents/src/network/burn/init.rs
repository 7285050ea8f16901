//! Initial weights. Biases are zero.

use std::f64::consts::SQRT_2;

use crate::network::init::{self, Random};

/// Distribution of the weights of hidden layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Init {
    /// Orthogonal times sqrt 2, as in CleanRL's PPO.
    #[default]
    Orthogonal,
    /// Normal with variance 1 / inputs, as Flax does unless told otherwise.
    LeCun,
    /// Normal with variance 2 / inputs, as in PQN. Its output layer is LeCun's.
    He,
}

/// Outputs that belong together, such as the logits or the value: initialised as one matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// How many.
    pub outputs: usize,
    /// Factor of the initial weights.
    pub gain: f32,
}

impl Init {
    /// A hidden layer's weight `[inputs, outputs]`.
    pub(super) fn hidden(self, random: &mut Random, inputs: usize, outputs: usize) -> Vec<f32> {
        match self {
            Self::Orthogonal => orthogonal(random, inputs, outputs, SQRT_2),
            Self::LeCun => normal(random, inputs, outputs, 1.0),
            Self::He => normal(random, inputs, outputs, SQRT_2),
        }
    }

    /// The output layer's weight `[inputs, sum of outputs]`.
    pub(super) fn heads(self, random: &mut Random, inputs: usize, heads: &[Head]) -> Vec<f32> {
        let width: usize = heads.iter().map(|head| head.outputs).sum();
        let mut weight = vec![0.0; inputs * width];
        let mut first = 0;
        for head in heads {
            let own = match self {
                Self::Orthogonal => orthogonal(random, inputs, head.outputs, head.gain.into()),
                Self::LeCun | Self::He => normal(random, inputs, head.outputs, head.gain.into()),
            };
            for (row, own) in weight.chunks_exact_mut(width).zip(own.chunks_exact(head.outputs)) {
                row[first..first + head.outputs].copy_from_slice(own);
            }
            first += head.outputs;
        }
        weight
    }
}

fn normal(random: &mut Random, inputs: usize, outputs: usize, gain: f64) -> Vec<f32> {
    let scale = gain / (inputs as f64).sqrt();
    (0..inputs * outputs).map(|_| (scale * random.normal()) as f32).collect()
}

fn orthogonal(random: &mut Random, inputs: usize, outputs: usize, gain: f64) -> Vec<f32> {
    let mut weight = vec![0.0; inputs * outputs];
    init::orthogonal(random, &mut weight, inputs, outputs, gain);
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(weight: &[f32], width: usize, index: usize) -> Vec<f32> {
        weight.iter().skip(index).step_by(width).copied().collect()
    }

    fn dot(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn orthogonal_weights_have_orthogonal_vectors_of_the_gain() {
        let tall = Init::Orthogonal.hidden(&mut Random::new(1), 30, 7);
        for i in 0..7 {
            for j in 0..7 {
                let expected = if i == j { 2.0 } else { 0.0 };
                assert!((dot(&column(&tall, 7, i), &column(&tall, 7, j)) - expected).abs() < 1e-5);
            }
        }
        let wide = Init::Orthogonal.hidden(&mut Random::new(1), 7, 30);
        assert!((dot(&wide[..30], &wide[..30]) - 2.0).abs() < 1e-5);
        assert!(dot(&wide[..30], &wide[30..60]).abs() < 1e-5);
    }

    #[test]
    fn every_head_has_its_own_gain() {
        let heads = [Head { outputs: 3, gain: 0.01 }, Head { outputs: 1, gain: 1.0 }];
        for init in [Init::Orthogonal, Init::LeCun, Init::He] {
            let weight = init.heads(&mut Random::new(2), 512, &heads);
            for (index, gain) in [(0, 0.01), (2, 0.01), (3, 1.0f32)] {
                let column = column(&weight, 4, index);
                // 512 normals: the standard deviation of their length is about 3 %.
                assert!((dot(&column, &column).sqrt() / gain - 1.0).abs() < 0.15, "{init:?} {index}");
            }
        }
    }

    #[test]
    fn normal_weights_have_the_variance_of_their_inputs() {
        let variance = |init: Init| {
            let weight = init.hidden(&mut Random::new(3), 100, 1000);
            weight.iter().map(|w| w * w).sum::<f32>() / weight.len() as f32
        };
        assert!((variance(Init::LeCun) - 0.01).abs() < 2e-4);
        assert!((variance(Init::He) - 0.02).abs() < 4e-4);
    }
}
