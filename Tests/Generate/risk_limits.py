"""Makes Tests/Reference/risk_limits.json: portfolios under limits on shares of the variance.

Needs what requirements.txt pins. Run from the root of the repository:
python Tests/Generate/risk_limits.py

The problems are not convex. Each is solved by SLSQP of SciPy from many random starts; for three assets a grid over all
weights, made finer around its best point, has to agree.
"""

import importlib.metadata
import json
import sys

import numpy as np
from scipy.optimize import minimize


def market(rng, n):
    b = rng.standard_normal((n, 2)) * np.array([0.3, 0.5]) + np.array([1, 0])
    cov = (b @ b.T + np.diag(rng.uniform(0.05, 1.5, n))) * 4e-4
    return (cov + cov.T) / 2, rng.normal(0.0005, 0.001, n)


def shares(cov, groups, w):
    c = w * (cov @ w)
    return np.array([c[g].sum() for g in groups]) / c.sum()


def slsqp(cov, mean, aversion, groups, limits, low, high, rng):
    n = len(cov)
    unit = np.trace(cov) / n
    s, q = cov / unit, -mean / unit
    curvature = 1.0 if aversion is None else aversion
    q = np.zeros(n) if aversion is None else q

    def objective(w):
        return curvature / 2 * w @ s @ w + q @ w

    def gradient(w):
        return curvature * s @ w + q

    def room(w):
        c = w * (s @ w)
        return limits * c.sum() - np.array([c[g].sum() for g in groups])

    def slope(w):
        p = s @ w
        rows = []
        for g, b in zip(groups, limits):
            e = np.zeros(n)
            e[g] = 1
            rows.append(2 * b * p - e * p - s @ (e * w))
        return np.array(rows)

    best = None
    for _ in range(150):
        start = rng.dirichlet(np.ones(n)) if low >= 0 else rng.uniform(low, high, n)
        found = minimize(
            objective, start, jac=gradient, method="SLSQP", bounds=[(low, high)] * n,
            constraints=[
                dict(type="eq", fun=lambda w: w.sum() - 1, jac=lambda w: np.ones(n)),
                dict(type="ineq", fun=room, jac=slope)],
            options=dict(ftol=1e-15, maxiter=500))
        w = found.x
        if abs(w.sum() - 1) < 1e-9 and room(w).min() > -1e-9 and w.min() > low - 1e-9 and w.max() < high + 1e-9:
            if best is None or found.fun < best[0]:
                best = (found.fun, w)
    return None if best is None else (best[0] * unit, best[1])


def grid(cov, mean, aversion, groups, limits, low, high):
    center, width, best = None, None, None
    for _ in range(12):
        if center is None:
            axis = np.linspace(low, high, 801)
            a, b = np.meshgrid(axis, axis)
        else:
            a, b = np.meshgrid(*(np.linspace(c - width, c + width, 401) for c in center))
        w = np.stack([a.ravel(), b.ravel(), 1 - a.ravel() - b.ravel()], 1)
        w = w[(w.min(1) >= low - 1e-15) & (w.max(1) <= high + 1e-15)]
        c = w * (w @ cov)
        total = c.sum(1)
        inside = np.all([c[:, g].sum(1) <= l * total for g, l in zip(groups, limits)], axis=0)
        w, total = w[inside], total[inside]
        if len(w):
            value = total / 2 if aversion is None else aversion / 2 * total - w @ mean
            k = value.argmin()
            if best is None or value[k] < best:
                best, center = value[k], w[k][:2]
        elif center is None:
            return None
        width = (high - low) / 100 if width is None else width / 6
    return best


def case(seed):
    rng = np.random.default_rng(seed)
    n = 3 if seed % 2 == 0 else 4
    cov, mean = market(rng, n)
    aversion = None if seed % 3 == 0 else float(rng.uniform(1, 8))
    low, high = (0.0, 1.0) if seed % 4 < 2 else (-0.5, 1.0)
    if seed % 5 == 4 and n == 4:
        groups, limits = [[0, 1], [2]], np.array([rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.6)])
    else:
        groups = [[i] for i in range(n)]
        limits = np.full(n, rng.uniform(1.05, 1.6) / n)
    found = slsqp(cov, mean, aversion, groups, limits, low, high, rng)
    assert found is not None, seed
    value, w = found
    if n == 3:
        check = grid(cov, mean, aversion, groups, limits, low, high)
        assert check is not None and value - 1e-6 * abs(value) <= check <= value + 2e-4 * abs(value), (seed, value, check)
    return dict(
        name=f"{seed}", covariance=cov.tolist(), mean=mean.tolist(), aversion=aversion, low=low, high=high,
        groups=groups, shares=limits.tolist(), objective=float(value), weights=w.tolist())


def main():
    cases = [case(seed) for seed in range(40)]
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "scipy")}
    document = dict(
        generator="Tests/Generate/risk_limits.py", python=sys.version.split()[0], versions=versions, cases=cases)
    with open("Tests/Reference/risk_limits.json", "w") as file:
        json.dump(document, file)


main()
