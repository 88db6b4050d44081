import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport

/// Whether BLAS runs on one thread; reading it sets that up once for the whole test process.
let oneBLASThread: Bool = {
  do {
    try LinearAlgebra.configure(threads: 1)
    return true
  } catch { return false }
}()

/// A matrix of standard normal numbers.
func randomMatrix(
  _ rowCount: Int,
  _ columnCount: Int,
  using generator: inout SeededGenerator
) throws -> Matrix {
  let elements = (0..<(rowCount * columnCount)).map { _ in generator.gaussian() }
  return try Matrix(rowCount: rowCount, columnCount: columnCount, columnMajor: elements)
}

/// A symmetric matrix of standard normal numbers.
func randomSymmetric(
  order: Int,
  using generator: inout SeededGenerator
) throws -> SymmetricMatrix {
  var matrix = try SymmetricMatrix(order: order)
  for j in 0..<order {
    for i in j..<order { matrix[i, j] = generator.gaussian() }
  }
  return matrix
}

/// XᵀX / T for twice as many rows as columns, plus a hundredth of the identity.
func randomPositiveDefinite(
  order: Int,
  using generator: inout SeededGenerator
) throws -> SymmetricMatrix {
  let x = try randomMatrix(2 * order, order, using: &generator)
  var matrix = try SymmetricMatrix(order: order)
  for j in 0..<order {
    for i in j..<order {
      var sum = 0.0
      for t in 0..<(2 * order) { sum += x[t, i] * x[t, j] }
      matrix[i, j] = sum / Double(2 * order) + (i == j ? 0.01 : 0)
    }
  }
  return matrix
}

/// The largest column sum of magnitudes.
func norm(_ a: Matrix) -> Double {
  var largest = 0.0
  for j in 0..<a.columnCount {
    largest = max(largest, (0..<a.rowCount).reduce(0) { $0 + a[$1, j].magnitude })
  }
  return largest
}

/// The 1-norm of a difference.
func difference(_ a: Matrix, _ b: Matrix) -> Double {
  guard a.rowCount == b.rowCount, a.columnCount == b.columnCount else { return .infinity }
  var largest = 0.0
  for j in 0..<a.columnCount {
    largest = max(largest, (0..<a.rowCount).reduce(0) { $0 + (a[$1, j] - b[$1, j]).magnitude })
  }
  return largest
}

/// The product by the definition, without the library.
func naiveProduct(_ a: Matrix, _ b: Matrix) throws -> Matrix {
  var c = try Matrix(rowCount: a.rowCount, columnCount: b.columnCount)
  for j in 0..<b.columnCount {
    for i in 0..<a.rowCount {
      var sum = 0.0
      for k in 0..<a.columnCount { sum += a[i, k] * b[k, j] }
      c[i, j] = sum
    }
  }
  return c
}
