//! Clusters by k-means (Lloyd), from centres of k-means++ (Arthur and Vassilvitskii 2007): where mixtures start.

use super::bounds::{choose, sums};
use crate::common::noise::Noise;

/// Rounds at most.
const ROUNDS: usize = 300;

/// The cluster below `k` of each point of `data` `[points, dimensions]`. Points that are all alike come to be in one cluster.
/// One candidate per centre, where scikit-learn tries several and keeps the best.
pub fn kmeans(data: &[f64], dimensions: usize, k: usize, noise: &mut Noise) -> Vec<usize> {
    let points: Vec<&[f64]> = data.chunks_exact(dimensions).collect();
    let mut centres = start(&points, k, noise);
    let mut labels = vec![usize::MAX; points.len()];
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (point, label) in points.iter().zip(&mut labels) {
            let nearest = nearest(point, &centres).0;
            changed |= *label != nearest;
            *label = nearest;
        }
        if !changed {
            break;
        }
        let (mut totals, mut counts) = (vec![vec![0.0; dimensions]; k], vec![0.0; k]);
        for (point, &label) in points.iter().zip(&labels) {
            totals[label].iter_mut().zip(*point).for_each(|(total, x)| *total += x);
            counts[label] += 1.0;
        }
        // A cluster without points stays where it is.
        for ((centre, total), count) in centres.iter_mut().zip(totals).zip(counts).filter(|(_, count)| *count > 0.0) {
            *centre = total.iter().map(|x| x / count).collect();
        }
    }
    labels
}

/// Centres far from each other: each next one with a probability by its squared distance to those before.
fn start(points: &[&[f64]], k: usize, noise: &mut Noise) -> Vec<Vec<f64>> {
    let mut centres: Vec<Vec<f64>> = vec![points[noise.below(points.len() as u32) as usize].to_vec()];
    let mut distances = vec![f64::INFINITY; points.len()];
    while centres.len() < k {
        let newest = &centres[centres.len() - 1];
        distances.iter_mut().zip(points).for_each(|(d, point)| *d = d.min(squared(point, newest)));
        centres.push(points[choose(&sums(distances.iter().copied()), noise)].to_vec());
    }
    centres
}

fn nearest(point: &[f64], centres: &[Vec<f64>]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (index, centre) in centres.iter().enumerate() {
        let distance = squared(point, centre);
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_that_lie_apart_are_found() {
        let noise = &mut Noise::new(5, "test");
        let data: Vec<f64> =
            (0..300).flat_map(|i| [f64::from(i % 3) * 10.0 + noise.uniform_f64(), noise.uniform_f64()]).collect();
        for seed in 0..20 {
            let labels = kmeans(&data, 2, 3, &mut Noise::new(seed, "test"));
            assert!((0..300).all(|i| labels[i] == labels[i % 3]), "seed {seed}");
            assert!(labels[0] != labels[1] && labels[1] != labels[2] && labels[0] != labels[2]);
        }
        assert_eq!(kmeans(&[1.0; 20], 2, 4, noise), [0; 10]);
        assert_eq!(kmeans(&[1.0, 2.0], 1, 2, noise).len(), 2);
    }
}
