"""Reference minima of calibrations of Heston, Merton and Bates models to noisy quotes.

Writes Tests/Reference/calibration.json. Quotes: volatilities implied by a model, or a hyperbola no model follows, with
noise and outliers of NumPy. Prices: the integral of A. Lewis (2001) by Gauss-Legendre panels over the moments of the
textbook, with NumPy. Minima: SciPy's `least_squares` with numerical derivatives from several starts inside the bounds of
the library; Huber's cost by its own transform of the residuals.

Usage: python Tests/Generate/calibration.py
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import brentq, least_squares
from scipy.stats import norm

assert (np.__version__, scipy.__version__) == ("2.3.5", "1.16.3")
random = np.random.default_rng(20_261_127)

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


def heston_moment(p, z, time):
    v0, kappa, theta, xi, rho = p
    b = kappa - rho * xi * z
    d = np.sqrt(b * b + xi * xi * (z - z * z))
    g = (b - d) / (b + d)
    e = np.exp(-d * time)
    return (kappa * theta / xi**2 * ((b - d) * time - 2 * np.log((1 - g * e) / (1 - g)))
            + v0 / xi**2 * (b - d) * (1 - e) / (1 - g * e))


def merton_moment(p, z, time):
    sigma, intensity, mean, width = p
    jump = np.exp(mean * z + (width * z)**2 / 2) - 1 - z * (np.exp(mean + width**2 / 2) - 1)
    return time * (sigma**2 * (z * z - z) / 2 + intensity * jump)


def bates_moment(p, z, time):
    return heston_moment(p[:5], z, time) + merton_moment([0, *p[5:]], z, time)


def calls(moment, p, k, time):
    """Calls on a forward of one."""
    total, left, width = 0.0, 0.0, 4.0
    for _ in range(200):
        u = left + width * (NODES + 1) / 2
        with np.errstate(all="ignore"):
            m = np.exp(moment(p, 0.5 + 1j * u, time)) / (u * u + 0.25) * WEIGHTS * width / 2
        part = (m[None, :] * np.exp(-1j * u[None, :] * k[:, None])).real.sum(axis=1)
        total = total + part
        if np.abs(m).sum() < 1e-14:
            break
        left += width
        width = min(2 * width, 40 / max(np.abs(k).max(), 0.1))
    return 1 - np.exp(k / 2) / np.pi * total


def black(sign, k, deviation):
    d = -k / deviation + deviation / 2
    return sign * (norm.cdf(sign * d) - np.exp(k) * norm.cdf(sign * (d - deviation)))


def volatility(price, sign, k, time):
    return brentq(lambda s: black(sign, k, s) - price, 1e-4, 20, xtol=1e-15, rtol=1e-14) / np.sqrt(time)


class Quotes:
    def __init__(self, expiries, limit):
        self.expiries, self.limit, self.data = expiries, limit, []
        for e in expiries:
            k, bid, ask = (np.array(e[x]) for x in ("places", "bids", "asks"))
            middle, root = (bid + ask) / 2, np.sqrt(e["time"])
            deviation = middle * root
            sign = np.where(k < 0, -1.0, 1.0)
            vega = root * norm.pdf(deviation / 2 - k / deviation)
            weight = 1 / (vega * np.maximum((ask - bid) / 2, 1e-4))
            self.data.append((e["time"], k, sign, black(sign, k, deviation), weight))

    def residuals(self, moment, p):
        rows = []
        for time, k, sign, target, weight in self.data:
            price = calls(moment, p, k, time)
            price = np.where(sign > 0, price, price - 1 + np.exp(k))
            rows.append((price - target) * weight)
        r = np.concatenate(rows)
        if not np.isfinite(r).all():
            return np.full_like(r, 1e6)
        if self.limit is None:
            return r
        size = np.abs(r)
        return np.where(size > self.limit, np.sign(r) * np.sqrt(
            np.maximum(self.limit * (2 * size - self.limit), 0)), r)


BOUNDS = {
    "heston": ([1e-8, 1e-3, 1e-8, 1e-3, -0.999], [25, 50, 25, 20, 0.999]),
    "merton": ([1e-4, 1e-4, -2, 1e-4], [5, 500, 2, 2])}
BOUNDS["bates"] = tuple(a + b[1:] for a, b in zip(BOUNDS["heston"], BOUNDS["merton"]))
MOMENTS = {"heston": heston_moment, "merton": merton_moment, "bates": bates_moment}


def minimum(name, quotes, starts):
    best = None
    for start in starts:
        found = least_squares(
            lambda p: quotes.residuals(MOMENTS[name], p), start, bounds=BOUNDS[name], x_scale=np.maximum(np.abs(start), 0.05),
            jac="3-point", ftol=1e-14, xtol=1e-14, gtol=1e-14, max_nfev=300)
        if best is None or found.cost < best.cost:
            best = found
    return best


def implied(name, p, k, time):
    price = calls(MOMENTS[name], p, k, time)
    sign = np.where(k < 0, -1.0, 1.0)
    price = np.where(sign > 0, price, price - 1 + np.exp(k))
    return np.array([volatility(*row, time) for row in zip(price, sign, k)])


def case(name, p, times, count, half, outliers=0, limit=None, hyperbola=False, reach=1.7):
    expiries = []
    for time in times:
        level = 0.6 if hyperbola else np.sqrt(p[0] if name != "merton" else p[0]**2 + p[1] * (p[2]**2 + p[3]**2))
        k = np.linspace(-reach, reach, count) * level * np.sqrt(time)
        if hyperbola:
            w = 0.03 * time + 0.3 * np.sqrt(time) * (-0.35 * k + np.sqrt((k - 0.03)**2 + 0.25 * time))
            middle = np.sqrt(w / time)
        else:
            middle = implied(name, p, k, time) + half * random.standard_normal(count)
        if outliers:
            places = random.choice(count, outliers, replace=False)
            middle[places] += half * random.uniform(8, 25, outliers)
        width = half * random.uniform(0.5, 1.5, count)
        expiries.append({
            "time": float(time), "places": k.tolist(), "bids": (middle - width).tolist(), "asks": (middle + width).tolist()})
    quotes = Quotes(expiries, limit)
    starts = [np.array(p, dtype=float) * f for f in (1, np.array([1.3, 0.5] + [1.1] * (len(p) - 2)))]
    lower, upper = map(np.array, BOUNDS[name])
    starts = [np.clip(s, lower + 1e-6, upper - 1e-6) for s in starts]
    best = minimum(name, quotes, starts)
    print(name, p, "->", best.x, 2 * best.cost, best.status, flush=True)
    return {
        "model": name, "planted": list(p), "isExact": not hyperbola and not outliers, "limit": limit, "expiries": expiries,
        "minimum": best.x.tolist(), "sumOfSquares": 2 * best.cost}


if __name__ == "__main__":
    times = [0.08, 0.25, 0.5, 1.0, 2.0]
    cases = [
        case("heston", [0.04, 1.5, 0.06, 0.5, -0.6], times, 13, 0.002),
        case("heston", [0.3, 3, 0.36, 1.4, -0.3], times, 13, 0.006),
        case("heston", [0.5, 1, 0.3, 0.8, 0.2], times, 13, 0.004, outliers=2, limit=2),
        case("heston", [0.36, 2, 0.36, 1, -0.3], times[:4], 13, 0.004, hyperbola=True),
        case("merton", [0.2, 0.8, -0.1, 0.15], times, 13, 0.002),
        case("merton", [0.5, 4, 0.05, 0.12], times, 13, 0.004, outliers=2, limit=2),
        case("bates", [0.2, 2, 0.25, 0.8, -0.4, 1.5, -0.1, 0.12], times, 17, 0.001)]
    content = {
        "generator": "Tests/Generate/calibration.py",
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__}, "cases": cases}
    path = pathlib.Path(__file__).parent.parent / "Reference" / "calibration.json"
    path.write_text(json.dumps(content, indent=0) + "\n")
