public import KeelData
public import KeelNumerics

/// A multivariate generalized hyperbolic law fitted to a sample by maximum likelihood.
public struct MultivariateGeneralizedHyperbolicFit: Hashable, Sendable {
  /// The location of each of the N columns, in the unit of the sample.
  public let location: [Double]

  /// The drift of each column, in the unit of the sample.
  public let drift: [Double]

  /// The N × N dispersion, in squared units of the sample.
  public let dispersion: SymmetricMatrix

  /// The order λ.
  public let order: Double

  /// The concentration ω.
  public let concentration: Double

  /// The natural logarithm of the likelihood of what was observed: before the first step and after each; it never falls.
  public let logLikelihoods: [Double]

  /// The number of rows with an entry.
  public let observationCount: Int

  /// How the search ended; a bound is one of the concentration, or else of the order.
  public let status: FitStatus

  /// The natural logarithm of the likelihood of what was observed.
  public var logLikelihood: Double { logLikelihoods.last ?? .nan }

  /// The number of steps taken.
  public var iterations: Int { logLikelihoods.count - 1 }

  /// Returns the fitted law over assets.
  ///
  /// - Parameter universe: The N assets, in the order of the columns.
  /// - Returns: The law.
  /// - Throws: As the initializer of the law.
  public func law(_ universe: Universe) throws(DistributionsError)
    -> MultivariateGeneralizedHyperbolic
  {
    try MultivariateGeneralizedHyperbolic(
      universe: universe, location: location, drift: drift, dispersion: dispersion, order: order,
      concentration: concentration)
  }
}

/// A multivariate skewed t law fitted to a sample by maximum likelihood.
public struct MultivariateHyperbolicSkewedTFit: Hashable, Sendable {
  /// The location of each of the N columns, in the unit of the sample.
  public let location: [Double]

  /// The drift of each column, in the unit of the sample.
  public let drift: [Double]

  /// The N × N dispersion, in squared units of the sample.
  public let dispersion: SymmetricMatrix

  /// The degrees of freedom.
  public let degreesOfFreedom: Double

  /// The natural logarithm of the likelihood of what was observed: before the first step and after each; it never falls.
  public let logLikelihoods: [Double]

  /// The number of rows with an entry.
  public let observationCount: Int

  /// How the search ended.
  public let status: FitStatus

  /// The natural logarithm of the likelihood of what was observed.
  public var logLikelihood: Double { logLikelihoods.last ?? .nan }

  /// The number of steps taken.
  public var iterations: Int { logLikelihoods.count - 1 }

  /// Returns the fitted law over assets.
  ///
  /// - Parameter universe: The N assets, in the order of the columns.
  /// - Returns: The law.
  /// - Throws: As the initializer of the law.
  public func law(_ universe: Universe) throws(DistributionsError) -> MultivariateHyperbolicSkewedT
  {
    try MultivariateHyperbolicSkewedT(
      universe: universe, location: location, drift: drift, dispersion: dispersion,
      degreesOfFreedom: degreesOfFreedom)
  }
}

extension MultivariateGeneralizedHyperbolic {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The order λ where it is known, as −½ for the normal inverse Gaussian law; nil estimates it.
    public var order: Double?

    /// Where an unknown order is searched: samples say little of it beyond.
    public var orders = -10.0...10.0

    /// Where the concentration is searched: at the upper bound the law is nearly normal, at the lower one take the
    /// skewed t law (negative orders) or a variance gamma law.
    public var concentrations = 1e-3...1e3

    /// Whether there is a drift; without one the law is elliptical.
    public var hasDrift = true

    /// The change of a step, relative to the deviations, that ends the search.
    public var relativeTolerance = 1e-8

    /// The largest number of steps, each of two expectations; some twenty are usual, more for an unknown order.
    public var maximumIterations = 1000

