//! What PPO and agents like it maximise: advantages, the clipped objective, the loss of the value.

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::agent::Log;
use crate::common::actor_critic::ActorCritic;
use crate::common::collector::{Act, Collector, Rollout};
use crate::common::returns::backward;
use crate::network::LossSums;
use crate::options::{Truncation, words};

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

/// Options of the loss.
#[derive(Debug, Clone, Copy)]
pub struct Loss {
    /// What the policy maximises.
    pub objective: Objective,
    /// Clipping range of the probability ratio.
    pub clip_coef: f32,
    /// Whether the value loss is clipped by the same range.
    pub clip_value: bool,
    /// Weight of the entropy bonus.
    pub entropy_coef: f32,
    /// Weight of the value loss.
    pub value_coef: f32,
    /// Whether advantages have mean 0 and variance 1 in each minibatch.
    pub normalize_advantage: bool,
}

/// Generalised advantage estimation (Schulman et al. 2016) over the newest rollout: fills `advantages` `[rows]`. The
/// return that the value learns is advantage + value.
pub fn gae(collector: &Collector, gamma: f32, gae_lambda: f32, truncation: Truncation, advantages: &mut Vec<f32>) {
    let rollout = &collector.rollout;
    advantages.resize(rollout.rewards.len(), 0.0);
    backward(collector, truncation, |row, next| {
        let delta = rollout.rewards[row] + gamma * next.value - rollout.values[row];
        advantages[row] = delta + gamma * gae_lambda * next.row.map_or(0.0, |next| advantages[next]);
    });
}

/// What the loss is made from.
#[derive(Debug)]
pub struct Terms<'a> {
    /// Its options.
    pub loss: Loss,
    /// How outputs are read.
    pub head: &'a ActorCritic,
    /// What was recorded.
    pub rollout: &'a Rollout,
    /// `[rows]`.
    pub advantages: &'a [f32],
}

impl<'a> Terms<'a> {
    /// The loss of the chosen rows: clipped (or drifting) policy loss, value loss and entropy, averaged over them. Its
    /// sums are policy loss, value loss, entropy, approximate KL (Schulman's third estimator), rows out of the range.
    pub fn of(&self, chosen: &'a [u32]) -> impl Fn(Range<usize>, &[f32], &mut [f32]) -> LossSums + Sync + 'a {
        let Self { loss: c, head, rollout, advantages } = *self;
        let n = chosen.len() as f32;
        let (mean, deviation) = if c.normalize_advantage { moments(advantages, chosen) } else { (0.0, 1.0) };
        move |range, outputs, gradient| {
            let (width, at_value) = (outputs.len() / range.len(), head.policy_outputs());
            let mut sums = LossSums::default();
            let rows = outputs.chunks_exact(width).zip(gradient.chunks_exact_mut(width));
            for (&row, (outputs, gradient)) in chosen[range].iter().zip(rows) {
                let row = row as usize;
                let (action, mask) = head.recorded(rollout, row);
                let advantage = (advantages[row] - mean) / deviation;
                let (log_prob, entropy) = head.distribution.evaluate(outputs, action, mask, None);
                let log_ratio = log_prob - rollout.log_probs[row];
                let ratio = log_ratio.exp();
                let (policy_loss, of_log_prob) = match c.objective {
                    Objective::Clip => clipped(ratio, advantage, c.clip_coef),
                    Objective::Dpo => drifting(ratio, log_ratio, advantage),
                };
                let weights = (of_log_prob / n, -c.entropy_coef / n, &mut *gradient);
                head.distribution.evaluate(outputs, action, mask, Some(weights));
                let target = advantages[row] + rollout.values[row];
                let clip = c.clip_value.then_some((rollout.values[row], c.clip_coef));
                let (value_loss, of_value) = value_loss(head.value(outputs, None), target, clip);
                gradient[at_value] += c.value_coef * of_value / n;
                sums[0] += f64::from(policy_loss);
                sums[1] += f64::from(value_loss);
                sums[2] += f64::from(entropy);
                sums[3] += f64::from(ratio - 1.0 - log_ratio);
                sums[4] += f64::from(u8::from((ratio - 1.0).abs() > c.clip_coef));
            }
            sums
        }
    }
}

/// Mean and (sample) deviation of the advantages of the chosen rows.
fn moments(advantages: &[f32], chosen: &[u32]) -> (f32, f32) {
    let n = chosen.len() as f64;
    let of = |row: &u32| f64::from(advantages[*row as usize]);
    let mean = chosen.iter().map(of).sum::<f64>() / n;
    if chosen.len() < 2 {
        // One row has no spread; minus its own mean it would teach nothing.
        return (0.0, 1.0);
    }
    let squares = chosen.iter().map(|row| (of(row) - mean).powi(2)).sum::<f64>();
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

/// Figures of the newest updates (means of the sums of [`Terms::of`]; none if nothing was learned) and of a rollout's values.
pub fn report(means: Option<LossSums>, values: &[f32], advantages: &[f32], log: &mut Log) {
    let names = ["loss/policy", "loss/value", "policy/entropy", "policy/approx_kl", "policy/clip_fraction"];
    log.scalars.extend(means.into_iter().flat_map(|means| names.into_iter().zip(means)));
    log.scalars.insert("value/mean", values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64);
    log.scalars.insert("value/explained_variance", explained_variance(values, advantages));
}

/// Share of the variance of the returns that the values explain: 1 is perfect, 0 no better than their mean.
fn explained_variance(values: &[f32], advantages: &[f32]) -> f64 {
    let variance = |numbers: &mut dyn Iterator<Item = f64>| {
        let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for x in numbers {
            n += 1.0;
            let d = x - mean;
            mean += d / n;
            squares += d * (x - mean);
        }
        squares / n
    };
    let rest = variance(&mut advantages.iter().map(|a| f64::from(*a)));
    let all = variance(&mut advantages.iter().zip(values).map(|(a, v)| f64::from(a + v)));
    if all > 0.0 { 1.0 - rest / all } else { f64::NAN }
}
