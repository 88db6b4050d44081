"""Reference values of splines: laws whose density is linear between knots, and the convex program that fits them.

Writes Tests/Reference/splines.json. Laws: mpmath at 40 digits, at the exact binary inputs; option prices by 3-point
Gauss-Legendre quadrature (exact for the cubics) and beta functions for the wings, total variance by root finding, its
derivatives by mpmath's differences. Fits: the documented program in NumPy, prices of its elements by quadrature, solved by
Clarabel through CVXPY; the earlier expiry is kept below at the knots and at 20 places between any two.

Usage: python Tests/Generate/splines.py
"""

import json
import pathlib

import cvxpy as cp
import mpmath as mp
import numpy as np
from scipy.optimize import brentq
from scipy.special import erfcx
from scipy.stats import norm

assert mp.__version__ == "1.3.0" and cp.__version__ == "1.9.3"
mp.mp.dps = 40
random = np.random.default_rng(20_261_127)
POWERS = [2.0**j for j in range(-2, 14)]
COUNT = len(POWERS)

# Laws.


def nodes(a, b):
    half, root = (b - a) / 2, mp.sqrt(mp.mpf(3) / 5)
    for x, w in ((-root, mp.mpf(5) / 9), (mp.mpf(0), mp.mpf(8) / 9), (root, mp.mpf(5) / 9)):
        yield a + half * (1 + x), w * half


def price(law, k):
    """The price of the option out of the money, over the forward."""
    knots, densities, left, right = law
    x = mp.exp(k)
    sign = 1 if k >= 0 else -1
    total = mp.mpf(0)
    for i in range(len(knots) - 1):
        a, b = knots[i], knots[i + 1]
        low, high = (max(a, x), b) if sign > 0 else (a, min(b, x))
        if low < high:
            total += sum(w * sign * (y - x) * (densities[i] * (b - y) + densities[i + 1] * (y - a)) / (b - a)
                         for y, w in nodes(low, high))
    # A wing from z on: with y = z/u, the integrals over u are beta functions.
    if sign > 0:
        z, knot = max(knots[-1], x), knots[-1]
        for part, p in zip(right, POWERS):
            height = part * (z / knot) ** (-p - 2)
            total += height * z * (z * mp.beta(p, 1) - x * mp.beta(p + 1, 1))
    else:
        z, knot = min(knots[0], x), knots[0]
        for part, p in zip(left, POWERS):
            height = part * (z / knot) ** (p - 1)
            total += height * z * (x * mp.beta(p, 1) - z * mp.beta(p + 1, 1))
    return total


def variance(law, k):
    goal = mp.log(price(law, k))

    def miss(log_s):
        s = mp.exp(log_s)
        d = -k / s + s / 2
        value = (mp.ncdf(d) - mp.exp(k) * mp.ncdf(d - s) if k >= 0
                 else mp.exp(k) * mp.ncdf(s - d) - mp.ncdf(-d))
        return mp.log(value) - goal

    low, high = mp.mpf(-4), mp.mpf(2)
    return mp.exp(2 * mp.findroot(miss, (low, high), solver="anderson", tol=1e-60, maxsteps=200))


def random_law(number):
    s = [0.05, 0.2, 0.5, 1.0][number % 4]
    z = np.cumsum(random.uniform(0.2, 0.8, 12))
    z = (z - z.mean()) * 4 / (z[-1] - z[0])
    knots = np.exp(z * s)
    f = norm.pdf(z) / (knots * s) * random.uniform(0.1, 1.5, 12)
    f[5] = 0 if number == 3 else f[5]
    wings = []
    for end in (0, -1):
        shares = random.uniform(0, 1, COUNT) * (random.uniform(0, 1, COUNT) < 0.4)
        shares[-6] += 0.1
        # Slow powers only where the law is wide, so that the mean stays near one.
        shares[:4 if s > 0.3 else 7] = 0
        wings.append(f[end] * shares / shares.sum())
    for _ in range(60):
        f[0], f[-1] = wings[0].sum(), wings[1].sum()
        h = np.diff(knots)
        mass = ((f[1:] + f[:-1]) / 2 * h).sum()
        mean = (h * (f[:-1] * (2 * knots[:-1] + knots[1:]) + f[1:] * (knots[:-1] + 2 * knots[1:])) / 6).sum()
        for l, r, p in zip(*wings, POWERS):
            mass += l * knots[0] / p + r * knots[-1] / (p + 1)
            mean += l * knots[0] ** 2 / (p + 1) + r * knots[-1] ** 2 / p
        mean /= mass
        knots, scale = knots / mean, mean / mass
        f, wings = f * scale, [w * scale for w in wings]
    return knots, f, *wings


