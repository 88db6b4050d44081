"""Reference values of quote cleaning and of surfaces of implied volatility.

Writes Tests/Reference/surfaces.json. Parity: repeated medians and reweighted least squares with NumPy, iterated to the
fixed point, at the middles of noisy chains with gross outliers. Surfaces: mpmath at 40 digits, from the formulas of
Gatheral and Jacquier in theta, rho and phi, with derivatives by mpmath's differences, at the exact binary inputs.

Usage: python Tests/Generate/surfaces.py
"""

import json
import math
import pathlib

import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0"
mp.mp.dps = 40
random = np.random.default_rng(20_261_127)


def weighted_median(values, weights):
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return values[order][np.searchsorted(total, total[-1] / 2)]


def parity(strikes, differences, widths, known):
    """Intercept, slope, errors of forward and slope of C - P = A - B K."""
    K, y, w = map(np.asarray, (strikes, differences, widths))
    if known is None:
        n = len(K)
        slope = np.median([np.median([(y[i] - y[j]) / (K[j] - K[i]) for j in range(n) if j != i])
                           for i in range(n)])
        start = np.median(y + slope * K), slope
    elif known[0] == "intercept":
        start = known[1], weighted_median((known[1] - y) / K, K / w)
    else:
        start = weighted_median(y + known[1] * K, 1 / w), known[1]
    scale = max(np.median(abs(y - start[0] + start[1] * K) / w) * 1.482602218505602, 0.1)
    a, b = start
    for _ in range(500):
        u = (y - a + b * K) / (w * scale * 4.685)
        q = np.where(abs(u) < 1, (1 - u * u) ** 2, 0) / w ** 2
        if known is None:
            columns, target = np.c_[np.ones_like(K), -K], y
        elif known[0] == "intercept":
            columns, target = -K[:, None], y - known[1]
        else:
            columns, target = np.ones_like(K)[:, None], y + known[1] * K
        root = np.sqrt(q)
        x = np.linalg.lstsq(columns * root[:, None], target * root, rcond=None)[0]
        if known is None:
            a, b = x
        elif known[0] == "intercept":
            b = x[0]
        else:
            a = x[0]
    residual = root * (y - a + b * K)
    used = int((q > 0).sum())
    variance = residual @ residual / max(used - len(x), 1)
    inverse = variance * np.linalg.inv((columns * q[:, None]).T @ columns)
    gradient = {None: [1 / b, -a / b ** 2]}.get(
        known, [-a / b ** 2] if known and known[0] == "intercept" else [1 / b])
    gradient = np.array(gradient)
    forward_error = math.sqrt(gradient @ inverse @ gradient)
    slope_error = 0.0 if known and known[0] == "slope" else math.sqrt(inverse[-1, -1])
    return [float(z) for z in (a / b, b, forward_error, slope_error)] + [used]


chains = []
for kind in ["cash", "cash", "cash", "coin", "coin", "coin"] * 3:
    time = float(random.uniform(0.02, 2))
    spot, rate = 100.0, float(random.uniform(-0.02, 0.08))
    forward, volatility = float(random.uniform(90, 115)), 0.6
    strikes = [float(k) for k in range(60, 160, 5)]
    fixes = len(chains) % 2 == 0
    known = None
    discount = math.exp(-rate * time)
    if kind == "coin":
        unit = spot
        discount *= spot / forward
    else:
        unit = 1.0
    if fixes:
        known = ("intercept" if kind == "coin" else "slope", math.exp(-rate * time))
    rows, pairs = [], []
    for i, strike in enumerate(strikes):
        s = volatility * math.sqrt(time)
        d = math.log(forward / strike) / s + s / 2
        call = discount * (forward * float(mp.ncdf(d)) - strike * float(mp.ncdf(d - s)))
        put = call - discount * (forward - strike)
        bid_ask = []
        for value in (call, put):
            half = float(random.uniform(0.02, 0.3))
            middle = max(value, 1) + half * float(random.uniform(-0.5, 0.5))
            if i % 4 == 1 and value is call:
                middle += 8  # a gross outlier
            bid_ask += [(middle - half) / unit, (middle + half) / unit]
        rows.append([strike] + bid_ask)
        b = bid_ask
        pairs.append((strike, (b[0] + b[1]) / 2 - (b[2] + b[3]) / 2, (b[1] - b[0] + b[3] - b[2]) / 2))
    fit = parity(*zip(*pairs), known)
    fit[1] *= unit
    fit[3] *= unit
    chains.append({"premium": kind, "time": time, "spot": spot, "rate": rate if fixes else None,
                   "quotes": rows, "fit": fit})

