"""Reference choices of settings of covariances for KeelEstimation: NumPy 2.3.5, SciPy 1.16.3, scikit-learn 1.7.2.

python3 Tests/Generate/covariance_choices.py writes Tests/Reference/covariance_choices.json.

The graphical lasso of each fold and its likelihood are scikit-learn's, as are the folds and, of blocks that are standardized
one by one, the choice itself; the constant of POET is scanned with dense eigenvalues; the variance of the noise is SciPy's
minimum of the squared error, from a dense scan.
"""

import json
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy import optimize, stats
from sklearn.covariance import GraphicalLassoCV, graphical_lasso, log_likelihood
from sklearn.model_selection import KFold, TimeSeriesSplit


def lasso(r, penalty):
    """scikit-learn's precision that meets the conditions of optimality best; it warns below its own rounding."""
    best = (np.inf, None)
    for mode, enet in [("cd", 1e-14), ("cd", 1e-10), ("lars", 1e-4)]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _, precision = graphical_lasso(r, penalty, mode=mode, tol=1e-12, enet_tol=enet, max_iter=5_000)
        except FloatingPointError:
            continue
        if not np.isfinite(precision).all():
            continue
        slope = np.linalg.inv(precision) - r
        off = ~np.eye(len(r), dtype=bool)
        zero = off & (precision == 0)
        some = off & (precision != 0)
        violation = max(
            np.abs(np.diag(slope)).max(), np.maximum(np.abs(slope[zero]) - penalty, 0).max(initial=0),
            np.abs(slope[some] - penalty * np.sign(precision[some])).max(initial=0))
        if violation < best[0]:
            best = (violation, precision)
        if violation < 1e-9:
            break
    return best


def lasso_losses(x, folds, penalty, violations):
    losses = []
    for train, test in folds:
        sd = x[train].std(axis=0, ddof=1)
        r = np.corrcoef(x[train].T)
        violation, precision = lasso(r, penalty)
        violations.append(violation)
        z = x[test] / sd
        # The logarithm of the likelihood, halved and with a constant, in deviations.
        p = x.shape[1]
        value = log_likelihood(z.T @ z / len(z), precision)
        losses.append(float(-2 * value - p * np.log(2 * np.pi) + 2 * np.log(sd).sum()))
    return losses


def lasso_choice(x, folds, count, rounds):
    r = np.corrcoef(x.T)
    top = np.abs(r - np.eye(len(r))).max()
    penalties = np.geomspace(top, 0.01 * top, count)
    path = []
    violations = []
    for _ in range(rounds):
        path += [(float(a), lasso_losses(x, folds, a, violations)) for a in penalties]
        path.sort(key=lambda item: -item[0])
        means = [np.mean(losses) for _, losses in path]
        best = int(np.argmin(means))
        upper = path[max(best - 1, 0)][0]
        lower = path[best + 1][0] if best + 1 < len(path) else 0.01 * path[best][0]
        penalties = np.geomspace(upper, lower, count + 2)[1:-1]
    assert max(violations) < 1e-7, max(violations)
    return {"penalty": path[best][0], "scores": [{"penalty": a, "losses": losses} for a, losses in path]}


def lasso_given(x, folds, penalties):
    violations = []
    path = [(a, lasso_losses(x, folds, a, violations)) for a in penalties]
    assert max(violations) < 1e-7, max(violations)
    best = int(np.argmin([np.mean(losses) for _, losses in path]))
    return {"penalty": path[best][0], "given": penalties, "scores": [{"penalty": a, "losses": b} for a, b in path]}


def poet_parts(u):
    t = len(u)
    r = u.T @ u / t
    products = u[:, :, None] * u[:, None, :]
    theta = ((products - r) ** 2).mean(axis=0)
    return r, np.sqrt(theta)


def poet_sparse(u, c):
    t, n = u.shape
    r, root = poet_parts(u)
    rate = 1 / np.sqrt(n) + np.sqrt(np.log(n) / t)
    soft = np.sign(r) * np.maximum(np.abs(r) - c * rate * root, 0)
    np.fill_diagonal(soft, np.diag(r))
    return soft


def poet_choice(x, k, folds, count):
    t, n = x.shape
    d = x - x.mean(axis=0)
    _, vectors = np.linalg.eigh(d.T @ d / t)
    v = vectors[:, n - k :]
    u = d - d @ v @ v.T
    r, root = poet_parts(u)
    rate = 1 / np.sqrt(n) + np.sqrt(np.log(n) / t)
    off = ~np.eye(n, dtype=bool)
    largest = float((np.abs(r[off]) / (rate * root[off])).max())

    def least_eigenvalue(c):
        return np.linalg.eigvalsh(poet_sparse(u, c))[0]

    least = 0.0
    grid = np.linspace(0, largest, 4001)
    for c in grid[::-1]:
        if least_eigenvalue(c) <= 0:
            least = float(optimize.brentq(least_eigenvalue, c, c + grid[1], xtol=1e-14))
            break
    scores = []
    for c in np.linspace(least, largest, count):
        losses = []
        for train, test in folds:
            realized = u[test].T @ u[test] / len(test)
            losses.append(float(((poet_sparse(u[train], c) - realized) ** 2).sum() / (r**2).sum()))
        scores.append({"constant": float(c), "losses": losses})
    best = min(scores, key=lambda s: (np.mean(s["losses"]), -s["constant"]))
    return {"least": least, "largest": largest, "constant": best["constant"], "scores": scores}


