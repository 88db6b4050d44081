public import KeelNumerics

/// The covariance of the returns of assets over one period of the data.
///
/// The value is per period: nothing here is annualized. Finiteness and the Cauchy-Schwarz bounds
/// are proved once, when the value is made, so that consumers need not look again.
public struct Covariance: Hashable, Sendable {
  /// How the matrix is represented.
  @nonexhaustive
  public enum Form: Hashable, Sendable {
    /// The full matrix.
    case dense(SymmetricMatrix)
  }

  /// The assets.
  public let universe: Universe

  /// The matrix, per period.
  public let form: Form

  /// What the estimator found out about the matrix, where it looked.
  public let diagnostics: CovarianceDiagnostics

  /// How far a correlation may exceed one by rounding: a sum of some thousand products.
  public static let correlationTolerance = 1e-10

  /// Creates a covariance from its full matrix.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - dense: The N × N matrix, per period: finite, diagonal not negative, no correlation above
  ///     one in magnitude by more than ``correlationTolerance``.
  ///   - diagnostics: What the estimator knows about the matrix.
  /// - Throws: `DataError.shapeMismatch`, or `DataError.invalidValue` with asset and row.
  public init(
    universe: Universe,
    dense: SymmetricMatrix,
    diagnostics: CovarianceDiagnostics = CovarianceDiagnostics()
  ) throws(DataError) {
    guard dense.order == universe.count else {
      throw .shapeMismatch(argument: "dense", got: dense.order, required: universe.count)
    }
    if let place = dense.firstNonFiniteElement {
      throw .invalidValue(
        argument: "dense", asset: universe.assets[place.column], row: place.row,
        got: dense[place.row, place.column],
        lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
    }
    for (j, variance) in dense.diagonal.enumerated() where variance < 0 {
      throw .invalidValue(
        argument: "dense", asset: universe.assets[j], row: j, got: variance, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    let deviations = dense.diagonal.map { $0.squareRoot() }
    for j in 0..<dense.order {
      let column = dense.column(j)
      for i in 0..<j {
        let highest = deviations[i] * deviations[j] * (1 + Self.correlationTolerance)
        guard column[i].magnitude <= highest else {
          throw .invalidValue(
            argument: "dense", asset: universe.assets[j], row: i, got: column[i], lowest: -highest,
            highest: highest)
        }
      }
    }
    self.universe = universe
    self.form = .dense(dense)
    self.diagnostics = diagnostics
  }

  /// The full matrix, per period.
  public var matrix: SymmetricMatrix {
    switch form {
    case .dense(let matrix): matrix
    }
  }

  /// The standard deviation of each asset, per period.
  public var standardDeviations: [Double] {
    switch form {
    case .dense(let matrix): matrix.diagonal.map { $0.squareRoot() }
    }
  }
}

/// What an estimator found out about a covariance; a field that nobody looked at is nil.
public struct CovarianceDiagnostics: Hashable, Sendable {
  /// The least eigenvalue.
  public var leastEigenvalue: Double?

  /// The largest eigenvalue over the least one.
  public var conditionNumber: Double?

  /// The effective rank: the exponential of the entropy of the eigenvalues' shares.
  public var effectiveRank: Double?

  /// The Frobenius norm of what was added to make the matrix positive semidefinite.
  public var repairNorm: Double?

  /// The share of the target in a shrunk estimate, from 0 to 1.
  public var shrinkageIntensity: Double?

  /// The number of observations behind the estimate.
  public var observationCount: Int?

  /// Creates diagnostics.
  ///
  /// - Parameters:
  ///   - leastEigenvalue: The least eigenvalue.
  ///   - conditionNumber: The largest eigenvalue over the least one.
  ///   - effectiveRank: The exponential of the entropy of the eigenvalues' shares.
  ///   - repairNorm: The Frobenius norm of what was added to make the matrix positive semidefinite.
  ///   - shrinkageIntensity: The share of the target, from 0 to 1.
  ///   - observationCount: The number of observations.
  public init(
    leastEigenvalue: Double? = nil,
    conditionNumber: Double? = nil,
    effectiveRank: Double? = nil,
    repairNorm: Double? = nil,
    shrinkageIntensity: Double? = nil,
    observationCount: Int? = nil
  ) {
    self.leastEigenvalue = leastEigenvalue
    self.conditionNumber = conditionNumber
    self.effectiveRank = effectiveRank
    self.repairNorm = repairNorm
    self.shrinkageIntensity = shrinkageIntensity
    self.observationCount = observationCount
  }
}
