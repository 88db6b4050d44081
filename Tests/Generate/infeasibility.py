"""Makes Tests/Reference/infeasibility.json: cheapest relaxations and derivatives of solutions.

Needs numpy 2.3.5, scipy 1.16.3, mpmath 1.3.0, diffcp 1.1.9. Run from the root of the repository:
python Tests/Generate/infeasibility.py

Relaxations: the elastic linear program is solved by HiGHS (through scipy); its vertex is then solved
in 50-digit arithmetic from the constraints that are active there, and the multipliers of these are
checked to be non-negative, which proves the cost.

Derivatives: the active set of a small program is found by enumeration. The optimality conditions at
this set are solved in 80-digit arithmetic for data moved by +-1e-25 along a direction; the quotient of
differences has 50 correct digits. Nothing is differentiated by formula. diffcp, which differentiates
the conic form, agrees to its own accuracy.
"""

import itertools
import json
import os

import diffcp
import mpmath as mp
import numpy as np
from scipy import sparse
from scipy.optimize import linprog

mp.mp.dps = 80


def rounded(values, digits=3):
    return np.round(values, digits) + 0.0


def number(value):
    return None if np.isinf(value) else float(value)


# Relaxations


def relaxation(seed):
    local = np.random.default_rng(seed)
    n = int(local.integers(2, 7))
    m = int(local.integers(1, 5))
    rows = rounded(local.normal(size=(m, n)))
    low, high = np.full(m, -np.inf), np.full(m, np.inf)
    for k in range(m):
        kind = local.integers(0, 3)
        middle = float(rounded(local.normal() * 4))
        if kind == 0:
            low[k] = high[k] = middle
        elif kind == 1:
            low[k] = middle
        else:
            low[k], high[k] = middle - 0.5, middle + 0.5
    lower = rounded(local.uniform(-1, 0, size=n))
    upper = lower + rounded(local.uniform(0.1, 1, size=n))
    weights = rounded(local.uniform(0.5, 2, size=m + n))
    # minimize w'e, constraints G v >= h on v = (x, elastics).
    sides = []
    for k in range(m):
        if np.isfinite(low[k]):
            sides.append((rows[k], low[k], weights[k]))
        if np.isfinite(high[k]):
            sides.append((-rows[k], -high[k], weights[k]))
    for i in range(n):
        unit = np.eye(n)[i]
        sides.append((unit, lower[i], weights[m + i]))
        sides.append((-unit, -upper[i], weights[m + i]))
    count = len(sides)
    g = np.zeros((2 * count, n + count))
    h = np.zeros(2 * count)
    c = np.zeros(n + count)
    for s, (normal, bound, weight) in enumerate(sides):
        g[s, :n], g[s, n + s], h[s], c[n + s] = normal, 1, bound, weight
        g[count + s, n + s] = 1
    answer = linprog(c, A_ub=-g, b_ub=-h, bounds=(None, None), method="highs-ds")
    if answer.status != 0 or answer.fun < 1e-3:
        return None
    active = np.flatnonzero(g @ answer.x - h < 1e-9)
    if len(active) != n + count:
        return None
    basis = mp.matrix(g[active].tolist())
    vertex = mp.lu_solve(basis, mp.matrix(h[active].tolist()))
    multipliers = mp.lu_solve(basis.T, mp.matrix(c.tolist()))
    slack = mp.matrix(g.tolist()) * vertex - mp.matrix(h.tolist())
    assert min(multipliers) > -mp.mpf(10) ** -40 and min(slack) > -mp.mpf(10) ** -40
    cost = sum(mp.mpf(c[j]) * vertex[j] for j in range(n + count))
    return {
        "rows": rows.tolist(), "rowLower": [number(v) for v in low],
        "rowUpper": [number(v) for v in high], "lower": lower.tolist(), "upper": upper.tolist(),
        "weights": weights.tolist(), "cost": float(cost), "relative": 1e-12,
    }


# Derivatives


