"""Log-densities of normal mean-variance mixtures so far out that squares overflow: mpmath 1.3.0, the formula at 1400 digits.

python3 Tests/Generate/far_mixtures.py writes Tests/Reference/far_mixtures.json.
"""

import json
import pathlib

import mpmath as mp

mp.mp.dps = 1400


def number(value):
    with mp.workdps(30):
        return float(mp.nstr(+value, 25))


def log_bessel(order, x):
    """ln K: the asymptotic series for large arguments (DLMF 10.40.2)."""
    if x < 1e40:
        with mp.workdps(60):
            return mp.log(mp.besselk(order, x))
    term = total = mp.mpf(1)
    for k in range(1, 60):
        term *= (4 * order**2 - (2 * k - 1) ** 2) / (k * 8 * x)
        total += term
    return mp.log(mp.pi / (2 * x)) / 2 - x + mp.log(total)


def density(kind, shape, drift, dispersion, x):
    d = len(x)
    sigma = mp.matrix(dispersion)
    inverse = sigma**-1
    y, g = mp.matrix([mp.mpf(v) for v in x]), mp.matrix(drift)
    q, h, gg = (y.T * inverse * y)[0], (y.T * inverse * g)[0], (g.T * inverse * g)[0]
    if kind == "generalizedHyperbolic":
        lam, omega = map(mp.mpf, shape)
        with mp.workdps(60):
            c = mp.besselk(lam + 1, omega) / mp.besselk(lam, omega)
            chi, psi = omega / c, omega * c
            # ∫ w^(λ−1) exp(−(χ/w + ψw)/2) dw.
            norm = mp.log(2) + lam / 2 * mp.log(chi / psi) + mp.log(mp.besselk(lam, omega))
    else:
        v = mp.mpf(shape[0])
        lam, chi, psi = -v / 2, v, mp.mpf(0)
        with mp.workdps(60):
            norm = mp.loggamma(v / 2) - v / 2 * mp.log(v / 2)
    a, b, p = chi + q, psi + gg, lam - mp.mpf(d) / 2
    if b == 0:
        with mp.workdps(60):
            integral = mp.loggamma(-p) + p * mp.log(a / 2)
    else:
        integral = mp.log(2) + p / 2 * mp.log(a / b) + log_bessel(p, mp.sqrt(a * b))
    return number(-mp.mpf(d) / 2 * mp.log(2 * mp.pi) - mp.log(mp.det(sigma)) / 2 + h + integral - norm)


def case(kind, shape, drift, dispersion, points):
    return {"kind": kind, "shape": shape, "drift": drift, "dispersion": dispersion, "points": points, "logPDF": [density(kind, shape, drift, dispersion, x) for x in points]}


def main():
    two, plain = [[1.0, 0.4], [0.4, 0.5]], [[1.0, 0.0], [0.0, 0.25]]
    points = [[3e57, -1e58], [1e60, 1e60], [-2e61, 1e60], [1e99, 0.0], [1e101, 5.0], [1e200, -3e200], [-1e306, 2e305]]
    # Multiples of the drift in units of the dispersion, with no rounding.
    along = [[-(2.0**k), 2.0 ** (k - 1)] for k in (180, 220, 400, 600, 900, 1023)]
    cases = []
    for shape in ([-0.5, 1.0], [2.0, 0.01], [0.0, 300.0]):
        cases.append(case("generalizedHyperbolic", shape, [-0.4, 0.2], two, points))
        cases.append(case("generalizedHyperbolic", shape, [0.0, 0.0], two, points))
        cases.append(case("generalizedHyperbolic", shape, [-0.5, 0.25], plain, along[:-1]))
    for shape in ([2.5], [9.0]):
        cases.append(case("skewedT", shape, [-0.4, 0.2], two, points))
        cases.append(case("skewedT", shape, [0.0, 0.0], two, points + [[1.7e308, -1.7e308]]))
        cases.append(case("skewedT", shape, [-0.5, 0.25], plain, along))
    # The univariate law too: ν = 8 with the scale ½ has the unit one.
    for drift in (25.0, 3e-6):
        cases.append(case("skewedT", [8.0], [drift], [[0.25]], [[1e58], [1e100], [1e200], [1e303], [1e306], [1e307], [1.7e308]]))
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {"generator": "Tests/Generate/far_mixtures.py", "versions": {"mpmath": mp.__version__}, "digits": 25, "cases": cases}
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "far_mixtures.json").write_text(out.replace("},{", "},\n{") + "\n")


main()
