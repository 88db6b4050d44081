"""Reference values of barrier, lookback and Asian options and of the Bessel weights of volatility swaps.

Writes Tests/Reference/exotics.json. mpmath 1.3.0 at 50 digits, by other ways than the library's: payoffs integrated
over the density of the surviving paths, between two levels two series that must agree to 60 digits, rebates over the
density of the first passage, maxima over their
survival function, geometric averages from the covariance of all pairs of fixings.

Usage: python Tests/Generate/exotics.py
"""

import json
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 50
random.seed(20_261_127)
m = mp.mpf


def density(x, v):
    return mp.exp(-x * x / (2 * v)) / mp.sqrt(2 * mp.pi * v)


def integral(f, low, high, center, width):
    """Over an interval, cut where a normal density around a center may be narrow."""
    if low >= high:
        return m(0)
    cuts = sorted({low, high, *[min(max(center + k * width, low), high) for k in range(-12, 13, 2)]})
    return mp.quad(f, cuts)


def payoff(kind, spot, strike):
    return max(m(0), spot - strike if kind == 0 else strike - spot)


def european(kind, s, k, sigma, r, q, t):
    d = (mp.log(s / k) + (r - q) * t) / (sigma * mp.sqrt(t)) + sigma * mp.sqrt(t) / 2
    sign = 1 if kind == 0 else -1
    return sign * (s * mp.exp(-q * t) * mp.ncdf(sign * d)
                   - k * mp.exp(-r * t) * mp.ncdf(sign * (d - sigma * mp.sqrt(t))))


def barrier(kind, s, k, h, up, knock_in, rebate, at_hit, sigma, r, q, t):
    nu = r - q - sigma**2 / 2
    v = sigma**2 * t
    level = mp.log(h / s)

    def surviving(x):
        return density(x - nu * t, v) - mp.exp(2 * nu * level / sigma**2) * density(
            x - 2 * level - nu * t, v)

    far = 40 * mp.sqrt(v)
    x_strike = mp.log(k / s)
    low, high = (nu * t - far - abs(level), level) if up else (level, nu * t + far + abs(level))
    if kind == 0:
        low = max(low, x_strike)
    else:
        high = min(high, x_strike)
    out = mp.exp(-r * t) * integral(
        lambda x: payoff(kind, s * mp.exp(x), k) * surviving(x), low, high, nu * t + v, mp.sqrt(v))

    def passage(time):
        return abs(level) / (sigma * mp.sqrt(2 * mp.pi * time**3)) * mp.exp(
            -(level - nu * time)**2 / (2 * sigma**2 * time))

    cuts = [m(0), t / 1000, t / 100, t / 30, t / 10, t / 3, t]
    hit = mp.quad(passage, cuts)
    if knock_in:
        return european(kind, s, k, sigma, r, q, t) - out + rebate * mp.exp(-r * t) * (1 - hit)
    paid = mp.quad(lambda x: mp.exp(-r * x) * passage(x), cuts) if at_hit else mp.exp(-r * t) * hit
    return out + rebate * paid


def double_barrier(kind, s, k, lower, upper, knock_in, sigma, r, q, t):
    """Two series at 120 digits, where neither needs the other: reflections and waves; they must agree."""
    with mp.workdps(120):
        nu = r - q - sigma**2 / 2
        v = sigma**2 * t
        low, high, x_strike = mp.log(lower / s), mp.log(upper / s), mp.log(k / s)
        w = high - low
        a, b = (max(low, x_strike), high) if kind == 0 else (low, min(high, x_strike))
        sign = 1 if kind == 0 else -1

        def power(p):
            """E[exp(p x)] over a..b by reflections, by waves."""
            n = int(mp.ceil(24 * mp.sqrt(v) / w)) + 3
            mean = nu * t + p * v
            reflected = m(0)
            for i in range(-n, n + 1):
                for weight, shift in ((1, 2 * i * w), (-1, 2 * low + 2 * i * w)):
                    reflected += weight * mp.exp((nu / sigma**2 + p) * shift) * (
                        mp.ncdf((b - shift - mean) / mp.sqrt(v))
                        - mp.ncdf((a - shift - mean) / mp.sqrt(v)))
            reflected *= mp.exp(p * nu * t + p * p * v / 2)
            slope = nu / sigma**2 + p
            waves = m(0)
            for i in range(1, int(mp.ceil(mp.sqrt(320 / v) * w / mp.pi * mp.sqrt(2))) + 3):
                f = i * mp.pi / w
                value = lambda x: mp.exp(slope * x) * (
                    slope * mp.sin(f * (x - low)) - f * mp.cos(f * (x - low))) / (slope**2 + f**2)
                waves += mp.exp(-f * f * v / 2) * mp.sin(-f * low) * (value(b) - value(a))
            waves *= 2 / w * mp.exp(-nu * nu * t / (2 * sigma**2))
            assert abs(waves - reflected) < m(10)**-60, (waves, reflected)
            return waves

        out = m(0)
        if a < b:
            out = mp.exp(-r * t) * sign * (s * power(1) - k * power(0))
    return european(kind, s, k, sigma, r, q, t) - out if knock_in else out


