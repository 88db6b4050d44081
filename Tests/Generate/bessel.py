"""Coefficients and reference values of the modified Bessel functions K: mpmath 1.3.0 at 50 digits.

python3 Tests/Generate/bessel.py writes Tests/Reference/bessel.json; with the argument "coefficients" it
prints BesselCoefficients.swift.
"""

import json
import pathlib
import sys

import mpmath as mp

mp.mp.dps = 50

PIECES = [(0, 1 / 16), (1 / 16, 1 / 8), (1 / 8, 1 / 4), (1 / 4, 1 / 2), (1 / 2, 1)]
DEGREE = 13


def scaled(order, y):
    """exp(x) √x K(x) at x = 1/y."""
    if y == 0:
        return mp.sqrt(mp.pi / 2)
    x = 1 / mp.mpf(y)
    return mp.e**x * mp.sqrt(x) * mp.besselk(order, x)


def interpolant(f, low, high, degree):
    """The coefficients in t = y − center of the polynomial through the Chebyshev points."""
    n = degree + 1
    center, half = mp.mpf(low + high) / 2, mp.mpf(high - low) / 2
    nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    values = [f(center + half * t) for t in nodes]
    matrix = mp.matrix(n, n)
    for i, t in enumerate(nodes):
        for j in range(n):
            matrix[i, j] = t**j
    solution = mp.lu_solve(matrix, mp.matrix(values))
    return [solution[j] / half**j for j in range(n)]


def literal(value):
    return repr(float(value))


def coefficients():
    print("// Written by Tests/Generate/bessel.py; do not edit.")
    print()
    print("/// Polynomials of the modified Bessel functions of orders 0 and 1.")
    print("enum BesselCoefficients {")
    print("  /// The number of coefficients of a piece.")
    print(f"  static let count = {DEGREE + 1}")
    print()
    print("  /// The middle of each piece in 1/x.")
    print("  static let centers: [Double] = [" + ", ".join(literal(mp.mpf(a + b) / 2) for a, b in PIECES) + "]")
    for order in (0, 1):
        print()
        print(f"  /// exp(x) √x K{order}(x) in powers of 1/x less the middle, piece by piece.")
        print(f"  static let scaled{order}: [Double] = [")
        worst = 0
        for low, high in PIECES:
            c = interpolant(lambda y: scaled(order, y), low, high, DEGREE)
            center = mp.mpf(low + high) / 2
            for k in range(101):
                y = low + (high - low) * mp.mpf(k) / 100
                p = sum(a * (y - center) ** j for j, a in enumerate(c))
                worst = max(worst, abs(p / scaled(order, y) - 1))
            for k in range(0, len(c), 4):
                print("    " + ", ".join(literal(a) for a in c[k : k + 4]) + ",")
        print("  ]")
        print(f"order {order}: truncation {mp.nstr(worst, 3)}", file=sys.stderr)
    # Series in (x/2)² (DLMF 10.31.1, 10.31.2).
    terms = 10
    i0 = [1 / mp.factorial(k) ** 2 for k in range(terms)]
    i1 = [1 / (mp.factorial(k) * mp.factorial(k + 1)) for k in range(terms)]
    k0 = [mp.psi(0, k + 1) / mp.factorial(k) ** 2 for k in range(terms)]
    k1 = [(mp.psi(0, k + 1) + mp.psi(0, k + 2)) / (mp.factorial(k) * mp.factorial(k + 1)) for k in range(terms)]
    for name, what, c in [
        ("first0", "I0(x) in powers of x²/4", i0),
        ("first1", "2 I1(x)/x in powers of x²/4", i1),
        ("rest0", "K0(x) + ln(x/2) I0(x) in powers of x²/4", k0),
        ("rest1", "−4/x (K1(x) − 1/x − ln(x/2) I1(x)) in powers of x²/4", k1),
    ]:
        print()
        print(f"  /// {what}.")
        print(f"  static let {name}: [Double] = [")
        for k in range(0, terms, 4):
            print("    " + ", ".join(literal(a) for a in c[k : k + 4]) + ",")
        print("  ]")
    print("}")


def number(value):
    return float(mp.nstr(value, 25))


def reference():
    points, orders = [], []
    for x in [1e-300, 1e-20, 1e-6, 0.01, 0.3, 0.99, 1, 1.01, 1.9, 2.1, 3.9, 4.1, 7.9, 8.2, 15, 17, 100, 1e5, 1e30]:
        x = mp.mpf(x)
        with mp.workdps(60):
            row = [number(x)]
            for order in (0, 1):
                if x > 1e4:
                    # The asymptotic series, DLMF 10.40.2.
                    m = 4 * order**2
                    s = t = mp.mpf(1)
                    for k in range(1, 12):
                        t *= (m - (2 * k - 1) ** 2) / (k * 8 * x)
                        s += t
                    row.append(number(mp.log(mp.sqrt(mp.pi / (2 * x)) * s)))
                else:
                    row.append(number(mp.log(mp.e**x * mp.besselk(order, x))))
        points.append(row)
    for nu in [0, 1e-3, 0.3, 0.5, 1, 1.5, 2.7, 6, 20.25, 100, 1000]:
        for x in [1e-6, 1e-3, 0.1, 0.7, 1, 2.5, 10, 60, 700, 1e4, 1e6]:
            with mp.workdps(80):
                x, n = mp.mpf(x), mp.mpf(nu)
                # The integral DLMF 10.32.9, around its peak.
                r, peak = mp.sqrt(x * x + n * n), mp.asinh(n / x)
                f = lambda t: mp.e ** (n * t - x * (mp.cosh(t) - 1) - (n * peak - r + x)) * (1 + mp.e ** (-2 * n * t)) / 2
                if x <= 700 and nu <= 100:
                    value = mp.log(mp.besselk(n, x)) + x
                else:
                    w = 20 / mp.sqrt(r)
                    low = max(mp.mpf(0), peak - w)
                    value = mp.log(mp.quad(f, mp.linspace(low, peak + w, 9))) + n * peak - r + x
            orders.append([nu, number(x), number(value)])
    root = pathlib.Path(__file__).resolve().parent.parent
    text = json.dumps(
        {
            "generator": "Tests/Generate/bessel.py",
            "versions": {"mpmath": mp.__version__},
            "digits": 50,
            "columns": {"points": ["x", "ln exp(x) K0(x)", "ln exp(x) K1(x)"], "orders": ["order", "x", "ln exp(x) K(x)"]},
            "points": points,
            "orders": orders,
        },
        separators=(",", ":"),
        allow_nan=False,
    )
    (root / "Reference" / "bessel.json").write_text(text.replace("],[", "],\n[") + "\n")


if sys.argv[1:] == ["coefficients"]:
    coefficients()
else:
    reference()
