//! Observations that know the time.

use super::{Frame, Info, Row, VectorEnv, wrapper};
use crate::elements::DType;
use crate::error::{Error, Result};
use crate::space::Space;

/// Flattens observations and appends the steps made in the episode so far, so that a time limit is part of what the
/// agent can see. 0 at a start; final observations hold the length of the episode.
#[derive(Debug, Clone)]
pub struct TimeAware<E> {
    inner: E,
    data: Data,
}

#[derive(Debug, Clone)]
struct Data {
    info: Info,
    elements: usize,
    /// Appended per step: 1, or 1 / time limit.
    scale: f32,
    steps: Vec<u32>,
    observations: Vec<f32>,
    final_observations: Vec<f32>,
}

impl<E: VectorEnv> TimeAware<E> {
    /// Appends the number of steps.
    pub fn new(inner: E) -> Self {
        let high =
            if inner.info().max_episode_steps > 0 { inner.info().max_episode_steps as f32 } else { f32::INFINITY };
        Self::build(inner, 1.0, high)
    }

    /// Appends the fraction of the time limit that has passed, 0 to 1.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if there is no time limit.
    pub fn fraction(inner: E) -> Result<Self> {
        let limit = inner.info().max_episode_steps;
        if limit == 0 {
            let allowed = "1 or more steps, for the time as a fraction of them".to_owned();
            return Err(Error::InvalidOption { option: "max_episode_steps", value: "0".to_owned(), allowed });
        }
        Ok(Self::build(inner, 1.0 / limit as f32, 1.0))
    }

    fn build(inner: E, scale: f32, highest: f32) -> Self {
        let mut info = inner.info().clone();
        let space = &info.observation_space;
        let elements = space.elements();
        let (mut low, mut high): (Vec<f32>, Vec<f32>) = (0..elements).map(|i| space.bounds(i)).unzip();
        low.push(0.0);
        high.push(highest);
        info.observation_space = Space::Box { low, high, shape: vec![elements + 1], dtype: DType::F32 };
        let size = info.num_envs * info.agents * (elements + 1);
        let steps = vec![0; info.num_envs];
        let (observations, final_observations) = (vec![0.0; size], vec![0.0; size]);
        Self { inner, data: Data { info, elements, scale, steps, observations, final_observations } }
    }
}

impl Data {
    fn info<'a>(&'a self, _inner: &'a Info) -> &'a Info {
        &self.info
    }

    fn apply<'a>(&'a mut self, frame: Frame<'a>) -> Frame<'a> {
        let (elements, agents) = (self.elements, self.info.agents);
        let append = |from: &[f32], to: &mut [f32], agent: usize, time: f32| {
            let to = &mut to[agent * (elements + 1)..(agent + 1) * (elements + 1)];
            to[..elements].copy_from_slice(&from[agent * elements..(agent + 1) * elements]);
            to[elements] = time;
        };
        for (i, row) in frame.rows.iter().enumerate().filter(|(_, row)| **row != Row::Idle) {
            if row.is_step() {
                self.steps[i] += 1;
            }
            let at_end = self.steps[i] as f32 * self.scale;
            if row.is_start() {
                self.steps[i] = 0;
            }
            let now = self.steps[i] as f32 * self.scale;
            for agent in i * agents..(i + 1) * agents {
                append(frame.observations, &mut self.observations, agent, now);
                if frame.ended(i) {
                    append(frame.final_observations, &mut self.final_observations, agent, at_end);
                }
            }
        }
        Frame { observations: &self.observations, final_observations: &self.final_observations, ..frame }
    }
}

wrapper!(TimeAware, Data);
