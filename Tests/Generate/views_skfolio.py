"""Reference values for Black-Litterman and entropy pooling by skfolio 1.12.2: NumPy 2.3.5, SciPy 1.16.3, Clarabel
0.11.1.

python3 Tests/Generate/views_skfolio.py writes Tests/Reference/views_skfolio.json.
"""

import importlib.metadata
import json
import pathlib
import warnings

import numpy as np
from skfolio import moments, prior

warnings.simplefilter("ignore")
PACKAGES = ["skfolio", "numpy", "scipy", "clarabel"]


def returns(seed, t, n):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((t, 1))
    return np.round(0.0005 + 0.01 * (common + rng.standard_normal((t, n))), 6)


def groups(n):
    """Every asset is a group of its own, so that views name it."""
    return [[f"A{i}" for i in range(n)]]


def lower(matrix):
    return [np.asarray(row)[: i + 1].tolist() for i, row in enumerate(matrix)]


def black_litterman(seed, t, n, views, confidences, tau, rate):
    x = returns(seed, t, n)
    start = prior.EmpiricalPrior(
        mu_estimator=moments.EquilibriumMu(
            risk_aversion=2.5, covariance_estimator=moments.EmpiricalCovariance(nearest=False)
        ),
        covariance_estimator=moments.EmpiricalCovariance(nearest=False),
    )
    model = prior.BlackLitterman(
        views=views,
        groups=groups(n),
        prior_estimator=start,
        tau=tau,
        view_confidences=confidences,
        risk_free_rate=rate,
    ).fit(x)
    answer = model.return_distribution_
    return {
        "covariance": lower(model.prior_estimator_.return_distribution_.covariance),
        "weights": [1 / n] * n,
        "riskAversion": 2.5,
        "tau": tau,
        "rate": rate,
        "views": model.picking_matrix_.tolist(),
        "returns": model.views_.tolist(),
        "confidences": confidences,
        "means": answer.mu.tolist(),
        "posterior": lower(answer.covariance),
    }


def pooling(seed, t, n, solver, parameters, views, **more):
    """Views for skfolio in `more`, and the same ones in words that the test reads."""
    x = returns(seed, t, n)
    model = prior.EntropyPooling(
        groups=groups(n), solver=solver, solver_params=parameters, **more
    ).fit(x)
    return {
        "rows": x.tolist(),
        "views": views,
        "probabilities": model.return_distribution_.sample_weight.tolist(),
        "relativeEntropy": float(model.relative_entropy_),
        "effectiveCount": float(model.effective_number_of_scenarios_),
    }


def view(kind, assets, relation, value):
    return {"kind": kind, "assets": assets, "relation": relation, "value": value}


def main():
    tight = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12}
    mean = [view("mean", [0], "equal", 0.002), view("mean", [2], "atLeast", 0.001)]
    ranked = [view("difference", [0, 1], "atLeast", 0.001)]
    risk = [view("probability", [0], "equal", -0.03)]
    content = {
        "generator": "Tests/Generate/views_skfolio.py",
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "digits": 15,
        "blackLitterman": [
            black_litterman(1, 120, 4, ["A0 == 0.002", "A1 - A3 == 0.001"], None, 0.05, 0),
            black_litterman(2, 80, 6, ["A2 - 0.5 * A4 - 0.5 * A5 == 0.003"], [0.3], 0.02, 0),
            black_litterman(
                3, 200, 5, ["A0 == 0.004", "A1 == -0.001", "A2 - A3 == 0.002"], [0.9, 0.25, 0.6], 0.1, 0.0001
            ),
        ],
        "pooling": [
            pooling(11, 90, 3, "CLARABEL", tight, mean, mean_views=["A0 == 0.002", "A2 >= 0.001"]),
            pooling(12, 150, 4, "CLARABEL", tight, ranked, mean_views=["A0 >= A1 + 0.001"]),
            pooling(
                13, 120, 3, "CLARABEL", tight, [view("correlation", [0, 1], "equal", 0.2)],
                correlation_views=["(A0, A1) == 0.2"],
            ),
            pooling(14, 200, 3, "TNC", {"gtol": 1e-13, "ftol": 1e-16, "xtol": 1e-14}, risk, value_at_risk_views=["A0 == 0.03"]),
        ],
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "views_skfolio.json"
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False).replace("],[", "],\n["))


main()
