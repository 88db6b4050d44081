"""Makes Tests/Reference/risk_ratios.json: the largest ratios of excess return to risk of samples.

Needs numpy 2.3.5, mpmath 1.3.0, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/risk_ratios.py

Each ratio as its homogeneous program in (y, kappa) with w = y / kappa (A. Charnes and W. W. Cooper, 1962),
every measure written out by sample_risk_programs.py, solved by Clarabel at tight tolerances; what is kept is the ratio at the weights,
with the measure recomputed at 50 digits by sample_risk_measures.py.
"""

import cvxpy as cp
import mpmath as mp
import numpy as np

from sample_risk_cases import CONFIDENCE, TARGET, m, measured, portfolio, samples, write
from sample_risk_programs import NAMES, risk

portfolios = []
for sample in samples(20_261_127, [(60, 5), (120, 12), (150, 20), (90, 30), (140, 8)]):
    lower, upper, mu = sample.lower, sample.upper, sample.mu
    rate = [0.0, 0.0003, 0.0002, 0.0, 0.0005][sample.number]
    values = {}
    for name in NAMES:
        y, kappa = cp.Variable(sample.width), cp.Variable(nonneg=True)
        objective, further = risk(name, sample.r, sample.p, mu, y, kappa, CONFIDENCE, TARGET)
        # In units of a hundredth, so that the numbers are near one.
        constraints = [100 * ((mu - rate) @ y) == 1, cp.sum(y) == kappa, y >= lower * kappa,
                       y <= upper * kappa] + further
        problem = cp.Problem(cp.Minimize(100 * objective), constraints)
        problem.solve(
            solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11, max_iter=300)
        best = np.clip(y.value / kappa.value, lower, upper)
        best /= best.sum()
        excess = mp.fsum((m(a) - m(rate)) * m(b) for a, b in zip(mu, best))
        values[name] = float(excess / measured(name, sample, best))
        print(sample.number, name, problem.status, 1 / problem.value - values[name], values[name])
    portfolios.append(portfolio(sample, dict(values=values), riskFreeRate=rate))

write("risk_ratios", portfolios)
