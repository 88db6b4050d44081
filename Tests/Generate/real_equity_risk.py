"""Replays of March 2020, May 2021, November 2022 and backtests of historical value at risk, on 20 stocks.

Writes Tests/Reference/real_equity_risk.json from equities_sp500_20_daily.csv.gz in the folder KEEL_DATA. Values: NumPy
2.3.5; likelihoods by mpmath 1.3.0 at 50 digits. A replayed account holds 100 of each stock. The value at risk of a day
is the smallest loss of an equally weighted portfolio that at most 1 - confidence of the window before that day exceed.

Usage: KEEL_DATA=folder python Tests/Generate/real_equity_risk.py
"""

import csv
import gzip
import json
import os
import pathlib

import mpmath as mp
import numpy as np

assert (mp.__version__, np.__version__) == ("1.3.0", "2.3.5")
mp.mp.dps = 50
m = mp.mpf
root = pathlib.Path(__file__).resolve().parents[2]
folder = pathlib.Path(os.environ.get("KEEL_DATA", root.parent / "shared" / "data"))
with gzip.open(folder / "equities_sp500_20_daily.csv.gz", "rt") as file:
    header, *table = csv.reader(file)
dates = [row[0] for row in table]
assert dates == sorted(dates)
prices = np.array([[float(x) for x in row[1:]] for row in table])

replays = []
for start, end in [("2020-02-19", "2020-03-31"), ("2021-04-30", "2021-05-28"), ("2022-10-31", "2022-11-30")]:
    way = prices[dates.index(start):dates.index(end) + 1]
    losses = 100 * (way[0] - way[1:]).sum(axis=1)
    worst = int(losses.argmax())
    replays.append(dict(
        start=start, end=end, moves=dict(zip(header[1:], map(float, way[-1] / way[0] - 1))),
        losses=[float(x) for x in losses], worst=worst, worstDate=dates[dates.index(start) + 1 + worst]))


def log_likelihood(misses, hits, share):
    return (misses * mp.log(1 - share) if misses else m(0)) + (hits * mp.log(share) if hits else m(0))


first = next(k for k, date in enumerate(dates) if date >= "2004-01-01")
losses = -(prices[first:] / prices[first - 1:-1] - 1).mean(axis=1)
backtests = []
for confidence, window in [(0.95, 500), (0.99, 500)]:
    # The number of losses of the window that may be larger.
    above = round((1 - confidence) * window)
    risks = [np.sort(losses[t - window:t])[::-1][above] for t in range(window, len(losses))]
    hits = (losses[window:] > np.array(risks)).astype(int)
    rows, count, p = len(hits), int(hits.sum()), 1 - m(confidence)
    coverage = 2 * (log_likelihood(rows - count, count, m(count) / rows) - log_likelihood(rows - count, count, p))
    n = [[int(((hits[:-1] == a) & (hits[1:] == b)).sum()) for b in (0, 1)] for a in (0, 1)]
    into = [n[0][0] + n[1][0], n[0][1] + n[1][1]]
    independence = 2 * (sum(log_likelihood(*row, m(row[1]) / sum(row)) for row in n)
                        - log_likelihood(*into, m(into[1]) / sum(into)))
    backtests.append(dict(
        confidence=confidence, window=window, from_="2004-01-01", rows=rows, count=count,
        coverage=float(coverage), coverageP=float(mp.erfc(mp.sqrt(coverage / 2))),
        independence=float(independence), independenceP=float(mp.erfc(mp.sqrt(independence / 2))),
        bothP=float(mp.exp(-(coverage + independence) / 2))))

target = root / "Tests" / "Reference" / "real_equity_risk.json"
target.write_text(json.dumps(dict(
    generator="Tests/Generate/real_equity_risk.py",
    versions=dict(mpmath=mp.__version__, numpy=np.__version__),
    replays=replays, backtests=backtests), indent=1).replace("from_", "from") + "\n")