    /// Creates the default settings.
    public init() {}
  }

  /// Fits the law to the rows of a matrix by maximum likelihood.
  ///
  /// - Parameters:
  ///   - sample: T × N numbers, finite where they are observed, T > N.
  ///   - observed: T × N flags, column after column, false for entries that are missing at random, which are not read;
  ///     nil when all are observed.
  ///   - settings: Bounds and limits.
  /// - Returns: The fit, by column.
  /// - Throws: As ``MultivariateStudentT/unlabeledFit(_:observed:settings:)``.
  /// - Complexity: O(T N²) and some five Bessel functions a row for each step, O(N³) for each pattern of missing
  ///   entries.
  public static func unlabeledFit(
    _ sample: Matrix,
    observed: [Bool]? = nil,
    settings: FitSettings = FitSettings()
  ) throws(DistributionsError) -> MultivariateGeneralizedHyperbolicFit {
    let allowed = NormalInverseGaussianLaw.allowedConcentration
    try requireInside(settings.orders.lowerBound, GeneralizedHyperbolic.allowedOrder, "orders")
    try requireInside(settings.orders.upperBound, GeneralizedHyperbolic.allowedOrder, "orders")
    try requireInside(settings.concentrations.lowerBound, allowed, "concentrations")
    try requireInside(settings.concentrations.upperBound, allowed, "concentrations")
    if let order = settings.order {
      try requireInside(order, GeneralizedHyperbolic.allowedOrder, "order")
    }
    let bounds = MixingBounds(
      order: settings.order.map { $0...$0 } ?? settings.orders, size: settings.concentrations)
    let start = MixingParameters.inverseGaussian(order: 0, concentration: 1)
      .moved(to: [settings.order ?? -0.5, 0], bounds)
    var search = try MixtureSearch(
      sample, observed, start, bounds,
      MixtureFitSettings(
        hasDrift: settings.hasDrift, settings.relativeTolerance, settings.maximumIterations))
    try search.run()
    guard case .inverseGaussian(let order, let concentration) = search.state.mixing else {
      throw .notRepresentable(result: "order")
    }
    var status = search.status(of: concentration, in: bounds.size)
    if settings.order == nil, status == .converged {
      status = search.status(of: order, in: bounds.order)
    }
    return MultivariateGeneralizedHyperbolicFit(
      location: search.location, drift: search.drift, dispersion: try search.dispersion(),
      order: order, concentration: concentration, logLikelihoods: search.path,
      observationCount: search.observationCount, status: status)
  }
}

extension MultivariateHyperbolicSkewedT {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The degrees of freedom where they are known; nil estimates them.
    public var degreesOfFreedom: Double?

    /// Where unknown degrees of freedom are searched: at 1000 the law is normal but for what no sample can tell.
    public var degreesOfFreedomRange = 2.1...1000.0

    /// Whether there is a drift; without one the law is Student's.
    public var hasDrift = true

    /// The change of a step, relative to the deviations, that ends the search.
    public var relativeTolerance = 1e-8

    /// The largest number of steps, each of two expectations; some twenty are usual.
    public var maximumIterations = 1000

    /// Creates the default settings.
    public init() {}
  }

  /// Fits the law to the rows of a matrix by maximum likelihood.
  ///
  /// - Parameters:
  ///   - sample: T × N numbers, finite where they are observed, T > N.
  ///   - observed: T × N flags, column after column, false for entries that are missing at random, which are not read;
  ///     nil when all are observed.
  ///   - settings: Bounds and limits.
  /// - Returns: The fit, by column.
  /// - Throws: As ``MultivariateStudentT/unlabeledFit(_:observed:settings:)``.
  /// - Complexity: As ``MultivariateGeneralizedHyperbolic/unlabeledFit(_:observed:settings:)``.
  public static func unlabeledFit(
    _ sample: Matrix,
    observed: [Bool]? = nil,
    settings: FitSettings = FitSettings()
  ) throws(DistributionsError) -> MultivariateHyperbolicSkewedTFit {
    let allowed = HyperbolicSkewedT.allowedDegreesOfFreedom
    let range =
      settings.degreesOfFreedom.map { $0.isNaN ? 0...0 : $0...$0 }
      ?? settings.degreesOfFreedomRange
    try requireInside(range.lowerBound, allowed, "degreesOfFreedom")
    try requireInside(range.upperBound, allowed, "degreesOfFreedom")
    let bounds = MixingBounds(size: range)
    let start = MixingParameters.student(
      degreesOfFreedom: min(max(Self.startingDegrees, range.lowerBound), range.upperBound))
    var search = try MixtureSearch(
      sample, observed, start, bounds,
      MixtureFitSettings(
        hasDrift: settings.hasDrift, settings.relativeTolerance, settings.maximumIterations))
    try search.run()
    guard case .student(let degrees) = search.state.mixing else {
      throw .notRepresentable(result: "degreesOfFreedom")
    }
    return MultivariateHyperbolicSkewedTFit(
      location: search.location, drift: search.drift, dispersion: try search.dispersion(),
      degreesOfFreedom: degrees, logLikelihoods: search.path,
      observationCount: search.observationCount, status: search.status(of: degrees, in: range))
  }

  /// Degrees of freedom that are usual for returns.
  private static let startingDegrees = 5.0
}

extension MixtureFitSettings {
  init(
    hasDrift: Bool,
    _ relativeTolerance: Double,
    _ maximumIterations: Int
  ) throws(DistributionsError) {
    try requireInside(relativeTolerance, 1e-12...1, "relativeTolerance")
    guard maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
    self.hasDrift = hasDrift
    self.relativeTolerance = relativeTolerance
    self.maximumIterations = maximumIterations
  }
}

extension MixtureSearch {
  /// How the search ended, for a parameter and where it was searched.
  func status(of value: Double, in range: ClosedRange<Double>) -> FitStatus {
    if !isConverged { return .iterationLimit }
    if range.lowerBound == range.upperBound { return .converged }
    if value == range.lowerBound { return .lowerBound }
    return value == range.upperBound ? .upperBound : .converged
  }
}
