"""Reference prices and derivatives of models given by characteristic functions, and complex functions.

Writes Tests/Reference/models.json, model_slopes.json and complex.json. Values: mpmath 1.3.0 at 36 digits
from the exact binary inputs, each by two settings that agree to 1e-25: Heston, Bates and Kou by
Gauss-Legendre panels on the lines Re z = 0.5 and 0.35, the logarithm of Heston followed from node to
node; Merton by its Poisson mixture and on a line; variance gamma and normal inverse Gaussian by mixing
Black prices over the law of their clock and along a bent contour of their transform. Slopes by the
parameters: on two lines or two bent contours at 70 digits, with central differences of the logarithm of
the moment.

The forward is one and nothing is discounted. Usage: python Tests/Generate/models.py [FAMILY...]; the families that are not named stay.
"""

import json
import math
import multiprocessing
import pathlib
import random
import sys

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 38
AGREEMENT = mp.mpf(10)**-25


def legendre(count):
    nodes = []
    for i in range(count):
        x = mp.cos(mp.pi * (i + mp.mpf(3) / 4) / (count + mp.mpf(1) / 2))
        for _ in range(9):
            before, value = mp.mpf(1), x
            for k in range(1, count):
                before, value = value, ((2 * k + 1) * x * value - k * before) / (k + 1)
            slope = count * (x * value - before) / (x * x - 1)
            x -= value / slope
        nodes.append((x, 2 / ((1 - x * x) * slope * slope)))
    assert abs(mp.fsum(w * mp.exp(x) for x, w in nodes) - 2 * mp.sinh(1)) < mp.mpf(10)**(4 - mp.mp.dps)
    return nodes


NODES = legendre(44)
OTHER_NODES = legendre(52)


def agreed(first, second):
    for a, b in zip(first, second, strict=True):
        assert abs(a - b) <= AGREEMENT * max(1, abs(a)), (a, b)
    return first


class HestonLaw:
    """ln E[(S/F)^z] by the textbook Riccati solution; the phase is followed along the line."""

    def __init__(self, v0, kappa, theta, xi, rho, time):
        self.p, self.turns, self.last = (v0, kappa, theta, xi, rho, time), 0, None

    def __call__(self, z):
        v0, kappa, theta, xi, rho, time = self.p
        b = kappa - rho * xi * z
        d = mp.sqrt(b * b + xi * xi * (z - z * z))
        decay = mp.exp(-d * time)
        g = (b - d) / (b + d)
        ratio = (1 - g * decay) / (1 - g)
        phase = mp.arg(ratio)
        if self.last is not None:
            while phase + 2 * mp.pi * self.turns - self.last > mp.pi:
                self.turns -= 1
            while phase + 2 * mp.pi * self.turns - self.last < -mp.pi:
                self.turns += 1
            phase += 2 * mp.pi * self.turns
            assert abs(phase - self.last) < 2
        self.last = phase
        self.slope = (b - d) / xi**2 * (1 - decay) / (1 - g * decay)
        log = mp.mpc(mp.log(abs(ratio)), phase)
        return (kappa * theta / xi**2 * ((b - d) * time - 2 * log)
                + v0 * self.slope)


def jumps(exponent):
    return lambda z: exponent(z) - z * exponent(mp.mpf(1))


def merton_jump(intensity, mean, deviation, time):
    return jumps(lambda z: intensity * time * (mp.exp(mean * z + (deviation * z)**2 / 2) - 1))


def kou_jump(intensity, up, rate_up, rate_down, time):
    return jumps(lambda z: intensity * time * (
        up * rate_up / (rate_up - z) + (1 - up) * rate_down / (rate_down + z) - 1))


def diffusion(sigma, time):
    return lambda z: sigma * sigma * time * (z * z - z) / 2


def by_lines(make_law, deviation, strikes):
    first = by_line(make_law(), deviation, strikes, 0.5, 24, NODES)
    second = by_line(make_law(), deviation, strikes, 0.35, 21, OTHER_NODES)
    for a, b in zip(first, second, strict=True):
        agreed(a, b)
    return first


