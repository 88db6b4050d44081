"""Makes Tests/Reference/constrained_frontier.json: frontier points under rows and limits on distances.

Needs numpy 2.3.5, scipy 1.16.3, clarabel 0.11.1, piqp 0.6.4, mpmath 1.3.0. Run from the root of the
repository: python Tests/Generate/constrained_frontier.py

`minimize 1/2 w'Sw - t m'w` with bounds, a budget, groups and limits on turnover and gross exposure is
lifted to w = r + b - s and solved for a grid of t by Clarabel and by PIQP. The active set of the answer
is then solved in 40-digit arithmetic, without the lift, where the optimality conditions are checked:
feasibility, the signs of the multipliers, and the force on each asset at a bound or at a reference.
"""

import json
import os

import clarabel
import mpmath as mp
import numpy as np
import piqp
from scipy import sparse

mp.mp.dps = 40
NEAR = 1e-7


class Problem:
    """Rows are (name, coefficients, lower, upper); distances are (name, reference, limit)."""

    def __init__(self, s, m, low, high, budget, rows, distances):
        self.s, self.m, self.low, self.high = s, m, low, high
        self.rows = [("budget", np.ones(len(m)), budget, budget)] + rows
        self.distances = distances

    def lifted(self, t):
        """P, q, rows with limits and bounds of the lift, a further variable an asset and distance."""
        n, k = len(self.m), len(self.distances)
        size = n * (1 + k)
        p = np.zeros((size, size))
        p[:n, :n] = self.s
        q = np.concatenate([-t * self.m, np.zeros(n * k)])
        a, low, high = [], [], []
        for _, row, least, most in self.rows:
            a.append(np.concatenate([row, np.zeros(n * k)]))
            low.append(least)
            high.append(most)
        for d, (_, reference, limit) in enumerate(self.distances):
            row = np.zeros(size)
            row[:n] = 1
            row[n * (1 + d):n * (2 + d)] = 2
            a.append(row)
            low.append(-np.inf)
            high.append(limit + reference.sum())
            for i in range(n):
                row = np.zeros(size)
                row[i] = row[n * (1 + d) + i] = 1
                a.append(row)
                low.append(reference[i])
                high.append(np.inf)
        bounds = (np.concatenate([np.full(n, self.low), np.zeros(n * k)]),
                  np.concatenate([np.full(n, self.high), np.full(n * k, np.inf)]))
        return p, q, np.array(a), np.array(low), np.array(high), bounds

    def clarabel_point(self, t):
        p, q, a, low, high, (least, most) = self.lifted(t)
        size = len(q)
        scale = 1 / np.abs(self.s).max()
        equal = low == high
        blocks = [a[equal], a[~equal & (high < np.inf)], -a[~equal & (low > -np.inf)],
                  np.eye(size)[most < np.inf], -np.eye(size)[least > -np.inf]]
        right = [low[equal], high[~equal & (high < np.inf)], -low[~equal & (low > -np.inf)],
                 most[most < np.inf], -least[least > -np.inf]]
        count = int(equal.sum())
        total = sum(len(r) for r in right)
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas"):
            setattr(settings, name, 1e-12)
        cones = [clarabel.ZeroConeT(count), clarabel.NonnegativeConeT(total - count)]
        result = clarabel.DefaultSolver(
            sparse.csc_matrix(np.triu(p * scale)), q * scale, sparse.csc_matrix(np.vstack(blocks)),
            np.concatenate(right), cones, settings).solve()
        return np.array(result.x)[:len(self.m)]

    def piqp_point(self, t):
        p, q, a, low, high, (least, most) = self.lifted(t)
        scale = 1 / np.abs(self.s).max()
        equal = low == high
        solver = piqp.DenseSolver()
        solver.settings.eps_abs = 1e-11
        solver.settings.eps_rel = 1e-11
        solver.setup(np.asfortranarray(p * scale), q * scale, np.asfortranarray(a[equal]), low[equal],
                     np.asfortranarray(a[~equal]), low[~equal], high[~equal], least, most)
        solver.solve()
        return np.array(solver.result.x)[:len(self.m)]

    def refined(self, t, x):
        """The point of the active set of x in 40 digits, its conditions checked."""
        n = len(self.m)
        exact = lambda value: mp.mpf(float(value))
        s = [[exact(self.s[i, j]) for j in range(n)] for i in range(n)]
        held = {}
        for i in range(n):
            for value in [self.low, self.high] + [float(r[i]) for _, r, _ in self.distances]:
                if abs(x[i] - value) < NEAR and i not in held:
                    held[i] = exact(value)
        free = [i for i in range(n) if i not in held]
        active = []
        for name, row, low, high in self.rows:
            value = float(row @ x)
            for limit, sign in ((low, 1), (high, -1)):
                if abs(value - limit) < NEAR and not (low == high and sign < 0):
                    active.append((name, [exact(a) for a in row], exact(limit), 0 if low == high else sign))
        for d, (name, reference, limit) in enumerate(self.distances):
            if abs(np.abs(x - reference).sum() - limit) < NEAR:
                slopes = [0 if i in held and held[i] == exact(reference[i]) else
                          (1 if x[i] > reference[i] else -1) for i in range(n)]
                total = exact(limit) + mp.fsum(slopes[i] * exact(reference[i]) for i in range(n))
                active.append((name, [mp.mpf(v) for v in slopes], total, -1))
        independent = []
        for row in active:
            trial = np.array([[float(a[i]) for i in free] for _, a, _, _ in independent + [row]])
            if np.linalg.matrix_rank(trial, tol=1e-9) == len(trial):
                independent.append(row)
        active = independent
        k, r = len(free), len(active)
        a = mp.zeros(k + r)
        b = mp.zeros(k + r, 1)
        for p, i in enumerate(free):
            for q, j in enumerate(free):
                a[p, q] = s[i][j]
            for q, (_, row, _, _) in enumerate(active):
                a[p, k + q] = a[k + q, p] = row[i]
            b[p] = exact(t) * exact(self.m[i]) - mp.fsum(s[i][j] * held[j] for j in held)
        for q, (_, row, limit, _) in enumerate(active):
            b[k + q] = limit - mp.fsum(row[j] * held[j] for j in held)
        solution = mp.lu_solve(a, b)
        w = [held.get(i, mp.mpf(0)) for i in range(n)]
        for p, i in enumerate(free):
            w[i] = solution[p]
        prices = {name: -solution[k + q] for q, (name, _, _, _) in enumerate(active)}
        self.check(t, s, w, held, active, prices)
        return w, prices

    def check(self, t, s, w, held, active, prices):
        n = len(w)
        tiny = mp.mpf(10) ** -25
        # Numbers such as 0.1 are not exact, so that limits may be met to their rounding only.
        loose = mp.mpf(10) ** -15
        for _, row, low, high in self.rows:
            value = mp.fsum(mp.mpf(float(c)) * v for c, v in zip(row, w))
            assert float(low) - loose <= value <= float(high) + loose
        for _, reference, limit in self.distances:
            assert mp.fsum(abs(v - mp.mpf(float(c))) for c, v in zip(reference, w)) <= limit + loose
        for name, _, _, sign in active:
            assert sign * prices[name] >= -tiny, (name, sign, prices[name])
        for i in range(n):
            assert self.low - loose <= w[i] <= self.high + loose
            force = mp.fsum(s[i][j] * w[j] for j in range(n)) - mp.mpf(float(t)) * mp.mpf(float(self.m[i]))
            toll = mp.mpf(0)
            for name, row, _, _ in active:
                if row[i] != 0:
                    force -= row[i] * prices[name]
                elif any(name == d for d, _, _ in self.distances):
                    toll -= prices[name]
            if i not in held:
                assert abs(force) < tiny
                continue
            least = -mp.inf if held[i] == mp.mpf(float(self.high)) else -toll
            most = mp.inf if held[i] == mp.mpf(float(self.low)) else toll
            assert least - tiny <= force <= most + tiny, (i, force, toll)


