"""What the generators of limits of risk and of ratios to risk share: random samples, measures at 50 digits, the file."""

import json
from types import SimpleNamespace

import cvxpy as cp
import mpmath as mp
import numpy as np

from sample_risk_measures import exact, measures

assert mp.__version__ == "1.3.0" and cp.__version__ == "1.9.3"
mp.mp.dps = 50
m = mp.mpf
CONFIDENCE, TARGET = 0.9, 0.001


def samples(seed, sizes):
    """Five samples of returns of one market, every second one with probabilities, and the bounds of their weights."""
    rng = np.random.default_rng(seed)
    for number, (count, width) in enumerate(sizes):
        market = 0.01 * rng.standard_t(5, count)
        r = (0.001 + np.outer(market, rng.uniform(0.4, 1.6, width))
             + rng.uniform(-0.001, 0.002, width)
             + rng.standard_t(4, (count, width)) * rng.uniform(0.005, 0.03, width))
        weighted = number % 2 == 1
        p = rng.uniform(0.2, 1.0, count) if weighted else np.ones(count)
        p /= p.sum()
        yield SimpleNamespace(
            number=number, width=width, r=r, p=p, mu=p @ r, weighted=weighted,
            lower=[0.0, 0.0, -0.1, 0.0, 0.02][number], upper=[1.0, 0.3, 0.4, 0.15, 0.5][number])


def measured(name, sample, w):
    outcomes = [mp.fsum(m(a) * m(b) for a, b in zip(row, w)) for row in sample.r]
    return measures(outcomes, exact(sample.p), m(CONFIDENCE), m(TARGET))[name]


def portfolio(sample, results, **parameters):
    """What a test reads of a sample."""
    return dict(
        returns=sample.r.T.ravel().tolist(), count=len(sample.p),
        probabilities=sample.p.tolist() if sample.weighted else None,
        lower=sample.lower, upper=sample.upper, **parameters, confidence=CONFIDENCE, target=TARGET, **results)


def write(name, portfolios):
    with open(f"Tests/Reference/{name}.json", "w") as file:
        json.dump(dict(
            generator=f"Tests/Generate/{name}.py",
            versions={"cvxpy": cp.__version__, "clarabel": "0.11.1", "mpmath": mp.__version__},
            portfolios=portfolios), file, separators=(",", ":"))
        file.write("\n")
