"""Writes the coefficient tables of KeelNumerics: SpecialFunctions and ExtendedPrecision.

Run with Python 3 and mpmath 1.3.0 from the root of the package:

    python Tests/Generate/special_function_coefficients.py

Every table is computed here from the definition of its function in 60-digit arithmetic: there are
no copied coefficients. The files it writes are committed and end in `Coefficients.swift`.
"""

from fractions import Fraction
from math import comb, factorial

import mpmath as mp

mp.mp.dps = 60
FOLDER = "Sources/KeelNumerics"
TOLERANCE = mp.mpf(2) ** -61  # relative to the function; far below the rounding of the leading term


def split(x):
    """The nearest double and the nearest double to what it leaves."""
    high = float(x)
    return high, float(mp.mpf(x) - mp.mpf(high))


def array(name, values, comment):
    lines = [f"  /// {line}" for line in comment.split("\n")]
    lines.append(f"  static let {name}: [Double] = [")
    row = "   "
    for value in values:
        text = f" {value!r},"
        if len(row) + len(text) > 100:
            lines.append(row)
            row = "   "
        row += text
    lines.append(row)
    lines.append("  ]")
    return "\n".join(lines)


def scalar(name, value, comment):
    return f"  /// {comment}\n  static let {name} = {value!r}"


def write(file, enum, summary, parts):
    text = (
        "// Written by Tests/Generate/special_function_coefficients.py; do not edit.\n\n"
        f"/// {summary}\nenum {enum} {{\n" + "\n\n".join(parts) + "\n}\n"
    )
    with open(f"{FOLDER}/{file}.swift", "w") as out:
        out.write(text)


def fit(function, center, half_width, count):
    """Coefficients in powers of (x - center) of the Chebyshev interpolant, and its error."""
    coefficients, error = mp.chebyfit(
        lambda t: function(center + t), [-half_width, half_width], count, error=True)
    return coefficients[::-1], error


def least_count(function, pieces):
    for count in range(4, 40):
        if all(
            fit(function, c, w, count)[1] <= TOLERANCE * abs(function(c)) for c, w in pieces):
            return count
    raise ValueError("no fit")


def scaled_erfc(x):
    return mp.exp(x * x) * mp.erfc(x)


def error_function():
    pieces = []
    for i in range(8):
        pieces.append((mp.mpf(2 * i + 1) / 16, mp.mpf(1) / 16))
    for binade in range(5):
        width = mp.mpf(2) ** (binade - 3)
        for i in range(8):
            pieces.append((mp.mpf(2) ** binade + (i + mp.mpf(1) / 2) * width, width / 2))
    count = least_count(scaled_erfc, pieces)
    centers, leading, flat = [], [], []
    for center, half_width in pieces:
        coefficients, _ = fit(scaled_erfc, center, half_width, count)
        centers.append(float(center))
        leading += list(split(coefficients[0]))
        flat += [float(c) for c in coefficients[1:]]

    # erf(x) = x + x (c0 + c1 x^2 + ...) for |x| <= 1/2
    def reduced(s):
        if s == 0:
            return 2 / mp.sqrt(mp.pi) - 1
        if s < 0:
            r = mp.sqrt(-s)
            return mp.erfi(r) / r - 1
        r = mp.sqrt(s)
        return mp.erf(r) / r - 1

    # Chebyshev in s = x^2 on [0, 1/4], then expanded about zero.
    for central_count in range(6, 16):
        coefficients, error = mp.chebyfit(reduced, [0, mp.mpf(1) / 4], central_count, error=True)
        if error < mp.mpf(2) ** -60:
            break
    central = coefficients[::-1]
    write(
        "SpecialFunctions/ErrorFunctionCoefficients", "ErrorFunctionCoefficients",
        "Coefficients of the error function family.",
        [
            scalar("higherCount", count - 1, "The number of coefficients a piece after the first."),
            array("centers", centers,
                  "The middle of each piece: eight on [0, 1), then eight a binade up to 32."),
            array("leading", leading,
                  "exp(x²) erfc(x) at the middle of each piece (nearly): high part, low part."),
            array("higher", flat, "The further coefficients in powers of x − center, piece by piece."),
            array("central", [float(c) for c in central],
                  "erf(x)/x − 1 in powers of x² for |x| ≤ 1/2."),
        ])
    print("scaled erfc pieces", len(pieces), "count", count, "central", central_count)


