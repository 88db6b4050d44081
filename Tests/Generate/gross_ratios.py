"""Makes Tests/Reference/gross_ratios.json: the best ratio of excess return to shortfall under a limit on gross exposure.

Needs what requirements.txt pins. Run from the root of the repository:
python Tests/Generate/gross_ratios.py

The markets are those of tail_distances.json. The ratio is one over the least shortfall of y = b - s, b, s >= 0, with an
excess return of one, a linear program for HiGHS; 1'y = k, 1'(b + s) <= gross k, and |y| <= bound k or no bounds.
"""

import importlib.metadata
import json
import sys

import numpy as np
from scipy.optimize import linprog


def ratio(market, gross, bound):
    outcomes, confidence = np.array(market["outcomes"]), market["confidence"]
    count, n = outcomes.shape
    excess = outcomes.mean(axis=0) - market["riskFreeRate"]
    ones, none = np.ones((1, n)), np.zeros((1, count))
    # b, s, k, t, u
    cost = np.r_[np.zeros(2 * n + 1), 1, np.full(count, 1 / (count * (1 - confidence)))]
    over = np.hstack([-outcomes, outcomes, np.zeros((count, 1)), -np.ones((count, 1)), -np.eye(count)])
    exposure = np.hstack([ones, ones, [[-gross, 0]], none])
    if bound is not None:
        one, column = np.eye(n), np.full((n, 1), -float(bound))
        rest = np.zeros((n, count + 1))
        sides = [np.hstack([one, -one, column, rest]), np.hstack([-one, one, column, rest])]
        exposure = np.vstack([exposure] + sides)
    equal = np.vstack([np.hstack([[excess], [-excess], [[0, 0]], none]), np.hstack([ones, -ones, [[-1, 0]], none])])
    bounds = [(0, None)] * (2 * n + 1) + [(None, None)] + [(0, None)] * count
    result = linprog(cost, A_ub=np.vstack([over, exposure]), b_ub=np.zeros(count + len(exposure)), A_eq=equal, b_eq=[1, 0], bounds=bounds,
                     method="highs-ds", options=dict(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10))
    assert result.status == 0, result.message
    return 1 / result.fun


def main():
    with open("Tests/Reference/tail_distances.json") as file:
        markets = json.load(file)["cases"]
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "scipy")}
    document = dict(
        generator="Tests/Generate/gross_ratios.py", python=sys.version.split()[0], versions=versions,
        cases=[dict(market=market["name"], gross=gross, bound=bound, ratio=ratio(market, gross, bound))
               for market in markets for gross in (1.1, 1.5, 2.5) for bound in (None, 1)])
    with open("Tests/Reference/gross_ratios.json", "w") as file:
        json.dump(document, file)


main()
