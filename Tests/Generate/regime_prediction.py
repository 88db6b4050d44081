"""Reference values for logistic regressions: scikit-learn 1.7.2, statsmodels 0.15.0.

python3 Tests/Generate/regime_prediction.py writes Tests/Reference/regime_prediction.json.
"""

import json
import pathlib

import numpy as np
import sklearn
import statsmodels
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score


def data(seed, count, columns, noise):
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((count, columns))
    x[:, 1:] += 0.5 * x[:, :1]
    x *= 10.0 ** np.arange(-3, columns - 3)
    x += np.arange(columns)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    odds = z @ np.linspace(1, -0.5, columns) - 0.3
    return x, (odds + noise * generator.logistic(size=count) > 0).astype(int)


def fit(x, y, penalty):
    """Coefficients in the unit of each feature, and the objective."""
    center, scale = x.mean(axis=0), x.std(axis=0)
    z = (x - center) / scale
    if penalty == 0:
        found = sm.Logit(y, sm.add_constant(z)).fit(method="newton", tol=1e-14, disp=0)
        intercept, weights = found.params[0], found.params[1:]
    else:
        # Two solvers of the peer; the second one polishes the first.
        peer = LogisticRegression(
            C=1 / (penalty * len(y)), solver="lbfgs", tol=1e-12, max_iter=100000)
        peer.fit(z, y)
        second = LogisticRegression(
            C=1 / (penalty * len(y)), solver="newton-cholesky", tol=1e-14, max_iter=1000)
        second.fit(z, y)
        assert np.allclose(peer.coef_, second.coef_, rtol=1e-4, atol=1e-6)
        intercept, weights = second.intercept_[0], second.coef_[0]
    odds = intercept + z @ weights
    objective = np.logaddexp(0, np.where(y == 1, -odds, odds)).mean()
    objective += penalty / 2 * (weights**2).sum()
    coefficients = weights / scale
    return intercept - coefficients @ center, coefficients, objective


def case(name, x, y, penalty):
    intercept, coefficients, objective = fit(x, y, penalty)
    return {
        "name": name, "x": x.tolist(), "labels": [bool(v) for v in y], "penalty": penalty,
        "intercept": float(intercept), "coefficients": coefficients.tolist(),
        "objective": float(objective)}


def walk(x, y, penalty, first, test, gap, longest):
    folds, said, seen, end = [], [], [], first
    while end + gap < len(y):
        start = 0 if longest is None else max(0, end - longest)
        intercept, coefficients, _ = fit(x[start:end], y[start:end], penalty)
        rows = slice(end + gap, min(end + gap + test, len(y)))
        p = 1 / (1 + np.exp(-(intercept + x[rows] @ coefficients)))
        folds.append(score(p, y[rows], rows.start, rows.stop))
        said.extend(p)
        seen.extend(y[rows])
        end += test
    return {
        "penalty": penalty, "firstTrainingLength": first, "testLength": test, "gap": gap,
        "longestTraining": longest, "folds": folds,
        "total": score(np.array(said), np.array(seen), first + gap, len(y)),
        "probabilities": [float(v) for v in said]}


def score(p, y, start, stop):
    both = 0 < y.sum() < len(y)
    return {
        "start": start, "end": stop, "logLoss": float(log_loss(y, p, labels=[0, 1])),
        "brierScore": float(brier_score_loss(y, p)),
        "areaUnderCurve": float(roc_auc_score(y, p)) if both else None}


def main():
    x, y = data(1, 120, 3, 1.0)
    separated, labels = data(2, 40, 2, 0.0)
    output = {
        "generator": "Tests/Generate/regime_prediction.py",
        "versions": {
            "scikit-learn": sklearn.__version__, "statsmodels": statsmodels.__version__,
            "numpy": np.__version__},
        "fits": [
            case("no penalty", x, y, 0.0), case("small", x, y, 1e-3), case("large", x, y, 0.5),
            case("separated", separated, labels, 1e-3)],
        "walks": [
            walk(x, y, 0.01, 50, 12, 3, None), walk(x, y, 0.1, 40, 20, 0, 30),
            walk(x, y, 1.0, 40, 20, 0, 30)],
    }
    path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "regime_prediction.json"
    path.write_text(json.dumps(output) + "\n")


if __name__ == "__main__":
    main()
