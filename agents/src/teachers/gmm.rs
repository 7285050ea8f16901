//! Gaussian mixtures with full covariances, fitted by expectation-maximisation (Dempster et al. 1977) as scikit-learn's
//! `GaussianMixture` has it, with its defaults: from the same responsibilities they agree to 1e-6 (`tests/gmm.rs`).

use super::bounds::normal;
use super::kmeans::kmeans;
use crate::common::noise::Noise;
use crate::error::{Error, Result};
use crate::options::words;
use crate::state::State;

/// A fit is over when the mean log-likelihood of a point gains less.
pub const TOLERANCE: f64 = 1e-3;
/// What is added to the diagonal of covariances.
pub const REGULARISATION: f64 = 1e-6;
/// Rounds of a fit at most.
pub const ROUNDS: usize = 100;

/// What tells which of several mixtures is best; the lowest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Akaike's information criterion.
    Aic,
    /// The Bayesian information criterion.
    Bic,
    /// Akaike's with a correction for few points. teachDeepRL takes the dimensions of the task in it, without that of the
    /// progress; here it has the parameters of the mixture that is fitted.
    Aicc,
}
words!(Criterion, "aic, bic or aicc", { "aic" => Criterion::Aic, "bic" => Criterion::Bic, "aicc" => Criterion::Aicc });

/// A mixture of Gaussians.
#[derive(Debug, Clone, PartialEq)]
pub struct Gmm {
    dimensions: usize,
    /// Weights `[k]`, their sum 1.
    pub weights: Vec<f64>,
    /// Means `[k, dimensions]`.
    pub means: Vec<f64>,
    /// Covariances `[k, dimensions, dimensions]`.
    pub covariances: Vec<f64>,
    /// Their lower Cholesky factors, and the inverses of these.
    factors: Vec<f64>,
    inverses: Vec<f64>,
    /// Rounds of the fit.
    pub rounds: usize,
    /// Whether it ended before [`ROUNDS`].
    pub converged: bool,
}

impl Gmm {
    /// Fits k Gaussians to `data` `[points, dimensions]`, from the clusters of k-means.
    ///
    /// # Errors
    /// [`Error::Mixture`] for fewer points than Gaussians, numbers that are not finite, and covariances that are singular all
    /// the same.
    pub fn fit(data: &[f64], dimensions: usize, k: usize, noise: &mut Noise) -> Result<Self> {
        check(data, dimensions, k)?;
        let labels = kmeans(data, dimensions, k, noise);
        let mut responsibilities = vec![0.0; labels.len() * k];
        labels.iter().enumerate().for_each(|(point, label)| responsibilities[point * k + label] = 1.0);
        Self::from_responsibilities(data, dimensions, k, responsibilities)
    }

