"""Reference values for KeelEstimation: scikit-learn 1.7.2, NumPy 2.3.5.

python3 Tests/Generate/estimation.py writes Tests/Reference/estimation.json.
"""

import json
import pathlib

import numpy as np
import sklearn
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
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "digits": 15,
        "cases": cases,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "estimation.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
