import KeelDerivatives

/// The quotes of one expiry as total variances, and what a distance from them costs.
///
/// ```text
/// cost = Σ (p² d² + max(0, w - ask, bid - w)²/s²)/2,   d = (w - middle)/s,  s half the spread
/// ```
///
/// Outside bid and ask a quote costs the square of the excess, inside the small part p² of the square of the distance to
/// the middle, which makes the minimum unique. Beyond a limit both cost their tangents instead (P. J. Huber, Annals of
/// Mathematical Statistics 35, 1964), so that a wrong quote does not pull by its distance.
struct QuoteBands {
  /// The part p of the pull to the middle.
  static let middlePull = 0.1

  /// The least half spread as a part of the volatility: a spread of zero means exact, not infinitely weighty.
  static let leastHalfSpread = 1e-4

  let places: [Double]
  let targets: [Double]
  let bids: [Double]
  let asks: [Double]

  /// The inverse half spreads.
  let weights: [Double]

  /// The half spreads of excess up to which its square counts.
  let excessLimit: Double

  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)``; ``VolatilityError/invalidValue(argument:got:lowest:highest:)``
  ///   when a variance overflows or underflows.
  init(
    _ quotes: SmileQuotes,
    required: Int,
    excessLimit: Double = .infinity
  ) throws(VolatilityError) {
    try VolatilityError.require(excessLimit, "excessLimit", 1e-3, .infinity)
    guard quotes.quotes.count >= required else {
      throw .tooFewQuotes(got: quotes.quotes.count, required: required)
    }
    let time = quotes.timeToExpiry
    var weights: [Double] = []
    for quote in quotes.quotes {
      let middle = quote.middle
      let spread =
        quote.ask < .infinity ? (quote.ask - quote.bid) / 2 : middle - quote.bid
      let weight = 1 / (2 * middle * time * max(spread, Self.leastHalfSpread * middle))
      let square = middle * middle * time
      try VolatilityError.require(
        square, "total variance", .leastNormalMagnitude, .greatestFiniteMagnitude)
      try VolatilityError.require(
        weight * weight, "weight", .leastNormalMagnitude, .greatestFiniteMagnitude)
      weights.append(weight)
    }
    self.weights = weights
    self.excessLimit = excessLimit
    places = quotes.quotes.map(\.logMoneyness)
    targets = quotes.quotes.map { $0.middle * $0.middle * time }
    bids = quotes.quotes.map { $0.bid * $0.bid * time }
    asks = quotes.quotes.map { $0.ask * $0.ask * time }
  }

  /// The number of quotes.
  var count: Int { places.count }

  /// The distance between the first and the last quote.
  var range: Double { places[count - 1] - places[0] }

  /// The middle variance at the money: between the quotes next to it, or that of the last one.
  var moneyVariance: Double {
    guard let right = places.firstIndex(where: { $0 >= 0 }) else { return targets[count - 1] }
    guard right > 0 else { return targets[0] }
    let part = -places[right - 1] / (places[right] - places[right - 1])
    return targets[right - 1] * (1 - part) + targets[right] * part
  }

  /// The slope and the curvature of the cost of one quote by the variance, and the cost.
  func cost(_ i: Int, _ variance: Double) -> (value: Double, slope: Double, curvature: Double) {
    let distance = (variance - targets[i]) * weights[i]
    let excess = max(variance - asks[i], 0) - max(bids[i] - variance, 0)
    let outside = excess * weights[i]
    let pull = Self.middlePull * Self.middlePull
    let inner = Self.part(distance, of: 1 + excessLimit)
    let outer = Self.part(outside, of: excessLimit)
    return (
      (pull * inner * (2 - inner) * distance * distance + outer * (2 - outer) * outside * outside)
        / 2,
      (pull * inner * distance + outer * outside) * weights[i],
      (pull * inner + (excess == 0 ? 0 : outer)) * weights[i] * weights[i]
    )
  }

  /// What is left of the slope of a square beyond a limit.
  private static func part(_ distance: Double, of limit: Double) -> Double {
    distance.magnitude > limit ? limit / distance.magnitude : 1
  }
}
