"""Makes Tests/Reference/hierarchical_order.json: the best orders of the leaves of trees.

Needs numpy 2.3.5 and scipy 1.16.3. Run from the root of the repository: python Tests/Generate/hierarchical_order.py

The trees are those of scipy.cluster.hierarchy.linkage over Euclidean distances of random points. Orders of up to eight leaves are
found by trying all; those of up to 120 by the recurrence of Bar-Joseph, Gifford and Jaakkola (2001) over all pairs at the seam,
and that of 500 with the inner minimum taken first, which is compared with the former. SciPy's optimal_leaf_ordering fixes the
sides of a cluster before it knows the ends that the clusters above need (issue 11227) and works in single precision: its sums
are stored as what must never be beaten.
"""

import json
import sys

import numpy as np
import scipy
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

METHODS = ("single", "complete", "average", "ward")


def total(d, order):
    return float(np.sum(d[order[:-1], order[1:]]))


def every_order(tree, cluster, n):
    if cluster < n:
        return [[cluster]]
    left, right = int(tree[cluster - n, 0]), int(tree[cluster - n, 1])
    lefts, rights = every_order(tree, left, n), every_order(tree, right, n)
    return [a + b for a in lefts for b in rights] + [b + a for a in lefts for b in rights]


def brute_force(tree, d):
    n = len(d)
    orders = every_order(tree, 2 * n - 2, n)
    sums = np.array([total(d, o) for o in orders])
    ranked = np.sort(sums)
    # An order and its reverse have one sum; the next one is well apart.
    assert len(ranked) < 3 or ranked[2] - ranked[0] > 1e-6
    return orders[int(np.argmin(sums))]


class Recurrence:
    def __init__(self, tree, d, is_split):
        self.tree, self.d, self.n, self.is_split = tree, d, len(d), is_split
        self.members, self.ends = {}, {}
        self.best = np.full((self.n, self.n), np.inf)
        np.fill_diagonal(self.best, 0)
        self.seam = {}
        for i in range(self.n):
            self.members[i] = [i]
            self.ends[i] = [([i], [i])]
        for k in range(self.n - 1):
            self.join(self.n + k, int(tree[k, 0]), int(tree[k, 1]))

    def join(self, cluster, left, right):
        a, b = self.members[left], self.members[right]
        self.members[cluster] = a + b
        self.ends[cluster] = [(a, b), (b, a)]
        for begins, inner in self.ends[left]:
            for ends, outer in self.ends[right]:
                for u in begins:
                    first = self.best[u, inner][:, None] + self.d[np.ix_(inner, outer)]
                    if self.is_split:
                        nearest = first.argmin(axis=0)
                        first = first.min(axis=0)[None, :]
                    for w in ends:
                        sums = first + self.best[outer, w][None, :]
                        m, k = np.unravel_index(int(sums.argmin()), sums.shape)
                        value = sums[m, k]
                        self.best[u, w] = self.best[w, u] = value
                        m = nearest[k] if self.is_split else m
                        self.seam[u, w] = (inner[m], outer[k])
                        self.seam[w, u] = (outer[k], inner[m])

    def order(self):
        root = 2 * self.n - 2
        a, b = self.ends[root][0]
        part = self.best[np.ix_(a, b)]
        i, j = np.unravel_index(int(part.argmin()), part.shape)
        return self.walk(root, a[i], b[j])

    def walk(self, cluster, u, w):
        if cluster < self.n:
            return [u]
        left, right = int(self.tree[cluster - self.n, 0]), int(self.tree[cluster - self.n, 1])
        m, k = self.seam[u, w]
        if u in self.members[left]:
            return self.walk(left, u, m) + self.walk(right, k, w)
        return self.walk(right, u, m) + self.walk(left, k, w)


def main():
    sys.setrecursionlimit(10_000)
    rng = np.random.default_rng(20010614)
    cases, worse = [], 0
    sizes = [2, 3, 4, 5, 6, 7, 8, 8, 13, 21, 34, 60, 120, 500]
    for n in sizes:
        points = rng.standard_normal((n, 4)) + 2 * rng.integers(0, 3, (n, 1))
        # Short decimals: both sides read the same numbers.
        points = np.round(points, 6)
        flat = pdist(points)
        d = squareform(flat)
        results = []
        for method in METHODS if n < 500 else ("single", "ward"):
            tree = hierarchy.linkage(flat, method)
            order = Recurrence(tree, d, True).order()
            if n <= 120:
                other = Recurrence(tree, d, False).order()
                assert abs(total(d, other) / total(d, order) - 1) < 1e-13
            if n <= 8:
                other = brute_force(tree, d)
                assert other in (order, order[::-1])
            peer = total(d, hierarchy.leaves_list(hierarchy.optimal_leaf_ordering(tree, flat)))
            assert peer >= total(d, order) * (1 - 1e-12)
            worse += peer > total(d, order) * (1 + 1e-6)
            results.append({
                "linkage": method, "order": order, "sum": total(d, order), "scipy": peer,
                "merges": total(d, hierarchy.leaves_list(tree))})
        cases.append({"name": f"n={n}", "points": points.tolist(), "results": results})
    json.dump({
        "generator": "Tests/Generate/hierarchical_order.py",
        "versions": {
            "python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__},
        "digits": 16, "cases": cases}, open("Tests/Reference/hierarchical_order.json", "w"), indent=0)
    print(len(cases), "cases;", worse, "of", sum(len(c["results"]) for c in cases), "orders of SciPy are worse")


if __name__ == "__main__":
    main()
