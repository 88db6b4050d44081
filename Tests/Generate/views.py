"""Makes Tests/Reference/views.json: mixtures of priors with views.

Needs what requirements.txt pins. Run from the root of the repository: python Tests/Generate/views.py

Black-Litterman posteriors are computed in 50 digits by the precision form, which inverts what the library never inverts:
mean ((tau S)^-1 + P' O^-1 P)^-1 ((tau S)^-1 pi + P' O^-1 q). The inputs of He and Litterman (1999) are their tables 1 and 2;
what the paper prints is kept beside. Entropy pooling is solved in 50 digits by Newton's method over every choice of active
inequalities, of which the one that satisfies all conditions is kept. Minimum-torsion bets follow the published recursion with
its inverses, in 50 digits, which the library's recursion avoids.
"""

import itertools
import json

import mpmath as mp
import numpy as np

mp.mp.dps = 50


def m(rows):
    return mp.matrix([[mp.mpf(float(v)) for v in r] for r in rows])


def black_litterman(sigma, prior, views, q, omega, tau):
    s, n = m(sigma), len(prior)
    p = m(views)
    variances = [
        mp.mpf(float(o)) if o is not None else mp.mpf(tau) * (p[k, :] * s * p[k, :].T)[0]
        for k, o in enumerate(omega)
    ]
    inverse = (mp.mpf(tau) * s) ** -1
    o = mp.diag([1 / v for v in variances])
    precision = inverse + p.T * o * p
    spread = precision ** -1
    mean = spread * (inverse * m([[v] for v in prior]) + p.T * o * m([[v] for v in q]))
    return [float(v) for v in mean], [[float(spread[i, j]) for j in range(n)] for i in range(n)]


HE = {
    "names": ["Australia", "Canada", "France", "Germany", "Japan", "UK", "USA"],
    "volatility": [0.160, 0.203, 0.248, 0.271, 0.210, 0.200, 0.187],
    "weights": [0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615],
    "correlation": [
        [],
        [0.488],
        [0.478, 0.664],
        [0.515, 0.655, 0.861],
        [0.439, 0.310, 0.355, 0.354],
        [0.512, 0.608, 0.783, 0.777, 0.405],
        [0.491, 0.779, 0.668, 0.653, 0.306, 0.652],
    ],
    # Percent, as printed: tables 2, 4 and 5 (Germany above the rest of Europe by 5 %).
    "equilibrium": [3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6],
    "posterior": [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1],
    "optimal": [1.5, 2.1, -4.0, 35.4, 11.0, -9.5, 58.6],
}


def pooling(z, prior, bounds, equations):
    """p minimizing sum p ln(p/q) with E[z_k] = or >= bounds_k; None where no choice of active views works."""
    count = len(bounds)
    inequalities = [k for k in range(count) if not equations[k]]
    q = [mp.mpf(float(v)) for v in prior]
    total = sum(q)
    q = [v / total for v in q]
    zz = [[mp.mpf(float(v)) for v in column] for column in z]

    def weights(eta):
        raw = [q[s] * mp.exp(sum(e * zz[k][s] for k, e in eta.items())) for s in range(len(q))]
        norm = sum(raw)
        return [r / norm for r in raw]

    for size in range(len(inequalities) + 1):
        for active in itertools.combinations(inequalities, size):
            used = [k for k in range(count) if equations[k] or k in active]
            eta = {k: mp.mpf(0) for k in used}
            ok = True
            for _ in range(200):
                p = weights(eta)
                means = {k: sum(a * b for a, b in zip(p, zz[k])) for k in used}
                g = [means[k] - mp.mpf(float(bounds[k])) for k in used]
                if not used or max(abs(v) for v in g) < mp.mpf(10) ** -40:
                    break
                h = mp.matrix(len(used), len(used))
                for i, k in enumerate(used):
                    for j, l in enumerate(used):
                        h[i, j] = sum(a * b * c for a, b, c in zip(p, zz[k], zz[l])) - means[k] * means[l]
                step = mp.lu_solve(h, mp.matrix([-v for v in g]))
                length = min(mp.mpf(1), 2 / max(abs(v) * max(abs(x) for x in zz[k]) for v, k in zip(step, used)))
                for i, k in enumerate(used):
                    eta[k] += length * step[i]
            else:
                ok = False
            if not ok or any(eta[k] < 0 for k in active):
                continue
            p = weights(eta)
            slack = [sum(a * b for a, b in zip(p, zz[k])) - mp.mpf(float(bounds[k])) for k in range(count)]
            if all(slack[k] > -mp.mpf(10) ** -30 for k in inequalities):
                entropy = sum(a * mp.log(a / b) for a, b in zip(p, q))
                return [float(v) for v in p], float(entropy), {k: float(v) for k, v in eta.items()}
    return None


def root(a, power):
    values, vectors = mp.eigsy(a)
    return vectors * mp.diag([mp.sign(v) * abs(v) ** power if v > 0 else mp.mpf(0) for v in values]) * vectors.T


