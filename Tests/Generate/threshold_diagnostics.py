"""Reference values of threshold diagnostics and of the intervals of tails beyond a threshold.

Writes Tests/Reference/threshold_diagnostics.json. Samples are drawn by NumPy 2.3.5. Likelihoods are written out and maximized by
SciPy 1.16.3 (Nelder-Mead, polished); standard errors come from second derivatives by mpmath 1.3.0; p-values of fitted laws from
samples drawn and fitted again by NumPy and SciPy. An interval is the range of a measure over all (scale, shape) whose likelihood is near
enough to its maximum: for each shape the scales on the edge of that region by brentq, of which the extremes over the shape are taken.

Usage: python Tests/Generate/threshold_diagnostics.py
"""

import json
import pathlib

import mpmath as mp
import numpy as np
import scipy
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.stats import genpareto

assert scipy.__version__ == "1.16.3" and np.__version__ == "2.3.5" and mp.__version__ == "1.3.0"
mp.mp.dps = 40
random = np.random.default_rng(20_261_128)
CHI = 3.841458820694124  # 95 % of one degree of freedom
LOWEST, HIGHEST = -0.5, 2.0


def likelihood(y, logscale, shape):
    if not LOWEST <= shape <= HIGHEST: return -np.inf
    z = y / np.exp(logscale)
    t = 1 + shape * z
    if np.any(t <= 0): return -np.inf
    return -len(y) * logscale - (np.sum(z) if abs(shape) < 1e-12 else (1 + 1 / shape) * np.sum(np.log(t)))


def fitted(y, polish=3):
    f = lambda p: min(-likelihood(y, *p), 1e9)
    best = minimize(f, [np.log(y.mean()), 0.1], method="Nelder-Mead", options=dict(xatol=1e-7, fatol=1e-9, maxiter=4000))
    for _ in range(polish):
        best = minimize(f, best.x, method="Nelder-Mead", options=dict(xatol=1e-12, fatol=1e-14, maxiter=20_000))
    return best.x[0], best.x[1], -best.fun


def statistics(y, scale, shape):
    law, n, s = genpareto(shape, scale=scale), len(y), np.sort(y)
    i = np.arange(1, n + 1)
    return (-n - np.sum((2 * i - 1) * (law.logcdf(s) + law.logsf(s[::-1]))) / n,
            1 / (12 * n) + np.sum((law.cdf(s) - (2 * i - 1) / (2 * n))**2))


def errors(y, scale, shape, threshold):
    """Standard errors of the shape and of scale − shape · threshold, from exact second derivatives."""
    values = [mp.mpf(float(v)) for v in y]
    f = lambda s, g: -len(values) * mp.log(s) - (1 + 1 / g) * mp.fsum(mp.log(1 + g * v / s) for v in values)
    at = (mp.mpf(scale), mp.mpf(shape))
    second = lambda a, b: mp.diff(f, at, (a, b))
    information = -mp.matrix([[second(2, 0), second(1, 1)], [second(1, 1), second(0, 2)]])
    covariance = information**-1
    slope = mp.matrix([1, -threshold])
    return float(mp.sqrt(covariance[1, 1])), float(mp.sqrt((slope.T * covariance * slope)[0]))


def threshold_row(s, count, replicates):
    threshold = s[count]
    y = s[:count] - threshold
    logscale, shape, value = fitted(y)
    scale = np.exp(logscale)
    shape_error, modified_error = errors(y, scale, shape, threshold)
    square, cramer = statistics(y, scale, shape)
    farther = np.zeros(2)
    for _ in range(replicates):
        draw = genpareto.rvs(shape, scale=scale, size=count, random_state=random)
        a, b, _ = fitted(draw, polish=0)
        farther += np.array(statistics(draw, np.exp(a), b)) >= (square, cramer)
    hill = np.log(s[:count] / threshold).mean()
    return dict(
        count=count, threshold=float(threshold), meanExcess=float(y.mean()),
        meanExcessError=float(y.std(ddof=1) / np.sqrt(count)), scale=float(scale), shape=float(shape),
        shapeError=shape_error, modifiedScale=float(scale - shape * threshold), modifiedScaleError=modified_error,
        hill=float(hill), hillError=float(hill / np.sqrt(count)), andersonDarling=float(square),
        cramerVonMises=float(cramer), andersonDarlingP=float((1 + farther[0]) / (1 + replicates)),
        cramerVonMisesP=float((1 + farther[1]) / (1 + replicates)), replicates=replicates)