    /// Fits k Gaussians, from the share `[points, k]` that each has in each point.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn from_responsibilities(data: &[f64], dimensions: usize, k: usize, mut shares: Vec<f64>) -> Result<Self> {
        check(data, dimensions, k)?;
        let mut mixture = Self::maximised(data, dimensions, k, &shares)?;
        let mut bound = f64::NEG_INFINITY;
        for round in 1..=ROUNDS {
            let before = bound;
            bound = mixture.expect(data, &mut shares) / (data.len() / dimensions) as f64;
            mixture = Self { rounds: round, ..Self::maximised(data, dimensions, k, &shares)? };
            if (bound - before).abs() < TOLERANCE {
                mixture.converged = true;
                break;
            }
        }
        Ok(mixture)
    }

    /// A mixture of these numbers.
    ///
    /// # Errors
    /// [`Error::Mixture`] if they are not of k Gaussians, or a covariance is singular.
    pub fn new(dimensions: usize, weights: Vec<f64>, means: Vec<f64>, covariances: Vec<f64>) -> Result<Self> {
        let k = weights.len();
        if k == 0 || means.len() != k * dimensions || covariances.len() != k * dimensions * dimensions {
            let found =
                format!("{k} weights, {} numbers of means and {} of covariances", means.len(), covariances.len());
            return Err(Error::Mixture(found));
        }
        let size = dimensions * dimensions;
        let (mut factors, mut inverses) = (vec![0.0; covariances.len()], vec![0.0; covariances.len()]);
        for (c, covariance) in covariances.chunks_exact(size).enumerate() {
            let at = c * size..(c + 1) * size;
            if !cholesky(covariance, dimensions, &mut factors[at.clone()]) {
                return Err(Error::Mixture(format!("the covariance of Gaussian {c} of {k} is singular or no number")));
            }
            invert(&factors[at.clone()], dimensions, &mut inverses[at]);
        }
        Ok(Self { dimensions, weights, means, covariances, factors, inverses, rounds: 0, converged: false })
    }

    /// Number of Gaussians.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// Mean `[dimensions]` of a Gaussian.
    pub fn mean(&self, component: usize) -> &[f64] {
        &self.means[component * self.dimensions..(component + 1) * self.dimensions]
    }

    /// Covariance `[dimensions, dimensions]` of a Gaussian.
    pub fn covariance(&self, component: usize) -> &[f64] {
        let size = self.dimensions * self.dimensions;
        &self.covariances[component * size..(component + 1) * size]
    }

    /// The first numbers of a draw from a Gaussian, as many as `out` has.
    pub fn sample(&self, component: usize, noise: &mut Noise, out: &mut [f64]) {
        let (d, mean) = (self.dimensions, self.mean(component));
        let factor = &self.factors[component * d * d..];
        let normals: Vec<f64> = out.iter().map(|_| normal(noise)).collect();
        for (i, value) in out.iter_mut().enumerate() {
            *value = mean[i] + (0..=i).map(|j| factor[i * d + j] * normals[j]).sum::<f64>();
        }
    }

    /// Logarithm of the likelihood of `data` `[points, dimensions]`.
    pub fn log_likelihood(&self, data: &[f64]) -> f64 {
        let mut shares = vec![0.0; data.len() / self.dimensions * self.components()];
        self.expect(data, &mut shares)
    }

    /// A criterion, the lower the better; AICc is infinite for as many parameters as points.
    pub fn criterion(&self, criterion: Criterion, data: &[f64]) -> f64 {
        let (n, d, k) = ((data.len() / self.dimensions) as f64, self.dimensions as f64, self.components() as f64);
        let parameters = k * d * (d + 1.0) / 2.0 + k * d + k - 1.0;
        let fit = -2.0 * self.log_likelihood(data);
        match criterion {
            Criterion::Aic => fit + 2.0 * parameters,
            Criterion::Bic => fit + n.ln() * parameters,
            Criterion::Aicc if n <= parameters + 1.0 => f64::INFINITY,
            Criterion::Aicc => fit + 2.0 * parameters * n / (n - parameters - 1.0),
        }
    }

    /// Keeps it under names with this prefix.
    pub fn save(&self, state: &mut State, prefix: &str) {
        state.put_f64(format!("{prefix}/weights"), &self.weights);
        state.put_f64(format!("{prefix}/means"), &self.means);
        state.put_f64(format!("{prefix}/covariances"), &self.covariances);
        state.put_u64(format!("{prefix}/fit"), &[self.rounds as u64, u64::from(self.converged)]);
    }

    /// What [`Self::save`] kept.
    ///
    /// # Errors
    /// [`Error::Checkpoint`], [`Error::Mixture`].
    pub fn load(dimensions: usize, state: &State, prefix: &str) -> Result<Self> {
        let read = |name: &str| Ok::<_, Error>(state.f64(&format!("{prefix}/{name}"))?.to_vec());
        let [rounds, converged] = state.counters(&format!("{prefix}/fit"))?;
        let mixture = Self::new(dimensions, read("weights")?, read("means")?, read("covariances")?)?;
        Ok(Self { rounds: rounds as usize, converged: converged > 0, ..mixture })
    }

    /// The share `[points, k]` of each Gaussian in each point; the log-likelihood of all of them.
    fn expect(&self, data: &[f64], shares: &mut [f64]) -> f64 {
        let (d, k) = (self.dimensions, self.components());
        let constant = d as f64 * std::f64::consts::TAU.ln();
        let mut beside = vec![0.0; d];
        for c in 0..k {
            let (mean, inverse) = (self.mean(c), &self.inverses[c * d * d..(c + 1) * d * d]);
            let log_determinant: f64 = (0..d).map(|i| inverse[i * d + i].ln()).sum();
            let offset = self.weights[c].ln() + log_determinant - 0.5 * constant;
            for (point, share) in data.chunks_exact(d).zip(shares[c..].iter_mut().step_by(k)) {
                beside.iter_mut().zip(point.iter().zip(mean)).for_each(|(b, (x, m))| *b = x - m);
                let mut squares = 0.0;
                for (i, row) in inverse.chunks_exact(d).enumerate() {
                    let y: f64 = row[..=i].iter().zip(&beside).map(|(a, b)| a * b).sum();
                    squares += y * y;
                }
                *share = offset - 0.5 * squares;
            }
        }
        let mut total = 0.0;
        for shares in shares.chunks_exact_mut(k) {
            let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            shares.iter_mut().for_each(|share| *share = (*share - largest).exp());
            let sum: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share /= sum);
            total += largest + sum.ln();
        }
        total
    }

    /// The Gaussians that fit these shares best.
    fn maximised(data: &[f64], d: usize, k: usize, shares: &[f64]) -> Result<Self> {
        // As scikit-learn: nobody divides by 0.
        let mut counts = vec![10.0 * f64::EPSILON; k];
        let (mut means, mut covariances) = (vec![0.0; k * d], vec![0.0; k * d * d]);
        for (point, shares) in data.chunks_exact(d).zip(shares.chunks_exact(k)) {
            for (c, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                counts[c] += share;
                means[c * d..(c + 1) * d].iter_mut().zip(point).for_each(|(mean, x)| *mean += share * x);
            }
        }
        means.iter_mut().enumerate().for_each(|(i, mean)| *mean /= counts[i / d]);
        let mut beside = vec![0.0; d];
        for (point, shares) in data.chunks_exact(d).zip(shares.chunks_exact(k)) {
            for (c, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                let mean = &means[c * d..(c + 1) * d];
                beside.iter_mut().zip(point.iter().zip(mean)).for_each(|(b, (x, m))| *b = x - m);
                let covariance = &mut covariances[c * d * d..(c + 1) * d * d];
                for i in 0..d {
                    let own = share * beside[i];
                    let row = &mut covariance[i * d..=i * d + i];
                    row.iter_mut().zip(&beside).for_each(|(sum, b)| *sum += own * b);
                }
            }
        }
        for (covariance, count) in covariances.chunks_exact_mut(d * d).zip(&counts) {
            for (i, j) in (0..d).flat_map(|i| (0..=i).map(move |j| (i, j))) {
                let value = covariance[i * d + j] / count + if i == j { REGULARISATION } else { 0.0 };
                (covariance[i * d + j], covariance[j * d + i]) = (value, value);
            }
        }
        let total: f64 = counts.iter().sum();
        Self::new(d, counts.iter().map(|count| count / total).collect(), means, covariances)
    }
}

