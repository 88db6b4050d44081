"""Makes Tests/Reference/hierarchical_clusters.json: portfolios over clusters from skfolio.

Needs what requirements-peers.txt pins. Run from the root of the repository:
python Tests/Generate/hierarchical_clusters.py
"""

import importlib.metadata
import json
import sys
import warnings

import numpy as np
from skfolio import RiskMeasure
from skfolio.cluster import HierarchicalClustering, LinkageMethod
from skfolio.distance import PearsonDistance
from skfolio.optimization import (
    HierarchicalEqualRiskContribution, InverseVolatility, MeanRisk, NestedClustersOptimization)

warnings.filterwarnings("ignore")


def market(seed, count, groups):
    """Returns with groups of assets that move together."""
    rng = np.random.default_rng(seed)
    length = 400
    world = rng.standard_normal(length)
    sectors = rng.standard_normal((groups, length))
    columns = []
    for i in range(count):
        sector = sectors[int(rng.integers(groups))]
        columns.append(
            0.0003 + 0.006 * rng.uniform(0.5, 1.5) * world + 0.01 * rng.uniform(0.5, 1.5) * sector
            + rng.uniform(0.003, 0.02) * rng.standard_normal(length))
    return np.array(columns).T


LINKAGES = dict(
    single=LinkageMethod.SINGLE, complete=LinkageMethod.COMPLETE, average=LinkageMethod.AVERAGE,
    ward=LinkageMethod.WARD)
RISKS = dict(variance=RiskMeasure.VARIANCE, deviation=RiskMeasure.STANDARD_DEVIATION)

cases = []
for seed, (count, groups) in enumerate([(5, 2), (8, 3), (12, 3), (20, 5), (33, 6), (60, 8)]):
    x = market(seed, count, groups)
    results = []
    for linkage, method in LINKAGES.items():
        for clusters in [None, min(4, count)]:
            clustering = HierarchicalClustering(linkage_method=method, max_clusters=clusters)
            for risk, measure in RISKS.items():
                model = HierarchicalEqualRiskContribution(
                    risk_measure=measure, distance_estimator=PearsonDistance(),
                    hierarchical_clustering_estimator=clustering).fit(x)
                found = model.hierarchical_clustering_estimator_
                results.append(dict(
                    kind="equal-risk", linkage=linkage, risk=risk, most=clusters,
                    clusters=int(found.n_clusters_), labels=[int(v) for v in found.labels_],
                    weights=model.weights_.tolist()))
            for inner, outer in [("minimum-variance", "minimum-variance"), ("inverse-volatility", "minimum-variance")]:
                estimators = {
                    "minimum-variance": MeanRisk(
                        solver="CLARABEL",
                        solver_params=dict(tol_gap_abs=1e-14, tol_gap_rel=1e-14, tol_feas=1e-14)),
                    "inverse-volatility": InverseVolatility()}
                model = NestedClustersOptimization(
                    inner_estimator=estimators[inner], outer_estimator=estimators[outer],
                    distance_estimator=PearsonDistance(), clustering_estimator=clustering, cv="ignore").fit(x)
                found = model.clustering_estimator_
                results.append(dict(
                    kind="nested", linkage=linkage, inner=inner, outer=outer, most=clusters,
                    clusters=int(found.n_clusters_), labels=[int(v) for v in found.labels_],
                    weights=model.weights_.tolist()))
    cases.append(dict(
        name=f"{count} assets", covariance=np.cov(x, rowvar=False).tolist(), results=results))

packages = {name: importlib.metadata.version(name) for name in ["skfolio", "scipy", "numpy", "clarabel"]}
with open("Tests/Reference/hierarchical_clusters.json", "w") as file:
    json.dump(
        dict(generator="Tests/Generate/hierarchical_clusters.py", python=sys.version.split()[0], versions=packages,
             cases=cases), file)
    file.write("\n")
print(sum(len(c["results"]) for c in cases), "portfolios")
