"""Writes Sources/CKeelKernels/coefficients.h.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/kernel_coefficients.py

Each table is the Chebyshev interpolant of a smooth function on its interval, turned into powers
and rounded to double; the first coefficients also carry the part that rounding removed. The
interpolation error, relative to the least value of the function, is written beside each table.
The mapping s = (t - k) / (t + k) of the half line is that of M. M. Shepherd and J. G. Laframboise,
"Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", Mathematics of
Computation 36 (1981), with one division in place of two.
"""

from mpmath import cos, erf, erfc, exp, expm1, fabs, log, log1p, lu_solve, matrix, mp, mpf, pi, polyval, sin, sqrt

mp.dps = 60


def scaled_erfc(t):
    if t > 60:
        term, total = mpf(1), mpf(1)
        for n in range(1, 40):
            term *= -(2 * n - 1) / (2 * t * t)
            total += term
        return total / (t * sqrt(pi))
    return exp(t * t) * erfc(t)


def interpolant(f, lowest, highest, count):
    """Powers of x, lowest first, of the Chebyshev interpolant with `count` coefficients."""
    middle, half = (lowest + highest) / 2, (highest - lowest) / 2
    nodes = [cos(pi * (j + mpf(1) / 2) / count) for j in range(count)]
    values = [f(middle + half * x) for x in nodes]
    series = [
        2 * sum(values[j] * cos(pi * i * (j + mpf(1) / 2) / count) for j in range(count)) / count
        for i in range(count)
    ]
    series[0] /= 2
    previous, current = [mpf(1)], [mpf(0), mpf(1)]
    powers = [mpf(0)] * count
    powers[0] = series[0]
    for i in range(1, count):
        for j, c in enumerate(current):
            powers[j] += series[i] * c
        following = [mpf(0)] + [2 * c for c in current]
        for j, c in enumerate(previous):
            following[j] -= c
        previous, current = current, following
    # powers of (x - middle) / half to powers of x
    result = [mpf(0)] * count
    shifted = [mpf(1)]
    for i in range(count):
        for j, c in enumerate(shifted):
            result[j] += powers[i] * c
        grown = [mpf(0)] * (len(shifted) + 1)
        for j, c in enumerate(shifted):
            grown[j + 1] += c / half
            grown[j] -= c * middle / half
        shifted = grown
    return result


def error(f, powers, lowest, highest):
    points = [lowest + (highest - lowest) * (mpf(i) + mpf(1) / 3) / 400 for i in range(400)]
    least = min(fabs(f(x)) for x in points)
    worst = max(fabs(polyval(powers[::-1], x) - f(x)) for x in points)
    return worst / least


def table(name, about, f, lowest, highest, count, carried=0):
    powers = interpolant(f, mpf(lowest), mpf(highest), count)
    bound = error(f, powers, mpf(lowest), mpf(highest))
    lines = [f"/* {about}", f"   Interpolation error {float(bound):.1e}. */"]
    lines.append(f"#define {name}_COUNT {count}")
    lines.append(f"static const double {name}[{name}_COUNT] = {{")
    lines += [f"  {float(c).hex()}," for c in powers]
    lines.append("};")
    for i in range(carried):
        rest = powers[i] - mpf(float(powers[i]))
        lines.append(f"#define {name}_{i}_LOW ({float(rest).hex()})")
    print(name, count, float(bound))
    return "\n".join(lines) + "\n"


def half_line(g, k):
    def f(s):
        if s >= 1:
            s = mpf(1) - mpf(10) ** -25
        t = k * (1 + s) / (1 - s)
        return (t + k) * g(t)

    return f


def slope(name, f):
    """A low-degree derivative of f: it multiplies a correction of the size of rounding."""
    powers = interpolant(f, mpf(-1), mpf(1), 26)
    derivative = [i * c for i, c in enumerate(powers)][1:]
    return table(
        f"{name}_SLOPE", "The derivative of the table above by s, to few digits",
        lambda s: polyval(derivative[::-1], s), -1, 1, 6,
    )


def split(name, about, value):
    high = float(value)
    return f"/* {about} */\n#define {name} {high.hex()}\n#define {name}_LOW ({float(value - mpf(high)).hex()})\n"


def quotient(f, x, order):
    """f through its Taylor series near zero, where the closed form cancels."""
    if fabs(x) < mpf("1e-12"):
        return order
    return f(x)


def survival(x):
    return erfc(x / sqrt(mpf(2))) / 2


def upper_quantile(logarithm):
    """The z >= 0 whose survival probability has this logarithm, by Newton's iteration."""
    p = exp(logarithm)
    z = sqrt(-2 * logarithm) if p < 0.1 else (mpf(1) / 2 - p) * sqrt(2 * pi)
    for _ in range(200):
        tail = survival(z)
        step = (log(tail) - logarithm) * tail * sqrt(2 * pi) * exp(z * z / 2)
        z += step
        if fabs(step) < mpf(10) ** -50 * (1 + fabs(z)):
            break
    return z


CENTRAL = mpf("0.180625")  # 0.425^2, the border of AS 241


def central(r):
    h = sqrt(CENTRAL - r)
    return (upper_quantile(log(mpf(1) / 2 - h)) / h - sqrt(2 * pi)) / (h * h)


def tail(r):
    return upper_quantile(-r * r) - sqrt(mpf(2)) * r


