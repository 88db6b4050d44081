"""Reference values of failures in graphs of 6 to 10 protocols whose dependencies lead back, all or in groups.

Writes Tests/Reference/protocol_cycles.json. Values: NumPy 2.3.5 in 80-bit numbers, over all sets of own failures and of
dependencies that take: what fails by itself takes what hangs on it, and so on. Losses are multiples of 0.5.

Usage: python Tests/Generate/protocol_cycles.py
"""

import json
import pathlib
import random

import numpy as np

assert np.__version__ == "2.3.5"
assert np.finfo(np.longdouble).nmant == 63
wide = np.longdouble
random.seed(20_261_128)

# Of every set of dependencies that take, only this many own failures and dependencies together.
MOST = 21


def graph(count, links, scale):
    """A ring, so that all lead back, and further links."""
    pairs = [(k, (k + 1) % count) for k in range(count)]
    others = [(a, b) for a in range(count) for b in range(count) if a != b and (a, b) not in pairs]
    pairs += random.sample(others, links - count)
    protocols = [dict(hazard=scale * random.uniform(0.01, 0.3), loss=random.randint(1, 24) * 0.5) for _ in range(count)]
    return protocols, [dict(source=a, target=b, probability=random.choice([1.0] + [random.random()] * 6)) for a, b in pairs]


def groups(count, sizes, links, scale):
    """Rings one after the other, and links from earlier ones to later ones, with the protocols in a random order."""
    places = random.sample(range(count), count)
    pairs, start = [], 0
    for size in sizes:
        ring = places[start:start + size]
        pairs += [(ring[k], ring[(k + 1) % size]) for k in range(size) if size > 1]
        start += size
    before = [sum(sizes[:k]) for k in range(len(sizes)) for _ in range(sizes[k])]
    others = [(places[a], places[b]) for b in range(count) for a in range(before[b])]
    pairs = sorted(pairs + random.sample(others, links - len(pairs)))
    protocols = [dict(hazard=scale * random.uniform(0.01, 0.3), loss=random.randint(1, 24) * 0.5) for _ in range(count)]
    return protocols, [dict(source=a, target=b, probability=random.choice([1.0] + [random.random()] * 6)) for a, b in pairs]


def probabilities_of_sets(protocols, links, years):
    count = len(protocols)
    assert count + len(links) <= MOST
    states = np.arange(2 ** (count + len(links)), dtype=np.int64)
    weights = np.ones(len(states), dtype=wide)
    for k, protocol in enumerate(protocols):
        rate = wide(protocol["hazard"]) * wide(years)
        weights *= np.where(states >> k & 1 == 1, -np.expm1(-rate), np.exp(-rate))
    for j, link in enumerate(links):
        q = wide(link["probability"])
        weights *= np.where(states >> (count + j) & 1 == 1, q, 1 - q)
    failed = states & (2**count - 1)
    for _ in range(count):
        for j, link in enumerate(links):
            takes = (failed >> link["source"]) & (states >> (count + j)) & 1
            failed = failed | takes << link["target"]
    result = np.zeros(2**count, dtype=wide)
    np.add.at(result, failed, weights)
    return result


cases = []
graphs = [(graph(6, 12, 1), 1), (graph(8, 12, 0.3), 2), (graph(9, 12, 1), 0.25),
          (groups(9, [1, 3, 1, 2, 2], 12, 1), 1), (groups(10, [4, 1, 1, 3, 1], 11, 0.5), 2),
          (groups(8, [2, 1, 1, 4], 13, 1e-4), 1)]
for (protocols, dependencies), years in graphs:
    count = len(protocols)
    probabilities = probabilities_of_sets(protocols, dependencies, years)
    assert abs(probabilities.sum() - 1) < 1e-16
    sets = np.arange(2**count)
    totals = sum(np.where(sets >> k & 1 == 1, wide(p["loss"]), 0) for k, p in enumerate(protocols))
    cases.append(dict(
        years=years, protocols=protocols, links=dependencies,
        expected=float((probabilities * totals).sum()),
        failureProbabilities=[float(probabilities[sets >> k & 1 == 1].sum()) for k in range(count)],
        levels=[dict(loss=float(level), probability=float(probabilities[totals >= level].sum()))
                for level in sorted(set(totals))[1::max(1, len(set(totals)) // 16)]]))

path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "protocol_cycles.json"
path.write_text(json.dumps(dict(generator="Tests/Generate/protocol_cycles.py", versions=dict(numpy=np.__version__),
                                digits=18, cases=cases), indent=1) + "\n")
