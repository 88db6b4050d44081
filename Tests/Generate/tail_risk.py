"""Makes Tests/Reference/tail_risk.json: laws of quadratic books, spectral and entropic risks, intervals.

Needs numpy 2.3.5, scipy 1.16.3, mpmath 1.3.0. Run from the root of the repository:
python Tests/Generate/tail_risk.py

Quadratic books: with one variable two normal probabilities; with two the same integrated over the other; with more the sums of
exponential laws that pairs of one curvature are, integrated over one more variable, at 22 digits. Spectral risks of laws: quadrature of quantiles at 20 digits. Ranks: binomial sums at 30
digits. Errors of a Student-t fit: the likelihood in mpmath, its maximum by Newton's method, derivatives of the measures at 25 digits.
"""

import json
from math import comb

import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0"
mp.mp.dps = 22
m = mp.mpf
rng = np.random.default_rng(20_261_128)


# V = constant + Σ (b z + λ z²/2)
def one_tail(x, b, l):
    """P(V ≤ x) and E[max(x − V, 0)] for one variable, V = b z + λ z²/2."""
    if l == 0:
        s = abs(b)
        return mp.ncdf(x / s), x * mp.ncdf(x / s) + s * mp.npdf(x / s)
    disc = b * b + 2 * l * x
    if l > 0:
        if disc <= 0:
            return m(0), m(0)
        low, high = (-b - mp.sqrt(disc)) / l, (-b + mp.sqrt(disc)) / l
        return inside(low, high, x, b, l)
    if disc <= 0:
        return m(1), x - l / 2
    low, high = sorted([(-b - mp.sqrt(disc)) / l, (-b + mp.sqrt(disc)) / l])
    left, right = inside(-mp.inf, low, x, b, l), inside(high, mp.inf, x, b, l)
    return left[0] + right[0], left[1] + right[1]


def inside(low, high, x, b, l):
    """The integrals of φ and (x − bz − λz²/2) φ."""
    if low > 0:
        p = mp.ncdf(-low) - mp.ncdf(-high)
    else:
        p = mp.ncdf(high) - mp.ncdf(low)
    f = lambda z: mp.npdf(z) if abs(z) != mp.inf else m(0)
    zf = lambda z: z * mp.npdf(z) if abs(z) != mp.inf else m(0)
    first = f(low) - f(high)
    second = p + zf(low) - zf(high)
    return p, x * p - b * first - l / 2 * second


def integral(f, points):
    """Over its size, because the quadrature stops at an absolute error."""
    size = max(abs(f((a + b) / 2)) for a, b in zip(points, points[1:]))
    return size * mp.quad(lambda z: f(z) / size, points) if size else size


def lower(x, book):
    constant, b, l = book
    x = m(x) - m(constant)
    b, l = [m(v) for v in b], [m(v) for v in l]
    if len(b) == 1:
        return one_tail(x, b[0], l[0])
    if len(b) == 2:
        kinks = [m(k) / 2 for k in range(-80, 81, 4)]
        # Where the inner law begins.
        if l[0] != 0 and l[1] != 0:
            edge = x + b[0] ** 2 / (2 * l[0])
            disc = b[1] ** 2 + 2 * l[1] * edge
            if disc > 0:
                kinks += [(-b[1] - mp.sqrt(disc)) / l[1], (-b[1] + mp.sqrt(disc)) / l[1]]
        elif l[0] != 0:
            kinks.append((x + b[0] ** 2 / (2 * l[0])) / b[1])
        kinks = sorted(k for k in kinks if abs(k) <= 40)
        g = lambda z, i: mp.npdf(z) * one_tail(x - b[1] * z - l[1] * z * z / 2, b[0], l[0])[i]
        return tuple(integral(lambda z: g(z, i), kinks) for i in (0, 1))
    return many(x, b, l)


