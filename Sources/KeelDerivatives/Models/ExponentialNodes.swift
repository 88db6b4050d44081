import KeelNumerics

/// The nodes of a quadrature and their weights, padded by zeros to whole vectors.
struct ExponentialNodes {
  /// The lanes of the widest vector.
  static let lanes = 16

  /// How many sums are wanted.
  let columnCount: Int

  /// The real parts of the exponents' factors.
  let reals: [Double]

  /// The imaginary parts.
  let imaginaries: [Double]

  /// The real and imaginary parts of the weights of each column, then what bounds the errors of the
  /// first.
  let weights: [Double]

  /// Lays out nodes, given node by node as factor and weights.
  init(_ values: [Complex], errors: [Double], columnCount: Int) {
    let step = columnCount + 1
    let count = errors.count
    let padded = (count + Self.lanes - 1) / Self.lanes * Self.lanes
    var (x, y) = ([Double](repeating: 0, count: padded), [Double](repeating: 0, count: padded))
    var weights = [Double](repeating: 0, count: padded * (2 * columnCount + 1))
    for i in 0..<count {
      x[i] = values[i * step].real
      y[i] = values[i * step].imaginary
      for c in 0..<columnCount {
        weights[2 * c * padded + i] = values[i * step + 1 + c].real
        // Re((a + i b)(cos − i sin)) is a cos + b sin.
        weights[(2 * c + 1) * padded + i] = values[i * step + 1 + c].imaginary
      }
      weights[2 * columnCount * padded + i] = errors[i]
    }
    (self.columnCount, reals, imaginaries, self.weights) = (columnCount, x, y, weights)
  }
}
