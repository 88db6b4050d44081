"""Makes Tests/Reference/utility_costs.json: utilities with every kind of cost.

Needs what requirements-peers.txt pins. Run from the root of the repository:
python Tests/Generate/utility_costs.py

Every case is written down in cvxpy as its definition reads (positive parts for spreads, levels of books,
custody and borrowing, powers for impact, norms for penalties) and solved by Clarabel at tight tolerances.
"""

import importlib.metadata
import json
import sys

import cvxpy as cp
import numpy as np


def market(rng, n):
    b = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
    cov = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
    return (cov + cov.T) / 2, rng.normal(0.0005, 0.001, n)


def case(seed, kinds):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 16))
    cov, mean = market(rng, n)
    low = -0.3 if "short" in kinds else 0.0
    high = 0.6
    current = rng.uniform(0, 1, n)
    current = current / current.sum()
    aversion = float(rng.uniform(1, 8))
    periods = float(rng.choice([1, 5, 20]))
    w = cp.Variable(n)
    up, down = cp.pos(w - current), cp.pos(current - w)
    trade = cp.abs(w - current)
    cost = 0
    data = dict(
        name=f"{'+'.join(sorted(kinds))} {seed}", covariance=cov.tolist(), mean=mean.tolist(), low=low,
        high=high, current=current.tolist(), aversion=aversion, periods=periods)
    if "spread" in kinds:
        buying, selling = rng.uniform(0, 0.004, n), rng.uniform(0, 0.004, n)
        cost += (buying @ up + selling @ down) / periods
        data |= dict(buying=buying.tolist(), selling=selling.tolist())
    if "book" in kinds:
        # Two more levels of each book: sizes and prices.
        for side, part, first in [("buyingLevels", up, buying), ("sellingLevels", down, selling)]:
            sizes = np.cumsum(rng.uniform(0.01, 0.1, (2, n)), axis=0)
            rises = rng.uniform(0.0002, 0.004, (2, n))
            for k in range(2):
                cost += rises[k] @ cp.pos(part - sizes[k]) / periods
            data[side] = dict(
                sizes=sizes.tolist(), rates=(first + np.cumsum(rises, axis=0)).tolist())
    if "impact" in kinds:
        impact = rng.uniform(0.001, 0.05, n)
        cost += impact @ cp.square(w - current) / periods
        data |= dict(impact=impact.tolist())
    if "power" in kinds:
        power = rng.uniform(0.001, 0.02, n)
        cost += power @ cp.power(trade, 1.5) / periods
        data |= dict(powerImpact=power.tolist())
    if "holding" in kinds:
        long, short = rng.uniform(0, 0.0003, n), rng.uniform(0, 0.001, n)
        cost += long @ cp.pos(w) + short @ cp.pos(-w)
        data |= dict(long=long.tolist(), short=short.tolist())
    if "penalty" in kinds:
        absolute, square = rng.uniform(0, 0.001, n), rng.uniform(0, 0.003, n)
        reference = np.full(n, 1 / n) if seed % 2 else np.zeros(n)
        cost += absolute @ cp.abs(w - reference) + square @ cp.square(w - reference)
        data |= dict(absolute=absolute.tolist(), square=square.tolist(), reference=reference.tolist())
    limits = [cp.sum(w) == 1, w >= low, w <= high]
    if "turnover" in kinds:
        limit = float(rng.uniform(0.1, 0.5))
        limits.append(cp.sum(trade) <= limit)
        data |= dict(turnover=limit)
    objective = mean @ w - aversion / 2 * cp.quad_form(w, cp.psd_wrap(cov)) - cost
    problem = cp.Problem(cp.Maximize(objective), limits)
    problem.solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13, max_iter=500)
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status
    return data | dict(utility=float(problem.value), weights=w.value.tolist())


KINDS = [
    {"spread"}, {"spread", "book"}, {"impact"}, {"spread", "impact"}, {"power"}, {"spread", "power"},
    {"spread", "book", "impact", "power"}, {"holding", "short"}, {"holding", "short", "spread"}, {"penalty"},
    {"penalty", "short"}, {"penalty", "spread", "holding", "short"}, {"spread", "book", "turnover"},
    {"spread", "power", "turnover", "holding", "short"},
    {"spread", "book", "impact", "power", "holding", "penalty", "short", "turnover"},
]

cases = [case(100 * k + j, kinds) for k, kinds in enumerate(KINDS) for j in range(3)]
packages = {name: importlib.metadata.version(name) for name in ["cvxpy", "clarabel", "numpy"]}
with open("Tests/Reference/utility_costs.json", "w") as file:
    json.dump(
        dict(generator="Tests/Generate/utility_costs.py", python=sys.version.split()[0], versions=packages, cases=cases), file)
    file.write("\n")
print(len(cases), "cases")
