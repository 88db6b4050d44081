"""Reference values of smiles of one expiry.

Writes Tests/Reference/smiles.json. mpmath 1.3.0 at 50 digits, by other ways than the library's: derivatives by
differences of the formula, densities and probabilities by differences of Black's call price by the strike, the least
density factor from 100 000 points and the root of its derivative, SABR from the formulas in cash, fits by SciPy's SLSQP
from many starts.

Usage: python Tests/Generate/smiles.py
"""

import json
import pathlib
import random

import mpmath as mp
import numpy as np
import scipy
from scipy.optimize import minimize

assert mp.__version__ == "1.3.0" and np.__version__ == "2.3.5" and scipy.__version__ == "1.16.3"
mp.mp.dps = 50
random.seed(20_261_128)
m = mp.mpf


def svi(p, k):
    a, b, rho, center, sigma = p
    return a + b * (rho * (k - center) + mp.sqrt((k - center) ** 2 + sigma ** 2))


def call(w, k):
    """Black's call on a forward of one."""
    s = mp.sqrt(w)
    return mp.ncdf(-k / s + s / 2) - mp.exp(k) * mp.ncdf(-k / s - s / 2)


def law(w, k):
    """Density of the log-price and probability below."""
    price = lambda strike: call(w(mp.log(strike)), mp.log(strike))
    strike = mp.exp(k)
    return strike * mp.diff(price, strike, 2), 1 + mp.diff(price, strike)


def factor(w, k):
    value, slope, curvature = w(k), mp.diff(w, k), mp.diff(w, k, 2)
    return (1 - k * slope / (2 * value)) ** 2 - slope ** 2 / 4 * (1 / value + m(1) / 4) + curvature / 2


def least_factor(p):
    """The least density factor of a hyperbola over the line and where; None for a limit."""
    a, b, rho, center, sigma = (float(x) for x in p)
    l = np.sinh(np.linspace(-16, 16, 100_001))
    k = center + sigma * l
    root = np.sqrt(l * l + 1)
    w = a + b * sigma * (rho * l + root)
    s, c = b * (rho + l / root), b / (sigma * root ** 3)
    g = (1 - k * s / (2 * w)) ** 2 - s * s / 4 * (1 / w + 0.25) + c / 2
    i = int(np.argmin(g))
    limits = [(4 - (b * (1 - rho)) ** 2) / 16, (4 - (b * (1 + rho)) ** 2) / 16]
    if i in (0, len(g) - 1) or min(limits) < g[i]:
        return min(limits), None
    exact = lambda x: factor(lambda y: svi(p, y), x)
    place = mp.findroot(lambda x: mp.diff(exact, x), (k[i - 1], k[i + 1]), solver="secant", tol=1e-25, verify=False)
    return exact(place), place


def natural(p):
    a, b, rho, center, sigma = p
    omega = 2 * b * sigma / mp.sqrt(1 - rho ** 2)
    return [a - omega / 2 * (1 - rho ** 2), center + rho * sigma / mp.sqrt(1 - rho ** 2), rho, omega,
            mp.sqrt(1 - rho ** 2) / sigma]


def jump_wings(p, t):
    a, b, rho, center, sigma = p
    w = svi(p, m(0))
    return [w / t, b / 2 / mp.sqrt(w) * (rho - center / mp.sqrt(center ** 2 + sigma ** 2)),
            b * (1 - rho) / mp.sqrt(w), b * (1 + rho) / mp.sqrt(w), (a + b * sigma * mp.sqrt(1 - rho ** 2)) / t]


