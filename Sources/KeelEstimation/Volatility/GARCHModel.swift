/// A ``GARCH`` model with its parameters: it filters, forecasts and simulates.
public struct GARCHModel: Hashable, Sendable, Codable {
  /// Which model.
  public let specification: GARCH

  /// The parameters, in the units of the returns.
  public let parameters: GARCHParameters

  /// The variance that stands before the first return.
  public private(set) var startVariance: Double

  /// E[z²; z < 0] and E|z| of the errors.
  let varianceBelowZero: Double
  let meanMagnitude: Double

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - specification: Which model.
  ///   - parameters: Its parameters: finite, as many weights of each kind as it has lags; for GARCH
  ///     and GJR a positive intercept, no negative weight and none of the sums αᵢ + γᵢ negative.
  ///   - startVariance: The variance before the first return, positive; nil for the unconditional
  ///     one.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidValue`; and
  ///   `EstimationError.notRepresentable` when there is no unconditional variance to start from, and
  ///   when the variance of the first return overflows or vanishes.
  public init(
    _ specification: GARCH,
    parameters: GARCHParameters,
    startVariance: Double? = nil
  ) throws(EstimationError) {
    self.specification = specification
    self.parameters = parameters
    self.startVariance = startVariance ?? 1
    try Self.validate(specification, parameters)
    let law = try GARCHErrorLaw(specification, parameters)
    varianceBelowZero = law.varianceBelowZero
    meanMagnitude = law.meanMagnitude
    if startVariance == nil {
      guard let variance = unconditionalVariance else {
        throw .notRepresentable(result: "variance")
      }
      self.startVariance = variance
    }
    guard self.startVariance > 0, self.startVariance.isFinite else {
      throw .invalidValue(
        argument: "startVariance", got: self.startVariance, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    let first = GARCHFilter(self).nextVariance
    guard first > 0, first.isFinite else { throw .notRepresentable(result: "variance") }
  }

  /// Decodes a model; what its initializer refuses is refused.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: A decoding error, or `EstimationError`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      container.decode(GARCH.self, forKey: .specification),
      parameters: container.decode(GARCHParameters.self, forKey: .parameters),
      startVariance: container.decode(Double.self, forKey: .startVariance))
  }

  /// Encodes the model.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An encoding error.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(specification, forKey: .specification)
    try container.encode(parameters, forKey: .parameters)
    try container.encode(startVariance, forKey: .startVariance)
  }

  private enum CodingKeys: String, CodingKey { case specification, parameters, startVariance }

  private static func validate(
    _ model: GARCH, _ parameters: GARCHParameters
  ) throws(EstimationError) {
    let weights = [
      ("shocks", parameters.shocks, model.shockLags),
      ("asymmetries", parameters.asymmetries, model.asymmetryLags),
      ("variances", parameters.variances, model.varianceLags),
    ]
    for (argument, values, required) in weights {
      guard values.count == required else {
        throw .shapeMismatch(argument: argument, got: values.count, required: required)
      }
      let lowest = model.isLogarithmic || argument == "asymmetries" ? -Double.infinity : 0
      for value in values where !(value >= lowest && value.isFinite) {
        throw .invalidValue(
          argument: argument, got: value, lowest: lowest, highest: .greatestFiniteMagnitude)
      }
    }
    func require(_ argument: String, _ value: Double, _ range: ClosedRange<Double>)
      throws(EstimationError)
    {
      guard range.contains(value) else {
        throw .invalidValue(
          argument: argument, got: value, lowest: range.lowerBound, highest: range.upperBound)
      }
    }
    let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    try require("mean", parameters.mean, finite)
    try require(
      "intercept", parameters.intercept,
      model.isLogarithmic ? finite : Double.leastNonzeroMagnitude...Double.greatestFiniteMagnitude)
    if !model.isLogarithmic {
      for (lag, value) in parameters.asymmetries.enumerated() {
        let shock = lag < parameters.shocks.count ? parameters.shocks[lag] : 0
        // A sum that a fit has at zero may be below it by its rounding.
        try require(
          "asymmetries", value, (-shock - 4 * shock.ulp)...Double.greatestFiniteMagnitude)
      }
    }
    if model.errors != .normal {
      try require(
        "degreesOfFreedom", parameters.degreesOfFreedom ?? .nan,
        (2.0).nextUp...Double.greatestFiniteMagnitude)
    }
    if model.errors == .hansenSkewedT {
      try require(
        "errorAsymmetry", parameters.errorAsymmetry, (-1.0).nextUp...(1.0).nextDown)
    }
  }

  /// The variance of each return given those before it, from the start variance.
  ///
  /// - Parameter returns: Finite returns, in time order.
  /// - Returns: As many variances; each depends on the returns before it alone.
  /// - Throws: `EstimationError.invalidObservation`, `EstimationError.notRepresentable`.
  /// - Complexity: O(T).
  public func conditionalVariances(of returns: [Double]) throws(EstimationError) -> [Double] {
    var filter = GARCHFilter(self)
    var variances: [Double] = []
    variances.reserveCapacity(returns.count)
    for (index, value) in returns.enumerated() {
      variances.append(filter.nextVariance)
      guard value.isFinite else {
        throw .invalidObservation(argument: "returns", index: index, got: value)
      }
      try filter.update(value)
    }
    return variances
  }

  /// The state after some returns.
  ///
  /// - Parameter returns: Finite returns, in time order.
  /// - Returns: The filter, which takes further ones.
  /// - Throws: As ``conditionalVariances(of:)``.
  public func filter(after returns: [Double]) throws(EstimationError) -> GARCHFilter {
    var filter = GARCHFilter(self)
    for (index, value) in returns.enumerated() {
      guard value.isFinite else {
        throw .invalidObservation(argument: "returns", index: index, got: value)
      }
      try filter.update(value)
    }
    return filter
  }
}
