"""Reference values for volatility models: arch 8.0.0, NumPy 2.3.5, SciPy 1.16.3.

python3 Tests/Generate/garch.py writes Tests/Reference/garch.json.

The series are drawn here from a seed. The fits are those of arch, polished by Newton's method on the
likelihood of this script (which agrees with arch's to 1e-11): its gradient is exact by complex steps,
its Hessian a central difference of that. The standard errors are those of the Hessian and of the
sandwich with the plain sum of outer products; arch's, by differences, agree within 5 %.
"""

import csv
import json
import os
import pathlib

import arch
import numpy as np
import scipy
from scipy.special import loggamma
from arch.univariate import (
    EGARCH,
    GARCH,
    ConstantMean,
    Normal,
    SkewStudent,
    StudentsT,
    ZeroMean,
)

def simulate(seed, count, omega, alpha, gamma, beta, nu, mean, outliers=()):
    rng = np.random.default_rng(seed)
    z = rng.standard_t(nu, count + 200) * np.sqrt((nu - 2) / nu)
    h = omega / (1 - alpha - gamma / 2 - beta)
    values = []
    for error in z:
        e = np.sqrt(h) * error
        values.append(mean + e)
        h = omega + (alpha + gamma * (e < 0)) * e * e + beta * h
    values = np.array(values[200:])
    for place, size in outliers:
        values[place] = size
    # Short numbers, exact in both languages.
    return np.round(values, 6)


def build(series, mean, vol, errors):
    model = (ConstantMean if mean == "constant" else ZeroMean)(series, rescale=False)
    kind, p, o, q = vol
    model.volatility = EGARCH(p, o, q) if kind == "egarch" else GARCH(p, o, q)
    model.distribution = {"normal": Normal, "studentT": StudentsT, "hansenSkewedT": SkewStudent}[errors]()
    return model


def log_density(z, errors, shape):
    """For complex arguments too; sides by the real part."""
    if errors == "normal":
        return -0.5 * np.log(2 * np.pi) - 0.5 * z * z
    nu = shape[0]
    log_c = loggamma((nu + 1) / 2) - loggamma(nu / 2) - 0.5 * np.log(np.pi * (nu - 2))
    if errors == "studentT":
        return log_c - (nu + 1) / 2 * np.log(1 + z * z / (nu - 2))
    lam = shape[1]
    a = 4 * lam * np.exp(log_c) * (nu - 2) / (nu - 1)
    b = np.sqrt(1 + 3 * lam * lam - a * a)
    y = b * z + a
    y = np.where(y.real < 0, y / (1 - lam), y / (1 + lam))
    return np.log(b) + log_c - (nu + 1) / 2 * np.log(1 + y * y / (nu - 2))


def log_likelihoods(x, series, mean, vol, errors, start):
    kind, p, o, q = vol
    x = list(x)
    mu = x.pop(0) if mean == "constant" else 0.0
    omega, alpha = x[0], x[1 : 1 + p]
    gamma, beta, shape = x[1 + p : 1 + p + o], x[1 + p + o : 1 + p + o + q], x[1 + p + o + q :]
    e = np.asarray(series) - mu
    count = len(e)
    state = np.zeros(count, dtype=np.result_type(e, np.asarray(x)))
    z = np.zeros_like(state)
    square = e * e
    fall = np.where(e.real < 0, square, 0)
    for t in range(count):
        s = omega
        for i, weight in enumerate(alpha):
            then = t - 1 - i
            if kind == "egarch":
                if then >= 0:
                    size = z[then] if z[then].real >= 0 else -z[then]
                    s = s + weight * (size - np.sqrt(2 / np.pi))
            else:
                s = s + weight * (square[then] if then >= 0 else start)
        for i, weight in enumerate(gamma):
            then = t - 1 - i
            if kind == "egarch":
                s = s + (weight * z[then] if then >= 0 else 0)
            else:
                s = s + weight * (fall[then] if then >= 0 else start / 2)
        for j, weight in enumerate(beta):
            then = t - 1 - j
            early = np.log(start) if kind == "egarch" else start
            s = s + weight * (state[then] if then >= 0 else early)
        state[t] = s
        if kind == "egarch":
            z[t] = e[t] * np.exp(-s / 2)
    if kind == "egarch":
        return log_density(z, errors, shape) - state / 2, np.exp(state.real)
    z = e / np.sqrt(state)
    return log_density(z, errors, shape) - np.log(state) / 2, state.real