def conditions(data, sides):
    """The optimum of data at an active set, in mpmath: x, row duals, bound duals, objective."""
    p, q, lower, upper, rows, low, high = data
    row_sides, bound_sides = sides
    n, m = len(q), len(low)
    normals, values, owners = [], [], []
    for k in range(m):
        if row_sides[k]:
            normals.append([rows[k, i] for i in range(n)])
            values.append(low[k] if row_sides[k] < 0 else high[k])
            owners.append(("row", k))
    for i in range(n):
        if bound_sides[i]:
            normals.append([mp.mpf(i == j) for j in range(n)])
            values.append(lower[i] if bound_sides[i] < 0 else upper[i])
            owners.append(("bound", i))
    size = n + len(values)
    kkt, right = mp.zeros(size, size), mp.zeros(size, 1)
    for i in range(n):
        right[i] = -q[i]
        for j in range(n):
            kkt[i, j] = p[i, j]
    for a, normal in enumerate(normals):
        right[n + a] = values[a]
        for i in range(n):
            kkt[n + a, i] = normal[i]
            kkt[i, n + a] = -normal[i]
    solution = mp.lu_solve(kkt, right)
    x = [solution[i] for i in range(n)]
    y, z = [mp.mpf(0)] * m, [mp.mpf(0)] * n
    for a, (kind, index) in enumerate(owners):
        (y if kind == "row" else z)[index] = solution[n + a]
    objective = sum(x[i] * (q[i] + sum(p[i, j] * x[j] for j in range(n)) / 2) for i in range(n))
    return x, y, z, objective


def exact(data):
    return tuple(mp.matrix(part.tolist()) for part in data)


def active_set(data):
    """The strictly complementary active set, by enumeration; None when there is none."""
    p, q, lower, upper, rows, low, high = data
    n, m = len(q), len(low)
    choices = [(-1,) if low[k] == high[k] else (0, -1, 1) for k in range(m)] + [(0, -1, 1)] * n
    margin = 1e-3
    for sides in itertools.product(*choices):
        count = sum(1 for s in sides if s)
        if count > n:
            continue
        normals = [rows[k] for k in range(m) if sides[k]] + [
            np.eye(n)[i] for i in range(n) if sides[m + i]]
        values = [low[k] if sides[k] < 0 else high[k] for k in range(m) if sides[k]] + [
            lower[i] if sides[m + i] < 0 else upper[i] for i in range(n) if sides[m + i]]
        if not np.all(np.isfinite(values)):
            continue
        a = np.array(normals).reshape(count, n)
        kkt = np.block([[p, -a.T], [a, np.zeros((count, count))]])
        if np.linalg.cond(kkt) > 1e6:
            continue
        solution = np.linalg.solve(kkt, np.concatenate([-q, values]))
        x, duals = solution[:n], solution[n:]
        position, good = 0, True
        for k in range(m + n):
            value = rows[k] @ x if k < m else x[k - m]
            bottom, top = (low[k], high[k]) if k < m else (lower[k - m], upper[k - m])
            if sides[k]:
                dual = duals[position]
                position += 1
                if bottom != top and sides[k] * dual > -margin:
                    good = False
            elif value < bottom + margin or value > top - margin:
                good = False
        if good:
            return sides[:m], sides[m:]
    return None


