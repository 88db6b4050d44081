"""Makes Tests/Reference/nonlinear_fits.json: nonlinear regressions, classic problems and bounded ones.

Needs numpy 2.3.5 and scipy 1.16.3. Run from the root of the repository, with the folder of the NIST
StRD files (they come with the source distribution of lmfit 1.3.4, folder NIST_STRD):
python Tests/Generate/nonlinear_fits.py FOLDER

Certified values of the regressions are NIST's, to eleven digits. The minima of the problems of Moré,
Garbow and Hillstrom, ACM Transactions on Mathematical Software 7 (1981), are those of SciPy and
must agree with the published ones to the printed digits. The bounded problems cut their minima off;
reference is the best of the methods trf and dogbox (least squares) and L-BFGS-B (smooth functions).
"""

import json
import pathlib
import sys

import numpy as np
import scipy
from scipy.optimize import least_squares, minimize

NIST = [
    "Misra1a", "Chwirut2", "Chwirut1", "Lanczos3", "Gauss1", "Gauss2", "DanWood", "Misra1b",
    "Kirby2", "Hahn1", "Nelson", "MGH17", "Lanczos1", "Lanczos2", "Gauss3", "Misra1c", "Misra1d",
    "Roszman1", "ENSO", "MGH09", "Thurber", "BoxBOD", "Rat42", "MGH10", "Eckerle4", "Rat43",
    "Bennett5"]

BARD = [.14, .18, .22, .25, .29, .32, .35, .39, .37, .58, .73, .96, 1.34, 2.10, 4.39]
GAUSSIAN = [.0009, .0044, .0175, .0540, .1295, .2420, .3521, .3989]
KOWALIK_Y = [.1957, .1947, .1735, .1600, .0844, .0627, .0456, .0342, .0323, .0235, .0246]
KOWALIK_U = [4, 2, 1, .5, .25, .167, .125, .1, .0833, .0714, .0625]
MEYER = [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820,
         3307, 2872]
OSBORNE1 = [.844, .908, .932, .936, .925, .908, .881, .850, .818, .784, .751, .718, .685, .658, .628,
            .603, .580, .558, .538, .522, .506, .490, .478, .467, .457, .448, .438, .431, .424, .420,
            .414, .411, .406]
OSBORNE2 = [
    1.366, 1.191, 1.112, 1.013, .991, .885, .831, .847, .786, .725, .746, .679, .608, .655, .616,
    .606, .602, .626, .651, .724, .649, .649, .694, .644, .624, .661, .612, .558, .533, .495, .500,
    .423, .395, .375, .372, .391, .396, .405, .428, .429, .523, .562, .607, .653, .672, .708, .633,
    .668, .645, .632, .591, .559, .597, .625, .739, .710, .729, .720, .636, .581, .428, .292, .162,
    .098, .054]


def read_nist(folder, name):
    lines = (folder / f"{name}.dat").read_text().splitlines()
    count = int(lines[31].split()[0])
    rows = [[float(v) for v in line.split("=")[1].split()] for line in lines[40:40 + count]]
    sums = {line.split(":")[0].strip(): float(line.split(":")[1])
            for line in lines[40 + count:58] if ":" in line}
    data = np.array([[float(v) for v in line.split()] for line in lines[60:] if line.strip()])
    return {
        "name": name, "y": data[:, 0].tolist(), "x": data[:, 1:].T.tolist(),
        "starts": [[r[0] for r in rows], [r[1] for r in rows]], "certified": [r[2] for r in rows],
        "deviations": [r[3] for r in rows], "sumOfSquares": sums["Residual Sum of Squares"]}


def helical(x):
    angle = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if x[0] < 0 else 0)
    return [10 * (x[2] - 10 * angle), 10 * (np.hypot(x[0], x[1]) - 1), x[2]]


def watson(x):
    t = np.arange(1, 30) / 29
    j = np.arange(len(x))
    powers = t[:, None] ** j
    slope = (j[1:] * x[1:] * t[:, None] ** (j[1:] - 1)).sum(1)
    return np.concatenate([slope - (powers @ x) ** 2 - 1, [x[0], x[1] - x[0] ** 2 - 1]])