def by_line(law, deviation, strikes, place, turn, nodes):
    """The calls, deltas, gammas and slopes by the variance, on z = place + i u."""
    logs = [mp.log(k) for k in strikes]
    widest = turn / (deviation + max(abs(k) for k in logs))
    sums = [[mp.mpf(0)] * 4 for _ in logs]
    left, width = mp.mpf(0), mp.mpf(1) / 2
    while True:
        top = mp.mpf(0)
        for x, weight in nodes:
            z = mp.mpc(place, left + width * (x + 1) / 2)
            m = mp.exp(law(z)) * weight * width / 2 / mp.pi
            top = max(top, abs(m) / width)
            for row, k in zip(sums, logs):
                e = m * mp.exp(-(z - 1) * k)
                row[0] += (e / (z * (z - 1))).real
                row[1] += (e / (z - 1)).real
                row[2] += e.real
                if isinstance(law, HestonLaw):
                    row[3] += (e * law.slope / (z * (z - 1))).real
        left += width
        width = min(left, widest)
        if top * left < mp.mpf(10)**-30:
            return [[1 + a, 1 + b, c, d] for a, b, c, d in sums]


def black(forward, strike, variance):
    s = mp.sqrt(variance)
    d = mp.log(forward / strike) / s + s / 2
    # Beyond 40 deviations the tail is below 1e-349.
    n = lambda x: mp.erfc(-x / mp.sqrt(2)) / 2 if abs(x) < 40 else mp.mpf(x > 0)
    return forward * n(d) - strike * n(d - s)


def merton_price(sigma, intensity, mean, deviation, time, strike):
    jump = mp.exp(mean + deviation**2 / 2) - 1
    total, weight, n = mp.mpf(0), mp.exp(-intensity * time), 0
    while n < 4 * intensity * time or weight * mp.exp(n * abs(mean) + n * deviation**2) > mp.mpf(10)**-34:
        forward = mp.exp(n * (mean + deviation**2 / 2) - intensity * time * jump)
        total += weight * black(forward, strike, sigma**2 * time + n * deviation**2)
        n += 1
        weight *= intensity * time / n
    return total


def panels(f, ends, nodes=NODES):
    return mp.fsum(
        (b - a) / 2 * weight * f(a + (b - a) * (x + 1) / 2)
        for a, b in zip(ends, ends[1:]) for x, weight in nodes)


def by_bent_line(law, low, high, drift, time, strike):
    """The call of a law of pure jumps, along a contour that bends to where strike and drift make it fall."""
    k = mp.log(strike) - drift
    side = 1 if k >= 0 else -1
    gap = high - 1 if side > 0 else -low
    scale, angle = gap * mp.mpf("0.8"), mp.mpf("0.55")
    start = (1 if side > 0 else 0)
    step = 2 * mp.pi * mp.mpf("0.4") / 110
    total, i = mp.mpf(0), 0
    while True:
        w = i * step
        z = mp.mpc(start + side * scale * mp.cosh(w) * mp.sin(angle), scale * mp.sinh(w) * mp.cos(angle))
        slope = mp.mpc(scale * mp.cosh(w) * mp.cos(angle), -side * scale * mp.sinh(w) * mp.sin(angle))
        term = slope * mp.exp(law(z) - (z - 1) * mp.log(strike)) / (z * (z - 1))
        total += term.real * (step / (2 * mp.pi) if i == 0 else step / mp.pi)
        if w > 1 and abs(term) < mp.mpf(10)**-34:
            return total if side > 0 else total + 1 - strike
        i += 1


def gamma_price(sigma, nu, theta, time, strike):
    shape = time / nu
    scale = mp.loggamma(shape)
    drift = shape * mp.log(1 - theta * nu - sigma**2 * nu / 2)

    def integrand(y):
        g = mp.exp(y)
        return mp.exp(shape * (y - mp.log(nu)) - g / nu - scale) * black(mp.exp(drift + theta * g + sigma**2 * g / 2), strike, sigma**2 * g)

    # The law of the clock falls as exp(shape y) to the left, as exp(-g/nu) to the right, perhaps slower with the
    # forward.
    fall = min(1 / nu, 1 / nu - theta - sigma**2 / 2)
    high = mp.log((80 + 6 * shape) / fall)
    low = mp.log(nu * shape) - 75 / shape - 15
    ends = [high]
    while ends[0] > low:
        depth = high - ends[0]
        ends.insert(0, ends[0] - (mp.mpf(1) / 2 if depth < 60 else min(mp.mpf(3) / 10 * depth, 4 / shape)))
    first = panels(integrand, ends)
    a, root = sigma**2 * nu / 2, mp.sqrt((theta * nu)**2 + 2 * sigma**2 * nu)
    roots = (-theta * nu - root) / (2 * a), (-theta * nu + root) / (2 * a)
    second = by_bent_line(
        lambda z: z * drift - shape * (mp.log(1 - z / roots[0]) + mp.log(1 - z / roots[1])), *roots, drift,
        time, strike)
    return agreed([first], [second])[0]


