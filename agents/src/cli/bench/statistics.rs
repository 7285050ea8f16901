//! Medians and what is known of them.

/// A median with an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// How the interval is made, for readers.
pub const INTERVAL: &str = "interval of the median by order statistics, distribution-free";

/// Coverage that an interval should have.
const WANTED: f64 = 0.95;

/// The narrowest symmetric pair of order statistics that holds the median with probability 0.95 or more: it rests on
/// nothing but independence. With fewer than six samples there is none and the extremes are given.
pub fn estimate(samples: &[f64]) -> Estimate {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    assert!(n > 0, "a median needs a sample");
    let skip = skipped(n);
    let median = if n % 2 == 1 { sorted[n / 2] } else { (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0 };
    Estimate { median, low: sorted[skip], high: sorted[n - 1 - skip] }
}

/// Probability that the interval of [`estimate`] holds the median.
pub fn coverage(n: usize) -> f64 {
    1.0 - 2.0 * tail(n, skipped(n))
}

/// Samples to leave out at each end.
fn skipped(n: usize) -> usize {
    (0..n.div_ceil(2)).rev().find(|&skip| 1.0 - 2.0 * tail(n, skip) >= WANTED).unwrap_or(0)
}

/// Probability that at most `k` of n samples lie on a given side of the median.
fn tail(n: usize, k: usize) -> f64 {
    let mut term = 0.5f64.powi(n as i32);
    let mut sum = 0.0;
    for i in 0..=k.min(n) {
        sum += term;
        term *= (n - i) as f64 / (i + 1) as f64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_have_their_textbook_ranks() {
        // 11 samples: second and tenth, 98.8 %; 20 samples: sixth and fifteenth, 95.9 %.
        let eleven: Vec<f64> = (1..=11).rev().map(f64::from).collect();
        assert_eq!(estimate(&eleven), Estimate { median: 6.0, low: 2.0, high: 10.0 });
        assert!((coverage(11) - 0.988).abs() < 5e-4);
        let twenty: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(estimate(&twenty), Estimate { median: 10.5, low: 6.0, high: 15.0 });
        assert!((coverage(20) - 0.959).abs() < 5e-4);
        assert_eq!(estimate(&[3.0]), Estimate { median: 3.0, low: 3.0, high: 3.0 });
    }
}
