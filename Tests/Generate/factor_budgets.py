"""Makes Tests/Reference/factor_budgets.json: portfolios whose factors have given parts of the volatility.

Needs numpy 2.3.5, mpmath 1.3.0. Run from the root of the repository:
python Tests/Generate/factor_budgets.py

Damped Newton steps in the weights themselves, in 50-digit arithmetic, for the least of
w'Cw/2 - sum b ln (A'w); kept are the weights over their sum, none where it is negative. The contributions
y_j (A^+ C w)_j of the factors over w'Cw are checked to be b to 40 digits.
"""

import json

import mpmath as mp
import numpy as np

mp.mp.dps = 50
assert mp.__version__ == "1.3.0"


def solve(c, a, b):
    n, m = a.rows, a.cols
    w = a * mp.lu_solve(a.T * a, mp.ones(m, 1))
    for _ in range(3000):
        y = a.T * w
        gradient = c * w - a * mp.matrix([b[j] / y[j] for j in range(m)])
        curvature = mp.diag([b[j] / y[j] ** 2 for j in range(m)])
        step = mp.lu_solve(c + a * curvature * a.T, -gradient)
        decrement = mp.sqrt(-(gradient.T * step)[0] / min(b))
        w += step * (1 if decrement < mp.mpf(1) / 4 else 1 / (1 + decrement))
        if decrement < mp.mpf(10) ** -45:
            break
    else:
        raise RuntimeError("no convergence")
    y = a.T * w
    prices = mp.lu_solve(a.T * a, a.T * (c * w))
    variance = (w.T * c * w)[0]
    for j in range(m):
        assert abs(y[j] * prices[j] / variance - b[j]) < mp.mpf(10) ** -40
    return w / sum(w), sum(w) / sum(abs(v) for v in w)


def main():
    rng = np.random.default_rng(20_261_126)
    cases = []
    shapes = [(2, 1), (3, 2), (4, 4), (6, 3), (8, 2), (10, 5), (12, 3), (7, 7), (9, 4), (5, 2)]
    for number, (n, m) in enumerate(shapes):
        loadings = np.column_stack([rng.uniform(0.5, 1.5, n), rng.normal(0, 0.6, (n, 2))])
        # The last markets are nearly singular.
        specific = 1e-4 * rng.uniform(1, 9, n) * (1e-6 if number >= 8 else 1)
        covariance = 4e-4 * loadings @ loadings.T + np.diag(specific)
        a = rng.normal(0, 1, (n, m)).round(3)
        a[:, 0] = rng.uniform(0.3, 2, n).round(3)
        b = np.ones(m) if number % 3 == 0 else 10 ** rng.uniform(-3, 0, m)
        exact = [mp.mpf(float(v)) for v in b]
        exact = [v / sum(exact) for v in exact]
        rows = lambda values: mp.matrix([[mp.mpf(float(v)) for v in row] for row in values])
        w, net = solve(rows(covariance), rows(a), exact)
        print(number, n, m, mp.nstr(net, 5), np.linalg.cond(covariance))
        cases.append(dict(
            covariance=covariance.tolist(), loadings=a.T.tolist(), budgets=b.tolist(),
            weights=[float(v) for v in w] if net > 0 else None, relative=1e-7 if number >= 8 else 1e-11))
    with open("Tests/Reference/factor_budgets.json", "w") as file:
        json.dump(dict(
            generator="Tests/Generate/factor_budgets.py",
            versions={"numpy": np.__version__, "mpmath": mp.__version__}, digits=50, cases=cases),
            file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
