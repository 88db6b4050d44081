import KeelLinearAlgebra
import KeelNumerics

/// Products of a symmetric matrix and a vector, summed column after column.
enum SymmetricKernel {
  /// The product A x. The count of `x` is the order of A.
  static func product(_ matrix: SymmetricMatrix, _ x: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: matrix.order)
    var output = result.mutableSpan
    for j in 0..<matrix.order where x[j] != 0 {
      let column = matrix.column(j)
      let factor = x[j]
      for i in 0..<column.count { output[i] += column[i] * factor }
    }
    return result
  }

  /// The product |A| |x|.
  static func absoluteProduct(_ matrix: SymmetricMatrix, _ x: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: matrix.order)
    var output = result.mutableSpan
    for j in 0..<matrix.order where x[j] != 0 {
      let column = matrix.column(j)
      let factor = x[j].magnitude
      for i in 0..<column.count { output[i] += column[i].magnitude * factor }
    }
    return result
  }
}

/// A Cholesky factorization of a matrix that is given by its lower triangle, for small systems.
struct DenseCholesky {
  private(set) var order = 0
  private var lower: [Double] = []

  /// Factors a matrix.
  ///
  /// - Parameters:
  ///   - elements: order × order numbers, column after column; only the lower triangle is read.
  ///   - order: The number of rows.
  /// - Returns: False when a pivot is not positive.
  mutating func factor(_ elements: consuming [Double], order: Int) -> Bool {
    self.order = order
    lower = elements
    let n = order
    var a = lower.mutableSpan
    for j in 0..<n {
      for k in 0..<j {
        let factor = a[j &+ k &* n]
        if factor == 0 { continue }
        for i in j..<n { a[i &+ j &* n] -= a[i &+ k &* n] * factor }
      }
      let pivot = a[j &+ j &* n]
      guard pivot > 0, pivot.isFinite else { return false }
      let root = pivot.squareRoot()
      for i in j..<n { a[i &+ j &* n] /= root }
    }
    return true
  }

  /// Solves for one right-hand side in place.
  func solve(_ b: inout [Double]) {
    let n = order
    let a = lower.span
    var x = b.mutableSpan
    for j in 0..<n {
      x[j] /= a[j &+ j &* n]
      let value = x[j]
      if value == 0 { continue }
      for i in (j &+ 1)..<max(n, j &+ 1) { x[i] -= a[i &+ j &* n] * value }
    }
    for j in stride(from: n - 1, through: 0, by: -1) {
      var sum = x[j]
      for i in (j &+ 1)..<max(n, j &+ 1) { sum -= a[i &+ j &* n] * x[i] }
      x[j] = sum / a[j &+ j &* n]
    }
  }
}