def law_row(number):
    law = random_law(number)
    exact = [[mp.mpf(float(v)) for v in part] for part in law]
    exact[1][0], exact[1][-1] = sum(exact[2]), sum(exact[3])
    logs = np.log(law[0])
    points = []
    for k in [1.3 * logs[0], 0.97 * logs[0], *((logs[1:] + logs[:-1]) / 2)[::2], 1e-3, 1.2 * logs[-1], 2 * logs[-1]]:
        k = mp.mpf(float(k))
        w = lambda u: variance(exact, u)
        points.append([float(k), float(price(exact, k)), float(w(k)),
                       float(mp.diff(w, k, 1, h=mp.mpf(10) ** -12)), float(mp.diff(w, k, 2, h=mp.mpf(10) ** -10))])
    return {"strikes": list(law[0]), "densities": list(law[1][1:-1]), "leftWing": list(law[2]),
            "rightWing": list(law[3]), "points": points}


# Fits.

U, W = np.polynomial.legendre.leggauss(64)


def piece(a, b, f, x, sign):
    low, high = (max(a, x), b) if sign > 0 else (a, min(b, x))
    if low >= high:
        return 0.0
    y = low + (high - low) * (U + 1) / 2
    return (high - low) / 2 * (W * sign * (y - x) * f(y)).sum()


def wing(knot, p, x, sign, side):
    """The price of a call (sign 1) or put on a wing: above its knot (side 1) or below."""
    u = ((U + 1) / 2) ** 4
    weights = W / 2 * 4 * ((U + 1) / 2) ** 3
    if side > 0:
        z = max(knot, x) if sign > 0 else knot
        top = 0 if sign > 0 else min(1, knot / x)
        # y = z/u; the density by u is z u^p (z/knot)^(-p-2).
        v = top + (1 - top) * u
        return (1 - top) * (weights * (z / knot) ** (-p - 2) * z * v**p * np.maximum(sign * (z / v - x), 0)).sum()
    z = min(knot, x) if sign < 0 else knot
    bottom = 0 if sign < 0 else min(1, x / knot)
    v = bottom + (1 - bottom) * u
    return (1 - bottom) * (weights * (z / knot) ** (p - 1) * z * v ** (p - 1) * np.maximum(sign * (z * v - x), 0)).sum()


def elements(knots, k):
    x, sign = np.exp(k), 1 if k >= 0 else -1
    tent = lambda peak, foot: piece(min(peak, foot), max(peak, foot), lambda y: (y - foot) / (peak - foot), x, sign)
    first = tent(knots[0], knots[1])
    last = tent(knots[-1], knots[-2])
    return np.array([wing_price(knots[0], p, x, sign, -1) + first for p in POWERS]
                    + [tent(b, a) + tent(b, c) for a, b, c in zip(knots, knots[1:], knots[2:])]
                    + [wing_price(knots[-1], p, x, sign, 1) + last for p in POWERS])


def wing_price(knot, p, x, sign, side):
    # Fast powers need no quadrature grid of their own: mpmath's beta functions are exact.
    if side > 0 and sign > 0 and x >= knot or side < 0 and sign < 0 and x <= knot:
        t = (x / knot) ** (-p if side > 0 else p + 1)
        return float(knot * knot * t * float(mp.beta(p, 1) - mp.beta(p + 1, 1)))
    if side > 0 and sign > 0:
        return float(knot * (knot * float(mp.beta(p, 1)) - x * float(mp.beta(p + 1, 1))))
    if side < 0 and sign < 0:
        return float(knot * (x * float(mp.beta(p, 1)) - knot * float(mp.beta(p + 1, 1))))
    if side > 0 and x <= knot or side < 0 and x >= knot:
        return 0.0
    return wing(knot, p, x, sign, side)


