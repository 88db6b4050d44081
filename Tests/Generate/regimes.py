"""Reference values for hidden Markov models, breaks and the absorption ratio: hmmlearn 0.3.3,
ruptures 1.1.10, NumPy 2.3.5, SciPy 1.16.3.

python3 Tests/Generate/regimes.py writes Tests/Reference/regimes.json.
"""

import json
import pathlib

import hmmlearn
import numpy as np
import ruptures
import scipy
from hmmlearn.hmm import GaussianHMM
from scipy import optimize, stats
from scipy.special import logsumexp


def planted(seed, count, laws, stay, degrees=None):
    """A series with planted regimes, and the path."""
    generator = np.random.default_rng(seed)
    state, values, path = 0, [], []
    for _ in range(count):
        if generator.random() > stay[state]:
            others = [j for j in range(len(laws)) if j != state]
            state = int(generator.choice(others))
        noise = (
            generator.standard_normal()
            if degrees is None
            else generator.standard_t(degrees[state])
        )
        values.append(laws[state][0] + laws[state][1] * noise)
        path.append(state)
    return np.array(values), path


def log_densities(x, model):
    columns = []
    for j in range(len(model["means"])):
        if model["degrees"] is None:
            columns.append(stats.norm.logpdf(x, model["means"][j], model["scales"][j]))
        else:
            columns.append(
                stats.t.logpdf(x, model["degrees"][j], model["means"][j], model["scales"][j])
            )
    return np.array(columns).T


def recursions(x, model):
    """Filtered and smoothed probabilities and the log-likelihood, all in logarithms."""
    density = log_densities(x, model)
    with np.errstate(divide="ignore"):
        initial, moves = np.log(model["initial"]), np.log(model["transitions"])
    count = len(x)
    forward, backward = np.zeros_like(density), np.zeros_like(density)
    forward[0] = initial + density[0]
    for t in range(1, count):
        forward[t] = logsumexp(forward[t - 1][:, None] + moves, axis=0) + density[t]
    for t in range(count - 2, -1, -1):
        backward[t] = logsumexp(moves + (density[t + 1] + backward[t + 1])[None, :], axis=1)
    likelihood = logsumexp(forward[-1])
    filtered = np.exp(forward - logsumexp(forward, axis=1, keepdims=True))
    smoothed = np.exp(forward + backward - likelihood)
    steps = np.zeros_like(moves)
    for t in range(count - 1):
        steps += np.exp(
            forward[t][:, None] + moves + (density[t + 1] + backward[t + 1])[None, :] - likelihood
        )
    return filtered, smoothed, steps, likelihood


def scaled_likelihood(x, model):
    """The log-likelihood by the scaled forward recursion, for the optimizer."""
    density = log_densities(x, model)
    peaks = density.max(axis=1)
    scaled = np.exp(density - peaks[:, None])
    row, total = model["initial"] * scaled[0], peaks.sum()
    for t in range(1, len(x) + 1):
        size = row.sum()
        total += np.log(size)
        if t < len(x):
            row = (row / size) @ model["transitions"] * scaled[t]
    return total


def viterbi(x, model):
    density = log_densities(x, model)
    with np.errstate(divide="ignore"):
        initial, moves = np.log(model["initial"]), np.log(model["transitions"])
    score, origins = initial + density[0], []
    for t in range(1, len(x)):
        table = score[:, None] + moves
        origins.append(table.argmax(axis=0))
        score = table.max(axis=0) + density[t]
    path = [int(score.argmax())]
    for origin in reversed(origins):
        path.append(int(origin[path[-1]]))
    return path[::-1]


