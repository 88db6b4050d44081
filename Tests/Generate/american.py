"""Reference values of American options, their approximations and bivariate normal probabilities.

Writes Tests/Reference/american.json. Prices: QuantLib 1.40, collocation of the exercise boundary in the root of
time with tanh-sinh quadrature at far more nodes than its presets (QdFpAmericanEngine), each computed with two
numbers of nodes; a row's tolerance covers their difference. Approximations and probabilities: mpmath 1.3.0
at 30 digits from the published formulas.

Usage: python Tests/Generate/american.py
"""

import json
import pathlib
import random

import mpmath as mp
import QuantLib as ql

assert mp.__version__ == "1.3.0" and ql.__version__ == "1.40"
mp.mp.dps = 30
random.seed(20_261_127)
m = mp.mpf

today = ql.Date(27, 11, 2026)
ql.Settings.instance().evaluationDate = today
day = ql.Actual365Fixed()


def quantlib(kind, spot, strike, sigma, rate, carry, days, scheme):
    option = ql.VanillaOption(
        ql.PlainVanillaPayoff(ql.Option.Call if kind == 0 else ql.Option.Put, strike),
        ql.AmericanExercise(today, today + days))
    flat = lambda x: ql.YieldTermStructureHandle(
        ql.FlatForward(today, x, day, ql.Continuous, ql.Annual))
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)), flat(carry), flat(rate),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(today, ql.NullCalendar(), sigma, day)))
    option.setPricingEngine(ql.QdFpAmericanEngine(process, scheme))
    return option.NPV()


def price_row(kind, spot, strike, sigma, rate, carry, days):
    values = [quantlib(kind, spot, strike, sigma, rate, carry, days,
                       ql.QdFpTanhSinhIterationScheme(steps, nodes, 1e-13))
              for steps, nodes in ((30, 40), (40, 64))]
    error = abs(values[0] - values[1])
    return [kind, spot, strike, sigma, rate, carry, days / 365, values[1],
            max(2 * error, 1e-11 * strike)]


prices = [price_row(1, 100, 100, 0.25, 0.05, 0.05, 365)]
while len(prices) < 150:
    kind = random.randrange(2)
    sigma = random.uniform(0.1, 0.8)
    rate, carry = random.uniform(0.002, 0.1), random.uniform(0.002, 0.1)
    if random.random() < 0.2:
        if kind == 1:
            carry = random.choice([0, -0.02])
        else:
            rate = random.choice([0, -0.02])
    days = random.choice([30, 91, 182, 365, 730, 1095])
    spot = 100 * mp.exp(sigma * mp.sqrt(m(days) / 365) * random.uniform(-1, 1))
    row = price_row(kind, float(spot), 100, sigma, rate, carry, days)
    # Only rows that say something.
    if row[8] < 1e-7 * row[7]:
        prices.append(row)


def cdf(x):
    return mp.ncdf(x)


def european(sign, s, k, v, r, y, t):
    deviation = v * mp.sqrt(t)
    d1 = (mp.log(s / k) + (r - y) * t) / deviation + deviation / 2
    return sign * (s * mp.exp(-y * t) * cdf(sign * d1)
                   - k * mp.exp(-r * t) * cdf(sign * (d1 - deviation)))


def barone_adesi_whaley(sign, s, k, v, r, y, t):
    n = 2 * (r - y) / v**2 - 1
    constant = 2 / (v**2 * t) if r == 0 else 2 * r / v**2 / (1 - mp.exp(-r * t))
    q = (-n + sign * mp.sqrt(n**2 + 4 * constant)) / 2

    def slope(x):
        deviation = v * mp.sqrt(t)
        d1 = (mp.log(x / k) + (r - y) * t) / deviation + deviation / 2
        return 1 - mp.exp(-y * t) * cdf(sign * d1)

    def excess(x):
        return (sign * (mp.exp(x) * k - k) - european(sign, mp.exp(x) * k, k, v, r, y, t)
                - sign * slope(mp.exp(x) * k) * mp.exp(x) * k / q)

    far = sign * m("0.01")
    while excess(far) <= 0:
        far *= 2
    low, high = (m(0), far) if sign == 1 else (far, m(0))
    critical = k * mp.exp(mp.findroot(excess, (low, high), solver="anderson"))
    if sign * (s - critical) >= 0:
        return sign * (s - k)
    return (european(sign, s, k, v, r, y, t)
            + sign * slope(critical) * critical / q * (s / critical)**q)


