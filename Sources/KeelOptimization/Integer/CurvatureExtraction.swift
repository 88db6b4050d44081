// Goals: (1) a diagonal D with P − D positive semidefinite, proved by a factorization; (2) a large
// one: what is in D, a bound can treat variable by variable.
//
// A. Frangioni and C. Gentile, SDP diagonalizations and perspective cuts, Operations Research Letters
// 35 (2007) 181-185, look for the best D by semidefinite programming. Here D = τ / diag(P⁻¹): in a
// factor model these are about the specific variances. τ is found by bisection.

import KeelLinearAlgebra
import KeelNumerics

/// Splits a quadratic term into a diagonal and a positive semidefinite rest.
struct CurvatureExtraction: Sendable {
  /// The diagonal D; zeros where none was found.
  let diagonal: [Double]

  /// What the rest may lack to be positive semidefinite, relative to the diagonal of P.
  let shortfall: Double

  /// The part of the largest τ that is taken: the rest stays well conditioned.
  static let part = 0.95

  /// Halvings of the interval of τ.
  private static let steps = 10

  /// The least τ, and the least element of D relative to P: below it, rounding of the proof counts.
  static let leastShare = 1e-6

  /// The growth of the shift that is tried next.
  private static let shiftGrowth = 10.0

  /// Another diagonal that is known to leave a semidefinite rest, in the place of one.
  init(proved diagonal: [Double], _ other: CurvatureExtraction) {
    self.diagonal = diagonal
    shortfall = other.shortfall
  }

  init(_ quadratic: QuadraticTerm) {
    switch quadratic.kernel {
    case .diagonal(let values):
      diagonal = values
      shortfall = 0
    case .lowRank(let term):
      diagonal = term.diagonal
      shortfall = 0
    case .dense(let matrix, let factor):
      if let extracted = Self.extracted(matrix) {
        diagonal = extracted.map { factor * $0 }
        shortfall = 0
      } else {
        diagonal = [Double](repeating: 0, count: matrix.order)
        shortfall = Self.shortfall(matrix)
      }
    }
  }

  /// The least shift of the diagonal with which P is seen to be positive semidefinite, with what
  /// rounding may hide from the factorization.
  private static func shortfall(_ matrix: SymmetricMatrix) -> Double {
    let n = Double(matrix.order)
    let hidden = n * (n + 1) * Double.ulpOfOne
    var factor = DefiniteFactor()
    var shift = max(hidden, Double.ulpOfOne)
    while shift < QuadraticSolver.convexityTolerance {
      if factor.factor(matrix, relativeShift: shift) { return shift + hidden }
      shift *= shiftGrowth
    }
    return QuadraticSolver.convexityTolerance + hidden
  }

  private static func extracted(_ matrix: SymmetricMatrix) -> [Double]? {
    let n = matrix.order
    guard n > 0 else { return nil }
    do throws(LinearAlgebraError) {
      let inverse = try Cholesky(matrix).inverse()
      var limits = [Double](repeating: 0, count: n)
      for i in 0..<n {
        limits[i] = 1 / inverse[i, i]
        guard limits[i] > leastShare * matrix[i, i], limits[i].isFinite else { return nil }
      }
      var solver = try CholeskySolver(order: n)
      // D = diag(P⁻¹)⁻¹ alone in one place is the limit, so that τ is between 0 and 1.
      var low = 0.0
      var high = 1.0
      for _ in 0..<steps {
        let middle = (low + high) / 2
        if isDefinite(matrix, minus: limits, times: middle, &solver) {
          low = middle
        } else {
          high = middle
        }
      }
      guard low > leastShare else { return nil }
      let result = limits.map { part * low * $0 }
      for i in 0..<n where result[i] < leastShare * matrix[i, i] { return nil }
      return result
    } catch {
      return nil
    }
  }

  private static func isDefinite(
    _ matrix: SymmetricMatrix,
    minus limits: [Double],
    times factor: Double,
    _ solver: inout CholeskySolver
  ) -> Bool {
    var rest = matrix
    for i in limits.indices { rest[i, i] = matrix[i, i] - factor * limits[i] }
    do throws(LinearAlgebraError) {
      try solver.factor(rest)
      return true
    } catch {
      return false
    }
  }
}
