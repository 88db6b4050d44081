"""Reference covariances for KeelEstimation, pair by pair from the published formulas: NumPy 2.3.5, scikit-learn 1.7.2,
mpmath 1.3.0.

python3 Tests/Generate/covariance.py writes Tests/Reference/covariance.json.

Ledoit and Wolf's errors are summed over pairs of assets here, as the papers write them; the library sums over time first.
"""

import json
import pathlib

import mpmath
import numpy as np
import sklearn
from sklearn.covariance import oas


def ewma(x, half_life, centered):
    t = len(x)
    w = 0.5 ** ((t - 1 - np.arange(t)) / half_life)
    m = (w @ x) / w.sum() if centered else 0
    d = x - m
    return (d * w[:, None]).T @ d / w.sum()


def semicovariance(x, threshold):
    d = np.minimum(x - threshold, 0)
    return d.T @ d / len(x)


def constant_correlation(x):
    t, n = x.shape
    d = x - x.mean(axis=0)
    s = d.T @ d / t
    sd = np.sqrt(np.diag(s))
    r = s / np.outer(sd, sd)
    mean = (r.sum() - n) / (n * (n - 1))
    target = mean * np.outer(sd, sd)
    np.fill_diagonal(target, np.diag(s))
    pi = rho = 0.0
    for i in range(n):
        for j in range(n):
            p = ((d[:, i] * d[:, j] - s[i, j]) ** 2).mean()
            pi += p
            if i == j:
                rho += p
                continue
            cross = d[:, i] * d[:, j] - s[i, j]
            first = ((d[:, i] ** 2 - s[i, i]) * cross).mean()
            second = ((d[:, j] ** 2 - s[j, j]) * cross).mean()
            rho += mean / 2 * (sd[j] / sd[i] * first + sd[i] / sd[j] * second)
    # Of two assets the target is the sample itself.
    delta = 0.0 if n == 2 else min(1, max(0, (pi - rho) / (t * ((target - s) ** 2).sum())))
    return (1 - delta) * s + delta * target, delta


def single_factor(x):
    t, n = x.shape
    d = x - x.mean(axis=0)
    s = d.T @ d / t
    market = d.mean(axis=1)
    exposure = d.T @ market / t
    variance = (market**2).mean()
    target = np.outer(exposure, exposure) / variance
    np.fill_diagonal(target, np.diag(s))
    pi = rho = 0.0
    for i in range(n):
        for j in range(n):
            cross = d[:, i] * d[:, j] - s[i, j]
            p = (cross**2).mean()
            pi += p
            if i == j:
                rho += p
                continue
            # The delta method for s(i, m) s(j, m) / s(m, m).
            linear = (
                exposure[j] / variance * (d[:, i] * market - exposure[i])
                + exposure[i] / variance * (d[:, j] * market - exposure[j])
                - exposure[i] * exposure[j] / variance**2 * (market**2 - variance)
            )
            rho += (linear * cross).mean()
    delta = min(1, max(0, (pi - rho) / (t * ((target - s) ** 2).sum())))
    return (1 - delta) * s + delta * target, delta


def spectrum(x):
    """Eigenvalues and vectors of the covariance with divisor T - 1, at 40 digits: the formulas cancel."""
    t, p = x.shape
    d = mpmath.matrix(x.tolist())
    for j in range(p):
        mean = sum(d[i, j] for i in range(t)) / t
        for i in range(t):
            d[i, j] -= mean
    values, vectors = mpmath.eigsy(d.T * d / (t - 1))
    order = sorted(range(p), key=lambda i: values[i])
    return (
        np.array([values[i] for i in order]),
        np.array([[vectors[r, i] for i in order] for r in range(p)]),
    )


def analytical(x):
    """Ledoit and Wolf (2020), equations 4.7 to 4.9 and C.1 to C.3."""
    t, p = x.shape
    n = t - 1
    values, vectors = spectrum(x)
    root, pi, log = mpmath.sqrt(5), mpmath.pi, mpmath.log
    kept = values[max(0, p - n) :]
    h = mpmath.mpf(n) ** (-mpmath.mpf(1) / 3)
    f = np.array([mpmath.mpf(0)] * len(kept))
    hilbert = np.array([mpmath.mpf(0)] * len(kept))
    for i, value in enumerate(kept):
        for other in kept:
            u = (value - other) / (h * other)
            f[i] += 3 / (4 * root) * max(1 - u * u / 5, 0) / (h * other)
            part = -3 * u / (10 * pi)
            if abs(abs(u) - root) > 0:
                part += (
                    3 / (4 * root * pi) * (1 - u * u / 5)
                    * log(abs((root - u) / (root + u)))
                )
            hilbert[i] += part / (h * other)
    f /= len(kept)
    hilbert /= len(kept)
    c = mpmath.mpf(p) / n
    if p <= n:
        shrunk = kept / ((pi * c * kept * f) ** 2 + (1 - c - pi * c * kept * hilbert) ** 2)
    else:
        null = (
            (1 / pi)
            * (
                3 / (10 * h * h)
                + 3 / (4 * root * h) * (1 - 1 / (5 * h * h))
                * log((1 + root * h) / (1 - root * h))
            )
            * (1 / kept).mean()
        )
        shrunk = np.concatenate(
            [
                np.full(p - n, 1 / (pi * (p - n) / n * null)),
                kept / (pi**2 * kept**2 * (f**2 + hilbert**2)),
            ]
        )
    return vectors @ np.diag(shrunk) @ vectors.T


