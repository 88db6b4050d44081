"""Reference values for the laws of one variable: mpmath 1.3.0 at 50 digits.

python3 Tests/Generate/univariate_laws.py writes Tests/Reference/univariate_laws.json.

Densities are the published formulas; tails, moments and tail means are integrals of the densities by
quadrature unless a law's tail is itself the published formula. Every parameter and point is rounded to
a double first.
"""

import json
import multiprocessing
import pathlib

import mpmath as mp

mp.mp.dps = 50
INF = mp.inf
# The logarithms of distances between which a side is integrated.
OUTWARD = [-80, -6, 0, 2, 4, 8, 30, 200, 900]


def number(value):
    return float(mp.nstr(value, 25))


def decay(x):
    """exp(−x), nothing where it could not matter: huge exponents are slow."""
    return mp.e**-x if x < 20000 else mp.mpf(0)


class Law:
    """A law with log-density and both tails; the rest follows by root finding and quadrature."""

    low, high = -INF, INF
    breaks = ()

    def pdf(self, x):
        raise NotImplementedError

    def tails(self, x):
        """P(X ≤ x) and P(X > x), each without cancellation."""
        raise NotImplementedError

    def point(self, p, upper=False):
        """The quantile of a probability of the lower (or upper) tail, by bisection and Newton."""
        p = mp.mpf(p)
        side = 1 if upper else 0
        f = lambda x: self.tails(x)[side] - p
        sign = -1 if upper else 1
        a, b = mp.mpf(-1), mp.mpf(1)
        if self.low > -INF:
            a = self.low
        if self.high < INF:
            b = self.high
        while self.low == -INF and sign * f(a) > 0:
            a = a * 4
        while self.high == INF and sign * f(b) < 0:
            b = (b if b > 0 else mp.mpf(1)) * 4
        for _ in range(400):
            m = (a + b) / 2
            if sign * f(m) > 0:
                b = m
            else:
                a = m
            if b - a < mp.mpf(10) ** -25 * max(1e-30, abs(m)):
                break
        x = (a + b) / 2
        for _ in range(3):
            d = self.pdf(x)
            if d <= 0:
                break
            step = sign * f(x) / d
            if not a <= x - step <= b:
                break
            x -= step
        return x

    def integral(self, f, a, b):
        """∫ f(x) pdf(x) dx, with the sides far out on a logarithmic scale."""
        with mp.workdps(30):
            return +self.pieces(f, a, b)

    def pieces(self, f, a, b):
        total = mp.mpf(0)
        inner = [x for x in self.breaks if a < x < b]
        cuts = [a, *inner, b] if inner else [a, b]
        for left, right in zip(cuts, cuts[1:]):
            total += self.piece(f, left, right)
        return total

    def piece(self, f, a, b):
        g = lambda x: f(x) * self.pdf(x)
        if b == INF:
            start = a if a > -INF else mp.mpf(0)
            s = mp.quad(lambda v: g(start + mp.e**v) * mp.e**v, OUTWARD)
            return s + (self.piece(f, a, start) if a == -INF else 0)
        if a == -INF:
            return mp.quad(lambda v: g(b - mp.e**v) * mp.e**v, OUTWARD)
        return mp.quad(g, mp.linspace(a, b, 5))


class AsymmetricLaplace(Law):
    breaks = (mp.mpf(0),)

    def __init__(self, kappa):
        self.k = mp.mpf(kappa)

    def pdf(self, z):
        return decay(self.k * z if z >= 0 else -z / self.k) / (self.k + 1 / self.k)

    def tails(self, z):
        k = self.k
        if z >= 0:
            u = mp.e ** (-k * z) / (1 + k * k)
            return 1 - u, u
        low = k * k / (1 + k * k) * mp.e ** (z / k)
        return low, 1 - low


class Laplace(AsymmetricLaplace):
    def __init__(self):
        super().__init__(1)


