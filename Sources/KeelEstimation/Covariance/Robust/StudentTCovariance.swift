// Goals in order: the maximum of the likelihood, equal bits for any order of labeled assets.

public import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics

/// The covariance of a multivariate Student-t law fitted by maximum likelihood.
///
/// ```text
/// S = scatter ν / (ν − 2)
/// ```
///
/// Rows far from the rest have small weights. An asset that is a combination of others, or constant, follows from them.
public struct StudentTCovariance: CovarianceEstimator, Hashable {
  /// The bounds of the degrees of freedom and the limits of the search.
  ///
  /// The lowest ν is 3 unless said otherwise: below it the factor ν / (ν − 2) grows beyond 3, and variances would hang on
  /// ν alone.
  public var settings: MultivariateStudentT.FitSettings

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// The settings of the fit with a lowest ν of 3.
  public static var defaultSettings: MultivariateStudentT.FitSettings {
    var settings = MultivariateStudentT.FitSettings()
    settings.lowestDegreesOfFreedom = 3
    return settings
  }

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - settings: The bounds of the degrees of freedom, above 2, and the limits of the search; the default bound of the
  ///     fit with 3 for the lowest.
  ///   - examination: Which diagnostics are computed.
  public init(
    settings: MultivariateStudentT.FitSettings = Self.defaultSettings,
    examination: CovarianceExamination = .basic
  ) {
    self.settings = settings
    self.examination = examination
  }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate, that of the last step where the search did not converge.
  /// - Throws: `EstimationError.tooFewObservations` unless T > N, `EstimationError.invalidValue` for the settings,
  ///   `EstimationError.notPositiveDefinite` where so many observations lie in a plane that the likelihood has no bound,
  ///   `EstimationError.notRepresentable`.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let n = returns.columnCount
    guard returns.rowCount > n else {
      throw .tooFewObservations(got: returns.rowCount, required: n + 1)
    }
    let lowest = settings.degreesOfFreedom ?? settings.lowestDegreesOfFreedom
    guard lowest > 2 else {
      throw .invalidValue(
        argument: settings.degreesOfFreedom == nil ? "lowestDegreesOfFreedom" : "degreesOfFreedom",
        got: lowest, lowest: 2.0.nextUp, highest: .greatestFiniteMagnitude)
    }
    let columns = try IndependentColumns(returns)
    if columns.values.columnCount == 0 {
      return UnlabeledCovariance(lowerTriangle: [Double](repeating: 0, count: n * n), order: n)
    }
    let fit: MultivariateStudentTFit
    do throws(DistributionsError) {
      fit = try MultivariateStudentT.unlabeledFit(columns.values, settings: settings)
    } catch {
      throw EstimationError(error)
    }
    var elements = try columns.scatter(fit.scatter)
    let degrees = fit.degreesOfFreedom
    try returns.unscale(&elements, factor: degrees / (degrees - 2))
    return UnlabeledCovariance(lowerTriangle: elements, order: n)
  }
}

extension EstimationError {
  /// Translates an error of a fit.
  init(_ error: DistributionsError) {
    switch error {
    case .invalidValue(let argument, let got, let lowest, let highest):
      self = .invalidValue(argument: argument, got: got, lowest: lowest, highest: highest)
    case .shapeMismatch(let argument, let got, let required):
      self = .shapeMismatch(argument: argument, got: got, required: required)
    case .tooFewObservations(let got, let required):
      self = .tooFewObservations(got: got, required: required)
    // No degrees are best where distances are infinite: the scatter has fallen to nothing.
    case .notRepresentable(result: "logLikelihood"), .notRepresentable(result: "degreesOfFreedom"):
      self = .notPositiveDefinite
    default: self = .notRepresentable(result: "covariance")
    }
  }
}
