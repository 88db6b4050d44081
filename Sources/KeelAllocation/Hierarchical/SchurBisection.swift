// Goals: (1) γ = 1 with budgets solves Σ x = b, as accurately as the condition allows; (2) no weights rather than wrong ones where
// a block is not positive definite; (3) the triangles and products of BLAS.
//
// Cotton, arXiv 2411.05807 (2024). The covariance form, with its matrix M that spreads ones over a half of another size, is that of
// skfolio 1.12.2.

import KeelLinearAlgebra
import KeelNumerics

/// The weights of Schur complementary allocation over an ordered list of assets.
struct SchurBisection {
  private let covariance: SymmetricMatrix
  private let augmentation: SchurComplementary.Augmentation

  /// Takes the columns of the covariance in the order in which they are halved, times a power of two.
  init(
    _ covariance: SymmetricMatrix,
    at places: [Int],
    _ augmentation: SchurComplementary.Augmentation
  ) {
    self.augmentation = augmentation
    var ordered = covariance.submatrix(at: places)
    let largest = covariance.diagonal.reduce(0, max)
    let plain = ordered
    // Larger powers of two are infinite.
    let exponent = min(-largest.exponent, 1023)
    ordered.copyElements(of: plain, times: Double(sign: .plus, exponent: exponent, significand: 1))
    self.covariance = ordered
  }

  /// The variance of weights, in the unit of the scaled covariance.
  func variance(_ weights: [Double]) -> Double { Self.form(covariance, weights) }

  /// The weights, in the order of the list, or nil where a block is not positive definite.
  func weights(gamma: Double) -> [Double]? {
    do throws(LinearAlgebraError) {
      var weights = [Double](repeating: 1, count: covariance.order)
      switch augmentation {
      case .covariance: try share(covariance, 1, at: 0, gamma, into: &weights)
      case .budget:
        weights = try direction(covariance, weights, gamma)
        let total = weights.reduce(0, +)
        for i in weights.indices { weights[i] /= total }
      }
      return weights.allSatisfy { $0.isFinite } ? weights : nil
    } catch {
      return nil
    }
  }

  /// Gives a cluster its weight.
  private func share(
    _ cluster: SymmetricMatrix,
    _ weight: Double,
    at start: Int,
    _ gamma: Double,
    into weights: inout [Double]
  ) throws(LinearAlgebraError) {
    if cluster.order == 1 {
      weights[start] = weight
      return
    }
    var halves = Halves(cluster)
    if halves.left.order > 1 { try halves.augment(gamma) }
    let (left, right) = (Self.naiveVariance(halves.left), Self.naiveVariance(halves.right))
    let part = right / (left + right)
    try share(halves.left, weight * part, at: start, gamma, into: &weights)
    try share(
      halves.right, weight * (left / (left + right)), at: start + halves.left.order, gamma,
      into: &weights)
  }

  /// The variance of the inverse-variance portfolio.
  private static func naiveVariance(_ matrix: SymmetricMatrix) -> Double {
    let inverse = matrix.diagonal.map { 1 / $0 }
    let total = inverse.reduce(0, +)
    return form(matrix, inverse.map { $0 / total })
  }

  private static func form(_ matrix: SymmetricMatrix, _ x: [Double]) -> Double {
    var sum = 0.0
    for j in x.indices {
      let column = matrix.column(j)
      var product = 0.0
      for i in x.indices { product += column[i] * x[i] }
      sum += x[j] * product
    }
    return sum
  }

  /// What stands for Σ⁻¹b of a cluster: the portfolios of its halves, with b'x = 1 / variance of the portfolio that weighs it.
  private func direction(
    _ cluster: SymmetricMatrix,
    _ budget: [Double],
    _ gamma: Double
  ) throws(LinearAlgebraError) -> [Double] {
    if cluster.order == 1 { return [budget[0] / cluster[0, 0]] }
    if budget.allSatisfy({ $0 == 0 }) { return budget }
    let halves = Halves(cluster)
    let (left, right) = try halves.complements(budget, gamma)
    var result = try direction(left.matrix, left.budget, gamma)
    result += try direction(right.matrix, right.budget, gamma)
    let size = try weight(cluster, budget, gamma)
    let scale = size / zip(result, budget).reduce(0) { $0 + $1.0 * $1.1 }
    guard scale > 0 else { throw .notPositiveDefinite(minorOrder: cluster.order) }
    return result.map { $0 * scale }
  }

  /// One over the variance of the portfolio (diag + γ (Σ − diag))⁻¹ b with b'x = 1.
  private func weight(
    _ cluster: SymmetricMatrix,
    _ budget: [Double],
    _ gamma: Double
  ) throws(LinearAlgebraError) -> Double {
    var damped = cluster
    damped.copyElements(of: cluster, times: gamma)
    for i in 0..<cluster.order { damped[i, i] = cluster[i, i] }
    let portfolio = try Cholesky(damped).solve(budget)
    let sum = zip(portfolio, budget).reduce(0) { $0 + $1.0 * $1.1 }
    return sum * (sum / Self.form(cluster, portfolio))
  }
}

