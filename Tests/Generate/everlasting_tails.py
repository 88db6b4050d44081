"""Writes Tests/Reference/everlasting_tails.json: what sums of dated options omit, at 40 digits.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/everlasting_tails.py

Each row has the price and all derivatives to third order of the legs of an everlasting option from
some leg on, from closed forms that are checked against numerical derivatives of the price.
"""

import json
import math
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 40


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def price(sign, S, K, T, v, r, y):
    s = v * mp.sqrt(T)
    d1 = (mp.log(S / K) + (r - y) * T) / s + s / 2
    return sign * (S * mp.exp(-y * T) * cdf(sign * d1) - K * mp.exp(-r * T) * cdf(sign * (d1 - s)))


def greeks(sign, S, K, T, v, r, y):
    """In the order of the columns."""
    root = mp.sqrt(T)
    s, b = v * root, r - y
    d1 = (mp.log(S / K) + b * T) / s + s / 2
    d2 = d1 - s
    near, far = S * mp.exp(-y * T) * cdf(sign * d1), K * mp.exp(-r * T) * cdf(sign * d2)
    n = S * mp.exp(-y * T) * mp.exp(-d1 * d1 / 2) / mp.sqrt(2 * mp.pi)
    delta, gamma, vega = sign * near / S, n / (S * S * s), n * root
    drift, p = b / s - d2 / (2 * T), d1 * d2
    return [
        sign * (near - far), delta, gamma, vega,
        sign * (y * near - r * far) - n * v / (2 * root), sign * T * far, -sign * T * near,
        -sign * far / K, n / (K * K * s), -n * d2 / (S * v), vega * p / v,
        y * delta - n / S * drift,
        vega * (y + d1 * drift - 1 / (2 * T)), -gamma / S * (d1 / s + 1), gamma / v * (p - 1),
        gamma * (y + d1 * drift + 1 / (2 * T)), -vega / (v * v) * (p - p * p + d1 * d1 + d2 * d2),
    ]


ORDERS = [
    (1, 0, 0, 0, 0, 0), (2, 0, 0, 0, 0, 0), (0, 0, 0, 1, 0, 0), (0, 0, 1, 0, 0, 0),
    (0, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 1), (0, 1, 0, 0, 0, 0), (0, 2, 0, 0, 0, 0),
    (1, 0, 0, 1, 0, 0), (0, 0, 0, 2, 0, 0), (1, 0, 1, 0, 0, 0), (0, 0, 1, 1, 0, 0),
    (3, 0, 0, 0, 0, 0), (2, 0, 0, 1, 0, 0), (2, 0, 1, 0, 0, 0), (0, 0, 0, 3, 0, 0),
]


def check(sign, inputs):
    with mp.workdps(250):
        base = [mp.mpf(x) for x in inputs]
        for value, orders in zip(greeks(sign, *base)[1:], ORDERS):
            places = [i for i, order in enumerate(orders) if order]

            def moved(*z):
                inner = list(base)
                for place, x in zip(places, z):
                    inner[place] = x
                return price(sign, *inner)

            found = mp.diff(moved, tuple(base[i] for i in places),
                            tuple(orders[i] for i in places), h=mp.mpf(10) ** -40)
            found *= (-1) ** orders[2]
            assert abs(found - value) <= mp.mpf(10) ** -25 * (1 + abs(value)), orders


random.seed(20_260_303)
rows = []
for case in range(60):
    sign = random.choice([1, -1])
    spot = math.exp(random.uniform(0, 9))
    volatility, rate, carry = random.uniform(0.05, 2), random.uniform(-0.1, 0.3), random.uniform(
        -0.1, 0.3)
    hours, share = random.choice([(24.0, 1.0), (8.0, 1.0), (1.0, 1 / 24), (24.0, 0.1), (8.0, 3.0)])
    span = volatility * math.sqrt(hours / 8760 / share)
    strike = spot * math.exp(random.uniform(-3, 3) * span)
    next_time = random.choice([0, 0.3, 1]) * hours / 8760
    count = random.choice([1, 2, 5, 20])
    S, K, v, r, y, c = [mp.mpf(x) for x in (spot, strike, volatility, rate, carry, share)]
    h, first = mp.mpf(hours) / 8760, mp.mpf(next_time)
    if case < 3:
        check(sign, [S, K, first + count * h, v, r, y])
    totals, n = [mp.mpf(0)] * 17, count
    weight = c * (1 + c) ** (-n - 1)
    smallest = weight * mp.mpf("1e-18")
    while weight > smallest:
        values = greeks(sign, S, K, first + n * h, v, r, y)
        totals = [a + weight * b for a, b in zip(totals, values)]
        weight /= 1 + c
        n += 1
    rows.append([0 if sign == 1 else 1, spot, strike, volatility, rate, carry, hours, share,
                 next_time, count] + [float(x) for x in totals])

path = pathlib.Path(__file__).parent.parent / "Reference" / "everlasting_tails.json"
with open(path, "w") as file:
    json.dump({
        "generator": "Tests/Generate/everlasting_tails.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 40,
        "columns": ["kind (0 call, 1 put)", "spot", "strike", "volatility", "rate", "carryYield",
                    "hours", "share", "timeToNextFunding", "legs before"] + [
                        "price", "delta", "gamma", "vega", "theta", "rho", "carryRho", "dualDelta",
                        "dualGamma", "vanna", "volga", "charm", "veta", "speed", "zomma", "color",
                        "ultima"],
        "cases": rows,
    }, file, separators=(",", ":"))
print(len(rows), "tails")