def diversification(sigma, w):
    s, n = m(sigma), len(w)
    sd = [mp.sqrt(s[i, i]) for i in range(n)]
    corr = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            corr[i, j] = s[i, j] / sd[i] / sd[j]
    half = mp.mpf(1) / 2
    c = root(corr, half)
    d = mp.eye(n)
    last = c
    for _ in range(5000):
        u = root(d * corr * d, half)
        q = u ** -1 * d * c
        qc = q * c
        d = mp.diag([qc[i, i] for i in range(n)])
        pi = d * q
        if mp.mnorm(pi - last, "f") < mp.mpf(10) ** -40:
            break
        last = pi
    x = pi * c ** -1
    t = mp.diag(sd) * x * mp.diag([1 / v for v in sd])
    wv = mp.matrix([mp.mpf(float(v)) for v in w])
    variance = (wv.T * s * wv)[0]
    left, right = (t ** -1).T * wv, t * s * wv
    shares = [left[i] * right[i] / variance for i in range(n)]
    values, vectors = mp.eigsy(s)
    principal = [values[k] * sum(vectors[i, k] * wv[i] for i in range(n)) ** 2 / variance for k in range(n)]
    count = lambda p: float(mp.exp(-sum(v * mp.log(v) for v in p if v > 0)))
    gross = sum(abs(v) for v in wv)
    return {
        "covariance": np.asarray(sigma).tolist(), "weights": [float(v) for v in w], "shares": [float(v) for v in shares],
        "torsion": count(shares), "principal": count(principal),
        "assets": float(1 / sum((v / gross) ** 2 for v in wv)), "entropy": count([abs(v) / gross for v in wv]),
        "ratio": float(sum(abs(wv[i]) * sd[i] for i in range(n)) / mp.sqrt(variance)),
    }


def main():
    rng = np.random.default_rng(20261126)
    cases = []
    for number in range(12):
        n, k = int(rng.integers(3, 9)), int(rng.integers(1, 4))
        b = rng.standard_normal((n, 2)) * 0.03
        sigma = b @ b.T + np.diag(rng.uniform(0.01, 0.05, n) ** 2)
        sigma = (sigma + sigma.T) / 2
        prior = rng.normal(0.005, 0.01, n)
        views = np.round(rng.standard_normal((k, n)), 2) * (rng.uniform(size=(k, n)) < 0.6)
        views[:, 0] = np.round(rng.uniform(0.5, 1.5, k), 2)
        q = rng.normal(0.01, 0.02, k)
        tau = float(rng.choice([0.02, 0.05, 1.0]))
        omega = [None if rng.uniform() < 0.4 else float(rng.uniform(1e-7, 1e-3)) for _ in range(k)]
        mean, spread = black_litterman(sigma, prior, views, q, omega, tau)
        cases.append({
            "covariance": sigma.tolist(), "prior": prior.tolist(), "views": views.tolist(), "returns": q.tolist(),
            "variances": omega, "tau": tau, "mean": mean, "meanCovariance": spread,
        })

    pools = []
    for number in range(14):
        s, n = int(rng.integers(40, 120)), 3
        x = rng.standard_t(4, (s, n)) * 0.02 + 0.001
        x[:, 1] += 0.6 * x[:, 0]
        q = rng.uniform(0.2, 1, s)
        q = q / q.sum() if number % 2 else np.full(s, 1 / s)
        mean = q @ x
        sd = np.sqrt(q @ (x - mean) ** 2)
        kinds, relations, values, z, bounds, equations = [], [], [], [], [], []

        def add(kind, function, relation, value):
            kinds.append(kind)
            relations.append(relation)
            values.append(float(value))
            sign = -1 if relation == "atMost" else 1
            z.append(sign * function)
            bounds.append(sign * float(value))
            equations.append(relation == "equal")

        add("mean0", x[:, 0], ["equal", "atLeast", "atMost"][number % 3], mean[0] + rng.normal(0, 0.5) * sd[0])
        if number % 2 == 0:
            add("rank01", x[:, 0] - x[:, 1], "atLeast", 0.0)
        if number % 4 != 1:
            add("square2", (x[:, 2] - mean[2]) ** 2, ["atMost", "equal"][number % 2], sd[2] ** 2 * rng.uniform(0.6, 1.3))
        if number % 5 == 2:
            add("tail1", (x[:, 1] <= -0.01).astype(float), "equal", rng.uniform(0.25, 0.45))
        if number % 3 == 1:
            add("co02", (x[:, 0] - mean[0]) * (x[:, 2] - mean[2]), "equal", rng.uniform(-0.3, 0.3) * sd[0] * sd[2])
        answer = pooling([list(c) for c in z], q, bounds, equations)
        assert answer is not None, number
        p, entropy, _ = answer
        pools.append({
            "outcomes": x.tolist(), "prior": q.tolist(), "kinds": kinds, "relations": relations, "values": values,
            "probabilities": p, "relativeEntropy": entropy,
        })
    spread = []
    for number in range(6):
        n = 2 + number
        b = rng.standard_normal((n, 2)) * 0.03
        sigma = b @ b.T + np.diag(rng.uniform(0.005, 0.05, n) ** 2)
        w = rng.normal(0.3, 0.4, n) if number % 2 else rng.uniform(0.1, 1, n)
        spread.append(diversification((sigma + sigma.T) / 2, np.round(w, 3)))
    with open("Tests/Reference/views.json", "w") as f:
        json.dump({"heLitterman": HE, "blackLitterman": cases, "pooling": pools, "diversification": spread}, f, indent=1)
        f.write("\n")


main()
