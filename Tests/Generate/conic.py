"""Reference answers of conic programs for Tests/Reference/conic.json.

Closed forms are evaluated in 40 digits; the other programs are solved by two solvers that share nothing
(Clarabel, and ECOS or SCS), and the tolerance of a case is what they agree to. A block is
F x + g in K, in the conventions of Keel: (t, v) second-order, y exp(x/y) <= z, x^a y^(1-a) >= |z|, and
the lower triangle of a matrix column after column.
"""
import json
import sys

import clarabel
import ecos
import mpmath as mp
import numpy as np
import scipy
import scs
from scipy import sparse

mp.mp.dps = 40
cases = []


def block(cone, f, g, **more):
    f = np.atleast_2d(np.asarray(f, dtype=float))
    return {"cone": cone, "f": f.tolist(), "g": np.asarray(g, dtype=float).tolist(), **more}


def add(name, q, blocks, objective, relative, p=None, x=None, absolute=0.0, x_absolute=0.0):
    cases.append({
        "name": name, "p": None if p is None else np.asarray(p).tolist(),
        "q": np.asarray(q, dtype=float).tolist(), "blocks": blocks, "objective": float(objective),
        "relative": relative, "absolute": absolute,
        "x": None if x is None else [float(v) for v in x], "xAbsolute": x_absolute})


def triangle(order):
    return [(i, j) for j in range(order) for i in range(j, order)]


def solve_clarabel(q, blocks, p=None):
    """Upper triangle order for Clarabel's semidefinite cone, sqrt(2) off the diagonal."""
    n = len(q)
    rows, constants, cones = [], [], []
    for entry in blocks:
        f, g = np.array(entry["f"]), np.array(entry["g"])
        kind = entry["cone"]
        if kind == "semidefinite":
            order = entry["order"]
            place = {pair: k for k, pair in enumerate(triangle(order))}
            index = [place[(j, i)] for j in range(order) for i in range(j + 1)]
            scale = np.array([1 if i == j else np.sqrt(2) for j in range(order) for i in range(j + 1)])
            f, g = f[index] * scale[:, None], g[index] * scale
        rows.append(-f)
        constants.append(g)
        cones.append({
            "zero": lambda: clarabel.ZeroConeT(len(g)),
            "nonnegative": lambda: clarabel.NonnegativeConeT(len(g)),
            "secondOrder": lambda: clarabel.SecondOrderConeT(len(g)),
            "exponential": lambda: clarabel.ExponentialConeT(),
            "power": lambda: clarabel.PowerConeT(entry["exponent"]),
            "semidefinite": lambda: clarabel.PSDTriangleConeT(entry["order"])}[kind]())
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    for name in ("tol_gap_abs", "tol_gap_rel", "tol_feas"):
        setattr(settings, name, 1e-11)
    quadratic = sparse.csc_matrix((n, n)) if p is None else sparse.csc_matrix(np.triu(p))
    solution = clarabel.DefaultSolver(
        quadratic, np.array(q, dtype=float), sparse.csc_matrix(np.vstack(rows)), np.concatenate(constants),
        cones, settings).solve()
    return solution.obj_val, np.array(solution.x), str(solution.status)


def solve_scs(q, blocks, p=None):
    """SCS wants: zero, nonnegative, second-order, semidefinite, exponential, power."""
    n = len(q)
    order = ["zero", "nonnegative", "secondOrder", "semidefinite", "exponential", "power"]
    ordered = sorted(blocks, key=lambda entry: order.index(entry["cone"]))
    rows, constants = [], []
    cone = {"z": 0, "l": 0, "q": [], "s": [], "ep": 0, "p": []}
    for entry in ordered:
        f, g = np.array(entry["f"]), np.array(entry["g"])
        kind = entry["cone"]
        if kind == "semidefinite":
            scale = np.array([1 if i == j else np.sqrt(2) for i, j in triangle(entry["order"])])
            f, g = f * scale[:, None], g * scale
            cone["s"].append(entry["order"])
        elif kind == "zero":
            cone["z"] += len(g)
        elif kind == "nonnegative":
            cone["l"] += len(g)
        elif kind == "secondOrder":
            cone["q"].append(len(g))
        elif kind == "exponential":
            cone["ep"] += 1
        else:
            cone["p"].append(entry["exponent"])
        rows.append(-f)
        constants.append(g)
    data = {"A": sparse.csc_matrix(np.vstack(rows)), "b": np.concatenate(constants),
            "c": np.array(q, dtype=float)}
    if p is not None:
        data["P"] = sparse.csc_matrix(np.triu(p))
    solver = scs.SCS(data, cone, verbose=False, eps_abs=1e-10, eps_rel=1e-10, max_iters=200000)
    return solver.solve()["info"]["pobj"]


