// Goals: (1) a diagonal D with P − D positive semidefinite, proved by a factorization; (2) a large
// one: what is in D, a bound can treat variable by variable; (3) no allocation from the second matrix
// of an order on.
//
// A. Frangioni and C. Gentile, SDP diagonalizations and perspective cuts, Operations Research Letters
// 35 (2007) 181-185, look for the best D by semidefinite programming. Here D = τ / diag(P⁻¹): in a
// factor model these are about the specific variances. τ is found by bisection.

import KeelLinearAlgebra
import KeelNumerics

/// A quadratic term that is split into a diagonal and a positive semidefinite rest.
struct CurvatureExtraction: Sendable {
  /// The diagonal D; zeros where none was found.
  fileprivate(set) var diagonal: [Double] = []

  /// What the rest may lack to be positive semidefinite, relative to the diagonal of P.
  fileprivate(set) var shortfall = 0.0

  /// The part of the largest τ that is taken: the rest stays well conditioned.
  static let part = 0.95

  /// The least τ, and the least element of D relative to P: below it, rounding of the proof counts.
  static let leastShare = 1e-6

  /// Becomes a copy of another one, in its own memory.
  mutating func copyElements(of other: borrowing CurvatureExtraction) {
    diagonal.copyElements(of: other.diagonal)
    shortfall = other.shortfall
  }

  /// Goes over to another diagonal that is known to leave a semidefinite rest.
  mutating func replaceDiagonal(proved: [Double]) { diagonal.copyElements(of: proved) }
}

/// Splits quadratic terms of one order, in memory that is kept.
struct CurvatureExtractor: ~Copyable, Sendable {
  /// Halvings of the interval of τ.
  private static let steps = 10

  /// The growth of the shift that is tried next.
  private static let shiftGrowth = 10.0

  private var factor = WorkingCholesky()
  private var inverse: [Double] = []
  /// The largest elements that D may have one at a time.
  private var limits: [Double] = []

  /// Splits a term.
  mutating func split(_ quadratic: QuadraticTerm, into result: inout CurvatureExtraction) {
    result.shortfall = 0
    switch quadratic.kernel {
    case .diagonal(let values): result.diagonal.copyElements(of: values)
    case .lowRank(let term): result.diagonal.copyElements(of: term.diagonal)
    case .dense(let matrix, let multiple):
      result.diagonal.refill(matrix.order, with: 0)
      if let share = share(matrix) {
        for i in limits.indices { result.diagonal[i] = multiple * (share * limits[i]) }
      } else {
        result.shortfall = shortfall(matrix)
      }
    }
  }

  /// The least shift of the diagonal with which P is seen to be positive semidefinite, with what
  /// rounding may hide from the factorization.
  private mutating func shortfall(_ matrix: SymmetricMatrix) -> Double {
    let n = Double(matrix.order)
    let hidden = n * (n + 1) * Double.ulpOfOne
    var shift = max(hidden, Double.ulpOfOne)
    while shift < QuadraticSolver.convexityTolerance {
      if factor.factor(matrix, relativeShift: shift) { return shift + hidden }
      shift *= Self.shiftGrowth
    }
    return QuadraticSolver.convexityTolerance + hidden
  }

  /// Sets the limits, and finds the part of all of them that can be taken; nil for none.
  private mutating func share(_ matrix: SymmetricMatrix) -> Double? {
    let n = matrix.order
    limits.refill(n, with: 0)
    inverse.refill(n * n, with: 0)
    guard n > 0, isDefinite(matrix, minus: 0), factor.setInverse(&inverse) else { return nil }
    for i in 0..<n {
      limits[i] = 1 / inverse[i * (n + 1)]
      guard limits[i] > CurvatureExtraction.leastShare * matrix[i, i], limits[i].isFinite else {
        return nil
      }
    }
    // D = diag(P⁻¹)⁻¹ alone in one place is the limit, so that τ is between 0 and 1.
    var low = 0.0
    var high = 1.0
    for _ in 0..<Self.steps {
      let middle = (low + high) / 2
      if isDefinite(matrix, minus: middle) { low = middle } else { high = middle }
    }
    guard low > CurvatureExtraction.leastShare else { return nil }
    let share = CurvatureExtraction.part * low
    for i in 0..<n where share * limits[i] < CurvatureExtraction.leastShare * matrix[i, i] {
      return nil
    }
    return share
  }

  private mutating func isDefinite(_ matrix: SymmetricMatrix, minus multiple: Double) -> Bool {
    factor.factor(matrix.elements, order: matrix.order, minus: limits, times: multiple)
  }
}
