import KeelDerivatives

// Goals in order: an honest report, the same answer each time, few evaluations.

/// Why a calibration ended.
@nonexhaustive
public enum CalibrationStatus: String, Hashable, Sendable, Codable {
  /// No move of the parameters inside their bounds improves the fit, to its tolerance or rounding.
  case converged

  /// The limit of steps was reached before.
  case iterationLimit

  /// No further progress was possible, and the point is not known to be a minimum.
  case stalled
}

/// A model of the spot calibrated to the quotes of all expiries at once, and what the quotes say of it.
///
/// The least sum of squared deviations, each that of the price over vega and half the spread: in volatility, to first
/// order, and in half spreads. The result depends on its arguments alone. Method: <doc:Calibration>.
public struct ModelCalibration<Model: CalibratableModel>: Sendable {
  /// The calibrated model.
  public let model: Model

  /// How each expiry is met, by ascending time.
  public let quality: [FitQuality]

  /// What the quotes determine.
  public let identification: CalibrationIdentification

  /// The names of the parameters at a bound or next to it: the minimum may lie beyond.
  public let parametersNearBounds: [String]

  /// The number of quotes that counted: those with a bid and an ask, not so far out that a half spread of price rounds.
  public let quoteCount: Int

  /// The sum of the squared deviations, in half spreads, those beyond the limit of outliers in proportion.
  public let sumOfSquares: Double

  /// Why the calibration ended.
  public let status: CalibrationStatus

  /// The number of steps, from all starts.
  public let iterationCount: Int

  /// The number of starts.
  public let startCount: Int

  /// Whether no move of the parameters improves the fit.
  public var isConverged: Bool { status == .converged }

  /// Calibrates a model.
  ///
  /// - Parameters:
  ///   - quotes: The quotes of each expiry, in any order, no time twice. Only those with a bid and an ask count.
  ///   - settings: How it is made.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` without a quote that counts;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` and
  ///   ``VolatilityError/shapeMismatch(argument:got:required:)`` for a setting; ``VolatilityError/noFit`` where the model
  ///   has no finite prices at any start.
  /// - Complexity: One strip with slopes an expiry for each start and each step.
  public init(
    to quotes: [SmileQuotes],
    settings: CalibrationSettings = CalibrationSettings()
  ) throws(VolatilityError) {
    let bounds = try Self.bounds(settings)
    let sorted = try SmileOrder.sorted(quotes)
    let expiries = sorted.map {
      CalibrationQuotes($0, leastHalfSpread: settings.leastHalfSpread)
    }
    let used = zip(sorted, expiries).filter { $0.1.count > 0 }
    guard !used.isEmpty else { throw .tooFewQuotes(got: 0, required: 1) }
    var search = CalibrationSearch<Model>(
      CalibrationResiduals(used.map(\.1), outlierLimit: settings.outlierLimit), bounds)
    let starts = [settings.start].compactMap(\.self) + Model.calibrationStarts(for: used.map(\.0))
    search.run(
      from: starts, isFirstGiven: settings.start != nil, tolerance: settings.relativeTolerance,
      maximumIterations: settings.maximumIterations, maximumStarts: settings.maximumStarts)
    guard let best = search.best, let model = try? Model(parameters: best.parameters) else {
      throw .noFit
    }
    self.model = model
    quality = sorted.map { FitQuality(of: QuotedSmile(model, $0), quotes: $0) }
    quoteCount = search.residuals.count
    sumOfSquares = best.sumOfSquares
    status = best.status
    iterationCount = search.iterationCount
    startCount = search.startCount
    let scales = model.parameterScales
    search.residuals.evaluate(best.parameters)
    let isFixed = bounds.map { $0.lowerBound == $0.upperBound }
    let excess = quoteCount - isFixed.count { !$0 }
    let square = excess > 0 ? sumOfSquares / Double(excess) : 1
    identification = CalibrationIdentification(
      slopes: search.residuals.slopes, rowCount: quoteCount, scales: scales, isFixed: isFixed,
      names: Model.parameterNames, noise: max(square, 1).squareRoot())
    parametersNearBounds = bounds.indices.filter {
      let (value, bound) = (best.parameters[$0], bounds[$0])
      let near = Self.nearPart * scales[$0]
      return !isFixed[$0] && min(value - bound.lowerBound, bound.upperBound - value) <= near
    }.map { Model.parameterNames[$0] }
  }

  /// The part of a parameter's scale that counts as next to a bound.
  private static var nearPart: Double { 1e-3 }

  /// Checks the settings.
  private static func bounds(
    _ settings: CalibrationSettings
  ) throws(VolatilityError) -> [ClosedRange<Double>] {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(settings.leastHalfSpread, "leastHalfSpread", 1e-12, 1e12)
    try VolatilityError.require(settings.outlierLimit, "outlierLimit", 1e-3, .infinity)
    try VolatilityError.require(settings.relativeTolerance, "relativeTolerance", 1e-14, 1)
    try VolatilityError.require(Double(settings.maximumIterations), "maximumIterations", 1, 1e9)
    try VolatilityError.require(Double(settings.maximumStarts), "maximumStarts", 1, 1e9)
    let bounds = settings.bounds ?? Model.calibrationBounds
    let names = Model.parameterNames
    let startCount = settings.start?.count ?? names.count
    for (count, argument) in [(bounds.count, "bounds"), (startCount, "start")]
    where count != names.count {
      throw .shapeMismatch(argument: argument, got: count, required: names.count)
    }
    for (bound, name) in zip(bounds, names) {
      try VolatilityError.require(bound.lowerBound, "lower bound of \(name)", -largest, largest)
      try VolatilityError.require(bound.upperBound, "upper bound of \(name)", -largest, largest)
    }
    for (value, name) in zip(settings.start ?? [], names) {
      try VolatilityError.require(value, "start of \(name)", -largest, largest)
    }
    return bounds
  }
}

extension ModelCalibration: Equatable where Model: Equatable {}
extension ModelCalibration: Hashable where Model: Hashable {}
extension ModelCalibration: Encodable where Model: Encodable {}
extension ModelCalibration: Decodable where Model: Decodable {}
