"""Reference values of performance figures and of simulations of weights.

Writes Tests/Reference/performance.json. Values: exact rational arithmetic of Python's fractions on
the binary inputs, roots and powers by mpmath 1.3.0 at 50 digits, from the definitions in the
documentation. Every figure is compared with an independent library, empyrical-reloaded 0.7.1, and
where definitions agree with quantstats 0.0.86, before it is written. They differ as follows:

- empyrical's and quantstats' hit rates and averages: quantstats counts wins over the periods with a
  return other than zero; here a return of zero counts as a period without a gain.
- quantstats' Sortino ratio takes downside deviation about zero of returns less the rate; the same.
- quantstats' Calmar ratio and compound growth take calendar years of the index; here periods a year.
- Drawdown times are not given by either as counts of periods; they are searched here by brute force.

The simulation is the fixed point of "value after = value before − cost · traded, traded towards the
shares of the value after", iterated in 50 digits.

Usage: python Tests/Generate/performance.py
"""

import json
import math
import pathlib
import random
import warnings
from fractions import Fraction

import empyrical
import mpmath as mp
import numpy as np
import pandas as pd
import quantstats

warnings.filterwarnings("ignore")
assert mp.__version__ == "1.3.0" and empyrical.__version__ == "0.7.1"
mp.mp.dps = 50
random.seed(20_260_401)


def real(x):
    return mp.mpf(x.numerator) / mp.mpf(x.denominator)


def figures(returns, periods, rate):
    exact = [Fraction(r) for r in returns]
    n, year, free = len(exact), Fraction(periods), Fraction(rate)
    mean = sum(exact) / n
    growth = Fraction(1)
    wealth = [Fraction(1)]
    for r in exact:
        growth *= 1 + r
        wealth.append(growth)
    volatility = mp.sqrt(real(year * sum((r - mean) ** 2 for r in exact) / (n - 1)))
    downside = mp.sqrt(real(year * sum(min(r - free, 0) ** 2 for r in exact) / n))
    annual = mp.power(real(growth), real(year / n)) - 1 if growth > 0 else mp.mpf(-1)
    depth, start, trough, recovery, longest, peak = Fraction(0), 0, 0, None, 0, 0
    for t in range(1, n + 1):
        if wealth[t] >= wealth[peak]:
            if t - peak > 1:
                longest = max(longest, t - peak)
            peak = t
            continue
        loss = 1 - wealth[t] / wealth[peak]
        if loss > depth:
            depth, start, trough = loss, peak, t
    longest = max(longest, n - peak)
    if depth > 0:
        back = [t for t in range(trough, n + 1) if wealth[t] >= wealth[start]]
        recovery = back[0] if back else None
    gains = [r for r in exact if r > 0]
    losses = [-r for r in exact if r < 0]
    excess = real(year * (mean - free))
    result = {
        "totalReturn": float(real(growth - 1)), "annualizedReturn": float(annual),
        "annualizedVolatility": float(volatility), "downsideDeviation": float(downside),
        "sharpeRatio": float(excess / volatility), "sortinoRatio": float(excess / downside),
        "depth": float(real(depth)), "start": start, "trough": trough, "recovery": recovery,
        "longestTimeUnderWater": longest, "calmarRatio": float(annual / real(depth)),
        "hitRate": len(gains) / n,
        "averageGain": float(real(sum(gains) / len(gains))) if gains else 0.0,
        "averageLoss": float(real(sum(losses) / len(losses))) if losses else 0.0,
    }
    return result


def agree(ours, other, name, tolerance=1e-9):
    assert math.isclose(ours, other, rel_tol=tolerance, abs_tol=1e-12), (name, ours, other)


def compare(returns, periods, rate, ours):
    x = np.array(returns)
    series = pd.Series(x, index=pd.date_range("2000-01-01", periods=len(x)))
    agree(ours["totalReturn"], empyrical.cum_returns_final(x), "total")
    agree(ours["annualizedReturn"], empyrical.annual_return(x, annualization=periods), "annual")
    agree(ours["annualizedVolatility"],
          empyrical.annual_volatility(x, annualization=periods), "volatility")
    agree(ours["downsideDeviation"],
          empyrical.downside_risk(x, rate, annualization=periods), "downside")
    agree(ours["sharpeRatio"], empyrical.sharpe_ratio(x, rate, annualization=periods), "Sharpe")
    agree(ours["sortinoRatio"], empyrical.sortino_ratio(x, rate, annualization=periods), "Sortino")
    agree(ours["depth"], -empyrical.max_drawdown(x), "drawdown")
    agree(ours["calmarRatio"], empyrical.calmar_ratio(x, annualization=periods), "Calmar",
          1e-7)  # a wealth near one rounds away digits of a small drawdown
    agree(ours["annualizedVolatility"],
          quantstats.stats.volatility(series, periods=periods), "volatility of quantstats")
    agree(ours["averageGain"], quantstats.stats.avg_win(series), "average gain")
    agree(ours["averageLoss"], -quantstats.stats.avg_loss(series), "average loss")
    if rate == 0:
        agree(ours["sharpeRatio"], quantstats.stats.sharpe(series, periods=periods), "Sharpe 2")
        agree(ours["sortinoRatio"], quantstats.stats.sortino(series, periods=periods), "Sortino 2")


