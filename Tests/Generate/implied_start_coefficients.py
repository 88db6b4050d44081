"""Writes Sources/CKeelKernels/implied_start_coefficients.h.

Run from the package folder with mpmath 1.3.0, numpy 2.3.5 and scipy 1.16.3:

    python Tests/Generate/implied_start_coefficients.py

Tables of the first guess of an implied volatility: the distance at which the normal model has a
price, what turns the volatility of that model into the one of the lognormal model, and the same for
prices above one half. Quotients of polynomials, fitted by least squares with weights that are moved
towards the largest errors (C. L. Lawson, "Contributions to the theory of linear least maximum
approximation", 1961).
"""

import numpy as np
from mpmath import log1p, mp, mpf
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr, ndtr, ndtri

from kernel_coefficients import interpolant

LARGEST_MONEYNESS = 4.0
ROUNDS = 300


def mills(u):
    """Phi(u) / phi(u)."""
    return np.sqrt(np.pi / 2) * erfcx(-u / np.sqrt(2))


def log_normal_model(h):
    """The logarithm of the price over the distance in the normal model, h deviations away."""
    far = np.where(h > 30, h, 30.0)
    series = 1 / far**2 - 3 / far**4 + 15 / far**6 - 105 / far**8
    slope = np.where(h > 30, series, 1 - h * mills(-h))
    return np.log(slope / h) - h * h / 2 - np.log(2 * np.pi) / 2


def log_price(x, s):
    """The logarithm of the out-of-the-money share of the lesser leg, x the log-moneyness."""
    d1 = s / 2 - x / s
    return np.log(mills(d1) - mills(d1 - s)) - d1 * d1 / 2 - np.log(2 * np.pi) / 2


def fit(numerator, denominator, y, scale):
    """Coefficients of y = numerator / (1 + denominator) with the least error times the scale."""
    weight, quotient, best = np.ones_like(y), np.ones_like(y), None
    for _ in range(ROUNDS):
        row = np.sqrt(weight) * scale / quotient
        system = np.hstack([numerator, -denominator * y[:, None]]) * row[:, None]
        size = np.abs(system).max(axis=0)
        c = np.linalg.lstsq(system / size, y * row, rcond=None)[0] / size
        above, below = c[: numerator.shape[1]], c[numerator.shape[1]:]
        quotient = 1 + denominator @ below
        has_pole = quotient.min() <= 0
        quotient = np.maximum(np.abs(quotient), 1e-6)
        error = np.abs((numerator @ above / quotient - y) * scale)
        if not has_pole and (best is None or error.max() < best[0]):
            best = (error.max(), above, np.concatenate([[1.0], below]))
        weight = weight * (error / error.max() + 1e-3)
        weight /= weight.max()
    return best


def powers(x, count, first=0):
    return np.stack([x**i for i in range(first, count)], axis=1)


def table(name, about, bound, values):
    print(name, bound)
    return [
        f"/* {about}{f'   Relative error {bound:.1e}. ' if bound else ''}*/",
        f"#define {name}_COUNT {len(values)}",
        f"static const double {name}[{name}_COUNT] = {{",
        *[f"  {float(c).hex()}," for c in values],
        "};",
        "",
    ]


def normal_distance():
    h = np.concatenate([np.linspace(1e-3, 3, 800), np.linspace(3, 37.5, 1200)])
    level = log_normal_model(h)
    ratio = np.exp(level)
    share = 1 / (1 + 2 * ratio)
    spread = -(np.log(4) + level + np.log1p(ratio) - 2 * np.log1p(2 * ratio))
    root = np.sqrt(1 + spread)
    return fit(powers(root, 6), powers(root, 5, 1), h / share, share / h)


def lognormal_correction():
    rows = []
    for x in np.concatenate([[1e-4], np.linspace(0.05, LARGEST_MONEYNESS, 40)]):
        highest = brentq(lambda s: log_price(x, s) - np.log(0.5), 0.05, 60)
        for s in np.linspace(max(x / 36, 0.01), highest, 60):
            level = log_price(x, s) - np.log(np.expm1(x))
            h = np.exp(brentq(lambda t: log_normal_model(np.exp(t)) - level, -40, 4, xtol=1e-14))
            rows.append((x * x, (x / h) ** 2, s * h / x))
    q, t, factor = np.array(rows).T
    y, chosen = (factor - 1) / t, t > 1e-3
    above = np.stack([q**0, q, t, t * q, t * t, t * t * q], axis=1)
    below = np.stack([q, t, t * q], axis=1)
    return fit(above[chosen], below[chosen], y[chosen], (t / factor)[chosen]), t.max()


