/// The constraints that hold a solution, read off its slacks and dual values.
struct ActiveConstraints {
  /// A slack or a dual value below this, relative to its terms, is zero: what `almostOptimal`
  /// allows, so that the reading does not depend on the solver.
  static let tolerance = 1e-8

  /// For each row −1, 0 or 1: its lower bound is active, none, its upper one; 2 for an equation.
  private(set) var rowSide: [Int]

  /// The same for each variable; 2 for a fixed one.
  private(set) var boundSide: [Int]

  /// The rows and variables at a bound with a dual value of zero.
  private(set) var weaklyActive: [String] = []

  init(_ program: QuadraticProgram, _ x: [Double], _ duals: Duals) {
    let size = Self.gradientSize(program, x, duals)
    let largest = largestMagnitude(x)
    rowSide = []
    boundSide = []
    for (k, row) in program.rows.enumerated() {
      var terms = 0.0
      var weight = 0.0
      for (i, a) in zip(row.indices, row.coefficients) {
        terms += (a * x[i]).magnitude
        if size[i] > 0 { weight = max(weight, (a * duals.rows[k]).magnitude / size[i]) }
      }
      let side = Self.side(
        row.value(at: x), row.lower, row.upper, terms, dual: duals.rows[k], weight: weight)
      if side.isWeak { weaklyActive.append(row.name) }
      rowSide.append(side.side)
    }
    for i in x.indices {
      let dual = duals.bounds[i]
      let side = Self.side(
        x[i], program.lowerBounds[i], program.upperBounds[i], largest, dual: dual,
        weight: size[i] > 0 ? dual.magnitude / size[i] : 0)
      if side.isWeak { weaklyActive.append(program.variableName(i)) }
      boundSide.append(side.side)
    }
  }

  private static func side(
    _ value: Double,
    _ lower: Double,
    _ upper: Double,
    _ terms: Double,
    dual: Double,
    weight: Double
  ) -> (side: Int, isWeak: Bool) {
    if lower == upper { return (2, false) }
    if weight > tolerance { return (dual > 0 ? -1 : 1, false) }
    let touches = [lower, upper].contains {
      $0.isFinite && (value - $0).magnitude <= tolerance * (terms + $0.magnitude)
    }
    return (0, touches)
  }

  /// The sum of the magnitudes of the terms of Px + q − A'y − z.
  private static func gradientSize(
    _ program: QuadraticProgram,
    _ x: [Double],
    _ duals: Duals
  ) -> [Double] {
    var size = program.quadratic.absoluteTimes(x)
    for i in x.indices { size[i] += program.linear[i].magnitude + duals.bounds[i].magnitude }
    for (k, row) in program.rows.enumerated() where duals.rows[k] != 0 {
      for (i, a) in zip(row.indices, row.coefficients) { size[i] += (a * duals.rows[k]).magnitude }
    }
    return size
  }
}
