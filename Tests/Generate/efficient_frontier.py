"""Makes Tests/Reference/efficient_frontier.json: frontier points from independent solvers.

Needs numpy 2.3.5, clarabel 0.11.1, piqp 0.6.4, mpmath 1.3.0. Run from the root of the repository:
python Tests/Generate/efficient_frontier.py

`minimize 1/2 w'Sw - t m'w, low <= w <= high, sum w = 1` is solved for a grid of t by Clarabel and by
PIQP; the active set is then solved in 40-digit arithmetic and its optimality conditions are checked
there. Of duplicated assets one is solved with the sum of the bounds, since only the sum of their
weights is unique. The ten-asset market and its turning points are those published by Bailey and
Lopez de Prado, An open-source implementation of the critical-line algorithm for portfolio
optimization, Algorithms 6 (2013), 169-196 (data file CLA_Data.csv; market of Markowitz and Todd 2000).
"""

import json
import os

import clarabel
import mpmath as mp
import numpy as np
import piqp
from scipy import sparse

mp.mp.dps = 40
TEN_MEAN = [1.175, 1.19, 0.396, 1.12, 0.346, 0.679, 0.089, 0.73, 0.481, 1.08]
TEN_COVARIANCE = [
    [0.40755159],
    [0.03175842, 0.9063047],
    [0.05183923, 0.03136385, 0.19490901],
    [0.05663904, 0.02687256, 0.04408485, 0.19528471],
    [0.0330226, 0.01917172, 0.03006772, 0.02777345, 0.34059105],
    [0.00827775, 0.00934384, 0.01322738, 0.00526665, 0.00777055, 0.15983874],
    [0.02165938, 0.02495043, 0.03525971, 0.01375808, 0.02067844, 0.02105575, 0.68056711],
    [0.01332419, 0.00761036, 0.0115493, 0.00780878, 0.00736409, 0.00518686, 0.01377882, 0.95526918],
    [0.0343476, 0.02874874, 0.0427563, 0.02914176, 0.02542657, 0.01723737, 0.04627027, 0.0106553,
     0.31681584],
    [0.02249903, 0.01336866, 0.02057303, 0.01640377, 0.01284075, 0.00723779, 0.01926088, 0.00760955,
     0.01854318, 0.11079287],
]
# The published turning points, to the digits that were printed.
TEN_CORNERS = [
    [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    [6.49369407e-01, 3.50630593e-01, 0, 0, 0, 0, 0, 0, 0, 0],
    [4.33984134e-01, 2.31247501e-01, 0, 3.34768365e-01, 0, 0, 0, 0, 0, 0],
    [1.26887854e-01, 7.23433472e-02, 0, 2.81253749e-01, 0, 0, 0, 0, 0, 5.19515050e-01],
    [1.23201004e-01, 7.04440713e-02, 0, 2.78993567e-01, 0, 0, 0, 6.43556436e-03, 0,
     5.20925793e-01],
    [8.69215493e-02, 5.04510423e-02, 0, 2.23594017e-01, 0, 1.73831615e-01, 0, 3.01730156e-02, 0,
     4.35028760e-01],
    [8.46709412e-02, 4.92538587e-02, 0, 2.19633903e-01, 0, 1.80039235e-01, 0, 3.10298019e-02,
     6.48570242e-03, 4.28886558e-01],
    [7.37892530e-02, 4.38286608e-02, 0, 1.98975608e-01, 2.61581599e-02, 1.98151872e-01, 0,
     3.34195864e-02, 2.79029660e-02, 3.97773894e-01],
    [0.06834400, 0.04138703, 0.01521526, 0.18813443, 0.03416249, 0.20231943, 0, 0.03392932,
     0.03363265, 0.38287539],
    [0.03696858, 0.02690084, 0.09494243, 0.12577595, 0.07674608, 0.21935567, 0.02998710,
     0.03596328, 0.06134984, 0.29201023],
]


def clarabel_point(s, q, lo, hi):
    n = len(q)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas"):
        setattr(settings, name, 1e-13)
    scale = 1 / np.abs(s).max()
    a = sparse.csc_matrix(np.vstack([np.ones((1, n)), -np.eye(n), np.eye(n)]))
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(2 * n)]
    result = clarabel.DefaultSolver(
        sparse.csc_matrix(np.triu(s * scale)), q * scale, a,
        np.concatenate([[1.0], -lo, hi]), cones, settings).solve()
    return np.array(result.x)


def piqp_point(s, q, lo, hi):
    n = len(q)
    solver = piqp.DenseSolver()
    solver.settings.eps_abs = 1e-12
    solver.settings.eps_rel = 1e-12
    scale = 1 / np.abs(s).max()
    solver.setup(s * scale, q * scale, np.ones((1, n)), np.ones(1), None, None, None, lo, hi)
    solver.solve()
    return np.array(solver.result.x)


