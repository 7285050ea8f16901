//! Running normalisation of observations and rewards. Moments change between rollouts only, never within one, so all
//! instances see the same scale whatever the threads, and the policy that acted is the one that learns.

use shadergym_envs::wrappers::RunningMoments;

use crate::common::collector::Collector;
use crate::error::Result;
use crate::state::State;
use crate::tasks::Tasks;

/// Keeps the division finite for elements that never change; as in Gymnasium.
const EPSILON: f64 = 1e-8;
/// Normalised values beyond this are clipped, as in CleanRL.
const CLIP: f32 = 10.0;

/// Running mean and variance of observation elements.
#[derive(Debug, Clone)]
pub struct ObservationMoments {
    moments: RunningMoments,
    mean: Vec<f32>,
    scale: Vec<f32>,
}

impl ObservationMoments {
    /// Of observations of `elements` values; identity until some were seen.
    pub fn new(elements: usize) -> Self {
        Self { moments: RunningMoments::new(elements), mean: vec![0.0; elements], scale: vec![1.0; elements] }
    }

    /// Takes rows `[rows, elements]` in.
    pub fn push(&mut self, rows: &[f32]) {
        rows.chunks_exact(self.mean.len()).for_each(|row| self.moments.push(row));
        self.refresh();
    }

    fn refresh(&mut self) {
        for (j, (mean, scale)) in self.mean.iter_mut().zip(&mut self.scale).enumerate() {
            *mean = self.moments.mean()[j] as f32;
            *scale = (1.0 / (self.moments.variance(j) + EPSILON).sqrt()) as f32;
        }
    }

    /// (x - mean) / standard deviation, clipped to ±10, in place; `[rows, elements]`.
    pub fn normalize(&self, rows: &mut [f32]) {
        for row in rows.chunks_exact_mut(self.mean.len()) {
            for ((value, mean), scale) in row.iter_mut().zip(&self.mean).zip(&self.scale) {
                *value = ((*value - mean) * scale).clamp(-CLIP, CLIP);
            }
        }
    }

    /// Into a checkpoint.
    pub fn save(&self, state: &mut State, prefix: &str) {
        save_moments(&self.moments, self.mean.len(), state, &format!("{prefix}/moments"));
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        self.moments = load_moments(self.mean.len(), state, &format!("{prefix}/moments"))?;
        if self.moments.count() > 0.0 {
            self.refresh();
        }
        Ok(())
    }
}

/// Scales rewards by the standard deviation of the running discounted return, as Gymnasium's NormalizeReward.
#[derive(Debug, Clone)]
pub struct RewardMoments {
    moments: RunningMoments,
    /// Discounted return so far of each instance.
    returns: Vec<f32>,
    gamma: f32,
}

impl RewardMoments {
    /// For n instances.
    pub fn new(num_envs: usize, gamma: f32) -> Self {
        Self { moments: RunningMoments::new(1), returns: vec![0.0; num_envs], gamma }
    }

    /// Takes in and then scales the rewards of instances `first..first + n` of a rollout, `[steps, n]`, in place.
    /// `ended` says which transitions ended an episode.
    pub fn push(&mut self, first: usize, n: usize, rewards: &[f32], ended: impl Fn(usize) -> bool) {
        for (t, rewards) in rewards.chunks_exact(n).enumerate() {
            for (i, reward) in rewards.iter().enumerate() {
                let value = &mut self.returns[first + i];
                *value = *value * self.gamma + reward;
                self.moments.push(&[*value]);
                if ended(t * n + i) {
                    *value = 0.0;
                }
            }
        }
    }

    /// What rewards are multiplied by.
    pub fn scale(&self) -> f32 {
        (1.0 / (self.moments.variance(0) + EPSILON).sqrt()) as f32
    }

    /// Rewards scaled and clipped to ±10, in place.
    pub fn normalize(&self, rewards: &mut [f32]) {
        let scale = self.scale();
        rewards.iter_mut().for_each(|r| *r = (*r * scale).clamp(-CLIP, CLIP));
    }

    /// Into a checkpoint.
    pub fn save(&self, state: &mut State, prefix: &str) {
        save_moments(&self.moments, 1, state, &format!("{prefix}/moments"));
        state.put_f32(format!("{prefix}/returns"), &self.returns);
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, prefix: &str) -> Result<()> {
        self.moments = load_moments(1, state, &format!("{prefix}/moments"))?;
        state.read_f32(&format!("{prefix}/returns"), &mut self.returns)
    }
}

/// What an on-policy agent normalises, as far as its options want it.
#[derive(Debug, Clone)]
pub struct Normalizers {
    /// Of observations.
    pub observations: Option<ObservationMoments>,
    rewards: Option<RewardMoments>,
}