class Mixture(Law):
    """Of laws with a location, a scale and a weight each."""

    def __init__(self, parts):
        self.parts = [(law, *(mp.mpf(v) for v in numbers)) for law, *numbers in parts]
        self.breaks = tuple(sorted(part[1] for part in self.parts))

    def pdf(self, x):
        return sum(w * law.pdf((x - m) / s) / s for law, m, s, w in self.parts)

    def tails(self, x):
        tails = [law.tails((x - m) / s) for law, m, s, w in self.parts]
        return tuple(sum(part[3] * t[k] for part, t in zip(self.parts, tails)) for k in (0, 1))


class Normal(Law):
    def pdf(self, z):
        return decay(z * z / 2) / mp.sqrt(2 * mp.pi)

    def tails(self, z):
        return normal_tail(-z), normal_tail(z)


class Logistic(Law):
    breaks = (mp.mpf(0),)

    def __init__(self):
        pass

    def pdf(self, z):
        return decay(abs(z)) / (1 + decay(abs(z))) ** 2

    def tails(self, z):
        return 1 / (1 + mp.e**-z), 1 / (1 + mp.e**z)


def normal_tail(z):
    return mp.erfc(z / mp.sqrt(2)) / 2


class LogNormal(Law):
    low = mp.mpf(0)

    def __init__(self, mu, sigma):
        self.mu, self.sigma = mp.mpf(mu), mp.mpf(sigma)
        self.breaks = (mp.e**self.mu,)

    def pdf(self, x):
        if x <= 0:
            return mp.mpf(0)
        z = (mp.log(x) - self.mu) / self.sigma
        return mp.e ** (-z * z / 2) / (x * self.sigma * mp.sqrt(2 * mp.pi))

    def tails(self, x):
        if x <= 0:
            return mp.mpf(0), mp.mpf(1)
        z = (mp.log(x) - self.mu) / self.sigma
        return normal_tail(-z), normal_tail(z)

    def piece(self, f, a, b):
        # In the logarithm.
        g = lambda z: f(mp.e ** (self.mu + self.sigma * z)) * mp.e ** (-z * z / 2) / mp.sqrt(2 * mp.pi)
        lo = mp.mpf(-30) if a <= 0 else (mp.log(a) - self.mu) / self.sigma
        hi = mp.mpf(30) + 4 * self.sigma if b == INF else (mp.log(b) - self.mu) / self.sigma
        return mp.quad(g, mp.linspace(lo, hi, 13))


class GeneralizedPareto(Law):
    low = mp.mpf(0)

    def __init__(self, xi):
        self.xi = mp.mpf(xi)
        if self.xi < 0:
            self.high = -1 / self.xi

    def level(self, z):
        return mp.log1p(self.xi * z) / self.xi if self.xi != 0 else mp.mpf(z)

    def pdf(self, z):
        if z < 0 or z >= self.high:
            return mp.mpf(0)
        return decay((1 + self.xi) * self.level(z))

    def tails(self, z):
        if z <= 0:
            return mp.mpf(0), mp.mpf(1)
        if z >= self.high:
            return mp.mpf(1), mp.mpf(0)
        u = self.level(z)
        return -mp.expm1(-u), mp.e**-u

    def point(self, p, upper=False):
        y = -mp.log(p) if upper else -mp.log1p(-mp.mpf(p))
        return mp.expm1(self.xi * y) / self.xi if self.xi != 0 else y