def inverse_gaussian_price(alpha, beta, delta, time, strike):
    """X = m + beta g + sqrt(g) N for g inverse Gaussian of mean delta T / gamma."""
    gamma, other = mp.sqrt(alpha**2 - beta**2), mp.sqrt(alpha**2 - (beta + 1)**2)
    total = delta * time
    drift = total * (other - gamma)

    def integrand(y):
        g = mp.exp(y)
        density = total / mp.sqrt(2 * mp.pi * g) * mp.exp(-(total - gamma * g)**2 / (2 * g))
        return density * black(mp.exp(drift + beta * g + g / 2), strike, g)

    # (total − gamma g)² / 2g = 90 at both ends, for the clock and for the clock times its forward.
    def ends_of(speed):
        middle = total * speed + 90
        root = mp.sqrt(middle**2 - (total * speed)**2)
        return total**2 / (middle + root), (middle + root) / speed**2

    (a, b), (c, d) = ends_of(gamma), ends_of(other)
    low, high = mp.log(min(a, c)), mp.log(max(b, d))
    steps = max(40, int(2 * (high - low)))
    first = panels(integrand, [low + (high - low) * i / steps for i in range(steps + 1)])
    second = by_bent_line(
        lambda z: z * drift + total * (gamma - mp.sqrt(alpha - beta - z) * mp.sqrt(alpha + beta + z)),
        -alpha - beta, alpha - beta, drift, time, strike)
    return agreed([first], [second])[0]


def exact(values):
    return [mp.mpf(v) for v in values]


def spread(deviation, depths):
    return [math.exp(d * deviation) for d in depths]


DEPTHS = [-9, -4, -1.5, -0.3, 0, 0.4, 1, 2.5, 6]


def heston_sets():
    yield 0.04, 4, 0.25, 1, -0.5, 1
    yield 0.04, 4, 0.25, 1, -0.5, 0.01
    yield 0.0175, 1.5768, 0.0398, 0.5751, -0.5711, 1
    yield 0.0175, 1.5768, 0.0398, 0.5751, -0.5711, 10
    yield 0.04, 0.5, 0.04, 1, -0.9, 10
    yield 0.09, 0.3, 0.04, 0.9, -0.3, 15
    yield 0.04, 0.3, 0.04, 0.5, 0.0, 1 / 365
    yield 0.01, 1, 0.09, 2, 0.95, 0.5
    yield 0.5, 6, 0.8, 4, 0.3, 2 / 365
    yield 0.04, 2, 0.04, 1e-3, -0.7, 1
    yield 0.04, 2, 0.04, 1e-6, 0.5, 0.25
    yield 0.04, 0.0, 0.04, 0.6, -0.99, 2
    yield 0.0, 2, 0.3, 1, -0.2, 0.5
    yield 1.0, 10, 0.5, 5, 0.8, 1
    yield 0.04, 1, 0.04, 0.4, 0.999, 1
    for _ in range(17):
        yield (10**random.uniform(-3, 0), 10**random.uniform(-1.5, 1), 10**random.uniform(-2.5, -0.2),
               10**random.uniform(-1.5, 0.7), random.uniform(-0.97, 0.97), 10**random.uniform(-2.6, 1.2))


def variance_of(v0, kappa, theta, time):
    return theta * time + (v0 - theta) * (-math.expm1(-kappa * time) / kappa if kappa else time)


def heston_rows():
    rows = []
    for p in heston_sets():
        p = [float(x) for x in p]
        deviation = math.sqrt(variance_of(p[0], p[1], p[2], p[5]))
        strikes = spread(deviation, DEPTHS)
        q, k = exact(p), exact(strikes)
        for strike, values in zip(strikes, by_lines(lambda: HestonLaw(*q), deviation, k)):
            rows.append(p + [strike] + [float(v) for v in values])
        print("heston", p, flush=True)
    return rows


