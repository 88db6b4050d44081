"""Reference prices of American puts whose yield exceeds the rate, by a method of its own.

Writes Tests/Reference/american_panels.json. The boundary is a polynomial in the root of time on panels that
shrink towards expiry, and solves the equation of the slope at their Gauss nodes by Newton's method, panel after
panel (Keel: one polynomial in another variable, a fixed point). NumPy 2.3.5 and SciPy
1.16.3 in double precision; a row's error is twice the difference of two resolutions and some roundings.

Usage: python Tests/Generate/american_panels.py
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.special import ndtr

assert np.__version__ == "2.3.5" and scipy.__version__ == "1.16.3"
np.seterr(all="ignore")
random = np.random.default_rng(20_261_128)


def density(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


class Boundary:
    """ln(B / K) of a put on one unit of strike."""

    def __init__(self, sigma, rate, carry, time, order, panels, ratio=0.25):
        self.sigma, self.rate, self.carry, self.time = sigma, rate, carry, time
        self.edges = np.sqrt(time * ratio ** np.arange(panels, -1, -1))
        self.x, self.w = np.polynomial.legendre.leggauss(order + 8)
        nodes = np.polynomial.legendre.leggauss(order)[0]
        self.inverse = np.linalg.inv(np.polynomial.legendre.legvander(nodes, order - 1))
        self.start = np.log(min(1, rate / carry))
        self.coefficients = []
        # J. D. Evans, R. Kuske, J. B. Keller (2002).
        slope = -0.638833 * sigma
        for k in range(panels):
            low, high = self.edges[k], self.edges[k + 1]
            roots = (low + high) / 2 + (high - low) / 2 * nodes
            if k > 0:
                slope = (self(low, k - 1) - self.start) / low
            y = self.start + slope * roots
            jacobian = np.empty((order, order))
            for _ in range(20):
                residual = self.residual(y, roots, k)
                for j in range(order):
                    moved = y.copy()
                    moved[j] += 1e-6
                    jacobian[:, j] = (self.residual(moved, roots, k) - residual) / 1e-6
                step = np.linalg.solve(jacobian, residual)
                y = y - step
                if np.max(np.abs(step)) < 1e-11:
                    break
            else:
                y *= np.nan
            self.set(y, k)

    def set(self, y, k):
        self.coefficients = self.coefficients[:k] + [self.inverse @ y]

    def __call__(self, root, k):
        low, high = self.edges[k], self.edges[k + 1]
        z = (2 * root - low - high) / (high - low)
        return np.polynomial.legendre.legval(z, self.coefficients[k])

    def residual(self, y, roots, k):
        self.set(y, k)
        return (self.value(y, roots, k)[1] + np.exp(y)) / roots

    def value(self, log_spot, root, last):
        """The values at spots, `root` ** 2 before expiry, which lies in panel `last`, and the slopes in the
        logarithms."""
        log_spot, root = log_spot[:, None], root[:, None]
        tau = root ** 2
        deviation = self.sigma * root
        far = (log_spot + (self.rate - self.carry) * tau) / deviation - deviation / 2
        slope = -np.exp(log_spot - self.carry * tau) * ndtr(-far - deviation)
        total = np.exp(-self.rate * tau) * ndtr(-far) + slope
        # Before the first panel the boundary is a line in the root of time.
        for k in range(-1, last + 1):
            low = self.edges[k] if k >= 0 else 0
            high = self.edges[k + 1] if k < last else root
            # u is the root of the time left at exercise; an angle smooths the end of the last piece, and those near it.
            first, end = np.arcsin(low / root), np.arcsin(high / root)
            angle = (first + end) / 2 + (end - first) / 2 * self.x
            u, since = root * np.sin(angle), (root * np.cos(angle)) ** 2
            weight = self.w * (end - first) * u * root * np.cos(angle)
            if k < 0:
                other = self.start + (self(self.edges[0], 0) - self.start) * u / self.edges[0]
            else:
                other = self(u, k)
            deviation = self.sigma * np.sqrt(since)
            minus = (log_spot - other + (self.rate - self.carry) * since) / deviation - deviation / 2
            cash = self.rate * np.exp(-self.rate * since)
            asset = self.carry * np.exp(log_spot - self.carry * since)
            total = total + np.sum(
                weight * (cash * ndtr(-minus) - asset * ndtr(-minus - deviation)), 1, keepdims=True)
            slope = slope + np.sum(weight * (
                (asset * density(minus + deviation) - cash * density(minus)) / deviation
                - asset * ndtr(-minus - deviation)), 1, keepdims=True)
        return total[:, 0], slope[:, 0]


rows = []
while len(rows) < 40:
    sigma, time = random.uniform(0.1, 0.6), random.uniform(0.05, 3)
    rate = random.uniform(0.002, 0.08)
    carry = rate * random.uniform(1.05, 4)
    log_spot = sigma * np.sqrt(time) * random.uniform(-1.5, 2)
    boundaries = [Boundary(sigma, rate, carry, time, order, panels)
                  for order, panels in ((16, 10), (20, 12))]
    if log_spot <= boundaries[1](boundaries[1].edges[-1:], 11)[0]:
        continue
    first, second = (
        b.value(np.array([log_spot]), b.edges[-1:], len(b.edges) - 2)[0][0] for b in boundaries)
    spot = 100 * np.exp(log_spot)
    row = [1, spot, 100, sigma, rate, carry, time, 100 * second,
           200 * abs(first - second) + 2e-13]
    # Newton's method may fail for a yield next to the rate.
    if row[8] <= 1e-10 * row[7]:
        rows.append([float(x) for x in row])

path = pathlib.Path(__file__).parent.parent / "Reference" / "american_panels.json"
path.write_text(json.dumps({
    "generator": "Tests/Generate/american_panels.py",
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    "prices": rows,
}).replace("], [", "],\n["))