def sabr(alpha, beta, rho, nu, f, strike, t):
    """Hagan's formula with Obloj's leading term."""
    x = mp.log(f / strike)
    distance = x if beta == 1 else (f ** (1 - beta) - strike ** (1 - beta)) / (1 - beta)
    if x == 0:
        lead = alpha * f ** (beta - 1)
    elif nu == 0:
        lead = alpha * x / distance
    else:
        z = nu / alpha * distance
        lead = nu * x / mp.log((mp.sqrt(1 - 2 * rho * z + z * z) + z - rho) / (1 - rho))
    middle = (f * strike) ** ((1 - beta) / 2)
    return lead * (1 + t * ((1 - beta) ** 2 * alpha ** 2 / (24 * middle ** 2) + rho * nu * beta * alpha / (4 * middle)
                            + (2 - 3 * rho ** 2) * nu ** 2 / 24))


def u(low, high):
    return random.uniform(low, high)


def floats(*values):
    return [float(x) for x in values]


VOGT = [-0.0410, 0.1331, 0.3060, 0.3586, 0.4153]
hyperbolas = []
while len(hyperbolas) < 60:
    t = np.exp(u(np.log(1 / 365), np.log(2)))
    total = float(u(0.05, 2) ** 2 * t)
    size = total ** 0.5
    sigma, rho = size * u(0.2, 3), u(-0.95, 0.95)
    b = total / sigma * u(0.05, 1.2)
    a = total - b * sigma * u(0.2, 1.3)
    raw = VOGT if not hyperbolas else [a, b, rho, size * u(-1, 1), sigma]
    t = 1.0 if not hyperbolas else float(t)
    p = [m(x) for x in raw]
    if a + b * sigma * (1 - rho * rho) ** 0.5 <= 0.02 * total:
        continue
    w = lambda k: svi(p, k)
    points = []
    for k in [0.0, raw[3], *(size * u(-4, 4) for _ in range(4))]:
        points.append(floats(k, w(m(k)), mp.diff(w, m(k)), mp.diff(w, m(k), 2), factor(w, m(k)), *law(w, m(k))))
    value, place = least_factor(p)
    hyperbolas.append({
        "time": t, "raw": raw, "points": points, "leastFactor": float(value),
        "place": None if place is None else float(place),
        "natural": floats(*natural(p)), "jumpWings": floats(*jump_wings(p, m(t)))})

formulas = []
for i in range(60):
    beta = [0.0, 1.0, 0.5, u(0, 1)][i % 4]
    t, level, rho = u(0.01, 2), u(0.05, 1.5), u(-0.9, 0.9)
    nu = 0.0 if i % 10 == 9 else u(0.05, 2)
    forward = u(0.02, 200)
    alpha = level * m(forward) ** (1 - m(beta))
    w = lambda k: t * sabr(alpha, m(beta), m(rho), m(nu), m(forward), forward * mp.exp(k), m(t)) ** 2
    points = []
    for k in [*(level * t ** 0.5 * u(-3, 3) for _ in range(3)), level * t ** 0.5 * 1e-5]:
        points.append(floats(k, w(m(k)), mp.diff(w, m(k)), mp.diff(w, m(k), 2)))
    points.append([0.0, float(w(m(0))), None, None])
    formulas.append({"time": t, "forward": forward, "alpha": float(alpha), "beta": beta, "rho": rho, "nu": nu,
                     "points": points})


def density_factors(x, l):
    """The density factor of a, u, v, m, σ at points l = (k - m)/σ."""
    a, left, right, center, sigma = x
    b, tilt = (left + right) / 2, (right - left) / 2
    k, root = center + sigma * l, np.sqrt(l * l + 1)
    w = a + sigma * (tilt * l + b * root)
    s, c = tilt + b * l / root, b / (sigma * root ** 3)
    return (1 - k * s / (2 * w)) ** 2 - s * s / 4 * (1 / w + 0.25) + c / 2


