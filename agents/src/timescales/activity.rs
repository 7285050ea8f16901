//! How long units remember within the network: timescales of their activity, as they can be measured in a brain.

use super::network::Rnn;
use super::pass::Pass;
use super::streams::Streams;
use crate::common::noise::Noise;
use crate::report::statistics::{mean, quantile};

/// Streams that are heard, and their bits.
const STREAMS: usize = 16;
const BITS: usize = 300;
/// Steps that are left out at the beginning.
const BURN_IN: usize = 50;
/// Longest lag of the autocorrelation that is fitted.
const LAGS: usize = 40;
/// Timescales that are tried, from [`SHORTEST`] to [`LONGEST`] at equal ratios.
const TRIED: usize = 161;
const SHORTEST: f64 = 0.1;
const LONGEST: f64 = 1000.0;

/// What the units of a network show while it hears random bits.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTimescales {
    /// In steps, of the units that move.
    pub units: Vec<f64>,
}

impl NetworkTimescales {
    /// Mean and median; None where no unit moves.
    pub fn mean_and_median(&self) -> Option<(f64, f64)> {
        (!self.units.is_empty()).then(|| (mean(&self.units), quantile(&self.units, 0.5)))
    }
}

/// For each unit the time constant of the exponential that is nearest, by squares over lags of 1 to 40 steps, to the
/// autocorrelation of its activity, while the network hears balanced bits. The same network and seed give the same.
pub fn network_timescales(rnn: &Rnn, pass: &mut Pass, seed: u64) -> NetworkTimescales {
    let n = rnn.shape().units;
    let mut noise = Noise::new(seed, "timescales activity");
    let bits = |_| (0..BITS).map(|_| (noise.bits() >> 63) as u8).collect();
    let streams = Streams::new(&(0..STREAMS).map(bits).collect::<Vec<Vec<u8>>>());
    let starts = vec![0.05; STREAMS * n];
    let states = pass.states(rnn, &streams, &starts);
    let steps = BITS - BURN_IN;
    // Copied out of its column: what a unit did, stream by stream.
    let mut activity = vec![0.0f32; steps];
    let mut units = Vec::with_capacity(n);
    for unit in 0..n {
        let at = |step: usize, stream: usize| states[(step * STREAMS + stream) * n + unit];
        let sum: f64 = (0..STREAMS).flat_map(|s| (BURN_IN..BITS).map(move |t| f64::from(at(t, s)))).sum();
        let middle = (sum / (steps * STREAMS) as f64) as f32;
        let mut products = [0.0f64; LAGS + 1];
        for stream in 0..STREAMS {
            activity.iter_mut().enumerate().for_each(|(t, x)| *x = at(BURN_IN + t, stream) - middle);
            for (lag, product) in products.iter_mut().enumerate() {
                let pairs = activity[lag..].iter().zip(&activity);
                *product += pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>() / (steps - lag) as f64;
            }
        }
        // A unit that stands still has no timescale.
        if products[0] > 1e-12 && products[0].is_finite() {
            units.push(fit(&products.map(|product| product / products[0])));
        }
    }
    NetworkTimescales { units }
}

/// The time constant of the nearest exponential.
fn fit(correlation: &[f64]) -> f64 {
    let candidates = (0..TRIED).map(|i| SHORTEST * (LONGEST / SHORTEST).powf(i as f64 / (TRIED - 1) as f64));
    let error = |tau: f64| {
        let (ratio, mut expected, mut error) = ((-1.0 / tau).exp(), 1.0, 0.0);
        for value in &correlation[1..] {
            expected *= ratio;
            error += (value - expected) * (value - expected);
        }
        error
    };
    let best = candidates.map(|tau| (error(tau), tau)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(f64::NAN, |(_, tau)| tau)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timescales::Shape;

    #[test]
    fn exponentials_are_found_again() {
        for tau in [0.5f64, 1.0, 4.0, 30.0] {
            let correlation: Vec<f64> = (0..=LAGS).map(|lag| (-(lag as f64) / tau).exp()).collect();
            assert!((fit(&correlation) / tau - 1.0).abs() < 0.03, "{tau}: {}", fit(&correlation));
        }
    }

    #[test]
    fn units_without_connections_show_their_own_time_constants() {
        let shape = Shape { units: 8, heads: 1, fixed_tau: false };
        let mut rnn = Rnn::new(shape, 1);
        // The leak never sets in: weights and biases of the input are positive.
        let weights = rnn.weights();
        rnn.parameters[weights.clone()][..64].fill(0.0);
        rnn.parameters[weights][64..].fill(1.0);
        for (i, tau) in rnn.parameters[..8].iter_mut().enumerate() {
            *tau = 1.5 + i as f32;
        }
        let found = network_timescales(&rnn, &mut Pass::new(1), 3);
        // A discrete filter with factor 1 - 1 / tau.
        for (found, tau) in found.units.iter().zip(rnn.time_constants()) {
            let expected = -1.0 / (1.0 - 1.0 / f64::from(tau)).ln();
            assert!((found / expected - 1.0).abs() < 0.25, "{found} against {expected}");
        }
        rnn.parameters[8..].fill(0.0);
        rnn.parameters[..8].fill(1.0);
        assert_eq!(network_timescales(&rnn, &mut Pass::new(1), 3).mean_and_median(), None, "nothing moves");
    }
}
