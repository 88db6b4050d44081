"""Reference values of normal and Student-t laws given some of their returns.

Writes Tests/Reference/conditional_laws.json. Values: mpmath 1.3.0 at 50 digits from the exact binary inputs, by the
blocks of the inverse covariance (the precision matrix), not by those of the covariance. The generator checks each law
against the ratio of joint and marginal density at random points, to 1e-40.

Usage: python Tests/Generate/conditional_laws.py
"""

import json
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 50
random.seed(20_261_128)
m = mp.mpf


def block(matrix, rows, columns):
    return mp.matrix([[matrix[i, j] for j in columns] for i in rows])


def log_density(x, mean, covariance, freedom):
    n = len(x)
    d = mp.matrix([a - b for a, b in zip(x, mean)])
    scatter = covariance if freedom is None else covariance * ((freedom - 2) / freedom)
    square = (d.T * mp.lu_solve(scatter, d))[0]
    log_det = mp.log(mp.det(scatter))
    if freedom is None:
        return -(n * mp.log(2 * mp.pi) + log_det + square) / 2
    return (mp.loggamma((freedom + n) / 2) - mp.loggamma(freedom / 2)
            - n / m(2) * mp.log(freedom * mp.pi) - log_det / 2
            - (freedom + n) / 2 * mp.log1p(square / freedom))


cases = []
for n, given_count, freedom, common in [
        (2, 1, None, 0.3), (2, 1, 4.5, 0.3), (5, 1, 3.0, 0.8), (5, 2, 7.25, 0.8), (6, 3, None, 0.5),
        (8, 7, 2.5, 0.9), (8, 2, 40.0, 0.99)]:
    loadings = [random.uniform(0.2, 1.2) for _ in range(n)]
    noise = [[random.gauss(0, 1) for _ in range(n)] for _ in range(n)]
    scales = [10 ** random.uniform(-2, 0) for _ in range(n)]
    covariance = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            cross = common * loadings[i] * loadings[j] + (1 - common) * sum(
                noise[i][k] * noise[j][k] for k in range(n)) / n
            covariance[i][j] = covariance[j][i] = scales[i] * scales[j] * cross
    mean = [random.uniform(-0.01, 0.01) for _ in range(n)]
    places = sorted(random.sample(range(n), given_count))
    rest = [i for i in range(n) if i not in places]
    values = [-4 * covariance[i][i] ** 0.5 * random.uniform(0.2, 1) for i in places]
    s = mp.matrix([[m(v) for v in row] for row in covariance])
    mu = [m(v) for v in mean]
    # Precision blocks: the conditional covariance is the inverse of that of the rest.
    precision = s ** -1
    remainder = block(precision, rest, rest) ** -1
    shift = remainder * block(precision, rest, places) * mp.matrix(
        [m(v) - mu[i] for v, i in zip(values, places)])
    location = [mu[i] - shift[k] for k, i in enumerate(rest)]
    d = mp.matrix([m(v) - mu[i] for v, i in zip(values, places)])
    square = (d.T * mp.lu_solve(block(s, places, places), d))[0]
    scaled = remainder
    if freedom is not None:
        scaled = remainder * ((m(freedom) - 2 + square) / (m(freedom) - 2 + given_count))
    for _ in range(3):
        x = [location[k] + m(random.gauss(0, 1)) * mp.sqrt(scaled[k, k]) for k in range(len(rest))]
        point = [None] * n
        for i, v in zip(places, values):
            point[i] = m(v)
        for i, v in zip(rest, x):
            point[i] = v
        f = None if freedom is None else m(freedom)
        joint = log_density(point, mu, s, f)
        marginal = log_density(
            [m(v) for v in values], [mu[i] for i in places], block(s, places, places), f)
        law = log_density(x, location, scaled, None if f is None else f + given_count)
        assert abs(joint - marginal - law) < mp.mpf(10) ** -40
    cases.append(dict(
        mean=mean, covariance=covariance, degreesOfFreedom=freedom, given=places, values=values,
        conditionalMean=[float(v) for v in location],
        conditionalCovariance=[[float(scaled[i, j]) for j in range(len(rest))]
                               for i in range(len(rest))]))

output = dict(
    generator="Tests/Generate/conditional_laws.py", versions=dict(mpmath=mp.__version__), digits=50,
    cases=cases)
path = pathlib.Path(__file__).parent.parent / "Reference" / "conditional_laws.json"
path.write_text(json.dumps(output, indent=1) + "\n")
