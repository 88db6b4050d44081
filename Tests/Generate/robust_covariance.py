"""Reference values of robust, rank and sparse covariances for KeelEstimation: NumPy 2.3.5, SciPy 1.16.3, scikit-learn 1.7.2.

python3 Tests/Generate/robust_covariance.py writes Tests/Reference/robust_covariance.json.

Gerber's statistics are counted pair by pair and row by row, as the papers write them; ranks and their correlations are
SciPy's; the graphical lasso is scikit-learn's with a tight tolerance; the Student-t law, with and without missing entries, is
found by a general optimizer of the likelihood; Tyler's estimate by its plain iteration; the minimum covariance
determinant by trying every subset.
"""

import itertools
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy import optimize, special, stats
from sklearn.covariance import MinCovDet, graphical_lasso


def clipped(r):
    values, vectors = np.linalg.eigh(r)
    if values[0] > -1e-13:
        return r
    c = (vectors * np.maximum(values, 0)) @ vectors.T
    return c / np.sqrt(np.outer(np.diag(c), np.diag(c)))


def gerber(x, threshold, statistic, ddof):
    t, n = x.shape
    sd = x.std(axis=0, ddof=ddof)
    g = np.eye(n)
    h = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            same = opposite = none = 0
            for k in range(t):
                a = 1 if x[k, i] >= threshold * sd[i] else -1 if x[k, i] <= -threshold * sd[i] else 0
                b = 1 if x[k, j] >= threshold * sd[j] else -1 if x[k, j] <= -threshold * sd[j] else 0
                same += a * b == 1
                opposite += a * b == -1
                none += a == 0 and b == 0
            h[i, j] = same - opposite
            if statistic == 0 and i != j:
                g[i, j] = (same - opposite) / (same + opposite) if same + opposite else 0
            if statistic == 1 and i != j:
                g[i, j] = (same - opposite) / (t - none) if t > none else 0
    if statistic == 2:
        root = np.sqrt(np.diag(h))
        g = h / np.outer(root, root)
    return clipped(g) * np.outer(sd, sd), bool(np.linalg.eigvalsh(g)[0] < -1e-13)


def rank(x, statistic, raw):
    t, n = x.shape
    sd = x.std(axis=0, ddof=1)
    r = np.eye(n)
    for i in range(n):
        for j in range(i):
            f = stats.spearmanr if statistic == "spearman" else stats.kendalltau
            r[i, j] = r[j, i] = f(x[:, i], x[:, j]).statistic
    if not raw:
        r = 2 * np.sin(np.pi / 6 * r) if statistic == "spearman" else np.sin(np.pi / 2 * r)
        np.fill_diagonal(r, 1)
        r = clipped(r)
    return r * np.outer(sd, sd)


def lasso(x, penalty):
    r = np.corrcoef(x.T)
    # Its covariance lags behind its inverse, on which it measures the gap.
    _, precision = graphical_lasso(r, penalty, tol=1e-13, enet_tol=1e-14, max_iter=10_000)
    return np.linalg.inv(precision).tolist(), precision.tolist()


