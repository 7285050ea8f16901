//! SAC's policy: a normal through tanh, its log-probability and the gradient through the sample. Actions are in (-1, 1)
//! here; the environment's range comes in when they are executed.

use crate::common::noise::Noise;

const HALF_LN_TAU: f32 = 0.918_938_5;

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

/// The log standard deviation that an output stands for: squashed into the range, so that it can always learn its way
/// back.
#[inline]
pub fn log_std_of(output: f32, (low, high): (f32, f32)) -> f32 {
    low + 0.5 * (high - low) * (output.tanh() + 1.0)
}

/// Draws an action from means and outputs for log standard deviations within `range`, `[2 x action words]`.
pub fn draw(outputs: &[f32], range: (f32, f32), noise: &mut Noise, drawn: &mut Drawn) {
    let words = outputs.len() / 2;
    drawn.actions.resize(words, 0.0);
    drawn.spread.resize(words, 0.0);
    drawn.log_prob = 0.0;
    for j in 0..words {
        let log_std = log_std_of(outputs[words + j], range);
        let epsilon = noise.normal();
        drawn.spread[j] = log_std.exp() * epsilon;
        let u = outputs[j] + drawn.spread[j];
        drawn.actions[j] = u.tanh();
        drawn.log_prob += -0.5 * epsilon * epsilon - log_std - HALF_LN_TAU - log_slope(u);
    }
}

/// ln(1 - tanh²(u)) without cancellation.
fn log_slope(u: f32) -> f32 {
    2.0 * (std::f32::consts::LN_2 - u - softplus(-2.0 * u))
}

fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// Adds the gradient of `weight * log_prob + sum of of_action * action` with respect to the outputs, through the draw.
pub fn backward(
    outputs: &[f32],
    range: (f32, f32),
    drawn: &Drawn,
    weight: f32,
    of_action: &[f32],
    gradient: &mut [f32],
) {
    let words = outputs.len() / 2;
    for j in 0..words {
        let a = drawn.actions[j];
        // d -ln(1 - tanh²(u)) / du = 2 tanh(u).
        let of_u = weight * 2.0 * a + of_action[j] * (1.0 - a * a);
        gradient[j] += of_u;
        let squashed = outputs[words + j].tanh();
        let slope = 0.5 * (range.1 - range.0) * (1.0 - squashed * squashed);
        gradient[words + j] += slope * (of_u * drawn.spread[j] - weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest difference between the derivative and a central difference of f32 values with step 1e-2.
    const DIFFERENCE: f32 = 5e-3;
    const RANGE: (f32, f32) = (-5.0, 2.0);

    #[test]
    fn gradients_are_those_of_central_differences() {
        let weights = [0.7, -1.3];
        let of = |outputs: &[f32]| {
            let mut drawn = Drawn::default();
            draw(outputs, RANGE, &mut Noise::new(5, "t").at(1, 2), &mut drawn);
            let value = 0.3 * drawn.log_prob + weights[0] * drawn.actions[0] + weights[1] * drawn.actions[1];
            (value, drawn)
        };
        // Log standard deviations of about -1.5 and 1.8, of which the second is near the end of the range.
        let outputs = [0.4f32, -0.8, 0.0, 1.5];
        let mut gradient = [0.0; 4];
        backward(&outputs, RANGE, &of(&outputs).1, 0.3, &weights, &mut gradient);
        for j in 0..4 {
            let moved = |by: f32| {
                let mut outputs = outputs;
                outputs[j] += by;
                of(&outputs).0
            };
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((difference - gradient[j]).abs() < DIFFERENCE, "{j}: {difference} {}", gradient[j]);
        }
    }

    /// CleanRL's mapping: from -5 to 2, and nowhere without a gradient.
    #[test]
    fn an_extreme_deviation_can_learn_its_way_back() {
        assert_eq!(log_std_of(0.0, RANGE), -1.5);
        assert!(log_std_of(-4.0, RANGE) > -5.0 && log_std_of(4.0, RANGE) < 2.0);
        for output in [-6.0f32, 3.0] {
            let outputs = [0.1, output];
            let mut drawn = Drawn::default();
            draw(&outputs, RANGE, &mut Noise::new(5, "t"), &mut drawn);
            let mut gradient = [0.0; 2];
            backward(&outputs, RANGE, &drawn, 1.0, &[0.0], &mut gradient);
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
