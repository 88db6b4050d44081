"""Reference values for logistic regressions with a penalty on magnitudes: scikit-learn 1.7.2, NumPy 2.3.5.

python3 Tests/Generate/regime_lasso.py writes Tests/Reference/regime_lasso.json.

The solver saga of scikit-learn at a tight tolerance, on standardized features; then Newton's method on the
coefficients that are not zero, which must keep their signs, with the conditions of Karush, Kuhn and Tucker of all
of them checked to 1e-14.
"""

import json
import pathlib

import numpy as np
import sklearn
from regime_prediction import data
from sklearn.linear_model import LogisticRegression


def standardized(x):
    center, scale = x.mean(axis=0), x.std(axis=0)
    return (x - center) / scale, center, scale


def derivatives(z, y, weights, intercept, ridge):
    p = 1 / (1 + np.exp(-(intercept + z @ weights)))
    slope = z.T @ (p - y) / len(y) + ridge * weights
    return slope, (p - y).mean(), p * (1 - p) / len(y)


def polished(z, y, weights, intercept, ridge, lasso):
    free = np.flatnonzero(weights)
    signs = np.sign(weights[free])
    design = np.column_stack([z[:, free], np.ones(len(y))])
    for _ in range(50):
        slope, first, curve = derivatives(z, y, weights, intercept, ridge)
        right = np.append(slope[free] + lasso * signs, first)
        hessian = (design * curve[:, None]).T @ design
        hessian[range(len(free)), range(len(free))] += ridge
        step = np.linalg.solve(hessian, right)
        weights = weights.copy()
        weights[free] -= step[:-1]
        intercept -= step[-1]
        if np.abs(step).max() < 1e-15:
            break
    slope, first, _ = derivatives(z, y, weights, intercept, ridge)
    assert (np.sign(weights[free]) == signs).all()
    assert np.abs(slope[free] + lasso * signs).max(initial=abs(first)) < 1e-14
    zero = weights == 0
    assert (np.abs(slope[zero]) < lasso).all()
    return weights, intercept


def case(name, x, y, penalty, share):
    z, center, scale = standardized(x)
    peer = LogisticRegression(
        penalty="elasticnet", solver="saga", l1_ratio=share, C=1 / (penalty * len(y)), tol=1e-12,
        max_iter=1_000_000, random_state=1)
    peer.fit(z, y)
    weights, intercept = polished(
        z, y, peer.coef_[0], peer.intercept_[0], penalty * (1 - share), penalty * share)
    # Without a coefficient the peer stops before its intercept is right.
    assert np.allclose(weights, peer.coef_[0], atol=1e-6)
    odds = intercept + z @ weights
    objective = np.logaddexp(0, np.where(y == 1, -odds, odds)).mean()
    objective += penalty * ((1 - share) / 2 * (weights**2).sum() + share * np.abs(weights).sum())
    coefficients = weights / scale
    print(name, penalty, share, weights.round(4), peer.n_iter_)
    return {
        "name": name, "penalty": penalty, "lassoShare": share,
        "intercept": float(intercept - coefficients @ center), "coefficients": coefficients.tolist(),
        "objective": float(objective)}


def collinear(seed):
    """Ten features that three factors drive, and labels that two of the features do."""
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((90, 3)) @ generator.standard_normal((3, 10))
    x += 0.05 * generator.standard_normal(x.shape)
    return x, (x[:, 0] - x[:, 4] + generator.logistic(size=90) > 0).astype(int)


def main():
    sets = {"usual": data(1, 120, 5, 1.0), "separated": data(2, 40, 3, 0.0), "collinear": collinear(3)}
    output = {
        "generator": "Tests/Generate/regime_lasso.py",
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "sets": [
            {
                "x": x.tolist(), "labels": [bool(v) for v in y],
                "fits": [
                    case(name, x, y, penalty, share)
                    for penalty in (1e-3, 0.02, 0.1, 0.5) for share in (0.3, 1.0)],
            }
            for name, (x, y) in sets.items()],
    }
    path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "regime_lasso.json"
    path.write_text(json.dumps(output, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
