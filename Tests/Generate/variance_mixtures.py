"""Reference values for normal mean-variance mixtures: mpmath 1.3.0.

Skewed t laws of one variable: the density by formula, tails and their means by quadrature of it, moments of the mixing
number. Laws of many variables: densities as integrals over the mixing number, not by their Bessel functions.

python3 Tests/Generate/variance_mixtures.py writes Tests/Reference/variance_mixtures.json.
"""

import json
import multiprocessing
import pathlib

import mpmath as mp

mp.mp.dps = 50


class SkewedT:
    def __init__(self, drift, scale, degrees):
        self.g, self.s, self.v = mp.mpf(drift), mp.mpf(scale), mp.mpf(degrees)
        self.beta = self.g / self.s**2
        self.delta2 = self.v * self.s**2

    def pdf(self, x):
        x = mp.mpf(x)
        q = mp.sqrt(self.delta2 + x * x)
        p = (self.v + 1) / 2
        if self.beta == 0:
            c = mp.gamma(p) / mp.gamma(self.v / 2) / mp.sqrt(mp.pi * self.delta2)
            return c * (1 + x * x / self.delta2) ** -p
        b = abs(self.beta)
        c = 2 * (self.delta2 / 2) ** (self.v / 2) / (mp.sqrt(2 * mp.pi) * mp.gamma(self.v / 2))
        # βx − |β|q without cancellation.
        exponent = -b * self.delta2 / (q + abs(x)) if self.beta * x > 0 else self.beta * x - b * q
        return c * (b / q) ** p * scaled_bessel(p, b * q) * mp.exp(exponent)

    def outward(self, x, sign):
        """∫ xᵏ f(x) dx for k = 0, 1 from x outwards: double exponential, halved until it stays."""
        x = mp.mpf(x)
        w = max(self.s, abs(x) / 2)
        f0 = self.pdf(x)
        while self.pdf(x + sign * w) < f0 / 10 and w > self.s * mp.mpf(10) ** -9:
            w /= 2
        sums, step, before = [mp.mpf(0)] * 2, mp.mpf(1) / 8, None
        for level in range(9):
            for direction in (1, -1):
                k = (1 if direction < 0 else 0) if level == 0 else 1
                while True:
                    t = direction * k * step
                    u = w * mp.exp(mp.pi / 2 * mp.sinh(t))
                    y = x + sign * u
                    term = self.pdf(y) * mp.pi / 2 * mp.cosh(t) * u
                    sums[0] += term
                    sums[1] += term * y
                    if abs(t) > 1 and abs(term * y) < mp.mpf(10) ** -53 * abs(sums[1]) and term < mp.mpf(10) ** -53 * sums[0]:
                        break
                    k += 1 if level == 0 else 2
            now = [v * step for v in sums]
            if before and abs(now[0] - before[0]) < mp.mpf(10) ** -26 * now[0] and abs(now[1] - before[1]) < mp.mpf(10) ** -26 * abs(now[1]):
                return now
            before = now
            step /= 2
        raise ArithmeticError((x, now, before))

    def mode(self):
        with mp.workdps(15):
            return mp.findroot(lambda z: mp.diff(lambda y: mp.log(self.pdf(y)), z), self.g * self.v / (self.v + 4)) if self.beta else mp.mpf(0)

    def moments(self):
        a = self.v / 2
        raw = [mp.mpf(1)]
        for k in range(1, 5):
            raw.append(raw[-1] * a / (a - k) if a > k else mp.inf)
        g, s = self.g, self.s
        m1 = g * raw[1]
        result = [m1]
        if a > 2:
            m2 = g**2 * raw[2] + s**2 * raw[1]
            result.append(m2 - m1**2)
        if a > 3:
            m3 = g**3 * raw[3] + 3 * g * s**2 * raw[2]
            result.append((m3 - 3 * m1 * m2 + 2 * m1**3) / result[1] ** 1.5)
        if a > 4:
            m4 = g**4 * raw[4] + 6 * g**2 * s**2 * raw[3] + 3 * s**4 * raw[2]
            result.append((m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4) / result[1] ** 2 - 3)
        return [number(v) for v in result]


