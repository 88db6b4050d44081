"""Reference prices, Greeks and total volatilities of the Black and Black-Scholes formulas.

Writes Tests/Reference/black.json. Values: mpmath 1.3.0 at 50 digits or more, from the exact binary
inputs; prices are cross-checked against QuantLib's blackFormula where that formula is accurate.

Usage: python Tests/Generate/black.py
"""

import json
import math
import pathlib
import random

import mpmath as mp
import QuantLib as ql

assert mp.__version__ == "1.3.0"
mp.mp.dps = 60
HALF = mp.mpf(1) / 2
ROOT2 = mp.sqrt(2)


def cdf(x):
    return mp.erfc(-x / ROOT2) / 2


def pdf(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def black(kind, forward, strike, total):
    """Undiscounted price; digits are raised until the cancellation is covered."""
    f, k, s = mp.mpf(forward), mp.mpf(strike), mp.mpf(total)
    for digits in (80, 400, 1500):
        with mp.workdps(digits):
            d1 = mp.log(f / k) / s + s / 2
            d2 = d1 - s
            near, far = (f * cdf(d1), k * cdf(d2)) if kind == "call" else (
                k * cdf(-d2), f * cdf(-d1))
            value = near - far
            if value > 0 and value > near * mp.mpf(10) ** (50 - digits):
                return +value
    return value


def out_of_the_money(f, k):
    return "call" if f <= k else "put"


def number(x):
    """The nearest double, or zero below its range."""
    return float(x)


random.seed(20_260_101)
price_cases = []


def add(kind, f, k, s):
    value = black(kind, f, k, s)
    if value < mp.mpf("1e-300") or value > mp.mpf("1e300"):
        return
    price_cases.append([0 if kind == "call" else 1, f, k, s, number(value)])


# Core: moneyness within a factor of e, total volatility 1 % to 300 %.
for _ in range(900):
    f = 100.0
    k = f * math.exp(random.uniform(-1, 1))
    s = math.exp(random.uniform(math.log(0.01), math.log(3)))
    add(out_of_the_money(f, k), f, k, s)
# Wings: d1 spread evenly down to -37.
for _ in range(900):
    s = math.exp(random.uniform(math.log(1e-4), math.log(5)))
    h = -random.uniform(0, 37)
    x = h * s
    if abs(x) > 600:
        continue
    f = math.exp(random.uniform(-20, 20))
    k = f * math.exp(-x if random.random() < 0.5 else x)
    add(out_of_the_money(f, k), f, k, s)
# Near the switch of the methods: t around 0.5 - h/3 and h around -1.
for _ in range(500):
    h = -random.uniform(0, 6)
    t = (0.5 - h / 3) * random.uniform(0.85, 1.15)
    k = 100.0 * math.exp(-h * 2 * t)
    add("call", 100.0, k, 2 * t)
for _ in range(200):
    h = -random.uniform(0.95, 1.05)
    t = math.exp(random.uniform(math.log(1e-8), math.log(0.8)))
    add("call", 100.0, 100.0 * math.exp(-h * 2 * t), 2 * t)
# At the money and next to it, with the volatility going to zero.
for e in range(-300, 2, 4):
    s = 10.0 ** e * random.uniform(1, 9)
    add("call", 100.0, 100.0, s)
    add("put", 1e6, 1e6, s)
for e in range(-15, 1):
    for m in (0.5, 1.0, 5.0, 20.0):
        s = 10.0 ** e
        k = 100.0 * (1 + m * s)
        if k != 100.0:
            add("call", 100.0, k, s)
            add("put", k, 100.0, s)
# Extreme scales and large volatilities.
for _ in range(200):
    f = 10.0 ** random.uniform(-250, 250)
    k = 10.0 ** random.uniform(-250, 250)
    s = math.exp(random.uniform(math.log(0.5), math.log(60)))
    add(out_of_the_money(f, k), f, k, s)
for _ in range(100):
    s = random.uniform(3, 40)
    add("call", 100.0, 100.0 * math.exp(random.uniform(0, 10)), s)
# In the money.
for _ in range(300):
    k = 100.0 * math.exp(random.uniform(-2, 2))
    s = math.exp(random.uniform(math.log(0.01), math.log(3)))
    add("put" if k > 100 else "call", 100.0, k, s)

# QuantLib agrees where its plain formula does not cancel.
checked = 0
for kind, f, k, s, value in price_cases:
    if value > 1e-3 * min(f, k) and s < 3:
        other = ql.blackFormula(ql.Option.Call if kind == 0 else ql.Option.Put, k, f, s, 1.0)
        assert abs(other - value) <= 1e-11 * max(f, k), (kind, f, k, s, value, other)
        checked += 1
assert checked > 500

greek_cases = []


def greeks(kind, spot, strike, time, volatility, rate, carry):
    S, K, T = mp.mpf(spot), mp.mpf(strike), mp.mpf(time)
    v, r, y = mp.mpf(volatility), mp.mpf(rate), mp.mpf(carry)
    with mp.workdps(500):
        s = v * mp.sqrt(T)
        d1 = (mp.log(S / K) + (r - y) * T) / s + s / 2
        d2 = d1 - s
        near, far = S * mp.exp(-y * T), K * mp.exp(-r * T)
        sign = 1 if kind == "call" else -1
        n, m = cdf(sign * d1), cdf(sign * d2)
        dens = near * pdf(d1)
        return [+z for z in (
            sign * (near * n - far * m),
            sign * mp.exp(-y * T) * n,
            dens / (S * S * s),
            dens * mp.sqrt(T),
            sign * (y * near * n - r * far * m) - dens * v / (2 * mp.sqrt(T)),
            sign * T * far * m,
            -sign * T * near * n,
            # The sum of the absolute terms of theta, to which its error is relative.
            abs(y * near * n) + abs(r * far * m) + dens * v / (2 * mp.sqrt(T)),
        )]


for i in range(700):
    spot = math.exp(random.uniform(-5, 12))
    time = math.exp(random.uniform(math.log(1e-6), math.log(30)))
    volatility = math.exp(random.uniform(math.log(0.005), math.log(4)))
    depth = random.choice([1, 3, 8, 25])
    strike = spot * math.exp(random.uniform(-depth, depth) * volatility * math.sqrt(time))
    rate = random.uniform(-0.2, 0.4)
    carry = random.uniform(-0.5, 0.5)
    kind = random.choice(["call", "put"])
    value = greeks(kind, spot, strike, time, volatility, rate, carry)
    if min(abs(z) for z in value[:4]) < mp.mpf("1e-290"):
        continue
    if i % 5 == 0 and depth <= 3:
        option = ql.BlackCalculator(
            ql.PlainVanillaPayoff(ql.Option.Call if kind == "call" else ql.Option.Put, strike),
            spot * math.exp((rate - carry) * time), volatility * math.sqrt(time),
            math.exp(-rate * time))
        for mine, other in ((value[0], option.value()), (value[1], option.delta(spot)),
                            (value[2], option.gamma(spot)), (value[3], option.vega(time)),
                            (value[5], option.rho(time)), (value[6], option.dividendRho(time))):
            scale = max(abs(mine), spot if mine is value[0] else mp.mpf("1e-3"))
            assert abs(mine - other) <= mp.mpf("1e-9") * scale, (i, mine, other)
    greek_cases.append([0 if kind == "call" else 1, spot, strike, time, volatility, rate, carry]
                       + [number(z) for z in value])

path = pathlib.Path(__file__).parent.parent / "Reference" / "black.json"
with open(path, "w") as file:
    json.dump({
        "generator": "Tests/Generate/black.py",
        "versions": {"mpmath": mp.__version__, "QuantLib": ql.__version__},
        "digits": 50,
        "priceColumns": ["kind (0 call, 1 put)", "forward", "strike", "totalVolatility", "price"],
        "prices": price_cases,
        "greekColumns": ["kind", "spot", "strike", "time", "volatility", "rate", "carryYield",
                         "price", "delta", "gamma", "vega", "theta", "rho", "carryRho",
                         "theta scale"],
        "greeks": greek_cases,
    }, file, separators=(",", ":"))
print(len(price_cases), "prices,", checked, "checked,", len(greek_cases), "Greeks")