def quadratic_inverse(x):
    """Ledoit and Wolf (2022), section 4.5."""
    t, p = x.shape
    n = t - 1
    values, vectors = spectrum(x)
    inverse = 1 / values[max(0, p - n) :]
    c = mpmath.mpf(p) / n
    h = min(c**2, 1 / c**2) ** mpmath.mpf("0.35") / p**mpmath.mpf("0.35")
    m = len(inverse)
    theta = np.array([mpmath.mpf(0)] * m)
    conjugate = np.array([mpmath.mpf(0)] * m)
    for i in range(m):
        for j in range(m):
            gap = inverse[j] - inverse[i]
            bottom = gap**2 + h**2 * inverse[j] ** 2
            theta[i] += inverse[j] * gap / bottom / m
            conjugate[i] += inverse[j] * h * inverse[j] / bottom / m
    square = theta**2 + conjugate**2
    if p <= n:
        shrunk = 1 / ((1 - c) ** 2 * inverse + 2 * c * (1 - c) * inverse * theta + c**2 * inverse * square)
    else:
        shrunk = np.concatenate([np.full(p - n, 1 / ((c - 1) * inverse.mean())), 1 / (inverse * square)])
    shrunk *= (1 / inverse).sum() / shrunk.sum()
    return vectors @ np.diag(shrunk) @ vectors.T


def denoised(x, share, detoned):
    """Signals by Marchenko and Pastur with the variance of the noise found with their number."""
    t, n = x.shape
    s = np.cov(x, rowvar=False)
    sd = np.sqrt(np.diag(s))
    r = s / np.outer(sd, sd)
    values, vectors = np.linalg.eigh(r)
    count = n
    while count > 0:
        edge = values[:count].mean() * (1 + np.sqrt(n / t)) ** 2
        below = int((values[:count] <= edge).sum())
        if below == count:
            break
        count = below
    signal = vectors[:, count:] @ np.diag(values[count:]) @ vectors[:, count:].T
    noise = vectors[:, :count] @ np.diag(values[:count]) @ vectors[:, :count].T
    if share is None:
        clean = signal + values[:count].mean() * vectors[:, :count] @ vectors[:, :count].T
    else:
        clean = signal + share * noise + (1 - share) * np.diag(np.diag(noise))

    def unit(a):
        root = np.sqrt(np.diag(a))
        return a / np.outer(root, root)

    clean = unit(clean)
    # Without signals every direction is the first.
    detoned = min(detoned, n - count)
    if detoned > 0:
        values, vectors = np.linalg.eigh(clean)
        keep = n - detoned
        clean = unit(vectors[:, :keep] @ np.diag(values[:keep]) @ vectors[:, :keep].T)
    return clean * np.outer(sd, sd), n - count


def case(name, x):
    values = np.linalg.eigvalsh(np.cov(x, rowvar=False))[max(0, x.shape[1] - len(x) + 1) :]
    result = {"name": name, "rows": x.tolist(), "condition": float(values[-1] / values[0])}
    matrices = {
        "ewma": ewma(x, 11.0, False),
        "ewmaCentered": ewma(x, 4.5, True),
        "semicovariance": semicovariance(x, 0.001),
        "semicovarianceMean": semicovariance(x, x.mean(axis=0)),
    }
    matrices["oas"], result["oasIntensity"] = oas(x)
    matrices["constantCorrelation"], result["constantCorrelationIntensity"] = constant_correlation(x)
    matrices["singleFactor"], result["singleFactorIntensity"] = single_factor(x)
    if len(x) >= 13:
        matrices["analytical"] = analytical(x)
    matrices["quadraticInverse"] = quadratic_inverse(x)
    matrices["denoised"], result["signalCount"] = denoised(x, None, 0)
    matrices["targeted"], _ = denoised(x, 0.3, 0)
    matrices["detoned"], _ = denoised(x, None, 1)
    result["matrices"] = {key: np.asarray(value, dtype=float).tolist() for key, value in matrices.items()}
    return result


def main():
    mpmath.mp.dps = 40
    generator = np.random.default_rng(20_261_127)

    def returns(rows, columns, common, scale):
        factor = generator.standard_t(4, size=(rows, 1))
        own = generator.standard_t(4, size=(rows, columns))
        return scale * (common * factor + own * generator.uniform(0.5, 2, size=columns)) + 0.0003

    cases = [
        case("few assets", returns(60, 4, 1.0, 0.02)),
        case("independent", returns(40, 6, 0.0, 0.01)),
        case("two assets", returns(300, 2, 1.0, 0.03)),
        case("one factor", returns(35, 10, 2.5, 0.02)),
        case("as many assets as observations", returns(15, 15, 0.7, 0.03)),
        case("more assets than observations", returns(14, 22, 0.7, 0.03)),
        case("many observations", returns(280, 5, 1.0, 0.02)),
    ]
    result = {
        "generator": "Tests/Generate/covariance.py",
        "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "mpmath": mpmath.__version__},
        "digits": 15,
        "cases": cases,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "covariance.json"
    path.write_text(json.dumps(result, separators=(",", ":")).replace("],[", "],\n["))


main()
