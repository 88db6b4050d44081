public import KeelNumerics

extension LevenbergMarquardt {
  /// Returns the covariance of the parameters of the last fit.
  ///
  /// ```text
  /// C = s² (JᵀJ)⁻¹,  s² = Σ r² / (m − n)
  /// ```
  ///
  /// J and n are those of the parameters inside their bounds; rows and columns of the others are
  /// zero. Computed from the triangle of J, whose columns are scaled to length one: the relative
  /// error is about the condition number of that matrix times the rounding unit.
  ///
  /// - Parameter variance: The variance of one residual; nil for s² as above.
  /// - Returns: A matrix of order n.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)`` with the rank of the
  ///   Jacobian when columns depend on each other, or with the number of residuals when there are no
  ///   more of them than parameters and no variance is given.
  /// - Complexity: O(m n² + n³); it allocates.
  public mutating func covariance(
    residualVariance variance: Double? = nil
  ) throws(OptimizationError) -> SymmetricMatrix {
    let inside = (0..<parameterCount).filter { bound(of: $0) == .inside }
    let n = inside.count
    let rank = reduceInside()
    guard rank == n else {
      throw .shapeMismatch(argument: "independent columns", got: rank, required: n)
    }
    guard variance != nil || residualCount > n else {
      throw .shapeMismatch(argument: "residuals", got: residualCount, required: n + 1)
    }
    let freedom = Double(residualCount - n)
    let square = variance ?? 2 * cost / freedom
    let inverse = invertedTriangle(order: n)
    var result = SymmetricMatrix(
      lowerTriangleOf: [Double](repeating: 0, count: parameterCount * parameterCount),
      order: parameterCount)
    for a in 0..<n {
      let i = inside[reduction.pivots[a]]
      for b in 0...a {
        let j = inside[reduction.pivots[b]]
        // The rows of the inverse triangle: C = R⁻¹ R⁻ᵀ.
        var sum = 0.0
        for k in a..<n { sum += inverse[a + k * n] * inverse[b + k * n] }
        let unit = square.squareRoot()
        result[i, j] = (unit / columnLengths[i]) * (unit / columnLengths[j]) * sum
      }
    }
    return result
  }

  /// R⁻¹, column after column.
  private func invertedTriangle(order n: Int) -> [Double] {
    let m = residualCount
    var inverse = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      inverse[j + j * n] = 1 / reduction.elements[j + j * m]
      for i in stride(from: j - 1, through: 0, by: -1) {
        var sum = 0.0
        for k in i + 1...j { sum += reduction.elements[i + k * m] * inverse[k + j * n] }
        inverse[i + j * n] = -sum / reduction.elements[i + i * m]
      }
    }
    return inverse
  }
}
