// Goals: (1) right-hand sides solved to rounding; (2) an answer for systems that are singular because
// active rows depend on each other or because no risk tells assets apart.
//
// The system [P_FF A_F'; A_F 0] is scaled to a unit diagonal and unit rows, and inverted through its
// eigenvalues; those of rounding size are left out, which gives the solution of least norm.

import KeelLinearAlgebra
import KeelNumerics

/// The optimality system of the free assets under the active rows.
struct ActiveSystem {
  /// The free assets.
  let free: [Int]
  private let matrix: SymmetricMatrix
  private let scale: [Double]
  private let inverse: SymmetricEigen
  private let reciprocals: [Double]

  /// Eigenvalues of the scaled system below this, relative to the largest, are rounding.
  private static let rankTolerance = 1e-12

  /// Creates the system; nil where it has no eigenvalues in double precision.
  ///
  /// - Parameters:
  ///   - free: The free assets.
  ///   - quadratic: The matrix P of all assets.
  ///   - rows: The coefficients of the active rows for all assets.
  init?(free: [Int], quadratic: SymmetricMatrix, rows: [[Double]]) {
    self.free = free
    let (k, order) = (free.count, free.count + rows.count)
    let largest = free.reduce(0) { max($0, quadratic[$1, $1]) }
    let scale = [Double](capacity: order) { output in
      for i in free {
        let variance = quadratic[i, i] > 0 ? quadratic[i, i] : largest > 0 ? largest : 1
        output.append(1 / variance.squareRoot())
      }
      for row in rows {
        var size = 0.0
        for (p, i) in free.enumerated() {
          let value = row[i] * output.span[p]
          size += value * value
        }
        output.append(size > 0 ? 1 / size.squareRoot() : 0)
      }
    }
    self.scale = scale
    do throws(NumericsError) {
      var matrix = try SymmetricMatrix(order: order)
      for p in 0..<k {
        for q in 0...p {
          matrix[p, q] = quadratic[free[p], free[q]] * scale[p] * scale[q]
        }
        for (r, row) in rows.enumerated() {
          matrix[k + r, p] = row[free[p]] * scale[p] * scale[k + r]
        }
      }
      self.matrix = matrix
    } catch {
      return nil
    }
    do throws(LinearAlgebraError) {
      inverse = try SymmetricEigen(matrix)
    } catch {
      return nil
    }
    let most = inverse.values.reduce(0) { max($0, $1.magnitude) }
    reciprocals = inverse.values.map {
      $0.magnitude > Self.rankTolerance * most ? 1 / $0 : 0
    }
  }

  /// The solution of least norm for a right-hand side: free assets first, then rows.
  func solution(_ right: [Double]) -> [Double] {
    let scaled = zip(right, scale).map { $0 * $1 }
    var solution = inverted(scaled)
    let refinements = 2
    for _ in 0..<refinements {
      let product = product(solution)
      let missing = zip(scaled, product).map { $0 - $1 }
      for (p, value) in inverted(missing).enumerated() { solution[p] += value }
    }
    return zip(solution, scale).map { $0 * $1 }
  }

  private func inverted(_ right: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: right.count)
    for j in right.indices where reciprocals[j] != 0 {
      let column = inverse.vectors.column(j)
      var share = 0.0
      for i in 0..<column.count { share += column[i] * right[i] }
      share *= reciprocals[j]
      for i in 0..<column.count { result[i] += column[i] * share }
    }
    return result
  }

  private func product(_ vector: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: vector.count)
    for j in vector.indices where vector[j] != 0 {
      let column = matrix.column(j)
      for i in 0..<column.count { result[i] += column[i] * vector[j] }
    }
    return result
  }
}