def osborne2(x):
    t = np.arange(65) / 10
    return np.array(OSBORNE2) - (
        x[0] * np.exp(-t * x[4]) + x[1] * np.exp(-(t - x[8]) ** 2 * x[5])
        + x[2] * np.exp(-(t - x[9]) ** 2 * x[6]) + x[3] * np.exp(-(t - x[10]) ** 2 * x[7]))


def indices(m):
    return np.arange(1, m + 1)


PROBLEMS = {
    "rosenbrock": (lambda x: [10 * (x[1] - x[0] ** 2), 1 - x[0]], [-1.2, 1], 0),
    "freudensteinRoth": (lambda x: [
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]], [0.5, -2], 48.9842),
    "brownBadlyScaled": (lambda x: [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2], [1, 1], 0),
    "beale": (lambda x: [
        1.5 - x[0] * (1 - x[1]), 2.25 - x[0] * (1 - x[1] ** 2), 2.625 - x[0] * (1 - x[1] ** 3)],
        [1, 1], 0),
    "jennrichSampson": (lambda x: 2 + 2 * indices(10) - (
        np.exp(indices(10) * x[0]) + np.exp(indices(10) * x[1])), [0.3, 0.4], 124.362),
    "helicalValley": (helical, [-1, 0, 0], 0),
    "bard": (lambda x: np.array(BARD) - (x[0] + indices(15) / (
        (16 - indices(15)) * x[1] + np.minimum(indices(15), 16 - indices(15)) * x[2])),
        [1, 1, 1], 8.21487e-3),
    "gaussian": (lambda x: x[0] * np.exp(-x[1] * ((8 - indices(15)) / 2 - x[2]) ** 2 / 2)
                 - np.array(GAUSSIAN + GAUSSIAN[-2::-1]), [0.4, 1, 0], 1.12793e-8),
    "meyer": (lambda x: x[0] * np.exp(x[1] / (45 + 5 * indices(16) + x[2])) - np.array(MEYER),
              [0.02, 4000, 250], 87.9458),
    "box3D": (lambda x: np.exp(-indices(10) / 10 * x[0]) - np.exp(-indices(10) / 10 * x[1])
              - x[2] * (np.exp(-indices(10) / 10) - np.exp(-indices(10))), [0, 10, 20], 0),
    "powellSingular": (lambda x: [
        x[0] + 10 * x[1], 5 ** 0.5 * (x[2] - x[3]), (x[1] - 2 * x[2]) ** 2,
        10 ** 0.5 * (x[0] - x[3]) ** 2], [3, -1, 0, 1], 0),
    "wood": (lambda x: [
        10 * (x[1] - x[0] ** 2), 1 - x[0], 90 ** 0.5 * (x[3] - x[2] ** 2), 1 - x[2],
        10 ** 0.5 * (x[1] + x[3] - 2), 10 ** -0.5 * (x[1] - x[3])], [-3, -1, -3, -1], 0),
    "kowalikOsborne": (lambda x: np.array(KOWALIK_Y) - x[0] * (
        np.array(KOWALIK_U) ** 2 + np.array(KOWALIK_U) * x[1]) / (
        np.array(KOWALIK_U) ** 2 + np.array(KOWALIK_U) * x[2] + x[3]),
        [.25, .39, .415, .39], 3.07505e-4),
    "brownDennis": (lambda x: (x[0] + indices(20) / 5 * x[1] - np.exp(indices(20) / 5)) ** 2
                    + (x[2] + x[3] * np.sin(indices(20) / 5) - np.cos(indices(20) / 5)) ** 2,
                    [25, 5, -5, -1], 85822.2),
    "osborne1": (lambda x: np.array(OSBORNE1) - (
        x[0] + x[1] * np.exp(-10 * np.arange(33) * x[3])
        + x[2] * np.exp(-10 * np.arange(33) * x[4])), [.5, 1.5, -1, .01, .02], 5.46489e-5),
    "osborne2": (osborne2, [1.3, .65, .65, .7, .6, 3, 5, 7, 2, 4.5, 5.5], 4.01377e-2),
    "watson": (watson, [0] * 6, 2.28767e-3),
}


