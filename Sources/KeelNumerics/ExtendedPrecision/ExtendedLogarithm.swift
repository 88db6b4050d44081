// Goals in order: accuracy (absolute error about 1e-23, relative near 1), the same bits on every
// platform, speed.
//
// ln(2^k m) = k ln 2 - ln c + ln(m c), c near 1/m from a table and exact in ten bits. P. T. P.
// Tang, Table-driven implementation of the logarithm function in IEEE floating-point arithmetic,
// ACM TOMS 16 (1990) 378-400; here with the results in two parts.

enum ExtendedLogarithm {
  /// Below this distance from 1 the series is used alone.
  private static let seriesRadius = 1.0 / 128

  /// A logarithm below that of every positive double: what an argument that underflowed gets.
  private static let belowAll = -746.0

  /// ln x in two parts, for a positive finite x; −746 for 0, NaN for everything else.
  static func log(_ x: DoubleDouble) -> DoubleDouble {
    guard x.high > 0, x.high < .infinity else {
      return DoubleDouble(x.high == 0 ? belowAll : .nan)
    }
    let nearOne = x + DoubleDouble(-1)
    if nearOne.high.magnitude < seriesRadius { return series(nearOne) }
    typealias Table = ExponentialCoefficients
    let k = Int(x.high.exponent)
    let m = x.high.significand
    // In two factors: the exponents reach beyond the range of one power of two.
    let lowerPart = scalbn(x.low, -k)
    let j = min(127, Int((m - 1) * 128))
    let c = Table.reciprocals[j]
    let r =
      DoubleDouble.product(m, c) + DoubleDouble(-1) + DoubleDouble.product(lowerPart, c)
    let multiple =
      DoubleDouble(Double(k) * Table.ln2High)
      + (DoubleDouble.product(Double(k), Table.ln2Middle) + DoubleDouble(Double(k) * Table.ln2Low))
    return multiple
      + (DoubleDouble(Table.logarithms[2 * j], Table.logarithms[2 * j + 1]) + series(r))
  }

  /// ln(1 + d), given d and 1 + d, each to its own full relative accuracy.
  static func log(onePlus d: DoubleDouble, equal sum: DoubleDouble) -> DoubleDouble {
    d.high.magnitude < seriesRadius ? series(d) : log(sum)
  }

  /// ln(1 + r) for |r| < 1/128: the Taylor series, its first two terms in two parts.
  private static func series(_ r: DoubleDouble) -> DoubleDouble {
    let x = r.high
    // Σ (-x)ⁿ/(n + 3); the first term left out is below 2⁻⁶⁰ of the sum.
    let tail =
      1.0 / 3 - x
      * (1.0 / 4 - x
        * (1.0 / 5 - x * (1.0 / 6 - x * (1.0 / 7 - x * (1.0 / 8 - x * (1.0 / 9 - x / 10))))))
    return r + (r * r * -0.5 + DoubleDouble(x * x * x * tail))
  }

  /// x · 2^exponent, for exponents beyond the range of one double too.
  private static func scalbn(_ x: Double, _ exponent: Int) -> Double {
    x == 0 ? x : Double(sign: .plus, exponent: exponent, significand: x)
  }
}
