"""Reference values of reverse stress, correlation paths and losses by regime.

Writes Tests/Reference/stress_paths.json. Reverse stress: accounts of assets and European options; the nearest move that
loses an amount is found by SciPy (SLSQP from 200 random starts and every axis, in coordinates in which the covariance is
the identity), and the conditions of its stationarity are then solved by Newton's method at 40 digits (mpmath).
Correlation paths: the matrices themselves are formed and multiplied at 50 digits. Regimes: sorted and summed in
rational numbers.

Usage: python Tests/Generate/stress_paths.py
"""

import fractions
import json
import pathlib

import mpmath as mp
import numpy as np
import scipy
from scipy.optimize import minimize
from scipy.stats import norm

assert mp.__version__ == "1.3.0"
mp.mp.dps = 40
m = mp.mpf
rng = np.random.default_rng(20_261_131)


def covariance_of(n, scale):
    loadings = rng.uniform(0.5, 1.2, n)
    noise = rng.normal(size=(n, n))
    a = np.outer(loadings, loadings) + 0.3 * noise @ noise.T / n
    return scale ** 2 * a


def black_scholes(lib, call, spot, strike, years, volatility, rate):
    sign = 1 if call else -1
    cdf = mp.ncdf if lib is mp else norm.cdf
    deviation = volatility * lib.sqrt(years)
    upper = (lib.log(spot / strike) + rate * years) / deviation + deviation / 2
    return sign * (spot * cdf(sign * upper)
                   - strike * lib.exp(-rate * years) * cdf(sign * (upper - deviation)))


def loss(lib, case, x, number):
    """The loss in a logarithmic move x; `number` turns a binary input into the arithmetic's."""
    total = number(0)
    rate = number(case["rate"])
    for i, spot in enumerate(case["spots"]):
        s = number(spot)
        after = s * lib.exp(x[i])
        total += number(case["units"][i]) * (s - after)
        for option in case["options"]:
            if option["asset"] != i:
                continue
            years = number(option["days"]) / 365
            args = (option["isCall"], number(option["strike"]), years, number(option["volatility"]))
            before = black_scholes(lib, args[0], s, args[1], args[2], args[3], rate)
            later = black_scholes(lib, args[0], after, args[1], args[2], args[3], rate)
            total += number(option["quantity"]) * (before - later)
    return total


reverses = []
for n, options, scale in [(1, 2, 0.3), (2, 0, 0.2), (2, 3, 0.25), (2, 5, 0.15), (3, 4, 0.2), (4, 8, 0.2)]:
    covariance = covariance_of(n, scale)
    spots = [float(v) for v in rng.uniform(50, 500, n)]
    case = dict(
        spots=spots, rate=float(rng.uniform(0, 0.05)), covariance=covariance.tolist(),
        mean=[float(v) for v in rng.uniform(-0.01, 0.01, n)],
        # Numbers of twelve decimals and less, which an account holds exactly enough.
        units=[float(round(v, 3)) for v in rng.uniform(-5, 10, n)],
        options=[dict(asset=int(k % n), isCall=bool(rng.random() < 0.5),
                      strike=float(spots[k % n] * rng.uniform(0.7, 1.4)),
                      days=int(rng.integers(20, 200)), volatility=float(rng.uniform(0.4, 1.0)),
                      quantity=float(rng.integers(-24, 16)) / 2) for k in range(options)])
    factor = np.linalg.cholesky(covariance)
    mean = np.array(case["mean"])
    f = lambda z: loss(np, case, mean + factor @ z, float)
    # A loss between two and four deviations away in the worst of some directions.
    directions = rng.normal(size=(400, n))
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    target = float(max(f(2.5 * d) for d in directions))
    case["loss"] = target
    best = None
    starts = [r * d for d in np.vstack([np.eye(n), -np.eye(n), directions[:200]]) for r in (2.5,)]
    for start in starts:
        found = minimize(lambda z: z @ z, start, jac=lambda z: 2 * z, method="SLSQP",
                         constraints=[dict(type="ineq", fun=lambda z: (f(z) - target) / abs(target))],
                         options=dict(maxiter=500, ftol=1e-14))
        if found.success and f(found.x) >= target * (1 - 1e-8):
            if best is None or found.x @ found.x < best @ best:
                best = found.x
    # Newton on z = λ ∇f(z), f(z) = L.
    s = mp.matrix([[m(v) for v in row] for row in case["covariance"]])
    l = mp.cholesky(s)
    mu = mp.matrix([m(v) for v in case["mean"]])
    g = lambda *z: loss(mp, case, list(mu + l * mp.matrix(list(z))), m)

    def slope(z, i):
        def along(t):
            w = list(z)
            w[i] = t
            return g(*w)
        return mp.diff(along, z[i])

    def conditions(*v):
        z, multiplier = v[:-1], v[-1]
        return [z[i] - multiplier * slope(z, i) for i in range(n)] + [g(*z) - m(target)]

    z0 = [m(v) for v in best]
    start = z0 + [mp.norm(mp.matrix(z0)) ** 2 / sum(z0[i] * slope(z0, i) for i in range(n))]
    solved = mp.findroot(conditions, start, tol=1e-25, maxsteps=30)
    z = [solved[i] for i in range(n)]
    assert mp.norm(mp.matrix(z) - mp.matrix(z0)) < 1e-3, (z, z0)
    x = mu + l * mp.matrix(z)
    case.update(distance=float(mp.norm(mp.matrix(z))), moves=[float(v) for v in x])
    reverses.append(case)

