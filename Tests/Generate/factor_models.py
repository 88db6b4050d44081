"""Reference factor models for KeelEstimation: NumPy 2.3.5.

python3 Tests/Generate/factor_models.py writes Tests/Reference/factor_models.json.
"""

import json
import pathlib

import numpy as np


def criteria(values, t, maximum):
    """Bai and Ng (2002), equation 9, and the ratio of Ahn and Horenstein (2013), from eigenvalues, descending."""
    n = len(values)
    left = np.array([values[k:].sum() for k in range(maximum + 1)]) / n
    k = np.arange(maximum + 1)
    least = min(n, t)
    ratio = values[:maximum] / values[1 : maximum + 1]
    return {
        "ic1": int(np.argmin(np.log(left) + k * (n + t) / (n * t) * np.log(n * t / (n + t)))),
        "ic2": int(np.argmin(np.log(left) + k * (n + t) / (n * t) * np.log(least))),
        "ic3": int(np.argmin(np.log(left) + k * np.log(least) / least)),
        "ratio": int(np.argmax(ratio)) + 1,
    }


def principal(x, k, standardized):
    s = np.cov(x, rowvar=False)
    sd = np.sqrt(np.diag(s)) if standardized else np.ones(len(s))
    values, vectors = np.linalg.eigh(s / np.outer(sd, sd))
    b = sd[:, None] * vectors[:, len(s) - k :] * np.sqrt(values[len(s) - k :])
    result = b @ b.T
    np.fill_diagonal(result, np.diag(s))
    return result


def poet(x, k, c):
    t, n = x.shape
    d = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(d.T @ d / t)
    v = vectors[:, n - k :]
    u = d - d @ v @ v.T
    r = u.T @ u / t
    theta = np.array([[((u[:, i] * u[:, j] - r[i, j]) ** 2).mean() for j in range(n)] for i in range(n)])
    rate = 1 / np.sqrt(n) + np.sqrt(np.log(n) / t)
    while True:
        soft = np.sign(r) * np.maximum(np.abs(r) - c * rate * np.sqrt(theta), 0)
        np.fill_diagonal(soft, np.diag(r))
        if np.linalg.eigvalsh(soft)[0] > 0:
            return v @ np.diag(values[n - k :]) @ v.T + soft
        c = max(1.1 * c, 0.05)


def regression(y, f, lag):
    t = len(y)
    x = np.column_stack([np.ones(t), f])
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    inverse = np.linalg.inv(x.T @ x)
    result = {"alphas": b[0].tolist(), "loadings": b[1:].T.tolist(), "errors": [], "variances": [], "shares": []}
    for i in range(y.shape[1]):
        u = y[:, i] - x @ b[:, i]
        h = x * u[:, None]
        m = h.T @ h
        for distance in range(1, lag + 1):
            g = h[distance:].T @ h[:-distance]
            m += (1 - distance / (lag + 1)) * (g + g.T)
        result["errors"].append(np.sqrt(np.diag(inverse @ m @ inverse)).tolist())
        result["variances"].append(float(u @ u / (t - x.shape[1])))
        result["shares"].append(float(1 - u @ u / ((y[:, i] - y[:, i].mean()) ** 2).sum()))
    return result


def main():
    generator = np.random.default_rng(20_261_129)
    panels = []
    for t, n, k in [(120, 20, 2), (50, 24, 3), (20, 34, 1), (150, 10, 0)]:
        factors = generator.standard_normal((t, max(k, 1))) * (0 if k == 0 else 1)
        b = generator.standard_normal((max(k, 1), n)) + 0.7
        x = 0.02 * (factors @ b + generator.standard_normal((t, n)) * generator.uniform(0.5, 2, n))
        r = np.corrcoef(x, rowvar=False)
        panels.append(
            {
                "rows": x.tolist(),
                "counts": criteria(np.linalg.eigvalsh(r)[::-1], t, 8),
                "principal": principal(x, 2, True).tolist(),
                "plain": principal(x, 3, False).tolist(),
                "poet": poet(x, 2, 0.5).tolist(),
                "poetNone": poet(x, 0, 1.0).tolist(),
            }
        )
    regressions = []
    for t, n, k, lag in [(90, 4, 2, 0), (90, 4, 2, 5), (300, 3, 4, 5), (12, 2, 1, 2)]:
        f = 0.01 * generator.standard_t(4, (t, k)) + 0.0005
        u = generator.standard_normal((t, n))
        for row in range(1, t):
            u[row] += 0.4 * u[row - 1]
        y = 0.001 + f @ generator.standard_normal((k, n)) + 0.01 * u
        regressions.append({"y": y.tolist(), "f": f.tolist(), "lag": lag, "model": regression(y, f, lag)})
    result = {
        "generator": "Tests/Generate/factor_models.py",
        "versions": {"numpy": np.__version__},
        "digits": 13,
        "panels": panels,
        "regressions": regressions,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "factor_models.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