class ExtremeValue(GeneralizedPareto):
    low = -INF

    def __init__(self, xi):
        self.xi = mp.mpf(xi)
        if self.xi < 0:
            self.high = -1 / self.xi
        if self.xi > 0:
            self.low = -1 / self.xi
        self.breaks = (mp.mpf(0),)

    def pdf(self, z):
        if z <= self.low or z >= self.high:
            return mp.mpf(0)
        u = self.level(z)
        return mp.e ** (-(1 + self.xi) * u - mp.e**-u)

    def tails(self, z):
        if z <= self.low:
            return mp.mpf(0), mp.mpf(1)
        if z >= self.high:
            return mp.mpf(1), mp.mpf(0)
        t = mp.e ** -self.level(z)
        return mp.e**-t, -mp.expm1(-t)

    def pieces(self, f, a, b):
        # In t = −ln P(X ≤ x), which has the law exp(−t), and there in ln t.
        end = lambda x: mp.mpf(0) if x >= self.high else INF if x <= self.low else mp.e ** -self.level(x)
        def x(t):
            return mp.expm1(-self.xi * mp.log(t)) / self.xi if self.xi != 0 else -mp.log(t)
        low, high = end(b), end(a)
        left = mp.log(low) if low > 0 else mp.mpf(-1000)
        right = mp.log(high) if high < 1000 else mp.log(1000)
        cuts = [left, *[c for c in (-300, -80, -25, -8, -2, 0, 1, 2, 3, 4, 5) if left < c < right], right]
        return mp.quad(lambda v: f(x(mp.e**v)) * mp.e ** (v - mp.e**v), cuts)

    def point(self, p, upper=False):
        t = -mp.log1p(-mp.mpf(p)) if upper else -mp.log(p)
        y = -mp.log(t)
        return mp.expm1(self.xi * y) / self.xi if self.xi != 0 else y


class GeneralizedError(Law):
    breaks = (mp.mpf(0),)

    def __init__(self, beta):
        self.b = mp.mpf(beta)

    def pdf(self, z):
        return self.b / (2 * mp.gamma(1 / self.b)) * decay(abs(z) ** self.b)

    def tails(self, z):
        # The incomplete gamma function from its own integral.
        a, x = 1 / self.b, abs(mp.mpf(z)) ** self.b
        if x > 20000:
            return (mp.mpf(0), mp.mpf(1)) if z < 0 else (mp.mpf(1), mp.mpf(0))
        with mp.workdps(80):
            u = mp.gammainc(a, x) / mp.gamma(a) / 2
        return (u, 1 - u) if z < 0 else (1 - u, u)


class FernandezSteel(Law):
    breaks = (mp.mpf(0),)

    def __init__(self, nu, gamma):
        self.nu, self.g = mp.mpf(nu), mp.mpf(gamma)
        self.c = mp.gamma((self.nu + 1) / 2) / (mp.gamma(self.nu / 2) * mp.sqrt(mp.pi * self.nu))

    def pdf(self, z):
        y = z / self.g if z >= 0 else z * self.g
        return 2 / (self.g + 1 / self.g) * self.c * (1 + y * y / self.nu) ** (-(self.nu + 1) / 2)

    def student_survival(self, t):
        nu = self.nu
        with mp.workdps(60):
            if t * t < nu / 4:
                return (1 - mp.betainc(mp.mpf(1) / 2, nu / 2, 0, t * t / (nu + t * t), regularized=True)) / 2
            return mp.betainc(nu / 2, mp.mpf(1) / 2, 0, nu / (nu + t * t), regularized=True) / 2

    def tails(self, z):
        g2 = self.g**2
        if z >= 0:
            u = 2 * g2 / (1 + g2) * self.student_survival(z / self.g)
            return 1 - u, u
        low = 2 / (1 + g2) * self.student_survival(-z * self.g)
        return low, 1 - low


def moments(law, exists):
    """Mean, variance, skewness and excess kurtosis as far as they exist, by quadrature."""
    row = []
    mean = variance = None
    if exists >= 1:
        mean = law.integral(lambda x: x, law.low, law.high)
        row.append(number(mean))
    if exists >= 2:
        variance = law.integral(lambda x: (x - mean) ** 2, law.low, law.high)
        row.append(number(variance))
    if exists >= 3:
        row.append(number(law.integral(lambda x: (x - mean) ** 3, law.low, law.high) / variance ** 1.5))
    if exists >= 4:
        row.append(number(law.integral(lambda x: (x - mean) ** 4, law.low, law.high) / variance**2 - 3))
    return row


