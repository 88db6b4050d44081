"""Least costs of SABR smiles that keep conditions.

Writes Tests/Reference/sabr.json. Quotes of planted smiles, most with a negative density among them or below the expiry
before, and the least cost among the smiles that keep all conditions, by SciPy's SLSQP from many starts. By other ways than
the library's: the formulas in cash, derivatives by the stencil of nine points, conditions on a fixed grid to which the worst
places are added, then checked on a dense one.

Usage: python Tests/Generate/sabr.py
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import minimize
from scipy.special import erfcx, eval_legendre

assert np.__version__ == "2.3.5" and scipy.__version__ == "1.16.3"
rng = np.random.default_rng(20_261_127)
FIRST = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
SECOND = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
REACH = 0.5


def ratio(z, rho):
    """χ(z)/z; by Legendre's polynomials about zero."""
    near = np.abs(z) < 1e-2
    y = np.where(near, 1, z)
    root = np.sqrt(1 - 2 * rho * y + y * y)
    with np.errstate(all="ignore"):
        direct = np.where(y > 0, np.log((root + y - rho) / (1 - rho)), np.log((1 + rho) / (root - y + rho))) / y
    orders = np.arange(9)
    series = np.polynomial.polynomial.polyval(np.where(near, z, 0), eval_legendre(orders, rho) / (orders + 1))
    return np.where(near, series, direct)


def sigma(p, beta, t, k):
    """Hagan's volatility with Obloj's leading term, on a forward of one."""
    alpha, rho, nu = p
    strike = np.exp(k)
    with np.errstate(all="ignore"):
        q = (1 - beta) * k
        distance = k * np.where(np.abs(q) < 1e-300, 1, np.expm1(q) / np.where(q == 0, 1, q))
        shape = np.where(k == 0, 1, k / np.where(k == 0, 1, distance))
        middle = strike ** ((1 - beta) / 2)
        correction = ((1 - beta) ** 2 * alpha ** 2 / (24 * middle ** 2) + rho * nu * beta * alpha / (4 * middle)
                      + (2 - 3 * rho ** 2) * nu ** 2 / 24)
        return alpha * shape / ratio(-nu / alpha * distance, rho) * (1 + t * correction)


def variance(p, beta, t, k):
    v = sigma(p, beta, t, k)
    return np.where(v > 0, v * v * t, -1.0)


def readings(p, beta, t, k):
    """Total variance with two derivatives."""
    alpha, rho, nu = p
    h = 0.03 * min(alpha * np.sqrt(t), alpha / max(nu, 1e-9) * np.sqrt(1 - rho * rho), 1.0)
    w = variance(p, beta, t, k[:, None] + h * np.arange(-4, 5)[None, :])
    return w[:, 4], w @ FIRST / h, w @ SECOND / (h * h)


def mills(x):
    return np.sqrt(np.pi / 2) * erfcx(x / np.sqrt(2))


def conditions(p, case, k):
    """All conditions: not negative."""
    w, s, c = readings(p, case["beta"], case["time"], k)
    safe = np.maximum(w, 1e-12)
    g = (1 - k * s / (2 * safe)) ** 2 - s * s / 4 * (1 / safe + 0.25) + c / 2
    values = [np.where(w > 0, g, -1)]
    ends = np.array([case["lower"], case["upper"]])
    w, s, _ = readings(p, case["beta"], case["time"], ends)
    if (w > 0).all():
        root = np.sqrt(w)
        d = np.clip(-ends / root - root / 2, -8, 1e9)
        u = np.clip(ends / root + root / 2, -8, 1e9)
        values.append(np.array([2 + s[0], 2 - s[1], mills(d[0]) + s[0] / (2 * root[0]), mills(u[1]) - s[1] / (2 * root[1])]))
    else:
        values.append(-np.ones(4))
    if case["previous"]:
        before = variance(case["previous"]["point"], case["beta"], case["previous"]["time"], k)
        values.append((variance(p, case["beta"], case["time"], k) - before) / case["unit"])
    return np.concatenate(values)


def cost(p, case):
    t, bid, ask = case["time"], np.array(case["bids"]), np.array(case["asks"])
    w = variance(p, case["beta"], t, np.array(case["places"]))
    middle, half = (bid + ask) / 2, (ask - bid) / 2
    scale = 2 * middle * t * np.maximum(half, 1e-4 * middle)
    outside = np.maximum(w - ask ** 2 * t, 0) + np.maximum(bid ** 2 * t - w, 0)
    return float(np.sum((0.01 * (w - middle ** 2 * t) ** 2 + outside ** 2) / scale ** 2) / 2)


