"""Makes Tests/Reference/risk_splits.json: splits of value at risk and expected shortfall by their definition, the slope of the measure.

Needs mpmath 1.3.0. Run from the root of the repository: python Tests/Generate/risk_splits.py

Mixtures: probabilities and mean excesses of a portfolio are sums over the logarithm of the mixing number, with the normal law
given it; regimes: sums of Student-t and normal probabilities and excesses. Quadratic books: the same two functions are integrals of the cumulant function over two straight rays, at 28 digits. The slope of the
value at risk in a weight or a position is minus that of the probability at the point over the density, the slope of the expected shortfall
that of the mean excess at the point over the probability: central differences with steps of 1e-6, extrapolated.
"""

import json

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 28
m = mp.mpf


def slope(f):
    """f'(0) by two central differences."""
    h = m(10) ** -6
    near, far = (f(h) - f(-h)) / (2 * h), (f(2 * h) - f(-2 * h)) / (4 * h)
    return (4 * near - far) / 3


# Mixtures.
def grid(kind, shape):
    """ln w and weights of the mixing law, of which the sum is one."""
    h = m(1) / 10
    if kind == "student":
        a = m(shape[0]) / 2
        g = lambda s: -a * s - a * mp.exp(-s)
        s = [h * k for k in range(-60, int(62 / (a - m("0.5")) / h))]
    else:
        order, omega = m(shape[0]), m(shape[1])
        # E[W] = 1: W = c V.
        c = mp.besselk(order, omega) / mp.besselk(order + 1, omega)
        g = lambda s: order * s - omega * mp.cosh(s - mp.log(c))
        s = [h * k for k in range(-150, 151)]
    values = [g(v) for v in s]
    top = max(values)
    weights = [mp.exp(v - top) for v in values]
    total = mp.fsum(weights)
    kept = [(mp.exp(v), w / total) for v, w in zip(s, weights) if w / total > m(10) ** -45]
    return kept


def portfolio(law, w):
    mu = mp.fsum(a * b for a, b in zip(w, law["location"]))
    gamma = mp.fsum(a * b for a, b in zip(w, law["drift"]))
    s = mp.sqrt(mp.fsum(w[i] * w[j] * law["dispersion"][i][j] for i in range(len(w)) for j in range(len(w))))
    return mu, gamma, s


def functions(law, w, x):
    """P(V <= x), its density, E[max(x - V, 0)]."""
    mu, gamma, s = portfolio(law, w)
    p, f, e = [], [], []
    for mixing, weight in law["grid"]:
        d = s * mp.sqrt(mixing)
        y = (x - mu - gamma * mixing) / d
        cdf, pdf = mp.ncdf(y), mp.npdf(y)
        p.append(weight * cdf)
        f.append(weight * pdf / d)
        e.append(weight * d * (y * cdf + pdf))
    return mp.fsum(p), mp.fsum(f), mp.fsum(e)


def split(functions_of, x0, tail, moves):
    """Quantile and slopes; `functions_of(x, place, step)` with one number moved."""
    x = m(x0)
    for _ in range(60):
        p, f, _ = functions_of(x, None, 0)
        # Newton on the logarithm.
        step = mp.log(p / tail) * p / f
        x -= max(min(step, m("0.2")), m("-0.2"))
        if abs(step) < m(10) ** -20:
            break
    p, f, e = functions_of(x, None, 0)
    values, shortfalls = [], []
    for place in range(moves):
        values.append(slope(lambda h: functions_of(x, place, h)[0]) / f)
        shortfalls.append(slope(lambda h: functions_of(x, place, h)[2]) / tail)
    return -x, -x + e / tail, values, shortfalls


