"""Reference values for realized and conditional volatility: NumPy 2.3.5, pandas 3.1.1, statsmodels
0.15.0, SciPy 1.16.3, arch 8.0.0.

python3 Tests/Generate/volatility.py writes Tests/Reference/volatility.json.
"""

import json
import pathlib

import numpy as np
import pandas as pd
import scipy
import statsmodels
import statsmodels.api as sm
from garch import build, log_likelihoods, simulate


def bars(rng, count):
    """Bars of a random walk with drift, of 50 steps each, and a jump between bars."""
    o, h, l, c = [], [], [], []
    price = 100.0
    for _ in range(count):
        price *= np.exp(0.004 * rng.standard_normal())
        path = price * np.exp(np.concatenate([[0], np.cumsum(0.0002 + 0.002 * rng.standard_normal(50))]))
        path = np.round(path, 4)
        o.append(path[0])
        h.append(path.max())
        l.append(path.min())
        c.append(path[-1])
        price = path[-1]
    return [np.array(x) for x in (o, h, l, c)]


def realized(o, h, l, c):
    o, h, l, c = (np.log(x) for x in (o, h, l, c))
    n = len(o)
    u, d, k = h - o, l - o, c - o
    rs = u * (u - k) + d * (d - k)
    overnight = o[1:] - c[:-1]
    m = n - 1
    weight = 0.34 / (1.34 + (m + 1) / (m - 1))
    return {
        "closeToClose": float(np.var(np.diff(c), ddof=1)),
        "parkinson": float(np.mean((h - l) ** 2) / (4 * np.log(2))),
        "garmanKlass": float(np.mean(0.5 * (h - l) ** 2 - (2 * np.log(2) - 1) * k**2)),
        "rogersSatchell": float(np.mean(rs)),
        "yangZhang": float(
            np.var(overnight, ddof=1) + weight * np.var(k[1:], ddof=1) + (1 - weight) * np.mean(rs[1:])
        ),
    }


def har(values, lengths, logarithmic, lags):
    v = np.log(values) if logarithmic else values
    longest = lengths[-1]
    rows = range(longest, len(v))
    x = np.array([[1] + [v[t - length : t].mean() for length in lengths] for t in rows])
    y = v[longest:]
    fit = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    # Forecasts by the equation itself; the logarithmic ones with the variance of the summed errors.
    path = list(v)
    responses = [1.0]
    for step in range(1, 12):
        def mean_of(list_, length):
            return sum(list_[max(0, len(list_) - length) :]) / length
        responses.append(sum(b * mean_of(responses, length) for b, length in zip(fit.params[1:], lengths)))
    forecast = []
    s2 = float(fit.ssr / (len(y) - x.shape[1]))
    for step in range(12):
        value = fit.params[0] + sum(
            b * np.mean(path[-length:]) for b, length in zip(fit.params[1:], lengths)
        )
        path.append(value)
        total = s2 * sum(r * r for r in responses[: step + 1])
        forecast.append(float(np.exp(value + total / 2) if logarithmic else value))
    return {
        "lengths": lengths,
        "isLogarithmic": logarithmic,
        "lags": lags,
        "parameters": fit.params.tolist(),
        "errors": fit.bse.tolist(),
        "residualVariance": s2,
        "determination": float(fit.rsquared),
        "forecast": forecast,
    }


def marginal(series):
    """Normal GARCH(1,1) with constant mean by Newton's method from arch's fit, in per cent."""
    series = 100 * series
    vol = ("garch", 1, 0, 1)
    model = build(series, "constant", vol, "normal")
    x = np.array(model.fit(disp="off", options={"ftol": 1e-14}, tol=1e-12).params)
    start = model._backcast
    rows = lambda p: log_likelihoods(p, series, "constant", vol, "normal", start)[0]

    def gradient(p):
        out = []
        for i in range(len(p)):
            q = p.astype(complex)
            q[i] += 1e-30j
            out.append(rows(q).imag.sum() * 1e30)
        return np.array(out)

    for _ in range(8):
        columns = []
        for i in range(len(x)):
            step = 1e-6 * max(abs(x[i]), 1e-3)
            up, down = x.copy(), x.copy()
            up[i] += step
            down[i] -= step
            columns.append((gradient(up) - gradient(down)) / (up[i] - down[i]))
        x = x - np.linalg.solve(np.array(columns), gradient(x))
    _, variances = log_likelihoods(x, series, "constant", vol, "normal", start)
    e = series - x[0]
    following = x[1] + x[2] * e[-1] ** 2 + x[3] * variances[-1]
    return e / np.sqrt(variances), float(rows(x).sum()) + len(e) * np.log(100), following / 1e4, x