def bates_rows():
    rows = []
    for _ in range(12):
        p = [10**random.uniform(-2.5, -0.5), random.uniform(0.2, 5), 10**random.uniform(-2, -0.5),
             random.uniform(0.1, 1.5), random.uniform(-0.9, 0.5), random.uniform(0.05, 3),
             random.uniform(-0.3, 0.1), random.uniform(0.02, 0.2), 10**random.uniform(-1.5, 0.5)]
        v0, kappa, theta, xi, rho, intensity, mean, width, time = exact(p)
        deviation = math.sqrt(variance_of(p[0], p[1], p[2], p[8]) + p[5] * p[8] * (p[6]**2 + p[7]**2))
        strikes = spread(deviation, DEPTHS[1:-1])
        jump = merton_jump(intensity, mean, width, time)

        def make():
            heston = HestonLaw(v0, kappa, theta, xi, rho, time)
            return lambda z: heston(z) + jump(z)

        for strike, values in zip(strikes, by_lines(make, deviation, exact(strikes))):
            rows.append(p + [strike] + [float(v) for v in values[:3]])
        print("bates", p, flush=True)
    return rows


def kou_rows():
    rows = []
    for _ in range(12):
        p = [10**random.uniform(-1.3, -0.3), random.uniform(0.1, 10), random.uniform(0.1, 0.9),
             random.uniform(3, 40), random.uniform(3, 40), 10**random.uniform(-2.5, 0.7)]
        sigma, intensity, up, first, second, time = exact(p)
        square = p[2] * 2 / p[3]**2 + (1 - p[2]) * 2 / p[4]**2
        deviation = math.sqrt((p[0]**2 + p[1] * square) * p[5])
        strikes = spread(deviation, DEPTHS[1:-1])
        jump, normal = kou_jump(intensity, up, first, second, time), diffusion(sigma, time)
        for strike, values in zip(strikes, by_lines(
                lambda: lambda z: normal(z) + jump(z), deviation, exact(strikes))):
            rows.append(p + [strike] + [float(v) for v in values[:3]])
        print("kou", p, flush=True)
    return rows


def mixture_rows(name, draw, deviation_of, price, hard=()):
    rows = []
    for p in [draw() for _ in range(12)] + list(hard):
        for strike in spread(deviation_of(p), DEPTHS[1:-1]):
            rows.append(p + [strike, float(price(*exact(p), mp.mpf(strike)))])
        print(name, p, flush=True)
    return rows


def merton_rows():
    return mixture_rows(
        "merton",
        lambda: [10**random.uniform(-1.3, -0.3), random.uniform(0.05, 8), random.uniform(-0.4, 0.2),
                 random.uniform(0.01, 0.3), 10**random.uniform(-2.5, 0.7)],
        merton_deviation, checked_merton_price)


def merton_deviation(p):
    return math.sqrt((p[0]**2 + p[1] * (p[2]**2 + p[3]**2)) * p[4])


def checked_merton_price(sigma, intensity, mean, deviation, time, strike):
    first = merton_price(sigma, intensity, mean, deviation, time, strike)
    jump, normal = merton_jump(intensity, mean, deviation, time), diffusion(sigma, time)
    width = merton_deviation([sigma, intensity, mean, deviation, time])
    # The phase turns with the jumps too.
    width += intensity * time * (abs(mean) + deviation)
    second = by_line(lambda z: normal(z) + jump(z), width, [strike], 0.5, 12, NODES)
    return agreed([first], second[0][:1])[0]


def gamma_rows():
    return mixture_rows(
        "variance gamma",
        lambda: [10**random.uniform(-1.2, -0.4), 10**random.uniform(-1.5, 0), random.uniform(-0.4, 0.2),
                 10**random.uniform(-1.5, 0.5)],
        lambda p: math.sqrt((p[0]**2 + p[1] * p[2]**2) * p[3]), gamma_price,
        # A clock that hardly ticks: T/ν from 1/2 to 1/200.
        [[0.3, 0.2, -0.1, 0.1], [0.5, 1.0, -0.3, 0.1], [0.2, 1.0, 0.05, 0.02], [0.8, 0.5, -0.6, 0.01],
         [0.25, 2.0, -0.14, 0.01]])


