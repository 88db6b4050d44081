"""Writes Tests/Reference/special_functions.json: special functions to more than 25 digits.

Run with Python 3 and mpmath 1.3.0 (no other package) from the root of the package:

    python Tests/Generate/special_functions.py

Error, normal, gamma and digamma functions come from mpmath at 60 digits. The incomplete gamma and
beta functions are summed here from their series of positive terms in integer arithmetic with 1250
bits, so that both a tail near 1e-300 and its complement keep more than 50 digits.
Each number is the pair (high, low): the nearest double and what it leaves.
"""

import json
import math
import random
import sys
from fractions import Fraction

import mpmath as mp

mp.mp.dps = 60
SMALLEST = mp.mpf(10) ** -300
BITS = 1250
rng = random.Random(20260101)


def pair(value):
    high = float(value)
    if high == 0 or math.isinf(high):
        return [high, 0.0]
    return [high, float(f"{float(value - mp.mpf(high)):.8e}")]


def around(x, count=3):
    """A double and its neighbors."""
    values, up, down = [x], x, x
    for _ in range(count):
        up, down = math.nextafter(up, math.inf), math.nextafter(down, -math.inf)
        values += [up, down]
    return values


def log_uniform(low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def grid(low, high, count):
    return [rng.uniform(low, high) for _ in range(count)]


def rows(function, arguments, keep=lambda v: True):
    result = []
    for x in sorted(set(arguments)):
        value = function(mp.mpf(x))
        if keep(value):
            result.append([x] + pair(value))
    return result


def one_argument():
    tiny = [log_uniform(1e-300, 1e-2) for _ in range(60)]
    signed_tiny = tiny + [-x for x in tiny]
    switches = []
    for x in [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 0.125, 0.375, 0.75, 1.5, 3.0, 6.0, 26.0]:
        switches += around(x) + [-v for v in around(x)]
    normal = lambda v: abs(v) >= SMALLEST and abs(v) < mp.mpf(10) ** 308
    output = {}
    output["erf"] = rows(
        mp.erf, signed_tiny + switches + grid(-1, 1, 900) + grid(-6.5, 6.5, 700))
    output["erfc"] = rows(
        mp.erfc, signed_tiny + switches + grid(-1, 1, 700) + grid(-6, 6, 600) + grid(5, 26.3, 900),
        normal)
    output["scaledErfc"] = rows(
        lambda x: mp.exp(x * x) * mp.erfc(x) if x < 1e4 else
        sum((-1) ** n * mp.fac2(2 * n - 1) / (2 * x * x) ** n for n in range(8))
        / (x * mp.sqrt(mp.pi)),
        signed_tiny + switches + around(32.0) + grid(-1, 1, 600) + grid(-26.6, 0, 500)
        + grid(0, 40, 700) + [log_uniform(30, 1e300) for _ in range(150)], normal)
    normal_points = (
        signed_tiny + switches + grid(-2, 2, 700) + grid(-8.5, 8.5, 500) + grid(-37, -5, 900))
    output["pdf"] = rows(mp.npdf, normal_points, normal)
    output["cdf"] = rows(mp.ncdf, normal_points + grid(-37.04, -36.9, 100), normal)
    mp.mp.dps = 80

    def log_cdf(x):
        if x > 0:
            # The complement is below 1e-400 when it does not matter.
            return mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2)
        if x < -1e3:
            z = -x
            series = sum((-1) ** n * mp.fac2(2 * n - 1) / z ** (2 * n) for n in range(12))
            return -z * z / 2 - mp.log(z) - mp.log(2 * mp.pi) / 2 + mp.log(series)
        return mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)

    output["logCDF"] = rows(
        log_cdf, switches + grid(-2, 2, 500) + grid(-40, 36, 700) + grid(-3000, -30, 150)
        + [-log_uniform(1e3, 1e150) for _ in range(100)], normal)
    mp.mp.dps = 60
    output["logPDF"] = rows(
        lambda x: -x * x / 2 - mp.log(2 * mp.pi) / 2, signed_tiny + grid(-40, 40, 200))

    mp.mp.dps = 60

    def quantile(p):
        # Newton on the logarithm of the smaller tail.
        q = p if p <= 0.5 else 1 - p
        if q == mp.mpf(0.5):
            return mp.mpf(0)
        z = -mp.sqrt(-2 * mp.log(2 * q) * mp.mpf("0.9"))
        for _ in range(60):
            tail = mp.erfc(-z / mp.sqrt(2)) / 2
            step = mp.log(tail / q) * tail / mp.npdf(z)
            z -= step
            if abs(step) < mp.mpf(10) ** -35 * abs(z):
                break
        return z if p <= 0.5 else -z

    probabilities = grid(0, 1, 500) + [log_uniform(1e-300, 0.5) for _ in range(700)]
    probabilities += [1 - log_uniform(1e-16, 0.5) for _ in range(300)]
    probabilities += [0.5 + s * log_uniform(1e-16, 0.3) for s in (-1, 1) for _ in range(250)]
    for p in [0.25, 0.5, 0.75, 0.075, 0.925, math.exp(-25), 1e-280, 1e-300, 1 - 2 ** -53]:
        probabilities += [v for v in around(p) if 0 < v < 1]
    output["quantile"] = rows(quantile, probabilities)

    positive = [log_uniform(1e-300, 1e-3) for _ in range(100)] + grid(0, 4, 800) + grid(3, 30, 500)
    positive += [log_uniform(1, 1e15) for _ in range(300)]
    positive += [log_uniform(1e15, 1e300) for _ in range(50)]
    for x in [1.0, 2.0, 0.5, 3.0, 10.0, 1.25, 1.75, 1.461632144968362]:
        positive += around(x)
        positive += [x + s * log_uniform(1e-15, 1e-2) for s in (-1, 1) for _ in range(25)]
    negative = grid(-10, 0, 250) + grid(-1000, -10, 100)
    output["logGamma"] = rows(
        lambda x: mp.re(mp.loggamma(x)) if x > 0 else mp.log(abs(mp.gamma(x))), positive + negative)
    far_from_poles = [x for x in negative if abs(x - round(x)) > 1e-3]
    output["digamma"] = rows(mp.digamma, positive + far_from_poles)
    return output


