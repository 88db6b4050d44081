"""Reference values for the skewed t of Azzalini and Capitanio: mpmath 1.3.0 at 50 digits.

python3 Tests/Generate/azzalini.py writes Tests/Reference/azzalini.json.

Densities by the published formula, tails by the double exponential rule, halved until it stays.
"""

import json
import math
import multiprocessing
import pathlib

import mpmath as mp

mp.mp.dps = 60


class Law:
    def __init__(self, nu, alpha):
        self.n, self.a = mp.mpf(nu), mp.mpf(alpha)
        n = self.n
        self.c = mp.gamma((n + 1) / 2) / (mp.gamma(n / 2) * mp.sqrt(mp.pi * n))

    def student_cdf(self, t, n):
        """T(t; n) without cancellation."""
        low = mp.betainc(n / 2, mp.mpf(1) / 2, 0, n / (n + t * t), regularized=True) / 2
        return low if t < 0 else 1 - low

    def pdf(self, z):
        n = self.n
        w = self.a * z * mp.sqrt((n + 1) / (n + z * z))
        return 2 * self.c * (1 + z * z / n) ** (-(n + 1) / 2) * self.student_cdf(w, n + 1)

    def outward(self, z, sign):
        """∫ f and ∫ x f from z outwards."""
        z = mp.mpf(z)
        w, f0 = max(mp.mpf(1), abs(z)), self.pdf(z)
        while self.pdf(z + sign * w) < f0 / 4:
            w /= 2
        sums, step, before = [mp.mpf(0), mp.mpf(0)], mp.mpf(1) / 8, None
        for level in range(8):
            for direction in (1, -1):
                k = (1 if direction < 0 else 0) if level == 0 else 1
                while True:
                    t = direction * k * step
                    u = w * mp.e ** (mp.pi / 2 * mp.sinh(t))
                    x = z + sign * u
                    term = self.pdf(x) * mp.pi / 2 * mp.cosh(t) * u
                    sums[0] += term
                    sums[1] += term * x
                    small = mp.mpf(10) ** -54
                    if abs(t) > 1 and term < small * sums[0] and abs(term * x) < small * abs(sums[1]):
                        break
                    k += 1 if level == 0 else 2
            now = [v * step for v in sums]
            if before and abs(now[0] - before[0]) < mp.mpf(10) ** -26 * now[0]:
                return now
            before = now
            step /= 2
        raise ArithmeticError(z)


def number(value):
    return float(mp.nstr(value, 25))


def rows(nu, alpha):
    law = Law(nu, alpha)
    middle = mp.mpf(2) / 3 * law.a / mp.sqrt(1 + law.a**2)
    whole = [u + v for u, v in zip(law.outward(middle, 1), law.outward(middle, -1))]
    assert abs(whole[0] - 1) < mp.mpf(10) ** -45, whole
    # The ends are where the tails are 1e-300 or less.
    far = 10.0 ** math.ceil(300 / nu + 1) if nu < 300 else 130.0
    result = []
    for x in [-far, -30, -4, -1, -0.1, 0, 0.3, 1.5, 6, 25, far] + ([-1e40, 1e40] if nu < 5 else [-12, 12]):
        print(nu, alpha, x, flush=True)
        one = law.outward(x, 1 if x > middle else -1)
        other = [u - v for u, v in zip(whole, one)]
        lower, upper = (other, one) if x > middle else (one, other)
        p, q = lower[0], upper[0]
        row = [nu, alpha, x, number(mp.log(law.pdf(mp.mpf(x)))), number(mp.log(p)), number(mp.log(q))]
        result.append(row + [number(lower[1] / lower[0]), number(upper[1] / upper[0])])
    return result


def main():
    with multiprocessing.Pool() as pool:
        laws = [(1.5, -1), (2.5, 4), (4, 0), (5, -0.7), (12, 30), (60, 2), (400, -3)]
        points = sum(pool.starmap(rows, laws, chunksize=1), [])
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/azzalini.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "columns": {"points": ["degreesOfFreedom", "slant", "x", "logPDF", "logCDF", "logSurvival", "meanBelow", "meanAbove"]},
        "points": points,
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "azzalini.json").write_text(out.replace("],[", "],\n[") + "\n")


if __name__ == "__main__":
    main()