/// The best of the mixtures of `from` to `to` Gaussians by a criterion, with its value; the smallest of equally good ones. A
/// number of Gaussians that cannot be fitted is left out.
///
/// # Errors
/// That of the last one if none can.
pub fn best(
    data: &[f64],
    dimensions: usize,
    (from, to): (usize, usize),
    criterion: Criterion,
    noise: &Noise,
) -> Result<(Gmm, f64)> {
    let mut best: Result<(Gmm, f64)> = Err(Error::Mixture("no number of Gaussians to try".to_owned()));
    for k in from..=to {
        match Gmm::fit(data, dimensions, k, &mut noise.at(k as u64, 0)) {
            Ok(mixture) => {
                let value = mixture.criterion(criterion, data);
                if best.as_ref().map_or(true, |(_, least)| value < *least) {
                    best = Ok((mixture, value));
                }
            }
            Err(error) if best.is_err() => best = Err(error),
            Err(_) => {}
        }
    }
    best
}

fn check(data: &[f64], dimensions: usize, k: usize) -> Result<()> {
    let points = data.len() / dimensions.max(1);
    match () {
        () if dimensions == 0 || !data.len().is_multiple_of(dimensions) => {
            Err(Error::Mixture(format!("{} numbers are no points of {dimensions} dimensions", data.len())))
        }
        () if k == 0 || points < k => Err(Error::Mixture(format!("{points} points for {k} Gaussians"))),
        () if !data.iter().all(|x| x.is_finite()) => {
            Err(Error::Mixture("a number of the data is not finite".to_owned()))
        }
        () => Ok(()),
    }
}

/// The lower factor of a symmetric matrix; false if it has none.
fn cholesky(matrix: &[f64], d: usize, factor: &mut [f64]) -> bool {
    for i in 0..d {
        for j in 0..=i {
            let rest = matrix[i * d + j] - (0..j).map(|m| factor[i * d + m] * factor[j * d + m]).sum::<f64>();
            if i != j {
                factor[i * d + j] = rest / factor[j * d + j];
            } else if rest > 0.0 && rest.is_finite() {
                factor[i * d + i] = rest.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// The inverse of a lower triangular matrix.
fn invert(factor: &[f64], d: usize, inverse: &mut [f64]) {
    for j in 0..d {
        inverse[j * d + j] = 1.0 / factor[j * d + j];
        for i in j + 1..d {
            let sum: f64 = (j..i).map(|m| factor[i * d + m] * inverse[m * d + j]).sum();
            inverse[i * d + j] = -sum / factor[i * d + i];
        }
    }
}