def case(beta, t, planted, deviations, half_spread, noise, previous=None, count=15):
    """Quotes between -deviations[0] and deviations[1] at the money, and the least cost."""
    size = planted[0] * np.sqrt(t)
    k = size * np.linspace(-deviations[0], deviations[1], count)
    exact = sigma(planted, beta, t, k)
    assert (exact > 0).all()
    middle = exact * (1 + noise * half_spread * rng.uniform(-1, 1, len(k)))
    result = {"beta": beta, "time": t, "planted": list(planted), "places": k.tolist(),
              "bids": (middle * (1 - half_spread)).tolist(), "asks": (middle * (1 + half_spread)).tolist(),
              "previous": previous}
    bid, ask = np.array(result["bids"]), np.array(result["asks"])
    unit = float(np.interp(0, k, ((bid + ask) / 2) ** 2 * t))
    result["unit"] = unit
    result["lower"], result["upper"] = k[0] - REACH * np.sqrt(unit), k[-1] + REACH * np.sqrt(unit)
    money = np.sqrt(unit / t)
    dense = np.union1d(np.linspace(result["lower"], result["upper"], 8001),
                       np.clip(np.sinh(np.linspace(-9, 9, 4001)) * 1e-3 * np.sqrt(unit), result["lower"], result["upper"]))
    to_point = lambda y: np.array([money * np.exp(y[0]), 0.9999 * np.sin(y[1]), y[2] ** 2 / np.sqrt(t)])
    grid = dense[::60]
    scale = cost(to_point([0, 0, 0.3]), result)
    best, kept = np.inf, None
    for i in range(24):
        if i < 6:
            y = np.array([np.log(planted[0] / money) + 0.1 * i, np.arcsin(planted[1] / 0.9999),
                          np.sqrt(planted[2] * np.sqrt(t)) * 0.75 ** i])
        else:
            y = np.array([rng.uniform(-0.7, 0.7), rng.uniform(-1.5, 1.5), rng.uniform(0.1, 1.7)])
        points = grid
        for _ in range(6):
            found = minimize(lambda y: cost(to_point(y), result) / scale, y, method="SLSQP",
                             bounds=[(-6, 6), (-np.pi / 2, np.pi / 2), (0, np.sqrt(5))],
                             constraints=[{"type": "ineq", "fun": lambda y: conditions(to_point(y), result, points)}],
                             options={"maxiter": 500, "ftol": 1e-15})
            y = found.x
            every = conditions(to_point(y), result, dense)
            g, rest = every[:len(dense)], every[len(dense) + 4:]
            points = np.append(points, dense[np.argmin(g)])
            if len(rest):
                points = np.append(points, dense[np.argmin(rest)])
            if every.min() > -1e-8:
                break
        value = cost(to_point(y), result)
        if every.min() > -1e-7 and value < best:
            best, kept = value, to_point(y).tolist()
    free = min((minimize(lambda y: cost(to_point(y), result) / scale, start, method="Nelder-Mead",
                         options={"xatol": 1e-10, "fatol": 1e-14, "maxiter": 5000}).fun * scale
                for start in ([np.log(planted[0] / money), np.arcsin(planted[1] / 0.9999),
                               np.sqrt(planted[2] * np.sqrt(t))], [0, 0, 0.7])))
    print(beta, t, planted, best, kept, "free", free, flush=True)
    result.update({"cost": best, "point": kept, "freeCost": free})
    return result


def before(t, point):
    return {"time": t, "point": point}


cases = [
    # A density that is negative among the quotes or just beyond.
    case(1.0, 1.0, (0.5, 0.0, 2.5), (2.0, 2.0), 0.01, 0.0),
    case(1.0, 4.0, (1.0, -0.5, 1.0), (2.0, 2.0), 0.01, 1.0),
    case(1.0, 0.05, (0.7, 0.95, 14.0), (3.0, 4.0), 0.01, 1.0),
    case(0.5, 10.0, (0.3, -0.3, 0.4), (2.0, 1.5), 0.01, 0.0),
    case(0.5, 6.0, (0.4, -0.5, 0.6), (2.0, 1.5), 0.02, 1.0),
    case(0.5, 4.0, (0.5, 0.9, 1.1), (2.0, 2.5), 0.01, 1.0),
    case(0.0, 2.0, (0.4, 0.1, 0.9), (1.5, 1.5), 0.01, 0.0),
    case(0.0, 1.0, (0.5, -0.5, 1.5), (1.2, 1.5), 0.01, 1.0),
    case(0.3, 1.0, (0.6, -0.9, 2.2), (2.0, 1.5), 0.02, 1.0),
    case(0.7, 3.0, (0.6, -0.7, 1.2), (2.0, 1.5), 0.01, 1.0),
    # An expiry before that is too high: everywhere, in one wing, in both.
    case(1.0, 0.5, (0.5, -0.3, 1.0), (2.0, 2.0), 0.01, 0.0, before(0.4, (0.6, -0.3, 1.2))),
    case(0.5, 0.5, (0.5, -0.2, 1.0), (2.5, 2.0), 0.01, 1.0, before(0.25, (0.6, -0.6, 2.4))),
    case(1.0, 1.0, (0.6, 0.1, 0.6), (2.0, 2.0), 0.01, 1.0, before(0.5, (0.7, 0.0, 1.8))),
    # Both conditions at once.
    case(0.5, 6.0, (0.4, -0.5, 0.6), (2.0, 1.5), 0.02, 1.0, before(5.0, (0.44, -0.5, 0.5))),
]

path = pathlib.Path(__file__).parent.parent / "Reference" / "sabr.json"
path.write_text('{"cases": [' + ",\n".join(json.dumps(x) for x in cases) + "]}\n")