def log_beta():
    result = []
    for _ in range(900):
        a, b = log_uniform(1e-3, 1e6), log_uniform(1e-3, 1e6)
        result.append([a, b])
    for _ in range(200):
        result.append([log_uniform(1e-12, 1e3), log_uniform(1e3, 1e12)])
    for a, b in [(1.0, 1.0), (2.0, 3.0), (0.5, 0.5), (10.0, 10.0), (9.999, 10.0), (1e-300, 1.0)]:
        result.append([a, b])
    return [
        [a, b] + pair(mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + mp.mpf(b)))
        for a, b in result]


def positive_series(numerator, denominator, x):
    """The sum of prod x (numerator + k - 1)/(denominator + k), numerator None for a factor 1."""
    xn, xd = x.numerator, x.denominator
    dn, dd = denominator.numerator, denominator.denominator
    term = total = 1 << BITS
    k = 0
    while True:
        k += 1
        if numerator is None:
            top, bottom = xn * dd, xd * (dn + k * dd)
        else:
            nn, nd = numerator.numerator, numerator.denominator
            top = xn * (nn + (k - 1) * nd) * dd
            bottom = xd * nd * (dn + k * dd)
        term = term * top // bottom
        total += term
        # Stop when the terms fall and what remains is below the last bits.
        if top < bottom and term * top < (bottom - top):
            break
        if k > 400_000:
            raise ValueError("series too long")
    return mp.mpf(total) / mp.mpf(2) ** BITS


