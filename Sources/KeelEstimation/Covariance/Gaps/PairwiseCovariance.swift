// Goals in order: an asset more changes no number of the others, O(TN²) by products of matrices.
//
// With zeros in the place of gaps and a matrix M of ones where there is a return, all sums over common rows are elements
// of X'X, X'M and M'M.

public import KeelData
import KeelLinearAlgebra
import KeelNumerics

/// The covariance of returns with gaps, every pair of assets from the rows that both have.
///
/// No return is lost and none is made up, but the elements come from different samples: the matrix need not be positive
/// semidefinite. Then it is repaired, if wanted, and `CovarianceDiagnostics.repairNorm` says by how much. Before the repair an
/// asset more changes no number of the others by more than 1e-12 of the largest one.
public struct PairwiseCovariance: Hashable, Sendable {
  /// How rows are weighed.
  @nonexhaustive
  public enum Weighting: Hashable, Sendable {
    /// All alike, about the means over the common rows, with the divisor n − 1.
    case equal

    /// With exponential weights by age, about zero, over the sum of the weights of the common rows: an asset that came
    /// late has no bias toward zero.
    case exponential(halfLife: Double)
  }

  /// What is done about negative eigenvalues.
  @nonexhaustive
  public enum Repair: Hashable, Sendable {
    /// Nothing: the covariance is unproved, and a correlation beyond one is an error.
    case none

    /// The correlations become the nearest possible ones, with this least eigenvalue.
    case nearestCorrelation(leastEigenvalue: Double)
  }

  /// How rows are weighed.
  public var weighting: Weighting

  /// The least number of rows that two assets have in common, the warm-up of a new asset; at least 2.
  public var minimumCommonCount: Int

  /// What is done about negative eigenvalues.
  public var repair: Repair

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - weighting: How rows are weighed.
  ///   - minimumCommonCount: The least number of rows that two assets have in common; at least 2.
  ///   - repair: What is done about negative eigenvalues.
  public init(
    weighting: Weighting = .equal,
    minimumCommonCount: Int = 20,
    repair: Repair = .nearestCorrelation(leastEigenvalue: 1e-8)
  ) {
    self.weighting = weighting
    self.minimumCommonCount = minimumCommonCount
    self.repair = repair
  }

  /// Estimates the covariance.
  ///
  /// - Parameter returns: T × N returns with gaps.
  /// - Returns: The covariance, per period, with the norm of the repair, zero where none was needed.
  /// - Throws: `EstimationError.tooFewCommonObservations` with the two assets, `EstimationError.invalidValue` for the
  ///   settings, `EstimationError.zeroVariance` where a repair needs correlations,
  ///   `EstimationError.impossibleCorrelation` where no repair is wanted, `EstimationError.notRepresentable`.
  /// - Complexity: O(TN²), and O(N³) for a repair.
  public func covariance(
    from returns: IncompleteReturns
  ) throws(EstimationError) -> Covariance {
    guard minimumCommonCount >= 2 else {
      throw .invalidValue(
        argument: "minimumCommonCount", got: Double(minimumCommonCount), lowest: 2,
        highest: .greatestFiniteMagnitude)
    }
    var nearest = NearestCorrelation()
    if case .nearestCorrelation(let least) = repair { nearest.leastEigenvalue = least }
    try nearest.requireSettings()
    let data = try GapMatrix(returns)
    try requireCommonRows(data)
    let matrix =
      switch weighting {
      case .equal: try Self.equal(data)
      case .exponential(let halfLife): try Self.exponential(data, halfLife)
      }
    let isSemidefinite = try matrix.isSemidefinite()
    var diagnostics = CovarianceDiagnostics(repairNorm: 0, observationCount: data.rowCount)
    do throws(LinearAlgebraError) {
      let values = try SymmetricEigen.values(of: matrix)
      diagnostics.leastEigenvalue = (values.first ?? 0) / data.scale / data.scale
    } catch {
      throw EstimationError(error)
    }
    if isSemidefinite { return try data.covariance(matrix, isSemidefinite: true, diagnostics) }
    if repair == .none {
      try Self.requirePossible(matrix, data)
      return try data.covariance(matrix, isSemidefinite: false, diagnostics)
    }
    let repaired = try nearest.repaired(matrix) { position in
      .zeroVariance(asset: data.asset(position), column: data.order[position])
    }
    diagnostics.repairNorm = (repaired?.norm ?? 0) / data.scale / data.scale
    return try data.covariance(repaired?.matrix ?? matrix, isSemidefinite: true, diagnostics)
  }

