"""Reference values for hyperbolic laws: mpmath 1.3.0 at 50 digits, densities by formula, the rest by quadrature.

python3 Tests/Generate/hyperbolic_laws.py writes Tests/Reference/hyperbolic_laws.json.
"""

import json
import multiprocessing
import pathlib

import mpmath as mp

mp.mp.dps = 60


class Hyperbolic:
    """Generalized hyperbolic; δ = 0 is variance gamma."""

    def __init__(self, lam, alpha, beta, delta):
        self.l, self.a, self.b, self.d = (mp.mpf(v) for v in (lam, alpha, beta, delta))
        self.g = mp.sqrt((self.a - self.b) * (self.a + self.b))
        l, a, g, d = self.l, self.a, self.g, self.d
        if d > 0:
            self.c = (g / d) ** l / (mp.sqrt(2 * mp.pi) * mp.besselk(l, d * g))
        else:
            self.c = g ** (2 * l) / (mp.sqrt(mp.pi) * mp.gamma(l) * (2 * a) ** (l - mp.mpf(1) / 2) * a ** (mp.mpf(1) / 2 - l))

    def pdf(self, z):
        z = mp.mpf(z)
        h = self.l - mp.mpf(1) / 2
        if z == 0 and self.d == 0:
            return self.c * mp.gamma(h) / 2 * (2 / self.a**2) ** h if h > 0 else mp.inf
        q = mp.sqrt(self.d**2 + z * z)
        return self.c * bessel(h, self.a * q) * (q / self.a) ** h * mp.e ** (self.b * z)

    def mode(self):
        if self.d == 0:
            return mp.mpf(0)
        with mp.workdps(15):
            low, high = sorted([mp.mpf(0), 4 * self.b * (self.d / self.g + (abs(self.l) + 1) / self.g**2)])
            for _ in range(40):
                x, y = low + (high - low) * 0.382, low + (high - low) * 0.618
                if self.pdf(x) > self.pdf(y):
                    high = y
                else:
                    low = x
        return low

    def outward(self, z, sign):
        """∫ xᵏ f(x) dx for k = 0 … 4 from z outwards: double exponential, halved until it stays."""
        z = mp.mpf(z)
        w = 1 / (self.a - sign * self.b)
        f0 = self.pdf(z if z != 0 or self.d > 0 else sign * w / 1000)
        while self.pdf(z + sign * w) < f0 / 4:
            w /= 2
        sums, step, before = [mp.mpf(0)] * 5, mp.mpf(1) / 8, None
        for level in range(8):
            for direction in (1, -1):
                k = (1 if direction < 0 else 0) if level == 0 else 1
                while True:
                    t = direction * k * step
                    u = w * mp.e ** (mp.pi / 2 * mp.sinh(t))
                    x = z + sign * u
                    term = self.pdf(x) * mp.pi / 2 * mp.cosh(t) * u
                    for power in range(5):
                        sums[power] += term * x**power
                    if abs(t) > 1 and term < mp.mpf(10) ** -54 * abs(sums[0]):
                        break
                    k += 1 if level == 0 else 2
            now = [v * step for v in sums]
            if before and abs(now[0] - before[0]) < mp.mpf(10) ** -26 * now[0]:
                return now
            before = now
            step /= 2
        raise ArithmeticError((z, now, before))


def bessel(order, x):
    """K by the trapezoidal rule for DLMF 10.32.9, which converges geometrically."""
    order = abs(order)
    if order == mp.mpf(1) / 2:
        return mp.sqrt(mp.pi / (2 * x)) * mp.e**-x
    r = mp.sqrt(x * x + order * order)
    h = mp.mpf("0.07") if r < 4 else mp.mpf("0.14") / mp.sqrt(r)
    peak = mp.asinh(order / x)
    top = order * peak - x * mp.cosh(peak)
    total = mp.mpf(1)
    for sign in (1, -1):
        t = peak + sign * h
        while True:
            y = mp.exp(order * t - x * mp.cosh(t) - top)
            total += y
            if y < mp.mpf(10) ** -57:
                break
            t += sign * h
    return total * h / 2 * mp.exp(top)


def number(value):
    return float(mp.nstr(value, 25))


