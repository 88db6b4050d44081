import KeelDistributions
public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of the standardized errors of a model.
enum GARCHErrorLaw {
  case normal
  case student(StudentT)
  case skewed(HansenSkewedT)

  init(_ model: GARCH, _ parameters: GARCHParameters) throws(EstimationError) {
    let degrees = parameters.degreesOfFreedom ?? .infinity
    do throws(DistributionsError) {
      switch model.errors {
      case .normal: self = .normal
      case .studentT:
        let scale = ((degrees - 2) / degrees).squareRoot()
        self = .student(try StudentT(location: 0, scale: scale, degreesOfFreedom: degrees))
      case .hansenSkewedT:
        self = .skewed(
          try HansenSkewedT(
            degreesOfFreedom: degrees, asymmetry: parameters.errorAsymmetry))
      }
    } catch {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degrees, lowest: (2.0).nextUp, highest: .infinity)
    }
  }

  /// E[z²; z < 0].
  var varianceBelowZero: Double {
    if case .skewed(let law) = self { law.varianceBelowZero } else { 0.5 }
  }

  /// E|z|.
  var meanMagnitude: Double {
    switch self {
    case .normal: GARCH.normalMeanMagnitude
    // The mean of the lower half, which is half of all.
    case .student(let law): law.expectedShortfall(confidence: 0.5)
    case .skewed(let law):
      2 * law.cdf(0) * law.expectedShortfall(confidence: law.survival(0))
    }
  }

  /// Draws from a stream.
  func draws(_ count: Int, _ stream: RandomStream) throws(EstimationError) -> [Double] {
    do throws(NumericsError) {
      switch self {
      case .normal: return try stream.normals(count: count)
      case .student(let law): return try stream.uniforms(count: count).map(law.quantile)
      case .skewed(let law): return try stream.uniforms(count: count).map(law.quantile)
      }
    } catch {
      throw .invalidValue(
        argument: "count", got: Double(count), lowest: 0,
        highest: Double(RandomStream.maximumCount))
    }
  }
}

extension GARCHModel {
  /// The weight of a variance in the next one: Σα + E[z²; z < 0] Σγ + Σβ, for EGARCH Σβ.
  ///
  /// Below one the variance returns to its mean; a fit holds Σα + ½ Σγ + Σβ at one or below.
  public var persistence: Double {
    let variances = parameters.variances.reduce(0, +)
    if specification.isLogarithmic { return variances }
    return parameters.shocks.reduce(variances, +)
      + varianceBelowZero * parameters.asymmetries.reduce(0, +)
  }

  /// The variance that forecasts tend to; nil where the persistence is one or above.
  ///
  /// ```text
  /// ω/(1 − persistence);  EGARCH: exp((ω + Σα (E|z| − √(2/π)))/(1 − Σβ))
  /// ```
  ///
  /// For EGARCH that is the exponential of the mean logarithm: the mean of the variance itself does
  /// not exist under the t laws.
  public var unconditionalVariance: Double? {
    let rest = 1 - persistence
    guard rest > 0 else { return nil }
    guard specification.isLogarithmic else { return parameters.intercept / rest }
    let excess = meanMagnitude - GARCH.normalMeanMagnitude
    return exp((parameters.intercept + parameters.shocks.reduce(0, +) * excess) / rest)
  }

  /// Draws returns from the model, from its start variance.
  ///
  /// - Parameters:
  ///   - count: The number of returns that are kept.
  ///   - stream: The random numbers.
  ///   - burnIn: The number of returns before them that are not.
  /// - Returns: The returns with their variances.
  /// - Throws: `EstimationError.invalidValue` for a negative or huge count,
  ///   `EstimationError.notRepresentable` when the variance overflows or vanishes.
  public func simulated(
    count: Int, from stream: RandomStream, burnIn: Int = 500
  ) throws(EstimationError) -> GARCHPath {
    guard burnIn >= 0, burnIn <= RandomStream.maximumCount else {
      throw .invalidValue(
        argument: "burnIn", got: Double(burnIn), lowest: 0,
        highest: Double(RandomStream.maximumCount))
    }
    guard count >= 0, count <= RandomStream.maximumCount else {
      throw .invalidValue(
        argument: "count", got: Double(count), lowest: 0,
        highest: Double(RandomStream.maximumCount))
    }
    let path = try GARCHFilter(self).simulated(count: burnIn + count, from: stream)
    return GARCHPath(
      returns: Array(path.returns.dropFirst(burnIn)),
      variances: Array(path.variances.dropFirst(burnIn)))
  }
}

/// Returns drawn from a model of variance, with the variance of each.
public struct GARCHPath: Hashable, Sendable {
  /// The returns.
  public let returns: [Double]

  /// The variance of each return given those before it.
  public let variances: [Double]
}

