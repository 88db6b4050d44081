"""Makes Tests/Reference/hierarchical.json: trees and hierarchical risk parity from SciPy.

Needs numpy 2.3.5, scipy 1.16.3 and, for a check only, PyPortfolioOpt 1.6.0. Run from the root of
the repository: python Tests/Generate/hierarchical.py

The trees are those of scipy.cluster.hierarchy.linkage; the allocation follows section 3 of López de
Prado (2016) in plain Python. With the direct distance the weights are compared with PyPortfolioOpt.
No two distances are equal in these cases, so that no tie has to be broken.
"""

import json
import sys

import numpy as np
import pandas as pd
import pypfopt
import scipy
from pypfopt.hierarchical_portfolio import HRPOpt
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

METHODS = ("single", "complete", "average", "ward")


def covariance(rng, n, observations=None, span=1.0):
    """Of a three-factor model, or of a sample of it; `span` widens the range of volatilities."""
    loadings = rng.standard_normal((n, 3)) * [0.02, 0.012, 0.006] + [0.015, 0, 0]
    scale = np.exp(span * rng.standard_normal(n))
    if observations is None:
        cov = loadings @ loadings.T + np.diag(rng.uniform(0.004, 0.03, n) ** 2)
        cov = cov * scale[:, None] * scale
    else:
        x = rng.standard_normal((observations, 3)) @ loadings.T
        x = (x + 0.01 * rng.standard_normal((observations, n))) * scale
        cov = np.atleast_2d(np.cov(x, rowvar=False))
    return (cov + cov.T) / 2


def cluster_variance(cov, items):
    block = cov[np.ix_(items, items)]
    inverse = 1 / np.diag(block)
    w = inverse / inverse.sum()
    return w @ block @ w


def hierarchical_risk_parity(cov, order):
    w = np.ones(len(cov))
    clusters = [list(order)]
    while clusters:
        halves = []
        for c in clusters:
            if len(c) > 1:
                halves.append((c[: len(c) // 2], c[len(c) // 2:]))
        for left, right in halves:
            a, b = cluster_variance(cov, left), cluster_variance(cov, right)
            # The article's 1 - a / (a + b) cancels where the share is small.
            w[left] *= b / (a + b)
            w[right] *= a / (a + b)
        clusters = [part for pair in halves for part in pair]
    return w


def main():
    rng = np.random.default_rng(20160524)
    cases = []
    sizes = [(2, None, 1.0), (3, None, 0.5), (4, None, 0.3), (7, None, 1.0), (12, None, 0.2),
             (20, None, 2.0), (33, None, 0.5), (40, None, 0.3), (25, 10, 0.3), (30, 200, 0.5)]
    for n, observations, span in sizes:
        cov = covariance(rng, n, observations, span)
        deviation = np.sqrt(np.diag(cov))
        corr = np.clip(cov / np.outer(deviation, deviation), -1, 1)
        np.fill_diagonal(corr, 1)
        direct = np.sqrt((1 - corr) / 2)
        distances = {"direct": direct, "distance-of-distances": squareform(pdist(direct))}
        results = []
        for name, matrix in distances.items():
            flat = squareform(matrix, checks=False)
            assert len(np.unique(flat)) == len(flat)
            for method in METHODS:
                tree = hierarchy.linkage(flat, method)
                assert n == 2 or np.diff(tree[:, 2]).min() > 1e-9
                order = hierarchy.leaves_list(tree).tolist()
                weights = hierarchical_risk_parity(cov, order)
                if name == "direct":
                    labels = [f"A{i:03d}" for i in range(n)]
                    frame = pd.DataFrame(cov, index=labels, columns=labels)
                    peer = HRPOpt(cov_matrix=frame)
                    peer.optimize(linkage_method=method)
                    gap = max(abs(peer.weights - weights))
                    assert gap < 1e-14, gap
                results.append({
                    "distance": name, "linkage": method, "order": order,
                    "first": tree[:, 0].astype(int).tolist(),
                    "second": tree[:, 1].astype(int).tolist(),
                    "height": tree[:, 2].tolist(), "count": tree[:, 3].astype(int).tolist(),
                    "weights": weights.tolist()})
        label = f"n={n}" + (f" T={observations}" if observations else "")
        cases.append({
            "name": label, "covariance": cov.tolist(), "relative": 1e-13, "results": results})
    json.dump({
        "generator": "Tests/Generate/hierarchical.py",
        "versions": {
            "python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "PyPortfolioOpt": pypfopt.__version__},
        "digits": 16, "cases": cases}, open("Tests/Reference/hierarchical.json", "w"), indent=0)
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
