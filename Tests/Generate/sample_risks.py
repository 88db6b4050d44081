"""Makes Tests/Reference/sample_risks.json: risk measures of samples, and portfolios of least risk.

Needs numpy 2.3.5, mpmath 1.3.0, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/sample_risks.py

Measures: their definitions in mpmath at 50 digits from the exact binary inputs; the entropic value at
risk by bisection of the relative entropy of the tilted sample; slopes of measures with derivatives
likewise. Portfolios: every measure written out as a convex program and solved by Clarabel at tight
tolerances; what is kept is the measure at the weights, recomputed at 50 digits.
"""

import json

import cvxpy as cp
import mpmath as mp
import numpy as np

from sample_risk_measures import exact, measures

assert mp.__version__ == "1.3.0" and cp.__version__ == "1.9.3"
mp.mp.dps = 50
m = mp.mpf
rng = np.random.default_rng(20_261_126)

samples = []
for number, (count, scale, ties, weighted) in enumerate([
    (2, 0.01, False, False), (7, 0.02, True, False), (7, 0.02, True, True),
    (40, 0.03, False, False), (40, 0.03, True, True), (60, 1e-200, False, False),
    (60, 1e200, False, True), (250, 0.01, False, True), (250, 0.01, True, False),
]):
    x = rng.standard_t(4, count) * scale
    if ties:
        x = np.round(x / scale) * scale
    p = rng.integers(0, 4, count).astype(float) if weighted else np.ones(count)
    p = p / p.sum()
    confidence = float(rng.choice([0.5, 0.9, 0.95, 0.99]))
    target = float(rng.choice([0, 1])) * 0.3 * scale
    values = measures([m(v) for v in x], exact(p), m(confidence), m(target))
    samples.append(dict(
        outcomes=x.tolist(), probabilities=p.tolist() if weighted else None,
        confidence=confidence, target=target,
        values={key: float(value) for key, value in values.items()}))

portfolios = []
for number in range(6):
    count, width = [(60, 5), (120, 12), (250, 20), (40, 30), (300, 8), (150, 25)][number]
    market = 0.01 * rng.standard_t(5, count)
    r = (0.0004 + np.outer(market, rng.uniform(0.4, 1.6, width))
         + rng.standard_t(4, (count, width)) * rng.uniform(0.005, 0.03, width))
    weighted = number % 2 == 1
    p = rng.uniform(0.2, 1.0, count) if weighted else np.ones(count)
    p /= p.sum()
    upper = [1.0, 0.3, 1.0, 0.15, 0.5, 0.2][number]
    lower = [0.0, 0.0, -0.2, 0.0, 0.02, -0.1][number]
    confidence, target = 0.9, 0.002
    mu = p @ r
    wanted = float(np.quantile(mu, 0.6)) if number in (1, 2, 4) else None
    values = {}
    for name in ["standardDeviation", "meanAbsoluteDeviation", "semideviation",
                 "firstPartialMoment", "secondPartialMoment", "expectedShortfall",
                 "entropicValueAtRisk", "worstCase", "giniMeanDifference", "maximumDrawdown",
                 "averageDrawdown", "conditionalDrawdown", "entropicDrawdown", "ulcerIndex"]:
        if name == "giniMeanDifference" and count > 150:
            continue
        w = cp.Variable(width)
        x = r @ w
        y = (r - mu) @ w
        if name == "standardDeviation":
            objective = cp.norm(cp.multiply(np.sqrt(p), y))
        elif name == "meanAbsoluteDeviation":
            objective = p @ cp.abs(y)
        elif name == "semideviation":
            objective = cp.norm(cp.multiply(np.sqrt(p), cp.pos(-y)))
        elif name == "firstPartialMoment":
            objective = p @ cp.pos(target - x)
        elif name == "secondPartialMoment":
            objective = cp.norm(cp.multiply(np.sqrt(p), cp.pos(target - x)))
        elif name == "expectedShortfall":
            t = cp.Variable()
            objective = t + p @ cp.pos(-x - t) / (1 - confidence)
        elif name == "entropicValueAtRisk":
            t, z, u = cp.Variable(), cp.Variable(), cp.Variable(count)
            objective = t - z * np.log(1 - confidence)
        elif name == "worstCase":
            objective = cp.max(-x)
        elif name == "giniMeanDifference":
            left, right = np.triu_indices(count, 1)
            objective = 2 * (p[left] * p[right]) @ cp.abs((r[left] - r[right]) @ w) / (
                1 - p @ p)
        d = cp.Variable(count, nonneg=True)
        if name == "maximumDrawdown":
            objective = cp.max(d)
        elif name == "averageDrawdown":
            objective = p @ d
        elif name == "conditionalDrawdown":
            t = cp.Variable()
            objective = t + p @ cp.pos(d - t) / (1 - confidence)
        elif name == "entropicDrawdown":
            t, z, u = cp.Variable(), cp.Variable(), cp.Variable(count)
            objective = t - z * np.log(1 - confidence)
        elif name == "ulcerIndex":
            objective = cp.norm(cp.multiply(np.sqrt(p), d))
        constraints = [cp.sum(w) == 1, w >= lower, w <= upper]
        if "Drawdown" in name or name == "ulcerIndex":
            constraints += [d[0] >= -x[0], d[1:] >= d[:-1] - x[1:]]
        if wanted is not None:
            constraints.append(mu @ w >= wanted)
        if name.startswith("entropic"):
            # Σ p exp((loss − t)/z) ≤ 1, in perspective form.
            loss = -x if name == "entropicValueAtRisk" else d
            constraints += [
                p @ u <= z, cp.ExpCone(100 * (loss - t), 100 * z * np.ones(count), 100 * u)]
        problem = cp.Problem(cp.Minimize(100 * objective), constraints)
        problem.solve(
            solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11,
            max_iter=300)
        best = np.clip(w.value, lower, upper)
        measured = measures(
            [mp.fsum(m(a) * m(b) for a, b in zip(row, best)) for row in r], exact(p), m(confidence),
            m(target))[name]
        values[name] = float(measured)
        print(number, name, problem.status, problem.value / 100 - values[name])
    portfolios.append(dict(
        returns=r.T.flatten().tolist(), count=count, probabilities=p.tolist() if weighted else None,
        lower=lower, upper=upper, targetReturn=wanted, confidence=confidence, target=target,
        values=values))

with open("Tests/Reference/sample_risks.json", "w") as file:
    json.dump(dict(samples=samples, portfolios=portfolios), file, separators=(",", ":"))
    file.write("\n")
