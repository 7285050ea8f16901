//! The same mathematics once more, in f64 and with loops that follow the formulas: an oracle for the kernels.

use crate::streaming::{Plan, StepRule};

/// Outputs for one input; parameters as the plan's layout has them.
pub fn forward(plan: &Plan, parameters: &[f64], input: &[f64]) -> Vec<f64> {
    let mut x = input.to_vec();
    for layer in &plan.layers {
        let row = |i: usize, unit: usize| parameters[layer.weight + i * layer.stride + unit];
        let mut sums = Vec::new();
        let places = layer.windows.as_ref().map_or(1, |w| w.firsts.len());
        for place in 0..places {
            for unit in 0..layer.units {
                let mut sum = row(layer.inputs, unit);
                for i in 0..layer.inputs {
                    let at = layer.windows.as_ref().map_or(i, |w| (w.firsts[place] + w.offsets[i]) as usize);
                    sum += x[at] * row(i, unit);
                }
                sums.push(sum);
            }
        }
        if plan.shape.layer_norm {
            let n = sums.len() as f64;
            let mean = sums.iter().sum::<f64>() / n;
            let variance = sums.iter().map(|s| (s - mean) * (s - mean)).sum::<f64>() / n;
            sums.iter_mut().for_each(|s| *s = (*s - mean) / (variance + 1e-5).sqrt());
        }
        let slope = f64::from(plan.shape.slope);
        x = sums.iter().map(|&s| if s > 0.0 { s } else { slope * s }).collect();
    }
    let output = |o: usize| {
        let products = x.iter().enumerate().map(|(i, x)| x * parameters[plan.head + o * plan.head_stride + i]);
        parameters[plan.head_bias + o] + products.sum::<f64>()
    };
    (0..plan.shape.outputs).map(output).collect()
}

const H: f64 = 1e-6;

/// Gradient of `sum_o weights[o] output[o]` by central differences.
pub fn gradient(plan: &Plan, parameters: &[f64], input: &[f64], weights: &[f64]) -> Vec<f64> {
    let value =
        |parameters: &[f64]| -> f64 { forward(plan, parameters, input).iter().zip(weights).map(|(y, w)| y * w).sum() };
    let mut shifted = parameters.to_vec();
    (0..parameters.len())
        .map(|i| {
            shifted[i] = parameters[i] + H;
            let above = value(&shifted);
            shifted[i] = parameters[i] - H;
            let below = value(&shifted);
            shifted[i] = parameters[i];
            (above - below) / (2.0 * H)
        })
        .collect()
}

/// The same with respect to an input.
pub fn input_slope(plan: &Plan, parameters: &[f64], input: &[f64], at: usize, weights: &[f64]) -> f64 {
    let value = |shift: f64| -> f64 {
        let mut input = input.to_vec();
        input[at] += shift;
        forward(plan, parameters, &input).iter().zip(weights).map(|(y, w)| y * w).sum()
    };
    (value(H) - value(-H)) / (2.0 * H)
}

/// The optimiser, from its formulas.
#[derive(Default)]
pub struct Optimizer {
    pub traces: Vec<f64>,
    squares: Vec<f64>,
    steps: i32,
}

impl Optimizer {
    pub fn step(&mut self, rule: &StepRule, parameters: &mut [f64], gradient: &[f64], delta: f64, decay: f64) {
        self.traces.resize(gradient.len(), 0.0);
        self.squares.resize(gradient.len(), 0.0);
        self.steps += 1;
        self.traces.iter_mut().zip(gradient).for_each(|(e, g)| *e = decay * *e + g);
        let mut scaled = self.traces.clone();
        if let Some(adaptive) = rule.adaptive {
            let beta2 = f64::from(adaptive.beta2);
            let correction = if adaptive.corrected { 1.0 - beta2.powi(self.steps) } else { 1.0 };
            for ((v, e), s) in self.squares.iter_mut().zip(&self.traces).zip(&mut scaled) {
                *v = beta2 * *v + (1.0 - beta2) * (delta * e) * (delta * e);
                *s = e / (*v / correction + f64::from(adaptive.epsilon)).sqrt();
            }
        }
        let z: f64 = scaled.iter().map(|e| e.abs()).sum();
        let (rate, kappa) = (f64::from(rule.learning_rate), f64::from(rule.kappa));
        let bound = rate * kappa * delta.abs().max(1.0) * z;
        let step = if bound > 1.0 { rate / bound } else { rate };
        parameters.iter_mut().zip(&scaled).for_each(|(p, e)| *p -= step * delta * e);
    }
}
