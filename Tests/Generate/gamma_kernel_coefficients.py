"""Writes Sources/CKeelKernels/gamma_coefficients.h.

Run from the package folder with mpmath 1.3.0:

    python Tests/Generate/gamma_kernel_coefficients.py

Log-gamma and digamma without their zeros, and the remainder of Stirling's formula, are analytic but
for a cut along the negative numbers: quotients of polynomials with positive coefficients, so that
their evaluation does not cancel. Temme's functions are interpolated with the fewer coefficients the
higher the power of 1/a that multiplies them.
"""

from mpmath import (
    bernoulli, cos, euler, exp, fabs, findroot, log, loggamma, mp, mpf, pi, psi, rgamma, sin, sqrt)

from kernel_coefficients import error, interpolant, quotient, rational, split, table

mp.dps = 60
ROOT = findroot(lambda x: psi(0, x), mpf("1.46163214496836"))
TEMME_ROWS = 12
TEMME_START = 20
#: eta for x between 0.6 a and 1.4 a, and a little more.
TEMME_RANGE = (mpf("-0.472"), mpf("0.358"))


def remainder(x):
    """ln Gamma(x) less Stirling's formula, times x."""
    if x > 10**6:
        return sum(bernoulli(2 * k) / (2 * k * (2 * k - 1)) / x ** (2 * k - 2) for k in range(1, 8))
    return x * (loggamma(x) - ((x - mpf(1) / 2) * log(x) - x + log(2 * pi) / 2))


def remainder_of_digamma(x):
    """ln x - 1/(2 x) - psi(x), times x^2."""
    if x > 10**6:
        return sum(bernoulli(2 * k) / (2 * k) / x ** (2 * k - 2) for k in range(1, 8))
    return x * x * (log(x) - 1 / (2 * x) - psi(0, x))


def temme_series(length=60):
    """The Taylor series of the functions C_k (N. M. Temme, SIAM J. Math. Anal. 10, 1979)."""
    size = length + 2 * TEMME_ROWS + 4
    alpha = [mpf(0), mpf(1)]  # x/a - 1 in powers of eta
    for n in range(2, size):
        known = sum(alpha[i] * (n + 1 - i) * alpha[n + 1 - i] for i in range(2, n))
        alpha.append((alpha[n - 1] - known) / (n + 1))
    inverse = [mpf(1)]
    for n in range(1, size - 1):
        inverse.append(-sum(alpha[i + 1] * inverse[n - i] for i in range(1, n + 1)))
    logarithm = [mpf(0)] * (TEMME_ROWS + 1)
    for k in range(1, TEMME_ROWS + 1):
        if 2 * k - 1 <= TEMME_ROWS:
            logarithm[2 * k - 1] = bernoulli(2 * k) / (2 * k * (2 * k - 1))
    gamma = [mpf(1)]
    for n in range(1, TEMME_ROWS + 1):
        gamma.append(sum(k * logarithm[k] * gamma[n - k] for k in range(1, n + 1)) / n)
    current, rows = inverse[1:], []
    for k in range(TEMME_ROWS):
        rows.append(current[:length])
        derivative = [(n + 1) * current[n + 1] for n in range(len(current) - 1)]
        g = (-1) ** (k + 1) * gamma[k + 1]
        current = [derivative[n + 1] + g * inverse[n + 1]
                   for n in range(min(len(derivative), len(inverse)) - 1)]
    return rows


