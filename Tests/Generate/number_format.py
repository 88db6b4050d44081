"""Writes Tests/Reference/number_format.json: decimal texts of doubles, rounded once, half to even.

The values come from Python's decimal module, which expands a double exactly. Standard library only;
made with CPython 3.11. Run: python3 Tests/Generate/number_format.py
"""

import json
import pathlib
import platform
import random
from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=2200, rounding=ROUND_HALF_EVEN, Emin=-5000, Emax=5000)
LARGEST_FIXED = 1e15


def fixed(value, places, shift=0, grouped=True):
    exact = EXACT.scaleb(Decimal(abs(value)), shift)
    text = format(EXACT.quantize(exact, Decimal(1).scaleb(-places)), ",f" if grouped else "f")
    negative = value < 0 and any(c in "123456789" for c in text)
    return ("-" if negative else "") + text


def scientific(value, places):
    exact = Decimal(abs(value))
    if exact == 0:
        return fixed(0.0, places)
    rounded = Context(prec=places + 1, rounding=ROUND_HALF_EVEN, Emin=-5000, Emax=5000).create_decimal(exact)
    digits = "".join(map(str, rounded.as_tuple().digits)).ljust(places + 1, "0")
    exponent = rounded.adjusted()
    body = digits[0] + ("." + digits[1:] if places else "")
    return ("-" if value < 0 else "") + body + "e" + str(exponent)


def case(kind, value, places):
    if kind == "scientific" or abs(value) >= LARGEST_FIXED:
        shift = 2 if kind == "percent" else 0
        scaled = value
        text = scientific(scaled, places)
        if shift:
            mantissa, exponent = text.split("e")
            text = f"{mantissa}e{int(exponent) + 2}"
    elif kind == "percent":
        text = fixed(value, places, shift=2)
    else:
        text = fixed(value, places)
    return {
        "notation": kind,
        "value": value.hex(),
        "decimals": places,
        "expected": text + ("%" if kind == "percent" else ""),
    }


def main():
    random.seed(20231231)
    values = [
        0.0, -0.0, 0.5, 1.5, 2.5, 0.25, 0.35, 0.125, 0.375, -0.125, 2.675, 1.005, 0.045, 0.055,
        0.285, 1.0, 9.5, 99.5, 999.5, 999.95, 9.9999999, 0.999, 0.9995, 1234.5, 1234567.891,
        -1234567.891, 1e-5, 4.9999e-5, 5e-5, -4e-9, 1e14, 999999999999999.9, 1e15, 1e16, 1e22, 1e23,
        1e300, -1e300, 1.7976931348623157e308, 2.2250738585072014e-308, 5e-324, 1e-300, 0.1, 0.2,
        0.3, 1 / 3, 2 / 3, 123456789012345.678, 8.5, 100.0, 1000.0, 999.0, 1e6, 0.1 + 0.2,
    ]
    values += [random.uniform(-1, 1) for _ in range(70)]
    values += [random.uniform(-1e7, 1e7) for _ in range(70)]
    values += [random.choice([-1, 1]) * 10 ** random.uniform(-320, 308) for _ in range(70)]
    # Exact ties: odd multiples of powers of one half.
    values += [random.randrange(-4000, 4000) * 0.125 for _ in range(60)]
    cases = []
    for value in values:
        for kind in ("fixed", "percent", "scientific"):
            for places in random.sample([0, 1, 2, 3, 4, 6, 12, 17], 3):
                cases.append(case(kind, value, places))
    cases.append(case("fixed", 5e-324, 1074))
    cases.append(case("scientific", 5e-324, 750))
    output = {
        "generator": "Tests/Generate/number_format.py",
        "versions": {"python": platform.python_version()},
        "cases": cases,
    }
    path = pathlib.Path(__file__).parent.parent / "Reference" / "number_format.json"
    lines = ",\n".join("    " + json.dumps(c) for c in cases)
    head = json.dumps({k: output[k] for k in ("generator", "versions")}, indent=2)[:-2]
    path.write_text(f'{head},\n  "cases": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