def inverse_gaussian_draw():
    alpha = random.uniform(4, 40)
    return [alpha, random.uniform(-0.8, 0.3) * (alpha - 1.5), 10**random.uniform(-1.5, 0.3),
            10**random.uniform(-2.5, 0.7)]


def inverse_gaussian_rows():
    return mixture_rows(
        "normal inverse Gaussian", inverse_gaussian_draw,
        lambda p: math.sqrt(p[2] * p[3] * p[0]**2 / (p[0]**2 - p[1]**2)**1.5), inverse_gaussian_price)


def kou_deviation(p):
    return math.sqrt((p[0]**2 + 2 * p[1] * (p[2] / p[3]**2 + (1 - p[2]) / p[4]**2)) * p[5])


def bates_deviation(p):
    return math.sqrt(variance_of(p[0], p[1], p[2], p[8]) + p[5] * p[8] * (p[6]**2 + p[7]**2))


def merton_law(sigma, intensity, mean, width, time):
    jump, normal = merton_jump(intensity, mean, width, time), diffusion(sigma, time)
    return lambda z: normal(z) + jump(z)


def kou_law(sigma, intensity, up, first, second, time):
    jump, normal = kou_jump(intensity, up, first, second, time), diffusion(sigma, time)
    return lambda z: normal(z) + jump(z)


def bates_law(v0, kappa, theta, xi, rho, intensity, mean, width, time):
    heston, jump = HestonLaw(v0, kappa, theta, xi, rho, time), merton_jump(intensity, mean, width, time)
    return lambda z: heston(z) + jump(z)


def gamma_law(sigma, nu, theta, time):
    a, root = sigma**2 * nu / 2, mp.sqrt((theta * nu)**2 + 2 * sigma**2 * nu)
    low, high = (-theta * nu - root) / (2 * a), (-theta * nu + root) / (2 * a)
    drift = time / nu * mp.log(1 - theta * nu - sigma**2 * nu / 2)
    return lambda z: z * drift - time / nu * (mp.log(1 - z / low) + mp.log(1 - z / high))


def inverse_gaussian_law(alpha, beta, delta, time):
    total, gamma = delta * time, mp.sqrt(alpha**2 - beta**2)
    drift = total * (mp.sqrt(alpha**2 - (beta + 1)**2) - gamma)
    return lambda z: z * drift + total * (gamma - mp.sqrt(alpha - beta - z) * mp.sqrt(alpha + beta + z))


class Slopes:
    """A law and its central differences by each parameter but the time."""

    def __init__(self, make, p):
        self.law, self.pairs = make(*p), []
        for i in range(len(p) - 1):
            h = mp.mpf(10)**-15 * (abs(p[i]) or 1)
            moved = [make(*p[:i], p[i] + sign * h, *p[i + 1:]) for sign in (1, -1)]
            self.pairs.append((*moved, 2 * h))

    def __call__(self, z):
        return mp.exp(self.law(z)), [(up(z) - down(z)) / h for up, down, h in self.pairs]


def slopes_by_line(make, p, deviation, strikes, place, turn, nodes):
    law, logs = Slopes(make, p), [mp.log(k) for k in strikes]
    widest = turn / (deviation + max(abs(k) for k in logs))
    sums = [[mp.mpf(0)] * (len(p) - 1) for _ in logs]
    left, width = mp.mpf(0), mp.mpf(1) / 2
    while True:
        top = mp.mpf(0)
        for x, weight in nodes:
            z = mp.mpc(place, left + width * (x + 1) / 2)
            moment, slopes = law(z)
            m = moment * weight * width / 2 / mp.pi / (z * (z - 1))
            top = max(top, abs(m) * max(abs(s) for s in slopes) / width)
            for row, k in zip(sums, logs):
                e = m * mp.exp(-(z - 1) * k)
                for i, s in enumerate(slopes):
                    row[i] += (e * s).real
        left += width
        width = min(left, widest)
        if top * left < mp.mpf(10)**-30:
            return sums


