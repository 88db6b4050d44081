"""Reference moments of returns with gaps for KeelEstimation: NumPy 2.3.5, pandas 3.1.1.

python3 Tests/Generate/gaps.py writes Tests/Reference/gaps.json. Maximum likelihood by plain steps of expectation and
maximization, row by row, until nothing moves.
"""

import json
import pathlib

import numpy as np
import pandas as pd


def pairwise(x):
    return pd.DataFrame(x).cov(min_periods=2).to_numpy()


def weighted(x, half_life):
    t = len(x)
    w = 0.5 ** ((t - 1 - np.arange(t)) / half_life)
    n = x.shape[1]
    result = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            result[i, j] = (w[both] * x[both, i] * x[both, j]).sum() / w[both].sum()
    return result


def likelihood(x):
    t, n = x.shape
    seen = ~np.isnan(x)
    x = x[seen.any(axis=1)]
    t = len(x)
    mean = np.nanmean(x, axis=0)
    sigma = np.diag(np.nanvar(x, axis=0))
    size = np.sqrt(np.diag(sigma))
    for _ in range(200_000):
        sums, products = np.zeros(n), np.zeros((n, n))
        value = 0.0
        for row in x:
            o = ~np.isnan(row)
            m = ~o
            d = row[o] - mean[o]
            s = sigma[np.ix_(o, o)]
            solved = np.linalg.solve(s, d)
            value -= 0.5 * (d @ solved + np.linalg.slogdet(s)[1] + o.sum() * np.log(2 * np.pi))
            full = row.copy()
            extra = np.zeros((n, n))
            if m.any():
                b = np.linalg.solve(s, sigma[np.ix_(o, m)]).T
                full[m] = mean[m] + b @ d
                extra[np.ix_(m, m)] = sigma[np.ix_(m, m)] - b @ sigma[np.ix_(o, m)]
            sums += full
            products += np.outer(full, full) + extra
        new = sums / t
        next_sigma = products / t - np.outer(new, new)
        change = max(np.abs((new - mean) / size).max(), np.abs((next_sigma - sigma) / np.outer(size, size)).max())
        mean, sigma = new, next_sigma
        if change < 1e-15:
            break
    return mean, sigma, value


def main():
    generator = np.random.default_rng(20_261_130)
    cases = []
    for name, t, n, kind in [
        ("nested", 60, 4, "nested"),
        ("nested together", 50, 5, "together"),
        ("scattered", 45, 3, "scattered"),
        ("everything", 80, 4, "both"),
    ]:
        factor = generator.standard_normal((t, 1))
        x = 0.02 * (factor + generator.standard_normal((t, n)) * generator.uniform(0.5, 1.5, n)) + 0.001
        if kind in ("nested", "both"):
            for j in range(1, n):
                x[: 9 * j + 2, j] = np.nan
        if kind == "together":
            x[:20, 1:3] = np.nan
            x[:31, 3:] = np.nan
        if kind in ("scattered", "both"):
            x[generator.uniform(size=(t, n)) < 0.2] = np.nan
        mean, sigma, value = likelihood(x)
        cases.append(
            {
                "name": name,
                "rows": [[None if np.isnan(v) else float(v) for v in row] for row in x],
                "isNested": kind in ("nested", "together"),
                "pairwise": pairwise(x).tolist(),
                "weighted": weighted(x, 13.0).tolist(),
                "means": mean.tolist(),
                "covariance": sigma.tolist(),
                "logLikelihood": float(value),
            }
        )
    result = {
        "generator": "Tests/Generate/gaps.py",
        "versions": {"numpy": np.__version__, "pandas": pd.__version__},
        "digits": 12,
        "cases": cases,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "gaps.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
