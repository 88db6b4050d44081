"""Writes Tests/Reference/hedged_options.json with mpmath at 40 digits, at the exact binary inputs. Paths: prices of Black and
Scholes, their derivatives by mpmath's differences. Mean profits and deviations of hedges: double integrals over time and
the spot of the gamma, weighted with the lognormal density.

Usage: python Tests/Generate/hedged_options.py
"""

import json
import pathlib

import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0"
mp.mp.dps = 40
random = np.random.default_rng(20_261_129)
ncdf = lambda x: mp.erfc(-x / mp.sqrt(2)) / 2


def price(kind, strike, time, spot, vol, rate, carry):
    sign = 1 if kind == "call" else -1
    if time <= 0:
        return max(sign * (spot - strike), mp.mpf(0))
    root = vol * mp.sqrt(time)
    d1 = (mp.log(spot / strike) + (rate - carry) * time) / root + root / 2
    return sign * (spot * mp.e ** (-carry * time) * ncdf(sign * d1)
                   - strike * mp.e ** (-rate * time) * ncdf(sign * (d1 - root)))


def path(kind, strike, maturity, moments, quantity, hedge, cost):
    moments = [[mp.mpf(x) for x in row] for row in moments]
    steps, held = [], mp.mpf(0)
    for number, (now, after) in enumerate(zip(moments, moments[1:])):
        left = mp.mpf(maturity) - (now[0] - moments[0][0])
        later = mp.mpf(maturity) - (after[0] - moments[0][0])
        at_expiry = later == 0
        f = lambda s, v, r, y: price(kind, strike, left, s, v, r, y)
        point = tuple(now[1:])
        d = lambda *orders: mp.diff(f, point, orders)
        value, end = f(*point), price(kind, strike, later, *after[1:])
        dt, ds = after[0] - now[0], after[1] - now[1]
        dv, dr, dy = [mp.mpf(0) if at_expiry else after[i] - now[i] for i in (2, 3, 4)]
        delta = d(1, 0, 0, 0)
        own = delta if hedge is None else mp.diff(lambda s: f(s, mp.mpf(hedge), now[3], now[4]), now[1])
        gamma = d(2, 0, 0, 0)
        traded = abs(own - held) * now[1]
        if number == len(moments) - 2:
            traded += abs(own) * after[1]
        paid = mp.mpf(cost) * abs(quantity) * traded
        held = own
        q = mp.mpf(quantity)
        profit = [q * (end - value), -q * own * ds,
                  q * (own * now[1] - value) * mp.expm1(now[3] * dt)
                  - q * own * now[1] * mp.expm1(now[4] * dt), paid]
        parts = [q * gamma / 2 * ds ** 2, -q * gamma / 2 * now[1] ** 2 * now[2] ** 2 * dt,
                 q * d(0, 1, 0, 0) * dv, q * d(1, 1, 0, 0) * ds * dv, q * d(0, 2, 0, 0) / 2 * dv ** 2,
                 q * (d(0, 0, 1, 0) * dr + d(0, 0, 0, 1) * dy),
                 q * (delta - own) * (ds - (now[3] - now[4]) * now[1] * dt), paid]
        total = sum(profit[:3]) - profit[3]
        residual = total - (sum(parts[:7]) - parts[7])
        steps.append([float(x) for x in profit + parts + [residual]])
    return steps


