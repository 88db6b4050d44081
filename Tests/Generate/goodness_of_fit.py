"""Reference values for goodness of fit: SciPy 1.16.3, and mpmath 1.3.0 for the limit laws.

python3 Tests/Generate/goodness_of_fit.py writes Tests/Reference/goodness_of_fit.json.
"""

import json
import pathlib

import mpmath as mp
import numpy as np
import scipy
from scipy import stats

mp.mp.dps = 30


def by_inversion(function, x):
    """P(Q > x) from the characteristic function, which falls like exp(−½π√t) (Gil-Pelaez 1951)."""
    f = lambda t: mp.im(mp.e ** (-1j * t * x) * function(t)) / t
    # Up to the first point the integrand is E[Q] − x to O(t²), and E[Q] = 1.
    cuts = [mp.mpf(10) ** -6, mp.mpf(10) ** -3, mp.mpf("0.1"), mp.mpf(1)]
    total = (1 - x) * cuts[0]
    while cuts[-1] < 800:
        cuts.append(cuts[-1] * mp.mpf("1.35"))
    for a, b in zip(cuts, cuts[1:]):
        pieces = max(1, int((b - a) * x / 12))
        total += mp.quad(f, mp.linspace(a, b, pieces + 1))
    return mp.mpf(1) / 2 + total / mp.pi


def anderson_darling(t):
    """√(−2πit/cos(½π √(1+8it))) by the product of (1 − 2it/(j(j+1)))^(−½), which has no branch."""
    z = mp.sqrt(1 + 8j * t) * mp.pi / 2
    # ln cos z for a large imaginary part.
    sign = 1 if mp.im(z) < 0 else -1
    value = -mp.log((1 + mp.e ** (-2j * sign * z)) / 2) - 1j * sign * z + mp.log(2 * mp.pi * t) - 1j * mp.pi / 2
    return mp.e ** (value / 2)


def number(value):
    return float(mp.nstr(value, 20))


def main():
    kolmogorov = []
    for n in [1, 2, 5, 10, 30, 100, 140, 141, 300, 2000]:
        for z in [0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.45, 1.6, 1.9, 2.1, 3, 5]:
            d = z / n**0.5
            if d < 1:
                kolmogorov.append([n, d, float(stats.kstwo.sf(d, n))])
    cramer = [[x, float(1 - stats._hypotests._cdf_cvm_inf(x))] for x in [0.02, 0.05, 0.1, 0.2, 0.3473, 0.4614, 0.7435, 1, 1.5, 2]]
    anderson = [[x, number(by_inversion(anderson_darling, mp.mpf(x)))] for x in [0.2, 0.5, 1, 1.933, 2.492, 3.857, 6, 9]]
    generator = np.random.default_rng(5)
    samples = []
    for n, shift in [(8, 0.0), (50, 0.0), (200, 0.15)]:
        x = np.round(generator.normal(shift, 1, n), 6)
        f = stats.norm
        order = np.sort(x)
        i = np.arange(1, n + 1)
        a2 = -n - np.mean((2 * i - 1) * (f.logcdf(order) + f.logsf(order[::-1])))
        ks = stats.kstest(x, "norm")
        samples.append({"sample": x.tolist(), "kolmogorov": [float(ks.statistic), float(ks.pvalue)], "anderson": float(a2), "cramer": float(stats.cramervonmises(x, "norm").statistic)})
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/goodness_of_fit.py",
        "versions": {"mpmath": mp.__version__, "scipy": scipy.__version__},
        "digits": 20,
        "columns": {"kolmogorov": ["n", "D", "p"], "cramer": ["W²", "p"], "anderson": ["A²", "p"]},
        "kolmogorov": kolmogorov,
        "cramer": cramer,
        "anderson": anderson,
        "samples": samples,
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "goodness_of_fit.json").write_text(out.replace("],[", "],\n[").replace("},{", "},\n{") + "\n")


main()
