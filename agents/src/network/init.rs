//! Initial weights, drawn from a seed.

/// Numbers of a seed: SplitMix64, which passes the usual tests and needs 8 bytes of state.
pub(crate) struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Uniform in `[0, 1)`.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
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

/// Normal, cut off at two standard deviations and scaled so that its deviation is this one after the cut.
pub(crate) fn truncated_normal(random: &mut Random, out: &mut [f32], deviation: f64) {
    /// Standard deviation of a standard normal that is cut off at 2.
    const CUT: f64 = 0.879_625_661_034_239_8;
    let scale = deviation / CUT;
    for w in out {
        let mut x = random.normal();
        while x.abs() > 2.0 {
            x = random.normal();
        }
        *w = (x * scale) as f32;
    }
}

/// Sets a share of the weights `[inputs, outputs]` of each output to zero, rounded up to whole inputs; with `keep_one` not all.
pub(crate) fn sparse(random: &mut Random, weights: &mut [f32], outputs: usize, share: f64, keep_one: bool) {
    let inputs = weights.len() / outputs;
    // What rounding adds to 0.9 x 10 is not one input more.
    let zeros = (share * inputs as f64 - 1e-6).ceil().max(0.0) as usize;
    let zeros = zeros.min(if keep_one { inputs - 1 } else { inputs });
    let mut order: Vec<usize> = (0..inputs).collect();
    for output in 0..outputs {
        for i in 0..zeros {
            order.swap(i, i + (random.unit() * (inputs - i) as f64) as usize);
            weights[order[i] * outputs + output] = 0.0;
        }
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
    fn sparse_weights_are_zero_in_their_share_of_each_output() {
        for (inputs, share, keep_one, zeros) in
            [(10, 0.9, false, 9), (4, 0.9, false, 4), (4, 0.9, true, 3), (32, 0.9, true, 29), (5, 0.0, false, 0)]
        {
            let mut w = vec![1.0; inputs * 7];
            sparse(&mut Random::new(4), &mut w, 7, share, keep_one);
            for output in 0..7 {
                let found = (0..inputs).filter(|i| w[i * 7 + output] == 0.0).count();
                assert_eq!(found, zeros, "{inputs} inputs, {share}");
            }
        }
    }

    #[test]
    fn draws_have_their_variance_and_bounds() {
        let mut w = vec![0.0; 100_000];
        let variance = |w: &[f32]| w.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / w.len() as f64;
        uniform(&mut Random::new(1), &mut w, 0.25);
        assert!(w.iter().all(|w| w.abs() <= 0.25) && (variance(&w) / (0.0625 / 3.0) - 1.0).abs() < 0.02);
        truncated_normal(&mut Random::new(1), &mut w, 0.2);
        assert!(w.iter().all(|w| w.abs() <= 2.0 / 0.8796 / 5.0 + 1e-6) && (variance(&w) * 25.0 - 1.0).abs() < 0.02);
        let mean = w.iter().map(|w| f64::from(*w)).sum::<f64>() / w.len() as f64;
        assert!(mean.abs() < 3e-3, "{mean}");
    }
}