def temme():
    """All rows in one table, with the number of coefficients of each as a macro."""
    text, names = [], []
    for k, row in enumerate(temme_series()):
        f = lambda eta, row=row: sum(c * eta**n for n, c in reversed(list(enumerate(row))))
        allowed = mpf(10) ** -17 * mpf(TEMME_START) ** k
        count = 2
        while True:
            powers = interpolant(f, *TEMME_RANGE, count)
            points = [TEMME_RANGE[0] + (TEMME_RANGE[1] - TEMME_RANGE[0]) * i / 200 for i in range(201)]
            if max(fabs(sum(c * x**n for n, c in enumerate(powers)) - f(x)) for x in points) < allowed:
                break
            count += 1
        print("temme", k, count)
        names.append(f"#define KEEL_TEMME_{k}_COUNT {count}")
        text.append(f"static const double KEEL_TEMME_{k}[KEEL_TEMME_{k}_COUNT] = {{")
        text += [f"  {float(c).hex()}," for c in powers]
        text.append("};")
    about = "/* C_k of Temme's expansion in powers of eta, where x is within 40 % of a, for a >= 20. */"
    return "\n".join([about] + names + text) + "\n"


def quotient_table(name, about, f, lowest, highest, there, back, order):
    count = f"#define {name}_COUNT {order + 1}\n"
    return count + rational(name, about, f, lowest, highest, there, back, order, f"{name}_COUNT")


def log_gamma_quotient(x):
    if fabs(x - 1) < mpf("1e-20"):
        return euler
    if fabs(x - 2) < mpf("1e-20"):
        return 1 - euler
    return loggamma(x) / ((x - 1) * (x - 2))


def shifted_log(shift):
    return lambda w: log(w + shift), lambda v: exp(v) - shift


def parts():
    return [
        "/* Written by Tests/Generate/gamma_kernel_coefficients.py; change the script, not this file. */",
        "#ifndef KEEL_GAMMA_COEFFICIENTS_H",
        "#define KEEL_GAMMA_COEFFICIENTS_H",
        "",
        split("KEEL_LOG_ROOT_2PI", "ln sqrt(2 pi)", log(2 * pi) / 2),
        split("KEEL_PI", "pi", pi),
        split("KEEL_TWO_THIRDS", "2 / 3", mpf(2) / 3),
        split("KEEL_DIGAMMA_ROOT", "The positive zero of digamma", ROOT),
        quotient_table("KEEL_LOG_GAMMA", "ln Gamma(x) / ((x - 1)(x - 2)), 1/2 <= x <= 10",
                       log_gamma_quotient, "0.5", 10, log, exp, 12),
        quotient_table("KEEL_DIGAMMA", "psi(x) / (x - zero), 1 <= x <= 10",
                       lambda x: psi(0, x) / (x - ROOT), 1, 10, log, exp, 9),
        quotient_table("KEEL_REMAINDER", "x times what Stirling's formula leaves, powers of 1/x^2, x >= 1",
                       lambda w: remainder(1 / sqrt(w)), "1e-30", 1, *shifted_log(mpf("0.01")), 10),
        table("KEEL_STIRLING", "The same, x >= 10", lambda w: remainder(1 / sqrt(w)), "1e-40", "0.01", 7),
        table("KEEL_DIGAMMA_SERIES", "x^2 (ln x - 1/(2 x) - psi(x)), powers of 1/x^2, x >= 10",
              lambda w: remainder_of_digamma(1 / sqrt(w)), "1e-40", "0.01", 8),
        table("KEEL_RECIPROCAL_GAMMA", "1 / Gamma(1 + a), powers of a, 0 <= a <= 1",
              lambda a: rgamma(1 + a), 0, 1, 17),
        table("KEEL_SIN_PI", "sin(pi f) / f, powers of f^2, |f| <= 1/2",
              lambda q: quotient(lambda z: sin(pi * sqrt(z)) / sqrt(z), q, pi), 0, "0.25", 10),
        table("KEEL_COS_PI", "cos(pi f) / (1/4 - f^2), powers of f^2, |f| <= 1/2",
              lambda q: quotient(lambda z: cos(pi * sqrt(mpf(1) / 4 - z)) / z, mpf(1) / 4 - q, pi),
              0, "0.25", 11),
        temme(),
        "#endif",
        "",
    ]


with open("Sources/CKeelKernels/gamma_coefficients.h", "w") as out:
    out.write("\n".join(parts()))
