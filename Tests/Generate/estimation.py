"""Reference values for KeelEstimation: scikit-learn 1.7.2, SciPy 1.16.3, NumPy 2.3.5.

python3 Tests/Generate/estimation.py writes Tests/Reference/estimation.json.
"""

import csv
import json
import os
import pathlib

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn.covariance import ledoit_wolf


def case(name, data):
    covariance, shrinkage = ledoit_wolf(data)
    sample = np.cov(data, rowvar=False, ddof=1).reshape(data.shape[1], data.shape[1])
    values = np.linalg.eigvalsh(covariance)
    shares = values[values > 0] / values[values > 0].sum()
    return {
        "name": name,
        "rows": data.tolist(),
        "means": data.mean(axis=0).tolist(),
        "sample": sample.tolist(),
        "ledoitWolf": covariance.tolist(),
        "shrinkage": float(shrinkage),
        "largestEigenvalue": float(values[-1]),
        "leastEigenvalue": float(values[0]),
        "conditionNumber": float(values[-1] / max(values[0], 1e-300)),
        "effectiveRank": float(np.exp(-(shares * np.log(shares)).sum())),
    }


def real():
    """Shrinkage and Student-t fits of real daily crypto returns; the prices are not committed."""
    root = pathlib.Path(__file__).resolve().parent.parent.parent
    folder = pathlib.Path(os.environ.get("KEEL_DATA", root.parent / "shared" / "data"))
    with open(folder / "quickstart" / "crypto_daily_close.csv") as file:
        rows = list(csv.reader(file))
    prices = np.array([[float(v) for v in row[1:]] for row in rows[1:]])
    returns = prices[1:] / prices[:-1] - 1
    covariance, shrinkage = ledoit_wolf(returns)
    fits = []
    for j in range(returns.shape[1]):
        degrees, location, scale = stats.t.fit(returns[:, j])
        # Polish: SciPy stops at a relative change of 1e-4.
        best = scipy.optimize.minimize(
            lambda q: -stats.t.logpdf(
                returns[:, j], np.exp(q[0]), q[1] * scale, np.exp(q[2])
            ).sum(),
            [np.log(degrees), location / scale, np.log(scale)],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 5000},
        )
        fits.append([float(np.exp(best.x[0])), float(np.exp(best.x[2])), float(-best.fun)])
    return {
        "shrinkage": float(shrinkage),
        "diagonal": np.diag(covariance).tolist(),
        "assets": rows[0][1:],
        "fits": fits,
    }


def main():
    generator = np.random.default_rng(20_240_601)

    def returns(rows, columns, common, scale):
        factor = generator.standard_t(4, size=(rows, 1))
        own = generator.standard_t(4, size=(rows, columns))
        data = scale * (common * factor + own * generator.uniform(0.5, 2, size=columns))
        return np.maximum(data + 0.001 * scale, -0.99)

    cases = [
        case("few assets", returns(60, 4, 1.0, 0.02)),
        case("independent", returns(40, 6, 0.0, 0.01)),
        case("more assets than observations", returns(8, 20, 0.7, 0.03)),
        case("many blocks", returns(30, 17, 1.5, 0.02)),
        case("one asset", returns(25, 1, 0.0, 0.02)),
        case("two observations", returns(2, 3, 1.0, 0.02)),
        case("tiny scale", returns(50, 3, 1.0, 1e-8)),
    ]
    result = {
        "generator": "Tests/Generate/estimation.py",
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
        "digits": 15,
        "cases": cases,
        "real": real(),
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "estimation.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
