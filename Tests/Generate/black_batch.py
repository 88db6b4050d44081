"""Writes Tests/Reference/black_batch.json: prices and all derivatives to third order at 50 digits.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/black_batch.py

The closed forms are checked against numerical derivatives of the price at 300 digits. Each value
comes with the sum of the absolute terms of its formula, to which its error is relative.
"""

import json
import math
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 60


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def price(sign, S, K, T, v, r, y):
    s = v * mp.sqrt(T)
    d1 = (mp.log(S / K) + (r - y) * T) / s + s / 2
    return sign * (S * mp.exp(-y * T) * cdf(sign * d1) - K * mp.exp(-r * T) * cdf(sign * (d1 - s)))


def greeks(sign, S, K, T, v, r, y):
    """Pairs of value and sum of absolute terms, in the order of the columns."""
    s, b = v * mp.sqrt(T), r - y
    d1 = (mp.log(S / K) + b * T) / s + s / 2
    d2 = d1 - s
    near, far = S * mp.exp(-y * T) * cdf(sign * d1), K * mp.exp(-r * T) * cdf(sign * d2)
    n = S * mp.exp(-y * T) * mp.exp(-d1 * d1 / 2) / mp.sqrt(2 * mp.pi)
    value, delta = sign * (near - far), sign * near / S
    gamma, vega = n / (S * S * s), n * mp.sqrt(T)
    drift, half = (b / s, -d2 / (2 * T)), 1 / (2 * T)
    p = d1 * d2

    def total(factor, *terms):
        return factor * sum(terms), abs(factor) * sum(abs(t) for t in terms)

    rows = [
        (value, abs(value)), (delta, abs(delta)), (gamma, gamma), (vega, vega),
        total(1, sign * y * near, -sign * r * far, -n * v / (2 * mp.sqrt(T))),
        total(1, sign * T * far), total(1, -sign * T * near), total(1, -sign * far / K),
        total(1, n / (K * K * s)), total(1, -n * d2 / (S * v)), total(1, vega * p / v),
        total(1, y * delta, -n / S * drift[0], -n / S * drift[1]),
        total(vega, y, d1 * drift[0], d1 * drift[1], -half),
        total(-gamma / S, d1 / s, 1), total(gamma / v, p, -1),
        total(gamma, y, d1 * drift[0], d1 * drift[1], half),
        total(-vega / (v * v), p, -p * p, d1 * d1, d2 * d2),
    ]
    return rows


def check(sign, inputs):
    """Each closed form against numerical derivatives of the price."""
    with mp.workdps(300):
        base = [mp.mpf(x) for x in inputs]
        rows = greeks(sign, *base)

        def derivative(*orders):
            places = [i for i, o in enumerate(orders) if o]
            def f(*z):
                moved = list(base)
                for place, value in zip(places, z):
                    moved[place] = value
                return price(sign, *moved)
            point, order = tuple(base[i] for i in places), tuple(orders[i] for i in places)
            return mp.diff(f, point, order, h=mp.mpf(10) ** -40) * (-1) ** orders[2]

        wanted = [
            (1, 0, 0, 0, 0, 0), (2, 0, 0, 0, 0, 0), (0, 0, 0, 1, 0, 0), (0, 0, 1, 0, 0, 0),
            (0, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 1), (0, 1, 0, 0, 0, 0), (0, 2, 0, 0, 0, 0),
            (1, 0, 0, 1, 0, 0), (0, 0, 0, 2, 0, 0), (1, 0, 1, 0, 0, 0), (0, 0, 1, 1, 0, 0),
            (3, 0, 0, 0, 0, 0), (2, 0, 0, 1, 0, 0), (2, 0, 1, 0, 0, 0), (0, 0, 0, 3, 0, 0),
        ]
        for (mine, scale), orders in zip(rows[1:], wanted):
            error = abs(mine - derivative(*orders))
            assert error <= mp.mpf(10) ** -30 * (scale + abs(mine)), (orders, mine)


def log_uniform(low, high):
    return math.exp(random.uniform(math.log(low), math.log(high)))


random.seed(20_260_102)
inputs = []
for _ in range(150):  # ordinary
    S = log_uniform(1, 1e5)
    inputs.append((S, S * math.exp(random.gauss(0, 0.3)), log_uniform(0.01, 5),
                   log_uniform(0.05, 2), random.uniform(-0.05, 0.1), random.uniform(-0.05, 0.1)))
for _ in range(150):  # wings
    S, T, v = log_uniform(1e-3, 1e6), log_uniform(1e-3, 10), log_uniform(0.01, 3)
    inputs.append((S, S * math.exp(random.uniform(-36, 36) * v * math.sqrt(T)), T, v,
                   random.uniform(-0.3, 0.3), random.uniform(-0.3, 0.3)))
for _ in range(150):  # no time, no volatility, with rates of both signs
    S, T, v = log_uniform(1, 1e5), log_uniform(1e-9, 1e-2), log_uniform(1e-4, 1)
    rate, carry = random.uniform(-0.2, 0.2), random.uniform(-0.2, 0.2)
    inputs.append((S, S * math.exp((rate - carry) * T + random.gauss(0, 2) * v * math.sqrt(T)),
                   T, v, rate, carry))
for _ in range(80):  # large volatilities, far strikes
    S = log_uniform(1e-6, 1e6)
    inputs.append((S, S * log_uniform(1e-9, 1e9), log_uniform(0.5, 30), log_uniform(1, 8),
                   random.uniform(-0.3, 0.3), random.uniform(-0.3, 0.3)))
for _ in range(60):  # extreme sizes
    S, T, v = log_uniform(1e-80, 1e80), log_uniform(1e-25, 1e3), log_uniform(1e-25, 1e2)
    s = v * math.sqrt(T)
    inputs.append((S, S * math.exp(max(min(random.gauss(0, 1.5) * s, 60), -60)), T, v, 0.0, 0.0))
for _ in range(60):  # exactly at the money
    S = log_uniform(1e-3, 1e6)
    rate = random.choice([0.0, 0.03, -0.02])
    inputs.append((S, S, log_uniform(1e-6, 10), log_uniform(1e-3, 2), rate, rate))

cases = []
for i, case in enumerate(inputs):
    sign = random.choice([1, -1])
    if i % 20 == 0 and i < 150:
        check(sign, case)
    with mp.workdps(900):
        rows = greeks(sign, *[mp.mpf(x) for x in case])
    magnitudes = [abs(v) for v, _ in rows] + [s for _, s in rows]
    if any(m > mp.mpf("1e300") for m in magnitudes):
        continue
    cases.append([0 if sign == 1 else 1, *case] + [float(v) for v, _ in rows]
                 + [float(s) for _, s in rows])

path = pathlib.Path(__file__).parent.parent / "Reference" / "black_batch.json"
names = ["price", "delta", "gamma", "vega", "theta", "rho", "carryRho", "dualDelta", "dualGamma",
         "vanna", "volga", "charm", "veta", "speed", "zomma", "color", "ultima"]
with open(path, "w") as file:
    json.dump({
        "generator": "Tests/Generate/black_batch.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "columns": ["kind (0 call, 1 put)", "spot", "strike", "time", "volatility", "rate",
                    "carryYield"] + names + [name + " terms" for name in names],
        "cases": cases,
    }, file, separators=(",", ":"))
print(len(cases), "options")
