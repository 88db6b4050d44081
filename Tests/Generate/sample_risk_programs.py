"""Risk measures of a sample written out as convex programs in cvxpy, homogeneous in the weights y and their scale kappa."""

import cvxpy as cp
import numpy as np

NAMES = ["standardDeviation", "meanAbsoluteDeviation", "semideviation", "firstPartialMoment",
         "secondPartialMoment", "expectedShortfall", "entropicValueAtRisk", "worstCase",
         "giniMeanDifference", "maximumDrawdown", "averageDrawdown", "conditionalDrawdown",
         "entropicDrawdown", "ulcerIndex"]


def risk(name, r, p, mu, y, kappa, confidence, target):
    """The measure of y, its target times kappa, and its constraints."""
    count = len(p)
    x, z = r @ y, (r - mu) @ y
    root = np.sqrt(p)
    d = cp.Variable(count, nonneg=True)
    falls = [d[0] >= -x[0], d[1:] >= d[:-1] - x[1:]]
    if name == "standardDeviation":
        return cp.norm(cp.multiply(root, z)), []
    if name == "meanAbsoluteDeviation":
        return p @ cp.abs(z), []
    if name == "semideviation":
        return cp.norm(cp.multiply(root, cp.pos(-z))), []
    if name == "firstPartialMoment":
        return p @ cp.pos(target * kappa - x), []
    if name == "secondPartialMoment":
        return cp.norm(cp.multiply(root, cp.pos(target * kappa - x))), []
    if name == "worstCase":
        return cp.max(-x), []
    if name == "giniMeanDifference":
        left, right = np.triu_indices(count, 1)
        return 2 * (p[left] * p[right]) @ cp.abs((r[left] - r[right]) @ y) / (1 - p @ p), []
    if name == "maximumDrawdown":
        return cp.max(d), falls
    if name == "averageDrawdown":
        return p @ d, falls
    if name == "ulcerIndex":
        return cp.norm(cp.multiply(root, d)), falls
    loss, further = (d, falls) if "Drawdown" in name else (-x, [])
    t = cp.Variable()
    if name in ("expectedShortfall", "conditionalDrawdown"):
        return t + p @ cp.pos(loss - t) / (1 - confidence), further
    s, u = cp.Variable(), cp.Variable(count)
    cone = cp.ExpCone(100 * (loss - t), 100 * s * np.ones(count), 100 * u)
    return t - s * np.log(1 - confidence), further + [p @ u <= s, cone]
