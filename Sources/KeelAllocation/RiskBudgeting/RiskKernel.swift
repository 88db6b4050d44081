import KeelNumerics

/// Products for risk figures.
enum RiskKernel {
  /// The product Σ w, summed column after column.
  static func product(_ matrix: SymmetricMatrix, _ weights: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: matrix.order)
    var output = result.mutableSpan
    for j in 0..<matrix.order where weights[j] != 0 {
      let column = matrix.column(j)
      let factor = weights[j]
      for i in 0..<column.count { output[i] += column[i] * factor }
    }
    return result
  }
}
