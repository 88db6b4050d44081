"""Makes Tests/Reference/risk_ratios.json: the largest ratios of excess return to risk of samples.

Needs numpy 2.3.5, mpmath 1.3.0, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/risk_ratios.py

Each ratio as its homogeneous program in (y, kappa) with w = y / kappa (A. Charnes and W. W. Cooper, 1962),
every measure written out by sample_risk_programs.py, solved by Clarabel at tight tolerances; what is kept is the ratio at the weights,
with the measure recomputed at 50 digits by sample_risk_measures.py.
"""

import json

import cvxpy as cp
import mpmath as mp
import numpy as np

from sample_risk_measures import exact, measures
from sample_risk_programs import NAMES, risk

assert mp.__version__ == "1.3.0" and cp.__version__ == "1.9.3"
mp.mp.dps = 50
m = mp.mpf
rng = np.random.default_rng(20_261_127)

portfolios = []
for number in range(5):
    count, width = [(60, 5), (120, 12), (150, 20), (90, 30), (140, 8)][number]
    market = 0.01 * rng.standard_t(5, count)
    r = (0.001 + np.outer(market, rng.uniform(0.4, 1.6, width))
         + rng.uniform(-0.001, 0.002, width)
         + rng.standard_t(4, (count, width)) * rng.uniform(0.005, 0.03, width))
    weighted = number % 2 == 1
    p = rng.uniform(0.2, 1.0, count) if weighted else np.ones(count)
    p /= p.sum()
    upper = [1.0, 0.3, 0.4, 0.15, 0.5][number]
    lower = [0.0, 0.0, -0.1, 0.0, 0.02][number]
    confidence, target, rate = 0.9, 0.001, [0.0, 0.0003, 0.0002, 0.0, 0.0005][number]
    mu = p @ r
    values = {}
    for name in NAMES:
        y, kappa = cp.Variable(width), cp.Variable(nonneg=True)
        objective, further = risk(name, r, p, mu, y, kappa, confidence, target)
        # In units of a hundredth, so that the numbers are near one.
        constraints = [100 * ((mu - rate) @ y) == 1, cp.sum(y) == kappa, y >= lower * kappa,
                       y <= upper * kappa] + further
        problem = cp.Problem(cp.Minimize(100 * objective), constraints)
        problem.solve(
            solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11, max_iter=300)
        best = np.clip(y.value / kappa.value, lower, upper)
        best /= best.sum()
        measured = measures(
            [mp.fsum(m(a) * m(b) for a, b in zip(row, best)) for row in r], exact(p), m(confidence),
            m(target))[name]
        excess = mp.fsum((m(a) - m(rate)) * m(b) for a, b in zip(mu, best))
        values[name] = float(excess / measured)
        print(number, name, problem.status, 1 / problem.value - values[name], values[name])
    portfolios.append(dict(
        returns=r.T.ravel().tolist(), count=count, probabilities=p.tolist() if weighted else None,
        lower=lower, upper=upper, riskFreeRate=rate, confidence=confidence, target=target,
        values=values))

with open("Tests/Reference/risk_ratios.json", "w") as file:
    json.dump(dict(
        generator="Tests/Generate/risk_ratios.py",
        versions={"cvxpy": cp.__version__, "clarabel": "0.11.1", "mpmath": mp.__version__},
        portfolios=portfolios), file, separators=(",", ":"))
    file.write("\n")
