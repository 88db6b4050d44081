"""Makes Tests/Reference/return_at_risk.json: the largest expected returns of samples within limits of risk.

Needs numpy 2.3.5, mpmath 1.3.0, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/return_at_risk.py

Each measure is written out by sample_risk_programs.py and limited between its least value and that of the highest
return; Clarabel maximizes the return at tight tolerances. The limit that is kept is the risk of Clarabel's weights,
recomputed at 50 digits by sample_risk_measures.py, so that they are allowed by it and their return is reached.
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
rng = np.random.default_rng(20_261_128)
TIGHT = dict(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12, max_iter=400)


def measured(name, r, p, w, confidence, target):
    outcomes = [mp.fsum(m(a) * m(b) for a, b in zip(row, w)) for row in r]
    return measures(outcomes, exact(p), m(confidence), m(target))[name]


portfolios = []
for number in range(5):
    count, width = [(60, 5), (90, 12), (120, 18), (70, 25), (110, 8)][number]
    market = 0.01 * rng.standard_t(5, count)
    r = (0.001 + np.outer(market, rng.uniform(0.4, 1.6, width))
         + rng.uniform(-0.001, 0.002, width)
         + rng.standard_t(4, (count, width)) * rng.uniform(0.005, 0.03, width))
    weighted = number % 2 == 1
    p = rng.uniform(0.2, 1.0, count) if weighted else np.ones(count)
    p /= p.sum()
    upper = [1.0, 0.3, 0.4, 0.15, 0.5][number]
    lower = [0.0, 0.0, -0.1, 0.0, 0.02][number]
    confidence, target = 0.9, 0.001
    share = [0.3, 0.5, 0.6, 0.2, 0.8][number]
    mu = p @ r
    limits, values = {}, {}
    for name in NAMES:
        w = cp.Variable(width)
        value, further = risk(name, r, p, mu, w, 1.0, confidence, target)
        box = [cp.sum(w) == 1, w >= lower, w <= upper]
        cp.Problem(cp.Maximize(1000 * mu @ w), box).solve(**TIGHT)
        highest = float(measured(name, r, p, w.value, confidence, target))
        least = cp.Problem(cp.Minimize(100 * value), box + further)
        least.solve(**TIGHT)
        bound = (1 - share) * least.value / 100 + share * highest
        # In units of a hundredth, so that the numbers are near one.
        problem = cp.Problem(cp.Maximize(1000 * mu @ w), box + further + [100 * value <= 100 * bound])
        problem.solve(**TIGHT)
        best = np.clip(w.value, lower, upper)
        limits[name] = float(measured(name, r, p, best, confidence, target))
        values[name] = float(mp.fsum(m(a) * m(b) for a, b in zip(mu, best)))
        print(number, name, problem.status, problem.value / 1000 - values[name], limits[name] / bound - 1,
              float(sum(best)) - 1)
    portfolios.append(dict(
        returns=r.T.ravel().tolist(), count=count, probabilities=p.tolist() if weighted else None,
        lower=lower, upper=upper, confidence=confidence, target=target, limits=limits, values=values))

with open("Tests/Reference/return_at_risk.json", "w") as file:
    json.dump(dict(
        generator="Tests/Generate/return_at_risk.py",
        versions={"cvxpy": cp.__version__, "clarabel": "0.11.1", "mpmath": mp.__version__},
        portfolios=portfolios), file, separators=(",", ":"))
    file.write("\n")
