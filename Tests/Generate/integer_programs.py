"""Mixed-integer portfolios, solved by SCIP on a formulation with binary and integer variables.

    .build/references/bin/python Tests/Generate/integer_programs.py

SCIP works with feasibility tolerances, so that its objective may lie a little on either side of the
true one; each case carries the relative tolerance that follows from them.
"""

import importlib.metadata
import json
import pathlib

import numpy as np
from pyscipopt import Model, quicksum

relative = 1e-5


def market(rng, n):
    loadings = rng.normal(size=(n, 3)) * 0.5
    loadings[:, 0] = 1 + 0.3 * rng.normal(size=n)
    p = loadings @ loadings.T + np.diag(rng.uniform(0.5, 2.0, n))
    return np.round(p, 6), np.round(0.3 * rng.normal(size=n), 6)


def solve(case):
    n = case["count"]
    p, q = np.array(case["quadratic"]).reshape(n, n), case["linear"]
    model = Model()
    model.hideOutput()
    model.setParam("numerics/feastol", 1e-8)
    model.setParam("limits/gap", 1e-7)
    model.setParam("limits/time", 120)
    x = [model.addVar(lb=case["lower"][i], ub=case["upper"][i]) for i in range(n)]
    for row in case["rows"]:
        value = quicksum(a * x[i] for i, a in enumerate(row["coefficients"]))
        model.addCons(value >= row["lower"])
        model.addCons(value <= row["upper"])
    held = {}
    for position in case["positions"]:
        i = position["variable"]
        long, short = model.addVar(vtype="B"), model.addVar(vtype="B")
        model.addCons(long + short <= 1)
        if position["shortMinimum"] < 0:  # none
            model.addCons(short == 0)
        low = position["shortMinimum"] if position["shortMinimum"] >= 0 else 0
        model.addCons(x[i] >= position["minimum"] * long + case["lower"][i] * short)
        model.addCons(x[i] <= case["upper"][i] * long - low * short)
        held[i] = long + short
    for limit in case["cardinalities"]:
        for i in limit["variables"]:
            if i not in held:
                z = model.addVar(vtype="B")
                model.addCons(x[i] >= case["lower"][i] * z)
                model.addCons(x[i] <= case["upper"][i] * z)
                held[i] = z
        total = quicksum(held[i] for i in limit["variables"])
        model.addCons(total <= limit["atMost"])
        model.addCons(total >= limit["atLeast"])
    for lot in case["lots"]:
        count = model.addVar(vtype="I", lb=None)
        model.addCons(x[lot["variable"]] == lot["size"] * count)
    cost = 0
    for fixed in case["costs"]:
        i, reference = fixed["variable"], fixed["reference"]
        moved = model.addVar(vtype="B")
        model.addCons(x[i] - reference <= (case["upper"][i] - reference) * moved)
        model.addCons(x[i] - reference >= (case["lower"][i] - reference) * moved)
        cost += fixed["cost"] * moved
    t = model.addVar(lb=None)
    root = np.linalg.cholesky(p)
    factors = []
    for j in range(n):
        f = model.addVar(lb=None)
        model.addCons(f == quicksum(root[i, j] * x[i] for i in range(j, n)))
        factors.append(f)
    model.addCons(t >= quicksum(f * f for f in factors))
    model.setObjective(0.5 * t + quicksum(q[i] * x[i] for i in range(n)) + cost)
    model.optimize()
    assert model.getStatus() in ("optimal", "gaplimit"), (case["name"], model.getStatus())
    point = np.array([model.getVal(v) for v in x])
    paid = sum(
        f["cost"] for f in case["costs"] if abs(point[f["variable"]] - f["reference"]) > 1e-7)
    value = 0.5 * point @ p @ point + np.dot(q, point) + paid
    assert abs(value - model.getObjVal()) < 1e-7, (case["name"], value, model.getObjVal())
    print(case["name"], model.getObjVal(), model.getSolvingTime(), flush=True)
    return model.getObjVal()


def cases():
    rng = np.random.default_rng(20)
    for seed in range(3):
        for kind in ["cardinality", "positions", "long-short", "lots", "costs", "combined"]:
            n = 7 if kind == "long-short" else 9
            p, q = market(rng, n)
            lower, upper = np.zeros(n), np.full(n, 0.4)
            case = {
                "name": f"{kind} {seed}", "count": n, "quadratic": p.ravel().tolist(),
                "linear": q.tolist(), "positions": [], "cardinalities": [], "lots": [], "costs": [],
            }
            everything = list(range(n))
            budget = 1.0
            if kind in ("cardinality", "long-short", "combined"):
                case["cardinalities"] = [
                    {"variables": everything, "atLeast": 0, "atMost": 3 + seed}]
            if kind == "positions":
                case["cardinalities"] = [{"variables": everything, "atLeast": 3, "atMost": 5}]
                case["positions"] = [
                    {"variable": i, "minimum": 0.1, "shortMinimum": -1} for i in everything]
            if kind == "long-short":
                lower = np.full(n, -0.2)
                case["positions"] = [
                    {"variable": i, "minimum": 0.15, "shortMinimum": 0.1} for i in everything]
            if kind == "lots":
                budget = 0.97
                case["lots"] = [
                    {"variable": i, "size": [0.02, 0.03, 0.05][i % 3]} for i in everything]
            if kind in ("costs", "combined"):
                case["costs"] = [
                    {"variable": i, "cost": 0.01, "reference": 0.125 if i < 5 else 0.0}
                    for i in everything]
            if kind == "combined":
                budget = 0.95
                case["lots"] = [{"variable": i, "size": 0.025} for i in range(0, n, 2)]
            case["lower"], case["upper"] = lower.tolist(), upper.tolist()
            case["rows"] = [
                {"name": "budget", "coefficients": [1.0] * n, "lower": budget, "upper": 1.0},
                {"name": "group", "coefficients": [1.0] * (n // 2) + [0.0] * (n - n // 2),
                 "lower": 0.3, "upper": 0.6},
            ]
            yield case


result = {
    "generator": "integer_programs.py",
    "versions": {name: importlib.metadata.version(name) for name in ("PySCIPOpt", "numpy")},
    "cases": [],
}
for case in cases():
    case["objective"] = solve(case)
    case["relative"] = relative
    result["cases"].append(case)
path = pathlib.Path(__file__).parent.parent / "Reference" / "integer_programs.json"
path.write_text(json.dumps(result, indent=None, separators=(",", ":")).replace("},{\"name\":\"", "},\n{\"name\":\"") + "\n")
