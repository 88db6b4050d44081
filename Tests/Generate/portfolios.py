"""Makes Tests/Reference/portfolios.json: optimal portfolios from independent solvers.

Needs numpy 2.3.5, scipy 1.16.3, clarabel 0.11.1, piqp 0.6.4, mpmath 1.3.0. Run from the root of the
repository: python Tests/Generate/portfolios.py

Every quadratic program is solved by Clarabel and by PIQP at tight tolerances; the active set on
which both agree is then solved in 40-digit arithmetic, and its optimality conditions are checked
there. Equal-risk portfolios are solved by Newton's method in 40-digit arithmetic.
"""

import json
import sys

import clarabel
import mpmath as mp
import numpy as np
import piqp
import scipy
from scipy import sparse

mp.mp.dps = 40


def market(rng, n, rank=None):
    """A factor covariance and means; with a rank, a sample covariance of rank + 1 observations."""
    if rank is not None:
        x = rng.standard_normal((rank + 1, n)) * rng.uniform(0.005, 0.04, n)
        cov = np.cov(x, rowvar=False)
        cov = (cov + cov.T) / 2
    else:
        b = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
        cov = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
        cov = (cov + cov.T) / 2
    return cov, rng.normal(0.0005, 0.001, n)


def solve_clarabel(p, q, a_eq, b_eq, lo, hi):
    n = len(q)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas"):
        setattr(settings, name, 1e-13)
    scale = 1 / np.abs(p).max()
    a = sparse.csc_matrix(np.vstack([a_eq, -np.eye(n), np.eye(n)]))
    b = np.concatenate([b_eq, -lo, hi])
    cones = [clarabel.ZeroConeT(len(b_eq)), clarabel.NonnegativeConeT(2 * n)]
    result = clarabel.DefaultSolver(
        sparse.csc_matrix(np.triu(p * scale)), q * scale, a, b, cones, settings).solve()
    return np.array(result.x)


def solve_piqp(p, q, a_eq, b_eq, lo, hi):
    solver = piqp.DenseSolver()
    solver.settings.eps_abs = 1e-13
    solver.settings.eps_rel = 1e-13
    solver.settings.check_duality_gap = True
    solver.settings.max_iter = 500
    scale = 1 / np.abs(p).max()
    solver.setup(p * scale, q * scale, a_eq, b_eq, None, None, None, lo, hi)
    solver.solve()
    return np.array(solver.result.x)


def exact(p, q, a_eq, b_eq, lo, hi):
    """The optimum on the active set that both solvers see, in 40 digits, with its conditions checked."""
    first = solve_clarabel(p, q, a_eq, b_eq, lo, hi)
    second = solve_piqp(p, q, a_eq, b_eq, lo, hi)
    n, m = len(q), len(b_eq)
    gap = np.abs(first - second).max()
    mid = (first + second) / 2
    side = np.where(mid - lo < 1e-6, -1, np.where(hi - mid < 1e-6, 1, 0))
    free = [i for i in range(n) if side[i] == 0]
    x = [mp.mpf(float(lo[i] if side[i] < 0 else hi[i])) if side[i] else mp.mpf(0) for i in range(n)]
    if not free:
        assert gap < 1e-9, gap
        return [float(v) for v in x]
    size = len(free) + m
    k = mp.matrix(size, size)
    rhs = mp.matrix(size, 1)
    for r, i in enumerate(free):
        for c, j in enumerate(free):
            k[r, c] = mp.mpf(float(p[i, j]))
        for e in range(m):
            k[r, len(free) + e] = k[len(free) + e, r] = mp.mpf(float(a_eq[e, i]))
        rhs[r] = -mp.mpf(float(q[i])) - sum(mp.mpf(float(p[i, j])) * x[j] for j in range(n) if side[j])
    for e in range(m):
        rhs[len(free) + e] = mp.mpf(float(b_eq[e])) - sum(
            mp.mpf(float(a_eq[e, j])) * x[j] for j in range(n) if side[j])
    solution = mp.lu_solve(k, rhs)
    for r, i in enumerate(free):
        x[i] = solution[r]
    nu = [solution[len(free) + e] for e in range(m)]
    gradient = [
        mp.mpf(float(q[i])) + sum(mp.mpf(float(p[i, j])) * x[j] for j in range(n))
        + sum(mp.mpf(float(a_eq[e, i])) * nu[e] for e in range(m)) for i in range(n)]
    for i in range(n):
        assert lo[i] <= x[i] + mp.mpf(10) ** -30 and x[i] - mp.mpf(10) ** -30 <= hi[i], (i, x[i])
        assert side[i] == 0 or side[i] * gradient[i] <= mp.mpf(10) ** -25, (i, side[i], gradient[i])
    assert gap < 1e-5, gap
    return [float(v) for v in x]


