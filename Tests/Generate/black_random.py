"""Writes Tests/Reference/black_random.json: undiscounted Black prices of random options, 50 digits.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/black_random.py [COUNT] [FILE] [SEED]

Each draw has its own region, so that no method of the price and no seam between two is rare. Prices
that are not above 1e-300 are drawn again: below, the last digits are those of subnormal numbers.
"""

import json
import math
import random
import sys

import mpmath as mp

assert mp.__version__ == "1.3.0"
count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
path = sys.argv[2] if len(sys.argv) > 2 else "Tests/Reference/black_random.json"
random.seed(int(sys.argv[3]) if len(sys.argv) > 3 else 20_261_126)


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def price(is_put, forward, strike, total):
    """The price with 50 digits, whatever the difference of its legs cancels."""
    for digits in (75, 150, 400, 1500):
        with mp.workdps(digits):
            sign = -1 if is_put else 1
            f, k, s = mp.mpf(forward), mp.mpf(strike), mp.mpf(total)
            d1 = mp.log(f / k) / s + s / 2
            near, far = f * cdf(sign * d1), k * cdf(sign * (d1 - s))
            value = sign * (near - far)
            if value > max(near, far) * mp.mpf(10) ** (52 - digits):
                return value
    return mp.mpf(0)


def log_uniform(low, high):
    return math.exp(random.uniform(math.log(low), math.log(high)))


def draw():
    """Forward, strike and total volatility."""
    forward = log_uniform(1e-6, 1e6)
    region = random.randrange(6)
    if region == 0:  # every depth at every volatility
        total = log_uniform(1e-6, 10)
        distance = random.uniform(-37, 37) * total
    elif region == 1:  # next to the money
        total = log_uniform(1e-6, 10)
        distance = random.gauss(0, 1.5) * total
    elif region == 2:  # usual quotes
        total = log_uniform(0.01, 3)
        distance = random.gauss(0, 2) * total
    elif region == 3:  # large volatilities, d1 of either sign
        total = log_uniform(0.5, 10)
        distance = random.uniform(-1, 1) * total * (total / 2 + 3)
    elif region == 4:  # where the difference of the tails starts to cancel
        h = random.uniform(0, 37)
        total = (1 + 2 * h / 3) * random.uniform(0.8, 1.25)
        distance = random.choice((-1, 1)) * h * total
    else:  # forwards of any size, strikes of any distance
        forward = log_uniform(1e-250, 1e250)
        total = log_uniform(0.1, 10)
        distance = random.uniform(-37, 37) * total
    return forward, forward * math.exp(max(min(distance, 690), -690)), total


rows = []
while len(rows) < count:
    forward, strike, total = draw()
    is_put = int(random.random() < 0.5)
    if not 0 < strike < 1e300:
        continue
    value = price(is_put, forward, strike, total)
    if 1e-300 < value < 1e300:
        rows.append([is_put, forward, strike, total, float(value)])

with open(path, "w") as file:
    json.dump({
        "generator": "Tests/Generate/black_random.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "priceColumns": ["kind (0 call, 1 put)", "forward", "strike", "totalVolatility", "price"],
        "prices": rows,
    }, file, separators=(",", ":"))
print(len(rows), "prices")