def pairs(x, l):
    """Each curvature twice: Σ λ E with standard exponential E, by partial fractions."""
    weight = lambda k: mp.fprod(l[k] / (l[k] - v) for j, v in enumerate(l) if j != k)
    p, excess = m(0), m(0)
    for k, v in enumerate(l):
        if v < 0:
            # λE ≤ x with the probability e^(−x/λ) for x < 0.
            below, e = (mp.exp(-x / v), -v * mp.exp(-x / v)) if x < 0 else (m(1), x - v)
        else:
            below, e = (m(0), m(0)) if x < 0 else (1 - mp.exp(-x / v), x - v * (1 - mp.exp(-x / v)))
        p += weight(k) * below
        excess += weight(k) * e
    return p, excess


def many(x, b, l):
    """Variables without slope in pairs of one curvature, after at most one with a slope."""
    if len(b) % 2 == 0:
        assert b == [0] * len(b) and l[::2] == l[1::2]
        return pairs(x, l[::2])
    inner = l[1::2]
    assert b[1:] == [0] * (len(b) - 1) and inner == l[2::2]
    kinks = [m(k) / 2 for k in range(-60, 61, 3)]
    disc = b[0] ** 2 + 2 * l[0] * x
    if disc > 0:
        kinks += [(-b[0] - mp.sqrt(disc)) / l[0], (-b[0] + mp.sqrt(disc)) / l[0]]
    kinks = sorted(k for k in kinks if abs(k) <= 30)
    g = lambda z, i: mp.npdf(z) * pairs(x - b[0] * z - l[0] * z * z / 2, inner)[i]
    return tuple(integral(lambda z: g(z, i), kinks) for i in (0, 1))


def book_row(constant, b, l, points):
    book = (constant, b, l)
    mean = m(constant) + sum(m(v) for v in l) / 2
    deviation = mp.sqrt(sum(m(v) ** 2 for v in b) + sum(m(v) ** 2 for v in l) / 2)
    rows = []
    for z in points:
        x = float(mean + m(z) * deviation)
        p, excess = lower(x, book)
        if p < m(10) ** -300:
            continue
        rows.append(dict(point=x, logCDF=float(mp.log(p)), probability=float(p), meanBelow=float(x - excess / p)))
    return dict(constant=constant, slopes=b, curvatures=l, points=rows)


books = [
    book_row(0.3, [1.0], [0.0], [-30, -5, -1, 0, 1]),
    book_row(0.0, [0.0], [1.0], [-0.7, -0.5, 0, 1, 3]),
    book_row(-2.0, [3.0], [-1.5], [-100, -20, -5, -1, 0, 0.9]),
    book_row(1.0, [0.5], [2.0], [-0.9, -0.7, 0, 2]),
    book_row(0.0, [1.0], [1e-6], [-20, -5, 0, 2]),
    book_row(0.0, [1.0, 0.5], [-0.7, 0.9], [-40, -5, -2, 0, 1]),
    book_row(0.1, [0.0, 2.0], [-1.0, 0.0], [-20, -5, -1, 0, 2]),
    book_row(0.0, [0.0, 0.0], [1.0, -1.0], [-30, -3, 0, 2]),
    book_row(0.0, [0.01, 1.0], [-3.0, 1e-4], [-50, -3, 0.1]),
    book_row(0.2, [0.7, 0.0, 0.0], [-1.0, 0.6, 0.6], [-20, -4, -2, 0, 1.5]),
    book_row(0.2, [0.7, 0.0, 0.0, 0.0, 0.0], [0.4, -0.9, -0.9, 0.6, 0.6], [-20, -4, -2, 0, 1.5]),
    book_row(0.0, [0.0] * 6, [-1.0, -1.0, -0.7, -0.7, 0.8, 0.8], [-40, -4, -2, 0, 1]),
]

# A book of three assets, by its matrices.
deltas, means = [1.2, -0.7, 0.4], [0.01, -0.02, 0.005]
gammas = [[-3.0, 0.5, 0.2], [0.5, 1.5, -0.4], [0.2, -0.4, -2.0]]
covariance = [[0.04, 0.018, 0.006], [0.018, 0.09, 0.012], [0.006, 0.012, 0.0225]]
L = mp.cholesky(mp.matrix(covariance))
G = L.T * mp.matrix(gammas) * L
E, Q = mp.eigsy(G)
tilt = Q.T * (L.T * (mp.matrix(deltas) + mp.matrix(gammas) * mp.matrix(means)))
constant = mp.fsum(d * u for d, u in zip(deltas, means)) + (mp.matrix(means).T * mp.matrix(gammas) * mp.matrix(means))[0] / 2
matrices = dict(
    deltas=deltas, gammas=gammas, means=means, covariance=covariance, constant=float(constant),
    slopes=[float(v) for v in tilt], curvatures=[float(v) for v in E])

