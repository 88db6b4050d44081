// Goals: (1) the units of the caller out of the way, also along chains of rows; (2) a few passes over
// the coefficients.
//
// Least-squares scaling of Curtis and Reid, IMA Journal of Applied Mathematics 10 (1972): minimize
// Σ (log₂|a| + ρ row + γ column)² over the coefficients, by conjugate gradients on the columns.

/// Factors of variables that make the coefficients of rows alike in size.
enum CurtisReidScaling {
  /// Conjugate-gradient steps at most: a chain of so many rows is still scaled exactly.
  private static let maximumSteps = 60

  /// Factors are rounded to powers of two, so that exponents need not be better than this.
  private static let exponentTolerance = 0.05

  /// Powers of two by which to multiply the columns; 1 for a variable in no row.
  static func columnFactors(of rows: [LinearRow], count: Int) -> [Double] {
    let logarithms = rows.map { row in
      row.coefficients.map { $0.isNormal ? Double($0.exponent) : 0 }
    }
    /// The columns' sums of (value − mean of its row).
    func centered(_ value: (_ row: Int, _ position: Int) -> Double) -> [Double] {
      var result = [Double](repeating: 0, count: count)
      for (k, row) in rows.enumerated() where !row.indices.isEmpty {
        var mean = 0.0
        for p in row.indices.indices { mean += value(k, p) }
        mean /= Double(row.indices.count)
        for (p, i) in row.indices.enumerated() { result[i] += value(k, p) - mean }
      }
      return result
    }
    var exponents = [Double](repeating: 0, count: count)
    var residual = centered { -logarithms[$0][$1] }
    var direction = residual
    var size = dot(residual, residual)
    for _ in 0..<maximumSteps where largestMagnitude(residual) > exponentTolerance {
      let image = centered { direction[rows[$0].indices[$1]] }
      let curvature = dot(direction, image)
      guard curvature > 0 else { break }
      let step = size / curvature
      for i in exponents.indices {
        exponents[i] += step * direction[i]
        residual[i] -= step * image[i]
      }
      let next = dot(residual, residual)
      for i in direction.indices { direction[i] = residual[i] + next / size * direction[i] }
      size = next
    }
    let limit = 900.0
    return exponents.map {
      Double(sign: .plus, exponent: Int(min(max($0, -limit), limit).rounded()), significand: 1)
    }
  }
}
