// Goals in order: the maximum of the likelihood, scale equivariance, missing entries without filling them, speed.
//
// ECME (C. Liu, D. Rubin, "ML estimation of the t distribution using EM and its extensions, ECM and ECME", Statistica
// Sinica 5, 1995): the degrees of freedom maximize the likelihood itself, then weights and conditional moments given what
// was observed (R. Little, D. Rubin, "Statistical analysis with missing data", 2002, section 11.2) give location and scatter.
// The scatter is divided by the sum of the weights, which has the same maximum and needs fewer steps (J. Kent, D. Tyler,
// Y. Vardi, "A curious likelihood identity for the multivariate t-distribution", Communications in Statistics 23, 1994).

public import KeelData
public import KeelNumerics

/// A multivariate Student-t law fitted to a sample by maximum likelihood.
public struct MultivariateStudentTFit: Hashable, Sendable {
  /// The location of each of the N columns, in the unit of the sample.
  public let location: [Double]

  /// The N × N scatter matrix, in squared units of the sample.
  public let scatter: SymmetricMatrix

  /// The degrees of freedom.
  public let degreesOfFreedom: Double

  /// The natural logarithm of the likelihood of what was observed.
  public let logLikelihood: Double

  /// The weight of each row, (ν + k) / (ν + d) for k entries at the squared distance d: small for outliers; zero
  /// for a row without entries.
  public let weights: [Double]

  /// The number of rows with an entry.
  public let observationCount: Int

  /// The number of steps taken.
  public let iterations: Int

  /// How the search ended.
  public let status: FitStatus

  /// The covariance, scatter ν / (ν − 2), per period; nil where ν is at most 2 and there is none.
  public var covariance: SymmetricMatrix? {
    guard degreesOfFreedom > 2 else { return nil }
    var result = scatter
    let factor = degreesOfFreedom / (degreesOfFreedom - 2)
    for j in 0..<scatter.order {
      for i in 0...j { result[i, j] = scatter[i, j] * factor }
    }
    return result
  }

  /// Returns the fitted law over assets.
  ///
  /// - Parameter universe: The N assets, in the order of the columns.
  /// - Returns: The law, whose moments are per period of the sample.
  /// - Throws: `DistributionsError.invalidValue` for degrees of freedom of at most 2, where the law has no covariance,
  ///   `.shapeMismatch` for another number of assets.
  public func law(_ universe: Universe) throws(DistributionsError) -> MultivariateStudentT {
    guard universe.count == scatter.order else {
      throw .shapeMismatch(argument: "universe", got: universe.count, required: scatter.order)
    }
    guard let covariance else {
      throw .invalidValue(
        argument: "degreesOfFreedom", got: degreesOfFreedom, lowest: 2.0.nextUp, highest: .infinity)
    }
    do {
      return try MultivariateStudentT(
        expectedReturns: ExpectedReturns(universe: universe, values: location),
        covariance: Covariance(universe: universe, dense: covariance),
        degreesOfFreedom: degreesOfFreedom)
    } catch let error as DistributionsError {
      throw error
    } catch {
      throw .notRepresentable(result: "covariance")
    }
  }
}

extension MultivariateStudentT {
  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The degrees of freedom where they are known; nil estimates them.
    public var degreesOfFreedom: Double?

    /// The least degrees of freedom: at 2 the law has no covariance.
    public var lowestDegreesOfFreedom = 2.1

    /// The largest degrees of freedom: at 1000 the law is normal but for what no sample can tell.
    public var highestDegreesOfFreedom = 1000.0

    /// The change of a step, relative to the deviations, that ends the search.
    public var relativeTolerance = 1e-12

    /// The largest number of steps; some fifty are usual, more where much is missing.
    public var maximumIterations = 5000

    /// Creates the default settings.
    public init() {}
  }

  /// Fits location, scatter and degrees of freedom to the rows of a matrix by maximum likelihood.
  ///
  /// - Parameters:
  ///   - sample: T × N numbers, finite where they are observed, T > N.
  ///   - observed: T × N flags, column after column, false for entries that are missing at random, which are not read;
  ///     nil when all are observed.
  ///   - settings: Bounds and limits.
  /// - Returns: The fit, by column.
  /// - Throws: `DistributionsError.tooFewObservations` unless more rows than columns have an entry,
  ///   `DistributionsError.invalidObservation` with the place in the column-major elements,
  ///   `DistributionsError.repeatedValue` for a column that does not vary, `DistributionsError.shapeMismatch`,
  ///   `DistributionsError.invalidValue` for the settings, `DistributionsError.notRepresentable` of the
  ///   `logLikelihood` when the likelihood has no bound, as where a column is a combination of others.
  /// - Complexity: O(T N²) a step, and O(N³) for each pattern of missing entries.
  public static func unlabeledFit(
    _ sample: Matrix,
    observed: [Bool]? = nil,
    settings: FitSettings = FitSettings()
  ) throws(DistributionsError) -> MultivariateStudentTFit {
    try settings.validate()
    var search = try MultivariateStudentTSearch(sample, observed, settings)
    try search.run()
    return try search.result()
  }
}

extension MultivariateStudentT.FitSettings {
  fileprivate func validate() throws(DistributionsError) {
    let allowed = 0.1...1e6
    func require(_ argument: String, _ value: Double, _ range: ClosedRange<Double>)
      throws(DistributionsError)
    {
      guard range.contains(value) else {
        throw .invalidValue(
          argument: argument, got: value, lowest: range.lowerBound, highest: range.upperBound)
      }
    }
    try require("lowestDegreesOfFreedom", lowestDegreesOfFreedom, allowed)
    try require(
      "highestDegreesOfFreedom", highestDegreesOfFreedom,
      lowestDegreesOfFreedom...allowed.upperBound)
    if let degreesOfFreedom { try require("degreesOfFreedom", degreesOfFreedom, allowed) }
    try require("relativeTolerance", relativeTolerance, Double.ulpOfOne...1)
    guard maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
  }
}
