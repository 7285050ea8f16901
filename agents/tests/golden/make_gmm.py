"""Makes gmm.json: mixtures that scikit-learn fits from given responsibilities.

    pip install scikit-learn==1.9.1 numpy==2.4.6
    python agents/tests/golden/make_gmm.py

Every case has its points, the share that each Gaussian has in each point at the start, and what GaussianMixture comes to from
there: weights, means, covariances, rounds, log-likelihood, AIC and BIC. Cases differ in points, dimensions, k, and how far
the clusters lie apart; the last ones are hard: Gaussians without points, a dimension without any spread, points all alike.
"""

import json
import pathlib
import platform
import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture


class FromShares(GaussianMixture):
    """Starts at the M step of given responsibilities, as it would at those of its k-means."""

    def __init__(self, shares, **options):
        super().__init__(**options)
        self.shares = shares

    def _initialize_parameters(self, X, random_state, xp=None):
        self._initialize(X, self.shares)


def case(name, points, shares):
    """One fit with the defaults that teachers have."""
    mixture = FromShares(shares, n_components=shares.shape[1], covariance_type="full")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(points)
    return {
        "name": name,
        "dimensions": points.shape[1],
        "points": points.ravel().tolist(),
        "shares": shares.ravel().tolist(),
        "weights": mixture.weights_.tolist(),
        "means": mixture.means_.ravel().tolist(),
        "covariances": mixture.covariances_.ravel().tolist(),
        "rounds": int(mixture.n_iter_),
        "converged": bool(mixture.converged_),
        "log_likelihood": float(mixture.score(points) * len(points)),
        "aic": float(mixture.aic(points)),
        "bic": float(mixture.bic(points)),
    }


def clusters(rng, n, dimensions, k, apart):
    """Points around k centres, each with a covariance of its own, rounded as a file holds them."""
    of = rng.integers(k, size=n)
    centres = rng.uniform(0, apart, (k, dimensions))
    shapes = rng.normal(size=(k, dimensions, dimensions)) / np.sqrt(dimensions)
    points = centres[of] + np.einsum("nij,nj->ni", shapes[of], rng.normal(size=(n, dimensions)))
    return points.round(6)


def soft(rng, n, k):
    return rng.dirichlet(np.full(k, 0.3), size=n).round(6)


def hard(rng, n, k):
    return np.eye(k)[rng.integers(k, size=n)]


def main():
    rng = np.random.default_rng(20)
    cases = []
    for dimensions, n, ks in [(2, 60, (1, 2, 3)), (3, 100, (2, 5, 10)), (13, 120, (2, 4))]:
        for k in ks:
            points = clusters(rng, n, dimensions, k, 6.0)
            cases.append(case(f"soft start, D {dimensions}, k {k}", points, soft(rng, n, k)))
            cases.append(case(f"hard start, D {dimensions}, k {k}", points, hard(rng, n, k)))
    # Progress as ALP-GMM sees it: zero nearly everywhere.
    points = np.column_stack([rng.uniform(size=(80, 2)), np.where(rng.uniform(size=80) < 0.1, rng.uniform(size=80), 0)])
    cases.append(case("mostly no progress", points.round(6), hard(rng, 80, 4)))
    points = np.column_stack([rng.uniform(size=(50, 1)), np.full(50, 0.25)]).round(6)
    cases.append(case("a dimension without spread", points, hard(rng, 50, 3)))
    shares = np.zeros((40, 3))
    shares[:, 0] = 1.0
    cases.append(case("two Gaussians without points", rng.normal(size=(40, 2)).round(6), shares))
    cases.append(case("all points alike", np.full((30, 2), 0.5), hard(rng, 30, 2)))
    versions = f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    head = {"origin": f"make_gmm.py with {versions}; tol 1e-3, reg_covar 1e-6, max_iter 100, covariance_type full"}
    # A case per line.
    lines = ",\n".join(json.dumps(one) for one in cases)
    text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
    pathlib.Path(__file__).with_name("gmm.json").write_text(text)
    for one in cases:
        print(one["name"], one["rounds"], one["converged"], one["log_likelihood"])


if __name__ == "__main__":
    main()