def exponential_and_logarithm():
    powers = []
    for j in range(64):
        powers += list(split(mp.mpf(2) ** (mp.mpf(j) / 64)))
    step = mp.log(2) / 64
    # 35 bits, so that its product with an integer of 17 bits is exact.
    scale = mp.mpf(2) ** 41
    step_high = mp.nint(step * scale) / scale
    step_low = float(step - step_high)
    reciprocals, logs = [], []
    for j in range(128):
        c = mp.nint(512 / (1 + (j + mp.mpf(1) / 2) / 128)) / 512
        reciprocals.append(float(c))
        logs += list(split(-mp.log(c)))
    # 42 bits: the product with an exponent of 11 bits is exact.
    ln2_scale = mp.mpf(2) ** 42
    ln2_high = mp.nint(mp.log(2) * ln2_scale) / ln2_scale
    ln2_middle, ln2_low = split(mp.log(2) - ln2_high)
    write(
        "ExtendedPrecision/ExponentialCoefficients", "ExponentialCoefficients",
        "Tables of the exponential and the logarithm in extended precision.",
        [
            array("powers", powers, "2^(j/64): high part, low part."),
            scalar("stepHigh", float(step_high), "ln 2 / 64 to 35 bits."),
            scalar("stepLow", step_low, "The rest of ln 2 / 64."),
            scalar("stepsPerUnit", float(1 / step), "64 / ln 2."),
            array("reciprocals", reciprocals, "1/(1 + (j + 1/2)/128) to a multiple of 1/512."),
            array("logarithms", logs,
                  "Minus the logarithms of these reciprocals: high part, low part."),
            scalar("ln2High", float(ln2_high), "ln 2 to 42 bits."),
            scalar("ln2Middle", ln2_middle, "The next 53 bits of ln 2."),
            scalar("ln2Low", ln2_low, "The rest of ln 2."),
        ])


def gamma_functions():
    def g(x):
        if x == 1 or x == 2:
            h = mp.mpf(10) ** -25
            return (g(x - h) + g(x + h)) / 2
        return mp.loggamma(x) / ((x - 1) * (x - 2))

    width = mp.mpf(1) / 4
    pieces = [(mp.mpf(1) / 2 + (i + mp.mpf(1) / 2) * width, width / 2) for i in range(10)]
    count = least_count(g, pieces)
    flat = []
    for c, w in pieces:
        flat += [float(v) for v in fit(g, c, w, count)[0]]

    root = mp.findroot(mp.digamma, mp.mpf("1.46163214496836234126"))
    root_high, root_low = split(root)

    def d(x):
        if abs(x - root) < mp.mpf(10) ** -25:
            return mp.psi(1, root)
        return mp.digamma(x) / (x - root)

    digamma_pieces = [(1 + (i + mp.mpf(1) / 2) * width, width / 2) for i in range(4)]
    digamma_count = least_count(d, digamma_pieces)
    digamma_flat = []
    for c, w in digamma_pieces:
        digamma_flat += [float(v) for v in fit(d, c, w, digamma_count)[0]]
    stirling = [float(mp.bernoulli(2 * k) / (2 * k * (2 * k - 1))) for k in range(1, 11)]
    asymptotic = [float(mp.bernoulli(2 * k) / (2 * k)) for k in range(1, 11)]
    write(
        "SpecialFunctions/GammaCoefficients", "GammaCoefficients",
        "Coefficients of log-gamma and digamma.",
        [
            scalar("logGammaCount", count, "The number of coefficients a piece of log-gamma."),
            array("logGamma", flat,
                  "ln Γ(x) / ((x − 1)(x − 2)) in powers of x − center, on ten pieces of width 1/4\n"
                  "from 1/2 to 3."),
            scalar("digammaRootHigh", root_high, "The positive zero of digamma."),
            scalar("digammaRootLow", root_low, "What the double leaves of this zero."),
            scalar("digammaCount", digamma_count, "The number of coefficients a piece of digamma."),
            array("digamma", digamma_flat,
                  "ψ(x) / (x − zero) in powers of x − center, on four pieces of width 1/4 from 1 to 2."),
            array("stirling", stirling, "B(2k) / (2k (2k − 1)): the series of ln Γ in 1/x."),
            array("digammaAsymptotic", asymptotic, "B(2k) / (2k): the series of ψ in 1/x²."),
        ])
    print("log-gamma count", count, "digamma count", digamma_count)


