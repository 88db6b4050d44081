"""Reference values for forecasts of dynamic conditional correlations: NumPy 2.3.5, with the fits of volatility.py.

python3 Tests/Generate/dcc_forecast.py writes Tests/Reference/dcc_forecast.json; it reads the returns and the two
weights of the correlations from volatility.json.

The recursions of R. Engle and K. Sheppard, Theoretical and empirical properties of dynamic conditional correlation
multivariate GARCH, NBER working paper 8554 (2001), section 5, written out a step at a time; and the expectations
that they approximate, as means over drawn paths with the standard errors of these means.
"""

import json
import pathlib

import numpy as np
from volatility import marginal

HORIZON = 12
PATHS = 400_000


def correlation(q):
    d = 1 / np.sqrt(np.diag(q))
    return q * np.outer(d, d)


def main():
    folder = pathlib.Path(__file__).parent.parent / "Reference"
    item = json.loads((folder / "volatility.json").read_text())["dcc"]
    data, a, b = np.array(item["rows"]), item["news"], item["memory"]
    fits = [marginal(data[:, j]) for j in range(3)]
    eps = np.column_stack([f[0] for f in fits])
    target = eps.T @ eps / len(eps)
    q = target.copy()
    for row in eps:
        q = (1 - a - b) * target + a * np.outer(row, row) + b * q
    omega, alpha, beta = (np.array([f[3][k] for f in fits]) / (1e4 if k == 1 else 1) for k in (1, 2, 3))
    h = np.array([f[2] for f in fits])

    variances = [h]
    moments, reverting = [q], [correlation(q)]
    for _ in range(HORIZON - 1):
        variances.append(omega + (alpha + beta) * variances[-1])
        # Shocks and Q have the expectation of Q; or that of R, and the target that of its correlations.
        moments.append((1 - a - b) * target + a * moments[-1] + b * moments[-1])
        reverting.append((1 - a - b) * correlation(target) + a * reverting[-1] + b * reverting[-1])
    paths = {"secondMoments": [correlation(m) for m in moments], "correlations": reverting}
    forecasts = {}
    for name, path in paths.items():
        covariances = [r * np.outer(v**0.5, v**0.5) for r, v in zip(path, variances)]
        forecasts[name] = {
            "correlations": [r.tolist() for r in path], "covariances": [c.tolist() for c in covariances],
            "total": sum(covariances).tolist()}

    generator = np.random.default_rng(5)
    qs, hs = np.tile(q, (PATHS, 1, 1)), np.tile(h, (PATHS, 1))
    total = np.zeros((PATHS, 3))
    means, errors = [], []
    for _ in range(HORIZON):
        d = 1 / np.sqrt(np.einsum("pii->pi", qs))
        roots = np.linalg.cholesky(qs * d[:, :, None] * d[:, None, :])
        z = np.einsum("pij,pj->pi", roots, generator.standard_normal((PATHS, 3)))
        e = np.sqrt(hs) * z
        products = e[:, :, None] * e[:, None, :]
        means.append(products.mean(axis=0).tolist())
        errors.append((products.std(axis=0) / PATHS**0.5).tolist())
        total += e
        hs = omega + alpha * e**2 + beta * hs
        qs = (1 - a - b) * target + a * z[:, :, None] * z[:, None, :] + b * qs
    products = total[:, :, None] * total[:, None, :]
    result = {
        "generator": "Tests/Generate/dcc_forecast.py",
        "versions": {"numpy": np.__version__},
        "forecasts": forecasts,
        "simulated": {
            "covariances": means, "errors": errors, "total": products.mean(axis=0).tolist(),
            "totalErrors": (products.std(axis=0) / PATHS**0.5).tolist()},
    }
    (folder / "dcc_forecast.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")
    np.set_printoptions(precision=4, linewidth=150)
    deviations = np.sqrt(np.array(variances))
    for name in forecasts:
        worst = 0
        for k in range(HORIZON):
            gap = np.array(forecasts[name]["covariances"][k]) - np.array(means[k])
            print(name, k, (gap / np.outer(deviations[k], deviations[k]))[np.tril_indices(3)],
                  (gap / np.array(errors[k]))[np.tril_indices(3)])
        gap = np.array(forecasts[name]["total"]) - products.mean(axis=0)
        print(name, "total", gap / np.array(result["simulated"]["totalErrors"]), gap / np.array(result["simulated"]["total"]))


if __name__ == "__main__":
    main()
