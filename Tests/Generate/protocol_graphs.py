"""Reference values of failures along dependencies that do not lead back, and of failures together with markets.

Writes Tests/Reference/protocol_graphs.json. Values: mpmath 1.3.0 at 50 digits from the exact binary inputs. The
probability of each set of failed protocols is the sum over all sets of first failures and all sets of dependencies that
strike; no product over protocols is used. Losses are multiples of 0.5.

Usage: python Tests/Generate/protocol_graphs.py
"""

import itertools
import json
import pathlib
import random

import mpmath as mp

assert mp.__version__ == "1.3.0"
mp.mp.dps = 50
random.seed(20_261_130)
m = mp.mpf


def tail_parts(outcomes, count, tail):
    """Expected shortfall, value at risk and parts; outcomes are (loss, probability, parts)."""
    outcomes = sorted(outcomes, key=lambda o: -o[0])
    left, total, parts, value = m(tail), m(0), [m(0)] * count, m(0)
    place = 0
    while place < len(outcomes) and left > 0:
        end = place
        while end < len(outcomes) and outcomes[end][0] == outcomes[place][0]:
            end += 1
        mass = sum(o[1] for o in outcomes[place:end])
        if mass > 0:
            share = min(m(1), left / mass)
            for loss, probability, own in outcomes[place:end]:
                total += share * probability * loss
                for k in range(count):
                    parts[k] += share * probability * own[k]
            # At the edge nothing is left, whatever rounding says.
            left = left - mass if share == 1 else m(0)
            value = outcomes[place][0]
        place = end
    return total / m(tail), value, [p / m(tail) for p in parts]


cases = []
for count, link_count, is_tree, scale in [
        (1, 0, True, 1), (3, 2, True, 1), (5, 4, True, 1e-10), (7, 5, True, 1), (8, 6, True, 0.1),
        (4, 6, False, 1), (5, 7, False, 1e-9), (6, 7, False, 1), (7, 6, False, 0.2)]:
    protocols = [dict(hazard=scale * random.uniform(0.005, 0.6), loss=random.randint(0, 9) * 0.5)
                 for _ in range(count)]
    # A random order decides which way dependencies point.
    order = random.sample(range(count), count)
    if is_tree:
        pairs = [(order[random.randrange(i)], order[i]) for i in range(1, count)]
        pairs = random.sample(pairs, link_count)
    else:
        pairs = random.sample([(order[i], order[j]) for i in range(count) for j in range(i + 1, count)],
                              min(link_count, count * (count - 1) // 2))
    links = [dict(source=a, target=b, probability=random.choice([1.0, random.uniform(0, 1)]))
             for a, b in pairs]
    years = random.choice([0.25, 1, 3])
    own = [-mp.expm1(-m(p["hazard"]) * m(years)) for p in protocols]
    result = [m(0)] * 2 ** count
    for first in itertools.product([0, 1], repeat=count):
        start = m(1)
        for hit, p in zip(first, own):
            start *= p if hit else 1 - p
        for struck in itertools.product([0, 1], repeat=len(links)):
            probability = start
            for hit, link in zip(struck, links):
                probability *= m(link["probability"]) if hit else 1 - m(link["probability"])
            if probability == 0:
                continue
            failed = set(i for i in range(count) if first[i])
            while True:
                more = {l["target"] for hit, l in zip(struck, links)
                        if hit and l["source"] in failed} - failed
                if not more:
                    break
                failed |= more
            result[sum(1 << i for i in failed)] += probability
    losses = [[m(protocols[i]["loss"]) if k >> i & 1 else m(0) for i in range(count)]
              for k in range(2 ** count)]
    totals = [sum(l) for l in losses]
    by_loss = {}
    for total, p in zip(totals, result):
        by_loss[float(total)] = by_loss.get(float(total), m(0)) + p
    tails = []
    for tail in [0.01, 0.05, 0.5]:
        shortfall, value, parts = tail_parts(list(zip(totals, result, losses)), count, tail)
        tails.append(dict(tail=tail, shortfall=float(shortfall), value=float(value),
                          parts=[float(p) for p in parts]))
    # With the losses of a market, and their probabilities.
    market = [random.randint(-8, 12) * 0.25 for _ in range(6)]
    weights = [random.randint(1, 9) for _ in range(6)]
    pairs = [(m(x) + t, m(w) / sum(weights) * p, [m(x)] + l)
             for x, w in zip(market, weights) for t, p, l in zip(totals, result, losses)]
    shortfall, value, parts = tail_parts(pairs, count + 1, 0.05)
    cases.append(dict(
        isTree=is_tree, years=years, protocols=protocols, links=links,
        probabilities=[float(p) for p in result],
        lossProbabilities=[dict(loss=k, probability=float(v)) for k, v in sorted(by_loss.items())],
        failureProbabilities=[float(sum(p for k, p in enumerate(result) if k >> i & 1))
                              for i in range(count)],
        expected=float(sum(p * t for p, t in zip(result, totals))),
        expectedGivenFirst=float(
            sum(p * t for k, (p, t) in enumerate(zip(result, totals)) if k & 1)
            / sum(p for k, p in enumerate(result) if k & 1)),
        tails=tails,
        market=dict(losses=market, weights=weights, shortfall=float(shortfall), value=float(value),
                    expected=float(sum(o[0] * o[1] for o in pairs)),
                    parts=[float(p) for p in parts])))

output = dict(generator="Tests/Generate/protocol_graphs.py", versions=dict(mpmath=mp.__version__),
              digits=50, cases=cases)
path = pathlib.Path(__file__).resolve().parent.parent / "Reference" / "protocol_graphs.json"
path.write_text(json.dumps(output, indent=1) + "\n")
