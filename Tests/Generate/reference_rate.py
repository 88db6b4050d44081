"""Reference values of quoted rates and of reference rates made of several sources.

Writes Tests/Reference/reference_rate.json. Values: mpmath 1.3.0 at 50 digits, from the exact binary
inputs. "quotes": the quote, the credits a year (0 for continuous compounding), the rate compounded
continuously, and the condition number of its logarithm. "growths": two indices, the years between
and the rate. "mixtures": sources (quote, credits, capital, hazard, loss given failure, commission,
slashing hazard, loss given slashing), the rate of each, and the median and mean by capital.

Usage: python Tests/Generate/reference_rate.py
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
SECONDS = 31_536_000.0


def continuous(quote, credits):
    return quote if credits == 0 else credits * mp.log1p(quote / credits)


quotes = []
for i in range(400):
    credits = random.choice([0, 1, 2, 4, 12, 52, 365, 8760, SECONDS, 1 / 0.37, 0.5])
    quote = random.choice([1e-12, 1e-5, 0.01, 0.05, 0.3, 2]) * random.uniform(-0.9, 1)
    if credits and quote / credits <= -0.95:
        quote = -0.95 * credits
    x = m(quote) / m(credits) if credits else m(0)
    condition = abs(x / ((1 + x) * mp.log1p(x))) if x else m(1)
    quotes.append([quote, credits, float(continuous(m(quote), m(credits))), float(condition)])

growths = []
for i in range(200):
    first = math.exp(random.uniform(-3, 3))
    last = first * (1 + random.choice([1e-12, 1e-9, 1e-5, 1e-2, 0.4, 1]) * random.uniform(-0.9, 1))
    years = random.choice([60 / SECONDS, 1 / 365, 0.25, 1, 7])
    growths.append([first, last, years, float(mp.log(m(last) / m(first)) / m(years))])

mixtures = []
for i in range(60):
    sources = []
    for _ in range(random.randint(1, 12)):
        staked = random.random() < 0.4
        sources.append([
            random.uniform(-0.02, 0.15), random.choice([0, 1, 4, 365, SECONDS]),
            math.exp(random.uniform(0, 20)), random.uniform(0, 0.05), random.random(),
            random.uniform(0, 0.2) if staked else 0, random.uniform(0, 0.1) if staked else 0,
            random.uniform(0, 0.3) if staked else 0,
        ])
    rates = []
    for q, n, _, h, loss, c, s, f in sources:
        quote = m(q) * (1 - m(c)) if q > 0 else m(q)
        rates.append(continuous(quote, m(n)) - m(h) * m(loss) - m(s) * m(f))
    capital = [m(s[2]) for s in sources]
    total = mp.fsum(capital)
    mean = mp.fsum(a * r for a, r in zip(capital, rates)) / total
    reached = m(0)
    for rate, part in sorted(zip(rates, capital)):
        reached += part
        if reached * 2 >= total:
            assert abs(reached * 2 / total - 1) > 1e-9 or len(sources) == 1
            break
    mixtures.append({"sources": sources, "rates": [float(r) for r in rates],
                     "median": float(rate), "mean": float(mean)})

path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "reference_rate.json"
path.write_text(json.dumps({"quotes": quotes, "growths": growths, "mixtures": mixtures},
                           separators=(",", ":")) + "\n")
