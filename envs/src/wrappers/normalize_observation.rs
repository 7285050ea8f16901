//! Observations with mean 0 and variance 1.

use super::{Frame, Info, RunningMoments, VectorEnv, wrapper};
use crate::elements::DType;
use crate::space::Space;

/// Keeps mean 0 and variance 1 per element: (x - mean) / sqrt(variance + 1e-8), with running moments over all instances
/// and agents so far. Final observations are normalised by the same moments without counting towards them.
#[derive(Debug, Clone)]
pub struct NormalizeObservation<E> {
    inner: E,
    data: Data,
}

#[derive(Debug, Clone)]
struct Data {
    info: Info,
    elements: usize,
    moments: RunningMoments,
    learning: bool,
    scale: Vec<(f64, f64)>,
    observations: Vec<f32>,
    final_observations: Vec<f32>,
}

/// Keeps the division finite for elements that never change; as in Gymnasium.
const EPSILON: f64 = 1e-8;

impl<E: VectorEnv> NormalizeObservation<E> {
    /// With no rows seen.
    pub fn new(inner: E) -> Self {
        let mut info = inner.info().clone();
        let space = &info.observation_space;
        let (elements, shape) = (space.elements(), space.shape().to_vec());
        info.observation_space = Space::Box {
            low: vec![f32::NEG_INFINITY; elements],
            high: vec![f32::INFINITY; elements],
            shape,
            dtype: DType::F32,
        };
        let data = Data {
            info,
            elements,
            moments: RunningMoments::new(elements),
            learning: true,
            scale: Vec::new(),
            observations: Vec::new(),
            final_observations: Vec::new(),
        };
        Self { inner, data }
    }

    /// Mean and variance per element.
    pub fn moments(&self) -> &RunningMoments {
        &self.data.moments
    }

    /// Puts saved moments in place, for evaluation.
    pub fn set_moments(&mut self, moments: RunningMoments) {
        self.data.moments = moments;
    }

    /// Whether new observations change the moments; default true. Turn it off for evaluation.
    pub fn set_learning(&mut self, learning: bool) {
        self.data.learning = learning;
    }
}

impl Data {
    fn info<'a>(&'a self, _inner: &'a Info) -> &'a Info {
        &self.info
    }

    fn apply<'a>(&'a mut self, frame: Frame<'a>) -> Frame<'a> {
        let (elements, agents) = (self.elements, self.info.agents);
        let per_instance = elements * agents;
        self.observations.resize(frame.observations.len(), 0.0);
        self.final_observations.resize(frame.observations.len(), 0.0);
        let rows = |i: usize| i * per_instance..(i + 1) * per_instance;
        let new = |i: &usize| frame.rows[*i] != super::Row::Idle;
        if self.learning {
            for i in (0..frame.rows.len()).filter(new) {
                for row in frame.observations[rows(i)].chunks_exact(elements) {
                    self.moments.push(row);
                }
            }
        }
        self.scale.clear();
        let moments = &self.moments;
        self.scale.extend(
            moments.mean().iter().enumerate().map(|(j, &mean)| (mean, 1.0 / (moments.variance(j) + EPSILON).sqrt())),
        );
        let normalize = |from: &[f32], to: &mut [f32]| {
            for (from, to) in from.chunks_exact(elements).zip(to.chunks_exact_mut(elements)) {
                for ((&value, out), &(mean, scale)) in from.iter().zip(to).zip(&self.scale) {
                    *out = ((f64::from(value) - mean) * scale) as f32;
                }
            }
        };
        for i in (0..frame.rows.len()).filter(new) {
            normalize(&frame.observations[rows(i)], &mut self.observations[rows(i)]);
            if frame.ended(i) {
                normalize(&frame.final_observations[rows(i)], &mut self.final_observations[rows(i)]);
            }
        }
        Frame { observations: &self.observations, final_observations: &self.final_observations, ..frame }
    }
}

wrapper!(NormalizeObservation, Data);