def refine(s, m, t, lo, hi, x):
    """The exact point of the active set of x, corrected until its conditions hold."""
    n = len(m)
    side = [-1 if x[i] - lo[i] < 1e-6 else 1 if hi[i] - x[i] < 1e-6 else 0 for i in range(n)]
    for _ in range(40):
        free = [i for i in range(n) if side[i] == 0]
        w = [mp.mpf(float(lo[i] if side[i] < 0 else hi[i])) for i in range(n)]
        k = len(free)
        if k == 0:
            # A vertex: some multiplier of the budget must separate the gradients.
            g = [mp.fsum(mp.mpf(float(s[i, j])) * w[j] for j in range(n))
                 - mp.mpf(t) * mp.mpf(float(m[i])) for i in range(n)]
            if max(g[i] for i in range(n) if side[i] > 0) <= min(
                    [g[i] for i in range(n) if side[i] < 0], default=mp.inf):
                return w
            raise RuntimeError("not a vertex")
        a = mp.zeros(k + 1)
        b = mp.zeros(k + 1, 1)
        for p, i in enumerate(free):
            for r, j in enumerate(free):
                a[p, r] = mp.mpf(float(s[i, j]))
            a[p, k] = a[k, p] = 1
            b[p] = mp.mpf(t) * mp.mpf(float(m[i])) - mp.fsum(
                mp.mpf(float(s[i, j])) * w[j] for j in range(n) if side[j])
        b[k] = 1 - mp.fsum(w[j] for j in range(n) if side[j])
        solution = mp.lu_solve(a, b)
        for p, i in enumerate(free):
            w[i] = solution[p]
        gamma = -solution[k]
        wrong = []
        for i in range(n):
            if side[i] == 0:
                if w[i] < mp.mpf(float(lo[i])) - mp.mpf(10) ** -30:
                    wrong.append((lo[i] - w[i], i, -1))
                elif w[i] > mp.mpf(float(hi[i])) + mp.mpf(10) ** -30:
                    wrong.append((w[i] - hi[i], i, 1))
            else:
                g = mp.fsum(mp.mpf(float(s[i, j])) * w[j] for j in range(n))
                g -= mp.mpf(t) * mp.mpf(float(m[i])) + gamma
                if g * side[i] > mp.mpf(10) ** -30:
                    wrong.append((abs(g) / mp.mpf(float(s[i, i])), i, 0))
        if not wrong:
            return w
        _, i, place = max(wrong)
        side[i] = place
    raise RuntimeError("active set not found")


def main():
    rng = np.random.default_rng(20130325)
    cases = []

    def add(name, s, m, low, high, ts, duplicate=0):
        n = len(m)
        lo, hi = np.full(n, low), np.full(n, high)
        if duplicate:
            hi[:duplicate] *= 2
        points = []
        for t in ts:
            q = -t * m
            one, other = clarabel_point(s, q, lo, hi), piqp_point(s, q, lo, hi)
            assert np.abs(one - other).max() < 1e-4, (name, t, np.abs(one - other).max())
            w = refine(s, m, t, lo, hi, one)
            mean = mp.fsum(mp.mpf(float(m[i])) * w[i] for i in range(n))
            variance = mp.fsum(
                mp.mpf(float(s[i, j])) * w[i] * w[j] for i in range(n) for j in range(n))
            points.append({
                "riskTolerance": t, "weights": [float(x) for x in w],
                "expectedReturn": float(mean), "variance": float(variance)})
        cases.append({
            "name": name, "mean": m.tolist(), "covariance": s.tolist(), "low": low, "high": high,
            "duplicate": duplicate, "points": points, "absolute": 1e-10})

    def market(n):
        b = rng.standard_normal((n, 3)) * [0.02, 0.008, 0.005] + [0.02, 0, 0]
        s = b @ b.T + np.diag(rng.uniform(0.005, 0.03, n) ** 2)
        return (s + s.T) / 2, rng.normal(0.0005, 0.001, n)

    ts = [0.003, 0.02, 0.07, 0.2, 0.6, 3.0]
    ten = np.array([[TEN_COVARIANCE[max(i, j)][min(i, j)] for j in range(10)] for i in range(10)])
    add("ten assets", ten, np.array(TEN_MEAN), 0.0, 1.0, [0.01, 0.04, 0.1, 0.5, 3.0, 30.0])
    for n in (2, 3, 5, 8, 13, 21, 34, 60):
        s, m = market(n)
        add(f"long only {n}", s, m, 0.0, 1.0, ts)
        add(f"capped {n}", s, m, 0.0, max(0.1, 1.3 / n), ts)
        add(f"long short {n}", s, m, -0.2, 0.4 if n > 2 else 0.9, ts)
        if n in (8, 21):
            add(f"tied means {n}", s, np.round(m, 3), 0.0, 0.3, ts)
            add(f"equal means {n}", s, np.full(n, 0.001), 0.0, 0.3, ts)
        if n in (5, 13):
            add(f"duplicated {n}", s, m, 0.0, 0.3, ts, duplicate=2)
    path = os.path.join(os.path.dirname(__file__), "..", "Reference", "efficient_frontier.json")
    with open(path, "w") as file:
        json.dump({
            "generator": "Tests/Generate/efficient_frontier.py",
            "versions": {"clarabel": "0.11.1", "piqp": "0.6.4", "mpmath": "1.3.0",
                         "numpy": "2.3.5"},
            "digits": 40, "published": TEN_CORNERS, "cases": cases}, file, separators=(",", ":"))
    print(len(cases), sum(len(c["points"]) for c in cases), os.path.getsize(path))


main()
