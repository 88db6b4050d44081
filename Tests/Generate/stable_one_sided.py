"""Reference values for one-sided stable laws at 50 digits: mpmath 1.3.0, by the convergent series in powers of 1 / x.

python3 Tests/Generate/stable_one_sided.py writes Tests/Reference/stable_one_sided.json.

Of an index below one, skew one, in Nolan's parametrization S1: all mass is above zero. Source: W. Feller, An introduction
to probability theory and its applications II (1971), XVII.7. As many digits as the largest term asks for; the law of index
1/2 is compared with Levy's closed form.
"""

import json
import pathlib

import mpmath as mp

TARGET = 50


def series(a, x, digits):
    """Density, survival and the largest term."""
    a, x = mp.mpf(a), mp.mpf(x)
    power = x ** -a / mp.cos(mp.pi * a / 2)
    density = survival = largest = mp.mpf(0)
    k, factor = 0, mp.mpf(-1)
    while True:
        k += 1
        factor *= -power / k
        gamma, sine = mp.gamma(k * a), mp.sin(k * mp.pi * a)
        survival += factor * gamma * sine
        density += factor * gamma * k * a * sine
        size = abs(factor) * gamma * k
        largest = max(largest, size)
        if size < mp.mpf(10) ** -digits * largest and k > 3:
            return density / (mp.pi * x), survival / mp.pi, largest


def values(a, x):
    digits = 80
    while True:
        mp.mp.dps = digits
        density, survival, largest = series(a, x, digits)
        least = min(abs(density) * min(mp.mpf(x), 1), abs(survival), abs(1 - survival))
        if least > 0 and density > 0 and 0 < survival < 1:
            lost = float(mp.log10(max(largest, 1) / least))
            if lost + TARGET + 5 < digits:
                return [float(mp.nstr(mp.log(v), 25)) for v in (density, 1 - survival, survival)]
            digits = max(int(lost) + TARGET + 20, digits + 20)
        else:
            digits = int(digits * 1.5)


def light(a, target):
    """Where the lower tail is exp(−target), roughly: its exponent is (1 − α) (α / x)^(α / (1 − α)) in units of the scale."""
    a = mp.mpf(a)
    scale = mp.cos(mp.pi * a / 2) ** (-1 / a)
    return float(mp.nstr(scale * a * ((1 - a) / target) ** ((1 - a) / a), 6))


def main():
    cases = []
    for a in (0.1, 0.25, 0.5, 0.7):
        mp.mp.dps = 50
        points = [light(a, t) for t in (692, 340, 110, 30, 8)] + [0.3, 1.0, 4.0, 25.0, 1e8, 1e100]
        tail = 10.0 ** min(300, 300 / a)
        rows = [[x, *values(a, x)] for x in sorted(set(points + [tail]))]
        print(a, rows[0], flush=True)
        if a == 0.5:
            mp.mp.dps = 60
            for x, density, lower, upper in rows:
                x = mp.mpf(x)
                assert abs(-1 / (2 * x) - mp.log(2 * mp.pi) / 2 - 3 * mp.log(x) / 2 - density) < 1e-15 * max(1, abs(density))
                assert abs(mp.log(mp.erf(mp.sqrt(1 / (2 * x)))) - upper) < 1e-15 * max(1, abs(upper))
        cases.append({"index": a, "points": rows})
    document = {
        "generator": "Tests/Generate/stable_one_sided.py",
        "versions": {"mpmath": mp.__version__},
        "digits": TARGET,
        "columns": {"points": ["x", "logPDF", "logCDF", "logSurvival"]},
        "cases": cases,
    }
    root = pathlib.Path(__file__).resolve().parent.parent
    text = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "stable_one_sided.json").write_text(text.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
