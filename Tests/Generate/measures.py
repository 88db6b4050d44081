"""Writes Tests/Reference/measures.json. Measures of smiles with mpmath at 40 digits, at the exact binary inputs: strikes of
deltas from their definitions, fair variances as integrals of option prices over the strikes, market strangles from
both prices. The chain of the exchange: the options of Cboe, "The CBOE Volatility Index - VIX" (2009), appendix 1, that are
out of the money or near it, with the published results, and the sum in fractions. Scores of quotes with NumPy.

Usage: python Tests/Generate/measures.py
"""

import json
import math
import pathlib
from fractions import Fraction

import mpmath as mp
import numpy as np

assert mp.__version__ == "1.3.0"
mp.mp.dps = 40
ncdf = lambda x: mp.erfc(-x / mp.sqrt(2)) / 2

# time, a, b, rho, m, sigma
SMILES = [
    [0.25, 0.01, 0.1, -0.4, 0.02, 0.15],
    [30 / 365, 0.004, 0.06, -0.2, 0.0, 0.1],
    [1.0, 0.05, 0.25, -0.6, 0.05, 0.3],
    [7 / 365, 0.001, 0.03, 0.3, -0.01, 0.05],
    [2.0, 0.3, 0.35, 0.1, -0.1, 0.5],
    [0.5, 0.18, 0.0, 0.0, 0.0, 1.0],
]
DELTAS = [0.5, 0.4, 0.25, 0.1, 0.05, 0.01, 1e-5]
YIELD = 0.03


class Smile:
    def __init__(self, row):
        self.t, self.a, self.b, self.rho, self.m, self.sigma = map(mp.mpf, row)

    def w(self, k):
        z = k - self.m
        return self.a + self.b * (self.rho * z + mp.sqrt(z * z + self.sigma ** 2))

    def d(self, k):
        s = mp.sqrt(self.w(k))
        return -k / s + s / 2, -k / s - s / 2

    def vol(self, k):
        return mp.sqrt(self.w(k) / self.t)


class Flat(Smile):
    def __init__(self, t, vol):
        self.t, self.level = t, vol * vol * t

    def w(self, k):
        return self.level


def delta(smile, kind, k, name):
    sign = 1 if kind == "call" else -1
    d1, d2 = smile.d(k)
    value = mp.e ** k * ncdf(sign * d2) if name.startswith("adjusted") else ncdf(sign * d1)
    return value * (mp.e ** (-mp.mpf(YIELD) * smile.t) if name.endswith("Spot") else 1)


def bisect(f, low, high):
    at_low = f(low)
    for _ in range(140):
        middle = (low + high) / 2
        value = f(middle)
        if (value < 0) == (at_low < 0):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def strike(smile, kind, target, name):
    """The highest strike with the delta, by a scan of the whole line downwards; None with the largest delta."""
    target = mp.mpf(target)
    width = mp.sqrt(smile.w(mp.mpf(0)))
    f = lambda k: delta(smile, kind, k, name) - target
    high = mp.mpf(20 * width)
    while kind == "put" and f(high) < 0 or kind == "call" and f(high) > 0:
        high *= 2
    top = f(high)
    for _ in range(4000):
        low = high - width / 20
        value = f(low)
        top = max(top, value)
        if (value < 0) != (f(high) < 0):
            return bisect(f, low, high), None
        high = low
    place = golden(f, width)
    return None, f(place) + target


def golden(f, width):
    """The top of a function with one."""
    grid = [width * i / 20 for i in range(-200, 100)]
    best = max(grid, key=f)
    low, high = best - width / 20, best + width / 20
    slope = lambda k: mp.diff(f, k)
    return bisect(slope, low, high)


def price(kind, k, s):
    d1, d2 = -k / s + s / 2, -k / s - s / 2
    return (ncdf(d1) - mp.e ** k * ncdf(d2) if kind == "call"
            else mp.e ** k * ncdf(-d2) - ncdf(-d1))


def fair_variance(smile):
    total = mp.mpf(0)
    for sign, kind in [(-1, "put"), (1, "call")]:
        start, end = mp.mpf(0), mp.sqrt(smile.w(mp.mpf(0)))
        while True:
            piece = mp.quad(lambda x: mp.e ** (-sign * x)
                            * price(kind, sign * x, mp.sqrt(smile.w(sign * x))), [start, end])
            total += piece
            if abs(piece) < mp.mpf(10) ** -24 * total:
                break
            start, end = end, end + max(end / 2, mp.mpf("0.05"))
    return 2 * total / smile.t


