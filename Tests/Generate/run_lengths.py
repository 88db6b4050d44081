"""Prints the expected run lengths of `runLengthsOfTheIntegralEquation` in Tests/KeelEstimationTests/BreakTests.swift.

Needs what requirements-peers.txt pins. Run: python Tests/Generate/run_lengths.py

The run length L(z) of one side that starts at z satisfies L(z) = 1 + L(0) Φ(k − z − δ) + ∫ L(x) φ(x + k − z − δ) dx over
[0, h] (E. Page, Biometrika 41, 1954): solved at Gauss-Legendre nodes. Rates of the two sides sum.
"""

import numpy as np
from scipy.stats import norm

ALLOWANCE = 0.5


def one_sided(threshold, drift, count):
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes, weights = (nodes + 1) * threshold / 2, weights * threshold / 2
    starts = np.concatenate([[0], nodes])
    system = np.eye(count + 1)
    system[:, 0] -= norm.cdf(ALLOWANCE - starts - drift)
    system[:, 1:] -= weights * norm.pdf(nodes[None, :] + ALLOWANCE - starts[:, None] - drift)
    return np.linalg.solve(system, np.ones(count + 1))[0]


def two_sided(threshold, shift, count):
    return 1 / (1 / one_sided(threshold, shift, count) + 1 / one_sided(threshold, -shift, count))


for threshold in (5, 4):
    for shift in (0, 0.5, 1, 2):
        value = two_sided(threshold, shift, 200)
        assert abs(two_sided(threshold, shift, 90) / value - 1) < 1e-10
        print(threshold, shift, f"{value:.8f}")