extension GARCHFilter {
  /// The longest horizon of a forecast.
  public static let maximumHorizon = 100_000

  /// Forecasts the variances of the next returns.
  ///
  /// For GARCH and GJR these are exact expectations. For EGARCH the first is; the others are
  /// exponentials of the expected logarithms, which lie below the expectations where these exist
  /// (under the t laws they do not).
  ///
  /// - Parameter horizon: The number of periods, from 1 to ``maximumHorizon``.
  /// - Returns: One variance a period, the next one first.
  /// - Throws: `EstimationError.invalidValue` for another horizon,
  ///   `EstimationError.notRepresentable` when a variance overflows or vanishes.
  /// - Complexity: O(horizon · lags).
  public func varianceForecast(horizon: Int) throws(EstimationError) -> [Double] {
    try Self.requireCount("horizon", horizon, Self.maximumHorizon)
    let isLogarithmic = model.specification.isLogarithmic
    let half = model.varianceBelowZero
    let excess = isLogarithmic ? model.meanMagnitude - GARCH.normalMeanMagnitude : 0
    var state = Recent(self)
    var forecast = [nextVariance]
    forecast.reserveCapacity(horizon)
    while forecast.count < horizon {
      let now = state.next
      state.take(
        shock: isLogarithmic ? excess : now, asymmetricShock: isLogarithmic ? 0 : half * now)
      let variance = isLogarithmic ? exp(state.next) : state.next
      guard variance > 0, variance.isFinite else { throw .notRepresentable(result: "variance") }
      forecast.append(variance)
    }
    return forecast
  }

  /// Forecasts the variances of the next returns by the mean over drawn paths.
  ///
  /// Serves EGARCH with normal errors, whose expectations have no simple form beyond one period.
  ///
  /// - Parameters:
  ///   - horizon: The number of periods, from 1 to ``maximumHorizon``.
  ///   - pathCount: The number of paths, from 1 to a million; the error falls with its root.
  ///   - seed: The seed: path i reads stream i of it.
  /// - Returns: One variance a period, the next one first.
  /// - Throws: As ``varianceForecast(horizon:)``.
  public func simulatedVarianceForecast(
    horizon: Int, pathCount: Int = 10_000, seed: UInt64
  ) throws(EstimationError) -> [Double] {
    try Self.requireCount("horizon", horizon, Self.maximumHorizon)
    try Self.requireCount("pathCount", pathCount, 1_000_000)
    var sums = [Double](repeating: 0, count: horizon)
    for path in 0..<pathCount {
      let variances = try simulated(
        count: horizon, from: RandomStream(seed: seed, stream: UInt64(path))
      ).variances
      for i in 0..<horizon { sums[i] += variances[i] }
    }
    return sums.map { $0 / Double(pathCount) }
  }

  /// Draws the next returns from the model; the state stays.
  ///
  /// - Parameters:
  ///   - count: The number of returns.
  ///   - stream: The random numbers.
  /// - Returns: The returns with their variances.
  /// - Throws: `EstimationError.invalidValue` for a negative or huge count,
  ///   `EstimationError.notRepresentable` when the variance overflows or vanishes.
  public func simulated(
    count: Int, from stream: RandomStream
  ) throws(EstimationError) -> GARCHPath {
    var filter = self
    var returns: [Double] = []
    var variances: [Double] = []
    let mean = model.parameters.mean
    let law = try GARCHErrorLaw(model.specification, model.parameters)
    for error in try law.draws(count, stream) {
      variances.append(filter.nextVariance)
      let value = mean + filter.nextVariance.squareRoot() * error
      guard value.isFinite else { throw .notRepresentable(result: "variance") }
      returns.append(value)
      try filter.update(value)
    }
    return GARCHPath(returns: returns, variances: variances)
  }

  private static func requireCount(
    _ argument: String, _ got: Int, _ highest: Int
  ) throws(EstimationError) {
    guard got >= 1, got <= highest else {
      throw .invalidValue(
        argument: argument, got: Double(got), lowest: 1, highest: Double(highest))
    }
  }

  /// The recursion alone.
  private struct Recent {
    let parameters: GARCHParameters
    var shocks: [Double]
    var asymmetricShocks: [Double]
    var states: [Double]
    var next: Double

    init(_ filter: GARCHFilter) {
      parameters = filter.model.parameters
      shocks = filter.shocks
      asymmetricShocks = filter.asymmetricShocks
      states = filter.states
      next = filter.nextState
    }

    mutating func take(shock: Double, asymmetricShock: Double) {
      GARCHFilter.push(shock, to: &shocks)
      GARCHFilter.push(asymmetricShock, to: &asymmetricShocks)
      GARCHFilter.push(next, to: &states)
      next = GARCHFilter.state(parameters, shocks, asymmetricShocks, states)
    }
  }
}
