//! The HiPPO-LegS matrix (Gu et al. 2020) made normal, and its eigenvalues: how states begin.

use nalgebra::{DMatrix, SymmetricEigen};

use super::C64;

/// Of the matrix of size `size`: those eigenvalues of which the others are the conjugates, sorted by imaginary part, and the
/// eigenvectors `[size, size / 2]`, columns of length 1.
///
/// LegS plus `p pᵀ`, `p[n] = sqrt(n + 1/2)`, is -1/2 plus a skew-symmetric matrix S, so eigenvalues are -1/2 plus i times
/// those of the Hermitian -iS.
pub(in super::super) fn eigen(size: usize) -> (Vec<C64>, DMatrix<C64>) {
    let odd = |n: usize| (2 * n + 1) as f64;
    let hermitian = DMatrix::from_fn(size, size, |n, k| {
        // Below the diagonal -sqrt(..) + sqrt(..)/2, above sqrt(..)/2: skew.
        let half = (odd(n) * odd(k)).sqrt() / 2.0;
        let skew = match n.cmp(&k) {
            std::cmp::Ordering::Greater => -half,
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Less => half,
        };
        C64::new(0.0, -skew)
    });
    let found = SymmetricEigen::new(hermitian);
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&i, &j| found.eigenvalues[i].total_cmp(&found.eigenvalues[j]));
    let half = &order[..size / 2];
    let lambda = half.iter().map(|&i| C64::new(-0.5, found.eigenvalues[i])).collect();
    (lambda, DMatrix::from_fn(size, half.len(), |row, column| found.eigenvectors[(row, half[column])]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix itself, from its definition.
    fn normal(size: usize) -> DMatrix<C64> {
        DMatrix::from_fn(size, size, |n, k| {
            let root = ((2 * n + 1) as f64 * (2 * k + 1) as f64).sqrt();
            let a = match n.cmp(&k) {
                std::cmp::Ordering::Greater => -root,
                std::cmp::Ordering::Equal => -(n as f64 + 1.0),
                std::cmp::Ordering::Less => 0.0,
            };
            C64::new(a + ((n as f64 + 0.5) * (k as f64 + 0.5)).sqrt(), 0.0)
        })
    }

    #[test]
    fn eigenvectors_of_the_matrix_made_normal() {
        for size in [2, 8, 64, 256] {
            let (lambda, vectors) = eigen(size);
            let (product, scale) = (normal(size) * &vectors, size as f64);
            for (i, lambda) in lambda.iter().enumerate() {
                let off = (product.column(i) - vectors.column(i) * *lambda).norm();
                assert!(off < 1e-11 * scale && lambda.im < 0.0, "{size}: {i}: {off:e}");
            }
            let gram = vectors.adjoint() * &vectors;
            assert!((gram - DMatrix::identity(size / 2, size / 2)).norm() < 1e-10 * scale);
        }
    }
}
