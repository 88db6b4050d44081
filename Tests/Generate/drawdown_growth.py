"""Makes Tests/Reference/drawdown_growth.json: the fastest growth under a limit on drawdowns.

Needs numpy 2.3.5, mpmath 1.3.0, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/drawdown_growth.py

Bets: one asset that wins or loses, beside cash of outcome zero. The fraction is the lesser of Kelly's
and the root of E r^(-lambda) = 1, found in mpmath at 50 digits; so is its growth. Portfolios: the
program of Busseti, Ryu and Boyd (2016), log-sum-exp of log p - lambda log r at most zero, solved by
Clarabel at tight tolerances, long-only and with leverage; what is kept is growth and moment at the
weights, recomputed at 50 digits. Exponents: the largest lambda with E r^(-lambda) <= 1 of given
weights by bisection at 50 digits.
"""

import json
import pathlib

import cvxpy as cp
import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0" and cp.__version__ == "1.9.3" and np.__version__ == "2.3.5"
mp.mp.dps = 50
m = mp.mpf
rng = np.random.default_rng(20_261_126)


def moment(returns, p, exponent):
    """ln(E r^(-lambda)) / lambda."""
    return mp.log(mp.fsum(m(q) * mp.power(r, -exponent) for q, r in zip(p, returns))) / exponent


def growth(returns, p):
    return mp.fsum(m(q) * mp.log(r) for q, r in zip(p, returns))


def bisect(f, low, high):
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) <= 0 else (low, middle)
    return low


bets = []
odds = [(0.6, 1, 1), (0.55, 1, 1), (0.3, 4, 1), (0.7, 0.5, 0.9), (0.52, 1, 0.95)]
limits = [(0.9, 0.5), (0.7, 0.1), (0.5, 0.01), (0.95, 0.001), (0.5, 0.6), (0.99, 1e-6)]
for win_probability, win, loss in odds:
    for floor, probability in limits:
        p = [win_probability, 1 - win_probability]
        exponent = mp.log(m(probability)) / mp.log(m(floor))
        kelly = m(p[0]) / m(loss) - m(p[1]) / m(win)
        kelly = min(max(kelly, m(0)), m(1))

        def at(f):
            return [1 + f * m(win), 1 - f * m(loss)]

        if kelly < 1 and moment(at(kelly), p, exponent) <= 0:
            fraction = kelly
        else:
            top = min(kelly, (1 - m(10) ** -30) / m(loss))
            # Zero at no bet, negative beside it, and positive at Kelly's.
            least = bisect(
                lambda f: mp.diff(lambda x: moment(at(x), p, exponent), f), m(0) + m(10) ** -12, top)
            fraction = bisect(lambda f: moment(at(f), p, exponent), least, top)
        bets.append([win_probability, win, loss, floor, probability, float(fraction),
                     float(growth(at(fraction), p))])

portfolios = []
for count, width, leverage in [(60, 4, 1), (120, 7, 1), (200, 12, 1), (80, 5, 3)]:
    premia = rng.uniform(-0.01, 0.05, width)
    market = 0.08 * rng.standard_normal(count)
    risky = np.maximum(premia + market[:, None] + 0.12 * rng.standard_normal((count, width)), -0.9)
    outcomes = np.column_stack([np.full(count, 0.001), risky])
    p = np.full(count, 1.0) if width != 7 else rng.uniform(0.2, 1.8, count)
    p = p / p.sum()
    choices = []
    for floor, probability in [(0.9, 0.2), (0.7, 0.1), (0.5, 0.001), (0.95, 1e-4), (0.8, 0.95)]:
        exponent = float(mp.log(m(probability)) / mp.log(m(floor)))
        w = cp.Variable(width + 1)
        r = 1 + outcomes @ w
        limits = [cp.sum(w) == 1, cp.log_sum_exp(np.log(p) - exponent * cp.log(r)) <= 0]
        limits += [w >= 0] if leverage == 1 else [w >= -2, w <= 3]
        problem = cp.Problem(cp.Maximize(p @ cp.log(r)), limits)
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10,
                      max_iter=500)
        assert problem.status == cp.OPTIMAL, problem.status
        left = [1 + mp.fsum(m(x) * m(a) for x, a in zip(row, w.value)) for row in outcomes.tolist()]
        choices.append({
            "floor": floor, "probability": probability, "weights": w.value.tolist(),
            "growth": float(growth(left, p.tolist())),
            "moment": float(moment(left, p.tolist(), m(exponent)))})
    portfolios.append({
        "outcomes": outcomes.T.tolist(), "probabilities": p.tolist(),
        "bounds": [0, 1] if leverage == 1 else [-2, 3], "choices": choices})

exponents = []
for _ in range(40):
    count = int(rng.integers(2, 8))
    p = rng.uniform(0.1, 1, count)
    p = (p / p.sum()).tolist()
    while True:
        outcomes = (rng.uniform(-0.6, 1, count)).tolist()
        left = [1 + m(x) for x in outcomes]
        if min(left) < 1 and growth(left, p) > 1e-3:
            break
    top = max(mp.log(m(q)) / mp.log(r) for q, r in zip(p, left) if r < 1)
    exponents.append({"outcomes": outcomes, "probabilities": p,
                      "exponent": float(bisect(lambda x: moment(left, p, x), m(10) ** -9, top))})

path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "drawdown_growth.json"
path.write_text(json.dumps({"bets": bets, "portfolios": portfolios, "exponents": exponents},
                           separators=(",", ":")) + "\n")