def case(name, law, parameters, points, exists=4, probabilities=(1e-300, 1e-12, 1e-3, 0.05, 0.3, 0.5, 0.6, 0.9), heavy=True):
    print(name, parameters, flush=True)
    rows = []
    for x in points:
        x = mp.mpf(float(x))
        p, q = law.tails(x)
        rows.append([number(x), number(mp.log(law.pdf(x))), number(mp.log(p)), number(mp.log(q))])
    quantiles, means = [], []
    for p in probabilities:
        p = mp.mpf(p)
        lower, upper = law.point(p), law.point(p, True)
        # The slope tells how a probability's rounding moves the point.
        if max(abs(lower), abs(upper)) < mp.mpf(10) ** 300:
            quantiles.append([number(p), number(lower), number(upper)])
        if p >= 1e-12 and heavy:
            row = [number(p)]
            row.append(number(law.integral(lambda x: x, law.low, lower) / p))
            row.append(number(law.integral(lambda x: x, upper, law.high) / p) if exists >= 1 else 0)
            means.append(row)
    return {
        "law": name,
        "parameters": [float(x) for x in parameters],
        "points": rows,
        "quantiles": quantiles,
        "tailMeans": means if exists >= 1 else [],
        "moments": moments(law, exists) if heavy else [],
    }


def existing(xi):
    """The number of moments of a tail with index 1/ξ."""
    return 4 if xi <= 0 else min(4, int(mp.ceil(1 / mp.mpf(xi))) - 1)


def tail_points(law, levels=(1e-300, 1e-200, 1e-60, 1e-17, 1e-8, 1e-4)):
    """Points where either tail has a given probability."""
    xs = []
    for p in levels:
        for upper in (False, True):
            x = float(law.point(mp.mpf(p), upper))
            if abs(x) < 1e300 and law.low < x < law.high:
                a, b = law.tails(mp.mpf(x))
                if a > 0 and b > 0 and law.pdf(mp.mpf(x)) > 0:
                    xs.append(x)
    return xs