def strangle(smile, target, name):
    def excess(vol):
        flat = Flat(smile.t, vol)
        total = mp.mpf(0)
        for kind in ["put", "call"]:
            k = strike(flat, kind, target, name)[0]
            total += (price(kind, k, vol * mp.sqrt(smile.t))
                      - price(kind, k, mp.sqrt(smile.w(k))))
        return total
    ends = [smile.vol(strike(smile, kind, target, name)[0]) for kind in ["put", "call"]]
    middle = (ends[0] + ends[1]) / 2
    mp.mp.dps = 20
    found = mp.findroot(excess, (middle, middle * mp.mpf("1.001")), solver="secant", tol=1e-30)
    mp.mp.dps = 40
    return found


def number(x):
    return None if x is None else float(x)


smiles = []
for row in SMILES:
    smile = Smile(row)
    strikes = []
    for name in ["spot", "forward", "adjustedSpot", "adjustedForward"]:
        name_full = name if name != "spot" else "plainSpot"
        for kind in ["call", "put"]:
            for target in DELTAS:
                k, top = strike(smile, kind, target, name_full)
                strikes.append([name, kind, target, number(k), number(top)])
    neutral = [number(bisect(lambda k: smile.d(k)[i], mp.mpf(-8), mp.mpf(8))) for i in (0, 1)]
    k0 = mp.mpf(0)
    shape = [smile.vol(k0), mp.diff(smile.vol, k0), mp.diff(smile.vol, k0, 2)]
    strangles = [] if row[2] == 0 else [
        [name, target, number(strangle(smile, target, name))]
        for name in ["forward", "adjustedForward"] for target in [0.25, 0.1]]
    smiles.append({"raw": row, "strikes": strikes, "neutral": neutral,
                   "shape": [number(x) for x in shape], "strangles": strangles,
                   "fairVariance": number(fair_variance(smile))})
    print(row, smiles[-1]["fairVariance"], strangles)

