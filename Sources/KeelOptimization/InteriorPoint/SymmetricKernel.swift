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
    setProduct(&result, matrix.elements, order: matrix.order, x)
  }

  /// The same for elements, both triangles, column after column.
  static func setProduct(
    _ result: inout [Double],
    _ elements: Span<Double>,
    order: Int,
    _ x: [Double]
  ) {
    result.refill(order, with: 0)
    var output = result.mutableSpan
    for j in 0..<order where x[j] != 0 {
      let column = elements.extracting((j &* order)..<((j &+ 1) &* order))
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
    setAbsoluteProduct(&result, matrix.elements, order: matrix.order, x)
  }

  /// The same for elements, both triangles, column after column.
  static func setAbsoluteProduct(
    _ result: inout [Double],
    _ elements: Span<Double>,
    order: Int,
    _ x: [Double]
  ) {
    result.refill(order, with: 0)
    var output = result.mutableSpan
    for j in 0..<order where x[j] != 0 {
      let column = elements.extracting((j &* order)..<((j &+ 1) &* order))
      let factor = x[j].magnitude
      for i in 0..<column.count { output[i] += column[i].magnitude * factor }
    }
  }
}