# Spectra of samples.
spectra = []
for number, (count, weighted, ties) in enumerate([(1, False, False), (7, True, True), (50, False, True), (250, True, False)]):
    xs = rng.standard_t(3, count) * 0.02
    if ties:
        xs = np.round(xs, 2)
    ps = rng.integers(0, 4, count).astype(float) if weighted else np.ones(count)
    ps = ps / ps.sum()
    exact = [m(float(v)) for v in ps]
    total = mp.fsum(exact)
    order = sorted(range(count), key=lambda i: xs[i])
    cumulative = {
        "exponential": lambda u: (1 - mp.exp(-20 * u)) / (1 - mp.exp(-20)),
        "power": lambda u: u ** m("0.25"),
        "steps": lambda u: 4 * min(u, m("0.125")) + mp.mpf(4) / 7 * max(u - m("0.125"), 0),
        "expectedShortfall": lambda u: min(u / m("0.0625"), 1),
    }
    values = {}
    for name, integral in cumulative.items():
        below, risk = m(0), m(0)
        for i in order:
            after = below + exact[i] / total
            risk -= (integral(after) - integral(below)) * m(float(xs[i]))
            below = after
        values[name] = float(risk)
    values["entropic"] = float(mp.log(mp.fsum(p * mp.exp(-30 * m(float(x))) for p, x in zip(exact, xs)) / total) / 30)
    values["entropicSmall"] = float(
        mp.log(mp.fsum(p * mp.exp(-m("1e-6") * m(float(x))) for p, x in zip(exact, xs)) / total) / m("1e-6"))
    spectra.append(dict(outcomes=xs.tolist(), probabilities=ps.tolist() if weighted else None, values=values))


# Spectra of laws: normal(0.01, 0.2), Student-t with 4 degrees of freedom, Laplace(0, 0.1).
def t4(u):
    a = 4 * u * (1 - u)
    if a == 0:
        return -mp.inf
    q = mp.cos(mp.acos(mp.sqrt(a)) / 3) / mp.sqrt(a)
    return mp.sign(u - m(1) / 2) * 2 * mp.sqrt(q - 1)


def normal(u):
    return m("0.01") + m("0.2") * mp.sqrt(2) * mp.erfinv(2 * u - 1) if u > m(10) ** -12 else m("0.01") + m("0.2") * tail_point(u)


def tail_point(u):
    z = -mp.sqrt(-2 * mp.log(u))
    return mp.findroot(lambda y: mp.log(mp.ncdf(y)) - mp.log(u), z)


def laplace(u):
    return m("0.1") * mp.log(2 * u) if u < m(1) / 2 else -m("0.1") * mp.log(2 * (1 - u))


def spectral(quantile, phi):
    # u = e^(−y) toward the worst, 1 − e^(−y) toward the best.
    f = lambda y: phi(mp.exp(-y)) * quantile(mp.exp(-y)) * mp.exp(-y)
    with_best = lambda u: phi(u) * quantile(u)
    left = mp.quad(f, [mp.log(2), 1, 2, 4, 8, 16, 32, 64, 128, 256])
    right = mp.quad(lambda y: phi(1 - mp.exp(-y)) * -reflected(quantile, y) * mp.exp(-y), [mp.log(2), 1, 2, 4, 8, 16, 32, 64])
    return float(-(left + right))


def reflected(quantile, y):
    # Symmetric laws about their mean.
    center = quantile(m(1) / 2)
    return quantile(mp.exp(-y)) - 2 * center


exponential = lambda k: lambda u: k * mp.exp(-k * u) / (1 - mp.exp(-k))
power = lambda g: lambda u: g * u ** (g - 1)
mp.mp.dps = 20
laws = dict(
    normalExponential=spectral(normal, exponential(m(20))), normalPower=spectral(normal, power(m("0.25"))),
    studentExponential=spectral(t4, exponential(m(5))), studentPower=spectral(t4, power(m("0.5"))),
    laplaceEntropic=float(mp.log(1 / (1 - m("0.01") * m(16))) / 4))
