"""Makes Tests/Reference/expected_shortfall.json: programs of least expected shortfall from HiGHS.

With the folder of real data as argument, the portfolios of its crypto-assets are added; without it
those of the present file are kept.

Needs numpy 2.3.5, scipy 1.16.3, clarabel 0.11.1, mpmath 1.3.0. Run from the root of
the repository: python Tests/Generate/expected_shortfall.py

Every program is written out with its auxiliary variables and solved by the simplex method of HiGHS
(in SciPy) and by Clarabel. Where the optimum is a vertex, the equations of the scenarios at the value at risk
and of the active rows are solved in 40-digit arithmetic and the objective is evaluated there; the
value must agree with the dual bound of HiGHS.
"""

import json
import sys

import clarabel
import mpmath as mp
import numpy as np
import scipy
from scipy import sparse
from scipy.optimize import linprog

mp.mp.dps = 40


def stated(r, p, confidence, c, weight, lower, upper, a, low, high):
    """The linear program in (x, t, u)."""
    s, n = r.shape
    m = c.size
    cost = np.concatenate([c, [weight], weight * p / (1 - confidence)])
    pad = np.zeros((s, m - n))
    tail = sparse.csr_matrix(np.hstack([-r, pad, -np.ones((s, 1)), -np.eye(s)]))
    rows, bounds = [], []
    for k in range(len(a)):
        full = np.concatenate([a[k], [0], np.zeros(s)])
        if np.isfinite(high[k]):
            rows.append(full)
            bounds.append(high[k])
        if np.isfinite(low[k]):
            rows.append(-full)
            bounds.append(-low[k])
    matrix = sparse.vstack([tail, sparse.csr_matrix(np.array(rows))]).tocsr()
    right = np.concatenate([np.zeros(s), bounds])
    box = [(l if np.isfinite(l) else None, u if np.isfinite(u) else None)
           for l, u in zip(lower, upper)] + [(None, None)] + [(0, None)] * s
    return cost, matrix, right, box


def with_highs(program):
    cost, matrix, right, box = program
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    result = linprog(cost, matrix, right, bounds=box, method="highs-ds", options=options)
    assert result.status == 0, result.message
    return result


def with_clarabel(program):
    cost, matrix, right, box = program
    rows, rhs = [matrix], [right]
    eye = sparse.identity(len(cost), format="csr")
    for i, (l, u) in enumerate(box):
        if u is not None:
            rows.append(eye[i]); rhs.append([u])
        if l is not None:
            rows.append(-eye[i]); rhs.append([-l])
    a, b = sparse.vstack(rows).tocsc(), np.concatenate(rhs)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas"):
        setattr(settings, name, 1e-12)
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix((len(cost), len(cost))), cost, a, b,
        [clarabel.NonnegativeConeT(len(b))], settings)
    return solver.solve().obj_val


def tail_value(losses, p, confidence):
    """Expected shortfall in the arithmetic of its arguments."""
    order = sorted(range(len(losses)), key=lambda s: -losses[s])
    mass, left, total = mp.mpf(1) - mp.mpf(confidence), None, mp.mpf(0)
    left = mass
    for s in order:
        share = min(mp.mpf(float(p[s])), left)
        total += share * losses[s]
        left -= share
        if left <= 0:
            break
    return total / mass


