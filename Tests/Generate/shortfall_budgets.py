"""Makes Tests/Reference/shortfall_budgets.json: portfolios with given parts of the expected shortfall.

Needs numpy 2.3.5, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/shortfall_budgets.py

The least of ES(y) - sum b ln y over y > 0, written out with exponential cones and solved by Clarabel at tight
tolerances; kept are the weights y / sum y and the value of that objective at the scale where ES(y) = 1.
"""

import json

import cvxpy as cp
import numpy as np

assert cp.__version__ == "1.9.3"
rng = np.random.default_rng(20_261_128)
cases = []
for number in range(8):
    count, width = [(60, 3), (120, 6), (250, 10), (90, 12), (300, 20), (40, 5), (500, 8), (200, 15)][number]
    market = 0.01 * rng.standard_t(5, count)
    r = (0.0004 + np.outer(market, rng.uniform(0.2, 1.6, width))
         + rng.standard_t(4, (count, width)) * rng.uniform(0.005, 0.05, width))
    weighted = number % 2 == 1
    p = rng.uniform(0.2, 1.0, count) if weighted else np.ones(count)
    p /= p.sum()
    confidence = [0.9, 0.95, 0.975, 0.8, 0.95, 0.5, 0.99, 0.9][number]
    b = np.ones(width) if number < 3 else rng.uniform(0.2, 3.0, width)
    b /= b.sum()
    y, t = cp.Variable(width), cp.Variable()
    shortfall = t + p @ cp.pos(-(100 * r) @ y - t) / (1 - confidence)
    problem = cp.Problem(cp.Minimize(shortfall - b @ cp.log(y)))
    problem.solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12, max_iter=300)
    losses = -(r @ y.value)
    order = np.argsort(-losses)
    left, total = 1 - confidence, 0.0
    for s in order:
        used = min(p[s], left)
        total += used * losses[s]
        left -= used
    scaled = y.value / (total / (1 - confidence))
    objective = 1 - b @ np.log(scaled)
    print(number, problem.status, objective, y.value / y.value.sum())
    cases.append(dict(
        returns=r.T.ravel().tolist(), count=count, probabilities=p.tolist() if weighted else None,
        confidence=confidence, budgets=b.tolist(), weights=(y.value / y.value.sum()).tolist(),
        objective=objective))

with open("Tests/Reference/shortfall_budgets.json", "w") as file:
    json.dump(dict(
        generator="Tests/Generate/shortfall_budgets.py",
        versions={"cvxpy": cp.__version__, "clarabel": "0.11.1"}, cases=cases), file,
        separators=(",", ":"))
    file.write("\n")
