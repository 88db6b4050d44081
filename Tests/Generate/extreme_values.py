"""Reference values of tail indices, tails over a threshold, block maxima and the Cornish-Fisher expansion.

Writes Tests/Reference/extreme_values.json. Samples are drawn by NumPy 2.3.5. Likelihoods are written out and maximized
by SciPy 1.16.3 (Nelder-Mead, then polished) with mpmath 1.3.0 where closed forms exist; profile intervals come from a bounded search over the
shape (and scale) at each level and bisection in the level, those of heavy tails from the range of the level over the region of near
likelihoods.

Usage: python Tests/Generate/extreme_values.py
"""

import json
import pathlib

import mpmath as mp
import numpy as np
import scipy
from scipy.optimize import brentq, minimize, minimize_scalar

assert scipy.__version__ == "1.16.3" and np.__version__ == "2.3.5" and mp.__version__ == "1.3.0"
mp.mp.dps = 40
random = np.random.default_rng(20_261_127)
CHI = 3.841458820694124  # 95 % of one degree of freedom


def polished(f, start):
    best = minimize(f, start, method="Nelder-Mead", options=dict(xatol=1e-10, fatol=1e-13, maxiter=20_000))
    for _ in range(3):
        best = minimize(f, best.x, method="Nelder-Mead", options=dict(xatol=1e-12, fatol=1e-14, maxiter=20_000))
    return best.x, -best.fun


def pareto(y, scale, shape):
    z = 1 + shape * y / scale
    if scale <= 0 or np.any(z <= 0): return -np.inf
    return -len(y) * np.log(scale) - (np.sum(y) / scale if abs(shape) < 1e-12 else (1 + 1 / shape) * np.sum(np.log(z)))


def extreme(x, location, scale, shape):
    z = (x - location) / scale
    if scale <= 0: return -np.inf
    if abs(shape) < 1e-9: return -len(x) * np.log(scale) - np.sum(z + np.exp(-z))
    t = 1 + shape * z
    if np.any(t <= 0): return -np.inf
    return -len(x) * np.log(scale) - np.sum((1 + 1 / shape) * np.log(t) + t**(-1 / shape))


tails = []
for rows, count, confidence, draw in [
        (600, 80, 0.99, lambda n: 0.02 * random.standard_t(4, n)),
        (600, 60, 0.995, lambda n: random.standard_normal(n)),
        (1500, 150, 0.999, lambda n: random.pareto(2.5, n)),
        (300, 60, 0.98, lambda n: 1 - random.uniform(0, 1, n) ** 0.25)]:
    x = draw(rows).round(6)
    s = np.sort(x)[::-1]
    threshold = s[count]
    y = s[:count] - threshold
    (logscale, shape), value = polished(lambda p: -pareto(y, np.exp(p[0]), p[1]), [np.log(y.mean()), 0.1])
    scale = np.exp(logscale)
    ratio = count / rows / (1 - confidence)
    level = scale * ((ratio**shape - 1) / shape)

    def profile(z):
        f = lambda g: -pareto(y, g * z / np.expm1(g * np.log(ratio)) if abs(g) > 1e-13 else z / np.log(ratio), g)
        grid = np.linspace(-0.5, 2, 400)
        best = grid[int(np.argmin([f(g) for g in grid]))]
        return -minimize_scalar(f, bounds=(max(best - 0.01, -0.5), min(best + 0.01, 2)), method="bounded",
                                options=dict(xatol=1e-12)).fun

    gap = lambda z: max(profile(z), -1e9) - (value - CHI / 2)
    top = level
    while gap(top) > 0: top *= 1.3
    low = level
    while gap(low) > 0: low *= 0.8
    logs = np.log(s[:count] / threshold) if threshold > 0 else None
    m1, m2 = (logs.mean(), (logs**2).mean()) if logs is not None else (None, None)
    tails.append(dict(
        losses=x.tolist(), count=count, confidence=confidence, threshold=float(threshold), scale=float(scale),
        shape=float(shape), logLikelihood=float(value), valueAtRisk=float(threshold + level),
        expectedShortfall=float(threshold + level + (scale + shape * level) / (1 - shape)),
        low=float(threshold + brentq(gap, low, level, xtol=1e-13)),
        high=float(threshold + brentq(gap, level, top, xtol=1e-13)),
        hill=float(m1), moment=float(m1 + 1 - 0.5 / (1 - m1**2 / m2))))

