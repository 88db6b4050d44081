/// Level, skew and curvature of the smile of one expiry at the money.
struct SmileShape {
  let time: Double

  /// The volatility at the money, and its first and half its second derivative by log-moneyness.
  private(set) var level: Double
  private(set) var skew = 0.0
  private(set) var bend = 0.0

  /// How far from the money quotes count, in deviations.
  private static let reach = 1.5

  init(_ quotes: SmileQuotes) {
    time = quotes.timeToExpiry
    let variance = SSVIResiduals(quotes, leastHalfSpread: 1).levelAtTheMoney
    level = (variance / time).squareRoot()
    let deviation = variance.squareRoot()
    var product = Symmetric3()
    var right = (0.0, 0.0, 0.0)
    for quote in quotes.quotes where quote.bid > 0 && quote.ask.isFinite {
      let k = quote.logMoneyness / deviation
      guard k.magnitude <= Self.reach else { continue }
      product.add(1, k, k * k, times: 1)
      right.0 += quote.middle
      right.1 += quote.middle * k
      right.2 += quote.middle * k * k
    }
    guard let inverse = product.inverse else { return }
    level = inverse.aa * right.0 + inverse.ab * right.1 + inverse.ac * right.2
    skew = (inverse.ab * right.0 + inverse.bb * right.1 + inverse.bc * right.2) / deviation
    bend = (inverse.ac * right.0 + inverse.bc * right.1 + inverse.cc * right.2) / variance
    if !(level > 0) { level = (variance / time).squareRoot() }
  }

  /// The variance per year.
  var variance: Double { level * level }

  /// The skewness in a year, where it falls with the root of time: `dσ/dk = γ₁/(6 √T)`.
  ///
  /// Source: D. Backus, S. Foresi and L. Wu, "Accounting for biases in Black-Scholes" (2004).
  var yearlySkewness: Double { 6 * time * skew }

  /// The excess kurtosis in a year, above zero: half the second derivative is `γ₂/(24 σ T)`.
  var yearlyKurtosis: Double { max(24 * bend * level * time * time, 1e-4) }
}
