"""Decimal texts with their nearest doubles, from exact rational arithmetic. Standard library only.

Run: python3 Tests/Generate/decimals.py > Tests/Reference/decimals.json
"""

import json
import platform
import random
import struct
from fractions import Fraction


def nearest(text):
    value = Fraction(text)
    # CPython's division of integers rounds correctly, subnormal results too.
    return value.numerator / value.denominator


def main():
    g = random.Random(4711)
    texts = ["0", "0.0", "1", "7200.17432", "0.1", "9007199254740993", "9007199254740992.5",
             "9007199254740993.0000000000000000000000001", "0.3", "1e22", "1e23", "8.5e22",
             "123456789012345678", "1844674407370955161.5", "18446744073709551615",
             "9999999999999999999", "99999999999999999999", "0.000000000000000000000000000001",
             "2.2250738585072014e-308", "2.2250738585072011e-308", "4.9e-324", "2.5e-324",
             "1.7976931348623157e308", "1e-38", "1e-37", "1e19", "1e18", "100000000000000000000",
             "4503599627370497.5", "4503599627370496.5", "0.500000000000000166533453693773481063"]
    for _ in range(1500):
        digits = "".join(g.choice("0123456789") for _ in range(g.randrange(1, 25)))
        point = g.randrange(0, len(digits) + 1)
        text = digits[:point] + "." + digits[point:] if g.random() < 0.7 else digits
        if g.random() < 0.4:
            text += f"e{g.randrange(-45, 45)}"
        texts.append(text)
    for _ in range(500):  # halfway between two doubles, and next to it
        bits = g.randrange(0x3C00000000000000, 0x4400000000000000)
        low = struct.unpack(">d", struct.pack(">Q", bits))[0]
        high = struct.unpack(">d", struct.pack(">Q", bits + 1))[0]
        middle = (Fraction(low) + Fraction(high)) / 2
        shift = 10**19
        scaled = middle
        exponent = 0
        while scaled >= shift:
            scaled /= 10
            exponent += 1
        while scaled * 10 < shift:
            scaled *= 10
            exponent -= 1
        texts.append(f"{int(scaled) + g.randrange(2)}e{exponent}")
    cases = []
    for text in texts:
        value = nearest(text if text[0] != "." else "0" + text)
        cases.append([text, format(struct.unpack(">Q", struct.pack(">d", value))[0], "016x")])
    print(json.dumps({
        "generator": "Tests/Generate/decimals.py",
        "versions": {"python": platform.python_version()},
        "cases": cases,
    }, separators=(",", ":")))


main()