def with_inverse(lower, upper, x, density, precise):
    """Rows of the inverse: a tail as a double, the exact argument, conditioning."""
    inverse = []
    for flag, value in ((0, lower), (1, upper)):
        if value < SMALLEST or value > mp.mpf(1) - mp.mpf(10) ** -3:
            continue
        probability = float(value)
        sign = -1 if flag == 0 else 1
        # One Newton step from an argument that is right to 16 digits of the probability.
        argument = precise + sign * (value - mp.mpf(probability)) / density
        condition = float(mp.mpf(probability) / (density * argument))
        inverse.append([flag, probability, pair(argument), condition])
    return inverse


def incomplete_gamma():
    cases = []
    shapes = [0.5, 1.0, 2.0, 1e-3, 19.999, 20.0, 20.001, 1e6, 100.0, 0.999, 1.001, 9.999, 10.0]

    def spread(a):
        z = rng.uniform(-37, 37) if rng.random() < 0.6 else rng.uniform(-3, 3)
        c = 1 / (9 * a)
        w = 1 - c + z * math.sqrt(c)
        return a * w**3 if w > 0 else a * log_uniform(1e-8, 1)

    for a in shapes:
        for _ in range(14):
            cases.append((a, spread(a)))
        for factor in [1.0, 0.6, 1.4, 0.5999, 1.4001, 1 - 1e-5, 1 + 1e-5, 1.1]:
            cases.append((a, a * factor))
        cases.append((a, a + 1))
    for _ in range(900):
        a = log_uniform(1e-3, 1e6)
        cases.append((a, spread(a)))
    for _ in range(250):
        a = log_uniform(1e-3, 30)
        cases.append((a, log_uniform(1e-6, 700)))
    for _ in range(150):
        a = log_uniform(1e-3, 1.0)
        cases.append((a, log_uniform(1e-300, 2)))
    for _ in range(100):
        a = log_uniform(20, 1e6)
        cases.append((a, a * (1 + rng.choice([-1, 1]) * log_uniform(1e-12, 1e-2))))
    values, inverse = [], []
    mp.mp.dps = 370
    for a, x in cases:
        if x > 2 * a + 1000:
            x = rng.uniform(1, 700)  # the upper tail would be below 1e-300
        if x <= 0:
            continue
        if a > 1e3 and x - a - a * math.log(x / a) > 700:
            continue  # one tail is below 1e-300, and the series is long
        A, X = mp.mpf(a), mp.mpf(x)
        density = mp.exp(A * mp.log(X) - X - mp.loggamma(A + 1))  # times a/x
        lower = density * positive_series(None, Fraction(a), Fraction(x))
        upper = 1 - lower
        if lower < SMALLEST and upper < SMALLEST:
            continue
        entry = [a, x]
        for v in (lower, upper):
            entry += pair(v) if v >= SMALLEST else [0.0, 0.0]
        values.append(entry)
        for flag, p, argument, condition in with_inverse(lower, upper, x, density * A / X, X):
            inverse.append([flag, a, p] + argument + [condition])
    mp.mp.dps = 60
    return values, inverse


