"""Reference values for KeelDistributions: mpmath 1.3.0 at 60 digits, SciPy 1.16.3.

python3 Tests/Generate/distributions.py writes Tests/Reference/distributions.json.
"""

import json
import math
import pathlib

import mpmath as mp
import numpy as np
import scipy
from scipy import stats

mp.mp.dps = 60


def survival_t(x, nu):
    """P(T > x) without cancellation in the upper tail; the lower one by symmetry."""
    x, nu = mp.mpf(x), mp.mpf(nu)
    if x < 0:
        return 1 - survival_t(-x, nu)
    if x * x < nu:
        y = x * x / (nu + x * x)
        if y < mp.mpf("0.5"):
            # I_y(1/2, nu/2), then the complement at 60 digits and more where it is tiny.
            with mp.workdps(60 + int(max(0, nu * mp.log(1 + x * x / nu) / 4.6))):
                return (1 - mp.betainc(mp.mpf(1) / 2, nu / 2, 0, y, regularized=True)) / 2
    return mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + x * x), regularized=True) / 2


def log_pdf_t(x, nu):
    x, nu = mp.mpf(x), mp.mpf(nu)
    return (
        mp.loggamma((nu + 1) / 2)
        - mp.loggamma(nu / 2)
        - mp.log(nu * mp.pi) / 2
        - (nu + 1) / 2 * mp.log(1 + x * x / nu)
    )


def number(value):
    return float(mp.nstr(value, 25))


def t_rows():
    rows = []
    for nu in [0.1, 0.5, 1, 1.5, 2, 2.7, 4, 7, 15, 30, 99, 300, 1000, 12345]:
        points = [0, 1e-8, 0.01, 0.3, 0.9, 1.2, 1.7, 1.75, 2.2, 3, 4.5, 6, 9, 14, 20, 30, 36]
        points += [math.sqrt(nu) * f for f in (0.999, 1.001, 3)] + [1e3, 1e8, 1e40, 1e100, 1e150]
        for x in points:
            s = survival_t(x, nu)
            log_s = mp.log(s)
            rows.append(
                [nu, x, number(log_pdf_t(x, nu)), number(log_s), number(mp.log1p(-s))]
            )
    return rows


def t_quantile_rows():
    """Points x whose survival p is rounded to a double, and the exact solution for that double."""
    rows = []
    for nu in [0.3, 1, 2, 3.3, 8, 40, 250, 5000]:
        for p in [1e-300, 1e-100, 1e-30, 1e-12, 1e-5, 0.001, 0.01, 0.025, 0.1, 0.25, 0.4, 0.49, 0.499999]:
            p = mp.mpf(p)
            # Bracket in ln x, then bisection and Newton at 60 digits.
            low, high = mp.mpf(-40), mp.mpf(3000)
            g = lambda t: mp.log(survival_t(mp.e**t, nu)) - mp.log(p)
            for _ in range(60):
                mid = (low + high) / 2
                if g(mid) > 0:
                    low = mid
                else:
                    high = mid
            t = (low + high) / 2
            for _ in range(3):
                x = mp.e**t
                s = survival_t(x, nu)
                slope = -mp.e ** log_pdf_t(x, nu) * x / s
                t -= (mp.log(s) - mp.log(p)) / slope
            x = mp.e**t
            if x < mp.mpf(10) ** 300:
                rows.append([nu, float(p), number(x)])
    return rows


def shortfall_rows():
    """Expected shortfall of standard laws by quadrature of x f(x) at 60 digits."""
    rows = []
    for nu in [1.2, 2, 3.5, 10, 400]:
        for alpha in [0.1, 0.5, 0.9, 0.975, 0.999]:
            p = 1 - mp.mpf(alpha)
            side = 1 if p < mp.mpf("0.5") else -1
            if p == mp.mpf("0.5"):
                q = mp.mpf(0)
            else:
                start = float(stats.t.isf(float(p), nu))
                q = mp.findroot(lambda x: survival_t(x, nu) - p, mp.mpf(start))
            f = mp.e ** log_pdf_t(q, nu)
            closed = f / p * (nu + q * q) / (nu - 1)
            if nu > 3:
                quad = mp.quad(
                    lambda x: x * mp.e ** log_pdf_t(x, nu), [q, q + 2, q + 8, q + 40, mp.inf]
                ) / p
                assert abs(quad - closed) < 1e-15 * abs(closed) or nu < 5, (nu, alpha, quad, closed)
            rows.append([nu, alpha, number(closed)])
    for alpha in [0.01, 0.5, 0.9, 0.99, 0.999999]:
        p = 1 - mp.mpf(alpha)
        q = mp.sqrt(2) * mp.erfinv(1 - 2 * p)
        rows.append([-1, alpha, number(mp.npdf(q) / p)])
    return rows


