"""Writes Tests/Reference/incomplete_gamma.json and incomplete_beta.json: some 10 000 points each.

Run with Python 3 and mpmath 1.3.0 from the root of the package (gmpy2 makes it faster, and changes
nothing); ten minutes:

    python Tests/Generate/incomplete_functions.py

Parameters up to 1e6 are summed in integer arithmetic with 1250 bits, as in special_functions.py, so
that a tail near 1e-300 and its complement keep more than 50 digits; larger ones are integrated with
50 digits. A row of `tails` has the arguments and both tails, one of `inverse` a flag (0 lower, 1
upper), the parameters, the probability, the argument and the condition number: the relative change
of the argument over that of the probability. Values are pairs (high, low): the nearest double and
what it leaves; a pair of zeros stands for a tail below 1e-300.
"""

import json
import math
import random
import sys
from fractions import Fraction

import mpmath as mp

from special_functions import SMALLEST, positive_series, with_inverse

rng = random.Random(20260202)
#: An argument that hangs on the 11th digit of the probability says nothing about the method.
LARGEST_CONDITION = 1e6


def pair(value):
    high = float(value)
    if high == 0 or math.isinf(high):
        return [high, 0.0]
    return [high, float(f"{float(value - mp.mpf(high)):.3e}")]


def tail_pairs(*values):
    return [part for v in values for part in (pair(v) if v >= SMALLEST else [0.0, 0.0])]


