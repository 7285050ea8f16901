//! What a stream's observations and rewards go through before they are learned from. In `f64`, and with every sample: the
//! statistics are never frozen while it learns.
//!
//! Source: the wrappers of Elsayed et al. 2024, in their order: rewards are scaled, observations normalised, the time
//! appended.

use shadergym_envs::wrappers::RunningMoments;

use crate::common::moments::{load_moments, save_moments};
use crate::error::Result;
use crate::state::State;

/// Added to variances.
const EPSILON: f64 = 1e-8;

/// Sample variance of a column; 1 before there are two samples.
fn variance(moments: &RunningMoments, column: usize) -> f64 {
    if moments.count() < 2.0 { 1.0 } else { moments.squares()[column] / (moments.count() - 1.0) }
}

/// Running normalisation of observations: (x - mean) / sqrt(variance + 1e-8), not clipped.
#[derive(Debug, Clone)]
pub struct ObservationScaler(RunningMoments);

impl ObservationScaler {
    /// Of so many elements; none seen.
    pub fn new(elements: usize) -> Self {
        Self(RunningMoments::new(elements))
    }

    /// Takes an observation in.
    pub fn push(&mut self, observation: &[f32]) {
        self.0.push(observation);
    }

    /// Normalises one in place.
    pub fn normalize(&self, observation: &mut [f32]) {
        let count = self.0.count();
        let samples = 1.0 / (count - 1.0).max(1.0);
        let rows = observation.iter_mut().zip(self.0.mean()).zip(self.0.squares());
        for ((x, mean), squares) in rows {
            let variance = if count < 2.0 { 1.0 } else { squares * samples };
            *x = ((f64::from(*x) - mean) / (variance + EPSILON).sqrt()) as f32;
        }
    }

    /// Into a checkpoint.
    pub fn save(&self, state: &mut State, name: &str) {
        save_moments(&self.0, self.0.mean().len(), state, name);
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, name: &str) -> Result<()> {
        self.0 = load_moments(self.0.mean().len(), state, name)?;
        Ok(())
    }
}

/// Scales rewards by the standard deviation of the running discounted return.
#[derive(Debug, Clone)]
pub struct RewardScaler {
    moments: RunningMoments,
    /// Discounted return so far, which a reward that ends an episode begins anew.
    trace: f64,
    gamma: f64,
}

impl RewardScaler {
    /// None seen.
    pub fn new(gamma: f32) -> Self {
        Self { moments: RunningMoments::new(1), trace: 0.0, gamma: f64::from(gamma) }
    }

    /// Takes a reward in and gives it scaled; `done` if the episode ended with it, by whatever.
    pub fn scale(&mut self, reward: f32, done: bool) -> f32 {
        let carried = if done { 0.0 } else { self.gamma * self.trace };
        self.trace = carried + f64::from(reward);
        self.moments.push(&[self.trace as f32]);
        (f64::from(reward) / self.spread()) as f32
    }

    /// What rewards are divided by: the standard deviation of the discounted return.
    pub fn spread(&self) -> f64 {
        (variance(&self.moments, 0) + EPSILON).sqrt()
    }

    /// Into a checkpoint.
    pub fn save(&self, state: &mut State, name: &str) {
        save_moments(&self.moments, 1, state, name);
        state.put_f64(format!("{name}_trace"), &[self.trace]);
    }

    /// From a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`].
    pub fn load(&mut self, state: &State, name: &str) -> Result<()> {
        self.moments = load_moments(1, state, name)?;
        self.trace = state.f64(&format!("{name}_trace"))?.first().copied().unwrap_or(0.0);
        Ok(())
    }
}

/// The time in an episode as an observation has it: -1/2 at the start and, as in the source, also after the first
/// step, then rising to about 1/2 at the limit.
pub fn time_feature(elapsed: u32, limit: u32) -> f32 {
    -0.5 + elapsed.saturating_sub(1) as f32 / limit as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_are_normalised_by_all_that_were_seen() {
        let mut scaler = ObservationScaler::new(2);
        let mut x = [3.0, 5.0];
        scaler.push(&x);
        scaler.normalize(&mut x);
        assert_eq!(x, [0.0, 0.0], "the first is the mean");
        scaler.push(&[5.0, 5.0]);
        let mut x = [5.0, 5.0];
        scaler.normalize(&mut x);
        // Mean 4, sample variance 2; an element without variance stays 0.
        assert!((x[0] - 1.0 / 2f32.sqrt()).abs() < 1e-6 && x[1] == 0.0, "{x:?}");
    }

    #[test]
    fn rewards_are_scaled_by_the_spread_of_discounted_returns() {
        let mut scaler = RewardScaler::new(0.5);
        // Traces 1, then 2.5, then the end: 1.
        assert_eq!(scaler.scale(1.0, false), 1.0);
        let second = 2.0 / (1.125f64 + EPSILON).sqrt();
        assert!((f64::from(scaler.scale(2.0, false)) - second).abs() < 1e-6);
        let third = 1.0 / (0.75f64 + EPSILON).sqrt();
        assert!((f64::from(scaler.scale(1.0, true)) - third).abs() < 1e-6);
        let mut state = State::default();
        scaler.save(&mut state, "x");
        let mut copy = RewardScaler::new(0.5);
        copy.load(&state, "x").unwrap();
        assert_eq!(copy.scale(7.0, false), scaler.scale(7.0, false));
        assert!(ObservationScaler::new(3).load(&state, "x").is_err());
    }

    #[test]
    fn time_rises_by_one_over_an_episode() {
        assert_eq!([0, 1, 2, 500].map(|t| time_feature(t, 500)), [-0.5, -0.5, -0.498, -0.5 + 499.0 / 500.0]);
    }
}
