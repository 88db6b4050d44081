"""p-values of the Kolmogorov-Smirnov statistic of a fitted normal law: statsmodels 0.15.0.

python3 Tests/Generate/lilliefors.py writes Tests/Reference/lilliefors.json.

The table of statsmodels is from simulations, its digits are three; it estimates the variance with the divisor
n - 1, as H. Lilliefors (1967), which moves the statistic of a sample in its third digit.
"""

import json
import pathlib

import numpy as np
import statsmodels
from statsmodels.stats.diagnostic import lilliefors

generator = np.random.default_rng(3)
cases = []
for name, sample in [
    ("normal", generator.standard_normal(60)),
    ("logistic", generator.logistic(size=60)),
    ("student", generator.standard_t(4, size=60)),
]:
    x = np.round(sample, 6)
    statistic, p = lilliefors(x, pvalmethod="table")
    cases.append({"name": name, "sample": x.tolist(), "statistic": float(statistic), "pValue": float(p)})
    print(name, statistic, p)
document = {
    "generator": "Tests/Generate/lilliefors.py",
    "versions": {"statsmodels": statsmodels.__version__},
    "digits": 3,
    "cases": cases,
}
root = pathlib.Path(__file__).resolve().parent.parent
out = json.dumps(document, separators=(",", ":"), allow_nan=False)
(root / "Reference" / "lilliefors.json").write_text(out.replace("},{", "},\n{") + "\n")
