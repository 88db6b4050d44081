"""Reference values of principal and yield tokens.

Writes Tests/Reference/yield_split.json. Values: mpmath 1.3.0 at 50 digits, from the exact binary
inputs. Each row: index, entry index, implied rate, time to maturity; the price of the principal, of
the yield from now on, what was earned since the entry, and the derivative of the principal's price
with the implied rate, all in units of the underlying.

Usage: python Tests/Generate/yield_split.py
"""

import json
import math
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 50
random.seed(20_261_126)
m = mp.mpf

rows = []
for i in range(300):
    entry = math.exp(random.uniform(-2, 2))
    index = entry * (1 + random.choice([1e-12, 1e-6, 1e-2, 1]) * random.random())
    rate = random.choice([1e-10, 1e-4, 0.05, 0.5, 3]) * random.uniform(-0.3, 1)
    time = random.choice([0, 1e-8, 1e-3, 0.25, 2, 10]) if i % 3 else random.uniform(0, 2)
    a, b, y, t = m(index), m(entry), m(rate), m(time)
    price = mp.exp(-y * t)
    rows.append([index, entry, rate, time, float(price), float(1 - price), float(a / b - 1),
                 float(-t * price)])

path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "yield_split.json"
path.write_text(json.dumps({"rows": rows}, separators=(",", ":")) + "\n")
