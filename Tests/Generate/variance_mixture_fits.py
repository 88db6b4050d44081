"""Maximum likelihood of mean-variance mixtures by a general optimizer: SciPy's BFGS on the density's formula.

python3 Tests/Generate/variance_mixture_fits.py writes Tests/Reference/variance_mixture_fits.json.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import optimize, special


def log_density(x, mu, gamma, sigma, kind, shape):
    d = len(mu)
    y = x - mu
    inverse = np.linalg.inv(sigma)
    q = np.einsum("ij,jk,ik->i", y, inverse, y)
    h = y @ inverse @ gamma
    g = gamma @ inverse @ gamma
    if kind == "generalizedHyperbolic":
        lam, omega = shape
        ratio = special.kve(lam + 1, omega) / special.kve(lam, omega)
        chi, psi = omega / ratio, omega * ratio
        constant = lam / 2 * np.log(psi / chi) - np.log(2 * special.kve(lam, omega)) + omega
    else:
        lam, chi, psi = -shape[0] / 2, shape[0], 0.0
        constant = shape[0] / 2 * np.log(shape[0] / 2) - special.gammaln(shape[0] / 2)
    p = lam - d / 2
    a, b = chi + q, psi + g
    root = np.sqrt(a * b)
    value = constant + h + np.log(2) + p / 2 * np.log(a / b) + np.log(special.kve(p, root)) - root
    return value - d / 2 * np.log(2 * np.pi) - np.linalg.slogdet(sigma)[1] / 2


def unpack(v, d, kind, order):
    mu, gamma = v[:d], v[d : 2 * d]
    lower = np.zeros((d, d))
    lower[np.tril_indices(d)] = v[2 * d : 2 * d + d * (d + 1) // 2]
    lower[np.diag_indices(d)] = np.exp(np.diag(lower))
    rest = v[2 * d + d * (d + 1) // 2 :]
    if kind == "skewedT":
        shape = [np.exp(rest[0])]
    else:
        shape = [order if order is not None else rest[1], np.exp(rest[0])]
    return mu, gamma, lower @ lower.T, shape


def fit(rows, observed, kind, order):
    t, d = rows.shape
    center, scale = np.zeros(d), np.zeros(d)
    for j in range(d):
        column = rows[observed[:, j], j]
        center[j], scale[j] = column.mean(), column.std()
    z = (rows - center) / scale
    patterns = {}
    for i in range(t):
        if observed[i].any():
            patterns.setdefault(tuple(observed[i]), []).append(i)

    def loss(v):
        mu, gamma, sigma, shape = unpack(v, d, kind, order)
        total = 0.0
        for pattern, members in patterns.items():
            k = np.flatnonzero(pattern)
            with np.errstate(all="ignore"):
                total += log_density(z[np.ix_(members, k)], mu[k], gamma[k], sigma[np.ix_(k, k)], kind, shape).sum()
        return -total if np.isfinite(total) else 1e10

    best = None
    for start in ([0.0], [1.0], [-1.0]):
        size = [np.log(6.0) + start[0] / 2] if kind == "skewedT" else [start[0]] + ([] if order is not None else [-0.5])
        v = np.concatenate([np.zeros(d), 0.05 * np.ones(d), np.zeros(d * (d + 1) // 2), size])
        for _ in range(3):
            result = optimize.minimize(loss, v, method="BFGS", options={"gtol": 1e-7, "maxiter": 2000})
            result = optimize.minimize(loss, result.x, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000, "maxfev": 4000, "adaptive": True})
            v = result.x
        if best is None or result.fun < best.fun:
            best = result
    mu, gamma, sigma, shape = unpack(best.x, d, kind, order)
    jacobian = sum(np.log(scale[j]) * observed[:, j].sum() for j in range(d))
    return {
        "kind": kind, "order": order, "rows": rows.tolist(), "observed": observed.tolist(),
        "location": (center + scale * mu).tolist(), "drift": (scale * gamma).tolist(),
        "dispersion": (sigma * np.outer(scale, scale)).tolist(), "shape": [float(s) for s in shape],
        "logLikelihood": float(-best.fun - jacobian),
    }


def sample(rng, t, d, kind, missing):
    if kind == "skewedT":
        w = 5 / rng.chisquare(5, t)
    else:
        # Inverse Gaussian of mean one.
        w = rng.wald(1.0, 0.8, t)
    root = np.linalg.cholesky(0.4 + 0.6 * np.eye(d)) * 0.02
    z = rng.standard_normal((t, d)) @ root.T
    rows = 0.001 + np.outer(w, 0.006 * (np.arange(d) - 1.2)) + np.sqrt(w)[:, None] * z
    observed = rng.random((t, d)) >= missing
    rows[~observed] = 0.0
    return np.round(rows, 7), observed


def main():
    rng = np.random.default_rng(20)
    cases = []
    for kind, order, t, d, missing in [
        ("skewedT", None, 150, 2, 0.0), ("skewedT", None, 120, 3, 0.2),
        ("generalizedHyperbolic", -0.5, 150, 2, 0.0), ("generalizedHyperbolic", -0.5, 120, 3, 0.2),
        ("generalizedHyperbolic", 1.0, 150, 2, 0.1), ("generalizedHyperbolic", None, 250, 2, 0.0),
    ]:
        rows, observed = sample(rng, t, d, kind, missing)
        cases.append(fit(rows, observed, kind, order))
        print(kind, order, cases[-1]["shape"], cases[-1]["logLikelihood"], flush=True)
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {"generator": "Tests/Generate/variance_mixture_fits.py", "versions": {"scipy": scipy.__version__, "numpy": np.__version__}, "fits": cases}
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "variance_mixture_fits.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


main()
