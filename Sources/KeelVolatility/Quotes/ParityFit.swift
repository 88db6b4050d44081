// Forward and discount factor that calls and puts at the same strikes imply.
//
// Goals in order: outliers up to nearly half of the pairs do no harm, tight pairs say more, the same answer for the
// same pairs in any order.
//
// Method: C − P = A − B K at the middles of bid and ask. The start is the line of repeated medians, which outliers
// below one half do not move, or of medians weighted by half spreads where one number is known (A. F. Siegel, "Robust regression using repeated medians", Biometrika 69 (1982)); then
// least squares, weighted by half spreads and by Tukey's bisquare of the residuals in half spreads, at the scale of
// the start (V. J. Yohai, "High breakdown-point and high efficiency robust estimates for regression", Annals of
// Statistics 15 (1987)).

/// The forward and the discount factor of one expiry that put-call parity implies, or that the caller gave.
public struct ParityFit: Hashable, Sendable, Codable {
  /// The time to expiry in years.
  public let timeToExpiry: Double

  /// The forward price, in cash.
  public let forward: Double

  /// What one unit of cash at expiry is worth today.
  public let discountFactor: Double

  /// The standard error of the forward, in cash; zero where it was given.
  public let forwardError: Double

  /// The standard error of the discount factor; zero where it was given.
  public let discountError: Double

  /// The number of strikes where call and put both have a bid and an ask.
  public let pairCount: Int

  /// The number of these with any weight in the fit; zero where the forward was given.
  public let usedPairCount: Int
}

/// The robust line `y = intercept − slope·strike` through the differences of calls and puts.
struct ParityLine {
  struct Pair {
    let strike: Double
    /// The call less the put, both at their middles.
    let difference: Double
    /// The sum of their half spreads: positive.
    let width: Double
  }

  /// Which of the two numbers is known.
  enum Known {
    case neither
    case intercept(Double)
    case slope(Double)
  }

  let intercept: Double
  let slope: Double
  let interceptError: Double
  let slopeError: Double
  /// The error of their ratio, the forward.
  let forwardError: Double
  let usedCount: Int

  /// The forward: the strike at which call and put are worth the same.
  var forward: Double { intercept / slope }

  /// Fits a line; nil where the pairs determine none with a positive forward and slope.
  init?(_ pairs: [Pair], known: Known) {
    let start: (Double, Double)
    switch known {
    case .neither:
      guard let line = Self.repeatedMedians(pairs) else { return nil }
      start = line
    case .intercept(let intercept):
      start = (
        intercept,
        Self.weightedMedian(
          pairs.map { ((intercept - $0.difference) / $0.strike, $0.strike / $0.width) })
      )
    case .slope(let slope):
      start = (
        Self.weightedMedian(pairs.map { ($0.difference + slope * $0.strike, 1 / $0.width) }), slope
      )
    }
    let deviations = pairs.map { (($0.difference - start.0 + start.1 * $0.strike) / $0.width) }
    let scale = max(
      Self.median(deviations.map(\.magnitude)) * Self.normalScale, Self.leastScale)
    var fit = Weighted(intercept: start.0, slope: start.1)
    for _ in 0..<Self.iterations {
      let previous = fit
      guard let next = Weighted(pairs, around: fit, scale: scale, known: known) else { return nil }
      fit = next
      if fit.intercept == previous.intercept, fit.slope == previous.slope { break }
    }
    guard fit.slope > 0, fit.intercept > 0, (fit.intercept / fit.slope).isFinite else { return nil }
    intercept = fit.intercept
    slope = fit.slope
    interceptError = fit.interceptError
    slopeError = fit.slopeError
    forwardError = fit.forwardError
    usedCount = fit.usedCount
  }

  /// The line of repeated medians; nil where two strikes do not exist.
  private static func repeatedMedians(_ pairs: [Pair]) -> (Double, Double)? {
    var slopes: [Double] = []
    for pair in pairs {
      var own: [Double] = []
      for other in pairs where other.strike != pair.strike {
        own.append((pair.difference - other.difference) / (other.strike - pair.strike))
      }
      if !own.isEmpty { slopes.append(median(own)) }
    }
    guard !slopes.isEmpty else { return nil }
    let slope = median(slopes)
    return (median(pairs.map { $0.difference + slope * $0.strike }), slope)
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let half = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  }