def main():
    tasks = []
    center = [-3, -1.2, -0.4, -0.01, 0, 1e-9, 0.2, 0.7, 1.5, 4]
    tasks.append(("laplace", Laplace(), [], center + tail_points(Laplace())))
    for parts in ([(Normal(), 0, 1, 0.75), (Normal(), -1, 4, 0.25)], [(Normal(), 0.5, 0.01, 0.5), (Normal(), 0, 1, 0.25), (Normal(), 3, 2, 0.25)]):
        law = Mixture(parts)
        numbers = [v for part in parts for v in part[1:]]
        tasks.append(("normalMixture", law, numbers, center + tail_points(law), 4, (1e-12, 1e-3, 0.05, 0.3, 0.5, 0.6, 0.9)))
    parts = [(FernandezSteel(5, 1), 0, 1, 0.5), (FernandezSteel(7, 1), 1, 5, 0.5)]
    law = Mixture(parts)
    numbers = [v for part in parts for v in (float(part[0].nu), *part[1:])]
    tasks.append(("studentMixture", law, numbers, center + tail_points(law), 4, (1e-12, 1e-3, 0.05, 0.3, 0.5, 0.6, 0.9)))
    for k in [0.01, 0.5, 1, 1.3, 20]:
        law = AsymmetricLaplace(k)
        tasks.append(("asymmetricLaplace", law, [k], center + tail_points(law)))
    law = Logistic()
    tasks.append(("logistic", law, [], center + tail_points(law)))
    for mu, s in [(0, 1), (-2, 0.1), (1.5, 3), (0, 1e-3)]:
        law = LogNormal(mu, s)
        xs = [float(mp.e ** (mu + s * z)) for z in (-5, -1, -0.1, 0, 0.3, 2, 6)]
        tasks.append(("logNormal", law, [mu, s], xs + tail_points(law, (1e-300, 1e-100, 1e-8))))
    for xi in [-0.9, -0.3, -1e-3, -1e-12, 0, 1e-300, 1e-9, 1e-4, 0.05, 0.2, 0.45, 0.9, 3]:
        law = GeneralizedPareto(xi)
        xs = [x for x in (1e-300, 1e-20, 1e-6, 0.01, 0.3, 0.9, 1, 1.05, 2.5, 3.2, 9, 40) if x < law.high]
        # Of a law with an end, doubles next to it have upper tails down to their spacing there.
        xs += [x for x in tail_points(law) if xi > -1e-2]
        if xi <= -1e-2:
            end = float(law.high)
            xs += [x for x in (end * (1 - 1e-15), end * (1 - 1e-9)) if mp.mpf(x) < law.high]
        tasks.append(("generalizedPareto", law, [xi], xs, existing(xi)))
    for xi in [-0.9, -0.3, -0.05, -1e-3, -1e-12, 0, 1e-20, 1e-9, 1e-4, 0.05, 0.07, 0.2, 0.45, 0.9]:
        law = ExtremeValue(xi)
        xs = [x for x in (-4, -1.5, -0.9, -0.2, -1e-8, 0, 1e-9, 0.3, 0.9, 1.05, 2.5, 9, 40) if law.low < x < law.high]
        # Where the end of a law lets doubles be so near.
        xs += [x for x in tail_points(law) if abs(xi) < 1e-2 or x * xi > 0 or abs(x - float(-1 / law.xi)) > 1e-9]
        if xi <= -1e-2:
            end = float(law.high)
            xs += [x for x in (end * (1 - 1e-15), end * (1 - 1e-9)) if mp.mpf(x) < law.high]
        xs = [x for x in xs if mp.log(law.tails(mp.mpf(x))[0]) > -1e15]
        tasks.append(("generalizedExtremeValue", law, [xi], xs, existing(xi)))
    for beta in [0.05, 0.3, 0.8, 1, 1.5, 2, 5, 60]:
        law = GeneralizedError(beta)
        heavy = 0.3 <= beta <= 5
        levels = (1e-300, 1e-200, 1e-60, 1e-17, 1e-8, 1e-4)
        xs = [-0.9, -0.2, 0, 1e-9, 0.1, 0.6, 0.97] + tail_points(law, levels)
        if beta <= 5:
            xs += [-3, 1.4, 5]
        probabilities = (1e-12, 1e-3, 0.05, 0.3, 0.5, 0.6, 0.9)
        tasks.append(("generalizedError", law, [beta], xs, 4, probabilities, heavy))
    for nu in [0.5, 1.5, 2.5, 3.5, 4.5, 30]:
        for g in [0.3, 1, 1.25] if nu != 30 else [0.01, 0.3, 1, 1.25, 40]:
            law = FernandezSteel(nu, g)
            levels = (1e-300, 1e-60, 1e-8, 1e-4)
            exists = min(4, int(mp.ceil(nu)) - 1)
            probabilities = (1e-12, 1e-3, 0.05, 0.3, 0.5, 0.6, 0.9)
            heavy = nu > 1
            tasks.append(("fernandezSteelSkewedT", law, [nu, g], center + tail_points(law, levels), exists, probabilities, heavy))
    with multiprocessing.Pool() as pool:
        cases = pool.starmap(case, tasks, chunksize=1)
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/univariate_laws.py",
        "versions": {"mpmath": mp.__version__},
        "digits": 50,
        "columns": {
            "points": ["x", "logPDF", "logCDF", "logSurvival"],
            "quantiles": ["probability", "quantile", "survivalQuantile"],
            "tailMeans": ["probability", "meanBelow", "meanAbove"],
            "moments": ["mean", "variance", "skewness", "excessKurtosis"],
        },
        "cases": cases,
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "univariate_laws.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


main()