def moments(knots):
    tent = lambda peak, foot: np.array([abs(peak - foot) / 2, abs(peak - foot) / 2 * (2 * peak + foot) / 3])
    rows = [tent(knots[0], knots[1]) + [knots[0] / p, knots[0] ** 2 / (p + 1)] for p in POWERS]
    rows += [tent(b, a) + tent(b, c) for a, b, c in zip(knots, knots[1:], knots[2:])]
    rows += [tent(knots[-1], knots[-2]) + [knots[-1] / (p + 1), knots[-1] ** 2 / p] for p in POWERS]
    return np.array(rows).T


def log_black(k, s):
    """The logarithm of the price out of the money over the lesser of strike and forward, by Mills' ratio."""
    t = abs(k) / s - s / 2
    mills = lambda u: np.sqrt(np.pi / 2) * erfcx(u / np.sqrt(2))
    return norm.logpdf(t) + np.log(mills(t) - mills(t + s))


def black(k, s):
    return np.exp(log_black(k, s) + min(k, 0))


def volatility(k, value):
    goal = np.log(value) - min(k, 0)
    return np.exp(brentq(lambda u: log_black(k, np.exp(u)) - goal, -5, 2, xtol=1e-15))


def law_prices(law, k):
    knots, parts = law
    return elements(knots, k) @ parts