paths = []
for number in range(6):
    kind = ["call", "put"][number % 2]
    maturity, count = 0.25, 6
    spot, vol = 100.0, 0.6
    rate, carry = (0.0, 0.0) if number < 2 else (0.05, 0.02)
    times = [3.0 + maturity * i / 8 for i in range(count)] + ([3.25] if number % 3 == 0 else [])
    moments = []
    for time in times:
        moments.append([time, spot, vol, rate, carry])
        spot *= float(np.exp(0.1 * random.normal()))
        vol *= float(np.exp(0.05 * random.normal()))
        if number >= 4:
            rate += float(0.005 * random.normal())
            carry += float(0.005 * random.normal())
    quantity = [1.0, -3.0][number // 3]
    hedge = [None, 0.5, None][number % 3]
    cost = [0.0, 0.001][number % 2]
    paths.append({"kind": kind, "strike": 105.0, "maturity": maturity, "moments": moments,
                  "quantity": quantity, "hedge": hedge, "cost": cost,
                  "steps": path(kind, 105.0, maturity, moments, quantity, hedge, cost)})

mp.mp.dps = 20


def gamma_mean(power, strike, maturity, spot, rate, carry, realized, hedge, drift, u):
    """The mean over the spot of (e^(-rt) Γ S²)^power at the time maturity u²(3 - 2u), times its slope by u, with which roots
    of both times are smooth."""
    time, left = maturity * u * u * (3 - 2 * u), maturity * (1 - u) ** 2 * (1 + 2 * u)
    def at(z):
        s = spot * mp.e ** ((drift - realized ** 2 / 2) * time + realized * mp.sqrt(time) * z)
        root = hedge * mp.sqrt(left)
        d1 = (mp.log(s / strike) + (rate - carry) * left) / root + root / 2
        # Γ = e^(-yT) φ(d₁)/(S s), the derivative of Φ(d₁) by the spot.
        gamma = mp.e ** (-carry * left) * mp.npdf(d1) / (s * root)
        return (mp.e ** (-rate * time) * gamma * s * s) ** power * mp.npdf(z)
    # The gamma is a peak where the spot is at the strike.
    width = realized * mp.sqrt(time)
    center = (mp.log(strike / spot) - (drift - realized ** 2 / 2) * time
              - (rate - carry) * left) / width
    peak = hedge * mp.sqrt(left) / width
    cuts = sorted([mp.mpf(-12), mp.mpf(12)]
                  + [c for c in (center + peak * i for i in (-8, -3, 0, 3, 8)) if abs(c) < 12])
    return mp.quad(at, cuts) * maturity * 6 * u * (1 - u)


profits = []
for row in [(100.0, 100.0, 0.25, 0.0, 0.0, 0.5, 0.6, 0.5, 0.0),
            (100.0, 120.0, 0.5, 0.05, 0.02, 0.6, 0.45, 0.6, 0.3),
            (100.0, 80.0, 1.0, 0.03, 0.0, 0.4, 0.7, 0.55, -0.5)]:
    spot, strike, maturity, rate, carry, implied, realized, hedge, drift = map(mp.mpf, row)
    mean = mp.quad(lambda u: gamma_mean(1, strike, maturity, spot, rate, carry, realized, hedge, drift, u),
                   [0, 0.5, 1], method="gauss-legendre")
    value = (price("call", strike, maturity, spot, hedge, rate, carry)
             - price("call", strike, maturity, spot, implied, rate, carry)
             + (realized ** 2 - hedge ** 2) / 2 * mean)
    square = mp.quad(lambda u: gamma_mean(2, strike, maturity, spot, rate, carry, implied, implied, drift, u),
                     [0, 0.5, 1], method="gauss-legendre")
    deviation = implied ** 2 * mp.sqrt(square * maturity / 2)
    profits.append(list(row) + [float(value), float(deviation)])
    print(profits[-1])

out = {
    "generator": "Tests/Generate/hedged_options.py",
    "versions": {"mpmath": mp.__version__, "numpy": np.__version__},
    "digits": 17,
    "columns": ["premium", "hedge", "carry", "cost", "gamma", "theta", "vega", "vanna", "volga",
                "rates", "direction", "cost", "residual"],
    "paths": paths,
    "profits": profits,
}
file = pathlib.Path(__file__).parent.parent / "Reference" / "hedged_options.json"
file.write_text(json.dumps(out, separators=(",", ":")).replace('},{', '},\n{') + "\n")
