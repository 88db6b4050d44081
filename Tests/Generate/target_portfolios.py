"""Makes Tests/Reference/target_portfolios.json: portfolios with targets, turnover and gross limits.

Needs what requirements-peers.txt pins (Riskfolio-Lib wants an older pandas than the other scripts).
Run from the root of the repository:
python Tests/Generate/target_portfolios.py

Every portfolio is written down in cvxpy as its definition reads (cones for volatilities, norms for
turnover and gross exposure) and solved by Clarabel at tight tolerances. What is active there is then
solved in 40-digit arithmetic, where the optimality conditions are checked. Where skfolio, Riskfolio-Lib
or PyPortfolioOpt have the portfolio, their answer is compared and its distance recorded.
"""

import importlib.metadata
import json
import sys
import warnings

import cvxpy as cp
import mpmath as mp
import numpy as np
import pandas

warnings.filterwarnings("ignore")
mp.mp.dps = 40


def market(rng, n):
    b = rng.standard_normal((n, 3)) * np.array([0.02, 0.008, 0.005]) + np.array([0.02, 0, 0])
    cov = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
    return (cov + cov.T) / 2, rng.normal(0.0005, 0.001, n)


def solve(objective, constraints):
    problem = cp.Problem(objective, constraints)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-14, tol_gap_rel=1e-14, tol_feas=1e-14, max_iter=500)
    return problem


def exact(kind, cov, mean, lo, hi, w, rows, references, volatility=None, gain=None):
    """The optimum at the activity that w shows, in 40 digits.

    rows: (coefficients, limit, sign) of active linear rows, sign +1 for a lower limit, -1 for an upper
    one and 0 for an equation. references: (weights, limit) of active limits on distances. With t the
    multiplier of the mean, w = a + t c; t is 0 for the least variance, given for a utility, and follows
    from the target otherwise.
    """
    n = len(mean)
    s = mp.matrix(cov.tolist())
    tolerance = 1e-6
    fixed = {}
    for i in range(n):
        for value in [lo[i], hi[i]] + [float(r[i]) for r, _ in references]:
            if abs(w[i] - value) < tolerance:
                fixed[i] = mp.mpf(float(value))
    free = [i for i in range(n) if i not in fixed]
    system = [([mp.mpf(float(v)) for v in a], mp.mpf(float(limit))) for a, limit, _ in rows]
    for r, limit in references:
        slope = [0 if i in fixed and fixed[i] == mp.mpf(float(r[i])) else int(np.sign(w[i] - r[i])) for i in range(n)]
        system.append((slope, mp.mpf(float(limit)) + sum(slope[i] * mp.mpf(float(r[i])) for i in range(n))))
    size = len(free) + len(system)
    k = mp.matrix(size, size)
    constant = mp.matrix(size, 1)
    linear = mp.matrix(size, 1)
    for p, i in enumerate(free):
        for q, j in enumerate(free):
            k[p, q] = s[i, j]
        for e, (a, _) in enumerate(system):
            k[p, len(free) + e] = k[len(free) + e, p] = a[i]
        constant[p] = -sum(s[i, j] * v for j, v in fixed.items())
        linear[p] = mp.mpf(float(gain[i])) if gain is not None else 0
    for e, (a, limit) in enumerate(system):
        constant[len(free) + e] = limit - sum(a[j] * v for j, v in fixed.items())
    left, right = mp.lu_solve(k, constant), mp.lu_solve(k, linear)

    def whole(vector, with_fixed):
        x = [fixed.get(i, mp.mpf(0)) if with_fixed else mp.mpf(0) for i in range(n)]
        for p, i in enumerate(free):
            x[i] = vector[p]
        return x

    a, c = whole(left, True), whole(right, False)
    product = lambda x, y: sum(x[i] * sum(s[i, j] * y[j] for j in range(n)) for i in range(n))
    g = [mp.mpf(float(v)) for v in gain] if gain is not None else [mp.mpf(0)] * n
    dot = lambda x: sum(g[i] * x[i] for i in range(n))
    if kind == "target-risk":
        v0, v1, v2 = product(a, a) - mp.mpf(float(volatility)) ** 2, product(a, c), product(c, c)
        t = (-v1 + mp.sqrt(v1 * v1 - v0 * v2)) / v2
    elif kind in ("sharpe", "diversification"):
        t = product(a, a) / dot(a)
    elif kind.startswith("utility"):
        t = mp.mpf(1) / mp.mpf(volatility)
    else:
        t = mp.mpf(0)
    x = [a[i] + t * c[i] for i in range(n)]
    y = [-(left[len(free) + e] + t * right[len(free) + e]) for e in range(len(system))]
    # Conditions: prices of the right sign, forces of pinned assets of the right sign, limits held.
    small = mp.mpf(10) ** -25
    for e, (_, _, sign) in enumerate(rows):
        assert sign == 0 or sign * y[e] >= -small, ("price", e, y[e])
    for e in range(len(rows), len(system)):
        assert y[e] <= small, ("price", e, y[e])
    for i in range(n):
        assert lo[i] - small <= x[i] <= hi[i] + small, ("bound", i, x[i])
        force = sum(s[i, j] * x[j] for j in range(n)) - t * g[i] - sum(y[e] * system[e][0][i] for e in range(len(system)))
        if i in free:
            assert abs(force) < small, ("gradient", i, force)
            continue
        slack = sum(-y[len(rows) + e] for e, (r, _) in enumerate(references) if fixed[i] == mp.mpf(float(r[i])))
        if abs(force) <= slack + small:
            continue
        assert fixed[i] == (mp.mpf(float(lo[i])) if force > 0 else mp.mpf(float(hi[i]))), ("force", i, force)
    gap = max(abs(float(x[i]) - w[i]) for i in range(n))
    assert gap < 1e-4, gap
    return [float(v) for v in x], float(t)