def em(x, model, steps=20000):
    """Plain EM for normal states, written out; stops when the likelihood stands still."""
    before = -np.inf
    for _ in range(steps):
        _, smoothed, moves, likelihood = recursions(x, model)
        if likelihood - before < 1e-12 * abs(likelihood):
            break
        before = likelihood
        weight = smoothed.sum(axis=0)
        means = smoothed.T @ x / weight
        scales = np.sqrt((smoothed * (x[:, None] - means) ** 2).sum(axis=0) / weight)
        model = {
            "means": means,
            "scales": scales,
            "degrees": None,
            "initial": smoothed[0],
            "transitions": moves / moves.sum(axis=1, keepdims=True),
        }
    return model, likelihood


def plain(model):
    return {
        key: None if value is None else np.asarray(value).tolist() for key, value in model.items()
    }


def start_of(x, count, degrees=None):
    spread = x.std()
    return {
        "means": np.full(count, x.mean()),
        "scales": spread * np.linspace(0.5, 1.5, count),
        "degrees": None if degrees is None else np.full(count, degrees),
        "initial": np.full(count, 1 / count),
        "transitions": np.full((count, count), 0.1 / (count - 1))
        + np.eye(count) * (0.9 - 0.1 / (count - 1)),
    }


def normal_case(name, x):
    """The maximum that hmmlearn reaches from a start, with tight tolerances."""
    count = name[1]
    start = start_of(x, count)
    peer = GaussianHMM(
        count, covariance_type="diag", covars_prior=0, covars_weight=1, min_covar=1e-15,
        n_iter=50000, tol=1e-10, init_params="", params="stmc", implementation="log",
    )
    peer.startprob_, peer.transmat_ = start["initial"], start["transitions"]
    peer.means_, peer.covars_ = start["means"][:, None], start["scales"][:, None] ** 2
    peer.fit(x[:, None])
    model = {
        "means": peer.means_[:, 0],
        "scales": np.sqrt(peer.covars_[:, 0, 0]),
        "degrees": None,
        "initial": peer.startprob_,
        "transitions": peer.transmat_,
    }
    likelihood = peer.score(x[:, None])
    own, own_likelihood = em(x, start)
    assert abs(own_likelihood - likelihood) < 1e-5, (own_likelihood, likelihood)
    assert np.allclose(own["scales"], model["scales"], rtol=1e-3), name
    return finish(name, x, start, model, likelihood)


def multivariate_case(seed):
    """Three assets whose correlation changes with the regime, at the maximum near the truth."""
    generator = np.random.default_rng(seed)
    laws = [np.diag([0.01, 0.008, 0.02]), np.full((3, 3), 0.012) + np.diag([0.01, 0.015, 0.01])]
    state, rows = 0, []
    for _ in range(300):
        if generator.random() < 0.05:
            state = 1 - state
        rows.append(laws[state] @ generator.standard_normal(3) - 0.002 * state)
    x = np.array(rows)
    peer = GaussianHMM(
        2, covariance_type="full", covars_prior=0, covars_weight=0, n_iter=50000, tol=1e-10,
        init_params="", params="stmc", implementation="log")
    peer.startprob_ = np.array([0.5, 0.5])
    peer.transmat_ = np.array([[0.95, 0.05], [0.05, 0.95]])
    peer.means_ = np.array([[0.0, 0, 0], [-0.002, -0.002, -0.002]])
    peer.covars_ = np.array([law @ law.T for law in laws])
    peer.fit(x)
    return {
        "rows": x.tolist(), "logLikelihood": float(peer.score(x)), "bic": float(peer.bic(x)),
        "means": peer.means_.tolist(), "covariances": peer.covars_.tolist(),
        "transitions": peer.transmat_.tolist(),
        "smoothed": peer.predict_proba(x)[::30].tolist()}


