"""Makes Tests/Reference/performance_ratios.json: ratios of a sample with their errors, and splits of risks.

Needs numpy 2.3.5, mpmath 1.3.0. Run from the root of the repository:
python Tests/Generate/performance_ratios.py

Definitions in mpmath at 40 digits. Errors: the function of the empirical law is evaluated where the mass of one outcome is moved by
1e-12, which gives the influence of each outcome without formulas; their long-run variance as Newey and West write it. The Sharpe
ratio's error for independent outcomes also by Opdyke's formula from four moments. Lo's factor from the autocorrelations.
"""

import json

import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0"
mp.mp.dps = 40
m = mp.mpf
rng = np.random.default_rng(20_261_129)


def mean(x, p):
    return mp.fsum(a * b for a, b in zip(x, p))


def partial(x, p, target, order):
    return mp.fsum(b * max(target - a, 0) ** order for a, b in zip(x, p))


def shortfall(x, p, confidence):
    rest, total = 1 - confidence, m(0)
    for a, b in sorted(zip(x, p)):
        take = min(b, rest)
        total -= take * a
        rest -= take
    return total / (1 - confidence)


def ratios(x, p, count):
    mu = mean(x, p)
    variance = mean([(a - mu) ** 2 for a in x], p) * count / (count - 1)
    tau = m("0.001")
    return dict(
        sharpe=(mu - tau) / mp.sqrt(variance),
        sortino=(mu - tau) / mp.sqrt(partial(x, p, tau, 2)),
        kappa=(mu - tau) / mp.cbrt(partial(x, p, tau, 3)),
        omega=mp.fsum(b * max(a - tau, 0) for a, b in zip(x, p)) / partial(x, p, tau, 1),
        upside=mp.fsum(b * max(a - tau, 0) for a, b in zip(x, p)) / mp.sqrt(partial(x, p, tau, 2)),
        rachev=shortfall([-a for a in x], p, m("0.89")) / shortfall(x, p, m("0.875")),
        starr=(mu - tau) / shortfall(x, p, m("0.875")))


count = 60
noise = rng.standard_t(5, count) * 0.02
sample = [0.004 + float(noise[0])]
for t in range(1, count):
    sample.append(float(0.003 + 0.25 * sample[-1] + noise[t]))
x = [m(v) for v in sample]
p = [m(1) / count] * count
base = ratios(x, p, count)
step = m(10) ** -14
influences = {name: [] for name in base}
for t in range(count):
    q = [b * (1 - step) + (step if s == t else 0) for s, b in enumerate(p)]
    moved = ratios(x, q, count)
    for name in base:
        influences[name].append((moved[name] - base[name]) / step)


def error(psi, lags):
    mu = mp.fsum(psi) / count
    d = [v - mu for v in psi]
    total = mp.fsum(v * v for v in d) / count
    for k in range(1, lags + 1):
        total += 2 * (1 - m(k) / (lags + 1)) * mp.fsum(d[t] * d[t - k] for t in range(k, count)) / count
    return mp.sqrt(max(total, 0) / count)


mu = mp.fsum(x) / count
central = [mp.fsum((v - mu) ** k for v in x) / count for k in range(5)]
sd = mp.sqrt(central[2])
# With the population's deviation, so that moments and influences are of one law.
sr = base["sharpe"] * mp.sqrt(m(count) / (count - 1))
skew, kurt = central[3] / sd ** 3, central[4] / sd ** 4
opdyke = mp.sqrt((1 + sr ** 2 / 2 - skew * sr + (kurt - 3) / 4 * sr ** 2) / count)
rho = lambda k: mp.fsum((x[t] - mu) * (x[t - k] - mu) for t in range(k, count)) / count / central[2]
eta = lambda q: q / mp.sqrt(q + 2 * mp.fsum((q - k) * rho(k) for k in range(1, q)))

with open("Tests/Reference/performance_ratios.json", "w") as file:
    json.dump(dict(
        generator="Tests/Generate/performance_ratios.py", versions=dict(mpmath=mp.__version__, numpy=np.__version__),
        sample=sample, values={k: float(v) for k, v in base.items()},
        errors={k: float(error(v, 0)) for k, v in influences.items()},
        laggedErrors={k: float(error(v, 4)) for k, v in influences.items()},
        opdyke=float(opdyke), lo={str(q): float(eta(q)) for q in (1, 2, 5, 12)}), file, indent=1)
    file.write("\n")