def high_price():
    z = np.linspace(1.34, 17, 2000)
    missing = 2 * ndtr(-z / 2)
    root = np.sqrt(1 - np.log(missing * (2 - missing)))
    share = 1 - missing
    return fit(powers(root, 6), powers(root, 5, 1), z / share, share / z)


def moneyness_effect():
    """(s^2 - z^2) / x, where z is the volatility at the money."""
    rows = []
    for missing in np.concatenate([np.linspace(0.5, 0.01, 40), np.logspace(-2.1, -15, 40)]):
        z = -2 * ndtri(missing / 2)
        for x in [0.01, 0.3, 0.6, 1, 1.5, 2]:
            def off(s):
                d1 = s / 2 - x / s
                return np.log(ndtr(-d1) + np.exp(x + log_ndtr(d1 - s))) - np.log(missing)
            s = brentq(off, 0.5, 60)
            rows.append((z, x, (s * s - z * z) / x, s))
    z, x, y, s = np.array(rows).T
    above = np.stack([z**0, z, z * z, x, x * z], axis=1)
    below = np.stack([z, z * z, x, x * z], axis=1)
    return fit(above, below, y, x / (2 * s * s))


def short_logarithm(f):
    return log1p(f) / f if f else mpf(1)


mp.dps = 60
bound, above, below = normal_distance()
lines = [
    "/* Written by Tests/Generate/implied_start_coefficients.py; change the script, not this",
    "   file. */",
    "#ifndef KEEL_IMPLIED_START_COEFFICIENTS_H",
    "#define KEEL_IMPLIED_START_COEFFICIENTS_H",
    "",
    *table("KEEL_NORMAL_ABOVE",
           "h (1 + 2 r) for the price r = phi(h) / h - Phi(-h) of the normal model over the\n"
           "   distance, in the root of 1 - log(4 r (1 + r) / (1 + 2 r)^2): the numerator.\n",
           bound, above),
    *table("KEEL_NORMAL_BELOW", "Its denominator. ", 0, below),
]
(bound, above, below), largest = lognormal_correction()
lines += [
    "/* The largest squares of log-moneyness, q, and of the normal model's volatility, t, of the\n"
    "   next table. */",
    f"#define KEEL_LARGEST_Q {LARGEST_MONEYNESS**2}",
    f"#define KEEL_LARGEST_T {float(largest).hex()}",
    "",
    *table("KEEL_LOGNORMAL_ABOVE",
           "(s / s' - 1) / t for the volatilities s and s' of the two models at one price up to\n"
           "   one half: the numerator, by 1, q, t, t q, t^2, t^2 q.\n", bound, above),
    *table("KEEL_LOGNORMAL_BELOW", "Its denominator, by 1, q, t, t q. ", 0, below),
]
bound, above, below = high_price()
lines += [
    *table("KEEL_HIGH_ABOVE",
           "z / p for a price p = 1 - 2 Phi(-z / 2) at the money of at least one half, in the\n"
           "   root of 1 - log(1 - p^2): the numerator.\n", bound, above),
    *table("KEEL_HIGH_BELOW", "Its denominator. ", 0, below),
]
bound, above, below = moneyness_effect()
lines += [
    *table("KEEL_EFFECT_ABOVE",
           "(s^2 - z^2) / x, x the magnitude of log-moneyness: the numerator, by 1, z, z^2, x,\n"
           "   x z.\n", bound, above),
    *table("KEEL_EFFECT_BELOW", "Its denominator, by 1, z, z^2, x, x z. ", 0, below),
]
lowest, highest = mpf(0.5) ** mpf(0.5) - 1, mpf(2) ** mpf(0.5) - 1
lines += [
    *table("KEEL_SHORT_LOG", "log(1 + f) / f for 1 + f from the root of 1/2 to that of 2. ", 0,
           interpolant(short_logarithm, lowest, highest, 8)),
    "#endif",
    "",
]
with open("Sources/CKeelKernels/implied_start_coefficients.h", "w") as out:
    out.write("\n".join(lines))
