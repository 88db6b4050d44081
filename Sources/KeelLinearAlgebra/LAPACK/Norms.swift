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
}
