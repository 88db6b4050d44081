#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The out-of-the-money Black price in units of the lesser leg, to some nine digits.
//
// Goals in order: speed, relative accuracy in every wing. With R(t) = exp(t²/2) Φ(−t) the price is
// exp(−d₁²/2) (R(−d₁) − R(−d₂)); R is a polynomial over t + 9/2, and its divided difference comes
// from the partial sums of Horner's scheme, so that nothing cancels. Above d₁ = ½ the price is one
// less exp(−d₁²/2) (R(d₁) + R(−d₂)).

struct ApproximatePrice {
  let d1: Double
  let d2: Double
  private let s: Double

  /// The price over the density where d₁ ≤ ½, else what is missing to one over it.
  private let ratio: Double
  private var isPrice: Bool { d1 <= Self.start }

  /// Creates the price from `x ≤ 0` and `s > 0`.
  init(logMoneyness x: Double, totalVolatility s: Double) {
    self.s = s
    let h = x / s
    d1 = h + s / 2
    d2 = h - s / 2
    let isPrice = d1 <= Self.start
    let u1 = 1 / ((isPrice ? -d1 : d1) + Self.shift)
    let u2 = 1 / (Self.shift - d2)
    let (p2, difference) = Self.tail(1 - Self.span * u1, 1 - Self.span * u2)
    let gap = (isPrice ? s : -2 * h) * u1 * u2
    ratio =
      isPrice
      ? gap * (p2 - Self.span * u1 * difference)
      : u1 * (p2 - Self.span * gap * difference) + u2 * p2
  }

  /// The logarithm of the price and its derivative by `ln s`.
  var price: (logarithm: Double, slope: Double) { isPrice ? direct(1) : reflected(1) }

  /// The same of what is missing to one.
  var complement: (logarithm: Double, slope: Double) { isPrice ? reflected(-1) : direct(-1) }

  private func direct(_ sign: Double) -> (logarithm: Double, slope: Double) {
    (log(ratio) - d1 * d1 / 2, sign * s * Self.inverseRootTwoPi / ratio)
  }

  private func reflected(_ sign: Double) -> (logarithm: Double, slope: Double) {
    let density = exp(-d1 * d1 / 2)
    let share = 1 - density * ratio
    return (log(share), sign * s * density * Self.inverseRootTwoPi / share)
  }

  /// The polynomial at the second argument, and its divided difference.
  private static func tail(_ s1: Double, _ s2: Double) -> (value: Double, difference: Double) {
    var value = 0.0
    var difference = 0.0
    for c in TailCoefficients.values.reversed() {
      difference = difference * s1 + value
      value = value * s2 + c
    }
    return (value, difference)
  }

  /// Where the polynomial starts, what is added to its argument, and twice their difference.
  private static let start = 0.5
  private static let shift = 4.5
  private static let span = 8.0
  private static let inverseRootTwoPi = 0.398_942_280_401_432_7
}
