#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A hidden Markov model fitted to a series by maximum likelihood.
public struct HiddenMarkovFit: Hashable, Sendable, Codable {
  /// The model in the unit of the series, its states in the order of their volatility.
  public let model: HiddenMarkovModel

  /// The natural logarithm of the likelihood of the series under the model.
  public let logLikelihood: Double

  /// The number of observations.
  public let observationCount: Int

  /// The number of passes over the series from the chosen start on.
  public let iterations: Int

  /// Whether the last EM step gained no more than the tolerance.
  public let isConverged: Bool

  /// The states whose variance the floor holds up: they describe repeated values, not a regime.
  public let statesAtVarianceFloor: [Int]

  /// The states that less than one row is expected to belong to: a smaller model fits as well.
  public let emptyStates: [Int]

  /// The number of free parameters k.
  public var parameterCount: Int {
    let count = model.stateCount
    let laws = model.states.reduce(0) { $0 + ($1.degreesOfFreedom == nil ? 2 : 3) }
    return laws + count * (count - 1) + count - 1
  }

  /// Akaike's criterion `2k − 2 ln L`.
  public var akaikeCriterion: Double { 2 * Double(parameterCount) - 2 * logLikelihood }

  /// The Bayesian (Schwarz) criterion `k ln n − 2 ln L`.
  public var bayesianCriterion: Double {
    Double(parameterCount) * log(Double(observationCount)) - 2 * logLikelihood
  }
}

extension HiddenMarkovModel {
  /// The law of the returns within a state.
  @nonexhaustive
  public enum Emission: String, Hashable, Sendable, Codable, CaseIterable {
    /// The normal law.
    case normal

    /// Student's law, each state with its own degrees of freedom.
    case studentT
  }

  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The law of the returns within a state.
    public var emission: Emission

    /// The starts of a fit from no model, 1 to 10 000.
    ///
    /// Two go by local volatility, one by local mean, the others are random. Five find the highest maximum of most series.
    public var startCount = 5

    /// The passes that each start gets before the best one goes on: enough to tell them apart.
    public var shortRunLength = 20

    /// The seed of the random starts.
    public var seed: UInt64 = 1

    /// The least variance of a state as a share of the variance of the series.
    ///
    /// At 1e-4 a state of
    /// repeated values has 1 % of the volatility of the series and not an infinite likelihood.
    public var relativeVarianceFloor = 1e-4

    /// The gain of log-likelihood of an EM step that ends the fit; 1e-8 is far below what a
    /// parameter's standard error can see.
    public var tolerance = 1e-8

    /// The largest number of passes over the series.
    public var maximumIterations = 1000

    /// The least degrees of freedom of Student's law: above two, so that a state has a variance.
    public var lowestDegreesOfFreedom = 2.1

    /// The largest degrees of freedom of Student's law: at 200 it is normal to the eye of any series.
    public var highestDegreesOfFreedom = 200.0

    /// Creates the default settings.
    ///
    /// - Parameter emission: The law of the returns within a state.
    public init(emission: Emission = .normal) {
      self.emission = emission
    }
  }

  /// The observations that a fit needs for each state.
  public static let observationsPerState = 10

  /// Fits a model of a number of states from several starts.
  ///
  /// The states are in the order of their standard deviations. The same series, settings and seed
  /// give the same bits. Multiplying the series by c multiplies means and scales by c within 1e-8,
  /// by a power of two exactly.
  ///
  /// - Parameters:
  ///   - returns: At least 10 finite returns a state, not all equal.
  ///   - stateCount: 1 to 8; compare the Bayesian criterion of several.
  ///   - settings: Law, starts and limits.
  /// - Returns: The best model found; `isConverged` says whether its search ended by itself.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.invalidObservation`,
  ///   `EstimationError.zeroVariance`, `EstimationError.pricesGiven`,
  ///   `EstimationError.invalidValue` for settings, `EstimationError.notRepresentable`.
  /// - Complexity: O(TK²) a pass.
  public static func fit(
    _ returns: [Double],
    stateCount: Int,
    settings: FitSettings = FitSettings()
  ) throws(EstimationError) -> HiddenMarkovFit {
    try requireStateCount(stateCount)
    try settings.validate()
    let series = try StandardizedSeries(
      returns, minimumCount: observationsPerState * stateCount)
    var best: MarkovSearch?
    for start in 0..<(stateCount == 1 ? 1 : settings.startCount) {
      let chain = RegimeStart(series.values, stateCount: stateCount, number: start, settings)
      var search = MarkovSearch(series.values, chain.parameters, settings)
      search.run(until: settings.shortRunLength)
      if search.isBetter(than: best) { best = search }
    }
    guard var search = best else { throw .notRepresentable(result: "logLikelihood") }
    search.run(until: settings.maximumIterations)
    return try search.result(in: series)
  }

  /// Improves a model on a series: one search that starts from it.
  ///
  /// The law of the returns is that of the model's states; the setting does not matter, nor do those
  /// of the starts. The states of the result are in the order of their standard deviations.
  ///
  /// - Parameters:
  ///   - returns: At least 10 finite returns a state, not all equal.
  ///   - start: Where the search starts; its states all have the same kind of law.
  ///   - settings: Limits.
  /// - Returns: The maximum that the search reached.
  /// - Throws: As ``fit(_:stateCount:settings:)``.
  /// - Complexity: O(TK²) a pass.
  public static func fit(
    _ returns: [Double],
    from start: HiddenMarkovModel,
    settings: FitSettings = FitSettings()
  ) throws(EstimationError) -> HiddenMarkovFit {
    var settings = settings
    let studentCount = start.states.count { $0.degreesOfFreedom != nil }
    guard studentCount == 0 || studentCount == start.stateCount else {
      throw .shapeMismatch(
        argument: "degreesOfFreedom", got: studentCount, required: start.stateCount)
    }
    settings.emission = studentCount == 0 ? .normal : .studentT
    try settings.validate()
    let series = try StandardizedSeries(
      returns, minimumCount: observationsPerState * start.stateCount)
    var search = MarkovSearch(series.values, try series.parameters(of: start), settings)
    search.run(until: settings.maximumIterations)
    return try search.result(in: series)
  }
}

extension HiddenMarkovModel.FitSettings {
  private static let maximumStartCount = 10_000

  func validate() throws(EstimationError) {
    for (name, count, highest) in [
      ("startCount", startCount, Self.maximumStartCount), ("shortRunLength", shortRunLength, .max),
      ("maximumIterations", maximumIterations, .max),
    ] where !(1...highest).contains(count) {
      throw .invalid(name, Double(count), lowest: 1, highest: Double(highest))
    }
    guard relativeVarianceFloor > 0, relativeVarianceFloor < 1 else {
      throw .invalid("relativeVarianceFloor", relativeVarianceFloor, lowest: 0, highest: 1)
    }
    guard tolerance >= 0, tolerance.isFinite else {
      throw .invalid("tolerance", tolerance, lowest: 0)
    }
    guard lowestDegreesOfFreedom > 0, lowestDegreesOfFreedom.isFinite else {
      throw .invalid(
        "lowestDegreesOfFreedom", lowestDegreesOfFreedom, lowest: .leastNonzeroMagnitude)
    }
    guard highestDegreesOfFreedom > lowestDegreesOfFreedom, highestDegreesOfFreedom.isFinite else {
      throw .invalid(
        "highestDegreesOfFreedom", highestDegreesOfFreedom, lowest: lowestDegreesOfFreedom)
    }
  }
}
