//! Rewards scaled by the spread of discounted returns.

use super::{Frame, Info, RunningMoments, VectorEnv, wrapper};
use crate::error::{Error, Result};

/// Divides rewards by sqrt(variance + 1e-8) of the running discounted return, so that returns have about unit
/// variance: G <- gamma G + r per instance and agent, its moments over all of them, G = 0 after an end. Episode returns
/// stay in the environment's own rewards.
#[derive(Debug, Clone)]
pub struct NormalizeReward<E> {
    inner: E,
    data: Data,
}

#[derive(Debug, Clone)]
struct Data {
    gamma: f32,
    moments: RunningMoments,
    learning: bool,
    returns: Vec<f32>,
    rewards: Vec<f32>,
}

/// Keeps the division finite while all returns are the same; as in Gymnasium.
const EPSILON: f64 = 1e-8;

impl<E: VectorEnv> NormalizeReward<E> {
    /// With the learner's discount `gamma`, 0 to 1.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for another gamma.
    pub fn new(inner: E, gamma: f32) -> Result<Self> {
        if !(0.0..=1.0).contains(&gamma) {
            let allowed = "a discount, 0 to 1".to_owned();
            return Err(Error::InvalidOption { option: "gamma", value: gamma.to_string(), allowed });
        }
        let rows = inner.info().num_envs * inner.info().agents;
        let moments = RunningMoments::new(1);
        let data = Data { gamma, moments, learning: true, returns: vec![0.0; rows], rewards: vec![0.0; rows] };
        Ok(Self { inner, data })
    }

    /// Mean and variance of the discounted return, one column.
    pub fn moments(&self) -> &RunningMoments {
        &self.data.moments
    }

    /// Puts saved moments in place.
    pub fn set_moments(&mut self, moments: RunningMoments) {
        self.data.moments = moments;
    }

    /// Whether new rewards change the moments; default true.
    pub fn set_learning(&mut self, learning: bool) {
        self.data.learning = learning;
    }
}

impl Data {
    fn info<'a>(&'a self, inner: &'a Info) -> &'a Info {
        inner
    }

    fn apply<'a>(&'a mut self, frame: Frame<'a>) -> Frame<'a> {
        let agents = frame.rewards.len() / frame.rows.len();
        for (i, row) in frame.rows.iter().enumerate() {
            for j in i * agents..(i + 1) * agents {
                if row.is_step() {
                    self.returns[j] = self.gamma * self.returns[j] + frame.rewards[j];
                    if self.learning {
                        self.moments.push(&self.returns[j..=j]);
                    }
                }
                if row.is_start() || frame.ended(i) {
                    self.returns[j] = 0.0;
                }
            }
        }
        let scale = 1.0 / (self.moments.variance(0) + EPSILON).sqrt();
        for (i, row) in frame.rows.iter().enumerate() {
            for j in i * agents..(i + 1) * agents {
                self.rewards[j] = if row.is_step() { (f64::from(frame.rewards[j]) * scale) as f32 } else { 0.0 };
            }
        }
        Frame { rewards: &self.rewards, ..frame }
    }
}

wrapper!(NormalizeReward, Data);
