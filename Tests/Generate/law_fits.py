"""Reference values for maximum-likelihood fits: mpmath 1.3.0 at 30 digits; SciPy 1.16.3 for starts.

python3 Tests/Generate/law_fits.py writes Tests/Reference/law_fits.json.

The maximum is the root of the gradient, which mpmath differentiates numerically; standard errors are
from the Hessian there, for the variance gamma law from the products of the scores too.
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


def logistic(x, p):
    location, scale = p
    return sum(-(v - location) / scale - mp.log(scale) - 2 * mp.log1p(mp.exp(-(v - location) / scale)) for v in x)


def log_normal(x, p):
    mean, deviation = p
    return sum(-(((mp.log(v) - mean) / deviation) ** 2) / 2 - mp.log(v * deviation) - mp.log(2 * mp.pi) / 2 for v in x)


def student_below(w, nu):
    tail = mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + w * w), regularized=True) / 2
    return tail if w < 0 else 1 - tail


def azzalini(x, p):
    location, scale, nu, slant = p
    c = mp.loggamma((nu + 1) / 2) - mp.loggamma(nu / 2) - mp.log(nu * mp.pi) / 2
    total = len(x) * (mp.log(2) + c - mp.log(scale))
    for v in x:
        z = (v - location) / scale
        w = slant * z * mp.sqrt((nu + 1) / (nu + z * z))
        total += mp.log(student_below(w, nu + 1)) - (nu + 1) / 2 * mp.log(1 + z * z / nu)
    return total


def hansen(x, p):
    nu, skew = p
    c = mp.gamma((nu + 1) / 2) / mp.gamma(nu / 2) / mp.sqrt(mp.pi * (nu - 2))
    a = 4 * skew * c * (nu - 2) / (nu - 1)
    b = mp.sqrt(1 + 3 * skew**2 - a * a)
    total = len(x) * mp.log(b * c)
    for v in x:
        y = b * v + a
        y /= 1 - skew if y < 0 else 1 + skew
        total -= (nu + 1) / 2 * mp.log(1 + y * y / (nu - 2))
    return total


def bessel(order, x):
    """K of any order, whose own routine is slow: the trapezoidal rule for DLMF 10.32.9."""
    h = mp.mpf("0.14") if x < 4 else mp.mpf("0.28") / mp.sqrt(x)
    total, t, last = mp.e**-x / 2, h, 0
    while True:
        y = mp.exp(-x * mp.cosh(t)) * mp.cosh(order * t)
        total += y
        if y < last and y < mp.mpf(10) ** -28 * total:
            return total * h
        last = y
        t += h


def variance_gamma(x, p):
    location, order, alpha, beta = p
    power = order - mp.mpf(1) / 2
    total = len(x) * (order * mp.log(alpha**2 - beta**2) - mp.log(mp.pi) / 2 - mp.loggamma(order) - power * mp.log(2 * alpha))
    for v in x:
        z = v - location
        total += power * mp.log(abs(z)) + mp.log(bessel(power, alpha * abs(z))) + beta * z
    return total


def hyperbolic(x, p):
    location, scale, order, alpha, beta = p
    gamma = mp.sqrt(alpha**2 - beta**2)
    power = order - mp.mpf(1) / 2
    total = len(x) * (order * mp.log(gamma / scale) - mp.log(2 * mp.pi) / 2 - mp.log(bessel(order, scale * gamma)))
    for v in x:
        z = v - location
        q = mp.sqrt(scale**2 + z * z)
        total += mp.log(bessel(power, alpha * q)) + power * mp.log(q / alpha) + beta * z
    return total


def normal_mixture(x, p):
    weight, m1, s1, m2, s2 = p
    total = mp.mpf(0)
    for v in x:
        total += mp.log(weight / s1 * mp.exp(-(((v - m1) / s1) ** 2) / 2) + (1 - weight) / s2 * mp.exp(-(((v - m2) / s2) ** 2) / 2))
    return total - len(x) * mp.log(2 * mp.pi) / 2


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


def score_errors(likelihood, x, p):
    """Standard errors from the outer products of the scores, each by differences at 30 digits."""
    p = [mp.mpf(v) for v in p]
    n = len(p)
    products = mp.zeros(n)
    for v in x:
        score = []
        for j in range(n):
            h = mp.mpf(10) ** -9 * max(1, abs(p[j]))
            above, below = list(p), list(p)
            above[j] += h
            below[j] -= h
            v = mp.mpf(v)
            score.append((likelihood([v], above) - likelihood([v], below)) / (2 * h))
        for i in range(n):
            for j in range(n):
                products[i, j] += score[i] * score[j]
    inverse = products ** -1
    return [float(mp.sqrt(inverse[i, i])) for i in range(n)]


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


def azzalini_sample(generator, count, slant, nu):
    u, v = generator.standard_normal(count), generator.standard_normal(count)
    delta = slant / np.sqrt(1 + slant**2)
    return (delta * abs(u) + np.sqrt(1 - delta**2) * v) / np.sqrt(generator.chisquare(nu, count) / nu)


def gamma_sample(generator, count, order):
    w = generator.gamma(order, 1, count)
    return 0.2 * w - 0.5 + np.sqrt(w) * generator.standard_normal(count)


def main():
    generator = np.random.default_rng(11)
    cases = []
    for name, likelihood, sample, guess in [
        ("generalizedPareto", pareto, stats.genpareto.rvs(0.25, scale=0.02, size=60, random_state=generator), [0.02, 0.25]),
        ("generalizedPareto", pareto, stats.genpareto.rvs(-0.2, scale=3, size=40, random_state=generator), [3, -0.2]),
        ("generalizedExtremeValue", extreme, stats.genextreme.rvs(-0.15, loc=2, scale=0.5, size=60, random_state=generator), [2, 0.5, 0.15]),
        ("fernandezSteelSkewedT", skewed, 0.01 + 0.02 * stats.nct.rvs(5, -0.6, size=250, random_state=generator), [0.01, 0.02, 5, 0.8]),
        ("normalInverseGaussian", gaussian, stats.norminvgauss.rvs(1.2, -0.3, loc=0.1, scale=1, size=120, random_state=generator), [0.1, 1, 1.2, -0.3]),
        ("logistic", logistic, stats.logistic.rvs(0.3, 2, size=60, random_state=generator), [0.3, 2]),
        ("logNormal", log_normal, stats.lognorm.rvs(0.5, scale=3, size=40, random_state=generator), [1.1, 0.5]),
        ("azzaliniSkewedT", azzalini, azzalini_sample(generator, 100, 2, 4), [0, 1, 4, 2]),
        ("hansenSkewedT", hansen, stats.t.rvs(5, size=100, random_state=generator) * 0.77, [5, 0]),
        ("varianceGamma", variance_gamma, gamma_sample(generator, 100, 3), [-1.605, 3.205, 1.494, 0.5]),
        ("generalizedHyperbolic", hyperbolic, stats.genhyperbolic.rvs(-1, 0.6, -0.2, size=160, random_state=np.random.default_rng(1)), [0.137, 0.844, -0.827, 0.547, -0.309]),
        ("normalMixture", normal_mixture, np.append(stats.norm.rvs(0.1, 0.5, size=80, random_state=generator), stats.norm.rvs(-0.5, 2, size=40, random_state=generator)), [0.67, 0.1, 0.5, -0.5, 2]),
    ]:
        x = np.round(sample, 8)
        # The guesses of the slow ones are near the maximum, from SciPy's densities.
        first = guess if likelihood in (variance_gamma, hyperbolic) else start(likelihood, x.tolist(), guess)
        estimates, errors, value = maximum(likelihood, x.tolist(), first)
        print(name, estimates, errors, value, flush=True)
        scores = {"scoreErrors": score_errors(likelihood, x.tolist(), estimates)} if likelihood is variance_gamma else {}
        cases.append({"law": name, "sample": x.tolist(), "estimates": estimates, "standardErrors": errors, "logLikelihood": value} | scores)
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