def student_case(name, x):
    """The maximum of the likelihood by a general optimizer, from the numbers of the recursion."""
    count = name[1]
    start = start_of(x, count, 6.0)
    spread = x.std()

    def unpack(q):
        logits = np.concatenate(
            [q[3 * count:].reshape(count, count - 1), np.zeros((count, 1))], axis=1)
        moves = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
        return {
            "means": q[:count] * spread,
            "scales": np.exp(q[count:2 * count]) * spread,
            "degrees": np.exp(q[2 * count:3 * count]),
            "initial": initial,
            "transitions": moves,
        }

    q = np.concatenate([
        start["means"] / spread, np.log(start["scales"] / spread), np.log(start["degrees"]),
        (np.log(start["transitions"]) - np.log(start["transitions"][:, -1:]))[:, :-1].ravel(),
    ])
    # The initial law goes to the state of the first row.
    initial = np.eye(count)[int(name[2])]

    def objective(q):
        return -scaled_likelihood(x, unpack(q))

    for _ in range(3):
        found = optimize.minimize(objective, q, method="BFGS", options={"gtol": 1e-5})
        q = found.x
    found = optimize.minimize(
        objective, q, method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 2500})
    model = unpack(found.x)
    return finish(name, x, start, model, -found.fun)


def finish(name, x, start, model, likelihood):
    filtered, smoothed, _, check = recursions(x, model)
    assert abs(check - likelihood) < 1e-7, (check, likelihood)
    order = np.argsort(model["scales"])
    return {
        "name": name[0],
        "x": x.tolist(),
        "start": plain(start),
        "model": plain(model),
        "order": order.tolist(),
        "logLikelihood": float(likelihood),
        "filtered": filtered[-5:].tolist(),
        "smoothed": smoothed[:: len(x) // 10].tolist(),
        "path": viterbi(x, model),
    }


class NormalCost(ruptures.base.BaseCost):
    """Minus twice the normal log-likelihood without its constant, the variance above a floor."""

    model, min_size = "", 2

    def __init__(self, floor):
        self.floor = floor

    def fit(self, signal):
        self.signal = signal.ravel()
        return self

    def error(self, start, end):
        part = self.signal[start:end]
        variance = max(part.var(), self.floor)
        return (end - start) * (np.log(variance) + part.var() / variance)


def partition(x, cost, penalty, least):
    """Optimal partitioning without pruning, O(T^2)."""
    best, origin = [0.0] + [np.inf] * len(x), [0] * (len(x) + 1)
    for end in range(least, len(x) + 1):
        for begin in range(0, end - least + 1):
            value = best[begin] + cost(begin, end) + (penalty if begin else 0)
            if value < best[end]:
                best[end], origin[end] = value, begin
    breaks, end = [], len(x)
    while end:
        breaks.append(end)
        end = origin[end]
    return breaks[::-1], float(best[-1])


def break_cases():
    cases = []
    generator = np.random.default_rng(11)
    for k in range(8):
        count = 120 + 30 * k
        levels = generator.integers(1, 6)
        bounds = np.sort(generator.choice(np.arange(5, count - 5), levels, replace=False))
        x = generator.standard_normal(count)
        for i, bound in enumerate(bounds):
            x[bound:] += generator.normal(0, 2)
            x[bound:] *= 1.7 if i % 2 == 0 else 0.5
        x *= 10.0 ** (k - 4)
        for least in (2, 5, 12):
            for name, unit in (("mean", x.var()), ("normal", 1.0)):
                penalty = float(unit * (3 if name == "mean" else 2) * np.log(count))
                floor = 1e-8 * x.var()
                custom = None if name == "mean" else NormalCost(floor)
                peer = ruptures.Pelt(
                    model="l2" if name == "mean" else "", custom_cost=custom, min_size=least, jump=1)
                breaks = peer.fit(x).predict(pen=penalty)
                cost = (
                    (lambda a, b: float(((x[a:b] - x[a:b].mean()) ** 2).sum()))
                    if name == "mean"
                    else custom.error
                )
                own, value = partition(x, cost, penalty, least)
                cases.append({
                    "x": x.tolist() if least == 2 and name == "mean" else None, "cost": name,
                    "penalty": penalty, "minimumLength": least,
                    "peer": breaks[:-1], "breaks": own[:-1], "value": value,
                })
    return cases


def online_case(seed, hazard, prior):
    """Adams and MacKay (2007) without pruning."""
    generator = np.random.default_rng(seed)
    x = np.concatenate([
        generator.normal(0, 0.01, 80), generator.normal(0.01, 0.03, 60),
        generator.normal(-0.005, 0.008, 60)])
    mean, strength, shape, rate = ([float(value)] for value in prior)
    mean, strength, shape, rate = (np.array(v) for v in (mean, strength, shape, rate))
    log_mass = np.array([0.0])
    rows, evidence = [], 0.0
    for value in x:
        scale = np.sqrt(rate * (strength + 1) / (shape * strength))
        predictive = stats.t.logpdf(value, 2 * shape, mean, scale)
        grown = log_mass + predictive + np.log1p(-hazard)
        fresh = logsumexp(log_mass + predictive + np.log(hazard))
        log_mass = np.concatenate([[fresh], grown])
        total = logsumexp(log_mass)
        evidence += total
        log_mass -= total
        rate = np.concatenate(
            [[prior[3]], rate + strength * (value - mean) ** 2 / (2 * (strength + 1))])
        mean = np.concatenate([[prior[0]], (strength * mean + value) / (strength + 1)])
        strength = np.concatenate([[prior[1]], strength + 1])
        shape = np.concatenate([[prior[2]], shape + 0.5])
        mass = np.exp(log_mass)
        rows.append([
            float((mass * np.arange(len(mass))).sum()), float(mass.argmax()),
            float(mass[:6].sum()), float((mass * mean).sum())])
    return {
        "x": x.tolist(), "hazard": hazard, "prior": list(prior), "logEvidence": float(evidence),
        "rows": rows[::10] + rows[-1:]}


def absorption(seed):
    generator = np.random.default_rng(seed)
    n = 12
    a = 0.01 * generator.standard_normal((40, n)) * generator.uniform(0.5, 2, n)
    a[:, :6] += 0.015 * generator.standard_normal((40, 1))
    covariance = np.cov(a, rowvar=False)
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    rows, columns = np.tril_indices(n, -1)
    return {
        "rows": a.tolist(),
        "averageCorrelation": float(correlation[rows, columns].mean()),
        "ratios": [
            float(np.sort(np.linalg.eigvalsh(covariance))[::-1][:k].sum() / np.trace(covariance))
            for k in (1, 2, 3)],
        "correlationRatios": [
            float(np.sort(np.linalg.eigvalsh(correlation))[::-1][:k].sum() / n)
            for k in (1, 2, 3)],
    }


def main():
    two, _ = planted(3, 600, [(0.001, 0.008), (-0.002, 0.025)], [0.97, 0.94])
    three, _ = planted(4, 700, [(0.001, 0.005), (0, 0.012), (-0.003, 0.035)], [0.97, 0.96, 0.93])
    heavy, _ = planted(5, 600, [(0.002, 0.006), (-0.004, 0.02)], [0.97, 0.95], [5, 4])
    output = {
        "generator": "Tests/Generate/regimes.py",
        "versions": {
            "hmmlearn": hmmlearn.__version__, "ruptures": ruptures.version.__version__,
            "numpy": np.__version__, "scipy": scipy.__version__},
        "models": [
            normal_case(("two normal states", 2), two),
            normal_case(("three normal states", 3), three),
            student_case(("two heavy-tailed states", 2, 0), heavy),
        ],
        "multivariate": multivariate_case(10),
        "breaks": break_cases(),
        "online": [
            online_case(7, 1 / 100, (0.0, 1.0, 1.0, 1e-4)),
            online_case(8, 1 / 20, (0.001, 0.1, 2.0, 5e-4))],
        "absorption": absorption(9),
    }
    path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "regimes.json"
    path.write_text(json.dumps(output, indent=None) + "\n")


main()
