//! The box that a teacher chooses tasks from.

use crate::common::noise::Noise;
use crate::error::{Error, Result};

/// Lowest and highest value of each number of a task; a dimension may have one value only.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Bounds {
    /// The box between two corners.
    ///
    /// # Errors
    /// [`Error::Task`] without dimensions, for corners of unlike length, numbers that are not finite, and `low > high`.
    pub fn new(low: Vec<f64>, high: Vec<f64>) -> Result<Self> {
        let refused = |what: &str, value: String, allowed: &str| {
            Err(Error::Task { what: what.to_owned(), value, allowed: allowed.to_owned() })
        };
        if low.is_empty() || low.len() != high.len() {
            let lengths = format!("{} and {} numbers", low.len(), high.len());
            return refused("the box of tasks has corners of", lengths, "as many numbers in low as in high, 1 or more");
        }
        for (d, (&low, &high)) in low.iter().zip(&high).enumerate() {
            // Also false for NaN. The width may be no number either.
            if !(low <= high && (high - low).is_finite()) {
                let what = format!("dimension {d} of the box of tasks is");
                return refused(&what, format!("{low} to {high}"), "finite numbers, the lowest first");
            }
        }
        Ok(Self { low, high })
    }

    /// Numbers of a task.
    pub fn dimensions(&self) -> usize {
        self.low.len()
    }

    /// The lowest corner.
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// The highest corner.
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    /// Width of a dimension.
    pub fn width(&self, dimension: usize) -> f64 {
        self.high[dimension] - self.low[dimension]
    }

    /// How far rounding to `f32` may take a number of a task.
    pub(super) fn slack(&self, dimension: usize, value: f64) -> f64 {
        f64::from(f32::EPSILON) * value.abs() + 1e-9 * self.width(dimension)
    }

    /// A task, evenly from the box.
    pub fn sample(&self, noise: &mut Noise, task: &mut [f64]) {
        for (d, value) in task.iter_mut().enumerate() {
            *value = between(self.low[d], self.high[d], noise);
        }
    }

    /// Brings a task into the box.
    pub fn clip(&self, task: &mut [f64]) {
        for (d, value) in task.iter_mut().enumerate() {
            *value = value.clamp(self.low[d], self.high[d]);
        }
    }

    /// Fails unless a task is one of the box's.
    ///
    /// # Errors
    /// [`Error::Task`] for another number of dimensions, what is not finite, and what lies outside.
    pub fn check(&self, task: &[f64]) -> Result<()> {
        if task.len() != self.dimensions() {
            let allowed = format!("{}, one for each dimension of the box", self.dimensions());
            let value = task.len().to_string();
            return Err(Error::Task { what: "numbers of the task:".to_owned(), value, allowed });
        }
        for (d, &value) in task.iter().enumerate() {
            let (low, high, slack) = (self.low[d], self.high[d], self.slack(d, value));
            if !(low - slack..=high + slack).contains(&value) {
                let what = format!("dimension {d} of the task is");
                return Err(Error::Task { what, value: value.to_string(), allowed: format!("{low} to {high}") });
            }
        }
        Ok(())
    }
}

/// A number, evenly between two.
pub(super) fn between(low: f64, high: f64, noise: &mut Noise) -> f64 {
    (low + noise.uniform_f64() * (high - low)).min(high)
}

/// Standard normal with all the digits of an `f64` (Box-Muller, the cosine half).
pub(super) fn normal(noise: &mut Noise) -> f64 {
    let radius = (-2.0 * noise.uniform_f64().ln()).sqrt();
    radius * (std::f64::consts::TAU * noise.uniform_f64()).cos()
}

/// Which index a draw falls on, by sums of weights from the first on; any, evenly, where the weights are all 0.
pub(super) fn choose(sums: &[f64], noise: &mut Noise) -> usize {
    let (u, total) = (noise.uniform_f64(), sums.last().copied().unwrap_or(0.0));
    let found =
        if total > 0.0 { sums.partition_point(|&sum| sum <= u * total) } else { (u * sums.len() as f64) as usize };
    found.min(sums.len().saturating_sub(1))
}

/// Sums of weights from the first on, for [`choose`].
pub(super) fn sums(weights: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let add = |sum: &mut f64, weight: f64| {
        *sum += weight;
        Some(*sum)
    };
    weights.into_iter().scan(0.0, add).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_that_are_none_are_refused() {
        for (low, high, words) in [
            (vec![], vec![], "0 and 0"),
            (vec![0.0], vec![1.0, 2.0], "1 and 2"),
            (vec![0.0, 2.0], vec![1.0, 1.0], "dimension 1"),
            (vec![f64::NAN], vec![1.0], "NaN"),
            (vec![0.0], vec![f64::INFINITY], "inf"),
            (vec![-1e308], vec![1e308], "finite"),
        ] {
            let error = Bounds::new(low, high).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let bounds = Bounds::new(vec![0.0, 3.0], vec![0.1, 3.0]).unwrap();
        assert!(bounds.check(&[f64::from(0.1f32), 3.0]).is_ok(), "an f32 beside the end");
        for (task, words) in [(&[0.2, 3.0][..], "0 to 0.1"), (&[f64::NAN, 3.0], "NaN"), (&[0.0], "one for each")] {
            let error = bounds.check(task).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn draws_follow_the_weights() {
        let mut counts = [0; 4];
        let (sums, mut noise) = (sums([1.0, 0.0, 3.0, 0.0]), Noise::new(1, "test"));
        (0..4000).for_each(|_| counts[choose(&sums, &mut noise)] += 1);
        assert!(counts[1] == 0 && counts[3] == 0 && (850..1150).contains(&counts[0]), "{counts:?}");
        (0..4000).for_each(|_| counts[choose(&[0.0; 4], &mut noise)] += 1);
        assert!(counts.iter().all(|&count| count > 850), "{counts:?}");
        let normals: Vec<f64> = (0..100_000).map(|_| normal(&mut noise)).collect();
        let moment = |power| normals.iter().map(|x| x.powi(power)).sum::<f64>() / 1e5;
        assert!(moment(1).abs() < 0.02 && (moment(2) - 1.0).abs() < 0.03 && (moment(4) - 3.0).abs() < 0.2);
    }
}