def equal_risk(cov, budgets):
    n = len(budgets)
    s = mp.matrix([[mp.mpf(float(v)) for v in row] for row in cov])
    b = [mp.mpf(float(v)) for v in budgets]
    total = sum(b)
    b = [v / total for v in b]
    x = [mp.sqrt(b[i] / s[i, i]) for i in range(n)]
    for _ in range(200):
        gradient = mp.matrix([
            sum(s[i, j] * x[j] for j in range(n)) - b[i] / x[i] for i in range(n)])
        h = s.copy()
        for i in range(n):
            h[i, i] += b[i] / x[i] ** 2
        step = mp.lu_solve(h, -gradient)
        length = mp.mpf(1)
        while any(x[i] + length * step[i] <= x[i] / 10 for i in range(n)):
            length /= 2
        x = [x[i] + length * step[i] for i in range(n)]
        if max(abs(step[i] / x[i]) for i in range(n)) < mp.mpf(10) ** -30:
            break
    else:
        raise RuntimeError("no convergence")
    total = sum(x)
    return [float(v / total) for v in x]


def main():
    rng = np.random.default_rng(20240611)
    cases = []

    def add(kind, name, cov, mean, low, high, expected, absolute=1e-11, **more):
        cases.append({
            "kind": kind, "name": name, "covariance": cov.tolist(), "mean": mean.tolist(),
            "low": low, "high": high, "expected": expected, "absolute": absolute, **more})

    for n, low, high in [(1, 0, 1), (2, 0, 1), (3, 0.2, 0.5), (5, 0, 0.35), (10, 0, 1), (10, -0.2, 0.4),
                         (20, 0.01, 0.08), (25, 0, 0.35)]:
        cov, mean = market(rng, n)
        one, b = np.ones((1, n)), np.array([1.0])
        lo, hi = np.full(n, float(low)), np.full(n, float(high))
        add("minimum-variance", f"n={n} box {low}..{high}", cov, mean, low, high,
            exact(cov, np.zeros(n), one, b, lo, hi))
        for risk_aversion in (1.0, 10.0):
            add("utility", f"n={n} box {low}..{high}", cov, mean, low, high,
                exact(risk_aversion * cov, -mean, one, b, lo, hi), riskAversion=risk_aversion)
        # Sharpe: y >= low κ, y <= high κ as bounds on slacks; solved for w by bisection on the risk
        # aversion in double precision, then exactly at the root's active set.
        if mean.max() > 0 and low >= 0:
            left, right = 1e-3, 1e6
            for _ in range(200):
                middle = np.sqrt(left * right)
                w = np.array(exact_or_none(middle * cov, -mean, one, b, lo, hi))
                if mean @ w > middle * (w @ cov @ w):
                    left = middle
                else:
                    right = middle
                if right / left < 1 + 1e-15:
                    break
            if mean @ w > 0:
                add("sharpe", f"n={n} box {low}..{high}", cov, mean, low, high,
                    exact(right * cov, -mean, one, b, lo, hi), absolute=1e-10)
    # Ties: equal assets share the weight equally by symmetry; duplicates keep the sum.
    tie = np.full((4, 4), 0.3) + 0.7 * np.eye(4)
    add("minimum-variance", "four equal assets", 1e-4 * tie, np.zeros(4), 0, 1, [0.25] * 4)
    # Rank deficient: only the objective is unique.
    for n, rank in [(20, 8), (30, 12)]:
        cov, mean = market(rng, n, rank)
        one, b = np.ones((1, n)), np.array([1.0])
        lo, hi = np.zeros(n), np.full(n, 0.3)
        x = np.array(solve_clarabel(cov, np.zeros(n), one, b, lo, hi))
        y = np.array(solve_piqp(cov, np.zeros(n), one, b, lo, hi))
        first, second = x @ cov @ x, y @ cov @ y
        assert abs(first - second) <= 1e-7 * np.abs(cov).max(), (first, second)
        add("rank-deficient", f"n={n} rank {rank}", cov, mean, 0, 0.3, [min(first, second)],
            absolute=float(1e-7 * np.abs(cov).max()))
    for n in (1, 2, 5, 12, 20):
        cov, mean = market(rng, n)
        add("risk-budgeting", f"equal n={n}", cov, mean, 0, 1, equal_risk(cov, np.ones(n)),
            absolute=1e-12, budgets=[1.0] * n)
        budgets = rng.uniform(0.1, 3, n) ** 3
        add("risk-budgeting", f"n={n}", cov, mean, 0, 1, equal_risk(cov, budgets), absolute=1e-12,
            budgets=budgets.tolist())
    json.dump({
        "generator": "Tests/Generate/portfolios.py",
        "versions": {
            "python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "clarabel": clarabel.__version__, "piqp": piqp.__version__, "mpmath": mp.__version__},
        "digits": 40, "cases": cases}, open("Tests/Reference/portfolios.json", "w"), indent=0)
    print(len(cases), "cases")


def exact_or_none(p, q, a_eq, b_eq, lo, hi):
    return solve_clarabel(p, q, a_eq, b_eq, lo, hi)


if __name__ == "__main__":
    main()