def student(x, degrees):
    """Maximum likelihood with NaN for what is missing; degrees None are estimated."""
    t, n = x.shape
    index = np.tril_indices(n)
    scale = np.nanstd(x, axis=0)
    center = np.nanmean(x, axis=0)
    z = (x - center) / scale
    patterns = {}
    for row in z:
        patterns.setdefault(tuple(~np.isnan(row)), []).append(row)
    groups = [(np.flatnonzero(key), np.array(rows)[:, np.flatnonzero(key)]) for key, rows in patterns.items() if any(key)]

    def unpack(p):
        factor = np.zeros((n, n))
        factor[index] = p[n : n + len(index[0])]
        diagonal = np.exp(np.diag(factor))
        np.fill_diagonal(factor, diagonal)
        return p[:n], factor @ factor.T, np.exp(p[-1]) if degrees is None else degrees

    def value(p):
        m, s, v = unpack(p)
        total = 0.0
        for columns, rows in groups:
            k = len(columns)
            sub = s[np.ix_(columns, columns)]
            d = rows - m[columns]
            q = np.einsum("ij,ij->i", d, np.linalg.solve(sub, d.T).T)
            total += len(rows) * (
                special.gammaln((v + k) / 2) - special.gammaln(v / 2) - k / 2 * np.log(v * np.pi)
                - np.linalg.slogdet(sub)[1] / 2
            ) - (v + k) / 2 * np.log1p(q / v).sum()
        return -total

    start = np.zeros(n + len(index[0]) + (degrees is None))
    if degrees is None:
        start[-1] = np.log(5)
    p = start
    for _ in range(6):
        p = optimize.minimize(value, p, method="BFGS", options={"gtol": 1e-9, "maxiter": 10_000}).x
    m, s, v = unpack(p)
    missing_scale = sum(len(rows) * np.log(scale[columns]).sum() for columns, rows in groups)
    return {
        "location": (m * scale + center).tolist(),
        "scatter": (s * np.outer(scale, scale)).tolist(),
        "degreesOfFreedom": v,
        "logLikelihood": -value(p) - missing_scale,
    }


def tyler(x, shrinkage):
    t, n = x.shape
    y = x - np.median(x, axis=0)
    sd = x.std(axis=0, ddof=1)
    y = y / sd
    if shrinkage == "oracle":
        s = y / np.linalg.norm(y, axis=1)[:, None]
        r = n / t * s.T @ s
        square = (r * r).sum()
        rho = (n**2 + (1 - 2 / n) * square) / (
            (n**2 - n * t - 2 * t) + (t + 1 + 2 * (t - 1) / n) * square)
        rho = min(1.0, max(0.0, rho))
    else:
        rho = shrinkage
    v = np.eye(n)
    for _ in range(20_000):
        d = np.einsum("ij,ij->i", y, np.linalg.solve(v, y.T).T)
        new = (1 - rho) * n / t * (y / d[:, None]).T @ y + rho * np.eye(n)
        new *= n / np.trace(new)
        change = np.abs(new - v).max()
        v = new
        if change < 1e-15:
            break
    c = v * np.outer(sd, sd)
    return {"matrix": (c * (sd**2).sum() / np.trace(c)).tolist(), "shrinkage": rho}


def determinant(x, h):
    """The subset of h rows with the least determinant, by trying all."""
    best, support = np.inf, None
    for rows in itertools.combinations(range(len(x)), h):
        d = np.linalg.slogdet(np.atleast_2d(np.cov(x[list(rows)].T, bias=True)))[1]
        if d < best:
            best, support = d, list(rows)
    n = x.shape[1]
    location = x[support].mean(axis=0)
    raw = np.atleast_2d(np.cov(x[support].T, bias=True))
    d = x - location
    distances = np.einsum("ij,ij->i", d, np.linalg.solve(raw, d.T).T)
    corrected = raw * np.median(distances) / stats.chi2(n).isf(0.5)
    kept = distances / (np.median(distances) / stats.chi2(n).isf(0.5)) < stats.chi2(n).isf(0.025)
    weighted = np.atleast_2d(np.cov(x[kept].T, bias=True))
    return {
        "logDeterminant": best, "support": support, "raw": corrected.tolist(),
        "location": x[kept].mean(axis=0).tolist(), "matrix": weighted.tolist(), "inliers": np.flatnonzero(kept).tolist(),
    }