def dcc(data):
    fits = [marginal(data[:, j]) for j in range(data.shape[1])]
    eps = np.column_stack([f[0] for f in fits])
    qbar = eps.T @ eps / len(eps)

    def path(a, b):
        q = qbar.copy()
        value = 0.0
        for row in eps:
            d = 1 / np.sqrt(np.diag(q))
            r = q * np.outer(d, d)
            value -= 0.5 * (np.linalg.slogdet(r)[1] + row @ np.linalg.solve(r, row) - row @ row)
            q = (1 - a - b) * qbar + a * np.outer(row, row) + b * q
        d = 1 / np.sqrt(np.diag(q))
        return value, q * np.outer(d, d)

    best = None
    for start in ([0.03, 0.92], [0.1, 0.7]):
        found = scipy.optimize.minimize(
            lambda p: -path(*p)[0] if min(p) >= 0 and sum(p) < 0.9999 else 1e9, start,
            method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13, "maxiter": 4000},
        )
        if best is None or found.fun < best.fun:
            best = found
    value, correlation = path(*best.x)
    roots = np.sqrt([f[2] for f in fits])
    return {
        "rows": data.tolist(),
        "news": float(best.x[0]),
        "memory": float(best.x[1]),
        "correlationLogLikelihood": value,
        "logLikelihood": value + sum(f[1] for f in fits),
        "correlation": correlation.tolist(),
        "covariance": (correlation * np.outer(roots, roots)).tolist(),
    }


def correlated(seed, count):
    """GARCH returns of three assets with DCC errors."""
    rng = np.random.default_rng(seed)
    target = np.array([[1, 0.5, 0.2], [0.5, 1, -0.1], [0.2, -0.1, 1]])
    q = target.copy()
    h = np.array([1.0, 0.5, 2.0])
    mean = h.copy()
    rows = []
    for _ in range(count):
        d = 1 / np.sqrt(np.diag(q))
        z = np.linalg.cholesky(q * np.outer(d, d)) @ rng.standard_normal(3)
        e = np.sqrt(h) * z
        rows.append(e)
        h = 0.05 * mean + 0.1 * e * e + 0.85 * h
        q = 0.05 * target + 0.08 * np.outer(z, z) + 0.87 * q
    return np.round(np.array(rows) / 100, 7)


def main():
    rng = np.random.default_rng(20)
    o, h, l, c = bars(rng, 60)
    returns = np.round(0.01 * rng.standard_normal(40), 6)
    path = simulate(5, 400 * 20, 0.05, 0.05, 0.0, 0.93, 8, 0.0) / 100
    variances = np.array([float("%.9g" % v) for v in (path.reshape(400, 20) ** 2).sum(axis=1)])
    data = correlated(8, 500)
    result = {
        "generator": "Tests/Generate/volatility.py",
        "versions": {
            "numpy": np.__version__, "pandas": pd.__version__, "scipy": scipy.__version__,
            "statsmodels": statsmodels.__version__,
        },
        "bars": {"opens": o.tolist(), "highs": h.tolist(), "lows": l.tolist(), "closes": c.tolist()},
        "realized": realized(o, h, l, c),
        "rolling": [realized(o[t - 20 : t], h[t - 20 : t], l[t - 20 : t], c[t - 20 : t]) for t in (20, 41, 60)],
        "returns": returns.tolist(),
        "ewma": (pd.Series(returns) ** 2).ewm(alpha=0.06, adjust=True).mean().tolist(),
        "realizedVariances": variances.tolist(),
        "har": [
            har(variances, [1, 5, 22], False, 5),
            har(variances, [1, 5, 22], True, 0),
            har(variances, [1, 7, 30], True, 12),
        ],
        "dcc": dcc(data),
    }
    target = pathlib.Path(__file__).parent.parent / "Reference" / "volatility.json"
    target.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n[") + "\n")
    print({k: v for k, v in result["dcc"].items() if k not in ("rows",)})
    print(result["realized"], result["har"][0]["parameters"])


if __name__ == "__main__":
    main()
