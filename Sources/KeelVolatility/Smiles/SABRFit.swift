import KeelDerivatives
import KeelOptimization

// Goals in order: the best fit for a given exponent, few evaluations. The expansion has no domain without arbitrage that
// could be kept, so its margin is reported.

/// A SABR smile fitted to the quotes of one expiry, with its margins.
///
/// The exponent β is given: quotes of one expiry hardly tell it from the correlation. Level, correlation and volatility of
/// the volatility are those of the least cost, the cost of ``SVIFit``.
public struct SABRFit: Hashable, Sendable, Codable {
  /// The least number of quotes: that of the fitted parameters.
  public static let leastQuoteCount = 3

  /// The fitted smile.
  public let smile: SABRSmile

  /// How well it meets the quotes.
  public let quality: FitQuality

  /// How far it is from a butterfly arbitrage between the first and the last quote.
  public let butterfly: ButterflyMargin

  /// Whether the search ended at a stationary point.
  public let isConverged: Bool

  /// Correlations and volatilities of the volatility, times √T, of the grid of starts.
  private static let startCorrelations = [-0.8, -0.4, 0, 0.4, 0.8]
  private static let startDeviations = [0.05, 0.2, 0.5, 1, 2]

  /// The largest correlation and, times √T, volatility of the volatility: the expansion means nothing beyond.
  private static let largestCorrelation = 0.9999
  private static let largestDeviation = 5.0

  /// The limits of the level, in volatilities at the money.
  private static let levels = (1e-3, 1e3)

  /// Fits a smile.
  ///
  /// - Parameters:
  ///   - quotes: The quotes: at least three.
  ///   - beta: The exponent of the forward: 0 to 1.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for an exponent or a total variance out of range;
  ///   ``VolatilityError/noFit`` when no start gives a smile at all quotes.
  /// - Complexity: O(n) a step for n quotes.
  public init(to quotes: SmileQuotes, beta: Double) throws(VolatilityError) {
    let bands = try QuoteBands(quotes, required: Self.leastQuoteCount)
    try VolatilityError.require(beta, "beta", 0, 1)
    let time = quotes.timeToExpiry
    let money = (bands.moneyVariance / time).squareRoot()
    let largestNu = Self.largestDeviation / time.squareRoot()
    func smile(_ alpha: Double, _ rho: Double, _ nu: Double) throws(VolatilityError) -> SABRSmile {
      try SABRSmile(timeToExpiry: time, alpha: alpha, beta: beta, rho: rho, nu: nu)
    }
    var best: (cost: Double, point: [Double]) = (.infinity, [])
    for rho in Self.startCorrelations {
      for deviation in Self.startDeviations {
        let nu = deviation / time.squareRoot()
        guard
          let alpha = try? SABRSmile.alpha(
            moneyVolatility: money, timeToExpiry: time, beta: beta, rho: rho, nu: nu),
          let start = try? smile(alpha, rho, nu)
        else { continue }
        let cost = (0..<bands.count).reduce(0.0) { sum, i in
          let volatility = start.volatility(bands.places[i])
          return sum + (volatility > 0 ? bands.cost(i, volatility * volatility * time).value : .nan)
        }
        if cost < best.cost { best = (cost, [alpha, rho, nu]) }
      }
    }
    guard best.cost < .infinity else { throw .noFit }
    let fitted: (point: [Double], isConverged: Bool)
    do throws(OptimizationError) {
      var solver = try LevenbergMarquardt(residualCount: 2 * bands.count, parameterCount: 3)
      try solver.setBounds(
        lower: [Self.levels.0 * money, -Self.largestCorrelation, 0].span,
        upper: [Self.levels.1 * money, Self.largestCorrelation, largestNu].span)
      let status = try solver.fit(from: best.point.span) { point, residuals in
        let trial = try? smile(point[0], point[1], point[2])
        for i in 0..<bands.count {
          let volatility = trial?.volatility(bands.places[i]) ?? .nan
          let variance = volatility > 0 ? volatility * volatility * time : .nan
          residuals[2 * i] =
            QuoteBands.middlePull * (variance - bands.targets[i]) * bands.weights[i]
          residuals[2 * i + 1] =
            (max(variance - bands.asks[i], 0) - max(bands.bids[i] - variance, 0)) * bands.weights[i]
        }
      }
      fitted = (solver.parameters, status.isConverged)
    } catch {
      throw .noFit
    }
    self.smile = try smile(fitted.point[0], fitted.point[1], fitted.point[2])
    isConverged = fitted.isConverged
    quality = FitQuality(of: self.smile, quotes: quotes)
    butterfly = try ButterflyMargin(
      of: self.smile, in: bands.places[0]...bands.places[bands.count - 1])
  }
}