def rational(name, about, f, lowest, highest, there, back, order=7, count_name="KEEL_QUANTILE_COUNT"):
    """Interpolates by a quotient of two polynomials; `there` spreads the nodes."""

    def nodes(count):
        a, b = there(mpf(lowest)), there(mpf(highest))
        return [back((a + b) / 2 + (b - a) / 2 * cos(pi * (j + mpf(1) / 2) / count))
                for j in range(count)]

    count = 2 * order + 1
    system, values = matrix(count, count), matrix(count, 1)
    for i, x in enumerate(nodes(count)):
        values[i] = f(x)
        for j in range(order + 1):
            system[i, j] = x**j
        for j in range(1, order + 1):
            system[i, order + j] = -values[i] * x**j
    solution = lu_solve(system, values)
    top = [solution[j] for j in range(order + 1)]
    bottom = [mpf(1)] + [solution[order + j] for j in range(1, order + 1)]
    bound = max(fabs(polyval(top[::-1], x) / polyval(bottom[::-1], x) / f(x) - 1)
                for x in nodes(151))
    lines = [f"/* {about}", f"   Interpolation error {float(bound):.1e}. */"]
    for part, powers in (("NUMERATOR", top), ("DENOMINATOR", bottom)):
        lines.append(f"static const double {name}_{part}[{count_name}] = {{")
        lines += [f"  {float(c).hex()}," for c in powers]
        lines.append("};")
    print(name, float(bound))
    return "\n".join(lines) + "\n"


def parts():
    K = mpf(4)  # a power of two, so that 2 k u below is exact
    return [
        "/* Written by Tests/Generate/kernel_coefficients.py; change the script, not this file. */",
        "#ifndef KEEL_COEFFICIENTS_H",
        "#define KEEL_COEFFICIENTS_H",
        "",
        f"#define KEEL_HALF_LINE_K {float(K)}",
        split("KEEL_INV_SQRT_2PI", "1 / sqrt(2 pi)", 1 / sqrt(2 * pi)),
        split("KEEL_INV_SQRT_PI", "1 / sqrt(pi)", 1 / sqrt(pi)),
        f"/* ln 2 */\n#define KEEL_LN2 {float(log(mpf(2))).hex()}\n",
        table("KEEL_ERFC", "(t + k) exp(t^2) erfc(t), powers of s = (t - k) / (t + k), t >= 0",
              half_line(scaled_erfc, K), -1, 1, 26, 1),
        slope("KEEL_ERFC", half_line(scaled_erfc, K)),
        table("KEEL_PHI", "(t + k) exp(t^2 / 2) Phi(-t), powers of s = (t - k) / (t + k), t >= 0",
              half_line(lambda t: scaled_erfc(t / sqrt(2)) / 2, K), -1, 1, 26, 1),
        slope("KEEL_PHI", half_line(lambda t: scaled_erfc(t / sqrt(2)) / 2, K)),
        table("KEEL_ERF", "erf(x) / x, powers of x^2, |x| <= 1/2",
              lambda q: quotient(lambda z: erf(sqrt(z)) / sqrt(z), q, 2 / sqrt(pi)), 0, "0.25", 10, 1),
        table("KEEL_EXP", "(exp(r) - 1 - r) / r^2, powers of r, |r| <= 0.3466",
              lambda r: quotient(lambda z: (expm1(z) - z) / (z * z), r, mpf(1) / 2),
              "-0.3467", "0.3467", 11),
        table("KEEL_LOG", "(log((1 + s) / (1 - s)) - 2 s) / s^3, powers of s^2, |s| <= 0.1716",
              lambda q: quotient(
                  lambda z: (log1p(sqrt(z)) - log1p(-sqrt(z)) - 2 * sqrt(z)) / (z * sqrt(z)),
                  q, mpf(2) / 3),
              0, "0.02945", 8),
        table("KEEL_DRAW_LOG", "The same with fewer terms: it is a hundredth of the logarithm at most",
              lambda q: quotient(
                  lambda z: (log1p(sqrt(z)) - log1p(-sqrt(z)) - 2 * sqrt(z)) / (z * sqrt(z)),
                  q, mpf(2) / 3),
              0, "0.02945", 6),
        table("KEEL_SIN", "sin(pi f / 2) / f, powers of f^2, |f| <= 1/2",
              lambda q: quotient(lambda z: sin(pi * sqrt(z) / 2) / sqrt(z), q, pi / 2), 0, "0.25", 7),
        table("KEEL_COS", "cos(pi f / 2), powers of f^2, |f| <= 1/2",
              lambda q: cos(pi * sqrt(q) / 2), 0, "0.25", 7),
        "#define KEEL_QUANTILE_COUNT 8\n",
        split("KEEL_SQRT_2PI", "sqrt(2 pi)", sqrt(2 * pi)),
        split("KEEL_SQRT_2", "sqrt(2)", sqrt(mpf(2))),
        rational("KEEL_CENTRAL", "(z / h - sqrt(2 pi)) / h^2 for Phi(z) = 1/2 + h, powers of 0.425^2 - h^2",
                 central, "1e-30", CENTRAL - mpf("1e-30"),
                 lambda r: log(mpf(1) / 4 - CENTRAL + r), lambda v: exp(v) - mpf(1) / 4 + CENTRAL),
        rational("KEEL_MIDDLE", "z - sqrt(2) r for Phi(-z) = exp(-r^2), powers of r, 1.6 <= r <= 5.2",
                 tail, "1.608", "5.2", log, exp),
        rational("KEEL_FAR", "z - sqrt(2) r for Phi(-z) = exp(-r^2), powers of r, 5.2 <= r <= 27.3",
                 tail, "5.2", "27.3", log, exp),
        "#endif",
        "",
    ]


if __name__ == "__main__":
    with open("Sources/CKeelKernels/coefficients.h", "w") as out:
        out.write("\n".join(parts()))
