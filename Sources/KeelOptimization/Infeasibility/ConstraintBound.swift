/// One side of a row or of the bounds of a variable.
///
/// An equation has two sides: the sum may not fall below its number, nor rise above it.
public struct ConstraintBound: Hashable, Sendable {
  /// Which of two bounds.
  public enum Side: Hashable, Sendable {
    /// The lower bound.
    case lower

    /// The upper bound.
    case upper
  }

  /// What is bounded.
  public enum Target: Hashable, Sendable {
    /// A row, by its index in ``QuadraticProgram/rows``.
    case row(Int)

    /// A variable, by its index.
    case variable(Int)
  }

  /// What is bounded.
  public let target: Target

  /// Which of its two bounds.
  public let side: Side

  /// The name of the row or variable.
  public let name: String

  /// The bound, in the caller's unit.
  public let value: Double
}

extension ConstraintBound: CustomStringConvertible {
  /// The side and the name: `lower bound of BTC`.
  public var description: String {
    "\(side == .lower ? "lower" : "upper") bound of \(name)"
  }
}

extension QuadraticProgram {
  /// All finite bounds: those of the rows, then those of the variables, lower before upper.
  public var constraintBounds: [ConstraintBound] {
    var bounds: [ConstraintBound] = []
    for k in rows.indices {
      for side in [ConstraintBound.Side.lower, .upper] {
        if let bound = bound(.row(k), side) { bounds.append(bound) }
      }
    }
    for i in 0..<variableCount {
      for side in [ConstraintBound.Side.lower, .upper] {
        if let bound = bound(.variable(i), side) { bounds.append(bound) }
      }
    }
    return bounds
  }

  /// The number of a side, infinite where there is none.
  func limit(_ target: ConstraintBound.Target, _ side: ConstraintBound.Side) -> Double {
    switch target {
    case .row(let k): side == .lower ? rows[k].lower : rows[k].upper
    case .variable(let i): side == .lower ? lowerBounds[i] : upperBounds[i]
    }
  }

  /// A finite bound, or nil where there is none.
  func bound(_ target: ConstraintBound.Target, _ side: ConstraintBound.Side) -> ConstraintBound? {
    let value = limit(target, side)
    let name =
      switch target {
      case .row(let k): rows[k].name
      case .variable(let i): variableName(i)
      }
    guard value.isFinite else { return nil }
    return ConstraintBound(target: target, side: side, name: name, value: value)
  }

  /// The program with some bounds and no objective; all other bounds are infinite.
  func restricted(to bounds: [ConstraintBound]) -> QuadraticProgram? {
    var lower = [Double](repeating: -.infinity, count: variableCount)
    var upper = [Double](repeating: .infinity, count: variableCount)
    var rowLower = [Double](repeating: -.infinity, count: rows.count)
    var rowUpper = [Double](repeating: .infinity, count: rows.count)
    for bound in bounds {
      switch (bound.target, bound.side) {
      case (.row(let k), .lower): rowLower[k] = bound.value
      case (.row(let k), .upper): rowUpper[k] = bound.value
      case (.variable(let i), .lower): lower[i] = bound.value
      case (.variable(let i), .upper): upper[i] = bound.value
      }
    }
    return withBounds(lower, upper, rowLower, rowUpper)
  }

  /// The program with other bounds and no objective, nil when they contradict each other.
  func withBounds(
    _ lower: [Double],
    _ upper: [Double],
    _ rowLower: [Double],
    _ rowUpper: [Double]
  ) -> QuadraticProgram? {
    try? QuadraticProgram(
      quadratic: .diagonal([Double](repeating: 0, count: variableCount)), lowerBounds: lower,
      upperBounds: upper,
      rows: rows.indices.map { k in
        LinearRow(
          rows[k].name, indices: rows[k].indices, coefficients: rows[k].coefficients,
          lower: rowLower[k], upper: rowUpper[k])
      }, variableNames: variableNames)
  }

  /// The bounds with a multiplier in a proof of infeasibility.
  func bounds(in proof: InfeasibilityProof) -> [ConstraintBound] {
    var result: [ConstraintBound] = []
    for (k, y) in proof.multipliers.rows.enumerated() where y != 0 && k < rows.count {
      if let bound = bound(.row(k), y > 0 ? .lower : .upper) { result.append(bound) }
    }
    for (i, z) in proof.multipliers.bounds.enumerated() where z != 0 && i < variableCount {
      if let bound = bound(.variable(i), z > 0 ? .lower : .upper) { result.append(bound) }
    }
    return result
  }
}
