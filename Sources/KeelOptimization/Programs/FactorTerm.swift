import KeelLinearAlgebra
public import KeelNumerics

/// The quadratic term of a factor model.
///
/// ```text
/// P = B Ω B' + diag(d)
/// ```
///
/// Solvers work with the k columns of B Ω^(1/2) and never form the n × n matrix: an iteration costs
/// O(n k²).
public struct FactorTerm: Hashable, Sendable {
  package let lowRank: LowRankTerm

  init(lowRank: LowRankTerm) { self.lowRank = lowRank }

  /// How far below zero the factor covariance may be by rounding, relative to its largest element.
  private static let rounding = 1e-12

  /// Creates the term.
  ///
  /// - Parameters:
  ///   - loadings: The n × k matrix B of the exposures of n variables to k factors.
  ///   - factorCovariance: The k × k matrix Ω, positive semidefinite.
  ///   - specificVariances: The n numbers d, not negative.
  /// - Throws: ``OptimizationError`` for shapes and numbers that make no such term,
  ///   ``OptimizationError/notConvex(order:)`` when Ω is not positive semidefinite.
  /// - Complexity: O(n k² + k³).
  public init(
    loadings: Matrix,
    factorCovariance: SymmetricMatrix,
    specificVariances: [Double]
  ) throws(OptimizationError) {
    let n = specificVariances.count
    let k = factorCovariance.order
    for (argument, got, required) in [
      ("loadings rows", loadings.rowCount, n), ("loadings columns", loadings.columnCount, k),
    ] where got != required {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
    if let place = loadings.firstNonFiniteElement {
      throw .invalidValue(
        argument: "loadings", index: place.row, got: loadings[place.row, place.column],
        allowed: .finite)
    }
    if let place = factorCovariance.firstNonFiniteElement {
      throw .invalidValue(
        argument: "factorCovariance", index: place.row,
        got: factorCovariance[place.row, place.column], allowed: .finite)
    }
    for (i, value) in specificVariances.enumerated() where !(value >= 0 && value.isFinite) {
      throw .invalidValue(
        argument: "specificVariances", index: i, got: value, allowed: .nonnegative)
    }
    lowRank = LowRankTerm(
      root: try Self.root(loadings, factorCovariance), diagonal: specificVariances)
  }

  /// B times a square root of Ω.
  private static func root(
    _ loadings: Matrix,
    _ covariance: SymmetricMatrix
  ) throws(OptimizationError) -> Matrix {
    do throws(LinearAlgebraError) {
      let factor = try PivotedCholesky(covariance)
      let largest = covariance.diagonal.reduce(0) { max($0, $1.magnitude) }
      let isSemidefinite =
        factor.leastResidual >= -rounding * largest && covariance.diagonal.allSatisfy { $0 >= 0 }
      if isSemidefinite {
        var square = try Matrix(zeroRows: covariance.order, columns: factor.lower.columnCount)
        for j in 0..<factor.lower.columnCount {
          for (i, row) in factor.pivots.enumerated() { square[row, j] = factor.lower[i, j] }
        }
        return try loadings * square
      }
    } catch {
      throw .invalidValue(argument: "factorCovariance", index: 0, got: .nan, allowed: .finite)
    }
    throw .notConvex(order: covariance.order)
  }
}

extension Matrix {
  /// A matrix of zeros, of a size that is known to be possible.
  fileprivate init(zeroRows: Int, columns: Int) throws(LinearAlgebraError) {
    self.init(
      uncheckedRowCount: zeroRows, columnCount: columns,
      storage: [Double](repeating: 0, count: zeroRows * columns))
  }
}
