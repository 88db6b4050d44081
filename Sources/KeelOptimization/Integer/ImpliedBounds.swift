// Goals: (1) bounds that every feasible point satisfies, rounding included; (2) finite ones where
// rows imply them, because a bound by duality needs them.

/// Bounds that the rows imply where a program has none.
enum ImpliedBounds {
  /// Passes over the rows; a second one uses what the first has found.
  private static let passes = 2

  /// Implied bounds are moved outward by this part of their terms.
  private static let slack = 1e-9

  /// Sets bounds to those of the program, with implied ones in the place of infinite ones.
  static func setBounds(
    _ lower: inout [Double],
    _ upper: inout [Double],
    of program: QuadraticProgram
  ) {
    lower.copyElements(of: program.lowerBounds)
    upper.copyElements(of: program.upperBounds)
    for _ in 0..<passes {
      for row in program.rows {
        tighten(row, sign: 1, atMost: row.upper, &lower, &upper)
        tighten(row, sign: -1, atMost: -row.lower, &lower, &upper)
      }
    }
  }

  /// From sign · Σ a x ≤ limit: what the others need at least bounds each one.
  private static func tighten(
    _ row: LinearRow,
    sign: Double,
    atMost limit: Double,
    _ lower: inout [Double],
    _ upper: inout [Double]
  ) {
    guard limit < .infinity else { return }
    var least = 0.0
    var size = limit.magnitude
    var infinite = 0
    var infiniteEntry = -1
    for e in row.indices.indices {
      let i = row.indices[e]
      let a = sign * row.coefficients[e]
      let term = a * (a > 0 ? lower[i] : upper[i])
      if term.isFinite {
        least += term
        size += term.magnitude
      } else {
        infinite += 1
        infiniteEntry = e
      }
    }
    guard infinite <= 1, size < .infinity else { return }
    for e in row.indices.indices where infinite == 0 || e == infiniteEntry {
      let i = row.indices[e]
      let a = sign * row.coefficients[e]
      guard a > 0 ? upper[i] == .infinity : lower[i] == -.infinity else { continue }
      let own = a * (a > 0 ? lower[i] : upper[i])
      let others = infinite == 0 ? least - own : least
      let bound = (limit - others) / a
      let room = slack * size / a.magnitude
      guard bound.isFinite, room.isFinite else { continue }
      if a > 0 {
        upper[i] = max(bound + room, lower[i])
      } else {
        lower[i] = min(bound - room, upper[i])
      }
    }
  }
}