def exact(result, r, p, confidence, c, weight, lower, upper, a, low, high):
    """The objective and the variables of the vertex in 40 digits; None when it is none."""
    s, n = r.shape
    m = c.size
    x, t = result.x[:m], result.x[m]
    side = np.where(np.abs(x - lower) < 1e-9, -1, np.where(np.abs(x - upper) < 1e-9, 1, 0))
    free = [i for i in range(m) if side[i] == 0]
    losses = -r @ x[:n]
    kinks = [k for k in range(s) if abs(losses[k] - t) < 1e-9]
    active = []
    for k in range(len(a)):
        value = a[k] @ x
        if abs(value - low[k]) < 1e-9:
            active.append((k, low[k]))
        elif abs(value - high[k]) < 1e-9:
            active.append((k, high[k]))
    size = len(free) + 1
    if len(kinks) + len(active) != size:
        return None
    fixed = [mp.mpf(0) if side[i] == 0 else mp.mpf(float(lower[i] if side[i] < 0 else upper[i]))
             for i in range(m)]
    matrix, right = mp.matrix(size, size), mp.matrix(size, 1)
    for e, k in enumerate(kinks):
        for q, i in enumerate(free):
            matrix[e, q] = mp.mpf(float(r[k, i])) if i < n else mp.mpf(0)
        matrix[e, size - 1] = 1
        right[e] = -sum(mp.mpf(float(r[k, i])) * fixed[i] for i in range(n))
    for e, (k, bound) in enumerate(active):
        for q, i in enumerate(free):
            matrix[len(kinks) + e, q] = mp.mpf(float(a[k][i]))
        right[len(kinks) + e] = mp.mpf(float(bound)) - sum(
            mp.mpf(float(a[k][i])) * fixed[i] for i in range(m))
    solved = mp.lu_solve(matrix, right)
    point = list(fixed)
    for q, i in enumerate(free):
        point[i] = solved[q]
    losses = [-sum(mp.mpf(float(r[k, i])) * point[i] for i in range(n)) for k in range(s)]
    value = mp.mpf(float(weight)) * tail_value(losses, p, confidence) + sum(
        mp.mpf(float(c[i])) * point[i] for i in range(m))
    return value, point


