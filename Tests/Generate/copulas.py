"""Reference values of copulas of two ranks.

Writes Tests/Reference/copulas.json. Values: mpmath 1.3.0 at 60 digits (400 where powers cancel) from the exact binary arguments; densities,
probabilities, conditional probabilities and rank correlations from the defining formulas, probabilities of the
normal and Student-t copulas as integrals of their conditional probabilities.

Usage: python Tests/Generate/copulas.py
"""

import json
import pathlib

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 60
m = mp.mpf


class Clayton:
    def __init__(self, t): self.t = m(t)
    def c(self, u, v): return (u**-self.t + v**-self.t - 1)**(-1 / self.t)
    def h(self, u, v): return v**(-self.t - 1) * (u**-self.t + v**-self.t - 1)**(-1 / self.t - 1)
    def density(self, u, v):
        s = u**-self.t + v**-self.t - 1
        return mp.log1p(self.t) - (1 + self.t) * (mp.log(u) + mp.log(v)) - (2 + 1 / self.t) * mp.log(s)
    def tau(self): return self.t / (self.t + 2)


class Gumbel:
    def __init__(self, t): self.t = m(t)
    def k(self, u, v): return ((-mp.log(u))**self.t + (-mp.log(v))**self.t)**(1 / self.t)
    def c(self, u, v): return mp.exp(-self.k(u, v))
    def h(self, u, v):
        k = self.k(u, v)
        return mp.exp(-k) / v * (-mp.log(v))**(self.t - 1) * k**(1 - self.t)
    def density(self, u, v):
        k, x, y = self.k(u, v), -mp.log(u), -mp.log(v)
        return (-k + x + y + (self.t - 1) * (mp.log(x) + mp.log(y)) + (1 - 2 * self.t) * mp.log(k)
                + mp.log(k + self.t - 1))
    def tau(self): return 1 - 1 / self.t


class Frank:
    def __init__(self, t): self.t = m(t)
    def c(self, u, v):
        t = self.t
        return -mp.log1p(mp.expm1(-t * u) * mp.expm1(-t * v) / mp.expm1(-t)) / t
    def h(self, u, v):
        t = self.t
        return mp.exp(-t * v) * mp.expm1(-t * u) / (mp.expm1(-t) + mp.expm1(-t * u) * mp.expm1(-t * v))
    def density(self, u, v):
        t = self.t
        d = mp.expm1(-t) + mp.expm1(-t * u) * mp.expm1(-t * v)
        return mp.log(-t * mp.expm1(-t)) - t * (u + v) - 2 * mp.log(abs(d))
    def tau(self):
        t = abs(self.t)
        debye = mp.quad(lambda x: x / mp.expm1(x) if x else m(1), mp.linspace(0, min(t, 300), 8)) / t
        return mp.sign(self.t) * (1 - 4 / t * (1 - debye))


def normal_quantile(p):
    if p > 0.5:
        return -normal_quantile(1 - p)
    # Newton on the logarithm of the probability.
    x = -mp.sqrt(max(m(0), -2 * mp.log(2 * p)))
    for _ in range(200):
        step = (mp.log(mp.erfc(-x / mp.sqrt(2)) / 2) - mp.log(p)) * (mp.erfc(-x / mp.sqrt(2)) / 2) / mp.npdf(x)
        x -= step
        if abs(step) < m(10)**-55 * (1 + abs(x)):
            break
    return x


class Gaussian:
    def __init__(self, r): self.r = m(r)
    def h(self, u, v):
        return mp.ncdf((normal_quantile(u) - self.r * normal_quantile(v)) / mp.sqrt(1 - self.r**2))
    def c(self, u, v):
        x, y = normal_quantile(u), normal_quantile(v)
        with mp.workdps(25):
            points = [y - 40, y - 12, y - 6, y - 3, y - 1, y]
            return mp.quad(lambda s: mp.npdf(s) * mp.ncdf((x - self.r * s) / mp.sqrt(1 - self.r**2)), points)
    def density(self, u, v):
        x, y, r = normal_quantile(u), normal_quantile(v), self.r
        return -mp.log(1 - r**2) / 2 - (r**2 * (x**2 + y**2) - 2 * r * x * y) / (2 * (1 - r**2))
    def tau(self): return 2 / mp.pi * mp.asin(self.r)


def t_cdf(x, n):
    tail = mp.betainc(n / 2, m(1) / 2, 0, n / (n + x * x), regularized=True) / 2
    return tail if x < 0 else 1 - tail


def t_pdf(x, n):
    return mp.gamma((n + 1) / 2) / mp.gamma(n / 2) / mp.sqrt(n * mp.pi) * (1 + x * x / n)**(-(n + 1) / 2)


def t_quantile(p, n):
    if p > 0.5:
        return -t_quantile(1 - p, n)
    if p == 0.5:
        return m(0)
    low, high = m(-1), m(0)
    while t_cdf(low, n) > p:
        low *= 4
    for _ in range(60):
        middle = (low + high) / 2 if low > -4 else -mp.sqrt(low * (high if high < -m(1) / 4 else -m(1) / 4))
        if t_cdf(middle, n) > p: high = middle
        else: low = middle
    x = (low + high) / 2
    for _ in range(20):
        step = (t_cdf(x, n) - p) / t_pdf(x, n)
        x -= step
        if abs(step) < m(10)**-50 * abs(x):
            break
    return x


