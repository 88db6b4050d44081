"""Reference values for the states of a given hidden Markov model of three assets: hmmlearn 0.3.3, NumPy 2.3.5,
SciPy 1.16.3.

python3 Tests/Generate/regime_states.py writes Tests/Reference/regime_states.json.

Likelihood, smoothed probabilities and paths are those of hmmlearn; the filtered probabilities of a row are the
smoothed ones of the series that ends with it. A short series is enumerated: the sums over all paths. Forecasts
are sums over all paths of the next rows, their covariances second moments less the products of the means.
"""

import itertools
import json
import pathlib

import hmmlearn
import numpy as np
import scipy
from hmmlearn.hmm import GaussianHMM
from scipy.stats import multivariate_normal

INITIAL = np.array([0.2, 0.5, 0.3])
# No way from the first state to the last one.
TRANSITIONS = np.array([[0.9, 0.1, 0.0], [0.06, 0.9, 0.04], [0.02, 0.13, 0.85]])
MEANS = np.array([[0.002, 0.001, 0.003], [0.0, 0.0005, -0.001], [-0.01, -0.004, -0.015]])
ROOTS = np.array([
    [[0.008, 0, 0], [0.002, 0.006, 0], [0.001, 0.002, 0.012]],
    [[0.015, 0, 0], [0.006, 0.01, 0], [0.01, 0.002, 0.02]],
    [[0.04, 0, 0], [0.03, 0.012, 0], [0.05, 0.005, 0.02]],
])
COVARIANCES = ROOTS @ ROOTS.transpose(0, 2, 1)


def series(seed, count):
    generator = np.random.default_rng(seed)
    state, rows = generator.choice(3, p=INITIAL), []
    for t in range(count):
        if t:
            state = generator.choice(3, p=TRANSITIONS[state])
        rows.append(MEANS[state] + ROOTS[state] @ generator.standard_normal(3))
    return np.round(np.array(rows), 9)


def peer():
    model = GaussianHMM(3, covariance_type="full", implementation="log")
    model.startprob_, model.transmat_, model.means_ = INITIAL, TRANSITIONS, MEANS
    model.covars_ = COVARIANCES
    return model


def enumerated(x):
    """Filtered probabilities of the last row, smoothed ones of all, the likelihood and the best path."""
    count = len(x)
    density = np.array([
        multivariate_normal(MEANS[j], COVARIANCES[j]).pdf(x) for j in range(3)]).T
    smoothed, total, best = np.zeros((count, 3)), 0.0, (0.0, None)
    for path in itertools.product(range(3), repeat=count):
        weight = INITIAL[path[0]]
        for t, j in enumerate(path):
            weight *= density[t, j] * (TRANSITIONS[path[t - 1], j] if t else 1)
        total += weight
        for t, j in enumerate(path):
            smoothed[t, j] += weight
        best = max(best, (weight, path))
    return {
        "rows": x.tolist(), "logLikelihood": float(np.log(total)),
        "smoothed": (smoothed / total).tolist(), "path": list(best[1])}


def forecasts(law, steps):
    result = []
    for h in range(1, steps + 1):
        ahead = np.zeros(3)
        for path in itertools.product(range(3), repeat=h + 1):
            weight = law[path[0]]
            for i, j in zip(path, path[1:]):
                weight *= TRANSITIONS[i, j]
            ahead[path[-1]] += weight
        mean = ahead @ MEANS
        second = sum(
            p * (c + np.outer(m, m)) for p, c, m in zip(ahead, COVARIANCES, MEANS))
        result.append({
            "probabilities": ahead.tolist(), "mean": mean.tolist(),
            "covariance": (second - np.outer(mean, mean)).tolist()})
    return result


def main():
    x, model = series(11, 150), peer()
    filtered = [model.predict_proba(x[:t + 1])[-1].tolist() for t in range(len(x))]
    score, path = model.decode(x, algorithm="viterbi")
    output = {
        "generator": "Tests/Generate/regime_states.py",
        "versions": {
            "hmmlearn": hmmlearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
        "initial": INITIAL.tolist(), "transitions": TRANSITIONS.tolist(), "means": MEANS.tolist(),
        "covariances": COVARIANCES.tolist(),
        "rows": x.tolist(), "logLikelihood": float(model.score(x)), "filtered": filtered,
        "smoothed": model.predict_proba(x).tolist(), "path": [int(j) for j in path],
        "short": enumerated(series(18, 7)),
        "forecasts": forecasts(np.array(filtered[-1]), 5),
    }
    path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "regime_states.json"
    path.write_text(json.dumps(output, separators=(",", ":")) + "\n")
    print(np.bincount(output["path"]), output["logLikelihood"], score, output["short"]["path"])


main()