dispersion = [[0.0016, 0.0009, 0.0002], [0.0009, 0.0025, 0.0004], [0.0002, 0.0004, 0.0009]]
mixtures = []
for kind, shape, drift in [
    ("student", [2.1], [0.0, 0.0, 0.0]), ("student", [4.0], [-0.004, 0.002, -0.001]), ("student", [12.0], [-0.02, -0.01, 0.015]),
    ("student", [3.0], [0.006, -0.006, 0.0]), ("hyperbolic", [-0.5, 0.7], [-0.006, 0.003, -0.002]),
    ("hyperbolic", [1.0, 2.0], [0.0, 0.0, 0.0]), ("hyperbolic", [-2.5, 0.1], [-0.01, 0.01, 0.004]),
]:
    w = [0.5, -0.2, 0.7]
    law = dict(location=[m(v) for v in [0.001, 0.002, -0.0005]], drift=[m(v) for v in drift],
               dispersion=[[m(v) for v in row] for row in dispersion], grid=grid(kind, shape))
    rows = []
    for tail in [0.5 ** 7, 0.0625, 0.75]:
        def moved(x, place, h):
            return functions(law, [m(v) + (h if i == place else 0) for i, v in enumerate(w)], x)
        value, shortfall, values, shortfalls = split(moved, -0.02, m(tail), 3)
        rows.append(dict(tail=tail, valueAtRisk=float(value), expectedShortfall=float(shortfall),
                         valueAtRiskMarginals=[float(v) for v in values], shortfallMarginals=[float(v) for v in shortfalls]))
    mixtures.append(dict(kind=kind, shape=shape, location=[0.001, 0.002, -0.0005], drift=drift, dispersion=dispersion,
                         weights=w, rows=rows))


# Regimes.
def regime_functions(regimes, w, x):
    p, f, e = [], [], []
    for r in regimes:
        mu = mp.fsum(a * b for a, b in zip(w, r["means"]))
        s = mp.sqrt(mp.fsum(w[i] * w[j] * r["covariance"][i][j] for i in range(len(w)) for j in range(len(w))))
        if r["degrees"] is None:
            y = (x - mu) / s
            cdf, pdf, spread = mp.ncdf(y), mp.npdf(y), 1
        else:
            v = m(r["degrees"])
            s *= mp.sqrt((v - 2) / v)
            y = (x - mu) / s
            pdf = mp.gamma((v + 1) / 2) / mp.gamma(v / 2) / mp.sqrt(v * mp.pi) * (1 + y * y / v) ** (-(v + 1) / 2)
            half = mp.betainc(v / 2, m(1) / 2, 0, v / (v + y * y), regularized=True) / 2
            cdf, spread = half if y < 0 else 1 - half, (v + y * y) / (v - 1)
        weight = m(r["weight"])
        p.append(weight * cdf)
        f.append(weight * pdf / s)
        e.append(weight * s * (y * cdf + spread * pdf))
    return mp.fsum(p), mp.fsum(f), mp.fsum(e)


regimes = [dict(weight=0.75, degrees=None, means=[0.001, 0.002, 0.0005], covariance=dispersion),
           dict(weight=0.1875, degrees=4.0, means=[-0.004, -0.01, 0.002],
                covariance=[[0.0064, 0.006, -0.001], [0.006, 0.01, 0.0], [-0.001, 0.0, 0.0025]]),
           dict(weight=0.0625, degrees=2.5, means=[-0.01, -0.02, 0.0], covariance=[[0.01, 0.0, 0.0], [0.0, 0.04, 0.01], [0.0, 0.01, 0.01]])]
regime_rows = []
for tail in [0.5 ** 10, 0.0625, 0.75]:
    def moved(x, place, h):
        return regime_functions(regimes, [m(v) + (h if i == place else 0) for i, v in enumerate([0.5, -0.2, 0.7])], x)
    value, shortfall, values, shortfalls = split(moved, -0.02, m(tail), 3)
    regime_rows.append(dict(tail=tail, valueAtRisk=float(value), expectedShortfall=float(shortfall),
                            valueAtRiskMarginals=[float(v) for v in values], shortfallMarginals=[float(v) for v in shortfalls]))


# Quadratic books.
def diagonal(constant, deltas, gammas, means, covariance):
    L = mp.cholesky(mp.matrix(covariance))
    mu, G, d = mp.matrix(means), mp.matrix(gammas), mp.matrix(deltas)
    E, Q = mp.eigsy(L.T * G * L)
    b = Q.T * (L.T * (d + G * mu))
    c = m(constant) + (d.T * mu)[0] + (mu.T * G * mu)[0] / 2
    return c, list(b), list(E)


