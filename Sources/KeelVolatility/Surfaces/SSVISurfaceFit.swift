import KeelDerivatives
import KeelOptimization

// Goals in order: no arbitrage, the least sum of squares, few parameters.
//
// With a = η(1 + ρ)/2 and b = η(1 − ρ)/2 the condition η(1 + |ρ|) ≤ 2 is a ≤ 1 and b ≤ 1, and with increments in the place of
// variances the condition of the calendar is a sign: all conditions are bounds of single parameters.

/// A surface of one correlation and one power law of curvature (SSVI), fitted to quotes inside the conditions that exclude
/// arbitrage at every time.
///
/// Three parameters and one variance at the money for each expiry: a surface for few quotes, and one whose parameters can be
/// compared from day to day. ``SSVIFit``, with three parameters an expiry, meets quotes more closely. Method: <doc:Surfaces>.
public struct SSVISurfaceFit: Hashable, Sendable {
  /// The fitted surface, with a power law whose ``SSVISurface/butterflySlack`` is not negative.
  public let surface: SSVISurface

  /// How each expiry is met, by ascending time.
  public let quality: [FitQuality]

  /// What the quotes determine: `eta`, `correlation`, `gamma`, then the variance of each expiry at the money.
  public let identification: CalibrationIdentification

  /// The certificate of the smiles at the expiries.
  public let margins: SurfaceMargins

  /// The sum of squared deviations in half spreads.
  public let sumOfSquares: Double

  /// Whether the sum is stationary inside the conditions; false at the limit of iterations.
  public let isConverged: Bool

  /// The number of steps from all starts.
  public let iterationCount: Int

  /// Fits a surface.
  ///
  /// - Parameters:
  ///   - quotes: The quotes of each expiry, in any order, no time twice. Only those with a bid and an ask count.
  ///   - settings: How the fit is made.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` for an expiry without a quote, or none;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``; ``VolatilityError/noFit`` where numbers overflow;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a setting.
  /// - Complexity: O(n m²) a step for n quotes and m expiries.
  public init(
    _ quotes: [SmileQuotes],
    settings: SSVIFit.Settings = SSVIFit.Settings()
  ) throws(VolatilityError) {
    try settings.check()
    let sorted = try SmileOrder.sorted(quotes)
    guard !sorted.isEmpty else { throw .tooFewQuotes(got: 0, required: 1) }
    let residuals = try SSVISurfaceResiduals(sorted, leastHalfSpread: settings.leastHalfSpread)
    var best: (parameters: [Double], sum: Double, isConverged: Bool)?
    var steps = 0
    for gamma in Self.firstExponents {
      guard
        let (solver, isConverged) = residuals.fit(
          from: residuals.start(gamma: gamma), settings)
      else { continue }
      steps += solver.iterations
      if solver.sum < best?.sum ?? .infinity { best = (solver.parameters, solver.sum, isConverged) }
    }
    guard let best else { throw .noFit }
    surface = try residuals.surface(best.parameters)
    let smiles = try surface.extended.smiles
    margins = try SurfaceMargins(of: smiles)
    quality = zip(smiles, sorted).map { FitQuality(of: $0, quotes: $1) }
    identification = residuals.identification(at: best.parameters, best.sum)
    (sumOfSquares, isConverged, iterationCount) = (best.sum, best.isConverged, steps)
  }

  /// The exponents γ that searches begin with.
  private static let firstExponents = [0.45, 0.25]
}

/// The deviations of all quotes from a surface of the power law, in half spreads, by a, b, γ and the increments of the variance
/// at the money.
private struct SSVISurfaceResiduals {
  private struct Quote {
    let expiry: Int
    let place: Double
    let middle: Double
    let weight: Double
  }

  /// The slopes of one deviation, by the variance of its own expiry.
  private struct Slopes {
    let a: Double
    let b: Double
    let gamma: Double
    let variance: Double
  }

  private let times: [Double]
  private let levels: [Double]
  private var quotes: [Quote] = []

  init(_ expiries: [SmileQuotes], leastHalfSpread: Double) throws(VolatilityError) {
    times = expiries.map(\.timeToExpiry)
    var levels: [Double] = []
    for (i, expiry) in expiries.enumerated() {
      let own = SSVIResiduals(expiry, leastHalfSpread: leastHalfSpread)
      guard own.count > 0 else { throw .tooFewQuotes(got: 0, required: 1) }
      levels.append(max(own.levelAtTheMoney, levels.last ?? 0))
      for quote in expiry.quotes where quote.bid > 0 && quote.ask.isFinite {
        quotes.append(
          Quote(
            expiry: i, place: quote.logMoneyness, middle: quote.middle,
            weight: 1 / max((quote.ask - quote.bid) / 2, leastHalfSpread)))
      }
    }
    self.levels = levels
  }

  private var count: Int { 3 + times.count }

  func start(gamma: Double) -> [Double] {
    [0.4, 0.5, gamma] + levels.indices.map { levels[$0] - ($0 > 0 ? levels[$0 - 1] : 0) }
  }

  /// The variances at the money of increments.
  private func variances(_ parameters: [Double]) -> [Double] {
    var sum = 0.0
    return parameters.dropFirst(3).map {
      sum += $0
      return sum
    }
  }

