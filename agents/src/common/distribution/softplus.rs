//! A normal in the units of the environment, as stream AC has it: what is executed is cut off at the bounds, what is learned
//! from is not.

use super::HALF_LN_TAU;
use crate::common::noise::Noise;

/// Means, and as many outputs behind them whose softplus are the standard deviations.
#[derive(Debug, Clone, PartialEq)]
pub struct Softplus {
    /// Lowest action of the environment.
    pub low: Vec<f32>,
    /// Highest action of the environment.
    pub high: Vec<f32>,
}

/// ln(1 + e^x), and its derivative.
#[inline]
fn softplus(x: f32) -> (f32, f32) {
    let below = (-x.abs()).exp();
    (x.max(0.0) + below.ln_1p(), if x >= 0.0 { 1.0 } else { below } / (1.0 + below))
}

impl Softplus {
    pub(super) fn sample(&self, outputs: &[f32], noise: &mut Noise, action: &mut [u32]) {
        let words = action.len();
        for (j, word) in action.iter_mut().enumerate() {
            *word = (outputs[j] + noise.normal() * softplus(outputs[words + j]).0).to_bits();
        }
    }

    pub(super) fn execute(&self, action: &[u32], executed: &mut [u32]) {
        for (j, word) in executed.iter_mut().enumerate() {
            let value = f32::from_bits(action[j]).clamp(self.low[j], self.high[j]);
            // A policy whose numbers are lost still gives a legal action; the loss will tell.
            *word = if value.is_finite() { value } else { self.low[j] }.to_bits();
        }
    }

    pub(super) fn evaluate(
        &self,
        outputs: &[f32],
        action: &[u32],
        mut gradient: Option<(f32, f32, &mut [f32])>,
    ) -> (f32, f32) {
        let words = self.low.len();
        let (mut log_prob, mut entropy) = (0.0, 0.0);
        for j in 0..words {
            let (deviation, slope) = softplus(outputs[words + j]);
            let z = (f32::from_bits(action[j]) - outputs[j]) / deviation;
            log_prob += -0.5 * z * z - deviation.ln() - HALF_LN_TAU;
            entropy += 0.5 + HALF_LN_TAU + deviation.ln();
            if let Some((of_log_prob, of_entropy, out)) = &mut gradient {
                out[j] += *of_log_prob * z / deviation;
                out[words + j] += (*of_log_prob * (z * z - 1.0) + *of_entropy) * slope / deviation;
            }
        }
        (log_prob, entropy)
    }
}
