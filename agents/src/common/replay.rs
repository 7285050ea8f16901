//! A ring of transitions of n instances, uniform or prioritised, with n-step returns.
//!
//! Observations stay packed as the environment gives them (52 bytes instead of 1,600 for MinAtar). The observation after a
//! transition is kept with it, because after an end it is not the one that the next transition starts from.

mod priorities;
#[cfg(test)]
mod tests;

use priorities::Priorities;
use shadergym_envs::Facts;

use crate::common::collector::mask_words;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::network::Rows;
use crate::options::Truncation;
use crate::state::State;

/// Transitions `[capacity / n, n]`, the oldest overwritten first.
pub struct Replay {
    facts: std::sync::Arc<Facts>,
    n: usize,
    /// Rows of n transitions.
    length: usize,
    /// Rows written so far.
    written: u64,
    observations: Vec<u32>,
    next_observations: Vec<u32>,
    /// Legal actions after each transition, empty where the environment does not say.
    next_masks: Vec<u32>,
    actions: Vec<u32>,
    rewards: Vec<f32>,
    /// Bit 0 terminated, bit 1 truncated.
    ends: Vec<u8>,
    priorities: Option<Priorities>,
}

/// What a step adds, rows of n instances.
#[derive(Debug)]
pub struct Transition<'a> {
    /// `[n, observation words]` before it.
    pub observations: &'a [u32],
    /// `[n, observation words]` after it, at an end the last one of the episode.
    pub next_observations: &'a [u32],
    /// `[n, mask words]` legal actions in the state of `next_observations`, if the environment has masks.
    pub next_masks: Option<&'a [u32]>,
    /// `[n, action words]`.
    pub actions: &'a [u32],
    /// `[n]`.
    pub rewards: &'a [f32],
    /// `[n]`.
    pub terminated: &'a [bool],
    /// `[n]`.
    pub truncated: &'a [bool],
}

/// A minibatch: slots of the ring, and what was folded from their n steps.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Where the first observation and action are.
    pub slots: Vec<u32>,
    /// Where the observation after the last step is.
    pub last: Vec<u32>,
    /// Sum of discounted rewards of the steps.
    pub rewards: Vec<f32>,
    /// Discount of the value after the last step: gamma^steps, 0 where nothing follows.
    pub discounts: Vec<f32>,
    /// Importance weights, 1 without priorities; the largest is 1.
    pub weights: Vec<f32>,
}

impl Replay {
    /// Empty, for n instances. `priority_exponent` 0 = uniform.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit the memory, [`Error::Unsupported`] for environments with several agents.
    pub fn new(facts: &std::sync::Arc<Facts>, n: usize, capacity: usize, priority_exponent: f32) -> Result<Self> {
        if facts.agents != 1 {
            let text = format!("{} has {} agents; replay is for one. Use ppo or pqn", facts.id, facts.agents);
            return Err(Error::Unsupported(text));
        }
        let length = capacity.div_ceil(n).max(2);
        let (of_row, of_mask) = (facts.observation.flat_words(), mask_words(facts));
        let words = 2 * of_row + of_mask + facts.action.words() + 2;
        let too_large = || Error::TooLarge {
            what: format!("a replay of {capacity} transitions"),
            needed: 4 * (capacity as u64).saturating_mul(words as u64),
            available: 4 * u64::from(u32::MAX),
            advice: "use a smaller buffer_size".to_owned(),
        };
        let slots = length.checked_mul(n).filter(|slots| u32::try_from(*slots).is_ok()).ok_or_else(too_large)?;
        let room = |words: usize| {
            let mut array = Vec::new();
            array.try_reserve_exact(slots * words).map_err(|_| too_large())?;
            array.resize(slots * words, 0);
            Ok::<_, Error>(array)
        };
        let (observations, next_observations) = (room(of_row)?, room(of_row)?);
        Ok(Self {
            facts: facts.clone(),
            n,
            length,
            written: 0,
            observations,
            next_observations,
            next_masks: room(of_mask)?,
            actions: room(facts.action.words())?,
            rewards: vec![0.0; slots],
            ends: vec![0; slots],
            priorities: (priority_exponent > 0.0).then(|| Priorities::new(slots, priority_exponent)),
        })
    }