def derivative(seed):
    local = np.random.default_rng(seed)
    n = int(local.integers(2, 6))
    m = int(local.integers(1, 4)) if n > 2 else 1
    is_diagonal = seed % 3 == 0
    if is_diagonal:
        p = np.diag(rounded(local.uniform(0.5, 2, size=n)))
    else:
        root = local.normal(size=(n, n))
        p = rounded(root @ root.T + 0.2 * np.eye(n))
        p = (p + p.T) / 2
    q = rounded(local.normal(size=n))
    lower, upper = np.full(n, -0.3), np.full(n, 0.6)
    rows = rounded(local.normal(size=(m, n)))
    rows[0] = 1
    low, high = np.full(m, -0.2), np.full(m, 0.25)
    low[0] = high[0] = 0.5
    data = (p, q, lower, upper, rows, low, high)
    sides = active_set(data)
    if sides is None:
        return None
    dp = rounded(local.normal(size=(n, n)))
    dp = np.diag(np.diag(dp)) if is_diagonal else rounded((dp + dp.T) / 2)
    direction = [dp] + [rounded(local.normal(size=part.shape)) for part in data[1:]]
    direction[6][0] = direction[5][0]
    step = mp.mpf(10) ** -25
    base, change = exact(data), exact(direction)
    ahead = conditions(tuple(b + step * d for b, d in zip(base, change)), sides)
    behind = conditions(tuple(b - step * d for b, d in zip(base, change)), sides)
    quotient = lambda a, b: float((a - b) / (2 * step))
    names = ["p", "q", "lower", "upper", "rows", "rowLower", "rowUpper"]
    return {
        "data": {k: v.tolist() for k, v in zip(names, data)},
        "direction": {k: v.tolist() for k, v in zip(names, direction)},
        "isDiagonal": is_diagonal,
        "active": int(sum(1 for s in sides[0] + sides[1] if s)),
        "dx": [quotient(a, b) for a, b in zip(ahead[0], behind[0])],
        "dRowDuals": [quotient(a, b) for a, b in zip(ahead[1], behind[1])],
        "dBoundDuals": [quotient(a, b) for a, b in zip(ahead[2], behind[2])],
        "dObjective": quotient(ahead[3], behind[3]),
        "relative": 1e-9,
    }


def conic_change(case):
    """dx by diffcp, with 1/2 x'Px <= t as a second-order cone."""
    d = {k: np.array(v) for k, v in case["data"].items()}
    e = {k: np.array(v) for k, v in case["direction"].items()}
    n = len(d["q"])

    def stacked(part, unit, root):
        rows = part["rows"]
        linear = np.vstack([rows[:1], rows[1:], -rows[1:], unit, -unit])
        bounds = np.concatenate([
            part["rowLower"][:1], part["rowUpper"][1:], -part["rowLower"][1:], part["upper"],
            -part["lower"]])
        cone = np.zeros((n + 2, n + 1))
        cone[2:, :n] = -np.sqrt(2) * root.T
        return np.vstack([np.hstack([linear, np.zeros((len(bounds), 1))]), cone]), bounds

    step = 1e-6
    ahead = np.linalg.cholesky(d["p"] + step * e["p"])
    behind = np.linalg.cholesky(d["p"] - step * e["p"])
    a, b = stacked(d, np.eye(n), np.linalg.cholesky(d["p"]))
    da, db = stacked(e, np.zeros((n, n)), (ahead - behind) / (2 * step))
    positive = len(b) - 1
    a[-n - 2:-n, n] = -1
    b = np.concatenate([b, [1, -1], np.zeros(n)])
    a = sparse.csc_matrix(a)
    columns = np.repeat(np.arange(n + 1), np.diff(a.indptr))
    change = sparse.csc_matrix((da[a.indices, columns], a.indices, a.indptr), shape=a.shape)
    cones = {diffcp.ZERO: 1, diffcp.POS: positive, diffcp.SOC: [n + 2]}
    answer = diffcp.solve_and_derivative(
        a, b, np.append(d["q"], 1.0), cones, solve_method="Clarabel", mode="lsqr")
    return answer[3](change, np.concatenate([db, np.zeros(n + 2)]), np.append(e["q"], 0.0))[0][:n]


def collect(make, count):
    found, seed = [], 1
    while len(found) < count:
        case = make(seed)
        seed += 1
        if case is not None:
            found.append(case)
    return found


def main():
    relaxations = collect(relaxation, 60)
    derivatives = collect(derivative, 60)
    for case in derivatives:
        expected = np.array(case["dx"])
        error = np.abs(conic_change(case) - expected).max() / max(1, np.abs(expected).max())
        assert error < 1e-4, error
    path = os.path.join("Tests", "Reference", "infeasibility.json")
    with open(path, "w") as file:
        json.dump({
            "generator": "Tests/Generate/infeasibility.py",
            "versions": {"mpmath": mp.__version__, "numpy": np.__version__},
            "digits": 50, "relaxations": relaxations, "derivatives": derivatives,
        }, file, separators=(",", ":"))
        file.write("\n")


main()
