"""Reference values of losses in shocks of volatility surfaces, bases of futures and gas.

Writes Tests/Reference/scenarios.json. Values: mpmath 1.3.0 at 50 digits from the exact binary inputs. An account of one
asset with options of several expiries and a dated future is valued before and after a shock by the
formulas of Black and Scholes, written out here.

Usage: python Tests/Generate/scenarios.py
"""

import json
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 50
random.seed(20_261_129)
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


cases = []
for number in range(12):
    case = dict(
        spot=random.uniform(500, 50_000), rate=random.uniform(-0.01, 0.08),
        move=random.uniform(-0.6, 0.5), factor=random.uniform(0.6, 1.8),
        shift=random.uniform(-0.1, 0.5), skew=random.uniform(-0.6, 0.3),
        exponent=[0, 0.5, 1, -0.5][number % 4], basisShift=random.uniform(-0.3, 0.3),
        rateShift=random.uniform(-0.02, 0.02), gasFactor=random.choice([0, 1, 25]),
        depthFactor=random.uniform(0.1, 1), elapsedDays=random.choice([0, 0, 3, 40]))
    s, r, g = m(case["spot"]), m(case["rate"]), 1 + m(case["move"])
    elapsed = case["elapsedDays"]
    loss, costs, options = m(0), m(0), []
    for days in [1, 14, 30, 365]:
        option = dict(
            isCall=random.random() < 0.5, strike=case["spot"] * random.uniform(0.5, 1.6), days=days,
            volatility=random.uniform(0.3, 1.2), carry=random.uniform(-0.05, 0.05),
            quantity=random.randint(-400, 400) / 8)
        v, y, k = m(option["volatility"]), m(option["carry"]), m(option["strike"])
        life, left = m(days) / 365, max(m(days - elapsed), 0) / 365
        term = (m(30) / 365 / max(life, m(1) / 365)) ** m(case["exponent"])
        shift = (m(case["shift"]) + m(case["skew"]) * mp.log(k / s)) * term
        shocked = max(v * m(case["factor"]) + shift, 0)
        before = black_scholes(option["isCall"], s, k, life, v, r, y)
        after = black_scholes(
            option["isCall"], s * g, k, left, shocked, r + m(case["rateShift"]), y)
        q = m(option["quantity"])
        loss += q * (before - after)
        notional = abs(q * after)
        # What is worth less than the least double is worth nothing, and needs no gas.
        if float(notional) > 0:
            costs += m("0.25") * m(case["gasFactor"])
            costs += min(m(0.003) / m(case["depthFactor"]), 1) * notional
        options.append(option)
    future = dict(quantity=random.randint(-40, 40), days=random.choice([30, 90]),
                  premium=random.uniform(-0.02, 0.04))
    future["price"] = case["spot"] * (1 + future["premium"])
    f, q = m(future["price"]), m(future["quantity"])
    life, left = m(future["days"]), max(m(future["days"] - elapsed), 0)
    after = s * g * (f / s) ** (left / life) * mp.exp(
        (m(case["rateShift"]) + m(case["basisShift"])) * left / 365)
    loss += q * (f - after)
    if q != 0:
        costs += m("0.25") * m(case["gasFactor"])
        costs += min(m(0.001) / m(case["depthFactor"]), 1) * abs(q) * after
    case.update(options=options, future=future, loss=float(loss), exitCosts=float(costs))
    cases.append(case)

output = dict(
    generator="Tests/Generate/scenarios.py", versions=dict(mpmath=mp.__version__), digits=50,
    cases=cases)
path = pathlib.Path(__file__).parent.parent / "Reference" / "scenarios.json"
path.write_text(json.dumps(output, indent=1) + "\n")