def book_functions(book, x):
    c, b, l = book
    x = x - c
    cumulant = lambda s: mp.fsum(bb * bb * s * s / (2 * (1 - ll * s)) - mp.log(1 - ll * s) / 2 for bb, ll in zip(b, l))
    slope_of = lambda s: mp.fsum(bb * bb * s * (1 - ll * s / 2) / (1 - ll * s) ** 2 + ll / (2 * (1 - ll * s)) for bb, ll in zip(b, l))
    # From a point left of zero, where K' - x + 1/s is about zero.
    low = max([1 / ll for ll in l if ll < 0], default=-(m(10) ** 6))
    low = low * (1 - m(10) ** -6)
    high = -m(10) ** -9
    for _ in range(60):
        middle = (low + high) / 2
        if slope_of(middle) - x - 1 / middle > 0:
            high = middle
        else:
            low = middle
    start = (low + high) / 2
    # Where V ends as s grows: minus the sum of b²/(2λ).
    reach = x + mp.fsum(bb * bb / (2 * ll) for bb, ll in zip(b, l))
    turn = mp.expjpi(m(1) / 3 if reach > 0 else m(2) / 3)
    scale = 1 / abs(start)
    base = mp.re(cumulant(start) - start * x)

    def ray(power):
        f = lambda u: mp.im(mp.exp(cumulant(start + turn * u) - (start + turn * u) * x - base) * (start + turn * u) ** -power * turn)
        unit = abs(start)
        return mp.quad(f, [unit * k for k in (0, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 512)] + [mp.inf]) / mp.pi * mp.exp(base)

    return -ray(1), ray(0), ray(2)


def positions_of(items):
    return [(m(c), [m(v) for v in d], [[m(v) for v in row] for row in g]) for c, d, g in items]


def book_sum(items, place=None, h=0):
    n = len(items[0][1])
    scale = [1 + (h if k == place else 0) for k in range(len(items))]
    return (mp.fsum(s * i[0] for s, i in zip(scale, items)),
            [mp.fsum(s * i[1][j] for s, i in zip(scale, items)) for j in range(n)],
            [[mp.fsum(s * i[2][j][k] for s, i in zip(scale, items)) for k in range(n)] for j in range(n)])


means = [0.01, -0.02, 0.005]
covariance = [[0.04, 0.018, 0.006], [0.018, 0.09, 0.012], [0.006, 0.012, 0.0225]]
zero = [[0.0] * 3] * 3
books = []
for name, items in [
    ("mixed", [(0.0, [1.2, 0.0, 0.3], zero), (0.02, [0.0, -0.7, 0.0], [[0, 0, 0], [0, 1.5, 0], [0, 0, 0]]),
               (0.05, [0.0, 0.0, 0.1], [[-3.0, 0.5, 0.2], [0.5, 0.0, -0.4], [0.2, -0.4, -2.0]])]),
    ("short", [(0.1, [0.2, 0.1, 0.0], [[-4.0, 0, 0], [0, -2.0, 0], [0, 0, -1.0]]), (0.0, [-0.3, 0.0, 0.4], zero),
               (-0.01, [0.0, 0.2, 0.0], [[0.5, 0.1, 0], [0.1, 0.25, 0.3], [0, 0.3, 0.125]])]),
    ("long", [(-0.1, [0.2, 0.1, 0.0], [[4.0, 0, 0], [0, 2.0, 0], [0, 0, 1.0]]), (0.0, [-0.3, 0.0, 0.4], zero)]),
]:
    exact = positions_of(items)
    rows = []
    for tail, start in [(0.5 ** 7, -0.5), (0.0625, -0.3)]:
        if name == "long":
            # Next to its least value, from where Newton's steps do not pass the point.
            c, b, l = diagonal(*book_sum(exact), means, covariance)
            start = c - mp.fsum(bb * bb / (2 * ll) for bb, ll in zip(b, l)) + m("0.004")
        def moved(x, place, h):
            return book_functions(diagonal(*book_sum(exact, place, h), means, covariance), x)
        value, shortfall, values, shortfalls = split(moved, start, m(tail), len(items))
        rows.append(dict(tail=tail, valueAtRisk=float(value), expectedShortfall=float(shortfall),
                         valueAtRiskParts=[float(v) for v in values], shortfallParts=[float(v) for v in shortfalls]))
        print(name, tail, value, shortfall, sum(values) - value, sum(shortfalls) - shortfall)
    books.append(dict(name=name, positions=[dict(constant=c, deltas=d, gammas=g) for c, d, g in items], rows=rows))

with open("Tests/Reference/risk_splits.json", "w") as file:
    json.dump(dict(generator="Tests/Generate/risk_splits.py", versions=dict(mpmath=mp.__version__), mixtures=mixtures,
                   regimes=regimes, regimeRows=regime_rows,
                   means=means, covariance=covariance, books=books), file, indent=1)
    file.write("\n")
