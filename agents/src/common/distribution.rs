//! How a row of a network's outputs is a distribution over actions: drawing, the most likely action, log-probability,
//! entropy and their gradients, in learning and play alike.
//!
//! Continuous actions are learned in units of half the range around its middle (as they are where the range is infinite);
//! [`Distribution::execute`] gives them in the environment's range.

mod softplus;
pub mod squashed;
#[cfg(test)]
mod tests;

use shadergym_envs::ActionSpace;
pub use softplus::Softplus;
use squashed::Squashed;

use crate::common::noise::Noise;

pub(super) const HALF_LN_TAU: f32 = 0.918_938_5;

/// A family of distributions over the actions of a space. Actions are words `[action words]`, floats by their bits; masks
/// `[mask words]` have a bit per legal action, and illegal ones have no probability.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Logits of one or several choices, concatenated.
    Categorical {
        /// Number of actions of each choice.
        nvec: Vec<u32>,
    },
    /// Means, and log standard deviations from output `log_std` on; what is executed is clipped to the bounds.
    Gaussian {
        /// Lowest action.
        low: Vec<f32>,
        /// Highest action.
        high: Vec<f32>,
        /// Where the log standard deviations are.
        log_std: usize,
    },
    /// A normal through tanh.
    Squashed(Squashed),
    /// A normal in the environment's units whose deviations are a softplus of outputs.
    Softplus(Softplus),
}

impl Distribution {
    /// For an action space; continuous actions are normal, with log standard deviations behind the means and a value.
    pub fn of(space: &ActionSpace) -> Self {
        match space {
            ActionSpace::Discrete { n } => Self::Categorical { nvec: vec![*n] },
            ActionSpace::MultiDiscrete { nvec } => Self::Categorical { nvec: nvec.clone() },
            ActionSpace::Box { low, high } => {
                Self::Gaussian { low: low.clone(), high: high.clone(), log_std: low.len() + 1 }
            }
        }
    }

    /// The same, but continuous actions are normal with deviations behind the means.
    pub fn with_softplus(space: &ActionSpace) -> Self {
        match space {
            ActionSpace::Box { low, high } => Self::Softplus(Softplus { low: low.clone(), high: high.clone() }),
            _ => Self::of(space),
        }
    }

    /// Logits, or means: outputs of a row before others.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Categorical { nvec } => nvec.iter().sum::<u32>() as usize,
            Self::Gaussian { low, .. }
            | Self::Squashed(Squashed { low, .. })
            | Self::Softplus(Softplus { low, .. }) => low.len(),
        }
    }

    /// Outputs of a network that has no others, with those behind the means.
    pub fn width(&self) -> usize {
        match self {
            Self::Categorical { .. } => self.outputs(),
            _ => 2 * self.outputs(),
        }
    }

    /// Draws an action.
    pub fn sample(&self, outputs: &[f32], mask: Option<&[u32]>, noise: &mut Noise, action: &mut [u32]) {
        match self {
            Self::Categorical { nvec } => {
                for (word, (first, logits)) in action.iter_mut().zip(choices(nvec, outputs)) {
                    *word = draw_choice(logits, mask, first, noise);
                }
            }
            Self::Gaussian { log_std, .. } => {
                for (j, word) in action.iter_mut().enumerate() {
                    *word = (outputs[j] + noise.normal() * outputs[log_std + j].exp()).to_bits();
                }
            }
            Self::Squashed(squashed) => squashed.sample(outputs, noise, action),
            Self::Softplus(normal) => normal.sample(outputs, noise, action),
        }
    }

    /// The most likely action; of a squashed normal the middle one.
    pub fn mode(&self, outputs: &[f32], mask: Option<&[u32]>, action: &mut [u32]) {
        match self {
            Self::Categorical { nvec } => {
                for (word, (first, logits)) in action.iter_mut().zip(choices(nvec, outputs)) {
                    *word = best(logits, mask, first);
                }
            }
            Self::Gaussian { .. } | Self::Softplus(_) => {
                action.iter_mut().zip(outputs).for_each(|(word, mean)| *word = mean.to_bits())
            }
            Self::Squashed(_) => action.iter_mut().zip(outputs).for_each(|(word, mean)| *word = mean.tanh().to_bits()),
        }
    }

    /// An action as the environment takes it, within its bounds.
    pub fn execute(&self, action: &[u32], executed: &mut [u32]) {
        match self {
            Self::Categorical { .. } => executed.copy_from_slice(action),
            Self::Softplus(normal) => normal.execute(action, executed),
            Self::Gaussian { low, high, .. } | Self::Squashed(Squashed { low, high, .. }) => {
                for (j, word) in executed.iter_mut().enumerate() {
                    let value = unit_to_action(f32::from_bits(action[j]), low[j], high[j]);
                    // A policy whose numbers are lost still gives a legal action; the loss will tell.
                    *word = if value.is_finite() { value } else { low[j].max(-1.0) }.to_bits();
                }
            }
        }
    }

    /// Log-probability of an action, and entropy (of a squashed normal, where it has no closed form, the estimate from this
    /// action). With `gradient`: weight of the log-probability, weight of the entropy, and where their weighted gradients
    /// with respect to the outputs are added.
    pub fn evaluate(
        &self,
        outputs: &[f32],
        action: &[u32],
        mask: Option<&[u32]>,
        gradient: Option<(f32, f32, &mut [f32])>,
    ) -> (f32, f32) {
        match self {
            Self::Categorical { nvec } => categorical(nvec, outputs, action, mask, gradient),
            Self::Gaussian { low, log_std, .. } => gaussian(low.len(), *log_std, outputs, action, gradient),
            Self::Squashed(squashed) => squashed.evaluate(outputs, action, gradient),
            Self::Softplus(normal) => normal.evaluate(outputs, action, gradient),
        }
    }
}