/// The blocks A, B and D of a covariance whose list of assets is halved.
private struct Halves {
  private(set) var left: SymmetricMatrix
  private(set) var right: SymmetricMatrix
  private let across: Matrix

  init(_ matrix: SymmetricMatrix) {
    let n = matrix.order
    let middle = n / 2
    left = matrix.submatrix(at: Array(0..<middle))
    right = matrix.submatrix(at: Array(middle..<n))
    across = Matrix(
      uncheckedRowCount: middle, columnCount: n - middle,
      storage: [Double](capacity: middle * (n - middle)) { output in
        for j in middle..<n {
          let column = matrix.column(j)
          for i in 0..<middle { output.append(column[i]) }
        }
      })
  }

  private var transposed: Matrix {
    Matrix(
      uncheckedRowCount: across.columnCount, columnCount: across.rowCount,
      storage: (0..<across.rowCount).flatMap { across.row($0) })
  }

  /// Subtracts from both halves, and from their parts of a budget, what the other half hedges.
  func complements(
    _ budget: [Double],
    _ gamma: Double
  ) throws(LinearAlgebraError) -> (
    left: (matrix: SymmetricMatrix, budget: [Double]),
    right: (matrix: SymmetricMatrix, budget: [Double])
  ) {
    let (a, d) = (Array(budget.prefix(left.order)), Array(budget.dropFirst(left.order)))
    let (first, second) = (try Cholesky(left), try Cholesky(right))
    let b = transposed
    let hedged = try across.times(try second.solve(d))
    let other = try b.times(try first.solve(a))
    return (
      (
        Self.symmetric(try Self.complement(left, across, try second.solve(b), gamma)),
        zip(a, hedged).map { $0 - gamma * $1 }
      ),
      (
        Self.symmetric(try Self.complement(right, b, try first.solve(across), gamma)),
        zip(d, other).map { $0 - gamma * $1 }
      )
    )
  }

  /// Replaces both halves by R⁻¹(A − γ B D⁻¹ Bᵀ), made symmetric, with R = 1 − γ (M D⁻¹ Bᵀ)ᵀ.
  mutating func augment(_ gamma: Double) throws(LinearAlgebraError) {
    let (first, second) = (try Cholesky(left), try Cholesky(right))
    let b = transposed
    let a = try Self.augmented(left, across, try second.solve(b), gamma)
    let d = try Self.augmented(right, b, try first.solve(across), gamma)
    _ = (try Cholesky(a), try Cholesky(d))
    (left, right) = (a, d)
  }

  /// A − γ B X.
  private static func complement(
    _ a: SymmetricMatrix,
    _ b: Matrix,
    _ x: Matrix,
    _ gamma: Double
  ) throws(LinearAlgebraError) -> Matrix {
    var result = a.matrix
    try result.setToProduct(b, .none, x, .none, scale: -gamma, keeping: 1)
    return result
  }

  private static func augmented(
    _ a: SymmetricMatrix,
    _ b: Matrix,
    _ x: Matrix,
    _ gamma: Double
  ) throws(LinearAlgebraError) -> SymmetricMatrix {
    let n = a.order
    let rest = spread(x)
    var storage = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      for i in 0..<n { storage[i + j * n] = (i == j ? 1 : 0) - gamma * rest[j, i] }
    }
    let r = Matrix(uncheckedRowCount: n, columnCount: n, storage: storage)
    return symmetric(try LU(r).solve(try complement(a, b, x, gamma)))
  }

  /// The product M X of n + 1, n or n − 1 rows X to n rows; the rows of M add to one.
  ///
  /// M is the mean, over all places, of the identity with a row of equal shares inserted at the place; the other way its transpose,
  /// with rows that add to one again.
  private static func spread(_ x: Matrix) -> Matrix {
    let (k, n) = (x.rowCount, x.columnCount)
    if k == n { return x }
    let (own, other) = (Double(n), Double(k))
    return Matrix(
      uncheckedRowCount: n, columnCount: n,
      storage: [Double](capacity: n * n) { output in
        for j in 0..<n {
          let column = x.column(j)
          var sum = 0.0
          for i in 0..<k { sum += column[i] }
          for i in 0..<n {
            if k < n {
              let rows =
                Double(n - 1 - i) * (i < k ? column[i] : 0)
                + Double(i) * (i > 0 ? column[i - 1] : 0)
              output.append((rows + sum / other) / own)
            } else {
              let rows = Double(k - 1 - i) * column[i] + Double(i + 1) * column[i + 1]
              output.append((rows + sum / own) * own / (other * other))
            }
          }
        }
      })
  }

  private static func symmetric(_ matrix: Matrix) -> SymmetricMatrix {
    let n = matrix.rowCount
    var elements = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      for i in j..<n { elements[i + j * n] = (matrix[i, j] + matrix[j, i]) / 2 }
    }
    return SymmetricMatrix(lowerTriangleOf: elements, order: n)
  }
}