def ssvi(k, theta, rho, phi):
    return theta / 2 * (1 + rho * phi * k + mp.sqrt((phi * k + rho) ** 2 + 1 - rho ** 2))


def line(knots, time):
    """A line from zero through the knots and on."""
    points = [(mp.mpf(0), mp.mpf(0))] + [(mp.mpf(t), mp.mpf(v)) for t, v in knots]
    i = max(j for j in range(len(points) - 1) if points[j][0] <= time)
    (t0, v0), (t1, v1) = points[i], points[i + 1]
    return v0 + (v1 - v0) * (time - t0) / (t1 - t0)


def phi_of(curvature, theta):
    if curvature[0] == "powerLaw":
        eta, gamma = map(mp.mpf, curvature[1:])
        return eta / (theta ** gamma * (1 + theta) ** (1 - gamma))
    x = mp.mpf(curvature[1]) * theta
    return (1 - (1 - mp.exp(-x)) / x) / x


def row(w, k, time):
    """Value, slope, curvature, derivative by time, density factor."""
    k, time = mp.mpf(k), mp.mpf(time)
    value = w(k, time)
    slope, bend = mp.diff(lambda x: w(x, time), k), mp.diff(lambda x: w(x, time), k, 2)
    speed = mp.diff(lambda t: w(k, t), time)
    g = (1 - k * slope / (2 * value)) ** 2 - slope ** 2 / 4 * (1 / value + mp.mpf(1) / 4) + bend / 2
    return [float(z) for z in (k, time, value, slope, bend, speed, g)]


surfaces = []
for number in range(16):
    times = sorted(float(t) for t in random.uniform(0.01, 2, 4))
    vol = float(random.uniform(0.1, 1.2))
    knots = []
    for t in times:
        floor = knots[-1][1] if knots else 0
        knots.append([t, max(vol ** 2 * t * float(random.uniform(0.8, 1.2)), floor)])
    rho = [float(random.uniform(-0.95, 0.95)), 0.0, -0.999, 0.999][min(number % 7, 3)]
    curvature = (["powerLaw", float(random.uniform(0.2, 1.5)), float(random.uniform(0.1, 0.9))]
                 if number % 2 else ["hestonLike", float(random.choice([1e-3, 0.5, 3, 60]))])
    w = lambda k, t: ssvi(k, line(knots, t), mp.mpf(rho), phi_of(curvature, line(knots, t)))
    rows = []
    for _ in range(25):
        time = float(random.uniform(0.005, 2.5))
        width = float(mp.sqrt(line(knots, mp.mpf(time))))
        k = float(random.choice([0.1, 1, 5, 40]) * width * random.uniform(-1, 1))
        rows.append(row(w, k, time))
    rows.append(row(w, 0.0, times[0] / 3))
    surfaces.append({"knots": knots, "rho": rho, "law": curvature[0], "law_numbers": curvature[1:],
                     "rows": rows})

extended = []
for number in range(12):
    times = sorted(float(t) for t in random.uniform(0.01, 2, 4))
    theta, psi = 0.0, 0.0
    smiles = []
    for t in times:
        theta += float(random.uniform(0.001, 0.2))
        psi += float(random.uniform(0.01, 0.2))
        smiles.append([t, theta, float(random.uniform(-0.9, 0.9)), psi])

    def w(k, t):
        level = line([(s[0], s[1]) for s in smiles], t)
        inside = min(t, mp.mpf(times[-1]))
        p = line([(s[0], s[3]) for s in smiles], inside)
        chi = line([(s[0], mp.mpf(s[3]) * mp.mpf(s[2])) for s in smiles], inside)
        return ssvi(k, level, chi / p, p / level)
    rows = []
    for _ in range(25):
        time = float(random.uniform(0.005, 2.5))
        k = float(random.choice([0.1, 1, 5, 40]) * random.uniform(-1, 1))
        rows.append(row(w, k, time))
    extended.append({"smiles": smiles, "rows": rows})

out = {
    "generator": "Tests/Generate/surfaces.py",
    "versions": {"mpmath": mp.__version__, "numpy": np.__version__},
    "digits": 17,
    "parity": chains,
    "columns": ["k", "time", "w", "by k", "by k twice", "by time", "g"],
    "ssvi": surfaces,
    "extended": extended,
}
path = pathlib.Path(__file__).parent.parent / "Reference" / "surfaces.json"
path.write_text(json.dumps(out, separators=(",", ":")).replace('},{', '},\n{') + "\n")