  func surface(_ parameters: [Double]) throws(VolatilityError) -> SSVISurface {
    let knots = zip(times, variances(parameters)).map {
      SSVISurface.Knot(timeToExpiry: $0, variance: $1)
    }
    let eta = parameters[0] + parameters[1]
    return try SSVISurface(
      knots: knots, correlation: (parameters[0] - parameters[1]) / eta,
      curvature: .powerLaw(eta: eta, gamma: parameters[2]))
  }

  /// The deviations, and their slopes by a, b, γ and the variance at the money of their own expiry.
  private func forEachDeviation(
    _ parameters: [Double],
    _ body: (_ row: Int, _ expiry: Int, _ deviation: Double, _ slopes: Slopes) -> Void
  ) {
    let (a, b, gamma) = (parameters[0], parameters[1], parameters[2])
    let smiles = variances(parameters).map { theta in
      let (share, logarithm) = SSVISurface.Curvature.power(theta, 1 - gamma)
      return (
        hyperbola: SSVIHyperbola(theta: theta, left: 2 * b * share, right: 2 * a * share),
        share: share, logarithm: logarithm
      )
    }
    for (row, quote) in quotes.enumerated() {
      let (smile, share, logarithm) = smiles[quote.expiry]
      let time = times[quote.expiry]
      let volatility = (smile.value(at: quote.place) / time).squareRoot()
      let slopes = smile.gradient(at: quote.place)
      let scale = quote.weight / (2 * volatility * time)
      let both = slopes.left * smile.left + slopes.right * smile.right
      let byTheta =
        slopes.theta + both * (1 - gamma) / (smile.theta * (1 + smile.theta))
      body(
        row, quote.expiry, (volatility - quote.middle) * quote.weight,
        Slopes(
          a: 2 * slopes.right * share * scale, b: 2 * slopes.left * share * scale,
          gamma: -both * logarithm * scale, variance: byTheta * scale))
    }
  }

  /// The least sum of squares that steps from a start come to; nil where numbers are not finite.
  func fit(
    from start: [Double],
    _ settings: SSVIFit.Settings
  ) -> (best: (parameters: [Double], sum: Double, iterations: Int), isConverged: Bool)? {
    let rows = quotes.count
    // Fewer quotes than parameters: rows of zeros.
    let height = max(rows, count)
    guard var solver = try? LevenbergMarquardt(residualCount: height, parameterCount: count)
    else { return nil }
    solver.settings.maximumIterations = settings.maximumIterations
    solver.settings.offsetTolerance = settings.relativeTolerance.squareRoot()
    let lower =
      [Self.leastSteepness, Self.leastSteepness, 0, levels[0] * Self.leastLevel]
      + [Double](repeating: 0, count: times.count - 1)
    let upper =
      [Self.largestSteepness, Self.largestSteepness, 0.5]
      + [Double](repeating: .infinity, count: times.count)
    guard (try? solver.setBounds(lower: lower.span, upper: upper.span)) != nil else { return nil }
    let status = try? solver.fit(
      from: start.span,
      residuals: { point, output in
        for i in output.indices { output[i] = 0 }
        forEachDeviation(point.indices.map { point[$0] }) { row, _, deviation, _ in
          output[row] = deviation
        }
      },
      jacobian: { point, output in
        for i in output.indices { output[i] = 0 }
        forEachDeviation(point.indices.map { point[$0] }) { row, expiry, _, slopes in
          output[row] = slopes.a
          output[height + row] = slopes.b
          output[2 * height + row] = slopes.gamma
          // Every increment until the expiry is in its variance.
          for j in 0...expiry { output[(3 + j) * height + row] = slopes.variance }
        }
      })
    guard let status else { return nil }
    let sum = 2 * solver.certificate.cost
    guard sum.isFinite else { return nil }
    return (
      (solver.parameters, sum, solver.certificate.iterations), status.isConverged
    )
  }

  /// The largest a and b: below one by more than what η and ρ are rounded by.
  private static let largestSteepness = 1 - 8 * Double.ulpOfOne

  /// The least a and b: a smile without a wing has no curvature to be found by.
  private static let leastSteepness = 1e-6

  /// The least variance of the first expiry, as a part of the quotes'.
  private static let leastLevel = 1e-6

  func identification(at parameters: [Double], _ sum: Double) -> CalibrationIdentification {
    let rows = quotes.count
    let (a, b) = (parameters[0], parameters[1])
    let (eta, rho) = (a + b, (a - b) / (a + b))
    var slopes = [Double](repeating: 0, count: rows * count)
    forEachDeviation(parameters) { row, expiry, _, own in
      slopes[row] = ((1 + rho) * own.a + (1 - rho) * own.b) / 2
      slopes[rows + row] = eta / 2 * (own.a - own.b)
      slopes[2 * rows + row] = own.gamma
      slopes[(3 + expiry) * rows + row] = own.variance
    }
    let freedom = Double(rows - count)
    return CalibrationIdentification(
      slopes: slopes, rowCount: rows, scales: [eta, 1, 0.5] + variances(parameters),
      isFixed: [Bool](repeating: false, count: count),
      names: ["eta", "correlation", "gamma"] + times.indices.map { "variance[\($0)]" },
      noise: freedom > 0 ? max(1, (sum / freedom).squareRoot()) : 1)
  }
}
