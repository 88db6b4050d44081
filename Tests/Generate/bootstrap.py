"""Reference lengths of blocks for KeelDistributions: NumPy 2.3.5, compared with arch 8.0.0.

python3 Tests/Generate/bootstrap.py writes Tests/Reference/bootstrap.json.

Politis and White (2004), sections 3.2 and 3.3, with the constants of Patton, Politis and White (2009). arch takes the cut one lag
later than the article, so that the two agree where no correlation is large; that is checked here.
"""

import json
import pathlib

import arch
import numpy as np
from arch.bootstrap import optimal_block_length


def lengths(x):
    n = len(x)
    d = x - x.mean()
    r = np.array([d[k:] @ d[: n - k] for k in range(n)]) / n
    band = max(5, int(np.ceil(np.sqrt(np.log10(n)))))
    most = int(np.ceil(np.sqrt(n))) + band
    small = np.abs(r / r[0]) < 2 * np.sqrt(np.log10(n) / n)
    cut = next((m for m in range(0, most - band + 1) if small[m + 1 : m + band + 1].all()), None)
    if cut is None:
        cut = max(k for k in range(1, most + 1) if not small[k])
    reach = min(2 * max(cut, 1), most)
    k = np.arange(-reach, reach + 1)
    window = np.clip(2 * (1 - np.abs(k) / reach), 0, 1)
    g = (window * np.abs(k) * r[np.abs(k)]).sum()
    spectrum = (window * r[np.abs(k)]).sum()
    top = np.ceil(min(3 * np.sqrt(n), n / 3))
    stationary = (2 * g**2 / (2 * spectrum**2)) ** (1 / 3) * n ** (1 / 3)
    circular = (2 * g**2 / (4 / 3 * spectrum**2)) ** (1 / 3) * n ** (1 / 3)
    return cut, float(min(max(stationary, 1), top)), float(min(max(circular, 1), top))


def main():
    generator = np.random.default_rng(20_261_131)
    cases = []
    for n, rho in [(300, 0.0), (500, 0.0), (400, 0.5), (1000, 0.8), (250, -0.4), (60, 0.3), (12, 0.0), (400, 0.99)]:
        x = generator.standard_normal(n)
        for t in range(1, n):
            x[t] += rho * x[t - 1]
        cut, stationary, circular = lengths(x)
        if cut == 0:
            peer = optimal_block_length(x)
            assert abs(max(peer["stationary"].iloc[0], 1) - stationary) < 1e-9 * stationary, (peer, stationary)
            assert abs(max(peer["circular"].iloc[0], 1) - circular) < 1e-9 * circular
        cases.append({"series": x.tolist(), "stationary": stationary, "circular": circular})
    result = {
        "generator": "Tests/Generate/bootstrap.py",
        "versions": {"numpy": np.__version__, "arch": arch.__version__},
        "digits": 13,
        "cases": cases,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "bootstrap.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("},{", "},\n{"))


main()