def solve_ecos(q, blocks):
    """ECOS: equations apart, then nonnegative, second-order, exponential as (x, z, y)."""
    order = ["nonnegative", "secondOrder", "exponential"]
    equations = [entry for entry in blocks if entry["cone"] == "zero"]
    ordered = sorted((e for e in blocks if e["cone"] != "zero"), key=lambda e: order.index(e["cone"]))
    dims = {"l": 0, "q": [], "e": 0}
    rows, constants = [], []
    for entry in ordered:
        f, g = np.array(entry["f"]), np.array(entry["g"])
        if entry["cone"] == "nonnegative":
            dims["l"] += len(g)
        elif entry["cone"] == "secondOrder":
            dims["q"].append(len(g))
        else:
            dims["e"] += 1
            f, g = f[[0, 2, 1]], g[[0, 2, 1]]
        rows.append(-f)
        constants.append(g)
    a = b = None
    if equations:
        a = sparse.csc_matrix(np.vstack([np.array(e["f"]) for e in equations]))
        b = -np.concatenate([np.array(e["g"]) for e in equations])
    solution = ecos.solve(
        np.array(q, dtype=float), sparse.csc_matrix(np.vstack(rows)), np.concatenate(constants), dims, a, b,
        verbose=False, abstol=1e-10, reltol=1e-10, feastol=1e-10, max_iters=300)
    return solution["info"]["pcost"]


def agreed(name, q, blocks, second, p=None, absolute=0.0):
    first, x, status = solve_clarabel(q, blocks, p)
    other = second(q, blocks) if p is None else second(q, blocks, p)
    gap = abs(first - other) / max(1e-3, abs(first))
    print(f"{name}: {first:.12g} {status}, other {other:.12g}, differ {gap:.1e}")
    assert gap < 1e-6, name
    add(name, q, blocks, first, max(2 * gap, 1e-9), p=p, absolute=absolute)


