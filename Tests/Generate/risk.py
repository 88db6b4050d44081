"""Reference values of stress losses and of failures that take others with them.

Writes Tests/Reference/risk.json. Values: mpmath 1.3.0 at 50 digits from the exact binary inputs. An
account of one asset, options and an inverse perpetual is valued before and after a shock by the
formulas of Black and Scholes, written out here. The probability of each set of failed protocols is
the sum over all sets of first failures and all sets of dependencies that strike.

Usage: python Tests/Generate/risk.py
"""

import itertools
import json
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 50
random.seed(20_261_126)
m = mp.mpf


def black_scholes(call, spot, strike, years, volatility, rate, carry):
    sign = 1 if call else -1
    if years == 0 or volatility == 0:
        forward = spot * mp.exp(-carry * years) - strike * mp.exp(-rate * years)
        return max(sign * forward, m(0))
    deviation = volatility * mp.sqrt(years)
    upper = (mp.log(spot / strike) + (rate - carry) * years) / deviation + deviation / 2
    near = spot * mp.exp(-carry * years) * mp.ncdf(sign * upper)
    far = strike * mp.exp(-rate * years) * mp.ncdf(sign * (upper - deviation))
    return sign * (near - far)


stresses = []
for _ in range(12):
    case = dict(
        spot=random.uniform(500, 50_000), rate=random.uniform(-0.01, 0.08),
        units=random.uniform(0, 20), days=random.choice([7, 30, 90]),
        move=random.uniform(-0.7, 0.6), factor=random.uniform(0.5, 2.5),
        shift=random.uniform(-0.1, 0.5), rateShift=random.uniform(-0.02, 0.02),
        elapsedDays=random.choice([0, 1, 5, 40]))
    s, r, g = m(case["spot"]), m(case["rate"]), 1 + m(case["move"])
    options = []
    loss = -m(case["units"]) * s * m(case["move"])
    for _ in range(3):
        option = dict(
            isCall=random.random() < 0.5, strike=case["spot"] * random.uniform(0.6, 1.5),
            volatility=random.uniform(0.3, 1.2), carry=random.uniform(-0.05, 0.05),
            quantity=random.randint(-400, 400) / 8)
        v, y, k = m(option["volatility"]), m(option["carry"]), m(option["strike"])
        life, left = m(case["days"]) / 365, max(m(case["days"] - case["elapsedDays"]), 0) / 365
        shocked = max(v * m(case["factor"]) + m(case["shift"]), 0)
        before = black_scholes(option["isCall"], s, k, life, v, r, y)
        after = black_scholes(
            option["isCall"], s * g, k, left, shocked, r + m(case["rateShift"]), y)
        loss += m(option["quantity"]) * (before - after)
        options.append(option)
    contract = dict(quantity=random.randint(-40, 40), entry=case["spot"] * random.uniform(0.8, 1.2),
                    premium=random.uniform(-0.01, 0.01))
    price = m(case["spot"] * (1 + contract["premium"]))
    contract["price"] = float(price)
    # An inverse contract of 100: its profit in coin, in cash at the spot of the moment.
    coin = lambda p: m(contract["quantity"]) * 100 * (1 / m(contract["entry"]) - 1 / p)
    price = m(contract["price"])
    loss += coin(price) * s - coin(price * g) * (s * g)
    case.update(options=options, contract=contract, loss=float(loss))
    stresses.append(case)

failures = []
for count in [1, 2, 3, 4, 4, 5]:
    protocols = [dict(hazard=random.uniform(0.005, 0.6), loss=random.randint(0, 8) * 12.5)
                 for _ in range(count)]
    pairs = [(a, b) for a in range(count) for b in range(count) if a != b]
    links = [dict(source=a, target=b, probability=random.uniform(0, 1))
             for a, b in random.sample(pairs, min(len(pairs), 7))]
    years = random.choice([0.25, 1, 3])
    own = [1 - mp.exp(-m(p["hazard"]) * m(years)) for p in protocols]
    result = [m(0)] * 2 ** count
    for first in itertools.product([0, 1], repeat=count):
        for struck in itertools.product([0, 1], repeat=len(links)):
            probability = m(1)
            for hit, p in zip(first, own):
                probability *= p if hit else 1 - p
            for hit, link in zip(struck, links):
                probability *= m(link["probability"]) if hit else 1 - m(link["probability"])
            failed = set(i for i in range(count) if first[i])
            while True:
                more = {l["target"] for hit, l in zip(struck, links)
                        if hit and l["source"] in failed} - failed
                if not more:
                    break
                failed |= more
            result[sum(1 << i for i in failed)] += probability
    losses = [sum(protocols[i]["loss"] for i in range(count) if k >> i & 1)
              for k in range(2 ** count)]
    tails = []
    for tail in [0.01, 0.05, 0.5]:
        left, mean, value = m(tail), m(0), 0
        for k in sorted(range(2 ** count), key=lambda k: -losses[k]):
            taken = min(left, result[k])
            if taken > 0:
                mean += taken * losses[k]
                left -= taken
                value = losses[k]
        tails.append(dict(tail=tail, shortfall=float(mean / m(tail)), value=value))
    failures.append(dict(
        years=years, protocols=protocols, links=links, probabilities=[float(p) for p in result],
        expected=float(sum(p * l for p, l in zip(result, losses))), tails=tails))

out = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "risk.json"
out.write_text(json.dumps(
    dict(generator="Tests/Generate/risk.py", versions=dict(mpmath=mp.__version__), digits=mp.mp.dps,
         stresses=stresses, failures=failures), indent=1) + "\n")
