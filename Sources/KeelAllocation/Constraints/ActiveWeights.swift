import KeelData

/// Constraints on the active weights x = w − benchmark, and the way back.
struct ActiveWeights {
  /// The constraints on w.
  let constraints: ResolvedConstraints
  /// The constraints on x.
  let shifted: ResolvedConstraints
  private let benchmark: [Double]?

  init(constraints: ResolvedConstraints, benchmark: Weights?) {
    self.constraints = constraints
    self.benchmark = benchmark?.values
    shifted = benchmark.map { constraints.shifted(by: $0.values) } ?? constraints
  }

  /// The weights, exactly at the bounds and references at which the active weights are.
  func weights(_ x: [Double]) -> [Double] {
    guard let benchmark else { return x }
    return x.indices.map { i in
      for (row, other) in zip(shifted.absolute, constraints.absolute)
      where row.coefficients[i] > 0 && x[i] == row.reference[i] {
        return other.reference[i]
      }
      if x[i] == shifted.lower[i] { return constraints.lower[i] }
      if x[i] == shifted.upper[i] { return constraints.upper[i] }
      return min(max(benchmark[i] + x[i], constraints.lower[i]), constraints.upper[i])
    }
  }

  /// The active weights of weights, exactly at the bounds and references at which the weights are.
  func activeWeights(_ weights: [Double]) -> [Double] {
    guard let benchmark else { return weights }
    // Each limit was moved by the same subtraction.
    return weights.indices.map { weights[$0] - benchmark[$0] }
  }
}