class Student:
    def __init__(self, r, n): self.r, self.n = m(r), m(n)
    def conditional(self, x, y):
        r, n = self.r, self.n
        return t_cdf((x - r * y) * mp.sqrt((n + 1) / ((n + y * y) * (1 - r * r))), n + 1)
    def h(self, u, v): return self.conditional(t_quantile(u, self.n), t_quantile(v, self.n))
    def c(self, u, v):
        # Over an angle, as Genz: the slope by the correlation, from equal or opposite ranks.
        x, y = t_quantile(u, self.n), t_quantile(v, self.n)
        with mp.workdps(30):
            slope = lambda a: (1 + (x * x + y * y - 2 * x * y * mp.sin(a)) / (self.n * mp.cos(a)**2))**(-self.n / 2)
            start = -mp.pi / 2
            points = [start] + [start + (mp.asin(self.r) - start) * m(k) / 8 for k in (1, 2, 4, 6, 8)]
            return max(m(0), u + v - 1) + mp.quad(slope, points) / (2 * mp.pi)
    def density(self, u, v):
        x, y, r, n = t_quantile(u, self.n), t_quantile(v, self.n), self.r, self.n
        q = (x * x - 2 * r * x * y + y * y) / (1 - r * r)
        return (-mp.log(2 * mp.pi) - mp.log(1 - r * r) / 2 - (n + 2) / 2 * mp.log1p(q / n)
                - mp.log(t_pdf(x, n)) - mp.log(t_pdf(y, n)))
    def tau(self): return 2 / mp.pi * mp.asin(self.r)
    def tail(self): return 2 * t_cdf(-mp.sqrt((self.n + 1) * (1 - self.r) / (1 + self.r)), self.n + 1)


points = [(0.5, 0.5), (0.3, 0.8), (0.01, 0.02), (0.97, 0.999), (1e-6, 0.4), (1e-10, 1e-9), (0.6, 1 - 2**-30),
          (2**-40, 0.9), (0.2500001, 0.25)]
families = (
    [("clayton", Clayton, (p,)) for p in (1e-4, 0.3, 2, 25, 400)]
    + [("gumbel", Gumbel, (p,)) for p in (1.0, 1.0001, 1.4, 3, 30)]
    + [("frank", Frank, (p,)) for p in (-300, -8, -0.001, 0.5, 12, 200)]
    + [("gaussian", Gaussian, (p,)) for p in (-0.95, 0.0, 0.3, 0.99)]
    + [("studentT", Student, p) for p in ((-0.6, 3.0), (0.0, 2.5), (0.4, 0.8), (0.7, 5.0), (0.98, 40.0))])
cases = []
for name, family, parameters in families:
    # Differences of large powers cancel.
    mp.mp.dps = 60 if family in (Gaussian, Student) else 400
    law = family(*parameters)
    rows = []
    for u, v in points:
        a, b = m(u), m(v)
        rows.append(dict(u=u, v=v, logDensity=float(law.density(a, b)), cdf=float(law.c(a, b)),
                         conditional=float(law.h(a, b))))
    cases.append(dict(family=name, parameters=parameters, tau=float(law.tau()), rows=rows,
                      tail=float(law.tail()) if name == "studentT" else None))
# Where all digits cancel in the plain formulas: near perfect dependence, many and few degrees of freedom, equal ranks.
strong = [
    ("gaussian", Gaussian, (0.999999,), 0.9990323, 0.9990333), ("gaussian", Gaussian, (1 - 1e-12,), 0.9990323, 0.999032301),
    ("gaussian", Gaussian, (-0.999999,), 0.9990323, 9.667e-4), ("gaussian", Gaussian, (0.999999,), 0.4, 0.4003),
    ("gaussian", Gaussian, (-0.9999,), 0.1, 0.2),
    ("studentT", Student, (0.3, 1e6), 0.001, 0.9), ("studentT", Student, (-0.3, 1e6), 1e-6, 0.02),
    ("studentT", Student, (0.999999, 4.0), 0.9990323, 0.9990333), ("studentT", Student, (-0.999999, 4.0), 0.3, 0.7002),
    ("studentT", Student, (0.5, 0.1), 1e-28, 0.5), ("studentT", Student, (0.5, 0.1), 1e-28, 2e-28),
    ("studentT", Student, (0.5, 0.1), 1e-12, 0.999),
    ("clayton", Clayton, (1e4,), 1.0001e-6, 1e-6), ("clayton", Clayton, (1e4,), 0.3, 0.30001),
    ("clayton", Clayton, (1e4,), 1 - 1e-6, 1 - 3e-6), ("clayton", Clayton, (1e4,), 0.2, 0.5),
    ("gumbel", Gumbel, (1e4,), 1 - 1e-6, 1 - 1.0001e-6), ("gumbel", Gumbel, (1e4,), 0.3, 0.30001),
    ("gumbel", Gumbel, (1e4,), 1e-6, 1.0001e-6), ("gumbel", Gumbel, (1e4,), 0.2, 0.5)]
strong_rows = []
for name, family, parameters, u, v in strong:
    mp.mp.dps = 60 if family in (Gaussian, Student) else 400
    law = family(*parameters)
    strong_rows.append(dict(family=name, parameters=parameters, u=u, v=v, logDensity=float(law.density(m(u), m(v))),
                            conditional=float(law.h(m(u), m(v)))))
mp.mp.dps = 60
kendall = [dict(parameter=p, tau=float(Frank(p).tau()))
           for p in (1e-9, 0.0099, 0.0101, 0.02, 0.1, -0.3, 0.7, 0.999, 1.0, -1.001, 3.0)]
target = pathlib.Path(__file__).resolve().parents[1] / "Reference" / "copulas.json"
target.write_text(json.dumps(dict(cases=cases, strong=strong_rows, frankKendall=kendall), separators=(",", ":")) + "\n")
