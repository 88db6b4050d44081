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
  /// The first halves, most of the work that all γ share; nil where they have no inverse.
  private let first: Halves?

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
    first = places.count > 1 ? try? Halves(ordered) : nil
  }

  /// The variance of weights, in the unit of the scaled covariance.
  func variance(_ weights: [Double]) -> Double { Self.form(covariance, weights) }

  /// The weights, in the order of the list, or nil where a block is not positive definite.
  func weights(gamma: Double) -> [Double]? {
    do throws(LinearAlgebraError) {
      var weights = [Double](repeating: 1, count: covariance.order)
      switch augmentation {
      case .covariance: try share(covariance, first, 1, at: 0, gamma, into: &weights)
      case .budget:
        weights = try direction(covariance, first, weights, gamma)
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
    _ known: Halves?,
    _ weight: Double,
    at start: Int,
    _ gamma: Double,
    into weights: inout [Double]
  ) throws(LinearAlgebraError) {
    if cluster.order == 1 {
      weights[start] = weight
      return
    }
    let middle = cluster.order / 2
    let left: SymmetricMatrix
    let right: SymmetricMatrix
    if middle > 1 {
      let halves = try Halves(cluster, known)
      (left, right) = (try halves.left.augmented(gamma), try halves.right.augmented(gamma))
    } else {
      left = cluster.submatrix(at: [0])
      right = cluster.submatrix(at: Array(1..<cluster.order))
    }
    let variances = (Self.naiveVariance(left), Self.naiveVariance(right))
    let total = variances.0 + variances.1
    try share(left, nil, weight * (variances.1 / total), at: start, gamma, into: &weights)
    try share(
      right, nil, weight * (variances.0 / total), at: start + middle, gamma, into: &weights)
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
    _ known: Halves?,
    _ budget: [Double],
    _ gamma: Double
  ) throws(LinearAlgebraError) -> [Double] {
    if cluster.order == 1 { return [budget[0] / cluster[0, 0]] }
    if budget.allSatisfy({ $0 == 0 }) { return budget }
    let halves = try Halves(cluster, known)
    let (a, d) = (Array(budget.prefix(cluster.order / 2)), budget.dropFirst(cluster.order / 2))
    var result = try direction(
      halves.left.complement(gamma), nil, halves.left.budget(a, Array(d), gamma), gamma)
    result += try direction(
      halves.right.complement(gamma), nil, halves.right.budget(Array(d), a, gamma), gamma)
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

/// A covariance whose list of assets is halved.
private struct Halves {
  let left: Half
  let right: Half

  /// Takes what is known of a matrix, or finds it.
  init(_ matrix: SymmetricMatrix, _ known: Halves? = nil) throws(LinearAlgebraError) {
    if let known {
      self = known
      return
    }
    let n = matrix.order
    let middle = n / 2
    let a = matrix.submatrix(at: Array(0..<middle))
    let d = matrix.submatrix(at: Array(middle..<n))
    let b = Self.block(matrix, 0..<middle, middle..<n)
    let transposed = Self.block(matrix, middle..<n, 0..<middle)
    left = try Half(a, b, hedge: Cholesky(d).solve(transposed))
    right = try Half(d, transposed, hedge: Cholesky(a).solve(b))
  }

  private static func block(
    _ matrix: SymmetricMatrix,
    _ rows: Range<Int>,
    _ columns: Range<Int>
  ) -> Matrix {
    Matrix(
      uncheckedRowCount: rows.count, columnCount: columns.count,
      storage: [Double](capacity: rows.count * columns.count) { output in
        for j in columns {
          let column = matrix.column(j)
          for i in rows { output.append(column[i]) }
        }
      })
  }
}

/// One half with the covariance A, and what the other one, D, hedges of it.
private struct Half {
  private let own: SymmetricMatrix
  /// X = D⁻¹Bᵀ.
  private let hedge: Matrix
  /// B X.
  private let hedged: Matrix

  init(_ own: SymmetricMatrix, _ across: Matrix, hedge: Matrix) throws(LinearAlgebraError) {
    self.own = own
    self.hedge = hedge
    hedged = try across * hedge
  }

  /// A − γ B D⁻¹ Bᵀ.
  func complement(_ gamma: Double) -> SymmetricMatrix {
    let n = own.order
    let elements = [Double](capacity: n * n) { output in
      for j in 0..<n {
        let (column, hedges) = (own.column(j), hedged.column(j))
        for _ in 0..<j { output.append(0) }
        for i in j..<n { output.append(column[i] - gamma * hedges[i]) }
      }
    }
    return SymmetricMatrix(lowerTriangleOf: elements, order: n)
  }

  /// a − γ B D⁻¹ d, for budgets of this half and the other one.
  func budget(_ a: [Double], _ d: [Double], _ gamma: Double) throws(LinearAlgebraError) -> [Double]
  {
    zip(a, try hedge.transposedTimes(d)).map { $0 - gamma * $1 }
  }

  /// R⁻¹(A − γ B D⁻¹ Bᵀ), made symmetric, with R = 1 − γ (M D⁻¹ Bᵀ)ᵀ; it is positive definite.
  func augmented(_ gamma: Double) throws(LinearAlgebraError) -> SymmetricMatrix {
    let n = own.order
    let rest = Self.spread(hedge)
    var storage = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      for i in 0..<n { storage[i + j * n] = (i == j ? 1 : 0) - gamma * rest[j, i] }
    }
    let r = Matrix(uncheckedRowCount: n, columnCount: n, storage: storage)
    let solved = try LU(r).solve(complement(gamma).matrix)
    for j in 0..<n {
      for i in j..<n { storage[i + j * n] = (solved[i, j] + solved[j, i]) / 2 }
    }
    let result = SymmetricMatrix(lowerTriangleOf: storage, order: n)
    _ = try Cholesky(result)
    return result
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
}
