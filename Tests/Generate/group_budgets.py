"""Makes Tests/Reference/group_budgets.json: portfolios whose groups have given parts of the risk.

Needs numpy 2.3.5, mpmath 1.3.0, cvxpy 1.9.3, clarabel 0.11.1. Run from the root of the repository:
python Tests/Generate/group_budgets.py

The least of R(w) - sum b ln W over w >= 0, W the sums of the groups, written out with exponential cones and solved
by Clarabel at the tightest tolerance that it attains, 1e-9 or less. For the volatility, R = w'Cw / 2, Newton steps in 50-digit arithmetic follow on the assets
that are held, and the conditions of the others are checked. For the expected shortfall kept are the weights over their sum
and the objective at the scale where the shortfall is one, both from Clarabel's weights by sorting the losses.
"""

import json
import warnings

import cvxpy as cp
import mpmath as mp
import numpy as np

assert cp.__version__ == "1.9.3" and mp.__version__ == "1.3.0"
mp.mp.dps = 50


def groups(rng, width, count):
    line = np.concatenate([np.arange(count), rng.integers(0, count, width - count)])
    rng.shuffle(line)
    return line


def barrier(risk, w, line, b):
    sums = [cp.sum(w[np.flatnonzero(line == g)]) for g in range(len(b))]
    problem = cp.Problem(
        cp.Minimize(risk - sum(b[g] * cp.log(sums[g]) for g in range(len(b)))), [w >= 0])
    for digits in (12, 11, 10, 9):
        limit = 10.0 ** -digits
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            problem.solve(
                solver=cp.CLARABEL, tol_gap_abs=limit, tol_gap_rel=limit, tol_feas=limit, max_iter=400)
        if problem.status == "optimal":
            return digits
    raise RuntimeError(problem.status)


def volatility(rng, number):
    width, count = [(4, 2), (6, 3), (10, 3), (12, 5), (20, 4), (8, 1), (7, 7), (30, 6)][number]
    loadings = np.column_stack([rng.uniform(0.5, 1.5, width), rng.normal(0, 0.6, (width, 2))])
    c = 4e-4 * loadings @ loadings.T + np.diag(1e-4 * rng.uniform(1, 9, width))
    line = groups(rng, width, count)
    b = np.ones(count) if number < 2 else rng.uniform(0.1, 3, count)
    share = b / b.sum()
    w = cp.Variable(width)
    scale = np.diag(c).mean()
    root = np.linalg.cholesky(c / scale)
    digits = barrier(cp.sum_squares(root.T @ w) / 2, w, line, share)
    near = w.value / np.array([w.value[line == line[i]].sum() for i in range(width)])
    held = [i for i in range(width) if near[i] > 1e-5]
    exact = [mp.mpf(float(v)) for v in b]
    exact = [v / sum(exact) for v in exact]
    x = mp.matrix([mp.mpf(float(w.value[i])) for i in held]) / mp.sqrt(mp.mpf(float(scale)))
    sigma = mp.matrix([[mp.mpf(float(v)) for v in row] for row in c])
    for _ in range(60):
        sums = [sum(x[p] for p, i in enumerate(held) if line[i] == g) for g in range(count)]
        residual = mp.matrix(len(held), 1)
        jacobian = mp.matrix(len(held), len(held))
        for p, i in enumerate(held):
            g = line[i]
            residual[p] = sum(sigma[i, j] * x[q] for q, j in enumerate(held)) - exact[g] / sums[g]
            for q, j in enumerate(held):
                jacobian[p, q] = sigma[i, j] + (exact[g] / sums[g] ** 2 if line[j] == g else 0)
        step = mp.lu_solve(jacobian, -residual)
        x += step
        if max(abs(v) for v in step) < mp.mpf(10) ** -42:
            break
    else:
        raise RuntimeError("no convergence")
    assert min(x) > 0
    for i in range(width):
        if i not in held:
            assert sum(sigma[i, j] * x[q] for q, j in enumerate(held)) > exact[line[i]] / sums[line[i]]
    weights = [0.0] * width
    for p, i in enumerate(held):
        weights[i] = float(x[p] / sum(x))
    print(number, digits, "held", len(held), "of", width)
    return dict(covariance=c.tolist(), lines=line.tolist(), budgets=b.tolist(), weights=weights)


def shortfall(rng, number):
    count, width, line_count = [
        (60, 4, 2), (120, 8, 3), (250, 12, 4), (90, 6, 1), (300, 20, 5), (40, 5, 5), (500, 10, 3),
        (200, 15, 6)][number]
    market = 0.01 * rng.standard_t(5, count)
    r = (0.0004 + np.outer(market, rng.uniform(0.2, 1.6, width))
         + rng.standard_t(4, (count, width)) * rng.uniform(0.005, 0.05, width))
    line = groups(rng, width, line_count)
    weighted = number % 2 == 1
    p = rng.uniform(0.2, 1.0, count) if weighted else np.ones(count)
    if number in (4, 7):
        # Scenarios in which a protocol fails, with all that is in it.
        for g in range(line_count):
            r[g, line == g] = -rng.uniform(0.3, 1.0)
        p[:line_count] *= 0.3
        weighted = True
    p /= p.sum()
    confidence = [0.9, 0.95, 0.975, 0.8, 0.95, 0.5, 0.99, 0.9][number]
    b = np.ones(line_count) if number < 3 else rng.uniform(0.2, 3.0, line_count)
    share = b / b.sum()
    y, t = cp.Variable(width), cp.Variable()
    digits = barrier(t + p @ cp.pos(-(100 * r) @ y - t) / (1 - confidence), y, line, share)
    found = np.maximum(y.value, 0)
    losses = -(r @ found)
    left, total = 1 - confidence, 0.0
    for s in np.argsort(-losses):
        used = min(p[s], left)
        total += used * losses[s]
        left -= used
    sums = np.array([found[line == g].sum() for g in range(line_count)]) * (1 - confidence) / total
    objective = 1 - share @ np.log(sums)
    weights = found / found.sum()
    print(number, digits, objective, "held", (weights > 1e-6).sum(), "of", width)
    return dict(
        returns=r.T.ravel().tolist(), count=count, probabilities=p.tolist() if weighted else None,
        confidence=confidence, lines=line.tolist(), budgets=b.tolist(), weights=weights.tolist(),
        objective=objective)


def main():
    rng = np.random.default_rng(20_261_127)
    data = dict(
        generator="Tests/Generate/group_budgets.py",
        versions={
            "numpy": np.__version__, "mpmath": mp.__version__, "cvxpy": cp.__version__,
            "clarabel": "0.11.1"},
        volatility=[volatility(rng, number) for number in range(8)],
        shortfall=[shortfall(rng, number) for number in range(8)])
    with open("Tests/Reference/group_budgets.json", "w") as file:
        json.dump(data, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