def closed_forms(rng):
    # The largest eigenvalue: min t with tI - C semidefinite.
    for order in (1, 2, 5, 12):
        c = rng.normal(size=(order, order))
        c = (c + c.T) / 2
        exact = max(mp.eigsy(mp.matrix(c.tolist()), eigvals_only=True))
        f = [[1.0 if i == j else 0.0] for i, j in triangle(order)]
        add(f"largest eigenvalue of order {order}", [1],
            [block("semidefinite", f, [-c[i, j] for i, j in triangle(order)], order=order)],
            exact, 1e-9, x=[exact], x_absolute=1e-8)
    # Least squares as a norm: the residual of the normal equations.
    for m, n in ((6, 2), (30, 12)):
        a, b = rng.normal(size=(m, n)), rng.normal(size=m)
        am, bm = mp.matrix(a.tolist()), mp.matrix(b.tolist())
        x = mp.lu_solve(am.T * am, am.T * bm)
        exact = mp.norm(am * x - bm)
        f = np.zeros((m + 1, n + 1))
        f[0, n] = 1
        f[1:, :n] = a
        add(f"norm of {m} residuals, {n} variables", [0] * n + [1],
            [block("secondOrder", f, np.concatenate([[0], -b]))], exact, 1e-9,
            x=list(x) + [exact], x_absolute=1e-7)
    # Maximum entropy under the budget is log n; with a mean it is an exponential family.
    for n, target in ((4, None), (6, 3.0), (10, 2.5)):
        scores = [mp.mpf(i) for i in range(n)]
        if target is None:
            tilt = mp.mpf(0)
        else:
            def mean(t):
                w = [mp.exp(t * s) for s in scores]
                return sum(s * v for s, v in zip(scores, w)) / sum(w)
            tilt = mp.findroot(lambda t: mean(t) - target, -0.1)
        w = [mp.exp(tilt * s) for s in scores]
        w = [v / sum(w) for v in w]
        exact = sum(v * mp.log(v) for v in w)
        blocks = [block("zero", [[1] * n + [0] * n], [-1])]
        if target is not None:
            blocks.append(block("zero", [[float(s) for s in scores] + [0] * n], [-target]))
        for i in range(n):
            f = np.zeros((3, 2 * n))
            f[0, n + i], f[1, i] = -1, 1
            blocks.append(block("exponential", f, [0, 0, 1]))
        add(f"maximum entropy of {n}, mean {target}", [0] * n + [1] * n, blocks, exact, 1e-8,
            x=w + [v * mp.log(v) for v in w], x_absolute=1e-5)  # the root of the gap
    # Entropic value at risk of a sample: one variable, minimized in 40 digits.
    for count, level in ((5, 0.6), (20, 0.9), (40, 0.95)):
        losses = rng.normal(size=count) * 0.02
        lm = [mp.mpf(float(v)) for v in losses]

        def measure(logs):
            s = mp.exp(logs)
            top = max(lm)
            return top + s * mp.log(sum(mp.exp((v - top) / s) for v in lm) / (count * (1 - mp.mpf(level))))
        low, high = mp.log(mp.mpf("1e-6")), mp.log(mp.mpf(10))
        for _ in range(400):
            a, b = low + (high - low) / 3, high - (high - low) / 3
            if measure(a) < measure(b):
                high = b
            else:
                low = a
        exact = measure((low + high) / 2)
        n = 2 + count
        blocks = []
        for i in range(count):
            f = np.zeros((3, n))
            f[0, 0], f[1, 1], f[2, 2 + i] = -1, 1, 1
            blocks.append(block("exponential", f, [losses[i], 0, 0]))
        blocks.append(block("nonnegative", [[0, count * (1 - level)] + [-1] * count], [0]))
        add(f"entropic value at risk of {count} losses at {level}", [1, 0] + [0] * count, blocks, exact,
            1e-8)
    # One trade with 3/2-power impact: a quadratic equation for the root of the trade.
    for gamma, variance, mean, cost in ((5, 0.04, 0.08, 0.1), (2, 0.09, -0.05, 0.02), (10, 0.01, 0.3, 1.0)):
        a, b, m = mp.mpf(gamma) * mp.mpf(variance), 3 * mp.mpf(cost) / 2, abs(mp.mpf(mean))
        root = (-b + mp.sqrt(b * b + 4 * a * m)) / (2 * a)
        size = root ** 2
        exact = a * size ** 2 / 2 - m * size + cost * size ** mp.mpf("1.5")
        f = [[0, 1], [0, 0], [1, 0]]
        add(f"trade with mean {mean} and impact {cost}", [-mean, cost],
            [block("power", f, [0, 1, 0], exponent=2 / 3)], exact, 1e-8,
            p=[[float(a), 0], [0, 0]], x=[mp.sign(mp.mpf(mean)) * size, size ** mp.mpf("1.5")],
            x_absolute=1e-6)
    # The largest product x^a y^(1-a) on a line: the weights are the exponents.
    for alpha in (0.1, 0.5, 0.8):
        a = mp.mpf(alpha)
        exact = -(a ** a) * (1 - a) ** (1 - a)
        add(f"geometric mean with weight {alpha}", [0, 0, -1],
            [block("zero", [[1, 1, 0]], [-1]),
             block("power", np.eye(3), [0, 0, 0], exponent=alpha)], exact, 1e-8,
            x=[a, 1 - a, -exact], x_absolute=1e-5)