  /// The least value with half of the weight at or below it.
  private static func weightedMedian(_ values: [(value: Double, weight: Double)]) -> Double {
    let sorted = values.sorted { $0.value < $1.value }
    var left = values.reduce(0) { $0 + $1.weight } / 2
    for entry in sorted {
      left -= entry.weight
      if left <= 0 { return entry.value }
    }
    return sorted.last?.value ?? .nan
  }

  /// The deviation of a normal law over the median of its absolute value.
  private static let normalScale = 1.482_602_218_505_602

  /// Pairs whose middles all agree far inside their spreads are not told apart.
  private static let leastScale = 0.1

  /// The weights settle linearly; a last change below rounding ends them early.
  private static let iterations = 60
}

extension ParityLine {
  /// One step of weighted least squares.
  private struct Weighted {
    var intercept: Double
    var slope: Double
    var interceptError = 0.0
    var slopeError = 0.0
    var forwardError = 0.0
    var usedCount = 0

    init(intercept: Double, slope: Double) {
      self.intercept = intercept
      self.slope = slope
    }

    init?(_ pairs: [Pair], around fit: Weighted, scale: Double, known: Known) {
      let weights = pairs.map { pair in
        let residual = pair.difference - fit.intercept + fit.slope * pair.strike
        let u = residual / (pair.width * scale * Self.cutoff)
        let shape = u.magnitude < 1 ? (1 - u * u) * (1 - u * u) : 0
        return shape / (pair.width * pair.width)
      }
      usedCount = weights.count { $0 > 0 }
      let total = weights.reduce(0, +)
      guard total > 0 else { return nil }
      let center = zip(weights, pairs).reduce(0) { $0 + $1.0 * $1.1.strike } / total
      let mean = zip(weights, pairs).reduce(0) { $0 + $1.0 * $1.1.difference } / total
      let spread = zip(weights, pairs).reduce(0) {
        $0 + $1.0 * ($1.1.strike - center) * ($1.1.strike - center)
      }
      var freedom = 1.0
      switch known {
      case .neither:
        guard spread > 0 else { return nil }
        let product = zip(weights, pairs).reduce(0) {
          $0 + $1.0 * ($1.1.strike - center) * ($1.1.difference - mean)
        }
        slope = -product / spread
        intercept = mean + slope * center
        freedom = 2
      case .intercept(let value):
        intercept = value
        let square = spread + total * center * center
        slope =
          zip(weights, pairs).reduce(0) {
            $0 + $1.0 * $1.1.strike * (value - $1.1.difference)
          } / square
      case .slope(let value):
        slope = value
        intercept = mean + value * center
      }
      var squares = 0.0
      for (weight, pair) in zip(weights, pairs) {
        let residual = pair.difference - intercept + slope * pair.strike
        squares += weight * residual * residual
      }
      let variance = squares / max(Double(usedCount) - freedom, 1)
      setErrors(variance, total, spread, center, known)
    }

    /// With F = A/B: dF = (dA − F dB)/B.
    private mutating func setErrors(
      _ variance: Double,
      _ total: Double,
      _ spread: Double,
      _ center: Double,
      _ known: Known
    ) {
      let forward = intercept / slope
      switch known {
      case .neither:
        slopeError = (variance / spread).squareRoot()
        interceptError = (variance * (1 / total + center * center / spread)).squareRoot()
        let offset = center - forward
        forwardError = (variance * (1 / total + offset * offset / spread)).squareRoot() / slope
      case .intercept:
        slopeError = (variance / (spread + total * center * center)).squareRoot()
        forwardError = forward * slopeError / slope
      case .slope:
        interceptError = (variance / total).squareRoot()
        forwardError = interceptError / slope
      }
    }

    /// The cutoff in scales at which the bisquare has 95 % of the efficiency of least squares.
    private static let cutoff = 4.685
  }
}
