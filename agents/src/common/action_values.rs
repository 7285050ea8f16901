//! Acting on action values, and the losses that learn them.

use shadergym_envs::{ActionSpace, Facts};

use crate::common::collector::{Act, Chosen};
use crate::common::distribution::{any, best};
use crate::common::head::Head;
use crate::common::noise::Noise;
use crate::error::Result;

/// Epsilon-greedy action over a row of action values, or of advantages and then a state value (dueling).
#[derive(Debug, Clone)]
pub struct ActionValues {
    actions: usize,
    dueling: bool,
    noise: Noise,
    /// Probability of a random action.
    pub epsilon: f32,
}

/// Linear from 1 to `last` over the first `fraction` of a run.
pub fn epsilon_at(step: u64, total: u64, last: f32, fraction: f32) -> f32 {
    let span = (total as f64 * f64::from(fraction)).max(1.0);
    let p = (step as f64 / span).min(1.0) as f32;
    1.0 + p * (last - 1.0)
}

/// Whether an environment's actions are single choices.
pub fn discrete(facts: &Facts) -> bool {
    matches!(facts.action, ActionSpace::Discrete { .. })
}

impl ActionValues {
    /// For an environment of which [`discrete`] is true.
    pub fn new(facts: &Facts, dueling: bool, noise: Noise) -> Self {
        let actions = match facts.action {
            ActionSpace::Discrete { n } => n as usize,
            _ => 0,
        };
        Self::of(actions, dueling, noise)
    }

    /// For so many actions.
    pub fn of(actions: usize, dueling: bool, noise: Noise) -> Self {
        Self { actions, dueling, noise, epsilon: 1.0 }
    }

    /// Number of actions.
    pub fn actions(&self) -> usize {
        self.actions
    }

    /// Heads of the network: names, outputs, gains.
    pub fn heads(&self) -> Vec<(&'static str, usize, f32)> {
        let mut heads = vec![("action_values", self.actions, 1.0)];
        if self.dueling {
            heads[0].0 = "advantages";
            heads.push(("state_value", 1, 1.0));
        }
        heads
    }

    /// How the policy acts once trained.
    pub fn head(&self, epsilon: f32) -> Head {
        Head::Greedy { actions: self.actions as u32, epsilon }
    }

    /// The value of an action from a row of outputs.
    #[inline]
    pub fn value_of(&self, row: &[f32], action: usize) -> f32 {
        if self.dueling { row[action] + self.shift(row) } else { row[action] }
    }

    /// State value minus mean advantage.
    fn shift(&self, row: &[f32]) -> f32 {
        row[self.actions] - row[..self.actions].iter().sum::<f32>() / self.actions as f32
    }

    /// The best action of a row, the first of equals.
    #[inline]
    pub fn best(&self, row: &[f32], mask: Option<&[u32]>) -> usize {
        best(&row[..self.actions], mask, 0) as usize
    }

    /// Adds `slope` = d loss / d value of the action to the gradient of its row.
    #[inline]
    pub fn backward(&self, action: usize, slope: f32, gradient: &mut [f32]) {
        gradient[action] += slope;
        if self.dueling {
            gradient[..self.actions].iter_mut().for_each(|g| *g -= slope / self.actions as f32);
            gradient[self.actions] += slope;
        }
    }

    /// An action for a row at a place of the noise.
    #[inline]
    pub fn choose(&self, step: u64, row_index: usize, row: &[f32], mask: Option<&[u32]>) -> u32 {
        let mut noise = self.noise.at(step, row_index as u64);
        if noise.uniform() < self.epsilon {
            return any(self.actions, mask, &mut noise);
        }
        self.best(row, mask) as u32
    }
}

impl Act for ActionValues {
    fn act(&self, step: u64, first: usize, outputs: &[f32], masks: Option<&[u32]>, chosen: Chosen<'_>) {
        let rows = chosen.values.len();
        let width = outputs.len() / rows;
        let mask_words = masks.map_or(0, |m| m.len() / rows);
        for (r, row) in outputs.chunks_exact(width).enumerate() {
            let mask = masks.map(|m| &m[r * mask_words..(r + 1) * mask_words]);
            chosen.actions[r] = self.choose(step, first + r, row, mask);
            chosen.executed[r] = chosen.actions[r];
            chosen.log_probs[r] = 0.0;
            chosen.values[r] = self.value_of(row, self.best(row, mask));
        }
    }

    fn value(&self, outputs: &[f32], mask: Option<&[u32]>) -> f32 {
        self.value_of(outputs, self.best(outputs, mask))
    }
}

/// Ranges of the exploration options.
///
/// # Errors
/// [`crate::Error::InvalidOption`].
pub fn check_exploration(exploration_fraction: f32, final_epsilon: f32) -> Result<()> {
    let unit = 0.0..=1.0;
    let (fraction, epsilon) = (unit.contains(&exploration_fraction), unit.contains(&final_epsilon));
    crate::options::check("exploration_fraction", exploration_fraction, "0 to 1", fraction)?;
    crate::options::check("final_epsilon", final_epsilon, "0 to 1", epsilon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dueling_values_and_their_gradient() {
        let values = ActionValues { actions: 3, dueling: true, noise: Noise::new(0, "t"), epsilon: 0.0 };
        let row = [1.0, 2.0, 6.0, 10.0];
        assert_eq!(values.value_of(&row, 1), 10.0 + 2.0 - 3.0);
        assert_eq!(values.best(&row, None), 2);
        assert_eq!(values.best(&row, Some(&[0b011])), 1);
        let mut gradient = [0.0; 4];
        values.backward(1, 3.0, &mut gradient);
        assert_eq!(gradient, [-1.0, 2.0, -1.0, 3.0]);
    }

    #[test]
    fn epsilon_falls_and_stays() {
        assert_eq!(epsilon_at(0, 1000, 0.1, 0.5), 1.0);
        assert!((epsilon_at(250, 1000, 0.1, 0.5) - 0.55).abs() < 1e-6);
        assert!((epsilon_at(900, 1000, 0.1, 0.5) - 0.1).abs() < 1e-6);
    }
}
