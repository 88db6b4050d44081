"""Makes Tests/Reference/concentration.json: portfolios under limits on concentration.

Needs what requirements-peers.txt pins. Run from the root of the repository:
python Tests/Generate/concentration.py

The choices are written down in cvxpy as their definitions read (sum_largest, sum_squares) and solved by Clarabel at
tight tolerances.
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


def market(rng, n):
    b = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
    cov = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
    return (cov + cov.T) / 2, rng.normal(0.0005, 0.001, n)


def case(seed, kind, kinds):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 26))
    cov, mean = market(rng, n)
    low, high = (-0.4, 0.6) if "short" in kinds else (0.0, 1.0)
    data = dict(
        name=f"{kind} {'+'.join(sorted(kinds))} {seed}", kind=kind, covariance=cov.tolist(), mean=mean.tolist(),
        low=low, high=high)
    w = cp.Variable(n)
    limits = [cp.sum(w) == 1, w >= low, w <= high]
    if "largest" in kinds:
        count = int(rng.integers(1, max(2, n // 2)))
        limit = float(count / n + rng.uniform(0.05, 0.4) * (1 - count / n))
        limits.append(cp.sum_largest(cp.abs(w) if low < 0 else w, count) <= limit)
        data |= dict(count=count, largest=limit)
    if "squares" in kinds:
        effective = float(rng.uniform(0.3, 0.9) * n)
        limits.append(cp.sum_squares(w) <= 1 / effective)
        data |= dict(effective=effective)
    if "turnover" in kinds:
        current = rng.uniform(0.5, 1, n)
        current = current / current.sum()
        limits.append(cp.norm1(w - current) <= 0.4)
        data |= dict(current=current.tolist(), turnover=0.4)
    variance = cp.quad_form(w, cp.psd_wrap(cov))
    if kind == "variance":
        objective = variance / 2
    elif kind == "utility":
        aversion = float(rng.uniform(0.5, 8))
        data |= dict(aversion=aversion)
        objective = aversion / 2 * variance - mean @ w
    elif kind == "target":
        # Between the return of the least variance and the largest one under the limits.
        solve(cp.Problem(cp.Minimize(variance), limits))
        first = float(mean @ w.value)
        solve(cp.Problem(cp.Maximize(mean @ w), limits))
        goal = first + float(rng.uniform(0.2, 0.8)) * (float(mean @ w.value) - first)
        data |= dict(target=goal)
        limits.append(mean @ w >= goal)
        objective = variance / 2
    elif kind == "sharpe":
        # 1 / (2 ratio²): the least half variance of k w with (μ − r 1)'(k w) = 1.
        y, k = cp.Variable(n), cp.Variable(nonneg=True)
        count, limit = data["count"], data["largest"]
        rows = [cp.sum(y) == k, y >= low * k, y <= high * k, mean @ y == 1]
        rows.append(cp.sum_largest(cp.abs(y) if low < 0 else y, count) <= limit * k)
        problem = cp.Problem(cp.Minimize(cp.quad_form(y, cp.psd_wrap(cov)) * 1e-3), rows)
        solve(problem)
        return data | dict(objective=float(1 / np.sqrt(problem.value * 1e3)), weights=(y.value / k.value).tolist())
    elif kind == "shortfall":
        scenarios = rng.multivariate_normal(mean, cov, 60)
        data |= dict(outcomes=scenarios.tolist())
        t, u = cp.Variable(), cp.Variable(60, nonneg=True)
        limits.append(u >= -scenarios @ w - t)
        objective = t + cp.sum(u) / 60 / 0.1
    problem = cp.Problem(cp.Minimize(objective), limits)
    solve(problem)
    return data | dict(objective=float(problem.value), weights=w.value.tolist())


def large(seed, kind, n, count, low):
    """Many assets, whose covariance is given by its factors."""
    rng = np.random.default_rng(seed)
    loadings = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
    specific = rng.uniform(0.005, 0.03, n) ** 2
    mean = rng.normal(0.0005, 0.001, n)
    limit = float(count / n + rng.uniform(0.1, 0.3) * (1 - count / n))
    data = dict(
        name=f"{kind} {n} {count} {low} {seed}", kind=kind, loadings=loadings.tolist(), specific=specific.tolist(),
        mean=mean.tolist(), low=low, high=1.0, count=count, largest=limit)
    w, f = cp.Variable(n), cp.Variable(3)
    limits = [cp.sum(w) == 1, w >= low, w <= 1, f == loadings.T @ w]
    limits.append(cp.sum_largest(cp.abs(w) if low < 0 else w, count) <= limit)
    variance = cp.sum_squares(f) + cp.sum_squares(cp.multiply(np.sqrt(specific), w))
    if kind == "utility":
        data |= dict(aversion=4.0)
        objective = 2 * variance - mean @ w
    else:
        objective = variance / 2
    problem = cp.Problem(cp.Minimize(objective * 1e3), limits)
    solve(problem)
    return data | dict(objective=float(problem.value) / 1e3, weights=w.value.tolist())


def main():
    cases, seed = [], 0
    for kind in ("variance", "utility", "target"):
        for kinds in (
            {"largest"}, {"squares"}, {"largest", "squares"}, {"largest", "short"}, {"squares", "short"},
            {"largest", "squares", "short"}, {"largest", "turnover"}, {"squares", "turnover"},
        ):
            if kind == "target" and "turnover" in kinds:
                continue
            for _ in range(2):
                cases.append(case(seed, kind, kinds))
                seed += 1
    for kinds in ({"largest"}, {"largest", "short"}):
        for kind in ("sharpe", "shortfall"):
            for _ in range(2):
                cases.append(case(seed, kind, kinds))
                seed += 1
    largest = [
        large(1000 + k, kind, n, count, low)
        for k, (kind, (n, count), low) in enumerate(
            (kind, size, low)
            for kind in ("variance", "utility") for size in ((100, 25), (300, 75), (300, 150))
            for low in (0.0, -0.1))
    ]
    versions = {name: importlib.metadata.version(name) for name in ("cvxpy", "clarabel", "numpy", "scipy")}
    document = dict(
        generator="Tests/Generate/concentration.py", python=sys.version.split()[0], versions=versions, cases=cases,
        large=largest)
    with open("Tests/Reference/concentration.json", "w") as file:
        json.dump(document, file)


main()
