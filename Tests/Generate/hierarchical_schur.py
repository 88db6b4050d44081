"""Makes Tests/Reference/hierarchical_schur.json: Schur complementary allocation from skfolio.

Needs numpy 2.3.5, scipy 1.16.3, skfolio 1.12.2 and mpmath 1.3.0. Run from the root of the repository:
python Tests/Generate/hierarchical_schur.py

The covariance form is skfolio's SchurComplementary, over the order of SciPy's tree as its merges stand; skfolio's own default
is SciPy's optimal order, which is often not optimal. The budget form is the recursion written down in mpmath with 40 digits.
"""

import json
import sys
import warnings

import mpmath
import numpy as np
import scipy
import skfolio
from mpmath import mp, mpf
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from skfolio.optimization import SchurComplementary
from skfolio.seriation import BaseSeriation

warnings.filterwarnings("ignore")
mp.dps = 40


class GivenOrder(BaseSeriation):
    def __init__(self, order=None):
        self.order = order

    def fit(self, X, y=None):
        _, self.investable_mask_ = self._validate_distance(X, reset=True)
        self.ordering_ = np.array(self.order)
        return self


def sample(rng, n, length, common):
    factors = rng.standard_normal((length, 3)) @ rng.standard_normal((3, n))
    x = (common * factors + rng.standard_normal((length, n))) * np.exp(0.4 * rng.standard_normal(n))
    return 0.01 * x


def direction(q, b, gamma):
    n = q.rows
    if n == 1:
        return mpmath.matrix([b[0] / q[0, 0]])
    m = n // 2
    a, c, d = q[:m, :m], q[:m, m:], q[m:, m:]
    solved_d, solved_a = mpmath.inverse(d), mpmath.inverse(a)
    left = direction(a - gamma * c * solved_d * c.T, b[:m] - gamma * c * (solved_d * b[m:]), gamma)
    right = direction(d - gamma * c.T * solved_a * c, b[m:] - gamma * c.T * (solved_a * b[:m]), gamma)
    result = mpmath.matrix(list(left) + list(right))
    damped = gamma * q
    for i in range(n):
        damped[i, i] = q[i, i]
    x = mpmath.lu_solve(damped, b)
    size = (b.T * x)[0] ** 2 / (x.T * q * x)[0]
    return result * (size / (b.T * result)[0])


def budget_form(cov, order, gamma):
    ordered = mpmath.matrix(cov[np.ix_(order, order)].tolist())
    x = direction(ordered, mpmath.matrix([1] * len(order)), mpf(gamma))
    total = sum(x)
    weights = np.zeros(len(order))
    for place, value in zip(order, x):
        weights[place] = float(value / total)
    return weights


def main():
    rng = np.random.default_rng(20241105)
    cases, capped = [], 0
    for n, length, common in [
            (2, 50, 1), (3, 50, 1), (4, 60, 0.5), (5, 60, 1), (7, 80, 0.7), (8, 100, 0.3), (11, 100, 1), (16, 120, 0.5),
            (23, 200, 0.3), (40, 300, 0.2), (30, 45, 1.0), (20, 22, 1.0)]:
        x = sample(rng, n, length, common)
        cov = np.cov(x, rowvar=False)
        cov = (cov + cov.T) / 2
        deviation = np.sqrt(np.diag(cov))
        corr = np.clip(cov / np.outer(deviation, deviation), -1, 1)
        np.fill_diagonal(corr, 1)
        tree = hierarchy.linkage(squareform(np.sqrt((1 - corr) / 2), checks=False), "ward")
        order = hierarchy.leaves_list(tree).tolist()
        results = []
        for gamma in (0.0, 0.1, 0.3, 0.5, 0.8, 1.0):
            model = SchurComplementary(gamma=gamma, seriation_estimator=GivenOrder(order)).fit(x)
            capped += model.effective_gamma_ < gamma
            results.append({
                "gamma": gamma, "effective": float(model.effective_gamma_), "weights": model.weights_.tolist(),
                "budget": budget_form(cov, order, gamma).tolist()})
        solved = np.linalg.solve(cov, np.ones(n))
        assert np.abs(solved / solved.sum() - results[-1]["budget"]).max() < 1e-9
        assert np.abs(np.array(results[0]["weights"]) - results[0]["budget"]).max() < 1e-12
        cases.append({
            "name": f"n={n} T={length}", "covariance": cov.tolist(), "order": order,
            "condition": float(np.linalg.cond(corr)), "results": results})
    json.dump({
        "generator": "Tests/Generate/hierarchical_schur.py",
        "versions": {
            "python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "skfolio": skfolio.__version__, "mpmath": mpmath.__version__},
        "digits": 16, "cases": cases}, open("Tests/Reference/hierarchical_schur.json", "w"), indent=0)
    print(len(cases), "cases;", capped, "with a smaller gamma")


if __name__ == "__main__":
    main()
