//! How the outputs of a network become actions.

use shadergym_envs::{ActionSpace, Facts};

use crate::common::noise::Noise;
use crate::common::squashed::log_std_of;

/// What the first outputs of a row mean. Further outputs (a state value) are no concern of the head.
#[derive(Debug, Clone, PartialEq)]
pub enum Head {
    /// Logits of one or several choices, concatenated.
    Categorical {
        /// Number of actions of each choice.
        nvec: Vec<u32>,
    },
    /// Action values; epsilon is for the probability of a random action when not deterministic.
    Greedy {
        /// Number of actions.
        actions: u32,
        /// The row is advantages and then a state value.
        dueling: bool,
        /// Probability of a random action.
        epsilon: f32,
    },
    /// Means, and log standard deviations from output `log_std` on, in units of half the range around its middle (as
    /// they are where the range is infinite); samples are clipped to the bounds.
    Gaussian {
        /// Lowest action.
        low: Vec<f32>,
        /// Highest action.
        high: Vec<f32>,
        /// Where the log standard deviations are.
        log_std: usize,
    },
    /// Means of a normal that goes through tanh and is scaled to the bounds, and what becomes its log standard
    /// deviations ([`log_std_of`]).
    Squashed {
        /// Lowest action.
        low: Vec<f32>,
        /// Highest action.
        high: Vec<f32>,
        /// Between which the log standard deviations are.
        log_std: (f32, f32),
    },
}

impl Head {
    /// Numbers of actions of each choice of a discrete space.
    pub fn nvec(facts: &Facts) -> Option<Vec<u32>> {
        match &facts.action {
            ActionSpace::Discrete { n } => Some(vec![*n]),
            ActionSpace::MultiDiscrete { nvec } => Some(nvec.clone()),
            ActionSpace::Box { .. } => None,
        }
    }

    /// Actions for rows of `width` outputs; `[rows, action words]`, floats by their bits. A row draws from `noise`
    /// at its own place, so rows do not depend on each other. `masks` `[rows, mask words]`: a bit per legal action.
    pub fn act(
        &self,
        outputs: &[f32],
        width: usize,
        masks: Option<&[u32]>,
        deterministic: bool,
        noise: &mut Noise,
        actions: &mut [u32],
    ) {
        let rows = outputs.len() / width;
        let words = actions.len() / rows.max(1);
        let call = noise.bits();
        let mask_words = masks.map_or(0, |m| m.len() / rows.max(1));
        for (i, (row, actions)) in outputs.chunks_exact(width).zip(actions.chunks_exact_mut(words)).enumerate() {
            let mask = masks.map(|m| &m[i * mask_words..(i + 1) * mask_words]);
            self.act_row(row, mask, deterministic, &mut noise.at(call, i as u64), actions);
        }
    }

    fn act_row(&self, row: &[f32], mask: Option<&[u32]>, deterministic: bool, noise: &mut Noise, actions: &mut [u32]) {
        match self {
            Self::Categorical { nvec } => {
                let mut first = 0;
                for (action, &n) in actions.iter_mut().zip(nvec) {
                    let logits = &row[first..first + n as usize];
                    *action =
                        if deterministic { best(logits, mask, first) } else { sample(logits, mask, first, noise) };
                    first += n as usize;
                }
            }
            Self::Greedy { actions: n, epsilon, .. } => {
                // A state value shifts all advantages alike, so the best of them is the best action.
                let n = *n as usize;
                actions[0] = if !deterministic && noise.uniform() < *epsilon {
                    any(n, mask, noise)
                } else {
                    best(&row[..n], mask, 0)
                };
            }
            Self::Gaussian { low, high, log_std } => {
                for (j, action) in actions.iter_mut().enumerate() {
                    let noise = if deterministic { 0.0 } else { noise.normal() * row[log_std + j].exp() };
                    *action = unit_to_action(row[j] + noise, low[j], high[j]).to_bits();
                }
            }
            Self::Squashed { low, high, log_std } => {
                for (j, action) in actions.iter_mut().enumerate() {
                    let spread = log_std_of(row[low.len() + j], *log_std).exp();
                    let noise = if deterministic { 0.0 } else { noise.normal() * spread };
                    *action = unit_to_action((row[j] + noise).tanh(), low[j], high[j]).to_bits();
                }
            }
        }
    }
}

/// From units of half the range around its middle to an action within the bounds; unchanged where the range is infinite
/// (WGSL writes the largest number for it).
#[inline]
pub fn unit_to_action(unit: f32, low: f32, high: f32) -> f32 {
    if high - low < 1e30 {
        (0.5 * (high + low) + 0.5 * (high - low) * unit).clamp(low, high)
    } else {
        unit.clamp(low, high)
    }
}