def squared_error(variance, values, ratio, bandwidth):
    a, b = variance * (1 - np.sqrt(ratio)) ** 2, variance * (1 + np.sqrt(ratio)) ** 2
    x = np.linspace(a, b, 1000)
    with np.errstate(divide="ignore", invalid="ignore"):
        law = np.sqrt(np.maximum((b - x) * (x - a), 0)) / (2 * np.pi * ratio * variance * x)
    law[0] = 0
    kernel = stats.norm.pdf((x[:, None] - values) / bandwidth).mean(axis=1) / bandwidth
    return ((law - kernel) ** 2).sum()


def noise(x, bandwidth):
    t, n = x.shape
    values, vectors = np.linalg.eigh(np.corrcoef(x.T))
    args = (values, n / t, bandwidth)
    grid = np.linspace(1e-5, 1 - 1e-5, 4001)
    errors = [squared_error(v, *args) for v in grid]
    best = int(np.argmin(errors))
    result = optimize.minimize_scalar(
        squared_error, bounds=(grid[max(best - 1, 0)], grid[min(best + 1, 4000)]), args=args, method="bounded",
        options={"xatol": 1e-13, "maxiter": 2000})
    edge = result.x * (1 + np.sqrt(n / t)) ** 2
    count = int((values <= edge).sum())
    clean = vectors[:, count:] @ np.diag(values[count:]) @ vectors[:, count:].T
    if count > 0:
        clean = clean + values[:count].mean() * vectors[:, :count] @ vectors[:, :count].T
    root = np.sqrt(np.diag(clean))
    sd = x.std(axis=0, ddof=1)
    return {
        "bandwidth": bandwidth, "eigenvalues": values.tolist(), "variance": float(result.x), "error": float(result.fun),
        "signalCount": n - count, "matrix": (clean / np.outer(root, root) * np.outer(sd, sd)).tolist()}


def main():
    warnings.simplefilter("error")
    generator = np.random.default_rng(20_261_130)

    def returns(rows, columns, common):
        factor = generator.standard_t(5, size=(rows, 1))
        own = generator.standard_t(5, size=(rows, columns))
        x = 0.02 * (common * factor + own * generator.uniform(0.5, 2, size=columns)) + 0.0003
        return np.round(x, 6)

    lassos = []
    for name, x, blocks in [
        ("blocks", returns(60, 5, 0.8), True), ("more assets than observations", returns(16, 12, 0.8), True),
        ("walk", returns(90, 6, 0.4), False), ("independent", returns(50, 4, 0.0), True),
    ]:
        cut = KFold(4) if blocks else TimeSeriesSplit(n_splits=4, test_size=15)
        folds = list(cut.split(x))
        if x.shape[1] * 4 > len(x):
            # Below these penalties scikit-learn finds no solution.
            lassos.append({"name": name, "rows": x.tolist(), "isBlocks": True} | lasso_given(x, folds, [0.9, 0.5, 0.3, 0.2]))
            continue
        lassos.append({"name": name, "rows": x.tolist(), "isBlocks": blocks} | lasso_choice(x, folds, 4, 3))
    x = returns(200, 6, 0.7)
    for block in range(5):
        part = x[40 * block : 40 * block + 40]
        part -= part.mean(axis=0)
        part /= part.std(axis=0)
    x *= 0.02
    model = GraphicalLassoCV(cv=KFold(5), tol=1e-8, max_iter=5000).fit(x / 0.02)
    standardized = {"rows": x.tolist(), "penalty": float(model.alpha_)}

    poets = []
    for name, x, k in [
        ("one factor", returns(80, 8, 1.0), 1), ("few observations", returns(25, 12, 0.8), 1),
        ("no factor", returns(60, 6, 0.3), 0), ("indefinite", returns(12, 30, 0.8), 2),
    ]:
        folds = list(KFold(4).split(x))
        poets.append({"name": name, "rows": x.tolist(), "factorCount": k} | poet_choice(x, k, folds, 12))

    noises = []
    for name, x, bandwidth in [
        ("one factor", returns(60, 16, 1.5), 0.05), ("narrow kernel", returns(90, 24, 1.5), 0.01),
        ("noise", returns(120, 12, 0.0), 0.1), ("more assets than observations", returns(20, 32, 2.0), 0.3),
        ("as many", returns(18, 18, 2.0), 0.3),
    ]:
        noises.append({"name": name, "rows": x.tolist()} | noise(x, bandwidth))
    result = {
        "generator": "Tests/Generate/covariance_choices.py",
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
        "digits": 12, "lassos": lassos, "standardized": standardized, "poets": poets, "noises": noises,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "covariance_choices.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
