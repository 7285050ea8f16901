//! The loss of PPO in closed form: gradients with respect to logits, means, log standard deviations and values.

#[cfg(test)]
mod tests;

use std::ops::Range;

use shadergym_envs::{ActionSpace, Facts};

use crate::common::collector::{Act, Chosen, Rollout, mask_words};
use crate::common::head::{Head, legal, sample, unit_to_action};
use crate::common::noise::Noise;
use crate::network::LossSums;
use crate::options::words;

/// What the policy maximises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// PPO's clipped probability ratio.
    Clip,
    /// Discovered policy optimisation: the drift of Lu et al. 2022 (arXiv 2210.05639) in place of clipping.
    Dpo,
}
words!(Objective, "clip or dpo", { "clip" => Objective::Clip, "dpo" => Objective::Dpo });

/// Constants of DPO's drift (arXiv 2210.05639).
const DPO_ALPHA: f32 = 2.0;
const DPO_BETA: f32 = 0.6;
const HALF_LN_TAU: f32 = 0.918_938_5;

/// How a row of outputs is read: policy, value, then log standard deviations.
#[derive(Debug, Clone)]
pub struct ActorCritic {
    action: ActionSpace,
    /// Outputs before the value.
    policy: usize,
    mask_words: usize,
    action_words: usize,
    noise: Noise,
}

/// What a minibatch learns from, and the options of the loss.
#[derive(Debug)]
pub struct Terms<'a> {
    /// The recording.
    pub rollout: &'a Rollout,
    /// `[rows]`.
    pub advantages: &'a [f32],
    /// Rows of the minibatch.
    pub chosen: &'a [u32],
    /// What the policy maximises.
    pub objective: Objective,
    /// Clipping range of the ratio, and of the value if `clip_value`.
    pub clip_coef: f32,
    /// Whether the value loss is clipped.
    pub clip_value: bool,
    /// Weight of the entropy bonus.
    pub entropy_coef: f32,
    /// Weight of the value loss.
    pub value_coef: f32,
    /// Whether advantages are normalised in the minibatch.
    pub normalize: bool,
}

impl ActorCritic {
    /// For the action space of an environment.
    pub fn new(facts: &Facts) -> Self {
        let policy = match &facts.action {
            ActionSpace::Discrete { n } => *n as usize,
            ActionSpace::MultiDiscrete { nvec } => nvec.iter().sum::<u32>() as usize,
            ActionSpace::Box { low, .. } => low.len(),
        };
        Self {
            action: facts.action.clone(),
            policy,
            mask_words: mask_words(facts),
            action_words: facts.action.words(),
            noise: Noise::new(0, "actions"),
        }
    }

    /// Draws actions from this stream.
    pub fn with_noise(self, noise: Noise) -> Self {
        Self { noise, ..self }
    }

    /// Outputs before the value.
    pub fn policy_outputs(&self) -> usize {
        self.policy
    }

    /// How the policy acts once trained.
    pub fn head(&self) -> Head {
        match &self.action {
            ActionSpace::Discrete { n } => Head::Categorical { nvec: vec![*n] },
            ActionSpace::MultiDiscrete { nvec } => Head::Categorical { nvec: nvec.clone() },
            ActionSpace::Box { low, high } => {
                Head::Gaussian { low: low.clone(), high: high.clone(), log_std: self.policy + 1 }
            }
        }
    }

    fn choices(&self) -> &[u32] {
        match &self.action {
            ActionSpace::Discrete { n } => std::slice::from_ref(n),
            ActionSpace::MultiDiscrete { nvec } => nvec,
            ActionSpace::Box { .. } => &[],
        }
    }