/// Whether action `index` (counted over all choices) is legal.
#[inline]
pub fn legal(mask: Option<&[u32]>, index: usize) -> bool {
    mask.is_none_or(|m| m[index / 32] >> (index % 32) & 1 == 1)
}

/// The legal action with the highest value, the first of equals.
fn best(values: &[f32], mask: Option<&[u32]>, first: usize) -> u32 {
    let legal = (0..values.len()).filter(|&j| legal(mask, first + j));
    legal.reduce(|a, b| if values[b] > values[a] { b } else { a }).unwrap_or(0) as u32
}

/// One of the legal actions, each as likely as the others.
#[inline]
pub fn any(actions: usize, mask: Option<&[u32]>, noise: &mut Noise) -> u32 {
    let count = (0..actions).filter(|&a| legal(mask, a)).count();
    let drawn = noise.below(count.max(1) as u32) as usize;
    (0..actions).filter(|&a| legal(mask, a)).nth(drawn).unwrap_or(0) as u32
}

/// An action drawn with the probabilities of a softmax over the legal logits: inversion, one random number.
#[inline]
pub fn sample(logits: &[f32], mask: Option<&[u32]>, first: usize, noise: &mut Noise) -> u32 {
    let legal = |j: usize| legal(mask, first + j);
    let max = (0..logits.len()).filter(|&j| legal(j)).map(|j| logits[j]).fold(f32::NEG_INFINITY, f32::max);
    let weight = |j: usize| if legal(j) { (logits[j] - max).exp() } else { 0.0 };
    let total: f32 = (0..logits.len()).map(weight).sum();
    let mut rest = noise.uniform() * total;
    let mut drawn = 0;
    for j in (0..logits.len()).filter(|&j| legal(j)) {
        drawn = j;
        rest -= weight(j);
        if rest < 0.0 {
            break;
        }
    }
    drawn as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_follow_the_logits_and_the_mask() {
        let logits = [0.0, 1.0f32, 2.0, -1.0];
        let noise = Noise::new(1, "head");
        let n = 100_000;
        for (mask, legal) in [(None, [1.0; 4]), (Some([0b1101u32]), [1.0, 0.0, 1.0, 1.0])] {
            let mut counts = [0.0f64; 4];
            for i in 0..n {
                counts[sample(&logits, mask.as_ref().map(|m| &m[..]), 0, &mut noise.at(0, i)) as usize] += 1.0;
            }
            let total: f64 = (0..4).map(|j| legal[j] * f64::from(logits[j]).exp()).sum();
            for j in 0..4 {
                let p = legal[j] * f64::from(logits[j]).exp() / total;
                // Five standard errors of a frequency.
                assert!((counts[j] / n as f64 - p).abs() <= 5.0 * (p * (1.0 - p) / n as f64).sqrt(), "{counts:?}");
            }
        }
    }

    #[test]
    fn deterministic_actions_are_the_best_and_within_bounds() {
        let mut actions = [9; 2];
        let mut noise = Noise::new(1, "head");
        let head = Head::Categorical { nvec: vec![2, 3] };
        head.act(&[0.0, 1.0, 3.0, 2.0, 1.0, 99.0], 6, None, true, &mut noise, &mut actions);
        assert_eq!(actions, [1, 0]);
        head.act(&[0.0, 1.0, 3.0, 2.0, 1.0, 99.0], 6, Some(&[0b11001]), true, &mut noise, &mut actions);
        assert_eq!(actions, [0, 1]);
        let head = Head::Gaussian { low: vec![-1.0], high: vec![3.0], log_std: 1 };
        let mut actions = [0; 1];
        for (mean, action) in [(5.0, 3.0), (0.0, 1.0), (-0.5, 0.0)] {
            head.act(&[mean, 0.0], 2, None, true, &mut noise, &mut actions);
            assert_eq!(f32::from_bits(actions[0]), action);
        }
        let head = Head::Squashed { low: vec![0.0], high: vec![4.0], log_std: (-5.0, 2.0) };
        head.act(&[0.0, 0.0], 2, None, true, &mut noise, &mut actions);
        assert_eq!(f32::from_bits(actions[0]), 2.0);
        let head = Head::Greedy { actions: 3, dueling: false, epsilon: 1.0 };
        let draws: Vec<u32> = (0..100)
            .map(|_| {
                head.act(&[0.0, 1.0, 0.5], 3, None, false, &mut noise, &mut actions);
                actions[0]
            })
            .collect();
        assert!((0..3).all(|a| draws.contains(&a)));
    }
}