def fit_cost(x, k, t, bid, ask):
    """The documented cost of a fit: squares outside bid and ask, a hundredth of the square of the distance to the middle."""
    a, left, right, center, sigma = x
    z = k - center
    root = np.sqrt(z * z + sigma * sigma)
    w = a + (left * (root - z) + right * (root + z)) / 2
    middle, half = (bid + ask) / 2, (ask - bid) / 2
    scale = 2 * middle * t * np.maximum(half, 1e-4 * middle)
    outside = np.maximum(w - ask ** 2 * t, 0) + np.maximum(bid ** 2 * t - w, 0)
    return float(np.sum((0.01 * (w - middle ** 2 * t) ** 2 + outside ** 2) / scale ** 2) / 2)


def fit(planted, t, k, half_spread, noise):
    """Quotes of a hyperbola, and the least cost among those with a density that is not negative, by SLSQP."""
    a, b, rho, center, sigma = planted
    exact = np.sqrt((a + b * (rho * (k - center) + np.sqrt((k - center) ** 2 + sigma ** 2))) / t)
    middle = exact * (1 + noise * half_spread * rng.uniform(-1, 1, len(k)))
    bid, ask = middle * (1 - half_spread), middle * (1 + half_spread)
    w0 = float(np.mean(middle ** 2 * t))
    unit = np.array([w0, w0 / np.sqrt(w0), w0 / np.sqrt(w0), np.sqrt(w0), np.sqrt(w0)])
    dense = np.sinh(np.linspace(-8, 8, 200_001))
    cuts = [np.sinh(np.linspace(-8, 8, 201))]
    conditions = [
        {"type": "ineq", "fun": lambda y: density_factors(y * unit, cuts[0])},
        {"type": "ineq", "fun": lambda y: y[0] + y[4] * np.sqrt(max(y[1] * y[2], 0)) - 1e-4}]
    bounds = [(-100, 100), (1e-6, 2 / unit[1]), (1e-6, 2 / unit[2]), (-10, 10), (1e-2, 20)]
    start = np.array([a, b * (1 - rho), b * (1 + rho), center, sigma]) / unit
    best = None
    for i in range(12):
        first = start if i == 0 else start * np.exp(0.4 * rng.standard_normal(5))
        for _ in range(6):
            found = minimize(lambda y: fit_cost(y * unit, k, t, bid, ask), first, method="SLSQP", bounds=bounds,
                             constraints=conditions, options={"maxiter": 2000, "ftol": 1e-15})
            first = found.x
            # The least factor between the points becomes a condition too.
            cuts[0] = np.append(cuts[0], dense[np.argmin(density_factors(found.x * unit, dense))])
        x = found.x * unit
        if density_factors(x, dense).min() > -1e-7 and (best is None or found.fun < best[0]):
            best = (found.fun, x.tolist())
    return {"time": t, "places": k.tolist(), "bids": bid.tolist(), "asks": ask.tolist(), "cost": float(best[0]),
            "point": best[1]}


rng = np.random.default_rng(20_261_128)
fits = [
    fit(VOGT, 1.0, np.linspace(-1, 1, 21), 0.01, 0.0),
    fit(VOGT, 1.0, np.linspace(-0.5, 1.2, 15), 0.02, 1.0),
    fit([0.01, 0.12, -0.4, 0.05, 0.2], 0.5, np.linspace(-0.6, 0.5, 23), 0.01, 1.5),
    fit([0.001, 0.02, -0.3, 0.0, 0.04], 0.05, np.linspace(-0.15, 0.15, 12), 0.02, 1.0),
    fit([0.3, 0.5, 0.2, 0.1, 0.6], 1.0, np.linspace(-1.5, 1.5, 31), 0.01, 2.0),
    fit([-0.02, 0.3, -0.5, -0.05, 0.25], 0.25, np.linspace(-0.4, 0.4, 17), 0.005, 2.0),
]

values = {"hyperbolas": hyperbolas, "formulas": formulas, "fits": fits}
path = pathlib.Path(__file__).parent.parent / "Reference" / "smiles.json"
path.write_text("{" + ",\n".join(
    f'"{name}": [' + ",\n".join(json.dumps(x) for x in rows) + "]"
    for name, rows in values.items()) + "}\n")