def far(law, sign, log_target):
    """A point where the density's logarithm has about this value."""
    low, high = mp.mpf(0), mp.mpf(1)
    with mp.workdps(20):
        while mp.log(law.pdf(sign * high)) > log_target:
            high *= 2
        for _ in range(30):
            m = (low + high) / 2
            if mp.log(law.pdf(sign * m)) > log_target:
                low = m
            else:
                high = m
    return float(sign * mp.nint(high * 1024) / 1024) if high > 1 else float(sign * high)


def case(name, lam, alpha, beta, delta, middle):
    print(name, lam, alpha, beta, delta, flush=True)
    law = Hyperbolic(lam, alpha, beta, delta)
    for x in (mp.mpf("0.3"), mp.mpf(3)):
        h = law.l - mp.mpf(1) / 2
        assert abs(bessel(h, x) / mp.besselk(h, x) - 1) < mp.mpf(10) ** -48, h
    mode = law.mode()
    above, below = law.outward(mode, 1), law.outward(mode, -1)
    raw = [u + v for u, v in zip(above, below)]
    assert abs(raw[0] - 1) < mp.mpf(10) ** -45, raw[0]
    points = []
    xs = list(middle) + [far(law, s, t) for s in (-1, 1) for t in (-30, -230, -692)]
    for x in xs:
        upward = x >= mode
        one = law.outward(x, 1 if upward else -1)
        other = [u - v for u, v in zip(raw, one)]
        upper, lower = (one, other) if upward else (other, one)
        density = law.pdf(x)
        row = [
            x,
            number(mp.log(density)) if density < mp.inf else 1e300,
            number(mp.log(lower[0])),
            number(mp.log(upper[0])),
            number(lower[1] / lower[0]),
            number(upper[1] / upper[0]),
        ]
        assert all(abs(v) < 1e308 for v in row), (x, row)
        points.append(row)
    mean = raw[1]
    variance = raw[2] - mean**2
    third = raw[3] - 3 * mean * raw[2] + 2 * mean**3
    fourth = raw[4] - 4 * mean * raw[3] + 6 * mean**2 * raw[2] - 3 * mean**4
    moments = [number(mean), number(variance), number(third / variance**1.5), number(fourth / variance**2 - 3)]
    return {"law": name, "parameters": [float(v) for v in (lam, alpha, beta, delta)], "points": points, "moments": moments}


def main():
    tasks = []
    middle = [-2, -0.3, 0, 0.1, 0.8, 3]
    for alpha, beta, delta in [(1, 0, 1), (2, -1.5, 0.5), (50, 10, 0.01), (0.1, 0.05, 0.1), (20, 5, 20), (3, 2.99, 1), (1, -0.3, 1e-3)]:
        s = delta if delta < 1 else 1
        tasks.append(("normalInverseGaussian", -0.5, alpha, beta, delta, [m * s for m in middle]))
    for lam, alpha, beta, delta in [(1, 1, 0.2, 1), (-2, 1.5, -1, 2), (0.3, 2, 0.5, 0.05), (5, 3, 1, 1), (0, 1, 0, 1), (-0.7, 0.01, 0.003, 1), (2.5, 10, -9, 4)]:
        tasks.append(("generalizedHyperbolic", lam, alpha, beta, delta, middle))
    for lam, alpha, beta in [(1, 1, 0), (0.3, 1, 0.4), (0.5, 2, -1), (2.5, 3, 1), (20, 6, -3), (0.06, 1, 0.1)]:
        xs = middle if lam > 0.5 else [m for m in middle if m != 0] + [1e-9]
        tasks.append(("varianceGamma", lam, alpha, beta, 0, xs))
    with multiprocessing.Pool() as pool:
        cases = pool.starmap(case, tasks, chunksize=1)
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/hyperbolic_laws.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "columns": {
            "parameters": ["order", "steepness", "asymmetry", "scale"],
            "points": ["x", "logPDF", "logCDF", "logSurvival", "meanBelow", "meanAbove"],
            "moments": ["mean", "variance", "skewness", "excessKurtosis"],
        },
        "cases": cases,
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "hyperbolic_laws.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
