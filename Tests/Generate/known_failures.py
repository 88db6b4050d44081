"""Reference values at points where SciPy's laws failed: mpmath 1.3.0, by the methods of the scripts imported.

python3 Tests/Generate/known_failures.py writes Tests/Reference/known_failures.json.
"""

import json
import pathlib

import mpmath as mp

from stable_laws import TARGET, Stable, number, row

# Thread, index, skew, points in S0 and where they are: False in the middle, True in a power tail, "light".
STABLE = [
    (12658, 1.025, 0.0, [-0.015], False),
    (12658, 1.025, 0.0, [-20.0], True),
    (12658, 1.01, 0.0, [-20.0], True),
    # From the quantile of 0.9 to three times the one of 0.9999.
    (17194, 0.93, 1.0, [7.5, 12.0, 30.0, 100.0, 400.0, 1500.0, 5000.0, 12800.0, 2e4, 2.8e4, 3.84e4], True),
    (17493, 0.1, -0.9, [1.84116513e6], True),
    (17493, 0.5, -0.9, [-5.73914563e3, 1.02062204e1], True),
    (17493, 0.5, -0.5, [-3.55694820e3, 3.74198714e2], True),
    (17493, 0.5, 0.3, [-7.51006192e2, 2.66065606e3], True),
    (17493, 0.5, 0.6, [-2.34496878e2, 4.05379591e3], True),
    (17493, 1.5, -0.9, [-1.12939329e1, 3.56244482], False),
    (20636, 1.6, 1.0, [-15.0, -13.5, -12.0, -10.5, -9.0, -7.5, -6.0, -4.5, -3.0], "light"),
]


def stable():
    for thread, alpha, beta, points, where in STABLE:
        rows = [row(Stable(alpha, beta), x, where) for x in points]
        print(thread, alpha, beta, rows[0], flush=True)
        yield {"thread": thread, "parameters": [alpha, beta], "points": rows}


def hyperbolic(order, steepness, asymmetry, points):
    """Thread 18117: the density by its formula with a scale of one, tails by quadrature outwards."""
    mp.mp.dps = 60
    p, a, b = mp.mpf(order), mp.mpf(steepness), mp.mpf(asymmetry)
    g = mp.sqrt(a * a - b * b)
    constant = (g / a) ** p * mp.sqrt(a) / (mp.sqrt(2 * mp.pi) * mp.besselk(p, g))

    def density(x):
        q = mp.sqrt(1 + x * x)
        return constant * q ** (p - mp.mpf(1) / 2) * mp.besselk(p - mp.mpf(1) / 2, a * q) * mp.exp(b * x)

    rows = []
    for x in points:
        sign = 1 if x > 0 else -1
        rate = a - sign * b
        cuts = [x + sign * d / rate for d in (0, 1, 2, 4, 7, 11, 16, 22, 30, 45, 60, 90)]
        outside = sign * mp.quad(density, cuts)
        whole = -sign * mp.quad(density, [x] + [k for k in (40, 15, 5, 1, 0, -1, -5, -15, -40)[::sign] if k * sign < x * sign])
        assert abs(outside + whole - 1) < 1e-15, (x, outside + whole)
        inside = mp.log1p(-outside)
        lower, upper = (inside, mp.log(outside)) if x > 0 else (mp.log(outside), inside)
        rows.append([x, number(mp.log(density(mp.mpf(x)))), number(lower), number(upper)])
        mp.mp.dps = 60
    print(rows, flush=True)
    return {"thread": 18117, "parameters": [order, steepness, asymmetry], "points": rows}


def main():
    document = {
        "generator": "Tests/Generate/known_failures.py",
        "versions": {"mpmath": mp.__version__},
        "digits": TARGET,
        "columns": {"points": ["x", "logPDF", "logCDF", "logSurvival"]},
        "hyperbolic": hyperbolic(1, 3, 2, [-85.0, -20.0, 5.0, 30.0, 80.0, 85.0, 300.0]),
        "stable": list(stable()),
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "known_failures.json"
    path.write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
