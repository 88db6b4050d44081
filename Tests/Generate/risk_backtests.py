"""Reference values of backtests of value at risk and expected shortfall.

Writes Tests/Reference/risk_backtests.json. Values: mpmath 1.3.0 at 50 digits from the exact binary inputs, the
likelihoods written out; probabilities of the binomial law as sums.

Usage: python Tests/Generate/risk_backtests.py
"""

import json
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 50
random.seed(20_261_127)
m = mp.mpf


def power(p, n):
    """n ln p, with 0 ln 0 = 0."""
    return m(0) if n == 0 else n * mp.log(p)


def likelihood_tests(hits, confidence):
    p, rows, count = 1 - m(confidence), len(hits), sum(hits)
    share = m(count) / rows
    coverage = 2 * (power(1 - share, rows - count) + power(share, count)
                    - power(1 - p, rows - count) - power(p, count))
    n = [[0, 0], [0, 0]]
    for a, b in zip(hits, hits[1:]):
        n[a][b] += 1
    total = sum(map(sum, n))
    into = n[0][1] + n[1][1]
    independence = m(0)
    if total:
        pi = m(into) / total
        independence = -2 * (power(1 - pi, total - into) + power(pi, into))
        for row in n:
            if sum(row):
                own = m(row[1]) / sum(row)
                independence += 2 * (power(1 - own, row[0]) + power(own, row[1]))
    both = coverage + independence
    light = sum(mp.binomial(rows, k) * p**k * (1 - p)**(rows - k) for k in range(count + 1))
    return dict(
        coverage=float(coverage), coverageP=float(mp.erfc(mp.sqrt(coverage / 2))),
        independence=float(independence), independenceP=float(mp.erfc(mp.sqrt(abs(independence) / 2))),
        both=float(both), bothP=float(mp.exp(-both / 2)), cumulative=float(light))


cases = []
for rows, confidence, rate, cluster in [
        (250, 0.99, 0.01, 0), (250, 0.99, 0.04, 0.3), (1000, 0.975, 0.02, 0.5), (500, 0.95, 0.05, 0),
        (60, 0.9, 0.3, 0.6), (250, 0.99, 0, 0), (40, 0.95, 1, 0), (1, 0.99, 0, 0), (1, 0.99, 1, 0),
        (2, 0.5, 0.5, 0), (2000, 0.999, 0.0005, 0), (700, 0.99, 0.0101, 0)]:
    losses, risks, shortfalls, before = [], [], [], False
    for _ in range(rows):
        risk = round(random.uniform(0.5, 2), 3)
        before = random.random() < (cluster if before and cluster else rate)
        losses.append(
            round(risk * (1.001 + random.expovariate(3)), 3) if before
            else round(risk * random.uniform(-2, 1), 3))
        risks.append(risk)
        shortfalls.append(round(risk * random.uniform(1.1, 1.4), 3))
    hits = [int(a > b) for a, b in zip(losses, risks)]
    ratios = [m(a) / m(e) for a, b, e in zip(losses, risks, shortfalls) if a > b]
    cases.append(dict(
        losses=losses, valuesAtRisk=risks, expectedShortfalls=shortfalls, confidence=confidence,
        count=sum(hits), **likelihood_tests(hits, confidence),
        z1=float(1 - sum(ratios) / len(ratios)) if ratios else None,
        z2=float(1 - sum(ratios) / (rows * (1 - m(confidence))))))

target = pathlib.Path(__file__).resolve().parents[1] / "Reference" / "risk_backtests.json"
target.write_text(json.dumps(dict(cases=cases), separators=(",", ":")) + "\n")
