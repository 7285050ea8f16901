//! Initial weights, drawn from a seed.

use crate::common::noise::Noise;

/// Numbers of a seed, with all the bits that an `f64` takes.
pub(crate) struct Random(Noise);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Noise::with_key(seed))
    }

    /// Uniform in `[0, 1)`.
    fn unit(&mut self) -> f64 {
        (self.0.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller, the cosine only).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Uniform in `-bound..bound`.
pub(crate) fn uniform(random: &mut Random, out: &mut [f32], bound: f64) {
    out.iter_mut().for_each(|w| *w = ((random.unit() * 2.0 - 1.0) * bound) as f32);
}

/// Normal, cut off at two standard deviations and scaled so that its variance is `1 / inputs` after the cut.
pub(crate) fn lecun_normal(random: &mut Random, out: &mut [f32], inputs: usize) {
    /// Standard deviation of a standard normal that is cut off at 2.
    const CUT: f64 = 0.879_625_661_034_239_8;
    let scale = 1.0 / (CUT * (inputs as f64).sqrt());
    for w in out {
        let mut x = random.normal();
        while x.abs() > 2.0 {
            x = random.normal();
        }
        *w = (x * scale) as f32;
    }
}

/// A matrix `[inputs, outputs]` times `gain` whose rows or columns, whichever are fewer, are orthonormal.
pub(crate) fn orthogonal(random: &mut Random, out: &mut [f32], inputs: usize, outputs: usize, gain: f64) {
    let (count, length) = (inputs.min(outputs), inputs.max(outputs));
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(count);
    while basis.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| random.normal()).collect();
        // Twice: what one pass of Gram and Schmidt leaves by rounding goes with the second.
        for _ in 0..2 {
            for other in &basis {
                let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let norm = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        // A draw almost inside the span of the others would be all rounding error.
        if norm > 1e-6 {
            vector.iter_mut().for_each(|a| *a /= norm);
            basis.push(vector);
        }
    }
    for i in 0..inputs {
        for o in 0..outputs {
            let value = if inputs < outputs { basis[i][o] } else { basis[o][i] };
            out[i * outputs + o] = (value * gain) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orthogonal_matrices_are_orthonormal_along_the_shorter_side() {
        for (inputs, outputs) in [(8, 64), (64, 64), (64, 4), (400, 65), (1, 3), (3, 1)] {
            let mut w = vec![0.0; inputs * outputs];
            orthogonal(&mut Random::new(3), &mut w, inputs, outputs, 2.0);
            let short = inputs.min(outputs);
            let at = |vector: usize, along: usize| match inputs < outputs {
                true => f64::from(w[vector * outputs + along]),
                false => f64::from(w[along * outputs + vector]),
            };
            for a in 0..short {
                for b in 0..short {
                    let product: f64 = (0..inputs.max(outputs)).map(|i| at(a, i) * at(b, i)).sum();
                    let expected = if a == b { 4.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-5, "{inputs}x{outputs}: {a} {b}: {product}");
                }
            }
        }
    }

    #[test]
    fn draws_have_their_variance_and_bounds() {
        let mut w = vec![0.0; 100_000];
        let variance = |w: &[f32]| w.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / w.len() as f64;
        uniform(&mut Random::new(1), &mut w, 0.25);
        assert!(w.iter().all(|w| w.abs() <= 0.25) && (variance(&w) / (0.0625 / 3.0) - 1.0).abs() < 0.02);
        lecun_normal(&mut Random::new(1), &mut w, 25);
        assert!(w.iter().all(|w| w.abs() <= 2.0 / 0.8796 / 5.0 + 1e-6) && (variance(&w) * 25.0 - 1.0).abs() < 0.02);
        let mean = w.iter().map(|w| f64::from(*w)).sum::<f64>() / w.len() as f64;
        assert!(mean.abs() < 3e-3, "{mean}");
    }
}