def incomplete_beta():
    cases = []

    def spread(a, b):
        z = rng.uniform(-37, 37) if rng.random() < 0.6 else rng.uniform(-3, 3)
        u = math.log(a / b) + z * math.sqrt(1 / a + 1 / b) * rng.choice([1, 1, 0.3])
        u = max(-690.0, min(36.0, u))
        return 1 / (1 + math.exp(-u))

    special = [0.5, 1.0, 2.0, 1e-3, 1e3, 10.0, 0.999, 1.001, 50.0, 1e6]
    for a in special:
        for b in special:
            for _ in range(4):
                cases.append((spread(a, b), a, b))
            cases.append((a / (a + b), a, b))
            cases.append(((a + 1) / (a + b + 2), a, b))
    for _ in range(1000):
        a, b = log_uniform(1e-3, 1e6), log_uniform(1e-3, 1e6)
        cases.append((spread(a, b), a, b))
    for _ in range(300):
        a, b = log_uniform(1e-3, 30), log_uniform(1e-3, 30)
        cases.append((rng.random(), a, b))
    for _ in range(150):
        a, b = log_uniform(1e-3, 1), log_uniform(1e-3, 1e4)
        cases.append((log_uniform(1e-12, 1), a, b))
    for _ in range(100):
        a, b = log_uniform(1, 1e5), log_uniform(1, 1e5)
        cases.append((a / (a + b) * (1 + rng.choice([-1, 1]) * log_uniform(1e-12, 1e-2)), a, b))
    values, inverse = [], []
    mp.mp.dps = 370
    for x, a, b in cases:
        if not 0 < x < 1:
            continue
        X, A, B = mp.mpf(x), mp.mpf(a), mp.mpf(b)
        power = mp.exp(
            A * mp.log(X) + B * mp.log1p(-X)
            + mp.loggamma(A + B) - mp.loggamma(A) - mp.loggamma(B))
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
        entry = [x, a, b]
        for v in (lower, upper):
            entry += pair(v) if v >= SMALLEST else [0.0, 0.0]
        values.append(entry)
        density = power / (X * (1 - X))
        for flag, p, argument, condition in with_inverse(lower, upper, x, density, X):
            inverse.append([flag, a, b, p] + argument + [condition])
    mp.mp.dps = 60
    return values, inverse


def large_beta():
    """Tails for large parameters by quadrature: x, a, b, 1 for the lower tail, value."""
    result = []
    mp.mp.dps = 50
    for a, b in [(2e8, 2e8), (1.5e8, 3e9), (1e9, 4e12), (3e15, 7e14), (1e20, 3e9)]:
        A, B = mp.mpf(a), mp.mpf(b)
        deviation = mp.sqrt(A * B / (A + B) ** 3)
        log_scale = mp.loggamma(A + B) - mp.loggamma(A) - mp.loggamma(B)
        log_density = lambda t: log_scale + (A - 1) * mp.log(t) + (B - 1) * mp.log1p(-t)
        for z in (-30, -3, -0.5, -0.01, -0.001, 0.005, 0.02, 2, 12):
            x = float(A / (A + B) + z * deviation)
            sign = -1 if mp.mpf(x) < A / (A + B) else 1
            # Outward from x, where the density falls at least as fast as exp(-z t).
            step = deviation / max(1, abs(z) / 3)
            points = [mp.mpf(x) + sign * k * step for k in range(60)]
            # The quadrature aims at an absolute error: scale the integrand to 1.
            top = log_density(mp.mpf(x))
            value = mp.exp(top) * mp.quad(
                lambda t: mp.exp(log_density(t) - top) / deviation, points[::sign]) * deviation
            result.append([x, a, b, 1.0 if sign < 0 else 0.0] + pair(value))
    mp.mp.dps = 60
    return result


def main():
    output = {
        "generator": "Tests/Generate/special_functions.py",
        "versions": f"mpmath {mp.__version__}, Python {sys.version.split()[0]}",
        "digits": 25,
    }
    output["functions"] = one_argument()
    output["functions"]["logBeta"] = log_beta()
    for name, make in (("Gamma", incomplete_gamma), ("Beta", incomplete_beta)):
        values, inverse = make()
        output["functions"]["regularized" + name] = values
        output["functions"]["inverseRegularized" + name] = inverse
    output["functions"]["regularizedBetaLarge"] = large_beta()
    with open("Tests/Reference/special_functions.json", "w") as out:
        text = json.dumps(output, separators=(",", ":"))
        out.write(text.replace("]],", "]],\n").replace("],[", "],\n["))
        out.write("\n")
    for name, table in output["functions"].items():
        print(name, len(table))


if __name__ == "__main__":
    main()