def market(rng, rows, n):
    common = rng.normal(0.0005, 0.01, (rows, 1))
    return common * rng.uniform(0.5, 1.5, n) + rng.normal(0, 1, (rows, n)) * rng.uniform(0.01, 0.03, n)


def long_only(n, total):
    budget, lower = np.zeros((1, total)), np.zeros((n, total))
    budget[0, :n] = 1
    lower[:, :n] = np.eye(n)
    return [block("zero", budget, [-1]), block("nonnegative", lower, [0] * n)]


def portfolios(rng):
    for rows, n in ((30, 5), (60, 12)):
        returns = market(rng, rows, n)
        mean, root = returns.mean(0), (returns - returns.mean(0)) / np.sqrt(rows)
        f = np.vstack([np.zeros((1, n)), root])
        limit = 1.2 * np.sqrt(np.diag(root.T @ root)).min()
        agreed(f"volatility limit {rows}x{n}", -mean,
               long_only(n, n) + [block("secondOrder", f, [limit] + [0] * rows)], solve_ecos)
        # Growth: mean logarithm.
        total = n + rows
        blocks = long_only(n, total)
        for t in range(rows):
            f = np.zeros((3, total))
            f[0, n + t] = 1
            f[2, :n] = returns[t]
            blocks.append(block("exponential", f, [0, 1, 1]))
        agreed(f"logarithmic growth {rows}x{n}", [0] * n + [-1 / rows] * rows, blocks, solve_ecos,
               absolute=1e-10)  # the terms are some percent and cancel
        # Entropic value at risk: w, bound, scale, one auxiliary a scenario.
        total = n + 2 + rows
        blocks = long_only(n, total)
        for t in range(rows):
            f = np.zeros((3, total))
            f[0, :n], f[0, n], f[1, n + 1], f[2, n + 2 + t] = -returns[t], -1, 1, 1
            blocks.append(block("exponential", f, [0, 0, 0]))
        f = np.zeros((1, total))
        f[0, n + 1], f[0, n + 2:] = rows * (1 - 0.9), -1
        blocks.append(block("nonnegative", f, [0]))
        agreed(f"entropic value at risk {rows}x{n}", [0] * n + [1] + [0] * (rows + 1), blocks, solve_ecos)
        # Mean, variance and 3/2-power impact from equal weights.
        p = np.zeros((2 * n, 2 * n))
        p[:n, :n] = 5 * root.T @ root
        blocks = long_only(n, 2 * n)
        for i in range(n):
            f = np.zeros((3, 2 * n))
            f[0, n + i], f[2, i] = 1, 1
            blocks.append(block("power", f, [0, 1, -1 / n], exponent=2 / 3))
        agreed(f"market impact {rows}x{n}", np.concatenate([-10 * mean, np.full(n, 0.01)]), blocks, solve_scs,
               p=p)
    # The nearest correlation matrix in the Frobenius norm.
    for order in (3, 6):
        c = rng.uniform(-1, 1, (order, order))
        c = (c + c.T) / 2
        pairs = triangle(order)
        f = np.eye(len(pairs))
        diagonal = np.array([row for row, (i, j) in zip(f, pairs) if i == j])
        p = np.diag([1.0 if i == j else 2.0 for i, j in pairs])
        q = [-c[i, j] * (1 if i == j else 2) for i, j in pairs]
        agreed(f"nearest correlation of order {order}", q,
               [block("zero", diagonal, [-1] * order),
                block("semidefinite", f, np.zeros(len(pairs)), order=order)], solve_scs, p=p)


def main():
    rng = np.random.default_rng(20_251_101)
    closed_forms(rng)
    portfolios(rng)
    json.dump({
        "generator": "Tests/Generate/conic.py",
        "versions": {
            "python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
            "clarabel": clarabel.__version__, "ecos": ecos.__version__, "scs": scs.__version__,
            "mpmath": mp.__version__},
        "digits": 40, "cases": cases}, open("Tests/Reference/conic.json", "w"), indent=0)
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