def bivariate(x, y, rho):
    """Plackett: dPhi2/drho is the density; the angle of the correlation takes the root away."""
    def density(angle):
        s, c = mp.sin(angle), mp.cos(angle)
        return mp.exp(-(x * x - 2 * x * y * s + y * y) / (2 * c * c))
    top = mp.asin(rho)
    points = mp.linspace(0, top, 9)
    return cdf(x) * cdf(y) + mp.quad(density, points) / (2 * mp.pi)


def bjerksund_stensland(sign, s, k, v, r, y, t):
    if sign == -1:
        return bjerksund_stensland(1, k, s, v, y, r, t)
    b = r - y
    beta = m(1) / 2 - b / v**2 + mp.sqrt((b / v**2 - m(1) / 2)**2 + 2 * r / v**2)
    far = beta / (beta - 1) * k
    near = max(k, r / (r - b) * k) if r - b > 0 else k
    t1 = (mp.sqrt(5) - 1) / 2 * t

    def boundary(time):
        return near + (far - near) * (
            1 - mp.exp(-(b * time + 2 * v * mp.sqrt(time)) * k * k / ((far - near) * near)))

    i1, i2 = boundary(t1), boundary(t)
    if s >= i2:
        return s - k

    def scale(g):
        return -r + g * b + g * (g - 1) * v**2 / 2

    def phi(g, h, i):
        power = 2 * b / v**2 + 2 * g - 1
        d = -(mp.log(s / h) + (b + (g - m(1) / 2) * v**2) * t1) / (v * mp.sqrt(t1))
        return mp.exp(scale(g) * t1) * s**g * (
            cdf(d) - (i / s)**power * cdf(d - 2 * mp.log(i / s) / (v * mp.sqrt(t1))))

    def psi(g, h):
        power = 2 * b / v**2 + 2 * g - 1
        drift = b + (g - m(1) / 2) * v**2
        e = lambda x, sign: (mp.log(x) + sign * drift * t1) / (v * mp.sqrt(t1))
        f = lambda x: (mp.log(x) + drift * t) / (v * mp.sqrt(t))
        rho = mp.sqrt(t1 / t)
        return mp.exp(scale(g) * t) * s**g * (
            bivariate(-e(s / i1, 1), -f(s / h), rho)
            - (i2 / s)**power * bivariate(-e(i2**2 / (s * i1), 1), -f(i2**2 / (s * h)), rho)
            - (i1 / s)**power * bivariate(-e(s / i1, -1), -f(i1**2 / (s * h)), -rho)
            + (i1 / i2)**power * bivariate(
                -e(i2**2 / (s * i1), -1), -f(s * i1**2 / (h * i2**2)), -rho))

    a1, a2 = (i1 - k) * i1**-beta, (i2 - k) * i2**-beta
    return (a2 * s**beta - a2 * phi(beta, i2, i2) + phi(1, i2, i2) - phi(1, i1, i2)
            - k * phi(0, i2, i2) + k * phi(0, i1, i2) + a1 * phi(beta, i1, i2)
            - a1 * psi(beta, i1) + psi(1, i1) - psi(1, k) - k * psi(0, i1) + k * psi(0, k))


approximations = []
while len(approximations) < 60:
    sign = random.choice([-1, 1])
    sigma, rate, carry = random.uniform(0.1, 0.8), random.uniform(0.01, 0.1), random.uniform(0.01, 0.1)
    time = random.choice([0.1, 0.25, 0.5, 1, 2])
    spot = 100 * float(mp.exp(sigma * mp.sqrt(time) * random.uniform(-1, 1)))
    row = [m(x) for x in (spot, 100, sigma, rate, carry, time)]
    approximations.append([0 if sign == 1 else 1, *map(float, row),
                           float(barone_adesi_whaley(sign, *row)),
                           float(bjerksund_stensland(sign, *row))])

probabilities = []
for rho in (-0.999999, -0.99, -0.93, -0.92, -0.7, -0.3, 1e-9, 0.1, 0.5, 0.8, 0.924, 0.926, 0.95, 0.99,
            0.9999, 0.9999999):
    for _ in range(14):
        x, y = random.uniform(-5, 4), random.uniform(-5, 4)
        if random.random() < 0.3:
            y = (1 if rho > 0 else -1) * x * (1 + random.uniform(-1e-3, 1e-3))
        mp.mp.dps = 40
        probabilities.append([x, y, rho, float(bivariate(m(x), m(y), m(rho)))])
        mp.mp.dps = 30

path = pathlib.Path(__file__).parent.parent / "Reference" / "american.json"
path.write_text(json.dumps({
    "generator": "Tests/Generate/american.py",
    "versions": {"mpmath": mp.__version__, "QuantLib": ql.__version__},
    "prices": prices, "approximations": approximations, "probabilities": probabilities,
}).replace("], [", "],\n["))