def case(name, series_name, series, mean, vol, errors, horizon=10, is_smooth=True):
    model = build(series, mean, vol, errors)
    found = model.fit(disp="off", options={"maxiter": 2000, "ftol": 1e-14}, tol=1e-12)
    backcast = model._backcast
    start = float(np.exp(backcast) if vol[0] == "egarch" else backcast)
    x = np.array(found.params, dtype=float)

    def rows(x):
        return log_likelihoods(x, series, mean, vol, errors, start)[0]

    def scores(x):
        columns = []
        for i in range(len(x)):
            moved = x.astype(complex)
            moved[i] += 1e-30j
            columns.append(rows(moved).imag * 1e30)
        return np.array(columns).T

    def hessian(x):
        columns = []
        for i in range(len(x)):
            step = 1e-6 * max(abs(x[i]), 1e-3)
            up, down = x.copy(), x.copy()
            up[i] += step
            down[i] -= step
            columns.append((scores(up).sum(axis=0) - scores(down).sum(axis=0)) / (up[i] - down[i]))
        h = np.array(columns)
        return (h + h.T) / 2

    assert abs(rows(x).sum() - found.loglikelihood) < 1e-9 * abs(found.loglikelihood)
    for _ in range(12):
        step = -np.linalg.solve(hessian(x), scores(x).sum(axis=0))
        x = x + step
        if np.max(np.abs(step) / np.maximum(np.abs(x), 1e-3)) < 1e-11:
            break
    assert rows(x).sum() >= found.loglikelihood - 1e-9
    plain = -np.linalg.inv(hessian(x))
    each = scores(x)
    robust = plain @ (each.T @ each) @ plain
    # On real returns arch's differences may be far off.
    assert not is_smooth or np.allclose(np.sqrt(np.diag(robust)), np.array(found.std_err), rtol=0.05), (
        np.sqrt(np.diag(robust)), np.array(found.std_err))
    variances = log_likelihoods(x, series, mean, vol, errors, start)[1]
    fixed = build(series, mean, vol, errors).fix(x)
    forecast = fixed.forecast(
        horizon=1 if vol[0] == "egarch" else horizon, reindex=False
    ).variance.values[-1]
    return {
        "name": name,
        "series": series_name,
        "mean": mean,
        "recursion": vol[0],
        "lags": list(vol[1:]),
        "errors": errors,
        "backcast": start,
        "parameters": x.tolist(),
        "logLikelihood": float(rows(x).sum()),
        "standardErrors": np.sqrt(np.diag(plain)).tolist(),
        "robustStandardErrors": np.sqrt(np.diag(robust)).tolist(),
        "firstVariances": variances[:5].tolist(),
        "lastVariances": variances[-5:].tolist(),
        "forecast": np.atleast_1d(forecast).tolist(),
    }


def real():
    """Fits to real daily returns in per cent; the prices are not committed."""
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    folder = pathlib.Path(os.environ.get("KEEL_DATA", root.parent / "shared" / "data"))
    fits = []
    for name, assets in (
        ("crypto_daily_close.csv", ("BTC", "ETH", "XRP")),
        ("equities_daily_adjclose.csv", ("AAPL", "JPM", "XOM")),
    ):
        with open(folder / "quickstart" / name) as file:
            rows = list(csv.reader(file))
        for asset in assets:
            column = rows[0].index(asset)
            prices = np.array([float(row[column]) for row in rows[1:]])
            returns = 100 * (prices[1:] / prices[:-1] - 1)
            kind = ("gjr", 1, 1, 1) if name.startswith("equities") else ("garch", 1, 0, 1)
            fit = case(asset, name, returns, "constant", kind, "studentT", is_smooth=False)
            fits.append({k: fit[k] for k in ("name", "series", "recursion", "parameters", "logLikelihood", "standardErrors")})
    return fits


def main():
    series = {
        "calm": simulate(1, 1000, 0.05, 0.08, 0.0, 0.88, 6, 0.03),
        "leverage": simulate(2, 1200, 0.04, 0.03, 0.12, 0.86, 8, 0.02),
        "small": 1e-4 * simulate(3, 1000, 0.1, 0.15, 0.0, 0.7, 20, 0.0),
    }
    series["small"] = np.round(series["small"], 10)
    one = ("garch", 1, 0, 1)
    cases = [
        case("garch normal", "calm", series["calm"], "constant", one, "normal"),
        case("garch t", "calm", series["calm"], "constant", one, "studentT"),
        case("garch skewed", "calm", series["calm"], "constant", one, "hansenSkewedT"),
        case("garch zero mean", "calm", series["calm"], "zero", one, "studentT"),
        case("gjr normal", "leverage", series["leverage"], "constant", ("gjr", 1, 1, 1), "normal"),
        case("gjr t", "leverage", series["leverage"], "constant", ("gjr", 1, 1, 1), "studentT"),
        case("gjr skewed", "leverage", series["leverage"], "constant", ("gjr", 1, 1, 1), "hansenSkewedT"),
        case("egarch normal", "leverage", series["leverage"], "constant", ("egarch", 1, 1, 1), "normal"),
        case("egarch t", "leverage", series["leverage"], "constant", ("egarch", 1, 1, 1), "studentT"),
        case("egarch skewed", "leverage", series["leverage"], "zero", ("egarch", 1, 1, 1), "hansenSkewedT"),
        case("egarch plain", "calm", series["calm"], "constant", ("egarch", 1, 0, 1), "studentT"),
        case("arch", "calm", series["calm"], "constant", ("garch", 2, 0, 0), "studentT"),
    ]
    result = {
        "generator": "Tests/Generate/garch.py",
        "versions": {"arch": arch.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
        "series": {name: values.tolist() for name, values in series.items()},
        "cases": cases,
        "real": real(),
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "garch.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("},{", "},\n{") + "\n")
    for c in cases:
        print(c["name"], np.round(c["parameters"], 5), c["logLikelihood"])


if __name__ == "__main__":
    main()
