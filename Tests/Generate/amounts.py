"""Reference amounts from Python's fractions: exact rational arithmetic. Standard library only.

Run: python3 Tests/Generate/amounts.py > Tests/Reference/amounts.json
"""

import json
import math
import platform
import random
import struct
from fractions import Fraction

LARGEST = 2**127 - 1
LEAST = -(2**127)
ROUNDINGS = ["towardZero", "awayFromZero", "down", "up", "toNearestOrEven"]


def rounded(value, rounding):
    floor = math.floor(value)
    ceiling = math.ceil(value)
    if rounding == "down":
        return floor
    if rounding == "up":
        return ceiling
    if rounding == "towardZero":
        return floor if value >= 0 else ceiling
    if rounding == "awayFromZero":
        return ceiling if value >= 0 else floor
    return round(value)  # of a Fraction: ties to even


def fitting(units):
    return str(units) if LEAST <= units <= LARGEST else None


def bits(value):
    return format(struct.unpack(">Q", struct.pack(">d", value))[0], "016x")


def from_double(value, decimals):
    exact = Fraction(value) * 10**decimals
    return {
        "bits": bits(value), "decimals": decimals,
        "units": [fitting(rounded(exact, r)) for r in ROUNDINGS],
    }


def main():
    g = random.Random(8453)
    doubles = [0.1, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.125, 1e-8, 0.29, 1.1, 123456789.123456789,
               5e-324, -5e-324, 2.2250738585072014e-308, 1e300, -1e300, 1.7976931348623157e308,
               1.7e38, -1.7014118346046923e38, 1.7014118346046923e38, 1e-38, 2.0**-76, 2.0**-130,
               3 * 2.0**-38, 0.0]
    from_doubles = [from_double(d, k) for d in doubles for k in (0, 1, 2, 8, 18, 38)]
    for _ in range(600):
        value = math.ldexp(g.random() + 0.5, g.randrange(-140, 130)) * g.choice([1, -1])
        from_doubles.append(from_double(value, g.randrange(39)))
    for _ in range(200):  # exact ties: odd multiples of one half of a base unit
        decimals = g.randrange(0, 12)
        value = (2 * g.randrange(2**20) + 1) / 2.0 ** (decimals + 1)
        from_doubles.append(from_double(value * g.choice([1, -1]), decimals))

    to_doubles = []
    products = []
    rescaled = []
    lots = []
    for k in range(400):
        width = g.randrange(1, 128)
        units = g.choice([1, -1]) * g.randrange(2 ** (width - 1), 2**width)
        units = max(min(units, LARGEST), LEAST)
        if k < 4:
            units = [LARGEST, LEAST, 1, 0][k]
        decimals = g.randrange(39)
        exact = Fraction(units, 10**decimals)
        # CPython's division of integers rounds correctly.
        to_doubles.append({
            "units": str(units), "decimals": decimals, "bits": bits(units / 10**decimals)})
        factor = math.ldexp(g.random() + 0.5, g.randrange(-60, 30)) * g.choice([1, -1])
        if k % 5 == 0:
            factor = g.choice([0.5, -0.5, 0.25, 1.5, 1.0, 0.0, 1e300, 5e-324, 0.003])
        products.append({
            "units": str(units), "decimals": decimals, "factor": bits(factor),
            "expected": [fitting(rounded(Fraction(units) * Fraction(factor), r))
                         for r in ROUNDINGS]})
        target = g.randrange(39)
        rescaled.append({
            "units": str(units), "decimals": decimals, "target": target,
            "expected": [fitting(rounded(exact * 10**target, r)) for r in ROUNDINGS]})
        lot = g.randrange(1, 2 ** g.randrange(1, 128))
        lots.append({
            "units": str(units), "lot": str(lot),
            "expected": [fitting(rounded(Fraction(units, lot), r) * lot) for r in ROUNDINGS]})

    print(json.dumps({
        "generator": "Tests/Generate/amounts.py",
        "versions": {"python": platform.python_version()},
        "roundings": ROUNDINGS,
        "fromDoubles": from_doubles, "toDoubles": to_doubles, "products": products,
        "rescaled": rescaled, "lots": lots,
    }, separators=(",", ":")))


main()
