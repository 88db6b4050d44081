"""Makes Tests/Reference/active_portfolios.json: targets of tracking error, and exposures to factors.

Needs what requirements.txt pins. Run from the root of the repository:
python Tests/Generate/active_portfolios.py

The choices are written down in cvxpy as their definitions read (a cone for the tracking error, equations and rows for
exposures) and solved by Clarabel at tight tolerances.
"""

import importlib.metadata
import json
import sys

import cvxpy as cp
import numpy as np

TIGHT = dict(solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13, max_iter=500)


def solve(problem):
    problem.solve(**TIGHT)
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status
    return float(problem.value)


def market(rng, n):
    b = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
    cov = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
    return (cov + cov.T) / 2, rng.normal(0.0005, 0.001, n)


def case(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 26))
    cov, mean = market(rng, n)
    root = np.linalg.cholesky(cov).T
    benchmark = rng.dirichlet(np.ones(n))
    beta, size = rng.uniform(0.4, 1.8, n), rng.standard_normal(n)
    low, high = (0.0, 1.0) if seed % 2 == 0 else (-0.2, 0.5)
    w = cp.Variable(n)
    box = [cp.sum(w) == 1, w >= low, w <= high]
    gain, risk = 1e3 * mean @ w, 1e4 * cp.quad_form(w, cp.psd_wrap(cov))
    # Between the least tracking error of these bounds and that of the highest return.
    near = np.sqrt(max(solve(cp.Problem(cp.Minimize(cp.sum_squares(100 * root @ (w - benchmark))), box)), 0)) / 100
    solve(cp.Problem(cp.Maximize(gain), box))
    far = float(np.linalg.norm(root @ (w.value - benchmark)))
    limit = float(near + rng.uniform(0.1, 0.7) * (far - near))
    active = solve(cp.Problem(cp.Maximize(gain), box + [cp.norm(100 * root @ (w - benchmark)) <= 100 * limit])) / 1e3
    # A market without a net exposure: long and short positions that add to nothing.
    loose = [cp.sum(w) == 0, w >= -0.5, w <= 0.5, beta @ w == 0, size @ w <= 0.05, size @ w >= -0.02]
    neutral = solve(cp.Problem(cp.Minimize(2 * risk - 1e1 * gain), loose)) / 1e4
    exposed = solve(cp.Problem(cp.Minimize(risk), box + [beta @ w >= 0.7, beta @ w <= 0.8])) / 2e4
    return dict(
        name=f"{n} assets {seed}", covariance=cov.tolist(), mean=mean.tolist(), low=low, high=high,
        benchmark=benchmark.tolist(), trackingError=limit, activeReturn=active, beta=beta.tolist(), size=size.tolist(),
        neutralObjective=neutral, exposedObjective=exposed)


def main():
    versions = {name: importlib.metadata.version(name) for name in ("cvxpy", "clarabel", "numpy", "scipy")}
    document = dict(
        generator="Tests/Generate/active_portfolios.py", python=sys.version.split()[0], versions=versions,
        cases=[case(seed) for seed in range(12)])
    with open("Tests/Reference/active_portfolios.json", "w") as file:
        json.dump(document, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
