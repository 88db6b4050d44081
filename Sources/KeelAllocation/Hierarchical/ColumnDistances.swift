// Goals: (1) a relative error of some ulp, zero for equal columns, which the faster product of the
// matrix with itself does not give: it cancels where columns are close; (2) contiguous inner loops;
// (3) few passes over the matrix.

import KeelNumerics

/// The Euclidean distances between the columns of a symmetric matrix.
enum ColumnDistances {
  /// Columns of the result that are summed together, so that a pass over the matrix serves all.
  private static let blockSize = 8

  /// The matrix of `√(Σ_k (a(k, i) − a(k, j))²)`.
  static func matrix(_ matrix: SymmetricMatrix) -> SymmetricMatrix {
    let n = matrix.order
    var result = [Double](repeating: 0, count: n * n)
    var output = result.mutableSpan
    for start in stride(from: 0, to: n, by: blockSize) {
      let block = start..<min(start + blockSize, n)
      var k = 0
      // Four terms at a time: the inner loop is bound by loads and stores.
      while k + 4 <= n {
        for j in block { addFour(matrix, at: k, j, into: &output) }
        k += 4
      }
      while k < n {
        for j in block { add(matrix, at: k, j, into: &output) }
        k += 1
      }
    }
    for k in output.indices { output[k] = output[k].squareRoot() }
    return SymmetricMatrix(lowerTriangleOf: result, order: n)
  }

  /// Adds one term to column j of the sums; row k of the matrix is its column k.
  private static func add(
    _ matrix: SymmetricMatrix,
    at k: Int,
    _ j: Int,
    into output: inout MutableSpan<Double>
  ) {
    let n = matrix.order
    let column = matrix.column(k)
    let reference = column[j]
    for i in (j + 1)..<max(n, j + 1) {
      let difference = column[i] - reference
      output[i &+ j &* n] += difference * difference
    }
  }

  /// Adds the four terms from k on to column j of the sums.
  private static func addFour(
    _ matrix: SymmetricMatrix,
    at k: Int,
    _ j: Int,
    into output: inout MutableSpan<Double>
  ) {
    let n = matrix.order
    let a = matrix.column(k)
    let b = matrix.column(k + 1)
    let c = matrix.column(k + 2)
    let d = matrix.column(k + 3)
    let (u, v, w, x) = (a[j], b[j], c[j], d[j])
    for i in (j + 1)..<max(n, j + 1) {
      let (p, q, r, s) = (a[i] - u, b[i] - v, c[i] - w, d[i] - x)
      output[i &+ j &* n] += (p * p + q * q) + (r * r + s * s)
    }
  }
}