    /// Transitions in it.
    pub fn len(&self) -> usize {
        self.written.min(self.length as u64) as usize * self.n
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Adds one transition of every instance.
    pub fn push(&mut self, transition: &Transition<'_>) {
        let first = (self.written % self.length as u64) as usize * self.n;
        let (words, action_words) = (self.facts.observation.flat_words(), self.facts.action.words());
        self.observations[first * words..][..self.n * words].copy_from_slice(transition.observations);
        self.next_observations[first * words..][..self.n * words].copy_from_slice(transition.next_observations);
        self.actions[first * action_words..][..self.n * action_words].copy_from_slice(transition.actions);
        if let Some(masks) = transition.next_masks {
            let words = mask_words(&self.facts);
            self.next_masks[first * words..][..self.n * words].copy_from_slice(masks);
        }
        self.rewards[first..][..self.n].copy_from_slice(transition.rewards);
        for i in 0..self.n {
            self.ends[first + i] = u8::from(transition.terminated[i]) | u8::from(transition.truncated[i]) << 1;
            if let Some(priorities) = &mut self.priorities {
                priorities.push(first + i);
            }
        }
        self.written += 1;
    }

    /// Draws a minibatch with replacement. `steps` are folded into one where no end comes before; `beta` is the exponent
    /// of the importance weights.
    ///
    /// # Panics
    /// If it holds fewer than `steps` rows.
    #[allow(clippy::too_many_arguments, reason = "the options of a draw, all plain numbers")]
    pub fn sample(
        &self,
        batch: usize,
        steps: usize,
        gamma: f32,
        truncation: Truncation,
        beta: f32,
        noise: &mut Noise,
        sample: &mut Sample,
    ) {
        let rows = self.written.min(self.length as u64) as usize;
        assert!(rows >= steps, "{rows} rows for {steps} steps");
        let oldest = (self.written as usize).wrapping_sub(rows);
        let Sample { slots, last, rewards, discounts, weights } = sample;
        slots.clear();
        last.clear();
        rewards.clear();
        discounts.clear();
        weights.clear();
        // Starts that have all of their steps.
        let starts = rows - (steps - 1);
        let uniform = |noise: &mut Noise| {
            let row = oldest + noise.below(starts as u32) as usize;
            row % self.length * self.n + noise.below(self.n as u32) as usize
        };
        let starts_at = |slot: usize| (slot / self.n + self.length - oldest % self.length) % self.length < starts;
        while slots.len() < batch {
            let slot = match &self.priorities {
                None => uniform(noise),
                Some(priorities) => {
                    // Newer slots lack steps. Where they have nearly all of the weight, any start will do.
                    let drawn = (0..64).map(|_| priorities.draw(noise.uniform_f64())).find(|slot| starts_at(*slot));
                    let slot = drawn.unwrap_or_else(|| uniform(noise));
                    weights.push((self.len() as f32 * priorities.share(slot)).powf(-beta));
                    slot
                }
            };
            let (mut at, mut reward, mut discount) = (slot, 0.0, 1.0);
            for step in 0..steps {
                reward += discount * self.rewards[at];
                discount *= gamma;
                let end = self.ends[at];
                if end != 0 {
                    let over = end & 1 != 0 || truncation == Truncation::Terminal;
                    discount = if over { 0.0 } else { discount };
                    break;
                }
                if step + 1 < steps {
                    at = (at + self.n) % (self.length * self.n);
                }
            }
            slots.push(slot as u32);
            last.push(at as u32);
            rewards.push(reward);
            discounts.push(discount);
        }
        if self.priorities.is_none() {
            weights.resize(batch, 1.0);
        }
        let largest = weights.iter().copied().fold(0.0, f32::max);
        weights.iter_mut().for_each(|w| *w /= largest);
    }

    /// Observations before the transitions of these slots.
    pub fn observations<'a>(&'a self, slots: &'a [u32]) -> Rows<'a> {
        self.rows(&self.observations, slots)
    }

    /// Observations after the transitions of these slots.
    pub fn next_observations<'a>(&'a self, slots: &'a [u32]) -> Rows<'a> {
        self.rows(&self.next_observations, slots)
    }

    fn rows<'a>(&self, words: &'a [u32], slots: &'a [u32]) -> Rows<'a> {
        Rows::packed(words, self.facts.observation.flat_encoding(), self.facts.observation.flat_elements())
            .select(slots)
    }

    /// The action of a slot, `[action words]`.
    pub fn action(&self, slot: u32) -> &[u32] {
        let words = self.facts.action.words();
        &self.actions[slot as usize * words..][..words]
    }

    /// Legal actions after the transition of a slot, `[mask words]`; None where the environment has no masks.
    pub fn next_mask(&self, slot: u32) -> Option<&[u32]> {
        let words = mask_words(&self.facts);
        (words > 0).then(|| &self.next_masks[slot as usize * words..][..words])
    }

    /// New priorities from the sizes of the errors of a minibatch.
    pub fn prioritise(&mut self, slots: &[u32], errors: impl Iterator<Item = f32>) {
        if let Some(priorities) = &mut self.priorities {
            slots.iter().zip(errors).for_each(|(&slot, error)| priorities.set(slot as usize, error));
        }
    }

    /// Everything in it.
    pub fn save(&self, state: &mut State) {
        let used = self.len();
        let (words, action_words) = (self.facts.observation.flat_words(), self.facts.action.words());
        state.put_u64("replay/written", &[self.written]);
        state.put_u32("replay/observations", &self.observations[..used * words]);
        state.put_u32("replay/next_observations", &self.next_observations[..used * words]);
        state.put_u32("replay/actions", &self.actions[..used * action_words]);
        state.put_u32("replay/next_masks", &self.next_masks[..used * mask_words(&self.facts)]);
        state.put_f32("replay/rewards", &self.rewards[..used]);
        state.put_bytes("replay/ends", &self.ends[..used]);
        if let Some(priorities) = &self.priorities {
            state.put_f64("replay/priorities", &priorities.tree);
            state.put_f64("replay/largest", &[priorities.largest]);
        }
    }

    /// Goes on from there.
    ///
    /// # Errors
    /// [`Error::Checkpoint`].
    pub fn load(&mut self, state: &State) -> Result<()> {
        self.written = state.counter("replay/written")?;
        let used = self.len();
        let (words, action_words) = (self.facts.observation.flat_words(), self.facts.action.words());
        let wrong = |name: &str| Error::Checkpoint {
            path: "the state".to_owned(),
            reason: format!("`replay/{name}` has another length than this buffer_size and num_envs give"),
        };
        let copy = |name: &str, to: &mut [u32]| {
            let from = state.u32(&format!("replay/{name}"))?;
            if from.len() != to.len() {
                return Err(wrong(name));
            }
            to.copy_from_slice(from);
            Ok(())
        };
        copy("observations", &mut self.observations[..used * words])?;
        copy("next_observations", &mut self.next_observations[..used * words])?;
        copy("actions", &mut self.actions[..used * action_words])?;
        copy("next_masks", &mut self.next_masks[..used * mask_words(&self.facts)])?;
        state.read_f32("replay/rewards", &mut self.rewards[..used])?;
        let ends = state.bytes("replay/ends")?;
        self.ends.get_mut(..ends.len()).filter(|e| e.len() == used).ok_or_else(|| wrong("ends"))?.copy_from_slice(ends);
        if let Some(priorities) = &mut self.priorities {
            let tree = state.f64("replay/priorities")?;
            if tree.len() != priorities.tree.len() {
                return Err(wrong("priorities"));
            }
            priorities.tree.copy_from_slice(tree);
            priorities.largest = state.f64("replay/largest")?.first().copied().ok_or_else(|| wrong("largest"))?;
        }
        Ok(())
    }
}