def log_uniform(low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def deviations():
    return rng.uniform(-37, 37) if rng.random() < 0.6 else rng.uniform(-3, 3)


def nudge(low=1e-15, high=1e-2):
    return 1 + rng.choice([-1, 1]) * log_uniform(low, high)


def inverse_rows(parameters, lower, upper, x, density, rows, complement=1):
    """Adds one inverse; `complement` is 1 - x for beta, whose logit must be well determined too."""
    both = with_inverse(lower, upper, x, density, mp.mpf(x))
    good = [r for r in both if abs(r[3]) < LARGEST_CONDITION * complement and r[2][0] > 1e-300]
    if good:
        flag, probability, argument, condition = rng.choice(good)
        if not 0 < argument[0] < math.inf:
            return
        low = float(f"{argument[1]:.3e}")
        rows.append([flag, *parameters, probability, argument[0], low, float(f"{condition:.3g}")])


def gamma_points():
    def spread(a):
        c = 1 / (9 * a)
        w = 1 - c + deviations() * math.sqrt(c)
        return a * w**3 if w > 0 else a * log_uniform(1e-8, 1)

    shapes = [0.5, 1.0, 1.5, 2.0, 1e-3, 19.999, 20.0, 20.001, 1e6, 100.0, 0.999, 1.001, 9.999, 10.0]
    for a in shapes:
        for _ in range(24):
            yield a, spread(a)
        for factor in [1.0, 0.6, 1.4, 0.5999, 1.4001, 1 - 1e-5, 1 + 1e-5, 1.1, 0.7, 0.71, 1.41, 1.42, 2.0, 0.5]:
            yield a, a * factor
        yield a, a + 1
        yield a, 1.5
    for _ in range(4600):
        a = log_uniform(1e-3, 1e6)
        yield a, spread(a)
    for _ in range(1200):
        yield log_uniform(1e-3, 30), log_uniform(1e-6, 700)
    for _ in range(700):
        yield log_uniform(1e-3, 1.0), log_uniform(1e-300, 2)
    for _ in range(900):
        a = log_uniform(0.5, 1e6)
        yield a, a * nudge()
    for _ in range(700):
        a = log_uniform(10, 1e4)
        yield a, a * rng.choice([0.6, 1.4, 0.5, 2.0, 0.70710678, 1.41421356]) * nudge(1e-16, 0.1)
    for _ in range(700):
        yield log_uniform(1e-300, 1e-3), rng.choice([log_uniform(1e-300, 2), rng.uniform(0, 30), log_uniform(1, 650)])
    for _ in range(300):
        yield log_uniform(0.5, 30), log_uniform(1e-30, 1e-2)


def gamma():
    values, inverse = [], []
    mp.mp.dps = 370
    for a, x in gamma_points():
        if x > 2 * a + 1000:
            x = rng.uniform(1, 700)
        if x <= 0 or (a > 1e3 and x - a - a * math.log(x / a) > 700):
            continue
        A, X = mp.mpf(a), mp.mpf(x)
        density = mp.exp(A * mp.log(X) - X - mp.loggamma(A + 1))  # times a/x
        lower = density * positive_series(None, Fraction(a), Fraction(x))
        upper = 1 - lower
        if lower < SMALLEST and upper < SMALLEST:
            continue
        values.append([a, x] + tail_pairs(lower, upper))
        if x > 1e-290:
            inverse_rows([a], lower, upper, x, density * A / X, inverse)
    mp.mp.dps = 50
    for _ in range(500):
        a = log_uniform(1e6, 1e15)
        x = a + rng.choice([1, 1, 0.1, 0.001]) * deviations() * math.sqrt(a)
        A, X = mp.mpf(a), mp.mpf(x)
        scale, deviation = mp.loggamma(A), mp.sqrt(A)
        value = outward(lambda t: (A - 1) * mp.log(t) - t - scale, X, deviation, X < A)
        lower, upper = (value, 1 - value) if x < a else (1 - value, value)
        values.append([a, x] + tail_pairs(lower, upper))
        density = mp.exp((A - 1) * mp.log(X) - X - scale)
        inverse_rows([a], lower, upper, x, density, inverse)
    return values, inverse


def outward(log_density, x, deviation, is_lower):
    """The tail from x outward, where the density falls at least as fast as exp(-z t)."""
    top = log_density(x)
    slope = abs(mp.diff(log_density, x)) * deviation
    step = deviation / max(1, slope) * 4
    sign = -1 if is_lower else 1
    total = mp.mpf(0)
    for k in range(40):
        ends = sorted([x + sign * k * step, x + sign * (k + 1) * step])
        part = mp.quad(lambda t: mp.exp(log_density(t) - top) / deviation, ends)
        total += part
        if part < total * mp.mpf(10) ** -40:
            break
    return total * mp.exp(top) * deviation


def beta_points():
    def spread(a, b):
        u = math.log(a / b) + deviations() * math.sqrt(1 / a + 1 / b) * rng.choice([1, 1, 0.3])
        return 1 / (1 + math.exp(-max(-690.0, min(36.0, u))))

    special = [0.5, 1.0, 2.0, 1e-3, 1e3, 10.0, 0.999, 1.001, 50.0, 1e6]
    for a in special:
        for b in special:
            for _ in range(10):
                yield spread(a, b), a, b
            yield a / (a + b), a, b
            yield (a + 1) / (a + b + 2), a, b
    for _ in range(4600):
        a, b = log_uniform(1e-3, 1e6), log_uniform(1e-3, 1e6)
        yield spread(a, b), a, b
    for _ in range(1500):
        yield rng.random(), log_uniform(1e-3, 30), log_uniform(1e-3, 30)
    for _ in range(700):
        yield log_uniform(1e-12, 1), log_uniform(1e-3, 1), log_uniform(1e-3, 1e4)
    for _ in range(700):
        a, b = log_uniform(0.5, 1e6), log_uniform(0.5, 1e6)
        yield a / (a + b) * nudge(), a, b
    for _ in range(700):
        a, b = log_uniform(1e-300, 1e-3), log_uniform(1e-300, 1e4)
        x = rng.choice([rng.random(), log_uniform(1e-300, 1), 1 - log_uniform(1e-15, 1)])
        yield (x, a, b) if rng.random() < 0.5 else (x, b, a)
    for _ in range(300):
        yield log_uniform(1e-30, 1e-2), log_uniform(0.5, 30), log_uniform(0.5, 1e6)


def beta():
    values, inverse = [], []
    mp.mp.dps = 370
    for x, a, b in beta_points():
        if not 0 < x < 1:
            continue
        X, A, B = mp.mpf(x), mp.mpf(a), mp.mpf(b)
        power = mp.exp(
            A * mp.log(X) + B * mp.log1p(-X)
            + mp.loggamma(A + B) - mp.loggamma(A) - mp.loggamma(B))
        if power < SMALLEST and max(power / A, power / B) < SMALLEST * SMALLEST:
            continue
        fx, fa, fb = Fraction(x), Fraction(a), Fraction(b)
        try:
            if x <= 0.5:
                lower = power / A * positive_series(fa + fb, fa, fx)
                upper = 1 - lower
            else:
                upper = power / B * positive_series(fa + fb, fb, 1 - fx)
                lower = 1 - upper
        except ValueError:
            continue
        if lower < SMALLEST and upper < SMALLEST:
            continue
        values.append([x, a, b] + tail_pairs(lower, upper))
        if x > 1e-290:
            inverse_rows([a, b], lower, upper, x, power / (X * (1 - X)), inverse, 1 - X)
    mp.mp.dps = 50
    for _ in range(500):
        a, b = log_uniform(1e6, 1e15), log_uniform(1e6, 1e15)
        if rng.random() < 0.4:
            b = a * log_uniform(0.1, 10)
        A, B = mp.mpf(a), mp.mpf(b)
        mean, deviation = A / (A + B), mp.sqrt(A * B / (A + B) ** 3)
        x = float(mean + rng.choice([1, 1, 0.1, 0.001]) * deviations() * deviation)
        X = mp.mpf(x)
        scale = mp.loggamma(A + B) - mp.loggamma(A) - mp.loggamma(B)
        log_density = lambda t: scale + (A - 1) * mp.log(t) + (B - 1) * mp.log1p(-t)
        value = outward(log_density, X, deviation, X < mean)
        lower, upper = (value, 1 - value) if X < mean else (1 - value, value)
        values.append([x, a, b] + tail_pairs(lower, upper))
        inverse_rows([a, b], lower, upper, x, mp.exp(log_density(X)), inverse, 1 - X)
    return values, inverse


def write(name, table):
    values, inverse = table
    output = {
        "generator": "Tests/Generate/incomplete_functions.py",
        "versions": f"mpmath {mp.__version__}",
        "digits": 20,
        "tails": values,
        "inverse": inverse,
    }
    text = json.dumps(output, separators=(",", ":")).replace(".0,", ",").replace(".0]", "]")
    with open(f"Tests/Reference/{name}.json", "w") as out:
        out.write(text.replace("],[", "],\n["))
        out.write("\n")
    print(name, len(values), len(inverse))


for name, make in (("incomplete_gamma", gamma), ("incomplete_beta", beta)):
    if len(sys.argv) < 2 or name in sys.argv[1:]:
        rng = random.Random(20260202)
        write(name, make())
