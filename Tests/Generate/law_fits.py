"""Reference values for maximum-likelihood fits: mpmath 1.3.0 at 30 digits; SciPy 1.16.3 for starts.

python3 Tests/Generate/law_fits.py writes Tests/Reference/law_fits.json.

The maximum is the root of the gradient, which mpmath differentiates numerically; standard errors are
from the Hessian there.
"""

import json
import pathlib

import mpmath as mp
import numpy as np
import scipy
from scipy import optimize, stats

mp.mp.dps = 30


def pareto(x, p):
    scale, shape = p
    return sum(-mp.log(scale) - (1 + 1 / shape) * mp.log(1 + shape * v / scale) for v in x)


def extreme(x, p):
    location, scale, shape = p
    total = mp.mpf(0)
    for v in x:
        u = mp.log(1 + shape * (v - location) / scale) / shape
        total += -mp.log(scale) - (1 + shape) * u - mp.e**-u
    return total


def skewed(x, p):
    location, scale, nu, skew = p
    c = mp.loggamma((nu + 1) / 2) - mp.loggamma(nu / 2) - mp.log(nu * mp.pi) / 2
    total = len(x) * (mp.log(2) - mp.log(skew + 1 / skew) + c - mp.log(scale))
    for v in x:
        z = (v - location) / scale
        y = z / skew if z >= 0 else z * skew
        total -= (nu + 1) / 2 * mp.log(1 + y * y / nu)
    return total


def bessel1(x):
    """K of order 1, whose own routine is slow: the trapezoidal rule for DLMF 10.32.9."""
    h = mp.mpf("0.14") if x < 4 else mp.mpf("0.28") / mp.sqrt(x)
    total, t = mp.e**-x / 2, h
    while True:
        y = mp.exp(-x * mp.cosh(t)) * mp.cosh(t)
        total += y
        if y < mp.mpf(10) ** -28 * total:
            return total * h
        t += h


def gaussian(x, p):
    location, scale, alpha, beta = p
    gamma = mp.sqrt(alpha**2 - beta**2)
    total = len(x) * (mp.log(alpha * scale / mp.pi) + scale * gamma)
    for v in x:
        z = v - location
        q = mp.sqrt(scale**2 + z * z)
        total += beta * z - mp.log(q) + mp.log(bessel1(alpha * q))
    return total


def maximum(likelihood, x, start):
    """Newton's method with differences at 30 digits."""
    x = [mp.mpf(v) for v in x]
    p = [mp.mpf(v) for v in start]
    n = len(p)
    h = [mp.mpf(10) ** -7 * max(1, abs(v)) * (1 if abs(v) > 1e-3 else mp.mpf("0.01")) for v in p]

    def shifted(i, a, j=None, b=0):
        q = list(p)
        q[i] += a * h[i]
        if j is not None:
            q[j] += b * h[j]
        return likelihood(x, q)

    for _ in range(12):
        center = likelihood(x, p)
        up = [shifted(i, 1) for i in range(n)]
        down = [shifted(i, -1) for i in range(n)]
        gradient = mp.matrix([(up[i] - down[i]) / (2 * h[i]) for i in range(n)])
        hessian = mp.matrix(n, n)
        for i in range(n):
            hessian[i, i] = (up[i] - 2 * center + down[i]) / h[i] ** 2
            for j in range(i):
                mixed = (shifted(i, 1, j, 1) - shifted(i, 1, j, -1) - shifted(i, -1, j, 1) + shifted(i, -1, j, -1)) / (4 * h[i] * h[j])
                hessian[i, j] = hessian[j, i] = mixed
        step = mp.lu_solve(hessian, -gradient)
        for i in range(n):
            p[i] += step[i]
        if max(abs(step[i]) / max(abs(p[i]), h[i]) for i in range(n)) < mp.mpf(10) ** -11:
            break
    else:
        raise ArithmeticError(p)
    inverse = (-hessian) ** -1
    errors = [mp.sqrt(inverse[i, i]) for i in range(n)]
    return [float(v) for v in p], [float(v) for v in errors], float(likelihood(x, p))


def start(likelihood, x, guess):
    """A rough maximum in double precision."""
    def f(p):
        try:
            value = likelihood(x, [mp.mpf(v) for v in p])
            return 1e10 if isinstance(value, mp.mpc) else -float(value)
        except (ValueError, ZeroDivisionError):
            return 1e10

    with mp.workdps(15):
        return optimize.minimize(f, guess, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9, "maxiter": 600}).x


def main():
    generator = np.random.default_rng(11)
    cases = []
    for name, likelihood, sample, guess in [
        ("generalizedPareto", pareto, stats.genpareto.rvs(0.25, scale=0.02, size=60, random_state=generator), [0.02, 0.25]),
        ("generalizedPareto", pareto, stats.genpareto.rvs(-0.2, scale=3, size=40, random_state=generator), [3, -0.2]),
        ("generalizedExtremeValue", extreme, stats.genextreme.rvs(-0.15, loc=2, scale=0.5, size=60, random_state=generator), [2, 0.5, 0.15]),
        ("fernandezSteelSkewedT", skewed, 0.01 + 0.02 * stats.nct.rvs(5, -0.6, size=250, random_state=generator), [0.01, 0.02, 5, 0.8]),
        ("normalInverseGaussian", gaussian, stats.norminvgauss.rvs(1.2, -0.3, loc=0.1, scale=1, size=120, random_state=generator), [0.1, 1, 1.2, -0.3]),
    ]:
        x = np.round(sample, 8)
        estimates, errors, value = maximum(likelihood, x.tolist(), start(likelihood, x.tolist(), guess))
        print(name, estimates, errors, value, flush=True)
        cases.append({"law": name, "sample": x.tolist(), "estimates": estimates, "standardErrors": errors, "logLikelihood": value})
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/law_fits.py",
        "versions": {"mpmath": mp.__version__, "scipy": scipy.__version__},
        "digits": 12,
        "cases": cases,
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "law_fits.json").write_text(out.replace("},{", "},\n{") + "\n")


main()
