"""Writes Sources/CKeelKernels/black_coefficients.h and TailCoefficients.swift of KeelDerivatives.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/black_kernel_coefficients.py

One table: the normal tail over its density, from a little left of zero to infinity, mapped to
[-1, 1] as in kernel_coefficients.py. Its start at -1/2 lets one formula cover every option whose
price would cancel. The Swift table is the same function with half the terms, for first steps of a
search.
"""

from mpmath import erfc, exp, mp, mpf, sqrt

from kernel_coefficients import error, interpolant, scaled_erfc, table

mp.dps = 60

START = mpf(1) / 2
SHIFT = mpf(9) / 2
SPAN = 2 * (SHIFT - START)  # a power of two, so that its product with u is exact


def tail(t):
    """exp(t^2 / 2) Phi(-t)."""
    if t < 0:
        return exp(t * t / 2) * erfc(t / sqrt(mpf(2))) / 2
    return scaled_erfc(t / sqrt(mpf(2))) / 2


def mapped(s):
    if s >= 1:
        s = mpf(1) - mpf(10) ** -25
    t = SPAN / (1 - s) - SHIFT
    return (t + SHIFT) * tail(t)


def parts():
    return [
        "/* Written by Tests/Generate/black_kernel_coefficients.py; change the script, not this",
        "   file. */",
        "#ifndef KEEL_BLACK_COEFFICIENTS_H",
        "#define KEEL_BLACK_COEFFICIENTS_H",
        "",
        "/* Where the table starts, minus; what is added to t; and twice their difference. */",
        f"#define KEEL_TAIL_START {float(START)}",
        f"#define KEEL_TAIL_SHIFT {float(SHIFT)}",
        f"#define KEEL_TAIL_SPAN {float(SPAN)}",
        "",
        table("KEEL_TAIL",
              "(t + shift) exp(t^2 / 2) Phi(-t) in s = 1 - span / (t + shift), t >= -1/2",
              mapped, -1, 1, 28, 1),
        "#endif",
        "",
    ]


def swift_table():
    powers = interpolant(mapped, mpf(-1), mpf(1), 14)
    bound = float(error(mapped, powers, mpf(-1), mpf(1)))
    print("TailCoefficients", bound)
    values = [repr(float(c)) for c in powers]
    return "\n".join([
        "// Written by Tests/Generate/black_kernel_coefficients.py; change the script, not the file.",
        "",
        "/// `(t + 9/2) exp(t²/2) Φ(−t)` in powers of `s = 1 − 8 / (t + 9/2)`, for `t ≥ −½`.",
        "///",
        f"/// Relative error at most {bound:.1e}: enough for the first steps of a search.",
        "enum TailCoefficients {",
        "  static let values: [Double] = [",
        *[f"    {', '.join(values[i:i + 4])}," for i in range(0, len(values), 4)],
        "  ]",
        "}",
        "",
    ])


if __name__ == "__main__":
    with open("Sources/KeelDerivatives/ImpliedVolatility/TailCoefficients.swift", "w") as out:
        out.write(swift_table())
    with open("Sources/CKeelKernels/black_coefficients.h", "w") as out:
        out.write("\n".join(parts()))
