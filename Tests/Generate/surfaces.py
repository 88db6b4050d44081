"""Reference values of quote cleaning and of surfaces of implied volatility.

Writes Tests/Reference/surfaces.json. Parity: repeated medians and reweighted least squares with NumPy, iterated to the
fixed point, at the middles of noisy chains with gross outliers.

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


def parity(strikes, differences, widths, known):
    """Intercept, slope, errors of forward and slope of C - P = A - B K."""
    K, y, w = map(np.asarray, (strikes, differences, widths))
    if known is None:
        n = len(K)
        slope = np.median([np.median([(y[i] - y[j]) / (K[j] - K[i]) for j in range(n) if j != i])
                           for i in range(n)])
        start = np.median(y + slope * K), slope
    elif known[0] == "intercept":
        start = known[1], np.median((known[1] - y) / K)
    else:
        start = np.median(y + known[1] * K), known[1]
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

out = {
    "generator": "Tests/Generate/surfaces.py",
    "versions": {"mpmath": mp.__version__, "numpy": np.__version__},
    "digits": 17,
    "parity": chains,
}
path = pathlib.Path(__file__).parent.parent / "Reference" / "surfaces.json"
path.write_text(json.dumps(out, separators=(",", ":")).replace('},{', '},\n{') + "\n")
