"""Reference values of failures in graphs of 12, 16 and 20 protocols in which many are taken by several others.

Writes Tests/Reference/protocol_enumeration.json. Values: NumPy 2.3.5 in 80-bit numbers, over all 2^n sets of failed
protocols: the probability of a set is the product over protocols, sources first, of the probability that it fails, or
does not, given those of its sources that are in the set. Losses are multiples of 0.5, so that their sums are exact.

Usage: python Tests/Generate/protocol_enumeration.py
"""

import json
import pathlib
import random

import numpy as np

assert np.__version__ == "2.3.5"
assert np.finfo(np.longdouble).nmant == 63
wide = np.longdouble
random.seed(20_261_201)

# Who may take whom; a protocol without a kind may be taken by all.
SOURCES = dict(chain=[], oracle=["chain"], bridge=["chain", "oracle"],
               contract=["chain", "oracle", "bridge", "contract"],
               issuer=["chain", "bridge", "contract"])
KINDS = ["chain", "oracle", "bridge", "contract", "issuer"]


def graph(counts, unknown, scale):
    """Protocols in layers by kind, each hanging on up to four earlier ones, which makes many diamonds."""
    kinds = [k for k, count in zip(KINDS, counts) for _ in range(count)] + [None] * unknown
    links = set()
    for target, kind in enumerate(kinds):
        may = [i for i in range(target) if kind is None or kinds[i] in SOURCES[kind]]
        for source in random.sample(may, min(len(may), random.randint(1, 4))):
            links.add((source, target))
    # The names are in a random order, so that sources do not come first by name.
    names = random.sample(range(len(kinds)), len(kinds))
    protocols = [None] * len(kinds)
    for place, kind in zip(names, kinds):
        protocols[place] = dict(kind=kind, hazard=scale * random.uniform(0.002, 0.3),
                                loss=random.randint(0, 24) * 0.5)
    links = [dict(source=names[a], target=names[b], probability=random.choice([1.0] + [random.random()] * 5))
             for a, b in sorted(links)]
    return protocols, links, names


def enumeration(protocols, links, order, years):
    """The probability of each set, bit k being protocol k."""
    sets = np.arange(2 ** len(protocols), dtype=np.int64)
    probabilities = np.ones(len(sets), dtype=wide)
    for place in order:
        spared = np.full(len(sets), np.exp(-wide(protocols[place]["hazard"]) * wide(years)))
        failing = np.full(len(sets), -np.expm1(-wide(protocols[place]["hazard"]) * wide(years)))
        for link in links:
            if link["target"] == place:
                # Fails by what is known, or is spared by that and struck by this source.
                q = wide(link["probability"])
                struck = sets >> link["source"] & 1 == 1
                failing = np.where(struck, failing + spared * q, failing)
                spared = np.where(struck, spared * (1 - q), spared)
        probabilities *= np.where(sets >> place & 1 == 1, failing, spared)
    return sets, probabilities


def tail_values(totals, members, losses, probabilities, tail):
    """Value at risk, expected shortfall and parts; at the edge the share of all sets with that loss."""
    levels = np.unique(totals)[::-1]
    left = wide(tail)
    parts = np.zeros(len(losses), dtype=wide)
    for level in levels:
        at = totals == level
        mass = probabilities[at].sum()
        share = min(wide(1), left / mass) if mass > 0 else wide(0)
        for k, loss in enumerate(losses):
            parts[k] += share * loss * probabilities[at & members[k]].sum()
        left -= mass
        if left <= 0:
            break
    parts = parts / wide(tail)
    return dict(tail=tail, value=float(level), shortfall=float(parts.sum()), parts=[float(p) for p in parts]), parts


def by_kind(protocols, parts):
    """Sums by kind, in the order of Keel's cases; those without a kind last."""
    sums = []
    for kind in ["contract", "chain", "bridge", "oracle", "issuer", None]:
        own = [p for known, p in zip(protocols, parts) if known["kind"] == kind]
        if own:
            sums.append(dict(kind=kind, value=float(sum(own))))
    return sums


cases = []
for counts, unknown, scale, years in [
        ((2, 2, 2, 4, 1), 1, 1, 1), ((2, 2, 3, 6, 2), 1, 1e-6, 2), ((3, 3, 3, 8, 2), 1, 0.5, 0.25)]:
    protocols, links, order = graph(counts, unknown, scale)
    count = len(protocols)
    sets, probabilities = enumeration(protocols, links, order, years)
    assert abs(probabilities.sum() - 1) < 1e-17
    members = [sets >> k & 1 == 1 for k in range(count)]
    losses = [wide(p["loss"]) for p in protocols]
    totals = sum(np.where(own, loss, 0) for own, loss in zip(members, losses))
    marginals = [probabilities[own].sum() for own in members]
    assert sum(len([l for l in links if l["target"] == k]) > 1 for k in range(count)) >= count // 2
    tails = []
    for tail in [1e-6, 0.001, 0.01, 0.05, 0.5]:
        values, parts = tail_values(totals, members, losses, probabilities, tail)
        tails.append(values | dict(byKind=by_kind(protocols, parts)))
    cases.append(dict(
        years=years, protocols=protocols, links=links,
        expected=float((probabilities * totals).sum()),
        expectedByKind=by_kind(protocols, [p * loss for p, loss in zip(marginals, losses)]),
        failureProbabilities=[float(p) for p in marginals],
        pairs=[[float(probabilities[members[i] & members[j]].sum()) for j in range(i)] for i in range(count)],
        levels=[dict(loss=float(level), probability=float(probabilities[totals >= level].sum()))
                for level in sorted(set(totals.max() * wide(k) / 16 // wide(0.5) * wide(0.5) for k in range(17)))],
        tails=tails))

output = dict(generator="Tests/Generate/protocol_enumeration.py", versions=dict(numpy=np.__version__),
              digits=19, cases=cases)
path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "protocol_enumeration.json"
path.write_text(json.dumps(output, indent=1) + "\n")
