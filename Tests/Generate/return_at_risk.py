"""Makes Tests/Reference/return_at_risk.json: the largest expected returns of samples within limits of risk.

Needs numpy 2.3.5, mpmath 1.3.0, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/return_at_risk.py

Each measure is written out by sample_risk_programs.py and limited between its least value and that of the highest
return; Clarabel maximizes the return at tight tolerances. The limit that is kept is the risk of Clarabel's weights,
recomputed at 50 digits by sample_risk_measures.py, so that they are allowed by it and their return is reached.
"""

import cvxpy as cp
import mpmath as mp
import numpy as np

from sample_risk_cases import CONFIDENCE, TARGET, m, measured, portfolio, samples, write
from sample_risk_programs import NAMES, risk

TIGHT = dict(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12, max_iter=400)

portfolios = []
for sample in samples(20_261_128, [(60, 5), (90, 12), (120, 18), (70, 25), (110, 8)]):
    lower, upper, mu = sample.lower, sample.upper, sample.mu
    share = [0.3, 0.5, 0.6, 0.2, 0.8][sample.number]
    limits, values = {}, {}
    for name in NAMES:
        w = cp.Variable(sample.width)
        value, further = risk(name, sample.r, sample.p, mu, w, 1.0, CONFIDENCE, TARGET)
        box = [cp.sum(w) == 1, w >= lower, w <= upper]
        cp.Problem(cp.Maximize(1000 * mu @ w), box).solve(**TIGHT)
        highest = float(measured(name, sample, w.value))
        least = cp.Problem(cp.Minimize(100 * value), box + further)
        least.solve(**TIGHT)
        bound = (1 - share) * least.value / 100 + share * highest
        # In units of a hundredth, so that the numbers are near one.
        problem = cp.Problem(cp.Maximize(1000 * mu @ w), box + further + [100 * value <= 100 * bound])
        problem.solve(**TIGHT)
        best = np.clip(w.value, lower, upper)
        limits[name] = float(measured(name, sample, best))
        values[name] = float(mp.fsum(m(a) * m(b) for a, b in zip(mu, best)))
        print(sample.number, name, problem.status, problem.value / 1000 - values[name], limits[name] / bound - 1,
              float(sum(best)) - 1)
    portfolios.append(portfolio(sample, dict(limits=limits, values=values)))

write("return_at_risk", portfolios)
