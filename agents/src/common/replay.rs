//! A ring of transitions of n instances, uniform or prioritised, with n-step returns.
//!
//! Observations stay packed as the environment gives them (52 bytes instead of 1,600 for MinAtar). The observation after a
//! transition is kept with it, because after an end it is not the one that the next transition starts from.

use shadergym_envs::Facts;

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
        let slots = length * n;
        let words = slots as u64 * (2 * facts.observation.words + facts.action.words() + 2) as u64;
        let mut replay = Self {
            facts: facts.clone(),
            n,
            length,
            written: 0,
            observations: Vec::new(),
            next_observations: Vec::new(),
            actions: Vec::new(),
            rewards: vec![0.0; slots],
            ends: vec![0; slots],
            priorities: (priority_exponent > 0.0).then(|| Priorities::new(slots, priority_exponent)),
        };
        let of_observations = slots * facts.observation.words;
        let room = replay.observations.try_reserve_exact(of_observations).is_ok()
            && replay.next_observations.try_reserve_exact(of_observations).is_ok()
            && u32::try_from(slots).is_ok();
        if !room {
            return Err(Error::TooLarge {
                what: format!("a replay of {capacity} transitions"),
                needed: 4 * words,
                available: 4 * u64::from(u32::MAX),
                advice: "use a smaller buffer_size".to_owned(),
            });
        }
        replay.observations.resize(of_observations, 0);
        replay.next_observations.resize(of_observations, 0);
        replay.actions.resize(slots * facts.action.words(), 0);
        Ok(replay)
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
        let (words, action_words) = (self.facts.observation.words, self.facts.action.words());
        self.observations[first * words..][..self.n * words].copy_from_slice(transition.observations);
        self.next_observations[first * words..][..self.n * words].copy_from_slice(transition.next_observations);
        self.actions[first * action_words..][..self.n * action_words].copy_from_slice(transition.actions);
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
        while slots.len() < batch {
            let slot = match &self.priorities {
                None => {
                    let row = oldest + noise.below(starts as u32) as usize;
                    row % self.length * self.n + noise.below(self.n as u32) as usize
                }
                Some(priorities) => {
                    let slot = priorities.draw(noise.uniform());
                    let age = (slot / self.n + self.length - oldest % self.length) % self.length;
                    if age >= starts {
                        continue;
                    }
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
        Rows::packed(words, self.facts.observation.encoding, self.facts.observation.elements()).select(slots)
    }

    /// The action of a slot, `[action words]`.
    pub fn action(&self, slot: u32) -> &[u32] {
        let words = self.facts.action.words();
        &self.actions[slot as usize * words..][..words]
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
        let (words, action_words) = (self.facts.observation.words, self.facts.action.words());
        state.put_u64("replay/written", &[self.written]);
        state.put_u32("replay/observations", &self.observations[..used * words]);
        state.put_u32("replay/next_observations", &self.next_observations[..used * words]);
        state.put_u32("replay/actions", &self.actions[..used * action_words]);
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
        let (words, action_words) = (self.facts.observation.words, self.facts.action.words());
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

/// Proportional priorities (Schaul et al. 2016) as a tree of sums.
#[derive(Debug, Clone)]
struct Priorities {
    /// Node k has children 2k and 2k + 1; the leaves are the last half.
    tree: Vec<f64>,
    leaves: usize,
    exponent: f64,
    /// Of all so far: what new transitions get, so that each is seen soon.
    largest: f64,
}

impl Priorities {
    fn new(slots: usize, exponent: f32) -> Self {
        let leaves = slots.next_power_of_two();
        Self { tree: vec![0.0; 2 * leaves], leaves, exponent: f64::from(exponent), largest: 1.0 }
    }

    fn push(&mut self, slot: usize) {
        self.put(slot, self.largest);
    }

    fn set(&mut self, slot: usize, error: f32) {
        // Never 0, so that every transition can come back.
        let priority = (f64::from(error.abs()) + 1e-6).powf(self.exponent);
        self.largest = self.largest.max(priority);
        self.put(slot, priority);
    }

    fn put(&mut self, slot: usize, priority: f64) {
        let mut node = self.leaves + slot;
        self.tree[node] = priority;
        while node > 1 {
            node /= 2;
            // Summed anew, not adjusted: rounding does not add up.
            self.tree[node] = self.tree[2 * node] + self.tree[2 * node + 1];
        }
    }

    fn share(&self, slot: usize) -> f32 {
        (self.tree[self.leaves + slot] / self.tree[1]) as f32
    }

    fn draw(&self, uniform: f32) -> usize {
        let mut rest = f64::from(uniform) * self.tree[1];
        let mut node = 1;
        while node < self.leaves {
            node *= 2;
            // An empty right half is never entered, whatever rounding says.
            if rest >= self.tree[node] && self.tree[node + 1] > 0.0 {
                rest -= self.tree[node];
                node += 1;
            }
        }
        node - self.leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(exponent: f32) -> Replay {
        let facts = shadergym_envs::spec("CartPole-v1").expect("shipped");
        let mut replay = Replay::new(&std::sync::Arc::new(facts.clone()), 2, 8, exponent).unwrap();
        // Instance 1 is 100 more than instance 0; step 3 terminates, step 5 is cut off. Steps 0 and 1 are overwritten.
        for t in 0..6u32 {
            let at = |i: u32, next: u32| [(100 * i + t + next) as f32; 4].map(f32::to_bits);
            let both = |next: u32| [at(0, next), at(1, next)].concat();
            replay.push(&Transition {
                observations: &both(0),
                next_observations: &both(1),
                actions: &[t, t],
                rewards: &[t as f32, 10.0 * t as f32],
                terminated: &[t == 3; 2],
                truncated: &[t == 5; 2],
            });
        }
        replay
    }

    #[test]
    fn n_steps_fold_until_an_end() {
        let replay = replay(0.0);
        assert_eq!(replay.len(), 8);
        let (mut sample, mut noise) = (Sample::default(), Noise::new(3, "replay"));
        for truncation in [Truncation::Bootstrap, Truncation::Terminal] {
            replay.sample(400, 2, 0.5, truncation, 0.0, &mut noise, &mut sample);
            let mut seen = std::collections::BTreeSet::new();
            for k in 0..400 {
                let t = replay.action(sample.slots[k])[0];
                let scale = if sample.slots[k] % 2 == 0 { 1.0 } else { 10.0 };
                let cut = if truncation == Truncation::Bootstrap { 0.25 } else { 0.0 };
                let (reward, discount, last) = match t {
                    2 => (2.0 + 0.5 * 3.0, 0.0, 3),
                    3 => (3.0, 0.0, 3),
                    4 => (4.0 + 0.5 * 5.0, cut, 5),
                    // Step 5 has no second step yet.
                    _ => panic!("step {t}"),
                };
                assert_eq!((sample.rewards[k], sample.discounts[k]), (scale * reward, discount));
                assert_eq!(replay.action(sample.last[k])[0], last);
                let mut row = [0.0; 4];
                replay.next_observations(&sample.last).unpack(k, &mut row);
                assert_eq!(row[0], (100 * (sample.slots[k] % 2) + last + 1) as f32);
                seen.insert(sample.slots[k]);
            }
            assert_eq!(seen.len(), 6);
        }
    }

    #[test]
    fn priorities_decide_how_often_a_transition_comes_back() {
        let mut replay = replay(1.0);
        let all: Vec<u32> = (0..8).collect();
        replay.prioritise(&all, (0..8).map(|i| if i < 2 { 3.0 } else { 1.0 }));
        let (mut sample, mut noise) = (Sample::default(), Noise::new(3, "replay"));
        replay.sample(60_000, 1, 0.9, Truncation::Bootstrap, 1.0, &mut noise, &mut sample);
        let mut counts = [0.0f32; 8];
        for (&slot, &weight) in sample.slots.iter().zip(&sample.weights) {
            counts[slot as usize] += 1.0;
            assert!((weight - if slot < 2 { 1.0 / 3.0 } else { 1.0 }).abs() < 1e-4, "{slot} {weight}");
        }
        for (slot, count) in counts.iter().enumerate() {
            let expected = if slot < 2 { 15_000.0 } else { 5_000.0 };
            assert!((count - expected).abs() < 0.06 * expected, "{counts:?}");
        }
    }

    #[test]
    fn a_replay_survives_a_checkpoint() {
        let replay_a = replay(0.6);
        let mut state = State::default();
        replay_a.save(&mut state);
        let mut replay_b = replay(0.6);
        replay_b.rewards.fill(-1.0);
        replay_b.load(&state).unwrap();
        let draw = |replay: &Replay| {
            let (mut sample, mut noise) = (Sample::default(), Noise::new(5, "replay"));
            replay.sample(50, 2, 0.9, Truncation::Bootstrap, 0.5, &mut noise, &mut sample);
            (sample.slots, sample.rewards, sample.weights)
        };
        assert_eq!(draw(&replay_a), draw(&replay_b));
        let facts = replay_a.facts.clone();
        assert!(Replay::new(&facts, 2, 100, 0.6).unwrap().load(&state).is_err());
    }
}