def temme():
    """C_k(eta) of the uniform expansion of the incomplete gamma function, as exact series.

    N. M. Temme, The asymptotic expansion of the incomplete gamma functions, SIAM J. Math. Anal. 10
    (1979) 757-766: eta^2/2 = lambda - 1 - ln lambda,
    C_0 = 1/(lambda - 1) - 1/eta, C_k = C'_{k-1}/eta + gamma_k/(lambda - 1), the gamma_k being the
    coefficients of 1/Gamma*(a) with alternating signs.
    """
    rows, top = 12, 22
    length = top + 2 * rows + 6
    # lambda - 1 = m = sum alpha_n eta^n, from m m' = eta (1 + m), m' = dm/deta.
    alpha = [Fraction(0), Fraction(1)]
    for n in range(2, length):
        # coefficient of eta^n in m m' = eta + eta m
        known = sum(alpha[i] * (n + 1 - i) * alpha[n + 1 - i] for i in range(2, n))
        alpha.append((alpha[n - 1] - known) / (n + 1))
    # 1/m = 1/eta (1 + ...)^-1
    inverse = [Fraction(1)]
    for n in range(1, length - 1):
        inverse.append(-sum(alpha[i + 1] * inverse[n - i] for i in range(1, n + 1)))
    # 1/(lambda - 1) = sum inverse[n] eta^(n-1)
    # Stirling: Gamma*(a) = exp(sum B_2k/(2k(2k-1)) a^(1-2k)); gamma_k of Gamma* by series.
    bernoulli = [Fraction(0)] * (2 * rows + 4)
    bernoulli[0] = Fraction(1)
    for m in range(1, len(bernoulli)):
        bernoulli[m] = -sum(comb(m + 1, k) * bernoulli[k] for k in range(m)) / (m + 1)
    log_series = [Fraction(0)] * (rows + 1)
    for k in range(1, rows + 1):
        if 2 * k - 1 <= rows:
            log_series[2 * k - 1] = bernoulli[2 * k] / (2 * k * (2 * k - 1))
    gamma = [Fraction(1)]
    for n in range(1, rows + 1):
        gamma.append(sum(k * log_series[k] * gamma[n - k] for k in range(1, n + 1)) / n)
    current = inverse[1:]  # C_0
    table = []
    for k in range(rows):
        table.append(current[: top + 1])
        derivative = [(n + 1) * current[n + 1] for n in range(len(current) - 1)]
        g = (-1) ** (k + 1) * gamma[k + 1]
        # C'_{k}/eta + g/m: the 1/eta terms cancel
        assert derivative[0] + g * inverse[0] == 0
        current = [
            derivative[n + 1] + g * inverse[n + 1]
            for n in range(min(len(derivative), len(inverse)) - 1)]
    flat = []
    for k, row in enumerate(table):
        flat += [float(v) for v in row]
    write(
        "SpecialFunctions/TemmeCoefficients", "TemmeCoefficients",
        "Coefficients of Temme's uniform expansion of the incomplete gamma function.",
        [
            scalar("rowCount", rows, "The number of functions C_k."),
            scalar("columnCount", top + 1, "The number of coefficients a function."),
            array("rows", flat, "The functions in powers of η, one after the other."),
        ])


error_function()
exponential_and_logarithm()
gamma_functions()
temme()