def main():
    generator = np.random.default_rng(20_261_127)

    def returns(rows, columns, common, digits=None):
        factor = generator.standard_t(4, size=(rows, 1))
        own = generator.standard_t(4, size=(rows, columns))
        x = 0.02 * (common * factor + own * generator.uniform(0.5, 2, size=columns)) + 0.0003
        return x if digits is None else np.round(x, digits)

    pairs = []
    for name, x in [
        ("few assets", returns(60, 4, 1.0)),
        ("ties", returns(50, 5, 1.0, 2)),
        ("many ties", returns(90, 4, 1.0, 1)),
        ("more assets than observations", returns(12, 16, 0.7)),
        ("one word more", returns(130, 5, 0.5)),
    ]:
        case = {"name": name, "rows": x.tolist(), "gerber": [], "rank": []}
        for statistic in range(3):
            for threshold in (0.3, 0.5, 0.9):
                for ddof in (0, 1):
                    matrix, repaired = gerber(x, threshold, statistic, ddof)
                    case["gerber"].append({
                        "statistic": statistic, "threshold": threshold, "ddof": ddof, "matrix": matrix.tolist(),
                        "isRepaired": repaired})
        for statistic in ("spearman", "kendall"):
            for raw in (True, False):
                case["rank"].append(
                    {"statistic": statistic, "raw": raw, "matrix": rank(x, statistic, raw).tolist()})
        pairs.append(case)
    lassos = []
    for name, x, penalty in [
        ("dense", returns(80, 6, 1.0), 0.02),
        ("sparse", returns(60, 10, 0.6), 0.25),
        ("more assets than observations", returns(14, 20, 0.7), 0.35),
        ("components", np.hstack([returns(50, 3, 2.0), returns(50, 4, 2.0)]), 0.45),
    ]:
        covariance, precision = lasso(x, penalty)
        lassos.append({
            "name": name, "rows": x.tolist(), "penalty": penalty, "covariance": covariance, "precision": precision})
    students = []
    for name, rows, columns, share, degrees in [
        ("complete", 150, 3, 0.0, None), ("given degrees", 80, 4, 0.0, 5.0), ("one asset", 100, 1, 0.0, None),
        ("missing", 140, 3, 0.15, None), ("missing, given degrees", 120, 4, 0.2, 4.0),
    ]:
        x = returns(rows, columns, 1.0)
        missing = generator.uniform(size=x.shape) < share
        result = student(np.where(missing, np.nan, x), degrees)
        students.append({
            "name": name, "rows": x.tolist(), "observed": (~missing).tolist(), "givenDegrees": degrees} | result)
    tylers = []
    for name, x, shrinkage in [
        ("plain", returns(90, 5, 1.0), 0.0), ("half", returns(70, 6, 1.0), 0.5), ("oracle", returns(70, 6, 1.0), "oracle"),
        ("more assets than observations", returns(12, 18, 0.7), 0.6), ("oracle, wide", returns(15, 20, 0.7), "oracle"),
    ]:
        tylers.append({"name": name, "rows": x.tolist(), "isOracle": shrinkage == "oracle"} | tyler(x, shrinkage))
    determinants = []
    for name, rows, columns, h in [("two assets", 16, 2, 9), ("three assets", 15, 3, 9), ("one asset", 14, 1, 8)]:
        x = returns(rows, columns, 1.0)
        x[:3] += 0.4
        determinants.append({"name": name, "rows": x.tolist(), "supportCount": h} | determinant(x, h))
    fast = []
    for name, rows, columns in [("whole", 120, 4), ("parts", 640, 3)]:
        x = returns(rows, columns, 1.0)
        x[: rows * 3 // 10] += 0.15
        mcd = MinCovDet(random_state=1, assume_centered=False).fit(x)
        support = mcd.raw_support_
        fast.append({
            "name": name, "rows": x.tolist(),
            "logDeterminant": np.linalg.slogdet(np.cov(x[support].T, bias=True))[1],
            "support": np.flatnonzero(support).tolist(), "inliers": np.flatnonzero(mcd.support_).tolist(),
            "location": mcd.location_.tolist(), "matrix": mcd.covariance_.tolist(),
            "raw": (mcd.raw_covariance_ / 1).tolist(), "supportCount": int(support.sum())})
    result = {
        "generator": "Tests/Generate/robust_covariance.py",
        "versions": {
            "scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__},
        "digits": 15,
        "pairs": pairs, "lassos": lassos, "students": students, "tylers": tylers, "determinants": determinants,
        "fastDeterminants": fast,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "robust_covariance.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
