//! A normal through tanh, as SAC's policy has it, with the gradient through the draw. Actions are in (-1, 1) here.

use super::HALF_LN_TAU;
use crate::common::noise::Noise;

/// Means, and as many outputs behind them that stand for log standard deviations.
#[derive(Debug, Clone, PartialEq)]
pub struct Squashed {
    /// Lowest action of the environment.
    pub low: Vec<f32>,
    /// Highest action of the environment.
    pub high: Vec<f32>,
    /// Between which the log standard deviations are.
    pub log_std: (f32, f32),
}

/// A drawn action, element by element, and what its gradient needs.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// In (-1, 1).
    pub actions: Vec<f32>,
    /// Standard deviation times noise: the derivative of the draw with respect to the log standard deviation.
    spread: Vec<f32>,
    /// Log-probability of the whole action.
    pub log_prob: f32,
}

impl Squashed {
    /// The log standard deviation that an output stands for: squashed into the range, so that it can always learn its way
    /// back.
    #[inline]
    fn log_std(&self, output: f32) -> f32 {
        let (low, high) = self.log_std;
        low + 0.5 * (high - low) * (output.tanh() + 1.0)
    }

    /// Its derivative.
    #[inline]
    fn log_std_slope(&self, output: f32) -> f32 {
        let (low, high) = self.log_std;
        let squashed = output.tanh();
        0.5 * (high - low) * (1.0 - squashed * squashed)
    }

    /// Draws an action.
    pub(super) fn sample(&self, outputs: &[f32], noise: &mut Noise, action: &mut [u32]) {
        let words = action.len();
        for (j, word) in action.iter_mut().enumerate() {
            let spread = self.log_std(outputs[words + j]).exp();
            *word = (outputs[j] + noise.normal() * spread).tanh().to_bits();
        }
    }

    /// Draws an action with its log-probability, for [`Self::backward`].
    pub fn draw(&self, outputs: &[f32], noise: &mut Noise, drawn: &mut Drawn) {
        let words = outputs.len() / 2;
        drawn.actions.resize(words, 0.0);
        drawn.spread.resize(words, 0.0);
        drawn.log_prob = 0.0;
        for j in 0..words {
            let log_std = self.log_std(outputs[words + j]);
            let epsilon = noise.normal();
            drawn.spread[j] = log_std.exp() * epsilon;
            let u = outputs[j] + drawn.spread[j];
            drawn.actions[j] = u.tanh();
            drawn.log_prob += -0.5 * epsilon * epsilon - log_std - HALF_LN_TAU - log_slope(u);
        }
    }

    /// Adds the gradient of `weight * log_prob + sum of of_action * action` with respect to the outputs, through the draw.
    pub fn backward(&self, outputs: &[f32], drawn: &Drawn, weight: f32, of_action: &[f32], gradient: &mut [f32]) {
        let words = outputs.len() / 2;
        for j in 0..words {
            let a = drawn.actions[j];
            // d -ln(1 - tanh²(u)) / du = 2 tanh(u).
            let of_u = weight * 2.0 * a + of_action[j] * (1.0 - a * a);
            gradient[j] += of_u;
            gradient[words + j] += self.log_std_slope(outputs[words + j]) * (of_u * drawn.spread[j] - weight);
        }
    }

    /// As [`super::Distribution::evaluate`], of an action that is there already.
    pub(super) fn evaluate(
        &self,
        outputs: &[f32],
        action: &[u32],
        mut gradient: Option<(f32, f32, &mut [f32])>,
    ) -> (f32, f32) {
        let words = action.len();
        let mut log_prob = 0.0;
        for (j, word) in action.iter().enumerate() {
            // The ends of the range have no place under the normal.
            let u = f32::from_bits(*word).clamp(-1.0 + f32::EPSILON, 1.0 - f32::EPSILON).atanh();
            let log_std = self.log_std(outputs[words + j]);
            let z = (u - outputs[j]) * (-log_std).exp();
            log_prob += -0.5 * z * z - log_std - HALF_LN_TAU - log_slope(u);
            if let Some((of_log_prob, of_entropy, out)) = &mut gradient {
                let weight = *of_log_prob - *of_entropy;
                out[j] += weight * z * (-log_std).exp();
                out[words + j] += weight * (z * z - 1.0) * self.log_std_slope(outputs[words + j]);
            }
        }
        (log_prob, -log_prob)
    }
}

/// ln(1 - tanh²(u)) without cancellation.
fn log_slope(u: f32) -> f32 {
    2.0 * (std::f32::consts::LN_2 - u - softplus(-2.0 * u))
}

fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest difference between the derivative and a central difference of f32 values with step 1e-2.
    const DIFFERENCE: f32 = 5e-3;

    /// CleanRL's range.
    fn squashed() -> Squashed {
        Squashed { low: vec![-1.0; 2], high: vec![1.0; 2], log_std: (-5.0, 2.0) }
    }

    fn check(of: impl Fn(&[f32]) -> f32, outputs: [f32; 4], gradient: [f32; 4]) {
        for j in 0..4 {
            let moved = |by: f32| {
                let mut outputs = outputs;
                outputs[j] += by;
                of(&outputs)
            };
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((difference - gradient[j]).abs() < DIFFERENCE, "{j}: {difference} {}", gradient[j]);
        }
    }

    #[test]
    fn gradients_are_those_of_central_differences() {
        let (squashed, weights) = (squashed(), [0.7, -1.3]);
        // Log standard deviations of about -1.5 and 1.8, of which the second is near the end of the range.
        let outputs = [0.4f32, -0.8, 0.0, 1.5];
        let drawn = |outputs: &[f32]| {
            let mut drawn = Drawn::default();
            squashed.draw(outputs, &mut Noise::new(5, "t").at(1, 2), &mut drawn);
            drawn
        };
        let of = |outputs: &[f32]| {
            let drawn = drawn(outputs);
            0.3 * drawn.log_prob + weights[0] * drawn.actions[0] + weights[1] * drawn.actions[1]
        };
        let mut gradient = [0.0; 4];
        squashed.backward(&outputs, &drawn(&outputs), 0.3, &weights, &mut gradient);
        check(of, outputs, gradient);
        // Of an action that stays the same.
        let action = [0.3f32, -0.6].map(f32::to_bits);
        let outputs = [0.4f32, -0.8, 0.3, 0.9];
        let mut gradient = [0.0; 4];
        squashed.evaluate(&outputs, &action, Some((0.3, 0.1, &mut gradient)));
        check(|outputs| 0.2 * squashed.evaluate(outputs, &action, None).0, outputs, gradient);
    }

    #[test]
    fn a_drawn_action_has_the_probability_that_it_was_drawn_with() {
        let (squashed, outputs) = (squashed(), [0.4f32, -0.8, 0.3, 0.1]);
        let mut drawn = Drawn::default();
        squashed.draw(&outputs, &mut Noise::new(5, "t"), &mut drawn);
        let mut action = [0; 2];
        squashed.sample(&outputs, &mut Noise::new(5, "t"), &mut action);
        assert_eq!(action.map(f32::from_bits)[..], drawn.actions);
        let log_prob = squashed.evaluate(&outputs, &action, None).0;
        assert!((log_prob - drawn.log_prob).abs() < 1e-4, "{log_prob} {}", drawn.log_prob);
    }

    /// From -5 to 2, and nowhere without a gradient.
    #[test]
    fn an_extreme_deviation_can_learn_its_way_back() {
        let squashed = squashed();
        assert_eq!(squashed.log_std(0.0), -1.5);
        assert!(squashed.log_std(-4.0) > -5.0 && squashed.log_std(4.0) < 2.0);
        for output in [-6.0f32, 3.0] {
            let outputs = [0.1, output];
            let mut drawn = Drawn::default();
            squashed.draw(&outputs, &mut Noise::new(5, "t"), &mut drawn);
            let mut gradient = [0.0; 2];
            squashed.backward(&outputs, &drawn, 1.0, &[0.0], &mut gradient);
            assert!(gradient[1] != 0.0, "{output}: {gradient:?}");
        }
    }

    #[test]
    fn log_probabilities_integrate_to_one() {
        // Density at tanh(u) times the width of tanh(u), summed over u.
        let (mean, log_std) = (0.3f32, -0.4f32);
        let mut total = 0.0;
        let step = 0.01;
        for k in -800..800 {
            let u = k as f32 * step;
            let z = (u - mean) / log_std.exp();
            let log_p = -0.5 * z * z - log_std - HALF_LN_TAU - log_slope(u);
            total += f64::from(log_p.exp() * (1.0 - u.tanh().powi(2)) * step);
        }
        assert!((total - 1.0).abs() < 1e-3, "{total}");
        assert!((log_slope(0.5) - (1.0 - 0.5f32.tanh().powi(2)).ln()).abs() < 1e-6);
        assert!(log_slope(30.0).is_finite() && log_slope(-30.0).is_finite());
    }
}
