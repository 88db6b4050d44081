"""Makes Tests/Reference/tail_distances.json: tail and growth choices under limits on turnover and gross exposure.

Needs what requirements-peers.txt pins. Run from the root of the repository:
python Tests/Generate/tail_distances.py

The choices are written down in cvxpy as their definitions read, limits as norm1, and solved by Clarabel at tight
tolerances. The ratio is one over the least shortfall of y with an excess return of one, w = y / k.
"""

import importlib.metadata
import json
import sys

import cvxpy as cp
import numpy as np

TIGHT = dict(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12, max_iter=500)


def solve(objective, limits):
    problem = cp.Problem(objective, limits)
    problem.solve(**TIGHT)
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status
    return float(problem.value)


def case(seed):
    rng = np.random.default_rng(seed)
    n, count = int(rng.integers(4, 12)), int(rng.integers(40, 90))
    market = rng.standard_normal(count) * 0.02
    market -= market.mean()
    outcomes = 0.004 + np.outer(market, rng.uniform(0.3, 1.7, n)) + rng.standard_normal((count, n)) * rng.uniform(
        0.005, 0.04, n) + rng.uniform(0, 0.004, n)
    short = seed % 2 == 1
    low, high = (-0.3, 0.8) if short else (0.0, 1.0)
    current = rng.uniform(0.2, 1, n)
    current /= current.sum()
    turnover = float(rng.uniform(0.1, 0.8))
    gross = 1.3 if short else None
    confidence, rate = float(rng.uniform(0.7, 0.95)), 0.001
    floor = 0.9
    mean = outcomes.mean(axis=0)

    def limits(w, k):
        rows = [cp.sum(w) == k, w >= low * k, w <= high * k, cp.norm1(w - k * current) <= turnover * k]
        return rows + ([cp.norm1(w) <= gross * k] if short else [])

    def shortfall(w):
        t, u = cp.Variable(), cp.Variable(count, nonneg=True)
        return t + cp.sum(u) / count / (1 - confidence), [u >= -outcomes @ w - t]

    w = cp.Variable(n)
    value, tail = shortfall(w)
    least = solve(cp.Minimize(value), limits(w, 1) + tail)
    y, k = cp.Variable(n), cp.Variable(nonneg=True)
    value, tail = shortfall(y)
    most = 1 / solve(cp.Minimize(value), limits(y, k) + tail + [mean @ y - rate * k == 1])
    wealth = 1 + outcomes @ w
    growth = cp.sum(cp.log(wealth)) / count
    free = solve(cp.Maximize(growth), limits(w, 1))
    # The largest exponent of some, so that the moment binds.
    for exponent in (24, 18, 13, 9, 6, 4, 2, 1):
        moment = cp.log_sum_exp(-exponent * cp.log(wealth) - np.log(count)) <= 0
        problem = cp.Problem(cp.Maximize(growth), limits(w, 1) + [moment])
        problem.solve(**TIGHT)
        if problem.status in ("optimal", "optimal_inaccurate"):
            break
    careful, probability = float(problem.value), float(floor**exponent)
    return dict(
        name=f"{n} assets {seed}", outcomes=outcomes.tolist(), low=low, high=high, current=current.tolist(),
        turnover=turnover, gross=gross, confidence=confidence, shortfall=least, riskFreeRate=rate, ratio=most,
        growth=free, floor=floor, probability=probability, growthAtDrawdown=careful)


def main():
    versions = {name: importlib.metadata.version(name) for name in ("cvxpy", "clarabel", "numpy", "scipy")}
    document = dict(
        generator="Tests/Generate/tail_distances.py", python=sys.version.split()[0], versions=versions,
        cases=[case(seed) for seed in range(16)])
    with open("Tests/Reference/tail_distances.json", "w") as file:
        json.dump(document, file)


main()