mp.mp.dps = 30


# Ranks of intervals.
def ranks(count, confidence, level):
    c = m(confidence)
    mass = [comb(count, k) * c ** k * (1 - c) ** (count - k) for k in range(count + 1)]
    tail = (1 - m(level)) / 2
    low, total = 0, m(0)
    while low < count and total + mass[low] <= tail:
        total += mass[low]
        low += 1
    high, total = count + 1, m(0)
    while high > 1 and total + mass[high - 1] <= tail:
        high -= 1
        total += mass[high]
    return dict(count=count, confidence=confidence, level=level, low=low, high=high)


order_statistics = [ranks(*c) for c in [
    (10, 0.5, 0.9), (30, 0.9, 0.95), (100, 0.95, 0.95), (250, 0.99, 0.9), (500, 0.975, 0.99), (500, 0.99, 0.95),
    (1, 0.5, 0.5), (40, 0.75, 0.5)]]

# A Student-t fit and the errors of its measures.
sample = (0.001 + 0.02 * rng.standard_t(5, 200)).tolist()
exact = [m(v) for v in sample]


def likelihood(location, scale, degrees):
    c = mp.loggamma((degrees + 1) / 2) - mp.loggamma(degrees / 2) - mp.log(degrees * mp.pi) / 2 - mp.log(scale)
    return len(exact) * c - (degrees + 1) / 2 * mp.fsum(mp.log(1 + ((x - location) / scale) ** 2 / degrees) for x in exact)


mp.mp.dps = 25
from scipy import stats
start = stats.t.fit(sample)
point = mp.matrix([start[1], start[2], start[0]])


def derivatives(point):
    g = mp.matrix(3, 1)
    h = mp.matrix(3, 3)
    for i in range(3):
        e = [0, 0, 0]
        e[i] = 1
        g[i] = mp.diff(likelihood, tuple(point), tuple(e))
        for j in range(i + 1):
            e = [0, 0, 0]
            e[i] += 1
            e[j] += 1
            h[i, j] = h[j, i] = mp.diff(likelihood, tuple(point), tuple(e))
    return g, h


for _ in range(3):
    g, h = derivatives(point)
    point = point - mp.lu_solve(h, g)
g, h = derivatives(point)
inverse = (-h) ** -1


def student_quantile(p, degrees):
    density = lambda y: mp.gamma((degrees + 1) / 2) / mp.gamma(degrees / 2) / mp.sqrt(degrees * mp.pi) * (1 + y * y / degrees) ** (-(degrees + 1) / 2)
    cdf = lambda y: mp.betainc(degrees / 2, m(1) / 2, 0, degrees / (degrees + y * y), regularized=True) / 2
    q = mp.findroot(lambda y: mp.log(cdf(y)) - mp.log(p), stats.t.ppf(float(p), float(degrees)))
    return q, density(q)


def measures(location, scale, degrees):
    p = m("0.025")
    q, f = student_quantile(p, degrees)
    return -location - scale * q, -location + scale * f / p * (degrees + q * q) / (degrees - 1)


def slopes(k):
    result = []
    for i in range(3):
        step = point[i] * m(10) ** -8
        up, down = list(point), list(point)
        up[i] += step
        down[i] -= step
        result.append((measures(*up)[k] - measures(*down)[k]) / (2 * step))
    return mp.matrix(result)


fit = dict(sample=sample, confidence=0.975, values=[float(v) for v in measures(*point)], errors=[
    float(mp.sqrt((slopes(k).T * inverse * slopes(k))[0])) for k in (0, 1)])

with open("Tests/Reference/tail_risk.json", "w") as file:
    json.dump(dict(
        generator="Tests/Generate/tail_risk.py", versions=dict(mpmath=mp.__version__, numpy=np.__version__), books=books,
        matrices=matrices, spectra=spectra, laws=laws, orderStatistics=order_statistics, fit=fit), file, indent=1)
    file.write("\n")
