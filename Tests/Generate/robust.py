"""Makes Tests/Reference/robust.json: portfolios for the worst case of a set, and worst laws near a sample.

Needs what requirements-peers.txt pins. Run from the root of the repository:
python Tests/Generate/robust.py

The utilities and shortfalls are written down in cvxpy as their definitions read and solved by Clarabel at tight
tolerances. The worst shortfall of given weights over laws near a sample is found without its formula: a linear program
of HiGHS moves the mass of each scenario to the points of a grid. Mean weights over draws are those of NumPy's own
random numbers, with the frontier of two assets in closed form.
"""

import importlib.metadata
import json
import sys

import cvxpy as cp
import numpy as np
from scipy import sparse
from scipy.optimize import linprog
from scipy.stats import chi2, norm

TIGHT = dict(solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13, max_iter=500)


def solve(problem):
    problem.solve(**TIGHT)
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status


def market(rng, n):
    b = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
    cov = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
    return (cov + cov.T) / 2, rng.normal(0.0005, 0.001, n)


def utility(seed, kinds):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 16))
    cov, mean = market(rng, n)
    low, high = (-0.3, 0.6) if "short" in kinds else (0.0, 0.6)
    aversion = float(rng.uniform(1, 8))
    observations = int(rng.integers(20, 300))
    w = cp.Variable(n)
    data = dict(
        name=f"{'+'.join(sorted(kinds))} {seed}", covariance=cov.tolist(), mean=mean.tolist(), low=low, high=high,
        aversion=aversion)
    limits = [cp.sum(w) == 1, w >= low, w <= high]
    cost = 0
    if "box" in kinds:
        widths = rng.uniform(0.2, 2, n) * np.sqrt(np.diag(cov) / observations)
        data |= dict(widths=widths.tolist())
        loss = widths @ cp.abs(w)
    elif "axes" in kinds:
        errors = rng.uniform(0.2, 2, n) * np.sqrt(np.diag(cov) / observations)
        if "cash" in kinds:
            errors[0] = 0
        radius = float(rng.uniform(0.2, 3))
        data |= dict(standardErrors=errors.tolist(), radius=radius)
        loss = radius * cp.norm(cp.multiply(errors, w))
    else:
        if "own" in kinds:
            errors = cov / observations
        else:
            errors = market(rng, n)[0] / observations
        if "cash" in kinds:
            errors[0, :] = errors[:, 0] = 0
        radius = float(rng.uniform(0.2, 3))
        data |= dict(errors=errors.tolist(), radius=radius)
        values, vectors = np.linalg.eigh(errors)
        root = (vectors * np.sqrt(np.maximum(values, 0))).T
        loss = radius * cp.norm(root @ w)
    if "cost" in kinds:
        current = rng.uniform(0, 1, n)
        current = current / current.sum()
        buying, impact = rng.uniform(0, 0.002, n), rng.uniform(0.0005, 0.005, n)
        cost += buying @ cp.abs(w - current) + impact @ cp.square(w - current)
        data |= dict(current=current.tolist(), buying=buying.tolist(), impact=impact.tolist())
    if "gross" in kinds:
        limits.append(cp.norm1(w) <= 1.5)
        data |= dict(gross=1.5)
    problem = cp.Problem(
        cp.Maximize(mean @ w - loss - aversion / 2 * cp.quad_form(w, cp.psd_wrap(cov)) - cost), limits)
    solve(problem)
    return data | dict(utility=float(problem.value), weights=w.value.tolist())


def sample(rng, s, n):
    r = 0.001 + 0.02 * np.outer(rng.standard_normal(s), rng.uniform(0.3, 1.5, n))
    return r + rng.standard_t(4, (s, n)) * rng.uniform(0.005, 0.03, n)


DUAL = {"sum": "inf", "largest": 1, "euclidean": 2}


def shortfall(seed, norm_name, short, weighted, target):
    rng = np.random.default_rng(seed)
    n, s = int(rng.integers(3, 10)), int(rng.integers(20, 80))
    r = sample(rng, s, n)
    p = rng.uniform(0.2, 1, s) if weighted else np.ones(s)
    p = p / p.sum()
    confidence = float(rng.choice([0.8, 0.9, 0.95]))
    radius = float(rng.uniform(0.0001, 0.003))
    low, high = (-0.4, 0.7) if short else (0.0, 0.7)
    w, t, u = cp.Variable(n), cp.Variable(), cp.Variable(s, nonneg=True)
    limits = [cp.sum(w) == 1, w >= low, w <= high, u >= -r @ w - t]
    goal = None
    if target:
        goal = float(np.quantile(p @ r, 0.6))
        limits.append((p @ r) @ w >= goal)
    objective = t + p @ u / (1 - confidence) + radius / (1 - confidence) * cp.norm(w, DUAL[norm_name])
    problem = cp.Problem(cp.Minimize(objective), limits)
    solve(problem)
    return dict(
        name=f"{norm_name}{' short' if short else ''}{' target' if target else ''} {seed}", outcomes=r.tolist(),
        probabilities=p.tolist(), confidence=confidence, radius=radius, norm=norm_name, low=low, high=high,
        target=goal, shortfall=float(problem.value), weights=w.value.tolist())