# Strike, bid, ask.
NEAR_PUTS = """200 0 .05 250 0 .05 300 0 .05 350 0 .05 375 0 .1 400 .05 .2 425 .05 .2 450 .05 .2 470 .05 .25 475 .05 .25
480 .05 .3 490 .05 .8 500 .05 .3 510 .05 .4 520 .05 .75 525 .05 .8 530 .05 .8 540 .05 .75 550 .1 .2 560 .05 .7 570 .05 .75
575 .05 .4 580 .05 .8 585 .1 .75 590 .05 .75 595 .05 .45 600 .25 .5 605 .1 .8 610 .1 .8 615 .1 .85 620 .1 .85 625 .4 .9
630 .1 .9 635 .1 .95 640 .3 1.05 645 .1 1.1 650 .5 1.1 655 .2 1.25 660 .3 1.3 665 .2 1.3 670 .4 1.45 675 .5 1.5 680 .55 1.55
690 .7 1.85 700 1.3 1.7 710 1.1 2.4 720 1.1 3 725 2 3 730 1.4 3.5 740 1.8 4 750 3.2 3.9 760 2.85 5 770 4 5.6 775 3.9 5.9
780 4.1 6.7 790 4.9 7.5 800 6.1 7.5 805 6.4 9.1 810 7.1 9.5 815 7.5 10.3 820 8.2 10.8 825 8.9 11.5 830 9 13 835 9.8 13.7
840 10.6 14.3 845 11.5 15.2 850 13.5 16 855 13.5 17.5 860 14.5 18.7 865 15.5 19.9 870 17.1 20.9 875 18.2 22.2 880 19.2 24
885 20.3 25.4 890 22.1 26.8 895 23.9 29 900 25.5 29 905 27.2 32.3 910 29.2 34.2 915 30.8 36.3 920 35.2 38.1 925 35.1 40.3
930 37.4 42.9 935 40.3 45.1 940 42.5 48.1"""
NEAR_CALLS = """900 46.2 51.7 905 43.4 48.9 910 40 45.1 915 37.3 42.8 920 35.2 39.1 925 31.4 35.2 930 31 33.9 935 26 31.5 940 26 29
945 21.6 26.4 950 21.6 24.4 955 17.2 22.5 960 15.5 19.6 965 13.9 18 970 12 16.4 975 12.5 14.8 980 9.3 13.1 985 8 11.9
990 7.4 9.9 995 6.4 8.7 1000 6.5 7.5 1005 4.4 6.8 1010 3.6 6 1015 3.1 5.1 1020 3.5 4.6 1025 2 4.1 1030 1.6 3.5 1035 1.2 3.1
1040 1.25 2.5 1045 .85 2.1 1050 1.3 1.8 1055 .4 1.65 1060 .9 1.4 1065 .2 1.25 1070 .15 1.15 1075 .5 1 1080 .4 .95 1085 .2 .9
1090 .3 .85 1095 .2 .75 1100 .3 .45 1105 .2 .75 1110 .2 .35 1115 .05 .8 1120 .05 .5 1125 .15 .5 1130 .05 .9 1135 .05 .9
1140 .05 .7 1145 .05 .95 1150 .05 .35 1155 .05 .95 1160 .05 .5 1165 .05 .35 1170 .05 .45 1175 .05 .15 1180 .05 .8 1185 .05 .25
1190 .05 .5 1195 .05 1 1200 .05 .15 1205 .05 1 1210 .05 .5 1215 .05 .5 1220 .05 1 1225 0 1 1230 0 1 1235 0 .75 1240 0 .5
1245 0 .15 1250 .05 .1 1255 0 1"""
NEXT_PUTS = """200 .05 .6 300 .2 .4 350 .15 .85 375 .2 .5 400 .2 .85 425 0 1 450 .2 1.2 475 .5 1.5 500 1.35 2 525 1.25 2.5
550 1.55 2.75 575 2.1 4.3 600 3.4 5.4 610 3.5 5.7 615 3.9 6.1 620 4 6.4 625 4.2 6.9 630 4.6 6.9 635 4.7 7.3 640 5.1 7.5
650 5.8 8.1 660 6.3 9 670 7.2 9.7 675 7.5 9.8 680 8.1 10.4 690 8.8 11.4 700 9.4 12.4 710 10 13.6 720 11 14.7 725 11.7 15.9
730 12.1 16.2 740 13.2 17.6 750 15 18.8 760 16.2 19.9 770 17.9 22 775 18.3 22.9 780 19.2 24 790 20.8 26 800 22.7 28
805 23.7 28.9 810 25 29.7 815 25.9 30.5 820 26.9 31.9 825 27.8 33.3 830 29.3 34.5 835 30.3 35.4 840 31.8 36.9 845 32.9 38
850 34.1 39.6 855 35.9 39 860 37.4 42.5 865 38.6 43.7 870 40 45.1 875 41.7 47.1 880 43.3 48.7 885 44.8 50.3 890 47 52.1
895 48.6 53.8 900 50.2 55.4 905 52.2 57.2 910 54 59.5 915 56.3 61.5 920 57.8 63.3 925 60.3 65.8 930 62.9 67.9 935 64.6 70.1
940 67 72.6"""
NEXT_CALLS = """900 70.8 76.4 905 67.6 73.1 910 64.6 70.1 915 62.4 67.1 920 59.1 64 925 56.2 61.7 930 53 58.5 935 50.3 55.8 940 47.6 52.7
945 45.7 50.4 950 44.8 47.7 955 40.4 45.3 960 38.1 43.2 965 35.6 40.7 970 33.4 38.9 975 32.4 36.1 980 28.9 34 985 27 32
990 25.4 30.3 995 23.2 28.6 1000 23 26.4 1005 20 24.7 1010 18.4 23.3 1015 17.1 21.2 1020 18 19.8 1025 14.4 18.2 1030 13.1 16.9
1035 11.8 15.8 1040 10.7 14.7 1045 9.3 13.6 1050 10.8 12 1055 8.1 10.6 1060 8.2 9.8 1065 6.5 9 1070 5.6 8.1 1075 5.1 7.6
1080 4.4 6.8 1085 3.8 6.2 1090 3.3 5.5 1095 2.9 4.9 1100 3.3 4.5 1105 2 4.1 1110 2 3.6 1115 1.65 3.3 1120 1.45 3 1125 2 2.4
1130 .9 2.2 1135 .7 1.9 1140 1 1.75 1145 .5 1.5 1150 .35 1.3 1155 .25 1.2 1160 .1 1.1 1165 0 1 1170 0 .9 1175 .3 .85
1180 0 .85 1185 0 .8 1190 0 .5 1195 0 .75 1200 .3 .6 1205 0 .75"""


