"""Reference derivatives to third order of the Black-Scholes price, with the sums of their terms.

Writes Tests/Reference/greeks.json. Values: mpmath 1.3.0 at 50 digits or more, from the exact binary
inputs, by the formulas of E. G. Haug, "The Complete Guide to Option Pricing Formulas" (2nd edition,
2007, chapter 2); every twentieth row is confirmed by numerical differentiation of the price at 120
digits.

Usage: python Tests/Generate/greeks.py
"""

import json
import math
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 60
NAMES = [
    "price", "delta", "gamma", "vega", "theta", "rho", "carryRho", "dualDelta", "dualGamma", "vanna",
    "volga", "charm", "veta", "speed", "zomma", "color", "ultima",
]


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def pdf(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def price(sign, S, K, T, v, r, y):
    s = v * mp.sqrt(T)
    d1 = (mp.log(S / K) + (r - y) * T) / s + s / 2
    d2 = d1 - s
    return sign * (S * mp.exp(-y * T) * cdf(sign * d1) - K * mp.exp(-r * T) * cdf(sign * d2))


def greeks(sign, *inputs):
    """Values and the sums of the magnitudes of the terms."""
    S, K, T, v, r, y = map(mp.mpf, inputs)
    with mp.workdps(400):
        s, root = v * mp.sqrt(T), mp.sqrt(T)
        b = r - y
        d1 = (mp.log(S / K) + b * T) / s + s / 2
        d2 = d1 - s
        near, far = S * mp.exp(-y * T), K * mp.exp(-r * T)
        n, m = cdf(sign * d1), cdf(sign * d2)
        dens = near * pdf(d1)
        gamma, vega = dens / (S * S * s), dens * root

        def terms(*parts):
            return sum(parts), sum(abs(p) for p in parts)

        # d1 and d2 are sums themselves, which may cancel.
        size = (abs(mp.log(S / K)) + abs(b * T)) / s + s / 2

        def alone(x):
            return x, abs(x)

        result = [
            alone(price(sign, S, K, T, v, r, y)),
            alone(sign * mp.exp(-y * T) * n),
            alone(gamma),
            alone(vega),
            terms(sign * y * near * n, -sign * r * far * m, -dens * v / (2 * root)),
            alone(sign * T * far * m),
            alone(-sign * T * near * n),
            alone(-sign * mp.exp(-r * T) * m),
            alone(dens / (K * K * s)),
            (-dens * d2 / (S * v), dens * size / (S * v)),
            (vega * d1 * d2 / v, vega * max(abs(d1), abs(d2)) * size / v),
            terms(sign * y * mp.exp(-y * T) * n, -dens / S * b / s, dens / S * d2 / (2 * T)),
            terms(vega * y, vega * d1 * b / s, -vega * d1 * d2 / (2 * T), -vega / (2 * T)),
            terms(-gamma / S, -gamma / S * d1 / s),
            terms(gamma / v * d1 * d2, -gamma / v),
            terms(gamma * y, gamma * d1 * b / s, gamma / (2 * T), -gamma * d1 * d2 / (2 * T)),
            terms(*(vega / v**2 * p for p in ((d1 * d2) ** 2, -d1**2, -d2**2, -d1 * d2))),
        ]
    return [+z for z, _ in result], [+z for _, z in result]


# The variables that each derivative is taken with: spot, strike, time, volatility, rate, carry yield.
ORDERS = {
    "delta": (1, 0, 0, 0, 0, 0), "gamma": (2, 0, 0, 0, 0, 0), "vega": (0, 0, 0, 1, 0, 0),
    "theta": (0, 0, 1, 0, 0, 0), "rho": (0, 0, 0, 0, 1, 0), "carryRho": (0, 0, 0, 0, 0, 1),
    "dualDelta": (0, 1, 0, 0, 0, 0), "dualGamma": (0, 2, 0, 0, 0, 0), "vanna": (1, 0, 0, 1, 0, 0),
    "volga": (0, 0, 0, 2, 0, 0), "charm": (1, 0, 1, 0, 0, 0), "veta": (0, 0, 1, 1, 0, 0),
    "speed": (3, 0, 0, 0, 0, 0), "zomma": (2, 0, 0, 1, 0, 0), "color": (2, 0, 1, 0, 0, 0),
    "ultima": (0, 0, 0, 3, 0, 0),
}


def confirm(sign, inputs, values, scales):
    with mp.workdps(120):
        for name, orders in ORDERS.items():
            i = NAMES.index(name)
            used = [k for k, order in enumerate(orders) if order]

            def moved(*x):
                point = [mp.mpf(z) for z in inputs]
                for k, z in zip(used, x):
                    point[k] = z
                return price(sign, *point)

            at = tuple(mp.mpf(inputs[k]) for k in used)
            count = tuple(orders[k] for k in used)
            relative = mp.mpf(10) ** -12
            steps = [abs(x) * relative or relative for x in at]
            derivative = difference(moved, at, count, steps)
            if orders[2]:
                derivative = -derivative
            # Differences have an error relative to the terms of d1 and d2 as well.
            scale = scales[i] + mp.mpf("1e-10") * abs(values[NAMES.index("vega")]) * (
                1 / (mp.mpf(inputs[0]) * inputs[3]) if name == "vanna" else 1 / mp.mpf(inputs[3]))
            assert abs(derivative - values[i]) <= mp.mpf("1e-10") * scale, (name, inputs)


def difference(f, at, orders, steps):
    """Central differences, one variable after the other."""
    if not at:
        return f()
    first, h, n = at[0], steps[0], orders[0]
    total = mp.mpf(0)
    for k in range(n + 1):
        x = first + (mp.mpf(n) / 2 - k) * h
        inner = difference(lambda *rest: f(x, *rest), at[1:], orders[1:], steps[1:])
        total += (-1) ** k * mp.binomial(n, k) * inner
    return total / h**n


random.seed(20_260_102)
cases = []


def add(sign, spot, strike, time, volatility, rate, carry):
    inputs = (spot, strike, time, volatility, rate, carry)
    values, scales = greeks(sign, *inputs)
    least, most = mp.mpf("1e-290"), mp.mpf("1e290")
    # A result below the normal numbers has no relative error to speak of.
    if any(z != 0 and not least < z < most for z in scales):
        return
    depth = abs(mp.log(mp.mpf(spot) / strike)) / (volatility * mp.sqrt(mp.mpf(time)))
    if len(cases) % 20 == 0 and depth < 8 and volatility > 0.01:
        confirm(sign, inputs, values, scales)
    cases.append([0 if sign > 0 else 1, *inputs] + [float(z) for z in values]
                 + [float(mp.nstr(z, 4)) for z in scales])


def log_uniform(low, high):
    return math.exp(random.uniform(math.log(low), math.log(high)))


for _ in range(1200):
    spot, time, volatility = log_uniform(1e-3, 2e5), log_uniform(1e-6, 30), log_uniform(0.005, 4)
    strike = spot * math.exp(
        random.uniform(-1, 1) * random.choice([1, 3, 8, 25]) * volatility * math.sqrt(time))
    add(random.choice([1, -1]), spot, strike, time, volatility, random.uniform(-0.2, 0.4),
        random.uniform(-0.5, 0.5))
# Time and volatility going to zero near the money, where differences of moneyness decide.
for _ in range(500):
    spot, time, volatility = log_uniform(1, 1e5), log_uniform(1e-9, 1), log_uniform(1e-6, 1)
    rate, carry = random.choice([(0.0, 0.0), (0.05, 0.01), (-0.1, 0.3)])
    moneyness = random.uniform(-6, 6) * volatility * math.sqrt(time)
    add(random.choice([1, -1]), spot, spot * math.exp(moneyness + (rate - carry) * time), time,
        volatility, rate, carry)
# Moneyness that cancels drift: d1 or d2 near zero.
for _ in range(300):
    spot, time, volatility = 100.0, log_uniform(0.01, 5), log_uniform(0.05, 2)
    rate, carry = random.uniform(-0.2, 0.3), random.uniform(-0.2, 0.3)
    half = random.choice([-1, 1]) * volatility**2 / 2
    add(random.choice([1, -1]), spot, spot * math.exp((rate - carry + half) * time), time,
        volatility, rate, carry)
# Extreme scales.
for _ in range(300):
    spot = 10.0 ** random.uniform(-60, 60)
    strike = spot * 10.0 ** random.uniform(-40, 40)
    add(random.choice([1, -1]), spot, strike, log_uniform(0.1, 10), log_uniform(2, 10), 0.03, -0.02)

path = pathlib.Path(__file__).parent.parent / "Reference" / "greeks.json"
with open(path, "w") as file:
    json.dump({
        "generator": "Tests/Generate/greeks.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "columns": ["kind (0 call, 1 put)", "spot", "strike", "time", "volatility", "rate",
                    "carryYield"] + NAMES + [f"{name} terms" for name in NAMES],
        "rows": cases,
    }, file, separators=(",", ":"))
print(len(cases), "rows")
