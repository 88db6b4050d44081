"""Makes Tests/Reference/performance_ratios.json: ratios of a sample, alone and against a benchmark, with their errors.

Needs numpy 2.3.5, mpmath 1.3.0. Run from the root of the repository:
python Tests/Generate/performance_ratios.py

Definitions in mpmath at 40 digits. Errors: the function of the empirical law is evaluated where the mass of one outcome is moved by
1e-12, which gives the influence of each outcome without formulas; their long-run variance as Newey and West write it. The Sharpe
ratio's error for independent outcomes also by Opdyke's formula from four moments. Lo's factor from the autocorrelations. Falls by
enumeration of all pairs of a peak and a trough.
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


def deviation_measures(x, p, tau):
    mu = mean(x, p)
    # The least temperature is where the derivative vanishes, in the logarithm.
    f = lambda s: mp.exp(s) * (mp.log(mean([mp.exp(-a / mp.exp(s)) for a in x], p)) - mp.log(1 - m("0.875")))
    s = mp.findroot(lambda s: mp.diff(f, s), mp.log(m("0.02")))
    pairs = mp.fsum(p[i] * p[j] * abs(x[i] - x[j]) for i in range(len(x)) for j in range(len(x)))
    return dict(
        deviation=mp.sqrt(mean([(a - mu) ** 2 for a in x], p)), absolute=mean([abs(a - mu) for a in x], p),
        semideviation=mp.sqrt(partial(x, p, mu, 2)), partialFirst=partial(x, p, tau, 1), partialSecond=mp.sqrt(partial(x, p, tau, 2)),
        gini=pairs / (1 - mp.fsum(v * v for v in p)), entropic=f(s))


def ratios(x, p, count):
    mu = mean(x, p)
    variance = mean([(a - mu) ** 2 for a in x], p) * count / (count - 1)
    tau, low = m("0.001"), m("-0.0125")
    return dict(
        sharpe=(mu - tau) / mp.sqrt(variance),
        sortino=(mu - tau) / mp.sqrt(partial(x, p, tau, 2)),
        kappa=(mu - tau) / mp.cbrt(partial(x, p, tau, 3)),
        omega=mp.fsum(b * max(a - tau, 0) for a, b in zip(x, p)) / partial(x, p, tau, 1),
        upside=mp.fsum(b * max(a - tau, 0) for a, b in zip(x, p)) / mp.sqrt(partial(x, p, tau, 2)),
        rachev=shortfall([-a for a in x], p, m("0.89")) / shortfall(x, p, m("0.875")),
        starr=(mu - tau) / shortfall(x, p, m("0.875")),
        starrLow=(mu - low) / shortfall(x, p, m("0.875")),
        **{name: (mu - low) / value for name, value in deviation_measures(x, p, tau).items()})


def benchmark_ratios(x, b, p, count):
    mx, mb, tau = mean(x, p), mean(b, p), m("0.0005")
    sbb = mean([(v - mb) ** 2 for v in b], p)
    beta = mean([(u - mx) * (v - mb) for u, v in zip(x, b)], p) / sbb
    alpha = (mx - tau) - beta * (mb - tau)
    rest = mean([(u - mx - beta * (v - mb)) ** 2 for u, v in zip(x, b)], p) * count / (count - 2)
    active = [u - v for u, v in zip(x, b)]
    ma = mean(active, p)
    half = count / m(count - 1)
    up = lambda at: mean([u if v > at else 0 for u, v in zip(x, b)], p) / mean([v if v > at else 0 for v in b], p)
    down = lambda at: mean([u if v < at else 0 for u, v in zip(x, b)], p) / mean([v if v < at else 0 for v in b], p)
    return dict(
        beta=beta, information=ma / mp.sqrt(mean([(v - ma) ** 2 for v in active], p) * half), treynor=(mx - tau) / beta, alpha=alpha,
        appraisal=alpha / mp.sqrt(rest), riskAdjusted=tau + (mx - tau) * mp.sqrt(sbb / mean([(v - mx) ** 2 for v in x], p)),
        upCapture=up(m("0.005")), downCapture=down(-m("0.005")), capture=up(m("0.005")) / down(-m("0.005")))


count = 60
noise = rng.standard_t(5, count) * 0.02
sample = [0.004 + float(noise[0])]
for t in range(1, count):
    sample.append(float(0.003 + 0.25 * sample[-1] + noise[t]))
x = [m(v) for v in sample]
p = [m(1) / count] * count
step = m(10) ** -14


def influences_of(function):
    base = function(p)
    result = {name: [] for name in base}
    for t in range(count):
        q = [b * (1 - step) + (step if s == t else 0) for s, b in enumerate(p)]
        moved = function(q)
        for name in base:
            result[name].append((moved[name] - base[name]) / step)
    return base, result


base, influences = influences_of(lambda q: ratios(x, q, count))
other = rng.standard_t(5, count) * 0.02
benchmark = [float(0.6 * sample[t] + 0.002 + 0.5 * other[t]) for t in range(count)]
z = [m(v) for v in benchmark]
against, against_influences = influences_of(lambda q: benchmark_ratios(x, z, q, count))

def measures(p):
    order = sorted(range(count), key=lambda t: x[t])
    weight = {"spectral": lambda u: (1 - mp.exp(-12 * u)) / (1 - mp.exp(m(-12))), "power": lambda u: mp.sqrt(u)}
    result = dict(deviation_measures(x, p, m("0.001")), shortfall=shortfall(x, p, m("0.875")),
                  entropicRisk=mp.log(mean([mp.exp(-8 * v) for v in x], p)) / 8)
    for name, f in weight.items():
        below, total = m(0), m(0)
        for t in order:
            total -= x[t] * (f(below + p[t]) - f(below))
            below += p[t]
        result[name] = total
    return result


measured, measure_influences = influences_of(measures)

# The deepest fall after each peak, in sums from zero.
level = [m(0)]
for v in x:
    level.append(level[-1] + v)
peaks = [t for t in range(count + 1) if all(level[t] >= level[s] for s in range(t))] + [count + 1]
falls = sorted((max(level[a] - v for v in level[a:b]) for a, b in zip(peaks, peaks[1:])), reverse=True)
falls = [v for v in falls if v > 0]
excess = mp.fsum(x) / count - m("0.001")
by_falls = dict(burke=excess / mp.sqrt(mp.fsum(v * v for v in falls)), burkeTwo=excess / mp.sqrt(falls[0] ** 2 + falls[1] ** 2),
                sterling=excess / (mp.fsum(falls[:2]) / 2), cushioned=excess / (mp.fsum(falls[:2]) / 2 + m("0.125")),
                sterlingAll=excess / (mp.fsum(falls) / len(falls)))
assert len(falls) > 2


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
        benchmark=benchmark, benchmarkValues={k: float(v) for k, v in against.items()},
        benchmarkErrors={k: float(error(v, 0)) for k, v in against_influences.items()},
        laggedBenchmarkErrors={k: float(error(v, 4)) for k, v in against_influences.items()},
        measures={k: float(v) for k, v in measured.items()},
        measureErrors={k: float(error(v, 0)) for k, v in measure_influences.items()},
        laggedMeasureErrors={k: float(error(v, 4)) for k, v in measure_influences.items()},
        falls={k: float(v) for k, v in by_falls.items()},
        opdyke=float(opdyke), lo={str(q): float(eta(q)) for q in (1, 2, 5, 12)}), file, indent=1)
    file.write("\n")
