"""Intervals for the parameters of the generalized hyperbolic law by the profile of the likelihood.

For each value of a parameter the likelihood is maximized over the other four by SciPy's L-BFGS-B from several starts, in
location, ln scale, order, ln ω = ln δγ and asymmetry; where the steepness is given, in location, order, ln ω and the inverse
hyperbolic tangent of β/α. The ends are where twice the fall is the square of the normal quantile, by bisection. Densities by
scipy.special.kve.
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import optimize, special, stats

LEVEL = 0.95
ORDERS = (-10.0, 10.0)
CONCENTRATIONS = (np.log(1e-4), np.log(1000.0))


def log_bessel(order, x):
    return np.log(special.kve(order, x)) - x


def log_likelihood(x, location, scale, order, steepness, asymmetry):
    gamma = np.sqrt((steepness - asymmetry) * (steepness + asymmetry))
    z = x - location
    q = np.hypot(scale, z)
    power = order - 0.5
    constant = order * np.log(gamma / scale) - 0.5 * np.log(2 * np.pi) - log_bessel(order, scale * gamma)
    value = np.sum(constant + log_bessel(power, steepness * q) + power * np.log(q / steepness) + asymmetry * z)
    return value if np.isfinite(value) else -1e10


FREE = (-np.inf, np.inf)


def parameters(point):
    location, log_scale, order, log_omega, asymmetry = point
    gamma = np.exp(log_omega - log_scale)
    return location, np.exp(log_scale), order, np.hypot(gamma, asymmetry), asymmetry


def whole(part, index, given):
    """The parameters from the free coordinates and the given parameter; index None for none."""
    if index is None:
        return parameters(part)
    if index == 3:
        location, order, log_omega, ratio = part
        gamma = given / np.cosh(ratio)
        return location, np.exp(log_omega) / gamma, order, given, given * np.tanh(ratio)
    # In the order of the coordinates.
    place = {0: 0, 1: 1, 2: 2, 4: 4}[index]
    return parameters(np.insert(part, place, np.log(given) if index == 1 else given))


def bounds(index):
    all_bounds = [FREE, FREE, ORDERS, CONCENTRATIONS, FREE]
    if index is None:
        return all_bounds
    if index == 3:
        return [FREE, ORDERS, CONCENTRATIONS, FREE]
    return [b for k, b in enumerate(all_bounds) if k != index]


def maximum(x, index, given, starts):
    best = (None, -np.inf)
    for start in starts:
        point = np.array(start, dtype=float)
        for _ in range(10):
            result = optimize.minimize(
                lambda part: -log_likelihood(x, *whole(part, index, given)), point, method="L-BFGS-B", jac="3-point",
                bounds=bounds(index), options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500})
            moved = np.max(np.abs(result.x - point))
            point = result.x
            if moved < 1e-5:
                break
        if -result.fun > best[1]:
            best = (point, -result.fun)
    return best


def free(point, index):
    """The free coordinates of parameters."""
    location, scale, order, steepness, asymmetry = point
    log_omega = np.log(scale * np.sqrt(steepness**2 - asymmetry**2))
    if index == 3:
        return np.array([location, order, log_omega, np.arctanh(asymmetry / steepness)])
    return np.delete(np.array([location, np.log(scale), order, log_omega, asymmetry]), index)


def end(x, index, best, value, step):
    """The end of the interval on the side of the sign of a step."""
    limit = value - 0.5 * stats.norm.ppf(0.5 + 0.5 * LEVEL) ** 2
    center = best[index]
    part = free(best, index)
    is_logarithm = index in (1, 3)
    place = lambda t: center * np.exp(t) if is_logarithm else center + t
    inside, outside, warm = 0.0, None, part
    t = step
    for _ in range(60):
        other = part.copy()
        other[3 if index == 4 else 2] = -0.5
        point, height = maximum(x, index, place(t), (warm, part, other))
        if height > limit:
            inside, warm = t, point
        else:
            outside = t
        if outside is not None and abs(outside - inside) < 2e-4 * abs(step):
            return float(place(0.5 * (inside + outside)))
        t = 0.5 * (inside + outside) if outside is not None else inside + step
        if index == 2 and abs(place(t)) > ORDERS[1]:
            return float(np.sign(step) * ORDERS[1])
        if index == 1 and place(t) < 1e-3 * center:
            return 0.0
    return None


def main():
    cases = []
    for seed, count, law, starts, steps in [
        (1, 300, (-1.0, 1.2, -0.3), [[0, 0, -1, -0.3, 0], [0, 0, 1, 0.5, 0]], [0.1, 0.2, 0.7, 0.2, 0.1]),
        (5, 400, (0.8, 1.0, 0.2), [[0, 0, -1, -0.3, 0], [0, 0, 1, 0.5, 0]], [0.1, 0.2, 0.7, 0.2, 0.1]),
    ]:
        x = np.round(stats.genhyperbolic.rvs(*law, size=count, random_state=np.random.default_rng(seed)), 6)
        point, value = maximum(x, None, None, starts)
        best = parameters(point)
        print(best, value, flush=True)
        intervals = []
        for index in range(5):
            intervals.append([end(x, index, best, value, -steps[index]), end(x, index, best, value, steps[index])])
            print(index, intervals[-1], flush=True)
        cases.append({"sample": x.tolist(), "level": LEVEL, "logLikelihood": value, "estimates": list(map(float, best)), "intervals": intervals})
    root = pathlib.Path(__file__).resolve().parent.parent
    document = {
        "generator": "Tests/Generate/hyperbolic_intervals.py",
        "versions": {"scipy": scipy.__version__, "numpy": np.__version__},
        "digits": 4,
        "cases": cases,
    }
    out = json.dumps(document, separators=(",", ":"), allow_nan=False)
    (root / "Reference" / "hyperbolic_intervals.json").write_text(out.replace("},{", "},\n{") + "\n")


main()
