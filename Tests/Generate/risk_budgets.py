"""Constrained risk budgets (Richard and Roncalli 2019), for Tests/KeelAllocationTests.

    minimize 1/2 w'Cw - L sum b ln w  under bounds and rows, with L such that sum w = 1

Clarabel, by way of cvxpy, finds the active bounds and rows for an L by bisection; Newton's method in
40-digit arithmetic then solves the optimality conditions with that active set, and all signs are
checked. The unconstrained cases are covered by portfolios.py.
"""
import json
import sys

import clarabel
import cvxpy
import mpmath as mp
import numpy as np

mp.mp.dps = 40


def market(rng, n, k=3):
    loadings = np.column_stack([rng.uniform(0.5, 1.5, n), rng.normal(0, 0.6, (n, k - 1))])
    return 4e-4 * loadings @ loadings.T + np.diag(1e-4 * rng.uniform(1, 9, n))


def at(cov, b, weight, lo, hi, rows):
    n = len(b)
    w = cvxpy.Variable(n)
    scale = np.diag(cov).mean()
    root = np.linalg.cholesky(cov / scale)
    constraints = [w >= lo, w <= hi]
    for a, low, high in rows:
        if np.isfinite(low):
            constraints.append(a @ w >= low)
        if np.isfinite(high):
            constraints.append(a @ w <= high)
    problem = cvxpy.Problem(
        cvxpy.Minimize(cvxpy.sum_squares(root.T @ w) / 2 - weight / scale * b @ cvxpy.log(w)),
        constraints)
    problem.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    return w.value


def exact(cov, b, lo, hi, rows):
    low, high = 1e-12, 1e2
    for _ in range(55):
        weight = np.sqrt(low * high)
        w = at(cov, b, weight, lo, hi, rows)
        if w.sum() < 1:
            low = weight
        else:
            high = weight
    n = len(b)
    near = 1e-6
    lower = [i for i in range(n) if w[i] - lo[i] < near and lo[i] > 0]
    upper = [i for i in range(n) if hi[i] - w[i] < near]
    fixed = [(i, mp.mpf(float(lo[i])), 1) for i in lower]
    fixed += [(i, mp.mpf(float(hi[i])), -1) for i in upper]
    active = []
    for a, left, right in rows:
        value = a @ w
        if np.isfinite(left) and value - left < near:
            active.append((a, mp.mpf(float(left)), 1))
        elif np.isfinite(right) and right - value < near:
            active.append((a, mp.mpf(float(right)), -1))
    c = mp.matrix([[mp.mpf(float(v)) for v in row] for row in cov])
    x = [mp.mpf(float(v)) for v in w]
    budget = [mp.mpf(float(v)) for v in b]
    m, k = len(fixed), len(active)
    size = n + 1 + m + k
    unknown = x + [mp.mpf(float(weight))] + [mp.mpf(0)] * (m + k)
    for _ in range(60):
        jacobian = mp.zeros(size, size)
        residual = mp.zeros(size, 1)
        x, L = unknown[:n], unknown[n]
        z, y = unknown[n + 1:n + 1 + m], unknown[n + 1 + m:]
        for i in range(n):
            residual[i] = sum(c[i, j] * x[j] for j in range(n)) - L * budget[i] / x[i]
            for j in range(n):
                jacobian[i, j] += c[i, j]
            jacobian[i, i] += L * budget[i] / x[i] ** 2
            jacobian[i, n] = -budget[i] / x[i]
        for p, (i, bound, _) in enumerate(fixed):
            residual[i] -= z[p]
            jacobian[i, n + 1 + p] = -1
            residual[n + 1 + p] = x[i] - bound
            jacobian[n + 1 + p, i] = 1
        for p, (a, bound, _) in enumerate(active):
            for i in range(n):
                residual[i] -= mp.mpf(float(a[i])) * y[p]
                jacobian[i, n + 1 + m + p] = -mp.mpf(float(a[i]))
                jacobian[n + 1 + m + p, i] = mp.mpf(float(a[i]))
            residual[n + 1 + m + p] = sum(mp.mpf(float(a[i])) * x[i] for i in range(n)) - bound
        residual[n] = sum(x) - 1
        for i in range(n):
            jacobian[n, i] = 1
        step = mp.lu_solve(jacobian, -residual)
        unknown = [unknown[i] + step[i] for i in range(size)]
        if max(abs(v) for v in step[:n]) < mp.mpf(10) ** -32:
            break
    else:
        raise RuntimeError("no convergence")
    x = unknown[:n]
    for dual, (_, _, side) in zip(unknown[n + 1:], fixed + active):
        assert side * dual > 0, (side, dual)
    for i in range(n):
        assert lo[i] - mp.mpf(10) ** -30 <= x[i] <= hi[i] + mp.mpf(10) ** -30 and x[i] > 0
    for a, left, right in rows:
        value = sum(mp.mpf(float(a[i])) * x[i] for i in range(n))
        assert left - mp.mpf(10) ** -30 <= value <= right + mp.mpf(10) ** -30
    print(n, "active:", m, "bounds,", k, "rows")
    return [float(v) for v in x], float(unknown[n]), [float(v) for v in unknown[n + 1 + m:]]


def main():
    rng = np.random.default_rng(20260301)
    cases = []
    for n, low, high, groups in [
            (3, 0, 0.4, 0), (5, 0.1, 0.25, 0), (8, 0, 0.15, 0), (8, 0.05, 0.3, 2), (12, 0, 1, 3),
            (12, 0.03, 0.12, 2), (16, 0, 0.09, 4), (6, 0, 1, 1), (10, 0.02, 0.2, 3)]:
        for kind in ("equal", "budgets"):
            cov = market(rng, n)
            b = np.ones(n) if kind == "equal" else rng.uniform(0.1, 3, n) ** 2
            b = b / b.sum()
            rows = []
            for g in range(groups):
                if g % 2 == 0:
                    a = np.zeros(n)
                    a[g::groups + 1] = 1
                    rows.append((a, -np.inf, 0.8 * len(a[g::groups + 1]) / n))
                else:
                    a = rng.uniform(0, 1, n).round(2)
                    rows.append((a, 1.05 * float(a.mean()), np.inf))
            try:
                w, weight, duals = exact(cov, b, np.full(n, float(low)), np.full(n, float(high)), rows)
            except (AssertionError, RuntimeError, TypeError) as error:
                print("left out:", n, kind, repr(error)[:80])
                continue
            cases.append({
                "name": f"{kind} n={n} {low}..{high} {groups} rows", "covariance": cov.tolist(),
                "budgets": b.tolist(), "low": low, "high": high,
                "rows": [{"coefficients": a.tolist(),
                          "low": None if left == -np.inf else left,
                          "high": None if right == np.inf else right} for a, left, right in rows],
                "expected": w, "barrierWeight": weight, "absolute": 1e-12})
    json.dump({
        "generator": "Tests/Generate/risk_budgets.py",
        "versions": {
            "python": sys.version.split()[0], "numpy": np.__version__, "cvxpy": cvxpy.__version__,
            "clarabel": clarabel.__version__, "mpmath": mp.__version__},
        "digits": 40, "cases": cases}, open("Tests/Reference/risk_budgets.json", "w"), indent=0)
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