def main():
    rng = np.random.default_rng(20250917)
    cases = []
    distances = {}

    def add(kind, n, cov, mean, expected, **more):
        cases.append({
            "kind": kind, "name": f"{kind} n={n}", "covariance": cov.tolist(), "mean": mean.tolist(),
            "expected": expected, "absolute": 1e-10, **more})

    def compare(library, kind, weights, expected):
        key = f"{library} {kind}"
        gap = float(np.abs(np.asarray(weights) - np.asarray(expected)).max())
        distances[key] = max(distances.get(key, 0.0), gap)

    for n in (3, 6, 12, 25):
        cov, mean = market(rng, n)
        root = np.linalg.cholesky(cov).T
        hi_value = 1.0 if n == 3 else 0.35
        lo, hi = np.zeros(n), np.full(n, hi_value)
        held = np.zeros(n)
        chosen = rng.permutation(n)[: max(min(n, 4), n // 2)]
        held[chosen] = rng.uniform(1.0, 1.3, len(chosen))
        held /= held.sum()
        one = np.ones(n)
        w = cp.Variable(n)
        box = [w >= lo, w <= hi, cp.sum(w) == 1]
        budget = (one, 1.0, 0)
        risk = cp.quad_form(w, cp.psd_wrap(cov * 1e4))

        solve(cp.Minimize(risk), box)
        least = w.value.copy()
        solve(cp.Maximize(1e3 * mean @ w), box)
        best = float(mean @ w.value)
        target = float(0.4 * mean @ least + 0.6 * best)
        solve(cp.Minimize(risk), box + [1e3 * mean @ w >= 1e3 * target])
        expected, _ = exact("target-return", cov, mean, lo, hi, w.value, [budget, (mean, target, 1)], [])
        add("target-return", n, cov, mean, expected, low=0.0, high=hi_value, target=target)
        peers(compare, "target-return", cov, mean, hi_value, expected, target)

        floor = float(np.sqrt(least @ cov @ least))
        volatility = 1.25 * floor
        solve(cp.Maximize(1e3 * mean @ w), box + [cp.norm(100 * root @ w) <= 100 * volatility])
        expected, t = exact("target-risk", cov, mean, lo, hi, w.value, [budget], [], volatility, mean)
        add("target-risk", n, cov, mean, expected, low=0.0, high=hi_value, target=volatility)
        peers(compare, "target-risk", cov, mean, hi_value, expected, volatility)

        limit = 0.25
        for risk_aversion in (3.0, 30.0):
            solve(cp.Minimize(risk_aversion / 2 * risk - 1e4 * mean @ w), box + [cp.norm1(w - held) <= limit])
            expected, _ = exact("utility", cov, mean, lo, hi, w.value, [budget], [(held, limit)], risk_aversion, mean)
            add("turnover", n, cov, mean, expected, low=0.0, high=hi_value, riskAversion=risk_aversion,
                reference=held.tolist(), limit=limit)

        low, high = -0.4, 0.7
        wide = [w >= low, w <= high, cp.sum(w) == 1]
        gross = 1.3
        solve(cp.Minimize(5 * risk - 1e4 * mean @ w), wide + [cp.norm1(w) <= gross])
        if np.abs(w.value).sum() > gross - 1e-7:
            expected, _ = exact("utility", cov, mean, np.full(n, low), np.full(n, high), w.value, [budget],
                                [(np.zeros(n), gross)], 10.0, mean)
            add("gross", n, cov, mean, expected, low=low, high=high, riskAversion=10.0,
                reference=[0.0] * n, limit=gross)

        benchmark = rng.dirichlet(np.ones(n))
        cap = float(min(0.9, 1.6 / n))
        group = np.array([1.0 if i < max(1, n // 3) else 0.0 for i in range(n)])
        room = float(min(0.5 * group @ benchmark, 0.3))
        active = [w >= 0, w <= cap, cp.sum(w) == 1, group @ w <= room]
        problem = solve(cp.Minimize(cp.quad_form(w - benchmark, cp.psd_wrap(cov * 1e4))), active)
        if problem.status == "optimal":
            # In active weights there is no linear term.
            expected, _ = exact("tracking", cov, mean, -benchmark, cap - benchmark, w.value - benchmark,
                                [(one, 1 - mp_sum(benchmark), 0), (group, room - float(group @ benchmark), -1)], [])
            add("tracking-error", n, cov, mean, [float(mp.mpf(x) + mp.mpf(float(b))) for x, b in zip(expected, benchmark)],
                low=0.0, high=cap, reference=benchmark.tolist(), limit=room, members=int(group.sum()))

        sigma = np.sqrt(np.diag(cov))
        y, scale = cp.Variable(n), cp.Variable()
        cone = [y >= 0, y <= hi_value * scale, cp.sum(y) == scale, 100 * sigma @ y == 1]
        solve(cp.Minimize(cp.quad_form(y, cp.psd_wrap(cov * 1e4))), cone)
        expected, _ = exact("diversification", cov, sigma, lo, hi, y.value / scale.value, [budget], [], None, sigma)
        add("diversification", n, cov, mean, expected, low=0.0, high=hi_value)
        peers(compare, "diversification", cov, mean, hi_value, expected, None)

    versions = {"python": sys.version.split()[0]}
    for package in ("numpy", "scipy", "clarabel", "cvxpy", "mpmath", "skfolio", "riskfolio-lib", "PyPortfolioOpt"):
        versions[package] = importlib.metadata.version(package)
    json.dump({
        "generator": "Tests/Generate/target_portfolios.py", "versions": versions, "digits": 40,
        "distances of other libraries": distances, "cases": cases},
        open("Tests/Reference/target_portfolios.json", "w"), indent=0)
    print(len(cases), "cases", json.dumps(distances, indent=1))


def mp_sum(values):
    return sum(mp.mpf(float(v)) for v in values)


def peers(compare, kind, cov, mean, high, expected, target):
    """The same portfolio from libraries that have it, at the accuracy that they have."""
    n = len(mean)
    names = [f"A{i}" for i in range(n)]
    frame, series = pandas.DataFrame(cov, names, names), pandas.Series(mean, names)
    from pypfopt import EfficientFrontier
    if kind in ("target-return", "target-risk"):
        frontier = EfficientFrontier(series, frame, weight_bounds=(0, high), solver="CLARABEL")
        weights = frontier.efficient_return(target) if kind == "target-return" else frontier.efficient_risk(target)
        compare("PyPortfolioOpt", kind, [weights[name] for name in names], expected)
    import riskfolio
    if kind in ("target-return", "target-risk"):
        portfolio = riskfolio.Portfolio(returns=pandas.DataFrame(np.zeros((3, n)), columns=names))
        portfolio.mu, portfolio.cov = pandas.DataFrame(mean[None, :], columns=names), frame
        portfolio.upperlng = high
        portfolio.solvers = ["CLARABEL"]
        if kind == "target-return":
            portfolio.lowerret = target
            answer = portfolio.optimization(model="Classic", rm="MV", obj="MinRisk", hist=False)
        else:
            portfolio.upperdev = target
            answer = portfolio.optimization(model="Classic", rm="MV", obj="MaxRet", hist=False)
        if answer is not None:
            compare("Riskfolio-Lib", kind, answer["weights"].values, expected)
    from skfolio.moments import EmpiricalCovariance, EmpiricalMu
    from skfolio.optimization import MaximumDiversification, MeanRisk, ObjectiveFunction
    from skfolio.prior import EmpiricalPrior

    class GivenCovariance(EmpiricalCovariance):
        def fit(self, x, y=None, **parameters):
            super().fit(x, y)
            self.covariance_ = cov
            return self

    class GivenMean(EmpiricalMu):
        def fit(self, x, y=None, **parameters):
            super().fit(x, y)
            self.mu_ = mean
            return self

    prior = EmpiricalPrior(
        mu_estimator=GivenMean(), covariance_estimator=GivenCovariance(nearest=False))
    x = pandas.DataFrame(np.random.default_rng(1).normal(0, 0.01, (4 * n + 10, n)), columns=names)
    limits = {"min_weights": 0.0, "max_weights": high, "prior_estimator": prior}
    if kind == "diversification":
        model = MaximumDiversification(**limits)
    elif kind == "target-return":
        model = MeanRisk(objective_function=ObjectiveFunction.MINIMIZE_RISK, min_return=target, **limits)
    else:
        model = MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_RETURN, max_standard_deviation=target, **limits)
    model.fit(x)
    compare("skfolio", kind, model.weights_, expected)


if __name__ == "__main__":
    main()
