//! Dense layers, each step by itself.

use fearless_simd::dispatch;

use super::layer::{Layer, Matrix, Parameters, Parts, Way, stride};
use super::span::{Carries, Span, Tape};
use crate::network::Activation;
use crate::network::elementwise::{activate, deactivate};
use crate::network::init::{Random, orthogonal};

/// `activation(x w + b)`, weights orthogonal with a gain, biases 0.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    weight: Matrix,
    bias: usize,
    activation: Option<Activation>,
    gain: f64,
}

impl Dense {
    pub fn new(
        parts: &mut Parts,
        name: &str,
        (inputs, outputs): (usize, usize),
        activation: Option<Activation>,
        gain: f64,
    ) -> Self {
        let (weight, bias) = parts.dense(name, inputs, outputs);
        Self { weight, bias, activation, gain }
    }
}

impl Layer for Dense {
    fn outputs(&self) -> usize {
        self.weight.outputs
    }

    fn matrices(&self) -> Vec<Matrix> {
        vec![self.weight]
    }

    fn start(&self, random: &mut Random, parameters: &mut [f32]) {
        let Matrix { inputs, outputs, .. } = self.weight;
        orthogonal(random, &mut parameters[self.weight.range()], inputs, outputs, self.gain);
    }

    fn forward(&self, w: Parameters<'_>, span: Span<'_>, x: &[f32], y: &mut [f32], _: &mut Carries<'_>, _: &mut Tape) {
        w.product(span.len(), x, self.weight, Some(self.bias), y);
        if let Some(activation) = self.activation {
            let all = span.len() * stride(self.weight.outputs);
            dispatch!(w.level, simd => activate(simd, activation, &mut y[..all]));
        }
    }

    fn backward(&self, w: Parameters<'_>, span: Span<'_>, way: Way<'_>, _: &mut Tape, gradient: &mut [f32]) {
        let Way { x, y, d, dx } = way;
        if let Some(activation) = self.activation {
            let all = span.len() * stride(self.weight.outputs);
            dispatch!(w.level, simd => deactivate(simd, activation, &y[..all], &mut d[..all]));
        }
        w.gradients(span.len(), x, d, self.weight, Some(self.bias), gradient);
        if let Some(dx) = dx {
            w.back(span.len(), d, self.weight, dx);
        }
    }
}
