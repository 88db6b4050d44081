"""Reference values for Hansen's skewed t: mpmath 1.3.0 at 50 digits.

python3 Tests/Generate/hansen.py writes Tests/Reference/hansen.json.
"""

import json
import pathlib

import mpmath as mp

mp.mp.dps = 50


class Law:
    def __init__(self, nu, lam):
        nu, lam = mp.mpf(nu), mp.mpf(lam)
        self.nu, self.lam = nu, lam
        self.c = mp.gamma((nu + 1) / 2) / (mp.gamma(nu / 2) * mp.sqrt(mp.pi * (nu - 2)))
        self.a = 4 * lam * self.c * (nu - 2) / (nu - 1)
        self.b = mp.sqrt(1 + 3 * lam**2 - self.a**2)

    def pdf(self, z):
        y = self.b * z + self.a
        y /= 1 - self.lam if y < 0 else 1 + self.lam
        return self.b * self.c * (1 + y * y / (self.nu - 2)) ** (-(self.nu + 1) / 2)

    def student_survival(self, t):
        """P(T > t), t ≥ 0."""
        return mp.betainc(self.nu / 2, mp.mpf(1) / 2, 0, self.nu / (self.nu + t * t), regularized=True) / 2

    def tails(self, z):
        """P(Z ≤ z) and P(Z > z)."""
        y = self.b * z + self.a
        s = mp.sqrt((self.nu - 2) / self.nu)
        if y < 0:
            p = (1 - self.lam) * self.student_survival(-y / ((1 - self.lam) * s))
            return p, 1 - p
        q = (1 + self.lam) * self.student_survival(y / ((1 + self.lam) * s))
        return 1 - q, q

    def far(self, sign):
        """How far out a tail is 1e-300, to three digits."""
        low, high = mp.mpf(0), mp.mpf(800)
        for _ in range(30):
            middle = (low + high) / 2
            if self.tails(sign * mp.exp(middle))[(sign + 1) // 2] > mp.mpf(10) ** -300:
                low = middle
            else:
                high = middle
        return mp.mpf(mp.nstr(mp.exp(low), 4))

    def quantile(self, p):
        p = mp.mpf(p)
        low, high = mp.mpf(-1), mp.mpf(1)
        while self.tails(low)[0] > p:
            low *= 4
        while self.tails(high)[0] < p:
            high *= 4
        for _ in range(60):
            middle = (low + high) / 2
            if self.tails(middle)[0] > p:
                high = middle
            else:
                low = middle
        z = (low + high) / 2
        for _ in range(4):
            z -= (self.tails(z)[0] - p) / self.pdf(z)
        return z

    def integral(self, power, low, high):
        """By quadrature, independent of every closed form but the density's."""
        if low == -mp.inf:
            # z = −exp(v): the tail of ν near 2 falls too slowly for the rule in z.
            points = [mp.log(-x) for x in (-self.a / self.b,) if x < high] + [mp.mpf(0), mp.mpf(10)]
            return mp.quad(
                lambda v: (-mp.e**v) ** power * self.pdf(-mp.e**v) * mp.e**v,
                sorted({*points, mp.mpf(-200), mp.mpf(100), mp.mpf(1000), mp.mpf(3000)}),
            )
        breaks = sorted({low, high} | {x for x in (-self.a / self.b, mp.mpf(0)) if low < x < high})
        return mp.quad(lambda z: z**power * self.pdf(z), breaks)


def number(value):
    return float(mp.nstr(value, 25))


def main():
    points, quantiles, shortfalls, halves = [], [], [], []
    for nu in [2.1, 3, 4.5, 8, 30, 300, 5000]:
        for lam in [-0.9, -0.3, -0.05, 0, 0.2, 0.7]:
            law = Law(nu, lam)
            at_break = float(-law.a / law.b)
            ends = [float(-law.far(-1)), float(law.far(1))]
            for z in ends + [-1e100, -1e8, -40, -9, -3, -1.2, at_break, -0.1, 0, 0.1, 0.8, 2, 5, 20, 1e4, 1e60]:
                z = mp.mpf(z)
                p, q = law.tails(z)
                points.append([nu, lam, float(z), number(mp.log(law.pdf(z))), number(mp.log(p)), number(mp.log(q))])
            if nu in (2.1, 4.5, 30, 5000):
                for p in [1e-300, 1e-60, 1e-12, 1e-5, 0.01, 0.3, 0.5, 0.6, 0.9, 0.999]:
                    quantiles.append([nu, lam, p, number(law.quantile(p))])
                    if nu < 100 and p > 1e-11:
                        confidence = mp.mpf(p)
                        z = law.quantile(1 - confidence)
                        # Quadrature above the quantile, as the mean is zero, and beyond by the tail.
                        mean = law.integral(1, z, mp.inf)
                        shortfalls.append([nu, lam, p, number(mean / (1 - confidence))])
            if nu < 100:
                halves.append([nu, lam, number(law.integral(2, mp.mpf("-inf"), mp.mpf(0)))])
    root = pathlib.Path(__file__).resolve().parent.parent
    text = json.dumps(
        {
            "generator": "Tests/Generate/hansen.py",
            "versions": {"mpmath": mp.__version__},
            "digits": 50,
            "columns": {
                "points": ["degreesOfFreedom", "asymmetry", "x", "logPDF", "logCDF", "logSurvival"],
                "quantiles": ["degreesOfFreedom", "asymmetry", "probability", "x"],
                "shortfalls": ["degreesOfFreedom", "asymmetry", "confidence", "shortfall"],
                "variancesBelowZero": ["degreesOfFreedom", "asymmetry", "E[Z²; Z < 0]"],
            },
            "points": points,
            "quantiles": quantiles,
            "shortfalls": shortfalls,
            "variancesBelowZero": halves,
        },
        separators=(",", ":"),
    )
    (root / "Reference" / "hansen.json").write_text(text.replace("],[", "],\n[") + "\n")


main()
