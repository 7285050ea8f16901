//! Known values are those of NumPy 2.4.6 and SciPy 1.17.1: `mean`, `std(ddof=1)`, `scipy.stats.trim_mean(x, 0.25)`,
//! `percentile`, and `scipy.stats.bootstrap(method="percentile", n_resamples=200_000)`.

use super::*;

const A: [f64; 5] = [3.1, -2.0, 10.5, 4.4, 7.25];
const B: [f64; 9] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 100.0];

#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
}

#[test]
fn moments_are_those_of_numpy_and_scipy() {
    let both = [&A[..], &B].concat();
    for (values, expected) in [
        (&A[..], [4.65, 4.681612969906846, 4.916666666666667, -1.49, 10.175, 5.54]),
        (&B, [15.11111111111111, 31.915687539376478, 5.0, 1.2, 81.6, 5.8]),
        (&both, [11.375, 25.702908769840995, 4.96875, -1.025, 70.9125, 5.8]),
    ] {
        close(mean(values), expected[0]);
        close(standard_deviation(values), expected[1]);
        close(interquartile_mean(values), expected[2]);
        for (fraction, value) in [0.025, 0.975, 0.6].into_iter().zip(&expected[3..]) {
            close(quantile(values, fraction), *value);
        }
    }
}

#[test]
fn intervals_are_those_of_scipy() {
    for (tasks, statistic, low, high) in [
        (vec![A.to_vec()], mean as fn(&[f64]) -> f64, 0.87, 8.06),
        (vec![A.to_vec()], interquartile_mean, -0.3, 9.416666666666666),
        (vec![B.to_vec()], mean, 3.3333333333333335, 36.77777777777778),
        (vec![B.to_vec()], interquartile_mean, 2.8, 25.2),
        // Two tasks: resampled each by itself with NumPy, 200_000 times.
        (vec![A.to_vec(), B.to_vec()], interquartile_mean, 3.1, 7.28125),
    ] {
        let found = bootstrap(&tasks, statistic);
        close(found.value, statistic(&tasks.concat()));
        // Of 10_000 resamples the end at 2.5 % is itself known to 0.16 % of the resamples.
        let tolerance = 0.03 * (high - low);
        assert!((found.low - low).abs() < tolerance && (found.high - high).abs() < tolerance, "{found:?} {low} {high}");
        assert_eq!(bootstrap(&tasks, statistic), found, "the same values give the same interval");
    }
}

#[test]
fn strata_matter() {
    // Two tasks on scales far apart: resampled together, the mean would scatter with the share of each task.
    let tasks = [vec![0.0, 1.0, 2.0], vec![100.0, 101.0, 102.0]];
    let apart = bootstrap(&tasks, mean);
    let together = bootstrap(&[tasks.concat()], mean);
    assert!(apart.high - apart.low < 3.0 && together.high - together.low > 50.0, "{apart:?} {together:?}");
}

#[test]
fn few_values() {
    assert_eq!(bootstrap(&[vec![3.0]], mean), Estimate { value: 3.0, low: 3.0, high: 3.0 });
    assert!(bootstrap(&[], mean).value.is_nan() && bootstrap(&[vec![1.0, f64::NAN]], mean).low.is_nan());
    assert!(mean(&[]).is_nan() && standard_deviation(&[1.0]).is_nan() && quantile(&[], 0.5).is_nan());
    assert_eq!([interquartile_mean(&[1.0, 3.0]), interquartile_mean(&[0.0, 1.0, 3.0, 90.0])], [2.0, 2.0]);
}