    /// Log-probability and entropy of a row's action. With `gradient`: (weight of the log-probability, weight of the
    /// entropy, where their weighted gradients are added).
    fn evaluate(
        &self,
        outputs: &[f32],
        action: &[u32],
        mask: Option<&[u32]>,
        gradient: Option<(f32, f32, &mut [f32])>,
    ) -> (f32, f32) {
        let (mut log_prob, mut entropy) = (0.0f32, 0.0f32);
        let (of_log_prob, of_entropy, mut out) = match gradient {
            Some((a, b, out)) => (a, b, Some(out)),
            None => (0.0, 0.0, None),
        };
        let mut first = 0;
        for (choice, &n) in self.choices().iter().enumerate() {
            let logits = &outputs[first..first + n as usize];
            let is_legal = |j: usize| legal(mask, first + j);
            let max = (0..logits.len()).filter(|&j| is_legal(j)).map(|j| logits[j]).fold(f32::NEG_INFINITY, f32::max);
            let total: f32 = (0..logits.len()).filter(|&j| is_legal(j)).map(|j| (logits[j] - max).exp()).sum();
            let log_total = max + total.ln();
            let taken = action[choice] as usize;
            log_prob += logits[taken] - log_total;
            let of = |j: usize| {
                let log_p = logits[j] - log_total;
                (log_p.exp(), log_p)
            };
            let h: f32 = (0..logits.len()).filter(|&j| is_legal(j)).map(|j| -of(j).0 * of(j).1).sum();
            entropy += h;
            if let Some(out) = &mut out {
                for j in (0..logits.len()).filter(|&j| is_legal(j)) {
                    let (p, log_p) = of(j);
                    let hit = if j == taken { 1.0 } else { 0.0 };
                    out[first + j] += of_log_prob * (hit - p) - of_entropy * p * (log_p + h);
                }
            }
            first += n as usize;
        }
        if let ActionSpace::Box { .. } = self.action {
            for j in 0..self.policy {
                let log_std = outputs[self.policy + 1 + j];
                let z = (f32::from_bits(action[j]) - outputs[j]) * (-log_std).exp();
                log_prob += -0.5 * z * z - log_std - HALF_LN_TAU;
                entropy += 0.5 + HALF_LN_TAU + log_std;
                if let Some(out) = &mut out {
                    out[j] += of_log_prob * z * (-log_std).exp();
                    out[self.policy + 1 + j] += of_log_prob * (z * z - 1.0) + of_entropy;
                }
            }
        }
        (log_prob, entropy)
    }

    /// The loss of a minibatch: clipped (or drifting) policy loss, value loss and entropy, averaged over its rows. Its
    /// sums are policy loss, value loss, entropy, approximate KL (Schulman's third estimator), rows out of the range.
    pub fn loss<'a>(
        &'a self,
        terms: &'a Terms<'a>,
    ) -> impl Fn(Range<usize>, &[f32], &mut [f32]) -> LossSums + Sync + 'a {
        let rows = terms.chosen.len() as f32;
        let (mean, deviation) = if terms.normalize { moments(terms) } else { (0.0, 1.0) };
        move |range, outputs, gradient| {
            let width = outputs.len() / range.len();
            let mut sums = LossSums::default();
            let rows_of = outputs.chunks_exact(width).zip(gradient.chunks_exact_mut(width));
            for (&row, (outputs, gradient)) in terms.chosen[range].iter().zip(rows_of) {
                let (row, rollout) = (row as usize, terms.rollout);
                let action = &rollout.actions[row * self.action_words..(row + 1) * self.action_words];
                let mask = self.mask(rollout, row);
                let advantage = (terms.advantages[row] - mean) / deviation;
                let (log_prob, entropy) = self.evaluate(outputs, action, mask, None);
                let log_ratio = log_prob - rollout.log_probs[row];
                let ratio = log_ratio.exp();
                let (policy_loss, of_log_prob) = match terms.objective {
                    Objective::Clip => clipped(ratio, advantage, terms.clip_coef),
                    Objective::Dpo => drifting(ratio, log_ratio, advantage),
                };
                self.evaluate(outputs, action, mask, Some((of_log_prob / rows, -terms.entropy_coef / rows, gradient)));
                let target = terms.advantages[row] + rollout.values[row];
                let clip = terms.clip_value.then_some((rollout.values[row], terms.clip_coef));
                let (value_loss, of_value) = value_loss(outputs[self.policy], target, clip);
                gradient[self.policy] += terms.value_coef * of_value / rows;
                sums[0] += f64::from(policy_loss);
                sums[1] += f64::from(value_loss);
                sums[2] += f64::from(entropy);
                sums[3] += f64::from(ratio - 1.0 - log_ratio);
                sums[4] += f64::from(u8::from((ratio - 1.0).abs() > terms.clip_coef));
            }
            sums
        }
    }

    fn mask<'a>(&self, rollout: &'a Rollout, row: usize) -> Option<&'a [u32]> {
        (self.mask_words > 0).then(|| &rollout.masks[row * self.mask_words..(row + 1) * self.mask_words])
    }

    /// Share of the variance of the returns that the values explain: 1 is perfect, 0 no better than their mean.
    pub fn explained_variance(&self, rollout: &Rollout, advantages: &[f32]) -> f64 {
        let variance = |values: &mut dyn Iterator<Item = f64>| {
            let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
            for x in values {
                n += 1.0;
                let d = x - mean;
                mean += d / n;
                squares += d * (x - mean);
            }
            squares / n
        };
        let rest = variance(&mut advantages.iter().map(|a| f64::from(*a)));
        let all = variance(&mut advantages.iter().zip(&rollout.values).map(|(a, v)| f64::from(a + v)));
        if all > 0.0 { 1.0 - rest / all } else { f64::NAN }
    }
}