blocks = []
for length, number, wanted, draw in [(20, 60, 30.0, lambda n: random.standard_t(4, n)),
                                     (12, 50, 100.0, lambda n: random.standard_normal(n))]:
    x = draw(length * number + 7).round(5)
    maxima = x[:length * number].reshape(number, length).max(axis=1)
    (location, logscale, shape), value = polished(
        lambda p: -extreme(maxima, p[0], np.exp(p[1]), p[2]), [maxima.mean(), np.log(maxima.std()), 0.05])
    scale, y = np.exp(logscale), -np.log1p(-1 / wanted)
    level = location + scale * (y**-shape - 1) / shape

    def profile(z):
        def f(p):
            s, g = np.exp(p[0]), p[1]
            if not -0.5 <= g <= 2: return 1e9
            reach = -np.log(y) if abs(g) < 1e-9 else np.expm1(-g * np.log(y)) / g
            return min(-extreme(maxima, z - s * reach, s, g), 1e9)
        best = min((minimize(f, [np.log(scale) + a, g], method="Nelder-Mead",
                             options=dict(xatol=1e-9, fatol=1e-12, maxiter=4000)) for a in (0, 0.5) for g in (0.05, 0.3)),
                   key=lambda r: r.fun)
        return -best.fun

    gap = lambda z: profile(z) - (value - CHI / 2)
    top, low = level + scale, level - scale / 4
    while gap(top) > 0: top += scale
    while gap(low) > 0: low -= scale / 4
    blocks.append(dict(
        losses=x.tolist(), blockLength=length, blocks=wanted, location=float(location), scale=float(scale),
        shape=float(shape), level=float(level), low=float(brentq(gap, low, level, xtol=1e-10)),
        high=float(brentq(gap, level, top, xtol=1e-10))))

# Tails so heavy that levels lie far from all maxima: the extremes of the level over all (location, scale, shape) whose likelihood is near
# enough to its maximum, for each location and shape from the scales on the edge of that region.
heavy = []
maxima = (random.exponential(size=60) ** -1.3).round(5)
(location, logscale, shape), value = polished(
    lambda p: -extreme(maxima, p[0], np.exp(p[1]), p[2]), [np.median(maxima), np.log(np.median(maxima)), 1.0])
limit = value - CHI / 2


def edge(m, g, side):
    f = lambda a: max(extreme(maxima, m, np.exp(a), g), -1e9) - limit
    top = minimize_scalar(lambda a: -f(a), bounds=(logscale - 3, logscale + 3), method="bounded", options=dict(xatol=1e-12)).x
    if f(top) <= 0: return None
    far = top
    while f(far) > 0: far += 0.05 * side
    return brentq(f, min(top, far), max(top, far), xtol=1e-14)


for wanted in (2.0, 100.0, 1e4, 1e5, 1e12):
    y = -np.log1p(-1 / wanted)
    level = lambda m, a, g: m + np.exp(a) * np.expm1(-g * np.log(y)) / g
    ends = []
    for side in (-1, 1):
        def miss(p):
            a = edge(p[0], p[1], side)
            return 1e9 if a is None else -side * np.arcsinh(level(p[0], a, p[1]))
        start = np.array([location, shape])
        for step in (0.1, 0.01):
            simplex = start + step * np.array([[0, 0], [1, 0], [0, side]])
            start = minimize(miss, start, method="Nelder-Mead", options=dict(
                xatol=1e-8, fatol=1e-11, maxiter=1000, initial_simplex=simplex)).x
        ends.append(np.sinh(-side * miss(start)))
    heavy.append(dict(losses=maxima.tolist(), blockLength=1, blocks=wanted, location=float(location),
                      scale=float(np.exp(logscale)), shape=float(shape), level=float(level(location, logscale, shape)),
                      low=float(ends[0]), high=float(ends[1])))

expansions = []
for mean, volatility, s, k, confidence in [(0.0, 1.0, 0.0, 0.0, 0.99), (0.001, 0.03, -0.4, 2.0, 0.99),
                                           (0.0, 0.02, 0.3, 1.0, 0.95), (-0.002, 0.05, -0.8, 4.0, 0.999)]:
    a = lambda z: z + (z**2 - 1) * mp.mpf(s) / 6 + (z**3 - 3 * z) * mp.mpf(k) / 24 - (2 * z**3 - 5 * z) * mp.mpf(s)**2 / 36
    tail = 1 - mp.mpf(confidence)
    z = mp.sqrt(2) * mp.erfinv(2 * tail - 1)
    es = mp.quad(lambda t: a(t) * mp.npdf(t), [-mp.inf, z - 8, z - 2, z]) / tail
    expansions.append(dict(
        mean=mean, volatility=volatility, skewness=s, excessKurtosis=k, confidence=confidence,
        valueAtRisk=float(-(mean + mp.mpf(volatility) * a(z))),
        expectedShortfall=float(-(mean + mp.mpf(volatility) * es))))

target = pathlib.Path(__file__).resolve().parents[1] / "Reference" / "extreme_values.json"
target.write_text(json.dumps(dict(tails=tails, blocks=blocks, heavyBlocks=heavy, expansions=expansions), separators=(",", ":")) + "\n")
