"""Reference prices, total deviations and derivatives of the Bachelier formula.

Writes Tests/Reference/normal_model.json. Values: mpmath 1.3.0 at 60 digits or more, from the exact
binary inputs; derivatives by central differences at 150 digits of the price, independent of any closed
form of them.

Usage: python Tests/Generate/normal_model.py
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


def pdf(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def undiscounted(sign, forward, strike, deviation):
    gain = sign * (forward - strike)
    d = gain / deviation
    return gain * cdf(d) + deviation * pdf(d)


def price(sign, F, K, T, v, r):
    return mp.exp(-r * T) * undiscounted(sign, F, K, v * mp.sqrt(T))


random.seed(20_260_103)
prices = []
while len(prices) < 2500:
    deviation = 10.0 ** random.uniform(-8, 8)
    depth = random.choice([0.5, 3, 10, 36])
    forward = random.choice([0.0, 1.0, -3.0, 100.0]) * 10.0 ** random.uniform(-3, 3)
    strike = forward + random.uniform(-1, 1) * depth * deviation
    sign = 1 if strike >= forward else -1
    if len(prices) % 10 == 0:
        sign = -sign
    with mp.workdps(400):
        value = undiscounted(sign, mp.mpf(forward), mp.mpf(strike), mp.mpf(deviation))
    if value > mp.mpf("1e-300"):
        prices.append([0 if sign > 0 else 1, forward, strike, deviation, float(value)])

# Variables: forward, strike, time, volatility, rate.
ORDERS = [
    (1, 0, 0, 0, 0), (2, 0, 0, 0, 0), (0, 0, 0, 1, 0), (0, 0, 1, 0, 0), (0, 0, 0, 0, 1),
    (0, 1, 0, 0, 0), (0, 2, 0, 0, 0), (1, 0, 0, 1, 0), (0, 0, 0, 2, 0), (1, 0, 1, 0, 0),
    (0, 0, 1, 1, 0), (3, 0, 0, 0, 0), (2, 0, 0, 1, 0), (2, 0, 1, 0, 0), (0, 0, 0, 3, 0),
]
NAMES = ["price", "delta", "gamma", "vega", "theta", "rho", "dualDelta", "dualGamma", "vanna", "volga",
         "charm", "veta", "speed", "zomma", "color", "ultima"]


def difference(f, at, orders, steps):
    if not at:
        return f()
    total = mp.mpf(0)
    for k in range(orders[0] + 1):
        x = at[0] + (mp.mpf(orders[0]) / 2 - k) * steps[0]
        inner = difference(lambda *rest: f(x, *rest), at[1:], orders[1:], steps[1:])
        total += (-1) ** k * mp.binomial(orders[0], k) * inner
    return total / steps[0] ** orders[0]


rows = []
while len(rows) < 400:
    F, v, T = random.uniform(-50, 150), math.exp(random.uniform(0, 5)), math.exp(random.uniform(-6, 2))
    K = F + random.uniform(-1, 1) * random.choice([1, 4, 12]) * v * math.sqrt(T)
    r = random.uniform(-0.1, 0.3)
    sign = random.choice([1, -1])
    with mp.workdps(250):
        point = [mp.mpf(x) for x in (F, K, T, v, r)]
        values = [price(sign, *point)]
        for orders in ORDERS:
            used = [i for i, order in enumerate(orders) if order]

            def moved(*x):
                at = list(point)
                for i, z in zip(used, x):
                    at[i] = z
                return price(sign, *at)

            derivative = difference(
                moved, tuple(point[i] for i in used), tuple(orders[i] for i in used),
                tuple(abs(point[i]) * mp.mpf(10) ** -25 for i in used))
            values.append(-derivative if orders[2] else derivative)
    rows.append([0 if sign > 0 else 1, F, K, T, v, r] + [float(z) for z in values])

path = pathlib.Path(__file__).parent.parent / "Reference" / "normal_model.json"
with open(path, "w") as file:
    json.dump({
        "generator": "Tests/Generate/normal_model.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "priceColumns": ["kind (0 call, 1 put)", "forward", "strike", "totalDeviation", "price"],
        "prices": prices,
        "greekColumns": ["kind", "forward", "strike", "time", "volatility", "rate"] + NAMES,
        "greeks": rows,
    }, file, separators=(",", ":"))
print(len(prices), "prices,", len(rows), "rows of Greeks")
