"""Reference values for the estimators of KeelEstimation that skfolio 1.12.2 has too, by skfolio's own classes: NumPy 2.3.5,
scikit-learn 1.7.2, pandas 3.1.1.

python3 Tests/Generate/estimators_skfolio.py writes Tests/Reference/estimators_skfolio.json.

`nearest=False` everywhere: what is compared is the estimate, and the repair of a matrix by itself.
"""

import importlib.metadata
import json
import pathlib
import warnings
from unittest import mock

import numpy as np
import scipy.optimize as optimize
from skfolio import distance, measures, model_selection, moments, prior
from skfolio.utils import stats
from sklearn.linear_model import LinearRegression

warnings.simplefilter("ignore")

HALF_LIVES = [4.5, 30.0]
PACKAGES = ["skfolio", "scikit-learn", "pandas", "numpy"]


def returns(seed, t, n, factor_count=2, degrees=None, tie=None):
    rng = np.random.default_rng(seed)
    loadings = rng.normal(0.5, 0.6, (n, factor_count))
    draw = (lambda s: rng.standard_t(degrees, s)) if degrees else rng.standard_normal
    common = draw((t, factor_count))
    own = draw((t, n)) * np.linspace(0.5, 1.5, n)
    x = 0.001 * rng.normal(0.5, 1, n) + 0.01 * (common @ loadings.T + own)
    return np.round(x / tie) * tie if tie else np.round(x, 6)


def fit(estimator, x, **more):
    return lower(estimator.fit(x, **more).covariance_)


def lower(matrix):
    """The rows of a symmetric matrix up to the diagonal."""
    return [np.asarray(row)[: i + 1].tolist() for i, row in enumerate(matrix)]


def shrunk_means(x):
    answer = {}
    for method in ["james_stein", "bayes_stein", "bodnar_okhrin"]:
        for is_weighted in [False, True]:
            model = moments.ShrunkMu(
                covariance_estimator=moments.EmpiricalCovariance(nearest=False),
                method=moments.ShrunkMuMethods(method),
                vol_weighted_target=is_weighted,
            ).fit(x)
            name = method.replace("_s", "S").replace("_o", "O")
            # What the target gets: 1 less the share of the sample.
            share = 1 - model.alpha_
            answer[name + ("Weighted" if is_weighted else "")] = {
                "share": float(share),
                "means": model.mu_.tolist(),
            }
    return answer


def denoised(x, search):
    """skfolio's denoising, and with the market taken out, where the variance of the noise is found by `search`."""
    found = []

    def record(error, **options):
        found.append((error, search(error, **options)))
        return found[-1][1]

    inner = moments.DenoiseCovariance(nearest=False)
    outer = moments.DetoneCovariance(covariance_estimator=inner, nearest=False)
    with mock.patch.object(optimize, "minimize", record):
        matrix, both = fit(inner, x), fit(outer, x)
    error, result = found[0]
    variance = float(result["x"][0])
    edge = variance * (1 + np.sqrt(x.shape[1] / x.shape[0])) ** 2
    return {
        "variance": variance,
        "error": float(error([variance])),
        "signalCount": int((np.linalg.eigvalsh(np.corrcoef(x.T)) > edge).sum()),
        "matrix": matrix,
        "detoned": both,
    }


