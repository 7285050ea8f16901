//! Rewards clipped to a range.

use super::{Frame, Info, VectorEnv, wrapper};
use crate::error::{Error, Result};

/// Clips every reward to a range, -1 to 1 for the Atari protocol. Episode returns stay unclipped.
#[derive(Debug, Clone)]
pub struct ClipReward<E> {
    inner: E,
    data: Data,
}

#[derive(Debug, Clone)]
struct Data {
    low: f32,
    high: f32,
    rewards: Vec<f32>,
}

impl<E: VectorEnv> ClipReward<E> {
    /// Clips to `[low, high]`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if low is not below high, or one is NaN.
    pub fn new(inner: E, low: f32, high: f32) -> Result<Self> {
        if low < high {
            return Ok(Self { inner, data: Data { low, high, rewards: Vec::new() } });
        }
        let allowed = "a lower bound below the upper bound".to_owned();
        Err(Error::InvalidOption { option: "reward range", value: format!("{low} to {high}"), allowed })
    }
}

impl Data {
    fn info<'a>(&'a self, inner: &'a Info) -> &'a Info {
        inner
    }

    fn apply<'a>(&'a mut self, frame: Frame<'a>) -> Frame<'a> {
        self.rewards.clear();
        self.rewards.extend(frame.rewards.iter().map(|r| r.clamp(self.low, self.high)));
        // A row that only started has no reward, whatever the range.
        let agents = self.rewards.len() / frame.rows.len();
        for (row, rewards) in frame.rows.iter().zip(self.rewards.chunks_exact_mut(agents)) {
            if !row.is_step() {
                rewards.fill(0.0);
            }
        }
        Frame { rewards: &self.rewards, ..frame }
    }
}

wrapper!(ClipReward, Data);