def fit(time, places, bids, asks, previous, smoothness=1e-3, pull=0.1, excess=3.0, aim=1 - 1e-3, least=1e-3,
        margin=1e-6, wing_cost=1e-2, curvature=1e-7):
    k = np.array(places)
    low, high = np.array(bids) * time**0.5, np.array(asks) * time**0.5
    middle = (low + high) / 2
    s = np.interp(0, k, middle**2) ** 0.5
    start, end = min(k[0], -s) - 1.5 * s, max(k[-1], s) + 1.5 * s
    if previous:
        start, end = min(start, np.log(previous[0][0])), max(end, np.log(previous[0][-1]))
    z = [start]
    gap = max(0.25 * s, (end - start) / 300)
    for a, b in zip([start, *k], [*k, end]):
        parts = max(int(np.ceil((b - a) / gap)), 1)
        parts = 2 if parts == 1 and b - a > 0.1 * s else parts
        for j in range(1, parts + 1):
            v = a + (b - a) * j / parts
            if v - z[-1] > 0.02 * s:
                z.append(v)
    z = np.array(z)
    knots = np.exp(z)
    w = np.interp(z, k, middle**2)
    if previous:
        w = np.maximum(w, [volatility(v, law_prices(previous, v)) ** 2 for v in z])
    phi = norm.pdf(-z / w**0.5 - w**0.5 / 2) / (knots * w**0.5)
    scale = np.r_[np.full(COUNT, phi[0]), phi[1:-1], np.full(COUNT, phi[-1])]
    n = len(scale)
    A = np.array([elements(knots, v) for v in k]) * scale
    p_low, p_high, p_middle = (np.array([black(a, b) for a, b in zip(k, v)]) for v in (low, high, middle))
    half = np.maximum((p_high - p_low) / 2, 1e-4 * p_middle)
    center = (p_low + p_high) / 2
    member = np.zeros((len(z), n))
    member[0, :COUNT] = member[-1, -COUNT:] = 1
    member[np.arange(1, len(z) - 1), COUNT + np.arange(len(z) - 2)] = 1
    y = z / s
    rough = []
    for i in range(1, len(z) - 1):
        a, b = y[i] - y[i - 1], y[i + 1] - y[i]
        second = 2 / (a + b) * ((member[i + 1] - member[i]) / b - (member[i] - member[i - 1]) / a)
        rough.append(second * ((a + b) / 2) ** 0.5)
    rough = np.array(rough)
    fall = np.log(np.array(POWERS))
    wings = np.zeros(n)
    wings[:COUNT] = (fall - np.log(max(-z[0] / w[0] - 0.5, POWERS[0]))) ** 2
    wings[-COUNT:] = (fall - np.log(max(z[-1] / w[-1] - 0.5, POWERS[0]))) ** 2
    c, e = cp.Variable(n), cp.Variable(len(k))
    A_h = A / half[:, None]
    mass, mean = moments(knots) * scale
    lower = np.r_[np.zeros(COUNT), np.full(n - 2 * COUNT, least), np.zeros(COUNT)]
    lower[np.argmin(wings[:COUNT])] = lower[n - COUNT + np.argmin(wings[-COUNT:])] = least
    reach = aim * (p_high - p_low) / 2 / half
    conditions = [mass @ c == 1, (mean - mass) @ c / s == 0, c >= lower, e >= 0,
                  A_h @ c - e <= center / half + reach, A_h @ c + e >= center / half - reach]
    if previous:
        grid = np.concatenate([np.linspace(a, b, 20, endpoint=False) for a, b in zip(z, z[1:])])
        earlier = np.array([law_prices(previous, v) for v in grid])
        B = np.array([elements(knots, v) for v in grid]) * scale
        kept = B @ lower < earlier * (1 + margin)
        conditions.append(B[kept] / earlier[kept, None] @ c >= 1 + margin)
        shares = 1 / (np.array(POWERS) * (np.array(POWERS) + 1))
        for knot, own, at in ((previous[0][0], previous[1][:COUNT], 0), (previous[0][-1], previous[1][-COUNT:], -1)):
            ratio = knots[at] / knot
            moved = own * np.array([ratio ** (q - 1 if at == 0 else -q - 2) for q in POWERS])
            mine = c[:COUNT] if at == 0 else c[-COUNT:]
            for j in range(COUNT):
                unit = phi[at] * shares[0]
                conditions.append((phi[at] * shares[:j + 1] / unit) @ mine[:j + 1]
                                  >= (moved[:j + 1] * shares[:j + 1]).sum() / unit * (1 + margin))
    goal = (pull**2 * cp.sum_squares(A_h @ c - p_middle / half) / 2 + excess * cp.sum(e)
            + smoothness * (cp.sum_squares(rough @ c) / 2 + wing_cost * wings @ c)
            + curvature * (cp.sum_squares(c) + cp.sum_squares(e)) / 2)
    problem = cp.Problem(cp.Minimize(goal), conditions)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9, max_iter=400)
    value = np.maximum(c.value, 0)
    law = (knots, value * scale)
    vols = [volatility(v, q) / time**0.5 for v, q in zip(k, A @ value)]
    return problem.value, problem.status, vols, law


def fit_rows():
    rows, previous = [], None
    for number, (time, level, count) in enumerate([(0.02, 0.6, 8), (0.1, 0.65, 15), (0.25, 0.62, 12), (1.0, 0.7, 20)]):
        s = level * time**0.5
        k = np.linspace(-1.8, 2.2, count) * s
        exact = level * np.sqrt(1 + 0.05 * (k / s) ** 2 - 0.04 * k / s)
        half = exact * random.uniform(0.004, 0.02, count)
        middle = exact + half * random.uniform(-0.9, 0.9, count)
        if number == 2:
            # Two quotes that no law holds with the rest, and an expiry below the one before.
            middle[4] *= 1.05
            middle[9] *= 0.93
            middle *= 0.9
        bids, asks = list(middle - half), list(middle + half)
        cost, status, vols, law = fit(time, list(k), bids, asks, previous)
        print(time, status, cost)
        assert status == "optimal", status
        rows.append({"time": time, "places": list(k), "bids": bids, "asks": asks, "cost": cost, "volatilities": vols})
        previous = law
    return rows


data = {"generator": "Tests/Generate/splines.py",
        "versions": f"mpmath {mp.__version__}, numpy {np.__version__}, cvxpy {cp.__version__}",
        "laws": [law_row(i) for i in range(4)], "fits": fit_rows()}
path = pathlib.Path(__file__).parent.parent / "Reference" / "splines.json"
path.write_text(json.dumps(data, indent=1) + "\n")