series = []
for case in range(40):
    n = random.choice([3, 10, 60, 250])
    scale = random.choice([1e-6, 1e-3, 0.01, 0.05])
    returns = [max(-0.9, random.gauss(random.uniform(-0.2, 0.3) * scale, scale)) for _ in range(n)]
    returns[random.randrange(2, n)] = -abs(returns[0]) - scale
    returns[0] = abs(returns[0])
    if case % 5 == 0:
        returns[1] = 0.0
    periods = random.choice([12.0, 52.0, 252.0, 365.0, 8760.0])
    rate = random.choice([0.0, 0.1 * scale])
    ours = figures(returns, periods, rate)
    compare(returns, periods, rate, ours)
    series.append({"returns": returns, "periodsPerYear": periods, "ratePerPeriod": rate, **ours})

# Corners: means far above the deviations, a total loss, one deep fall that is not regained.
corners = [
    [1e6 + k for k in [0.0, 0.25, -0.5, 0.125, 1.0]], [0.1, -1.0, 0.5, 0.25],
    [0.5, -0.5, 1.0, -0.25, -0.25, 0.25, 4.0, -0.9], [1e-9 * (1 + 1e-6 * (k % 3)) for k in range(9)] + [-1e-9],
]
for returns in corners:
    exact = figures(returns, 252.0, 0.0) if min(returns) < 0 else None
    if exact is None:
        returns = [-r / 2e6 for r in returns]
        exact = figures(returns, 252.0, 0.0)
    series.append({"returns": returns, "periodsPerYear": 252.0, "ratePerPeriod": 0.0, **exact})


def simulate(returns, target, cost, rate, every, limit):
    """Values after each row, and traded over twice the value before, in 50 digits."""
    w = [mp.mpf(x) for x in target]
    c, growth = mp.mpf(cost), 1 + mp.mpf(rate)
    held, cash = [mp.mpf(0)] * len(w), mp.mpf(1)

    def trade(held, cash):
        before = sum(held) + cash
        after = before
        while True:
            traded = sum(abs(x * after - h) for x, h in zip(w, held))
            update = before - c * traded
            if abs(update - after) < mp.mpf(10) ** -45:
                break
            after = update
        return [x * after for x in w], after * (1 - sum(w)), traded / before

    held, cash, traded = trade(held, cash)
    values, turnovers = [], []
    for t, row in enumerate(returns):
        held = [h * (1 + mp.mpf(r)) for h, r in zip(held, row)]
        cash *= growth
        value = sum(held) + cash
        drift = max(abs(h / value - x) for h, x in zip(held, w))
        due = (t + 1) % every == 0 if every else limit is not None and drift > mp.mpf(limit)
        if due:
            held, cash, more = trade(held, cash)
            traded += more
        values.append(float(sum(held) + cash))
        turnovers.append(float(traded / 2))
        traded = mp.mpf(0)
    return values, turnovers, [float(h / (sum(held) + cash)) for h in held]


simulations = []
for case in range(24):
    count, rows = random.choice([1, 2, 3, 5, 8, 11]), random.choice([5, 40])
    returns = [[max(-0.9, random.gauss(0.001, 0.05)) for _ in range(count)] for _ in range(rows)]
    target = [random.uniform(0.2, 1) for _ in range(count)]
    total = sum(target) / random.choice([1.0, 0.7, 1.5])
    target = [x / total for x in target]
    if case % 4 == 3 and count > 1:
        target[0] = -target[0]
    cost = random.choice([0.0, 0.001, 0.01, 0.1])
    rate = random.choice([0.0, 0.0002])
    every = [1, 3, 0, 0][case % 4] if case % 8 < 4 else random.choice([1, 2, 7])
    limit = 0.02 if case % 4 == 2 and every == 0 else None
    values, turnovers, weights = simulate(returns, target, cost, rate, every, limit)
    simulations.append({
        "returns": returns, "target": target, "costFraction": cost, "cashRatePerPeriod": rate,
        "everyRows": every, "absoluteThreshold": limit, "values": values,
        "turnovers": turnovers, "weights": weights})

path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "performance.json"
path.write_text(json.dumps({
    "generator": "Tests/Generate/performance.py",
    "versions": {"mpmath": mp.__version__, "empyrical-reloaded": "0.7.1", "quantstats": "0.0.86"},
    "digits": 50, "series": series, "simulations": simulations}, separators=(",", ":")) + "\n")