def slopes_by_bent_line(make, p, low, high, drift, strike, share, tilt, steps):
    law, k = Slopes(make, p), mp.log(strike)
    side = 1 if k >= drift else -1
    scale, angle, step = (high - 1 if side > 0 else -low) * mp.mpf(share), mp.mpf(tilt), 2 * mp.pi / steps
    sums, i = [mp.mpf(0)] * (len(p) - 1), 0
    while True:
        w = i * step
        z = mp.mpc((side > 0) + side * scale * mp.cosh(w) * mp.sin(angle), scale * mp.sinh(w) * mp.cos(angle))
        slope = mp.mpc(scale * mp.cosh(w) * mp.cos(angle), -side * scale * mp.sinh(w) * mp.sin(angle))
        moment, slopes = law(z)
        e = slope * moment * mp.exp(-(z - 1) * k) / (z * (z - 1)) * (step / (2 * mp.pi) if i == 0 else step / mp.pi)
        for j, s in enumerate(slopes):
            sums[j] += (e * s).real
        if w > 1 and max(abs(e * s) for s in slopes) < mp.mpf(10)**-32:
            return sums
        i += 1


def line_slope_rows(name, sets, make, deviation_of):
    rows = []
    with mp.workdps(70):
        for p in sets:
            p = [float(x) for x in p]
            deviation = deviation_of(p)
            strikes = spread(deviation, [-4, -1.2, 0, 0.5, 2.5])
            q, k = exact(p), exact(strikes)
            # The phase turns with the jumps too.
            first = slopes_by_line(make, q, 2 * deviation, k, mp.mpf(1) / 2, 24, NODES)
            second = slopes_by_line(make, q, 2 * deviation, k, mp.mpf(7) / 20, 20, OTHER_NODES)
            for strike, a, b in zip(strikes, first, second):
                rows.append(p + [strike] + [float(v) for v in agreed(a, b)])
            print(name, p, flush=True)
    return rows


def bent_slope_rows(name, sets, make, deviation_of, ends_of):
    rows = []
    with mp.workdps(70):
        for p in sets:
            q = exact(p)
            deviation = deviation_of(p)
            low, high, drift = ends_of(*q)
            low, high = max(low, -4 / deviation), min(high, 1 + 4 / deviation)
            for strike in spread(deviation, [-4, -1.2, 0, 0.5, 2.5]):
                k = mp.mpf(strike)
                first = slopes_by_bent_line(make, q, low, high, drift, k, 0.8, 0.55, 300)
                second = slopes_by_bent_line(make, q, low, high, drift, k, 0.9, 0.45, 330)
                rows.append(p + [strike] + [float(v) for v in agreed(first, second)])
            print(name, p, flush=True)
    return rows


def gamma_ends(sigma, nu, theta, time):
    a, root = sigma**2 * nu / 2, mp.sqrt((theta * nu)**2 + 2 * sigma**2 * nu)
    drift = time / nu * mp.log(1 - theta * nu - sigma**2 * nu / 2)
    return (-theta * nu - root) / (2 * a), (-theta * nu + root) / (2 * a), drift


def inverse_gaussian_ends(alpha, beta, delta, time):
    drift = delta * time * (mp.sqrt(alpha**2 - (beta + 1)**2) - mp.sqrt(alpha**2 - beta**2))
    return -alpha - beta, alpha - beta, drift


def heston_slope_sets():
    """Hard sets whose moments do not fall too slowly for lines."""
    sets = list(heston_sets())
    yield from sets[:7]
    yield from [sets[8], sets[9], sets[10], sets[12], sets[13]]
    yield 0.1, 1, 0.09, 2, 0.8, 0.5
    yield 0.04, 0.0, 0.04, 0.6, -0.7, 2
    yield 0.04, 1e-4, 0.09, 1e-3, 0.4, 0.1
    yield 0.5, 0.2, 0.3, 1.5, 0.6, 5
    yield 0.04, 2, 0.06, 0.5, -0.95, 2