def main():
    rng = np.random.default_rng(19560301)
    cases = []

    def market(n):
        b = rng.standard_normal((n, 3)) * [0.02, 0.008, 0.005] + [0.02, 0, 0]
        s = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
        return (s + s.T) / 2, rng.normal(0.0005, 0.001, n)

    def indicator(n, members):
        row = np.zeros(n)
        row[list(members)] = 1
        return row

    def add(name, s, m, low, high, rows, distances, ts):
        problem = Problem(s, m, low, high, 1.0, rows, distances)
        points = []
        for t in ts:
            one, other = problem.clarabel_point(t), problem.piqp_point(t)
            assert np.abs(one - other).max() < 1e-4, (name, t, np.abs(one - other).max())
            w, prices = problem.refined(t, one)
            n = len(m)
            mean = mp.fsum(mp.mpf(float(m[i])) * w[i] for i in range(n))
            variance = mp.fsum(
                mp.mpf(float(s[i, j])) * w[i] * w[j] for i in range(n) for j in range(n))
            points.append({
                "riskTolerance": t, "weights": [float(v) for v in w], "expectedReturn": float(mean),
                "variance": float(variance), "duals": {k: float(v) for k, v in prices.items()}})
        cases.append({
            "name": name, "mean": m.tolist(), "covariance": s.tolist(), "low": low, "high": high,
            "rows": [{"name": k, "coefficients": a.tolist(), "lower": lo if np.isfinite(lo) else None,
                      "upper": hi if np.isfinite(hi) else None} for k, a, lo, hi in rows],
            "distances": [{"name": k, "reference": r.tolist(), "limit": lim} for k, r, lim in distances],
            "points": points, "absolute": 1e-9})

    ts = [0.0, 0.003, 0.02, 0.07, 0.2, 0.6, 3.0]
    for n in (4, 7, 12, 20, 35):
        s, m = market(n)
        cap = max(0.2137, 2.3171 / n)
        thirds = [range(0, n // 3 + 1), range(n // 3, 2 * n // 3), range(2 * n // 3, n)]
        groups = [("first", indicator(n, thirds[0]), 0.2, 0.45), ("last", indicator(n, thirds[2]), 0.1, 0.6)]
        tilt = [("tilt", rng.normal(0, 1, n), -0.2, 0.2), ("equation", rng.normal(0, 1, n), 0.05, 0.05)]
        current = rng.dirichlet(np.ones(n) * 5)
        while current.max() > cap:
            current = rng.dirichlet(np.ones(n) * 5)
        turnover = ("turnover", current, 0.4)
        gross = ("gross exposure", np.zeros(n), 1.47)
        add(f"groups {n}", s, m, 0.0, cap, groups, [], ts)
        add(f"rows {n}", s, m, -0.3, 1.0, groups + tilt, [], ts)
        add(f"turnover {n}", s, m, 0.0, cap, [], [turnover], ts)
        add(f"gross {n}", s, m, -0.3, cap, [], [gross], ts)
        add(f"mixed {n}", s, m, -0.3, cap, [("first", groups[0][1], 0.0, 0.6)], [turnover, gross], ts)
    path = os.path.join(os.path.dirname(__file__), "..", "Reference", "constrained_frontier.json")
    with open(path, "w") as file:
        json.dump({
            "generator": "Tests/Generate/constrained_frontier.py",
            "versions": {"clarabel": "0.11.1", "piqp": "0.6.4", "mpmath": "1.3.0",
                         "numpy": "2.3.5", "scipy": "1.16.3"},
            "digits": 40, "cases": cases}, file, separators=(",", ":"))
    print(len(cases), sum(len(c["points"]) for c in cases), os.path.getsize(path))


main()