def market(rng, s, n, kind):
    common = rng.standard_normal(s)
    noise = rng.standard_t(3, (s, n)) if kind == "heavy" else rng.standard_normal((s, n))
    r = 0.0004 + 0.01 * np.outer(common, rng.uniform(0.3, 1.5, n)) + noise * rng.uniform(
        0.005, 0.03, n)
    if kind == "ties":
        r = np.round(r, 2)
    if kind == "repeated":
        r = np.repeat(r[: (s + 2) // 3], 3, axis=0)[:s]
    return np.round(r, 6)


def case(rng, name, s, n, confidence, kind="normal", weighted=False, box=None, extra=False,
         linear=False):
    r = market(rng, s, n, kind)
    p = np.full(s, 1 / s)
    if weighted:
        p = rng.uniform(0.2, 1, s)
        p /= p.sum()
    lower, upper = (np.zeros(n), np.ones(n)) if box is None else (
        np.full(n, box[0]), np.full(n, box[1]))
    a, low, high, names = [np.ones(n)], [1.0], [1.0], ["budget"]
    if extra:
        a.append((np.arange(n) < n // 2).astype(float))
        low.append(0.2)
        high.append(0.45)
        a.append(r.mean(axis=0))
        low.append(float(np.quantile(r.mean(axis=0), 0.6)))
        high.append(np.inf)
        names += ["group", "target"]
    c = rng.normal(0, 0.002, n) if linear else np.zeros(n)
    weight = 0.7 if linear else 1.0
    arguments = (r, p, confidence, c, weight, lower, upper, np.array(a), np.array(low),
                 np.array(high))
    program = stated(*arguments)
    result = with_highs(program)
    other = with_clarabel(program)
    vertex = exact(result, *arguments)
    value = result.fun if vertex is None else float(vertex[0])
    assert abs(value - result.fun) <= 1e-10 * abs(value) + 1e-14, (name, value, result.fun)
    assert abs(value - other) <= 1e-8 * abs(value) + 1e-10, (name, value, other)
    return {
        "name": name, "confidence": confidence, "scenarios": s,
        "outcomes": [float(v) for v in r.ravel(order="F")],
        "probabilities": [float(v) for v in p] if weighted else None,
        "linear": [float(v) for v in c], "weight": weight,
        "lower": [float(v) for v in lower], "upper": [float(v) for v in upper],
        "rows": [{"name": names[k], "coefficients": [float(v) for v in a[k]],
                  "lower": float(low[k]), "upper": float(min(high[k], 1e300))}
                 for k in range(len(a))],
        "objective": value, "relative": 1e-9 if vertex is None else 1e-12,
        "variables": None if vertex is None else [float(v) for v in vertex[1]],
    }


def ratio(r, confidence, rate, cap):
    """The largest excess return over expected shortfall, made homogeneous."""
    s, n = r.shape
    excess = r.mean(axis=0) - rate
    # (y, kappa, t, u)
    cost = np.concatenate([np.zeros(n + 1), [1], np.full(s, 1 / s / (1 - confidence))])
    tail = np.hstack([-r, np.zeros((s, 1)), -np.ones((s, 1)), -np.eye(s)])
    box = np.hstack([np.eye(n), -cap * np.ones((n, 1)), np.zeros((n, 1 + s))])
    equal = np.zeros((2, n + 2 + s))
    equal[0, :n] = excess
    equal[1, :n] = 1
    equal[1, n] = -1
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    result = linprog(
        cost, np.vstack([tail, box]), np.zeros(s + n), equal, [1, 0],
        bounds=[(0, None)] * (n + 1) + [(None, None)] + [(0, None)] * s, method="highs-ds",
        options=options)
    assert result.status == 0, result.message
    return 1 / result.fun


def ratio_case(rng, name, s, n, confidence, rate, cap, kind="normal"):
    r = market(rng, s, n, kind)
    return {"name": name, "scenarios": s, "outcomes": [float(v) for v in r.ravel(order="F")],
            "confidence": confidence, "riskFreeRate": rate, "cap": cap,
            "ratio": ratio(r, confidence, rate, cap)}


def crypto(folder):
    """Portfolios of the last thousand daily returns of the assets that are no dollars."""
    with open(f"{folder}/quickstart/crypto_daily_close.csv") as file:
        lines = [line.strip().split(",") for line in file if line.strip()]
    columns = [j for j in range(1, len(lines[0])) if lines[0][j] not in ("USDT", "USDC")]
    prices = np.array([[float(line[j]) for j in columns] for line in lines[1:]])
    r = (prices[1:] / prices[:-1] - 1)[-1000:]
    s, n = r.shape
    program = stated(r, np.full(s, 1 / s), 0.95, np.zeros(n), 1.0, np.zeros(n), np.full(n, 0.35),
                     np.ones((1, n)), np.array([1.0]), np.array([1.0]))
    return {"assets": [lines[0][j] for j in columns], "confidence": 0.95, "cap": 0.35,
            "objective": with_highs(program).fun, "ratio": ratio(r, 0.95, 0.0, 0.35)}


def main():
    rng = np.random.default_rng(20260115)
    cases = [
        case(rng, "small", 12, 3, 0.75),
        case(rng, "twenty by five", 20, 5, 0.9),
        case(rng, "fraction of an atom", 15, 4, 0.93),
        case(rng, "weighted", 40, 6, 0.9, weighted=True),
        case(rng, "heavy tails", 60, 8, 0.95, kind="heavy"),
        case(rng, "ties", 50, 6, 0.9, kind="ties"),
        case(rng, "repeated scenarios", 45, 6, 0.9, kind="repeated"),
        case(rng, "box", 60, 8, 0.9, box=(0.05, 0.2)),
        case(rng, "long and short", 60, 8, 0.95, box=(-0.3, 0.6)),
        case(rng, "group and target", 60, 8, 0.9, extra=True),
        case(rng, "linear term", 60, 8, 0.9, linear=True, weighted=True),
        case(rng, "confidence near zero", 30, 5, 1e-6),
        case(rng, "confidence near one", 30, 5, 0.999),
        case(rng, "fewer scenarios than assets", 10, 25, 0.8),
        case(rng, "three hundred", 300, 30, 0.95, kind="heavy"),
        case(rng, "three hundred with rows", 300, 30, 0.95, extra=True, weighted=True,
             box=(0, 0.15)),
    ]
    document = {
        "generator": "Tests/Generate/expected_shortfall.py",
        "versions": {"python": sys.version.split()[0], "numpy": np.__version__,
                     "scipy": scipy.__version__, "clarabel": clarabel.__version__,
                     "mpmath": mp.__version__},
        "cases": cases,
        "ratios": [
            ratio_case(rng, "plain", 80, 8, 0.9, 0.0, 1.0),
            ratio_case(rng, "capped", 80, 8, 0.95, 0.0001, 0.25),
            ratio_case(rng, "heavy tails", 200, 15, 0.95, 0.0, 0.3, kind="heavy"),
        ],
    }
    if len(sys.argv) > 1:
        document["crypto"] = crypto(sys.argv[1])
    else:
        with open("Tests/Reference/expected_shortfall.json") as file:
            document["crypto"] = json.load(file)["crypto"]
    with open("Tests/Reference/expected_shortfall.json", "w") as file:
        json.dump(document, file, indent=None, separators=(",", ":"))
        file.write("\n")
    for entry in cases:
        print(entry["name"], entry["objective"], entry["variables"] is not None)


main()
