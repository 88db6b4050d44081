"""Makes Tests/Reference/liquidity_risk.json: exits through depth, value at risk while positions are closed, nearest liquidations.

Needs numpy 2.3.5, scipy 1.16.3, mpmath 1.3.0. Run from the root of the repository:
python Tests/Generate/liquidity_risk.py

Exits: slices taken one by one from the levels of a book and the reserves of a pool. Risk: the variance as a double sum over pairs of
positions and a fine list of times, at 30 digits. Nearest liquidations: the least Mahalanobis distance on the curve where a linear book
is liquidated, by a scan of the curve and golden sections at 30 digits. Student-t tails: incomplete beta at 30 digits.
"""

import json

import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0"
mp.mp.dps = 30
m = mp.mpf

# A book of bids and a sale that takes several refills.
asks = [[2201, 5], [2202, 10], [2210, 40]]
bids = [[2199, 4], [2198, 6], [2195, 20], [2190, 50], [2150, 500]]


def book_exit(quantity, distance, refills):
    middle = m(bids[0][0] + asks[0][0]) / 2
    levels = [(m(p), m(q)) for p, q in bids if p >= middle * (1 - m(distance))]
    depth = sum(q for _, q in levels)
    left, cost, slices = m(quantity), m(0), []
    while left > m(10) ** -20:
        take, got = min(left, depth), m(0)
        rest = take
        for price, q in levels:
            t = min(rest, q)
            got += t * (middle - price)
            rest -= t
        cost += got
        slices.append([float(len(slices) / m(refills)), float(take / m(quantity))])
        left -= take
    return dict(quantity=quantity, distance=distance, refills=refills, costFraction=float(cost / (middle * quantity)), slices=slices)


def pool_exit(quantity, largest, recoveries):
    x, y, fee = m(1000), m(2_200_000), m(0.003)
    received = lambda q: y * q * (1 - fee) / (x + q * (1 - fee))
    cost = lambda q: 1 - received(q) / q / (y / x)
    depth = mp.findroot(lambda q: cost(q) - m(largest), 1)
    left, total, slices = m(quantity), m(0), []
    while left > m(10) ** -15:
        take = min(left, depth)
        total += take * cost(take)
        slices.append([float(len(slices) / m(recoveries)), float(take / m(quantity))])
        left -= take
    return dict(quantity=quantity, largest=largest, recoveries=recoveries, costFraction=float(total / m(quantity)), slices=slices)


books = [book_exit(3.0, 0.01, 24.0), book_exit(75.0, 0.001, 24.0), book_exit(400.0, 0.004, 8.0), book_exit(160.0, 0.005, 2.0)]
pools = [pool_exit(2.0, 0.01, 4.0), pool_exit(100.0, 0.01, 4.0), pool_exit(75.0, 0.005, 24.0)]

# Three positions with exits by volume.
covariance = [[0.0016, 0.0012, 0.0002], [0.0012, 0.0025, 0.0001], [0.0002, 0.0001, 0.0009]]
values = [1_000_000.0, -400_000.0, 250_000.0]
exits = [dict(quantity=100.0, dailyVolume=200.0, participation=0.1, cost=0.002, trades=4.0),
         dict(quantity=30.0, dailyVolume=100.0, participation=0.2, cost=0.001, trades=2.0),
         dict(quantity=1.0, dailyVolume=100.0, participation=0.5, cost=0.0005, trades=1.0)]


def held(e, t):
    """The fraction held just after time t."""
    size = m(e["dailyVolume"]) * m(e["participation"]) / m(e["trades"])
    done = (mp.floor(t * m(e["trades"])) + 1) * size
    return max(1 - done / m(e["quantity"]), m(0))


hold = m(0.5)
times = sorted({m(k) / m(e["trades"]) for e in exits for k in range(200)})
variance = [m(0)] * 3
for i in range(3):
    for j in range(3):
        pair = m(values[i]) * m(values[j]) * m(covariance[i][j])
        variance[i] += hold * pair
        for a, b in zip(times, times[1:]):
            variance[i] += (b - a) * pair * held(exits[i], a) * held(exits[j], a)
total = mp.fsum(variance)
z = mp.sqrt(2) * mp.erfinv(2 * m(0.99) - 1)
costs = [abs(m(v)) * m(e["cost"]) for v, e in zip(values, exits)]
risk = dict(
    covariance=covariance, values=values, exits=exits, confidence=0.99, daysBeforeExit=0.5,
    marketRisk=float(z * mp.sqrt(total)), parts=[float(z * v / mp.sqrt(total)) for v in variance],
    exitCost=float(mp.fsum(costs)), total=float(z * mp.sqrt(total) + mp.fsum(costs)),
    before=float(z * mp.sqrt(hold * mp.fsum(m(values[i]) * m(values[j]) * m(covariance[i][j]) for i in range(3) for j in range(3)))))


# 3000 of cash, 0.1 BTC, q ETH by a perpetual at 2200 with a margin of 1 %.
def nearest(coins, variances):
    sb, se, rho = m(variances[0]), m(variances[1]), m(variances[2])

    def eth(b):
        """Where liquidation begins, as the log move of ETH for one of BTC; None where never."""
        # 3000 + 4000 e^b + q 2200 (e^x − 1) − 0.01 |q| 2200 e^x = 0
        q = m(coins) * 2200
        ratio = (q - 3000 - 4000 * mp.exp(b)) / (q - abs(q) * m(0.01))
        return mp.log(ratio) if ratio > 0 else None

    def square(b):
        x = eth(b)
        if x is None:
            return m(10) ** 10
        u, v = b / sb, x / se
        return (u * u - 2 * rho * u * v + v * v) / (1 - rho * rho)

    grid = [m(k) / 200 for k in range(-800, 801)]
    best = min(grid, key=square)
    low, high = best - m(1) / 200, best + m(1) / 200
    g = (mp.sqrt(5) - 1) / 2
    for _ in range(140):
        a, b = high - g * (high - low), low + g * (high - low)
        if square(a) < square(b):
            high = b
        else:
            low = a
    b = (low + high) / 2
    return dict(
        coins=coins, deviations=variances[:2], correlation=variances[2], distance=float(mp.sqrt(square(b))),
        moves=[float(mp.expm1(b)), float(mp.expm1(eth(b)))])


points = [nearest(5.0, [0.04, 0.05, 0.8]), nearest(5.0, [0.04, 0.05, -0.3]), nearest(-8.0, [0.1, 0.12, 0.7]), nearest(20.0, [0.03, 0.04, 0.0])]
tails = []
for degrees in (2.5, 4.0, 30.0):
    for d in (0.5, 3.0, 12.0):
        t2 = m(d) ** 2 * m(degrees) / (m(degrees) - 2)
        tails.append(dict(degrees=degrees, distance=d, tail=float(
            mp.betainc(m(degrees) / 2, m(1) / 2, 0, m(degrees) / (m(degrees) + t2), regularized=True) / 2)))

with open("Tests/Reference/liquidity_risk.json", "w") as file:
    json.dump(dict(
        generator="Tests/Generate/liquidity_risk.py", versions=dict(mpmath=mp.__version__, numpy=np.__version__), asks=asks, bids=bids,
        books=books, pools=pools, risk=risk, points=points, tails=tails), file, indent=1)
    file.write("\n")
