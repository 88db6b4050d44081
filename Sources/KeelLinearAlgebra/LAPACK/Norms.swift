import KeelNumerics

// Norms of checked matrices, summed in a fixed order.
enum Norms {
  /// The 1-norm of a symmetric matrix: the largest sum of magnitudes in a column.
  static func one(_ matrix: borrowing SymmetricMatrix) -> Double {
    one(matrix.elements, rowCount: matrix.order)
  }

  /// The 1-norm of a matrix in column-major storage.
  static func one(_ elements: Span<Double>, rowCount: Int) -> Double {
    guard rowCount > 0 else { return 0 }
    var largest = 0.0
    var start = 0
    while start < elements.count {
      var sum = 0.0
      for i in start..<(start &+ rowCount) { sum += elements[i].magnitude }
      largest = Swift.max(largest, sum)
      start &+= rowCount
    }
    return largest
  }

  /// The Euclidean norm, scaled so that no square overflows or vanishes.
  static func euclidean(_ elements: Span<Double>) -> Double {
    var largest = 0.0
    for i in 0..<elements.count { largest = Swift.max(largest, elements[i].magnitude) }
    guard largest > 0 else { return 0 }
    let exponent = -Int(largest.exponent)
    var sum = 0.0
    for i in 0..<elements.count {
      let scaled = Double(sign: .plus, exponent: exponent, significand: elements[i])
      sum += scaled * scaled
    }
    return Double(sign: .plus, exponent: -exponent, significand: sum.squareRoot())
  }

  /// A lower bound of the 1-norm of L Lᵀ that is rarely more than three times too small.
  ///
  /// Hager's method: SIAM J. Sci. Stat. Comput. 5 (1984), in Higham's form.
  static func estimateOne(ofFactor factor: [Double], order: Int) -> Double {
    guard order > 0 else { return 0 }
    let largestStepCount = 5
    var x = [Double](repeating: 1 / Double(order), count: order)
    var estimate = 0.0
    for _ in 0..<largestStepCount {
      let y = timesFactorAndTranspose(factor, order, x)
      let norm = y.reduce(0) { $0 + $1.magnitude }
      if norm <= estimate { break }
      estimate = norm
      let z = timesFactorAndTranspose(factor, order, y.map { $0 < 0 ? -1 : 1 })
      var place = 0
      for i in 0..<order where z[i].magnitude > z[place].magnitude { place = i }
      var product = 0.0
      for i in 0..<order { product += z[i] * x[i] }
      if z[place].magnitude <= product { break }
      for i in 0..<order { x[i] = i == place ? 1 : 0 }
    }
    return estimate
  }

  /// L (Lᵀ x).
  private static func timesFactorAndTranspose(
    _ factor: [Double],
    _ order: Int,
    _ x: [Double]
  ) -> [Double] {
    var y = [Double](repeating: 0, count: order)
    for j in 0..<order {
      var sum = 0.0
      for i in j..<order { sum += factor[i &+ j &* order] * x[i] }
      for i in j..<order { y[i] += factor[i &+ j &* order] * sum }
    }
    return y
  }
}