SLOPES = {
    "heston": lambda: line_slope_rows(
        "heston", heston_slope_sets(), HestonLaw, lambda p: math.sqrt(variance_of(p[0], p[1], p[2], p[5]))),
    "merton": lambda: line_slope_rows(
        "merton",
        [[10**random.uniform(-1.3, -0.3), random.uniform(0.05, 8), random.uniform(-0.4, 0.2),
          random.uniform(0.01, 0.3), 10**random.uniform(-2, 0.5)] for _ in range(6)], merton_law, merton_deviation),
    "kou": lambda: line_slope_rows(
        "kou",
        [[10**random.uniform(-1.3, -0.3), random.uniform(0.1, 10), random.uniform(0.1, 0.9),
          random.uniform(3, 40), random.uniform(3, 40), 10**random.uniform(-2, 0.5)] for _ in range(6)],
        kou_law, kou_deviation),
    "bates": lambda: line_slope_rows(
        "bates",
        [[10**random.uniform(-1.5, -0.3), random.uniform(0.2, 5), 10**random.uniform(-1.5, -0.5),
          random.uniform(0.1, 1), random.uniform(-0.8, 0.5), random.uniform(0.05, 3), random.uniform(-0.3, 0.1),
          random.uniform(0.02, 0.2), 10**random.uniform(-0.7, 0.5)] for _ in range(4)], bates_law, bates_deviation),
    "varianceGamma": lambda: bent_slope_rows(
        "variance gamma",
        [[10**random.uniform(-1.2, -0.4), 10**random.uniform(-1.5, 0), random.uniform(-0.4, 0.2),
          10**random.uniform(-1.5, 0.5)] for _ in range(7)] + [[0.3, 0.2, -0.1, 0.1], [0.2, 1e-3, -0.3, 1.0]],
        gamma_law, lambda p: math.sqrt((p[0]**2 + p[1] * p[2]**2) * p[3]), gamma_ends),
    "normalInverseGaussian": lambda: bent_slope_rows(
        "normal inverse Gaussian", [inverse_gaussian_draw() for _ in range(9)], inverse_gaussian_law,
        lambda p: math.sqrt(p[2] * p[3] * p[0]**2 / (p[0]**2 - p[1]**2)**1.5), inverse_gaussian_ends)}


def complex_rows():
    points = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -2), (1e-9, 1e-9), (-1e-20, 3e-18), (-2, 1e-300),
              (-2, -1e-300), (3e200, 4e200), (1e-200, -1e-200), (1e-310, 3e-312), (-0.5, 0.0), (0.0, 1e-8)]
    for _ in range(400):
        size = 10**random.uniform(-6, 2.4)
        angle = random.uniform(-math.pi, math.pi)
        points.append((size * math.cos(angle), size * math.sin(angle)))
    rows = []
    for i, (x, y) in enumerate(points):
        a, b = points[(7 * i + 3) % len(points)]
        with mp.workdps(60):
            z, w = mp.mpc(x, y), mp.mpc(a, b)
            values = [
                mp.exp(z) if abs(x) < 700 and abs(y) < 1e6 else mp.nan, mp.log(z) if z else mp.nan,
                mp.sqrt(z), mp.expm1(z) if abs(x) < 700 and abs(y) < 1e6 else mp.nan,
                mp.log1p(z) if 1 + z else mp.nan, z / w if w else mp.nan, z * w]
        row = [x, y, a, b]
        for v in values:
            v = mp.mpc(v)
            pair = [float(v.real), float(v.imag)]
            row += pair if all(math.isfinite(t) for t in pair) else [0, 0]
        rows.append(row)
    return rows


def write(name, content):
    path = pathlib.Path(__file__).parent.parent / "Reference" / name
    head = {"generator": "Tests/Generate/models.py", "versions": {"mpmath": mp.__version__}, "digits": 25}
    path.write_text("{" + ",\n".join(
        [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
        + [f'"{key}": [' + ",\n".join(json.dumps(row) for row in rows) + "]" for key, rows in content.items()])
        + "}\n")


FAMILIES = {
    "heston": heston_rows, "merton": merton_rows, "kou": kou_rows, "bates": bates_rows, "varianceGamma": gamma_rows,
    "normalInverseGaussian": inverse_gaussian_rows, "complex": complex_rows}


FAMILIES |= {f"{name}Slopes": rows for name, rows in SLOPES.items()}


def rows_of(name):
    random.seed(name)
    return FAMILIES[name]()


if __name__ == "__main__":
    names = sys.argv[1:] or list(FAMILIES)
    with multiprocessing.Pool(2) as pool:
        found = dict(zip(names, pool.map(rows_of, names, chunksize=1)))
    if "complex" in found:
        write("complex.json", {"cases": found.pop("complex")})
    for file, ending in [("models.json", ""), ("model_slopes.json", "Slopes")]:
        if not any((name + ending) in found for name in SLOPES):
            continue
        path = pathlib.Path(__file__).parent.parent / "Reference" / file
        old = json.loads(path.read_text()) if path.exists() else {}
        write(file, {name: found.get(name + ending, old.get(name, [])) for name in SLOPES})