diagnostics = []
# The second sample has a normal center that a Pareto law does not fit, and a Pareto tail beyond 2.
for rows, counts, draw in [
        (800, [160, 100, 50], lambda n: 0.02 * random.standard_t(4, n)),
        (1000, [500, 300, 80], lambda n: np.where(random.uniform(size=n) < 0.1, 2 + random.pareto(3, n),
                                                  np.abs(random.normal(1, 0.3, n))))]:
    s = np.sort(draw(rows).round(6))[::-1]
    diagnostics.append(dict(losses=random.permutation(s).tolist(),
                            thresholds=[threshold_row(s, count, 600) for count in counts]))


def interval(y, limit, measure, best):
    """The range of a measure that rises with the scale over the region of the likelihood; the upper end None for infinite."""
    def peak(g):
        r = minimize_scalar(lambda a: min(-likelihood(y, a, g), 1e9), bounds=(np.log(y.mean()) - 3, np.log(y.mean()) + 3),
                            method="bounded", options=dict(xatol=1e-12))
        return r.x, -r.fun

    def edge(g, side):
        a, v = peak(g)
        if v <= limit: return None
        far = a
        while likelihood(y, far, g) > limit: far += 0.05 * side
        return brentq(lambda x: max(likelihood(y, x, g), -1e9) - limit, min(a, far), max(a, far), xtol=1e-14)

    ends = []
    for side in (-1, 1):
        def f(g):
            a = edge(g, side)
            return 1e9 if a is None else -side * measure(np.exp(a), g)
        grid = np.linspace(LOWEST, 0.999, 300)
        values = [f(g) for g in grid]
        k = int(np.argmin(values))
        r = minimize_scalar(f, bounds=(grid[max(k - 1, 0)], grid[min(k + 1, 299)]), method="bounded",
                            options=dict(xatol=1e-11))
        ends.append(-side * min(r.fun, values[k]))
    return float(ends[0]), float(ends[1])


intervals = []
for rows, count, confidence, draw in [
        (1200, 200, 0.99, lambda n: 0.02 * random.standard_t(5, n)),
        (600, 90, 0.995, lambda n: random.standard_normal(n)),
        (400, 80, 0.98, lambda n: 1 - random.uniform(0, 1, n)**0.25),
        (400, 60, 0.99, lambda n: random.pareto(1.2, n))]:
    x = draw(rows).round(6)
    s = np.sort(x)[::-1]
    threshold = s[count]
    y = s[:count] - threshold
    logscale, shape, value = fitted(y)
    ratio = count / rows / (1 - confidence)
    quantile = lambda s, g: s * (np.expm1(g * np.log(ratio)) / g if abs(g) > 1e-13 else np.log(ratio))
    shortfall = lambda s, g: (quantile(s, g) + s) / (1 - g)
    limit = value - CHI / 2
    low, high = interval(y, limit, shortfall, None)
    infinite = max(likelihood(y, a, 1.0) for a in np.linspace(logscale - 2, logscale + 2, 4001)) > limit
    level_low, level_high = interval(y, limit, quantile, None)
    intervals.append(dict(
        losses=x.tolist(), count=count, confidence=confidence, threshold=float(threshold),
        expectedShortfall=float(threshold + shortfall(np.exp(logscale), shape)) if shape < 1 else None,
        levelLow=float(threshold + level_low), levelHigh=float(threshold + level_high) if not infinite else None,
        low=float(threshold + low), high=None if infinite else float(threshold + high)))

target = pathlib.Path(__file__).resolve().parents[1] / "Reference" / "threshold_diagnostics.json"
target.write_text(json.dumps(dict(diagnostics=diagnostics, intervals=intervals), separators=(",", ":")) + "\n")
for d in diagnostics:
    for t in d["thresholds"]: print({k: round(v, 5) for k, v in t.items()})
for i in intervals: print({k: v for k, v in i.items() if k != "losses"})
