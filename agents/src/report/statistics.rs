//! Statistics over seeds: mean, standard deviation, inter-quartile mean, bootstrap intervals.

use crate::common::noise::Noise;

/// Resamples of an interval.
pub const RESAMPLES: usize = 10_000;
/// Coverage that an interval aims at.
pub const COVERAGE: f64 = 0.95;

/// Mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation of the population that the values are a sample of (`ddof = 1`); NaN below two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(values);
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// Inter-quartile mean as rliable has it, `scipy.stats.trim_mean(values, 0.25)`: the mean of what is left without the
/// floor(n / 4) least and as many greatest values. No value counts by a fraction; of five, the middle three count.
/// NaN of nothing.
pub fn interquartile_mean(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let out = sorted.len() / 4;
    mean(&sorted[out..sorted.len() - out])
}

/// The value below which a fraction of the values lies, linear between them (`numpy.percentile`'s default); NaN of
/// nothing.
pub fn quantile(values: &[f64], fraction: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, fraction)
}

fn quantile_of_sorted(sorted: &[f64], fraction: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = fraction.clamp(0.0, 1.0) * last as f64;
    let below = at.floor();
    let (a, b) = (sorted[below as usize], sorted[(below as usize + 1).min(last)]);
    if a == b { a } else { a + (b - a) * (at - below) }
}

/// A figure with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The statistic of the sample itself.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// A statistic with its 95 % percentile-bootstrap interval of [`RESAMPLES`] resamples. `tasks` holds one sample per
/// task; each is resampled by itself (stratified, as rliable does) and the statistic is that of all values together.
/// The same values give the same interval. NaN of nothing; with one value per task the interval is a point and says
/// nothing.
pub fn bootstrap(tasks: &[Vec<f64>], statistic: impl Fn(&[f64]) -> f64) -> Estimate {
    let all: Vec<f64> = tasks.iter().flatten().copied().collect();
    let value = statistic(&all);
    if all.is_empty() || all.iter().any(|v| !v.is_finite()) {
        return Estimate { value, low: f64::NAN, high: f64::NAN };
    }
    let noise = Noise::new(0, "bootstrap");
    let mut resample = vec![0.0; all.len()];
    let mut statistics: Vec<f64> = (0..RESAMPLES as u64)
        .map(|i| {
            let mut noise = noise.at(i, 0);
            let mut at = 0;
            for task in tasks {
                for _ in task {
                    resample[at] = task[noise.below(task.len() as u32) as usize];
                    at += 1;
                }
            }
            statistic(&resample)
        })
        .collect();
    statistics.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - COVERAGE) / 2.0;
    Estimate { value, low: quantile_of_sorted(&statistics, tail), high: quantile_of_sorted(&statistics, 1.0 - tail) }
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