def classic():
    results = []
    for name, (function, start, published) in PROBLEMS.items():
        def residuals(x):
            with np.errstate(all="ignore"):
                return np.asarray(function(x), dtype=float)
        fit = least_squares(
            residuals, start, method="lm", jac="2-point" if name == "helicalValley" else "3-point",
            x_scale=np.maximum(np.abs(start), 0.1), ftol=1e-15, xtol=1e-15, gtol=1e-15,
            max_nfev=100000)
        total = float(fit.fun @ fit.fun)
        if published == 0:
            assert total < 1e-10, (name, total)
            total = 0.0
        else:
            assert abs(total / published - 1) < 1e-5, (name, total, published)
        results.append({
            "name": name, "start": start, "sumOfSquares": total, "solution": fit.x.tolist(),
            "residualCount": len(fit.fun)})
    return results


def bounded(classics):
    """Every second parameter is stopped six tenths of its way, others get bounds that do not bind."""
    results = []
    for case in classics:
        name = case["name"]
        if name in ("brownBadlyScaled", "helicalValley", "meyer", "watson"):
            continue
        function, start, _ = PROBLEMS[name]
        start, end = np.array(start, dtype=float), np.array(case["solution"])
        way = end - start
        stop = start + np.where(np.arange(len(start)) % 2 == 0, 0.6, 1.7) * way
        lower = np.minimum(start - 0.3 * abs(way) - 0.01, stop)
        upper = np.maximum(start + 0.3 * abs(way) + 0.01, stop)
        best = None
        for method in ("trf", "dogbox"):
            fit = least_squares(
                lambda x: np.asarray(function(x), dtype=float), start, bounds=(lower, upper),
                jac="3-point", method=method, ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=5000)
            if best is None or fit.cost < best.cost:
                best = fit
        results.append({
            "name": name, "start": start.tolist(), "lower": lower.tolist(),
            "upper": upper.tolist(), "sumOfSquares": 2 * float(best.cost),
            "solution": best.x.tolist()})
    return results


def chained(x):
    """The extended Rosenbrock function, its value and gradient."""
    odd, even = x[0::2], x[1::2]
    value = float(np.sum(100 * (even - odd ** 2) ** 2 + (1 - odd) ** 2))
    gradient = np.zeros_like(x)
    gradient[0::2] = -400 * odd * (even - odd ** 2) - 2 * (1 - odd)
    gradient[1::2] = 200 * (even - odd ** 2)
    return value, gradient


def smooth():
    results = []
    for n in (2, 20, 100):
        for kind in ("free", "bounded"):
            lower = np.full(n, -np.inf)
            upper = np.full(n, np.inf)
            if kind == "bounded":
                upper[0::4] = 0.5
                lower[3::4] = 1.5
            start = np.clip(np.tile([-1.2, 1.0], n // 2), lower, upper)
            fit = minimize(
                chained, start, jac=True, method="L-BFGS-B",
                bounds=[(None if l == -np.inf else l, None if u == np.inf else u)
                        for l, u in zip(lower, upper)],
                options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 10000, "maxfun": 20000})
            value = 0.0 if kind == "free" else float(fit.fun)
            big = 1e300
            results.append({
                "name": f"{kind} {n}", "start": start.tolist(),
                "lower": np.maximum(lower, -big).tolist(), "upper": np.minimum(upper, big).tolist(),
                "value": value, "solution": fit.x.tolist()})
    return results


def main():
    folder = pathlib.Path(sys.argv[1])
    classics = classic()
    json.dump({
        "generator": "Tests/Generate/nonlinear_fits.py",
        "versions": {
            "python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__},
        "nist": [read_nist(folder, name) for name in NIST], "classic": classics,
        "bounded": bounded(classics), "smooth": smooth(),
    }, open("Tests/Reference/nonlinear_fits.json", "w"), indent=0)


if __name__ == "__main__":
    main()