def normal_rows():
    rows = []
    for x in [-37, -20, -5, -1, -0.1, 0, 0.5, 2, 8, 25, 37, 1e3, 1e8]:
        s = mp.erfc(mp.mpf(x) / mp.sqrt(2)) / 2
        log_s = mp.log(s) if x < 1e4 else None
        if log_s is None:
            z = mp.mpf(x)
            log_s = -z * z / 2 - mp.log(z) - mp.log(2 * mp.pi) / 2 + mp.log(1 - 1 / z**2)
        rows.append([x, number(log_s)])
    return rows


def fit_cases():
    """Maximum likelihood by Nelder-Mead and Newton at 40 digits from SciPy's start."""
    cases = []
    for name, nu, loc, scale, count, seed in [
        ("daily", 3.0, 0.0005, 0.02, 400, 1),
        ("thin", 8.0, -0.001, 0.01, 500, 2),
        ("heavy", 1.3, 0.0, 0.05, 300, 3),
        ("small", 2.0, 0.01, 1.0, 60, 4),
    ]:
        sample = stats.t.rvs(nu, loc, scale, size=count, random_state=seed).tolist()
        start = stats.t.fit(sample)
        with mp.workdps(40):
            data = [mp.mpf(v) for v in sample]

            def negative(mu, tau, lam):
                n, s = mp.e**lam, mp.e**tau
                c = mp.loggamma((n + 1) / 2) - mp.loggamma(n / 2) - mp.log(n * mp.pi) / 2
                total = mp.fsum(mp.log(1 + ((v - mu) / s) ** 2 / n) for v in data)
                return -(count * (c - tau) - (n + 1) / 2 * total)

            def gradient(mu, tau, lam):
                n, s = mp.e**lam, mp.e**tau
                z = [(v - mu) / s for v in data]
                w = [(n + 1) / (n + t * t) for t in z]
                a = mp.fsum(wi * t for wi, t in zip(w, z)) / s
                b = mp.fsum(wi * t * t for wi, t in zip(w, z)) - count
                c1 = (mp.digamma((n + 1) / 2) - mp.digamma(n / 2) - 1 / n) / 2
                c = n * (
                    count * c1
                    - mp.fsum(mp.log(1 + t * t / n) for t in z) / 2
                    + mp.fsum(wi * t * t for wi, t in zip(w, z)) / (2 * n)
                )
                return (a, b, c)

            root = mp.findroot(
                gradient,
                (start[1], math.log(start[2]), math.log(start[0])),
                tol=1e-50,
                maxsteps=40,
                verify=False,
            )
            mu, tau, lam = root
            assert max(abs(g) for g in gradient(mu, tau, lam)) < mp.mpf(10) ** -20, name
            hessian = mp.matrix(3)
            h = mp.mpf(10) ** -12
            for j in range(3):
                up = [mu, tau, lam]
                down = [mu, tau, lam]
                up[j] += h
                down[j] -= h
                gu, gd = gradient(*up), gradient(*down)
                for i in range(3):
                    hessian[i, j] = -(gu[i] - gd[i]) / (2 * h)
            inverse = hessian**-1
            cases.append(
                {
                    "name": name,
                    "sample": sample,
                    "location": number(mu),
                    "scale": number(mp.e**tau),
                    "degreesOfFreedom": number(mp.e**lam),
                    "logLikelihood": number(-negative(mu, tau, lam)),
                    "standardErrors": [
                        number(mp.sqrt(inverse[0, 0])),
                        number(mp.sqrt(inverse[1, 1]) * mp.e**tau),
                        number(mp.sqrt(inverse[2, 2]) * mp.e**lam),
                    ],
                    "scipy": [float(v) for v in (start[1], start[2], start[0])],
                }
            )
    return cases


def main():
    result = {
        "generator": "Tests/Generate/distributions.py",
        "versions": {"mpmath": mp.__version__, "scipy": scipy.__version__, "numpy": np.__version__},
        "digits": 60,
        "columns": {
            "studentT": ["degreesOfFreedom", "x", "logPDF", "logSurvival", "logCDF"],
            "studentTQuantiles": ["degreesOfFreedom", "survival", "x"],
            "expectedShortfalls": ["degreesOfFreedom, -1 for the normal law", "confidence", "value"],
            "normal": ["x", "logSurvival"],
        },
        "studentT": t_rows(),
        "studentTQuantiles": t_quantile_rows(),
        "expectedShortfalls": shortfall_rows(),
        "normal": normal_rows(),
        "studentTFits": fit_cases(),
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "distributions.json"
    path.write_text(json.dumps(result, indent=None, separators=(",", ":")).replace("],[", "],\n["))


main()
