"""Writes Tests/Reference/batch_kernels.json.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/batch_kernels.py

Every argument is a double; every value is computed with 60 digits and rounded once. Rows whose
value is not a normal number carry an absolute tolerance of one least subnormal number instead of a
relative one. Nothing here is produced by the library.
"""

import json
import math
import random
import sys

from mpmath import digamma, erf, erfc, exp, fabs, log, loggamma, mp, mpf, pi, sqrt

mp.dps = 60
random.seed(20240229)
INF, NAN = math.inf, math.nan
TINY, LEAST = sys.float_info.min, 5e-324
CORNERS = [0.0, LEAST, TINY, 1e-300, 1e-20, 1e-8, 0.5, 1.0, 2.0, 1e5, 1e10, 1e300, 1.7e308]
CORNERS += [-v for v in CORNERS[1:]]


def scaled_erfc(x):
    if x > 1000:
        term, total = mpf(1), mpf(1)
        for n in range(1, 20):
            term *= -(2 * n - 1) / (2 * x * x)
            total += term
        return total / (x * sqrt(pi))
    return exp(x * x) * erfc(x)


def normal_survival(x):
    return erfc(x / sqrt(mpf(2))) / 2


def normal_quantile(p):
    if p == mpf(1) / 2:
        return mpf(0)
    upper = p > mpf(1) / 2
    q = 1 - p if upper else p
    # Newton's iteration on the logarithm, from the leading terms of the tail.
    z = -sqrt(-2 * log(q)) if q < mpf("0.1") else -(mpf(1) / 2 - q) * sqrt(2 * pi)
    for _ in range(200):
        tail = normal_survival(-z)
        step = (log(tail) - log(q)) * tail * sqrt(2 * pi) * exp(z * z / 2)
        z -= step
        if fabs(step) < mpf(10) ** -50 * (1 + fabs(z)):
            break
    return -z if upper else z


def spread(*pieces):
    points = []
    for lowest, highest, count in pieces:
        points += [random.uniform(lowest, highest) for _ in range(count)]
    return points


def both(points):
    return [random.choice((-1, 1)) * v for v in points]


def powers(lowest, highest, count):
    return [10 ** random.uniform(lowest, highest) for _ in range(count)]


def guard(f, lowest, highest, below, above):
    """f inside, limits outside, where mpmath would take forever to reach the limit."""
    return lambda x: below if x < lowest else above if x > highest else f(x)


def gamma_points():
    near = [z + v for z in (1.0, 2.0, 1.4616321449683622) for v in both(powers(-15, -1, 100))]
    return (powers(-300, 0, 200) + spread((0, 1, 300), (1, 3, 600), (3, 10, 600), (9.9, 10.1, 100))
            + powers(1, 15, 300) + powers(15, 300, 60) + near)