  /// Checks that no correlation is beyond one: the variances can come from quieter rows than a covariance.
  private static func requirePossible(
    _ matrix: SymmetricMatrix,
    _ data: GapMatrix
  ) throws(EstimationError) {
    for j in 0..<matrix.order {
      for i in (j + 1)..<max(matrix.order, j + 1) {
        let limit = (matrix[i, i] * matrix[j, j]).squareRoot()
        if matrix[i, j].magnitude > limit * (1 + Covariance.correlationTolerance) {
          throw .impossibleCorrelation(
            left: data.asset(j), right: data.asset(i),
            got: limit > 0 ? matrix[i, j] / limit : .infinity)
        }
      }
    }
  }

  private func requireCommonRows(_ data: GapMatrix) throws(EstimationError) {
    var marks = data.presence
    if case .exponential(let halfLife) = weighting {
      // Rows that weights have forgotten are nothing in common.
      let remembered = try ExponentialWeights(halfLife: halfLife, count: data.rowCount).values.count
      for i in 0..<(data.rowCount - remembered) {
        for j in 0..<data.columnCount { marks[i, j] = 0 }
      }
    }
    let counts: SymmetricMatrix
    do throws(LinearAlgebraError) {
      counts = try marks.gram()
    } catch {
      throw EstimationError(error)
    }
    for j in 0..<data.columnCount {
      for i in j..<data.columnCount where counts[i, j] < Double(minimumCommonCount) {
        throw .tooFewCommonObservations(
          left: data.asset(j), right: data.asset(i), got: Int(counts[i, j]),
          required: minimumCommonCount)
      }
    }
  }

  private static func equal(_ data: GapMatrix) throws(EstimationError) -> SymmetricMatrix {
    let n = data.columnCount
    var centered = data.values
    for j in 0..<n {
      let mean = data.mean(j)
      for i in 0..<data.rowCount {
        centered[i, j] = data.presence[i, j] == 1 ? centered[i, j] - mean : 0
      }
    }
    do throws(LinearAlgebraError) {
      let products = try centered.gram()
      let sums = try centered.transposed * data.presence
      let counts = try data.presence.gram()
      var result = products
      for j in 0..<n {
        for i in j..<n {
          let count = counts[i, j]
          result[i, j] = (products[i, j] - sums[i, j] * sums[j, i] / count) / (count - 1)
        }
        // Rounding must not make a variance negative.
        result[j, j] = max(result[j, j], 0)
      }
      return result
    } catch {
      throw EstimationError(error)
    }
  }

  private static func exponential(
    _ data: GapMatrix,
    _ halfLife: Double
  ) throws(EstimationError) -> SymmetricMatrix {
    let n = data.columnCount
    let weights = try ExponentialWeights(halfLife: halfLife, count: data.rowCount)
    let start = data.rowCount - weights.values.count
    var (weighted, marks) = (data.values, data.presence)
    for i in 0..<data.rowCount {
      let root = i < start ? 0 : weights.values[i - start].squareRoot()
      for j in 0..<n {
        weighted[i, j] *= root
        marks[i, j] *= root
      }
    }
    do throws(LinearAlgebraError) {
      let products = try weighted.gram()
      let sums = try marks.gram()
      var result = products
      for j in 0..<n {
        for i in j..<n { result[i, j] = sums[i, j] > 0 ? products[i, j] / sums[i, j] : 0 }
      }
      return result
    } catch {
      throw EstimationError(error)
    }
  }
}
