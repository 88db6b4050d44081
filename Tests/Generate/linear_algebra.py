"""Reference values for KeelLinearAlgebra, computed by mpmath at 60 digits from the exact doubles.

Needs: Python 3.11+, mpmath 1.3.0. Run: python Tests/Generate/linear_algebra.py
Writes Tests/Reference/linear_algebra.json. Matrices are column-major. Each tolerance follows from
the perturbation theory of its problem: order * epsilon * norm for eigenvalues and singular values,
order * epsilon * condition for solutions.
"""

import json
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 60
EPSILON = 2.0**-52
random.seed(20240901)


def hilbert(n):
    return [[1.0 / (i + j + 1) for j in range(n)] for i in range(n)]


def wilkinson(n):
    half = (n - 1) // 2
    return [
        [float(abs(i - half)) if i == j else 1.0 if abs(i - j) == 1 else 0.0 for j in range(n)]
        for i in range(n)
    ]


def graded(n, ratio):
    base = [[1.0 if i == j else 0.3 / (1 + abs(i - j)) for j in range(n)] for i in range(n)]
    return [[base[i][j] * ratio ** (i + j) for j in range(n)] for i in range(n)]


def clustered(n):
    # Four eigenvalues near 1, 1e-8 apart, and the rest near 5, by exact small rotations.
    rows = [[0.0] * n for _ in range(n)]
    for i in range(n):
        rows[i][i] = 1.0 + 1e-8 * i if i < 4 else 5.0
        for j in range(i):
            value = 1e-9 * ((i * 7 + j * 3) % 5 - 2)
            rows[i][j] = rows[j][i] = value
    return rows


def scaled_random(n, scale):
    rows = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rows[i][j] = rows[j][i] = random.gauss(0, 1) * scale
    return rows


def gram(rows_count, n):
    x = [[random.gauss(0, 1) for _ in range(n)] for _ in range(rows_count)]
    rows = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            value = sum(x[t][i] * x[t][j] for t in range(rows_count)) / rows_count
            rows[i][j] = rows[j][i] = value
    return rows


def general(m, n, scale=1.0):
    return [[random.gauss(0, 1) * scale for _ in range(n)] for _ in range(m)]


def kahan(n, c):
    s = (1 - c * c) ** 0.5
    return [[s**i * (1.0 if i == j else -c if j > i else 0.0) for j in range(n)] for i in range(n)]


def rank_deficient(m, n, rank):
    left = [[random.randint(-4, 4) for _ in range(rank)] for _ in range(m)]
    right = [[random.randint(-4, 4) for _ in range(n)] for _ in range(rank)]
    return [
        [float(sum(left[i][k] * right[k][j] for k in range(rank))) for j in range(n)]
        for i in range(m)
    ]


def column_major(rows):
    return [rows[i][j] for j in range(len(rows[0])) for i in range(len(rows))]


def number(x):
    return float(mp.nstr(x, 25))


def one_norm(a):
    return max(sum(abs(a[i, j]) for i in range(a.rows)) for j in range(a.cols))


def solution(a, b):
    n = a.rows
    x = mp.lu_solve(a, mp.matrix(b))
    condition = one_norm(a) * one_norm(a**-1)
    largest = max(abs(v) for v in x)
    return {
        "b": b,
        "x": [number(v) for v in x],
        "absolute": number(8 * n * EPSILON * condition * largest),
    }


def symmetric_case(name, rows, definite):
    n = len(rows)
    a = mp.matrix(rows)
    values = sorted(mp.eigsy(a, eigvals_only=True))
    norm = max(abs(v) for v in values)
    case = {
        "name": name,
        "order": n,
        "elements": column_major(rows),
        "eigenvalues": [number(v) for v in values],
        "eigenvalueAbsolute": number(4 * n * EPSILON * norm),
        "positive": sum(v > 0 for v in values),
        "negative": sum(v < 0 for v in values),
        "isPositiveDefinite": definite,
    }
    assert not definite or values[0] > 0
    determinant = mp.fprod(values)
    case["logDeterminant"] = number(mp.log(abs(determinant)))
    # d log|det| = trace(inverse * perturbation), at most order * condition * relative error.
    condition = norm / min(abs(v) for v in values)
    case["logDeterminantAbsolute"] = number(4 * n * n * EPSILON * min(condition, mp.mpf(1e13)))
    case["solution"] = solution(a, [float(i % 3 - 1) * norm_double(norm) + norm_double(norm)
                                    for i in range(n)])
    return case


