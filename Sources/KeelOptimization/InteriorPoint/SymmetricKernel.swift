package import KeelNumerics

/// Products of a symmetric matrix and a vector, summed column after column.
package enum SymmetricKernel {
  /// The product A x, where the count of `x` is the order of A.
  package static func product(_ matrix: SymmetricMatrix, _ x: [Double]) -> [Double] {
    var result: [Double] = []
    setProduct(&result, matrix, x)
    return result
  }

  /// result := A x, in the memory of the result.
  package static func setProduct(
    _ result: inout [Double],
    _ matrix: SymmetricMatrix,
    _ x: [Double]
  ) {
    result.refill(matrix.order, with: 0)
    var output = result.mutableSpan
    for j in 0..<matrix.order where x[j] != 0 {
      let column = matrix.column(j)
      let factor = x[j]
      for i in 0..<column.count { output[i] += column[i] * factor }
    }
  }

  /// The product |A| |x|.
  package static func absoluteProduct(_ matrix: SymmetricMatrix, _ x: [Double]) -> [Double] {
    var result: [Double] = []
    setAbsoluteProduct(&result, matrix, x)
    return result
  }

  /// result := |A| |x|, in the memory of the result.
  package static func setAbsoluteProduct(
    _ result: inout [Double],
    _ matrix: SymmetricMatrix,
    _ x: [Double]
  ) {
    result.refill(matrix.order, with: 0)
    var output = result.mutableSpan
    for j in 0..<matrix.order where x[j] != 0 {
      let column = matrix.column(j)
      let factor = x[j].magnitude
      for i in 0..<column.count { output[i] += column[i].magnitude * factor }
    }
  }
}