/// The first output and the logits of each choice.
fn choices<'a>(nvec: &'a [u32], outputs: &'a [f32]) -> impl Iterator<Item = (usize, &'a [f32])> {
    nvec.iter().scan(0, move |first, &n| {
        let at = *first;
        *first += n as usize;
        Some((at, &outputs[at..*first]))
    })
}

fn categorical(
    nvec: &[u32],
    outputs: &[f32],
    action: &[u32],
    mask: Option<&[u32]>,
    mut gradient: Option<(f32, f32, &mut [f32])>,
) -> (f32, f32) {
    let (mut log_prob, mut entropy) = (0.0, 0.0);
    for ((first, logits), &taken) in choices(nvec, outputs).zip(action) {
        let taken = taken as usize;
        let legal = || (0..logits.len()).filter(|&j| legal(mask, first + j));
        let max = legal().map(|j| logits[j]).fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = legal().map(|j| (logits[j] - max).exp()).sum();
        let log_total = max + total.ln();
        log_prob += logits[taken] - log_total;
        let of = |j: usize| {
            let log_p = logits[j] - log_total;
            (log_p.exp(), log_p)
        };
        let h: f32 = legal().map(|j| -of(j).0 * of(j).1).sum();
        entropy += h;
        if let Some((of_log_prob, of_entropy, out)) = &mut gradient {
            for j in legal() {
                let (p, log_p) = of(j);
                let hit = if j == taken { 1.0 } else { 0.0 };
                out[first + j] += *of_log_prob * (hit - p) - *of_entropy * p * (log_p + h);
            }
        }
    }
    (log_prob, entropy)
}

fn gaussian(
    words: usize,
    deviations: usize,
    outputs: &[f32],
    action: &[u32],
    mut gradient: Option<(f32, f32, &mut [f32])>,
) -> (f32, f32) {
    let (mut log_prob, mut entropy) = (0.0, 0.0);
    for j in 0..words {
        let log_std = outputs[deviations + j];
        let z = (f32::from_bits(action[j]) - outputs[j]) * (-log_std).exp();
        log_prob += -0.5 * z * z - log_std - HALF_LN_TAU;
        entropy += 0.5 + HALF_LN_TAU + log_std;
        if let Some((of_log_prob, of_entropy, out)) = &mut gradient {
            out[j] += *of_log_prob * z * (-log_std).exp();
            out[deviations + j] += *of_log_prob * (z * z - 1.0) + *of_entropy;
        }
    }
    (log_prob, entropy)
}

/// From units of half the range around its middle to an action within the bounds; unchanged where the range is infinite
/// (WGSL writes the largest number for it).
#[inline]
fn unit_to_action(unit: f32, low: f32, high: f32) -> f32 {
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
#[inline]
pub fn best(values: &[f32], mask: Option<&[u32]>, first: usize) -> u32 {
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
fn draw_choice(logits: &[f32], mask: Option<&[u32]>, first: usize, noise: &mut Noise) -> u32 {
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
