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

    /// The parts of a factor model, which optimizers use without forming the matrix.
    case factor(FactorCovariance)
  }

  /// What is known about the sign of the eigenvalues.
  public enum Definiteness: Hashable, Sendable {
    /// Nothing: an optimizer proves that the matrix is positive semidefinite each time, by a
    /// Cholesky factorization of order N.
    case unproved

    /// Positive semidefinite up to rounding, as a sample covariance is by construction.
    case byConstruction
  }

  /// The assets.
  public let universe: Universe

  /// The matrix, per period.
  public let form: Form

  /// What is known about the sign of the eigenvalues.
  public let definiteness: Definiteness

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
  ///   - definiteness: Whether the matrix is known to be positive semidefinite. A wrong promise makes
  ///     optimizers call a portfolio optimal that is only stationary.
  ///   - diagnostics: What the estimator knows about the matrix.
  /// - Throws: `DataError.shapeMismatch`, or `DataError.invalidValue` with asset and row.
  public init(
    universe: Universe,
    dense: SymmetricMatrix,
    definiteness: Definiteness = .unproved,
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
    self.definiteness = definiteness
    self.diagnostics = diagnostics
  }

  /// Creates a covariance from the parts of a factor model.
  ///
  /// - Parameters:
  ///   - universe: The N assets.
  ///   - factor: The N × K loadings, the K × K factor covariance and the N specific variances, per
  ///     period: finite, variances not negative.
  ///   - diagnostics: What the estimator knows about the matrix.
  /// - Throws: `DataError.shapeMismatch`, or `DataError.invalidValue` with asset and row.
  /// - Complexity: O(N K²).
  public init(
    universe: Universe,
    factor: FactorCovariance,
    diagnostics: CovarianceDiagnostics = CovarianceDiagnostics()
  ) throws(DataError) {
    let shapes = [
      ("loadings rows", factor.loadings.rowCount, universe.count),
      ("loadings columns", factor.loadings.columnCount, factor.factorCovariance.order),
      ("specificVariances", factor.specificVariances.count, universe.count),
    ]
    for (argument, got, required) in shapes where got != required {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
    func requireFinite(
      _ argument: String,
      _ place: (row: Int, column: Int)?,
      _ value: (Int, Int) -> Double
    ) throws(DataError) {
      guard let place else { return }
      throw .invalidValue(
        argument: argument, asset: nil, row: place.row, got: value(place.row, place.column),
        lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
    }
    try requireFinite("loadings", factor.loadings.firstNonFiniteElement) {
      factor.loadings[$0, $1]
    }
    try requireFinite("factorCovariance", factor.factorCovariance.firstNonFiniteElement) {
      factor.factorCovariance[$0, $1]
    }
    for (k, variance) in factor.factorCovariance.diagonal.enumerated() where variance < 0 {
      throw .invalidValue(
        argument: "factorCovariance", asset: nil, row: k, got: variance, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    let variances = factor.variances
    for i in variances.indices {
      let specific = factor.specificVariances[i]
      for value in [specific, variances[i]] where !(value >= 0 && value.isFinite) {
        throw .invalidValue(
          argument: "specificVariances", asset: universe.assets[i], row: i, got: value, lowest: 0,
          highest: .greatestFiniteMagnitude)
      }
    }
    self.universe = universe
    form = .factor(factor)
    definiteness = .unproved
    self.diagnostics = diagnostics
  }

  /// The full matrix, per period.
  ///
  /// - Complexity: O(1) for the dense form, O(N² K) for a factor model.
  public var matrix: SymmetricMatrix {
    switch form {
    case .dense(let matrix): matrix
    case .factor(let parts): parts.matrix
    }
  }

  /// The standard deviation of each asset, per period.
  public var standardDeviations: [Double] {
    switch form {
    case .dense(let matrix): matrix.diagonal.map { $0.squareRoot() }
    case .factor(let parts): parts.variances.map { $0.squareRoot() }
    }
  }

  /// The matrix, over the square of a scale, times a vector of N numbers.
  package func product(with vector: [Double], scale: Double = 1) -> [Double] {
    switch form {
    case .factor(let parts): return parts.product(with: vector, scale: scale)
    case .dense(let matrix):
      var result = [Double](repeating: 0, count: vector.count)
      var output = result.mutableSpan
      let inverse = 1 / scale
      // Where the square of the scale is far from the ends of the range it moves to the vector.
      let ordinaryExponents = -200...200
      let heldCount = vector.reduce(0) { $0 + ($1 == 0 ? 0 : 1) }
      if 2 * heldCount > vector.count && ordinaryExponents.contains(Int(scale.exponent)) {
        let scaled = vector.map { $0 * inverse * inverse }
        do throws(NumericsError) {
          try Kernels.multiply(matrix, scaled.span, into: &output)
          return result
        } catch {
          // The counts differ: the sum below goes over what there is.
        }
      }
      for j in vector.indices where vector[j] != 0 {
        let column = matrix.column(j)
        let factor = vector[j]
        for i in column.indices { output[i] += column[i] * inverse * inverse * factor }
      }
      return result
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
