"""Makes Tests/Reference/multi_period.json: plans over several periods with every kind of cost.

Needs what requirements-peers.txt pins. Run from the root of the repository:
python Tests/Generate/multi_period.py

Every plan is written down in cvxpy as one stacked program, as its definition reads, and solved by Clarabel at tight
tolerances.
"""

import importlib.metadata
import json
import sys

import cvxpy as cp
import numpy as np


def market(rng, n):
    b = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
    cov = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
    return (cov + cov.T) / 2


def case(seed, kinds):
    rng = np.random.default_rng(seed)
    n, steps = int(rng.integers(5, 11)), int(rng.integers(2, 9))
    covs = [market(rng, n) for _ in range(steps if "covariances" in kinds else 1)]
    base, signal = rng.normal(0.0005, 0.001, n), rng.normal(0, 0.003, n)
    means = np.array([base + signal * 0.7 ** t for t in range(steps)])
    if "noise" in kinds:
        means += rng.normal(0, 0.002, means.shape)
    low, high = (-0.3 if "short" in kinds else 0.0), 0.6
    current = rng.uniform(0, 1, n)
    current = current / current.sum()
    aversion = float(rng.uniform(1, 8))
    periods = float(rng.choice([1, 2]))
    data = dict(
        name=f"{'+'.join(sorted(kinds))} {seed}", covariances=[c.tolist() for c in covs],
        means=means.tolist(), low=low, high=high, current=current.tolist(), aversion=aversion,
        periods=periods)
    w = cp.Variable((steps, n))
    rates = {}
    for name, top in [
            ("buying", 0.003), ("selling", 0.003), ("impact", 0.03), ("powerImpact", 0.02), ("long", 0.0003),
            ("short", 0.001), ("absolute", 0.001), ("square", 0.003)]:
        rates[name] = rng.uniform(top / 10, top, n)
    sizes, rises = np.cumsum(rng.uniform(0.01, 0.1, (2, n)), axis=0), rng.uniform(0.0002, 0.003, (2, 2, n))
    reference = np.full(n, 1 / n)
    terminal = rng.uniform(0.5, 1, n)
    terminal = terminal / terminal.sum()
    group = float(rng.uniform(0.2, 0.4))
    utility, limits, before = 0, [], current
    for t in range(steps):
        trade = w[t] - before
        up, down = cp.pos(trade), cp.pos(-trade)
        cov = covs[t % len(covs)]
        utility += means[t] @ w[t] - aversion / 2 * cp.quad_form(w[t], cp.psd_wrap(cov))
        if "spread" in kinds:
            utility -= (rates["buying"] @ up + rates["selling"] @ down) / periods
        if "book" in kinds:
            for side, part in enumerate([up, down]):
                for k in range(2):
                    utility -= rises[side, k] @ cp.pos(part - sizes[k]) / periods
        if "impact" in kinds:
            utility -= rates["impact"] @ cp.square(trade) / periods
        if "power" in kinds:
            utility -= rates["powerImpact"] @ cp.power(cp.abs(trade), 1.5) / periods
        if "holding" in kinds:
            utility -= rates["long"] @ cp.pos(w[t]) + rates["short"] @ cp.pos(-w[t])
        if "penalty" in kinds:
            distance = w[t] - reference
            utility -= rates["absolute"] @ cp.abs(distance) + rates["square"] @ cp.square(distance)
        limits += [cp.sum(w[t]) == 1, w[t] >= low, w[t] <= high]
        if "gross" in kinds:
            limits.append(cp.norm1(w[t]) <= 1.2)
        if "group" in kinds:
            limits += [w[t][0] + w[t][1] >= group, w[t][0] + w[t][1] <= group + 0.05]
        before = w[t]
    if "terminal" in kinds:
        limits.append(w[steps - 1] == terminal)
        data |= dict(terminal=terminal.tolist())
    for kind, names in [
            ("spread", ["buying", "selling"]), ("impact", ["impact"]), ("power", ["powerImpact"]),
            ("holding", ["long", "short"]), ("penalty", ["absolute", "square"])]:
        if kind in kinds:
            data |= {name: rates[name].tolist() for name in names}
    if "penalty" in kinds:
        data |= dict(reference=reference.tolist())
    if "book" in kinds:
        for side, name, first in [(0, "buyingLevels", "buying"), (1, "sellingLevels", "selling")]:
            prices = rates[first] + np.cumsum(rises[side], axis=0)
            data[name] = dict(sizes=sizes.tolist(), rates=prices.tolist())
    if "gross" in kinds:
        data |= dict(gross=1.2)
    if "group" in kinds:
        data |= dict(group=[group, group + 0.05])
    problem = cp.Problem(cp.Maximize(utility), limits)
    problem.solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13, max_iter=500)
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status
    return data | dict(utility=float(problem.value), weights=w.value.tolist())


KINDS = [
    {"none"}, {"spread"}, {"spread", "noise"}, {"spread", "book", "noise"}, {"impact"}, {"spread", "impact", "noise"},
    {"power"}, {"spread", "power", "noise"}, {"spread", "covariances"}, {"spread", "holding", "short", "noise"},
    {"spread", "penalty"}, {"spread", "terminal", "noise"}, {"impact", "power", "terminal", "covariances"},
    {"spread", "gross", "short", "noise"}, {"spread", "group", "noise"},
    {"spread", "impact", "gross", "short", "group", "holding"},
    {"spread", "book", "impact", "power", "holding", "penalty", "short", "group", "gross", "noise", "covariances"},
]

cases = [case(100 * k + j, kinds) for k, kinds in enumerate(KINDS) for j in range(3)]
packages = {name: importlib.metadata.version(name) for name in ["cvxpy", "clarabel", "numpy"]}
with open("Tests/Reference/multi_period.json", "w") as file:
    json.dump(
        dict(generator="Tests/Generate/multi_period.py", python=sys.version.split()[0], versions=packages, cases=cases), file)
    file.write("\n")
print(len(cases), "cases")