impl Normalizers {
    /// Of observations with so many elements; of rewards of so many rows, with a discount factor.
    pub fn new(observations: Option<usize>, rewards: Option<(usize, f32)>) -> Self {
        Self {
            observations: observations.map(ObservationMoments::new),
            rewards: rewards.map(|(rows, gamma)| RewardMoments::new(rows, gamma)),
        }
    }

    /// Begins the moments of observations with random play of so many steps; returns the transitions made.
    ///
    /// # Errors
    /// Those of the environments.
    pub fn warm_up(&mut self, collector: &mut Collector, steps: usize, tasks: Option<&Tasks>) -> Result<u64> {
        self.observations.as_mut().map_or(Ok(0), |moments| collector.warm_up(steps, tasks, moments))
    }

    /// Scales the rewards of the newest rollout in place.
    pub fn scale_rewards(&mut self, collector: &mut Collector) {
        let Some(moments) = &mut self.rewards else { return };
        let shards: Vec<_> = collector.shards().collect();
        let rollout = &mut collector.rollout;
        let mut first = 0;
        for (rows, n) in shards {
            let (terminated, truncated) = (&rollout.terminated[rows.clone()], &rollout.truncated[rows.clone()]);
            moments.push(first, n, &rollout.rewards[rows], |i| terminated[i] || truncated[i]);
            first += n;
        }
        moments.normalize(&mut rollout.rewards);
    }

    /// Takes the observations of the newest rollout into the moments that normalise the next one.
    pub fn observe(&mut self, collector: &Collector) {
        if let Some(moments) = &mut self.observations {
            collector.observe(moments);
        }
    }

    /// Into a checkpoint.
    pub fn save(&self, state: &mut State, agent: &str) {
        if let Some(moments) = &self.observations {
            moments.save(state, &format!("{agent}/observations"));
        }
        if let Some(moments) = &self.rewards {
            moments.save(state, &format!("{agent}/rewards"));
        }
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, agent: &str) -> Result<()> {
        if let Some(moments) = &mut self.observations {
            moments.load(state, &format!("{agent}/observations"))?;
        }
        match &mut self.rewards {
            Some(moments) => moments.load(state, &format!("{agent}/rewards")),
            None => Ok(()),
        }
    }
}

/// Moments of so many columns into a checkpoint.
pub(crate) fn save_moments(moments: &RunningMoments, width: usize, state: &mut State, name: &str) {
    let mut values = vec![moments.count()];
    values.extend_from_slice(moments.mean());
    values.extend_from_slice(&moments.squares()[..width]);
    state.put_f64(name, &values);
}

/// From a checkpoint.
///
/// # Errors
/// [`crate::Error::Checkpoint`] if they are missing or of another width.
pub(crate) fn load_moments(width: usize, state: &State, name: &str) -> Result<RunningMoments> {
    let values = state.f64(name)?;
    if values.len() != 1 + 2 * width {
        let reason = format!("`{name}` has {} elements, expected {}", values.len(), 1 + 2 * width);
        return Err(crate::Error::Checkpoint { path: "the state".to_owned(), reason });
    }
    Ok(RunningMoments::from_squares(values[0], &values[1..=width], &values[1 + width..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_survive_a_checkpoint_bit_by_bit() {
        let mut moments = ObservationMoments::new(2);
        moments.push(&[0.1, 5.0, 0.3, -7.0, 0.7, 11.0]);
        let mut state = State::default();
        moments.save(&mut state, "x");
        let mut copy = ObservationMoments::new(2);
        copy.load(&state, "x").unwrap();
        for m in [&mut moments, &mut copy] {
            m.push(&[0.5, 0.5]);
        }
        let (mut a, mut b) = ([0.2, 1e9], [0.2, 1e9]);
        moments.normalize(&mut a);
        copy.normalize(&mut b);
        assert_eq!(a, b);
        assert_eq!(a[1], CLIP);
        assert!(ObservationMoments::new(3).load(&state, "x").is_err());
    }

    #[test]
    fn rewards_are_scaled_by_the_spread_of_returns() {
        let mut moments = RewardMoments::new(1, 0.5);
        // Discounted returns so far: 1, 2.5; then an end, then 1.
        moments.push(0, 1, &[1.0, 2.0, 1.0], |i| i == 1);
        let (mean, n) = (4.5 / 3.0, 3.0);
        let variance = ((1.0f64 - mean).powi(2) * 2.0 + (2.5 - mean).powi(2)) / n;
        assert!((f64::from(moments.scale()) - 1.0 / variance.sqrt()).abs() < 1e-6);
    }
}
