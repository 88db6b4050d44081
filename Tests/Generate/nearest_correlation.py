"""Reference nearest correlation matrices and shrunk means for KeelEstimation: NumPy 2.3.5.

python3 Tests/Generate/nearest_correlation.py writes Tests/Reference/nearest_correlation.json.

Alternating projections with the correction of Dykstra (Higham, IMA Journal of Numerical Analysis 22, 2002) in the weighted
norm, to a change of 1e-14: another method than the library's.
"""

import json
import pathlib

import numpy as np


def nearest(g, weights, floor):
    root = np.sqrt(weights)
    scale = np.outer(root, root)
    y = g * scale
    target = (1 - floor) * weights
    correction = np.zeros_like(g)
    for _ in range(200_000):
        r = y - correction
        values, vectors = np.linalg.eigh(r - floor * np.diag(weights))
        x = (vectors * np.maximum(values, 0)) @ vectors.T + floor * np.diag(weights)
        correction = x - r
        new = x.copy()
        np.fill_diagonal(new, weights)
        change = np.abs(new - y).max()
        y = new
        if change < 1e-15:
            break
    return y / scale


def shrunk(x):
    t, n = x.shape
    m = x.mean(axis=0)
    s = np.cov(x, rowvar=False)
    inverse = np.linalg.inv(s)
    grand = np.full(n, m.mean())
    least = np.full(n, (inverse.sum(axis=0) @ m) / inverse.sum())
    result = {}
    for name, b in [("grand", grand), ("least", least)]:
        d = m - b
        james = np.clip((np.trace(s) - 2 * np.linalg.eigvalsh(s)[-1]) / (t * d @ d), 0, 1)
        bayes = (n + 2) / (n + 2 + t * d @ inverse @ d)
        result[name + "James"] = ((1 - james) * m + james * b).tolist()
        result[name + "Bayes"] = ((1 - bayes) * m + bayes * b).tolist()
    w = 0.5 ** ((t - 1 - np.arange(t)) / 7.0)
    result["ewma"] = (w @ x / w.sum()).tolist()
    return result


def main():
    generator = np.random.default_rng(20_261_128)

    def noisy(n, size):
        a = generator.standard_normal((n, 2 * n))
        c = np.corrcoef(a)
        e = generator.standard_normal((n, n)) * size
        g = c + (e + e.T) / 2
        np.fill_diagonal(g, 1)
        return np.clip(g, -1, 1)

    higham = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1.0]])
    cases = []
    for g, floor in [(higham, 0), (higham, 0.1), (noisy(5, 0.5), 0), (noisy(9, 0.4), 1e-4), (noisy(14, 0.6), 0)]:
        n = len(g)
        for weights in [np.ones(n), generator.uniform(0.2, 5, n)]:
            cases.append(
                {
                    "matrix": g.tolist(),
                    "floor": floor,
                    "weights": weights.tolist(),
                    "nearest": nearest(g, weights, floor).tolist(),
                }
            )
    samples = []
    for rows, columns in [(60, 4), (25, 9), (400, 12)]:
        x = 0.02 * (generator.standard_t(4, (rows, columns)) + 0.5 * generator.standard_normal((rows, 1)))
        x += generator.uniform(-0.002, 0.004, columns)
        samples.append({"rows": x.tolist(), "means": shrunk(x)})
    result = {
        "generator": "Tests/Generate/nearest_correlation.py",
        "versions": {"numpy": np.__version__},
        "digits": 12,
        "cases": cases,
        "samples": samples,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "nearest_correlation.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