impl Act for ActorCritic {
    fn act(&self, step: u64, first: usize, outputs: &[f32], masks: Option<&[u32]>, chosen: Chosen<'_>) {
        let rows = chosen.values.len();
        let (width, words) = (outputs.len() / rows, self.action_words);
        for (r, row) in outputs.chunks_exact(width).enumerate() {
            let mut noise = self.noise.at(step, (first + r) as u64);
            let mask = masks.map(|m| &m[r * self.mask_words..(r + 1) * self.mask_words]);
            let action = &mut chosen.actions[r * words..(r + 1) * words];
            let executed = &mut chosen.executed[r * words..(r + 1) * words];
            match &self.action {
                ActionSpace::Box { low, high } => {
                    for j in 0..words {
                        let unit = row[j] + noise.normal() * row[self.policy + 1 + j].exp();
                        action[j] = unit.to_bits();
                        // A policy whose numbers are lost still gives a legal action; the loss will tell.
                        let value = unit_to_action(unit, low[j], high[j]);
                        executed[j] = if value.is_finite() { value } else { low[j].max(-1.0) }.to_bits();
                    }
                }
                _ => {
                    let mut offset = 0;
                    for (j, &n) in self.choices().iter().enumerate() {
                        action[j] = sample(&row[offset..offset + n as usize], mask, offset, &mut noise);
                        offset += n as usize;
                    }
                    executed.copy_from_slice(action);
                }
            }
            chosen.log_probs[r] = self.evaluate(row, action, mask, None).0;
            chosen.values[r] = row[self.policy];
        }
    }

    fn value(&self, outputs: &[f32], _: Option<&[u32]>) -> f32 {
        outputs[self.policy]
    }
}

/// Mean and (sample) deviation of the minibatch's advantages.
fn moments(terms: &Terms<'_>) -> (f32, f32) {
    let n = terms.chosen.len() as f64;
    let of = |row: &u32| f64::from(terms.advantages[*row as usize]);
    let mean = terms.chosen.iter().map(of).sum::<f64>() / n;
    if terms.chosen.len() < 2 {
        // One row has no spread; minus its own mean it would teach nothing.
        return (0.0, 1.0);
    }
    let squares = terms.chosen.iter().map(|row| (of(row) - mean).powi(2)).sum::<f64>();
    (mean as f32, (squares / (n - 1.0).max(1.0)).sqrt() as f32 + 1e-8)
}

/// PPO's loss and its derivative with respect to the log-probability.
fn clipped(ratio: f32, advantage: f32, clip: f32) -> (f32, f32) {
    let (free, bound) = (-advantage * ratio, -advantage * ratio.clamp(1.0 - clip, 1.0 + clip));
    if free >= bound { (free, free) } else { (bound, 0.0) }
}

/// DPO's loss and its derivative with respect to the log-probability.
fn drifting(ratio: f32, log_ratio: f32, advantage: f32) -> (f32, f32) {
    let (u, scale) =
        if advantage >= 0.0 { ((ratio - 1.0) * advantage, DPO_ALPHA) } else { (log_ratio * advantage, DPO_BETA) };
    let tanh = (u / scale).tanh();
    let drift = (u - scale * tanh).max(0.0);
    let slope = if drift > 0.0 { tanh * tanh } else { 0.0 };
    // d u / d log ratio is A·ratio or A.
    let inner = if advantage >= 0.0 { advantage * ratio } else { advantage };
    (-(ratio * advantage - drift), -(ratio * advantage - slope * inner))
}

/// Half the squared error, the larger of plain and clipped (old value, range), and its derivative.
fn value_loss(value: f32, target: f32, clip: Option<(f32, f32)>) -> (f32, f32) {
    let plain = 0.5 * (value - target).powi(2);
    if let Some((old, range)) = clip {
        let bound = old + (value - old).clamp(-range, range);
        let clipped = 0.5 * (bound - target).powi(2);
        // Within the range both are the same but for rounding, and the gradient flows.
        if clipped > plain && (value - old).abs() > range {
            return (clipped, 0.0);
        }
    }
    (plain, value - target)
}