mp.mp.dps = 50
paths = []
for n in [1, 2, 5]:
    covariance = covariance_of(n, 0.05)
    weights = [float(v) for v in rng.uniform(-0.5, 1, n)]
    factor = 1.8
    case = dict(covariance=covariance.tolist(), weights=weights, volatilityFactor=factor, points=[])
    s = mp.matrix([[m(v) for v in row] for row in case["covariance"]])
    d = mp.diag([mp.sqrt(s[i, i]) for i in range(n)])
    c = d ** -1 * s * d ** -1
    w = mp.matrix([m(v) for v in weights])
    for share in [0.0, 0.25, 0.6, 1.0]:
        t = m(share)
        k = 1 + t * (m(factor) - 1)
        moved = k ** 2 * d * ((1 - t) * c + t * mp.ones(n)) * d
        assert min(mp.eigsy(moved, eigvals_only=True)) > -mp.mpf(10) ** -45
        volatility = mp.sqrt((w.T * moved * w)[0])
        gradient = moved * w
        quantile = mp.findroot(lambda q: mp.ncdf(-q) - m(0.01), 2.3)
        case["points"].append(dict(
            share=share, volatility=float(volatility),
            contributions=[float(w[i] * gradient[i] / volatility) for i in range(n)],
            covariance=[[float(moved[i, j]) for j in range(n)] for i in range(n)],
            valueAtRisk=float(quantile * volatility),
            expectedShortfall=float(mp.npdf(quantile) / m(0.01) * volatility)))
    paths.append(case)

regimes = []
for count, times, tail in [(2, 40, 0.1), (3, 25, 0.25), (1, 10, 0.05)]:
    losses = [int(v) / 8 for v in rng.integers(-40, 80, times)]
    states = rng.integers(1, 32, (times, count))
    probabilities = [int(v) for v in rng.integers(1, 9, count)]
    q = [fractions.Fraction(p, sum(probabilities)) for p in probabilities]
    masses = [[fractions.Fraction(int(states[t, k]), int(states[:, k].sum())) for t in range(times)]
              for k in range(count)]

    def measure(pairs):
        """Mean, value at risk, shortfall and the share of each pair in the tail."""
        pairs = sorted(pairs, key=lambda p: -p[0])
        left = fractions.Fraction(tail)
        size, value, shares, place = left, None, {}, 0
        while left > 0:
            end = place
            while end < len(pairs) and pairs[end][0] == pairs[place][0]:
                end += 1
            mass = sum(p[1] for p in pairs[place:end])
            share = min(fractions.Fraction(1), left / mass)
            for p in pairs[place:end]:
                shares[p[2]] = shares.get(p[2], 0) + share * p[1] * fractions.Fraction(p[0]) / size
            left -= share * mass
            value = pairs[place][0]
            place = end
        return dict(expectedLoss=float(sum(fractions.Fraction(p[0]) * p[1] for p in pairs)),
                    valueAtRisk=value, expectedShortfall=float(sum(shares.values())),
                    parts=[float(shares.get(k, 0)) for k in range(count)])

    single = [measure([(losses[t], masses[k][t], k) for t in range(times)]) for k in range(count)]
    mixed = measure([(losses[t], q[k] * masses[k][t], k) for k in range(count) for t in range(times)])
    regimes.append(dict(
        losses=losses, states=[[float(v) for v in row] for row in states],
        probabilities=[float(v) for v in q], tail=tail, regimes=single, mixture=mixed))

output = dict(
    generator="Tests/Generate/stress_paths.py",
    versions=dict(mpmath=mp.__version__, scipy=scipy.__version__, numpy=np.__version__), digits=40,
    reverses=reverses, paths=paths, regimes=regimes)
path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "stress_paths.json"
path.write_text(json.dumps(output, indent=1) + "\n")
for case in reverses:
    print(case["distance"], case["moves"])