def norm_double(norm):
    return float(norm)


def general_case(name, rows):
    m, n = len(rows), len(rows[0])
    a = mp.matrix(rows)
    values = sorted((abs(v) for v in mp.svd_r(a, compute_uv=False)), reverse=True)
    case = {
        "name": name,
        "rowCount": m,
        "columnCount": n,
        "elements": column_major(rows),
        "singularValues": [number(v) for v in values],
        "singularValueAbsolute": number(4 * max(m, n) * EPSILON * values[0]),
        "rank": sum(v > 1e-13 * values[0] for v in values),
    }
    if m == n and case["rank"] == n:
        determinant = mp.det(a)
        condition = values[0] / values[-1]
        case["determinantSign"] = 1 if determinant > 0 else -1
        case["logDeterminant"] = number(mp.log(abs(determinant)))
        case["logDeterminantAbsolute"] = number(4 * n * n * EPSILON * condition)
        case["solution"] = solution(a, [float(i + 1) for i in range(n)])
    if m > n and case["rank"] == n:
        b = [float((i * i) % 7) for i in range(m)]
        normal = a.T * a
        x = mp.lu_solve(normal, a.T * mp.matrix(b))
        residual = mp.norm(a * x - mp.matrix(b))
        condition = values[0] / values[-1]
        largest = max(abs(v) for v in x)
        absolute = 16 * m * EPSILON * condition * (largest + condition * residual / values[0])
        case["leastSquares"] = {
            "b": b,
            "x": [number(v) for v in x],
            "absolute": number(absolute),
            "residualNorm": number(residual),
        }
    return case


symmetric = [symmetric_case(f"hilbert-{n}", hilbert(n), True) for n in range(1, 9)]
symmetric += [symmetric_case(f"wilkinson-{n}", wilkinson(n), False) for n in (5, 21)]
symmetric += [symmetric_case("graded-up", graded(8, 10.0), True)]
symmetric += [symmetric_case("graded-down", graded(8, 0.1), True)]
symmetric += [symmetric_case("clustered", clustered(10), True)]
symmetric += [symmetric_case(f"random-{n}", scaled_random(n, 1.0), False) for n in (2, 3, 4, 7, 13)]
symmetric += [symmetric_case("tiny", scaled_random(5, 1e-300), False)]
symmetric += [symmetric_case("huge", scaled_random(5, 1e300), False)]
symmetric += [symmetric_case(f"gram-{n}", gram(3 * n, n), True) for n in (2, 3, 4, 9, 15)]
symmetric += [symmetric_case("two", [[2.0, 1.0], [1.0, 2.0]], True)]

rectangular = [general_case(f"random-{m}x{n}", general(m, n))
               for m, n in ((1, 1), (2, 2), (3, 3), (5, 5), (9, 9), (7, 3), (3, 7), (12, 5))]
rectangular += [general_case("kahan-8", kahan(8, 0.6))]
rectangular += [general_case("rank-2-of-6x4", rank_deficient(6, 4, 2))]
rectangular += [general_case("rank-3-of-5x5", rank_deficient(5, 5, 3))]
rectangular += [general_case("tiny", general(4, 3, 1e-300))]
rectangular += [general_case("huge", general(4, 3, 1e300))]
rectangular += [general_case("vandermonde", [[float((i / 10) ** j) for j in range(5)]
                                             for i in range(11)])]

path = pathlib.Path(__file__).parent.parent / "Reference" / "linear_algebra.json"
path.write_text(json.dumps({"symmetric": symmetric, "general": rectangular}, indent=1) + "\n")