def transport(seed, norm_name):
    """The largest shortfall over laws within a distance, by moving mass to the points of a grid."""
    rng = np.random.default_rng(seed)
    s, n = 5, 2
    r = np.round(sample(rng, s, n), 3)
    p = rng.uniform(0.5, 1, s)
    p = p / p.sum()
    confidence, radius = 0.7, 0.006
    w = rng.uniform(-1, 1, n)
    # A grid around every scenario, wide enough for the whole tail to move as far as the radius pays for.
    reach = 2 * radius / (1 - confidence)
    axis = np.linspace(-reach, reach, 41)
    moves = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    if norm_name == "euclidean":
        # Steps along the weights too, where the worst ones lie.
        moves = np.concatenate([moves, np.outer(axis, w / np.linalg.norm(w))])
    order = {"sum": 1, "largest": np.inf, "euclidean": 2}[norm_name]
    price = np.linalg.norm(moves, ord=order, axis=1)
    points = (r[:, None, :] + moves[None, :, :]).reshape(-1, n)
    m = len(moves)
    loss = -points @ w
    # Mass moved to each point, and the part of it in the tail.
    cost = np.concatenate([np.zeros(s * m), -loss / (1 - confidence)])
    rows = sparse.kron(sparse.identity(s), np.ones((1, m)))
    equal = sparse.block_diag([rows, np.ones((1, s * m))])
    right = np.concatenate([p, [1 - confidence]])
    eye = sparse.identity(s * m)
    below = sparse.vstack([
        sparse.hstack([-eye, eye]),
        sparse.csr_matrix(np.concatenate([np.tile(price, s), np.zeros(s * m)])[None, :])])
    limit = np.concatenate([np.zeros(s * m), [radius]])
    result = linprog(cost, A_ub=below.tocsr(), b_ub=limit, A_eq=equal.tocsr(), b_eq=right, method="highs")
    assert result.success
    return dict(
        name=f"transport {norm_name} {seed}", outcomes=r.tolist(), probabilities=p.tolist(), confidence=confidence,
        radius=radius, norm=norm_name, weights=w.tolist(), worst=float(-result.fun))


def resampled(seed, freedom):
    """Mean weights of the frontiers of two assets, which have a closed form, over very many draws."""
    rng = np.random.default_rng(seed)
    observations, ranks, draws = int(rng.integers(12, 40)), 5, 400_000
    deviations = rng.uniform(0.01, 0.04, 2)
    correlation = float(rng.uniform(-0.3, 0.6))
    cov = np.outer(deviations, deviations) * np.array([[1, correlation], [correlation, 1]])
    mean = rng.uniform(0, 0.01, 2)
    root = np.linalg.cholesky(cov)
    total, squares = np.zeros(ranks), np.zeros(ranks)
    for _ in range(20):
        x = rng.standard_normal((draws // 20, observations, 2)) @ root.T
        if freedom:
            x *= np.sqrt((freedom - 2) / rng.chisquare(freedom, x.shape[:2]))[..., None]
        means = mean + x.mean(axis=1)
        y = x - x.mean(axis=1, keepdims=True)
        s11, s22, s12 = (y[..., 0] ** 2).sum(1), (y[..., 1] ** 2).sum(1), (y[..., 0] * y[..., 1]).sum(1)
        least = np.clip((s22 - s12) / (s11 + s22 - 2 * s12), 0, 1)
        best = (means[:, 0] > means[:, 1]).astype(float)
        # Between the two the expected return is linear in the weight of the first asset.
        w = least + np.linspace(0, 1, ranks)[:, None] * (best - least)
        total += w.sum(axis=1)
        squares += (w ** 2).sum(axis=1)
    average = total / draws
    return dict(
        covariance=cov.tolist(), mean=mean.tolist(), observations=observations, freedom=freedom,
        weights=average.tolist(), deviations=np.sqrt(squares / draws - average ** 2).tolist(), draws=draws)


UTILITIES = [
    {"box"}, {"box", "short"}, {"box", "short", "gross"}, {"box", "short", "cost"}, {"axes"}, {"axes", "short"},
    {"axes", "short", "cash"}, {"own"}, {"own", "short"}, {"other"}, {"other", "short"}, {"other", "short", "gross"},
    {"other", "short", "cost"}, {"other", "cash"}, {"other", "cash", "short", "cost"},
]

utilities = [utility(100 * k + j, kinds) for k, kinds in enumerate(UTILITIES) for j in range(3)]
shortfalls = [
    shortfall(5000 + 10 * k + j, name, short, weighted, target)
    for k, (name, short, weighted, target) in enumerate(
        (name, short, weighted, target) for name in DUAL for short in (False, True)
        for weighted, target in ((False, False), (True, True)))
    for j in range(2)]
transports = [transport(9000 + j, name) for name in DUAL for j in range(3)]
quantiles = [
    dict(count=n, confidence=c, chiSquare=float(chi2.ppf(c, n)), normal=float(norm.ppf((1 + c) / 2)))
    for n in (1, 2, 7, 50) for c in (0.1, 0.5, 0.9, 0.999)]
means = [resampled(9500 + j, freedom) for j, freedom in enumerate((None, None, 4.0, 8.0))]
packages = {name: importlib.metadata.version(name) for name in ["cvxpy", "clarabel", "numpy", "scipy"]}
with open("Tests/Reference/robust.json", "w") as file:
    json.dump(
        dict(
            generator="Tests/Generate/robust.py", python=sys.version.split()[0], versions=packages,
            utilities=utilities, shortfalls=shortfalls, transports=transports, quantiles=quantiles,
            resampled=means), file)
    file.write("\n")
print(len(utilities), len(shortfalls), len(transports))
