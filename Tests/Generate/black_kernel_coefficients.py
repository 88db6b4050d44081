"""Writes Sources/CKeelKernels/black_coefficients.h and MillsCoefficients.swift of KeelDerivatives.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/black_kernel_coefficients.py

The first table is the normal tail over its density, from a little left of zero to infinity, mapped to
[-1, 1] as in kernel_coefficients.py. Its start at -1/2 lets one formula cover every option whose
price would cancel. The last one is the logarithm of a quotient that is reduced by a power of two alone. The Swift table starts the recurrence of MillsDifference.swift.
"""

from mpmath import erfc, exp, log1p, mp, mpf, sqrt

from kernel_coefficients import error, interpolant, quotient, scaled_erfc, table

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


def bend(s):
    """Half of the second derivative of the mapped tail."""
    return sum(k * (k - 1) / 2 * c * s ** (k - 2) for k, c in enumerate(MAPPED) if k > 1)


MAPPED = interpolant(mapped, mpf(-1), mpf(1), 28)


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
        table("KEEL_SHORT_TAIL", "The same for kernels that do not carry their rounding.",
              mapped, -1, 1, 24),
        table("KEEL_TAIL_BEND", "Half of its second derivative, which multiplies a correction.",
              bend, -1, 1, 4),
        table("KEEL_LOG_RATIO",
              "(log((1 + s) / (1 - s)) - 2 s) / s^3, powers of s^2, |s| <= 0.2004",
              lambda q: quotient(
                  lambda z: (log1p(sqrt(z)) - log1p(-sqrt(z)) - 2 * sqrt(z)) / (z * sqrt(z)),
                  q, mpf(2) / 3),
              0, "0.0402", 8),
        "#endif",
        "",
    ]


def tail_ratio(a):
    """The derivative of order 16 of Phi / phi at -a, over the one before: a run from far above."""
    start = 4000
    ratio = 2 * mpf(start) / (a + sqrt(a * a + 4 * start))
    for n in range(start - 1, 15, -1):
        ratio = n / (ratio + a)
    return ratio


def swift_table():
    powers = interpolant(lambda x: tail_ratio(x + 4), mpf(-2), mpf(2), 12)
    bound = float(error(lambda x: tail_ratio(x + 4), powers, mpf(-2), mpf(2)))
    print("MillsCoefficients", bound)
    values = [repr(float(c)) for c in powers]
    return "\n".join([
        "// Written by Tests/Generate/black_kernel_coefficients.py; change the script, not the file.",
        "",
        "/// `Y⁽¹⁶⁾(−a) / Y⁽¹⁵⁾(−a)` with `Y = Φ/φ`, in powers of `a − 4`, for `2 ≤ a ≤ 6`.",
        "///",
        f"/// Relative error at most {bound:.1e}, which the run down to the second order reduces.",
        "enum MillsCoefficients {",
        "  static let values: [Double] = [",
        *[f"    {', '.join(values[i:i + 4])}," for i in range(0, len(values), 4)],
        "  ]",
        "}",
        "",
    ])


if __name__ == "__main__":
    with open("Sources/KeelDerivatives/Black/MillsCoefficients.swift", "w") as out:
        out.write(swift_table())
    with open("Sources/CKeelKernels/black_coefficients.h", "w") as out:
        out.write("\n".join(parts()))