POSITIVE = [TINY, 1e-20, 0.5, 1.0, 2.0, 1.4616321449683622, 3.0, 10.0, 1e5, 1e300]
FUNCTIONS = {
    "exp": (guard(exp, -800, 800, mpf(0), mpf("inf")), spread((-745.2, 709.9, 500), (-1, 1, 500)), CORNERS, 1),
    "log": (log, powers(-307, 308, 400) + spread((0.5, 2, 500), (0.99, 1.01, 200))
            + [LEAST * k for k in (1, 3, 1000)], [c for c in CORNERS if c > 0], 1),
    "erf": (guard(erf, -30, 30, mpf(-1), mpf(1)),
            both(spread((0, 6, 500), (0.4, 0.7, 400)) + powers(-300, 0, 200)), CORNERS, 2),
    "erfc": (guard(erfc, -30, 30, mpf(2), mpf(0)),
             spread((-6, 6, 500), (6, 26.4, 400), (0.3, 1.2, 500), (26.4, 27.3, 50)), CORNERS, 2),
    "scaledErfc": (guard(scaled_erfc, -30, INF, mpf("inf"), None),
                   spread((-26.6, 0, 400), (0, 10, 500), (-1, 0.1, 300)) + powers(0, 308, 200), CORNERS, 2),
    "normalPDF": (guard(lambda x: exp(-x * x / 2) / sqrt(2 * pi), -60, 60, mpf(0), mpf(0)),
                  spread((-38, 38, 600), (-2, 2, 400)), CORNERS, 1),
    "normalCDF": (guard(lambda x: normal_survival(-x), -60, 60, mpf(0), mpf(1)),
                  spread((-37.5, -6, 500), (-6, 6, 800), (-1.5, 0, 400), (-38.5, -37.5, 50)), CORNERS, 2),
    "normalSurvival": (guard(normal_survival, -60, 60, mpf(1), mpf(0)),
                       spread((6, 37.5, 500), (-6, 6, 500)), CORNERS, 2),
    "normalQuantile": (normal_quantile,
                       powers(-300, -1, 400) + powers(-12, -1, 300) + spread((0, 1, 800), (0.07, 0.08, 200))
                       + [0.5 + v for v in both(powers(-15, -1, 200))] + [1 - v for v in powers(-15, -1, 200)],
                       [LEAST, TINY, 1e-310, 1e-300, 0.5, 0.075, 0.925, 1 - 2**-53], 4),
    # Positive arguments; below zero the error is absolute next to the zeros, and tested elsewhere.
    "logGamma": (loggamma, gamma_points(), POSITIVE, 5),
    "digamma": (digamma, gamma_points(), POSITIVE, 4),
}
LIMITS = {
    "exp": [(INF, INF), (-INF, 0.0), (NAN, NAN)],
    "log": [(INF, INF), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (-LEAST, NAN), (-INF, NAN), (NAN, NAN)],
    "erf": [(INF, 1.0), (-INF, -1.0), (NAN, NAN)],
    "erfc": [(INF, 0.0), (-INF, 2.0), (NAN, NAN)],
    "scaledErfc": [(INF, 0.0), (-INF, INF), (NAN, NAN)],
    "normalPDF": [(INF, 0.0), (-INF, 0.0), (NAN, NAN)],
    "normalCDF": [(INF, 1.0), (-INF, 0.0), (NAN, NAN)],
    "normalSurvival": [(INF, 0.0), (-INF, 1.0), (NAN, NAN)],
    "normalQuantile": [(0.0, -INF), (1.0, INF), (-LEAST, NAN), (1.5, NAN), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    "logGamma": [(0.0, INF), (-0.0, INF), (-1.0, INF), (-1e300, INF), (INF, INF), (-INF, INF), (NAN, NAN)],
    "digamma": [(0.0, -INF), (-0.0, INF), (-1.0, NAN), (-1e300, NAN), (INF, INF), (-INF, NAN), (NAN, NAN)],
}


def word(x):
    """JSON has no infinities; the reader turns these strings back."""
    return "nan" if math.isnan(x) else "inf" if x == INF else "-inf" if x == -INF else x.hex()


result = []
for name, (f, points, corners, bound) in FUNCTIONS.items():
    rows = []
    for x in points + corners:
        value = f(mpf(x))
        y = float(value)
        # The part that rounding removed, in units in the last place of y.
        rest = 0.0
        if y != 0 and math.isfinite(y):
            rest = float((value - mpf(y)) / mpf(math.ulp(y)))
        rows.append([word(x), word(y), rest])
    rows += [[word(x), word(y), 0.0] for x, y in LIMITS[name]]
    result.append({
        "function": name,
        "ulps": bound,
        "x": [r[0] for r in rows],
        "y": [r[1] for r in rows],
        "rest": [round(r[2], 4) for r in rows],
    })

with open("Tests/Reference/batch_kernels.json", "w") as out:
    json.dump({"tool": "mpmath 1.3.0, 60 digits", "functions": result}, out, indent=0)
    out.write("\n")