def rows(text):
    cells = [Fraction(cell) for cell in text.split()]
    return [cells[i:i + 3] for i in range(0, len(cells), 3)]


def exchange(puts, calls, days):
    time, rate = Fraction(days, 365), Fraction("0.0038")
    growth = mp.e ** (mp.mpf(rate.numerator) / rate.denominator * days / 365)
    frac = lambda q: mp.mpf(q.numerator) / q.denominator
    middle = lambda row: (row[1] + row[2]) / 2
    both = {row[0]: [middle(row)] for row in puts if row[1] > 0}
    for row in calls:
        if row[0] in both and row[1] > 0:
            both[row[0]].append(middle(row))
    pairs = [(abs(v[1] - v[0]), k, v[1] - v[0]) for k, v in both.items() if len(v) == 2]
    _, nearest, difference = min(pairs)
    forward = frac(nearest) + growth * frac(difference)
    central = max(k for _, k, _ in pairs if frac(k) <= forward)
    kept = []
    for side in [[r for r in reversed(puts) if r[0] < central], [r for r in calls if r[0] > central]]:
        missing = 0
        for row in side:
            missing = missing + 1 if row[1] == 0 else 0
            if missing == 2:
                break
            if row[1] > 0:
                kept.append((row[0], middle(row)))
    kept.append((central, (both[central][0] + both[central][1]) / 2))
    kept.sort()
    total = Fraction(0)
    for i, (k, q) in enumerate(kept):
        low, high = max(i - 1, 0), min(i + 1, len(kept) - 1)
        total += (kept[high][0] - kept[low][0]) / (high - low) / k ** 2 * q
    variance = (2 * growth * frac(total) - (forward / frac(central) - 1) ** 2) / frac(time)
    floats = lambda table: [[float(x) for x in row] for row in table]
    return {"time": float(time), "rate": float(rate), "puts": floats(puts), "calls": floats(calls),
            "forward": float(forward), "central": float(central), "count": len(kept),
            "variance": float(variance)}, frac(time) * variance


near, w1 = exchange(rows(NEAR_PUTS), rows(NEAR_CALLS), 9)
following, w2 = exchange(rows(NEXT_PUTS), rows(NEXT_CALLS), 37)
index = mp.sqrt((w1 * 7 / 28 + w2 * 21 / 28) * mp.mpf(365) / 30)
print(near["forward"], near["variance"], following["forward"], following["variance"], index)
published = {"forwards": [920.50005, 921.00039], "variances": [0.4727679, 0.3668180],
             "index": 0.6122}

random = np.random.default_rng(20_261_128)
scores = []
for row in SMILES[:3]:
    forward, discount = float(random.uniform(20_000, 60_000)), float(random.uniform(0.95, 1))
    smile = Smile(row)
    width = float(mp.sqrt(smile.w(mp.mpf(0))))
    quotes = []
    for _ in range(12):
        k = float(random.uniform(-2, 2) * width)
        fit = float(smile.vol(mp.mpf(k)))
        half = float(random.uniform(0.001, 0.02))
        middle = fit + float(random.normal() * 0.015)
        bid, ask = middle - half, middle + half
        kind = "call" if k > 0 else "put"
        cash = [mp.mpf(discount) * mp.mpf(forward) * price(kind, mp.mpf(k), v * mp.sqrt(smile.t))
                for v in (mp.mpf(bid), smile.vol(mp.mpf(k)), mp.mpf(ask))]
        quotes.append([k, bid, ask] + [float(x) for x in cash])
    scores.append({"raw": row, "forward": forward, "discount": discount, "quotes": quotes})
deviations = np.array([(q[1] + q[2]) / 2 - float(Smile(s["raw"]).vol(mp.mpf(q[0])))
                       for s in scores for q in s["quotes"]])
center = float(np.median(deviations))
scale = float(np.median(abs(deviations - center)) * 1.482602218505602)

out = {
    "generator": "Tests/Generate/measures.py",
    "versions": {"mpmath": mp.__version__, "numpy": np.__version__},
    "digits": 17,
    "carryYield": YIELD,
    "smiles": smiles,
    "exchange": {"near": near, "next": following, "index": float(index), "published": published},
    "scores": scores, "center": center, "scale": scale,
}
path = pathlib.Path(__file__).parent.parent / "Reference" / "measures.json"
path.write_text(json.dumps(out, separators=(",", ":")).replace('},{', '},\n{') + "\n")