def scaled_bessel(order, x):
    """K(order, x) exp(x): a finite sum for halves of odd numbers, else the trapezoidal rule for DLMF 10.32.9."""
    n = order - mp.mpf(1) / 2
    if n == int(n):
        term = total = mp.mpf(1)
        for k in range(int(n)):
            term *= (n + k + 1) * (n - k) / ((k + 1) * 2 * x)
            total += term
        return mp.sqrt(mp.pi / (2 * x)) * total
    r = mp.sqrt(x * x + order * order)
    h = mp.mpf("0.075") if r < 4 else mp.mpf("0.15") / mp.sqrt(r)
    peak = mp.asinh(order / x)
    top = order * peak - 2 * x * mp.sinh(peak / 2) ** 2
    total = mp.mpf(1)
    for sign in (1, -1):
        t = peak + sign * h
        while True:
            y = mp.exp(order * t - 2 * x * mp.sinh(t / 2) ** 2 - top)
            total += y
            if y < mp.mpf(10) ** -57:
                break
            t += sign * h
    return total * h / 2 * mp.exp(top)


def number(value):
    return float(mp.nstr(value, 25))


def far(law, sign, log_target):
    low, high = mp.mpf(0), law.s
    with mp.workdps(20):
        while mp.log(law.pdf(sign * high)) > log_target:
            low, high = high, high * 2
        for _ in range(20):
            m = (low + high) / 2
            if mp.log(law.pdf(sign * m)) > log_target:
                low = m
            else:
                high = m
    return float(sign * high)


def univariate(drift, scale, degrees):
    law = SkewedT(drift, scale, degrees)
    print("skewed t", drift, scale, degrees, flush=True)
    with mp.workdps(60):
        for order, x in ((2.3, 3), (3, 0.01), (30, 2), (2.5, 7)):
            assert abs(scaled_bessel(mp.mpf(order), mp.mpf(x)) / mp.besselk(mp.mpf(order), mp.mpf(x)) / mp.exp(x) - 1) < mp.mpf(10) ** -48
        mode = law.mode()
        above, below = law.outward(mode, 1), law.outward(mode, -1)
        raw = [u + v for u, v in zip(above, below)]
        assert abs(raw[0] - 1) < mp.mpf(10) ** -45, raw[0]
        points = []
        xs = [m * scale for m in (-3, -0.7, 0, 0.2, 1.5, 6)] + [far(law, s, t) for s in (-1, 1) for t in (-40, -692)]
        # The heavy tail falls by half its degrees of freedom, the density by one more.
        xs += [far(law, s, -692 * (1 + 2 / degrees)) for s in (-1, 1) if s * drift > 0]
        for x in xs:
            upward = x >= mode
            one = law.outward(x, 1 if upward else -1)
            other = [u - v for u, v in zip([mp.mpf(1), raw[1]], one)]
            upper, lower = (one, other) if upward else (other, one)
            row = [x, number(mp.log(law.pdf(x))), number(mp.log(lower[0])), number(mp.log(upper[0])), number(lower[1] / lower[0]), number(upper[1] / upper[0])]
            assert all(abs(v) < 1e308 for v in row), (x, row)
            points.append(row)
    return {"parameters": [drift, scale, degrees], "points": points, "moments": law.moments()}


