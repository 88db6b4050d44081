"""Writes Tests/Reference/black_batch_prices.json: prices with their condition numbers, 100 digits.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/black_batch_prices.py

Each row has the price and the sum of the magnitudes of what it moves per relative change of each
input, from closed forms whose derivatives black_batch.py checks.
"""

import json
import math
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 100
random.seed(20_260_304)


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def row(sign, inputs):
    S, K, T, v, r, y = (mp.mpf(x) for x in inputs)
    root = mp.sqrt(T)
    s = v * root
    d1 = (mp.log(S / K) + (r - y) * T) / s + s / 2
    near, far = S * mp.exp(-y * T), K * mp.exp(-r * T)
    first, second = near * cdf(sign * d1), far * cdf(sign * (d1 - s))
    density = near * mp.exp(-d1 * d1 / 2) / mp.sqrt(2 * mp.pi)
    theta = sign * (y * first - r * second) - density * v / (2 * root)
    moves = [first, second, T * theta, s * density, r * T * second, y * T * first]
    return sign * (first - second), sum(abs(x) for x in moves)


def log_uniform(low, high):
    return math.exp(random.uniform(math.log(low), math.log(high)))


def short(x):
    """Twelve digits are enough for any place, and keep the file small."""
    return float(f"{x:.12g}")


def rates(width):
    return random.choice([(0, 0), (random.uniform(-width, width), 0),
                          (random.uniform(-width, width), random.uniform(-width, width))])


def strike(S, T, r, y, distance):
    return S * math.exp(max(min((r - y) * T + distance, 400), -400))


inputs = []
for _ in range(2500):  # ordinary
    S, T, v, (r, y) = log_uniform(1, 1e5), log_uniform(0.01, 5), log_uniform(0.05, 2), rates(0.1)
    inputs.append((S, S * math.exp(random.gauss(0, 0.3)), T, v, r, y))
for _ in range(2500):  # wings
    S, T, v = log_uniform(1e-3, 1e6), log_uniform(1e-3, 10), log_uniform(0.01, 3)
    r, y = rates(0.3)
    inputs.append((S, strike(S, T, r, y, random.uniform(-36, 36) * v * math.sqrt(T)), T, v, r, y))
for _ in range(2000):  # no time or no volatility
    S, T, v, (r, y) = log_uniform(1, 1e5), log_uniform(1e-12, 1), log_uniform(1e-8, 1), rates(0.2)
    inputs.append((S, strike(S, T, r, y, random.gauss(0, 2) * v * math.sqrt(T)), T, v, r, y))
for _ in range(1000):  # growth cancels the logarithm of spot over strike
    S, T, v, (r, y) = log_uniform(1, 1e5), log_uniform(0.5, 20), log_uniform(1e-6, 1e-1), rates(0.3)
    inputs.append((S, strike(S, T, r, y, random.gauss(0, 1.5) * v * math.sqrt(T)), T, v, r, y))
for _ in range(1500):  # spots far from strikes, large volatilities
    S, T, v, (r, y) = log_uniform(1e-6, 1e6), log_uniform(0.1, 30), log_uniform(0.3, 8), rates(0.3)
    inputs.append((S, S * log_uniform(1e-12, 1e12), T, v, r, y))
for _ in range(500):  # extreme sizes
    S, T, v = log_uniform(1e-80, 1e80), log_uniform(1e-25, 1e3), log_uniform(1e-25, 1e2)
    inputs.append((S, strike(S, T, 0, 0, random.gauss(0, 1.5) * v * math.sqrt(T)), T, v, 0, 0))
for _ in range(300):  # exactly at the money
    S, rate = log_uniform(1e-3, 1e6), random.choice([0, 0.03, -0.02])
    inputs.append((S, S, log_uniform(1e-6, 10), log_uniform(1e-3, 2), rate, rate))

cases = []
for case in inputs:
    sign = random.choice([1, -1])
    case = [short(x) for x in case]
    price, moves = row(sign, case)
    if price < mp.mpf("1e-300"):
        continue
    cases.append([0 if sign == 1 else 1, *case, float(price), float(f"{float(moves):.4g}")])

path = pathlib.Path(__file__).parent.parent / "Reference" / "black_batch_prices.json"
with open(path, "w") as file:
    json.dump({
        "generator": "Tests/Generate/black_batch_prices.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 100,
        "columns": ["kind (0 call, 1 put)", "spot", "strike", "time", "volatility", "rate",
                    "carryYield", "price", "sum of the magnitudes of relative moves"],
        "cases": cases,
    }, file, separators=(",", ":"))
print(len(cases), "prices")
