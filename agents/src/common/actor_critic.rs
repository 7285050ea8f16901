//! A policy and the value of a state, side by side in a row of outputs.

use shadergym_envs::Facts;

use crate::common::collector::{Act, Chosen, Rollout, mask_words};
use crate::common::distribution::Distribution;
use crate::common::noise::Noise;

/// How a row of outputs is read: logits or means, value, then log standard deviations.
#[derive(Debug, Clone)]
pub struct ActorCritic {
    /// Of the actions.
    pub distribution: Distribution,
    mask_words: usize,
    action_words: usize,
    noise: Noise,
}

impl ActorCritic {
    /// For the action space of an environment.
    pub fn new(facts: &Facts) -> Self {
        Self {
            distribution: Distribution::of(&facts.action),
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
        self.distribution.outputs()
    }

    /// The action and the mask of a recorded row.
    pub fn recorded<'a>(&self, rollout: &'a Rollout, row: usize) -> (&'a [u32], Option<&'a [u32]>) {
        let of = |words: usize| row * words..(row + 1) * words;
        let mask = (self.mask_words > 0).then(|| &rollout.masks[of(self.mask_words)]);
        (&rollout.actions[of(self.action_words)], mask)
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
            self.distribution.sample(row, mask, &mut noise, action);
            self.distribution.execute(action, &mut chosen.executed[r * words..(r + 1) * words]);
            chosen.log_probs[r] = self.distribution.evaluate(row, action, mask, None).0;
            chosen.values[r] = self.value(row, mask);
        }
    }

    fn value(&self, outputs: &[f32], _: Option<&[u32]>) -> f32 {
        outputs[self.policy_outputs()]
    }
}
