//! Returns and lengths of the latest episodes.

use std::collections::VecDeque;

use super::{Frame, Info, VectorEnv, wrapper};
use crate::error::{Error, Result};

/// Remembers the latest episodes of all instances, in the order of their ends (by instance within a step), and counts
/// transitions and episodes. Returns are in the environment's own rewards, wherever this wrapper stands; with several
/// agents the mean over them.
#[derive(Debug, Clone)]
pub struct EpisodeStatistics<E> {
    inner: E,
    data: Data,
}

#[derive(Debug, Clone)]
struct Data {
    window: usize,
    latest: VecDeque<(f32, u32)>,
    transitions: u64,
    episodes: u64,
}

/// Mean, least and greatest of the remembered episodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Least.
    pub min: f64,
    /// Greatest.
    pub max: f64,
}

impl<E: VectorEnv> EpisodeStatistics<E> {
    /// Remembers the latest `window` episodes, 1 or more.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for a window of 0.
    pub fn new(inner: E, window: usize) -> Result<Self> {
        if window == 0 {
            let allowed = "1 or more episodes".to_owned();
            return Err(Error::InvalidOption { option: "window", value: "0".to_owned(), allowed });
        }
        let data = Data { window, latest: VecDeque::new(), transitions: 0, episodes: 0 };
        Ok(Self { inner, data })
    }
}

impl<E> EpisodeStatistics<E> {
    /// Transitions made so far.
    pub fn transitions(&self) -> u64 {
        self.data.transitions
    }

    /// Episodes finished so far, the forgotten ones included.
    pub fn episodes(&self) -> u64 {
        self.data.episodes
    }

    /// Return and length in steps of the remembered episodes, oldest first.
    pub fn latest(&self) -> impl ExactSizeIterator<Item = (f32, u32)> + '_ {
        self.data.latest.iter().copied()
    }

    /// Spread of the remembered returns; None before the first end.
    pub fn returns(&self) -> Option<Spread> {
        spread(self.latest().map(|(value, _)| f64::from(value)))
    }

    /// Spread of the remembered lengths in steps; None before the first end.
    pub fn lengths(&self) -> Option<Spread> {
        spread(self.latest().map(|(_, length)| f64::from(length)))
    }
}

fn spread(values: impl ExactSizeIterator<Item = f64>) -> Option<Spread> {
    let count = values.len();
    let none = (0.0, f64::INFINITY, f64::NEG_INFINITY);
    let (sum, min, max) = values.fold(none, |(sum, min, max), v| (sum + v, min.min(v), max.max(v)));
    (count > 0).then(|| Spread { mean: sum / count as f64, min, max })
}

impl Data {
    fn info<'a>(&'a self, inner: &'a Info) -> &'a Info {
        inner
    }

    fn apply<'a>(&'a mut self, frame: Frame<'a>) -> Frame<'a> {
        let agents = frame.rewards.len() / frame.rows.len();
        for (i, row) in frame.rows.iter().enumerate() {
            self.transitions += u64::from(row.is_step());
            if frame.ended(i) {
                let sum: f32 = frame.episode_returns[i * agents..(i + 1) * agents].iter().sum();
                if self.latest.len() == self.window {
                    self.latest.pop_front();
                }
                self.latest.push_back((sum / agents as f32, frame.episode_lengths[i]));
                self.episodes += 1;
            }
        }
        frame
    }
}

wrapper!(EpisodeStatistics, Data);
