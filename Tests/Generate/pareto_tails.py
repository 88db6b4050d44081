"""Makes Tests/Reference/pareto_tails.json: spectral and entropic risks of samples with generalized Pareto tails.

Needs numpy 2.3.5, mpmath 1.3.0. Run from the root of the repository: python Tests/Generate/pareto_tails.py

The tails by maximum likelihood in one parameter (Grimshaw's profile) at 30 digits. Exponential moments of a tail that ends are Kummer's
function 1F1(1; 1 + 1/|ξ|; s σ/|ξ|), of others quadratures of the density; spectral risks are quadratures of quantiles, piece by piece.
"""

import json

import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0"
mp.mp.dps = 30
m = mp.mpf
rng = np.random.default_rng(20_261_201)


def fit(excesses):
    """Shape and scale: the maximum of −n ln σ − (1 + 1/ξ) Σ ln(1 + θ y) with ξ = mean ln(1 + θ y), σ = ξ/θ."""
    y = [m(v) for v in excesses]
    n = len(y)
    shape = lambda t: mp.fsum(mp.log(1 + t * v) for v in y) / n
    profile = lambda t: -mp.log(shape(t) / t) - shape(t) - 1
    # A fine grid, then Newton's method on the derivative.
    least = -1 / max(y)
    size = 1 / (mp.fsum(y) / n)
    grid = [least * (1 - m(2) ** -k) for k in range(1, 12)] + [size * m(2) ** k for k in range(-12, 5)] + [-size * m(2) ** -k for k in range(3, 12)]
    grid = [t for t in grid if t > least]
    best = max(grid, key=profile)
    t = mp.findroot(lambda v: mp.diff(profile, v), best)
    if shape(t) >= -m(1) / 2:
        return shape(t), shape(t) / t
    # At the least shape of a regular likelihood: its largest Σ ln(1 − y/(2σ)) − n ln σ.
    slope = lambda scale: mp.fsum(v / (2 * scale - v) for v in y) - n
    return -m(1) / 2, mp.findroot(slope, (max(y) * m("0.501"), max(y) * 4), solver="anderson")


def law(sample, share):
    x = sorted(sample)
    n, k = len(x), int(share * len(x))
    low, high = m(x[k]), m(x[n - 1 - k])
    # Distinct points.
    assert len(set(x)) == n
    points = [m(v) for v in x[k:n - k]]
    levels = [(m(i) + m(1) / 2) / n for i in range(k, n - k)]
    lower, upper = fit([low - m(v) for v in x[:k]]), fit([m(v) - high for v in x[n - k:]])
    return points, levels, lower, upper


def excess(tail, u):
    shape, scale = tail
    return scale * mp.expm1(-shape * mp.log(u)) / shape


def moment(tail, s):
    """E[e^(sY)]."""
    shape, scale = tail
    if shape < 0:
        return mp.hyp1f1(1, 1 - 1 / shape, -s * scale / shape)
    assert s < 0
    return mp.quad(lambda y: mp.exp(s * y) * (1 + shape * y / scale) ** (-1 / shape - 1) / scale,
                   [scale * v for v in (0, 0.1, 1, 4, 16, 64)] + [mp.inf])


def entropic(law, a):
    points, levels, lower, upper = law
    if lower[0] >= 0:
        return mp.inf
    a, mass = m(a), levels[0]
    total = mass * mp.exp(-a * points[0]) * moment(lower, a) + mass * mp.exp(-a * points[-1]) * moment(upper, -a)
    for i in range(1, len(points)):
        total += (levels[i] - levels[i - 1]) * (mp.exp(-a * points[i - 1]) - mp.exp(-a * points[i])) / (a * (points[i] - points[i - 1]))
    return mp.log(total) / a


def spectral(law, phi):
    points, levels, lower, upper = law
    mass = levels[0]
    total = mp.quad(lambda u: phi(u) * (points[0] - excess(lower, u / mass)), [0, mass / 1000, mass / 30, mass])
    total += mp.quad(lambda u: phi(1 - u) * (points[-1] + excess(upper, u / mass)), [0, mass / 1000, mass / 30, mass])
    for i in range(1, len(points)):
        slope = (points[i] - points[i - 1]) / (levels[i] - levels[i - 1])
        total += mp.quad(lambda u: phi(u) * (points[i - 1] + slope * (u - levels[i - 1])), [levels[i - 1], levels[i]])
    return -total


exponential = lambda k: (lambda u: k * mp.exp(-k * u) / (1 - mp.exp(-k)))
power = lambda g: (lambda u: g * mp.power(u, g - 1))
cases = []
for name, sample in [("bounded", rng.beta(3, 3, 160) - 0.5), ("skewed", np.exp(0.5 * rng.standard_normal(160)) - 1), ("normal", 0.02 * rng.standard_normal(160)),
                     ("heavy", 0.02 * rng.standard_t(3, 160))]:
    sample = [float(v) for v in sample]
    found = law(sample, 0.125)
    cases.append(dict(
        name=name, sample=sample, lowerShape=float(found[2][0]), upperShape=float(found[3][0]),
        entropic={str(a): float(entropic(found, a)) for a in (0.01, 1.0, 30.0, 1000.0)} if found[2][0] < 0 else {},
        exponential={str(k): float(spectral(found, exponential(m(k)))) for k in (0.5, 20.0, 1000.0)},
        power={str(g): float(spectral(found, power(m(g)))) for g in (0.5, 0.75)}))
    print(name, found[2], found[3], {k: v for k, v in cases[-1].items() if k != "sample"})

with open("Tests/Reference/pareto_tails.json", "w") as file:
    json.dump(dict(generator="Tests/Generate/pareto_tails.py", versions=dict(mpmath=mp.__version__, numpy=np.__version__), cases=cases),
              file, indent=1)
    file.write("\n")