def least(error, bounds, **_):
    """The least of 400 trials, refined: a search that does not depend on where it starts."""
    trials = np.linspace(*bounds[0], 400)
    k = int(np.argmin([error([v]) for v in trials]))
    inside = optimize.minimize_scalar(
        lambda v: error([v]),
        bounds=(trials[max(k - 1, 0)], trials[min(k + 1, 399)]),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return {"x": [inside.x if inside.fun < error([trials[k]]) else trials[k]]}


def signal_count(x):
    """How many eigenvalues are above the edge of noise whose variance is the mean of those below it."""
    t, n = x.shape
    values = np.linalg.eigvalsh(np.corrcoef(x.T))
    count = n
    while count > 0:
        below = int((values[:count] <= (1 + np.sqrt(n / t)) ** 2 * values[:count].mean()).sum())
        if below == count:
            break
        count = below
    return n - count


def noise(seed, t, n):
    x = returns(seed, t, n)
    own = denoised(x, optimize.minimize)
    return {"rows": x.tolist(), "own": own, "best": denoised(x, least)}


def gerber(x):
    cases = []
    for threshold in [0.3, 0.5, 0.9]:
        for is_either in [True, False]:
            model = moments.GerberCovariance(
                threshold=threshold, psd_variant=is_either, nearest=False
            )
            cases.append(
                {"threshold": threshold, "isEither": is_either, "matrix": fit(model, x)}
            )
    return cases


def clipped_gerber(x, threshold):
    """Gerber's first statistic, (C - D) / (C + D), by definition, which skfolio has not; repaired by skfolio."""
    deviations = x.std(axis=0)
    moves = np.sign(x) * (np.abs(x) >= threshold * deviations)
    both = np.abs(moves).T @ np.abs(moves)
    covariance = (moves.T @ moves) / np.maximum(both, 1) * np.outer(deviations, deviations)
    covariance[np.diag_indices_from(covariance)] = deviations**2
    return {
        "threshold": threshold,
        "leastEigenvalue": float(np.linalg.eigvalsh(covariance)[0]),
        "matrix": lower(stats.cov_nearest(covariance)),
    }


def panel(name, x):
    t, n = x.shape
    rng = np.random.default_rng(len(name))
    implied = np.round(rng.uniform(0.2, 0.9, n), 3)
    weights = np.round(rng.dirichlet(np.ones(n)), 4)
    plain = moments.EmpiricalCovariance(nearest=False)
    return {
        "name": name,
        "rows": x.tolist(),
        "sample": fit(plain, x),
        "likelihood": fit(moments.EmpiricalCovariance(ddof=0, nearest=False), x),
        "window": fit(moments.EmpiricalCovariance(window_size=t // 2, nearest=False), x),
        "exponential": [
            fit(moments.EWCovariance(half_life=h, min_observations=1, nearest=False), x)
            for h in HALF_LIVES
        ],
        "exponentialVariances": [
            moments.EWVariance(half_life=h, min_observations=1).fit(x).variance_.tolist() for h in HALF_LIVES
        ],
        "ledoitWolf": fit(moments.LedoitWolf(nearest=False), x),
        "oas": fit(moments.OAS(nearest=False), x),
        "shrunk": fit(moments.ShrunkCovariance(shrinkage=0.35, nearest=False), x),
        "gerber": gerber(x),
        "clippedGerber": clipped_gerber(x, 0.9),
        "impliedVolatilities": implied.tolist(),
        "implied": fit(
            moments.ImpliedCovariance(
                prior_covariance_estimator=plain,
                annualization_factor=252,
                volatility_risk_premium_adj=1.2,
                nearest=False,
            ),
            x,
            implied_vol=np.tile(implied, (t, 1)),
        ),
        "means": moments.EmpiricalMu().fit(x).mu_.tolist(),
        "exponentialMeans": [moments.EWMu(half_life=h, min_observations=1).fit(x).mu_.tolist() for h in HALF_LIVES],
        "weights": weights.tolist(),
        "equilibrium": moments.EquilibriumMu(
            risk_aversion=2.5, weights=weights, covariance_estimator=plain
        ).fit(x).mu_.tolist(),
        "semivariances": [
            measures.semi_variance(x, min_acceptable_return=0.001, biased=True).tolist(),
            measures.semi_variance(x, biased=True).tolist(),
        ],
        "spearman": lower(distance.SpearmanDistance().fit(x).codependence_),
        "kendall": lower(distance.KendallDistance().fit(x).codependence_),
        "detoned": [
            fit(moments.DetoneCovariance(n_markets=k, nearest=False), x)
            for k in range(1, min(2, signal_count(x)) + 1)
        ],
        "shrunkMeans": shrunk_means(x) if n < t else {},
    }


def gaps(seed, t, n, half_life):
    """Late listings: the assets start one after the other."""
    x = returns(seed, t, n)
    starts = [0] + sorted(np.random.default_rng(seed).integers(1, t - 15, n - 1).tolist())
    for j, start in enumerate(starts):
        x[:start, j] = np.nan
    model = moments.EWCovariance(half_life=half_life, min_observations=2, nearest=False)
    return {
        "halfLife": half_life,
        "starts": starts,
        "rows": np.nan_to_num(x).tolist(),
        "matrix": fit(model, x),
    }


def lasso(seed, t, n):
    """Returns with mean 0 and variance 1 by the divisor T, so that skfolio's penalty is one of correlations."""
    x = returns(seed, t, n, 1)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    model = moments.GraphicalLassoCV(
        alphas=4, cv=5, tol=1e-10, enet_tol=1e-12, max_iter=2000, nearest=False
    ).fit(x)
    return {
        "rows": x.tolist(),
        "penalty": float(model.alpha_),
        "matrix": lower(model.covariance_),
        "inverse": lower(model.precision_),
    }


def factor_model(seed, t, n, k):
    f = returns(seed, t, k, 1)
    rng = np.random.default_rng(seed + 1)
    y = np.round(f @ rng.normal(0.8, 0.5, (k, n)) + rng.normal(0.0002, 0.01, (t, n)), 6)
    model = prior.TimeSeriesFactorModel(
        loading_matrix_estimator=prior.LoadingMatrixRegression(
            linear_regressor=LinearRegression(fit_intercept=True)
        )
    ).fit(y, factors=f)
    answer = model.return_distribution_
    return {
        "y": y.tolist(),
        "f": f.tolist(),
        "loadings": answer.factor_model.loading_matrix.tolist(),
        "intercepts": model.loading_matrix_estimator_.intercepts_.tolist(),
        "idiosyncratic": np.asarray(answer.factor_model.idio_covariance).tolist(),
        "means": answer.mu.tolist(),
        "covariance": lower(answer.covariance),
    }


def repairs(seed, n):
    """Correlations of an impossible kind, and the nearest possible ones by Higham's projections."""
    rng = np.random.default_rng(seed)
    c = np.corrcoef(rng.standard_normal((n + 2, n)).T)
    noise = rng.uniform(-0.3, 0.3, (n, n))
    c = np.clip(np.round(c + np.triu(noise, 1) + np.triu(noise, 1).T, 6), -1, 1)
    np.fill_diagonal(c, 1)
    return {
        "matrix": lower(c),
        "nearest": lower(stats.cov_nearest(c, higham=True, higham_max_iteration=100_000)),
    }


def ranges(rows):
    """Ascending row numbers as pairs of a first and a past-the-end row."""
    rows = np.asarray(rows)
    if len(rows) == 0:
        return []
    cuts = np.flatnonzero(np.diff(rows) != 1)
    firsts = np.concatenate([[0], cuts + 1])
    lasts = np.concatenate([cuts, [len(rows) - 1]])
    return [[int(rows[a]), int(rows[b]) + 1] for a, b in zip(firsts, lasts)]


def combinatorial(t, groups, tests, purged, embargo):
    scheme = model_selection.CombinatorialPurgedCV(
        n_folds=groups, n_test_folds=tests, purged_size=purged, embargo_size=embargo
    )
    return {
        "rowCount": t,
        "groupCount": groups,
        "testGroupCount": tests,
        "purged": purged,
        "embargo": embargo,
        "splits": [
            {"training": ranges(train), "test": [ranges(rows)[0] for rows in test]}
            for train, test in scheme.split(np.zeros((t, 1)))
        ],
        "paths": scheme.recombined_paths.T.tolist(),
    }


def walk(t, train, test, purged, is_expanding):
    scheme = model_selection.WalkForward(
        test_size=test,
        train_size=train,
        purged_size=purged,
        expand_train=is_expanding,
        reduce_test=True,
    )
    return {
        "rowCount": t,
        "train": train,
        "testLength": test,
        "purged": purged,
        "isExpanding": is_expanding,
        "folds": [
            [ranges(a)[0], ranges(b)[0]] for a, b in scheme.split(np.zeros((t, 1)))
        ],
    }


def main():
    panels = [
        panel("normal", returns(1, 120, 6)),
        panel("heavy", returns(2, 250, 10, degrees=4)),
        panel("one factor", returns(3, 90, 12, factor_count=1)),
        panel("narrow", returns(4, 40, 15)),
        panel("ties", returns(5, 60, 5, tie=0.005)),
        panel("wide", returns(6, 18, 14, degrees=3)),
        panel("more assets than rows", returns(7, 12, 16)),
    ]
    content = {
        "generator": "Tests/Generate/estimators_skfolio.py",
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "digits": 15,
        "halfLives": HALF_LIVES,
        "panels": panels,
        "gaps": [gaps(11, 70, 5, 9.0), gaps(12, 50, 7, 25.0)],
        "noises": [noise(53, 120, 60), noise(62, 300, 10), noise(64, 400, 6), noise(68, 150, 8)],
        "lassos": [lasso(21, 120, 6), lasso(22, 80, 9)],
        "factorModels": [factor_model(31, 100, 5, 2), factor_model(32, 60, 8, 3)],
        "repairs": [repairs(41, 6), repairs(42, 15)],
        "combinatorial": [
            combinatorial(60, 6, 2, 0, 0),
            combinatorial(60, 6, 2, 2, 3),
            combinatorial(100, 5, 3, 4, 0),
            combinatorial(56, 8, 2, 1, 2),
        ],
        "walks": [
            walk(100, 30, 10, 0, False),
            walk(100, 30, 15, 3, False),
            walk(97, 20, 12, 2, True),
        ],
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "estimators_skfolio.json"
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False).replace("],[", "],\n["))


main()