def multivariate(kind, shape, location, drift, dispersion, points):
    """ln ∫ N(x; μ + γw, wΣ) h(w) dw by the trapezoidal rule over ln w, halved until it stays."""
    print(kind, shape, flush=True)
    d = len(location)
    sigma = mp.matrix(dispersion)
    inverse, det = sigma**-1, mp.det(sigma)
    g = mp.matrix(drift)
    if kind == "generalizedHyperbolic":
        lam, omega = map(mp.mpf, shape)
        c = mp.besselk(lam, omega) / mp.besselk(lam + 1, omega)

        def log_mixing(w):
            v = w / c
            return (lam - 1) * mp.log(v) - omega / 2 * (v + 1 / v) - mp.log(2 * mp.besselk(lam, omega)) - mp.log(c)
    else:
        half = mp.mpf(shape[0]) / 2

        def log_mixing(w):
            return half * mp.log(half) - mp.loggamma(half) - (half + 1) * mp.log(w) - half / w

    rows = []
    for x in points:
        y = mp.matrix([mp.mpf(a) - mp.mpf(b) for a, b in zip(x, location)])
        q, h, gg = (y.T * inverse * y)[0], (y.T * inverse * g)[0], (g.T * inverse * g)[0]

        def f(s):
            w = mp.exp(s)
            return log_mixing(w) + s - (d * mp.log(2 * mp.pi * w) + mp.log(det) + q / w - 2 * h + w * gg) / 2

        with mp.workdps(15):
            grid = [mp.mpf(k) / 4 for k in range(-80, 200)]
            start = max(grid, key=f)
        top = f(start)
        step, total, before = mp.mpf(1) / 4, mp.mpf(0), None
        for level in range(12):
            for direction in (1, -1):
                k = (1 if direction < 0 else 0) if level == 0 else 1
                while True:
                    term = mp.exp(f(start + direction * k * step) - top)
                    total += term
                    if term < mp.mpf(10) ** -45 and k * step > 1:
                        break
                    k += 1 if level == 0 else 2
            now = total * step
            if before and abs(now / before - 1) < mp.mpf(10) ** -25:
                break
            before = now
            step /= 2
        else:
            raise ArithmeticError(x)
        rows.append(number(top + mp.log(now)))
    if kind == "generalizedHyperbolic":
        variance = mp.besselk(lam + 2, omega) / mp.besselk(lam, omega) * c**2 - 1
        mean = mp.mpf(1)
    else:
        v = 2 * half
        mean = v / (v - 2)
        variance = 2 * v**2 / ((v - 2) ** 2 * (v - 4)) if v > 4 else mp.mpf(0)
    return {
        "kind": kind, "shape": shape, "location": location, "drift": drift, "dispersion": dispersion, "points": points, "logPDF": rows,
        "mixingMean": number(mean), "mixingVariance": number(variance),
    }


def main():
    with multiprocessing.Pool() as pool:
        skewed = pool.starmap(univariate, [(0.0, 1.0, 4.0), (0.5, 1.0, 6.0), (-0.02, 0.015, 4.0), (3.0, 1.0, 10.0), (-1e-6, 1.0, 6.0), (0.3, 2.0, 60.0), (2.0, 0.1, 4.0), (-0.4, 1.0, 2.5), (-0.1, 1.0, 500.0)], chunksize=1)
    two = [[1.0, 0.4], [0.4, 0.5]]
    three = [[4e-4, 1e-4, -5e-5], [1e-4, 9e-4, 2e-4], [-5e-5, 2e-4, 2e-4]]
    points2 = [[0.0, 0.0], [1.0, -1.0], [-3.0, -2.0], [5.0, 4.0], [-60.0, 10.0], [1e4, 1e4]]
    points3 = [[0.0, 0.0, 0.0], [0.01, -0.02, 0.005], [-0.1, -0.15, -0.02], [0.3, 0.1, 0.2], [-5.0, 2.0, 1.0]]
    drift3 = [-0.004, -0.008, 0.001]
    many = []
    for shape in [[-0.5, 1.0], [1.0, 0.2], [-2.0, 0.01], [3.0, 20.0], [0.0, 300.0], [1.5, 0.001]]:
        many.append(multivariate("generalizedHyperbolic", shape, [0.1, -0.1], [-0.4, 0.2], two, points2))
        many.append(multivariate("generalizedHyperbolic", shape, [0.001, 0.002, 0.0], drift3, three, points3))
    many.append(multivariate("generalizedHyperbolic", [-0.5, 1.0], [0.0, 0.0], [0.0, 0.0], two, points2))
    for shape in [[2.5], [4.5], [9.0], [120.0]]:
        many.append(multivariate("skewedT", shape, [0.1, -0.1], [-0.4, 0.2], two, points2))
        many.append(multivariate("skewedT", shape, [0.001, 0.002, 0.0], drift3, three, points3))
    many.append(multivariate("skewedT", [5.0], [0.0, 0.0], [0.0, 0.0], two, points2))
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/variance_mixtures.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "columns": {
            "parameters": ["drift", "scale", "degreesOfFreedom"],
            "points": ["x", "logPDF", "logCDF", "logSurvival", "meanBelow", "meanAbove"],
            "moments": ["mean", "variance", "skewness", "excessKurtosis"],
        },
        "skewedTs": skewed,
        "multivariate": many,
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "variance_mixtures.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


main()
