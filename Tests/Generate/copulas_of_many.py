"""Reference values for copulas of many returns: mpmath 1.3.0, generators differentiated numerically with 60 digits.

python3 Tests/Generate/copulas_of_many.py writes Tests/Reference/copulas_of_many.json.
"""

import json
import pathlib

import mpmath as mp

mp.mp.dps = 60


def number(value):
    return float(mp.nstr(value, 25))


def archimedean(family, theta, ranks):
    t = mp.mpf(theta)
    if family == "clayton":
        psi, phi = lambda s: (1 + s) ** (-1 / t), lambda u: u**-t - 1
    elif family == "gumbel":
        psi, phi = lambda s: mp.exp(-(s ** (1 / t))), lambda u: (-mp.log(u)) ** t
    else:
        p = 1 - mp.exp(-t)
        psi, phi = lambda s: -mp.log(1 - p * mp.exp(-s)) / t, lambda u: -mp.log((1 - mp.exp(-t * u)) / p)
    d = len(ranks)
    us = [mp.mpf(u) for u in ranks]
    total = mp.fsum(phi(u) for u in us)
    # In units of the argument, which may be far from one.
    derivative = mp.diff(lambda s: psi(total * s), 1, d) / total**d
    value = abs(derivative)
    for u in us:
        value *= abs(mp.diff(lambda x: phi(u * x), 1) / u)
    return number(mp.log(value))


def cdf(x, degrees):
    x = mp.mpf(x)
    if degrees is None:
        return mp.ncdf(x)
    v = mp.mpf(degrees)
    half = mp.betainc(v / 2, mp.mpf(1) / 2, 0, v / (v + x * x), regularized=True) / 2
    return half if x < 0 else 1 - half


def elliptical(degrees, correlation, scores):
    d = len(scores)
    r = mp.matrix(correlation)
    x = mp.matrix([mp.mpf(s) for s in scores])
    form = (x.T * r**-1 * x)[0]
    det = mp.det(r)
    if degrees is None:
        value = -(mp.log(det) + form - mp.fsum(s * s for s in x)) / 2
    else:
        v = mp.mpf(degrees)

        def constant(k):
            return mp.loggamma((v + k) / 2) - mp.loggamma(v / 2) - k / 2 * mp.log(v * mp.pi)

        value = constant(mp.mpf(d)) - mp.log(det) / 2 - (v + d) / 2 * mp.log1p(form / v)
        for s in x:
            value -= constant(mp.mpf(1)) - (v + 1) / 2 * mp.log1p(s * s / v)
    return {"degreesOfFreedom": degrees, "correlation": correlation, "ranks": [number(cdf(s, degrees)) for s in scores], "logDensity": number(value)}


def large(degrees, rho, d):
    # Equal correlations: x'R⁻¹x and ln|R| in closed form.
    rho = mp.mpf(rho)
    scores = [mp.mpf((37 * k) % 81 - 40) / 16 for k in range(d)]
    tail = {s: number(cdf(s, degrees)) for s in set(scores)}
    v, squares, total = mp.mpf(degrees), mp.fsum(s * s for s in scores), mp.fsum(scores)
    form = (squares - rho * total**2 / (1 + (d - 1) * rho)) / (1 - rho)
    logdet = (d - 1) * mp.log(1 - rho) + mp.log(1 + (d - 1) * rho)

    def constant(k):
        return mp.loggamma((v + k) / 2) - mp.loggamma(v / 2)

    value = constant(d) - d * constant(1) - logdet / 2 - (v + d) / 2 * mp.log1p(form / v)
    value += (v + 1) / 2 * mp.fsum(mp.log1p(s * s / v) for s in scores)
    return {"degreesOfFreedom": degrees, "correlation": float(rho), "ranks": [tail[s] for s in scores], "logDensity": number(value)}


def main():
    cases = []
    ranks = {
        2: [[0.3, 0.6], [0.01, 0.02], [0.999, 0.9], [1e-6, 0.5], [1e-9, 1e-9]],
        3: [[0.3, 0.6, 0.5], [0.01, 0.02, 0.05], [0.99, 0.995, 0.9], [1e-5, 0.5, 0.9]],
        6: [[0.3, 0.6, 0.5, 0.2, 0.7, 0.4], [0.01, 0.02, 0.05, 0.01, 0.03, 0.02], [0.99, 0.98, 0.97, 0.9, 0.95, 0.999], [0.1, 0.9, 0.2, 0.8, 0.3, 0.7]],
    }
    for family, thetas in {"clayton": [0.0001, 0.2, 2.0, 20.0, 100.0], "gumbel": [1.0, 1.01, 1.5, 4.0, 30.0], "frank": [0.0001, 0.5, 5.0, 30.0, 90.0]}.items():
        for theta in thetas:
            for d, rows in ranks.items():
                cases.append({"family": family, "parameter": theta, "ranks": rows, "logDensity": [archimedean(family, theta, row) for row in rows]})
    three = [[1.0, 0.5, -0.25], [0.5, 1.0, 0.125], [-0.25, 0.125, 1.0]]
    five = [[1.0 if i == j else 0.75 for j in range(5)] for i in range(5)]
    many = []
    for degrees in [None, 0.5, 3.0, 8.5, 200.0, 1000.0]:
        for scores in ([0.1, -0.4, 0.7], [-3.0, -2.5, 1.0], [-6.0, -5.0, -7.0], [2.0, 1.5, -0.5]):
            many.append(elliptical(degrees, three, scores))
        for scores in ([0.1, -0.4, 0.7, 0.2, -1.0], [-3.0, -2.5, -3.5, -4.0, -3.0]):
            many.append(elliptical(degrees, five, scores))
    wide = [large(degrees, 0.0625, d) for degrees in (2.5, 1000.0) for d in (100, 500)]
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {"generator": "Tests/Generate/copulas_of_many.py", "versions": {"mpmath": mp.__version__}, "digits": 25, "archimedean": cases, "elliptical": many, "wide": wide}
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "copulas_of_many.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


main()
