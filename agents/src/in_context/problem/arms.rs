//! Bandits.

use std::ops::Range;

use nalgebra::{DMatrix, SymmetricEigen};
use shadergym_envs::{Facts, Kind as Word};

use super::find;
use crate::error::{Error, Result};
use crate::in_context::source::Source;

/// Arms of which each pays something on average.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arms {
    /// How many.
    pub arms: usize,
    /// Words of State with their means.
    pub means: Range<usize>,
}

/// What means of arms are linear in: `means = features theta`, theta with `dimensions` numbers of variance
/// `1 / dimensions` over tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Numbers of an arm.
    pub dimensions: usize,
    /// `[arms, dimensions]`.
    pub values: Vec<f64>,
}

/// Tasks whose means tell what they are linear in.
const TASKS: usize = 4096;
/// Their seeds, which nobody else uses.
const SEEDS: u64 = 1 << 44;
/// Eigenvalues below this share of the largest are rounding.
const SMALL: f64 = 1e-9;

impl Arms {
    pub(super) fn of(facts: &Facts, actions: usize) -> Option<Self> {
        let field = find(facts, "means")?;
        let fits = field.kind == Word::F32 && field.shape == [actions];
        fits.then(|| Self { arms: actions, means: field.offset..field.offset + actions })
    }

    /// What each arm pays on average in the task of an instance.
    pub fn means(&self, row: &[u32]) -> impl ExactSizeIterator<Item = f32> {
        row[self.means.clone()].iter().map(|word| f32::from_bits(*word))
    }

    /// What the best arm pays on average.
    pub fn most(&self, row: &[u32]) -> f32 {
        self.means(row).fold(f32::NEG_INFINITY, f32::max)
    }

    pub(super) fn best(&self, row: &[u32]) -> u8 {
        let most = self.most(row);
        self.means(row).position(|mean| mean == most).unwrap_or(0) as u8
    }

    /// The features of the arms, up to a rotation, which no learner can tell from the ones that the file has: the span of
    /// the means of many tasks, scaled by their second moments.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the means of tasks have as many dimensions as there are arms; those of the environment.
    pub fn features(&self, source: &Source) -> Result<Features> {
        let mut batch = source.batch(TASKS)?;
        batch.reset(SEEDS)?;
        let words = source.facts().state.words;
        let state = batch.get_state(..)?;
        let mut moments = DMatrix::<f64>::zeros(self.arms, self.arms);
        for row in state.chunks_exact(words) {
            let means: Vec<f64> = self.means(row).map(f64::from).collect();
            for (a, x) in means.iter().enumerate() {
                means.iter().enumerate().for_each(|(b, y)| moments[(a, b)] += x * y / TASKS as f64);
            }
        }
        let found = SymmetricEigen::new(moments);
        let mut order: Vec<usize> = (0..self.arms).collect();
        order.sort_by(|&a, &b| found.eigenvalues[b].total_cmp(&found.eigenvalues[a]));
        let largest = found.eigenvalues[order[0]];
        order.retain(|&k| found.eigenvalues[k] > SMALL * largest && found.eigenvalues[k] > 0.0);
        let dimensions = order.len();
        if dimensions == 0 || dimensions == self.arms {
            return Err(Error::Unsupported(format!(
                "{} is no linear bandit: the means of its {} arms have {dimensions} dimensions over tasks, a linear bandit has \
                 at least one and fewer than arms. Play ucb, ucb1 or thompson on it",
                source.facts().id,
                self.arms
            )));
        }
        let scale = |k: usize| (found.eigenvalues[k] * dimensions as f64).sqrt();
        let of = |arm: usize| order.iter().map(|&k| found.eigenvectors[(arm, k)] * scale(k)).collect::<Vec<_>>();
        Ok(Features { dimensions, values: (0..self.arms).flat_map(of).collect() })
    }
}
