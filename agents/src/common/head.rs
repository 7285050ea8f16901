//! How a trained policy acts on a network's outputs.

use crate::common::distribution::{Distribution, any, best};
use crate::common::noise::Noise;

/// What the first outputs of a row mean. Further outputs (a state value) are no concern of the head.
#[derive(Debug, Clone, PartialEq)]
pub enum Head {
    /// A distribution over actions.
    Policy(Distribution),
    /// Action values; epsilon is for the probability of a random action when not deterministic.
    Greedy {
        /// Number of actions.
        actions: u32,
        /// Probability of a random action.
        epsilon: f32,
    },
}

impl Head {
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
        let mut drawn = vec![0; words];
        for (i, (row, actions)) in outputs.chunks_exact(width).zip(actions.chunks_exact_mut(words)).enumerate() {
            let mask = masks.map(|m| &m[i * mask_words..(i + 1) * mask_words]);
            let mut noise = noise.at(call, i as u64);
            match self {
                Self::Policy(distribution) => {
                    if deterministic {
                        distribution.mode(row, mask, &mut drawn);
                    } else {
                        distribution.sample(row, mask, &mut noise, &mut drawn);
                    }
                    distribution.execute(&drawn, actions);
                }
                // A state value (dueling) shifts all advantages alike, so the best of them is the best action.
                Self::Greedy { actions: n, epsilon } => {
                    let n = *n as usize;
                    let random = !deterministic && noise.uniform() < *epsilon;
                    actions[0] = if random { any(n, mask, &mut noise) } else { best(&row[..n], mask, 0) };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn play_may_explore() {
        let (mut actions, mut noise) = ([0; 1], Noise::new(1, "head"));
        let head = Head::Greedy { actions: 3, epsilon: 1.0 };
        let mut act = |deterministic| {
            head.act(&[0.0, 1.0, 0.5], 3, None, deterministic, &mut noise, &mut actions);
            actions[0]
        };
        let draws: Vec<u32> = (0..100).map(|_| act(false)).collect();
        assert!((0..3).all(|a| draws.contains(&a)));
        assert!((0..100).all(|_| act(true) == 1));
    }
}