def lookback(kind, fixed, s, strike, extreme, sigma, r, q, t):
    nu = r - q - sigma**2 / 2
    root = sigma * mp.sqrt(t)

    def exceeds(x):
        """The probability that the maximum of nu t + sigma W exceeds x > 0."""
        return mp.ncdf((nu * t - x) / root) + mp.exp(2 * nu * x / sigma**2) * mp.ncdf(
            (-nu * t - x) / root)

    def falls(x):
        """The probability that its minimum is below -x < 0."""
        return mp.ncdf((-nu * t - x) / root) + mp.exp(-2 * nu * x / sigma**2) * mp.ncdf(
            (nu * t - x) / root)

    far = abs(nu) * t + 40 * root + 40 * root**2
    cut = lambda a: [a, *[a + root * i for i in (1, 2, 4, 8, 16)], a + 16 * root + far]
    maximum = (kind == 0) == fixed
    discount = mp.exp(-r * t)
    if fixed:
        held = max(extreme, strike) if maximum else min(extreme, strike)
    else:
        held = extreme
    if maximum:
        gain = mp.quad(lambda x: s * mp.exp(x) * exceeds(x), cut(mp.log(held / s)))
    else:
        gain = mp.quad(lambda x: s * mp.exp(-x) * falls(x), cut(mp.log(s / held)))
    if fixed:
        sure = max(m(0), extreme - strike if maximum else strike - extreme)
        return discount * (sure + gain)
    held_value = s * mp.exp(-q * t)
    if maximum:
        return discount * (extreme + gain) - held_value
    return held_value - discount * (extreme - gain)


def geometric(kind, s, strike, times, past, sigma, r, q, t):
    n = len(times) + len(past)
    mean = (sum(mp.log(x) for x in past)
            + sum(mp.log(s) + (r - q - sigma**2 / 2) * x for x in times)) / n
    variance = sigma**2 * sum(min(a, b) for a in times for b in times) / n**2
    forward = mp.exp(mean + variance / 2)
    deviation = mp.sqrt(variance)
    sign = 1 if kind == 0 else -1
    d = mp.log(forward / strike) / deviation + deviation / 2
    return mp.exp(-r * t) * sign * (
        forward * mp.ncdf(sign * d) - strike * mp.ncdf(sign * (d - deviation)))


def u(low, high):
    return random.uniform(low, high)


def row(*numbers):
    return [float(x) for x in numbers]


def call(f, numbers):
    return row(*numbers, f(*[x if isinstance(x, (int, bool)) else m(x) for x in numbers]))


barriers = []
for _ in range(160):
    up = random.randrange(2)
    distance = u(0.01, 0.6)
    spot = u(50, 150)
    level = spot * float(mp.exp(distance if up else -distance))
    rate = u(-0.01, 0.1)
    sigma = u(0.08, 1.2)
    numbers = [random.randrange(2), spot, spot * u(0.6, 1.5), level, up, random.randrange(2),
               random.choice([0.0, u(1, 20)]), random.randrange(2), sigma, rate, u(-0.05, 0.1),
               u(0.02, 2.5)]
    drift = rate - numbers[10] - sigma**2 / 2
    if drift**2 + 2 * rate * sigma**2 < 0:
        numbers[7] = 0
    barriers.append(call(barrier, numbers))

doubles = []
for _ in range(120):
    spot = u(50, 150)
    lower, upper = spot * u(0.5, 0.97), spot * u(1.03, 2)
    doubles.append(call(double_barrier, [
        random.randrange(2), spot, u(lower * 0.9, upper * 1.05), lower, upper,
        random.randrange(2), u(0.05, 1.0), u(-0.02, 0.1), u(-0.05, 0.1), u(0.02, 2.5)]))

lookbacks = []
for i in range(120):
    spot = u(50, 150)
    kind, fixed = random.randrange(2), random.randrange(2)
    maximum = (kind == 0) == bool(fixed)
    extreme = spot * (u(1, 1.4) if maximum else u(0.6, 1))
    rate = u(-0.02, 0.1)
    carry = rate if i % 6 == 0 else rate + 1e-4 * u(-1, 1) if i % 6 == 1 else u(-0.05, 0.1)
    lookbacks.append(call(lookback, [
        kind, fixed, spot, spot * u(0.6, 1.5), extreme, u(0.08, 1.2), rate, carry, u(0.02, 2.5)]))

geometrics = []
for _ in range(60):
    spot = u(50, 150)
    expiry = u(0.05, 2)
    times = sorted(u(0, expiry) for _ in range(random.randrange(1, 13)))
    past = [spot * u(0.7, 1.3) for _ in range(random.choice([0, 0, 3]))]
    kind, strike = random.randrange(2), spot * u(0.7, 1.3)
    sigma, rate, carry = u(0.05, 1.2), u(-0.02, 0.1), u(-0.05, 0.1)
    price = geometric(kind, m(spot), m(strike), [m(x) for x in times], [m(x) for x in past],
                      m(sigma), m(rate), m(carry), m(expiry))
    geometrics.append({
        "terms": row(kind, spot, strike, sigma, rate, carry, expiry), "times": times,
        "past": past, "price": float(price)})

bessel = [row(z, mp.besseli(0, z) - mp.besseli(1, z))
          for z in (-40.0, -7.5, -1.0, -0.01, 0.0, 1e-3, 0.5, 3.0, 12.0, 60.0)]

values = {
    "barriers": barriers, "doubleBarriers": doubles, "lookbacks": lookbacks,
    "geometricAverages": geometrics, "besselDifferences": bessel}
path = pathlib.Path(__file__).parent.parent / "Reference" / "exotics.json"
path.write_text("{" + ",\n".join(
    f'"{name}": [' + ",\n".join(json.dumps(x) for x in rows) + "]"
    for name, rows in values.items()) + "}\n")
